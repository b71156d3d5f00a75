"""Knowledge entries as staff keep them: proposed by one, approved by another, with every version kept."""

import asyncio
import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import audit, knowledge, regulations
from handlers.access import OFFICERS, Reach, reach
from handlers.answering.shapes import Citation
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, OwnDraft, WrongState
from handlers.locks import hold
from models import Duty, Entry, EntryDraft, EntryStatus, EntryVersion, Role, Scope

NO_RULE_YET = "待补"
DATES = ("in_force_from", "in_force_until")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Wording:
    """What an entry is to say. `tests` are what people really asked: the entry must answer them."""

    topic: str
    question: str
    answer: str = ""
    askings: tuple[str, ...] = ()
    details: str = ""
    citations: tuple[Citation, ...] = ()
    scope: tuple[Scope, ...] = ()
    in_force_from: date | None = None
    in_force_until: date | None = None
    replaced_by: str = ""
    related: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    def content(self) -> dict[str, Any]:
        """The columns of an entry, as plain JSON values."""
        row = asdict(self)
        del row["tests"]
        dates = {name: row[name] and row[name].isoformat() for name in DATES}
        listed = {name: list(row[name]) for name in ("askings", "related", "citations")}
        return {**row, **listed, **dates, "scope": ",".join(self.scope) or "any"}


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry as staff see it: what is published (if anything is), and what is proposed."""

    code: str
    entry: Entry | None
    draft: EntryDraft | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What one of a draft's tests leads to, were the draft published."""

    asking: str
    kind: str
    entry: str | None
    right: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and where the next ones begin."""

    items: list[Kept]
    next: int | None


async def list_entries(
    ctx: Context,
    *,
    topic: str = "",
    q: str = "",
    status: EntryStatus | None = None,
    cursor: int | None = None,
    limit: int = 50,
) -> Page:
    """Entries by the order they were made in; drafts of entries that don't exist yet come first.

    `status` draft: only what is proposed.
    """
    await _officer(ctx)
    drafts = {draft.code: draft for draft in await EntryDraft.all().order_by("id")}
    rows = Entry.filter(id__gt=cursor or 0)
    if topic:
        rows = rows.filter(topic=topic)
    if q:
        rows = rows.filter(Q(question__contains=q) | Q(answer__contains=q) | Q(code=q))
    if status is EntryStatus.DRAFT:
        rows = rows.filter(code__in=list(drafts))
    elif status is not None:
        rows = rows.filter(status=status)
    entries = await rows.order_by("id").limit(limit + 1)
    items = [Kept(entry.code, entry, drafts.get(entry.code)) for entry in entries[:limit]]
    if cursor is None and status in (None, EntryStatus.DRAFT):
        items = [*await _new_ones(drafts, topic, q), *items]
    return Page(items, entries[limit - 1].id if len(entries) > limit else None)


async def _new_ones(drafts: dict[str, EntryDraft], topic: str, q: str) -> list[Kept]:
    known = {entry.code for entry in await Entry.filter(code__in=list(drafts))}
    new = [draft for code, draft in drafts.items() if code not in known]
    return [
        Kept(draft.code, None, draft)
        for draft in new
        if (not topic or draft.content["topic"] == topic) and q in draft.content["question"]
    ]


async def get_entry(ctx: Context, *, code: str) -> Kept:
    """What is published and what is proposed under a code.

    Raises:
        NotFound: neither.
    """
    await _officer(ctx)
    entry, draft = await Entry.get_or_none(code=code), await EntryDraft.get_or_none(code=code)
    if entry is None and draft is None:
        raise NotFound
    return Kept(code, entry, draft)


async def versions(ctx: Context, *, code: str) -> list[EntryVersion]:
    """What the entry said before and says now, the newest first."""
    kept = await get_entry(ctx, code=code)
    rows = await EntryVersion.filter(code=code).order_by("-version")
    if kept.entry is not None and (not rows or rows[0].version != kept.entry.version):
        rows = [_version_of(ctx, kept.entry), *rows]
    return rows


async def propose_new(ctx: Context, *, wording: Wording) -> EntryDraft:
    """A draft of an entry that doesn't exist yet; its code follows from its question.

    Raises:
        WrongState: it has been proposed already.
    """
    await _officer(ctx)
    code = code_for(wording.question)
    if await Entry.exists(code=code):
        raise WrongState
    return await _propose(ctx, code=code, version=0, wording=wording)


async def propose(ctx: Context, *, code: str, version: int, wording: Wording) -> EntryDraft:
    """Propose another wording, or change what is proposed; nothing of it is public yet.

    `version` is the draft's as the editor read it, 0 where there was none.

    Raises:
        NotFound: no such entry.
        WrongState: somebody else changed the draft meanwhile.
    """
    await get_entry(ctx, code=code)
    return await _propose(ctx, code=code, version=version, wording=wording)


async def _propose(ctx: Context, *, code: str, version: int, wording: Wording) -> EntryDraft:
    editor = _person_id(ctx)
    _refuse_unprintable(wording)
    async with in_transaction() as connection:
        await hold(connection, f"entry:{code}")
        entry, draft = await Entry.get_or_none(code=code), await EntryDraft.get_or_none(code=code)
        if (draft.version if draft else 0) != version:
            raise WrongState
        draft = draft or EntryDraft(code=code, version=0, editor_ids=[])
        draft.update_from_dict(
            {
                "base_version": entry.version if entry else 0,
                "version": version + 1,
                "content": wording.content(),
                "tests": list(wording.tests),
                "editor_ids": sorted({*draft.editor_ids, editor}),
                "reason": "",
                "edited_at": ctx.now(),
            }
        )
        await draft.save()
        mark = knowledge.fingerprint(draft.content)
        await audit.record(ctx, "entry.drafted", f"entry:{code}", version=draft.version, fingerprint=mark)
    return draft


async def approve(ctx: Context, *, code: str, version: int) -> Entry:
    """Publish a draft as it was read (`version`); every process answers by it within two seconds.

    Two people stand behind what is published, one of them from the district.

    Raises:
        NotFound: there is no draft.
        OwnDraft: the caller wrote at it.
        NotAllowed: nobody of the district had a hand in it.
        WrongState: the draft or the entry was changed meanwhile.
        BadInput: it is not complete, or its tests don't lead to it.
    """
    reached = await _officer(ctx)
    draft = await _draft(code, version)
    await _refuse_own(ctx, reached, draft)
    await _refuse_incomplete(draft)
    if wrong := [tried.asking for tried in await _try(ctx, draft) if not tried.right]:
        raise BadInput(tests=f"这些问法还不会得到这条答案，请补充问法或删去：{'；'.join(wrong[:5])}")
    async with in_transaction() as connection:
        await hold(connection, f"entry:{code}")
        entry = await Entry.get_or_none(code=code)
        if (entry.version if entry else 0) != draft.base_version:
            raise WrongState
        if not await EntryDraft.filter(code=code, version=version).delete():
            raise WrongState
        if entry is not None:
            await _keep_version(ctx, entry)
        return await _publish(ctx, draft, entry or Entry(code=code, version=0))


async def _publish(ctx: Context, draft: EntryDraft, entry: Entry) -> Entry:
    row = columns_of(draft.content)
    entry.update_from_dict({**row, "version": entry.version + 1, "status": EntryStatus.PUBLISHED})
    await entry.save()
    kept = _version_of(ctx, entry)
    kept.tests, kept.editor_ids, kept.approved_by_id = draft.tests, draft.editor_ids, _person_id(ctx)
    await kept.save()
    mark = knowledge.fingerprint(draft.content)
    details = {"version": entry.version, "fingerprint": mark, "editors": draft.editor_ids}
    await audit.record(ctx, "entry.approved", f"entry:{entry.code}", **details)
    return entry


async def send_back(ctx: Context, *, code: str, version: int, reason: str) -> EntryDraft:
    """Ask the editors to change a draft, and say why."""
    await _officer(ctx)
    draft = await _draft(code, version)
    async with in_transaction():
        same = EntryDraft.filter(code=code, version=version)
        if not await same.update(reason=reason, version=version + 1):
            raise WrongState
        await audit.record(ctx, "entry.sent_back", f"entry:{code}", version=version)
    await draft.refresh_from_db()
    return draft


async def discard(ctx: Context, *, code: str) -> None:
    """Throw a draft away: its editors may, and the district.

    Raises:
        NotFound: there is none.
    """
    reached = await _officer(ctx)
    async with in_transaction():
        draft = await EntryDraft.get_or_none(code=code)
        if draft is None:
            raise NotFound
        if _person_id(ctx) not in draft.editor_ids and Role.DISTRICT_OFFICER not in reached.roles:
            raise NotAllowed
        await EntryDraft.filter(code=code).delete()
        await audit.record(ctx, "entry.discarded", f"entry:{code}", version=draft.version)


async def retire(ctx: Context, *, code: str) -> Entry:
    """Take an entry out at once: one officer of the district is enough to stop a wrong answer.

    To bring it back takes a draft and an approval.

    Raises:
        NotFound: no such entry.
        WrongState: it is retired already.
    """
    reached = await _officer(ctx)
    if Role.DISTRICT_OFFICER not in reached.roles:
        raise NotAllowed
    async with in_transaction() as connection:
        await hold(connection, f"entry:{code}")
        entry = await Entry.get_or_none(code=code)
        if entry is None:
            raise NotFound
        if entry.status is EntryStatus.RETIRED:
            raise WrongState
        await _keep_version(ctx, entry)
        # Without a fingerprint it is staff's: the next seed doesn't publish it again.
        entry.update_from_dict(
            {"status": EntryStatus.RETIRED, "version": entry.version + 1, "fingerprint": ""}
        )
        await entry.save()
        kept = _version_of(ctx, entry)
        kept.approved_by_id = _person_id(ctx)
        await kept.save()
        await audit.record(ctx, "entry.retired", f"entry:{code}", version=entry.version)
    return entry


async def try_draft(ctx: Context, *, code: str) -> list[Tried]:
    """What each of a draft's tests leads to, were it published."""
    await _officer(ctx)
    draft = await EntryDraft.get_or_none(code=code)
    if draft is None:
        raise NotFound
    return await _try(ctx, draft)


