"""软弱涣散党组织: the data only propose; people of the district decide, and others than who led take it off.

研判 → 认定 → 整顿中 → 待验收 → 销号 → 巩固, and 不认定 where the proposal doesn't hold. What counts as such
is local: neither a term nor a standard is fixed here, both are written down with each case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import assessment_years, assessments, paging, screenings, transitions, worker_news
from handlers.accounts import require_person
from handlers.assessment_access import (
    is_district_officer_over,
    is_officer_over,
    officer_paths,
    own_branches,
    require_officer,
)
from handlers.assessment_years import Year
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, OwnRectification, WrongState
from handlers.held_texts import NOT_SHOWN
from handlers.lines import one_line
from models import (
    Duty,
    Finding,
    Organization,
    OrganizationKind,
    Person,
    Rectification,
    Role,
    Transition,
    WeakBranch,
    WeakFinding,
    WeakStatus,
)
from models.findings import DONE

THING = "weak"
REGISTER = "weakbranches"
"""The name of the register in which they go out and come in as a file."""
STATUS_WORDS = {
    WeakStatus.STUDIED: "研判",
    WeakStatus.DISMISSED: "不认定",
    WeakStatus.CONFIRMED: "认定",
    WeakStatus.RECTIFYING: "整顿中",
    WeakStatus.TO_ACCEPT: "待验收",
    WeakStatus.OFF: "销号",
    WeakStatus.KEPT_UP: "巩固",
}
SEEN_BY_BRANCH = frozenset(WeakStatus) - {WeakStatus.STUDIED, WeakStatus.DISMISSED}
"""A branch sees what concerns it once people have decided."""
LONGEST_REASON = 500
LONGEST_SCHEME = 600
LONGEST_EVIDENCE = 1000
MOST_FINDINGS = 60
OVER = "over"
OPEN_STILL = "整顿方案里的问题还没有办完：{names}。请先把这些问题验收销号"


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list, newest first; `next` is the cursor of the following one."""

    items: list[WeakBranch]
    next: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """One case with its way and the last round of each finding its plan names."""

    row: WeakBranch
    moves: Sequence[Transition]
    findings: Sequence[Rectification]


def formula_of(year: Year) -> str:
    """How the data came to propose a branch, in words. Pure."""
    reckoned = year.formula or f"尚缺：{'、'.join(year.missing)}"
    stars = f"；{year.stars} 星" if year.stars is not None else ""
    noted = f"；降档：{'、'.join(year.downgrades)}" if year.downgrades else ""
    return f"{year.branch.name} {reckoned}{stars}{noted}"[:300]


async def proposals(ctx: Context, *, year: int) -> list[Year]:
    """Branches below an officer that the data propose and that aren't looked at yet, in the order of codes.

    Raises:
        NotBound, NotAllowed.
    """
    found = [one for one in await assessment_years.years(ctx, year=year) if one.why]
    ids = [one.branch.id for one in found]
    listed = WeakBranch.filter(Q(Q(year=year), Q(live_key__isnull=False), join_type=Q.OR), branch_id__in=ids)
    there = {row.branch_id for row in await listed.only("id", "branch_id")}
    return [one for one in found if one.branch.id not in there]


async def take_up(ctx: Context, *, branch_id: int, year: int, facts: str = "") -> WeakBranch:
    """The district looks at a branch (研判): the data propose it, or officers say what they saw.

    Raises:
        NotBound, NotAllowed, NotFound.
        BadInput: neither data nor words give a reason, or the branch is on the list already.
    """
    await require_officer(ctx, role=Role.DISTRICT_OFFICER)
    branch = await Organization.get_or_none(id=branch_id, kind=OrganizationKind.BRANCH)
    if branch is None or not await is_district_officer_over(ctx, branch):
        raise NotFound
    reckoned = await assessment_years.year_of(ctx, branch, year)
    line = one_line(facts, longest=LONGEST_REASON, field="facts", required=not reckoned.why)
    try:
        async with in_transaction():
            row = await WeakBranch.create(
                branch=branch, year=year, status=WeakStatus.STUDIED, live_key=branch.id, facts=line,
                proposed=list(reckoned.why), formula=formula_of(reckoned) if reckoned.why else "",
                created_at=ctx.now(),
            )  # fmt: skip
            await transitions.begin(ctx, THING, row, WeakStatus.STUDIED, note=line)
    except IntegrityError:
        raise BadInput(branch_id="这个党支部已经在研判或整顿，不用重复列入") from None
    return await _get(row.id)


