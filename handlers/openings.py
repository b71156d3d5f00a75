"""When a site is open: its rules, public holidays and make-up working days become slots. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

import chinese_calendar
from pydantic import BaseModel, ConfigDict, Field, model_validator

from handlers import workdays

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

IN_CHINESE = "一二三四五六日"
SPECIAL_DAYS_SHOWN = timedelta(days=30)


class DayKind(StrEnum):
    """What the State Council's yearly notice makes of a day."""

    PLAIN = "plain"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


class Span(BaseModel):
    """From here to there, in slots of so many minutes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opens: time
    closes: time
    slot_minutes: int = Field(ge=15, le=720)

    @model_validator(mode="after")
    def _one_slot_at_least(self) -> "Span":
        if not list(cut(self, date(2000, 1, 1), ZoneInfo("UTC"))):
            raise ValueError("no slot fits between opens and closes")
        return self


class Hours(Span):
    """One rule: on these weekdays, these hours."""

    days: tuple[Weekday, ...] = Field(min_length=1)


def cut(span: Span, day: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """The slots of a span on `day`; a last piece shorter than a slot stays free."""
    length = timedelta(minutes=span.slot_minutes)
    starts_at = datetime.combine(day, span.opens, zone)
    while starts_at + length <= datetime.combine(day, span.closes, zone):
        yield starts_at, starts_at + length
        starts_at += length


class SpecialDay(BaseModel):
    """A day on which the site is closed, or open at these hours only, whatever the rules say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    hours: tuple[Span, ...] = ()


class Opening(BaseModel):
    """A site's opening rules, as they are kept in `Site.opening`.

    An exception without hours is a closed day, one with hours an extra or a different one; it goes
    before public holidays and make-up days.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: tuple[Hours, ...]
    open_on_holidays: bool = False
    exceptions: tuple[SpecialDay, ...] = ()

    def slots(self, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
        """Start and end of every slot of `day`, in order."""
        for exception in self.exceptions:
            if exception.day == day:
                return _apart(slot for span in exception.hours for slot in cut(span, day, zone))
        kind = day_kind(day)
        if kind is DayKind.HOLIDAY and not self.open_on_holidays:
            return []
        # People work on a make-up day as on a Friday, whatever weekday it is.
        weekday = "fri" if kind is DayKind.MAKE_UP else WEEKDAYS[day.weekday()]
        return _apart(slot for rule in self.hours if weekday in rule.days for slot in cut(rule, day, zone))

    def with_closed(self, days: Iterable[date]) -> "Opening":
        """The same rules, closed on these days."""
        closed = {day: SpecialDay(day=day) for day in days}
        kept = [special for special in self.exceptions if special.day not in closed]
        exceptions = sorted([*kept, *closed.values()], key=lambda special: special.day)
        return self.model_copy(update={"exceptions": tuple(exceptions)})


def in_words(opening: Opening, today: date) -> list[str]:
    """The rules as people say them, and the days ahead on which they don't hold."""
    said = [f"{days_in_words(rule.days)} {span_in_words(rule)}" for rule in opening.hours]
    if opening.hours and not opening.open_on_holidays:
        said.append("法定节假日不开放")
    for special in opening.exceptions:
        if today <= special.day <= today + SPECIAL_DAYS_SHOWN:
            hours = "、".join(map(span_in_words, special.hours)) or "不开放"
            said.append(f"{special.day.month}月{special.day.day}日{hours}")
    return said


def days_in_words(days: Iterable[Weekday]) -> str:
    """周二至周日, 周一、周三, 每天."""
    numbers = sorted({WEEKDAYS.index(day) for day in days})
    if len(numbers) == len(WEEKDAYS):
        return "每天"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"周{IN_CHINESE[numbers[0]]}至周{IN_CHINESE[numbers[-1]]}"
    return "、".join(f"周{IN_CHINESE[number]}" for number in numbers)


def span_in_words(span: Span) -> str:
    """8:30—17:00."""
    return f"{span.opens.hour}:{span.opens:%M}—{span.closes.hour}:{span.closes:%M}"


def _apart(slots: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """In order; where two rules overlap, the slot that begins first stands."""
    apart: list[tuple[datetime, datetime]] = []
    for slot in sorted(slots):
        if not apart or slot[0] >= apart[-1][1]:
            apart.append(slot)
    return apart


def day_kind(day: date) -> DayKind:
    """Whether `day` is a public holiday or a make-up working day (调休).

    The notice for a year appears in the November before; until it is known, only the holidays that
    the law itself dates are.
    """
    try:
        rests, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return DayKind.HOLIDAY if (day.month, day.day) in workdays.FIXED else DayKind.PLAIN
    if name is None:
        return DayKind.PLAIN
    return DayKind.HOLIDAY if rests else DayKind.MAKE_UP
