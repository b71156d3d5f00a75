"""Rehearsals: a case is played step by step, each person on a phone of their own.

Everything is in the database. A wish locks the rehearsal's row, is decided on what is true then, and
writes one event; of two people who act at once, the second one's wish meets what the first one did.
Whoever drops out finds the same seat again, on any process.
"""

from dataclasses import dataclass
from typing import Any

from tortoise.expressions import F
from tortoise.transactions import in_transaction

from handlers import audit, cases, codes
from handlers import rehearsal_play as playing
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, NotYourBranch
from handlers.rehearsal_play import HOST, Event, Move, Play, Stage, Wish
from handlers.rehearsal_reckoning import Box
from models import Booking, Duty, Membership, Person, Rehearsal, RehearsalEvent, RehearsalSeat, Role

MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Sitting:
    """A rehearsal as one of its people sees it: where it stands, and who is who among them."""

    rehearsal: Rehearsal
    play: Play
    seat: int
    names: dict[int, str]


async def open_rehearsal(
    ctx: Context, *, case: str, booking_id: int | None = None, branch_id: int | None = None
) -> Sitting:
    """Begin to gather people for a case; the caller hosts. With a booking, at that visit's site.

    Raises:
        NotBound, NotYourBranch: the caller works for no such branch.
        NotFound: no such case.
        BadInput: the booking isn't one of the branch's.
    """
    person = await require_person(ctx)
    branch = await _own_branch(person, branch_id)
    content = await cases.get_case(ctx, code=case)
    if booking_id and not await Booking.filter(id=booking_id, branch_id=branch).exists():
        raise BadInput(booking_id="没有这个预约，或者不是您支部的")
    due = await Person.filter(
        organization_id=branch, membership=Membership.FULL, left_at__isnull=True
    ).count()  # fmt: skip
    event = playing.opened(content.code, _seat_name(HOST), ctx.now().date(), due=due)
    async with in_transaction():
        rehearsal = await Rehearsal.create(
            case=content.code, branch_id=branch, booking_id=booking_id, box=_kept(Box()), opened_at=ctx.now()
        )
        await RehearsalSeat.create(rehearsal=rehearsal, person=person, number=HOST)
        play = playing.apply(None, event)
        await _write(ctx, rehearsal, event, play.box)
    return await _sitting(rehearsal, play, HOST)


async def join(ctx: Context, *, code: str) -> Sitting:
    """Sit down by the scanned code, or come back to the seat one had.

    Raises:
        NotBound, BadCode, NotFound.
        WrongState: it is over, or no seat is left.
    """
    person = await require_person(ctx)
    number = codes.read_rehearsal(ctx.settings.secret_key.get_secret_value(), code)
    async with in_transaction():
        rehearsal, play = await _locked(number)
        seat = await RehearsalSeat.get_or_none(rehearsal_id=rehearsal.id, person_id=person.id)
        if seat is not None:
            event = playing.returned(play, seat.number)
        else:
            event = playing.joined(play, _seat_name(len(play.seats) + 1))
            seat = await RehearsalSeat.create(rehearsal=rehearsal, person=person, number=event.seat)
        play = await _go_on(ctx, rehearsal, play, Move(event, play.box))
    return await _sitting(rehearsal, play, seat.number)


async def act(ctx: Context, *, rehearsal_id: int, wish: Wish) -> Sitting:
    """Carry out what the caller wishes; a wish that came true before changes nothing.

    Raises:
        NotBound, NotFound: no such rehearsal, or the caller has no seat at it.
        NotAllowed, WrongState, StepRefused, BadInput: see `rehearsal_play.decide`.
    """
    seat = await _own_seat(ctx, rehearsal_id)
    async with in_transaction():
        rehearsal, play = await _locked(rehearsal_id)
        play = await _go_on(ctx, rehearsal, play, playing.decide(play, seat, wish))
    return await _sitting(rehearsal, play, seat)


async def show(ctx: Context, *, rehearsal_id: int) -> Sitting:
    """Where a rehearsal stands, for one of its people.

    Raises:
        NotBound, NotFound.
    """
    seat = await _own_seat(ctx, rehearsal_id)
    rehearsal = await Rehearsal.get(id=rehearsal_id)
    return await _sitting(rehearsal, await _replayed(rehearsal), seat)


