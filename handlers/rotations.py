"""跟班轮训: one town's worker a month with the organization section, round after round, swaps by agreement.

The database keeps what must hold whatever happens: a town has one turn in a round, a place of a month is
one town's. The log is the trainee's own word, never demanded and never counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, rotation_plan, transitions, worker_news
from handlers.access import officer_reach, within
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import (
    BadInput,
    MentorTaken,
    NotCompleted,
    NotFound,
    RotatedLately,
    WrongState,
)
from handlers.lines import one_line
from handlers.locks import hold
from handlers.worker_rules import require_district
from models import (
    ROTATION_AHEAD,
    ROTATION_MENTORED,
    Organization,
    OrganizationKind,
    Person,
    Placement,
    Role,
    Rotation,
    RotationRound,
    RotationStatus,
    Transition,
)

THING = "rotation"
ROUNDS = "rotation rounds"
LONGEST_LOG = 5000
LONGEST_REASON = 300
STATUS_WORDS = {
    RotationStatus.PLANNED: "待报",
    RotationStatus.NOMINATED: "已报",
    RotationStatus.CONFIRMED: "已确认",
    RotationStatus.TRAINING: "在训",
    RotationStatus.ASSESSED: "考核",
    RotationStatus.GRADUATED: "结业",
    RotationStatus.STOPPED: "中止",
    RotationStatus.MISSED: "缺训",
}


@dataclass(frozen=True, slots=True)
class Participation:
    """How far a round has come: towns whose person graduated, of all; and those that have missed theirs."""

    round: RotationRound
    towns: int
    graduated: int
    missing: list[str]


async def open_round(ctx: Context, *, first_month: date) -> list[Rotation]:
    """The section plans a whole round: every town once, in the fixed order of their codes.

    Raises:
        NotAllowed, BadInput: a month that is over, or one that has turns already. Nothing is written.
    """
    await require_district(ctx)
    month = first_month.replace(day=1)
    if month < ctx.now().date().replace(day=1):
        raise BadInput(first_month="请从本月或以后的月份开始")
    towns = await Organization.filter(kind=OrganizationKind.COMMITTEE).exclude(town="").order_by("code", "id")
    if not towns:
        raise BadInput(first_month="组织树里还没有镇（街道）党委，请先登记")
    per_month = ctx.settings.rotation_per_month
    turns = rotation_plan.plan([town.id for town in towns], first_month=month, per_month=per_month)
    try:
        async with in_transaction() as connection:
            await hold(connection, ROUNDS)
            last = await RotationRound.all().order_by("-number").first()
            made = await RotationRound.create(
                number=last.number + 1 if last else 1, first_month=month, created_at=ctx.now()
            )
            rows = [
                Rotation(
                    round=made, unit_id=turn.unit_id, month=turn.month, place=turn.place,
                    status=RotationStatus.PLANNED,
                )
                for turn in turns
            ]  # fmt: skip
            await Rotation.bulk_create(rows)
            await audit.record(ctx, "rotation.round_opened", f"round:{made.id}", turns=len(rows))
    except IntegrityError:
        raise BadInput(first_month="这些月份里已经排了轮训，请从上一轮结束以后开始") from None
    return await _of_round(made.id)


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as the caller may see it: whose month it is, everybody; who goes, only whom it concerns."""

    rotation: Rotation
    shows_person: bool


async def list_rotations(ctx: Context, *, round_number: int | None = None) -> list[Turn]:
    """The turns of a round, the latest by default, month by month; for officers.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    rounds = RotationRound.all().order_by("-number")
    found = await (rounds.filter(number=round_number) if round_number is not None else rounds).first()
    rows = await _of_round(found.id) if found is not None else []
    return [Turn(row, reach is None or reach.covers_organization(row.unit)) for row in rows]


async def get_rotation(ctx: Context, *, rotation_id: int) -> tuple[Rotation, Sequence[Transition]]:
    """One turn with all its moves, for the section and the town's officers.

    Raises:
        NotAllowed, NotFound.
    """
    row = await of_town(ctx, rotation_id)
    return row, await transitions.of(THING, row.id)


async def nominate(ctx: Context, *, rotation_id: int, person_id: int) -> Rotation:
    """A town names its person; until the section confirms, another may be named instead.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput, RotatedLately.
    """
    row = await of_town(ctx, rotation_id)
    if row.status not in (RotationStatus.PLANNED, RotationStatus.NOMINATED):
        raise WrongState
    async with in_transaction() as connection:
        await hold(connection, f"rotates:{person_id}")
        await _check_person(ctx, row, person_id)
        await transitions.move(ctx, THING, row, RotationStatus.NOMINATED, person_id=person_id)
    return await _fresh(row)


async def confirm(ctx: Context, *, rotation_id: int, mentor_id: int) -> Rotation:
    """The section confirms, and names a mentor of its own, who has room for one more.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput, MentorTaken.
    """
    await require_district(ctx)
    row = await of_town(ctx, rotation_id)
    if row.status is not RotationStatus.NOMINATED:
        raise WrongState
    if not await Person.exists(id=mentor_id, duties__role=Role.DISTRICT_OFFICER, left_at=None):
        raise BadInput(mentor_id="带教人应是组织科的同志")
    async with in_transaction() as connection:
        await hold(connection, f"mentor:{mentor_id}")
        await _check_mentor(ctx, row, mentor_id)
        await transitions.move(ctx, THING, row, RotationStatus.CONFIRMED, mentor_id=mentor_id)
        if row.person_id is not None:
            text = f"您 {row.month.month} 月到区委组织部组织科跟班轮训，已经确认。{worker_news.MINE}"
            await worker_news.tell(ctx, [row.person_id], text, key=f"rotation:{row.id}:confirmed")
    return await _fresh(row)


async def arrive(ctx: Context, *, rotation_id: int, on: date) -> Rotation:
    """The person has come, in the month of their turn.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    await require_district(ctx)
    row = await of_town(ctx, rotation_id)
    if row.status is not RotationStatus.CONFIRMED:
        raise WrongState
    if not row.month <= on <= min(rotation_plan.last_day(row.month), ctx.now().date()):
        raise BadInput(on="报到日期应在轮训当月，且不晚于今天")
    async with in_transaction():
        await transitions.move(ctx, THING, row, RotationStatus.TRAINING, arrived_on=on)
    return await _fresh(row)


