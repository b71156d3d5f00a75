"""Creating once, on both databases, whatever arrives how often, and whoever dies in between."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from handlers import idempotency
from handlers.context import Context
from handlers.idempotency import Reused, Running, Stored
from models import Booking, Complaint, IdempotencyKey
from tests.fakes import Clock
from tests.miniprogram_api.conftest import Caller, World
from tests.miniprogram_api.test_bookings import wish

Outcome = Stored | Reused | Running


class Work:
    """Something that leaves a row, and counts how often it was done."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.done = 0
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> tuple[int, Any]:
        self.begun.set()
        await self.go.wait()
        self.done += 1
        await Complaint.create(lookup=f"L{self.done}", text="x", created_at=self.ctx.now())
        return 201, {"number": self.done}

    def once(self, *, fingerprint: str = "f", apart: bool = False) -> Any:
        """One request with the key `k`."""
        return idempotency.once(
            self.ctx, sender="account:1", key="k", fingerprint=fingerprint, work=self, apart=apart
        )


@pytest.mark.parametrize("apart", [False, True])
async def test_the_same_request_gets_the_same_answer(ctx: Context, apart: bool) -> None:
    work = Work(ctx)
    assert await work.once(apart=apart) == await work.once(apart=apart) == Stored(201, {"number": 1})
    assert await Complaint.all().count() == 1


async def test_another_request_with_the_key_is_refused(ctx: Context) -> None:
    work = Work(ctx)
    await work.once()
    assert await work.once(fingerprint="g") == Reused()
    assert work.done == 1


@pytest.mark.parametrize("apart", [False, True])
async def test_of_twenty_at_once_one_is_carried_out(ctx: Context, apart: bool) -> None:
    work = Work(ctx)
    outcomes: list[Outcome] = await asyncio.gather(*(work.once(apart=apart) for _ in range(20)))
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds[Stored] >= 1
    assert kinds[Stored] + kinds[Running] == 20
    assert work.done == await Complaint.all().count() == 1


async def test_while_it_runs_the_second_is_told_so(ctx: Context) -> None:
    work = Work(ctx)
    work.go.clear()
    first = asyncio.create_task(work.once(apart=True))
    await work.begun.wait()
    assert await work.once(apart=True) == Running()
    work.go.set()
    assert await first == Stored(201, {"number": 1})


@pytest.mark.parametrize("apart", [False, True])
async def test_after_a_crash_the_key_is_taken_over_once(ctx: Context, clock: Clock, apart: bool) -> None:
    await IdempotencyKey.create(caller="account:1", key="k", fingerprint="f", created_at=clock.now)
    work = Work(ctx)
    clock.now += idempotency.TAKE_OVER_AFTER
    assert await work.once(apart=apart) == Running()
    clock.now += timedelta(seconds=1)
    outcomes: list[Outcome] = await asyncio.gather(*(work.once(apart=apart) for _ in range(10)))
    assert Stored(201, {"number": 1}) in outcomes
    assert work.done == await Complaint.all().count() == 1


async def test_the_change_and_its_answer_are_one(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies between the two leaves neither."""

    class Died(BaseException):
        pass

    work = Work(ctx)

    async def dies() -> tuple[int, Any]:
        status, _ = await work()
        return status, Died  # No answer that a database could keep: it ends after the change.

    with pytest.raises(Exception, match="JSON"):
        await idempotency.once(ctx, sender="account:1", key="k", fingerprint="f", work=dies)
    assert await Complaint.all().count() == 0
    assert await IdempotencyKey.all().count() == 0


async def test_whoever_was_overtaken_leaves_nothing(ctx: Context) -> None:
    work = Work(ctx)

    async def slow() -> tuple[int, Any]:
        result = await work()
        await IdempotencyKey.all().update(created_at=ctx.now() + timedelta(seconds=61))
        return result

    outcome = await idempotency.once(ctx, sender="account:1", key="k", fingerprint="f", work=slow)
    assert outcome == Running()
    assert await Complaint.all().count() == 0


async def test_after_an_unexpected_failure_it_may_be_tried_again(ctx: Context) -> None:
    async def broken() -> tuple[int, Any]:
        async with in_transaction():
            await Complaint.create(lookup="L", text="x", created_at=ctx.now())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await idempotency.once(ctx, sender="account:1", key="k", fingerprint="f", work=broken)
    assert await Complaint.all().count() == 0
    assert await Work(ctx).once() == Stored(201, {"number": 1})


async def test_keys_are_forgotten_after_a_day(ctx: Context, clock: Clock) -> None:
    work = Work(ctx)
    await work.once()
    clock.now += idempotency.KEPT_FOR
    assert await idempotency.forget_old(ctx) == 0
    clock.now += timedelta(seconds=1)
    assert await idempotency.forget_old(ctx) == 1


async def test_a_booking_sent_twice_is_one_booking_with_one_answer(world: World) -> None:
    worker = world["worker"]
    first = await worker("POST", "/bookings", wish(world), Idempotency_Key="key-1")
    again = await worker("POST", "/bookings", wish(world), Idempotency_Key="key-1")
    assert first.status == again.status == 201
    assert first.body == again.body
    assert await Booking.all().count() == 1


async def test_a_refusal_is_an_answer_too(world: World) -> None:
    worker = world["worker"]
    first = await worker("POST", "/bookings", wish(world, slot_id=10**6), Idempotency_Key="key-1")
    again = await worker("POST", "/bookings", wish(world, slot_id=10**6), Idempotency_Key="key-1")
    assert (first.status, first.body) == (again.status, again.body)
    assert again.headers["Content-Type"].startswith("application/problem+json")


async def test_a_key_for_another_body_is_told(world: World) -> None:
    worker = world["worker"]
    await worker("POST", "/bookings", wish(world), Idempotency_Key="key-1")
    other = await worker("POST", "/bookings", wish(world, headcount=2), Idempotency_Key="key-1")
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    elsewhere = await worker("POST", "/complaints", {"text": "x"}, Idempotency_Key="key-1")
    assert elsewhere.body["code"] == "idempotency_key_reused"
    assert await Booking.all().count() == 1


async def test_one_persons_keys_are_not_anothers(world: World) -> None:
    for name in ("worker", "other_worker"):
        answer = await world[name]("POST", "/bookings", wish(world, headcount=10), Idempotency_Key="key-1")
        assert answer.status == 201
    assert await Booking.all().count() == 2


async def test_ten_taps_at_once_make_one_booking(world: World) -> None:
    answers = await asyncio.gather(
        *(world["worker"]("POST", "/bookings", wish(world), Idempotency_Key="key-1") for _ in range(10))
    )
    codes = {answer.status if answer.status == 201 else answer.body["code"] for answer in answers}
    assert 201 in codes
    assert codes <= {201, "still_running"}
    assert await Booking.all().count() == 1


async def test_waiting_under_a_key_is_waiting_once(world: World) -> None:
    await world["worker"]("POST", "/bookings", wish(world))
    other = world["other_worker"]
    first = await other("POST", "/bookings", wish(world, wait=True), Idempotency_Key="key-1")
    again = await other("POST", "/bookings", wish(world, wait=True), Idempotency_Key="key-1")
    assert (first.status, first.body) == (again.status, again.body)
    assert first.body["status"] == "waiting"


async def test_without_a_key_nothing_is_kept(stranger: Caller) -> None:
    await stranger("POST", "/complaints", {"text": "x"})
    assert await IdempotencyKey.all().count() == 0
