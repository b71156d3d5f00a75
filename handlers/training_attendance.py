"""Who was at which part of a class, by its code or from the list; who completed it; and their hours, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tortoise.expressions import F
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, codes, trainings
from handlers.access import officer_reach
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NoBooking, NotFound, TooEarly, TooLate, WrongState
from models import (
    Attendance,
    Enrolment,
    EnrolmentStatus,
    Trainee,
    Training,
    TrainingRecord,
    TrainingSession,
    TrainingStatus,
)

OPENS_BEFORE = timedelta(minutes=30)
CODE, PAPER = "code", "paper"
NAMES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a scan came to: the part, and whether it was the first."""

    session: TrainingSession
    again: bool


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """What became of one name of a list."""

    name: str
    status: Literal["present", "already", "unknown_name", "same_name"]


@dataclass(frozen=True, slots=True)
class Result:
    """What the teachers say of one trainee: passed or not, handed in or not; no marks."""

    trainee_id: int
    quiz: bool | None = None
    summary: bool | None = None


@dataclass(frozen=True, slots=True)
class TraineeState:
    """A trainee with the numbers of the parts they were at, and whether the class's conditions are met."""

    trainee: Trainee
    sessions: list[int]
    meets: bool


async def session_code(ctx: Context, *, session_id: int) -> tuple[TrainingSession, str]:
    """The code to show at the door of a part, for who runs the class.

    Raises:
        NotAllowed, NotFound.
    """
    session = await _kept(ctx, session_id)
    secret = ctx.settings.secret_key.get_secret_value()
    return session, codes.training(secret, session_id=session.id)


async def check_in(ctx: Context, *, code: str) -> Arrived:
    """The caller is here; again is the same.

    Raises:
        NotBound, BadCode, NotFound, NoBooking: they aren't enrolled. TooEarly, TooLate.
    """
    person = await require_person(ctx)
    session_id = codes.read_training(codes.signer(ctx.settings.secret_keys, code), code)
    session = await _session(session_id)
    trainee = await _expected(session.training_id).get_or_none(person_id=person.id)
    if trainee is None:
        raise NoBooking(site=session.training.topic)
    if ctx.now() < session.starts_at - OPENS_BEFORE:
        raise TooEarly(site=session.training.place, at=session.starts_at - OPENS_BEFORE)
    if ctx.now() > session.ends_at or session.training.status is not TrainingStatus.OPEN:
        raise TooLate(site=session.training.place, at=session.ends_at)
    return Arrived(session, not await _note(ctx, session, trainee, CODE))


async def enter_names(ctx: Context, *, session_id: int, names: Sequence[str]) -> list[NameAnswer]:
    """Who runs the class enters a paper list: names are looked for among its trainees only.

    Raises:
        NotAllowed, NotFound, WrongState: the class is closed. TooEarly, BadInput.
    """
    session = await _kept(ctx, session_id)
    if session.training.status is not TrainingStatus.OPEN:
        raise WrongState
    if ctx.now() < session.starts_at - OPENS_BEFORE:
        raise TooEarly(site=session.training.place, at=session.starts_at - OPENS_BEFORE)
    if not 1 <= len(names) <= NAMES_AT_ONCE:
        raise BadInput(names=f"一次填 1 到 {NAMES_AT_ONCE} 人")
    trainees = await _expected(session.training_id).select_related("person")
    answers = []
    for name in names:
        line = "".join(name.split())
        meant = [one for one in trainees if one.person.name == line]
        if len(meant) != 1:
            answers.append(NameAnswer(name, "same_name" if meant else "unknown_name"))
        else:
            new = await _note(ctx, session, meant[0], PAPER)
            answers.append(NameAnswer(name, "present" if new else "already"))
    return answers


async def keep_results(ctx: Context, *, training_id: int, results: Sequence[Result]) -> list[TraineeState]:
    """Quiz and summary of the class, as far as given.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput: a trainee of another class.
    """
    await officer_reach(ctx)
    training = await trainings.get(training_id)
    await trainings.keeps(ctx, training)
    if training.status is not TrainingStatus.OPEN:
        raise WrongState
    known = {row.id for row in await _expected(training.id)}
    if not {one.trainee_id for one in results} <= known:
        raise BadInput(results="名单里有人不在这个班，请核对")
    async with in_transaction():
        for one in results:
            given = {"quiz": one.quiz, "summary": one.summary}
            columns = {name: value for name, value in given.items() if value is not None}
            if columns:
                await Trainee.filter(id=one.trainee_id).update(**columns)
        await audit.record(ctx, "training.results_kept", f"training:{training.id}", count=len(results))
    return await states(training)