async def _try(ctx: Context, draft: EntryDraft) -> list[Tried]:
    others = (
        await Entry.filter(status=EntryStatus.PUBLISHED).exclude(code=draft.code).order_by("code").values()
    )
    row = {"code": draft.code, **columns_of(draft.content)}
    # Without a rule nothing is answered; a wording can be tried before its rule is found.
    row["citations"] = row["citations"] or [{"rule": NO_RULE_YET, "article": ""}]
    return await asyncio.to_thread(_tried, draft, [*others, row], ctx.now().date())


def _tried(draft: EntryDraft, rows: Sequence[dict[str, Any]], today: date) -> list[Tried]:
    engine, fact = knowledge.build(rows), knowledge.fact_of(rows[-1])
    # A draft may be written ahead of its rule, or for an old one.
    on = today if fact.holds(today) else fact.in_force_from or fact.in_force_until or today
    scope = min(fact.scopes, default=None)
    tried = []
    for asking in draft.tests:
        answer = engine.answer(asking, scope=scope, on=on)
        right = answer.entry == draft.code or draft.code in dict(answer.choices)
        tried.append(Tried(asking, answer.kind, answer.entry, right))
    return tried


async def _officer(ctx: Context) -> Reach:
    reached = await reach(ctx)
    if not reached.roles & OFFICERS:
        raise NotAllowed
    return reached


