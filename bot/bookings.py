"""A branch's bookings in the chat: what is ahead, and what can be done about it by number.

The number is the booking's own and never changes, so that a line written from an older list cannot mean
another visit. Where only one visit can be meant, the number may be left out.
"""

import re
from collections.abc import Collection, Sequence

from bot import texts
from bot.messages import Message
from bot.replies import Article, Reply
from handlers import bookings
from handlers.context import Context
from handlers.errors import BadInput
from models import HOLDING, LIVE, Booking, BookingStatus

SHOWN = 5
STATUS_WORDS = {
    BookingStatus.REQUESTED: "等待确认",
    BookingStatus.CONFIRMED: "已确认",
    BookingStatus.WAITING: "候补中",
    BookingStatus.OFFERED: "候补有名额，等您接受",
    BookingStatus.CANCELLED: "已取消",
    BookingStatus.DECLINED: "已退回",
    BookingStatus.FULFILLED: "已完成",
    BookingStatus.MISSED: "已释放名额",
}
NUMBER = r"(?:第|编号|预约)?\s*(?P<number>\d{1,9})"
END = r"\s*[号。.！!]*\s*$"
CANCEL = re.compile(
    rf"(?:取消预约|放弃预约|放弃候补|取消候补)\s*(?:{NUMBER})?{END}"
    rf"|(?:取消|放弃)\s*{NUMBER.replace('number', 'short')}{END}"
)
RESIZE = re.compile(
    r"(?:改人数|修改人数|调整人数)\s*(?:为|成|到)?\s*"
    rf"(?:{NUMBER}\s*号?\s*[\s,，、:：改为成到]+)?(?P<heads>\d{{1,4}})\s*(?:人|个人)?{END}"
)
ACCEPT = re.compile(rf"(?:接受|接受候补|接受名额|接受预约)\s*(?:{NUMBER})?{END}")


async def mine(message: Message, ctx: Context) -> Reply:
    """The live bookings of the caller's branches, next one first, and what can be written back.

    On a card that opens them all; where there is none, one that opens the map.
    """
    live = await bookings.upcoming(ctx)
    if not live:
        return Article("还没有预约", texts.NO_BOOKINGS, texts.link(ctx, "/map"))
    shown = live[:SHOWN]
    lines = ["接下来的预约：", *map(line, shown)]
    if len(live) > SHOWN:
        lines.append(f"还有 {len(live) - SHOWN} 个，点开可以看全部。")
    said = "\n".join([*lines, *hints(shown)])
    return Article(f"我的预约（{len(live)} 个）", said, texts.link(ctx, "/my-bookings"))


async def cancelled(message: Message, ctx: Context) -> Reply:
    """“取消 12”: a visit, a wait or an offer is given up."""
    found = CANCEL.match(message.content)
    number = found and (found["number"] or found["short"])
    chosen = await _chosen(ctx, number, LIVE, ask="取消")
    if isinstance(chosen, str):
        return chosen
    booking = await bookings.cancel(ctx, booking_id=chosen)
    return f"{done(booking)}\n已取消，名额会留给其他支部。想再约，请打开小程序“阵地地图”。"


async def resized(message: Message, ctx: Context) -> Reply:
    """“改人数 12 30”: more people come, or fewer."""
    found = RESIZE.match(message.content)
    if found is None:
        raise BadInput(headcount="请这样发：改人数 编号 人数")
    chosen = await _chosen(ctx, found["number"], LIVE, ask="改人数", tail=f" {int(found['heads'])}")
    if isinstance(chosen, str):
        return chosen
    booking = await bookings.change_headcount(ctx, booking_id=chosen, headcount=int(found["heads"]))
    return f"人数已改好：\n{done(booking)}"


async def accepted(message: Message, ctx: Context) -> Reply:
    """“接受 12”: the places that came free are taken."""
    found = ACCEPT.match(message.content)
    chosen = await _chosen(ctx, found and found["number"], (BookingStatus.OFFERED,), ask="接受")
    if isinstance(chosen, str):
        return chosen
    booking = await bookings.accept(ctx, booking_id=chosen)
    return f"名额已为您的支部留好：\n{done(booking)}"


def line(booking: Booking) -> str:
    """One booking on one line, its number first."""
    return f"{booking.id}号 · {_visit(booking)}，{STATUS_WORDS[booking.status]}"


def done(booking: Booking) -> str:
    """A booking as it stands now; who takes care of the visitors is named once that is certain."""
    contact = booking.slot.site.contact if booking.status is BookingStatus.CONFIRMED else ""
    return f"{line(booking)}\n联系人：{contact}" if contact else line(booking)


def hints(shown: Sequence[Booking]) -> list[str]:
    """What can be written back, with a number that is on the list."""
    lines = []
    for booking in shown:
        if booking.status is BookingStatus.OFFERED and booking.offered_until is not None:
            until = texts.moment(booking.offered_until)
            lines.append(
                f"要候补到的名额，请在{until}前回复“接受 {booking.id}”；不要了回复“放弃 {booking.id}”。"
            )
    example = next((one for one in shown if one.status in HOLDING), shown[0])
    lines.append(
        f"取消回复“取消 {example.id}”，"
        f"改人数回复“改人数 {example.id} {example.headcount}”（换成您要的人数）。"
    )
    return lines


async def _chosen(
    ctx: Context, number: str | None, statuses: Collection[BookingStatus], *, ask: str, tail: str = ""
) -> int | str:
    """Which booking is meant; a sentence that asks back when that isn't clear."""
    if number is not None:
        return int(number)
    fitting = [booking for booking in await bookings.upcoming(ctx) if booking.status in statuses]
    if not fitting:
        return texts.NOTHING_OFFERED if ask == "接受" else texts.NO_BOOKINGS
    if len(fitting) == 1:
        return fitting[0].id
    shown = fitting[:SHOWN]
    example = f"{ask} {shown[0].id}{tail}"
    return "\n".join([f"您的支部有几个预约，请加上编号，例如“{example}”：", *map(line, shown)])


def _visit(booking: Booking) -> str:
    slot = booking.slot
    return f"{texts.moment(slot.starts_at)} {slot.site.name}，{booking.headcount} 人"
