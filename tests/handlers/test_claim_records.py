"""没有纪实的不得补单: which record counts for a visit, and which doesn't."""

from datetime import date
from typing import Any

import pytest

from handlers import claim_decisions, claim_records, claims
from handlers.context import Context
from handlers.errors import NoRecord
from models import Booking, Claim, ClaimStatus, Record, RecordStatus
from tests.handlers.desk import new_fund, reviewed, submitted, visited
from tests.handlers.town import Town, build


@pytest.fixture
async def world(ctx: Context) -> Town:
    made = await build(ctx)
    await new_fund(made, 50_000)
    return made


def ask_for_records(world: Town, asked: bool = True) -> None:
    settings: Any = world.ctx.settings.model_copy(update={"claims_need_record": asked})
    object.__setattr__(world.ctx, "settings", settings)


async def record(world: Town, visit: Booking, **more: Any) -> Record:
    """A signed party day of that visit."""
    day: date = visit.slot.starts_at.date()
    values: dict[str, Any] = {
        "branch": world.branch, "template": "T09", "booking_id": visit.id, "held_on": day, "version": 1,
        "status": RecordStatus.SIGNED, "period": f"{day:%Y-%m}", "year": day.year, "values": {},
        "created_by": world.worker, "created_at": world.ctx.now(), "saved_at": world.ctx.now(),
    }  # fmt: skip
    return await Record.create(**values | more)


COUNTS: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"held_on": None}, True),
    ({"booking_id": None}, True),  # Written by itself, of that day.
    ({"booking_id": None, "template": "T10"}, True),
    ({"booking_id": None, "template": "T06"}, False),  # A committee's meeting is no visit.
    ({"booking_id": None, "held_on": date(2026, 11, 1)}, False),
    ({"status": RecordStatus.DRAFT, "version": 0}, False),
    ({"is_exercise": True}, False),
]


@pytest.mark.parametrize(("more", "counts"), COUNTS)
async def test_a_signed_record_of_the_visit_or_of_its_day_counts(
    world: Town, more: dict[str, Any], counts: bool
) -> None:
    ask_for_records(world)
    visit = await visited(world, world.branch)
    await record(world, visit, **more)
    worker = world.at(world.worker)
    assert [one.lacks_record for one in await claims.claimable(worker)] == [not counts]
    if counts:
        assert (await claims.submit(worker, booking_id=visit.id)).status is ClaimStatus.SUBMITTED
        return
    with pytest.raises(NoRecord):
        await claims.submit(worker, booking_id=visit.id)
    assert await Claim.all().count() == 0


async def test_another_branchs_record_is_none_of_ours(world: Town) -> None:
    ask_for_records(world)
    visit = await visited(world, world.branch)
    await record(world, visit, booking_id=None, branch=world.other_branch)
    assert await claim_records.lacking(world.ctx, [visit]) == {visit.id}


async def test_a_returned_claim_needs_it_too_and_only_where_the_district_wants_it(world: Town) -> None:
    claim = await reviewed(world, await submitted(world))
    await claim_decisions.send_back(world.at(world.district_officer), claim_id=claim.id, reason="请补材料")
    ask_for_records(world)
    with pytest.raises(NoRecord):
        await claims.correct(world.at(world.worker), claim_id=claim.id)
    ask_for_records(world, False)
    sent = await claims.correct(world.at(world.worker), claim_id=claim.id)
    assert sent.status is ClaimStatus.SUBMITTED
