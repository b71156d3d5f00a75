"""What a caller may do with a finding right now: for a page that shows no button that would only be refused.

This decides nothing: the use-cases in findings.py do, whatever a page shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from handlers import assessment_stages, assessments, findings
from handlers.accounts import require_person
from handlers.assessment_access import is_district_officer_over, is_officer_over
from handlers.context import Context
from models import Person, Rectification, RectificationKind, RectificationStatus
from models.findings import DONE, OPEN


@dataclass(frozen=True, slots=True)
class Steps:
    """A round, all rounds of its finding, and what is open to the caller.

    `terms` says by when each kind must be done; `owners` who may be in charge; `object_until` is set while
    the branch may object; `own_hand` where somebody else must judge.
    """

    row: Rectification
    rounds: Sequence[Rectification]
    for_branch: bool = False
    may_work: bool = False
    may_judge: bool = False
    may_answer: bool = False
    own_hand: bool = False
    object_until: datetime | None = None
    terms: Mapping[RectificationKind, datetime] = field(default_factory=dict)
    owners: Sequence[Person] = ()


async def look(ctx: Context, *, finding_id: int) -> Steps:
    """A round and what the caller may do with it.

    Raises:
        NotBound, NotFound.
    """
    person, row = await require_person(ctx), await findings.find(ctx, finding_id)
    rounds = await findings.chain(row)
    for_branch = person.id == row.owner_id or await assessments.works_for(person, row.finding.branch_id)
    if for_branch:
        row = await findings.as_written(row)
    over, district = await is_officer_over(ctx, row.finding.branch), False
    if row.status is RectificationStatus.TO_DISTRICT:
        district = await is_district_officer_over(ctx, row.finding.branch)
    judged = over and (
        row.status is RectificationStatus.TO_TOWN
        or (row.status is RectificationStatus.TO_DISTRICT and district)
    )
    looked = person.id in await findings.judged(row.assessment)
    waits = row.objected_at is not None and row.answered_at is None and row.status not in DONE
    may_work = for_branch and row.status in OPEN and row.assessment.signed_at is not None
    return Steps(
        row, rounds, for_branch, may_work,
        may_judge=judged and person.id not in (row.owner_id, row.evidence_by_id, row.town_by_id),
        may_answer=over and waits and not looked and person.organization_id != row.finding.branch_id,
        own_hand=judged and person.id in (row.owner_id, row.evidence_by_id, row.town_by_id),
        object_until=_object_until(ctx, row) if for_branch else None,
        terms=_terms(ctx, row) if may_work else {},
        owners=await _owners(row) if may_work else (),
    )  # fmt: skip


def _object_until(ctx: Context, row: Rectification) -> datetime | None:
    signed_at = row.assessment.signed_at
    if signed_at is None or row.objected_at is not None or row.status in DONE:
        return None
    terms = assessment_stages.book_of(row.assessment).terms.working_days
    until = assessment_stages.working_days(ctx, terms.objection, since=signed_at)
    return until if ctx.now() < until else None


def _terms(ctx: Context, row: Rectification) -> dict[RectificationKind, datetime]:
    terms = assessment_stages.book_of(row.assessment).terms
    return {
        kind: assessment_stages.mend_by(ctx, terms, kind, since=row.begun_at or ctx.now())
        for kind in RectificationKind
    }


async def _owners(row: Rectification) -> list[Person]:
    """Who may be in charge: the branch's people, and whoever is already."""
    people = await Person.filter(organization_id=row.finding.branch_id, left_at=None).order_by("name", "id")
    others = [row.owner] if row.owner is not None and row.owner_id not in {one.id for one in people} else []
    return [*others, *people]
