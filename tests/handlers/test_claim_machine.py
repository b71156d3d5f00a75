"""Promise 6 as a state machine: whatever officers and branches do, in whatever order, on both databases."""

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from handlers import claim_decisions, claim_payments, claims, funds, payment_batches
from handlers.claims import Bill
from handlers.context import Context, open_database, open_redis
from handlers.errors import Refused
from models import (
    PROMISED,
    BatchStatus,
    Booking,
    BookingStatus,
    CheckIn,
    Claim,
    ClaimStatus,
    Duty,
    Fund,
    Payment,
    PaymentBatch,
    Person,
    Receipt,
    Role,
    Slot,
)
from settings import Settings
from tests.fakes import Clock, FakeWeChat
from tests.handlers.town import Town, build, new_slot, person

EXAMPLES = int(os.environ.get("ZBT_TEST_EXAMPLES", "6"))
"""Stories; `ZBT_TEST_EXAMPLES=300 pytest tests/handlers/test_claim_machine.py` for a night."""
STEPS = 18
VISITS = st.integers(0, 2)
DECIDERS = st.integers(0, 4)


class Desk(RuleBasedStateMachine):
    """Three visits of two branches, a fund, and five who may or may not decide about it."""

    def __init__(self, run: Any, world: Town, deciders: list[Person]) -> None:
        super().__init__()
        self.run, self.world = run, world
        self.deciders = [world.at(one) for one in deciders]
        self.visits: list[Booking] = []

    @initialize(budget=st.integers(0, 40_000))
    def opens(self, budget: int) -> None:
        self.visits = self.run(_fresh(self.world, budget))

    @rule(visit=VISITS, spent=st.integers(1, 30_000))
    def send(self, visit: int, spent: int) -> None:
        booking = self.visits[visit]
        worker = self.world.worker if visit < 2 else self.world.other_worker
        bills = [Bill(f"{booking.id}", spent)]
        self._try(claims.submit(self.world.at(worker), booking_id=booking.id, bills=bills))

    @rule(visit=VISITS, spent=st.integers(1, 30_000))
    def correct(self, visit: int, spent: int) -> None:
        worker = self.world.worker if visit < 2 else self.world.other_worker
        bills = [Bill(f"{self.visits[visit].id}", spent)]
        self._try(claims.correct(self.world.at(worker), claim_id=self._claim(visit), bills=bills))

    @rule(visit=VISITS, who=DECIDERS)
    def approve(self, visit: int, who: int) -> None:
        self._try(claim_decisions.approve(self.deciders[who], claim_id=self._claim(visit)))

    @rule(visit=VISITS)
    def approve_by_both(self, visit: int) -> None:
        """The usual way; chance alone rarely gets that far."""
        for who in (0, 1):
            self._try(claim_decisions.approve(self.deciders[who], claim_id=self._claim(visit)))

    @rule(visit=VISITS, who=DECIDERS)
    def send_back(self, visit: int, who: int) -> None:
        self._try(claim_decisions.send_back(self.deciders[who], claim_id=self._claim(visit), reason="请核对"))

    @rule(visit=VISITS, who=DECIDERS)
    def reject(self, visit: int, who: int) -> None:
        self._try(claim_decisions.reject(self.deciders[who], claim_id=self._claim(visit), reason="不合规定"))

    @rule(visit=VISITS, who=DECIDERS)
    def pay(self, visit: int, who: int) -> None:
        self._try(claim_payments.pay(self.deciders[who], claim_id=self._claim(visit)))

    @rule(who=DECIDERS)
    def draw_up(self, who: int) -> None:
        self._try(payment_batches.draw_up(self.deciders[who], fund_id=self.run(Fund.get()).id))

    @rule(who=DECIDERS)
    def pay_batch(self, who: int) -> None:
        for batch in self.run(PaymentBatch.all()):
            self._try(payment_batches.pay(self.deciders[who], batch_id=batch.id))

    @rule(who=DECIDERS)
    def dissolve(self, who: int) -> None:
        for batch in self.run(PaymentBatch.all()):
            self._try(payment_batches.dissolve(self.deciders[who], batch_id=batch.id))

    @rule(budget=st.integers(0, 40_000))
    def budget(self, budget: int) -> None:
        self._try(_fund(self.world, budget))

    @rule(days=st.integers(1, 60))
    def time_passes(self, days: int) -> None:
        clock: Any = self.world.ctx.now
        clock.now += timedelta(days=days)

    @invariant()
    def the_books_agree(self) -> None:
        if self.visits:
            self.run(_check())

    def _claim(self, visit: int) -> int:
        claim = self.run(Claim.get_or_none(booking_id=self.visits[visit].id))
        return claim.id if claim is not None else 0

    def _try(self, attempt: Any) -> None:
        with suppress(Refused):
            self.run(attempt)


