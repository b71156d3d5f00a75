"""Rehearsals in the database: joined by code, rejoined after a drop, safe from two at once."""

import asyncio
from typing import Any

import pytest

from handlers import codes, rehearsals
from handlers.context import Context
from handlers.errors import BadCode, BadInput, NotAllowed, NotFound, NotYourBranch, Refused
from handlers.rehearsal_play import HOST, Kind, Stage, Wish
from handlers.rehearsals import Sitting
from models import AuditEntry, Person, Rehearsal, RehearsalEvent, RehearsalSeat, Role
from tests.handlers.town import Town, build, person


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
