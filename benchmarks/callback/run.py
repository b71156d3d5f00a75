"""How much of a bare aiohttp handler's speed is left when the handler is the product.

    python -m benchmarks.callback.run [--rounds 3] [--seconds 6] [--only protocol]

Server on one core, wrk on another, in turns within one run; compare ratios, not figures: machines
here are noisy. Beside requests a second stands the server's own CPU time per request, which a busy
neighbour disturbs less. The full path runs on a real Redis, on SQLite, and on PostgreSQL.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from collections.abc import Iterator

import psutil

from benchmarks.callback import pool
from tests import servers

SERVER_CORE, LOAD_CORE = "0", "1"
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

    def load(self, pool_file: Path, *, seconds: int, connections: int = 64) -> dict[str, float]:
        before = self.cpu_seconds()
        done = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
            + ["-s", str(HERE / "load.lua"), f"http://127.0.0.1:{self.port}/"],
            env={**os.environ, "POOL": str(pool_file)},
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
        body = f"<xml><ToUserName><![CDATA[{pool.ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        connection.request("POST", f"/wechat/callback?{query}", body, {"Content-Type": "text/xml"})
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, data

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@contextmanager
def environments(stack: ExitStack, wanted: list[str]) -> Iterator[dict[str, dict[str, str]]]:
    """The settings of each mode: a database and a Redis of its own for the full path."""
    yield {mode: environment(stack, mode) for mode in wanted}


def environment(stack: ExitStack, mode: str) -> dict[str, str]:
    if not mode.startswith("full"):
        return {}
    settings = {"ZBT_REDIS_URL": stack.enter_context(servers.redis()), "ZBT_FOLLOWER_MESSAGES_PER_MINUTE": "100000"}
    if mode == "full-postgresql":
        server = stack.enter_context(servers.postgresql())
        settings["ZBT_DATABASE_URL"] = servers.postgresql_url(server, servers.create_database(server))
    else:
        settings["ZBT_DATA_DIR"] = stack.enter_context(tempfile.TemporaryDirectory())
    subprocess.run([sys.executable, "main.py", "migrate"], cwd=ROOT, check=True, env=demo(settings))
    subprocess.run([sys.executable, "main.py", "seed", "--demo"], cwd=ROOT, check=True, env=demo(settings))
    return settings


def demo(settings: dict[str, str]) -> dict[str, str]:
    lines = (ROOT / ".env.demo").read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {**os.environ, **values, **settings}


def questions() -> list[str]:
    """Questions as people ask them: the askings of the shipped entries."""
    import yaml

    texts: list[str] = []
    for path in sorted((ROOT / "content/knowledge").rglob("*.yaml")):
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(entries, list):
            texts += [asking for entry in entries if isinstance(entry, dict) for asking in entry.get("askings", ())]
    return [text for text in texts if "]" not in text] or ["党费怎么交"]


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
    with ExitStack() as stack, tempfile.TemporaryDirectory() as directory, environments(stack, wanted) as envs:
        running = {mode: Server(mode, envs[mode]) for mode in wanted}
        try:
            measure(running, options.rounds, options.seconds, Path(directory))
        finally:
            for server in running.values():
                server.stop()


def measure(running: dict[str, Server], rounds: int, seconds: int, directory: Path) -> None:
    texts = questions()
    results: dict[str, list[dict[str, float]]] = {mode: [] for mode in running}
    half: dict[str, dict[str, float]] = {}
    for number in range(rounds + 1):  # Round 0 warms up.
        for mode, server in running.items():
            # Fresh messages each time: a repeat would be answered from the ledger.
            pool_file = directory / f"{mode}-{number}.tsv"
            pool.write(pool_file, texts, count=seconds * 12000 if mode.startswith("full") else 4096, seed=100 + number)
            if number == 0 and mode != "bare":
                server.check(pool_file)
            result = server.load(pool_file, seconds=seconds if number else 2)
            if number:
                results[mode].append(result)
    bare_rate = statistics.median(result["rate"] for result in results["bare"])
    bare_cpu = statistics.median(result["cpu_us"] for result in results["bare"])
    print("| mode | req/s | of bare | CPU us/req | of bare by CPU | p99 ms | errors | MB idle | MB loaded |")
    print("|---|---|---|---|---|---|---|---|---|")
    for mode, server in running.items():
        rate = statistics.median(result["rate"] for result in results[mode])
        cpu = statistics.median(result["cpu_us"] for result in results[mode])
        p99 = statistics.median(result["p99"] for result in results[mode]) / 1000
        errors = sum(result["errors"] for result in results[mode])
        print(
            f"| {mode} | {rate:.0f} | {rate / bare_rate:.2f} | {cpu:.0f} | {bare_cpu / cpu:.2f} | {p99:.1f}"
            f" | {errors:.0f} | {server.idle_mb:.0f} | {server.memory_mb():.0f} |"
        )


if __name__ == "__main__":
    main()
