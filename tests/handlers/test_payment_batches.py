"""集中拨付: a quarter's claims paid at once, each visit once, with sums that add up."""

import asyncio
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from handlers import claim_decisions, claim_payments, claim_summary, errors, payment_batches, quarters
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, Refused, WrongState
from models import AuditEntry, BatchStatus, Claim, ClaimStatus, Fund, Payment, PaymentBatch, Role
from tests.fakes import SHANGHAI, Clock
from tests.handlers.desk import approved, new_fund, submitted
from tests.handlers.town import Town, build, person


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def fund(world: Town) -> Fund:
    """500 yuan of the district for this year: 50 for each present, at most 200 a visit."""
    return await new_fund(world, 50_000)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_quarter_ends_where_the_next_begins(number: int) -> None:
    quarter = quarters.Quarter(2026, number)
    assert quarters.of((quarter.ends_at(SHANGHAI) - timedelta(seconds=1)).date()) == quarter
    assert quarters.of(quarter.ends_at(SHANGHAI).date()) > quarter
    assert quarters.of(quarter.starts_at(SHANGHAI).date()) == quarter


async def test_a_quarter_is_drawn_up_added_to_and_paid_once(world: Town, fund: Fund) -> None:
    district = world.at(world.district_officer)
    one = await approved(world, await submitted(world))
    batch = await payment_batches.draw_up(district, fund_id=fund.id)
    assert (batch.row.year, batch.row.quarter, batch.amount) == (2026, 4, one.amount)
    other = await approved(world, await submitted(world, present=1, hour=2))
    waiting = await submitted(world, hour=4)
    batch = await payment_batches.draw_up(district, fund_id=fund.id)
    assert [claim.id for claim in batch.claims] == [one.id, other.id]
    with pytest.raises(WrongState):  # It is paid with its batch.
        await claim_payments.pay(district, claim_id=one.id)
    for _ in range(2):
        batch = await payment_batches.pay(district, batch_id=batch.row.id)
    assert {claim.status for claim in batch.claims} == {ClaimStatus.PAID}
    after = await Fund.get()
    assert (after.paid, after.committed) == (20_000, 20_000)
    assert sum(row.amount for row in await Payment.all()) == batch.amount == 20_000
    assert (await AuditEntry.get(action="batch.paid")).details["amount"] == 20_000
    assert (await Claim.get(id=waiting.id)).status is ClaimStatus.SUBMITTED
    with pytest.raises(WrongState):
        await payment_batches.draw_up(district, fund_id=fund.id)


async def test_a_quarter_takes_what_was_approved_before_its_end(
    world: Town,
    fund: Fund,
    clock: Clock,
) -> None:
    district = world.at(world.district_officer)
    old = await approved(world, await submitted(world))
    clock.now += timedelta(days=50)  # January.
    await approved(world, await submitted(world, days_ago=52, hour=2))
    batch = await payment_batches.draw_up(district, fund_id=fund.id, year=2026, quarter=4)
    assert [claim.id for claim in batch.claims] == [old.id]
    with pytest.raises(BadInput):
        await payment_batches.draw_up(district, fund_id=fund.id, year=2027, quarter=2)
    assert [one.row.quarter for one in await payment_batches.list_batches(district, year=2026)] == [4]
    assert await payment_batches.list_batches(district, year=2027) == []


async def test_what_is_returned_leaves_its_batch(world: Town, fund: Fund) -> None:
    district = world.at(world.district_officer)
    one, other = await approved(world, await submitted(world)), await submitted(world, hour=2)
    await approved(world, other)
    batch = await payment_batches.draw_up(district, fund_id=fund.id)
    await claim_decisions.send_back(district, claim_id=one.id, reason="请核对")
    paid = await payment_batches.pay(district, batch_id=batch.row.id)
    assert [claim.id for claim in paid.claims] == [other.id]
    after = await Fund.get()
    assert after.paid == after.committed == other.amount


async def test_a_batch_drawn_up_by_mistake_is_taken_apart(world: Town, fund: Fund) -> None:
    district = world.at(world.district_officer)
    claim = await approved(world, await submitted(world))
    batch = await payment_batches.draw_up(district, fund_id=fund.id)
    await payment_batches.dissolve(district, batch_id=batch.row.id)
    assert await PaymentBatch.all().count() == 0
    assert (await claim_payments.pay(district, claim_id=claim.id)).status is ClaimStatus.PAID
    with pytest.raises(NotFound):
        await payment_batches.dissolve(district, batch_id=batch.row.id)


