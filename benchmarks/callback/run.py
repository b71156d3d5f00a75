"""How much of a bare aiohttp handler's speed is left when the handler is the product.

    python -m benchmarks.callback.run [--rounds 3] [--seconds 6] [--only protocol]

Server on one core, wrk and the databases on another, in turns within one run; compare ratios, not
figures: machines here are noisy. Beside requests a second stands the server's own CPU time per request,
which a busy neighbour disturbs less. The full path runs on a real Redis, on SQLite, and on PostgreSQL.
"""

import argparse
import asyncio
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import psutil
import yaml

from benchmarks.callback import pool
from tests import servers

SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 64
HALF_LOAD_SECONDS = 20
"""wrk's connections all ask at once at first: of a shorter run those would be the slowest hundredth."""
LOG_FILES = 40
"""So many of 16 MB are more than all rounds fill together."""
HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class Server:
    """One benchmark server in a process of its own."""

    def __init__(self, mode: str, environment: dict[str, str]) -> None:
        self.mode = mode.partition("-")[0]
        self.port = servers.free_port()
        command = ["taskset", "-c", SERVER_CORE, sys.executable, "-m", "benchmarks.callback.server"]
        self.process = subprocess.Popen(
            [*command, self.mode, str(self.port)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise SystemExit(f"{mode}: the server did not start")
        self.idle_mb = self.memory_mb()

    def memory_mb(self) -> float:
        return float(psutil.Process(self.process.pid).memory_info().rss / 2**20)

    def cpu_seconds(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def load(self, pool_file: Path, *, seconds: int, pause_ms: float = 0) -> dict[str, float]:
        """One run of the loader; `pause_ms` is each connection's mean pause between requests."""
        before = self.cpu_seconds()
        wrk = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "--timeout",
            "10s",
            "-s",
            str(HERE / "load.lua"),
        ]
        done = subprocess.run(
            ["taskset", "-c", LOAD_CORE, *wrk, f"http://127.0.0.1:{self.port}/"],
            env={**os.environ, "POOL": str(pool_file), "PAUSE_MS": str(pause_ms)},
            capture_output=True,
            text=True,
            check=True,
        )
        line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
        result: dict[str, float] = json.loads(line[7:])
        result["rate"] = result["requests"] / result["us"] * 1e6
        result["cpu_us"] = (self.cpu_seconds() - before) / result["requests"] * 1e6
        return result

    def check(self, pool_file: Path, count: int = 30) -> None:
        """Replies must be genuine; a forged signature must be refused."""
        lines = pool_file.read_text(encoding="utf-8").splitlines()
        for line in random.Random(3).sample(lines, count):
            query, sealed, sender = line.split("\t")
            status, body = self.post(query, sealed)
            assert status == 200, (self.mode, status)
            assert pool.check(body, sender)
        assert self.post(query[:-40] + "0" * 40, sealed)[0] == 403

    def post(self, query: str, sealed: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        body = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        connection.request("POST", f"/wechat/callback?{query}", body, {"Content-Type": "text/xml"})
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, data

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


def environment(stack: ExitStack, mode: str) -> dict[str, str]:
    if not mode.startswith("full"):
        return {}
    settings = {
        "ZBT_REDIS_URL": stack.enter_context(servers.redis()),
        "ZBT_FOLLOWER_MESSAGES_PER_MINUTE": "100000",
        "ZBT_LOG_LEVEL": "WARNING",
    }
    if mode == "full-postgresql":
        server = stack.enter_context(servers.postgresql())
        asyncio.run(wear_in(server))
        settings["ZBT_DATABASE_URL"] = servers.postgresql_url(server, servers.create_database(server))
    else:
        settings["ZBT_DATA_DIR"] = stack.enter_context(tempfile.TemporaryDirectory())
    subprocess.run([sys.executable, "main.py", "migrate"], cwd=ROOT, check=True, env=demo(settings))
    subprocess.run([sys.executable, "main.py", "seed", "--demo"], cwd=ROOT, check=True, env=demo(settings))
    return settings


async def wear_in(server: str) -> None:
    """Leave a PostgreSQL server with the log files of one that has run for a while.

    A new one makes each of its files when it is first needed: who commits waits for 16 MB of zeros.
    """
    connection = await asyncpg.connect(user="postgres", host=server, database="postgres")
    try:
        await connection.execute(f"ALTER SYSTEM SET min_wal_size = '{16 * LOG_FILES}MB'")
        await connection.execute("SELECT pg_reload_conf()")
        for _ in range(LOG_FILES):
            await connection.execute("SELECT pg_logical_emit_message(false, '', '')")
            await connection.execute("SELECT pg_switch_wal()")
        await connection.execute("CHECKPOINT")  # Those it doesn't need any more are kept to be used again.
    finally:
        await connection.close()


def demo(settings: dict[str, str]) -> dict[str, str]:
    lines = (ROOT / ".env.demo").read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {**os.environ, **values, **settings}


OPENERS = ("", "请问", "想问一下", "我想知道", "老师好，", "问下", "麻烦问一下，", "书记让我问")
ENDERS = ("", "？", "呢", "啊", "，谢谢", "，急", "。", "？？")


def questions() -> list[str]:
    """Real-looking questions, each in so many wordings that the loader hardly ever repeats one."""
    path = ROOT / "benchmarks/answers/questions.yaml"
    asked = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["questions"]
    texts = [question["text"] for question in asked if "]" not in question["text"]]
    return [f"{opener}{text}{ender}" for text in texts for opener in OPENERS for ender in ENDERS]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    if not shutil.which("wrk") or not shutil.which("taskset"):
        raise SystemExit("wrk and taskset are needed: apt-get install wrk util-linux")
    wanted = ["bare", "protocol", "full-sqlite", "full-postgresql"]
    if options.only:
        wanted = ["bare", *[mode for mode in wanted if options.only in mode and mode != "bare"]]
    # What is started from here on stands beside the loader: the server alone has a core to itself.
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running = {mode: Server(mode, environment(stack, mode)) for mode in wanted}
        try:
            measure(running, options.rounds, options.seconds, directory)
        finally:
            for server in running.values():
                server.stop()


def measure(running: dict[str, Server], rounds: int, seconds: int, directory: Path) -> None:
    """Rounds in turns, then one at half load; prints the table."""
    texts = questions()
    results: dict[str, list[dict[str, float]]] = {mode: [] for mode in running}
    for number in range(rounds + 1):  # Round 0 warms up.
        for mode, server in running.items():
            pool_file = fresh_pool(directory, mode, number, texts, seconds)
            if number == 0 and mode != "bare":
                server.check(pool_file)
            result = server.load(pool_file, seconds=seconds if number else 2)
            if number:
                results[mode].append(result)
    print(
        "| mode | req/s | of bare | CPU us/req | of bare by CPU | p99 ms | p99 ms, half load | errors |",
        end="",
    )
    print(" MB idle | MB loaded |\n|---|---|---|---|---|---|---|---|---|---|")
    bare = {name: median(results["bare"], name) for name in ("rate", "cpu_us")}
    for mode, server in running.items():
        rate, cpu, p99 = (median(results[mode], name) for name in ("rate", "cpu_us", "p99"))
        pool_file = fresh_pool(directory, mode, rounds + 1, texts, HALF_LOAD_SECONDS)
        half = server.load(pool_file, seconds=HALF_LOAD_SECONDS, pause_ms=CONNECTIONS / (rate / 2) * 1000)
        errors = sum(result["errors"] for result in [*results[mode], half])
        print(
            f"| {mode} | {rate:.0f} | {rate / bare['rate']:.2f} | {cpu:.0f} | {bare['cpu_us'] / cpu:.2f}"
            f" | {p99 / 1000:.1f} | {half['p99'] / 1000:.1f} | {errors:.0f}"
            f" | {server.idle_mb:.0f} | {server.memory_mb():.0f} |",
            flush=True,
        )


def fresh_pool(directory: Path, mode: str, number: int, texts: list[str], seconds: int) -> Path:
    """Messages of their own for each run of the full path: a repeat would be answered from the ledger."""
    count = seconds * 9000 if mode.startswith("full") else 4096
    path = directory / f"{mode}-{number}.tsv"
    pool.write(path, texts, count=count, seed=100 + number)
    return path


def median(results: list[dict[str, float]], name: str) -> float:
    """The middle figure of the rounds."""
    return statistics.median(result[name] for result in results)


if __name__ == "__main__":
    main()
