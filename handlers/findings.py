"""Findings of a branch and how they are put right: owner, measure, term, proof, and who accepted it.

A round is closed only with proof and by somebody who neither owns nor proved it; the database itself refuses
anything else (`models/findings.py`). Rules: 跟踪问效办法 六, 整改台账.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import assessment_sample, assessment_stages, assessments, audit, screenings
from handlers.accounts import require_person
from handlers.assessment_access import (
    is_district_officer_over,
    is_officer_over,
    officer_paths,
    own_branches,
    require_officer,
)
from handlers.assessment_content import Item, Terms, shown
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, OwnRectification, TooLateToObject, WrongState
from handlers.held_texts import NOT_SHOWN
from handlers.lines import one_line
from models import (
    Assessment,
    AssessmentStage,
    ItemMark,
    Person,
    Rectification,
    RectificationKind,
    RectificationStatus,
    Team,
)
from models.findings import DONE, OPEN

REGISTER = "findings"
LARGEST_PAGE = 200
DAY = timedelta(days=1)
WRITTEN = ("measure", "evidence", "reason", "objection")
"""What a branch writes in a round: others read it once it has passed (screenings.py)."""
TO_ACCEPT = (RectificationStatus.TO_TOWN, RectificationStatus.TO_DISTRICT)
STATUS_WORDS = {
    RectificationStatus.TO_DO: "待整改",
    RectificationStatus.UNDER_WAY: "整改中",
    RectificationStatus.TO_TOWN: "待初验（镇街）",
    RectificationStatus.TO_DISTRICT: "待抽验（区级）",
    RectificationStatus.CLOSED: "已销号",
    RectificationStatus.RETURNED: "验收退回",
    RectificationStatus.NEEDS_HELP: "需上级协调",
    RectificationStatus.NOT_UPHELD: "不予认定（申诉成立）",
    RectificationStatus.CARRIED: "转入下一轮",
}
KIND_WORDS = {
    RectificationKind.AT_ONCE: "立行立改",
    RectificationKind.LIMITED: "限期整改",
    RectificationKind.LASTING: "长期坚持",
}


class Due(StrEnum):
    """How a round stands against its term."""

    OVERDUE = "overdue"
    SOON = "soon"


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list; `next` is the cursor of the following one."""

    items: list[Rectification]
    next: int | None


async def visible(ctx: Context) -> QuerySet[Rectification]:
    """The rounds a caller may see: the own branch's once fed back, one's own, and those below an officer."""
    person = await require_person(ctx)
    fed_back = Q(assessment__delivered_at__isnull=False)
    own = Q(Q(finding__branch_id__in=await own_branches(ctx)), Q(owner_id=person.id), join_type=Q.OR)
    conditions = [Q(own, fed_back), Q(assessment__team__leader_id=person.id)]
    conditions += [Q(finding__branch__path__startswith=path) for path in await officer_paths(ctx)]
    return Rectification.filter(Q(*conditions, join_type=Q.OR))


def whole(rows: QuerySet[Rectification]) -> QuerySet[Rectification]:
    """Rounds with what is shown of them."""
    return rows.select_related("finding__branch", "assessment__cycle", "owner")


async def list_findings(
    ctx: Context,
    *,
    status: RectificationStatus | None = None,
    due: Due | None = None,
    cursor: int | None = None,
    limit: int = 50,
) -> Page:
    """The caller's rounds: by due time where it is asked for, else the newest first; never by mark.

    Raises:
        NotBound.
    """
    rows, limit = await visible(ctx), max(1, min(limit, LARGEST_PAGE))
    if status is not None:
        rows = rows.filter(status=status)
    if due is not None:
        found = (
            await whole(_due(rows, due, ctx.now(), soon=timedelta(days=3)))
            .order_by("due_at", "id")
            .limit(limit)
        )
        return Page(found, None)
    if cursor is not None:
        rows = rows.filter(id__lt=cursor)
    found = await whole(rows).order_by("-id").limit(limit + 1)
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


