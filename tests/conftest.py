"""Fixtures: both databases, both Redises, a clock that moves, and a WeChat with a memory."""

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster
from redis.asyncio import Redis

from handlers import schema
from handlers.context import Context, open_database, open_redis
from settings import Settings
from tests import servers
from tests.fakes import Clock, FakeWeChat

WATCHED = ("time.sleep", "socket.socket.", "ssl.SSLSocket.", "sqlite3.")
"""What stops the event loop when it is called on it; files read at start-up are not watched."""


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[None]:
    """Fail, by name, whatever waits on the event loop instead of letting it go on."""
    watched = [function for name, function in BlockBuster().functions.items() if name.startswith(WATCHED)]
    for function in watched:
        function.activate()
    yield
    for function in watched:
        function.deactivate()


@pytest.fixture(autouse=True)
def nothing_stays_frozen() -> Iterator[None]:
    """What was kept from the collector for good may go after the test; else the rest of every test stayed."""
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the whole schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    asyncio.run(create_schema(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The PostgreSQL server of this test session."""
    with servers.postgresql(durable=False) as directory:
        yield directory


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """A PostgreSQL database with the whole schema, to be copied; nobody connects to it."""
    name = servers.create_database(postgresql_server)
    asyncio.run(create_schema(servers.postgresql_url(postgresql_server, name)))
    return name


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: str, postgresql_template: str) -> str:
    """The PostgreSQL database of this test session, with the whole schema; emptied after each test."""
    return servers.create_database(postgresql_server, template=postgresql_template)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The Redis server of this test session; its URL."""
    with servers.redis() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the schema and no rows; what uses it runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "test.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite://{path}"
        return
    server, name = (
        request.getfixturevalue("postgresql_server"),
        request.getfixturevalue("postgresql_database"),
    )
    yield servers.postgresql_url(server, name)
    servers.empty_database(server, name)


@pytest.fixture
def redis_url() -> str:
    """Where Redis is; tests of what several processes share ask for `redis_server` instead."""
    return "memory://"


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """The demo's settings over this test's own database."""
    return Settings(
        _env_file=".env.demo",
        data_dir=tmp_path / "var",
        database_url=database_url,
        redis_url=redis_url,
        rehearsal_line_seconds=0.1,
    )


@pytest.fixture
def clock() -> Clock:
    """The time, moved by hand."""
    return Clock()


@pytest.fixture
def wechat() -> FakeWeChat:
    """A WeChat that remembers what it was asked to send."""
    return FakeWeChat()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[None]:
    """An open connection to this test's database."""
    async with open_database(database_url):
        yield


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """An open Redis client."""
    async with open_redis(redis_url) as client:
        await client.flushall()
        yield client


@pytest.fixture
def ctx(settings: Settings, database: None, redis: Redis, wechat: FakeWeChat, clock: Clock) -> Context:
    """A use-case's outside world, on both databases."""
    return Context(settings=settings, redis=redis, wechat=wechat, now=clock)


async def create_schema(url: str) -> None:
    """Fill an empty database with the schema, as an installation gets it."""
    await schema.migrate(Settings(_env_file=".env.demo", database_url=url), progress=lambda _: None)
