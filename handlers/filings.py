"""备案: what a unit wishes to do about a full-time post, filed before it happens, decided step by step.

草拟 → 单位审核 → 党委研究 → 报区级备案 → 组织科初审 → 部领导审定 → 已备案. A unit whose committee has met
already says so when it files and is at the district with one click. A filing takes effect on its day, and
never before it is approved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, paging, placements, transitions, worker_news, workers
from handlers.access import Reach, officer_reach, within
from handlers.context import Context
from handlers.errors import (
    BadInput,
    FilingOpen,
    NotAllowed,
    NotFound,
    OwnFiling,
    Refused,
    WrongState,
)
from handlers.lines import one_line
from handlers.locks import hold
from handlers.worker_rules import require_district
from handlers.worker_terms import one_of
from handlers.workers import WorkerFacts
from models import (
    FILING_OPEN,
    Filing,
    FilingKind,
    FilingStatus,
    Organization,
    Person,
    Placement,
    Role,
    Transition,
    Worker,
    WorkerField,
)

THING = "filing"
REGISTER = "filings"
NEXT = {
    FilingStatus.UNIT: FilingStatus.COMMITTEE,
    FilingStatus.COMMITTEE: FilingStatus.REPORTED,
    FilingStatus.REPORTED: FilingStatus.SECTION,
    FilingStatus.SECTION: FilingStatus.APPROVED,
}
"""One step on from each state that waits for somebody."""
AT_DISTRICT = (FilingStatus.REPORTED, FilingStatus.SECTION)
"""Where the district decides; before that, the unit."""
STATUS_WORDS = {
    FilingStatus.UNIT: "单位审核",
    FilingStatus.COMMITTEE: "党委研究",
    FilingStatus.REPORTED: "已报区级备案",
    FilingStatus.SECTION: "组织科已初审",
    FilingStatus.APPROVED: "同意，到日生效",
    FilingStatus.DONE: "已备案",
    FilingStatus.RETURNED: "退回补正",
    FilingStatus.REFUSED: "不予备案",
    FilingStatus.WITHDRAWN: "已撤回",
}
KIND_WORDS = {
    FilingKind.APPOINT: "任职",
    FilingKind.CHANGE: "调整岗位",
    FilingKind.TRANSFER: "调出",
    FilingKind.LEAVE: "免职离岗",
    FilingKind.RETIRE: "退休",
}
LONGEST_REASON = 300
MOST_BRANCHES = 60
MOST_DUTIES = 12


@dataclass(frozen=True, slots=True)
class PostWish:
    """The post that is wished for."""

    field: WorkerField
    post: str
    full_time: bool
    staffing: str
    term_until: date | None = None
    duties: tuple[str, ...] = ()
    branch_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitteeWord:
    """When the unit's committee decided, and the number of its paper."""

    met_on: date
    document_no: str = ""


@dataclass(frozen=True, slots=True)
class FilingPage:
    """A stretch of a list, newest first; `next` is the cursor of the following one."""

    items: list[Filing]
    next: int | None


async def submit(
    ctx: Context,
    *,
    kind: FilingKind,
    person_id: int,
    unit_id: int,
    effective_on: date,
    reason: str = "",
    post: PostWish | None = None,
    to_unit_id: int | None = None,
    materials: Sequence[str] = (),
    committee: CommitteeWord | None = None,
    facts: WorkerFacts | None = None,
) -> Filing:
    """An officer over the unit files. With the committee's word it is at the district at once.

    Raises:
        NotAllowed, NotFound, FilingOpen, BadInput: nothing is written.
    """
    unit = await workers.covered_unit(ctx, unit_id)
    person = await _person(kind, person_id, unit)
    placement = await _placement(kind, person, unit)
    filing = Filing(
        kind=kind, person=person, unit=unit, placement=placement, created_at=ctx.now(),
        status=FilingStatus.UNIT, live_key=person.id, to_unit_id=await _target(kind, unit, to_unit_id),
    )  # fmt: skip
    await _fill(ctx, filing, effective_on, reason, post, materials)
    try:
        async with in_transaction():
            worker = await workers.of_person(person)
            if facts is not None:
                await workers.write_facts(ctx, worker, facts)
            await filing.save(force_create=True)
            await transitions.begin(ctx, THING, filing, FilingStatus.UNIT)
            await audit.record(ctx, "filing.submitted", f"filing:{filing.id}", kind=kind, unit=unit.id)
            if committee is not None:
                await _committee_decided(ctx, filing, committee)
    except IntegrityError:
        raise FilingOpen from None
    return filing


