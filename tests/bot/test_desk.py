"""Promise 1: every message is answered once, and its re-sends get the same answer."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from redis.asyncio import Redis

import models.callbacks
from bot import texts
from bot.desk import Desk, TooLate, open_desk
from bot.messages import Message, parse
from bot.replies import Reply
from bot.router import Manner, Route, Router, Spoken
from handlers.callbacks import CallbackLedger, open_ledger
from handlers.context import Context
from handlers.errors import SlotFull
from models import Account, App, AuditEntry, Callback, Notice, Question
from models.callbacks import Answered, Asked, Remembered
from settings import LateAnswers
from tests.bot.platform import event, text_message
from tests.fakes import Clock

Answer = Callable[[Message, Context], Awaitable[Reply]]
OpenDesk = Callable[..., Awaitable[Desk]]


def inbound(text: str = "x", **members: int) -> Message:
    return parse(text_message(text, **members).encode())


async def reply(desk: Desk, message: Message) -> str:
    return await desk.answer(message, asyncio.get_running_loop().time())


def one_route(answer: object, manner: Manner) -> Router:
    return Router([Route(("text", "event"), answer, manner)])  # type: ignore[arg-type]


class Counting:
    """A callback that changes something, and can be held up."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.started = asyncio.Event()

    async def change(self, message: Message, ctx: Context) -> Reply:
        number = next(self.numbers)
        self.started.set()
        await AuditEntry.create(at=ctx.now(), actor="test", action="test.changed", subject=f"n:{number}")
        await self.go_on.wait()
        return f"第{number}次"

    def instant(self, message: Message, ctx: Context) -> Spoken:
        number = next(self.numbers)
        return Spoken(f"第{number}次", Asked(message.content, "answer", "DF-006", 0.9))


@pytest.fixture
async def open_one(ctx: Context) -> AsyncIterator[OpenDesk]:
    """Opens desks; each stands for a process of its own over the same database and Redis."""
    async with AsyncExitStack() as stack:

        async def open_(router: Router, *, within: Context = ctx) -> Desk:
            ledger = await stack.enter_async_context(open_ledger(within))
            return await stack.enter_async_context(open_desk(within, ledger, router))

        yield open_


def quick(ctx: Context, **changes: object) -> Context:
    """The same world with a short deadline."""
    settings = ctx.settings.model_copy(update={"callback_deadline": 0.05} | changes)
    return Context(settings, ctx.redis, ctx.wechat, ctx.now)


@pytest.mark.parametrize("manner", [Manner.INSTANT, Manner.CHANGES])
async def test_a_resend_gets_the_answer_of_the_first(open_one: OpenDesk, manner: Manner) -> None:
    work = Counting()
    desk = await open_one(one_route(work.instant if manner is Manner.INSTANT else work.change, manner))
    message = inbound()
    assert len({await reply(desk, message) for _ in range(3)}) == 1
    assert await Callback.all().count() == 1
    assert await Question.all().count() == (manner is Manner.INSTANT)
    assert await AuditEntry.filter(action="test.changed").count() == (manner is Manner.CHANGES)


@pytest.mark.parametrize("manner", [Manner.INSTANT, Manner.CHANGES])
async def test_a_resend_gets_the_same_answer_after_redis_was_lost(
    open_one: OpenDesk, redis: Redis, manner: Manner
) -> None:
    work = Counting()
    desk = await open_one(one_route(work.instant if manner is Manner.INSTANT else work.change, manner))
    message = inbound()
    first = await reply(desk, message)
    await redis.flushall()
    assert await reply(desk, message) == first
    assert await AuditEntry.filter(action="test.changed").count() == (manner is Manner.CHANGES)
    assert await Question.all().count() == (manner is Manner.INSTANT)


async def test_processes_that_get_the_same_message_at_once_answer_alike(open_one: OpenDesk) -> None:
    work = Counting()
    desks = [await open_one(one_route(work.change, Manner.CHANGES)) for _ in range(4)]
    message = inbound()
    replies = await asyncio.gather(*(reply(desk, message) for desk in desks for _ in range(3)))
    assert len(set(replies)) == 1
    assert await AuditEntry.filter(action="test.changed").count() == 1


