"""补单: a visit is paid at most once, a fund never goes below zero, and nobody decides about their own."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.expressions import F

from handlers import claim_decisions, claim_payments, claim_sheet, claims, errors, funds
from handlers.access import Reach
from handlers.claims import Bill, amount_due
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, NotYourBranch, Refused, WrongState
from models import (
    Account,
    App,
    AuditEntry,
    Booking,
    BookingStatus,
    CheckIn,
    Claim,
    ClaimStatus,
    Duty,
    Fund,
    Notice,
    Payment,
    Person,
    Receipt,
    Role,
)
from tests.fakes import Clock
from tests.handlers.desk import CAP, PER_HEAD, approved, new_fund, reviewed, submitted, visited
from tests.handlers.town import Town, build, person


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def fund(world: Town) -> Fund:
    """500 yuan of the district for this year: 50 for each present, at most 200 a visit."""
    return await new_fund(world, 50_000)


async def outcomes(*attempts: Awaitable[object]) -> Counter[str]:
    """How attempts made at once came out, by the refusal's code."""
    found = await asyncio.gather(*attempts, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, Refused):
            raise one
    return Counter(one.code if isinstance(one, Refused) else "good" for one in found)


@pytest.mark.parametrize(
    ("present", "spent", "amount"),
    [(1, None, 5000), (4, None, 20_000), (5, None, 20_000), (3, 9_999, 9_999), (3, 99_999, 15_000)],
)
def test_so_much_a_head_at_most_the_cap_and_what_was_spent(
    present: int, spent: int | None, amount: int
) -> None:
    assert amount_due(present=present, per_head=PER_HEAD, cap=CAP, spent=spent) == amount


async def test_a_claim_knows_everything_from_its_visit(world: Town, fund: Fund) -> None:
    booking = await visited(world, world.branch, present=3)
    (proposed,) = await claims.claimable(world.at(world.worker))
    assert (proposed.booking.id, proposed.present, proposed.amount) == (booking.id, 3, 15_000)
    claim = await claims.submit(world.at(world.worker), booking_id=booking.id)
    assert (claim.present, claim.amount, claim.status) == (3, 15_000, ClaimStatus.SUBMITTED)
    assert claim.fund_id == fund.id
    assert await claims.claimable(world.at(world.worker)) == []
    entry = await AuditEntry.get(action="claim.submitted")
    assert entry.details == {"booking": booking.id, "fund": fund.id, "present": 3, "amount": 15_000}


async def test_the_whole_way_to_the_payment_leaves_a_trace_of_every_step(world: Town, fund: Fund) -> None:
    claim = await submitted(world)
    town, district = world.at(world.town_officer), world.at(world.district_officer)
    await claim_decisions.send_back(town, claim_id=claim.id, reason="请补一张票据")
    await claims.correct(world.at(world.worker), claim_id=claim.id, note="已补", bills=[Bill("A1", 12_000)])
    assert (await claim_decisions.approve(town, claim_id=claim.id)).status is ClaimStatus.REVIEWED
    assert (await Fund.get(id=fund.id)).committed == 0
    await claim_decisions.approve(district, claim_id=claim.id)
    fund = await Fund.get(id=fund.id)
    assert (fund.committed, fund.paid, fund.free) == (12_000, 0, 38_000)
    for _ in range(2):
        paid = await claim_payments.pay(district, claim_id=claim.id)
    assert (paid.status, paid.amount, paid.rounds) == (ClaimStatus.PAID, 12_000, 2)
    fund = await Fund.get(id=fund.id)
    assert (fund.committed, fund.paid) == (12_000, 12_000)
    assert await Payment.all().count() == 1
    actions = (
        await AuditEntry.filter(subject=f"claim:{claim.id}").order_by("id").values_list("action", flat=True)
    )
    steps = ["submitted", "returned", "corrected", "reviewed", "approved", "paid"]
    assert actions == [f"claim.{step}" for step in steps]


async def not_over(booking: Booking, clock: Clock) -> None:
    clock.now -= timedelta(days=2)


async def nobody_came(booking: Booking, clock: Clock) -> None:
    await CheckIn.all().delete()


async def cancelled(booking: Booking, clock: Clock) -> None:
    await Booking.filter(id=booking.id).update(status=BookingStatus.CANCELLED)


@pytest.mark.parametrize("happens", [not_over, nobody_came, cancelled])
async def test_only_a_visit_that_took_place_is_claimed(
    world: Town, fund: Fund, clock: Clock, happens: Any
) -> None:
    booking = await visited(world, world.branch)
    await happens(booking, clock)
    with pytest.raises(errors.NotFulfilled):
        await claims.submit(world.at(world.worker), booking_id=booking.id)
    assert await Claim.all().count() == await AuditEntry.filter(action="claim.submitted").count() == 0


