"""Training classes: no oversell, all or none, a fair waiting list, nobody twice at once, hours once."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from tortoise.expressions import F

from handlers import codes, training_attendance, trainings
from handlers.context import Context
from handlers.errors import (
    BadCode,
    BadInput,
    InAnotherTraining,
    NoBooking,
    NotAllowed,
    NotFound,
    TooEarly,
    TooLate,
    TrainingFull,
    WrongState,
)
from handlers.training_attendance import Result
from handlers.trainings import Conditions, SessionWish
from models import (
    Attendance,
    AuditEntry,
    Enrolment,
    EnrolmentStatus,
    Person,
    Role,
    Trainee,
    Training,
    TrainingRecord,
    TrainingSession,
    TrainingStatus,
)
from tests.fakes import Clock
from tests.handlers.town import Town, build, person

STARTS = timedelta(days=5)


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns."""
    return await build(ctx)


def parts(at: datetime, count: int = 2) -> list[SessionWish]:
    """Half days, one after another."""
    return [
        SessionWish(
            f"第{n}讲", at + timedelta(hours=4 * n), at + timedelta(hours=4 * n + 3), hours=4, teacher="演示"
        )
        for n in range(count)
    ]


async def open_class(world: Town, capacity: int = 10, **more: Any) -> Training:
    wish: dict[str, Any] = {
        "code": f"C-{await Training.all().count() + 1}", "kind": "town", "topic": "党支部运行",
        "place": "区委党校", "capacity": capacity, "sessions": parts(world.ctx.now() + STARTS),
    }  # fmt: skip
    return await trainings.create(world.at(world.district_officer), **(wish | more))


async def group(world: Town, count: int, *, far: bool = False) -> list[int]:
    branch = world.far_branch if far else world.branch
    return [(await person(branch, Role.MEMBER)).id for _ in range(count)]


async def enrol(
    world: Town, training: Training, people: list[int], *, far: bool = False, wait: bool = False
) -> Enrolment:
    officer, unit = (world.far_officer, world.other_town) if far else (world.town_officer, world.town)
    return await trainings.enrol(
        world.at(officer), training_id=training.id, unit_id=unit.id, person_ids=people, wait=wait
    )


async def test_the_district_opens_a_class_with_its_own_conditions(world: Town) -> None:
    for nobody in (world.town_officer, world.worker, world.member):
        with pytest.raises(NotAllowed):
            await trainings.create(
                world.at(nobody), code="X", kind="town", topic="x", place="x", capacity=1,
                sessions=parts(world.ctx.now() + STARTS),
            )  # fmt: skip
    training = await open_class(world)
    assert (training.attendance_percent, training.needs_quiz, training.needs_summary) == (80, True, False)
    trip = await open_class(world, kind="visit", code="G-1")
    assert (trip.attendance_percent, trip.needs_summary) == (0, True)
    own = await open_class(world, code="C-9", conditions=Conditions(50, False, False))
    assert own.attendance_percent == 50


@pytest.mark.parametrize("field", ["code", "kind", "sessions", "capacity"])
async def test_what_cannot_be_is_refused_and_nothing_is_left(world: Town, field: str) -> None:
    await open_class(world, code="C-1")
    at = world.ctx.now() + STARTS
    wrong: dict[str, Any] = {
        "code": "c-1", "kind": "nobody", "capacity": 0,
        "sessions": [SessionWish(name, at, at + timedelta(hours=2), 2) for name in "ab"],
    }  # fmt: skip
    with pytest.raises(BadInput) as refused:
        await open_class(world, **{"code": "C-2", field: wrong[field]})
    assert field in refused.value.fields
    assert await Training.all().count() == 1
    assert await AuditEntry.filter(action="training.opened").count() == 1


async def test_a_group_gets_all_its_places_or_none(world: Town) -> None:
    training = await open_class(world, capacity=4)
    await enrol(world, training, await group(world, 3))
    with pytest.raises(TrainingFull):
        await enrol(world, training, await group(world, 2, far=True), far=True)
    assert await Trainee.all().count() == 3
    assert (await Training.get(id=training.id)).taken == 3


async def test_the_last_places_are_never_promised_twice(world: Town) -> None:
    training = await open_class(world, capacity=10)
    groups = [await group(world, 3) for _ in range(6)]
    results = await asyncio.gather(*(enrol(world, training, one) for one in groups), return_exceptions=True)
    assert sum(isinstance(one, Enrolment) for one in results) == 3
    assert sum(isinstance(one, TrainingFull) for one in results) == 3
    assert (await Training.get(id=training.id)).taken == 9
    assert await Trainee.all().count() == 9


