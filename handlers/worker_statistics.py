"""The dashboard and the quarter's bulletin: counts and ratios of units, never of a person."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tortoise.expressions import Q

from handlers import rotations, staffing
from handlers.access import officer_reach, within
from handlers.context import Context
from handlers.errors import BadInput
from handlers.training_attendance import year_of
from handlers.workdays import midnight
from models import (
    Filing,
    FilingKind,
    FilingStatus,
    Measure,
    MeasureStatus,
    Organization,
    OrganizationKind,
    Person,
    Placement,
    Role,
    StaffQuota,
    TrainingRecord,
)

FEWEST = 5
"""An average over fewer people would speak of one of them."""
QUARTER = re.compile(r"(20\d\d)Q([1-4])", re.ASCII)
DECIDED = (FilingStatus.APPROVED, FilingStatus.DONE)


@dataclass(frozen=True, slots=True)
class Ratio:
    """So many of so many; no percentage of nothing."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        """Rounded half up; None where there is nothing to divide by."""
        return (200 * self.part + self.whole) // (2 * self.whole) if self.whole else None


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """A unit's figures of a year. `hours_each` is null where too few people share it."""

    unit: str
    required: int | None
    on_post: int
    gap: int
    listed: bool
    filed: Ratio
    hours_each: int | None
    changes: int
    measures: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The units the caller may see, their sums, and how far the current round of rotations has come."""

    year: int
    units: list[UnitFigures]
    rotations: Ratio
    missing_towns: list[str]
    noted_towns: list[str]


@dataclass(frozen=True, slots=True)
class UnitBulletin:
    """What became of a unit's filings in a quarter."""

    unit: str
    approved: int
    returned: int
    refused: int
    waiting: int
    gap: int


