"""Promise 7 by the clock: a year of Fridays, and a Friday at any second, late, twice, in other zones."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers import lesson_calendar, lesson_due, lessons, notices
from handlers.context import Context
from jobs.timetable import timetable
from models import Delivery, LessonWeek
from tests.fakes import SHANGHAI, Clock
from tests.handlers.test_lesson_receipts import reported
from tests.handlers.test_lessons import KnowingWeChat, follow, received

SENDS = datetime(2026, 11, 20, 15, tzinfo=SHANGHAI)


@dataclass
class CountingWeChat(KnowingWeChat):
    """Also knows in which month a mass message reached whom."""

    clock: Clock = field(default_factory=Clock)
    by_month: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    async def send_mass_text(self, openids, text, *, client_message_id):  # type: ignore[no-untyped-def]
        receipt = await super().send_mass_text(openids, text, client_message_id=client_message_id)
        self.by_month.update((openid, self.clock.now.year, self.clock.now.month) for openid in openids)
        return receipt


@pytest.fixture
def wechat(clock: Clock) -> CountingWeChat:
    return CountingWeChat(clock=clock)


async def look(ctx: Context, clock: Clock, at: datetime) -> None:
    """The clock's jobs of the lesson, at that moment."""
    clock.now = at
    await lesson_due.plan_due(ctx)
    await lesson_due.push_due(ctx)


async def test_a_year_of_53_fridays_with_holidays_and_messages_by_hand(
    ctx: Context, wechat: CountingWeChat, clock: Clock
) -> None:
    """2027 begins and ends with a Friday; Spring Festival and National Day are told by hand."""
    days_off = "2027-02-05..2027-02-11,2027-10-01..2027-10-07"
    ctx = replace(ctx, settings=ctx.settings.model_copy(update={"lesson_days_off": days_off}))
    clock.now = datetime(2026, 12, 29, 6, 10, tzinfo=SHANGHAI)
    await lessons.seed(ctx)
    await follow(2)
    fridays = [date(2027, 1, 1) + timedelta(weeks=n) for n in range(53)]
    for friday in fridays:
        await look(ctx, clock, datetime(friday.year, friday.month, friday.day, 6, 10, tzinfo=SHANGHAI))
        if friday in (date(2027, 3, 5), date(2027, 7, 2), date(2027, 7, 9)):
            await reported(ctx, f"hand-{friday}")
            wechat.by_month.update((f"o{n:027d}", friday.year, friday.month) for n in range(2))
        await look(ctx, clock, datetime(friday.year, friday.month, friday.day, 15, 0, 5, tzinfo=SHANGHAI))
    assert max(wechat.by_month.values()) == 4
    weeks = set(await LessonWeek.filter(friday__lte=fridays[-1]).values_list("friday", flat=True))
    assert set(fridays) - weeks == {
        date(2027, 1, 1), date(2027, 2, 5), date(2027, 10, 1)
    }, "holidays pass it on"  # fmt: skip
    rows = await Delivery.all().values_list("week_id", "recipient")
    assert len(rows) == len(set(rows)) == 2 * len(weeks), "each Friday has a row for each, however it travels"


@pytest.mark.parametrize("offset", [-61, -1, 0, 1, 59, 299, 3 * 3600, 9 * 3600])
async def test_a_clock_that_starts_at_any_second_sends_once(
    ctx: Context, wechat: CountingWeChat, clock: Clock, offset: int
) -> None:
    clock.now = SENDS - timedelta(days=1)
    await lessons.seed(ctx)
    await follow(3)
    start = SENDS + timedelta(seconds=offset)
    looks = [start, *(SENDS + timedelta(minutes=n) for n in (0, 5, 10)), start + timedelta(hours=10)]
    for at in sorted(moment for moment in looks if moment >= start):
        clock.now = at
        await lesson_due.push_due(ctx)
        assert not wechat.sent or at >= SENDS, "never early"
    assert set(received(wechat).values()) == {1}
    assert len(received(wechat)) == 3


