"""支部自评: before the assessors, by the same sheet, nothing typed twice, and never part of the result."""

from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from handlers import assessment_documents, assessments, observations, screenings, self_assessments
from handlers.context import Context
from handlers.errors import BadInput, NotFound, WrongState
from handlers.self_assessments import Differs, Outcome, Word, Written, differences
from models import (
    Assessment,
    AuditEntry,
    Booking,
    BookingStatus,
    CycleKind,
    Record,
    RecordStatus,
    SelfAssessment,
    SelfMark,
)
from tests.handlers import assessed
from tests.handlers.assessed import Assessed
from tests.handlers.town import new_slot

BAD = "主题党日，扫码 领 鸡蛋"


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


@pytest.fixture
async def row(world: Assessed) -> Assessment:
    (made,) = await world.begin(world.town.branch)
    return made


async def say(world: Assessed, row: Assessment, **words: int) -> None:
    """The branch says something of some items, and hands in."""
    secretary = world.at(world.town.worker)
    said = {item: Word(tenths, "自己看的") for item, tenths in words.items()}
    await self_assessments.save(secretary, assessment_id=row.id, words=said)
    await self_assessments.hand_in(secretary, assessment_id=row.id)


def mark(item: str, deducted: int) -> SelfMark:
    return SelfMark(item=item, deducted=deducted, note="x")


@pytest.mark.parametrize(
    ("said", "assessed_", "expected"),
    [
        ({}, {"A01": 5}, []),
        ({"A01": 5}, {"A01": 5}, []),
        ({"A02": 0, "A01": 10}, {"A01": 5, "A02": 0}, [("A01", 10, 5)]),
        ({"A09": 5}, {"A01": 5}, []),
    ],
)
def test_only_what_differs_is_listed(
    said: dict[str, int], assessed_: dict[str, int], expected: list[tuple[str, int, int]]
) -> None:
    marks = {item: mark(item, tenths) for item, tenths in said.items()}
    assert differences(marks, assessed_) == [Differs(*one, "x") for one in expected]


async def test_it_never_counts_and_the_report_says_where_both_differ(
    world: Assessed, row: Assessment
) -> None:
    await say(world, row, A03=120, A05=10)
    await world.look_both(row, {"A03": 20})
    done = await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    assert done.mark == 980
    whole = await assessments.get(world.ctx, assessment_id=row.id)
    assert [(one.item, one.own, one.assessed) for one in whole.own] == [("A03", 120, 20), ("A05", 10, 0)]
    report = await assessment_documents.branch_report(world.ctx, assessment_id=row.id)
    assert report.sections[-1].heading == "四、支部自评与评估不一样的"
    assert [finding.deducted for finding in whole.rectifications] == [20]


async def test_nobody_has_to_and_then_nothing_is_said_of_it(world: Assessed, row: Assessment) -> None:
    await world.feed_back(row, {"A03": 20})
    report = await assessment_documents.branch_report(world.ctx, assessment_id=row.id)
    assert not any("自评" in section.heading for section in report.sections)


async def test_the_assessor_sees_it_beside_the_item_once_it_was_handed_in(
    world: Assessed, row: Assessment
) -> None:
    secretary = world.at(world.town.worker)
    words = {"A03": Word(20, "少开一次")}
    await self_assessments.save(secretary, assessment_id=row.id, words=words)
    assert (await observations.kit(world.at(world.one), assessment_id=row.id)).own == {}
    for _ in range(2):
        await self_assessments.hand_in(secretary, assessment_id=row.id)
    own = (await observations.kit(world.at(world.one), assessment_id=row.id)).own
    assert (own["A03"].deducted, own["A03"].note) == (20, "少开一次")
    assert await AuditEntry.filter(action="self_assessment.handed_in").count() == 1


