"""The random word of each scan: sent again it gets its first answer, and it is good for no other scan."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers.context import Context
from handlers.errors import ReplayedScan
from models import ScanNonce

KEPT_FOR = timedelta(days=8)
"""As long as a code of that visit could still be uploaded."""


@dataclass(frozen=True, slots=True)
class Nonce:
    """A scan's word and what it was given with, both as digests: nothing of a person is in them."""

    key: str
    said: str


def of(ctx: Context, nonce: str, *, code: str) -> Nonce:
    """The nonce of the caller's scan of `code`."""
    return Nonce(_digest(nonce), _digest(f"{ctx.caller.actor} {code}"))


async def keep(ctx: Context, nonce: Nonce, *, status: str) -> None:
    """Remember the answer, in the caller's transaction; the row is unique, whoever is first.

    Raises:
        IntegrityError: it was used before.
    """
    await row(ctx, nonce, status=status).save(force_create=True)


def row(ctx: Context, nonce: Nonce, *, status: str) -> ScanNonce:
    """What is kept, for a statement that writes it together with the check-in."""
    return ScanNonce(key=nonce.key, said=nonce.said, status=status, at=ctx.now())


async def answered(ctx: Context, nonce: Nonce, *, else_status: str) -> str:
    """The first answer under this nonce; a new one is remembered with `else_status`.

    Raises:
        ReplayedScan: it was used for another scan.
    """
    known = await ScanNonce.get_or_none(key=nonce.key)
    if known is None:
        try:
            async with in_transaction():
                await keep(ctx, nonce, status=else_status)
        except IntegrityError:
            known = await ScanNonce.get(key=nonce.key)
    if known is None:
        return else_status
    if not is_same(known, nonce):
        raise ReplayedScan
    return known.status


def is_same(known: ScanNonce, nonce: Nonce) -> bool:
    """Whether it came with the same code, from the same caller."""
    return known.said == nonce.said


async def forget_old(ctx: Context) -> int:
    """Drop those nobody will send again; how many."""
    return await ScanNonce.filter(at__lt=ctx.now() - KEPT_FOR).delete()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
