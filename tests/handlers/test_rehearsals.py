"""Rehearsals in the database: joined by code, rejoined after a drop, safe from two at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from handlers import bookings, codes, rehearsals
from handlers.context import Context
from handlers.errors import BadCode, BadInput, NotAllowed, NotFound, NotYourBranch, Refused, StepRefused
from handlers.rehearsal_live import Live
from handlers.rehearsal_play import HOST, Kind, Stage, Wish
from handlers.rehearsals import Sitting
from models import AuditEntry, Person, Rehearsal, RehearsalEvent, RehearsalSeat, Role, Site
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot, person


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


async def opened(world: Town, case: str = "C7") -> tuple[int, str]:
    """A rehearsal of the branch, and its code."""
    sitting = await rehearsals.open_rehearsal(world.at(world.worker), case=case)
    number = sitting.rehearsal.id
    return number, await rehearsals.join_code(world.at(world.worker), rehearsal_id=number)


async def act(world: Town, who: Person, number: int, kind: Kind, **wish: Any) -> Sitting:
    return await rehearsals.act(world.at(who), rehearsal_id=number, wish=Wish(kind, **wish))


async def test_a_branch_opens_and_others_join_and_find_their_seat_and_roles_again(world: Town) -> None:
    number, code = await opened(world)
    assert (await rehearsals.join(world.at(world.member), code=code)).seat == 2
    await act(world, world.member, number, Kind.TAKE, role="R07")
    again = await rehearsals.join(world.at(world.member), code=code)
    assert again.seat == 2
    assert again.play.seat(2).roles == {"R07"}
    assert await RehearsalSeat.filter(rehearsal_id=number).count() == 2
    assert again.rehearsal.version == await RehearsalEvent.filter(rehearsal_id=number).count() == 3
    assert await AuditEntry.filter(action__startswith="rehearsal.").count() == 3


async def test_who_has_no_seat_sees_nothing_and_only_the_host_shows_the_code(world: Town) -> None:
    number, code = await opened(world)
    with pytest.raises(NotFound):
        await rehearsals.show(world.at(world.member), rehearsal_id=number)
    with pytest.raises(BadCode):
        await rehearsals.join(world.at(world.member), code=code[:-1] + ("A" if code[-1] != "A" else "B"))
    await rehearsals.join(world.at(world.member), code=code)
    with pytest.raises(NotAllowed):
        await rehearsals.join_code(world.at(world.member), rehearsal_id=number)
    with pytest.raises(NotAllowed):
        await rehearsals.facts(world.at(world.member), rehearsal_id=number)


async def test_a_member_opens_none_and_nobody_takes_anothers_booking(world: Town) -> None:
    with pytest.raises(NotYourBranch):
        await rehearsals.open_rehearsal(world.at(world.member), case="C2")
    with pytest.raises(BadInput):
        await rehearsals.open_rehearsal(world.at(world.worker), case="C2", booking_id=999)
    assert await Rehearsal.all().count() == 0


async def test_a_rehearsal_code_is_no_check_in_code(world: Town) -> None:
    _, code = await opened(world)
    secret = world.ctx.settings.secret_key.get_secret_value()
    with pytest.raises(BadCode):
        codes.read(secret, code, at=world.ctx.now())
    with pytest.raises(BadCode):
        codes.read_rehearsal(secret, codes.poster(secret, site_id="1"))


async def test_of_many_who_act_at_once_each_is_one_event_and_none_is_lost(world: Town) -> None:
    number, code = await opened(world)
    people = [await person(world.branch, Role.MEMBER) for _ in range(6)]
    sat = await asyncio.gather(*(rehearsals.join(world.at(one), code=code) for one in people))
    assert sorted(one.seat for one in sat) == list(range(2, 8))
    await act(world, world.worker, number, Kind.START)
    taps = await asyncio.gather(
        *(act(world, world.worker, number, Kind.CONFIRM, step=1) for _ in range(5)), return_exceptions=True
    )
    assert not [one for one in taps if isinstance(one, BaseException) and not isinstance(one, Refused)]
    assert await RehearsalEvent.filter(rehearsal_id=number, kind="confirmed").count() == 1
    now = await rehearsals.show(world.at(world.worker), rehearsal_id=number)
    assert now.play.step == 2


async def test_a_finished_election_tells_what_a_record_needs_without_names(world: Town) -> None:
    number, _ = await opened(world, "C2")
    sitting = await act(world, world.worker, number, Kind.START)
    while sitting.play.current is not None:
        sitting = await act(world, world.worker, number, Kind.CONFIRM, step=sitting.play.step)
    sitting = await act(world, world.worker, number, Kind.FINISH)
    assert sitting.play.stage is Stage.FINISHED
    assert sitting.rehearsal.finished_at is not None
    known = await rehearsals.facts(world.at(world.worker), rehearsal_id=number)
    assert known["complete"]
    assert known["elected_names"]
    assert known["due"] >= known["present"]
    assert world.worker.name not in str(known)
    assert "box" not in known
    assert sitting.play.seat(HOST).name == "1号"


async def test_a_code_ends_with_its_rehearsal_and_admits_the_own_branch_unless_the_host_says_otherwise(
    world: Town, clock: Clock
) -> None:
    number, code = await opened(world)
    with pytest.raises(StepRefused, match="外支部"):
        await rehearsals.join(world.at(world.other_worker), code=code)
    assert await RehearsalSeat.filter(rehearsal_id=number).count() == 1
    await act(world, world.worker, number, Kind.ADMIT)
    assert (await rehearsals.join(world.at(world.other_worker), code=code)).seat == 2
    clock.now += rehearsals.CODE_HOLDS + timedelta(seconds=1)
    with pytest.raises(StepRefused, match="过期"):
        await rehearsals.join(world.at(world.member), code=code)
    assert (await rehearsals.join(world.at(world.other_worker), code=code)).seat == 2, "one who had a seat"
    await act(world, world.worker, number, Kind.STOP)
    clock.now -= rehearsals.CODE_HOLDS
    with pytest.raises(StepRefused, match="结束"):
        await rehearsals.join(world.at(world.member), code=code)
    with pytest.raises(StepRefused, match="结束"):
        await rehearsals.join_code(world.at(world.worker), rehearsal_id=number)
    assert await RehearsalSeat.filter(rehearsal_id=number).count() == 2


async def test_a_rehearsal_is_held_at_a_live_visit_to_a_training_base(world: Town, clock: Clock) -> None:
    slot = await new_slot(world.site, clock.now + timedelta(days=1))
    booking = await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="实训")
    with pytest.raises(BadInput) as refused:
        await rehearsals.open_rehearsal(world.at(world.worker), case="C2", booking_id=booking.id)
    assert "不在实训基地" in refused.value.fields["booking_id"]
    await Site.filter(id=world.site.id).update(is_training_base=True)
    made = await rehearsals.open_rehearsal(world.at(world.worker), case="C2", booking_id=booking.id)
    assert made.rehearsal.booking_id == booking.id
    with pytest.raises(BadInput):
        await rehearsals.open_rehearsal(world.at(world.other_worker), case="C2", booking_id=booking.id)
    await bookings.cancel(world.at(world.worker), booking_id=booking.id)
    with pytest.raises(BadInput):
        await rehearsals.open_rehearsal(world.at(world.worker), case="C2", booking_id=booking.id)
    assert await Rehearsal.all().count() == 1


async def test_what_is_kept_of_a_rehearsal_never_differs_from_the_fold_of_its_events(world: Town) -> None:
    number, code = await opened(world)
    await rehearsals.join(world.at(world.member), code=code)
    await act(world, world.member, number, Kind.TAKE, role="R07")
    await act(world, world.worker, number, Kind.START)
    for _ in range(3):
        kept = await rehearsals.show(world.at(world.member), rehearsal_id=number)
        afresh = replace(world.at(world.member), live=Live())
        assert kept.play == (await rehearsals.show(afresh, rehearsal_id=number)).play
        await act(world, world.worker, number, Kind.CONFIRM, step=kept.play.step)
        assert (await rehearsals.show(afresh, rehearsal_id=number)).play.step == kept.play.step + 1, "others'"


async def test_a_change_that_was_undone_is_kept_by_nobody(world: Town) -> None:
    number, _ = await opened(world)

    async def start_in_vain() -> None:
        async with in_transaction():
            await act(world, world.worker, number, Kind.START)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await start_in_vain()
    assert (await rehearsals.show(world.at(world.worker), rehearsal_id=number)).play.stage is Stage.GATHERING
    elsewhere = replace(world, ctx=replace(world.ctx, live=Live()))  # The version is used again there.
    await act(elsewhere, world.worker, number, Kind.TAKE, role="R07")
    now = await rehearsals.show(world.at(world.worker), rehearsal_id=number)
    assert (now.play.stage, now.play.seat(HOST).roles) == (Stage.GATHERING, {"R07"})
