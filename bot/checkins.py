"""Scanning a site's poster: the answer says at once what happened and what is next."""

from bot import texts
from bot.messages import Message
from bot.replies import Article, Reply
from handlers import checkins
from handlers.accounts import require_person
from handlers.checkins import CheckInResult
from handlers.context import Context
from handlers.errors import Refused


async def scanned(message: Message, ctx: Context) -> str:
    """A follower scanned a code of ours; the event carries its scene."""
    try:
        result = await checkins.check_in(ctx, code=message.text("EventKey"))
    except Refused as refused:
        return texts.refusal(refused)
    return checked_in(result)


def how_to(message: Message, ctx: Context) -> Reply:
    """Checking in happens at the door; the card opens one's own code, for who can't scan."""
    return Article("怎样签到", texts.HOW_TO_CHECK_IN, texts.link(ctx, "/my-code"))


async def my_code(message: Message, ctx: Context) -> str:
    """Where a member finds their own code; the page itself asks who they are."""
    await require_person(ctx)
    return texts.MY_CODE.format(link=texts.link(ctx, "/my-code"))


def checked_in(result: CheckInResult) -> str:
    """What a check-in says, the first time and again."""
    visit = f"{result.site.name}\n{texts.moment(result.booking.slot.starts_at)} {result.booking.theme}"
    if result.status == "already":
        return f"您已经签过到了，不用再扫。\n{visit}"
    return f"签到成功！\n{visit}\n本支部已到 {result.present} 人。"
