"""A tablet shows good codes for a day without a network, with a clock off by two minutes too."""

from datetime import timedelta

import pytest

from handlers import codes, door_codes
from handlers.context import Context
from handlers.errors import ExpiredCode, NotAllowed
from tests.fakes import Clock
from tests.handlers import town
from tests.handlers.town import Town


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await town.build(ctx)


async def test_a_days_codes_are_good_each_in_its_time_and_no_other(world: Town, clock: Clock) -> None:
    day = await door_codes.ahead(world.at(world.keeper), site_id="S10")
    assert day.now == clock.now
    assert day.starts_at <= day.now - codes.CLOCK_TOLERANCE
    ends_at = day.starts_at + len(day.codes) * codes.DOOR_WINDOW
    assert ends_at >= day.now + timedelta(hours=24)
    assert len(set(day.codes)) == len(day.codes)
    secret = world.ctx.settings.secret_key.get_secret_value()
    off = codes.CLOCK_TOLERANCE - timedelta(seconds=1)
    for number, code in enumerate(day.codes):
        shown = day.starts_at + number * codes.DOOR_WINDOW
        for at in (shown, shown - off, shown + codes.DOOR_WINDOW + off):
            assert codes.read(secret, code, at=at) == codes.DoorCode("S10", shown)
        for at in (shown - timedelta(minutes=3), shown + timedelta(minutes=4)):
            with pytest.raises(ExpiredCode):
                codes.read(secret, code, at=at)


async def test_they_are_the_ones_a_tablet_with_a_network_shows(world: Town, clock: Clock) -> None:
    day = await door_codes.ahead(world.at(world.keeper), site_id="S10")
    secret = world.ctx.settings.secret_key.get_secret_value()
    for at in (clock.now, clock.now + timedelta(hours=23, seconds=59)):
        place = (at - day.starts_at) // codes.DOOR_WINDOW
        assert day.codes[place] == codes.door(secret, site_id="S10", at=at)


async def test_a_day_of_another_door_is_not_given(world: Town) -> None:
    for person, site_id in ((world.keeper, "S01"), (world.worker, "S10"), (world.far_officer, "S10")):
        with pytest.raises(NotAllowed):
            await door_codes.ahead(world.at(person), site_id=site_id)
