"""Reminders of terms: to the minute, merged, at most three a day, none at night, nobody twice."""

from datetime import datetime, timedelta

import pytest

from handlers import assessment_todos, due_reminders, findings, routine_reminders
from handlers.assessment_content import book
from handlers.context import Context
from handlers.due_reminders import BULLETIN, PERSON, SOON, TODAY, TOWN, reason
from handlers.findings import Due
from models import Account, App, DueReminder, Notice, Person, Rectification
from tests.fakes import SHANGHAI, Clock
from tests.handlers import assessed
from tests.handlers.assessed import Assessed

TERMS = book().terms
DUE = datetime(2026, 12, 22, tzinfo=SHANGHAI)
"""Thirty days after Friday 20 November end on a Sunday, and so with the Monday."""
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def rounds(world: Assessed) -> list[Rectification]:
    (row,) = await world.begin(world.town.branch)
    return await world.feed_back(row, {"A03": 20, "A05": 10})


async def in_touch(person: Person, clock: Clock) -> None:
    """Somebody follows the account and has just written."""
    await Account.get_or_create(
        {"person": person, "follows": True}, app=App.OFFICIAL_ACCOUNT, openid=f"o{person.id}"
    )
    await Account.filter(openid=f"o{person.id}").update(last_contact_at=clock.now)


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        (DUE - timedelta(days=4) - MINUTE, None),
        (DUE - timedelta(days=4), SOON),
        (DUE - timedelta(days=1) - MINUTE, SOON),
        (DUE - timedelta(days=1), TODAY),
        (DUE - MINUTE, TODAY),
        (DUE, None),
        (DUE + timedelta(days=1) - MINUTE, None),
        (DUE + timedelta(days=1), PERSON),
        (DUE + timedelta(days=7), TOWN),
        (DUE + timedelta(days=15) - MINUTE, TOWN),
        (DUE + timedelta(days=15), BULLETIN),
    ],
)
def test_a_reason_comes_true_to_the_minute(now: datetime, kind: str | None) -> None:
    found = reason(DUE, now, soon_days=TERMS.due_soon_days, late=TERMS.overdue_days, zone=SHANGHAI)
    assert found == kind


async def test_the_lists_of_due_and_overdue_turn_at_the_minute(world: Assessed, clock: Clock) -> None:
    found = await rounds(world)
    assert {one.due_at for one in found} == {DUE}
    officer = world.at(world.town.town_officer)
    for moment, soon, over in (
        (DUE - timedelta(days=3) - MINUTE, 0, 0), (DUE - timedelta(days=3), 2, 0), (DUE - MINUTE, 2, 0),
        (DUE, 0, 2),
    ):  # fmt: skip
        clock.now = moment
        assert len((await findings.list_findings(officer, due=Due.SOON)).items) == soon
        late = (await findings.list_findings(officer, due=Due.OVERDUE)).items
        assert len(late) == over
    assert findings.overdue_by(late[0], clock.now) == timedelta(0)
    assert (await assessment_todos.mine(world.at(world.town.worker)))["findings_due"] == 2


async def test_what_is_due_is_told_in_one_message_and_once(
    world: Assessed, clock: Clock, ctx: Context
) -> None:
    await rounds(world)
    clock.now = datetime(2026, 12, 18, 9, 0, tzinfo=SHANGHAI)
    await in_touch(world.town.worker, clock)
    assert await due_reminders.remind(ctx) == 1
    assert await due_reminders.remind(ctx) == 0
    (notice,) = await Notice.filter(dedupe_key__startswith=routine_reminders.KEY)
    assert notice.content.count("快到期") == 2
    assert "12月21日" in notice.content


async def test_nothing_is_sent_at_night_and_the_morning_makes_up_for_it(
    world: Assessed, clock: Clock, ctx: Context
) -> None:
    await rounds(world)
    for hour, minute, sent in ((20, 50, 0), (21, 0, 0), (23, 59, 0), (7, 59, 0), (8, 0, 1)):
        day = 18 if hour > 12 else 19
        clock.now = datetime(2026, 12, day, hour, minute, tzinfo=SHANGHAI)
        await in_touch(world.town.worker, clock)
        assert await due_reminders.remind(ctx) == sent, (hour, minute)


async def test_nobody_gets_more_than_three_a_day(world: Assessed, clock: Clock, ctx: Context) -> None:
    found = await rounds(world)
    clock.now = datetime(2026, 12, 18, 9, 0, tzinfo=SHANGHAI)
    await in_touch(world.town.worker, clock)
    sent = 0
    for hours in range(6):  # Each hour the branch gets another term, and so another reason to be told.
        for one in found:
            await Rectification.filter(id=one.id).update(due_at=DUE - timedelta(minutes=hours))
        sent += await due_reminders.remind(ctx)
        clock.now += timedelta(hours=1)
    assert sent == 3
    clock.now = datetime(2026, 12, 19, 9, 0, tzinfo=SHANGHAI)
    await in_touch(world.town.worker, clock)
    assert await due_reminders.remind(ctx) == 1


async def test_who_cannot_be_written_to_finds_it_in_the_list_and_is_told_at_the_next_contact(
    world: Assessed, clock: Clock, ctx: Context
) -> None:
    await rounds(world)
    clock.now = datetime(2026, 12, 18, 9, 0, tzinfo=SHANGHAI)
    assert await due_reminders.remind(ctx) == 0
    assert await DueReminder.filter(told_at=None).count() == 2
    await in_touch(world.town.worker, clock)
    assert await due_reminders.remind(ctx) == 1


async def test_the_town_is_told_after_seven_days_and_the_district_after_fifteen(
    world: Assessed, clock: Clock, ctx: Context
) -> None:
    await rounds(world)
    everybody = (
        world.town.worker,
        world.town.town_officer,
        world.town.far_officer,
        world.town.district_officer,
    )
    for moment, who in (
        (DUE + timedelta(days=1, hours=9), world.town.worker),
        (DUE + timedelta(days=7, hours=9), world.town.town_officer),
        (DUE + timedelta(days=15, hours=9), world.town.district_officer),
    ):
        clock.now = moment
        for one in everybody:
            await in_touch(one, clock)
        assert await due_reminders.remind(ctx) == 1
        last = await Notice.filter(dedupe_key__startswith=routine_reminders.KEY).order_by("-id").first()
        assert last is not None
        assert last.openid == f"o{who.id}"


async def test_what_was_settled_meanwhile_is_not_reminded_of(
    world: Assessed, clock: Clock, ctx: Context
) -> None:
    one, two = await rounds(world)
    clock.now = datetime(2026, 12, 18, 9, 0, tzinfo=SHANGHAI)
    await due_reminders.remind(ctx)
    for each in (one, two):
        await world.prove(each)
    await in_touch(world.town.worker, clock)
    assert await due_reminders.remind(ctx) == 0
