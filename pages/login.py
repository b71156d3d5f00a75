"""The reader of a page: known by a cookie, asked for silently inside WeChat, else nobody in particular."""

import hmac

from aiohttp import web

from handlers import page_logins
from handlers.context import Caller, Context
from pages.layout import CONTEXT

COOKIE = "zbt_reader"
STATE = "zbt_state"
NOBODY = "-"
"""The cookie of somebody we don't know: they aren't sent round again for a while."""
NOBODY_FOR = 600


async def reader(request: web.Request, ctx: Context) -> Caller:
    """Who reads this page.

    Raises:
        HTTPFound: WeChat's browser goes round once, to be told who holds it.
    """
    known = await known_reader(request, ctx)
    if known.account is not None:
        return known
    word = request.cookies.get(COOKIE, "")
    if request.method != "GET":
        return Caller()
    if "code" in request.query and "state" in request.query:
        await _come_back(request, ctx)
    if word != NOBODY and "MicroMessenger" in request.headers.get("User-Agent", ""):
        _send_round(request, ctx)
    return Caller()


async def known(request: web.Request) -> Context:
    """The world on behalf of whoever reads."""
    ctx = request.app[CONTEXT]
    return ctx.on_behalf_of(await reader(request, ctx))


async def known_reader(request: web.Request, ctx: Context) -> Caller:
    """Who reads, by the cookie alone; nobody is sent anywhere."""
    word = request.cookies.get(COOKIE, "")
    return await page_logins.caller(ctx, word=word) if word and word != NOBODY else Caller()


async def _come_back(request: web.Request, ctx: Context) -> None:
    """With a code from WeChat: keep who it is, and show the page under its own address."""
    ours = request.cookies.get(STATE, "")
    word = None
    if ours and hmac.compare_digest(ours.encode(), request.query["state"].encode()):
        word = await page_logins.log_in(ctx, code=request.query["code"][:128])
    response = web.HTTPFound(request.path)
    age = int(page_logins.KEPT_FOR.total_seconds()) if word else NOBODY_FOR
    _keep(response, ctx, COOKIE, word or NOBODY, age)
    raise response


def _send_round(request: web.Request, ctx: Context) -> None:
    state = page_logins.new_state()
    back = ctx.settings.public_url.rstrip("/") + request.path
    response = web.HTTPFound(page_logins.authorize_url(ctx, back=back, state=state))
    _keep(response, ctx, STATE, state, NOBODY_FOR)
    raise response


def _keep(response: web.HTTPFound, ctx: Context, name: str, value: str, age: int) -> None:
    secure = ctx.settings.public_url.startswith("https://")
    # Lax: another site's form comes without it, so nobody can be made to send one.
    response.set_cookie(name, value, max_age=age, path="/", httponly=True, samesite="Lax", secure=secure)
