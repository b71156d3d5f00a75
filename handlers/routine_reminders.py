"""One rule for the routine reminders of every mechanism: none at night, few a day for one person.

The rule is the district's own (本区建议值) and stands in content/assessments/terms.yaml: `quiet` and
`reminders_a_day`. What one mechanism has sent counts for the others too. News of what somebody did, and the
reminder of a visit that they booked themselves, are not routine; the latter only waits for the morning.
"""

from datetime import datetime, timedelta

from handlers import cycles, notices
from handlers.assessment_content import Quiet
from handlers.context import Context
from models import DutyReminder, Notice

KEY = f"{notices.PASSING}routine:"
MARGIN = timedelta(minutes=15)
"""No message is begun so shortly before the quiet hours that a second try would fall into them."""
WRITTEN = "customer_service"


class DayIsFull(Exception):
    """Somebody has been reminded often enough today."""


def is_quiet(ctx: Context) -> bool:
    """Whether nobody is to be reminded now."""
    return falls_into(ctx.now().astimezone(ctx.settings.zone), cycles.current_book(ctx).terms.quiet)


def falls_into(local: datetime, quiet: Quiet) -> bool:
    """Whether nothing is sent at this time of day. Pure."""
    ends = local.replace(hour=quiet.since, minute=0, second=0, microsecond=0) - MARGIN
    return local >= ends or local.hour < quiet.until


def quiet_until(ctx: Context) -> datetime:
    """When the quiet hours that run, or come next, are over."""
    local = ctx.now().astimezone(ctx.settings.zone)
    quiet = cycles.current_book(ctx).terms.quiet
    morning = local.replace(hour=quiet.until, minute=0, second=0, microsecond=0)
    return morning if local < morning else morning + timedelta(days=1)


async def count_one(ctx: Context, *, person_id: int) -> str:
    """The place that one more reminder of today takes.

    Raises:
        DayIsFull: there is none.
    """
    day = ctx.now().astimezone(ctx.settings.zone).date()
    today = f"{KEY}{person_id}:{day:%Y%m%d}:"
    written = await Notice.filter(dedupe_key__startswith=today).count()
    by_template = DutyReminder.filter(person_id=person_id, day=day).exclude(channel=WRITTEN)
    if written + await by_template.count() >= cycles.current_book(ctx).terms.reminders_a_day:
        raise DayIsFull
    return f"{today}{written}"


async def promise(ctx: Context, *, person_id: int, openid: str, text: str) -> None:
    """Promise a reminder, in the caller's transaction.

    Raises:
        DayIsFull: they have been reminded often enough today.
        IntegrityError: another clock took the place this moment; the caller's transaction is to be undone.
    """
    place = await count_one(ctx, person_id=person_id)
    await notices.enqueue_first(ctx, openid=openid, text=text, dedupe_key=place)
