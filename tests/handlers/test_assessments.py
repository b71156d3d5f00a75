"""一个体系: two assessors, a leader, a branch that reads and signs, and nothing closed without proof."""

# ruff: noqa: S608, E501 (statements that somebody with a database client would type)

import asyncio
from datetime import timedelta

import pytest
from tortoise import connections
from tortoise.exceptions import IntegrityError

from handlers import assessment_sample, assessments, cycles, finding_steps, findings, observations
from handlers.context import Context
from handlers.errors import (
    BadInput,
    NotAllowed,
    NotFound,
    NotYourBranch,
    OwnRectification,
    TooLateToObject,
    WrongState,
)
from models import (
    Assessment,
    AssessmentMove,
    AssessmentStage,
    AuditEntry,
    CycleKind,
    Duty,
    Finding,
    ItemMark,
    Notice,
    Rectification,
    RectificationKind,
    RectificationStatus,
    Role,
)
from tests.fakes import Clock
from tests.handlers import assessed
from tests.handlers.assessed import Assessed
from tests.handlers.town import person


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def stages(row: Assessment) -> list[str]:
    moves = await AssessmentMove.filter(assessment_id=row.id).order_by("sequence")
    assert all(one.reason and one.at for one in moves)
    return [moves[0].before.value, *(one.after.value for one in moves)]


# The whole way


