"""The way of an assessment from stage to stage: each move with who, when and why, none skipped.

The conditions of the stages are those of 跟踪问效办法 一. People move it by doing the work.
"""

from datetime import datetime

from tortoise.expressions import F

from handlers import audit
from handlers.assessment_content import Book, Terms, kept_book
from handlers.context import Context
from handlers.errors import NotFound, WrongState
from handlers.lesson_calendar import told_days_off
from handlers.workdays import days_after, working_days_after
from models import (
    Assessment,
    AssessmentMove,
    AssessmentStage,
    Rectification,
    RectificationKind,
    RectificationStatus,
)
from models.assessments import LAST, MOVES
from models.findings import DONE, OPEN

WORDS = {
    AssessmentStage.PLANNED: "计划中",
    AssessmentStage.ASSESSING: "评估中",
    AssessmentStage.IN_REVIEW: "待复核",
    AssessmentStage.TO_FEED_BACK: "待反馈",
    AssessmentStage.FED_BACK: "已反馈",
    AssessmentStage.TRAINING: "培训中",
    AssessmentStage.RECTIFYING: "整改中",
    AssessmentStage.TO_ACCEPT: "待验收",
    AssessmentStage.ACCEPTED: "已验收",
    AssessmentStage.STOPPED: "中止",
}
AFTER_FEEDBACK = (AssessmentStage.TRAINING, AssessmentStage.RECTIFYING, AssessmentStage.TO_ACCEPT)
NEEDS_NO_TRAINING = (RectificationStatus.NOT_UPHELD, RectificationStatus.CARRIED)
LONGEST_REASON = 200
SIGNED = "支部签收，按问题提出培训建议"
TRAINED = "问题责任人都已到训"
PROVED = "全部问题已申请销号"
SETTLED = "全部问题已有结论"


async def held(assessment_id: int) -> Assessment:
    """The assessment, kept until the transaction ends, so that two acts on it come one after the other.

    Raises:
        NotFound.
    """
    if not await Assessment.filter(id=assessment_id).update(moves_made=F("moves_made")):
        raise NotFound
    return await Assessment.get(id=assessment_id).select_related("cycle", "branch", "team")


def book_of(assessment: Assessment) -> Book:
    """The sheets and terms its cycle was published with."""
    return kept_book(assessment.cycle.book)


def working_days(ctx: Context, count: int, *, since: datetime | None = None) -> datetime:
    """When a term of so many working days ends that begins now, or at `since`."""
    off = told_days_off(ctx.settings)
    return working_days_after(since or ctx.now(), count, zone=ctx.settings.zone, days_off=off)


def mend_by(ctx: Context, terms: Terms, kind: RectificationKind, *, since: datetime) -> datetime:
    """When a finding of this kind has to be mended if that begins at `since`; counted as the terms say."""
    count = getattr(terms.rectification_days, kind.value)
    if terms.rectification_counts == "working_days":
        return working_days(ctx, count, since=since)
    off = told_days_off(ctx.settings)
    return days_after(since, count, zone=ctx.settings.zone, rolls=terms.rolls_to_working_day, days_off=off)


async def move(ctx: Context, assessment: Assessment, after: AssessmentStage, *, reason: str) -> None:
    """One move, in the caller's transaction.

    Raises:
        WrongState: there is no such move, or somebody was quicker.
    """
    before = assessment.stage
    if (before, after) not in MOVES:
        raise WrongState
    sequence, due_at = assessment.moves_made + 1, await _due_at(ctx, assessment, after)
    as_read = Assessment.filter(id=assessment.id, stage=before, moves_made=assessment.moves_made)
    if not await as_read.update(stage=after, moves_made=sequence, due_at=due_at):
        raise WrongState
    assessment.stage, assessment.moves_made, assessment.due_at = after, sequence, due_at
    person = ctx.caller.person
    await AssessmentMove.create(
        assessment_id=assessment.id, sequence=sequence, before=before, after=after,
        person_id=person.id if person else None, reason=reason[:LONGEST_REASON], at=ctx.now(),
    )  # fmt: skip
    await audit.record(ctx, "assessment.moved", f"assessment:{assessment.id}", before=before, after=after)


async def advance(ctx: Context, assessment: Assessment) -> None:
    """Move on as far as what was done allows, one stage at a time; the assessment must be `held`."""
    while assessment.stage not in LAST and (step := await _next(assessment)) is not None:
        after, reason = step
        await move(ctx, assessment, after, reason=reason)


async def _next(assessment: Assessment) -> tuple[AssessmentStage, str] | None:
    if assessment.stage is AssessmentStage.FED_BACK:
        return AssessmentStage.TRAINING, SIGNED
    if assessment.stage not in (
        AssessmentStage.TRAINING,
        AssessmentStage.RECTIFYING,
        AssessmentStage.TO_ACCEPT,
    ):
        return None
    rows = await Rectification.filter(assessment_id=assessment.id)
    live = [row for row in rows if row.status not in NEEDS_NO_TRAINING]
    trained = all(row.trained_at is not None for row in live)
    if assessment.stage is AssessmentStage.TRAINING:
        return (AssessmentStage.RECTIFYING, TRAINED) if trained else None
    if assessment.stage is AssessmentStage.RECTIFYING:
        return (
            (AssessmentStage.TO_ACCEPT, PROVED)
            if trained and not any(row.status in OPEN for row in rows)
            else None
        )
    return (AssessmentStage.ACCEPTED, SETTLED) if all(row.status in DONE for row in rows) else None


async def _due_at(ctx: Context, assessment: Assessment, stage: AssessmentStage) -> datetime | None:
    """When the stage that begins now is to end; none where nothing waits."""
    terms = book_of(assessment).terms.working_days
    counts = {
        AssessmentStage.ASSESSING: terms.on_site,
        AssessmentStage.IN_REVIEW: terms.feedback,
        AssessmentStage.TRAINING: terms.training,
        AssessmentStage.TO_ACCEPT: terms.acceptance,
    }
    if stage in counts:
        return working_days(ctx, counts[stage])
    if stage is AssessmentStage.TO_FEED_BACK:  # Its term began with the review.
        return assessment.due_at
    if stage is AssessmentStage.RECTIFYING:
        rows = await Rectification.filter(assessment_id=assessment.id, status__in=OPEN)
        return max((row.due_at for row in rows if row.due_at is not None), default=None)
    return None
