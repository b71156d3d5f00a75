"""Assessments after the visit: the leader's review, what is fed back to the branch, and who sees what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import assessment_stages, audit, notices, observations, paging, self_assessments, visit_news
from handlers.accounts import require_person
from handlers.assessment_access import is_officer_over, officer_paths, own_branches, require_officer
from handlers.assessment_content import FULL, Sheet
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, NotYourBranch, WrongState
from handlers.lines import one_line
from handlers.self_assessments import Differs
from models import (
    Assessment,
    AssessmentMove,
    AssessmentStage,
    AssessorMark,
    Duty,
    Finding,
    ItemMark,
    Observation,
    Person,
    Rectification,
    RectificationKind,
    RectificationStatus,
    Role,
)
from models.findings import DONE, OPEN

REVIEWED = "组长复核通过"
SIGNED = "支部书记签收"
CARRIED_OVER = "转入下一轮"
NEWS = (
    "《{name}》的评估结果已经反馈给您支部，请在小程序“评估”里看，看过后签收。"
    "有不同意见，签收后 {days} 个工作日内可以提出。"
)


@dataclass(frozen=True, slots=True)
class Apart:
    """What two assessors deducted for one item, in tenths."""

    item: str
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Whole:
    """An assessment with everything that may be shown to the caller.

    `own` is where the branch had thought otherwise of itself (支部自评), once both are known.
    """

    assessment: Assessment
    sheet: Sheet
    marks: Sequence[ItemMark]
    moves: Sequence[AssessmentMove]
    rectifications: Sequence[Rectification]
    apart: Sequence[Apart] = ()
    observations: Sequence[Observation] = ()
    late: int = 0
    is_assessor: bool = False
    is_leader: bool = False
    own: Sequence[Differs] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What was found: the rule it goes against, the fact, and what proves it. None of them may be missing."""

    rule: str
    fact: str
    evidence: str

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> "Fault":
        """As a round keeps it."""
        return cls(kept.get("rule", ""), kept.get("fact", ""), kept.get("evidence", ""))

    def checked(self) -> dict[str, str]:
        """As a round keeps it, each on one line and no longer than an assessor's.

        Raises:
            BadInput.
        """
        return {
            "rule": one_line(self.rule, longest=120, field="rule"),
            "fact": one_line(self.fact, longest=500, field="fact"),
            "evidence": one_line(self.evidence, longest=500, field="evidence"),
        }


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list; `next` is the cursor of the following one."""

    items: list[Assessment]
    next: int | None


async def visible(ctx: Context) -> QuerySet[Assessment]:
    """The assessments a caller may see: one's own to do, below an officer, the own branch's once fed back."""
    person = await require_person(ctx)
    conditions = [Q(assessor_id=person.id), Q(other_id=person.id), Q(team__leader_id=person.id)]
    conditions += [Q(branch__path__startswith=path) for path in await officer_paths(ctx)]
    own = Q(branch_id__in=await own_branches(ctx))
    conditions.append(Q(own, Q(delivered_at__isnull=False)))
    return Assessment.filter(Q(*conditions, join_type=Q.OR))


async def list_assessments(
    ctx: Context,
    *,
    cycle_id: int | None = None,
    stage: AssessmentStage | None = None,
    cursor: int | None = None,
    limit: int = 20,
) -> Page:
    """What the caller may see, the newest first; never by mark.

    Raises:
        NotBound.
    """
    wanted = await visible(ctx)
    if cycle_id is not None:
        wanted = wanted.filter(cycle_id=cycle_id)
    if stage is not None:
        wanted = wanted.filter(stage=stage)
    rows = wanted.select_related("cycle", "branch", "team")
    return Page(*await paging.newest_first(rows, cursor=cursor, limit=limit))


async def find(ctx: Context, assessment_id: int) -> Assessment:
    """One that the caller may see.

    Raises:
        NotBound, NotFound.
    """
    wanted = (await visible(ctx)).filter(id=assessment_id)
    row = await wanted.select_related("cycle", "branch", "team", "assessor", "other").first()
    if row is None:
        raise NotFound
    return row


async def get(ctx: Context, *, assessment_id: int) -> Whole:
    """An assessment as the caller may see it: no assessor sees the other's marks before both are in.

    Raises:
        NotBound, NotFound.
    """
    person, row = await require_person(ctx), await find(ctx, assessment_id)
    sheet = assessment_stages.book_of(row).sheets[row.sheet]
    is_leader, is_assessor = person.id == row.team.leader_id, person.id in (row.assessor_id, row.other_id)
    inside = is_leader or is_assessor or await is_officer_over(ctx, row.branch)
    told = inside and row.stage not in (AssessmentStage.PLANNED, AssessmentStage.ASSESSING)
    rounds = Rectification.filter(assessment_id=row.id).order_by("finding__item")
    marks = await ItemMark.filter(assessment_id=row.id).order_by("item")
    said = await self_assessments.handed_in(row) if marks else {}
    return Whole(
        assessment=row,
        sheet=sheet,
        marks=marks,
        moves=await AssessmentMove.filter(assessment_id=row.id).order_by("sequence"),
        rectifications=await rounds.select_related("finding__branch", "owner", "assessment"),
        apart=await both(row) if told else (),
        observations=await observations.counting(row) if told else (),
        late=await Observation.filter(assessment_id=row.id, late=True).count() if told else 0,
        is_assessor=is_assessor,
        is_leader=is_leader,
        own=self_assessments.differences(said, {one.item: one.deducted for one in marks}),
    )


async def both(row: Assessment) -> list[Apart]:
    """What both deducted, item by item, once both have handed in."""
    marks: dict[int, dict[str, int]] = {row.assessor_id: {}, row.other_id: {}}
    for one in await AssessorMark.filter(assessment_id=row.id):
        marks.setdefault(one.assessor_id, {})[one.item] = one.deducted
    first, second = marks[row.assessor_id], marks[row.other_id]
    return [Apart(item, first[item], second[item]) for item in sorted(first) if item in second]


def far_apart(apart: Sequence[Apart], most: int) -> bool:
    """Whether two totals differ by more than `most` tenths (规程 5: 超过 5 分由组长复核)."""
    return abs(sum(one.first for one in apart) - sum(one.second for one in apart)) > most


def settle(apart: Sequence[Apart], decided: Mapping[str, int]) -> dict[str, int]:
    """Item → tenths deducted: as decided, else the middle of both, rounded in the branch's favour. Pure."""
    return {one.item: decided.get(one.item, (one.first + one.second) // 2) for one in apart}


def counted_again(deducted: int, *, worth: int, times: int, recurred: bool) -> int:
    """What is deducted in the end: more for what was closed and came back (复发: 扣分加倍). Pure."""
    return min(worth, deducted * times) if recurred else deducted


async def review(
    ctx: Context, *, assessment_id: int, decided: Mapping[str, int], reason: str = ""
) -> Assessment:
    """The team's leader finds the marks right, and decides where the two are far apart.

    Raises:
        NotBound, NotFound, WrongState.
        NotAllowed: the caller doesn't lead the team.
        BadInput: a decision is missing, or deducts more than either assessor could prove.
    """
    person = await require_person(ctx)
    async with in_transaction():
        row = await assessment_stages.held(assessment_id)
        await find(ctx, assessment_id)
        if person.id != row.team.leader_id:
            raise NotAllowed
        if row.stage is not AssessmentStage.IN_REVIEW:
            raise WrongState
        if held := await observations.held_back(row):
            raise BadInput(decided=f"有 {held} 处文字还在审核或不予显示，请审核后再复核，或退回评估人改写")
        apart, rules = await both(row), assessment_stages.book_of(row)
        far = far_apart(apart, rules.terms.most_apart)
        _check_decided(apart, decided, required=far)
        sheet = rules.sheets[row.sheet]
        marks = await _marks(row, sheet, settle(apart, decided), times=rules.terms.recurrence_times)
        await ItemMark.bulk_create(marks)
        mark = FULL - sum(one.deducted for one in marks)
        await Assessment.filter(id=row.id).update(mark=mark, by_leader=far)
        await _open_rounds(ctx, row, marks)
        why = one_line(reason, longest=150, field="reason", required=far) or REVIEWED
        await audit.record(
            ctx,
            "assessment.reviewed",
            f"assessment:{row.id}",
            mark=mark,
            by_leader=far,
            decided=dict(decided),
        )
        await assessment_stages.move(ctx, row, AssessmentStage.TO_FEED_BACK, reason=why)
    return await find(ctx, assessment_id)


async def send_back(ctx: Context, *, assessment_id: int, reason: str) -> Assessment:
    """The leader returns an assessment to both assessors (复核退回).

    Raises:
        NotBound, NotFound, NotAllowed, WrongState, BadInput.
    """
    person, reason = await require_person(ctx), one_line(reason, longest=200, field="reason")
    async with in_transaction():
        row = await assessment_stages.held(assessment_id)
        await find(ctx, assessment_id)
        if person.id != row.team.leader_id:
            raise NotAllowed
        await assessment_stages.move(ctx, row, AssessmentStage.ASSESSING, reason=reason)
        await observations.open_again(row)
    return await find(ctx, assessment_id)


async def deliver(ctx: Context, *, assessment_id: int) -> Assessment:
    """Hand the result to the branch, to be read and signed. Twice is once.

    Raises:
        NotBound, NotFound, NotAllowed, WrongState.
    """
    await require_person(ctx)
    async with in_transaction():
        row = await assessment_stages.held(assessment_id)
        await find(ctx, assessment_id)
        await _officer_or_leader(ctx, row)
        if row.delivered_at is None:
            if row.stage is not AssessmentStage.TO_FEED_BACK:
                raise WrongState
            await Assessment.filter(id=row.id).update(delivered_at=ctx.now())
            await audit.record(ctx, "assessment.delivered", f"assessment:{row.id}")
            await _tell_branch(ctx, row)
    return await find(ctx, assessment_id)


async def sign(ctx: Context, *, assessment_id: int) -> Assessment:
    """The branch has read the result (签收). Signing is no consent: objections stay open. Twice is once.

    Raises:
        NotBound, NotFound, WrongState.
        NotYourBranch: the caller doesn't work for this branch.
    """
    person = await require_person(ctx)
    if not await own_branches(ctx):
        raise NotYourBranch
    async with in_transaction():
        row = await assessment_stages.held(assessment_id)
        await find(ctx, assessment_id)
        if not await works_for(person, row.branch_id):
            raise NotYourBranch
        if row.signed_at is not None:
            return await find(ctx, assessment_id)
        if row.stage is not AssessmentStage.TO_FEED_BACK or row.delivered_at is None:
            raise WrongState
        await Assessment.filter(id=row.id).update(signed_by_id=person.id, signed_at=ctx.now())
        await assessment_stages.move(ctx, row, AssessmentStage.FED_BACK, reason=SIGNED)
        await _begin_rounds(ctx, row, person)
        await assessment_stages.advance(ctx, row)
    return await find(ctx, assessment_id)


async def stop(ctx: Context, *, assessment_id: int, reason: str) -> Assessment:
    """End an assessment without a result: the branch is re-elected, merged or dissolved (中止).

    Raises:
        NotBound, NotFound, NotAllowed, WrongState, BadInput.
    """
    await require_officer(ctx)
    reason = one_line(reason, longest=200, field="reason")
    async with in_transaction():
        row = await _held_by_its_officer(ctx, assessment_id)
        await assessment_stages.move(ctx, row, AssessmentStage.STOPPED, reason=reason)
        open_rounds = Rectification.filter(assessment_id=row.id).exclude(status__in=DONE)
        await open_rounds.update(status=RectificationStatus.CARRIED, reason=reason)
    return await find(ctx, assessment_id)


async def add_fault(ctx: Context, *, assessment_id: int, item: str, fault: Fault) -> None:
    """An officer adds a problem to what will be fed back: between the leader's review and the feedback.

    So the branch reads it with everything else, signs, and may object. It deducts nothing: marks are what two
    assessors found. Where the item has a round in this assessment, it is added to that one. Twice is once.

    Raises:
        NotBound, NotFound, WrongState.
        NotAllowed: the caller is no officer over the cycle's organization.
        BadInput: the rule, the fact or its proof is missing or too long, or the sheet has no such item.
    """
    await require_officer(ctx)
    said = fault.checked()
    async with in_transaction():
        row = await _held_by_its_officer(ctx, assessment_id)
        if row.stage is not AssessmentStage.TO_FEED_BACK or row.delivered_at is not None:
            raise WrongState
        if assessment_stages.book_of(row).sheets[row.sheet].item(item) is None:
            raise BadInput(item=f"这个党支部的评估表里没有“{item}”这一项")
        known = await Rectification.get_or_none(assessment_id=row.id, finding__item=item)
        if known is None:
            await _open_round(ctx, row, item, deducted=0, faults=[said])
        elif said not in known.faults:
            await Rectification.filter(id=known.id).update(
                faults=[*known.faults, said], version=known.version + 1
            )
            await audit.record(ctx, "finding.added_to", f"finding:{known.finding_id}", round=known.round)


async def _held_by_its_officer(ctx: Context, assessment_id: int) -> Assessment:
    """An assessment, held until the transaction ends, for an officer over its cycle's organization.

    Raises:
        NotFound, NotAllowed.
    """
    row = await assessment_stages.held(assessment_id)
    await find(ctx, assessment_id)
    await row.cycle.fetch_related("organization")
    if not await is_officer_over(ctx, row.cycle.organization):
        raise NotAllowed
    return row


async def works_for(person: Person, branch_id: int) -> bool:
    """Whether somebody acts for a branch (its secretary, or a worker on their behalf)."""
    return await Duty.filter(person_id=person.id, role=Role.BRANCH_WORKER, organization_id=branch_id).exists()


async def workers_of(branch_id: int) -> list[int]:
    """Who acts for a branch."""
    duties = Duty.filter(role=Role.BRANCH_WORKER, organization_id=branch_id, person__left_at__isnull=True)
    return [duty.person_id for duty in await duties.order_by("id")]


async def _officer_or_leader(ctx: Context, row: Assessment) -> None:
    person = await require_person(ctx)
    if person.id != row.team.leader_id and not await is_officer_over(ctx, row.branch):
        raise NotAllowed


def _check_decided(apart: Sequence[Apart], decided: Mapping[str, int], *, required: bool) -> None:
    known = {one.item: one for one in apart}
    for item, tenths in decided.items():
        most = max(known[item].first, known[item].second) if item in known else -1
        if not 0 <= tenths <= most:
            raise BadInput(decided=f"{item}：扣的不能超过两名评估人中较多的一个（没有佐证的扣分不受理）")
    open_ = [one.item for one in apart if one.first != one.second and one.item not in decided]
    if required and open_:
        raise BadInput(decided=f"两人相差超过规定，请组长对不一致的项目逐项定：{'、'.join(open_)}")


async def _marks(row: Assessment, sheet: Sheet, settled: Mapping[str, int], *, times: int) -> list[ItemMark]:
    closed = await Rectification.filter(
        finding__branch_id=row.branch_id, status=RectificationStatus.CLOSED
    ).select_related("finding")
    again = {one.finding.item for one in closed if one.round == one.finding.round}
    marks = []
    for item in sheet.items:
        deducted, recurred = settled.get(item.code, 0), item.code in again
        final = counted_again(deducted, worth=item.worth, times=times, recurred=recurred)
        marks.append(
            ItemMark(
                assessment_id=row.id, item=item.code, worth=item.worth, deducted=final,
                recurred=recurred and deducted > 0,
            )
        )  # fmt: skip
    return marks


async def _open_rounds(ctx: Context, row: Assessment, marks: Sequence[ItemMark]) -> None:
    """A round for each item that lost something: the same finding again where there was one."""
    faults: dict[str, list[dict[str, str]]] = {}
    for one in await observations.counting(row):
        said = {"rule": one.rule, "fact": one.fact, "evidence": one.evidence}
        if said not in faults.setdefault(one.item, []):
            faults[one.item].append(said)
    for mark in marks:
        if not mark.deducted:
            continue
        await _open_round(ctx, row, mark.item, deducted=mark.deducted, faults=faults.get(mark.item, []))


async def _open_round(
    ctx: Context, row: Assessment, item: str, *, deducted: int, faults: Sequence[Mapping[str, str]]
) -> None:
    """A round of a branch's finding of this item: of the same one again where there was one."""
    finding, is_new = await Finding.get_or_create({"round": 1}, branch_id=row.branch_id, item=item)
    if not is_new:
        await _carry_over(ctx, finding)
        finding.round += 1
        await Finding.filter(id=finding.id).update(round=finding.round)
    await Rectification.create(
        finding=finding, round=finding.round, assessment=row, deducted=deducted, faults=list(faults)
    )
    await audit.record(
        ctx, "finding.opened" if is_new else "finding.reopened", f"finding:{finding.id}",
        round=finding.round, assessment=row.id, item=item, deducted=deducted,
    )  # fmt: skip


async def _carry_over(ctx: Context, finding: Finding) -> None:
    """What was still open goes on in the new round (通过或转下一轮) and holds up the old one no longer."""
    for one in await Rectification.filter(finding_id=finding.id).exclude(status__in=DONE):
        before = await assessment_stages.held(one.assessment_id)
        still = Rectification.filter(id=one.id).exclude(status__in=DONE)
        if await still.update(status=RectificationStatus.CARRIED, reason=CARRIED_OVER):
            await audit.record(
                ctx, "finding.carried_over", f"finding:{finding.id}", round=one.round, before=one.status
            )
            await assessment_stages.advance(ctx, before)


async def _begin_rounds(ctx: Context, row: Assessment, owner: Person) -> None:
    """Every round has an owner and a term from the beginning; the branch may change them."""
    terms = assessment_stages.book_of(row).terms
    due_at = assessment_stages.mend_by(ctx, terms, RectificationKind.LIMITED, since=ctx.now())
    await Rectification.filter(assessment_id=row.id, status__in=OPEN).update(
        owner_id=owner.id, kind=RectificationKind.LIMITED, begun_at=ctx.now(), due_at=due_at
    )


async def _tell_branch(ctx: Context, row: Assessment) -> None:
    terms = assessment_stages.book_of(row).terms
    text = NEWS.format(name=row.cycle.name, days=terms.working_days.objection)
    for account in await visit_news.accounts(await workers_of(row.branch_id)):
        await notices.enqueue(
            ctx, openid=account.openid, text=text, dedupe_key=f"assessment:{row.id}:delivered:{account.id}"
        )
