"""Customer-service messages that wait to be sent: the ledger is the queue.

A notice is `waiting`, then `sending` while somebody has claimed it, then `sent`, `failed`, or `held`
until its follower is next in contact. What may have been sent already is held too, never sent again
by itself: at the next contact it goes out with a word that says so.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import sealed_texts
from handlers.context import Context
from handlers.gateways.errors import (
    Ambiguous,
    Busy,
    QuotaSpent,
    Stopped,
    TokenRejected,
    UnknownCode,
    Unreachable,
    WeChatError,
    WindowClosed,
)
from handlers.lengths import cut
from models import Account, App, Notice

WAITING = "waiting"
SENDING = "sending"
SENT = "sent"
HELD = "held"
FAILED = "failed"
DOUBTFUL = "ambiguous"
"""The `error` of a notice of which nobody knows whether it was sent."""

UNREADABLE = "sealed"
"""The `error` of a notice that was sealed with another secret than the one in force."""

WINDOW = timedelta(hours=47)
"""How long after a word from somebody we count on being let write to them.

WeChat's window is 48 hours (wechat-platform §5.1); the clock and the road take some of it.
"""
CLAIMED_AT_ONCE = 50
SENT_AT_ONCE = 20
BATCHES = 20
"""Of one `send_due`, so that a stop never waits long."""
LEASE = timedelta(minutes=5)
LONGEST_SEND = timedelta(seconds=90)
"""No send is begun with less than this left of its lease, and none takes longer."""
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
NOT_PERMITTED = 48001
LATER = (Busy, Unreachable, QuotaSpent, TokenRejected, Stopped)

AT_MOST_ONCE = "lesson:"
"""How the keys of notices begin that aren't repeated even with a word: a lesson comes once, or is fetched."""

PASSING = "remind:"
"""How the keys of notices begin worth nothing later: a reminder isn't held for the next contact."""

MAYBE_REPEATED = "（下面这条可能已经发给过您，若已收到请忽略。）\n"
CUT_SHORT = "……\n（内容较长，先发到这里。）"

log = logging.getLogger(__name__)


def reachable(ctx: Context, *, person_id: int) -> QuerySet[Account]:
    """The identity under which somebody may be written to now: they follow, and wrote within `WINDOW`."""
    return all_reachable(ctx).filter(person_id=person_id)


def all_reachable(ctx: Context) -> QuerySet[Account]:
    """`reachable`, of everybody."""
    return Account.filter(
        app=App.OFFICIAL_ACCOUNT, follows=True, last_contact_at__gt=ctx.now() - WINDOW,
    )  # fmt: skip


async def enqueue(ctx: Context, *, openid: str, text: str, dedupe_key: str) -> None:
    """Promise a message, in the caller's transaction; the same `dedupe_key` again is nothing."""
    await Notice.bulk_create([_made(ctx, openid, text, dedupe_key)], ignore_conflicts=True)


async def enqueue_first(ctx: Context, *, openid: str, text: str, dedupe_key: str) -> None:
    """The same for who must know that nobody else took the `dedupe_key`.

    Raises:
        IntegrityError: it is taken; the caller's transaction is to be undone.
    """
    await _made(ctx, openid, text, dedupe_key).save(force_create=True)


def _made(ctx: Context, openid: str, text: str, dedupe_key: str) -> Notice:
    now = ctx.now()
    return Notice(
        openid=openid, content=text, dedupe_key=dedupe_key, status=WAITING, next_try_at=now, created_at=now
    )


async def send_due(ctx: Context) -> int:
    """Send what is due; how many went out. Any number of processes may do this at once."""
    await hold_abandoned(ctx)
    sent = 0
    for _ in range(BATCHES):
        claimed = await claim_due(ctx)
        sent += await _send_all(ctx, claimed)
        if len(claimed) < CLAIMED_AT_ONCE:
            break
    return sent


async def hold_abandoned(ctx: Context) -> int:
    """Hold what a lost process was sending: it may have arrived."""
    abandoned = Notice.filter(status=SENDING, claimed_until__lte=ctx.now())
    for once in (AT_MOST_ONCE, PASSING):
        await abandoned.filter(dedupe_key__startswith=once).update(status=FAILED, error=DOUBTFUL)
    return await abandoned.update(status=HELD, error=DOUBTFUL)


async def claim_due(ctx: Context) -> list[Notice]:
    """Take some notices that are due; on PostgreSQL, past those that others are taking."""
    due = Notice.filter(status=WAITING, next_try_at__lte=ctx.now()).order_by("next_try_at", "id")
    first = due.limit(CLAIMED_AT_ONCE)
    if Notice._meta.db.capabilities.dialect == "sqlite":
        return [notice for notice in await first if await claim(ctx, notice)]
    async with in_transaction():
        rows = await first.select_for_update(skip_locked=True)
        return [notice for notice in rows if await claim(ctx, notice)]