async def close(ctx: Context, *, training_id: int) -> list[TraineeState]:
    """Close a class that is over: who completed it is settled, attended hours are recorded, once.

    Raises:
        NotAllowed, NotFound, WrongState: it isn't over, or is closed already.
    """
    await officer_reach(ctx)
    training = await trainings.get(training_id)
    await trainings.keeps(ctx, training)
    if training.ends_at > ctx.now():
        raise WrongState
    async with in_transaction():
        still = Training.filter(id=training.id, status=TrainingStatus.OPEN)
        if not await still.update(status=TrainingStatus.CLOSED):
            raise WrongState
        found = await states(training)
        hours = {one.number: one.hours for one in await TrainingSession.filter(training_id=training.id)}
        for one in found:
            await Trainee.filter(id=one.trainee.id).update(completed=one.meets)
            one.trainee.completed = one.meets
        records = [
            TrainingRecord(
                training=training, person_id=one.trainee.person_id, completed=one.meets,
                hours=sum(hours[number] for number in one.sessions), recorded_at=ctx.now(),
            )
            for one in found
            if one.sessions
        ]  # fmt: skip
        await TrainingRecord.bulk_create(records)
        waiting = Enrolment.filter(training_id=training.id, status=EnrolmentStatus.WAITING)
        await waiting.update(status=EnrolmentStatus.CANCELLED)
        await audit.record(ctx, "training.closed", f"training:{training.id}", records=len(records))
    return found


async def trainees(ctx: Context, *, training_id: int) -> list[TraineeState]:
    """Everybody in a class, for who runs it.

    Raises:
        NotAllowed, NotFound.
    """
    await officer_reach(ctx)
    training = await trainings.get(training_id)
    await trainings.keeps(ctx, training)
    return await states(training)


async def states(training: Training) -> list[TraineeState]:
    """Everybody who has a place, by name order of their groups; three queries."""
    sessions = await TrainingSession.filter(training_id=training.id).order_by("number")
    numbers = {one.id: one.number for one in sessions}
    there: dict[int, list[int]] = {}
    for row in await Attendance.filter(session_id__in=list(numbers)).order_by("session_id"):
        there.setdefault(row.trainee_id, []).append(numbers[row.session_id])
    rows = (
        await _expected(training.id)
        .order_by("enrolment_id", "id")
        .select_related("person", "enrolment__unit")
    )
    return [
        TraineeState(
            row, sorted(there.get(row.id, [])), meets(training, row, there.get(row.id, []), len(sessions))
        )
        for row in rows
    ]


def meets(training: Training, trainee: Trainee, sessions: Sequence[int], planned: int) -> bool:
    """Whether the class's own conditions are met; who was never there has completed nothing. Pure."""
    return (
        bool(sessions)
        and len(sessions) * 100 >= training.attendance_percent * planned
        and (trainee.quiz is True or not training.needs_quiz)
        and (trainee.summary is True or not training.needs_summary)
    )


def year_of(ctx: Context, year: int) -> tuple[datetime, datetime]:
    """The first moment of a year in the service's zone, and of the next one."""
    zone = ctx.settings.zone
    return datetime(year, 1, 1, tzinfo=zone), datetime(year + 1, 1, 1, tzinfo=zone)


async def hours_of(ctx: Context, *, person_ids: Sequence[int], year: int) -> list[TrainingRecord]:
    """The hours of classes these people attended in a year, for template T17; each class once, oldest first.

    For use-cases that have seen to it that their caller may know.
    """
    since, until = year_of(ctx, year)
    rows = TrainingRecord.filter(
        person_id__in=list(person_ids), training__starts_at__gte=since, training__starts_at__lt=until
    )
    rows = rows.order_by("training__starts_at", "id")
    return await rows.select_related("training")


def _expected(training_id: int) -> QuerySet[Trainee]:
    return Trainee.filter(
        training_id=training_id, live_key__isnull=False, enrolment__status=EnrolmentStatus.ENROLLED
    )


async def _note(ctx: Context, session: TrainingSession, trainee: Trainee, source: str) -> bool:
    """Write that they were there, unless it is known; whether it is new. The unique row decides."""
    async with in_transaction():
        still = Training.filter(id=session.training_id, status=TrainingStatus.OPEN)
        if not await still.update(taken=F("taken")):  # Nobody closes the books while this is written.
            raise TooLate(site=session.training.place, at=session.ends_at)
        row = Attendance(session=session, trainee=trainee, at=ctx.now(), source=source)
        if await Attendance.filter(session_id=session.id, trainee_id=trainee.id).exists():
            return False
        await Attendance.bulk_create([row], ignore_conflicts=True)
        await audit.record(
            ctx, "training.attended", f"trainee:{trainee.id}", session=session.id, source=source
        )
    return True


async def _kept(ctx: Context, session_id: int) -> TrainingSession:
    await officer_reach(ctx)
    session = await _session(session_id)
    await trainings.keeps(ctx, session.training)
    return session


async def _session(session_id: int) -> TrainingSession:
    session = await TrainingSession.get_or_none(id=session_id).select_related("training__host")
    if session is None:
        raise NotFound
    return session
