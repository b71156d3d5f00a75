"""The WeChat door: reads a callback, hands it to the protocol and the desk, and answers.

There is no middleware on this route and no query object: it is the service's hottest path.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web
from prometheus_client import Counter

from bot.desk import Desk, TooLate, open_desk
from bot.messages import Garbled
from bot.protocol import SUCCESS, Protocol, Rejected
from bot.router import Router
from bot.routes import ROUTES
from handlers.callbacks import open_ledger
from handlers.context import Context

log = logging.getLogger(__name__)

PATH = "/wechat/callback"
BODY_LIMIT = 64 * 1024
BODY_TIMEOUT = 3.0
"""Seconds for a body that trickles in; WeChat sends it at once."""
NEVER_WECHAT = ("multipart/", "image/", "audio/", "video/")

REFUSED = Counter("zbt_callbacks_refused_total", "Callbacks refused, by reason", ["reason"])


class Response(NamedTuple):
    """What goes back over HTTP."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"

    def by_aiohttp(self) -> web.Response:
        """The same for a request that aiohttp read."""
        return web.Response(status=self.status, body=self.body or None, content_type=self.content_type)


class Door:
    """The handlers of the callback URL."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self.desk: Desk | None = None

    async def verify(self, request: web.Request) -> web.Response:
        """GET: the console checks that the URL is ours."""
        try:
            echo = self._protocol.verify(read_query(request.rel_url.raw_query_string))
        except Rejected as rejected:
            return refuse(403, str(rejected)).by_aiohttp()
        return web.Response(body=echo, content_type="text/plain")

    async def receive(self, request: web.Request) -> web.Response:
        """POST: a message or an event that doesn't come in one piece, or comes in an odd way."""
        started = asyncio.get_running_loop().time()
        if request.headers.get("Content-Type", "").startswith(NEVER_WECHAT):
            return refuse(415, "content_type").by_aiohttp()
        try:
            body = await read_body(request)
        except TooLong:
            return refuse(413, "body").by_aiohttp()
        except TooSlow:
            return refuse(408, "slow_body").by_aiohttp()
        return (await self.respond(request.rel_url.raw_query_string, body, started)).by_aiohttp()

    async def respond(self, query_string: str, body: bytes, started: float) -> Response:
        """What a POST with this query and body gets. `started` is the loop's time at which it came in."""
        query = read_query(query_string)
        try:
            opened = self._protocol.open(query, body)
        except Rejected as rejected:
            return refuse(403, str(rejected))
        except Garbled:
            return refuse(400, "garbled")
        assert self.desk is not None  # noqa: S101 (set before the first request)
        if opened.cipher is None and not await self.desk.trusts(opened.message, query["signature"]):
            return refuse(403, "signature_reused")
        try:
            reply = await self.desk.answer(opened.message, started)
        except TooLate:
            return Response(503)
        except Exception:
            log.exception("callback.unanswered")  # The platform asks again.
            return Response(500)
        if not reply:
            return Response(200, SUCCESS)
        content_type = "application/json" if opened.as_json else "text/xml"
        return Response(200, self._protocol.seal(reply.encode(), opened), content_type)


DOOR = web.AppKey("DOOR", Door)


def read_query(raw: str) -> Mapping[str, str]:
    """The query's values. WeChat's need no decoding; what does is read by the library."""
    if "%" in raw or "+" in raw or len(raw) > 2048:
        return dict(parse_qsl(raw[:4096], keep_blank_values=True))
    # A list inside, not a generator: half the time.
    return dict([pair.split("=", 1) for pair in raw.split("&") if "=" in pair])


class TooLong(Exception):
    """The body is longer than a callback can be."""


class TooSlow(Exception):
    """The body doesn't come."""


async def read_body(request: web.Request) -> bytes:
    """The body.

    Raises:
        TooLong, TooSlow: there is none that could be a callback's.
    """
    content = request.content
    if (request.content_length or 0) > BODY_LIMIT:
        raise TooLong
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            while not content.at_eof():
                part = await content.readany()
                parts.append(part)
                size += len(part)
                if size > BODY_LIMIT:
                    raise TooLong
    except TimeoutError:
        if not content.is_eof():
            raise TooSlow from None
        parts.append(content.read_nowait(-1))  # It came while the process was held up.
    body = b"".join(parts)
    if len(body) > BODY_LIMIT:
        raise TooLong
    return body


def refuse(status: int, reason: str) -> Response:
    """A quick, quiet no: counted, not explained."""
    REFUSED.labels(reason.split(":")[0]).inc()
    log.info("callback.refused", extra={"reason": reason})
    return Response(status)


def setup(app: web.Application, ctx: Context, router: Router | None = None) -> None:
    """Put the door on the app.

    Raises:
        ValueError: an EncodingAESKey is malformed.
    """
    door = Door(Protocol(ctx.settings))
    app[DOOR] = door
    app.router.add_get(PATH, door.verify, allow_head=False)
    app.router.add_post(PATH, door.receive)

    async def keep_desk(_: web.Application) -> AsyncIterator[None]:
        async with open_ledger(ctx) as ledger, open_desk(ctx, ledger, router or Router(ROUTES)) as desk:
            door.desk = desk
            yield

    app.cleanup_ctx.append(keep_desk)