async def confirm(ctx: Context, *, weak_id: int, reason: str) -> WeakBranch:
    """区委组织部会商确定: it is one, for a reason that a person writes.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    row, person = await _at_district(ctx, weak_id, WeakStatus.STUDIED)
    line = one_line(reason, longest=LONGEST_REASON, field="reason")
    await _move(
        ctx, row, WeakStatus.CONFIRMED, note=line, reason=line, confirmed_by_id=person.id,
        confirmed_at=ctx.now(),
    )  # fmt: skip
    return await _get(row.id)


async def dismiss(ctx: Context, *, weak_id: int, reason: str) -> WeakBranch:
    """It isn't one (不认定).

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    row, _ = await _at_district(ctx, weak_id, WeakStatus.STUDIED)
    line = one_line(reason, longest=LONGEST_REASON, field="reason")
    await _move(ctx, row, WeakStatus.DISMISSED, note=line, live_key=None)
    return await _get(row.id)


async def begin(
    ctx: Context, *, weak_id: int, scheme: str, led_by_id: int, until: date, finding_ids: Sequence[int] = ()
) -> WeakBranch:
    """一支部一方案: what is done, who leads it, by when, and which findings it puts right.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState.
        BadInput: the leader has nothing to do with the branch, a finding is another's, or the day is over.
    """
    row = await _by_officer(ctx, weak_id, WeakStatus.CONFIRMED)
    line = one_line(scheme, longest=LONGEST_SCHEME, field="scheme")
    if led_by_id not in {one.id for one in await leaders(row.branch)}:
        raise BadInput(led_by_id="牵头整顿的应是本支部的同志或负责这里的上级同志，请重选")
    if until <= ctx.now().astimezone(ctx.settings.zone).date():
        raise BadInput(until="整顿期满的日子应晚于今天")
    ids = list(dict.fromkeys(finding_ids))[:MOST_FINDINGS]
    if await Finding.filter(id__in=ids, branch_id=row.branch_id).count() != len(ids):
        raise BadInput(finding_ids="有的问题不是这个党支部的，请核对")
    async with in_transaction():
        await transitions.move(
            ctx, THING, row, WeakStatus.RECTIFYING, note=line, scheme=line, led_by_id=led_by_id, until=until
        )
        await WeakFinding.bulk_create([WeakFinding(weak_id=row.id, finding_id=id_) for id_ in ids])
    return await _get(row.id)


async def prove(ctx: Context, *, weak_id: int, evidence: str) -> WeakBranch:
    """What shows that it was put right, once all findings of the plan are closed (申请验收).

    Raises:
        NotBound, NotAllowed, NotFound, WrongState.
        BadInput: no evidence, or findings are open.
    """
    person, row = await require_person(ctx), await _find(ctx, weak_id)
    works = row.led_by_id == person.id or await assessments.works_for(person, row.branch_id)
    if not works and not await is_officer_over(ctx, row.branch):
        raise NotAllowed
    _require(row, WeakStatus.RECTIFYING)
    kept = screenings.look_at(ctx, one_line(evidence, longest=LONGEST_EVIDENCE, field="evidence"))
    async with in_transaction():
        await _require_closed(row)
        await transitions.move(
            ctx, THING, row, WeakStatus.TO_ACCEPT, evidence=kept.shown, evidence_by_id=person.id,
            evidence_at=ctx.now(),
        )  # fmt: skip
        await screenings.hold(ctx, kept, _place(row), path=row.branch.path)
    return await _get(row.id)


