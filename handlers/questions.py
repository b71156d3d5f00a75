"""Questions: asked, answered by the engine or else by a person, and the answer brought back."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, knowledge, notices, regulations
from handlers.access import OFFICERS, Reach, reach, within
from handlers.accounts import caller_of
from handlers.answering import replies
from handlers.answering.engine import ONLY_SCOPE, kind_of, own_scope
from handlers.answering.shapes import Answer, Citation
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from handlers.locks import hold
from models import Account, App, Entry, EntryStatus, Organization, Question, Role, statements

LONGEST_KEPT = 600
LONGEST_ANSWER = 600
LEANS_FOR = timedelta(minutes=10)
"""How long a short message may lean on the answer before it."""
LOOKS_BACK = 2 * LEANS_FOR
"""So far back stands what the last question may have leant on."""
LONGEST_LEANING = 14
MOST_RECENT = 10
"""So many of the last questions may say of what kind of unit somebody is."""
DETAILS = ("详细", "详情", "具体", "步骤")
ORIGINAL = ("原文", "条文", "原话")
NUMBERS = {**{str(number): number for number in range(1, 10)}, "一": 1, "二": 2, "三": 3}
CHOSEN = {
    f"{before}{said}{after}": number
    for said, number in NUMBERS.items()
    for before in ("", "第", "选", "我选", "选第")
    for after in ("", "个", "条")
}
"""How somebody chooses among numbered questions: 2, 第二个, 我选2."""
FOLLOW_UPS = (*DETAILS, *ORIGINAL, *CHOSEN)
"""Words that lean on the answer before: nobody can answer them by themselves."""
RATED_WITHIN = timedelta(days=1)
NOTHING_TO_QUOTE = "请先提问，得到回答后再回复“原文”，就能看到它依据的条文。"
LISTED = 200
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""Control characters and lone surrogates: no database takes them all."""


async def ask(ctx: Context, *, text: str, scope: str | None = None) -> Answer:
    """The answer to a question, kept with its asker; what isn't known waits for a person."""
    answer = await answer_to(ctx, text=text, scope=scope)
    row = await Question.create(
        account=ctx.caller.account,
        text=readable(text)[:LONGEST_KEPT],
        kind=answer.kind,
        entry_code=answer.entry or "",
        confidence=answer.confidence,
        asked_at=ctx.now(),
    )
    return answer._replace(question_id=row.id)


def readable(text: str) -> str:
    """A text as it may be kept."""
    return UNPRINTABLE.sub("", text).strip()


async def answer_to(ctx: Context, *, text: str, scope: str | None = None) -> Answer:
    """The answer to a question, without keeping it.

    A bare number chooses among the last choices, “详细” asks for more of the last entry, and a short
    question may lean on it, for `LEANS_FOR`. The kind of unit is the given one, else what the caller said
    of themselves in that time, else their branch's on the roster.

    Raises:
        BadInput: there is no text.
    """
    text = _worded(text)
    await knowledge.refresh(ctx)
    return await _answer_after(ctx, text, await _recent(ctx), scope)


async def answer_to_sender(
    ctx: Context, *, app: App, openid: str, text: str, to_anybody: Answer | None = None
) -> Answer:
    """As `answer_to`, for who sent a message: they, and what they asked before, are read in one go.

    `to_anybody` is the engine's answer to somebody of whom nothing is known, where it is there already.

    Raises:
        BadInput: there is no text.
    """
    text = _worded(text)
    account, recent = await statements.identity_and_asked(
        app, openid, since=ctx.now() - LOOKS_BACK, most=MOST_RECENT
    )
    if account is not None:
        ctx = ctx.on_behalf_of(caller_of(account))
    return await _answer_after(ctx, text, recent, None, to_anybody)


def _worded(text: str) -> str:
    text = readable(text)
    if not text:
        raise BadInput(text="请写下您的问题")
    return text


async def _answer_after(
    ctx: Context,
    text: str,
    recent: Sequence[Question],
    scope: str | None,
    to_anybody: Answer | None = None,
) -> Answer:
    fresh = _until(recent, ctx.now())
    scope = scope or _said_scope(fresh) or await _scope(ctx)
    last = fresh[0] if fresh and len(text) <= LONGEST_LEANING else None
    if text.strip("。！!.") in ORIGINAL:
        answer: Answer | None = await _original(ctx, last)
    else:
        before = _until(recent[1:], last.asked_at) if last else ()
        answer = await _leaning(ctx, text, last, scope, before[0] if before else None) if last else None
    if answer is not None:
        return answer
    previous = last.entry_code if last else None
    known = scope or previous
    return _engine_answer(ctx, text, scope, previous) if known or to_anybody is None else to_anybody


