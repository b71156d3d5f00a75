"""How sites are used, by week, category and town: visits and heads, never persons, and the funds spent."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from tortoise.functions import Count

from handlers import access, funds, site_use, spreadsheets
from handlers.access import OFFICERS
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed
from handlers.question_statistics import MOST_WEEKS, SMALLEST_SHOWN, WEEKS, iso_week
from handlers.site_use import OneSite, SiteUse
from handlers.spreadsheets import Column, Sheet
from handlers.workdays import midnight
from models import Booking, BookingStatus, CheckIn, Fund, SiteCategory

ENDED = (BookingStatus.FULFILLED, BookingStatus.MISSED)
CATEGORY_WORDS = {
    SiteCategory.RURAL: "农村党建",
    SiteCategory.URBAN: "城市党建",
    SiteCategory.NEW: "“两新”党建",
    SiteCategory.MIX: "党建综合",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """One visit that is over: where it was, in which week, whether anybody came, and how many."""

    week: str
    category: SiteCategory
    town: str
    came: bool
    heads: int
    booking_id: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """A cell. `heads` is null where so few came that they could be known; so is the share of few visits."""

    week: str
    category: SiteCategory
    town: str
    visits: int
    missed: int
    heads: int | None
    missed_share: float | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """The cells, what they come to together, the use of the sites, and the funds of those years.

    `heads` sums the cells' own.
    """

    cells: list[Use]
    visits: int
    missed: int
    heads: int
    missed_share: float | None
    funds: list[Fund]
    use: SiteUse | None = None
    sites: list[OneSite] = field(default_factory=list)


async def collect(ctx: Context, *, since: date | None = None, until: date | None = None) -> Statistics:
    """The weeks that these days lie in, for the sites a caller keeps or stands above; twelve by default.

    Raises:
        NotBound, NotAllowed: the caller keeps no site and is no officer.
        BadInput: more than a year, or an end before its beginning.
    """
    await require_person(ctx)
    reach = await access.reach(ctx)
    is_officer = bool(reach.roles & OFFICERS)
    if not (reach.site_ids or is_officer):
        raise NotAllowed
    first, last = period(since, until, today=ctx.now().date())
    rows = await _ended(ctx, reach.site_ids, first, last)
    years = {first.year, last.year}
    seen = [fund for fund in await funds.list_funds(ctx) if fund.year in years] if is_officer else []
    use = await site_use.count(
        ctx, site_ids=reach.site_ids, first=first, last=last, hidden=hidden_visits(rows)
    )
    each = await site_use.by_site(ctx, site_ids=reach.site_ids, first=first, last=last)
    return replace(sum_up(rows, seen), use=use, sites=each)


async def export(ctx: Context, *, since: date | None = None, until: date | None = None) -> bytes:
    """The same as an Excel sheet."""
    found = await collect(ctx, since=since, until=until)
    return await asyncio.to_thread(write, found)


def period(since: date | None, until: date | None, *, today: date) -> tuple[date, date]:
    """The first Monday and the last Sunday.

    Raises:
        BadInput: more than a year, or an end before its beginning.
    """
    until = until or today
    since = since or until - timedelta(weeks=WEEKS - 1)
    monday, last = since - timedelta(days=since.weekday()), until - timedelta(days=until.weekday())
    if since > until or last - monday >= timedelta(weeks=MOST_WEEKS):
        raise BadInput(**{"from": "请选一年以内的时间，开始不晚于结束"})
    return monday, last + timedelta(days=6)


def sum_up(rows: Iterable[Ended], seen: Sequence[Fund] = ()) -> Statistics:
    """Cells from visits; pure."""
    grouped = _grouped(rows)
    cells = [_cell(grouped[key]) for key in sorted(grouped)]
    visits, missed = sum(cell.visits for cell in cells), sum(cell.missed for cell in cells)
    heads = sum(cell.heads or 0 for cell in cells)
    return Statistics(cells, visits, missed, heads, _share(missed, visits + missed), list(seen))


def hidden_visits(rows: Iterable[Ended]) -> list[int]:
    """The visits of cells whose heads aren't shown; pure."""
    cells = _grouped(rows).values()
    return [row.booking_id for cell in cells if _cell(cell).heads is None for row in cell]


def write(found: Statistics) -> bytes:
    """The sheet of these numbers; what is too small to be shown stays empty."""
    columns = (
        Column("周", 12),
        Column("镇街", 16),
        Column("类别", 14),
        Column("到访次数", 10, found.visits),
        Column("爽约次数", 10, found.missed),
        Column("到场人次", 10, found.heads),
        Column("爽约率", 10),
    )
    lines = [
        [
            cell.week,
            cell.town,
            CATEGORY_WORDS[cell.category],
            cell.visits,
            cell.missed,
            cell.heads,
            cell.missed_share,
        ]
        for cell in found.cells
    ]
    return spreadsheets.write("阵地使用", columns, lines, [_use_sheet(found)])


def _use_sheet(found: Statistics) -> Sheet:
    """使用率 site by site; below them what they come to, with branches and people counted once."""
    columns = (
        Column("阵地", 32), Column("可约时段", 10), Column("已用时段", 10), Column("使用率", 10),
        Column("覆盖党支部", 12), Column("到场人数（去重）", 18),
    )  # fmt: skip
    rows: list[list[Any]] = [
        [one.name, one.bookable_slots, one.used_slots, one.used_share, one.branches] for one in found.sites
    ]
    if (all_ := found.use) is not None:
        rows.append(
            [
                "合计（去重）",
                all_.bookable_slots,
                all_.used_slots,
                all_.used_share,
                all_.branches,
                all_.people,
            ]
        )
    return Sheet("使用率", columns, rows)


def _grouped(rows: Iterable[Ended]) -> dict[tuple[str, str, SiteCategory], list[Ended]]:
    grouped: dict[tuple[str, str, SiteCategory], list[Ended]] = defaultdict(list)
    for row in rows:
        grouped[row.week, row.town, row.category].append(row)
    return grouped


def _cell(rows: Sequence[Ended]) -> Use:
    visits = sum(row.came for row in rows)
    heads = sum(row.heads for row in rows)
    return Use(
        week=rows[0].week,
        category=rows[0].category,
        town=rows[0].town,
        visits=visits,
        missed=len(rows) - visits,
        heads=heads if heads == 0 or heads >= SMALLEST_SHOWN else None,
        missed_share=_share(len(rows) - visits, len(rows)),
    )


def _share(missed: int, all_: int) -> float | None:
    return round(missed / all_, 4) if all_ >= SMALLEST_SHOWN else None


async def _ended(ctx: Context, site_ids: Iterable[str], first: date, last: date) -> list[Ended]:
    zone = ctx.settings.zone
    conditions = {
        "status__in": list(ENDED),
        "slot__site_id__in": list(site_ids),
        "slot__starts_at__gte": midnight(first, zone),
        "slot__starts_at__lt": midnight(last + timedelta(days=1), zone),
    }
    rows = await Booking.filter(**conditions).select_related("slot__site")
    came = CheckIn.filter(**{f"booking__{name}": value for name, value in conditions.items()})
    counts = await came.annotate(heads=Count("id")).group_by("booking_id").values("booking_id", "heads")
    heads = {row["booking_id"]: row["heads"] for row in counts}
    return [
        Ended(
            week=iso_week(row.slot.starts_at.astimezone(zone).date()),
            category=row.slot.site.category,
            town=row.slot.site.town,
            came=row.status is BookingStatus.FULFILLED,
            heads=heads.get(row.id, 0),
            booking_id=row.id,
        )
        for row in rows
    ]
