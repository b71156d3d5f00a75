"""The short way to the callback: HTTP as any client and proxy reads it, and as aiohttp does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpRequestParser
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bot.app import BODY_LIMIT, DOOR, PATH, Response
from bot.door_runner import DoorRunner, read_whole

BODY = "<xml>您好</xml>".encode()
HOST = "Host: localhost\r\nContent-Length: 2\r\n"
ASK = f"POST {PATH}?a=1 HTTP/1.1\r\n{HOST}\r\nab"


class Doorman:
    """A door that notes what it was asked, and answers when it may."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answered = 0

    async def respond(self, query: str, body: bytes, started: float) -> Response:
        self.asked.append((query, body))
        await self.may_answer.wait()
        self.answered += 1
        return Response(200, BODY, "text/xml") if body != b"no" else Response(403)

    async def receive(self, request: web.Request) -> web.Response:
        """The usual way, told apart by its answer."""
        return web.Response(body=b"usual " + await request.read())


class Runner(TestServer):
    async def _make_runner(self, **kwargs: object) -> DoorRunner:
        return DoorRunner(self.app, shutdown_timeout=5, **kwargs)


@pytest.fixture
async def doorman() -> Doorman:
    return Doorman()


@pytest.fixture
async def server(doorman: Doorman) -> AsyncIterator[Runner]:
    app = web.Application()
    app[DOOR] = doorman  # type: ignore[assignment]
    app.router.add_post(PATH, doorman.receive)
    app.router.add_post("/other", doorman.receive)
    async with Runner(app) as running:
        yield running


async def connect(server: Runner) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.port)