async def test_a_year_without_a_fund_pays_nothing(world: Town, fund: Fund) -> None:
    booking = await visited(world, world.branch, days_ago=360)
    with pytest.raises(errors.NoFund):
        await claims.submit(world.at(world.worker), booking_id=booking.id)


async def test_the_nearest_organization_above_pays(world: Town, fund: Fund) -> None:
    near = await funds.set_fund(
        world.at(world.town_officer),
        organization_id=world.town.id, year=2026, budget=10_000, per_head=100, cap=1000,
    )  # fmt: skip
    claim = await submitted(world, present=2)
    assert (claim.fund_id, claim.amount) == (near.id, 200)


async def test_a_visit_is_claimed_once_however_often_somebody_taps(world: Town, fund: Fund) -> None:
    booking = await visited(world, world.branch)
    came = await outcomes(*(claims.submit(world.at(world.worker), booking_id=booking.id) for _ in range(5)))
    assert came == {"good": 1, "already_claimed": 4}
    assert await Claim.all().count() == 1


async def test_a_receipt_counts_once_in_the_whole_district(world: Town, fund: Fund) -> None:
    one, other = await visited(world, world.branch), await visited(world, world.branch, hour=2)
    bill = [Bill("0123", 100)]
    await claims.submit(world.at(world.worker), booking_id=one.id, bills=bill)
    with pytest.raises(errors.ReceiptUsed):
        await claims.submit(world.at(world.worker), booking_id=other.id, bills=bill)
    assert (await Claim.all().count(), await Receipt.all().count()) == (1, 1)


@pytest.mark.parametrize(
    "bills",
    [[Bill("", 1)], [Bill("1", 0)], [Bill("1", 1), Bill(" 1", 2)], [Bill(str(n), 1) for n in range(31)]],
)
async def test_receipts_that_make_no_sense_are_refused_by_field(
    world: Town, fund: Fund, bills: list[Bill]
) -> None:
    booking = await visited(world, world.branch)
    with pytest.raises(BadInput) as refused:
        await claims.submit(world.at(world.worker), booking_id=booking.id, bills=bills)
    assert set(refused.value.fields) == {"receipts"}
    assert await Claim.all().count() == 0


async def test_who_has_no_business_with_a_claim_gets_nowhere(world: Town, fund: Fund) -> None:
    booking = await visited(world, world.branch)
    for nobody in (world.member, world.keeper, world.town_officer):
        with pytest.raises(NotYourBranch):
            await claims.submit(world.at(nobody), booking_id=booking.id)
    with pytest.raises(NotFound):
        await claims.submit(world.at(world.far_worker), booking_id=booking.id)
    claim = await claims.submit(world.at(world.worker), booking_id=booking.id)
    for nobody in (world.far_worker, world.other_worker):
        with pytest.raises(NotFound):
            await claims.get_claim(world.at(nobody), claim_id=claim.id)
    for nobody in (world.worker, world.member, world.keeper):
        for step in (claim_decisions.approve, claim_payments.pay):
            with pytest.raises(NotAllowed):
                await step(world.at(nobody), claim_id=claim.id)
    far_away = await person(world.far_branch, Role.TOWN_OFFICER, over=world.other_town)
    for nobody in (far_away, world.far_officer):  # The latter is at home in the branch.
        for step in (claim_decisions.approve, claim_payments.pay):
            with pytest.raises(NotFound):
                await step(world.at(nobody), claim_id=claim.id)
    assert (await Claim.get()).status is ClaimStatus.SUBMITTED


async def test_a_fund_is_spent_by_who_stands_over_it(world: Town, fund: Fund) -> None:
    claim = await approved(world, await submitted(world))
    with pytest.raises(NotAllowed):
        await claim_payments.pay(world.at(world.town_officer), claim_id=claim.id)


async def both(world: Town) -> Person:
    """An officer who works for the branch as well."""
    await Duty.create(person=world.town_officer, role=Role.BRANCH_WORKER, organization=world.branch)
    return world.town_officer


async def test_nobody_decides_about_their_own_claim(world: Town, fund: Fund) -> None:
    officer = world.at(await both(world))
    booking = await visited(world, world.branch)
    claim = await claims.submit(officer, booking_id=booking.id)
    for attempt in (
        claim_decisions.approve(officer, claim_id=claim.id),
        claim_payments.pay(officer, claim_id=claim.id),
        claim_decisions.reject(officer, claim_id=claim.id, reason="x"),
        claim_decisions.send_back(officer, claim_id=claim.id, reason="x"),
    ):
        with pytest.raises(errors.OwnClaim):
            await attempt
    # Nor after somebody else corrected it.
    district = world.at(world.district_officer)
    await claim_decisions.send_back(district, claim_id=claim.id, reason="x")
    await claims.correct(world.at(world.worker), claim_id=claim.id)
    with pytest.raises(errors.OwnClaim):
        await claim_decisions.approve(officer, claim_id=claim.id)