async def dashboard(ctx: Context, *, year: int | None = None) -> Dashboard:
    """Figures per unit, for officers within their reach; about ten queries.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    year = year or ctx.now().year
    units = await _units(within(reach))
    figures = await _figures(ctx, units, year)
    whole = await rotations.participation(ctx)
    district = reach is None or Role.DISTRICT_OFFICER in reach.roles
    return Dashboard(
        year=year,
        units=figures,
        rotations=Ratio(whole.graduated, whole.towns) if whole is not None else Ratio(0, 0),
        missing_towns=whole.missing if whole is not None and district else [],
        noted_towns=await rotations.noted_towns(ctx) if district else [],
    )


async def bulletin(ctx: Context, *, quarter: str = "") -> tuple[str, list[UnitBulletin]]:
    """The filings of a quarter (the last one by default) per unit, within the reach of an officer.

    Raises:
        NotAllowed, BadInput: no such quarter.
    """
    reach = await officer_reach(ctx)
    name = quarter or last_quarter(ctx.now().date())
    since, until = days_of(name)
    units = await _units(within(reach))
    tops = {unit.path: unit for unit in units}
    counts: dict[int, Counter[FilingStatus]] = defaultdict(Counter)
    rows = Filing.filter(
        within(reach, below="unit__"), created_at__lt=midnight(until, ctx.settings.zone)
    ).select_related("unit")
    for row in await rows:
        unit = _top(tops, row.unit.path)
        if unit is not None and _counts(ctx, row, since, until):
            counts[unit.id][row.status] += 1
    quotas = {one.unit.id: one.gap for one in await staffing.list_units(ctx)}
    return name, [_bulletin(unit, counts[unit.id], quotas.get(unit.id, 0)) for unit in units]


def last_quarter(today: date) -> str:
    """The quarter before this one, as 2026Q3."""
    number = (today.month - 1) // 3
    return f"{today.year}Q{number}" if number else f"{today.year - 1}Q4"


def days_of(quarter: str) -> tuple[date, date]:
    """The first day of a quarter and of the next one.

    Raises:
        BadInput: no such quarter.
    """
    found = QUARTER.fullmatch(quarter)
    if found is None:
        raise BadInput(quarter="季度请写成 2026Q3 这样")
    year, number = int(found[1]), int(found[2])
    end = date(year + 1, 1, 1) if number == 4 else date(year, number * 3 + 1, 1)
    return date(year, number * 3 - 2, 1), end


def _counts(ctx: Context, row: Filing, since: date, until: date) -> bool:
    """Whether a filing belongs to a quarter: decided in it, or filed and still waiting."""
    at = row.decided_at or row.created_at
    return since <= at.astimezone(ctx.settings.zone).date() < until


def _bulletin(unit: Organization, counts: Counter[FilingStatus], gap: int) -> UnitBulletin:
    approved = sum(counts[status] for status in DECIDED)
    returned, refused = counts[FilingStatus.RETURNED], counts[FilingStatus.REFUSED]
    waiting = counts.total() - approved - returned - refused - counts[FilingStatus.WITHDRAWN]
    return UnitBulletin(unit.name, approved, returned, refused, waiting, gap)


async def _units(reached: Q) -> list[Organization]:
    """The committees (and other units with a quota or placements of their own) of a reach."""
    with_quota = [int(str(id_)) for id_ in await StaffQuota.all().values_list("unit_id", flat=True)]
    rows = Organization.filter(reached).order_by("code")
    return [row for row in await rows if row.kind is OrganizationKind.COMMITTEE or row.id in set(with_quota)]


async def _figures(ctx: Context, units: Sequence[Organization], year: int) -> list[UnitFigures]:
    tops = {unit.path: unit for unit in units}
    people = await _workers_of(tops)
    filed = await _filed(tops)
    hours = await _hours(ctx, {id_ for ids in people.values() for id_ in ids}, year)
    changes = await _changes(tops, year)
    measures = Counter(
        [row.unit_id for row in await Measure.filter(status__in=_IN_FORCE).only("id", "unit_id")]
    )
    quotas = {one.unit_id: one for one in await StaffQuota.all().select_related("unit")}
    shown = {one.unit.id: one for one in await staffing.figures(ctx, list(quotas.values()))}
    on_post = await staffing.counts([unit.id for unit in units])
    return [
        UnitFigures(
            unit=unit.name,
            required=shown[unit.id].required if unit.id in shown else None,
            on_post=on_post.get(unit.id, 0),
            gap=shown[unit.id].gap if unit.id in shown else 0,
            listed=unit.id in shown and shown[unit.id].listed,
            filed=Ratio(len(filed[unit.id] & people[unit.id]), len(people[unit.id])),
            hours_each=_each(sum(hours[id_] for id_ in people[unit.id]), len(people[unit.id])),
            changes=changes[unit.id],
            measures=measures[unit.id],
        )
        for unit in units
    ]


_IN_FORCE = (MeasureStatus.DELIVERED, MeasureStatus.RECTIFIED)


def _each(total: int, heads: int) -> int | None:
    return round(total / heads) if heads >= FEWEST else None


def _top(tops: dict[str, Organization], path: str) -> Organization | None:
    """The nearest unit at or above a path."""
    return next((tops[path[:end]] for end in range(len(path), 3, -4) if path[:end] in tops), None)


async def _workers_of(tops: dict[str, Organization]) -> dict[int, set[int]]:
    """Who is to be filed: everybody the roster calls a full-time worker, by unit."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = Person.filter(is_worker=True, left_at=None).values_list("id", "organization__path")
    for id_, path in await rows:
        unit = _top(tops, str(path))
        if unit is not None:
            found[unit.id].add(int(id_))
    return found


async def _filed(tops: dict[str, Organization]) -> dict[int, set[int]]:
    """Who is filed: on post, with a filing number; by the unit of the roster."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = Placement.filter(ended_on__isnull=True, worker__filing_no__isnull=False)
    for id_, path in await rows.values_list("worker__person_id", "worker__person__organization__path"):
        unit = _top(tops, str(path))
        if unit is not None:
            found[unit.id].add(int(id_))
    return found


async def _hours(ctx: Context, person_ids: set[int], year: int) -> Counter[int]:
    hours: Counter[int] = Counter()
    since, until = year_of(ctx, year)
    rows = TrainingRecord.filter(training__starts_at__gte=since, training__starts_at__lt=until)
    for person_id, count in await rows.values_list("person_id", "hours"):
        if int(person_id) in person_ids:
            hours[int(person_id)] += int(count)
    return hours


async def _changes(tops: dict[str, Organization], year: int) -> Counter[int]:
    """Changes that took effect in a year."""
    counts: Counter[int] = Counter()
    rows = Filing.filter(
        status=FilingStatus.DONE, effective_on__gte=date(year, 1, 1), effective_on__lt=date(year + 1, 1, 1)
    ).exclude(kind=FilingKind.APPOINT)
    for row in await rows.select_related("unit"):
        unit = _top(tops, row.unit.path)
        if unit is not None:
            counts[unit.id] += 1
    return counts