async def join_code(ctx: Context, *, rehearsal_id: int) -> str:
    """What the host shows for others to scan.

    Raises:
        NotBound, NotFound.
        NotAllowed: the caller isn't the host.
    """
    if await _own_seat(ctx, rehearsal_id) != HOST:
        raise NotAllowed
    return codes.rehearsal(ctx.settings.secret_key.get_secret_value(), rehearsal_id=rehearsal_id)


async def list_mine(ctx: Context) -> list[Rehearsal]:
    """The rehearsals at which the caller has a seat, the latest first."""
    person = await require_person(ctx)
    return await Rehearsal.filter(seats__person_id=person.id).order_by("-id").limit(MOST_LISTED)


async def facts(ctx: Context, *, rehearsal_id: int) -> dict[str, Any]:
    """What a record may be filled from: numbers, dates and outcomes, without anybody's name or vote.

    Raises:
        NotBound, NotFound.
        NotAllowed: the caller doesn't work for the branch whose rehearsal it is.
    """
    person = await require_person(ctx)
    rehearsal = await Rehearsal.get_or_none(id=rehearsal_id)
    if rehearsal is None:
        raise NotFound
    duties = Duty.filter(
        person_id=person.id, role=Role.BRANCH_WORKER, organization_id=rehearsal.branch_id
    )  # fmt: skip
    if not await duties.exists():
        raise NotAllowed
    play = await _replayed(rehearsal)
    known = {name: value for name, value in play.known.items() if name != "box"}
    return {"case": rehearsal.case, "booking_id": rehearsal.booking_id, "complete": play.complete, **known}


async def _own_branch(person: Person, branch_id: int | None) -> int:
    duties = Duty.filter(person_id=person.id, role=Role.BRANCH_WORKER, organization_id__not_isnull=True)
    branches = [int(duty.organization_id or 0) for duty in await duties.order_by("id")]
    if branch_id is None and person.organization_id in branches:
        return person.organization_id
    if not branches or branch_id not in (None, *branches):
        raise NotYourBranch
    return branch_id or branches[0]


async def _own_seat(ctx: Context, rehearsal_id: int) -> int:
    person = await require_person(ctx)
    seat = await RehearsalSeat.get_or_none(rehearsal_id=rehearsal_id, person_id=person.id)
    if seat is None:
        raise NotFound
    return int(seat.number)


async def _locked(rehearsal_id: int) -> tuple[Rehearsal, Play]:
    """The rehearsal, held until the transaction ends; an update that changes nothing holds it everywhere."""
    if not await Rehearsal.filter(id=rehearsal_id).update(version=F("version")):
        raise NotFound
    rehearsal = await Rehearsal.get(id=rehearsal_id)
    return rehearsal, await _replayed(rehearsal)


async def _replayed(rehearsal: Rehearsal) -> Play:
    rows = await RehearsalEvent.filter(rehearsal_id=rehearsal.id, sequence__lte=rehearsal.version).order_by(
        "sequence"
    )
    events = [Event(row.kind, row.seat, row.data) for row in rows]
    return playing.replay(events, box=Box(rehearsal.box[0], tuple(rehearsal.box[1:])))


async def _go_on(ctx: Context, rehearsal: Rehearsal, play: Play, move: Move) -> Play:
    if move.event is None:
        return play
    play = playing.replay([move.event], play=play, box=move.box)
    if play.stage is Stage.FINISHED:
        rehearsal.finished_at = ctx.now()
    await _write(ctx, rehearsal, move.event, move.box)
    return play


async def _write(ctx: Context, rehearsal: Rehearsal, event: Event, box: Box) -> None:
    """One event, in the caller's transaction; the version and the unique sequence let nobody overtake."""
    rehearsal.box = _kept(box)
    if not await rehearsal.advance():
        raise RuntimeError(f"rehearsal {rehearsal.id} moved on while it was held")
    rehearsal.version += 1
    await RehearsalEvent.create(
        rehearsal=rehearsal, sequence=rehearsal.version, kind=event.kind, seat=event.seat,
        data=event.data, at=ctx.now(),
    )  # fmt: skip
    await audit.record(ctx, f"rehearsal.{event.kind}", f"rehearsal:{rehearsal.id}", seat=event.seat)


async def _sitting(rehearsal: Rehearsal, play: Play, seat: int) -> Sitting:
    seats = await RehearsalSeat.filter(rehearsal_id=rehearsal.id).select_related("person")
    return Sitting(rehearsal, play, seat, {row.number: row.person.name for row in seats})


def _kept(box: Box) -> list[int]:
    return [box.ballots, *box.counts]


def _seat_name(number: int) -> str:
    return f"{number}号"
