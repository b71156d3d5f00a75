"""Visits of other branches that somebody by themselves may join: what the chat says, with a button each."""

from html import escape

from aiohttp import web

from handlers import guests
from handlers.context import Context
from handlers.errors import AlreadyBooked, NotBound, NotFound, NotOpenToGuests, SlotFull
from handlers.guests import OpenVisit
from pages.layout import page, posted, whole
from pages.login import known
from pages.map import moment

TITLE = "可加入的活动"
HOW = (
    '<p class="soft">别的支部已经约好、愿意共用场地的活动。一个人也可以就近参加，'
    "到现场扫门口的二维码签到；只占一个名额，来不了请退出，把名额留给别人。</p>"
)
NONE = '<p>近期没有可以加入的活动。</p><p><a class="button" href="/map">去党建地图看看</a></p>'
UNKNOWN = (
    f"<main><h1>{TITLE}</h1><p>还不知道您是哪个支部的。请在微信里打开这个页面；第一次使用的，"
    '请先在小程序“我的”里绑定手机号。</p><p><a href="/map">先看看党建地图</a></p></main>'
)
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    NotFound: (404, "没有找到这场活动，可能已经取消。"),
    NotOpenToGuests: (409, "这场活动已经开始、有变动，或者由一个支部独占，请另选一场。"),
    SlotFull: (409, "名额刚刚满了，请另选一场。"),
    AlreadyBooked: (409, "这个时间您或您的支部已有别的活动，请另选一场。"),
}


async def show(request: web.Request) -> web.Response:
    """What can be joined in the next 30 days, and what was."""
    return await _all(await known(request))


async def change(request: web.Request) -> web.Response:
    """Join one, or leave it."""
    ctx, given = await known(request), await posted(request)
    act = guests.leave if given.get("leave") else guests.join
    booking_id = whole(given.get("leave") or given.get("join"))
    try:
        await act(ctx, booking_id=booking_id)
    except NotBound:
        return page(TITLE, UNKNOWN, status=403)
    except tuple(REFUSALS) as refused:
        status, said = REFUSALS[type(refused)]
        return await _all(ctx, said=said, status=status)
    raise web.HTTPSeeOther("/open-visits")


async def _all(ctx: Context, *, said: str = "", status: int = 200) -> web.Response:
    try:
        found = await guests.open_visits(ctx)
    except NotBound:
        return page(TITLE, UNKNOWN, status=403)
    told = f'<p role="alert">{escape(said)}</p>' if said else ""
    cards = "".join(card(ctx, one) for one in found) or NONE
    return page(TITLE, f"<main><h1>{TITLE}</h1>{told}{HOW}{cards}</main>", status=status, forms=True)


def card(ctx: Context, one: OpenVisit) -> str:
    """One visit, and the one thing that can be done about it."""
    booking = one.booking
    site, name, word = booking.slot.site, "leave" if one.joined else "join", "退出" if one.joined else "加入"
    mark = "　您已加入" if one.joined else ""
    return (
        f'<section class="card"><p class="soft">{booking.id} 号{mark}</p>'
        f"<p><strong>{moment(ctx, booking.slot)}</strong></p>"
        f'<p><a class="tap" href="/map/{site.id}">{escape(site.name)}</a></p>'
        f"<p>{escape(booking.branch.name)}　{escape(booking.theme)}</p>"
        f'<form method="post" action="/open-visits"><p>'
        f'<button name="{name}" value="{booking.id}">{word}</button></p></form></section>'
    )
