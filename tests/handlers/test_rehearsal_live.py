"""Who watches a rehearsal is told when it moves on: by this process, by another one, without Redis."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from handlers import rehearsal_live, rehearsals
from handlers.context import Context
from handlers.errors import NotFound
from handlers.rehearsal_live import CHANNEL, MOST_OF_A_SEAT, Live
from handlers.rehearsal_play import Kind
from handlers.rehearsals import Sitting
from tests.handlers.test_rehearsals import act, opened
from tests.handlers.town import Town, build


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


async def following(world: Town, number: int, *, within: float = 30) -> AsyncGenerator[Sitting | None]:
    return await rehearsals.watch(world.at(world.worker), rehearsal_id=number, within=within)


async def soon(watched: AsyncGenerator[Any]) -> int | None:
    """The version that comes next."""
    async with asyncio.timeout(10):
        told = await anext(watched)
        return told.rehearsal.version if isinstance(told, Sitting) else told


async def test_a_watcher_is_told_of_each_act_and_nobody_watches_without_a_seat(world: Town) -> None:
    number, code = await opened(world)
    with pytest.raises(NotFound):
        await rehearsals.watch(world.at(world.member), rehearsal_id=number, within=1)
    async with aclosing(await following(world, number)) as versions:
        assert await soon(versions) == 1
        await rehearsals.join(world.at(world.member), code=code)
        assert await soon(versions) == 2
    assert world.ctx.live.watchers == 0


async def test_without_a_hint_the_database_is_looked_at_again(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal_live, "LOOKS_AGAIN_AFTER", 0.05)
    number, _ = await opened(world)
    async with aclosing(await following(world, number)) as versions:
        assert await soon(versions) == 1
        elsewhere = replace(world, ctx=replace(world.ctx, live=Live()))
        await act(elsewhere, world.worker, number, Kind.START)
        assert await soon(versions) == 2


async def test_a_line_ends_in_time_with_its_process_and_when_the_seat_opens_newer_ones(world: Town) -> None:
    number, _ = await opened(world)
    assert len([told async for told in await following(world, number, within=0)]) <= 1
    lines = [await following(world, number) for _ in range(MOST_OF_A_SEAT + 1)]
    for line in lines:
        assert await soon(line) == 1
    with pytest.raises(StopAsyncIteration):
        await soon(lines[0])
    waits = asyncio.create_task(soon(lines[1]))
    await asyncio.sleep(0)
    world.ctx.live.close()
    with pytest.raises(StopAsyncIteration):
        await waits
    for line in lines:
        await line.aclose()
    assert world.ctx.live.watchers == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_another_process_is_hinted_by_redis_and_a_dead_redis_only_slows_it(
    world: Town, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal_live, "LOOKS_AGAIN_AFTER", 60)
    number, _ = await opened(world)
    async with Redis.from_url(redis_server) as redis:
        here: dict[str, Any] = {"rehearsal_id": number, "seat": 1, "seen": 1, "within": 30}
        async with aclosing(world.ctx.live.follow(redis, **here)) as versions:
            told = asyncio.create_task(soon(versions))
            while not await redis.pubsub_numpat():  # noqa: ASYNC110 (Redis tells nobody)
                await asyncio.sleep(0.01)
            await redis.publish(f"{CHANNEL}x", "")
            elsewhere = replace(world, ctx=replace(world.ctx, live=Live(), redis=redis))
            await act(elsewhere, world.worker, number, Kind.START)
            assert await told == 2
    async with Redis(port=1) as dead:
        broken = replace(world, ctx=replace(world.ctx, redis=dead))
        sitting = await act(broken, world.worker, number, Kind.PAUSE)
        assert sitting.rehearsal.version == 3