async def test_an_assessment_goes_all_the_way_and_skips_nothing(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    rounds = await world.feed_back(row, {"A03": 20, "A05": 10})
    assert [one.deducted for one in rounds] == [20, 10]
    for one in rounds:
        assert (await world.settle(one)).status is RectificationStatus.CLOSED
    done = await Assessment.get(id=row.id)
    assert (done.stage, done.mark) == (AssessmentStage.ACCEPTED, 970)
    assert await stages(row) == [
        "planned", "assessing", "in_review", "to_feed_back", "fed_back",
        "training", "rectifying", "to_accept", "accepted",
    ]  # fmt: skip


async def test_a_branch_without_a_finding_goes_the_same_way_by_itself(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    assert await world.feed_back(row, {}) == []
    assert len(await stages(row)) == 9
    assert (await Assessment.get(id=row.id)).mark == 1000


async def test_training_and_rectifying_may_go_on_together_but_both_come_before_acceptance(
    world: Assessed,
) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    ctx = world.at(world.town.worker)
    await findings.plan(ctx, finding_id=one.id, measure="补开", kind=RectificationKind.AT_ONCE)
    await findings.prove(ctx, finding_id=one.id, evidence="会议记录")
    assert (await Assessment.get(id=row.id)).stage is AssessmentStage.TRAINING
    await findings.train(ctx, finding_id=one.id)
    assert (await Assessment.get(id=row.id)).stage is AssessmentStage.TO_ACCEPT


async def test_a_returned_rectification_goes_back_and_comes_again(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    await world.prove(one)
    officer = world.at(world.town.town_officer)
    with pytest.raises(BadInput):
        await findings.send_back(officer, finding_id=one.id, reason=" ")
    back = await findings.send_back(officer, finding_id=one.id, reason="只补了纪录，没有真开会")
    assert back.status is RectificationStatus.RETURNED
    assert (await Assessment.get(id=row.id)).stage is AssessmentStage.RECTIFYING
    await findings.prove(world.at(world.town.worker), finding_id=one.id, evidence="11月25日补开，记录第3页")
    assert (await Assessment.get(id=row.id)).stage is AssessmentStage.TO_ACCEPT


async def test_a_stopped_assessment_leads_nowhere_and_keeps_why(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    stopped = await assessments.stop(world.ctx, assessment_id=row.id, reason="村合并，支部撤销")
    assert stopped.stage is AssessmentStage.STOPPED
    with pytest.raises(WrongState):
        await observations.upload(world.at(world.one), assessment_id=row.id, lines=[])
    with pytest.raises(WrongState):
        await assessments.stop(world.ctx, assessment_id=row.id, reason="再停一次")


# Who assesses


async def test_two_different_people_assess_and_neither_belongs_to_the_branch(world: Assessed) -> None:
    mine = world.town.worker
    team = await cycles.add_team(
        world.ctx, cycle_id=world.cycle.id, name="二组", leader_id=world.one.id, person_ids=[mine.id]
    )
    with pytest.raises(BadInput, match="回避"):
        await cycles.assign(
            world.ctx, cycle_id=world.cycle.id, team_id=team.id, branch_ids=[world.town.branch.id]
        )
    assert await Assessment.all().count() == 0
    with pytest.raises(BadInput):
        await cycles.add_team(
            world.ctx, cycle_id=world.cycle.id, name="三组", leader_id=mine.id, person_ids=[mine.id]
        )


async def test_who_works_for_a_branch_keeps_away_from_it_too(world: Assessed) -> None:
    await Duty.create(person=world.one, role=Role.BRANCH_WORKER, organization=world.town.branch)
    with pytest.raises(BadInput, match="回避"):
        await cycles.assign(
            world.ctx, cycle_id=world.cycle.id, team_id=world.team.id,
            branch_ids=[world.town.branch.id], assessor_ids=[world.one.id, world.two.id],
        )  # fmt: skip


async def test_a_duty_that_came_later_keeps_an_assessor_from_handing_in(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await Duty.create(person=world.one, role=Role.BRANCH_WORKER, organization=world.town.branch)
    with pytest.raises(WrongState):
        await world.look(row, world.one, {})


async def test_a_relative_steps_back_and_another_steps_in(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    changed = await cycles.recuse(world.at(world.one), assessment_id=row.id, reason="书记是我弟弟")
    assert (changed.assessor_id, changed.other_id) == (world.leader.id, world.two.id)
    with pytest.raises(NotFound):
        await observations.kit(world.at(world.one), assessment_id=row.id)
    with pytest.raises(BadInput):
        await cycles.recuse(world.at(world.two), assessment_id=row.id, reason="我也是亲戚")  # one is left


async def test_all_branches_below_are_shared_out_once(world: Assessed) -> None:
    made = await cycles.assign(
        world.ctx, cycle_id=world.cycle.id, team_id=world.team.id, below_id=world.town.district.id
    )
    assert [one.sheet for one in made] == ["A", "A", "C"]
    with pytest.raises(BadInput):
        await cycles.assign(
            world.ctx, cycle_id=world.cycle.id, team_id=world.team.id, below_id=world.town.district.id
        )
    assert await Assessment.all().count() == 3


async def test_a_towns_committee_is_looked_at_by_its_own_list(world: Assessed) -> None:
    (row,) = await world.begin(world.town.town)
    kit = await observations.kit(world.at(world.one), assessment_id=row.id)
    assert kit.sheet.code == "T"


async def test_towns_make_quarters_for_themselves_and_nothing_elsewhere(world: Assessed) -> None:
    officer = world.at(world.town.town_officer)
    made = await cycles.create(
        officer, kind=CycleKind.QUARTER, organization_id=world.town.town.id, year=2026, number=4
    )
    assert made.name == "2026年第四季度检查（ZC01）"
    with pytest.raises(NotFound):
        await cycles.create(
            officer, kind=CycleKind.QUARTER, organization_id=world.town.other_town.id, year=2026, number=4
        )
    with pytest.raises(NotAllowed):  # The district's own cycle is to be seen, not to be run.
        await cycles.publish(officer, cycle_id=world.cycle.id)
    with pytest.raises(BadInput):
        await cycles.create(
            officer, kind=CycleKind.QUARTER, organization_id=world.town.town.id, year=2026, number=5
        )


async def test_the_sample_follows_the_seed_and_never_asks_for_more_than_there_is(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    drawn = row.sample["records"]
    assert {kind: len(which) for kind, which in drawn.items()} == {
        "党员大会": 1, "支委会": 2, "主题党日": 2, "发展党员": 1,
    }  # fmt: skip
    assert len(row.sample["interview"]) == 3
    again = assessment_sample.draw(world.cycle.seed, "ZC0101|主题党日", assessment_sample.months(
        world.cycle.records_until, 6), 2)  # fmt: skip
    assert again == drawn["主题党日"]
    seen = {tuple(assessment_sample.draw(str(seed), "x", range(6), 2)) for seed in range(200)}
    assert len(seen) == 15, "every pair is drawn sooner or later"
    assert assessment_sample.draw("s", "x", [1, 2], 5) == [1, 2]


# Marks


async def test_neither_sees_the_others_marks_before_both_are_in(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.look(row, world.one, {"A03": 20})
    seen = await assessments.get(world.at(world.two), assessment_id=row.id)
    assert (list(seen.apart), list(seen.observations)) == ([], [])
    kit = await observations.kit(world.at(world.two), assessment_id=row.id)
    assert list(kit.mine) == []
    await world.look(row, world.two, {})
    assert (await assessments.get(world.at(world.two), assessment_id=row.id)).apart[2].first == 20


@pytest.mark.parametrize(("other", "far"), [({"A03": 20}, False), ({"A03": 70}, False), ({"A03": 71}, True)])
async def test_more_than_five_apart_is_the_leaders_to_decide(
    world: Assessed, other: dict[str, int], far: bool
) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.look_both(row, {"A03": 20}, other)
    leader = world.at(world.leader)
    if far:
        with pytest.raises(BadInput, match="组长"):
            await assessments.review(leader, assessment_id=row.id, decided={})
        reviewed = await assessments.review(
            leader, assessment_id=row.id, decided={"A03": 40}, reason="核对了会议记录"
        )
        assert reviewed.mark == 960
    else:
        reviewed = await assessments.review(leader, assessment_id=row.id, decided={})
        assert reviewed.mark == 1000 - (20 + other["A03"]) // 2
    assert reviewed.by_leader is far


async def test_a_leader_deducts_no_more_than_somebody_proved(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.look_both(row, {"A03": 20}, {"A03": 10})
    with pytest.raises(BadInput, match="没有佐证"):
        await assessments.review(world.at(world.leader), assessment_id=row.id, decided={"A03": 21})
    with pytest.raises(BadInput):
        await assessments.review(world.at(world.leader), assessment_id=row.id, decided={"A04": 1})
    with pytest.raises(NotAllowed):
        await assessments.review(world.at(world.one), assessment_id=row.id, decided={})
    assert await ItemMark.all().count() == 0


async def test_sent_back_both_write_again(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.look_both(row, {"A03": 20})
    await assessments.send_back(world.at(world.leader), assessment_id=row.id, reason="佐证写得不清楚")
    kit = await observations.kit(world.at(world.one), assessment_id=row.id)
    (old,) = [one for one in kit.mine if one.item == "A03"]
    line = world.line("A03", 10, replaces=[old.id])
    await observations.upload(world.at(world.one), assessment_id=row.id, lines=[line])
    for who in (world.one, world.two):
        await observations.hand_in(world.at(who), assessment_id=row.id)
    both = await assessments.both(await Assessment.get(id=row.id))
    assert (both[2].first, both[2].second) == (10, 20)


# What comes back


async def test_what_was_closed_and_comes_back_is_the_same_finding_again_and_counts_double(
    world: Assessed,
) -> None:
    (row,) = await world.begin(world.town.branch)
    (first,) = await world.feed_back(row, {"A03": 20})
    await world.settle(first)
    await world.next_cycle()
    (row,) = await world.begin(world.town.branch)
    kit = await observations.kit(world.at(world.one), assessment_id=row.id)
    assert [one.finding.item for one in kit.before] == ["A03"]
    (second,) = await world.feed_back(row, {"A03": 20})
    assert (second.finding_id, second.round, second.deducted) == (first.finding_id, 2, 40)
    assert (await Assessment.get(id=row.id)).mark == 960
    assert await Finding.all().count() == 1
    rounds = await findings.chain(second)
    assert [one.status.value for one in rounds] == ["closed", "to_do"]
    assert second.evidence == ""


async def test_what_was_never_closed_goes_on_in_the_next_round_without_counting_double(
    world: Assessed,
) -> None:
    (row,) = await world.begin(world.town.branch)
    (first,) = await world.feed_back(row, {"A03": 20})
    await world.next_cycle()
    (again,) = await world.begin(world.town.branch)
    (second,) = await world.feed_back(again, {"A03": 20})
    assert (second.round, second.deducted) == (2, 20)
    assert (await Rectification.get(id=first.id)).status is RectificationStatus.CARRIED
    assert (await Assessment.get(id=row.id)).stage is AssessmentStage.ACCEPTED


# Feedback and objections


async def test_a_branch_sees_nothing_before_it_is_handed_over_and_signs_only_then(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.look_both(row, {"A03": 20})
    await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    worker = world.at(world.town.worker)
    with pytest.raises(NotFound):
        await assessments.get(worker, assessment_id=row.id)
    assert (await findings.list_findings(worker)).items == []
    await assessments.deliver(world.ctx, assessment_id=row.id)
    seen = await assessments.get(worker, assessment_id=row.id)
    assert [one.deducted for one in seen.rectifications] == [20]
    assert list(seen.apart) == [], "who deducted what is the team's own"
    for stranger in (world.town.member, world.town.far_worker, world.town.far_officer):
        with pytest.raises((NotFound, NotYourBranch)):
            await assessments.sign(world.at(stranger), assessment_id=row.id)
    signed = await assessments.sign(worker, assessment_id=row.id)
    assert signed.signed_by_id == world.town.worker.id
    assert (await assessments.sign(worker, assessment_id=row.id)).signed_at == signed.signed_at
    assert await AuditEntry.filter(action="assessment.moved", subject=f"assessment:{row.id}").count() == 5


async def test_objections_are_taken_for_five_working_days_and_not_a_minute_longer(
    world: Assessed, clock: Clock
) -> None:
    (row,) = await world.begin(world.town.branch)
    one, two = await world.feed_back(row, {"A03": 20, "A05": 10})
    worker = world.at(world.town.worker)
    clock.now = clock.now.replace(day=27, hour=23, minute=59)  # Signed on Friday the 20th.
    await findings.object_to(worker, finding_id=one.id, text="当季开过，记录在另一本上")
    clock.now += timedelta(minutes=1)
    with pytest.raises(TooLateToObject):
        await findings.object_to(worker, finding_id=two.id, text="也开过")
    assert one.objection == ""
    row_ = await Rectification.get(id=one.id)
    assert row_.objection_due_at is not None
    assert row_.objection_due_at.astimezone(clock.now.tzinfo).strftime("%m-%d %H:%M") == "12-12 00:00"


async def test_an_upheld_objection_gives_back_what_was_deducted(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    one, two = await world.feed_back(row, {"A03": 20, "A05": 10})
    await findings.object_to(world.at(world.town.worker), finding_id=one.id, text="当季开过")
    for who in (world.town.worker, world.town.far_officer):
        with pytest.raises((NotAllowed, NotFound)):
            await findings.answer_objection(world.at(who), finding_id=one.id, upheld=True, text="成立")
    await findings.answer_objection(world.ctx, finding_id=one.id, upheld=True, text="经核对成立")
    assert (await Assessment.get(id=row.id)).mark == 990
    await world.settle(two)
    assert (await Assessment.get(id=row.id)).stage is AssessmentStage.ACCEPTED


async def test_who_assessed_does_not_answer_the_objection(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    await findings.object_to(world.at(world.town.worker), finding_id=one.id, text="当季开过")
    await Duty.create(person=world.one, role=Role.DISTRICT_OFFICER, organization=world.town.district)
    with pytest.raises(OwnRectification):
        await findings.answer_objection(world.at(world.one), finding_id=one.id, upheld=False, text="不成立")


async def test_a_leader_who_decided_a_deduction_does_not_answer_for_it(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.look_both(row, {"A03": 60}, {"A03": 0})
    await assessments.review(
        world.at(world.leader), assessment_id=row.id, decided={"A03": 40}, reason="按记录定"
    )
    await assessments.deliver(world.ctx, assessment_id=row.id)
    await assessments.sign(world.at(world.town.worker), assessment_id=row.id)
    one = await Rectification.get(assessment_id=row.id)
    await findings.object_to(world.at(world.town.worker), finding_id=one.id, text="当季开过")
    await Duty.create(person=world.leader, role=Role.DISTRICT_OFFICER, organization=world.town.district)
    assert not (await finding_steps.look(world.at(world.leader), finding_id=one.id)).may_answer
    with pytest.raises(OwnRectification):
        await findings.answer_objection(
            world.at(world.leader), finding_id=one.id, upheld=False, text="不成立"
        )
    await findings.answer_objection(world.ctx, finding_id=one.id, upheld=True, text="经核对成立")


# Nobody closes their own, and nobody closes without proof


async def test_nothing_is_accepted_without_proof(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    with pytest.raises(WrongState):
        await findings.accept(world.at(world.town.town_officer), finding_id=one.id)
    worker = world.at(world.town.worker)
    with pytest.raises(BadInput):
        await findings.prove(worker, finding_id=one.id, evidence="记录")  # No measure yet.
    await findings.plan(worker, finding_id=one.id, measure="补开", kind=RectificationKind.LIMITED)
    with pytest.raises(BadInput):
        await findings.prove(worker, finding_id=one.id, evidence="　")


async def test_nobody_accepts_what_they_own_proved_or_accepted_already(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    await world.prove(one)
    await Duty.create(person=world.town.worker, role=Role.TOWN_OFFICER, organization=world.town.town)
    with pytest.raises(OwnRectification):
        await findings.accept(world.at(world.town.worker), finding_id=one.id)
    for who in (world.town.member, world.town.far_officer, world.leader):
        with pytest.raises((NotAllowed, NotFound)):
            await findings.accept(world.at(who), finding_id=one.id)
    await Rectification.filter(id=one.id).update(
        status=RectificationStatus.TO_DISTRICT, district_sampled=1,
        town_by_id=world.town.district_officer.id, town_at=world.ctx.now(),
    )  # fmt: skip
    with pytest.raises(OwnRectification):
        await findings.accept(world.ctx, finding_id=one.id)
    with pytest.raises(NotAllowed):  # A town's officer doesn't accept for the district.
        await findings.accept(world.at(world.town.town_officer), finding_id=one.id)


async def test_the_districts_sample_takes_about_a_fifth(world: Assessed) -> None:
    drawn = sum(assessment_sample.percent(world.cycle.seed, f"finding:{n}:1") < 20 for n in range(5000))
    assert 850 < drawn < 1150


CLOSE = {
    "without proof": "evidence = ''",
    "with blanks for proof": "evidence = '   '",
    "by nobody": "town_by_id = NULL",
    "at no time": "town_at = NULL",
    "by its owner": "town_by_id = owner_id",
    "by who proved it": "town_by_id = evidence_by_id",
    "without an owner": "owner_id = NULL",
    "proved by nobody": "evidence_by_id = NULL",
    "sampled, and not looked at": "district_sampled = 1, district_by_id = NULL",
    "sampled, and looked at by the same": "district_sampled = 1, district_by_id = town_by_id,"
    " district_at = town_at",
    "not upheld without an answer": "status = 'not_upheld'",
}


async def test_the_database_itself_refuses_to_close_otherwise(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    await world.settle(one)
    (connection,) = connections.all()
    for change in CLOSE.values():
        with pytest.raises(IntegrityError):
            await connection.execute_query(f"UPDATE rectifications SET {change} WHERE id = {one.id}")
    assert (await Rectification.get(id=one.id)).status is RectificationStatus.CLOSED


async def test_the_database_itself_refuses_to_close_what_is_open_and_to_make_it_closed(
    world: Assessed,
) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    (connection,) = connections.all()
    for sql in (
        f"UPDATE rectifications SET status = 'closed' WHERE id = {one.id}",
        f"UPDATE rectifications SET status = 'closed', closed_at = begun_at WHERE id = {one.id}",
        "INSERT INTO rectifications (finding_id, round, assessment_id, status, version, deducted, faults, kind,"
        " measure, evidence, district_sampled, reason, objection, objection_answer) SELECT finding_id, 2,"
        " assessment_id, 'closed', 1, deducted, faults, kind, 'x', 'x', 0, '', '', '' FROM rectifications",
    ):
        with pytest.raises(IntegrityError):
            await connection.execute_query(sql)
    assert (await Rectification.get(id=one.id)).status is RectificationStatus.TO_DO
    assert await Rectification.all().count() == 1


async def test_the_database_itself_refuses_a_skip_and_a_deduction_without_proof(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (connection,) = connections.all()
    moves = "INSERT INTO assessment_moves (assessment_id, sequence, before, after, reason, at) VALUES "
    at = "'2026-11-20 02:00:00'"
    for values in (
        f"({row.id}, 2, 'assessing', 'accepted', 'x', {at})",
        f"({row.id}, 2, 'to_accept', 'stopped', ' ', {at})",
        f"({row.id}, 1, 'assessing', 'in_review', 'x', {at})",
    ):
        with pytest.raises(IntegrityError):
            await connection.execute_query(moves + values)
    no = "FALSE" if connection.capabilities.dialect != "sqlite" else "0"
    with pytest.raises(IntegrityError):
        await connection.execute_query(
            "INSERT INTO assessment_observations (id, assessment_id, assessor_id, item, replaces, deducted, rule,"
            f" fact, evidence, made_at, received_at, late) VALUES ('x', {row.id}, {world.one.id}, 'A03', '[]',"
            f" 10, 'x', 'x', ' ', {at}, {at}, {no})"
        )


async def test_two_officers_at_once_close_it_once(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    await world.prove(one)
    second = await person(world.town.town, Role.TOWN_OFFICER)
    results = await asyncio.gather(
        *(findings.accept(world.at(who), finding_id=one.id) for who in (world.town.town_officer, second)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Rectification) for one in results) == 1
    assert sum(isinstance(one, (WrongState, NotAllowed, OwnRectification)) for one in results) == 1


async def test_the_branch_is_told_once_that_its_result_is_there(world: Assessed) -> None:
    from models import Account, App

    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o1", person=world.town.worker, follows=True)
    (row,) = await world.begin(world.town.branch)
    await world.look_both(row, {})
    await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    for _ in range(2):
        await assessments.deliver(world.ctx, assessment_id=row.id)
    (notice,) = await Notice.all()
    assert "5 个工作日" in notice.content


async def test_without_the_use_cases_own_check_the_database_still_refuses(
    world: Assessed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = await world.begin(world.town.branch)
    (one,) = await world.feed_back(row, {"A03": 20})
    await world.prove(one)
    await Duty.create(person=world.town.worker, role=Role.TOWN_OFFICER, organization=world.town.town)
    monkeypatch.setattr(findings, "_to_judge", findings._held)
    monkeypatch.setattr(assessment_sample, "percent", lambda *_: 99)
    with pytest.raises(OwnRectification):
        await findings.accept(world.at(world.town.worker), finding_id=one.id)
    assert (await Rectification.get(id=one.id)).status is RectificationStatus.TO_TOWN
    assert await AuditEntry.filter(action="finding.closed").count() == 0