async def test_the_database_keeps_people_from_deciding_about_their_own(world: Town, fund: Fund) -> None:
    claim = await submitted(world)
    with pytest.raises((IntegrityError, OperationalError)):
        await Claim.filter(id=claim.id).update(approved_by_id=world.worker.id)
    with pytest.raises((IntegrityError, OperationalError)):
        await Payment.create(
            booking_id=claim.booking_id, claim=claim, fund=fund, amount=1, at=world.ctx.now(),
            claimed_by_id=world.worker.id, paid_by_id=world.worker.id,
        )  # fmt: skip


async def test_three_people_where_the_district_wants_them(world: Town, fund: Fund) -> None:
    claim = await submitted(world)
    strict = world.at(world.district_officer)
    object.__setattr__(
        strict, "settings", strict.settings.model_copy(update={"claims_need_three_people": True})
    )
    await approved(world, claim)
    with pytest.raises(errors.OwnClaim):
        await claim_payments.pay(strict, claim_id=claim.id)


async def test_what_is_returned_after_approval_frees_its_money(world: Town, fund: Fund) -> None:
    claim = await submitted(world)
    district = world.at(world.district_officer)
    await approved(world, claim)
    with pytest.raises(NotAllowed):  # What the district approved, the district undoes.
        await claim_decisions.send_back(world.at(world.town_officer), claim_id=claim.id, reason="请核对人数")
    await claim_decisions.send_back(district, claim_id=claim.id, reason="请核对人数")
    assert (await Fund.get()).committed == 0
    with pytest.raises(WrongState):
        await claim_payments.pay(district, claim_id=claim.id)
    await claims.correct(world.at(world.worker), claim_id=claim.id)
    await approved(world, claim)
    await claim_payments.pay(district, claim_id=claim.id)
    for too_late in (claim_decisions.send_back, claim_decisions.reject):
        with pytest.raises(WrongState):
            await too_late(district, claim_id=claim.id, reason="x")
    assert (await Fund.get()).paid == claim.amount


async def test_the_sender_is_told_once_what_became_of_it(world: Town, fund: Fund) -> None:
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="oWorker", person=world.worker, follows=True)
    claim = await submitted(world)
    district = world.at(world.district_officer)
    await claim_decisions.send_back(district, claim_id=claim.id, reason="请核对人数。")
    await claims.correct(world.at(world.worker), claim_id=claim.id)
    for _ in range(2):
        await approved(world, claim)
    for _ in range(2):
        await claim_payments.pay(district, claim_id=claim.id)
    assert [notice.content for notice in await Notice.filter(openid="oWorker").order_by("id")] == [
        "11月18日在阵地S10的活动，补单被退回：请核对人数。请在小程序“补单”里修改后再提交。",
        "11月18日在阵地S10的活动，补单已通过镇街审核，等待区级审核。",
        "11月18日在阵地S10的活动，补单已批准，等待拨付。",
        "11月18日在阵地S10的活动，补单已拨付。",
    ]


async def test_two_approvers_at_once_promise_a_fund_once(world: Town) -> None:
    await new_fund(world, 20_000)
    one, other = await submitted(world), await submitted(world, hour=2)
    for claim in (one, other):
        await reviewed(world, claim)
    approvers = [world.at(await person(world.district, Role.DISTRICT_OFFICER)) for _ in range(2)]
    came = await outcomes(
        *(claim_decisions.approve(each, claim_id=claim.id) for each in approvers for claim in (one, other))
    )
    assert came["fund_spent"] >= 1
    fund = await Fund.get()
    assert fund.committed == 15_000
    assert await Claim.filter(status=ClaimStatus.APPROVED).count() == 1


async def test_two_payers_at_once_pay_once(world: Town, fund: Fund) -> None:
    claim = await submitted(world)
    payers = [world.at(await person(world.district, Role.DISTRICT_OFFICER)) for _ in range(4)]
    await approved(world, claim)
    await outcomes(*(claim_payments.pay(payer, claim_id=claim.id) for payer in payers))
    assert await Payment.all().count() == await AuditEntry.filter(action="claim.paid").count() == 1
    assert (await Fund.get()).paid == claim.amount