async def test_processes_that_look_something_up_at_once_for_the_same_message_answer_alike(
    open_one: OpenDesk,
) -> None:
    numbers = itertools.count(1)

    async def look_up(message: Message, ctx: Context) -> Spoken:
        return Spoken(f"第{next(numbers)}次", Asked(message.content, "answer", "DF-006", 0.9))

    desks = [await open_one(one_route(look_up, Manner.READS)) for _ in range(4)]
    message = inbound()
    replies = await asyncio.gather(*(reply(desk, message) for desk in desks for _ in range(3)))
    assert len(set(replies)) == 1
    assert await Question.all().count() == 1


async def test_a_stranger_who_looks_something_up_is_remembered_once_with_the_answer(
    open_one: OpenDesk,
) -> None:
    seen: list[Account | None] = []

    async def look_up(message: Message, ctx: Context) -> Reply:
        seen.append(ctx.caller.account)
        return "看到了"

    desk = await open_one(one_route(look_up, Manner.READS))
    await asyncio.gather(*(reply(desk, inbound(message_id=number)) for number in (1, 2)))
    assert seen == [None, None]
    (account,) = await Account.all()
    await reply(desk, inbound(message_id=3))
    assert seen[2] == account


async def test_without_redis_the_database_alone_keeps_the_answers_alike(
    open_one: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(CallbackLedger, "_claim_all", unreachable)
    work = Counting()
    desks = [await open_one(one_route(work.change, Manner.CHANGES)) for _ in range(3)]
    message = inbound()
    replies = await asyncio.gather(*(reply(desk, message) for desk in desks))
    assert len(set(replies)) == 1
    assert (
        await AuditEntry.filter(action="test.changed").count() == 1
    )  # The losers' changes were undone with their answers.


async def test_guard_removed_two_processes_would_answer_differently(
    open_one: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither Redis nor the stored answer: this is what both prevent."""

    async def unreachable(*_: object) -> None:
        raise ConnectionError

    async def forget(_: object, answers: Sequence[Answered]) -> set[str]:
        return {answer.key for answer in answers}

    async def nothing(_: str) -> None:
        return None

    monkeypatch.setattr(CallbackLedger, "_claim_all", unreachable)
    monkeypatch.setattr(models.callbacks, "remember_at_once", forget)
    monkeypatch.setattr(models.callbacks, "remember_in_one_piece", forget)
    monkeypatch.setattr("bot.desk.stored_reply", nothing)
    work = Counting()
    desks = [await open_one(one_route(work.change, Manner.CHANGES)) for _ in range(3)]
    message = inbound()
    assert len(set(await asyncio.gather(*(reply(desk, message) for desk in desks)))) == 3


async def test_different_messages_are_never_taken_for_one(open_one: OpenDesk) -> None:
    desk = await open_one(one_route(Counting().instant, Manner.INSTANT))
    messages = [inbound(message_id=n) for n in range(30)]
    assert len(set(await asyncio.gather(*(reply(desk, message) for message in messages)))) == 30


async def test_a_change_whose_answer_cannot_be_stored_is_undone(
    open_one: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = iter([RuntimeError("the disk is full")])

    async def remember(answers: Sequence[Answered]) -> list[Remembered]:
        for failure in outcomes:
            raise failure
        return await models.callbacks.remember(answers)

    monkeypatch.setattr("bot.desk.remember", remember)
    desk = await open_one(one_route(Counting().change, Manner.CHANGES))
    assert texts.SORRY in await reply(desk, inbound())
    assert await AuditEntry.filter(action="test.changed").count() == 0


async def test_a_question_is_kept_once_with_who_asked(open_one: OpenDesk) -> None:
    desk = await open_one(one_route(Counting().instant, Manner.INSTANT))
    message = inbound("党费怎么交")
    await reply(desk, message)
    await reply(desk, message)
    question = await Question.get().select_related("account")
    assert (question.text, question.callback_key) == ("党费怎么交", message.key())
    assert question.account is not None
    assert question.account.openid == "oAlice"


async def test_a_slow_answer_goes_by_customer_service_message(ctx: Context, open_one: OpenDesk) -> None:
    work = Counting()
    work.go_on.clear()
    desk = await open_one(one_route(work.change, Manner.STEPS), within=quick(ctx))
    message = inbound()
    assert await reply(desk, message) == ""
    owed = await Callback.get()
    assert (owed.reply, owed.message is not None) == (None, True)
    work.go_on.set()
    await desk.finish()
    notice = await Notice.get()
    assert (notice.openid, notice.content) == ("oAlice", "第1次")
    assert (await Callback.get()).message is None
    for one in (desk, await open_one(one_route(work.change, Manner.STEPS))):
        assert await reply(one, message) == "", "it was promised as a message, and comes once"
    assert await Notice.all().count() == 1


async def test_a_resend_that_comes_while_a_late_answer_is_made_does_not_get_it_as_well(
    ctx: Context, open_one: OpenDesk
) -> None:
    work = Counting()
    work.go_on.clear()
    desk = await open_one(one_route(work.change, Manner.STEPS), within=quick(ctx))
    message = inbound()
    assert await reply(desk, message) == ""
    desk._deadline = 4.5
    again = asyncio.ensure_future(reply(desk, message))
    await asyncio.sleep(0)
    work.go_on.set()
    assert await again == ""
    assert (await Notice.get()).content == "第1次"


async def test_a_slow_answer_is_handed_to_the_resend_that_asks_for_it(
    ctx: Context, open_one: OpenDesk
) -> None:
    work = Counting()
    work.go_on.clear()
    within = quick(ctx, late_answers=LateAnswers.RESEND)
    desk = await open_one(one_route(work.change, Manner.STEPS), within=within)
    message = inbound()
    with pytest.raises(TooLate):
        await reply(desk, message)
    desk._deadline = 4.5
    again = asyncio.ensure_future(reply(desk, message))
    await work.started.wait()
    work.go_on.set()
    assert "第1次" in await again
    assert await Notice.all().count() == 0


async def test_the_last_delivery_is_told_to_ask_again(ctx: Context, open_one: OpenDesk) -> None:
    work = Counting()
    work.go_on.clear()
    within = quick(ctx, late_answers=LateAnswers.RESEND)
    desk = await open_one(one_route(work.change, Manner.STEPS), within=within)
    message = inbound()
    for _ in range(2):
        with pytest.raises(TooLate):
            await reply(desk, message)
    assert texts.STILL_WORKING in await reply(desk, message)
    work.go_on.set()


async def test_an_answer_owed_by_a_dead_process_is_given_by_another(
    ctx: Context, open_one: OpenDesk, clock: Clock
) -> None:
    work = Counting()
    message = inbound(created=int(clock.now.timestamp()))
    await models.callbacks.owe(
        message.key(),
        '{"ToUserName":"gh","FromUserName":"oAlice","MsgType":"text",'
        f'"Content":"x","CreateTime":"{message.created}"}}',
        clock.now,
    )
    desk = await open_one(one_route(work.change, Manner.CHANGES))
    assert await desk.pay_owed() == 0  # Its keeper may be at work still.
    clock.now += timedelta(seconds=61)
    assert await desk.pay_owed() == 1
    assert await desk.pay_owed() == 0
    assert (await Notice.get()).content == "第1次"


async def test_an_owed_report_is_kept_however_late(ctx: Context, open_one: OpenDesk, clock: Clock) -> None:
    """An answer after an hour is of no use to anybody, what the platform reported is."""
    work = Counting()
    fields = '{"ToUserName":"gh","FromUserName":"oAlice","MsgType":"text","Content":"x","CreateTime":"1"}'
    await models.callbacks.owe("key-late", fields, clock.now)
    clock.now += timedelta(hours=1)
    router = Router([Route(("text",), work.change, Manner.CHANGES, from_person=False)])
    assert await (await open_one(router)).pay_owed() == 1
    assert await AuditEntry.filter(action="test.changed").count() == 1


async def test_two_processes_do_not_pay_the_same_debt(ctx: Context, open_one: OpenDesk, clock: Clock) -> None:
    work = Counting()
    created = int(clock.now.timestamp())
    for number in range(5):
        await models.callbacks.owe(
            f"key{number}",
            '{"ToUserName":"gh","FromUserName":"oAlice","MsgType":"text",'
            f'"Content":"x","CreateTime":"{created}"}}',
            clock.now,
        )
    desks = [await open_one(one_route(work.change, Manner.CHANGES)) for _ in range(3)]
    clock.now += timedelta(seconds=61)
    await asyncio.gather(*(desk.pay_owed() for desk in desks))
    assert await AuditEntry.filter(action="test.changed").count() == 5
    assert await Notice.all().count() == 5


async def test_a_callback_taken_by_a_process_that_died_is_done_by_the_one_that_gets_the_resend(
    open_one: OpenDesk, redis: Redis
) -> None:
    desk = await open_one(one_route(Counting().change, Manner.CHANGES))
    message = inbound()
    await redis.set(f"cb:{message.key()}", b"deadprocess")  # Its heart beats no more.
    assert "第1次" in await reply(desk, message)


async def test_a_refusal_is_said_kindly(open_one: OpenDesk) -> None:
    async def refuse(message: Message, ctx: Context) -> Reply:
        raise SlotFull

    desk = await open_one(one_route(refuse, Manner.CHANGES))
    assert texts.REFUSALS[SlotFull] in await reply(desk, inbound())


@pytest.mark.parametrize("manner", [Manner.INSTANT, Manner.CHANGES, Manner.READS])
async def test_a_fault_of_ours_is_answered_with_an_apology_and_changes_nothing(
    open_one: OpenDesk, manner: Manner, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(message: Message, ctx: Context) -> Reply:
        await AuditEntry.create(at=ctx.now(), actor="test", action="test.changed", subject="n:1")
        raise ZeroDivisionError

    def break_at_once(message: Message, ctx: Context) -> Reply:
        raise ZeroDivisionError

    desk = await open_one(one_route(break_at_once if manner is Manner.INSTANT else break_down, manner))
    assert texts.SORRY in await reply(desk, inbound())
    if manner is Manner.CHANGES:
        assert await AuditEntry.filter(action="test.changed").count() == 0
    assert "ZeroDivisionError" in caplog.text


async def test_a_report_that_could_not_be_kept_is_not_answered_and_is_taken_when_it_comes_again(
    open_one: OpenDesk,
) -> None:
    """The platform wants no apology: it reports again what isn't answered."""
    falls = iter([True, False])

    async def keep(message: Message, ctx: Context) -> Reply:
        if next(falls):
            raise TimeoutError
        await AuditEntry.create(at=ctx.now(), actor="test", action="test.changed", subject="n:1")
        return None

    desk = await open_one(Router([Route(("text",), keep, Manner.CHANGES, from_person=False)]))
    message = inbound()
    with pytest.raises(TimeoutError):
        await reply(desk, message)
    assert await reply(desk, message) == ""
    assert await AuditEntry.filter(action="test.changed").count() == 1


async def test_a_message_nobody_handles_is_passed_over_without_a_trace(open_one: OpenDesk) -> None:
    desk = await open_one(Router([]))
    assert await reply(desk, inbound()) == ""
    assert await Callback.all().count() == 0


async def test_past_the_limit_there_is_one_kind_word_and_then_silence(
    ctx: Context, open_one: OpenDesk
) -> None:
    within = quick(ctx, follower_messages_per_minute=3, callback_deadline=4.5)
    desk = await open_one(one_route(Counting().instant, Manner.INSTANT), within=within)
    replies = [await reply(desk, inbound()) for _ in range(6)]
    assert all("次" in said for said in replies[:3])
    assert texts.TOO_MANY_MESSAGES in replies[3]
    assert replies[4:] == ["", ""]
    others = parse(text_message("x", openid="oBob").encode())
    assert "次" in await reply(desk, others)
    assert await Callback.all().count() == 5  # The silence leaves no row.


async def test_the_limit_counts_what_all_processes_received(ctx: Context, open_one: OpenDesk) -> None:
    within = quick(ctx, follower_messages_per_minute=4, callback_deadline=4.5)
    desks = [await open_one(one_route(Counting().instant, Manner.INSTANT), within=within) for _ in range(2)]
    for desk in desks:
        for _ in range(2):
            assert "次" in await reply(desk, inbound())
    for desk in desks:
        await desk._pace.share()
    await desks[0]._pace.share()  # What the second one told after the first had asked.
    assert texts.TOO_MANY_MESSAGES in await reply(desks[0], inbound())


async def test_resends_do_not_count_towards_the_limit(ctx: Context, open_one: OpenDesk) -> None:
    within = quick(ctx, follower_messages_per_minute=2, callback_deadline=4.5)
    desk = await open_one(one_route(Counting().instant, Manner.INSTANT), within=within)
    message = inbound()
    assert len({await reply(desk, message) for _ in range(3)}) == 1
    assert "次" in await reply(desk, inbound())


async def test_past_the_limit_a_resend_still_gets_its_answer(ctx: Context, open_one: OpenDesk) -> None:
    within = quick(ctx, follower_messages_per_minute=1, callback_deadline=4.5)
    desk = await open_one(one_route(Counting().instant, Manner.INSTANT), within=within)
    first, second = inbound(), inbound()
    answers = [await reply(desk, message) for message in (first, second)]
    assert [await reply(desk, message) for message in (first, second, first)] == [*answers, answers[0]]


async def test_the_limit_lasts_a_minute(ctx: Context, open_one: OpenDesk, clock: Clock) -> None:
    within = quick(ctx, follower_messages_per_minute=1, callback_deadline=4.5)
    desk = await open_one(one_route(Counting().instant, Manner.INSTANT), within=within)
    await reply(desk, inbound())
    assert texts.TOO_MANY_MESSAGES in await reply(desk, inbound())
    clock.now += timedelta(minutes=1)
    assert "次" in await reply(desk, inbound())


async def test_a_contact_releases_the_notices_that_waited_for_it(ctx: Context, open_one: OpenDesk) -> None:
    now = ctx.now()
    await Notice.create(
        openid="oAlice", content="答复", dedupe_key="a", status="held", next_try_at=now, created_at=now
    )
    desk = await open_one(one_route(Counting().instant, Manner.INSTANT))
    await reply(desk, inbound())
    assert (await Notice.get()).status == "waiting"
    assert (await Account.get(openid="oAlice")).last_contact_at == now


async def test_reports_of_the_platform_make_no_account(open_one: OpenDesk) -> None:
    async def settle(message: Message, ctx: Context) -> Reply:
        return None

    router = Router([Route(("event",), settle, Manner.CHANGES, from_person=False)])
    desk = await open_one(router)
    await reply(desk, parse(event("MASSSENDJOBFINISH", openid="oSystem", MsgID="1").encode()))
    assert await Account.all().count() == 0
    assert await Callback.all().count() == 1


async def test_closing_finishes_what_was_accepted(ctx: Context) -> None:
    work = Counting()
    work.go_on.clear()
    message = inbound()
    async with (
        open_ledger(ctx) as ledger,
        open_desk(ctx, ledger, one_route(work.change, Manner.CHANGES)) as desk,
    ):
        answering = asyncio.ensure_future(reply(desk, message))
        await work.started.wait()
        asyncio.get_running_loop().call_later(0.05, work.go_on.set)
    assert "第1次" in await answering
    assert (await Callback.get()).reply is not None


async def test_the_same_message_twice_in_one_batch_is_stored_once(ctx: Context) -> None:
    asked = Asked("党费怎么交", "answer", "DF-006", 0.9)
    twins = [
        Answered("k", App.OFFICIAL_ACCOUNT, "oAlice", said, said, ctx.now(), asked) for said in ("甲", "乙")
    ]
    remembered = await models.callbacks.remember(twins)
    assert [outcome.reply for outcome in remembered] == ["甲", "甲"]
    assert await Question.all().count() == 1
