"""补单's two reviews: three people, none of the branch, in time, and what old rows become."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tortoise.exceptions import IntegrityError, OperationalError

from handlers import claim_deadlines, claim_decisions, claim_payments, claims, errors, workdays
from handlers.context import Context
from handlers.errors import NotAllowed
from models import Claim, ClaimStatus, Duty, Fund, Role
from tests.fakes import Clock
from tests.handlers.desk import approved, new_fund, reviewed, submitted
from tests.handlers.town import Town, build, person


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def fund(world: Town) -> Fund:
    """500 yuan of the district for this year: 50 for each present, at most 200 a visit."""
    return await new_fund(world, 50_000)


def with_settings(town: Town, **values: Any) -> None:
    """The same world under other settings."""
    object.__setattr__(town.ctx, "settings", town.ctx.settings.model_copy(update=values))


async def test_town_then_district_and_each_twice_is_once(world: Town, fund: Fund) -> None:
    claim = await submitted(world)
    for _ in range(2):
        seen = await reviewed(world, claim)
        assert (seen.status, seen.approved_at) == (ClaimStatus.REVIEWED, None)
    for _ in range(2):
        seen = await approved(world, claim)
        assert seen.status is ClaimStatus.APPROVED
    assert (await Fund.get()).committed == claim.amount


async def test_the_same_officer_never_gives_both_words(world: Town, fund: Fund) -> None:
    """A committee without an officer of its own is reviewed by the district, and approved by another."""
    claim, district = await submitted(world), world.at(world.district_officer)
    for _ in range(3):
        assert (await claim_decisions.approve(district, claim_id=claim.id)).status is ClaimStatus.REVIEWED
    other = world.at(await person(world.district, Role.DISTRICT_OFFICER))
    assert (await claim_decisions.approve(other, claim_id=claim.id)).status is ClaimStatus.APPROVED


async def test_nobody_decides_about_the_branch_they_are_at_home_in(world: Town, fund: Fund) -> None:
    claim = await submitted(world)
    at_home = await person(world.branch, Role.DISTRICT_OFFICER, over=world.district)
    works_there = await person(world.town, Role.TOWN_OFFICER)
    await Duty.create(person=works_there, role=Role.BRANCH_WORKER, organization=world.branch)
    for own in (at_home, works_there):
        for attempt in (claim_decisions.approve, claim_decisions.send_back, claim_decisions.reject):
            more = {} if attempt is claim_decisions.approve else {"reason": "x"}
            with pytest.raises(errors.OwnClaim):
                await attempt(world.at(own), claim_id=claim.id, **more)
    assert (await Claim.get()).status is ClaimStatus.SUBMITTED


@pytest.mark.parametrize(
    "same", ["reviewer_handled", "reviewer_approved", "reviewer_at_home", "approver_at_home"]
)
async def test_the_database_keeps_three_people_apart(world: Town, fund: Fund, same: str) -> None:
    """The guards of the use-case taken out: the table's checks are left, and they hold."""
    claim = await approved(world, await submitted(world))
    change: dict[str, Any] = {
        "reviewer_handled": {"reviewed_by_id": claim.submitted_by_id},
        "reviewer_approved": {"reviewed_by_id": claim.approved_by_id},
        "reviewer_at_home": {"reviewed_from_id": claim.branch_id},
        "approver_at_home": {"approved_from_id": claim.branch_id},
    }[same]
    with pytest.raises((IntegrityError, OperationalError)):
        await Claim.filter(id=claim.id).update(**change)