async def correct(
    ctx: Context,
    *,
    filing_id: int,
    effective_on: date,
    reason: str = "",
    post: PostWish | None = None,
    materials: Sequence[str] = (),
    committee: CommitteeWord | None = None,
) -> Filing:
    """Send a returned filing again, put right; it needn't go through the unit twice if its committee has.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    filing = await _of_unit(ctx, filing_id)
    if filing.status is not FilingStatus.RETURNED:
        raise WrongState
    await _fill(ctx, filing, effective_on, reason, post, materials)
    columns = {name: getattr(filing, name) for name in ("effective_on", "reason", "proposal", "materials")}
    async with in_transaction():
        await transitions.move(ctx, THING, filing, FilingStatus.UNIT, **columns)
        if committee is not None:
            await _committee_decided(ctx, filing, committee)
    return filing


async def advance(
    ctx: Context, *, filing_id: int, note: str = "", committee: CommitteeWord | None = None
) -> Filing:
    """One step on: the unit's two steps by an officer over it, then the district's review and approval.

    Raises:
        NotAllowed, NotFound, WrongState, OwnFiling, BadInput, AlreadyFullTime.
    """
    filing = await _waiting(ctx, filing_id)
    line = one_line(note, longest=LONGEST_REASON, field="note", required=False)
    if filing.status in (FilingStatus.UNIT, FilingStatus.COMMITTEE) and committee is not None:
        async with in_transaction():
            await _committee_decided(ctx, filing, committee)
        return filing
    if filing.status is FilingStatus.COMMITTEE:
        raise BadInput(met_on="请填写党委研究的日期")
    if filing.status is FilingStatus.SECTION:
        return await _approve(ctx, filing, line)
    changes: dict[str, Any] = {}
    if filing.status is FilingStatus.REPORTED and ctx.caller.person is not None:
        changes["checked_by_id"] = ctx.caller.person.id
    async with in_transaction():
        await transitions.move(ctx, THING, filing, NEXT[filing.status], note=line, **changes)
    return filing


async def send_back(ctx: Context, *, filing_id: int, reason: str) -> Filing:
    """退回补正: who could advance it sends it back, and says why.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    return await _stop(ctx, await _waiting(ctx, filing_id), FilingStatus.RETURNED, reason)


async def refuse(ctx: Context, *, filing_id: int, reason: str) -> Filing:
    """不予备案: the district refuses, and says why.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    await require_district(ctx)
    filing = await _waiting(ctx, filing_id)
    if filing.status not in AT_DISTRICT:
        raise WrongState
    return await _stop(ctx, filing, FilingStatus.REFUSED, reason)


async def withdraw(ctx: Context, *, filing_id: int, reason: str = "") -> Filing:
    """The unit takes its filing back before it has taken effect.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    filing = await _of_unit(ctx, filing_id)
    if filing.status not in FILING_OPEN:
        raise WrongState
    line = one_line(reason, longest=LONGEST_REASON, field="reason", required=False)
    async with in_transaction():
        await transitions.move(ctx, THING, filing, FilingStatus.WITHDRAWN, note=line, live_key=None)
    return filing


