"""The quarter ahead: which lesson stands on which Friday, and by what it will reach how many."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tortoise.functions import Count
from tortoise.transactions import in_transaction

from handlers import audit, lesson_calendar
from handlers.context import Context
from handlers.lesson_articles import note_of
from handlers.lesson_calendar import Turn
from handlers.lesson_plan import (
    COUNTED,
    audience,
    month_of,
    sent_by_hand,
    template_of,
)
from handlers.lesson_push import CHANNELS
from handlers.locks import hold
from models import SINGLE, Channel, Consent, Delivery, DeliveryStatus, Lesson, LessonWeek

log = logging.getLogger(__name__)

WEEKS_AHEAD = 13
"""A quarter."""

Histogram = dict[int, int]
"""How many recipients have had so many mass messages in a month."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """One Friday to come: what goes out when, to how many by which channel, and why in Chinese.

    `code` is empty where the Friday passes its lesson on. Figures of a Friday that isn't planned yet
    are estimates.
    """

    friday: date
    sends_at: datetime | None
    code: str = ""
    title: str = ""
    lesson_id: int | None = None
    pinned: bool = False
    is_planned: bool = False
    channels: dict[Channel, int] = field(default_factory=dict)
    failed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def reached(self) -> str:
        """To how many by which channel, and to how many it couldn't be sent, in Chinese."""
        told = [f"{CHANNELS[channel]} {count} 人" for channel, count in self.channels.items()]
        if self.failed:
            told.append(f"没发成 {self.failed} 人")
        return "，".join(told) or "还没有收课人"

    @property
    def lines(self) -> list[str]:
        """The Friday in Chinese: what goes out when and to whom, then the reasons."""
        if self.sends_at is None:
            return [f"{self.friday}　不推送", *self.notes]
        state = "已计划" if self.is_planned else "预计"
        when = f"{self.sends_at:%m月%d日 %H:%M} 发出"
        return [f"{self.friday}《{self.title}》{when}；{state}：{self.reached}", *self.notes]


def coming(ctx: Context) -> list[Turn]:
    """The Fridays of the quarter ahead."""
    settings = ctx.settings
    return lesson_calendar.turns(
        ctx.now().astimezone(settings.zone).date(),
        weeks=WEEKS_AHEAD,
        rule=settings.lesson_holidays,
        days_off=lesson_calendar.told_days_off(settings),
    )


async def arrange(ctx: Context) -> int:
    """Put lessons on the coming Fridays, in the order of the course; how many Fridays changed.

    What is planned already and what staff put somewhere stays. Doing it again changes nothing, unless
    holidays, the course or the settings did.
    """
    async with in_transaction() as connection:
        await hold(connection, "course")
        wanted = await _wanted(ctx)
        changed = 0
        ahead = LessonWeek.filter(sends_at__gt=ctx.now(), planned_at__isnull=True, pinned=False)
        for week in await ahead:
            if week.friday not in wanted:
                await week.delete()
                changed += 1
        for friday, (lesson, when) in wanted.items():
            changed += await _put(friday, lesson, when)
        if changed:
            await audit.record(ctx, "course.arranged", "course:lessons", changed=changed)
    for year in lesson_calendar.unknown_years(ctx.now().date(), weeks=WEEKS_AHEAD):
        log.warning("holidays_unknown year=%s", year)
    return changed


async def _put(friday: date, lesson: Lesson, when: datetime) -> bool:
    """Have this lesson on that Friday; whether that is new."""
    week = await LessonWeek.get_or_none(friday=friday)
    if week is None:
        await LessonWeek.create(friday=friday, lesson=lesson, sends_at=when)
    elif (week.lesson_id, week.sends_at) == (lesson.id, when):
        return False
    else:
        await LessonWeek.filter(friday=friday).update(lesson_id=lesson.id, sends_at=when)
    return True


async def _wanted(ctx: Context) -> dict[date, tuple[Lesson, datetime]]:
    """What should stand on the Fridays that are still open."""
    lessons = await Lesson.filter(withdrawn_at__isnull=True).order_by("code")
    settings, now = ctx.settings, ctx.now()
    weeks = {week.friday: week for week in await LessonWeek.all().select_related("lesson")}
    fixed = {
        friday for friday, week in weeks.items() if week.pinned or week.planned_at or week.sends_at <= now
    }
    done = [week for friday, week in sorted(weeks.items()) if friday in fixed and not week.pinned]
    last = done[-1].lesson.code if done else ""
    pinned = {week.lesson_id for friday, week in weeks.items() if week.pinned and week.sends_at > now}
    in_turn = [lesson for lesson in lessons if lesson.id not in pinned] or lessons
    wanted: dict[date, tuple[Lesson, datetime]] = {}
    for one in coming(ctx):
        if one.day is None or one.friday in fixed or not in_turn:
            continue
        when = lesson_calendar.sends_at(one.day, clock=settings.lesson_time, zone=settings.zone)
        if when <= now and one.friday not in weeks and now - when > timedelta(days=1):
            continue  # Its day was before this Friday and is over.
        lesson = next((lesson for lesson in in_turn if lesson.code > last), in_turn[0])
        wanted[one.friday], last = (lesson, when), lesson.code
    return wanted