async def test_without_the_condition_the_fund_is_promised_twice_or_the_database_objects(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken out: only the check in the table is left, and it holds."""
    await new_fund(world, 20_000)
    one, other = await submitted(world), await submitted(world, hour=2)

    async def careless(self: Fund, amount: int) -> bool:
        return bool(await Fund.filter(id=self.id).update(committed=F("committed") + amount))

    monkeypatch.setattr(Fund, "commit", careless)
    district = world.at(world.district_officer)
    await approved(world, one)
    await reviewed(world, other)
    with pytest.raises((IntegrityError, OperationalError)):
        await claim_decisions.approve(district, claim_id=other.id)
    assert (await Fund.get()).committed == 15_000
    assert (await Claim.get(id=other.id)).status is ClaimStatus.REVIEWED


async def test_without_the_look_at_the_status_the_row_still_says_paid_already(
    world: Town, fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken out: only the unique row of the payment is left, and it holds."""
    claim = await submitted(world)
    district = world.at(world.district_officer)
    await approved(world, claim)
    await claim_payments.pay(district, claim_id=claim.id)
    await Claim.filter(id=claim.id).update(status=ClaimStatus.APPROVED)
    await Fund.filter(id=fund.id).update(committed=F("committed") + claim.amount)
    with pytest.raises(WrongState):
        await claim_payments.pay(district, claim_id=claim.id)
    assert (await Fund.get()).paid == claim.amount


async def test_without_the_reach_an_officer_elsewhere_would_decide(
    world: Town, fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = await submitted(world)
    far_away = world.at(await person(world.far_branch, Role.TOWN_OFFICER, over=world.other_town))
    with pytest.raises(NotFound):
        await claim_decisions.approve(far_away, claim_id=claim.id)

    async def everything(_: Context) -> Reach:
        return Reach(frozenset({Role.TOWN_OFFICER}), (world.district.path,))

    monkeypatch.setattr(funds, "officer", everything)
    assert (await claim_decisions.approve(far_away, claim_id=claim.id)).status is ClaimStatus.REVIEWED


async def test_a_budget_is_never_cut_below_what_was_promised(world: Town, fund: Fund) -> None:
    claim = await approved(world, await submitted(world))
    with pytest.raises(BadInput):
        await new_fund(world, claim.amount - 1)
    assert (await new_fund(world, claim.amount)).free == 0


@pytest.mark.parametrize("wrong", ["year", "budget", "per_head", "cap"])
async def test_figures_that_make_no_sense_are_refused_by_field(world: Town, wrong: str) -> None:
    figures = {"year": 2026, "budget": 1, "per_head": 1, "cap": 1} | {wrong: -1}
    with pytest.raises(BadInput) as refused:
        await funds.set_fund(world.at(world.district_officer), organization_id=world.town.id, **figures)
    assert set(refused.value.fields) == {wrong}
    assert await Fund.all().count() == 0


async def test_an_officer_lays_down_funds_below_and_sees_those_that_pay_for_them(
    world: Town, fund: Fund
) -> None:
    town = world.at(world.town_officer)
    figures = {"year": 2026, "budget": 1, "per_head": 1, "cap": 1}
    for above_or_beside in (world.district, world.other_town):
        with pytest.raises(NotAllowed):
            await funds.set_fund(town, organization_id=above_or_beside.id, **figures)
    await funds.set_fund(town, organization_id=world.town.id, **figures)
    seen = await funds.list_funds(town)
    assert [one.organization_id for one in seen] == [world.district.id, world.town.id]
    with pytest.raises(NotAllowed):
        await funds.list_funds(world.at(world.worker))


async def test_the_sheet_adds_up_and_says_so(world: Town, fund: Fund) -> None:
    paid, waiting = await submitted(world), await submitted(world, present=1, hour=2)
    await Booking.filter(id=paid.booking_id).update(theme="=1+1")
    district = world.at(world.district_officer)
    await approved(world, paid)
    await claim_payments.pay(district, claim_id=paid.id)
    sheet = load_workbook(BytesIO(await claim_sheet.export(district))).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    heads = {heading: number for number, heading in enumerate(rows[0])}
    amounts = [row[heads["申请金额（分）"]] for row in rows[1:3]]
    payments = [row[heads["已拨付（分）"]] for row in rows[1:3]]
    assert (amounts, payments) == ([15_000, 5_000], [15_000, 0])
    total, books, check = rows[3:6]
    assert total[heads["申请金额（分）"]] == "=SUM(I2:I3)"
    assert total[heads["已拨付（分）"]] == "=SUM(J2:J3)"
    assert (books[heads["申请金额（分）"]], books[heads["已拨付（分）"]]) == (20_000, 15_000)
    assert check[heads["已拨付（分）"]] == '=IF(J4=J5,"一致","不一致")'
    theme = sheet.cell(2, heads["活动主题"] + 1)
    assert (theme.value, theme.data_type) == ("=1+1", "s")
    # Another branch's sheet has nothing of it.
    other = load_workbook(BytesIO(await claim_sheet.export(world.at(world.other_worker)))).active
    assert other is not None
    assert waiting.branch.name not in {row[1] for row in other.iter_rows(values_only=True)}