async def accept(ctx: Context, *, weak_id: int, note: str) -> WeakBranch:
    """An officer of the district has looked, and takes it off the list (销号).

    Raises:
        NotBound, NotAllowed, NotFound, WrongState.
        OwnRectification: the caller led it, handed in the proof, or belongs to the branch.
        BadInput: no word on what was looked at, or the proof waits to be screened.
    """
    row, person = await _at_district(ctx, weak_id, WeakStatus.TO_ACCEPT)
    line = one_line(note, longest=LONGEST_REASON, field="note")
    if person.id in own_hands(row) or person.organization_id == row.branch_id:
        raise OwnRectification
    if row.evidence in NOT_SHOWN:
        raise BadInput(note="佐证的文字还在审核或不予显示，请审核后再验收，或退回改写")
    try:
        async with in_transaction():
            await _require_closed(row)
            await transitions.move(
                ctx, THING, row, WeakStatus.OFF, note=line, live_key=None, accepted_by_id=person.id,
                accepted_at=ctx.now(),
            )  # fmt: skip
    except IntegrityError:  # What the checks above missed, the database refused.
        raise OwnRectification from None
    return await _get(row.id)


async def send_back(ctx: Context, *, weak_id: int, reason: str) -> WeakBranch:
    """An officer of the district has looked, and it goes on (验收退回).

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    row, _ = await _at_district(ctx, weak_id, WeakStatus.TO_ACCEPT)
    line = one_line(reason, longest=LONGEST_REASON, field="reason")
    await _move(ctx, row, WeakStatus.RECTIFYING, note=line)
    return await _get(row.id)


async def keep_up(ctx: Context, *, weak_id: int, note: str) -> WeakBranch:
    """What is done so that it stays right (巩固).

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    row = await _by_officer(ctx, weak_id, WeakStatus.OFF)
    line = one_line(note, longest=LONGEST_REASON, field="note")
    await _move(ctx, row, WeakStatus.KEPT_UP, note=line)
    return await _get(row.id)


async def list_weak(
    ctx: Context, *, status: WeakStatus | None = None, cursor: int | None = None, limit: int = 50
) -> Page:
    """What the caller may see: an officer's subtree, and the own branch's once it was confirmed.

    Raises:
        NotBound.
    """
    rows = await visible(ctx)
    if status is not None:
        rows = rows.filter(status=status)
    return Page(*await paging.newest_first(rows.select_related("branch"), cursor=cursor, limit=limit))


async def get(ctx: Context, *, weak_id: int) -> Case:
    """One case with everything.

    Raises:
        NotBound, NotFound.
    """
    row = await _find(ctx, weak_id)
    person = await require_person(ctx)
    if await assessments.works_for(person, row.branch_id) or row.evidence_by_id == person.id:
        row.evidence = await screenings.held_text(_place(row)) or row.evidence
    return Case(row, await transitions.of(THING, row.id), await _rounds(row))


async def due_lines(ctx: Context) -> list[tuple[int, str, str]]:
    """`(person, key, line)` of the time that ends soon, today, or ended; each once for a day (worker_news).

    Who leads the work and who acts for the branch are told; once it is over, the officers above too.
    """
    today = ctx.now().astimezone(ctx.settings.zone).date()
    lines: list[tuple[int, str, str]] = []
    for row in await _ends_soon(ctx).select_related("branch").order_by("until", "id"):
        if row.until is None:
            continue
        kind, said = _said(row.until, today)
        key = f"{THING}:{row.id}:{row.until}:{kind}"
        people = await _concerned(row, over=kind == OVER)
        lines += [(person, key, f"{row.branch.name}的整顿{said}") for person in people]
    return lines


async def due_for(ctx: Context, person: Person, own: Sequence[int]) -> int:
    """How many cases that end soon are the caller's to bring to their end, for 待办."""
    return await _ends_soon(ctx).filter(Q(led_by_id=person.id) | Q(branch_id__in=own)).count()


async def leaders(branch: Organization) -> list[Person]:
    """Who may lead the work: who acts for the branch, and officers above it."""
    duties = Duty.filter(role__in=[Role.BRANCH_WORKER, Role.TOWN_OFFICER, Role.DISTRICT_OFFICER])
    rows = await duties.filter(person__left_at__isnull=True).select_related("organization", "person")
    found = {
        duty.person_id: duty.person
        for duty in rows
        if duty.organization is not None and duty.organization.contains(branch)
    }
    return sorted(found.values(), key=lambda one: (one.name, one.id))


async def findings_of(branch: Organization) -> list[Rectification]:
    """The last round of each finding of a branch, for the plan to choose from."""
    return await _last(Rectification.filter(finding__branch_id=branch.id))


