"""The one rule for routine reminders: none at night, few a day for one person, whatever they are of."""

from datetime import datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import due_reminders, record_reminders, routine_reminders, worker_news
from handlers.assessment_content import book
from handlers.context import Context
from handlers.routine_reminders import DayIsFull
from models import Account, App, DutyReminder, Notice, Person
from tests.fakes import SHANGHAI, Clock
from tests.handlers import assessed

MOST = book().terms.reminders_a_day


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(7, 59, True), (8, 0, False), (20, 44, False), (20, 45, True), (21, 0, True), (0, 0, True)],
)
def test_the_night_is_quiet_and_a_little_before_it(hour: int, minute: int, quiet: bool) -> None:
    local = datetime(2026, 12, 18, hour, minute, tzinfo=SHANGHAI)
    assert routine_reminders.falls_into(local, book().terms.quiet) is quiet


@pytest.mark.parametrize(("hour", "days"), [(20, 1), (22, 1), (0, 0), (7, 0), (8, 1)])
async def test_the_quiet_hours_end_in_the_morning(ctx: Context, clock: Clock, hour: int, days: int) -> None:
    clock.now = datetime(2026, 12, 18, hour, 30, tzinfo=SHANGHAI)
    assert routine_reminders.quiet_until(ctx) == datetime(2026, 12, 18 + days, 8, tzinfo=SHANGHAI)


@pytest.fixture
async def worker(ctx: Context, clock: Clock) -> Person:
    """A branch's worker with something due by every mechanism, who has just written."""
    world = await assessed.build(ctx)
    (row,) = await world.begin(world.town.branch)
    await world.feed_back(row, {"A03": 20})
    clock.now = datetime(2026, 12, 21, 9, 0, tzinfo=SHANGHAI)
    who = world.town.worker
    await Account.get_or_create({"person": who}, app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}")
    await Account.filter(person=who).update(follows=True, last_contact_at=clock.now)
    return who


async def test_what_one_mechanism_sends_counts_for_the_others(ctx: Context, worker: Person) -> None:
    assert await due_reminders.remind(ctx) == 1
    assert await record_reminders.remind(ctx) == 1
    assert await worker_news.remind(ctx, [(worker.id, "first", "一件")]) == 1
    assert await worker_news.remind(ctx, [(worker.id, "second", "又一件")]) == 0
    assert await Notice.filter(dedupe_key__startswith=routine_reminders.KEY).count() == MOST


async def test_a_full_day_is_full_for_each_mechanism_and_nothing_counts_as_said(
    ctx: Context, worker: Person, clock: Clock
) -> None:
    for number in range(MOST):
        assert await worker_news.remind(ctx, [(worker.id, f"line {number}", "一件")]) == 1
    assert await due_reminders.remind(ctx) == 0
    assert await record_reminders.remind(ctx) == 0
    assert await DutyReminder.all().count() == 0
    clock.now += timedelta(days=1)
    await Account.all().update(last_contact_at=clock.now)
    assert await due_reminders.remind(ctx) == 1
    assert await record_reminders.remind(ctx) == 1


async def test_a_message_by_template_counts_too(ctx: Context, worker: Person) -> None:
    await DutyReminder.create(person=worker, day=ctx.now().date(), told=[], channel=App.MINI_PROGRAM)
    for number in range(MOST):
        sent = await worker_news.remind(ctx, [(worker.id, f"line {number}", "一件")])
        assert sent == (number < MOST - 1)


async def test_the_place_of_a_day_is_taken_once(ctx: Context, worker: Person) -> None:
    place = await routine_reminders.count_one(ctx, person_id=worker.id)
    await Notice.create(
        openid="o", content="别的钟", dedupe_key=f"{place[:-1]}1", status="waiting",
        next_try_at=ctx.now(), created_at=ctx.now(),
    )  # fmt: skip
    with pytest.raises(IntegrityError):
        async with in_transaction():
            await routine_reminders.promise(ctx, person_id=worker.id, openid="o", text="提醒")


async def test_no_room_is_said(ctx: Context, worker: Person) -> None:
    for _ in range(MOST):
        await routine_reminders.promise(ctx, person_id=worker.id, openid="o", text="提醒")
    with pytest.raises(DayIsFull):
        await routine_reminders.count_one(ctx, person_id=worker.id)
