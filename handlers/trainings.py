"""Training classes and trips: places for a unit's group, all of them or none, a waiting list, and no clashes.

The order of locks is always class, then people, as sites do it with slot and booking; the database decides
who gets the last place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import audit, paging, visit_news, worker_news
from handlers.access import officer_reach, within
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import (
    BadInput,
    InAnotherTraining,
    NotAllowed,
    NotFound,
    TrainingFull,
    WrongState,
)
from handlers.lines import one_line
from handlers.locks import hold
from handlers.worker_rules import require_district
from handlers.worker_terms import terms
from handlers.workers import covered_unit
from models import (
    Enrolment,
    EnrolmentStatus,
    Organization,
    Person,
    Trainee,
    Training,
    TrainingSession,
    TrainingStatus,
)

LARGEST_GROUP = 60
MOST_SESSIONS = 60
MOST_PLACES = 2000
LONGEST = timedelta(days=62)
TRIP = "visit"


@dataclass(frozen=True, slots=True)
class SessionWish:
    """A part of a class as it is planned."""

    title: str
    starts_at: datetime
    ends_at: datetime
    hours: int
    teacher: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What completing a class asks for; the class's own, to be kept by the district."""

    attendance_percent: int
    needs_quiz: bool
    needs_summary: bool


@dataclass(frozen=True, slots=True)
class TrainingPage:
    """A stretch of a list, latest first; `next` is the cursor of the following one."""

    items: list[Training]
    next: int | None


def usual_conditions(kind: str) -> Conditions:
    """What a new class of a kind starts from (本区建议值)."""
    return Conditions(**terms()["training_conditions"]["visit" if kind == TRIP else "class"])


async def create(
    ctx: Context,
    *,
    code: str,
    kind: str,
    topic: str,
    place: str,
    capacity: int,
    sessions: Sequence[SessionWish],
    host_id: int | None = None,
    conditions: Conditions | None = None,
) -> Training:
    """The district opens a class; it begins with its first part and ends with its last.

    Raises:
        NotAllowed, BadInput: a code that is taken, parts that overlap or are none.
    """
    await require_district(ctx)
    if kind not in terms()["training_kinds"]:
        raise BadInput(kind="没有这种班次")
    if not 1 <= capacity <= MOST_PLACES:
        raise BadInput(capacity=f"名额应在 1 到 {MOST_PLACES} 之间")
    asks = conditions or usual_conditions(kind)
    if not 0 <= asks.attendance_percent <= 100:
        raise BadInput(attendance_percent="出勤要求应在 0 到 100 之间")
    parts = _checked(sessions)
    host = await _host(host_id)
    training = Training(
        code=_code(code), kind=kind, topic=one_line(topic, longest=80, field="topic"),
        place=one_line(place, longest=120, field="place"), host=host, capacity=capacity,
        starts_at=parts[0].starts_at, ends_at=parts[-1].ends_at, status=TrainingStatus.OPEN,
        attendance_percent=asks.attendance_percent, needs_quiz=asks.needs_quiz,
        needs_summary=asks.needs_summary,
    )  # fmt: skip
    try:
        async with in_transaction():
            await training.save(force_create=True)
            for number, part in enumerate(parts, start=1):
                await TrainingSession.create(
                    training=training, number=number, starts_at=part.starts_at, ends_at=part.ends_at,
                    title=one_line(part.title, longest=80, field="sessions"), hours=part.hours,
                    teacher=one_line(part.teacher, longest=40, field="sessions", required=False),
                )  # fmt: skip
            await audit.record(ctx, "training.opened", f"training:{training.id}", capacity=capacity)
    except IntegrityError:
        raise BadInput(code="这个班次编号已经用过，请换一个") from None
    return training


