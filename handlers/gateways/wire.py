"""One HTTP exchange with WeChat's server, and what its failures mean."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    FormData,
    TCPConnector,
)

from handlers.gateways.errors import Ambiguous, Unreachable

CONNECT_TIMEOUT = 3.0
CONNECTIONS = 256
KEEP_ALIVE = 15.0
"""Shorter than servers keep an idle connection, so that we seldom write into one they just closed."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def to_json(body: Any) -> str:
    """JSON with its Chinese unescaped, as WeChat demands; half a surrogate pair becomes `?`."""
    return _ENCODER.encode(body).encode("utf-8", errors="replace").decode()


@dataclass(frozen=True, slots=True)
class File:
    """A body that is a file: it goes as multipart form data in the field `media`, as WeChat wants it."""

    name: str
    content_type: str
    content: bytes

    def form(self) -> FormData:
        """A form, which can be sent once."""
        form = FormData()
        form.add_field("media", self.content, filename=self.name, content_type=self.content_type)
        return form


@dataclass(frozen=True, slots=True)
class Wire:
    """The way out: a session with its connections, and the address they lead to."""

    session: ClientSession
    base: str

    async def exchange(
        self, method: str, path: str, *, query: Mapping[str, str], body: Any, seconds: float
    ) -> tuple[int, bytes]:
        """Send one request, its body as JSON or a file; the status and body that came back.

        Raises:
            Unreachable: nothing was sent.
            Ambiguous: it was sent, and no whole answer came.
        """
        try:
            async with self.session.request(
                method,
                self.base + path,
                params=query,
                json=None if isinstance(body, File) else body,
                data=body.form() if isinstance(body, File) else None,
                timeout=ClientTimeout(total=seconds, connect=CONNECT_TIMEOUT),
                allow_redirects=False,
            ) as response:
                return response.status, await response.read()
        # aiohttp's own sentences may hold the address, and with it the token: only the kind is kept.
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise Unreachable(hint=type(error).__name__) from None
        except (ClientError, TimeoutError) as error:
            raise Ambiguous(hint=type(error).__name__) from None


@asynccontextmanager
async def open_wire(base: str) -> AsyncIterator[Wire]:
    """Connections to `base`, closed at the end."""
    connector = TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=300)
    async with ClientSession(
        connector=connector, json_serialize=to_json, cookie_jar=DummyCookieJar()
    ) as session:
        yield Wire(session, base.rstrip("/"))
