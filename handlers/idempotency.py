"""Creating once, however often the request arrives: the sender's key, and the answer it already got."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers.context import Context
from models import IdempotencyKey, statements

TAKE_OVER_AFTER = timedelta(seconds=60)
"""A request still running after this has lost its process; the next one with its key may run."""
KEPT_FOR = timedelta(days=1)

Work = Callable[[], Awaitable[tuple[int, Any]]]


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer of this key."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Reused:
    """The key belongs to another request of the same sender."""


@dataclass(frozen=True, slots=True)
class Running:
    """The first request with this key has no answer yet."""


class _Overtaken(Exception):
    """Another process took this work over, because it lasted too long."""


async def once(
    ctx: Context, *, sender: str, key: str, fingerprint: str, work: Work, apart: bool = False
) -> Stored | Reused | Running:
    """Do `work` if the key is new, else say what the key already stands for.

    The change and its answer are committed together, so neither can exist without the other: after
    a crash the same request finds its answer, or nothing done. `work` answers expected refusals
    itself; whatever it raises undoes the change and gives the key back.

    Work that needs several transactions of its own is kept `apart`: after a crash between the change
    and its answer, the same request meets its own change.
    """
    claim = await _claim(ctx.now(), sender=sender, key=key, fingerprint=fingerprint)
    if not isinstance(claim, IdempotencyKey):
        return claim
    try:
        answer = await _carry_out(claim, work) if apart else await _carry_out_together(claim, work)
    except _Overtaken:
        return Running()
    except BaseException:
        await _mine(claim).delete()
        raise
    return answer


async def forget_old(ctx: Context) -> int:
    """Drop the keys nobody will send again; how many."""
    return await IdempotencyKey.filter(created_at__lt=ctx.now() - KEPT_FOR).delete()


async def _carry_out(claim: IdempotencyKey, work: Work) -> Stored:
    status, body = await work()
    if not await statements.answer_key(claim, status=status, body=body):
        raise _Overtaken
    return Stored(status, body)


async def _carry_out_together(claim: IdempotencyKey, work: Work) -> Stored:
    async with in_transaction():
        # A write comes first: PostgreSQL keeps others from taking a slow request over meanwhile, and
        # SQLite takes its lock at once instead of failing half-way.
        if not await statements.hold_key(claim):
            raise _Overtaken
        return await _carry_out(claim, work)


async def _claim(
    now: datetime, *, sender: str, key: str, fingerprint: str
) -> IdempotencyKey | Stored | Reused | Running:
    claim = IdempotencyKey(caller=sender, key=key, fingerprint=fingerprint, created_at=now)
    if await statements.take_key(claim):
        return claim
    row = await IdempotencyKey.get_or_none(caller=sender, key=key)
    if row is None:  # Given back between the two statements.
        return Running()
    if row.fingerprint != fingerprint:
        return Reused()
    if row.status is not None:
        return Stored(row.status, row.body)
    return await _take_over(row, now)


async def _take_over(row: IdempotencyKey, now: datetime) -> IdempotencyKey | Running:
    """Let exactly one of those who ask for a dead request's key run it."""
    if row.created_at >= now - TAKE_OVER_AFTER or not await _mine(row).update(created_at=now):
        return Running()
    row.created_at = now
    return row


def _mine(claim: IdempotencyKey) -> QuerySet[IdempotencyKey]:
    """The row, as long as it is unanswered and nobody has taken it over."""
    return IdempotencyKey.filter(id=claim.id, status=None, created_at=claim.created_at)
