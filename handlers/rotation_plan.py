"""Which town rotates in which month: a whole round, always the same for the same start. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

LEAST_STAY = timedelta(days=28)
"""A calendar month is 28 to 31 days; nobody graduates sooner after arriving."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A town's month, and its place among those of that month, from 1."""

    unit_id: int
    month: date
    place: int


def plan(unit_ids: Sequence[int], *, first_month: date, per_month: int = 1) -> list[Turn]:
    """One turn for each town, in the order given, month after month.

    With 13 towns a round lasts 13 months, so that each round a town's turn falls a month later in the year:
    nobody always has the same season.
    """
    start = first_month.replace(day=1)
    return [
        Turn(unit_id, months_after(start, number // per_month), number % per_month + 1)
        for number, unit_id in enumerate(unit_ids)
    ]


def months_after(month: date, count: int) -> date:
    """The first day of the month that many months on (or, below 0, back)."""
    year, at = divmod(month.year * 12 + month.month - 1 + count, 12)
    return date(year, at + 1, 1)


def last_day(month: date) -> date:
    """The last day of a month."""
    return months_after(month.replace(day=1), 1) - timedelta(days=1)


def deadline(month: date, *, day: int) -> date:
    """A day of the month before."""
    return months_after(month.replace(day=1), -1).replace(day=day)


def earliest_end(arrived_on: date, month: date) -> date:
    """The first day on which somebody may graduate: the month is over, or four weeks after arriving if later.

    Who comes on the first of the month is through on its last day, in February too.
    """
    whole = last_day(month)
    return whole if arrived_on <= month.replace(day=1) else max(whole, arrived_on + LEAST_STAY)
