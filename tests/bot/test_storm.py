"""Promise 1 under fire: real processes, real sockets, messages re-sent out of order, one process killed."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from handlers.context import open_database
from models import Callback, Complaint, Question
from settings import Settings
from tests import servers
from tests.bot.platform import Platform, text_message

ROOT = Path(__file__).parent.parent.parent
DELIVERIES = 3
CREATED = 1767945600
"""Deliveries of one message share its CreateTime."""


def environment(settings: Settings, port: int) -> dict[str, str]:
    """What a process of the product needs to serve this test's database."""
    values = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.demo").read_text(encoding="utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    return {
        **os.environ,
        **values,
        "ZBT_DATA_DIR": str(settings.data_dir),
        "ZBT_DATABASE_URL": settings.database_url,
        "ZBT_REDIS_URL": settings.redis_url,
        "ZBT_WECHAT_API_BASE": "http://127.0.0.1:9",
        "ZBT_FOLLOWER_MESSAGES_PER_MINUTE": "100000",
        "ZBT_LOG_LEVEL": "ERROR",
        "ZBT_PORT": str(port),
        "PORT": str(port),
    }


class Server:
    """One process of the product."""

    def __init__(self, settings: Settings) -> None:
        self.port = servers.free_port()
        self.environment = environment(settings, self.port)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "main.py", "serve", "--no-clock"], cwd=ROOT, env=self.environment,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self) -> None:
        """As the kernel or the power does it: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@asynccontextmanager
async def running(settings: Settings, count: int) -> AsyncIterator[list[Server]]:
    processes = [Server(settings) for _ in range(count)]
    try:
        yield processes
    finally:
        for server in processes:
            await asyncio.to_thread(server.stop)


@dataclass
class Storm:
    """Delivers messages as WeChat does: again, up to three times, when no answer comes."""

    platform: Platform
    ports: list[int]
    replies: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    up: asyncio.Event = field(default_factory=asyncio.Event)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))

    async def ready(self, session: aiohttp.ClientSession) -> None:
        for port in self.ports:
            for _ in range(400):
                try:
                    async with session.get(f"http://127.0.0.1:{port}/healthz") as response:
                        if response.status == 200:
                            break
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)
        self.up.set()

    async def deliver(self, session: aiohttp.ClientSession, number: int, clear: str) -> None:
        """One delivery, to any process; a process that is gone is not asked twice in a row."""
        async with self.places:
            for port in random.sample(self.ports, len(self.ports)) * DELIVERIES:
                await self.up.wait()
                path, body = self.platform.safe(clear)
                try:
                    async with session.post(f"http://127.0.0.1:{port}{path}", data=body.encode()) as response:
                        if response.status == 200:
                            inner = self.platform.read(await response.read())
                            self.replies[number].append(str(inner["Content"]))
                            return
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.sleep(0.2)


def sent(number: int) -> str:
    """Every fifth message changes something; the others ask."""
    openid = f"oStorm{number % 700}"
    what = f"意见 第{number}条建议" if number % 5 == 0 else f"党费怎么交，问题{number}"
    return text_message(what, openid=openid, message_id=10**16 + number, created=CREATED)


async def rage(storm: Storm, victim: Server, *, messages: int, restart: bool) -> None:
    deliveries = [n for n in range(messages) for _ in range(random.randint(1, DELIVERIES))]
    window = 200  # Out of order, but as WeChat's re-sends are: not by hours.
    order = sorted(range(len(deliveries)), key=lambda at: at + random.uniform(0, window))
    timeout = aiohttp.ClientTimeout(total=15)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64)) as session:
        await storm.ready(session)
        work = [
            asyncio.ensure_future(storm.deliver(session, deliveries[at], sent(deliveries[at])))
            for at in order
        ]
        await asyncio.wait(work[: len(work) // 3])
        await asyncio.to_thread(victim.kill)
        if restart:
            storm.up.clear()
            victim.start()
            await storm.ready(session)
        await asyncio.gather(*work)


async def assert_kept(storm: Storm, *, messages: int) -> None:
    lost = [number for number in range(messages) if not storm.replies[number]]
    differing = {number: said for number, said in storm.replies.items() if len(set(said)) > 1}
    assert lost == []
    assert differing == {}
    assert await Callback.all().count() == messages
    suggestions = Counter(await Complaint.all().values_list("text", flat=True))
    assert len(suggestions) == len(range(0, messages, 5))
    assert set(suggestions.values()) == {1}
    assert await Question.all().count() == messages - len(suggestions)


@pytest.mark.storm
@pytest.mark.timeout(400)
async def test_four_processes_lose_nothing_and_double_nothing_when_one_is_killed(
    postgresql_server: str, postgresql_template: str, redis_server: str, tmp_path: Path
) -> None:
    name = await asyncio.to_thread(servers.create_database, postgresql_server, template=postgresql_template)
    settings = Settings(
        _env_file=".env.demo",
        data_dir=tmp_path,
        database_url=servers.postgresql_url(postgresql_server, name),
        redis_url=redis_server,
    )
    async with running(settings, 4) as processes:
        storm = Storm(Platform(settings), [server.port for server in processes])
        await rage(storm, processes[1], messages=10_000, restart=False)
    async with open_database(settings.database_url):
        await assert_kept(storm, messages=10_000)


@pytest.mark.storm
async def test_one_process_on_sqlite_goes_on_after_kill_9_as_if_nothing_had_been(
    sqlite_template: Path, tmp_path: Path
) -> None:
    path = shutil.copy(sqlite_template, tmp_path / "storm.sqlite3")
    settings = Settings(_env_file=".env.demo", data_dir=tmp_path, database_url=f"sqlite://{path}")
    async with running(settings, 1) as processes:
        storm = Storm(Platform(settings), [processes[0].port])
        await rage(storm, processes[0], messages=600, restart=True)
    async with open_database(settings.database_url):
        await assert_kept(storm, messages=600)
