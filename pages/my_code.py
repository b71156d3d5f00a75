"""A member's own code on their phone, to be scanned by a keeper."""

from html import escape
from math import ceil

from aiohttp import web

from handlers import checkins
from handlers.errors import NotBound
from pages.layout import page
from pages.login import known

UNKNOWN = (
    "<main><h1>我的码</h1><p>还不知道您是哪位同志。请在微信里打开这个页面；第一次使用的，"
    "请先在小程序“我的”里绑定手机号。</p><p>急着签到的，请阵地管理员在名单上代为登记。</p></main>"
)


async def show(request: web.Request) -> web.Response:
    """The code as a picture; the page comes again by itself when the code ends."""
    ctx = await known(request)
    try:
        shown = await checkins.member_code(ctx)
    except NotBound:
        return page("我的码", UNKNOWN, status=403)
    until = shown.until.astimezone(ctx.settings.zone)
    body = (
        '<main class="door"><h1>我的码</h1>'
        f'<img id="code" alt="我的签到码" src="/door/code.svg?code={escape(shown.code)}">'
        f'<p>请出示给阵地管理员扫。</p><p class="soft">{until:%H:%M} 自动更换。请不要转发或截图。</p></main>'
    )
    response = page("我的码", body, forms=True)
    response.headers["Refresh"] = str(max(5, ceil((shown.until - ctx.now()).total_seconds())))
    return response