def _person_id(ctx: Context) -> int:
    """Only officers get here, and they are on the roster."""
    if ctx.caller.person is None:
        raise NotAllowed
    return ctx.caller.person.id


async def _draft(code: str, version: int) -> EntryDraft:
    draft = await EntryDraft.get_or_none(code=code)
    if draft is None:
        raise NotFound
    if draft.version != version:
        raise WrongState
    return draft


async def _refuse_own(ctx: Context, reached: Reach, draft: EntryDraft) -> None:
    if _person_id(ctx) in draft.editor_ids:
        raise OwnDraft
    if Role.DISTRICT_OFFICER not in reached.roles and not await Duty.exists(
        person_id__in=draft.editor_ids, role=Role.DISTRICT_OFFICER
    ):
        raise NotAllowed


async def _keep_version(ctx: Context, entry: Entry) -> None:
    """What came with the service has no version kept yet; it is kept before it is changed."""
    if not await EntryVersion.exists(code=entry.code, version=entry.version):
        await _version_of(ctx, entry).save()


def _version_of(ctx: Context, entry: Entry) -> EntryVersion:
    row = knowledge.columns(entry)
    content = row | {name: row[name] and row[name].isoformat() for name in DATES}
    return EntryVersion(
        code=entry.code,
        version=entry.version,
        status=entry.status,
        content=content,
        tests=[],
        editor_ids=[],
        at=ctx.now(),
    )