async def edit(
    ctx: Context, *, training_id: int, capacity: int | None = None, conditions: Conditions | None = None
) -> Training:
    """The district changes the places (never below those promised) or the conditions of an open class.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    await require_district(ctx)
    training = await get(training_id)
    if capacity is not None and not 1 <= capacity <= MOST_PLACES:
        raise BadInput(capacity=f"名额应在 1 到 {MOST_PLACES} 之间")
    if conditions is not None and not 0 <= conditions.attendance_percent <= 100:
        raise BadInput(attendance_percent="出勤要求应在 0 到 100 之间")
    columns: dict[str, Any] = {"capacity": capacity} if capacity is not None else {}
    if conditions is not None:
        columns |= {
            "attendance_percent": conditions.attendance_percent,
            "needs_quiz": conditions.needs_quiz,
            "needs_summary": conditions.needs_summary,
        }
    if not columns:
        return training
    async with in_transaction():
        still = Training.filter(id=training.id, status=TrainingStatus.OPEN)
        enough = still.filter(taken__lte=capacity) if capacity is not None else still
        if not await enough.update(**columns):
            if capacity is not None and await still.exists():
                raise BadInput(capacity="名额不能少于已经录取的人数")
            raise WrongState
        await audit.record(ctx, "training.edited", f"training:{training.id}", fields=sorted(columns))
        await _promote(ctx, training)
    await training.refresh_from_db()
    return training


async def enrol(
    ctx: Context, *, training_id: int, unit_id: int, person_ids: Sequence[int], wait: bool = False
) -> Enrolment:
    """A unit's officer sends a group: all of them get places, or with `wait` all of them wait, or none.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput, TrainingFull, InAnotherTraining: nothing is written.
    """
    unit = await covered_unit(ctx, unit_id)
    training = await get(training_id)
    if training.status is not TrainingStatus.OPEN or training.starts_at <= ctx.now():
        raise WrongState
    people = await _people(unit, person_ids)
    try:
        return await _write(ctx, training, unit, people, EnrolmentStatus.ENROLLED)
    except TrainingFull:
        if not wait:
            raise
    return await _write(ctx, training, unit, people, EnrolmentStatus.WAITING)


async def cancel(ctx: Context, *, enrolment_id: int, person_ids: Sequence[int] = ()) -> Enrolment:
    """Take some of a group, or all of it, out again; their places go to those who wait.

    Raises:
        NotAllowed, NotFound, WrongState.
    """
    await officer_reach(ctx)
    enrolment = await Enrolment.get_or_none(id=enrolment_id).select_related("training", "unit")
    if enrolment is None:
        raise NotFound
    await covered_unit(ctx, enrolment.unit_id)
    training = enrolment.training
    if training.status is not TrainingStatus.OPEN or training.starts_at <= ctx.now():
        raise WrongState
    async with in_transaction():
        await training.touch()
        leaving = Trainee.filter(enrolment_id=enrolment.id, live_key__isnull=False)
        if person_ids:
            leaving = leaving.filter(person_id__in=list(person_ids))
        gone = await leaving.update(live_key=None)
        if not gone:
            raise WrongState
        await enrolment.refresh_from_db()
        left = enrolment.headcount - gone
        status = enrolment.status if left else EnrolmentStatus.CANCELLED
        await Enrolment.filter(id=enrolment.id).update(headcount=left, status=status)
        await audit.record(ctx, "enrolment.cancelled", f"enrolment:{enrolment.id}", heads=gone)
        if enrolment.status is EnrolmentStatus.ENROLLED:
            await training.release(gone)
        await _promote(ctx, training)
        enrolment.headcount, enrolment.status = left, status
    return enrolment


async def call_off(ctx: Context, *, training_id: int, reason: str) -> Training:
    """The district calls a class off and tells everybody in it.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    await require_district(ctx)
    training = await get(training_id)
    line = one_line(reason, longest=200, field="reason")
    async with in_transaction():
        still = Training.filter(id=training.id, status=TrainingStatus.OPEN)
        if not await still.update(status=TrainingStatus.CANCELLED):
            raise WrongState
        expected = Trainee.filter(training_id=training.id, live_key__isnull=False)
        people = [row.person_id for row in await expected]
        await expected.update(live_key=None)
        await audit.record(ctx, "training.cancelled", f"training:{training.id}")
        text = f"“{training.topic}”取消了。原因：{line}。"
        await worker_news.tell(ctx, people, text, key=f"training:{training.id}:off")
    training.status = TrainingStatus.CANCELLED
    return training