def _due(
    rows: QuerySet[Rectification], due: Due, now: datetime, *, soon: timedelta
) -> QuerySet[Rectification]:
    """What is past its term, to the minute, or will be within `soon`; what waits for an officer is not."""
    open_ = rows.filter(status__in=OPEN)
    if due is Due.OVERDUE:
        return open_.filter(due_at__lte=now)
    return open_.filter(due_at__gt=now, due_at__lte=now + soon)


def overdue_by(row: Rectification, now: datetime) -> timedelta | None:
    """How long a round is past its term; None where it isn't. Pure."""
    if row.status not in OPEN or row.due_at is None or now < row.due_at:
        return None
    return now - row.due_at


def overdue_words(row: Rectification, now: datetime) -> str:
    """How long a round is past its term, in whole days; empty where it isn't. Pure."""
    by = overdue_by(row, now)
    if by is None:
        return ""
    return f"逾期 {by.days} 天" if by.days else "逾期不到 1 天"


def less_words(deducted: int) -> str:
    """How much a branch lost by a finding, in words. Pure."""
    return f"扣 {shown(deducted)} 分" if deducted else "不扣分"


def teaches(item: Item) -> Mapping[str, tuple[str, ...]]:
    """What is proposed for training: kind → codes. Pure."""
    taught = item.teaches
    return {name: getattr(taught, name) for name in ("cases", "templates", "lessons", "entries")}


def item_of(row: Rectification) -> Item:
    """The item of the sheet that a round is about."""
    sheet = assessment_stages.book_of(row.assessment).sheets[row.finding.item[0]]
    item = sheet.item(row.finding.item)
    if item is None:
        raise LookupError(row.finding.item)
    return item


async def find(ctx: Context, finding_id: int) -> Rectification:
    """One round that the caller may see.

    Raises:
        NotBound, NotFound.
    """
    row = await whole((await visible(ctx)).filter(id=finding_id)).first()
    if row is None:
        raise NotFound
    return row


async def chain(row: Rectification) -> list[Rectification]:
    """All rounds of the same finding, the first one first."""
    return await whole(Rectification.filter(finding_id=row.finding_id)).order_by("round")


async def plan(
    ctx: Context, *, finding_id: int, measure: str, kind: RectificationKind, owner_id: int | None = None
) -> Rectification:
    """The branch says who puts it right, how, and how soon; the term follows from the kind.

    Raises:
        NotBound, NotFound, NotAllowed, WrongState.
        BadInput: the owner isn't of this branch.
    """
    person = await require_person(ctx)
    measure = one_line(measure, longest=300, field="measure")
    async with in_transaction():
        row = await _of_own_branch(ctx, finding_id)
        _require_open(row)
        kept, owner = screenings.look_at(ctx, measure), owner_id or row.owner_id or person.id
        at_home = Person.filter(id=owner, organization_id=row.finding.branch_id, left_at=None)
        if owner != person.id and not await at_home.exists():
            raise BadInput(owner_id="责任人应是本支部名册里的同志，请重选")
        due_at = assessment_stages.mend_by(ctx, _terms(row), kind, since=row.begun_at or ctx.now())
        await _change(
            row,
            OPEN,
            status=RectificationStatus.UNDER_WAY,
            owner_id=owner,
            measure=kept.shown,
            kind=kind,
            due_at=due_at,
        )
        await _hold(ctx, row, kept, "measure")
        await audit.record(
            ctx, "finding.planned", f"finding:{row.finding_id}", round=row.round, owner=owner, kind=kind
        )
    return await find(ctx, finding_id)


async def train(ctx: Context, *, finding_id: int) -> Rectification:
    """The owner has gone through what teaches the item (业务培训); what it was is known from the sheet.

    Raises:
        NotBound, NotFound, NotAllowed, WrongState.
    """
    async with in_transaction():
        row = await _of_own_branch(ctx, finding_id)
        if row.trained_at is None:
            if row.status in DONE or row.assessment.signed_at is None:
                raise WrongState
            await _change(row, (row.status,), trained_at=ctx.now())
            await audit.record(ctx, "finding.trained", f"finding:{row.finding_id}", round=row.round)
            await _advance(ctx, row)
    return await find(ctx, finding_id)