async def test_a_clock_killed_and_started_at_every_second_around_the_hour_sends_once(
    ctx: Context, wechat: CountingWeChat, clock: Clock
) -> None:
    """Each of the starts is another Friday; the clock before it looked at its last five minutes."""
    clock.now = SENDS - timedelta(days=1)
    await lessons.seed(ctx)
    await follow(2)
    for second in (*range(-4, 6), 30, 59, 60, 61, 120, 299, 300, 301):
        wechat.sent.clear()
        await Delivery.all().delete()
        for look_at in sorted({-300, second, *(n for n in range(0, 601, 300) if n > second)}):
            clock.now = SENDS + timedelta(seconds=look_at)
            await lesson_due.push_due(ctx)
            assert not wechat.sent or look_at >= 0, "never early"
        assert sorted(received(wechat).values()) == [1, 1], second


@pytest.mark.parametrize("machine", ["America/New_York", "Asia/Tokyo", "UTC", "Pacific/Kiritimati"])
async def test_the_machines_own_zone_changes_nothing(
    ctx: Context, wechat: CountingWeChat, clock: Clock, monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    monkeypatch.setenv("TZ", machine)
    time.tzset()
    try:
        clock.now = SENDS - timedelta(days=1)
        await lessons.seed(ctx)
        await follow(2)
        clock.now = (SENDS - timedelta(seconds=1)).astimezone(UTC)
        await lesson_due.push_due(ctx)
        assert wechat.sent == []
        clock.now = SENDS.astimezone(UTC)
        await lesson_due.push_due(ctx)
        assert sorted(received(wechat).values()) == [1, 1]
        job = next(job for job in timetable(ctx.settings) if job.name == "push_lesson")
        before = SENDS - timedelta(minutes=2)
        assert job.trigger.get_next_fire_time(None, before) == SENDS
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_whoever_joins_at_five_on_friday_gets_it(
    ctx: Context, wechat: CountingWeChat, clock: Clock
) -> None:
    clock.now = SENDS - timedelta(days=1)
    await lessons.seed(ctx)
    await follow(3)
    clock.now = SENDS
    await lesson_due.push_due(ctx)
    clock.now = SENDS + timedelta(hours=2)
    await follow(2, start=10)
    clock.now += timedelta(minutes=5)
    await lesson_due.push_due(ctx)
    assert sorted(received(wechat).values()) == [1] * 5
    (late,) = await follow(1, start=30, last_contact_at=clock.now)
    clock.now += timedelta(minutes=5)
    await lesson_due.push_due(ctx)
    await notices.send_due(ctx)
    assert received(wechat)[late.openid] == 1, "one alone gets it by customer-service message"


async def test_two_clocks_at_the_same_second_send_once(
    ctx: Context, wechat: CountingWeChat, clock: Clock
) -> None:
    clock.now = SENDS - timedelta(days=1)
    await lessons.seed(ctx)
    await follow(3)
    clock.now = SENDS
    await asyncio.gather(*(lesson_due.push_due(ctx) for _ in range(2)))
    assert set(received(wechat).values()) == {1}


@pytest.mark.parametrize("hours", [23, 25, 72])
async def test_a_machine_that_was_asleep_leaves_nobody_without(
    ctx: Context, wechat: CountingWeChat, clock: Clock, hours: int
) -> None:
    clock.now = SENDS - timedelta(days=1)
    await lessons.seed(ctx)
    await follow(3)
    clock.now = SENDS + timedelta(hours=hours)
    await lesson_due.push_due(ctx)
    await lesson_due.settle_due(ctx)
    sent = len(received(wechat))
    assert (sent, await Delivery.all().count()) == (3 if hours < 24 else 0, 3)
    assert hours < 24 or await Delivery.filter(channel="pull", status="planned", batch__not="").count() == 3


@pytest.mark.parametrize(
    ("day", "zone", "utc"),
    [
        (date(2026, 11, 20), "Asia/Shanghai", "07:00"),
        (date(2026, 10, 30), "America/New_York", "19:00"),
        (date(2026, 11, 6), "America/New_York", "20:00"),
        (date(2026, 3, 27), "Europe/Berlin", "14:00"),
        (date(2026, 4, 3), "Europe/Berlin", "13:00"),
    ],
)
def test_the_hour_is_the_zones_own_whatever_its_daylight(day: date, zone: str, utc: str) -> None:
    when = lesson_calendar.sends_at(day, clock="15:00", zone=ZoneInfo(zone))
    assert f"{when.astimezone(ZoneInfo('UTC')):%H:%M}" == utc
