"""The other end: a product of a few lines, which opens callbacks with wechatpy and answers as it is told."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from settings import MessageMode, Settings

FIELD = re.compile(r"<(\w+)>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</\1>", re.DOTALL)
Answer = Callable[[dict[str, str]], Awaitable[str]]


@dataclass
class Product:
    """Remembers every delivery; `answer` makes the clear reply, `raw` replaces the whole body."""

    settings: Settings
    received: list[dict[str, str]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Answer | None = None
    raw: bytes | None = None
    status: int = 200
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/wechat/callback", self.verify)
        app.router.add_post("/wechat/callback", self.callback)
        app.router.add_route("*", "/{path:.*}", self.api)
        return app

    def events(self, name: str) -> list[dict[str, str]]:
        return [message for message in self.received if message.get("Event") == name]

    async def until(self, count: int, *, event: str = "") -> list[dict[str, str]]:
        """Wait for so many deliveries (of that event)."""
        async with asyncio.timeout(10):
            while len(found := self.events(event) if event else self.received) < count:
                self.arrived.clear()
                await self.arrived.wait()
        return found

    def crypto(self, app_id: str) -> WeChatCrypto:
        token, key = self.settings.oa_token, self.settings.oa_encoding_aes_key
        return WeChatCrypto(token.get_secret_value(), key.get_secret_value(), app_id)

    async def verify(self, request: web.Request) -> web.Response:
        query = request.query
        token = self.settings.oa_token.get_secret_value()
        check_signature(token, query["signature"], query["timestamp"], query["nonce"])
        return web.Response(text=query["echostr"])

    async def callback(self, request: web.Request) -> web.Response:
        query, body = dict(request.query), (await request.read()).decode()
        app_id = self.settings.mp_app_id if query["openid"].startswith("m") else self.settings.oa_app_id
        check_signature(
            self.settings.oa_token.get_secret_value(), query["signature"], query["timestamp"], query["nonce"]
        )
        sealed = self.settings.oa_message_mode is not MessageMode.PLAIN
        clear = body
        if sealed:
            assert query["encrypt_type"] == "aes"
            clear = self.crypto(app_id).decrypt_message(
                body, query["msg_signature"], query["timestamp"], query["nonce"]
            )
        message = dict(FIELD.findall(clear.removeprefix("<xml>").removesuffix("</xml>")))
        self.received.append(message)
        self.queries.append(query)
        self.arrived.set()
        if self.raw is not None or self.answer is None:
            return web.Response(body=self.raw or b"success", status=self.status)
        reply = await self.answer(message)
        if sealed and reply:
            reply = self.crypto(app_id).encrypt_message(reply, query["nonce"], query["timestamp"])
        return web.Response(text=reply, status=self.status)

    async def api(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append((request.method, request.path, dict(request.headers), body))
        if request.path == "/api/v1/session":
            return web.json_response({"token": "t-1", "person": None}, status=201)
        if request.path == "/api/v1/check-ins":
            return web.json_response({"status": "checked_in"}, status=201)
        return web.json_response({"detail": "没有"}, status=404)


def text_reply(message: dict[str, str], content: str) -> str:
    """A well-formed text reply to that message."""
    return (
        f"<xml><ToUserName><![CDATA[{message['FromUserName']}]]></ToUserName>"
        f"<FromUserName><![CDATA[{message['ToUserName']}]]></FromUserName>"
        "<CreateTime>1767945600</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content></xml>"
    )
