"""Backing the database up while it is in use, and restoring it into one that isn't."""

import asyncio
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from handlers import checkpoints
from settings import Settings

if TYPE_CHECKING:
    import asyncpg

SQLITE_MAGIC = b"SQLite format 3\x00"
POSTGRESQL_MAGIC = b"PGDMP"
A_TABLE_OF_OURS = "audit_entries"
OLD_SCHEMA = "before_restore_"
"""PostgreSQL: what a restored database held before stays in a schema of this name and a number."""


class BackupFailed(Exception):
    """The copy couldn't be made or put back; the message says in Chinese why and what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a PostgreSQL database is, in the variables that its own programs read."""

    host: str
    port: str
    user: str
    password: str
    database: str

    @property
    def environment(self) -> dict[str, str]:
        """For a program's environment: a password on the command line could be read by others."""
        variables = {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }
        return {name: value for name, value in variables.items() if value} | {"LC_ALL": "C"}

    async def connect(self) -> "asyncpg.Connection":
        """A connection of our own, beside the service's pool."""
        import asyncpg  # Only here: with SQLite it would be memory for nothing.

        try:
            return await asyncpg.connect(
                host=self.host or None,
                port=int(self.port or 5432),
                user=self.user or None,
                password=self.password or None,
                database=self.database,
            )
        except (OSError, asyncpg.PostgresError) as error:
            raise BackupFailed(f"连不上数据库（{error}）：请核对 ZBT_DATABASE_URL") from error


async def backup(settings: Settings, file: Path, *, programs: Path | None = None) -> int:
    """Write a checked copy of the database to `file`, which must not exist; its size in bytes.

    The service may go on working: the copy is the database at one moment. `programs` is the
    directory of PostgreSQL's own programs; without it they are looked for on the path.

    Raises:
        BackupFailed: the file exists or can't be written, there is no database, or pg_dump doesn't fit.
    """
    partial = await asyncio.to_thread(_place_for, file)
    try:
        if (database := sqlite_file(settings)) is not None:
            await asyncio.to_thread(_backup_sqlite, database, partial)
        else:
            await _backup_postgresql(_server(settings), partial, programs)
        return await asyncio.to_thread(_finish, partial, file)
    finally:
        partial.unlink(missing_ok=True)


async def restore(settings: Settings, file: Path, *, programs: Path | None = None) -> str:
    """Put a backup in the database's place; where what was there before is kept, empty if nothing was.

    A backup made by an older version is brought up to date by `migrate` afterwards.

    Raises:
        BackupFailed: the file is no good backup of this kind of database, or the database is in use.
    """
    start = await asyncio.to_thread(_start_of, file)
    if (database := sqlite_file(settings)) is not None:
        return await asyncio.to_thread(_restore_sqlite, file, database)
    if not start.startswith(POSTGRESQL_MAGIC):
        raise BackupFailed(f"{file} 不是本系统的 PostgreSQL 备份：请核对文件和 ZBT_DATABASE_URL")
    return await _restore_postgresql(_server(settings), file, programs)


def sqlite_file(settings: Settings) -> Path | None:
    """The embedded database's file; None when the database is a server's."""
    return checkpoints.file_of(settings.resolved_database_url)


def _place_for(file: Path) -> Path:
    """Where the copy is made until it is whole."""
    if file.exists():
        raise BackupFailed(f"{file} 已经存在：请换一个文件名，备份不会覆盖旧文件")
    if not file.parent.is_dir():
        raise BackupFailed(f"目录 {file.parent} 不存在：请先建好")
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    return partial


def _finish(partial: Path, file: Path) -> int:
    partial.chmod(0o600)
    _flush(partial)
    partial.replace(file)
    return file.stat().st_size


def _start_of(file: Path) -> bytes:
    if not file.is_file():
        raise BackupFailed(f"找不到备份文件 {file}：请核对路径")
    with file.open("rb") as stream:
        return stream.read(len(SQLITE_MAGIC))


def _backup_sqlite(database: Path, partial: Path) -> None:
    if not database.is_file():
        raise BackupFailed(f"还没有数据库 {database}：没有可备份的内容")
    try:
        with closing(sqlite3.connect(database)) as source:
            # One read transaction: writers go on meanwhile, and what was deleted isn't copied along.
            source.execute("VACUUM INTO ?", [str(partial)])
    except sqlite3.Error as error:
        raise BackupFailed(f"备份没有写成（{error}）：请检查磁盘空间和目录权限") from error
    _check_sqlite(partial)


def _check_sqlite(file: Path) -> None:
    if _start_of(file) != SQLITE_MAGIC:
        raise BackupFailed(f"{file} 不是本系统的 SQLite 备份：请核对文件和 ZBT_DATABASE_URL")
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            whole = copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            tied = not copy.execute("PRAGMA foreign_key_check").fetchall()
            ours = copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [A_TABLE_OF_OURS]).fetchone()
    except sqlite3.Error:
        whole, tied, ours = False, False, None
    if not (whole and tied and ours):
        raise BackupFailed(f"{file} 没有通过完整性检查：请换一份备份")