async def prove(ctx: Context, *, finding_id: int, evidence: str) -> Rectification:
    """The branch says what shows that it was put right, and asks for acceptance (申请销号).

    Raises:
        NotBound, NotFound, NotAllowed, WrongState.
        BadInput: no evidence, or no measure was laid down before.
    """
    person = await require_person(ctx)
    evidence = one_line(evidence, longest=1000, field="evidence")
    async with in_transaction():
        row = await _of_own_branch(ctx, finding_id)
        _require_open(row)
        if not row.measure:
            raise BadInput(evidence="请先填写整改措施，再提交佐证")
        kept = screenings.look_at(ctx, evidence)
        await _change(
            row, OPEN, status=RectificationStatus.TO_TOWN, evidence=kept.shown, evidence_by_id=person.id,
            evidence_at=ctx.now(), town_by_id=None, town_at=None, district_by_id=None, district_at=None,
            accept_due_at=assessment_stages.working_days(ctx, _terms(row).working_days.acceptance),
        )  # fmt: skip
        await _hold(ctx, row, kept, "evidence")
        await audit.record(ctx, "finding.proved", f"finding:{row.finding_id}", round=row.round)
        await _advance(ctx, row)
    return await find(ctx, finding_id)


async def accept(ctx: Context, *, finding_id: int) -> Rectification:
    """An officer has looked and finds it put right: the town first, the district where it samples.

    Raises:
        NotBound, NotFound, NotAllowed, WrongState.
        OwnRectification: the caller owns or proved it, or accepted it for the town already.
        BadInput: its proof waits to be looked at, or may not be shown: nobody can judge by it.
    """
    person = await require_person(ctx)
    await require_officer(ctx)
    try:
        async with in_transaction():
            row = await _to_judge(ctx, finding_id)
            if row.evidence in NOT_SHOWN:
                raise BadInput(evidence="佐证的文字还在审核或不予显示，请审核后再验收，或退回支部改写")
            if row.status is RectificationStatus.TO_TOWN:
                await _accept_for_town(ctx, row, person)
            else:
                await _close(
                    ctx, row, person, RectificationStatus.TO_DISTRICT,
                    district_by_id=person.id, district_at=ctx.now(),
                )  # fmt: skip
            await _advance(ctx, row)
    except IntegrityError:  # What the checks above missed, the database refused.
        raise OwnRectification from None
    return await find(ctx, finding_id)


async def _accept_for_town(ctx: Context, row: Rectification, person: Person) -> None:
    terms, seed = _terms(row), row.assessment.cycle.seed
    chance = assessment_sample.percent(seed, f"finding:{row.finding_id}:{row.round}")
    accepted = {"town_by_id": person.id, "town_at": ctx.now()}
    if chance < terms.district_sample_percent:
        due_at = assessment_stages.working_days(ctx, terms.working_days.acceptance)
        await _change(
            row, (RectificationStatus.TO_TOWN,), status=RectificationStatus.TO_DISTRICT, district_sampled=1,
            accept_due_at=due_at, **accepted,
        )  # fmt: skip
        await audit.record(ctx, "finding.accepted_by_town", f"finding:{row.finding_id}", round=row.round)
        return
    await _close(ctx, row, person, RectificationStatus.TO_TOWN, **accepted)


async def _close(
    ctx: Context, row: Rectification, person: Person, before: RectificationStatus, **accepted: Any
) -> None:
    await _change(row, (before,), status=RectificationStatus.CLOSED, closed_at=ctx.now(), **accepted)
    await audit.record(
        ctx, "finding.closed", f"finding:{row.finding_id}", round=row.round, accepted_by=person.id
    )


