"""Two ways to do the same, measured in turns: what a door costs beside the bare statements behind it.

The service, and in its turn the raw client, has one core; PostgreSQL, Redis and the load have the other.
Machines here are noisy, so rounds are short, sides alternate within one run, the median ratio counts, and
beside the clock on the wall stands processor time, which a busy neighbour disturbs less.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import psutil

from tests import servers

SERVER_CORE, LOAD_CORE = {0}, {1}
CONNECTIONS = 32
POOL = 10
"""PostgreSQL connections of either side: what `ZBT_DATABASE_POOL` is by default."""
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Turn:
    """One side's turn: operations a second, and milliseconds of processor time for each."""

    rate: float
    ours: float
    database: float


class Wire:
    """One connection that is kept open: it sends prepared bytes and reads the answer, and does no more."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> "Wire":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = LENGTH.search(head)
        assert length is not None
        return int(head[9:12]), await self.reader.readexactly(int(length[1]))


def post(path: str, token: str, form: Any, **headers: str) -> bytes:
    """A request as it goes over the wire."""
    body = json.dumps(form, ensure_ascii=False).encode()
    lines = [f"POST /api/v1{path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def send_all(port: int, requests: Sequence[bytes], *, expected: int) -> None:
    """Send them over a few dozen connections; every answer must have the expected status."""
    waiting = iter(requests)

    async def send() -> None:
        async with Wire(port) as wire:
            for request in waiting:
                status, body = await wire.send(request)
                if status != expected:
                    raise SystemExit(f"{status} {body.decode()}")

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))


@asynccontextmanager
async def connections(url: str) -> AsyncIterator[list[asyncpg.Connection]]:
    """As many connections as the service may have, open for the whole run as its own are."""
    host, name = url.partition("?host=")[2], url.partition("@/")[2].partition("?")[0]
    opened = [await asyncpg.connect(user="postgres", host=host, database=name) for _ in range(POOL)]
    try:
        yield opened
    finally:
        for connection in opened:
            await connection.close()


async def do_all(
    opened: Sequence[asyncpg.Connection],
    work: Iterable[Any],
    do: Callable[[asyncpg.Connection, Any], Awaitable[None]],
) -> None:
    """Do the work on all connections at once, each piece in one transaction."""
    waiting = iter(work)

    async def one(connection: asyncpg.Connection) -> None:
        for piece in waiting:
            async with connection.transaction():
                await do(connection, piece)

    await asyncio.gather(*(one(connection) for connection in opened))


class Clock:
    """Measures turns: `serving` works for the door, this process for the raw side, PostgreSQL for both."""

    def __init__(self, serving: psutil.Process, database: psutil.Process | None) -> None:
        self.serving, self.database = serving, database

    async def raw(self, count: int, work: Awaitable[None]) -> Turn:
        """The raw client's turn, on the service's core."""
        os.sched_setaffinity(0, SERVER_CORE)
        try:
            return await self._turn(count, work, psutil.Process())
        finally:
            os.sched_setaffinity(0, LOAD_CORE)

    async def door(self, count: int, work: Awaitable[None]) -> Turn:
        """The service's turn."""
        return await self._turn(count, work, self.serving)

    async def _turn(self, count: int, work: Awaitable[None], who: psutil.Process) -> Turn:
        before, database, began = cpu(who), self._database(), time.perf_counter()
        await work
        took = time.perf_counter() - began
        each = 1000 / count
        return Turn(count / took, (cpu(who) - before) * each, (self._database() - database) * each)

    def _database(self) -> float:
        return 0.0 if self.database is None else sum(map(cpu, [self.database, *self.database.children()]))


def cpu(process: psutil.Process) -> float:
    """Seconds of processor time so far, with those of children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def postmaster(directory: str) -> psutil.Process:
    """PostgreSQL's first process."""
    return psutil.Process(int((Path(directory) / "postmaster.pid").read_text().split()[0]))


@contextmanager
def service(environment: dict[str, str]) -> Iterator[tuple[int, psutil.Process]]:
    """The service in a process of its own: its port and the process."""
    port = servers.free_port()
    serving = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serving", str(port)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not (serving.stdout and serving.stdout.readline()):
            raise SystemExit("the service did not start")
        yield port, psutil.Process(serving.pid)
    finally:
        serving.terminate()
        serving.wait(20)


def middle(turns: Sequence[Turn]) -> str:
    """A side in one line."""
    rate, ours, database = (
        median(values) for values in zip(*((t.rate, t.ours, t.database) for t in turns), strict=True)
    )
    return f"{rate:7.0f}/s, CPU {ours:.2f} ms here + {database:.2f} ms PostgreSQL"


def ratio(ones: Sequence[Turn], others: Sequence[Turn]) -> float:
    """The median of what one side's turns have of the other's, turn by turn."""
    return median(one.rate / other.rate for one, other in zip(ones, others, strict=True))


def ratio_by_time(ones: Sequence[Turn], others: Sequence[Turn]) -> float:
    """The same by processor time, ours and PostgreSQL's: what counts on a machine with nothing else to do.

    Where neighbours want both cores, the one process of a side gets the same share of its core whatever it
    has to do, and PostgreSQL's many get more: then this says more than the clock.
    """
    return median(
        (other.ours + other.database) / (one.ours + one.database)
        for one, other in zip(ones, others, strict=True)
    )


def load() -> str:
    """How busy the machine is, for whoever reads the figures."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
