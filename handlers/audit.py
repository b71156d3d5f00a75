"""Writing the audit trail inside the transaction of a change."""

from typing import Any

from handlers.context import REQUEST_ID, Context
from models import AuditEntry


async def record(ctx: Context, action: str, subject: str, **details: Any) -> None:
    """Add one entry, in the caller's transaction.

    `action` is `thing.verb` (`booking.confirmed`), `subject` is `thing:id`; `details` hold codes,
    numbers and ids, never names, phones or free text.
    """
    await AuditEntry.create(
        at=ctx.now(),
        actor=ctx.caller.actor,
        action=action,
        subject=subject,
        details=details,
        request_id=REQUEST_ID.get(),
    )