async def send_back(ctx: Context, *, finding_id: int, reason: str) -> Rectification:
    """An officer has looked and finds it not put right (初验退回、抽验退回).

    Raises:
        NotBound, NotFound, NotAllowed, WrongState, OwnRectification, BadInput.
    """
    await require_officer(ctx)
    reason = one_line(reason, longest=300, field="reason")
    async with in_transaction():
        row = await _to_judge(ctx, finding_id)
        due_at = assessment_stages.mend_by(ctx, _terms(row), RectificationKind.AT_ONCE, since=ctx.now())
        late = row.due_at is None or row.due_at < due_at
        await _change(
            row, TO_ACCEPT, status=RectificationStatus.RETURNED, reason=reason, town_by_id=None, town_at=None,
            accept_due_at=None, due_at=due_at if late else row.due_at,
        )  # fmt: skip
        await audit.record(ctx, "finding.returned", f"finding:{row.finding_id}", round=row.round)
        held = await Assessment.get(id=row.assessment_id).select_related("cycle", "branch", "team")
        if held.stage is AssessmentStage.TO_ACCEPT:
            await assessment_stages.move(ctx, held, AssessmentStage.RECTIFYING, reason=f"验收退回：{reason}")
    return await find(ctx, finding_id)


async def ask_for_help(ctx: Context, *, finding_id: int, reason: str) -> Rectification:
    """The branch can't put it right by itself (需上级协调); the term goes on.

    Raises:
        NotBound, NotFound, NotAllowed, WrongState, BadInput.
    """
    reason = one_line(reason, longest=300, field="reason")
    async with in_transaction():
        row = await _of_own_branch(ctx, finding_id)
        _require_open(row)
        kept = screenings.look_at(ctx, reason)
        await _change(row, OPEN, status=RectificationStatus.NEEDS_HELP, reason=kept.shown)
        await _hold(ctx, row, kept, "reason")
        await audit.record(ctx, "finding.needs_help", f"finding:{row.finding_id}", round=row.round)
    return await find(ctx, finding_id)


async def object_to(ctx: Context, *, finding_id: int, text: str) -> Rectification:
    """The branch doesn't agree with a deduction (签收后 5 个工作日内). Once a round.

    Raises:
        NotBound, NotFound, NotAllowed, WrongState, BadInput.
        TooLateToObject: the term is over.
    """
    text = one_line(text, longest=500, field="text")
    async with in_transaction():
        row = await _of_own_branch(ctx, finding_id)
        if row.assessment.signed_at is None or row.objected_at is not None or row.status in DONE:
            raise WrongState
        terms = _terms(row).working_days
        until = assessment_stages.working_days(ctx, terms.objection, since=row.assessment.signed_at)
        if ctx.now() >= until:
            raise TooLateToObject
        answer_by = assessment_stages.working_days(ctx, terms.objection_answer)
        kept = screenings.look_at(ctx, text)
        await _change(
            row, (row.status,), objection=kept.shown, objected_at=ctx.now(), objection_due_at=answer_by
        )
        await _hold(ctx, row, kept, "objection")
        await audit.record(ctx, "finding.objected", f"finding:{row.finding_id}", round=row.round)
    return await find(ctx, finding_id)


async def answer_objection(ctx: Context, *, finding_id: int, upheld: bool, text: str) -> Rectification:
    """An officer answers an objection; one that is right takes the deduction back (不予认定).

    Raises:
        NotBound, NotFound, NotAllowed, WrongState, BadInput.
        OwnRectification: the caller assessed this branch, decided what it lost, or belongs to it.
    """
    person = await require_person(ctx)
    await require_officer(ctx)
    text = one_line(text, longest=500, field="text")
    async with in_transaction():
        row = await _held(ctx, finding_id)
        if not await is_officer_over(ctx, row.finding.branch):
            raise NotAllowed
        if person.id in await judged(row.assessment) or person.organization_id == row.finding.branch_id:
            raise OwnRectification
        if row.objected_at is None or row.answered_at is not None or row.status in DONE:
            raise WrongState
        if row.objection == screenings.STAND_IN:
            raise BadInput(text="异议的内容还在审核，请审核后再答复")
        said = {"objection_answer": text, "answered_by_id": person.id, "answered_at": ctx.now()}
        if upheld:
            await _change(row, (row.status,), status=RectificationStatus.NOT_UPHELD, **said)
            await _give_back(row)
        else:
            await _change(row, (row.status,), **said)
        await audit.record(
            ctx, "finding.objection_answered", f"finding:{row.finding_id}", round=row.round, upheld=upheld
        )
        await _advance(ctx, row)
    return await find(ctx, finding_id)


