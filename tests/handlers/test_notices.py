"""Notices: promised in a transaction, sent once, held when they can't arrive."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from tortoise.transactions import in_transaction

from handlers import notices
from handlers.context import Context
from handlers.gateways.errors import (
    Ambiguous,
    BadCall,
    Busy,
    QuotaSpent,
    RecipientGone,
    Stopped,
    TokenRejected,
    UnknownCode,
    Unreachable,
    WeChatError,
    WindowClosed,
)
from handlers.lengths import TEXT_LIMIT
from models import App, Notice
from models.callbacks import Answered, remember
from tests.fakes import Clock, FakeWeChat


async def promise(ctx: Context, number: int = 1, *, openid: str = "oOne", text: str = "您好") -> Notice:
    await notices.enqueue(ctx, openid=openid, text=text, dedupe_key=f"test:{number}")
    return await Notice.get(dedupe_key=f"test:{number}")


async def contact(ctx: Context, openid: str) -> None:
    """The follower writes something that is answered."""
    answer = Answered(
        key=f"of {openid}", app=App.OFFICIAL_ACCOUNT, openid=openid, reply="", text="", at=ctx.now()
    )
    await remember([answer])


async def test_a_promised_message_goes_out_once(ctx: Context, wechat: FakeWeChat) -> None:
    notice = await promise(ctx)
    assert await notices.send_due(ctx) == 1
    assert await notices.send_due(ctx) == 0
    assert wechat.sent == [("customer_service", "oOne", "您好")]
    await notice.refresh_from_db()
    assert (notice.status, notice.sent_at) == (notices.SENT, ctx.now())


async def test_the_same_key_again_is_nothing(ctx: Context, wechat: FakeWeChat) -> None:
    await promise(ctx)
    async with in_transaction():
        await promise(ctx, text="又一次")
        await promise(ctx, 2, text="同一事务里的另一条")
    await notices.send_due(ctx)
    assert [text for _, _, text in wechat.sent] == ["您好", "同一事务里的另一条"]


async def test_a_promise_goes_down_with_its_transaction(ctx: Context) -> None:
    async def fail() -> None:
        async with in_transaction():
            await promise(ctx)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await Notice.all().count() == 0


async def test_many_senders_at_once_send_each_notice_once(ctx: Context, wechat: FakeWeChat) -> None:
    for number in range(120):
        await promise(ctx, number, openid=f"o{number % 40}", text=f"第{number}条")
    counts = await asyncio.gather(*(notices.send_due(ctx) for _ in range(6)))
    assert sum(counts) == 120
    assert Counter(text for _, _, text in wechat.sent) == Counter(f"第{n}条" for n in range(120))


async def test_one_claim_wins_without_any_transaction_around_it(ctx: Context) -> None:
    notice = await promise(ctx)
    copies = [await Notice.get(id=notice.id) for _ in range(10)]
    assert sum(await asyncio.gather(*(notices.claim(ctx, copy) for copy in copies))) == 1


async def test_without_its_condition_the_claim_would_be_won_by_all(ctx: Context) -> None:
    notice = await promise(ctx)
    careless = Notice.filter(id=notice.id)
    assert sum(await asyncio.gather(*(careless.update(status="sending") for _ in range(10)))) == 10


async def test_messages_to_one_follower_arrive_in_order(ctx: Context, wechat: FakeWeChat) -> None:
    for number in range(30):
        await promise(ctx, number, text=str(number))
    await notices.send_due(ctx)
    assert [text for _, _, text in wechat.sent] == [str(number) for number in range(30)]


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (WindowClosed(45015), "held", "45015"),
        (WindowClosed(45047), "held", "45047"),
        (Stopped(48001), "held", "48001"),
        (Ambiguous(), "held", "ambiguous"),
        (RecipientGone(43004), "failed", "43004"),
        (BadCall(45002), "failed", "45002"),
        (UnknownCode(99999), "failed", "99999"),
        (Busy(-1), "waiting", "-1"),
        (Unreachable(), "waiting", "Unreachable"),
        (TokenRejected(40001), "waiting", "40001"),
        (QuotaSpent(45009), "waiting", "45009"),
        (Stopped(40164), "waiting", "40164"),
    ],
)
async def test_each_failure_ends_in_its_state(
    ctx: Context, wechat: FakeWeChat, error: WeChatError, status: str, reason: str
) -> None:
    notice = await promise(ctx)
    wechat.refuse = [error]
    assert await notices.send_due(ctx) == 0
    await notice.refresh_from_db()
    assert (notice.status, notice.error, wechat.sent) == (status, reason, [])
    assert await notices.send_due(ctx) == 0, "nothing is tried again at once"


async def test_a_definite_failure_is_tried_again_later(
    ctx: Context, wechat: FakeWeChat, clock: Clock
) -> None:
    await promise(ctx)
    wechat.refuse = [Busy(-1), Busy(45011, retry_after=60)]
    await notices.send_due(ctx)
    clock.now += timedelta(seconds=10)
    await notices.send_due(ctx)
    clock.now += timedelta(seconds=59)
    assert await notices.send_due(ctx) == 0
    clock.now += timedelta(seconds=1)
    assert await notices.send_due(ctx) == 1


def test_the_pause_doubles_up_to_an_hour() -> None:
    pauses = [notices.pause_after(attempts, 0).total_seconds() for attempts in (1, 2, 3, 10, 500)]
    assert pauses == [10, 20, 40, 3600, 3600]
    assert notices.pause_after(1, 7200) == timedelta(hours=2)


async def test_what_is_held_goes_out_at_the_next_contact(ctx: Context, wechat: FakeWeChat) -> None:
    await promise(ctx)
    await promise(ctx, 2, openid="oTwo")
    wechat.refuse = [WindowClosed(45015), WindowClosed(45015)]
    await notices.send_due(ctx)
    await contact(ctx, "oOne")
    await notices.send_due(ctx)
    assert wechat.sent == [("customer_service", "oOne", "您好")]


async def test_what_may_have_arrived_is_offered_again_with_a_word(
    ctx: Context, wechat: FakeWeChat, clock: Clock
) -> None:
    notice = await promise(ctx)
    wechat.refuse = [Ambiguous(), Busy(-1)]
    await notices.send_due(ctx)
    clock.now += timedelta(days=1)
    assert await notices.send_due(ctx) == 0, "never by itself"
    await contact(ctx, "oOne")
    await notices.send_due(ctx)
    clock.now += timedelta(minutes=1)
    assert await notices.send_due(ctx) == 1
    assert wechat.sent == [("customer_service", "oOne", notices.MAYBE_REPEATED + "您好")]
    await notice.refresh_from_db()
    assert notice.error == ""


async def test_what_a_killed_process_was_sending_is_held_not_sent_again(
    ctx: Context, wechat: FakeWeChat, clock: Clock
) -> None:
    notice = await promise(ctx)
    [claimed] = await notices.claim_due(ctx)  # And the process is gone.
    assert claimed.id == notice.id
    clock.now += notices.LEASE - timedelta(seconds=1)
    await notices.send_due(ctx)
    await notice.refresh_from_db()
    assert notice.status == notices.SENDING
    clock.now += timedelta(seconds=1)
    await notices.send_due(ctx)
    await notice.refresh_from_db()
    assert (notice.status, notice.error, wechat.sent) == (notices.HELD, notices.DOUBTFUL, [])


class SlowWeChat(FakeWeChat):
    """Takes so long that the sender's lease runs out on the way."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    async def send_text(self, openid: str, text: str) -> None:
        await super().send_text(openid, text)
        self.clock.now += notices.LEASE