async def test_it_comes_before_the_assessors_and_not_after(world: Assessed, row: Assessment) -> None:
    secretary = world.at(world.town.worker)
    assert [one.id for one in await self_assessments.open_ones(secretary)] == [row.id]
    await observations.upload(world.at(world.one), assessment_id=row.id, lines=[world.line("A01")])
    assert await self_assessments.open_ones(secretary) == []
    assert not (await self_assessments.look(secretary, assessment_id=row.id)).may_write
    with pytest.raises(WrongState):
        await self_assessments.save(secretary, assessment_id=row.id, words={"A03": Word(5)})
    assert await SelfAssessment.all().count() == 0


async def test_only_the_own_branch_writes_it_and_only_once_the_plan_is_out(world: Assessed) -> None:
    (row,) = await world.assign(world.town.branch)
    with pytest.raises(NotFound):
        await self_assessments.look(world.at(world.town.worker), assessment_id=row.id)
    (row,) = await world.begin(world.town.other_branch)
    for who in (world.town.worker, world.town.member, world.town.town_officer, world.one):
        with pytest.raises(NotFound):
            await self_assessments.save(world.at(who), assessment_id=row.id, words={})
    await self_assessments.look(world.at(world.town.other_worker), assessment_id=row.id)


@pytest.mark.parametrize(("item", "tenths"), [("A99", 0), ("B01", 0), ("A03", 121), ("A03", -1)])
async def test_what_the_sheet_does_not_have_is_refused_and_nothing_kept(
    world: Assessed, row: Assessment, item: str, tenths: int
) -> None:
    words = {"A01": Word(10), item: Word(tenths)}
    with pytest.raises(BadInput):
        await self_assessments.save(world.at(world.town.worker), assessment_id=row.id, words=words)
    assert await SelfMark.all().count() + await SelfAssessment.all().count() == 0


async def test_what_has_not_changed_is_taken_over_and_what_was_said_stays(
    world: Assessed, row: Assessment
) -> None:
    await say(world, row, A03=20, A05=10)
    await world.feed_back(row, {})
    await world.next_cycle()
    (again,) = await world.begin(world.town.branch)
    secretary = world.at(world.town.worker)
    await self_assessments.save(secretary, assessment_id=again.id, words={"A05": Word(0, "已补上")})
    own = await self_assessments.take_last(secretary, assessment_id=again.id)
    said = {line.item.code: line.said for line in own.lines if line.said is not None}
    assert [(code, one.deducted, one.note, one.taken) for code, one in said.items()] == [
        ("A03", 20, "自己看的", True), ("A05", 0, "已补上", False),
    ]  # fmt: skip


async def test_records_and_visits_stand_beside_the_item_and_are_not_asked_for(
    world: Assessed, row: Assessment, ctx: Context
) -> None:
    now = ctx.now()
    for status, version in ((RecordStatus.SIGNED, 1), (RecordStatus.DRAFT, 0)):
        await Record.create(
            branch=world.town.branch, template="T09", period="2026-11", year=2026, values={}, status=status,
            version=version, held_on=now.date(), created_at=now, saved_at=now,
        )  # fmt: skip
    slot = await new_slot(world.town.site, now - timedelta(days=3))
    await Booking.create(
        slot=slot, branch=world.town.branch, booked_by=world.town.worker, headcount=3, theme="x",
        status=BookingStatus.FULFILLED, created_at=now,
    )  # fmt: skip
    own = await self_assessments.look(world.at(world.town.worker), assessment_id=row.id)
    known = {line.item.code: "；".join(line.known) for line in own.lines}
    assert f"已签发 1 份（{now.month}月{now.day}日），草稿 1 份" in known["A05"]
    assert "到阵地开展活动 1 次" in known["A05"]
    assert "T05“党支部党员大会记录”" in known["A03"]
    assert "系统里没有" in known["A03"]


async def test_a_note_is_looked_at_before_an_assessor_reads_it(world: Assessed, row: Assessment) -> None:
    secretary = world.at(world.town.worker)
    await self_assessments.save(secretary, assessment_id=row.id, words={"A03": Word(5, BAD)})
    own = await self_assessments.hand_in(secretary, assessment_id=row.id)
    assert next(line.said for line in own.lines if line.said is not None).note == BAD
    kit = await observations.kit(world.at(world.one), assessment_id=row.id)
    assert kit.own["A03"].note == screenings.STAND_IN
    (text,) = await screenings.queue(world.ctx)
    await screenings.release(world.ctx, text_id=text.id)
    kit = await observations.kit(world.at(world.one), assessment_id=row.id)
    assert kit.own["A03"].note == BAD