async def assess(ctx: Context, *, rotation_id: int, met: Sequence[str]) -> Rotation:
    """The section says what is met so far: attendance, quiz, the mentor's word.

    Raises:
        NotAllowed, NotFound, WrongState.
    """
    await require_district(ctx)
    row = await of_town(ctx, rotation_id)
    if row.status not in (RotationStatus.TRAINING, RotationStatus.ASSESSED):
        raise WrongState
    async with in_transaction():
        await transitions.move(ctx, THING, row, RotationStatus.ASSESSED, met=sorted(set(met)))
    return await _fresh(row)


async def graduate(ctx: Context, *, rotation_id: int, on: date) -> Rotation:
    """The person is through: what the settings ask for is met, and the month is over.

    Raises:
        NotAllowed, NotFound, WrongState, NotCompleted, BadInput.
    """
    await require_district(ctx)
    row = await of_town(ctx, rotation_id)
    if row.status is not RotationStatus.ASSESSED or row.arrived_on is None:
        raise WrongState
    if on > ctx.now().date():
        raise BadInput(on="结业日期还没有到")
    needs = {need for need in ctx.settings.rotation_needs.split(",") if need}
    if not needs <= set(row.met) or on < rotation_plan.earliest_end(row.arrived_on, row.month):
        raise NotCompleted
    async with in_transaction():
        await transitions.move(ctx, THING, row, RotationStatus.GRADUATED, ended_on=on)
    return await _fresh(row)


async def replace(ctx: Context, *, rotation_id: int, person_id: int, reason: str) -> Rotation:
    """替换: another person goes, before the month begins or in its middle; the section confirms anew.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput, RotatedLately.
    """
    row = await of_town(ctx, rotation_id)
    if row.status not in (RotationStatus.CONFIRMED, RotationStatus.TRAINING):
        raise WrongState
    line = one_line(reason, longest=LONGEST_REASON, field="reason")
    async with in_transaction() as connection:
        await hold(connection, f"rotates:{person_id}")
        await _check_person(ctx, row, person_id)
        await transitions.move(
            ctx, THING, row, RotationStatus.NOMINATED, note=line, person_id=person_id, mentor_id=None,
            arrived_on=None, met=[], log="",
        )  # fmt: skip
    return await _fresh(row)


async def stop(ctx: Context, *, rotation_id: int, reason: str) -> Rotation:
    """中止: the section ends a turn before its time, and says why.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    await require_district(ctx)
    row = await of_town(ctx, rotation_id)
    if row.status not in ROTATION_MENTORED:
        raise WrongState
    return await _end(ctx, row, RotationStatus.STOPPED, reason)


async def miss(ctx: Context, *, rotation_id: int, reason: str) -> Rotation:
    """缺训: a town has nobody to send and says why in writing.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    row = await of_town(ctx, rotation_id)
    if row.status not in ROTATION_AHEAD:
        raise WrongState
    return await _end(ctx, row, RotationStatus.MISSED, reason)


async def write_log(ctx: Context, *, rotation_id: int, text: str) -> Rotation:
    """Who rotates writes what they like, when they like; it replaces what they wrote before.

    Raises:
        NotBound, NotFound, WrongState, BadInput.
    """
    person = await require_person(ctx)
    row = await Rotation.get_or_none(id=rotation_id, person_id=person.id).select_related("unit", "mentor")
    if row is None:
        raise NotFound
    if row.status not in (RotationStatus.TRAINING, RotationStatus.ASSESSED):
        raise WrongState
    written = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(written) > LONGEST_LOG:
        raise BadInput(text=f"不能超过 {LONGEST_LOG} 个字")
    async with in_transaction():
        await Rotation.filter(id=row.id).update(log=written)
        await audit.record(ctx, "rotation.log_kept", f"rotation:{row.id}")
    row.log = written
    return row