def columns_of(content: dict[str, Any]) -> dict[str, Any]:
    """An entry's columns out of kept JSON."""
    dates = {name: date.fromisoformat(content[name]) if content[name] else None for name in DATES}
    return {**content, **dates}


def code_for(question: str) -> str:
    """The code of an entry that staff make: the same question gives the same code."""
    return "own-" + hashlib.sha256(question.encode()).hexdigest()[:12]


def _refuse_unprintable(wording: Wording) -> None:
    for name, value in wording.content().items():
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and UNPRINTABLE.search(text) for text in texts):
            raise BadInput(**{name: "含有不能识别的字符"})


async def _refuse_incomplete(draft: EntryDraft) -> None:
    """What may be missing from a draft, and not from what is published."""
    content = draft.content
    wrong: dict[str, str] = {}
    if not content["answer"]:
        wrong["answer"] = "请写下答案"
    if not content["askings"]:
        wrong["askings"] = "请写下至少一种问法"
    if said := await _asked_elsewhere(draft.code, {content["question"], *content["askings"]}):
        wrong["askings"] = f"别的条目已有这样的问法：{said}"
    since, until = content["in_force_from"], content["in_force_until"]
    if since and until and since > until:
        wrong["in_force_until"] = "失效日期早于施行日期"
    if fault := await _wrong_citation(content):
        wrong["citations"] = fault
    if fault := await _unknown_entry({content["replaced_by"], *content["related"]} - {""}):
        wrong["related"] = f"没有这个条目：{fault}"
    if wrong:
        raise BadInput(**wrong)


async def _asked_elsewhere(code: str, askings: Collection[str]) -> str:
    """An asking that belongs to another published entry."""
    for entry in await Entry.filter(status=EntryStatus.PUBLISHED).exclude(code=code):
        for asking in (entry.question, *entry.askings):
            if asking in askings:
                return f"{asking}（{entry.code}）"
    return ""


async def _wrong_citation(content: dict[str, Any]) -> str:
    """An answer cites its rule or isn't given; an old rule's answer has ended, and says what came after."""
    citations = [Citation(one["rule"], one["article"]) for one in content["citations"]]
    if not citations:
        return "请写明依据哪部法规"
    texts, held = await regulations.imported_texts(), await regulations.imported_rules()
    for citation in citations:
        if fault := regulations.broken_citation(citation, texts, held):
            return fault
        rule = knowledge.read_rules().get(citation.rule)
        is_old = rule is not None and rule.status == regulations.REPLACED
        if is_old and not (content["in_force_until"] and content["replaced_by"]):
            return f"{citation}已被替代：请改引现行法规，或写明失效日期和替代它的条目"
    return ""


async def _unknown_entry(codes: Collection[str]) -> str:
    known = set(await Entry.filter(code__in=list(codes)).values_list("code", flat=True))
    return "、".join(sorted(set(codes) - known))