async def test_a_quarters_check_has_one_too(world: Assessed) -> None:
    """每季度 1 次，先于镇街检查."""
    world.cycle = await assessed.cycles.create(
        world.ctx, kind=CycleKind.QUARTER, organization_id=world.town.district.id, year=2026, number=4
    )
    world.team = await assessed.new_team(world.ctx, world.cycle, world.leader, world.one, world.two)
    (row,) = await world.begin(world.town.branch)
    await say(world, row, A01=5)
    assert (await self_assessments.handed_in(row))["A01"].deducted == 5


async def test_the_database_keeps_one_word_for_an_item(world: Assessed, row: Assessment) -> None:
    await say(world, row, A03=20)
    own = await SelfAssessment.get()
    with pytest.raises(IntegrityError):
        await SelfMark.create(own=own, item="A03", deducted=0)
    with pytest.raises((IntegrityError, OperationalError)):
        await SelfMark.create(own=own, item="A04", deducted=-1)


def kept(item: str, tenths: int, note: str = "", *, seen: Word | None = None) -> Written:
    return Written(item, Word(tenths, note), seen)


async def test_what_a_phone_kept_is_taken_once_however_often_it_comes(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    secretary, sent = world.at(world.town.worker), [kept("A03", 25, "少开一次"), kept("A05", 0)]
    first, there = await self_assessments.upload(secretary, assessment_id=row.id, written=sent)
    assert [one.outcome for one in first] == [Outcome.TAKEN] * 2
    assert there == {"A03": Word(25, "少开一次"), "A05": Word(0)}
    again, _ = await self_assessments.upload(secretary, assessment_id=row.id, written=sent[::-1])
    assert [one.outcome for one in again] == [Outcome.ALREADY] * 2
    assert await SelfMark.all().count() == 2
    assert await AuditEntry.filter(action="self_assessment.saved").count() == 1


async def test_what_another_phone_wrote_meanwhile_is_not_laid_over_but_shown(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    secretary = world.at(world.town.worker)
    await self_assessments.save(secretary, assessment_id=row.id, words={"A03": Word(10, "那边")})
    ((told,), there) = await self_assessments.upload(
        secretary, assessment_id=row.id, written=[kept("A03", 25, "这边")]
    )
    assert (told.outcome, told.there, there["A03"]) == (Outcome.DIFFERS, Word(10, "那边"), Word(10, "那边"))
    ((chosen,), _) = await self_assessments.upload(
        secretary, assessment_id=row.id, written=[kept("A03", 25, "这边", seen=told.there)]
    )
    assert chosen.outcome is Outcome.TAKEN
    assert (await SelfMark.get()).note == "这边"


async def test_a_word_that_cannot_be_taken_says_why_and_leaves_nothing(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    wrong = [kept("Z99", 0), kept("A03", 9999), kept("A03", -1), kept("A05", 0, "长" * 301)]
    answers, there = await self_assessments.upload(
        world.at(world.town.worker), assessment_id=row.id, written=wrong
    )
    assert [one.outcome for one in answers] == [Outcome.REFUSED] * 4
    assert all(one.reason for one in answers)
    assert (there, await SelfAssessment.all().count(), await SelfMark.all().count()) == ({}, 0, 0)


async def test_what_comes_after_the_assessors_began_is_refused(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await observations.upload(world.at(world.one), assessment_id=row.id, lines=[world.line("A03", 10)])
    with pytest.raises(WrongState):
        await self_assessments.upload(
            world.at(world.town.worker), assessment_id=row.id, written=[kept("A03", 0)]
        )
    for who in (world.town.other_worker, world.town.member, world.one):
        with pytest.raises(NotFound):
            await self_assessments.upload(world.at(who), assessment_id=row.id, written=[])
