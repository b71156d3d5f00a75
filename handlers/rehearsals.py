"""Rehearsals: a case is played step by step, each person on a phone of their own.

Everything is in the database. A wish locks the rehearsal's row, is decided on what is true then, and
writes one event; of two people who act at once, the second one's wish meets what the first one did.
Whoever drops out finds the same seat again, on any process.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.expressions import F
from tortoise.transactions import in_transaction

from handlers import audit, cases, codes
from handlers import rehearsal_play as playing
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, NotYourBranch, StepRefused
from handlers.rehearsal_live import Fold
from handlers.rehearsal_play import HOST, Event, Move, Play, Stage, Wish
from handlers.rehearsal_reckoning import Box
from models import (
    Booking,
    BookingStatus,
    Duty,
    Membership,
    Person,
    Rehearsal,
    RehearsalEvent,
    RehearsalSeat,
    Role,
)

MOST_LISTED = 50
CODE_HOLDS = timedelta(days=7)
"""A code ends with its rehearsal; one that was left lying ends by itself."""
PROMISED = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED)
"""A visit that is still to come or under way, and not merely waited for."""


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
        BadInput: the booking isn't one of the branch's, not at a training base, or is over.
    """
    person = await require_person(ctx)
    branch = await _own_branch(person, branch_id)
    content = await cases.get_case(ctx, code=case)
    if booking_id is not None:
        await _check_visit(ctx, booking_id, branch)
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
    return await _sitting(ctx, rehearsal, play, HOST)


async def join(ctx: Context, *, code: str) -> Sitting:
    """Sit down by the scanned code, or come back to the seat one had.

    Raises:
        NotBound, BadCode, NotFound.
        StepRefused: it is over, no seat is left, or the host admits the own branch only.
    """
    person = await require_person(ctx)
    number = codes.read_rehearsal(codes.signer(ctx.settings.secret_keys, code), code)
    async with in_transaction():
        rehearsal, play = await _locked(ctx, number)
        seat = await RehearsalSeat.get_or_none(rehearsal_id=rehearsal.id, person_id=person.id)
        if seat is not None:
            event = playing.returned(play, seat.number)
        else:
            if ctx.now() > rehearsal.opened_at + CODE_HOLDS:
                raise StepRefused("这个实训码过期了，请主持人另开一场。")
            is_ours = person.organization_id == rehearsal.branch_id
            event = playing.joined(play, _seat_name(len(play.seats) + 1), is_ours=is_ours)
            seat = await RehearsalSeat.create(rehearsal=rehearsal, person=person, number=event.seat)
        play = await _go_on(ctx, rehearsal, play, Move(event, play.box))
    await ctx.live.tell(ctx.redis, number)
    return await _sitting(ctx, rehearsal, play, seat.number)


async def look_at(ctx: Context, *, code: str) -> Rehearsal:
    """Which rehearsal a code leads to, before one sits down.

    Raises:
        NotBound, BadCode, NotFound.
    """
    await require_person(ctx)
    number = codes.read_rehearsal(codes.signer(ctx.settings.secret_keys, code), code)
    rehearsal = await Rehearsal.get_or_none(id=number)
    if rehearsal is None:
        raise NotFound
    return rehearsal


async def act(ctx: Context, *, rehearsal_id: int, wish: Wish) -> Sitting:
    """Carry out what the caller wishes; a wish that came true before changes nothing.

    Raises:
        NotBound, NotFound: no such rehearsal, or the caller has no seat at it.
        NotAllowed, WrongState, StepRefused, BadInput: see `rehearsal_play.decide`.
    """
    seat = await _own_seat(ctx, rehearsal_id)
    async with in_transaction():
        rehearsal, play = await _locked(ctx, rehearsal_id)
        play = await _go_on(ctx, rehearsal, play, playing.decide(play, seat, wish))
    await ctx.live.tell(ctx.redis, rehearsal_id)
    return await _sitting(ctx, rehearsal, play, seat)


async def show(ctx: Context, *, rehearsal_id: int) -> Sitting:
    """Where a rehearsal stands, for one of its people.

    Raises:
        NotBound, NotFound.
    """
    person = await require_person(ctx)
    rehearsal = await Rehearsal.get_or_none(id=rehearsal_id)
    if rehearsal is None:
        raise NotFound
    fold = await _fold(ctx, rehearsal)
    if person.id not in fold.seats:
        raise NotFound
    return Sitting(rehearsal, fold.play, fold.seats[person.id], fold.names)


async def watch(
    ctx: Context, *, rehearsal_id: int, seen: int = 0, within: float
) -> AsyncGenerator[Sitting | None]:
    """Where a rehearsal stands whenever it has moved on, for one of its people; see `Live.follow`.

    Raises:
        NotBound, NotFound.
    """
    return _watched(ctx, rehearsal_id, await _own_seat(ctx, rehearsal_id), seen, within)


async def _watched(
    ctx: Context, rehearsal_id: int, seat: int, seen: int, within: float
) -> AsyncGenerator[Sitting | None]:
    redis = None if ctx.settings.redis_url == "memory://" else ctx.redis
    follow = ctx.live.follow(redis, rehearsal_id=rehearsal_id, seat=seat, seen=seen, within=within)
    async with aclosing(follow) as versions:
        async for version in versions:
            if version is None:
                yield None
                continue
            fold = await _fold_at(ctx, rehearsal_id, version)
            if fold is None:
                return
            yield Sitting(fold.rehearsal, fold.play, seat, fold.names)