def _restore_sqlite(file: Path, database: Path) -> str:
    _check_sqlite(file)
    database.parent.mkdir(parents=True, exist_ok=True)
    incoming = database.with_name(database.name + ".incoming")
    try:
        shutil.copyfile(file, incoming)
        incoming.chmod(0o600)
        _flush(incoming)
        if not database.exists():
            incoming.replace(database)
            return ""
        with _alone(database):
            aside = _free_name(database)
            database.replace(aside)
            incoming.replace(database)
            return str(aside)
    finally:
        incoming.unlink(missing_ok=True)


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Hold the database as its only user.

    Leaving WAL needs that nobody else has the file open, however idle, and folds the log into the
    file, so that the file alone is the whole database.
    """
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise BackupFailed(f"数据库 {database} 正在使用：请先停止服务再恢复") from None
        except sqlite3.DatabaseError:
            pass  # It is broken, which is why somebody restores; it is kept aside as it is.
        yield


def _free_name(database: Path) -> Path:
    number = 1
    while (aside := database.with_name(f"{database.name}.before-restore-{number}")).exists():
        number += 1
    return aside


def _flush(file: Path) -> None:
    """Onto the disk, not only into its cache: a backup is for the day the power fails."""
    with file.open("rb+") as stream:
        os.fsync(stream.fileno())


def _server(settings: Settings) -> Server:
    url = urlsplit(settings.resolved_database_url)
    host = url.hostname or parse_qs(url.query).get("host", [""])[0]
    return Server(
        host=host,
        port=str(url.port or ""),
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        database=unquote(url.path.lstrip("/")),
    )


async def _backup_postgresql(server: Server, partial: Path, programs: Path | None) -> None:
    dump = await _program("pg_dump", server, programs)
    await _run(
        dump, "--format=custom", "--no-owner", "--no-privileges", f"--exclude-schema={OLD_SCHEMA}*",
        f"--file={partial}", server=server,
    )  # fmt: skip
    reader = await _program("pg_restore", server, programs)
    if A_TABLE_OF_OURS not in await _run(reader, "--list", str(partial), server=server):
        raise BackupFailed("数据库里没有本系统的表：请核对 ZBT_DATABASE_URL")


async def _restore_postgresql(server: Server, file: Path, programs: Path | None) -> str:
    program = await _program("pg_restore", server, programs)
    if A_TABLE_OF_OURS not in await _run(program, "--list", str(file), server=server):
        raise BackupFailed(f"{file} 里没有本系统的表：请换一份备份")
    connection = await server.connect()
    try:
        await _refuse_if_in_use(connection)
        aside = await _set_aside(connection)
        try:
            await _run(
                program, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
                f"--dbname={server.database}", str(file), server=server,
            )  # fmt: skip
        except BackupFailed:
            await _bring_back(connection, aside)
            raise
    finally:
        await connection.close()
    return aside


async def _refuse_if_in_use(connection: "asyncpg.Connection") -> None:
    others = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    if others:
        raise BackupFailed(f"数据库正在使用（{others} 个连接）：请先停止服务再恢复")


async def _set_aside(connection: "asyncpg.Connection") -> str:
    """Rename what is there, and make room; the name it has now."""
    number = 1
    while await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", f"{OLD_SCHEMA}{number}"):
        number += 1
    async with connection.transaction():
        await connection.execute(f"ALTER SCHEMA public RENAME TO {OLD_SCHEMA}{number}")
        await connection.execute("CREATE SCHEMA public")
    return f"{OLD_SCHEMA}{number}"


async def _bring_back(connection: "asyncpg.Connection", aside: str) -> None:
    async with connection.transaction():
        await connection.execute("DROP SCHEMA public")  # Empty: the restore was one transaction.
        await connection.execute(f"ALTER SCHEMA {aside} RENAME TO public")


async def _program(name: str, server: Server, programs: Path | None) -> str:
    """One of PostgreSQL's programs, not older than the server."""
    found = shutil.which(name, path=str(programs) if programs is not None else None)
    if found is None:
        raise BackupFailed(f"找不到 {name}：请安装 PostgreSQL 客户端，或用参数指明它所在的目录")
    version = re.search(r"\d+", await _run(found, "--version", server=server))
    client = int(version[0]) if version is not None else 0
    connection = await server.connect()
    try:
        major = connection.get_server_version().major
    finally:
        await connection.close()
    if client < major:
        raise BackupFailed(f"{name} 是 {client} 版，服务器是 {major} 版：请安装不低于 {major} 版的客户端")
    return found


async def _run(program: str, *arguments: str, server: Server) -> str:
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env=server.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate()
    if process.returncode:
        lines = complaint.decode(errors="replace").strip().splitlines() or ["没有说明"]
        raise BackupFailed(f"{Path(program).name} 没有完成：{lines[0][:300]}")
    return output.decode(errors="replace")
