"""Claims on their way: a fund, visits that took place, and the words of the officers."""

from datetime import timedelta
from typing import Any

from handlers import claim_decisions, claims, funds
from models import Booking, BookingStatus, CheckIn, Claim, Fund, Organization, Person
from tests.handlers.town import Town, new_slot

PER_HEAD, CAP = 5000, 20_000


async def new_fund(world: Town, budget: int) -> Fund:
    return await funds.set_fund(
        world.at(world.district_officer),
        organization_id=world.district.id, year=2026, budget=budget, per_head=PER_HEAD, cap=CAP,
    )  # fmt: skip


async def visited(
    world: Town, branch: Organization, *, present: int = 3, days_ago: int = 2, hour: int = 0
) -> Booking:
    """A visit of some days ago, with so many of the branch present."""
    begins = world.ctx.now() - timedelta(days=days_ago) + timedelta(hours=hour)
    slot = await new_slot(world.site, begins)
    booking = await Booking.create(
        slot=slot, branch=branch, headcount=max(present, 1), theme="主题党日",
        status=BookingStatus.FULFILLED, created_at=begins,
    )  # fmt: skip
    for _ in range(present):
        who = await Person.create(name="演示", organization=branch)
        await CheckIn.create(booking=booking, person=who, at=begins, source="door")
    return booking


async def submitted(world: Town, **more: Any) -> Claim:
    booking = await visited(world, world.branch, **more)
    return await claims.submit(world.at(world.worker), booking_id=booking.id)


async def reviewed(world: Town, claim: Claim) -> Claim:
    """The claim with the town's word on it."""
    return await claim_decisions.approve(world.at(world.town_officer), claim_id=claim.id)


async def approved(world: Town, claim: Claim) -> Claim:
    """The claim with the town's and the district's word on it."""
    await reviewed(world, claim)
    return await claim_decisions.approve(world.at(world.district_officer), claim_id=claim.id)
