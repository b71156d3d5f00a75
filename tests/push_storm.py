"""Bad days on purpose: clocks that are killed, a platform that loses answers, and a count at the end.

`run` is the whole of it, for any size: the suite runs a modest one (test_lesson_storm.py), and
`python -m benchmarks.push.storm` one of 48,000.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from handlers import lesson_articles, lessons
from handlers.context import Context, open_database, open_redis
from handlers.gateways.wechat import Article, open_wechat
from models import (
    Account,
    App,
    Channel,
    Consent,
    Delivery,
    DeliveryStatus,
    Lesson,
    LessonWeek,
    MassJob,
    Notice,
)
from settings import Settings
from tests.push_shape import BEGINS, EARLIER, Shape

ROOT = Path(__file__).parent.parent
CLOCKS = 4
CHUNK = 2000
ASKED_AT_ONCE = 32
LAST_REPORTS = 0.5
LAST_MESSAGES, LAST_LOOKS = 1.0, 300
BAD_DAY: dict[str, Any] = {
    "latency_ms": 20,
    "accept_then_timeout": [
        {"path": "/cgi-bin/message/mass/*", "probability": 0.2, "seconds": 0.2},  # They are few.
        {"path": "/cgi-bin/message/*", "probability": 0.05, "seconds": 0.2},
        {"path": "/cgi-bin/tags/members/*", "probability": 0.2, "seconds": 0.2},
        {"path": "/cgi-bin/draft/*", "probability": 0.2, "seconds": 0.2},
        {"path": "/cgi-bin/material/*", "probability": 0.2, "seconds": 0.2},
    ],
    "errors": [
        {"path": path, "probability": 0.02, "errcode": -1}
        for path in ("/cgi-bin/message/*", "/cgi-bin/draft/*", "/cgi-bin/material/*")
    ],
    "seed": 7,
}
LOST_TAG = {"path": "/cgi-bin/message/mass/sendall", "times": 1, "seconds": 20.0}
"""The message to the tag is accepted and not answered, until whoever waits for it has been killed."""


@dataclass(frozen=True, slots=True)
class Count:
    """What reached people. `pushed`: how many got so many of themselves; `lessons`: after fetching, too.

    `unlike`: by the id of a mass message, how many WeChat reported (FilterCount) and how many we wrote
    down, where these differ. `forms`: to how many people a mass message came as what (news: an article,
    text). `drafts`: how many are in the draft box after the last clearing-up, ours and those made by hand.
    """

    pushed: dict[int, int]
    lessons: dict[int, int]
    outside: int
    channels: dict[str, int]
    ledger: dict[str, int]
    calls: dict[str, dict[str, int]]
    kills: int
    seconds: float
    settled: bool
    unlike: dict[str, tuple[int, int]]
    forms: dict[str, int]
    drafts: dict[str, int]


@dataclass
class Storm:
    """The processes of a storm, and a session to speak to the platform's control door."""

    settings: Settings
    shape: Shape
    session: aiohttp.ClientSession
    ctx: Context
    clocks: list[asyncio.subprocess.Process] = field(default_factory=list)
    kills: int = 0

    async def start(self, role: str) -> asyncio.subprocess.Process:
        """A process, once it is ready."""
        environment = {
            **os.environ,
            "ZBT_DATABASE_URL": self.settings.resolved_database_url,
            "ZBT_REDIS_URL": self.settings.redis_url,
            "ZBT_WECHAT_API_BASE": self.settings.wechat_api_base,
            "ZBT_PUBLIC_URL": self.settings.public_url,
            "ZBT_LESSON_MASS_TAG": self.settings.lesson_mass_tag,
            "ZBT_LESSON_MASS_FORM": self.settings.lesson_mass_form,
            "ZBT_LESSON_NOTICE_TEMPLATE_ID": self.settings.lesson_notice_template_id,
            "ZBT_CALLBACK_MAX_AGE": "0",
            "STORM": self.shape.write(),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.push_worker", role, cwd=ROOT, env=environment,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        await process.stdout.readline()
        return process

    async def kill_one(self) -> None:
        """kill -9, at whatever it is doing, and another in its place."""
        await self.end_one()
        self.kills += 1
        self.clocks.append(await self.start("clock"))

    async def end_one(self) -> None:
        """kill -9, and none in its place."""
        victim = self.clocks.pop(0)
        victim.send_signal(signal.SIGKILL)
        await victim.wait()

    async def control(self, path: str, body: Any = None) -> Any:
        """Ask the platform's control door."""
        method = "GET" if body is None else "POST"
        address = f"{self.settings.wechat_api_base}/control/{path}"
        async with self.session.request(method, address, json=body) as response:
            assert response.status < 400, await response.text()
            return json.loads(await response.read())

    async def sent(self, openid: str) -> list[dict[str, Any]]:
        """The lessons that reached a follower, by whatever channel."""
        return [message for message in await self.control(f"sent?openid={openid}") if is_lesson(message)]

    async def is_over(self) -> bool:
        """Whether nothing is left to be sent or settled."""
        open_ = Delivery.filter(status__in=(DeliveryStatus.PLANNED, DeliveryStatus.SENDING))
        if await open_.exclude(channel=Channel.PULL).exists():
            return False
        if await open_.filter(batch="").exclude(error="unconfirmed").exists():
            return False
        return (
            await Delivery.filter(week_id=BEGINS.date()).exists()
            and not await Notice.filter(status__in=("waiting", "sending")).exists()
        )


def is_lesson(message: dict[str, Any]) -> bool:
    """Whether it leads to the lesson: by an address, a mini program's page, or 阅读原文."""
    addresses = [article.get("source_url", "") for article in message["body"].get("articles", ())]
    return any("/lessons/" in one or "pages/lesson/" in one for one in (message["content"], *addresses))


async def run(
    settings: Settings,
    shape: Shape,
    *,
    kill_every: float,
    fewest_kills: int = 4,
    longest: float,
    say: Callable[[str], None] = lambda _: None,
) -> Count:
    """A whole storm over an empty, migrated database; what it came to."""
    async with _storm(settings, shape) as storm:
        if shape.articles:
            await _draft_by_hand(storm.ctx)
        say("people are in; the storm begins")
        lost = [LOST_TAG] if shape.by_tag else []
        await storm.control(
            "faults", {**BAD_DAY, "accept_then_timeout": lost + BAD_DAY["accept_then_timeout"]}
        )
        storm.clocks.extend(await asyncio.gather(*(storm.start("clock") for _ in range(CLOCKS))))
        shape.begin()
        began = time.monotonic()
        settled = await _rage(storm, kill_every, fewest_kills, longest, say)
        took = time.monotonic() - began
        await asyncio.sleep(LAST_REPORTS)
        while len(storm.clocks) > 1:  # One sends what people ask for now; four would keep them waiting.
            await storm.end_one()
        say("the storm is over; counting")
        return await _count(storm, took, settled)


async def _rage(
    storm: Storm, kill_every: float, fewest_kills: int, longest: float, say: Callable[[str], None]
) -> bool:
    """Kill and kill again, with a token death in between, until all is settled or it takes too long."""
    began, next_kill, token_died = time.monotonic(), kill_every, False
    while (passed := time.monotonic() - began) < longest:
        await asyncio.sleep(min(kill_every, 1.0) / 2)
        if passed >= next_kill and await Delivery.filter(week_id=BEGINS.date()).exists():
            await storm.kill_one()
            next_kill = time.monotonic() - began + kill_every
            say(f"{passed:.0f} s, {storm.kills} killed: {await _ledger()}")
        if storm.kills == 1 and not token_died:
            # Another service has renewed our tokens: ours are worth nothing from now on.
            await storm.control("faults", {"token_death": ["oa", "mp"]})
            token_died = True
        if storm.kills >= fewest_kills and await storm.is_over():
            return True
    left = Delivery.filter(week_id=BEGINS.date(), status=DeliveryStatus.SENDING)
    for row in await left.distinct().values("batch", "attempts", "batched_at", "claimed_until", "error"):
        say(f"left open at {storm.shape.now()}: {row}")
    return False


async def _ledger() -> dict[str, int]:
    rows = await Delivery.filter(week_id=BEGINS.date()).values_list("channel", "status", "error")
    return dict(Counter(f"{channel}/{status}/{error}".rstrip("/") for channel, status, error in rows))


async def _count(storm: Storm, took: float, settled: bool) -> Count:
    """Ask the platform about every single follower; who got nothing fetches it."""
    openids = [
        str(openid)
        for openid in await Account.filter(app=App.OFFICIAL_ACCOUNT)
        .order_by("id")
        .values_list("openid", flat=True)
    ]
    people, others = openids[: storm.shape.audience], openids[storm.shape.audience :]
    await storm.control("faults", {"latency_ms": 0, "accept_then_timeout": [], "errors": []})
    pushed = await _each(people, storm.sent)
    hungry = [openid for openid, got in zip(people, pushed, strict=True) if not got]
    await _each(hungry, lambda openid: storm.control("say", {"openid": openid, "text": "本周课程"}))
    for _ in range(LAST_LOOKS):  # A late answer comes by a message; what was put by must not come as well.
        await asyncio.sleep(LAST_MESSAGES)
        if not await _promised():
            break
    lessons = await _each(people, storm.sent)
    outside = sum(map(len, await _each(others, storm.sent)))
    channels = Counter(message["channel"] for got in lessons for message in got)
    forms = Counter(message["type"] for got in lessons for message in got if message["channel"] == "mass")
    drafts = await _drafts_left(storm.ctx) if storm.shape.articles else {}
    calls = {path: counts for path, counts in (await storm.control("calls")).items() if _is_told(path)}
    return Count(
        dict(Counter(map(len, pushed))), dict(Counter(map(len, lessons))), outside, dict(channels),
        await _ledger(), calls, storm.kills, took, settled, await _unlike(), dict(forms), drafts,
    )  # fmt: skip


def _is_told(path: str) -> bool:
    """Whether a count tells the calls of that path: messages, and what articles need."""
    return any(part in path for part in ("/message/", "/draft/", "/material/"))


async def _promised() -> bool:
    """Whether some message is still to go out."""
    return await Notice.filter(status__in=("waiting", "sending")).exists()


async def _each(openids: Sequence[str], ask: Callable[[str], Awaitable[Any]]) -> list[Any]:
    """What is answered to each, so many at a time, in their order."""
    places = asyncio.Semaphore(ASKED_AT_ONCE)

    async def one(openid: str) -> Any:
        async with places:
            return await ask(openid)

    return await asyncio.gather(*map(one, openids))


async def _unlike() -> dict[str, tuple[int, int]]:
    """The mass messages of which WeChat's report says something else than our ledger."""
    found = {}
    for job in await MassJob.all():
        ours = await Delivery.filter(message_id=job.message_id, status=DeliveryStatus.SENT).count()
        if ours != job.filtered:
            found[job.message_id] = (job.filtered, ours)
    return found


BY_HAND = "https://example.org/notice"
"""What a draft leads to that staff made by hand."""


async def _draft_by_hand(ctx: Context) -> None:
    """Staff have a draft of their own in the box."""
    cover = await ctx.wechat.upload_picture("cover.png", lesson_articles.BUILT_IN.read_bytes())
    await ctx.wechat.add_draft(Article("通知", "", "<p>正文</p>", BY_HAND, cover))


async def _drafts_left(ctx: Context) -> dict[str, int]:
    """What the next morning leaves in the draft box."""
    await lesson_articles.clear_up(ctx)
    addresses = [address async for _, address in ctx.wechat.drafts()]
    return dict(Counter("by hand" if address == BY_HAND else "ours" for address in addresses))


@asynccontextmanager
async def _storm(settings: Settings, shape: Shape) -> AsyncIterator[Storm]:
    """The platform and the door are up, and the people are in our books."""
    async with (
        open_database(settings.resolved_database_url),
        open_redis(settings.redis_url) as redis,
        open_wechat(settings, redis, now=shape.now) as wechat,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=ASKED_AT_ONCE)) as session,
    ):
        await redis.flushall()
        await lessons.seed(Context(settings, redis, wechat, lambda: BEGINS))
        await _people(settings, shape)
        storm = Storm(settings, shape, session, Context(settings, redis, wechat, shape.now))
        servers = [await storm.start("platform"), await storm.start("door")]
        try:
            yield storm
        finally:
            for process in (*storm.clocks, *servers):
                process.kill()
                await process.wait()


