"""What is written at a branch without a network: any order, any repetition, nothing lost or unproved."""

import random
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import assessments, findings, observations, screenings
from handlers.context import Context
from handlers.errors import BadInput, NotFound, WrongState
from handlers.observations import Merged, Seen, merge
from models import Assessment, AssessorMark, Observation, Rectification
from tests.handlers import assessed
from tests.handlers.assessed import Assessed


@st.composite
def histories(draw: st.DrawFn) -> list[Seen]:
    """Observations of several phones, each of which replaces some that were there before it."""
    made: list[Seen] = []
    for number in range(draw(st.integers(1, 12))):
        replaces = draw(st.sets(st.sampled_from([one.id for one in made]), max_size=3)) if made else set()
        made.append(Seen(f"{number:02}", "A03", tuple(sorted(replaces)), draw(st.integers(0, 40))))
    return made


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_come_to_the_same(seen: list[Seen], chance: random.Random) -> None:
    shuffled = seen + chance.choices(seen, k=3)
    chance.shuffle(shuffled)
    assert merge(shuffled) == merge(seen)


@given(histories())
def test_nothing_is_lost_but_what_was_replaced(seen: list[Seen]) -> None:
    replaced = {id_ for one in seen for id_ in one.replaces}
    assert {head.id for head in merge(seen).heads} == {one.id for one in seen} - replaced


def test_two_that_replace_the_same_contradict_until_one_replaces_both() -> None:
    first = [Seen("a", "A03", (), 10), Seen("b", "A03", ("a",), 20), Seen("c", "A03", ("a",), 5)]
    assert merge(first).conflicts == (("b", "c"),)
    assert merge([*first, Seen("d", "A03", ("b", "c"), 20)]) == Merged(
        (Seen("d", "A03", ("b", "c"), 20),), ()
    )
    apart = [Seen("a", "A03", (), 10), Seen("b", "A03", (), 20)]
    assert merge(apart).conflicts == (), "two deductions of one item are no contradiction"


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


@pytest.fixture
async def row(world: Assessed) -> Assessment:
    (made,) = await world.begin(world.town.branch)
    return made


async def sent(world: Assessed, row: Assessment, *lines: dict[str, Any]) -> list[str]:
    answers = await observations.upload(world.at(world.one), assessment_id=row.id, lines=lines)
    return [one.outcome.value for one in answers]


async def test_a_day_without_a_network_is_uploaded_backwards_and_twice(
    world: Assessed, row: Assessment
) -> None:
    first = world.line("A03", 10)
    second = world.line("A03", 20, replaces=[first["id"]])
    other = world.line("A05", 5)
    assert await sent(world, row, second, other) == ["taken", "taken"]
    assert await sent(world, row, second, first) == ["already", "taken"]
    kit = await observations.kit(world.at(world.one), assessment_id=row.id)
    assert {head.id: head.deducted for head in kit.merged.heads} == {second["id"]: 20, other["id"]: 5}
    assert len(kit.mine) == 3


REFUSALS = [
    ({"rule": ""}, "依据条款"), ({"fact": " "}, "事实"), ({"evidence": "\n"}, "佐证"),
    ({"deducted": 121}, "只有 12 分"), ({"deducted": -1}, "不能少于 0") , ({"deducted": True}, "只有"),
    ({"item": "B12"}, "没有这一项"), ({"item": 3}, "没有这一项"), ({"replaces": ["x"]}, "版本不对"),
    ({"at": "today"}, "时间不对"), ({"at": "2026-11-20T10:00:00"}, "时间不对"),
    ({"fact": "长" * 501}, "500 个字"), ({"fact": 5}, "应当是文字"), ({"id": "7"}, "没有编号"),
]  # fmt: skip


async def test_a_deduction_without_rule_fact_and_evidence_is_refused_and_leaves_nothing(
    world: Assessed, row: Assessment
) -> None:
    for wrong, reason in REFUSALS:
        line = world.line("A03", 10) | wrong
        (answer,) = await observations.upload(world.at(world.one), assessment_id=row.id, lines=[line])
        assert (answer.outcome.value, reason in answer.reason) == ("refused", True), (wrong, answer)
    late = {"at": (world.town.ctx.now() + timedelta(hours=1)).isoformat()}
    assert await sent(world, row, world.line("A03", 10) | late) == ["refused"]
    assert await Observation.all().count() == 0


async def test_an_id_stands_for_one_thing_whoever_sends_it(world: Assessed, row: Assessment) -> None:
    line = world.line("A03", 10)
    assert await sent(world, row, line, line | {"deducted": 20}) == ["taken", "refused"]
    (answer,) = await observations.upload(world.at(world.two), assessment_id=row.id, lines=[line])
    assert answer.outcome.value == "refused"
    assert (await Observation.get()).deducted == 10


