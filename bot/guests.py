"""A member on the move in the chat: visits of other branches, joined by number, by oneself."""

import re

from bot import texts
from bot.messages import Message
from bot.replies import Article, Reply
from handlers import guests
from handlers.context import Context
from handlers.guests import OpenVisit

SHOWN = 5
NUMBER = r"(?:第|编号|活动)?\s*(?P<number>\d{1,9})\s*[号。.！!]*\s*$"
JOIN = re.compile(rf"加入(?:活动)?\s*{NUMBER}")
LEAVE = re.compile(rf"退出(?:活动)?\s*{NUMBER}")


async def listed(message: Message, ctx: Context) -> Reply:
    """What can be joined, soonest first; on a card that opens all of it."""
    found = await guests.open_visits(ctx)
    if not found:
        return Article("还没有可加入的活动", texts.NOTHING_TO_JOIN, texts.link(ctx, "/map"))
    shown = found[:SHOWN]
    lines = ["别的支部欢迎一起参加的活动：", *map(line, shown)]
    if len(found) > SHOWN:
        lines.append(f"还有 {len(found) - SHOWN} 场，点开可以看全部。")
    lines.append(_hint(shown))
    return Article(f"可加入的活动（{len(found)} 场）", "\n".join(lines), texts.link(ctx, "/open-visits"))


async def joined(message: Message, ctx: Context) -> Reply:
    """“加入 12”: one place in another branch's visit."""
    visit = await guests.join(ctx, booking_id=_number(JOIN, message))
    number = visit.booking.id
    return f"已为您留好一个名额：\n{line(visit)}\n到现场扫门口的二维码签到。来不了，回复“退出 {number}”。"


async def left(message: Message, ctx: Context) -> Reply:
    """“退出 12”: the place is given back."""
    visit = await guests.leave(ctx, booking_id=_number(LEAVE, message))
    return f"已退出：\n{line(visit)}\n想另选一场，发“可加入的活动”。"


def line(visit: OpenVisit) -> str:
    """One visit on one line, its number first."""
    booking = visit.booking
    mark = "（您已加入）" if visit.joined else ""
    when, site = texts.moment(booking.slot.starts_at), booking.slot.site.name
    return f"{booking.id}号 · {when} {site}，{booking.branch.name}“{booking.theme}”{mark}"


def _hint(shown: list[OpenVisit]) -> str:
    free = next((one for one in shown if not one.joined), None)
    if free is None:
        return f"不方便去，回复“退出 {shown[0].booking.id}”。"
    return f"想参加，回复“加入 {free.booking.id}”（换成您要的编号）。"


def _number(opening: re.Pattern[str], message: Message) -> int:
    found = opening.match(message.content)
    return int(found["number"]) if found else 0
