"""Short answers in one piece: HTTP as any client and proxy reads it."""

import asyncio
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.whole_response import whole

BODY = "<xml>您好</xml>".encode()
HOST = "Host: localhost\r\nContent-Length: 2\r\n"


async def said(request: web.Request) -> web.StreamResponse:
    await request.read()
    return whole(request, BODY, "text/xml")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_post("/", said)
    async with TestServer(app) as server:
        assert server.port
        yield server.port


async def exchange(port: int, sent: str, answers: int) -> list[tuple[str, dict[str, str], bytes]]:
    """What comes back for raw bytes: status line, headers and body of each answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent.encode())
    found = []
    for _ in range(answers):
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        found.append((first, headers, await reader.readexactly(int(headers["content-length"]))))
    writer.close()
    return found


async def test_each_of_several_requests_on_a_connection_gets_its_answer(port: int) -> None:
    answers = await exchange(port, f"POST / HTTP/1.1\r\n{HOST}\r\nab" * 3, 3)
    for first, headers, body in answers:
        assert first == "HTTP/1.1 200 OK"
        assert headers["content-type"] == "text/xml"
        assert parsedate_to_datetime(headers["date"]).tzinfo is not None
        assert body == BODY


@pytest.mark.parametrize("opening", ["POST / HTTP/1.0\r\n", "POST / HTTP/1.1\r\nConnection: close\r\n"])
async def test_a_connection_that_doesnt_stay_is_closed_after_its_answer(port: int, opening: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{opening}{HOST}\r\nab".encode())
    async with asyncio.timeout(5):
        got = await reader.read()
    assert got.endswith(BODY)
    assert b"200 OK" in got
    writer.close()
