"""The timetable's times, and the use-cases behind its lines."""

from datetime import date, datetime, timedelta

import pytest

from handlers import lesson_due, lessons, retention
from handlers.context import Context
from jobs.timetable import timetable
from models import Callback, LessonWeek, Notice
from settings import Settings
from tests.fakes import SHANGHAI, Clock

FRIDAY = date(2026, 11, 20)


def fires(settings: Settings, name: str, after: datetime) -> datetime:
    [job] = [job for job in timetable(settings) if job.name == name]
    fire: datetime = job.trigger.get_next_fire_time(None, after)
    return fire


@pytest.mark.parametrize(
    ("lesson_time", "after", "expected"),
    [
        ("15:00", "14:58", "15:00"),
        ("15:00", "15:01", "15:05"),
        ("15:03", "15:02", "15:03"),
        ("15:59", "15:55", "15:59"),
        ("09:30", "23:58", "00:00"),
    ],
)
def test_the_lesson_is_looked_at_at_its_time_and_every_five_minutes(
    lesson_time: str, after: str, expected: str
) -> None:
    settings = Settings(_env_file=None, lesson_time=lesson_time)
    at = datetime.fromisoformat(f"2026-11-20T{after}:00").replace(tzinfo=SHANGHAI)
    assert f"{fires(settings, 'push_lesson', at):%H:%M}" == expected


def test_daily_jobs_keep_to_the_zone_of_the_service() -> None:
    settings = Settings(_env_file=None)
    fire = fires(settings, "make_slots", datetime(2026, 11, 20, 12, tzinfo=SHANGHAI))
    assert fire == datetime(2026, 11, 21, 0, 10, tzinfo=SHANGHAI)


def test_every_job_has_its_own_name_and_a_stated_grace() -> None:
    jobs = timetable(Settings(_env_file=None))
    assert len({job.name for job in jobs}) == len(jobs)
    assert all(job.grace > 1 for job in jobs)
    assert all(len(f"job:{job.name}:12345678") <= 32 for job in jobs)


async def week(ctx: Context, sends_at: datetime) -> None:
    await lessons.seed(ctx)
    await LessonWeek.filter(friday=FRIDAY).update(sends_at=sends_at, pinned=True)


@pytest.mark.parametrize(
    ("minutes_late", "pushed"),
    [(-1, False), (0, True), (180, True), (24 * 60 - 1, True), (24 * 60, False)],
)
async def test_a_lesson_is_pushed_from_its_time_for_a_day(
    ctx: Context, clock: Clock, minutes_late: int, pushed: bool
) -> None:
    await week(ctx, clock.now - timedelta(minutes=minutes_late))
    await lesson_due.push_due(ctx)
    planned_at = (await LessonWeek.get(friday=FRIDAY)).planned_at
    assert (planned_at is not None) is pushed


@pytest.mark.parametrize(("days_ahead", "planned"), [(3, 1), (4, 0), (-1, 0)])
async def test_a_lesson_is_planned_three_days_ahead(
    ctx: Context, clock: Clock, days_ahead: int, planned: int
) -> None:
    await week(ctx, clock.now + timedelta(days=days_ahead))
    assert await lesson_due.plan_due(ctx) == planned


async def test_old_callbacks_and_settled_notices_are_forgotten(ctx: Context, clock: Clock) -> None:
    for age in (1, 3, 40):
        at = clock.now - timedelta(days=age)
        await Callback.create(key=f"c{age}", reply="", received_at=at)
        for status in ("sent", "failed", "held", "waiting"):
            await Notice.create(
                openid="o",
                content="x",
                dedupe_key=f"{status}{age}",
                status=status,
                next_try_at=at,
                created_at=at,
            )
    assert await retention.forget_old(ctx) == 2 + 2
    assert await Callback.all().values_list("key", flat=True) == ["c1"]
    assert await Notice.filter(dedupe_key__endswith="40").count() == 2
