"""What a branch or a unit writes while it puts something right is looked at before others read it."""

import pytest

from handlers import finding_steps, findings, measures, screenings
from handlers.context import Context
from handlers.errors import BadInput
from handlers.screenings import STAND_IN
from models import Measure, MeasureIssue, MeasureKind, Rectification, RectificationKind, Screening
from tests.handlers import assessed
from tests.handlers.assessed import Assessed

BAD = "主题党日，扫码 领 鸡蛋"
WORSE = "刷-单返现"


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


@pytest.fixture
async def found(world: Assessed) -> Rectification:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    await findings.train(world.at(world.town.worker), finding_id=one.id)
    return one


async def plan(world: Assessed, found: Rectification, measure: str) -> None:
    secretary = world.at(world.town.worker)
    await findings.plan(secretary, finding_id=found.id, measure=measure, kind=RectificationKind.LIMITED)


async def test_a_held_measure_is_its_branchs_alone_until_somebody_looked(
    world: Assessed, found: Rectification
) -> None:
    officer, secretary = world.at(world.town.town_officer), world.at(world.town.worker)
    await plan(world, found, BAD)
    assert (await findings.find(officer, found.id)).measure == STAND_IN
    assert (await finding_steps.look(officer, finding_id=found.id)).row.measure == STAND_IN
    assert (await finding_steps.look(secretary, finding_id=found.id)).row.measure == BAD
    (text,) = await screenings.queue(officer)
    await screenings.release(officer, text_id=text.id)
    assert (await findings.find(officer, found.id)).measure == BAD


async def test_a_measure_written_anew_leaves_nothing_of_the_old_one_waiting(
    world: Assessed, found: Rectification
) -> None:
    await plan(world, found, BAD)
    await plan(world, found, WORSE)
    assert (await Screening.get()).text == WORSE
    await plan(world, found, "补开会议")
    assert await Screening.all().count() == 0


async def test_nobody_accepts_by_a_proof_that_nobody_could_read(
    world: Assessed, found: Rectification
) -> None:
    officer, secretary = world.at(world.town.town_officer), world.at(world.town.worker)
    await plan(world, found, "补开会议")
    await findings.prove(secretary, finding_id=found.id, evidence=BAD)
    assert (await Rectification.get(id=found.id)).evidence == STAND_IN
    with pytest.raises(BadInput, match="还在审核"):
        await findings.accept(officer, finding_id=found.id)
    (text,) = await screenings.queue(officer)
    await screenings.withhold(officer, text_id=text.id)
    with pytest.raises(BadInput, match="不予显示"):
        await findings.accept(officer, finding_id=found.id)
    await findings.send_back(officer, finding_id=found.id, reason="请改写佐证")
    await findings.prove(secretary, finding_id=found.id, evidence="T05 会议记录")
    assert (await findings.accept(officer, finding_id=found.id)).evidence == "T05 会议记录"


async def test_what_help_is_asked_for_waits_too_and_an_officers_word_is_never_taken_for_it(
    world: Assessed, found: Rectification
) -> None:
    secretary = world.at(world.town.worker)
    await findings.ask_for_help(secretary, finding_id=found.id, reason=BAD)
    assert (await Rectification.get(id=found.id)).reason == STAND_IN
    assert (await finding_steps.look(secretary, finding_id=found.id)).row.reason == BAD
    await Rectification.filter(id=found.id).update(reason="转入下一轮")
    assert (await finding_steps.look(secretary, finding_id=found.id)).row.reason == "转入下一轮"


async def test_a_units_word_is_looked_at_before_the_district_proposes(world: Assessed) -> None:
    town = world.town
    row = await measures.report(
        world.ctx, unit_id=town.town.id, issue=MeasureIssue.LAX_SUPERVISION, facts="台账缺失"
    )
    await measures.verify(world.ctx, measure_id=row.id, holds=True, note="属实")
    await measures.explain(world.at(town.town_officer), measure_id=row.id, text=BAD)
    assert (await Measure.get(id=row.id)).explanation == STAND_IN
    with pytest.raises(BadInput, match="还在审核"):
        await measures.propose(world.ctx, measure_id=row.id, kinds=[MeasureKind.TALK], reason="约谈")
    (text,) = await screenings.queue(world.at(town.town_officer))
    await screenings.release(world.at(town.town_officer), text_id=text.id)
    assert (await Measure.get(id=row.id)).explanation == BAD
    await measures.propose(world.ctx, measure_id=row.id, kinds=[MeasureKind.TALK], reason="约谈")