async def suggest(ctx: Context, *, text: str) -> tuple[tuple[str, str], ...]:
    """Codes and questions of the entries that a question may be meant for that is still being typed.

    Nothing of it is kept: what somebody typed and didn't send is nobody's business.
    """
    await knowledge.refresh(ctx)
    return ctx.engine.suggest(readable(text), scope=await _scope(ctx), on=ctx.now().date())


def _engine_answer(ctx: Context, text: str, scope: str | None, previous: str | None = None) -> Answer:
    return ctx.engine.answer(text, scope=scope, on=ctx.now().date(), previous=previous or None)


async def _scope(ctx: Context) -> str | None:
    """The kind of unit that the caller belongs to."""
    if ctx.caller.person is None:
        return None
    organization = await Organization.get(id=ctx.caller.person.organization_id)
    return str(organization.scope) or None


async def _recent(ctx: Context) -> list[Question]:
    """What the caller asked just before, the latest first."""
    if ctx.caller.account is None:
        return []
    return await statements.asked(ctx.caller.account.id, since=ctx.now() - LOOKS_BACK, most=MOST_RECENT)


def _said_scope(recent: Sequence[Question]) -> str | None:
    """The kind of unit that somebody said to be of in what they asked before, the latest word counting."""
    return next((scope for question in recent if (scope := own_scope(question.text))), None)


def _until(asked: Sequence[Question], moment: datetime) -> Sequence[Question]:
    """What was asked in the time up to a moment that something asked then might have leant on."""
    return [question for question in asked if question.asked_at >= moment - LEANS_FOR]


async def _leaning(
    ctx: Context, text: str, last: Question, scope: str | None, before: Question | None
) -> Answer | None:
    """The answer to a bare number, to “详细” or to a kind of unit by itself, else None.

    `before` is what was asked before the last question, which may have leant on it.
    """
    if ONLY_SCOPE.fullmatch(text) and last.kind in ("answer", "choices"):
        return _engine_answer(ctx, last.text, kind_of(text) or scope)
    number = CHOSEN.get(unicodedata.normalize("NFKC", text).strip("。.、！! "), 0)
    if number and last.kind == "choices":
        offered = _offered(ctx, last, scope, before)
        return await _entry(offered[number - 1][0]) if 1 <= number <= len(offered) else None
    if text.strip("。！!.") in DETAILS and last.entry_code:
        return await _entry(last.entry_code, details=True)
    return None


def _offered(
    ctx: Context, last: Question, scope: str | None, before: Question | None
) -> tuple[tuple[str, str], ...]:
    """What was offered to choose from. The engine is pure: asked the same, it offers the same."""
    leant = _engine_answer(ctx, last.text, scope, before.entry_code) if before else None
    if leant is not None and (leant.kind, leant.confidence) == (last.kind, last.confidence):
        return leant.choices
    return _engine_answer(ctx, last.text, scope).choices


async def _original(ctx: Context, last: Question | None) -> Answer:
    """The rules behind the last answer, word for word."""
    fact = ctx.engine.fact(last.entry_code) if last else None
    if fact is None:
        return Answer("declined", NOTHING_TO_QUOTE, confidence=1.0)
    text = await regulations.quote(ctx, citations=fact.citations)
    return Answer("answer", text, fact.code, 1.0, fact.citations)


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
    await _rate(ctx, question, useful=useful)


async def rate_last(ctx: Context, *, useful: bool) -> None:
    """As `feedback`, for the answer the caller got last.

    Raises:
        NotFound: there is none within `RATED_WITHIN`.
    """
    recent = Question.filter(account=ctx.caller.account, asked_at__gte=ctx.now() - RATED_WITHIN)
    question = await recent.order_by("-asked_at", "-id").first() if ctx.caller.account else None
    if question is None:
        raise NotFound
    await _rate(ctx, question, useful=useful)


async def _rate(ctx: Context, question: Question, *, useful: bool) -> None:
    """What was rated is the question in words, even if a “2” or a “详细” came after it."""
    if question.text.strip("。！!.") in FOLLOW_UPS:
        since = question.asked_at - RATED_WITHIN
        before = Question.filter(account_id=question.account_id, asked_at__gte=since, id__lt=question.id)
        asked = before.exclude(text__in=FOLLOW_UPS).order_by("-asked_at", "-id")
        question = await asked.first() or question
    async with in_transaction():
        await Question.filter(id=question.id).update(useful=useful)
        await audit.record(ctx, "question.rated", f"question:{question.id}", useful=useful)


async def _asked_by_caller(ctx: Context, question: Question) -> bool:
    """Whether one of the caller's identities asked it."""
    account, person = ctx.caller.account, ctx.caller.person
    if question.account_id is None or account is None:
        return False
    if question.account_id == account.id:
        return True
    return person is not None and await Account.exists(id=question.account_id, person_id=person.id)