async def claim(ctx: Context, notice: Notice) -> bool:
    """Take one notice if nobody else has; the database decides."""
    notice.claimed_until = ctx.now() + LEASE
    notice.attempts += 1
    free = Notice.filter(id=notice.id, status=WAITING)
    return bool(
        await free.update(status=SENDING, claimed_until=notice.claimed_until, attempts=notice.attempts)
    )


async def _send_all(ctx: Context, claimed: Sequence[Notice]) -> int:
    """Send to many followers at once, and to each of them in order."""
    by_follower: dict[str, list[Notice]] = {}
    for notice in claimed:
        by_follower.setdefault(notice.openid, []).append(notice)
    places = asyncio.Semaphore(SENT_AT_ONCE)
    results = await asyncio.gather(
        *(_send_in_order(ctx, theirs, places) for theirs in by_follower.values()),
        return_exceptions=True,
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return sum(result for result in results if isinstance(result, int))


async def _send_in_order(ctx: Context, notices: Sequence[Notice], places: asyncio.Semaphore) -> int:
    sent = 0
    async with places:
        for notice in notices:
            sent += await _send(ctx, notice)
    return sent


async def _send(ctx: Context, notice: Notice) -> bool:
    """Send one claimed notice and record what became of it; whether it went out."""
    if notice.claimed_until is None or ctx.now() + LONGEST_SEND > notice.claimed_until:
        await _record(notice, status=WAITING)  # Nothing was sent, so another may.
        return False
    content = sealed_texts.opened(ctx.settings.secret_keys, notice.content)
    if not content:
        log.warning("notice_failed id=%s reason=%s", notice.id, UNREADABLE)
        await _record(notice, status=FAILED, error=UNREADABLE)
        return False
    text = wording(content, maybe_repeated=notice.error == DOUBTFUL)
    try:
        async with asyncio.timeout(LONGEST_SEND.total_seconds()):
            await ctx.wechat.send_text(notice.openid, text)
    except TimeoutError:
        await _record_failure(ctx, notice, Ambiguous(hint="too slow"))
    except WeChatError as error:
        await _record_failure(ctx, notice, error)
    else:
        await _record(notice, status=SENT, sent_at=ctx.now(), error="")
        return True
    return False


async def _record_failure(ctx: Context, notice: Notice, error: WeChatError) -> None:
    reason = str(error.code) if error.code else type(error).__name__
    # A doubt stays until the message has surely arrived.
    unsent = DOUBTFUL if isinstance(error, Ambiguous) or notice.error == DOUBTFUL else reason
    if isinstance(error, Ambiguous):
        once = notice.dedupe_key.startswith((AT_MOST_ONCE, PASSING))
        await _record(notice, status=FAILED if once else HELD, error=unsent)
    elif isinstance(error, WindowClosed) or error.code == NOT_PERMITTED:
        if error.code == NOT_PERMITTED:
            log.error("notices_not_permitted code=%s", error.code)
        passing = notice.dedupe_key.startswith(PASSING)
        await _record(notice, status=FAILED if passing else HELD, error=unsent)
    elif isinstance(error, LATER) and not isinstance(error, UnknownCode):
        again = ctx.now() + pause_after(notice.attempts, error.retry_after)
        await _record(notice, status=WAITING, next_try_at=again, error=unsent)
    else:
        log.warning("notice_failed id=%s reason=%s", notice.id, reason)
        await _record(notice, status=FAILED, error=reason)


async def _record(notice: Notice, **values: Any) -> None:
    """Write what became of our claim; it is ours also when it was held because we were slow."""
    mine = Notice.filter(id=notice.id, claimed_until=notice.claimed_until, status__in=(SENDING, HELD))
    await mine.update(**values)


def pause_after(attempts: int, least: float) -> timedelta:
    """How long to wait after so many attempts: doubling, up to an hour, and not less than asked for."""
    doubled = FIRST_PAUSE * 2.0 ** min(attempts - 1, 20)
    return max(min(doubled, LONGEST_PAUSE), timedelta(seconds=least))


def wording(content: str, *, maybe_repeated: bool) -> str:
    """What is sent for a notice: its content, cut to what WeChat takes. Pure."""
    preface = MAYBE_REPEATED if maybe_repeated else ""
    return cut(preface + content, ending=CUT_SHORT)[0]
