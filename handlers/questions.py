"""Questions: asked, answered by the engine or else by a person, and the answer brought back."""

import re
from dataclasses import replace
from datetime import timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, knowledge, notices
from handlers.access import OFFICERS, Reach, reach
from handlers.answering import replies
from handlers.answering.shapes import Answer, Citation
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from models import Account, App, Entry, EntryStatus, Organization, Question, Role

LONGEST_KEPT = 600
LONGEST_ANSWER = 600
LEANS_FOR = timedelta(minutes=10)
"""How long a short message may lean on the answer before it."""
LONGEST_LEANING = 14
DETAILS = ("详细", "详情", "具体", "步骤")
LISTED = 200
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: no database takes them all."""


async def ask(ctx: Context, *, text: str, scope: str | None = None) -> Answer:
    """The answer to a question, kept with its asker; what isn't known waits for a person.

    A bare number chooses among the last choices, “详细” asks for more of the last entry, and a short
    question may lean on it, for `LEANS_FOR`.
    """
    text = UNPRINTABLE.sub("", text).strip()
    if not text:
        raise BadInput(text="请写下您的问题")
    await knowledge.refresh(ctx)
    scope = scope or await _scope(ctx)
    last = await _last(ctx) if len(text) <= LONGEST_LEANING else None
    answer = await _leaning(ctx, text, last, scope) if last else None
    if answer is None:
        answer = _engine_answer(ctx, text, scope, last.entry_code if last else None)
    row = await Question.create(
        account=ctx.caller.account,
        text=text[:LONGEST_KEPT],
        kind=answer.kind,
        entry_code=answer.entry or "",
        confidence=answer.confidence,
        asked_at=ctx.now(),
    )
    return replace(answer, question_id=row.id)


def _engine_answer(ctx: Context, text: str, scope: str | None, previous: str | None = None) -> Answer:
    return ctx.engine.answer(text, scope=scope, on=ctx.now().date(), previous=previous or None)


async def _scope(ctx: Context) -> str | None:
    """The kind of unit that the caller belongs to."""
    if ctx.caller.person is None:
        return None
    organization = await Organization.get(id=ctx.caller.person.organization_id)
    return str(organization.scope) or None


async def _last(ctx: Context) -> Question | None:
    """What the caller asked just before."""
    if ctx.caller.account is None:
        return None
    recent = Question.filter(account=ctx.caller.account, asked_at__gte=ctx.now() - LEANS_FOR)
    return await recent.order_by("-asked_at", "-id").first()


async def _leaning(ctx: Context, text: str, last: Question, scope: str | None) -> Answer | None:
    """The answer to a bare number or to “详细”, else None."""
    if text.isdecimal() and last.kind == "choices":
        # The engine is pure: asked the same, it offers the same.
        offered = _engine_answer(ctx, last.text, scope).choices
        number = int(text)
        return await _entry(offered[number - 1][0]) if 1 <= number <= len(offered) else None
    if text.strip("。！!.") in DETAILS and last.entry_code:
        return await _entry(last.entry_code, details=True)
    return None


async def _entry(code: str, *, details: bool = False) -> Answer | None:
    entry = await Entry.get_or_none(code=code, status=EntryStatus.PUBLISHED)
    if entry is None:
        return None
    fact = knowledge.fact_of({"code": code, **knowledge.columns(entry)})
    citations: tuple[Citation, ...] = fact.citations
    body = entry.details if details and entry.details else entry.answer
    text = replies.with_citations(body, citations) if details else replies.answer(fact)
    return Answer("answer", text, code, 1.0, citations)


async def feedback(ctx: Context, *, question_id: int, useful: bool) -> None:
    """有用 or 没用, from the one who asked; what was of no use waits for a person."""
    question = await Question.get_or_none(id=question_id)
    if question is None or not await _asked_by_caller(ctx, question):
        raise NotFound
    async with in_transaction():
        await Question.filter(id=question_id).update(useful=useful)
        await audit.record(ctx, "question.rated", f"question:{question_id}", useful=useful)


async def _asked_by_caller(ctx: Context, question: Question) -> bool:
    """Whether one of the caller's identities asked it."""
    account, person = ctx.caller.account, ctx.caller.person
    if question.account_id is None or account is None:
        return False
    if question.account_id == account.id:
        return True
    return person is not None and await Account.exists(id=question.account_id, person_id=person.id)


async def unanswered(ctx: Context) -> list[Question]:
    """What waits for the caller's answer, the oldest first.

    Raises:
        NotAllowed: the caller is no officer.
    """
    waiting = _waiting(await _officer(ctx))
    return await waiting.order_by("asked_at", "id").limit(LISTED)


async def _officer(ctx: Context) -> Reach:
    reached = await reach(ctx)
    if not reached.roles & OFFICERS:
        raise NotAllowed
    return reached


def _waiting(reached: Reach) -> QuerySet[Question]:
    """Open questions of the people below the officer; strangers' are the district's."""
    return _below(reached).filter(Q(kind="none") | Q(useful=False), answer__isnull=True)


def _below(reached: Reach) -> QuerySet[Question]:
    if Role.DISTRICT_OFFICER in reached.roles:
        return Question.all()
    tops = [Q(account__person__organization__path__startswith=path) for path in reached.organization_paths]
    return Question.filter(Q(*tops, join_type="OR")) if tops else Question.filter(id__isnull=True)


async def answer(ctx: Context, *, question_id: int, text: str) -> Question:
    """A person's answer, once; whoever asked gets it.

    Raises:
        NotAllowed: the caller is no officer.
        NotFound: no such question below the caller.
        WrongState: it has been answered.
    """
    reached = await _officer(ctx)
    text = UNPRINTABLE.sub("", text).strip()
    if not text:
        raise BadInput(text="请写下答复内容")
    if len(text) > LONGEST_ANSWER:
        raise BadInput(text=f"请控制在{LONGEST_ANSWER}字以内")
    question = await _below(reached).get_or_none(id=question_id)
    if question is None:
        raise NotFound
    async with in_transaction():
        officer = ctx.caller.person.id if ctx.caller.person else None
        open_ = Question.filter(id=question_id, answer__isnull=True)
        if not await open_.update(answer=text, answered_by_id=officer, answered_at=ctx.now()):
            raise WrongState
        await audit.record(ctx, "question.answered", f"question:{question_id}")
        await _bring_back(ctx, question, text)
    await question.refresh_from_db()
    return question


async def _bring_back(ctx: Context, question: Question, text: str) -> None:
    openid = await _official_openid(question)
    if openid:
        asked = question.text if len(question.text) <= 40 else question.text[:40] + "……"
        await notices.enqueue(
            ctx,
            openid=openid,
            text=f"您问的“{asked}”，组织部门的同志答复：\n{text}",
            dedupe_key=f"question:{question.id}",
        )


async def _official_openid(question: Question) -> str | None:
    """Where the asker reads messages: their official-account identity."""
    account = await Account.get_or_none(id=question.account_id)
    if account is None or account.app is App.OFFICIAL_ACCOUNT:
        return account.openid if account else None
    if not account.unionid:
        return None
    twin = await Account.get_or_none(unionid=account.unionid, app=App.OFFICIAL_ACCOUNT)
    return twin.openid if twin else None
