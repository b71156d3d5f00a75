"""A short answer written in one piece.

aiohttp's own response collects its head in a dictionary and asks of every feature that a response may have:
a quarter of what a callback costs. The door's answers have a known length and two headers, so they're written
as they are; any other request, such as HTTP/1.0, gets aiohttp's.
"""

from email.utils import formatdate
from functools import lru_cache
from time import time

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\nDate: %b\r\n\r\n"


class WholeResponse(web.StreamResponse):
    """200 with a body, for a connection that stays open."""

    def __init__(self, body: bytes, content_type: bytes) -> None:
        super().__init__()
        self._whole = HEAD % (content_type, len(body), _date(int(time()))) + body
        self._writer: AbstractStreamWriter | None = None

    @property
    def keep_alive(self) -> bool:
        """Always: it is made for no other connection."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Nothing is sent yet: head and body go together."""
        self._writer = request.writer
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Send it, once."""
        if self._writer is not None:
            await self._writer.write(self._whole + data)
            self._writer = None


def whole(request: web.BaseRequest, body: bytes, content_type: str) -> web.StreamResponse:
    """The quickest response that carries a body back."""
    if request.version == HttpVersion11 and request.keep_alive:
        return WholeResponse(body, content_type.encode())
    return web.Response(body=body, content_type=content_type)


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """A second as HTTP writes it."""
    return formatdate(second, usegmt=True).encode()