async def test_an_empty_batch_is_not_paid(world: Town, fund: Fund) -> None:
    district = world.at(world.district_officer)
    batch = await payment_batches.draw_up(district, fund_id=fund.id)
    with pytest.raises(WrongState):
        await payment_batches.pay(district, batch_id=batch.row.id)
    assert (await PaymentBatch.get()).status is BatchStatus.OPEN


async def test_payers_and_returners_at_once_leave_books_that_agree(world: Town, fund: Fund) -> None:
    sent = [await approved(world, await submitted(world, present=1, hour=2 * n)) for n in range(3)]
    payers = [world.at(await person(world.district, Role.DISTRICT_OFFICER)) for _ in range(3)]
    batch = await payment_batches.draw_up(payers[0], fund_id=fund.id)
    came = await asyncio.gather(
        *(payment_batches.pay(payer, batch_id=batch.row.id) for payer in payers),
        claim_decisions.send_back(payers[0], claim_id=sent[0].id, reason="x"),
        payment_batches.dissolve(payers[1], batch_id=batch.row.id),
        return_exceptions=True,
    )
    assert [one for one in came if isinstance(one, BaseException) and not isinstance(one, Refused)] == []
    after, payments = await Fund.get(), await Payment.all()
    promised = await Claim.exclude(status=ClaimStatus.RETURNED)
    assert after.paid == sum(one.amount for one in payments)
    assert after.committed == sum(one.amount for one in promised)
    assert await Claim.filter(status=ClaimStatus.PAID).count() == len(payments)


async def test_a_batch_is_for_who_may_spend_the_fund(world: Town, fund: Fund) -> None:
    await approved(world, await submitted(world))
    batch = await payment_batches.draw_up(world.at(world.district_officer), fund_id=fund.id)
    town = world.at(world.town_officer)
    with pytest.raises(NotAllowed):
        await payment_batches.draw_up(town, fund_id=fund.id)
    for attempt in (payment_batches.get_batch, payment_batches.pay, payment_batches.dissolve):
        with pytest.raises(NotFound):
            await attempt(town, batch_id=batch.row.id)
        with pytest.raises(NotAllowed):
            await attempt(world.at(world.worker), batch_id=batch.row.id)
    assert await payment_batches.list_batches(town) == []


async def test_nobody_pays_a_batch_with_a_claim_of_their_own(world: Town, fund: Fund) -> None:
    claim = await approved(world, await submitted(world))
    batch = await payment_batches.draw_up(world.at(world.district_officer), fund_id=fund.id)
    second = await person(world.district, Role.DISTRICT_OFFICER)
    await Claim.filter(id=claim.id).update(applicant_ids=[*claim.applicant_ids, second.id])
    with pytest.raises(errors.OwnClaim):
        await payment_batches.pay(world.at(second), batch_id=batch.row.id)
    assert (await PaymentBatch.get()).status is BatchStatus.OPEN
    assert await Payment.all().count() == 0


async def test_the_sheet_of_a_batch_adds_up(world: Town, fund: Fund) -> None:
    district = world.at(world.district_officer)
    await approved(world, await submitted(world))
    await approved(world, await submitted(world, present=1, hour=2))
    batch = await payment_batches.draw_up(district, fund_id=fund.id)
    await payment_batches.pay(district, batch_id=batch.row.id)
    sheet: Any = load_workbook(BytesIO(await payment_batches.export(district, batch_id=batch.row.id))).active
    assert sheet.title == "2026年第4季度拨付"
    assert [sheet["I2"].value, sheet["I3"].value] == [15_000, 5_000]
    assert (sheet["I4"].value, sheet["I5"].value) == ("=SUM(I2:I3)", 20_000)
    assert (sheet["J4"].value, sheet["J5"].value) == ("=SUM(J2:J3)", 20_000)


async def test_everybody_reads_what_was_paid_and_nobodys_name(world: Town, fund: Fund) -> None:
    district = world.at(world.district_officer)
    for claim in (await submitted(world), await submitted(world, present=1, hour=2)):
        await approved(world, claim)
        await claim_payments.pay(district, claim_id=claim.id)
    await approved(world, await submitted(world, hour=4))
    found = await claim_summary.summary(world.at(None))
    assert (found.year, found.quarter, found.visits, found.amount) == (2026, 4, 2, 20_000)
    assert found.sites == [claim_summary.Paid(world.site.name, 2, 20_000)]
    assert found.branches == [claim_summary.Paid(world.branch.name, 2, 20_000)]
    assert world.worker.name not in str(found)
    assert (await claim_summary.summary(world.at(None), year=2026, quarter=3)).visits == 0
