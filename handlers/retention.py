"""Forgetting what has served its purpose: repeats that can't come any more, messages long delivered."""

from datetime import timedelta

from handlers import lesson_marks
from handlers.context import Context
from handlers.notices import FAILED, SENT
from models import Callback, Notice

CALLBACKS_KEPT = timedelta(days=2)
NOTICES_KEPT = timedelta(days=30)


async def forget_old(ctx: Context) -> int:
    """Delete old callbacks, settled notices and marks of weeks that are over; how many."""
    callbacks = Callback.filter(received_at__lt=ctx.now() - CALLBACKS_KEPT)
    notices = Notice.filter(status__in=(SENT, FAILED), created_at__lt=ctx.now() - NOTICES_KEPT)
    return await callbacks.delete() + await notices.delete() + await lesson_marks.forget_old(ctx)