async def visible(ctx: Context) -> QuerySet[WeakBranch]:
    """The cases a caller may see: those below an officer, the own branch's once people have decided."""
    await require_person(ctx)
    conditions = [Q(branch_id__in=await own_branches(ctx), status__in=list(SEEN_BY_BRANCH))]
    conditions += [Q(branch__path__startswith=path) for path in await officer_paths(ctx)]
    return WeakBranch.filter(Q(*conditions, join_type=Q.OR))


def _ends_soon(ctx: Context) -> QuerySet[WeakBranch]:
    last = ctx.now().astimezone(ctx.settings.zone).date() + timedelta(days=ctx.settings.weak_branch_due_days)
    return WeakBranch.filter(status=WeakStatus.RECTIFYING, until__lte=last)


def _said(until: date, today: date) -> tuple[str, str]:
    """Why somebody is told now, and in what words. Pure."""
    when = f"{until.month}月{until.day}日"
    if until < today:
        return OVER, f"已在{when}期满，还没有申请验收，请说明情况并抓紧"
    if until == today:
        return "today", "今天期满，整顿好了的请提交佐证、申请验收"
    return "soon", f"将在{when}期满，整顿好了的请提交佐证、申请验收"


async def _concerned(row: WeakBranch, *, over: bool) -> list[int]:
    workers = Duty.filter(
        role=Role.BRANCH_WORKER, organization_id=row.branch_id, person__left_at__isnull=True
    )
    people = [*([row.led_by_id] if row.led_by_id else []), *[one.person_id for one in await workers]]
    if over:
        people += [*await worker_news.unit_officers(row.branch), *await worker_news.district_officers()]
    return sorted(set(people))


async def _find(ctx: Context, weak_id: int) -> WeakBranch:
    row = await (await visible(ctx)).filter(id=weak_id).select_related("branch", "led_by").first()
    if row is None:
        raise NotFound
    return row


async def _get(weak_id: int) -> WeakBranch:
    return await WeakBranch.get(id=weak_id).select_related("branch", "led_by")


async def _at_district(ctx: Context, weak_id: int, status: WeakStatus) -> tuple[WeakBranch, Person]:
    await require_officer(ctx, role=Role.DISTRICT_OFFICER)
    row, person = await _find(ctx, weak_id), await require_person(ctx)
    if not await is_district_officer_over(ctx, row.branch):
        raise NotAllowed
    _require(row, status)
    return row, person


async def _by_officer(ctx: Context, weak_id: int, status: WeakStatus) -> WeakBranch:
    await require_officer(ctx)
    row = await _find(ctx, weak_id)
    if not await is_officer_over(ctx, row.branch):
        raise NotAllowed
    _require(row, status)
    return row


def own_hands(row: WeakBranch) -> tuple[int | None, ...]:
    """Whose work it is, so that somebody else must judge it. Pure."""
    return row.led_by_id, row.evidence_by_id


def _require(row: WeakBranch, status: WeakStatus) -> None:
    if row.status is not status:
        raise WrongState


async def _move(ctx: Context, row: WeakBranch, became: WeakStatus, *, note: str, **changes: Any) -> None:
    async with in_transaction():
        await transitions.move(ctx, THING, row, became, note=note, **changes)


async def _require_closed(row: WeakBranch) -> None:
    open_ = [one.finding.item for one in await _rounds(row) if one.status not in DONE]
    if open_:
        raise BadInput(evidence=OPEN_STILL.format(names="、".join(open_)))


async def _rounds(row: WeakBranch) -> list[Rectification]:
    named = await WeakFinding.filter(weak_id=row.id).values_list("finding_id", flat=True)
    return await _last(Rectification.filter(finding_id__in=list(named)))


async def _last(rounds: QuerySet[Rectification]) -> list[Rectification]:
    """The last round of each finding among these."""
    rows = rounds.order_by("finding__item", "round").select_related("finding", "assessment__cycle")
    return list({one.finding_id: one for one in await rows}.values())


def _place(row: WeakBranch) -> str:
    """Where the proof belongs, as screenings.py names places."""
    return f"{THING}:{row.id}:evidence"
