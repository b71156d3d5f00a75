"""How many full-time workers units should have and have, since when they lack some, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tortoise.functions import Count
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.access import officer_reach, within
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from handlers.lines import one_line
from handlers.worker_rules import require_district
from models import Organization, Placement, StaffQuota

MOST_REQUIRED = 500
LONGEST_BASIS = 120


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A post that stands empty; `left_on` is null where nobody ever held it. `due_on` counts from then."""

    left_on: date | None
    due_on: date
    post: str


@dataclass(frozen=True, slots=True)
class UnitStaffing:
    """A unit's figures. `listed` says that the gap has lasted longer than the district allows."""

    unit: Organization
    required: int
    on_post: int
    basis: str
    gap_since: date | None
    listed: bool
    vacancies: list[Vacancy]

    @property
    def gap(self) -> int:
        """How many are lacking; never below 0."""
        return max(0, self.required - self.on_post)


async def keep(ctx: Context, *, unit_id: int, required: int, basis: str = "") -> UnitStaffing:
    """The district says how many a unit should have.

    Raises:
        NotAllowed, NotFound, BadInput.
    """
    await require_district(ctx)
    if not 0 <= required <= MOST_REQUIRED:
        raise BadInput(required=f"应配数应在 0 到 {MOST_REQUIRED} 之间")
    line = one_line(basis, longest=LONGEST_BASIS, field="basis", required=False)
    unit = await Organization.get_or_none(id=unit_id)
    if unit is None:
        raise NotFound
    async with in_transaction():
        await StaffQuota.bulk_create([StaffQuota(unit_id=unit_id, required=required)], ignore_conflicts=True)
        await StaffQuota.filter(unit_id=unit_id).update(required=required, basis=line)
        await audit.record(ctx, "staff_quota.kept", f"organization:{unit_id}", required=required)
        await recount(ctx, unit_id=unit_id)
    (shown,) = await figures(ctx, [await StaffQuota.get(unit_id=unit_id).select_related("unit")])
    return shown


async def list_units(ctx: Context) -> list[UnitStaffing]:
    """The units of the caller's reach that have a quota; for officers.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    rows = StaffQuota.filter(within(reach, below="unit__")).order_by("unit__code")
    return await figures(ctx, await rows.select_related("unit"))


async def recount(ctx: Context, *, unit_id: int) -> None:
    """Note since when a unit lacks workers, or that it doesn't; in the caller's transaction."""
    quota = await StaffQuota.get_or_none(unit_id=unit_id)
    if quota is None:
        return
    on_post = await Placement.filter(unit_id=unit_id, ended_on__isnull=True, full_time=True).count()
    lacking = StaffQuota.filter(id=quota.id)
    if on_post >= quota.required:
        await lacking.update(gap_since=None)
    else:
        await lacking.filter(gap_since__isnull=True).update(gap_since=ctx.now().date())


async def figures(ctx: Context, quotas: Sequence[StaffQuota]) -> list[UnitStaffing]:
    """Quotas (with their units) and what is there; two queries."""
    ids, today = [quota.unit_id for quota in quotas], ctx.now().date()
    on_post = await counts(ids)
    ended = Placement.filter(unit_id__in=ids, full_time=True, ended_on__isnull=False)
    left = await ended.order_by("-ended_on", "-id")
    found = []
    for quota in quotas:
        gap = max(0, quota.required - on_post.get(quota.unit_id, 0))
        gone = [one for one in left if one.unit_id == quota.unit_id]
        days = ctx.settings.staff_vacancy_days
        found.append(
            UnitStaffing(
                quota.unit, quota.required, on_post.get(quota.unit_id, 0), quota.basis, quota.gap_since,
                is_listed(quota.gap_since, today, days=ctx.settings.staff_gap_days),
                vacancies(gap, gone, since=quota.gap_since or today, days=days),
            )
        )  # fmt: skip
    return found


async def counts(unit_ids: Sequence[int]) -> dict[int, int]:
    """Full-time workers on post in each of these units; one query."""
    on_post = Placement.filter(unit_id__in=list(unit_ids), ended_on__isnull=True, full_time=True)
    rows = await on_post.annotate(heads=Count("id")).group_by("unit_id").values_list("unit_id", "heads")
    return {int(unit): int(heads) for unit, heads in rows}


def is_listed(gap_since: date | None, today: date, *, days: int) -> bool:
    """Whether a gap has lasted more than so many days. Pure."""
    return gap_since is not None and (today - gap_since).days > days


def vacancies(gap: int, gone: Sequence[Placement], *, since: date, days: int) -> list[Vacancy]:
    """The posts that stand empty: those left last first, then those never held. Pure.

    `gone` are the unit's ended full-time placements, the last one first.
    """
    left = [
        Vacancy(one.ended_on, one.ended_on + timedelta(days=days), one.post)
        for one in gone[:gap]
        if one.ended_on is not None
    ]
    return left + [Vacancy(None, since + timedelta(days=days), "")] * (gap - len(left))