async def test_contradictions_and_unseen_items_keep_one_from_handing_in(
    world: Assessed, row: Assessment
) -> None:
    kit = await observations.kit(world.at(world.one), assessment_id=row.id)
    await sent(world, row, *(world.line(item.code) for item in kit.sheet.items[1:]))
    with pytest.raises(BadInput, match="A01"):
        await observations.hand_in(world.at(world.one), assessment_id=row.id)
    root = world.line("A01", 10)
    phones = [world.line("A01", tenths, replaces=[root["id"]]) for tenths in (20, 30)]
    await sent(world, row, root, *phones)
    with pytest.raises(BadInput, match="改了两次"):
        await observations.hand_in(world.at(world.one), assessment_id=row.id)
    assert await AssessorMark.all().count() == 0
    await sent(world, row, world.line("A01", 20, replaces=[one["id"] for one in phones]))
    await observations.hand_in(world.at(world.one), assessment_id=row.id)
    assert (await AssessorMark.get(item="A01")).deducted == 20


async def test_more_is_never_deducted_than_an_item_is_worth(world: Assessed, row: Assessment) -> None:
    await sent(world, row, world.line("A04", 40), world.line("A04", 40))
    await world.look(row, world.one, {})
    assert (await AssessorMark.get(item="A04")).deducted == 40


async def test_what_comes_late_is_kept_and_counts_once_it_is_sent_back(
    world: Assessed, row: Assessment
) -> None:
    await world.look_both(row, {})
    assert await sent(world, row, world.line("A03", 10)) == ["late"]
    whole = await assessments.get(world.at(world.leader), assessment_id=row.id)
    assert (whole.late, list(whole.observations)) == (1, [])
    await assessments.send_back(world.at(world.leader), assessment_id=row.id, reason="有迟到的记录")
    for who in (world.one, world.two):
        await observations.hand_in(world.at(who), assessment_id=row.id)
    both = await assessments.both(await Assessment.get(id=row.id))
    assert (both[2].first, both[2].second) == (10, 0)


async def test_nobody_else_writes_and_nobody_writes_after_the_review(
    world: Assessed, row: Assessment
) -> None:
    for who in (world.leader, world.town.worker, world.town.district_officer):
        with pytest.raises(NotFound):
            await observations.upload(world.at(who), assessment_id=row.id, lines=[world.line("A03")])
    await world.look_both(row, {})
    await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    with pytest.raises(WrongState):
        await sent(world, row, {"id": str(uuid4())})


BAD = "主题党日，扫码 领 鸡蛋"


async def test_a_text_that_is_held_back_is_seen_by_its_author_alone_until_somebody_looked(
    world: Assessed, row: Assessment
) -> None:
    line, ctx = world.line("A03", 20, fact=BAD), world.at(world.one)
    for outcome in ("taken", "already"):
        (answer,) = await observations.upload(ctx, assessment_id=row.id, lines=[line])
        assert answer.outcome.value == outcome, "a repeat is known by what was written"
    assert (await Observation.get()).fact == screenings.STAND_IN
    kit = await observations.kit(ctx, assessment_id=row.id)
    assert [one.fact for one in kit.mine] == [BAD]
    rest = [world.line(item.code) for item in kit.sheet.items if item.code != "A03"]
    await observations.upload(ctx, assessment_id=row.id, lines=rest)
    await observations.hand_in(ctx, assessment_id=row.id)
    await world.look(row, world.two, {})
    leader = world.at(world.leader)
    with pytest.raises(BadInput, match="1 处文字还在审核"):
        await assessments.review(leader, assessment_id=row.id, decided={})
    assert await Rectification.all().count() == 0
    (text,) = await screenings.queue(world.ctx)
    await screenings.release(world.ctx, text_id=text.id)
    await assessments.review(leader, assessment_id=row.id, decided={})
    (found,) = await Rectification.filter(assessment_id=row.id)
    assert found.faults[0]["fact"] == BAD


async def test_an_objection_is_looked_at_before_it_is_shown_and_answered(
    world: Assessed, row: Assessment
) -> None:
    (found,) = await world.feed_back(row, {"A03": 20})
    await findings.object_to(world.at(world.town.worker), finding_id=found.id, text=BAD)
    officer = world.at(world.town.town_officer)
    assert (await findings.find(officer, found.id)).objection == screenings.STAND_IN
    with pytest.raises(BadInput):
        await findings.answer_objection(officer, finding_id=found.id, upheld=False, text="x")
    (text,) = await screenings.queue(officer)
    await screenings.release(officer, text_id=text.id)
    answered = await findings.answer_objection(officer, finding_id=found.id, upheld=False, text="核实无误")
    assert (answered.objection, answered.objection_answer) == (BAD, "核实无误")