async def judged(assessment: Assessment) -> set[int]:
    """Who had a hand in what was deducted: both assessors, and the leader where the leader decided."""
    found = {assessment.assessor_id, assessment.other_id}
    if assessment.by_leader:
        found.add((await Team.get(id=assessment.team_id)).leader_id)
    return found


async def as_written(row: Rectification) -> Rectification:
    """A round for those who wrote in it: what is held back stands in it as it was written."""
    held = await screenings.held_texts(_place(row, column) for column in WRITTEN)
    for column in WRITTEN:
        if getattr(row, column) in NOT_SHOWN:
            setattr(row, column, held.get(_place(row, column), getattr(row, column)))
    return row


async def _hold(ctx: Context, row: Rectification, kept: screenings.Kept, column: str) -> None:
    """Keep a text of the branch back where it must be looked at first; what it replaces waits no longer."""
    await screenings.hold(ctx, kept, _place(row, column), path=row.finding.branch.path)


def _place(row: Rectification, column: str) -> str:
    """Where a text of a round belongs, as screenings.py names places."""
    return f"rectification:{row.id}:{column}"


async def _give_back(row: Rectification) -> None:
    mark = await ItemMark.get(assessment_id=row.assessment_id, item=row.finding.item)
    await ItemMark.filter(id=mark.id).update(deducted=0)
    assessment = await Assessment.get(id=row.assessment_id)
    await Assessment.filter(id=row.assessment_id).update(mark=(assessment.mark or 0) + mark.deducted)


async def _held(ctx: Context, finding_id: int) -> Rectification:
    """A round the caller may see, with its assessment kept until the transaction ends."""
    row = await find(ctx, finding_id)
    await assessment_stages.held(row.assessment_id)
    return await whole(Rectification.filter(id=finding_id)).get()


async def _of_own_branch(ctx: Context, finding_id: int) -> Rectification:
    person, row = await require_person(ctx), await _held(ctx, finding_id)
    if person.id != row.owner_id and not await assessments.works_for(person, row.finding.branch_id):
        raise NotAllowed
    return row


async def _to_judge(ctx: Context, finding_id: int) -> Rectification:
    person, row = await require_person(ctx), await _held(ctx, finding_id)
    if not await is_officer_over(ctx, row.finding.branch):
        raise NotAllowed
    if row.status not in TO_ACCEPT:
        raise WrongState
    if row.status is RectificationStatus.TO_DISTRICT and not await is_district_officer_over(
        ctx, row.finding.branch
    ):
        raise NotAllowed
    if person.id in (row.owner_id, row.evidence_by_id, row.town_by_id):
        raise OwnRectification
    return row


def _require_open(row: Rectification) -> None:
    if row.status not in OPEN or row.assessment.signed_at is None:
        raise WrongState


async def _change(row: Rectification, before: tuple[RectificationStatus, ...], **change: Any) -> None:
    """One step, if the round is still as it was read.

    Raises:
        WrongState: it isn't.
    """
    as_read = Rectification.filter(id=row.id, version=row.version, status__in=list(before))
    if not await as_read.update(version=row.version + 1, **change):
        raise WrongState


async def _advance(ctx: Context, row: Rectification) -> None:
    assessment = await Assessment.get(id=row.assessment_id).select_related("cycle", "branch", "team")
    await assessment_stages.advance(ctx, assessment)


def _terms(row: Rectification) -> Terms:
    return assessment_stages.book_of(row.assessment).terms
