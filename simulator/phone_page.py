"""The phone's door: what the phone page asks for, and its live stream of messages."""

import asyncio
import html
import json
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from simulator import inbound, mini_program, pictures, subscriptions
from simulator.answers import Handler, Refused, find_follower, read_body, show, word, words
from simulator.call import App
from simulator.keys import WORLD
from simulator.messages import Message
from simulator.qrcodes import MINI_PROGRAM_PREFIX

PAGE = Path(__file__).parent / "phone"
HEARTBEAT = 15.0
LONGEST_QR = 1000
SITE_IN_SCENE = re.compile(r"P[0-9a-z](S\d+?)[A-Za-z0-9_-]{14}")


async def index(_: web.Request) -> web.StreamResponse:
    """GET /: the page."""
    return web.FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})


async def me(request: web.Request) -> web.Response:
    """GET ?openid=: who holds the phone."""
    follower = find_follower(request, request.query.get("openid", ""))
    names = ("follows", "name", "duty", "organization")
    return show({name: getattr(follower, name) for name in names})


async def history(request: web.Request) -> web.Response:
    """GET ?openid=: all messages, oldest first."""
    follower = find_follower(request, request.query.get("openid", ""))
    return show({"messages": [message.show() for message in follower.history]})


async def events(request: web.Request) -> web.StreamResponse:
    """GET ?openid=: messages as they arrive; Last-Event-ID asks for those missed."""
    world = request.app[WORLD]
    follower = find_follower(request, request.query.get("openid", ""))
    seen = request.headers.get("Last-Event-ID", "")
    arrivals = world.phones.watch(follower)
    try:
        missed = [m for m in follower.history if seen.isdigit() and m.id > int(seen)]
        headers = {
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        await response.write(b": here\n\n" + b"".join(map(_event, missed)))
        while (message := await _next(arrivals)) is not None:
            await response.write(message)
    except ConnectionError:
        pass  # The page was closed.
    finally:
        world.phones.unwatch(follower, arrivals)
    return response


async def _next(arrivals: "asyncio.Queue[Message | None]") -> bytes | None:
    try:
        message = await asyncio.wait_for(arrivals.get(), HEARTBEAT)
    except TimeoutError:
        return b": beat\n\n"
    return None if message is None else _event(message)


def _event(message: Message) -> bytes:
    return f"id: {message.id}\ndata: {json.dumps(message.show(), ensure_ascii=False)}\n\n".encode()


async def menu(request: web.Request) -> web.Response:
    """GET: the menu that the product made."""
    return show({"button": request.app[WORLD].menu})


async def codes(request: web.Request) -> web.Response:
    """GET: every code that the product made and that never ends."""
    made = request.app[WORLD].codes
    posters = [
        {"kind": "poster", "label": label(scene, "海报"), "content": code.url, "scene": scene}
        for scene, code in made.permanent.items()
    ]
    mini_program_codes = [
        {
            "kind": "mini_program",
            "label": label(scene, "小程序码"),
            "content": MINI_PROGRAM_PREFIX + scene,
            "scene": scene,
            "page": page,
        }
        for scene, page in made.mini_program.items()
    ]
    return show(posters + mini_program_codes)


def label(scene: str, kind: str) -> str:
    """A name for a code: the site that its scene names, else the scene itself."""
    site = SITE_IN_SCENE.fullmatch(scene)
    return f"阵地 {site[1]} 的{kind}" if site else f"{kind} {scene}"


async def follow(request: web.Request) -> web.Response:
    """POST {openid}."""
    follower = find_follower(request, word(await read_body(request), "openid"))
    return show({"follows": True, "replies": await inbound.follow(request.app[WORLD], follower)})


async def unfollow(request: web.Request) -> web.Response:
    """POST {openid}."""
    follower = find_follower(request, word(await read_body(request), "openid"))
    await inbound.unfollow(request.app[WORLD], follower)
    return show({"follows": False})


async def wx_request(request: web.Request) -> web.Response:
    """POST {openid, method, path, headers?, body?}: our mini program's wx.request."""
    body = await read_body(request)
    follower = find_follower(request, word(body, "openid"))
    headers = body.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise Refused(400, "bad_field", "headers 应是一个对象，值都是文字")
    answer = await mini_program.request(
        request.app[WORLD],
        follower,
        word(body, "method", "GET").upper(),
        word(body, "path"),
        headers=headers,
        body=body.get("body"),
    )
    return show(answer.show())


async def subscribe_message(request: web.Request) -> web.Response:
    """POST {openid, template_ids, choice, app?}: what wx.requestSubscribeMessage does and returns."""
    body = await read_body(request)
    follower = find_follower(request, word(body, "openid"))
    choice, app = word(body, "choice"), word(body, "app", App.MINI_PROGRAM)
    if choice not in subscriptions.CHOICES or app not in list(App):
        raise Refused(400, "bad_choice", "choice 应是 accept 或 reject；app 应是 mp 或 oa")
    try:
        result = subscriptions.ask(
            request.app[WORLD], follower, words(body, "template_ids"), choice, app=App(app)
        )
    except subscriptions.CannotAsk as error:
        raise Refused(400, str(error.number), str(error)) from error
    return show(result)


async def qr(request: web.Request) -> web.Response:
    """GET ?content=: a QR code as SVG."""
    content = request.query.get("content", "")
    if not 1 <= len(content.encode()) <= LONGEST_QR:
        raise Refused(400, "bad_content", f"content 应有 1 到 {LONGEST_QR} 字节")
    headers = {"Cache-Control": "max-age=3600"}
    return web.Response(text=pictures.svg(content), content_type="image/svg+xml", headers=headers)


async def picture(request: web.Request) -> web.Response:
    """GET /mmbiz/{id}: an uploaded picture."""
    drafts, media_id = request.app[WORLD].drafts, request.match_info["media_id"]
    if media_id not in drafts.contents or not drafts.media[media_id]:
        raise Refused(404, "no_picture", "没有这张图片，或者模拟器重启后它不在了")
    return web.Response(body=drafts.contents[media_id], content_type=drafts.media[media_id])


async def article(request: web.Request) -> web.Response:
    """GET /s/{media_id}/{index}: an article that was sent or waits in the draft box."""
    drafts, media_id = request.app[WORLD].drafts, request.match_info["media_id"]
    articles = drafts.sent.get(media_id) or drafts.waiting.get(media_id) or []
    number = int(request.match_info["index"])
    if number >= len(articles):
        raise Refused(404, "no_article", "没有这篇文章，或者已被发布者删除")
    return web.Response(text=_page(articles[number]), content_type="text/html")


def _page(piece: dict[str, Any]) -> str:
    title = html.escape(piece["title"])
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><h1>{title}</h1>{piece['content']}{_source(piece)}</html>"
    )


def _source(piece: dict[str, Any]) -> str:
    """The link at an article's end."""
    address = html.escape(str(piece.get("content_source_url", "")))
    return f'<p><a href="{address}">阅读原文</a></p>' if address.startswith("http") else ""


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", index),
    ("GET", "/phone/me", me),
    ("GET", "/phone/history", history),
    ("GET", "/phone/events", events),
    ("GET", "/phone/menu", menu),
    ("GET", "/phone/codes", codes),
    ("POST", "/phone/follow", follow),
    ("POST", "/phone/unfollow", unfollow),
    ("POST", "/phone/request", wx_request),
    ("POST", "/phone/subscribe-message", subscribe_message),
    ("GET", "/phone/qr.svg", qr),
    ("GET", "/mmbiz/{media_id}", picture),
    ("GET", r"/s/{media_id}/{index:\d{1,2}}", article),
)