async def _fold_at(ctx: Context, rehearsal_id: int, version: int) -> Fold | None:
    """The state at a version or a later one: read once for all who watch in this process."""
    async with ctx.live.folding(rehearsal_id):
        known = ctx.live.fold(rehearsal_id)
        if known is not None and known.version >= version:
            return known
        rehearsal = await Rehearsal.get_or_none(id=rehearsal_id)
        return await _fold(ctx, rehearsal) if rehearsal is not None else None


async def join_code(ctx: Context, *, rehearsal_id: int) -> str:
    """What the host shows for others to scan.

    Raises:
        NotBound, NotFound.
        NotAllowed: the caller isn't the host.
        StepRefused: it is over, and its code with it.
    """
    if await _own_seat(ctx, rehearsal_id) != HOST:
        raise NotAllowed
    if await Rehearsal.filter(id=rehearsal_id, finished_at__not_isnull=True).exists():
        raise StepRefused("这场实训已经结束，实训码不再有效。")
    return codes.rehearsal(ctx.settings.secret_key.get_secret_value(), rehearsal_id=rehearsal_id)


async def list_mine(ctx: Context) -> list[Rehearsal]:
    """The rehearsals at which the caller has a seat, the latest first."""
    person = await require_person(ctx)
    return await Rehearsal.filter(seats__person_id=person.id).order_by("-id").limit(MOST_LISTED)


async def may_open(ctx: Context) -> bool:
    """Whether the caller works for a branch."""
    person = await require_person(ctx)
    return await Duty.filter(
        person_id=person.id, role=Role.BRANCH_WORKER, organization_id__not_isnull=True
    ).exists()  # fmt: skip


async def visits_ahead(ctx: Context) -> list[Booking]:
    """The branch's visits to a training base at which a rehearsal can be opened, the next one first."""
    person = await require_person(ctx)
    try:
        branch = await _own_branch(person, None)
    except NotYourBranch:
        return []
    promised = Booking.filter(
        branch_id=branch, status__in=PROMISED, slot__ends_at__gt=ctx.now(), slot__site__is_training_base=True
    )
    return await promised.order_by("slot__starts_at").limit(10).select_related("slot__site")


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
    play = (await _fold(ctx, rehearsal)).play
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


async def _check_visit(ctx: Context, booking_id: int, branch: int) -> None:
    booking = await Booking.get_or_none(id=booking_id, branch_id=branch).select_related("slot__site")
    if booking is None:
        raise BadInput(booking_id="没有这个预约，或者不是您支部的")
    if booking.status not in PROMISED or booking.slot.ends_at <= ctx.now():
        raise BadInput(booking_id="这个预约没有生效或者已经过了，请另选一个，或者不填")
    if not booking.slot.site.is_training_base:
        raise BadInput(booking_id="这个预约不在实训基地，请另选一个，或者不填")


async def _locked(ctx: Context, rehearsal_id: int) -> tuple[Rehearsal, Play]:
    """The rehearsal, held until the transaction ends; an update that changes nothing holds it everywhere."""
    if not await Rehearsal.filter(id=rehearsal_id).update(version=F("version")):
        raise NotFound
    rehearsal = await Rehearsal.get(id=rehearsal_id)
    return rehearsal, await _replayed(rehearsal, ctx.live.fold(rehearsal_id))


async def _replayed(rehearsal: Rehearsal, known: Fold | None) -> Play:
    """The state at the row's version, from what is known of an earlier one."""
    if known is not None and known.version > rehearsal.version:
        known = None
    after = known.version if known is not None else 0
    box = Box(rehearsal.box[0], tuple(rehearsal.box[1:]))
    events: list[Event] = []
    if after < rehearsal.version:
        rows = await RehearsalEvent.filter(
            rehearsal_id=rehearsal.id, sequence__gt=after, sequence__lte=rehearsal.version
        ).order_by("sequence")
        events = [Event(row.kind, row.seat, row.data) for row in rows]
    return playing.replay(events, play=known.play if known is not None else None, box=box)


async def _fold(ctx: Context, rehearsal: Rehearsal) -> Fold:
    """Where a rehearsal stands and who sits where, kept by version. The row was read as committed."""
    known = ctx.live.fold(rehearsal.id)
    if known is not None and known.version == rehearsal.version:
        return known
    play = await _replayed(rehearsal, known)
    fold = await _with_names(rehearsal, play)
    ctx.live.keep(rehearsal.id, fold)
    return fold


async def _with_names(rehearsal: Rehearsal, play: Play) -> Fold:
    rows = await RehearsalSeat.filter(rehearsal_id=rehearsal.id).select_related("person")
    return Fold(
        rehearsal.version,
        rehearsal,
        play,
        {row.number: row.person.name for row in rows},
        {row.person_id: row.number for row in rows},
    )


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


async def _sitting(ctx: Context, rehearsal: Rehearsal, play: Play, seat: int) -> Sitting:
    """What the caller's own act led to; kept by nobody, since an outer transaction may still undo it."""
    known = ctx.live.fold(rehearsal.id)
    if known is not None and len(known.names) == len(play.seats):
        return Sitting(rehearsal, play, seat, known.names)
    return Sitting(rehearsal, play, seat, (await _with_names(rehearsal, play)).names)


def _kept(box: Box) -> list[int]:
    return [box.ballots, *box.counts]


def _seat_name(number: int) -> str:
    return f"{number}号"