async def close_months(ctx: Context) -> int:
    """Turns whose month is over and to which nobody came are missed; run by the clock. How many."""
    month = ctx.now().date().replace(day=1)
    over = Rotation.filter(month__lt=month, status__in=ROTATION_AHEAD).order_by("id")
    closed = 0
    for row in await over:
        try:
            async with in_transaction():
                await transitions.move(ctx, THING, row, RotationStatus.MISSED, reason="当月没有人到训")
            closed += 1
        except WrongState:  # Somebody was quicker.
            continue
    return closed


async def participation(ctx: Context) -> Participation | None:
    """The current round's: graduated towns of all. None before the first round.

    Raises:
        NotAllowed.
    """
    await officer_reach(ctx)
    round_ = await RotationRound.all().order_by("-number").first()
    if round_ is None:
        return None
    rows = await _of_round(round_.id)
    graduated = [row for row in rows if row.status is RotationStatus.GRADUATED]
    missing = [row.unit.name for row in rows if row.status in (RotationStatus.MISSED, RotationStatus.STOPPED)]
    return Participation(round_, len(rows), len(graduated), missing)


async def noted_towns(ctx: Context) -> list[str]:
    """Towns that sent nobody so many times one after another: for the section to look at. District only.

    Raises:
        NotAllowed.
    """
    await require_district(ctx)
    rows = await Rotation.all().order_by("month", "place").select_related("unit")
    history: dict[int, list[Rotation]] = {}
    for row in rows:
        if row.status not in ROTATION_AHEAD:
            history.setdefault(row.unit_id, []).append(row)
    misses = ctx.settings.rotation_misses_noted
    return [
        turns[-1].unit.name
        for turns in history.values()
        if len(turns) >= misses and all(turn.status is RotationStatus.MISSED for turn in turns[-misses:])
    ]


async def waiting_for(ctx: Context) -> int:
    """Turns of next month (or this one) that wait for the caller: a town to name, the section to confirm.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    district = reach is None or Role.DISTRICT_OFFICER in reach.roles
    status = RotationStatus.NOMINATED if district else RotationStatus.PLANNED
    until = rotation_plan.months_after(ctx.now().date().replace(day=1), 1)
    return await Rotation.filter(within(reach, below="unit__"), status=status, month__lte=until).count()


async def of_town(ctx: Context, rotation_id: int) -> Rotation:
    """A turn of a town the caller is an officer over.

    Raises:
        NotAllowed, NotFound.
    """
    reach = await officer_reach(ctx)
    row = (
        await Rotation.filter(within(reach, below="unit__"), id=rotation_id)
        .first()
        .select_related("unit", "person", "mentor", "round")
    )
    if row is None:
        raise NotFound
    return row


async def _check_person(ctx: Context, row: Rotation, person_id: int) -> None:
    """Somebody on post in the town, who hasn't rotated within the rounds in which nobody goes twice."""
    on_post = Placement.filter(
        worker__person_id=person_id, unit__path__startswith=row.unit.path, ended_on__isnull=True
    )
    if not await on_post.exists():
        raise BadInput(person_id="轮训人选应是本镇街在岗的党务工作者，请先备案登记")
    rest = ctx.settings.rotation_rest_rounds
    if not rest:
        return
    earlier = Rotation.filter(
        person_id=person_id, round__number__gt=row.round.number - rest, round__number__lte=row.round.number
    ).exclude(status=RotationStatus.MISSED)
    if await earlier.exclude(id=row.id).exists():
        raise RotatedLately


async def _check_mentor(ctx: Context, row: Rotation, mentor_id: int) -> None:
    taken = Rotation.filter(mentor_id=mentor_id, status__in=ROTATION_MENTORED, month=row.month)
    late = Rotation.filter(
        mentor_id=mentor_id,
        month__lt=row.month,
        status__in=(RotationStatus.TRAINING, RotationStatus.ASSESSED),
    )
    if await taken.count() + await late.count() >= ctx.settings.rotation_mentees:
        raise MentorTaken


async def _end(ctx: Context, row: Rotation, became: RotationStatus, reason: str) -> Rotation:
    line = one_line(reason, longest=LONGEST_REASON, field="reason")
    changes: dict[str, Any] = {"reason": line}
    async with in_transaction():
        await transitions.move(ctx, THING, row, became, note=line, **changes)
    return await _fresh(row)


async def _of_round(round_id: int) -> list[Rotation]:
    rows = Rotation.filter(round_id=round_id).order_by("month", "place")
    return await rows.select_related("unit", "person", "mentor", "round")


async def _fresh(row: Rotation) -> Rotation:
    return await Rotation.get(id=row.id).select_related("unit", "person", "mentor", "round")
