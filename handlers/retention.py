"""Forgetting what has served its purpose: repeats that can't come any more, messages long delivered."""

from datetime import timedelta

from handlers.context import Context
from handlers.notices import FAILED, SENT
from models import Callback, Notice

CALLBACKS_KEPT = timedelta(days=2)
NOTICES_KEPT = timedelta(days=30)


async def forget_old(ctx: Context) -> int:
    """Delete old callbacks and settled notices; how many."""
    callbacks = Callback.filter(received_at__lt=ctx.now() - CALLBACKS_KEPT)
    notices = Notice.filter(status__in=(SENT, FAILED), created_at__lt=ctx.now() - NOTICES_KEPT)
    return await callbacks.delete() + await notices.delete()
