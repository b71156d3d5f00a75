"""What waits for somebody in the assessment, for 待办: also what no message could tell them."""

from datetime import timedelta

from tortoise.expressions import Q

from handlers import cycles, weak_branches
from handlers.accounts import require_person
from handlers.assessment_access import officer_paths, own_branches
from handlers.context import Context
from models import Assessment, AssessmentStage, AssessorMark, Rectification
from models.findings import OPEN


async def mine(ctx: Context) -> dict[str, int]:
    """Counts of what waits for the caller; zeros are left out.

    Raises:
        NotBound.
    """
    person = await require_person(ctx)
    soon = ctx.now() + timedelta(days=cycles.current_book(ctx).terms.due_soon_days)
    own = await own_branches(ctx)
    due = Rectification.filter(
        Q(owner_id=person.id) | Q(finding__branch_id__in=own), status__in=OPEN, due_at__lte=soon
    )
    found = {
        "results_to_sign": await _to_sign(own) if own else 0,
        "findings_due": await due.count(),
        "findings_to_accept": await _to_accept(ctx),
        "branches_to_assess": await _to_assess(person.id),
        "weak_branches_due": await weak_branches.due_for(ctx, person, own),
    }
    return {name: count for name, count in found.items() if count}


async def _to_sign(own: list[int]) -> int:
    waiting = Assessment.filter(
        branch_id__in=own, stage=AssessmentStage.TO_FEED_BACK, delivered_at__not_isnull=True
    )
    return await waiting.count()


async def _to_accept(ctx: Context) -> int:
    paths = await officer_paths(ctx)
    if not paths:
        return 0
    below = Q(*(Q(finding__branch__path__startswith=path) for path in paths), join_type=Q.OR)
    return await Rectification.filter(below, status__in=["to_town", "to_district"]).count()


async def _to_assess(person_id: int) -> int:
    given = Assessment.filter(
        Q(assessor_id=person_id) | Q(other_id=person_id), stage=AssessmentStage.ASSESSING
    )
    ids = [row.id for row in await given.only("id")]
    if not ids:
        return 0
    done = await AssessorMark.filter(assessment_id__in=ids, assessor_id=person_id).distinct().values_list(
        "assessment_id", flat=True
    )  # fmt: skip
    return len(ids) - len(set(done))
