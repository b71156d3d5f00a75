"""WeChat's own browser: it names itself, keeps each person's cookies, and tells pages who holds it.

A link that a follower taps opens here. The product's pages are fetched as WeChat's browser would and
shown under the simulator's address, so that a plain browser window stands in for it; the address
`/connect/oauth2/authorize`, open.weixin.qq.com's in earnest, gives the page a code for that follower.
"""

import html
from http.cookies import CookieError, SimpleCookie

import aiohttp
from aiohttp import web
from yarl import URL

from simulator.answers import Handler, Refused, find_follower
from simulator.followers import Follower
from simulator.keys import WORLD

HOLDER = "simulator_phone"
"""The cookie that says whose phone this window is of; the product never sees it."""
NAMES_ITSELF = " MicroMessenger/8.0.50(0x18003237) NetType/WIFI Language/zh_CN"
SCOPES = ("snsapi_base", "snsapi_userinfo")
PASSED_ON = ("Accept", "Accept-Language", "Content-Type", "User-Agent")
PASSED_BACK = ("Content-Type", "Content-Security-Policy", "Cache-Control", "Referrer-Policy")
LONGEST_STATE = 128
PAGES = (
    *("pages", "lessons", "cases", "rehearsals", "complaints", "privacy", "map", "my-bookings", "my-code"),
    *("claims", "handbook", "assessments", "workers", "my-work", "trainings", "keeper", "open-visits"),
    *("showcase", "images"),
)
"""The first words of the product's addresses that are opened on a phone."""
TIMEOUT = aiohttp.ClientTimeout(total=60)

Jars = dict[str, dict[str, str]]
JARS = web.AppKey("JARS", Jars)
"""Per openid, the cookies that the product gave to that person's phone."""


async def open_link(request: web.Request) -> web.StreamResponse:
    """GET /phone/open?openid=&url=: a link is tapped. Addresses elsewhere open as they are."""
    follower = find_follower(request, request.query.get("openid", ""))
    try:
        url = URL(request.query.get("url", ""))
    except ValueError as error:
        raise Refused(400, "bad_url", "url 不是一个网址") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused(400, "bad_url", "url 应是一个 http 或 https 网址")
    ours = url.origin() == _product(request).origin() and url.parts[1:2] and url.parts[1] in PAGES
    response = web.Response(status=302, headers={"Location": str(url.relative() if ours else url)})
    response.set_cookie(HOLDER, follower.openid, httponly=True, samesite="Lax")
    return response


async def authorize(request: web.Request) -> web.StreamResponse:
    """GET /connect/oauth2/authorize: sends the page's reader back with a code, without a word."""
    world, query = request.app[WORLD], request.query
    follower = _holder(request)
    if follower is None:
        return _says("请在微信客户端打开链接")
    if query.get("appid") != world.settings.oa_app_id:
        return _says("AppID 参数错误")
    if query.get("response_type") != "code" or query.get("scope") not in SCOPES:
        return _says("Scope 参数错误或没有 Scope 权限")
    if not _is_registered(request, query.get("redirect_uri", "")):
        return _says("redirect_uri 参数错误")
    code = world.oauth_codes.issue(follower, world.time(), scope=query["scope"])
    back = URL(query["redirect_uri"]).relative()
    returned = back.update_query(code=code, state=query.get("state", "")[:LONGEST_STATE])
    return web.Response(status=302, headers={"Location": str(returned)})


async def show_page(request: web.Request) -> web.StreamResponse:
    """A page of the product, as WeChat's browser in that follower's hand fetches it."""
    follower = _holder(request)
    if follower is None:
        return _says("请先在演示手机里打开链接")
    jar = request.app[JARS].setdefault(follower.openid, {})
    sent = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    sent["User-Agent"] = sent.get("User-Agent", "Mozilla/5.0") + NAMES_ITSELF
    if jar:
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
    try:
        async with request.app[WORLD].callbacks.session.request(
            request.method,
            URL(str(_product(request).origin()) + request.raw_path, encoded=True),
            headers=sent,
            data=await request.read() or None,
            allow_redirects=False,
            timeout=TIMEOUT,
        ) as answer:
            _keep_cookies(jar, answer.headers.getall("Set-Cookie", []))
            headers = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
            if "Location" in answer.headers:
                headers["Location"] = _here(request, answer.headers["Location"])
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)
    except (TimeoutError, aiohttp.ClientError) as error:
        raise Refused(502, "product_unreachable", "连不上支部通的服务，请看一看它是否在运行") from error


def _holder(request: web.Request) -> Follower | None:
    return request.app[WORLD].followers.find(request.cookies.get(HOLDER, ""))


def _product(request: web.Request) -> URL:
    return URL(request.app[WORLD].settings.public_url)


def _is_registered(request: web.Request, address: str) -> bool:
    """Whether the host is the one that the console knows."""
    try:
        url = URL(address)
        return bool(url.host) and url.origin() == _product(request).origin()
    except ValueError:
        return False


def _here(request: web.Request, location: str) -> str:
    """Where a redirect leads within this browser: the product's own addresses stay in it."""
    url = URL(location, encoded=True)
    if not url.host or url.origin() != _product(request).origin():
        return location
    return str(url.relative())


def _keep_cookies(jar: dict[str, str], given: list[str]) -> None:
    for line in given:
        cookies = SimpleCookie()
        try:
            cookies.load(line)
        except CookieError:
            continue
        for name, morsel in cookies.items():
            if morsel["max-age"] == "0" or not morsel.value:
                jar.pop(name, None)
            else:
                jar[name] = morsel.value


def _says(sentence: str) -> web.Response:
    """The page on which WeChat's browser says no."""
    text = (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>微信</title><p>{html.escape(sentence)}</p></html>"
    )
    return web.Response(text=text, content_type="text/html")


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/phone/open", open_link),
    ("GET", "/connect/oauth2/authorize", authorize),
    *(
        (method, f"/{{room:{'|'.join(PAGES)}}}{rest}", show_page)
        for rest in ("", "/{path:.*}")
        for method in ("GET", "POST")
    ),
)
