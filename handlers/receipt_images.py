"""Pictures of bills: they may be added, never must be, and are read by whoever may see the claim.

They are files under the data directory, named by chance. A file is written whole before its row names it,
and goes away after its row does; what a lost process leaves in between, the clock takes away. Processes on
several machines share that directory.
"""

import asyncio
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tortoise.transactions import in_transaction

from handlers import audit, claims, images
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import NotFound, NotYourBranch, WrongState
from models import Claim, ClaimStatus, Receipt

FOLDER = "receipts"
CHANGEABLE = (ClaimStatus.SUBMITTED, ClaimStatus.RETURNED)
"""Statuses in which a branch may still add pictures and take them away."""
STRAY_AFTER = timedelta(hours=24)
"""So old a file without a row is nobody's any more."""


async def attach(ctx: Context, *, claim_id: int, receipt_id: int, content: bytes) -> Receipt:
    """Add a picture to a bill, or put another in its place.

    Raises:
        NotYourBranch, NotFound, WrongState: the claim is being decided, or was.
        BadInput: it is no picture, or too large.
    """
    claim, receipt = await _own(ctx, claim_id, receipt_id)
    kept = await asyncio.to_thread(images.clean, content)
    name = f"{secrets.token_hex(16)}.jpg"
    await asyncio.to_thread(_write, _folder(ctx) / name, kept)
    return await _rename(ctx, claim, receipt, name)


async def detach(ctx: Context, *, claim_id: int, receipt_id: int) -> Receipt:
    """Take a bill's picture away. Twice is once.

    Raises:
        NotYourBranch, NotFound, WrongState.
    """
    claim, receipt = await _own(ctx, claim_id, receipt_id)
    return await _rename(ctx, claim, receipt, "")


async def show(ctx: Context, *, claim_id: int, receipt_id: int) -> bytes:
    """The picture of a bill, for whoever may see the claim.

    Raises:
        NotBound, NotFound: also when there is none.
    """
    claim = await claims.get_claim(ctx, claim_id=claim_id)
    receipt = await Receipt.get_or_none(id=receipt_id, claim_id=claim.id)
    if receipt is None or not receipt.image:
        raise NotFound
    try:
        return await asyncio.to_thread((_folder(ctx) / receipt.image).read_bytes)
    except FileNotFoundError:
        raise NotFound from None


async def forget_images(ctx: Context) -> int:
    """Take away the pictures of claims turned down for good some time ago, and files that no bill names.

    Run by the clock; any number at once does no harm. Returns how many files went.
    """
    until = ctx.now() - timedelta(days=ctx.settings.receipt_images_kept_days)
    old = Receipt.filter(claim__status=ClaimStatus.REJECTED, claim__closed_at__lt=until).exclude(image="")
    ids = await old.values_list("id", flat=True)
    if ids:
        async with in_transaction():
            await Receipt.filter(id__in=ids).update(image="")
            await audit.record(ctx, "receipt.images_forgotten", "receipt:many", count=len(ids))
    return await _sweep(ctx)


async def _own(ctx: Context, claim_id: int, receipt_id: int) -> tuple[Claim, Receipt]:
    branches = await claims.own_branches(await require_person(ctx))
    claim = await claims.get_claim(ctx, claim_id=claim_id)
    if claim.branch_id not in branches:
        raise NotYourBranch
    receipt = await Receipt.get_or_none(id=receipt_id, claim_id=claim.id)
    if receipt is None:
        raise NotFound
    if claim.status not in CHANGEABLE:
        raise WrongState
    return claim, receipt


async def _rename(ctx: Context, claim: Claim, receipt: Receipt, name: str) -> Receipt:
    """Let the bill name another file, if the claim is still as it was read; the old file goes afterwards."""
    old = receipt.image
    async with in_transaction():
        # The claim is touched first, so that nobody decides about it meanwhile.
        if not await Claim.filter(id=claim.id, status__in=CHANGEABLE).update(rounds=claim.rounds):
            raise WrongState
        if not await Receipt.filter(id=receipt.id).update(image=name):
            raise NotFound
        await audit.record(ctx, "receipt.image_changed", f"receipt:{receipt.id}", has_image=bool(name))
    if old and old != name:
        await asyncio.to_thread((_folder(ctx) / old).unlink, missing_ok=True)
    receipt.image = name
    return receipt


async def _sweep(ctx: Context) -> int:
    """Remove files that no row names and that nobody can be writing any more."""
    found = await asyncio.to_thread(_old_files, _folder(ctx), ctx.now() - STRAY_AFTER)
    named = (
        {row.image for row in await Receipt.filter(image__in=found).only("id", "image")} if found else set()
    )
    stray = [name for name in found if name not in named]
    for name in stray:
        await asyncio.to_thread((_folder(ctx) / name).unlink, missing_ok=True)
    return len(stray)


def _folder(ctx: Context) -> Path:
    return ctx.settings.data_dir / FOLDER


def _old_files(folder: Path, before: datetime) -> list[str]:
    files = folder.iterdir() if folder.is_dir() else ()
    return [file.name for file in files if datetime.fromtimestamp(file.stat().st_mtime, UTC) < before]


def _write(path: Path, content: bytes) -> None:
    """A whole file or none, which survives a power cut."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