async def test_without_the_look_at_who_it_is_the_table_still_objects(
    world: Town,
    fund: Fund,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim = await reviewed(world, await submitted(world))
    monkeypatch.setattr(claim_decisions, "_is_settled_for", lambda *_: False)
    again = world.at(world.town_officer)
    with pytest.raises(errors.OwnClaim):
        await claim_decisions.approve(again, claim_id=claim.id)
    await Duty.create(person=world.worker, role=Role.DISTRICT_OFFICER, organization=world.district)
    monkeypatch.setattr(claim_decisions, "_find_to_decide", claims.find_covered)
    with pytest.raises((IntegrityError, OperationalError)):
        await claim_decisions.approve(world.at(world.worker), claim_id=claim.id)
    assert (await Claim.get()).status is ClaimStatus.REVIEWED
    assert (await Fund.get()).committed == 0


async def test_the_town_undoes_what_the_district_has_not_approved(world: Town, fund: Fund) -> None:
    town = world.at(world.town_officer)
    claim = await reviewed(world, await submitted(world))
    back = await claim_decisions.send_back(town, claim_id=claim.id, reason="请补票据")
    assert (back.reviewed_at, back.reviewed_by_id) == (None, None)
    await claims.correct(world.at(world.worker), claim_id=claim.id)
    await approved(world, claim)
    for attempt in (claim_decisions.send_back, claim_decisions.reject):
        with pytest.raises(NotAllowed):
            await attempt(town, claim_id=claim.id, reason="x")
    assert (await Fund.get()).committed == claim.amount


async def test_one_officer_is_enough_where_a_town_is_alone(world: Town, fund: Fund) -> None:
    with_settings(world, claims_two_reviews=False)
    claim = await submitted(world)
    done = await claim_decisions.approve(world.at(world.town_officer), claim_id=claim.id)
    assert (done.status, done.reviewed_at) == (ClaimStatus.APPROVED, None)


async def test_a_row_of_the_simple_flow_stays_valid_and_is_paid(world: Town, fund: Fund) -> None:
    claim = await submitted(world)
    assert await claim.fund.commit(claim.amount)
    await Claim.filter(id=claim.id).update(
        status=ClaimStatus.APPROVED, approved_by_id=world.town_officer.id, approved_at=world.ctx.now()
    )
    paid = await claim_payments.pay(world.at(world.district_officer), claim_id=claim.id)
    assert (paid.status, paid.reviewed_at) == (ClaimStatus.PAID, None)


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(day=DAYS, number=st.integers(1, 40))
def test_working_days_forwards_and_back_agree(day: date, number: int) -> None:
    due = workdays.after(day, number)
    between = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]
    assert sum(map(workdays.is_workday, between)) == number
    assert workdays.is_workday(due)
    # Overdue today, by the day it is due, is what was sent before that many working days.
    for today in (due, due + timedelta(days=1)):
        assert (due < today) == (day < workdays.before(today, number))


@pytest.mark.parametrize(
    ("day", "number", "due"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),  # A Friday.
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # Over National Day.
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # The Saturday is worked.
    ],
)
def test_holidays_and_days_worked_for_them_count(day: date, number: int, due: date) -> None:
    assert workdays.after(day, number) == due
    assert workdays.after(day, 1, frozenset({workdays.after(day, 1)})) > workdays.after(day, 1)


async def test_what_waits_too_long_is_overdue_and_comes_to_the_district(
    world: Town,
    fund: Fund,
    clock: Clock,
) -> None:
    claim, district = await submitted(world), world.at(world.district_officer)
    assert claim_deadlines.due_on(world.ctx, claim) == date(2026, 11, 27)
    clock.now += timedelta(days=7)
    assert not claim_deadlines.is_overdue(world.ctx, claim)
    assert await claims.waiting_for(district) == (0, 0)
    clock.now += timedelta(days=1)
    assert claim_deadlines.is_overdue(world.ctx, claim)
    assert await claims.waiting_for(district) == (1, 0)
    assert [one.id for one in (await claims.list_claims(district, overdue=True)).items] == [claim.id]
    claim = await reviewed(world, claim)
    assert claim_deadlines.due_on(world.ctx, claim) == date(2026, 12, 11)
    assert (await claims.list_claims(district, overdue=True)).items == []
    assert await claims.waiting_for(district) == (1, 0)
    claim = await approved(world, claim)
    assert claim_deadlines.due_on(world.ctx, claim) is None
    assert await claims.waiting_for(district) == (0, 1)


async def test_a_late_claim_is_marked_and_taken(world: Town, fund: Fund, clock: Clock) -> None:
    early = await submitted(world)
    assert not claim_deadlines.was_late(world.ctx, early)
    late = await submitted(world, days_ago=30, hour=2)
    assert claim_deadlines.was_late(world.ctx, late)
