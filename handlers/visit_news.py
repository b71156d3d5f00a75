"""What a branch is told about its visit when somebody else, or the clock, changes it."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from handlers import notices
from handlers.context import Context
from handlers.held_texts import STAND_IN
from models import Account, App, Booking, Duty, Person, Role

WEEKDAYS = "一二三四五六日"
HOW = "发“我的预约”可以查看和办理。"


class News(StrEnum):
    """What happened."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    MOVED = "moved"
    OFFERED = "offered"
    EXPIRED = "expired"
    RELEASED = "released"


SENTENCES = {
    News.CONFIRMED: "阵地已确认您支部的预约：{visit}。",
    News.DECLINED: "阵地退回了您支部的预约：{visit}。原因：{reason}。可以改选其他时段。",
    News.CANCELLED: "您支部的预约已取消：{visit}。原因：{reason}。给您添麻烦了，可以改选其他时段。",
    News.MOVED: "您支部的预约改到了新的时间或地点：{visit}。原因：{reason}。新时间不合适，可以取消后另选。",
    News.OFFERED: "您支部候补的时段有名额了：{visit}。请在{until}前接受，过时将转给下一个支部。",
    News.EXPIRED: "候补名额没有在期限内接受，已转给下一个支部：{visit}。可以重新预约或再排候补。",
    News.RELEASED: "{visit}，已开始一段时间还没有人签到，名额先放出来了。如果你们已经到场，照常签到即可。",
}
NO_REASON = "阵地临时有安排"
LATER = "原因还在审核，随后告诉您"
"""In the place of a reason that may not be read yet (handlers/text_news tells it then)."""


async def tell(ctx: Context, booking: Booking, news: News) -> None:
    """Promise the news to who booked, in the caller's transaction; once each.

    `booking` comes with slot and site. Nobody is written to who doesn't follow the account; they see it
    in the mini program.
    """
    for account in await accounts(await recipients(booking)):
        await notices.enqueue(
            ctx,
            openid=account.openid,
            text=sentence(ctx, booking, news),
            dedupe_key=f"visit:{booking.id}:{news}:{booking.slot_id}:{account.id}",
        )


def sentence(ctx: Context, booking: Booking, news: News) -> str:
    """The news in words."""
    until = moment(ctx, booking.offered_until) if booking.offered_until else ""
    reason = LATER if booking.reason == STAND_IN else (booking.reason or NO_REASON).rstrip("。")
    told = SENTENCES[news].format(visit=visit(ctx, booking), reason=reason, until=until)
    return told + HOW


def visit(ctx: Context, booking: Booking) -> str:
    """A visit in one line."""
    slot = booking.slot
    return f"{moment(ctx, slot.starts_at)} {slot.site.name}，{booking.headcount} 人"


def moment(ctx: Context, at: datetime) -> str:
    """A time as people say it."""
    local = at.astimezone(ctx.settings.zone)
    return f"{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）{local:%H:%M}"


async def recipients(booking: Booking) -> list[int]:
    """The person who booked; where that one is gone, all who work for the branch."""
    booker = booking.booked_by_id
    if booker is not None and await Person.filter(id=booker, left_at=None).exists():
        return [booker]
    workers = Duty.filter(
        role=Role.BRANCH_WORKER, organization_id=booking.branch_id, person__left_at__isnull=True
    )
    return [duty.person_id for duty in await workers.order_by("id")]


async def accounts(person_ids: Iterable[int]) -> list[Account]:
    """Their identities in the official account."""
    following = Account.filter(person_id__in=list(person_ids), app=App.OFFICIAL_ACCOUNT, follows=True)
    return await following.order_by("id")