async def one_answer(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body of what comes next."""
    async with asyncio.timeout(5):
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return first, headers, await reader.readexactly(int(headers["content-length"]))


async def exchange(server: Runner, *pieces: str, answers: int = 1) -> list[tuple[str, dict[str, str], bytes]]:
    """What comes back for raw bytes that are sent piece by piece; and that no more comes."""
    reader, writer = await connect(server)
    for piece in pieces:
        writer.write(piece.encode())
        await asyncio.sleep(0.05)
    found = [await one_answer(reader) for _ in range(answers)]
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            assert not await reader.read(1)  # Closed.
    writer.close()
    return found


async def test_a_callback_goes_straight_to_the_door(server: Runner, doorman: Doorman) -> None:
    [(first, headers, body)] = await exchange(server, ASK)
    assert (first, body) == ("HTTP/1.1 200 OK", BODY)
    assert headers["content-type"] == "text/xml"
    assert parsedate_to_datetime(headers["date"]).tzinfo is not None
    assert doorman.asked == [("a=1", b"ab")]
    [(first, _, body)] = await exchange(server, ASK.replace("ab", "no"))
    assert (first, body) == ("HTTP/1.1 403 Forbidden", b"")


async def test_requests_on_one_connection_are_answered_in_their_order(
    server: Runner, doorman: Doorman
) -> None:
    assert [body for _, _, body in await exchange(server, ASK, ASK, ASK, answers=3)] == [BODY] * 3
    doorman.may_answer.clear()
    asking = asyncio.create_task(exchange(server, ASK, ASK.replace("ab", "no"), ASK * 2, answers=4))
    await asyncio.sleep(0.3)
    assert len(doorman.asked) == 4  # One at a time: the others wait.
    doorman.may_answer.set()
    # Two in one piece are aiohttp's to take apart.
    got = [(first[9:12], body) for first, _, body in await asking]
    assert got == [("200", BODY), ("403", b""), ("200", b"usual ab"), ("200", b"usual ab")]


@pytest.mark.parametrize(
    "pieces",
    [
        (ASK.replace("?a=1", ""),),
        (ASK.replace("HTTP/1.1", "HTTP/1.0"),),
        (ASK.replace("Host", "Connection: close\r\nHost"),),
        (ASK.replace("Host", "Expect: 100-continue\r\nHost").replace("ab", ""), "ab"),
        (ASK[:20], ASK[20:]),
        (ASK[:-1], "b"),
        (
            ASK.replace("Content-Length: 2", "Transfer-Encoding: chunked").replace(
                "ab", "2\r\nab\r\n0\r\n\r\n"
            ),
        ),
        (ASK.replace("Host", "Content-Type: image/png\r\nHost"),),
    ],
)
async def test_any_other_shape_is_read_by_aiohttp(
    server: Runner, doorman: Doorman, pieces: tuple[str, ...]
) -> None:
    reader, writer = await connect(server)
    for piece in pieces:
        writer.write(piece.encode())
        await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        assert b"usual ab" in await reader.readuntil(b"usual ab")
    assert not doorman.asked
    writer.close()


async def test_no_request_can_be_hidden_in_the_body_of_another(server: Runner, doorman: Doorman) -> None:
    opening = f"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: {len(ASK)}\r\n\r\n"
    [(_, _, body)] = await exchange(server, opening, ASK)
    assert body == b"usual " + ASK.encode()
    assert not doorman.asked
    # And once a connection has brought something else, all of it is aiohttp's.
    answers = await exchange(server, opening + ASK, ASK, answers=2)
    assert answers[1][2] == b"usual ab"


async def test_what_was_asked_is_finished_when_the_asker_leaves(server: Runner, doorman: Doorman) -> None:
    doorman.may_answer.clear()
    _, writer = await connect(server)
    writer.write(ASK.encode())
    await asyncio.sleep(0.05)
    writer.close()
    await asyncio.sleep(0.05)
    doorman.may_answer.set()
    await asyncio.sleep(0.05)
    assert doorman.answered == 1


async def test_closing_down_answers_what_was_asked(server: Runner, doorman: Doorman) -> None:
    doorman.may_answer.clear()
    reader, writer = await connect(server)
    _, idle = await connect(server)
    writer.write(ASK.encode())
    await asyncio.sleep(0.05)
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0.1)
    assert not closing.done()
    for late in (writer, idle):  # Comes too late: not taken any more.
        late.write(ASK.encode())
    await asyncio.sleep(0.05)
    doorman.may_answer.set()
    assert (await one_answer(reader))[2] == BODY
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    await closing
    assert len(doorman.asked) == 1
    writer.close()
    idle.close()


async def test_an_idle_connection_is_closed(server: Runner) -> None:
    assert server.runner is not None
    assert server.runner.server is not None
    server.runner.server._kwargs["keepalive_timeout"] = 0.3  # type: ignore[attr-defined]
    reader, writer = await connect(server)
    for _ in range(3):  # Each callback lets it live on.
        writer.write(ASK.encode())
        await one_answer(reader)
        await asyncio.sleep(0.2)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


NAMES = (
    "Content-Length|content-length|CONTENT-LENGTH|Content-Length |Content-Type|Connection|Expect|Upgrade|X Y|"
)
NAME = st.sampled_from([*NAMES.split("|"), "Transfer-Encoding", "Content-Encoding"])
VALUES = "2| 2|2 |02|+2|2,2|0x2|3|close|keep-alive|chunked"
VALUE = st.sampled_from(VALUES.split("|")) | st.text(st.characters(codec="latin-1"), max_size=6)
PLAIN = st.sampled_from(["X-Real-IP:1.2.3.4", "content-type: text/xml", "X-Empty:", "X-Text: a\xe9\tb"])
LINES = st.tuples(
    st.lists(PLAIN, max_size=3, unique=True).map(lambda plain: ["Host: z.cn", *plain]) | st.lists(PLAIN),
    st.sampled_from(["Content-Length: 2", "content-length:2 ", "Content-Length: 3"]),
    st.just([]) | st.lists(PLAIN | st.tuples(NAME, VALUE).map(":".join), max_size=1),
)
END = st.sampled_from(["\r\n"] * 30 + ["\n", "\r", "\r\n ", "\r\n\t", "\r\n\r\n"])
TARGET = st.text("ab=&?1", max_size=8) | st.text('ab=&?#%+/:@é "\t', max_size=8)
METHODS = [f"POST {PATH}?"] * 8 + [f"POST  {PATH}?", f"GET {PATH}?", f"POST {PATH}", f"post {PATH}?"]
VERSIONS = [" HTTP/1.1"] * 8 + [" HTTP/1.0", " HTTP/1.12", "", " http/1.1"]


@given(
    st.sampled_from(METHODS),
    TARGET,
    st.sampled_from(VERSIONS),
    LINES,
    END,
    st.sampled_from(["ab", "ab", "abc"]),
)
async def test_what_the_door_reads_aiohttp_reads_too(
    method: str, target: str, version: str, lines: tuple[list[str], str, list[str]], odd_end: str, body: str
) -> None:
    before, length, after = lines
    head = "\r\n".join([method + target + version, *before, length])
    head += "".join(odd_end + line for line in after)
    data = f"{head}\r\n\r\n{body}".encode("latin-1")
    found = read_whole(data)
    if found is None:
        return
    loop = asyncio.get_running_loop()
    parser = HttpRequestParser(BaseProtocol(loop), loop, 2**16)
    [(message, payload)], upgraded, tail = parser.feed_data(data)
    query, content = found
    assert (message.method, message.url.raw_path, message.url.raw_query_string) == ("POST", PATH, query)
    assert payload.is_eof()
    assert await payload.read() == content
    assert (message.should_close, message.chunked, upgraded, tail) == (False, False, False, b"")


def test_the_usual_shapes_of_proxies_are_read() -> None:
    long = b"a" * BODY_LIMIT
    for length, body in ((2, b"ab"), (BODY_LIMIT, long)):
        head = f"POST {PATH}?signature=ab&nonce=1 HTTP/1.1\r\nHost: z.cn\r\nX-Request-ID: 1\r\n"
        head += f"content-type: text/xml; charset=utf-8\r\nContent-Length: {length}\r\nPragma: no-cache\r\n"
        assert read_whole(head.encode() + b"\r\n" + body) == ("signature=ab&nonce=1", body)
    assert read_whole(ASK.encode().replace(b"2", b"65537") + b"a" * 65535) is None


@pytest.mark.parametrize("twice", ["Host: z.cn", "host: z.cn", "Content-Length: 2", "X-Real-IP: 1.2.3.4"])
def test_a_header_that_comes_twice_is_left_to_aiohttp(twice: str) -> None:
    head = f"POST {PATH}?a=1 HTTP/1.1\r\nHost: z.cn\r\nContent-Length: 2\r\nX-Real-IP: 1.2.3.4\r\n"
    assert read_whole(f"{head}\r\nab".encode()) == ("a=1", b"ab")
    assert read_whole(f"{head}{twice}\r\n\r\nab".encode()) is None
