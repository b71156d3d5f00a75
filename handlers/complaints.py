"""意见建议: anyone may submit one, and follow it to its answer by a lookup code."""

import secrets

from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from models import Complaint

LOOKUP_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and letters that nobody confuses when reading them aloud."""
LOOKUP_LENGTH = 12
LONGEST = 1000


async def submit(ctx: Context, *, text: str) -> Complaint:
    """Take a complaint, from a known caller or from nobody in particular."""
    text = text.strip()
    if not text:
        raise BadInput(text="请写下您的意见或建议")
    if len(text) > LONGEST:
        raise BadInput(text=f"请控制在 {LONGEST} 字以内")
    async with in_transaction():
        complaint = await Complaint.create(
            lookup="".join(secrets.choice(LOOKUP_ALPHABET) for _ in range(LOOKUP_LENGTH)),
            account=ctx.caller.account,
            text=text,
            created_at=ctx.now(),
        )
        await audit.record(ctx, "complaint.submitted", f"complaint:{complaint.id}")
    return complaint


async def look_up(ctx: Context, *, lookup: str) -> Complaint:
    """The complaint behind a code, however it was typed; whoever knows the code may read it."""
    typed = lookup.upper().replace("-", "").replace(" ", "")
    complaint = await Complaint.get_or_none(lookup=typed)
    if complaint is None:
        raise NotFound
    return complaint