async def test_the_claim_alone_decides_who_gets_the_last_places(world: Town) -> None:
    training = await open_class(world, capacity=10)
    assert sum(await asyncio.gather(*(training.claim(3) for _ in range(10)))) == 3


async def test_without_the_claims_condition_the_database_itself_refuses_to_oversell(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await open_class(world, capacity=4)

    async def careless(self: Training, places: int) -> bool:
        return bool(await Training.filter(id=self.id).update(taken=F("taken") + places))

    await enrol(world, training, await group(world, 3))
    monkeypatch.setattr(Training, "claim", careless)
    with pytest.raises(InAnotherTraining):  # The check constraint speaks, as an integrity error.
        await enrol(world, training, await group(world, 3))
    assert (await Training.get(id=training.id)).taken == 3


async def test_who_waits_is_taken_in_turn_and_a_small_group_is_not_held_up(world: Town) -> None:
    training = await open_class(world, capacity=5)
    first = await enrol(world, training, await group(world, 5))
    large = await enrol(world, training, await group(world, 4, far=True), far=True, wait=True)
    small = await enrol(world, training, await group(world, 2), wait=True)
    last = await enrol(world, training, await group(world, 1), wait=True)
    assert {large.status, small.status, last.status} == {EnrolmentStatus.WAITING}
    leaving = (await Trainee.filter(enrolment_id=first.id).order_by("id"))[:3]
    await trainings.cancel(
        world.at(world.town_officer), enrolment_id=first.id, person_ids=[one.person_id for one in leaving]
    )
    statuses = {row.id: row.status for row in await Enrolment.all()}
    assert statuses == {
        first.id: EnrolmentStatus.ENROLLED, large.id: EnrolmentStatus.WAITING,
        small.id: EnrolmentStatus.ENROLLED, last.id: EnrolmentStatus.ENROLLED,
    }  # fmt: skip
    assert (await Training.get(id=training.id)).taken == 5
    await trainings.edit(world.at(world.district_officer), training_id=training.id, capacity=9)
    assert (await Enrolment.get(id=large.id)).status is EnrolmentStatus.ENROLLED
    with pytest.raises(BadInput):
        await trainings.edit(world.at(world.district_officer), training_id=training.id, capacity=8)


async def test_nobody_is_in_two_classes_at_the_same_time_whatever_the_hurry(world: Town) -> None:
    one, other = await open_class(world), await open_class(world)
    later = await open_class(world, sessions=parts(world.ctx.now() + STARTS + timedelta(days=2)))
    people = await group(world, 2)
    results = await asyncio.gather(
        enrol(world, one, people), enrol(world, other, people[::-1]), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Enrolment", "InAnotherTraining"]
    assert await Trainee.all().count() == 2
    assert sum([row.taken for row in await Training.all()]) == 2
    with pytest.raises(InAnotherTraining):
        await enrol(world, one, people)
    await enrol(world, later, people)


async def test_without_the_look_at_other_classes_somebody_would_sit_in_two(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_looks(*_: Any) -> None:
        return None

    monkeypatch.setattr(trainings, "_check_clashes", nobody_looks)
    people = await group(world, 1)
    for training in (await open_class(world), await open_class(world)):
        await enrol(world, training, people)
    assert await Trainee.filter(person_id=people[0], live_key__isnull=False).count() == 2


async def test_a_unit_sends_its_own_people_and_sees_its_own_groups(world: Town) -> None:
    training = await open_class(world)
    with pytest.raises(BadInput):
        await enrol(world, training, await group(world, 1, far=True))
    with pytest.raises(NotFound):
        await trainings.enrol(
            world.at(world.far_officer),
            training_id=training.id,
            unit_id=world.town.id,
            person_ids=[world.member.id],
        )
    mine = await enrol(world, training, await group(world, 1))
    with pytest.raises(NotFound):
        await trainings.cancel(world.at(world.far_officer), enrolment_id=mine.id)
    assert await trainings.list_enrolments(world.at(world.far_officer), training_id=training.id) == []
    for nobody in (world.town_officer, world.worker):
        with pytest.raises(NotAllowed):
            await training_attendance.trainees(world.at(nobody), training_id=training.id)


# Being there, and what it comes to


async def ready(world: Town, clock: Clock, **more: Any) -> tuple[Training, list[TrainingSession]]:
    training = await open_class(world, **more)
    await enrol(world, training, [world.member.id, world.worker.id])
    clock.now = training.starts_at
    return training, await TrainingSession.filter(training_id=training.id).order_by("number")


async def code_of(world: Town, session: TrainingSession) -> str:
    _, code = await training_attendance.session_code(world.at(world.district_officer), session_id=session.id)
    return code


async def test_a_scan_counts_once_and_only_for_who_is_enrolled_and_in_time(world: Town, clock: Clock) -> None:
    _, (first, second) = await ready(world, clock)
    code = await code_of(world, first)
    assert len(code) <= 32
    assert [
        (await training_attendance.check_in(world.at(world.member), code=code)).again for _ in range(3)
    ] == [False, True, True]
    assert await Attendance.all().count() == 1
    with pytest.raises(NoBooking):
        await training_attendance.check_in(world.at(world.far_worker), code=code)
    with pytest.raises(TooEarly):
        await training_attendance.check_in(world.at(world.member), code=await code_of(world, second))
    for forged in (code[:-1] + "x", "T11" + "x" * 14, codes.rehearsal("other", rehearsal_id=1)):
        with pytest.raises(BadCode):
            await training_attendance.check_in(world.at(world.member), code=forged)
    clock.now = first.ends_at + timedelta(minutes=1)
    with pytest.raises(TooLate):
        await training_attendance.check_in(world.at(world.worker), code=code)


async def test_a_paper_list_does_as_well(world: Town, clock: Clock) -> None:
    _, (first, _) = await ready(world, clock)
    await Person.filter(id=world.member.id).update(name="演示甲")
    keeper = world.at(world.district_officer)
    answers = await training_attendance.enter_names(
        keeper, session_id=first.id, names=["演示甲", "演 示 甲", "没有这人"]
    )
    assert [one.status for one in answers] == ["present", "already", "unknown_name"]
    with pytest.raises(NotAllowed):
        await training_attendance.enter_names(
            world.at(world.town_officer), session_id=first.id, names=["演示"]
        )


async def test_completion_follows_the_classes_own_conditions_and_hours_are_recorded_once(
    world: Town, clock: Clock
) -> None:
    training, (first, second) = await ready(world, clock, conditions=Conditions(100, True, False))
    keeper = world.at(world.district_officer)
    for session in (first, second):
        clock.now = session.starts_at
        await training_attendance.check_in(world.at(world.member), code=await code_of(world, session))
    await training_attendance.check_in(world.at(world.worker), code=await code_of(world, second))
    with pytest.raises(WrongState):
        await training_attendance.close(keeper, training_id=training.id)
    trainees = {row.person_id: row for row in await Trainee.all()}
    results = [Result(row.id, quiz=True) for row in trainees.values()]
    await training_attendance.keep_results(keeper, training_id=training.id, results=results)
    clock.now = training.ends_at + timedelta(minutes=1)
    closings = await asyncio.gather(
        *(training_attendance.close(keeper, training_id=training.id) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, list) for one in closings) == 1
    records = {row.person_id: (row.hours, row.completed) for row in await TrainingRecord.all()}
    assert records == {world.member.id: (8, True), world.worker.id: (4, False)}
    year = await training_attendance.hours_of(world.ctx, person_ids=[world.member.id], year=2026)
    assert [(row.training.topic, row.hours) for row in year] == [("党支部运行", 8)]
    with pytest.raises(TooLate):
        await training_attendance.check_in(world.at(world.worker), code=await code_of(world, second))


def test_conditions_are_the_classes_and_nobody_completes_what_they_never_saw() -> None:
    trip = Training(attendance_percent=0, needs_quiz=False, needs_summary=True)
    half = Training(attendance_percent=50, needs_quiz=False, needs_summary=False)
    handed, nothing = Trainee(summary=True), Trainee()
    meets = training_attendance.meets
    assert meets(trip, handed, [1], 2)
    assert not meets(trip, nothing, [1, 2], 2)
    assert not meets(trip, handed, [], 2)
    assert meets(half, nothing, [1, 3], 4)
    assert not meets(half, nothing, [1], 4)


async def test_a_class_that_is_called_off_frees_its_people(world: Town) -> None:
    training, other = await open_class(world), await open_class(world)
    await enrol(world, training, [world.member.id])
    row = await trainings.call_off(
        world.at(world.district_officer), training_id=training.id, reason="讲师有事"
    )
    assert row.status is TrainingStatus.CANCELLED
    await enrol(world, other, [world.member.id])