async def test_a_slow_sender_still_records_what_it_knows(ctx: Context, clock: Clock) -> None:
    slow = SlowWeChat(clock)
    sender = Context(settings=ctx.settings, redis=ctx.redis, wechat=slow, now=clock)
    notice = await promise(ctx)
    another = await promise(ctx, 2)
    assert await notices.send_due(sender) == 1
    await notice.refresh_from_db()
    await another.refresh_from_db()
    assert (notice.status, another.status) == (notices.SENT, notices.WAITING)


async def test_a_failing_sender_does_not_stop_the_others(ctx: Context, wechat: FakeWeChat) -> None:
    for number in range(5):
        await promise(ctx, number, openid=f"o{number}")
    wechat.refuse = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await notices.send_due(ctx)
    assert len(wechat.sent) == 4
    assert await Notice.filter(status=notices.SENDING).count() == 1


async def test_a_long_notice_is_cut_and_says_so(ctx: Context, wechat: FakeWeChat) -> None:
    await notices.enqueue(ctx, openid="oOne", text="党员应当按月交纳党费。" * 200, dedupe_key="long")
    await notices.send_due(ctx)
    [(_, _, text)] = wechat.sent
    assert len(text.encode()) <= TEXT_LIMIT
    assert text.endswith("。" + notices.CUT_SHORT)