async def list_trainings(ctx: Context, *, cursor: int | None = None, limit: int = 20) -> TrainingPage:
    """All classes, for whoever is on the roster, latest first: anybody may see what is on.

    Raises:
        NotBound.
    """
    await require_person(ctx)
    rows = Training.all().select_related("host")
    return TrainingPage(*await paging.newest_first(rows, cursor=cursor, limit=limit))


async def get_training(ctx: Context, *, training_id: int) -> tuple[Training, Sequence[TrainingSession]]:
    """One class with its parts.

    Raises:
        NotBound, NotFound.
    """
    await require_person(ctx)
    training = await get(training_id)
    return training, await TrainingSession.filter(training_id=training.id).order_by("number")


async def list_enrolments(ctx: Context, *, training_id: int) -> list[tuple[Enrolment, list[Trainee]]]:
    """The groups of a class that the caller's units sent, in the order they came; for officers.

    Raises:
        NotAllowed, NotFound.
    """
    officer = await officer_reach(ctx)
    training = await get(training_id)
    rows = Enrolment.filter(within(officer, below="unit__"), training_id=training.id).order_by("id")
    enrolments = await rows.select_related("unit")
    trainees = Trainee.filter(enrolment_id__in=[row.id for row in enrolments]).order_by("id")
    members = await trainees.select_related("person")
    return [(row, [one for one in members if one.enrolment_id == row.id]) for row in enrolments]


async def keeps(ctx: Context, training: Training) -> None:
    """Only who runs a class goes on: the district, and officers over its host.

    Raises:
        NotAllowed.
    """
    officer = await officer_reach(ctx)
    host = await Organization.get(id=training.host_id)
    if officer is not None and not officer.covers_organization(host):
        raise NotAllowed


async def _write(
    ctx: Context, training: Training, unit: Organization, people: Sequence[Person], status: EnrolmentStatus
) -> Enrolment:
    """Write a group and, unless it waits, take its places; one transaction that begins with a write."""
    enrolled_by = ctx.caller.person.id if ctx.caller.person is not None else None
    enrolment = Enrolment(
        training=training, unit=unit, enrolled_by_id=enrolled_by, headcount=len(people), status=status,
        created_at=ctx.now(),
    )  # fmt: skip
    try:
        async with in_transaction() as connection:
            if status is EnrolmentStatus.ENROLLED:
                if not await training.claim(len(people)):
                    raise TrainingFull
            else:
                await training.touch()
            await _check_clashes(connection, training, people)
            await enrolment.save(force_create=True)
            await Trainee.bulk_create(
                [
                    Trainee(
                        enrolment=enrolment, training=training, person=person,
                        live_key=f"{training.id}:{person.id}",
                    )
                    for person in people
                ]
            )  # fmt: skip
            await audit.record(
                ctx,
                f"enrolment.{status}",
                f"enrolment:{enrolment.id}",
                training=training.id,
                heads=len(people),
            )
            if status is EnrolmentStatus.ENROLLED:
                await _tell_group(ctx, training, [person.id for person in people])
            else:
                await _promote(ctx, training)
    except IntegrityError:  # Somebody of the group is in this class already.
        raise InAnotherTraining from None
    if status is EnrolmentStatus.WAITING:
        await enrolment.refresh_from_db(fields=["status"])
    return enrolment


