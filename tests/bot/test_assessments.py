"""评估 in the chat: what to put right and by when, what to sign, where to go; to nobody else."""

from datetime import timedelta

import pytest

from bot import assessments as chat
from bot import texts
from bot.routes import ROUTES
from handlers import assessments
from handlers.context import Context
from models import Person
from tests.fakes import Clock
from tests.handlers import assessed
from tests.handlers.assessed import Assessed


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def told(world: Assessed, person: Person) -> str:
    said = await chat.mine(None, world.at(person))  # type: ignore[arg-type]  # The words say nothing more.
    assert isinstance(said, str)
    return said


async def test_the_branch_reads_what_is_due_and_nobody_elses_branch_does(
    world: Assessed, clock: Clock
) -> None:
    (row,) = await world.begin(world.town.branch)
    assert "要去评估的党支部：\n· ZC0101" in await told(world, world.one)
    assert await told(world, world.town.worker) == texts.NOTHING_ASSESSED
    await world.look_both(row, {"A03": 20, "A05": 10})
    await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    assert await told(world, world.town.worker) == texts.NOTHING_ASSESSED
    await assessments.deliver(world.ctx, assessment_id=row.id)
    assert "请在小程序“评估”里看后签收" in await told(world, world.town.worker)
    assert "签收" not in (await told(world, world.town.town_officer)).partition("签收后定期限")[0]
    await assessments.sign(world.at(world.town.worker), assessment_id=row.id)
    assert "党员大会、支委会、党小组会：待整改，12月21日前办完" in await told(world, world.town.worker)
    clock.now += timedelta(days=33)
    assert "主题党日：待整改，逾期 1 天" in await told(world, world.town.worker)
    for stranger in (world.town.member, world.town.other_worker, world.town.far_officer):
        assert await told(world, stranger) == texts.NOTHING_ASSESSED


async def test_an_officer_reads_what_waits_for_their_eye_and_not_as_theirs_to_mend(
    world: Assessed, clock: Clock
) -> None:
    (row,) = await world.begin(world.town.branch)
    (first, _) = await world.feed_back(row, {"A03": 20, "A05": 10})
    await world.prove(first)
    mine, officers = await told(world, world.town.worker), await told(world, world.town.town_officer)
    assert "党员大会、支委会、党小组会：待初验（镇街），等上级验收" in mine
    assert "要整改的问题" in mine
    assert "要整改的问题" not in officers
    waits, going_on = officers.split("支部正在整改的问题：")
    assert waits.startswith(
        "等验收的问题：\n· ZC0101 党员大会、支委会、党小组会：待初验（镇街），请在12月11日前验收"
    )
    assert "主题党日：待整改" in going_on
    clock.now += timedelta(days=30)
    assert "验收期限12月11日已过，请尽快验收" in await told(world, world.town.town_officer)


def test_the_word_leads_there() -> None:
    route = next(one for one in ROUTES if one.answer is chat.mine)
    assert "评估" in route.words
