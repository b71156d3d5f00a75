"""Quarters of a year. Pure."""

from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from handlers.workdays import midnight

MONTHS = 3


class Quarter(NamedTuple):
    """A quarter; they compare in the order of time."""

    year: int
    number: int

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """Its first moment."""
        return midnight(date(self.year, (self.number - 1) * MONTHS + 1, 1), zone)

    def before(self) -> "Quarter":
        """The quarter before it."""
        return Quarter(self.year - (self.number == 1), self.number - 1 or 4)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The first moment after it."""
        after = Quarter(self.year + self.number // 4, self.number % 4 + 1)
        return after.starts_at(zone)


def of(day: date) -> Quarter:
    """The quarter that a day lies in."""
    return Quarter(day.year, (day.month - 1) // MONTHS + 1)
