"""Forgetting what has served its purpose: repeats that can't come any more, messages long delivered."""

from datetime import timedelta

from handlers import lesson_marks
from handlers.context import Context
from handlers.notices import FAILED, SENT
from handlers.sealed_texts import MARK
from models import Callback, Notice

CALLBACKS_KEPT = timedelta(days=2)
NOTICES_KEPT = timedelta(days=30)


async def forget_old(ctx: Context) -> int:
    """Delete old callbacks, settled notices and marks of weeks that are over; how many."""
    callbacks = Callback.filter(received_at__lt=ctx.now() - CALLBACKS_KEPT)
    settled = Notice.filter(status__in=(SENT, FAILED))
    old = settled.filter(created_at__lt=ctx.now() - NOTICES_KEPT)
    # What was for its reader alone doesn't stay longer than the reply that it stood for.
    private = settled.filter(created_at__lt=ctx.now() - CALLBACKS_KEPT, content__startswith=MARK)
    forgotten = await callbacks.delete() + await old.delete() + await private.delete()
    return forgotten + await lesson_marks.forget_old(ctx)
