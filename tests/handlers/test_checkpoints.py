"""What SQLite wrote ahead reaches the database, and no commit waits for it."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from handlers import checkpoints
from handlers.context import open_database
from models import Organization, OrganizationKind


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Path:
    """A database with our tables, in a file whose name wants quoting."""
    path = tmp_path / "支部 通.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    return path


def in_the_file(database: Path) -> int:
    """How many organizations the file itself holds, its log aside."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as reader:
        return int(reader.execute("SELECT count(*) FROM organizations").fetchone()[0])


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


MANY = """
INSERT INTO organizations (code, name, kind, scope, town, path)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50000)
SELECT 'B' || n, hex(zeroblob(40)), 'branch', '', '', '' FROM numbers
"""

ONE = "INSERT INTO organizations (code, name, kind, scope, town, path) VALUES (?, '', 'branch', '', '', '')"


async def write(count: int, *, since: int = 0) -> None:
    rows = [
        Organization(code=f"B{n}", name=f"支部{n}", kind=OrganizationKind.BRANCH, path=f"{n:04}")
        for n in range(since, since + count)
    ]
    await Organization.bulk_create(rows)


async def soon(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if await asyncio.to_thread(true):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("It never came true.")


async def test_what_is_committed_reaches_the_file_while_the_database_is_open(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 0.05)
    async with open_database(f"sqlite://{database}"):
        await write(3)
        await soon(lambda: in_the_file(database) == 3)
        await write(3, since=3)
        await soon(lambda: in_the_file(database) == 6)


async def test_no_commit_makes_a_checkpoint(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 60)
    async with open_database(f"sqlite://{database}"):
        await Organization._meta.db.execute_script(MANY)
        log = await asyncio.to_thread(log_of(database).stat)
        assert log.st_size > 4096 * 1000  # SQLite by itself would begin after these thousand pages.
        assert await asyncio.to_thread(in_the_file, database) == 0


def write_and_write(database: Path) -> tuple[int, int]:
    """Commit again and again; how many bytes the log would have if never begun anew, and how many it has."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=60)) as writer:
        for pragma in ("wal_autocheckpoint = 0", "synchronous = NORMAL", "journal_size_limit = -1"):
            writer.execute(f"PRAGMA {pragma}")
        writer.execute(ONE, ["B"])
        first = log_of(database).stat().st_size
        for number in range(4000):
            writer.execute(ONE, [f"B{number}"])
            time.sleep(0.0002)
        return 4000 * first // 2, log_of(database).stat().st_size


async def test_a_log_that_grew_too_long_is_begun_anew_though_writers_hardly_pause(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LONGEST", 100)
    monkeypatch.setattr(checkpoints, "EVERY", 0.02)
    async with open_database(f"sqlite://{database}"):
        written, length = await asyncio.to_thread(write_and_write, database)
    assert length < written / 3


async def test_a_log_that_is_begun_anew_is_not_cut_short(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To cut it takes longer than to write it, and whoever commits next would wait."""
    monkeypatch.setattr(checkpoints, "EVERY", 60)
    async with open_database(f"sqlite://{database}"):
        await write(500)
        before = await asyncio.to_thread(log_of(database).stat)
        await asyncio.to_thread(checkpoints.checkpoint, str(database))
        await write(1, since=500)
        after = await asyncio.to_thread(log_of(database).stat)
    assert after.st_size == before.st_size > 40_000


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert checkpoints.checkpoint(str(tmp_path / "none.sqlite3")) == 0
    assert not list(tmp_path.iterdir())