async def mine(ctx: Context) -> list[Question]:
    """What the caller asked, with people's answers, the latest first."""
    account, person = ctx.caller.account, ctx.caller.person
    if account is None:
        return []
    own = Q(account_id=account.id)
    asked = Question.filter(own | Q(account__person_id=person.id) if person else own)
    return await asked.exclude(text__in=FOLLOW_UPS).order_by("-asked_at", "-id").limit(LISTED)


async def unanswered(ctx: Context) -> list[Question]:
    """What waits for the caller's answer, the oldest first.

    Raises:
        NotAllowed: the caller is no officer.
    """
    open_ = waiting(await officer(ctx))
    return await open_.order_by("asked_at", "id").limit(LISTED)


async def officer(ctx: Context) -> Reach:
    """The reach of an officer.

    Raises:
        NotAllowed: the caller is none.
    """
    reached = await reach(ctx)
    if not reached.roles & OFFICERS:
        raise NotAllowed
    return reached


def waiting(reached: Reach) -> QuerySet[Question]:
    """Open questions of the people below the officer; strangers' are the district's."""
    return below(reached).filter(Q(kind="none") | Q(useful=False), answer__isnull=True)


def below(reached: Reach) -> QuerySet[Question]:
    """Everything that was asked below the officer."""
    if Role.DISTRICT_OFFICER in reached.roles:
        return Question.all()
    return Question.filter(within(reached, below="account__person__organization__"))


async def answer(ctx: Context, *, question_id: int, text: str) -> Question:
    """A person's answer, once; whoever asked gets it.

    Raises:
        NotAllowed: the caller is no officer.
        NotFound: no such question below the caller.
        WrongState: it has been answered.
    """
    reached = await officer(ctx)
    text = checked(text)
    if not await below(reached).filter(id=question_id).exists():
        raise NotFound
    return (await answer_together(ctx, question_ids=[question_id], text=text))[0]


def checked(text: str) -> str:
    """A person's answer, fit to be kept.

    Raises:
        BadInput: it is empty or too long.
    """
    text = readable(text)
    if not text:
        raise BadInput(text="请写下答复内容")
    if len(text) > LONGEST_ANSWER:
        raise BadInput(text=f"请控制在{LONGEST_ANSWER}字以内")
    return text


async def answer_together(ctx: Context, *, question_ids: Sequence[int], text: str) -> list[Question]:
    """One answer to all of these that are still open; each of the askers gets it once.

    Raises:
        WrongState: none of them is open any more.
    """
    async with in_transaction() as connection:
        # Held before reading: of two officers at the same questions, the second one reads what is left.
        await hold(connection, "people's answers")
        open_ = Question.filter(id__in=list(question_ids), answer__isnull=True)
        rows = await open_.order_by("id")
        if not rows:
            raise WrongState
        answered_by = ctx.caller.person.id if ctx.caller.person else None
        given = {"answer": text, "answered_by_id": answered_by, "answered_at": ctx.now()}
        await open_.update(**given, cluster_id=rows[0].id)
        await audit.record_many(ctx, [("question.answered", f"question:{row.id}", {}) for row in rows])
        await _bring_back(ctx, rows, text)
    return await Question.filter(id__in=[row.id for row in rows]).order_by("id")


async def _bring_back(ctx: Context, questions: Sequence[Question], text: str) -> None:
    """The answer goes to each asker once, under the first thing they asked."""
    openids = await official_openids([question.account_id for question in questions])
    first: dict[str, Question] = {}
    for question in questions:
        if openid := openids.get(question.account_id or 0):
            first.setdefault(openid, question)
    for openid, question in first.items():
        asked = question.text if len(question.text) <= 40 else question.text[:40] + "……"
        await notices.enqueue(
            ctx,
            openid=openid,
            text=f"您问的“{asked}”，组织部门的同志答复：\n{text}",
            dedupe_key=f"question:{question.id}",
        )


async def official_openids(account_ids: Sequence[int | None]) -> dict[int, str]:
    """Where each account's owner reads messages: their official-account identity."""
    accounts = await Account.filter(id__in=set(account_ids) - {None})
    unionids = {account.unionid for account in accounts} - {None}
    twins = await Account.filter(unionid__in=unionids, app=App.OFFICIAL_ACCOUNT) if unionids else []
    by_unionid = {twin.unionid: twin.openid for twin in twins}
    found = {
        account.id: account.openid
        if account.app is App.OFFICIAL_ACCOUNT
        else by_unionid.get(account.unionid, "")
        for account in accounts
    }
    return {account_id: openid for account_id, openid in found.items() if openid}
