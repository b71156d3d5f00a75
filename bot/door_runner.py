"""Serving the app with a short way to the callback.

What aiohttp does around a handler (parsing, request, router, response) costs more than all that the callback
does itself. WeChat's requests have one known shape and come in one piece, so a connection that has brought
nothing else is read here, and the door is asked directly. Whatever has any other shape is aiohttp's, and from
then on so is the connection: of two readers of one stream neither would know where the other one stopped.
A proxy therefore keeps connections for the callback by themselves (deploy/nginx.conf).
"""

import asyncio
import re
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import Any

from aiohttp import web

from bot.app import BODY_LIMIT, DOOR, NEVER_WECHAT, PATH, Door, Response

CALLBACK = re.compile(
    rb"POST "
    + PATH.encode()
    + rb"\?([!\"$-~]{1,2048}) HTTP/1\.1((?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*)+)\r\n\r\n"
)
NAME = re.compile(rb"\r\n([^:]+):")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})[ \t]*(?=\r|$)")
ELSEWHERE = re.compile(
    rb"\r\n(?:transfer-encoding|content-encoding|connection|upgrade|expect|te|trailer):"
    rb"|\r\ncontent-type:[ \t]*(?:" + "|".join(NEVER_WECHAT).encode() + rb")"
)
"""Headers that change what a request is, or where it ends; and types that a callback never has."""
HEAD = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\nDate: %b\r\n\r\n"
REASONS = {status.value: f"{status.value} {status.phrase}".encode() for status in HTTPStatus}


def read_whole(data: bytes) -> tuple[str, bytes] | None:
    """Query and body of a POST to the callback that is whole and of the known shape; else None."""
    found = CALLBACK.match(data)
    if found is None:
        return None
    headers = found[2].lower()
    length = LENGTH.search(headers)
    body = data[found.end() :]
    if length is None or int(length[1]) != len(body) or len(body) > BODY_LIMIT:
        return None
    names = NAME.findall(headers)
    if b"host" not in names or len(set(names)) < len(names) or ELSEWHERE.search(headers):
        return None
    return found[1].decode("ascii"), body


def written(response: Response) -> bytes:
    """A response as it goes over the wire, to a connection that stays open."""
    status, body, content_type = response
    return HEAD % (REASONS[status], content_type.encode(), len(body), _date(int(time()))) + body


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """A second as HTTP writes it."""
    return formatdate(second, usegmt=True).encode()


class DoorConnection(web.RequestHandler):
    """One connection: at the door as long as it brings nothing but callbacks."""

    __slots__ = ("_at_door", "_held", "_server", "_usual")

    def __init__(self, server: "DoorServer", **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._usual = False
        self._at_door: asyncio.Task[None] | None = None
        self._held = b""

    def data_received(self, data: bytes) -> None:
        """A callback at the door; anything else as aiohttp reads it."""
        if self._usual:
            super().data_received(data)
            return
        if self._at_door is not None:
            # Requests on one connection are answered one after the other.
            if not self._held and self.transport is not None:
                self.transport.pause_reading()
            self._held += data
            return
        callback = None if self._close or self._force_close else read_whole(data)
        if callback is None:
            self._usual = True
            super().data_received(data)
            return
        self._at_door = self._server.answer(self, *callback)

    def answered(self, response: Response) -> None:
        """Send what a callback gets; then go on with what came meanwhile."""
        self._at_door = None
        if self.transport is None:
            return  # Who asked is gone; WeChat asks again, and gets the same.
        self.transport.write(written(response))
        if self._close:
            self.force_close()
            return
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._held:
            held, self._held = self._held, b""
            self.transport.resume_reading()
            self.data_received(held)


class DoorServer(web.Server):
    """aiohttp's server, with a door in front."""

    def __init__(self, door: Door, behind: web.Server) -> None:
        super().__init__(
            behind.request_handler,
            request_factory=behind.request_factory,
            handler_cancellation=behind.handler_cancellation,
            **behind._kwargs,
        )
        self._door = door
        self._answering: set[asyncio.Task[None]] = set()

    def __call__(self) -> web.RequestHandler:
        """A new connection."""
        return DoorConnection(self, loop=self._loop, **self._kwargs)

    def answer(self, connection: DoorConnection, query: str, body: bytes) -> "asyncio.Task[None]":
        """Answer a callback on its connection. Goes on if that is lost: what was accepted is finished."""
        self.requests_count += 1
        task = self._loop.create_task(self._answer(connection, query, body, self._loop.time()))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        return task

    async def _answer(self, connection: DoorConnection, query: str, body: bytes, started: float) -> None:
        response = Response(500)
        try:
            response = await self._door.respond(query, body, started)
        finally:
            connection.answered(response)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 (aiohttp's)
        """Wait for what is being answered, then close every connection."""
        if self._answering:
            await asyncio.wait(set(self._answering), timeout=timeout)
        await super().shutdown(timeout)


class DoorRunner(web.AppRunner):
    """An AppRunner whose callbacks go straight to the door."""

    async def _make_server(self) -> web.Server:
        return DoorServer(self.app[DOOR], await super()._make_server())