async def _check_clashes(connection: BaseDBAsyncClient, training: Training, people: Sequence[Person]) -> None:
    """Nobody is in two classes at the same time; held by person, so that no two enrolments overtake."""
    for person_id in sorted(person.id for person in people):
        await hold(connection, f"trainee:{person_id}")
    expected = Trainee.filter(person_id__in=[person.id for person in people], live_key__isnull=False)
    overlap = Q(training__starts_at__lt=training.ends_at, training__ends_at__gt=training.starts_at)
    if await expected.filter(overlap, training__status=TrainingStatus.OPEN).exists():
        raise InAnotherTraining


async def _promote(ctx: Context, training: Training) -> int:
    """Give free places to waiting groups, in the order they came, to each that fits; the class is held.

    A large group doesn't hold up a small one behind it.
    """
    if training.starts_at <= ctx.now():
        return 0
    waiting = Enrolment.filter(training_id=training.id, status=EnrolmentStatus.WAITING).order_by("id")
    promoted = 0
    for enrolment in await waiting:
        if not await training.claim(enrolment.headcount):
            continue
        await Enrolment.filter(id=enrolment.id).update(status=EnrolmentStatus.ENROLLED)
        await audit.record(ctx, "enrolment.enrolled", f"enrolment:{enrolment.id}", waited=True)
        members = await Trainee.filter(enrolment_id=enrolment.id, live_key__isnull=False)
        await _tell_group(ctx, training, [one.person_id for one in members])
        promoted += 1
    return promoted


async def _tell_group(ctx: Context, training: Training, person_ids: Sequence[int]) -> None:
    when = visit_news.moment(ctx, training.starts_at)
    text = f"已为您报名“{training.topic}”，{when}，{training.place}。{worker_news.MINE}"
    await worker_news.tell(ctx, person_ids, text, key=f"training:{training.id}:in")


async def _people(unit: Organization, person_ids: Sequence[int]) -> list[Person]:
    """The group: people of the unit's roster, or on post in it."""
    wanted = list(dict.fromkeys(person_ids))
    if not 1 <= len(wanted) <= LARGEST_GROUP:
        raise BadInput(person_ids=f"一次报 1 到 {LARGEST_GROUP} 人")
    own = Q(organization__path__startswith=unit.path) | Q(
        worker__placements__unit_id=unit.id, worker__placements__ended_on__isnull=True
    )
    found = await Person.filter(own, id__in=wanted, left_at=None).distinct().order_by("id")
    if len(found) != len(wanted):
        raise BadInput(person_ids="名单里有人不在本单位的名册，请核对")
    return found


def _checked(sessions: Sequence[SessionWish]) -> list[SessionWish]:
    parts = sorted(sessions, key=lambda part: part.starts_at)
    if not 1 <= len(parts) <= MOST_SESSIONS:
        raise BadInput(sessions=f"课程表应有 1 到 {MOST_SESSIONS} 节")
    for part in parts:
        if part.ends_at <= part.starts_at:
            raise BadInput(sessions="结束时间应晚于开始时间")
        if not 0 <= part.hours <= 24:
            raise BadInput(sessions="每节学时应在 0 到 24 之间")
    if any(later.starts_at < earlier.ends_at for earlier, later in pairwise(parts)):
        raise BadInput(sessions="两节课的时间有重叠，请核对")
    if parts[-1].ends_at - parts[0].starts_at > LONGEST:
        raise BadInput(sessions=f"一期班最长 {LONGEST.days} 天")
    return parts


def _code(code: str) -> str:
    line = one_line(code, longest=20, field="code").upper()
    if not line.isascii() or not line.replace("-", "").isalnum():
        raise BadInput(code="班次编号用字母、数字和短横线")
    return line


async def _host(host_id: int | None) -> Organization:
    """Who runs it; the district's own where nobody is named."""
    host = await Organization.filter(**({"id": host_id} if host_id else {"parent_id": None})).first()
    if host is None:
        raise BadInput(host_id="没有这个党组织，请核对")
    return host


async def get(training_id: int) -> Training:
    """One class, with its host.

    Raises:
        NotFound.
    """
    training = await Training.get_or_none(id=training_id).select_related("host")
    if training is None:
        raise NotFound
    return training
