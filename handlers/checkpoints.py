"""SQLite's checkpoints, beside the writers instead of within somebody's commit.

What is committed stands in the write-ahead log; a checkpoint copies it into the database and waits for the
disk, some 10 ms or more. SQLite does it in the commit that fills the log, and everyone behind waits too.
A passive one from another connection holds nobody up (https://www.sqlite.org/wal.html#ckpt).
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from urllib.parse import quote

EVERY = 2.0
"""Seconds between two checkpoints. Oftener, the pages that change all the time are copied again and again."""
LONGEST = 16_000
"""Pages (64 MB) in the log: so many are only there if writers never pause, and then they wait for once.

It is begun anew then, not emptied: it keeps its length (`journal_size_limit` in models), since to cut a file
short takes some 25 ms, and to let it grow again more.
"""

SQLITE = "sqlite://"


def file_of(database_url: str) -> Path | None:
    """An SQLite database's file; None when the database is a server's or in memory."""
    if not database_url.startswith(SQLITE) or ":memory:" in database_url:
        return None
    return Path(database_url.removeprefix(SQLITE).partition("?")[0])


@asynccontextmanager
async def kept_up(database_url: str) -> AsyncIterator[None]:
    """Checkpoint that SQLite database until the end; nothing for another kind."""
    file = file_of(database_url)
    if file is None:
        yield
        return
    over = asyncio.Event()
    keeping = asyncio.create_task(_until(over, str(file)))
    try:
        yield
    finally:
        over.set()  # Not cancelled: a thread at work would find the database closed beneath it.
        await keeping


async def _until(over: asyncio.Event, path: str) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY):
                await over.wait()
        await asyncio.to_thread(checkpoint, path)


def checkpoint(path: str) -> int:
    """Copy into the database what is committed, as far as nobody has to wait; how many pages the log has.

    A log that has become too long is begun anew, whoever waits. One that is busy is left for the next time.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True, timeout=1.0)) as connection:
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > LONGEST:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()  # So that little is left.
                connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(pages)
