"""What was paid in a quarter, by site and by branch: for everybody to read, and without anybody's name."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from handlers import quarters
from handlers.context import Context
from models import Payment


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid for the visits to one site, or of one branch; `amount` is fen."""

    name: str
    visits: int
    amount: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A quarter. Both lists come to the same sums."""

    year: int
    quarter: int
    visits: int
    amount: int
    sites: list[Paid]
    branches: list[Paid]


async def summary(ctx: Context, *, year: int | None = None, quarter: int | None = None) -> Summary:
    """The payments of a quarter, this one by default. One query."""
    now = quarters.of(ctx.now().date())
    wanted = quarters.Quarter(year or now.year, quarter or now.number)
    zone = ctx.settings.zone
    paid = Payment.filter(at__gte=wanted.starts_at(zone), at__lt=wanted.ends_at(zone))
    rows = await paid.select_related("booking__slot__site", "booking__branch")
    return Summary(
        year=wanted.year,
        quarter=wanted.number,
        visits=len(rows),
        amount=sum(row.amount for row in rows),
        sites=_by(rows, lambda row: (row.booking.slot.site.id, row.booking.slot.site.name)),
        branches=_by(rows, lambda row: (row.booking.branch.path, row.booking.branch.name)),
    )


def _by(rows: Iterable[Payment], key: Callable[[Payment], tuple[str, str]]) -> list[Paid]:
    """Sums by a key and its name, in the key's order: a list of what was paid, and no ranking."""
    grouped: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        grouped[key(row)].append(row.amount)
    return [Paid(name, len(amounts), sum(amounts)) for (_, name), amounts in sorted(grouped.items())]
