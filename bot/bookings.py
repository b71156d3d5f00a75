"""A branch's bookings in the chat."""

from bot import texts
from bot.messages import Message
from bot.replies import Reply
from handlers import bookings
from handlers.context import Context
from models import LIVE, Booking, BookingStatus

SHOWN = 5
STATUS_WORDS = {
    BookingStatus.REQUESTED: "等待确认",
    BookingStatus.CONFIRMED: "已确认",
    BookingStatus.WAITING: "候补中",
    BookingStatus.OFFERED: "候补有名额，等您接受",
}


async def mine(message: Message, ctx: Context) -> Reply:
    """The live bookings of the caller's branch, next one first."""
    page = await bookings.list_bookings(ctx, limit=100)
    live = sorted(
        (booking for booking in page.items if booking.status in LIVE and booking.slot.ends_at > ctx.now()),
        key=lambda booking: booking.slot.starts_at,
    )
    if not live:
        return texts.NO_BOOKINGS
    return "\n".join(["接下来的预约：", *map(line, live[:SHOWN])])


def line(booking: Booking) -> str:
    """One booking on one line."""
    slot = booking.slot
    when = texts.moment(slot.starts_at)
    return f"· {when} {slot.site.name}，{booking.headcount} 人，{STATUS_WORDS[booking.status]}"
