"""A branch's visits ahead, for its members: what the chat says, to be looked at at leisure."""

from html import escape

from aiohttp import web

from handlers import bookings
from handlers.context import Context
from handlers.errors import NotBound
from models import Booking, BookingStatus
from pages.layout import page
from pages.login import known
from pages.map import moment

STATUS_WORDS = {
    BookingStatus.REQUESTED: "等待阵地确认",
    BookingStatus.CONFIRMED: "已确认",
    BookingStatus.WAITING: "候补中",
    BookingStatus.OFFERED: "候补有名额，请尽快接受",
}
UNKNOWN = (
    "<main><h1>我的预约</h1><p>还不知道您是哪个支部的。请在微信里打开这个页面；第一次使用的，"
    '请先在小程序“我的”里绑定手机号。</p><p><a href="/map">先看看党建地图</a></p></main>'
)
ALONE = '<p><a class="tap" href="/open-visits">一个人就近参加别的支部的活动</a></p>'
NONE = '<p>您所在的支部目前没有预约。</p><p><a class="button" href="/map">去党建地图看看</a></p>'
HOW = (
    "<h2>怎样办理</h2><p>在公众号回复编号就行，例如“取消 12”“改人数 12 30”“接受 12”。"
    "由党支部书记或组织委员办理。</p>"
)


async def show(request: web.Request) -> web.Response:
    """What is ahead."""
    ctx = await known(request)
    try:
        live = await bookings.upcoming(ctx)
    except NotBound:
        return page("我的预约", UNKNOWN, status=403)
    cards = "".join(card(ctx, one) for one in live)
    body = f"<main><h1>我的预约</h1>{cards + HOW if cards else NONE}{ALONE}</main>"
    return page("我的预约", body, forms=True)


def card(ctx: Context, booking: Booking) -> str:
    """One visit."""
    site = booking.slot.site
    contact = f"<p>联系人：{escape(site.contact)}</p>" if site.contact else ""
    return (
        f'<section class="card"><p class="soft">{booking.id} 号　{STATUS_WORDS[booking.status]}</p>'
        f"<p><strong>{moment(ctx, booking.slot)}</strong></p>"
        f'<p><a class="tap" href="/map/{site.id}">{escape(site.name)}</a></p>'
        f"<p>{escape(booking.theme)}　{booking.headcount} 人</p>{contact}</section>"
    )