async def list_filings(
    ctx: Context, *, status: FilingStatus | None = None, cursor: int | None = None, limit: int = 20
) -> FilingPage:
    """Filings of the units the caller is an officer over, newest first.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    wanted = Filing.filter(within(reach, below="unit__"))
    if status is not None:
        wanted = wanted.filter(status=status)
    rows = wanted.select_related("unit", "person")
    return FilingPage(*await paging.newest_first(rows, cursor=cursor, limit=limit))


async def waiting_for(ctx: Context, reach: Reach) -> int:
    """How many filings wait for the caller, an officer: the unit's steps, or the district's."""
    district = Role.DISTRICT_OFFICER in reach.roles
    mine = AT_DISTRICT if district else (FilingStatus.UNIT, FilingStatus.COMMITTEE, FilingStatus.RETURNED)
    return await Filing.filter(within(reach, below="unit__"), status__in=mine).count()


async def get_filing(ctx: Context, *, filing_id: int) -> tuple[Filing, Sequence[Transition]]:
    """One filing with all its moves.

    Raises:
        NotAllowed, NotFound.
    """
    filing = await _of_unit(ctx, filing_id)
    return filing, await transitions.of(THING, filing.id)


async def apply_due(ctx: Context) -> int:
    """Let approved filings whose day has come take effect; run by the clock. How many did."""
    due = Filing.filter(status=FilingStatus.APPROVED, effective_on__lte=ctx.now().date()).order_by("id")
    applied = 0
    for filing in await due.select_related("unit", "person"):
        try:
            async with in_transaction():
                await _take_effect(ctx, filing)
            applied += 1
        except Refused:  # It changed meanwhile, or can't be any more: an officer sees it waiting.
            continue
    return applied


async def _approve(ctx: Context, filing: Filing, note: str) -> Filing:
    """部领导审定: approved, and in effect at once when its day has come already."""
    person = ctx.caller.person
    if ctx.settings.filing_needs_two_people and person is not None and filing.checked_by_id == person.id:
        raise OwnFiling
    today = ctx.now().date()
    effective = max(filing.effective_on, today)  # Nothing is agreed to for days that are over.
    async with in_transaction() as connection:
        await hold(connection, "filing numbers")
        worker = await workers.of_person(filing.person)
        if worker.filing_no is None:
            await Worker.filter(id=worker.id).update(filing_no=await next_number(today.year))
        await transitions.move(
            ctx, THING, filing, FilingStatus.APPROVED, note=note, decided_at=ctx.now(), effective_on=effective
        )
        if effective <= today:
            await _take_effect(ctx, filing)
        await worker_news.filing_decided(ctx, filing)
    return filing


async def _take_effect(ctx: Context, filing: Filing) -> None:
    """What was agreed to becomes so, in the caller's transaction."""
    wish, on = dict(filing.proposal), filing.effective_on
    worker = await workers.of_person(filing.person)
    if filing.placement_id is not None:
        placement = await Placement.get(id=filing.placement_id)
        await placements.take_off(ctx, placement, on=on, kind=filing.kind)
        if filing.kind is FilingKind.TRANSFER and not wish:
            wish = as_wish(placement)
    target = filing.to_unit_id if filing.kind is FilingKind.TRANSFER else filing.unit_id
    if filing.kind in (FilingKind.APPOINT, FilingKind.CHANGE, FilingKind.TRANSFER) and target is not None:
        term = wish.get("term_until")
        dates = {"starts_on": on, "term_until": date.fromisoformat(term) if term else None}
        await placements.put(ctx, worker, unit_id=target, wish=wish | dates)
    await transitions.move(ctx, THING, filing, FilingStatus.DONE, live_key=None)


def as_wish(placement: Placement) -> dict[str, Any]:
    """A placement as a proposal."""
    wish = {name: getattr(placement, name) for name in ("field", "post", "full_time", "staffing", "duties")}
    return wish | {"branch_ids": [], "term_until": None}


async def next_number(year: int) -> str:
    """The next filing number of a year; the caller holds the numbers."""
    last = await Worker.filter(filing_no__startswith=f"BA{year}-").order_by("-filing_no").first()
    number = int((last.filing_no or "").rpartition("-")[2]) + 1 if last is not None else 1
    return f"BA{year}-{number:04d}"


async def _committee_decided(ctx: Context, filing: Filing, word: CommitteeWord) -> None:
    """The unit's own two steps at once: its committee has met, so the filing goes to the district."""
    if word.met_on > ctx.now().date():
        raise BadInput(met_on="党委研究的日期还没有到，请核对")
    document_no = one_line(word.document_no, longest=60, field="document_no", required=False)
    if filing.status is FilingStatus.UNIT:
        await transitions.move(ctx, THING, filing, FilingStatus.COMMITTEE)
    note = f"{word.met_on} 研究{'，' + document_no if document_no else ''}"
    await transitions.move(
        ctx, THING, filing, FilingStatus.REPORTED, note=note, met_on=word.met_on, document_no=document_no
    )


async def _stop(ctx: Context, filing: Filing, became: FilingStatus, reason: str) -> Filing:
    line = one_line(reason, longest=LONGEST_REASON, field="reason")
    ends: dict[str, Any] = {}
    if became is FilingStatus.REFUSED:
        ends = {"live_key": None, "decided_at": ctx.now()}
    async with in_transaction():
        await transitions.move(ctx, THING, filing, became, note=line, **ends)
        await worker_news.filing_decided(ctx, filing, reason=line)
    return filing


