"""What a use-case may touch, opened once and closed once."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime

from redis.asyncio import Redis
from tortoise import Tortoise

from handlers import checkpoints
from handlers.answering.engine import Engine
from handlers.gateways.wechat import WeChat, open_wechat
from handlers.rehearsal_live import Live
from handlers.site_index import SiteIndex
from handlers.together import Together
from models import Account, Person, tortoise_config
from settings import Settings

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id that ties a request's log lines and audit entries together."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. `person` is null until the account is bound to the roster."""

    account: Account | None = None
    person: Person | None = None

    @property
    def actor(self) -> str:
        """The name of this caller in the audit trail: ids only."""
        if self.person is not None:
            return f"person:{self.person.id}"
        if self.account is not None:
            return f"account:{self.account.id}"
        return "system"


SYSTEM = Caller()


@dataclass(slots=True)
class Answering:
    """The engine of this process; `handlers.knowledge.refresh` puts a new one in when entries change."""

    engine: Engine = field(default_factory=lambda: Engine.build(()))
    stamp: tuple[int, ...] = ()
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """A use-case's whole outside world. `now()` is an aware time in the service's zone."""

    settings: Settings
    redis: Redis
    wechat: WeChat
    now: Callable[[], datetime]
    caller: Caller = SYSTEM
    answering: Answering = field(default_factory=Answering)
    site_index: SiteIndex = field(default_factory=SiteIndex)
    live: Live = field(default_factory=Live)
    together: Together = field(default_factory=Together)

    @property
    def engine(self) -> Engine:
        """The engine that answers questions, as of the last refresh."""
        return self.answering.engine

    def on_behalf_of(self, caller: Caller) -> "Context":
        """The same context for one caller."""
        return replace(self, caller=caller)


@asynccontextmanager
async def open_database(url: str, *, pool: int = 10) -> AsyncIterator[None]:
    """Connect Tortoise to `url` and close it again; a SQLite database is checkpointed meanwhile."""
    orm = await Tortoise.init(config=tortoise_config(url, pool=pool), _enable_global_fallback=True)
    try:
        async with checkpoints.kept_up(url):
            yield
    finally:
        await orm.close_connections()


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A Redis client: inside this process for `memory://`, else the server at `url`."""
    redis: Redis
    if url == "memory://":
        from fakeredis import FakeAsyncRedis  # Only here: with a server it would be memory for nothing.

        redis = FakeAsyncRedis()
    else:
        redis = Redis.from_url(url)
    try:
        yield redis
    finally:
        await redis.aclose()


@asynccontextmanager
async def open_context(settings: Settings) -> AsyncIterator[Context]:
    """Open everything a use-case may touch; close it in reverse order."""
    async with (
        open_database(settings.resolved_database_url, pool=settings.database_pool),
        open_redis(settings.redis_url) as redis,
        open_wechat(settings, redis) as wechat,
    ):
        zone = settings.zone
        ctx = Context(settings, redis, wechat, now=lambda: datetime.now(zone))
        from handlers import knowledge  # Knows `Context`, so it can't be known at the top.

        async with knowledge.kept_fresh(ctx):
            yield ctx