async def _people(settings: Settings, shape: Shape) -> None:
    """The same people in our books, with what we know of them."""
    for start in range(0, shape.followers, CHUNK):
        places = range(start, min(start + CHUNK, shape.followers))
        await Account.bulk_create(
            Account(
                app=app,
                openid=f"{app_letter}Numbered-{place + 1:018d}",
                unionid=f"uNumbered-{place + 1:018d}",
                follows=app is App.OFFICIAL_ACCOUNT,
                lesson_choice=True if shape.kind(place) != "outside" else None,
                last_contact_at=BEGINS - timedelta(hours=1) if shape.kind(place) == "full_spoke" else None,
            )
            for place in places
            for app, app_letter in ((App.OFFICIAL_ACCOUNT, "o"), (App.MINI_PROGRAM, "m"))
            if app is App.OFFICIAL_ACCOUNT or shape.kind(place) == "mini"
        )
    await _consents(settings, shape)
    await _month_so_far(shape)


async def _consents(settings: Settings, shape: Shape) -> None:
    template_ids = {"mini": settings.lesson_template_id, "notice": settings.lesson_notice_template_id}
    for kind, app in (("mini", App.MINI_PROGRAM), ("notice", App.OFFICIAL_ACCOUNT)):
        ids = await _ids(shape, kind, app)
        await Consent.bulk_create(
            (Consent(account_id=id_, template_id=template_ids[kind], remaining=1) for id_ in ids),
            batch_size=CHUNK,
        )


async def _month_so_far(shape: Shape) -> None:
    """Who is full has had four lessons by mass message."""
    lesson = await Lesson.all().order_by("-code").first()
    assert lesson is not None
    ids = [*await _ids(shape, "full"), *await _ids(shape, "full_spoke")]
    for friday in map(date.fromisoformat, EARLIER):
        at = datetime.combine(friday, BEGINS.timetz())
        await LessonWeek.create(friday=friday, lesson=lesson, sends_at=at, planned_at=at)
        await Delivery.bulk_create(
            (
                Delivery(
                    week_id=friday, account_id=id_, recipient=f"a{id_}", channel=Channel.MASS,
                    status=DeliveryStatus.SENT, sent_at=at, message_id=f"earlier-{friday}",
                )
                for id_ in ids
            ),
            batch_size=CHUNK,
        )  # fmt: skip


async def _ids(shape: Shape, kind: str, app: App = App.OFFICIAL_ACCOUNT) -> list[int]:
    """Our ids of the people of a kind."""
    rows = await Account.filter(app=app).values_list("id", "openid")
    return [int(str(id_)) for id_, openid in rows if shape.kind(int(str(openid)[-18:]) - 1) == kind]
