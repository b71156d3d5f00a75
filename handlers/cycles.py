"""Cycles of assessment: planned by an officer, with teams, with who looks at which branch, then published."""

import json
import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import access, assessment_sample, assessment_stages, audit
from handlers.access import OFFICERS, Reach
from handlers.accounts import require_person
from handlers.assessment_content import CONTENT, Book, Sheet, book, kept_book
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from handlers.lines import one_line
from models import (
    Assessment,
    AssessmentStage,
    AssessorMark,
    Cycle,
    CycleKind,
    Duty,
    Organization,
    OrganizationKind,
    Person,
    Team,
    TeamMember,
)

NUMBERS = {CycleKind.HALF_YEAR: 2, CycleKind.QUARTER: 4, CycleKind.YEAR: 1, CycleKind.BATCH: 99}
"""How many of a kind a year may have."""
KIND_WORDS = {
    CycleKind.HALF_YEAR: "半年评估",
    CycleKind.BATCH: "分批评估",
    CycleKind.QUARTER: "季度检查",
    CycleKind.YEAR: "年度考核",
}
MOST_ON_A_TEAM = 20
MOST_AT_ONCE = 2000
BEFORE_REVIEW = (AssessmentStage.PLANNED, AssessmentStage.ASSESSING)
ASSIGNED = "评估组已指派，评估计划已发布"


def current_book(ctx: Context) -> Book:
    """The sheets and terms that a new cycle takes over."""
    folder = ctx.settings.assessment_dir
    return book(Path(folder) if folder else CONTENT)


async def officer(ctx: Context) -> Reach:
    """The reach of the officer who asks.

    Raises:
        NotBound, NotAllowed: the caller is no officer.
    """
    await require_person(ctx)
    reached = await access.reach(ctx)
    if not reached.roles & OFFICERS:
        raise NotAllowed
    found = await access.officer_reach(ctx)
    return found or reached


async def create(
    ctx: Context,
    *,
    kind: CycleKind,
    organization_id: int,
    year: int,
    number: int,
    name: str = "",
    until: date | None = None,
) -> Cycle:
    """Plan a cycle below an organization; `until` is the last day whose records are looked at (today).

    Raises:
        NotBound, NotAllowed, NotFound.
        BadInput: there is such a cycle already, or no such half or quarter.
    """
    reached = await officer(ctx)
    organization = await Organization.get_or_none(id=organization_id)
    if organization is None or not reached.covers_organization(organization):
        raise NotFound
    if organization.kind not in (OrganizationKind.DISTRICT, OrganizationKind.COMMITTEE):
        raise BadInput(organization_id="评估由区或镇（街道）、党（工）委组织，请选上级党组织")
    if not 1 <= number <= NUMBERS[kind]:
        raise BadInput(number=f"{KIND_WORDS[kind]}一年最多 {NUMBERS[kind]} 次")
    last = until or ctx.now().astimezone(ctx.settings.zone).date()
    rules = current_book(ctx)
    title = one_line(name, longest=60, field="name", required=False) or _title(
        organization, kind, year, number
    )
    try:
        async with in_transaction():
            cycle = await Cycle.create(
                kind=kind, organization=organization, year=year, number=number, name=title[:60],
                records_from=last - timedelta(days=30 * rules.terms.sample_months), records_until=last,
                book=json.dumps(rules.kept(), ensure_ascii=False, sort_keys=True),
                seed=secrets.token_hex(16), created_by=ctx.caller.person, created_at=ctx.now(),
            )  # fmt: skip
            await audit.record(
                ctx, "cycle.created", f"cycle:{cycle.id}",
                kind=kind, organization=organization.id, year=year, number=number, sheets=rules.terms.version,
            )  # fmt: skip
    except IntegrityError:
        raise BadInput(number="这一次已经建过了，请在列表里打开") from None
    return await find(ctx, cycle.id)


async def list_cycles(ctx: Context) -> list[Cycle]:
    """The cycles that concern an officer: those of organizations below and above; the newest first.

    Raises:
        NotBound, NotAllowed.
    """
    reached = await officer(ctx)
    rows = await Cycle.all().select_related("organization").order_by("-year", "-id").limit(400)
    return [row for row in rows if _concerns(reached, row)]


