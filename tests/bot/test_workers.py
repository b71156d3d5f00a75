"""“我的培训” and “轮训” in the chat, and the lines of 待办."""

from datetime import date, timedelta

import pytest

from bot import workers as chat
from bot.claims import told
from bot.messages import Message
from handlers import placements, rotations, todos, trainings, workers
from handlers.context import Context
from handlers.errors import NotBound
from handlers.trainings import SessionWish
from models import TrainingRecord
from tests.handlers.town import Town, build

TEXT = Message({"FromUserName": "o", "ToUserName": "gh", "CreateTime": "1", "Content": "x"}, "text")


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns that rotate."""
    made = await build(ctx)
    made.town.town = "般阳路街道"
    await made.town.save()
    return made


async def test_ones_classes_and_the_hours_of_those_attended(world: Town) -> None:
    assert chat.NO_TRAININGS in str(await chat.trainings(TEXT, world.at(world.member)))
    begins = world.ctx.now() + timedelta(days=3)
    training = await trainings.create(
        world.at(world.district_officer), code="A1", kind="town", topic="支部运行", place="区委党校",
        capacity=5, sessions=[SessionWish("第一讲", begins, begins + timedelta(hours=2), 4)],
    )  # fmt: skip
    await trainings.enrol(
        world.at(world.town_officer),
        training_id=training.id,
        unit_id=world.town.id,
        person_ids=[world.member.id],
    )
    said = str(await chat.trainings(TEXT, world.at(world.member)))
    assert "11月23日（周一）10:00 支部运行，区委党校" in said
    assert "学时" not in said
    await TrainingRecord.create(
        training=training, person=world.member, hours=4, completed=True, recorded_at=world.ctx.now()
    )
    assert "登记了 4 学时" in str(await chat.trainings(TEXT, world.at(world.member)))
    with pytest.raises(NotBound):
        await chat.trainings(TEXT, world.at(None))


async def test_ones_turn_and_what_waits_for_the_town(world: Town) -> None:
    (turn,) = await rotations.open_round(world.at(world.district_officer), first_month=date(2026, 12, 1))
    assert await chat.rotation(TEXT, world.at(world.member)) == chat.NO_ROTATION
    assert (await todos.mine(world.at(world.town_officer))).rotations_to_settle == 1
    assert "1 个跟班轮训等您报人选" in told(await todos.mine(world.at(world.town_officer)))
    wish = {"field": "town", "post": "组织员", "full_time": True, "staffing": "行政",
            "starts_on": date(2026, 1, 1)}  # fmt: skip
    await placements.put(world.ctx, await workers.of_person(world.member), unit_id=world.town.id, wish=wish)
    await rotations.nominate(world.at(world.town_officer), rotation_id=turn.id, person_id=world.member.id)
    assert "2026 年 12 月，已报" in str(await chat.rotation(TEXT, world.at(world.member)))
    assert (await todos.mine(world.at(world.district_officer))).rotations_to_settle == 1
