"""Promise 3 with real processes, sockets and Redis: 50 callers in 4 processes cause one fetch."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from tests.handlers.gateways.platform import Platform

PROCESSES = 4
CALLERS = 50


class Crowd:
    """Several processes full of callers."""

    def __init__(self, processes: list[Process]) -> None:
        self.processes = processes

    async def call(self, *, skip: float = 0.0) -> list[dict[str, Any]]:
        """Let all callers of all processes call once, at the same moment."""
        command = json.dumps({"callers": CALLERS, "skip": skip}).encode() + b"\n"
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(command)
        return list(await asyncio.gather(*(self._answer(process) for process in self.processes)))

    @staticmethod
    async def _answer(process: Process) -> dict[str, Any]:
        assert process.stdout is not None
        answer: dict[str, Any] = json.loads(await process.stdout.readline())
        return answer


@pytest.fixture
async def crowd(server: TestServer, redis_server: str) -> AsyncIterator[Crowd]:
    """Four processes that share a Redis and nothing else."""
    async with Redis.from_url(redis_server) as redis:
        await redis.flushall()
    program = (sys.executable, "-m", "tests.handlers.gateways.token_caller")
    base = str(server.make_url("/"))
    processes = [
        await asyncio.create_subprocess_exec(*program, base, redis_server, stdin=PIPE, stdout=PIPE)
        for _ in range(PROCESSES)
    ]
    yield Crowd(processes)
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


ALL_WELL = [{"failures": {}, "unexpected": []}] * PROCESSES


@pytest.mark.timeout(60)
async def test_cold_start_expiry_and_revocation_cost_one_fetch_each(platform: Platform, crowd: Crowd) -> None:
    platform.delay = 0.2  # So long that everybody would have time to ask.
    fetches: dict[str, int] = {}
    calls: dict[str, int] = {}

    async def column(name: str, *, skip: float = 0.0) -> None:
        before, called = len(platform.fetches), len(platform.calls)
        assert await crowd.call(skip=skip) == ALL_WELL
        fetches[name] = len(platform.fetches) - before
        calls[name] = len(platform.calls) - called

    await column("cold start")
    await column("warm")
    platform.revoke()  # The new token of the next fetch differs, as after a real end of life.
    await column("at expiry", skip=7200)
    platform.revoke()
    await column("after a revocation elsewhere")
    platform.revoke()
    await column("after another one")

    assert fetches == {
        "cold start": 1,
        "warm": 0,
        "at expiry": 1,
        "after a revocation elsewhere": 1,
        "after another one": 1,
    }
    everybody = PROCESSES * CALLERS
    assert calls["cold start"] == calls["warm"] == calls["at expiry"] == everybody
    assert calls["after a revocation elsewhere"] <= 2 * everybody, "nobody calls more than twice"
    assert {force for _, force in platform.fetches} == {False}


@pytest.mark.timeout(60)
async def test_near_expiry_one_fetch_and_nobody_waits_for_it(platform: Platform, crowd: Crowd) -> None:
    await crowd.call()
    assert await crowd.call(skip=6950) == ALL_WELL
    assert len(platform.fetches) == 2


@pytest.mark.timeout(60)
async def test_a_dead_token_that_is_given_again_costs_one_forced_renewal(
    platform: Platform, crowd: Crowd
) -> None:
    await crowd.call()
    platform.refuse_current("oa")
    assert await crowd.call() == ALL_WELL
    assert platform.fetches == [("oa", False), ("oa", False), ("oa", True)]


@pytest.mark.timeout(60)
async def test_a_token_that_stays_dead_makes_no_loop(platform: Platform, crowd: Crowd) -> None:
    await crowd.call()
    platform.refuse_current("oa")
    await crowd.call()
    platform.refuse_current("oa")
    before, called = len(platform.fetches), len(platform.calls)
    answers = await crowd.call()
    assert [answer["failures"] for answer in answers] == [{"TokenRejected": CALLERS}] * PROCESSES
    assert len(platform.fetches) - before <= PROCESSES
    assert len(platform.calls) - called <= 2 * PROCESSES * CALLERS
    assert sum(force for _, force in platform.fetches) == 1