async def find(ctx: Context, cycle_id: int) -> Cycle:
    """One cycle for an officer whom it concerns.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    reached = await officer(ctx)
    cycle = await Cycle.get_or_none(id=cycle_id).select_related("organization")
    if cycle is None or not _concerns(reached, cycle):
        raise NotFound
    return cycle


async def teams_of(ctx: Context, cycle_id: int) -> list[Team]:
    """The teams of a cycle with their people."""
    await _own(ctx, cycle_id)
    return await Team.filter(cycle_id=cycle_id).order_by("id").prefetch_related("members__person", "leader")


async def add_team(
    ctx: Context, *, cycle_id: int, name: str, leader_id: int, person_ids: Sequence[int]
) -> Team:
    """Put a team together: at least two, one of whom leads.

    Raises:
        NotBound, NotAllowed, NotFound.
        BadInput: too few, somebody who isn't on the roster below, or the name is taken.
    """
    cycle = await _own(ctx, cycle_id)
    name = one_line(name, longest=40, field="name")
    ids = sorted({*person_ids, leader_id})
    least = kept_book(cycle.book).terms.assessors
    if not least <= len(ids) <= MOST_ON_A_TEAM:
        raise BadInput(person_ids=f"评估组应有 {least} 至 {MOST_ON_A_TEAM} 人，其中 1 人任组长")
    people = await Person.filter(id__in=ids, left_at=None).select_related("organization")
    top = cycle.organization.path
    if len(people) != len(ids) or any(not _is_near(one.organization.path, top) for one in people):
        raise BadInput(person_ids="有人不在名册里，请核对")
    try:
        async with in_transaction():
            team = await Team.create(cycle=cycle, name=name, leader_id=leader_id)
            await TeamMember.bulk_create([TeamMember(team_id=team.id, person_id=id_) for id_ in ids])
            await audit.record(
                ctx, "team.made", f"team:{team.id}", cycle=cycle.id, leader=leader_id, people=ids
            )
    except IntegrityError:
        raise BadInput(name="这次评估里已有同名的评估组，请换一个名称") from None
    return await Team.get(id=team.id).prefetch_related("members__person", "leader")


async def assign(
    ctx: Context,
    *,
    cycle_id: int,
    team_id: int,
    branch_ids: Sequence[int] = (),
    below_id: int | None = None,
    assessor_ids: Sequence[int] = (),
) -> list[Assessment]:
    """Give branches to a team: those named, or all below an organization that nobody has yet.

    Each gets two assessors of the team, in turn, none of whom belongs to it (回避). Those whom everybody of
    the team would have to keep away from are refused as a whole.

    Raises:
        NotBound, NotAllowed, NotFound.
        BadInput: a branch isn't below the cycle's organization, is assigned already, has no sheet, or no
            two assessors may look at it.
    """
    cycle = await _own(ctx, cycle_id)
    team = await Team.get_or_none(id=team_id, cycle_id=cycle.id).prefetch_related("members")
    if team is None:
        raise NotFound
    able = [one.person_id for one in team.members]
    if assessor_ids and (len(set(assessor_ids)) != 2 or not set(assessor_ids) <= set(able)):
        raise BadInput(assessor_ids="请从评估组里选两名不同的同志")
    branches = await _branches(cycle, branch_ids, below_id)
    barred = await _barred(able, branches)
    made = [
        await _assessment(cycle, team, branch, list(assessor_ids) or _rotated(able, at), barred)
        for at, branch in enumerate(branches)
    ]
    try:
        async with in_transaction():
            await Assessment.bulk_create(made, batch_size=200)
            kept = await Assessment.filter(
                cycle_id=cycle.id, branch_id__in=[one.id for one in branches]
            ).select_related("cycle", "branch", "team").order_by("branch__code")  # fmt: skip
            await audit.record(
                ctx,
                "assessments.assigned",
                f"cycle:{cycle.id}",
                team=team.id,
                branches=[b.id for b in branches],
            )
            if cycle.published_at is not None:
                for one in kept:
                    await assessment_stages.move(ctx, one, AssessmentStage.ASSESSING, reason=ASSIGNED)
    except IntegrityError:
        raise BadInput(branch_ids="有的党支部已经指派过了，请刷新后再选") from None
    return kept


async def publish(ctx: Context, *, cycle_id: int) -> Cycle:
    """Publish the plan: everything assigned begins. Twice is once.

    Raises:
        NotBound, NotAllowed, NotFound.
        WrongState: nothing is assigned yet.
    """
    cycle = await _own(ctx, cycle_id)
    if cycle.published_at is not None:
        return cycle
    async with in_transaction():
        unpublished = Cycle.filter(id=cycle.id, published_at=None)
        if not await unpublished.update(published_at=ctx.now()):
            raise WrongState
        planned = Assessment.filter(cycle_id=cycle.id, stage=AssessmentStage.PLANNED)
        rows = await planned.order_by("id").select_related("cycle", "branch", "team")
        if not rows:
            raise WrongState
        for row in rows:
            await assessment_stages.move(ctx, row, AssessmentStage.ASSESSING, reason=ASSIGNED)
        await audit.record(ctx, "cycle.published", f"cycle:{cycle.id}", assessments=len(rows))
    return await find(ctx, cycle_id)


async def recuse(
    ctx: Context, *, assessment_id: int, reason: str, person_id: int | None = None
) -> Assessment:
    """An assessor steps back (a relative, an own interest), or an officer takes one off; another steps in.

    What the one who steps back has written down stays, and doesn't count.

    Raises:
        NotBound, NotFound, NotAllowed.
        WrongState: it is past the point, or that one has handed in.
        BadInput: nobody else of the team may look at this branch.
    """
    person = await require_person(ctx)
    reason = one_line(reason, longest=200, field="reason")
    async with in_transaction():
        row = await assessment_stages.held(assessment_id)
        leaving = person_id or person.id
        if leaving not in (row.assessor_id, row.other_id):
            raise NotFound
        if leaving != person.id and not await _may_change(ctx, row):
            raise NotAllowed
        if row.stage not in (AssessmentStage.PLANNED, AssessmentStage.ASSESSING) or await _handed_in(
            row, leaving
        ):
            raise WrongState
        team = await TeamMember.filter(team_id=row.team_id).order_by("id")
        away = {row.assessor_id, row.other_id, *row.recused}
        able = [one.person_id for one in team if one.person_id not in away]
        barred = (await _barred(able, [row.branch]))[row.branch_id]
        instead = next((id_ for id_ in able if id_ not in barred), None)
        if instead is None:
            raise BadInput(person_id="评估组里没有别的同志可以接替，请先给评估组添人")
        column = "assessor_id" if leaving == row.assessor_id else "other_id"
        await Assessment.filter(id=row.id).update(**{column: instead, "recused": [*row.recused, leaving]})
        await audit.record(
            ctx, "assessment.recused", f"assessment:{row.id}", leaving=leaving, instead=instead
        )
    return await Assessment.get(id=assessment_id).select_related("cycle", "branch", "team")


async def barred_from(person_id: int, branch: Organization) -> bool:
    """Whether somebody belongs to a branch or works for it, and so may not assess it."""
    return person_id in (await _barred([person_id], [branch]))[branch.id]


async def _own(ctx: Context, cycle_id: int) -> Cycle:
    """A cycle that the caller organizes: an officer above it, not one of a town below."""
    reached = await officer(ctx)
    cycle = await Cycle.get_or_none(id=cycle_id).select_related("organization")
    if cycle is None or not _concerns(reached, cycle):
        raise NotFound
    if not reached.covers_organization(cycle.organization):
        raise NotAllowed
    return cycle


def _concerns(reached: Reach, cycle: Cycle) -> bool:
    path = cycle.organization.path
    return reached.covers_path(path) or any(top.startswith(path) for top in reached.organization_paths)


def _is_near(path: str, top: str) -> bool:
    """Whether an organization is above or below another one."""
    return path.startswith(top) or top.startswith(path)


async def _branches(cycle: Cycle, ids: Sequence[int], below_id: int | None) -> list[Organization]:
    wanted = Organization.filter(path__startswith=cycle.organization.path)
    if below_id is not None:
        below = await Organization.get_or_none(id=below_id)
        if below is None or not below.path.startswith(cycle.organization.path):
            raise BadInput(below_id="不在这次评估的范围内，请另选")
        taken = {row.branch_id for row in await Assessment.filter(cycle_id=cycle.id).only("id", "branch_id")}
        wanted = wanted.filter(path__startswith=below.path, kind=OrganizationKind.BRANCH)
        rows = [row for row in await wanted.order_by("code") if row.id not in taken]
        rows = [row for row in rows if kept_book(cycle.book).sheet_for(row.scope) is not None]
    else:
        rows = await wanted.filter(id__in=list(ids)).order_by("code")
        if len(rows) != len(set(ids)):
            raise BadInput(branch_ids="有的党支部不在这次评估的范围内，请核对")
    if not 1 <= len(rows) <= MOST_AT_ONCE:
        raise BadInput(branch_ids=f"请选 1 至 {MOST_AT_ONCE} 个党支部")
    return rows


def sheet_of(rules: Book, organization: Organization) -> Sheet | None:
    """The sheet an organization is looked at by: of its kind, or the committees' list."""
    if organization.kind is OrganizationKind.COMMITTEE:
        return next((sheet for sheet in rules.sheets.values() if sheet.committees), None)
    return rules.sheet_for(organization.scope) if organization.kind is OrganizationKind.BRANCH else None


