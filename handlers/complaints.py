"""意见建议: anyone may submit one, and follow it to its answer by a lookup code."""

import secrets

from tortoise.transactions import in_transaction

from handlers import audit, screenings
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from models import Complaint, Organization

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
    kept = screenings.look_at(ctx, text)
    async with in_transaction():
        complaint = await Complaint.create(
            lookup="".join(secrets.choice(LOOKUP_ALPHABET) for _ in range(LOOKUP_LENGTH)),
            account=ctx.caller.account,
            text=kept.shown,
            created_at=ctx.now(),
        )
        if kept.status is not None:
            path = await _path(ctx)
            await screenings.hold(ctx, kept, f"complaint:{complaint.id}:text", path=path)
        await audit.record(ctx, "complaint.submitted", f"complaint:{complaint.id}")
    complaint.text = text
    return complaint


async def look_up(ctx: Context, *, lookup: str) -> Complaint:
    """The complaint behind a code, however it was typed; whoever knows the code may read it."""
    typed = lookup.upper().replace("-", "").replace(" ", "")
    complaint = await Complaint.get_or_none(lookup=typed)
    if complaint is None:
        raise NotFound
    waiting = await screenings.held_text(f"complaint:{complaint.id}:text")
    complaint.text = waiting or complaint.text
    return complaint


async def _path(ctx: Context) -> str:
    """Whose officers look at it, where it must be looked at: those above the sender, if we know who it is."""
    person = ctx.caller.person
    organization = person and await Organization.get_or_none(id=person.organization_id)
    return organization.path if organization else ""