async def _fill(
    ctx: Context,
    filing: Filing,
    effective_on: date,
    reason: str,
    post: PostWish | None,
    materials: Sequence[str],
) -> None:
    """Check what is wished for and put it into the filing."""
    if effective_on < ctx.now().date():
        raise BadInput(effective_on="须事前报备：生效日期不能早于今天")
    needed = filing.kind is not FilingKind.APPOINT
    filing.effective_on = effective_on
    filing.reason = one_line(reason, longest=LONGEST_REASON, field="reason", required=needed)
    filing.materials = [one_of("materials", name, field="materials") for name in dict.fromkeys(materials)]
    if filing.kind in (FilingKind.LEAVE, FilingKind.RETIRE):
        filing.proposal = {}
    elif post is None and filing.kind is not FilingKind.TRANSFER:
        raise BadInput(post="请填写岗位、专兼职和编制性质")
    else:
        unit_id = filing.to_unit_id or filing.unit.id
        filing.proposal = await _proposal(post, effective_on, unit_id) if post is not None else {}


async def _proposal(post: PostWish, effective_on: date, unit_id: int) -> dict[str, Any]:
    one_of("posts", post.post, field="post")
    one_of("staffings", post.staffing, field="staffing")
    if post.term_until is not None and post.term_until <= effective_on:
        raise BadInput(term_until="拟任期限应晚于任职日期")
    duties = [one_line(duty, longest=40, field="duties") for duty in post.duties[:MOST_DUTIES]]
    unit = await Organization.get(id=unit_id)
    linked = set(post.branch_ids)
    known = unit.subtree().filter(id__in=list(linked)) if linked else None
    if len(linked) > MOST_BRANCHES or (known is not None and await known.count() != len(linked)):
        raise BadInput(branch_ids="联系支部应是本单位下面的党支部，请核对")
    return {
        "field": str(post.field),
        "post": post.post,
        "full_time": post.full_time,
        "staffing": post.staffing,
        "term_until": post.term_until.isoformat() if post.term_until else None,
        "duties": duties,
        "branch_ids": sorted(linked),
    }


async def _person(kind: FilingKind, person_id: int, unit: Organization) -> Person:
    """Who is meant; for an appointment, somebody of the unit's own roster."""
    person = await Person.get_or_none(id=person_id).select_related("organization")
    if person is None or (kind is FilingKind.APPOINT and person.left_at is not None):
        raise BadInput(person_id="名册里没有这个人，请先在名册登记")
    if kind is FilingKind.APPOINT and not unit.contains(person.organization):
        raise BadInput(person_id="这位同志的组织关系不在本单位，请先办理转接或报调动")
    return person


async def _placement(kind: FilingKind, person: Person, unit: Organization) -> Placement | None:
    """What is to change; nothing for an appointment."""
    lasting = Placement.filter(worker__person_id=person.id, unit_id=unit.id, ended_on__isnull=True)
    placement = await lasting.first()
    if kind is FilingKind.APPOINT:
        if placement is not None:
            raise BadInput(person_id="这位同志已在本单位在岗，变动岗位请报“调整岗位”")
        return None
    if placement is None:
        raise BadInput(person_id="这位同志不在本单位在岗，请核对")
    return placement


async def _target(kind: FilingKind, unit: Organization, to_unit_id: int | None) -> int | None:
    """Where a transfer goes; null means out of the registry."""
    if kind is not FilingKind.TRANSFER or to_unit_id is None:
        return None
    target = await Organization.get_or_none(id=to_unit_id)
    if target is None or target.id == unit.id:
        raise BadInput(to_unit_id="请选择要调入的单位")
    return target.id


async def _of_unit(ctx: Context, filing_id: int) -> Filing:
    """A filing of a unit the caller is an officer over.

    Raises:
        NotAllowed, NotFound.
    """
    reach = await officer_reach(ctx)
    filing = await Filing.get_or_none(id=filing_id).select_related("unit", "person")
    if filing is None or (reach is not None and not reach.covers_organization(filing.unit)):
        raise NotFound
    return filing


async def _waiting(ctx: Context, filing_id: int) -> Filing:
    """A filing that waits for a step which is the caller's to take.

    Raises:
        NotAllowed, NotFound, WrongState.
    """
    filing = await _of_unit(ctx, filing_id)
    if filing.status not in NEXT:
        raise WrongState
    reach = await officer_reach(ctx)
    if filing.status in AT_DISTRICT and reach is not None and Role.DISTRICT_OFFICER not in reach.roles:
        raise NotAllowed
    return filing