async def _check() -> None:
    fund, paid = await Fund.get(), await Payment.all()
    rows = {row.id: row for row in await Claim.all()}
    promised = [row for row in rows.values() if row.status in (*PROMISED, ClaimStatus.PAID)]
    assert 0 <= fund.paid <= fund.committed <= fund.budget
    assert fund.paid == sum(one.amount for one in paid)
    assert fund.committed == sum(one.amount for one in promised)
    assert len({one.booking_id for one in paid}) == len(paid)
    assert {one.claim_id for one in paid} == {one.id for one in promised if one.status is ClaimStatus.PAID}
    for row in promised:
        three = {row.submitted_by_id, row.reviewed_by_id, row.approved_by_id}
        assert len(three - {None}) == 3
        assert row.branch_id not in (row.reviewed_from_id, row.approved_from_id)
    for batch in await PaymentBatch.all():
        inside = {row.status for row in rows.values() if row.batch_id == batch.id}
        assert inside <= {ClaimStatus.PAID if batch.status is BatchStatus.PAID else ClaimStatus.BATCHED}


async def _fund(world: Town, budget: int) -> Fund:
    return await funds.set_fund(
        world.at(world.district_officer),
        organization_id=world.district.id, year=2026, budget=budget, per_head=5000, cap=20_000,
    )  # fmt: skip


async def _fresh(world: Town, budget: int) -> list[Booking]:
    """Three visits of some days ago, nothing claimed yet."""
    clock: Any = world.ctx.now
    clock.now = Clock().now
    for table in (Payment, Receipt, Claim, PaymentBatch, CheckIn, Booking, Fund):
        await table.all().delete()
    await Slot.all().delete()
    await _fund(world, budget)
    visits = []
    for number, branch in enumerate((world.branch, world.branch, world.other_branch)):
        begins = world.ctx.now() - timedelta(days=2, hours=3 * number)
        slot = await new_slot(world.site, begins)
        booking = await Booking.create(
            slot=slot, branch=branch, headcount=number + 1, theme="主题党日",
            status=BookingStatus.FULFILLED, created_at=begins,
        )  # fmt: skip
        for _ in range(number + 1):
            who = await Person.create(name="演示", organization=branch)
            await CheckIn.create(booking=booking, person=who, at=begins, source="door")
        visits.append(booking)
    return visits


async def _deciders(world: Town) -> list[Person]:
    """The town's, the district's, another district's, one of the branch itself, and who claims for it."""
    second = await person(world.district, Role.DISTRICT_OFFICER)
    at_home = await person(world.branch, Role.DISTRICT_OFFICER, over=world.district)
    await Duty.create(person=second, role=Role.BRANCH_WORKER, organization=world.other_branch)
    return [world.town_officer, world.district_officer, second, at_home, world.worker]


def test_a_fund_never_runs_dry_and_a_visit_is_paid_once_whatever_happens(database_url: str) -> None:
    chosen = Settings(_env_file=".env.demo", database_url=database_url, redis_url="memory://")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def start() -> tuple[Town, list[Person]]:
            await stack.enter_async_context(open_database(database_url))
            redis = await stack.enter_async_context(open_redis("memory://"))
            world = await build(Context(settings=chosen, redis=redis, wechat=FakeWeChat(), now=Clock()))
            return world, await _deciders(world)

        world, deciders = runner.run(start())

        def run(work: Any) -> Any:
            async def wait() -> Any:
                return await work

            return runner.run(wait())

        try:
            run_state_machine_as_test(
                lambda: Desk(run, world, deciders),
                settings=settings(
                    max_examples=EXAMPLES, stateful_step_count=STEPS, derandomize=EXAMPLES < 50,
                    deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
        finally:
            runner.run(stack.aclose())