async def _assessment(
    cycle: Cycle, team: Team, branch: Organization, able: Sequence[int], barred: dict[int, set[int]]
) -> Assessment:
    rules = kept_book(cycle.book)
    sheet = sheet_of(rules, branch)
    if sheet is None:
        raise BadInput(branch_ids=f"{branch.name}没有写明单位类型，不知道用哪张评估表")
    free = [id_ for id_ in able if id_ not in barred[branch.id]]
    if len(free) < 2:
        raise BadInput(
            branch_ids=f"{branch.name}：组里没有两名可以评估它的同志（本支部的人要回避），请换一个组"
        )
    return Assessment(
        cycle=cycle, branch=branch, team=team, assessor_id=free[0], other_id=free[1], sheet=sheet.code,
        sample={
            "records": assessment_sample.records(rules.terms, cycle, branch.code),
            "interview": await assessment_sample.interviewed(rules.terms, cycle, branch),
        },
    )  # fmt: skip


def _rotated(able: Sequence[int], at: int) -> list[int]:
    """The team in turn, so that everybody gets as many branches."""
    start = at * 2 % len(able)
    return [*able[start:], *able[:start]]


async def _barred(person_ids: Sequence[int], branches: Sequence[Organization]) -> dict[int, set[int]]:
    """Branch → who belongs to it or works for it."""
    found: dict[int, set[int]] = {branch.id: set() for branch in branches}
    for person in await Person.filter(id__in=list(person_ids)):
        found.get(person.organization_id, set()).add(person.id)
    for duty in await Duty.filter(person_id__in=list(person_ids), organization_id__in=list(found)):
        found[duty.organization_id or 0].add(duty.person_id)
    return found


async def _may_change(ctx: Context, row: Assessment) -> bool:
    person = await require_person(ctx)
    if person.id == row.team.leader_id:
        return True
    reached = await access.officer_reach(ctx) if (await access.reach(ctx)).roles & OFFICERS else None
    await row.cycle.fetch_related("organization")
    return reached is not None and reached.covers_organization(row.cycle.organization)


async def _handed_in(row: Assessment, person_id: int) -> bool:
    return await AssessorMark.filter(assessment_id=row.id, assessor_id=person_id).exists()


def _title(organization: Organization, kind: CycleKind, year: int, number: int) -> str:
    words = {CycleKind.HALF_YEAR: ("上", "下"), CycleKind.QUARTER: ("一", "二", "三", "四")}.get(kind)
    which = f"第{number}批" if kind is CycleKind.BATCH else ""
    if words:
        which = f"{words[number - 1]}半年" if kind is CycleKind.HALF_YEAR else f"第{words[number - 1]}季度"
    kind_words = {CycleKind.HALF_YEAR: "评估", CycleKind.QUARTER: "检查"}.get(kind, KIND_WORDS[kind])
    return f"{year}年{which}{kind_words}（{organization.name}）"
