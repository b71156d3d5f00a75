"""Many rehearsals at once on one process: `python -m benchmarks.rehearsals.run [--rehearsals 100]`.

Every phone keeps a line open that brings it the state whenever there is something new. Each rehearsal has
an act every `--every` seconds. Measured: how long after an act its phones have read what became of it.
PostgreSQL and Redis are real ones; server and phones share this machine's cores.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aiohttp import web

from handlers import rehearsals, schema
from handlers.context import Caller, Context, open_database, open_redis
from handlers.rehearsal_play import Kind, Wish
from miniprogram_api import app as api
from miniprogram_api import tokens
from models import Account, App, Duty, Organization, OrganizationKind, Person, Role
from settings import Settings
from tests import servers
from tests.fakes import FakeWeChat

READ_WITHIN = 2.0
"""Seconds within which 99 of 100 phones are to have read an act's outcome."""


async def people(ctx: Context, branch: Organization, phones: int) -> list[tuple[Person, str]]:
    """A branch's members, each with a token; the first works for it."""
    made = []
    for _ in range(phones):
        person = await Person.create(name="演示", organization=branch)
        account = await Account.create(app=App.MINI_PROGRAM, openid=f"m{person.id}", person=person)
        made.append((person, tokens.issue(ctx.settings, account.id, ctx.now())[0]))
    await Duty.create(person=made[0][0], role=Role.BRANCH_WORKER, organization=branch)
    return made


async def prepare(ctx: Context, many: int, phones: int) -> list[dict[str, Any]]:
    """That many rehearsals, begun, every seat taken."""
    ready = []
    for number in range(many):
        kind = OrganizationKind.BRANCH
        branch = await Organization.create(
            code=f"B{number}", name=f"B{number}", kind=kind, path=f"{number:04d}"
        )
        sitters = await people(ctx, branch, phones)
        host = ctx.on_behalf_of(Caller(person=sitters[0][0]))
        made = (await rehearsals.open_rehearsal(host, case="C2")).rehearsal.id
        code = await rehearsals.join_code(host, rehearsal_id=made)
        for person, _ in sitters[1:]:
            await rehearsals.join(ctx.on_behalf_of(Caller(person=person)), code=code)
        await rehearsals.act(host, rehearsal_id=made, wish=Wish(Kind.START))
        ready.append({"id": made, "tokens": [token for _, token in sitters]})
    return ready


async def serve(url: str, redis_url: str, many: int, phones: int) -> None:
    """The API on a port of its own; says on standard output where, and who sits at what."""
    settings = Settings(_env_file=".env.demo", database_url=url, redis_url=redis_url)
    await schema.migrate(settings, progress=lambda _: None)
    async with open_database(url), open_redis(redis_url) as redis:
        ctx = Context(settings, redis, FakeWeChat(), now=lambda: datetime.now(settings.zone))
        ready = await prepare(ctx, many, phones)
        app = web.Application()
        api.setup(app, ctx)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        print(json.dumps({"port": runner.addresses[0][1], "ready": ready}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"memory": used.ru_maxrss / 1024, "cpu": used.ru_utime + used.ru_stime}), flush=True)
        await runner.cleanup()


class Phones:
    """All phones of all rehearsals."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self.session, self.base = session, base
        self.acted: dict[tuple[int, int], float] = {}
        self.waits: list[float] = []
        self.open = self.reads = self.failed = 0

    async def listen(self, number: int, token: str) -> None:
        """Keep the line, and read every state that it brings."""
        path, head = f"{self.base}/rehearsals/{number}/news", {"Authorization": f"Bearer {token}"}
        async with self.session.get(path, headers=head, timeout=aiohttp.ClientTimeout()) as line:
            self.open += 1
            async for part in line.content:
                if part.startswith(b"data:"):
                    self.read(number, json.loads(part[5:])["version"])

    def read(self, number: int, version: int) -> None:
        """One phone knows one state."""
        self.reads += 1
        if acted := self.acted.get((number, version)):
            self.waits.append(time.perf_counter() - acted)

    async def act(self, number: int, token: str, every: float, until: float) -> None:
        """The host turns pages; after the last one, pauses and goes on."""
        head, path = {"Authorization": f"Bearer {token}"}, f"{self.base}/rehearsals/{number}/acts"
        step, paused = 1, False
        await asyncio.sleep(every * (number % 100) / 100)
        while time.perf_counter() < until:
            wish: dict[str, Any] = {"kind": "confirm", "step": step}
            if step > 18:
                wish, paused = {"kind": "resume" if paused else "pause"}, not paused
            begun = time.perf_counter()
            async with self.session.post(path, json=wish, headers=head) as answer:
                body = await answer.json()
            if answer.status == 200:
                self.acted[number, body["version"]] = begun
                step += 1
            else:
                self.failed += 1
            await asyncio.sleep(max(0.0, every - (time.perf_counter() - begun)))


async def play(said: dict[str, Any], every: float, seconds: float) -> Phones:
    """Open all lines, act for a while, wait for the last reads."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        phones = Phones(session, f"http://127.0.0.1:{said['port']}/api/v1")
        lines = []
        for one in said["ready"]:
            lines += [asyncio.create_task(phones.listen(one["id"], token)) for token in one["tokens"]]
            await asyncio.sleep(0.02)
        while phones.open < len(lines):  # noqa: ASYNC110 (a count, not an event)
            await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        phones.waits.clear()
        phones.reads = 0
        until = time.perf_counter() + seconds
        hosts = [phones.act(one["id"], one["tokens"][0], every, until) for one in said["ready"]]
        await asyncio.gather(*hosts)
        await asyncio.sleep(3)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        return phones


async def measure(options: argparse.Namespace, url: str, redis_url: str) -> bool:
    """Run the server beside the phones, and print the figures."""
    shape = ["--rehearsals", str(options.rehearsals), "--phones", str(options.phones)]
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.rehearsals.run", "--serve", url, redis_url, *shape,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**24,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    said = json.loads(await server.stdout.readline())
    phones = await play(said, options.every, options.seconds)
    server.stdin.write(b"\n")
    used = json.loads(await server.stdout.readline())
    await server.wait()
    waits = sorted(phones.waits)
    told, due = len(waits), len(phones.acted) * options.phones
    p50, p99 = (waits[int(told * share)] if told else float("inf") for share in (0.5, 0.99))
    print(f"{options.rehearsals} rehearsals x {options.phones} phones, one act per {options.every:g} s each")
    print(f"acts {len(phones.acted)}, failed {phones.failed}, reads {phones.reads / options.seconds:.0f}/s")
    print(f"an act's own version was read {told} times of {due}; after {p50:.3f} s (p50), {p99:.3f} s (p99)")
    print(f"server: {used['memory']:.0f} MB at most, {used['cpu']:.1f} s of processor with preparation")
    good = not phones.failed and p99 <= READ_WITHIN
    print("good" if good else f"NOT GOOD: p99 is to be at most {READ_WITHIN} s without a failure")
    return good


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rehearsals", type=int, default=100)
    parser.add_argument("--phones", type=int, default=30)
    parser.add_argument("--every", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--serve", nargs=2, default=None)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if options.serve:
            runner.run(serve(*options.serve, options.rehearsals, options.phones))
            return 0
        with servers.postgresql() as place, servers.redis() as redis_url:
            url = servers.postgresql_url(place, servers.create_database(place))
            return 0 if runner.run(measure(options, url, redis_url)) else 1


if __name__ == "__main__":
    assert Path("settings.py").exists(), "run it from the top of the repository"
    sys.exit(main())