async def outlook(ctx: Context) -> list[Outlook]:
    """The quarter ahead, week by week."""
    weeks = {
        week.friday: week
        for week in await LessonWeek.filter(friday__gte=ctx.now().date()).select_related("lesson")
    }
    planned = await _planned(list(weeks))
    failed = await _failed(list(weeks))
    guess = await _Guess.of(ctx)
    seen: list[Outlook] = []
    for one in coming(ctx):
        week = weeks.get(one.friday)
        notes = [note for note in (one.note, lesson_calendar.warning(one.friday)) if note]
        if week is None:
            seen.append(Outlook(one.friday, None, notes=tuple(notes)))
            continue
        if week.pinned:
            notes.append("由工作人员指定")
        if form := await note_of(ctx, week.lesson):
            notes.append(form)
        is_planned = week.planned_at is not None
        channels = planned.get(one.friday, {}) if is_planned else await guess.next(week, notes)
        if is_planned:
            await guess.pass_by(week)
        seen.append(
            Outlook(
                friday=one.friday,
                sends_at=week.sends_at.astimezone(ctx.settings.zone),
                code=week.lesson.code,
                title=week.lesson.title,
                lesson_id=week.lesson_id,
                pinned=week.pinned,
                is_planned=is_planned,
                channels=channels,
                failed=failed.get(one.friday, 0),
                notes=tuple(notes),
            )
        )
    return seen


async def _planned(fridays: list[date]) -> dict[date, dict[Channel, int]]:
    rows = (
        await Delivery.filter(week_id__in=fridays, status__in=COUNTED)
        .annotate(recipients=Count("id"))
        .group_by("week_id", "channel")
        .values_list("week_id", "channel", "recipients")
    )
    found: dict[date, dict[Channel, int]] = {}
    for friday, channel, recipients in rows:
        found.setdefault(friday, {})[Channel(channel)] = recipients
    return found


async def _failed(fridays: list[date]) -> dict[date, int]:
    rows = (
        await Delivery.filter(week_id__in=fridays, status=DeliveryStatus.FAILED)
        .annotate(recipients=Count("id"))
        .group_by("week_id")
        .values_list("week_id", "recipients")
    )
    return dict(rows)


@dataclass(slots=True)
class _Guess:
    """What weeks to come will look like: consents are used up one by one, months fill up."""

    ctx: Context
    size: int
    consents: dict[Channel, Histogram]
    months: dict[datetime, tuple[Histogram, int]] = field(default_factory=dict)
    mass: Counter[datetime] = field(default_factory=Counter)
    weeks: int = 0

    @classmethod
    async def of(cls, ctx: Context) -> "_Guess":
        size = await audience(ctx, ctx.now().date()).count()
        consents: dict[Channel, Histogram] = {}
        for channel in SINGLE:
            template = template_of(ctx, channel)
            rows = (
                await Consent.filter(template_id=template, remaining__gt=0)
                .annotate(accounts=Count("id"))
                .group_by("remaining")
                .values_list("remaining", "accounts")
                if template
                else []
            )
            consents[channel] = dict(rows)
        return cls(ctx, size, consents)

    async def next(self, week: LessonWeek, notes: list[str]) -> dict[Channel, int]:
        """The figures of the next week that isn't planned yet; what is to be known joins `notes`."""
        month, histogram, by_hand = await self._month(week)
        self.weeks += 1
        left = self.size
        channels: dict[Channel, int] = {}
        for channel in SINGLE:
            able = sum(n for remaining, n in self.consents[channel].items() if remaining >= self.weeks)
            channels[channel] = min(left, able)
            left -= channels[channel]
        cap, before = self.ctx.settings.lesson_mass_a_month, self.mass[month] + by_hand
        full = sum(count for used, count in histogram.items() if used and used + before >= cap)
        rest = 0 if before >= cap else self.size - full
        channels[Channel.MASS] = min(left, rest)
        channels[Channel.PULL] = left - channels[Channel.MASS]
        self.mass[month] += 1
        if by_hand:
            notes.append(f"本月已手工群发 {by_hand} 次，计入每人每月 {cap} 次的上限")
        if channels[Channel.PULL]:
            notes.append(
                f"本月群发到这一课已满 {cap} 次：{channels[Channel.PULL]} 人改为菜单自取，来信时补发"
            )
        return {channel: count for channel, count in channels.items() if count}

    async def pass_by(self, week: LessonWeek) -> None:
        """A week that is planned: its rows are in the ledger, and in the month's histogram."""
        await self._month(week)

    async def _month(self, week: LessonWeek) -> tuple[datetime, Histogram, int]:
        start, end = month_of(week.sends_at.astimezone(self.ctx.settings.zone))
        if start not in self.months:
            by_hand = await sent_by_hand(start, end)
            self.months[start] = (await _mass_histogram(start, end), by_hand)
        return (start, *self.months[start])


async def _mass_histogram(start: datetime, end: datetime) -> Histogram:
    """Of the month's mass lessons in the ledger: how many recipients have how many."""
    fridays = await LessonWeek.filter(sends_at__gte=start, sends_at__lt=end).values_list("friday", flat=True)
    rows = (
        await Delivery.filter(week_id__in=list(fridays), channel=Channel.MASS, status__in=COUNTED)
        .annotate(used=Count("id"))
        .group_by("account_id")
        .values_list("used", flat=True)
    )
    return dict(Counter(int(str(used)) for used in rows))
