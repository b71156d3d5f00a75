"""Visits that wait to be confirmed: their keepers are reminded once, then the officers above are told once.

After how many working days is a setting: the district's own measure isn't at hand. Run in the morning, so
that nobody is written to at night; a message that can't go now waits for its reader's next word.
"""

from tortoise.queryset import QuerySet

from handlers import funds, notices, visit_news, workdays
from handlers.context import Context
from handlers.lesson_calendar import told_days_off
from models import Booking, BookingStatus, Duty, Role, Site

AT_ONCE = 500
KEEPER = "有一个预约等您确认：{visit}。请在小程序“待办”里确认或退回，别让支部久等。"
OFFICER = "有一个预约阵地一直没有确认：{visit}。请提醒阵地管理员，或者在小程序“待办”里直接办理。"


async def remind(ctx: Context) -> int:
    """Remind and tell those who haven't been yet; how many visits wait too long. Twice is once."""
    waiting = await _waiting(ctx, ctx.settings.confirm_within_workdays)
    for booking in waiting:
        keepers = Duty.filter(role=Role.SITE_KEEPER, site_id=booking.slot.site_id)
        await _tell(ctx, booking, await _people(keepers), KEEPER, key="keeper")
    for booking in await _waiting(ctx, ctx.settings.escalate_after_workdays):
        await _tell(ctx, booking, await _people(_above(booking.slot.site)), OFFICER, key="officer")
    return len(waiting)


async def _waiting(ctx: Context, days: int) -> list[Booking]:
    """Requested visits to come that have waited for more than so many working days."""
    since = workdays.begun_before(ctx.now(), days, told_days_off(ctx.settings))
    rows = Booking.filter(status=BookingStatus.REQUESTED, created_at__lt=since, slot__starts_at__gt=ctx.now())
    return await rows.order_by("id").limit(AT_ONCE).select_related("slot__site__owner")


def _above(site: Site) -> QuerySet[Duty]:
    """The officers of the committee that a site belongs to; the district's where it belongs to none."""
    if site.owner is None:
        return Duty.filter(role=Role.DISTRICT_OFFICER)
    return Duty.filter(role=Role.TOWN_OFFICER, organization__path__in=funds.ancestors(site.owner.path))


async def _people(duties: QuerySet[Duty]) -> list[int]:
    return [duty.person_id for duty in await duties.filter(person__left_at__isnull=True)]


async def _tell(ctx: Context, booking: Booking, people: list[int], words: str, *, key: str) -> None:
    said = words.format(visit=visit_news.visit(ctx, booking))
    for account in await visit_news.accounts(people):
        dedupe_key = f"confirm:{booking.id}:{booking.slot_id}:{key}:{account.id}"
        await notices.enqueue(ctx, openid=account.openid, text=said, dedupe_key=dedupe_key)
