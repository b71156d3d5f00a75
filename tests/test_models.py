"""The conditional claim behind promise 4, without any transaction around it; how statements are run."""

import asyncio
import shutil
import sqlite3
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers.context import Context, open_database
from models import Account, Question, Site, Slot
from models.postgresql import Lane
from models.sqlite import in_one_piece
from models.statements import ASKED, IDENTITY_AND_ASKED
from tests import servers

ADD = "INSERT INTO accounts (app, openid, follows, created_at) VALUES ('oa', ?, true, '2026-11-28')"


async def test_the_last_places_of_a_slot_go_to_whom_the_database_says(ctx: Context) -> None:
    site = await Site.create(
        id="S01",
        name="示范点",
        category="RURAL",
        town="太河镇",
        longitude=118.1,
        latitude=36.5,
        capacity=10,
        opening={},
    )
    slot = await Slot.create(
        site=site, starts_at=ctx.now(), ends_at=ctx.now() + timedelta(hours=2), capacity=10
    )
    won = await asyncio.gather(*(slot.claim(3) for _ in range(10)))
    assert sum(won) == 3
    await slot.refresh_from_db()
    assert slot.taken == 9


async def test_a_transaction_cut_off_halfway_does_not_reach_the_next_user_of_its_connection(
    postgresql_server: str, postgresql_database: str
) -> None:
    url = servers.postgresql_url(postgresql_server, postgresql_database)
    async with open_database(url, pool=1):
        client = Site._meta.db
        async with client.acquire_connection() as connection:
            await connection.execute("BEGIN")
            await connection.execute("CREATE TABLE half_done (id int)")
        assert await Site.all().count() == 0
        found = await client.execute_query_dict("SELECT to_regclass('half_done') AS it")
        assert found == [{"it": None}]


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A SQLite database with the schema."""
    shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.sqlite3")
    return f"sqlite://{tmp_path / 'test.sqlite3'}"


def add(connection: sqlite3.Connection, *openids: str) -> int:
    for openid in openids:
        connection.execute(ADD, [openid])
    return len(openids)


async def test_a_piece_of_work_on_sqlite_is_done_to_the_end_or_not_at_all(sqlite_url: str) -> None:
    async with open_database(sqlite_url):
        client = Account._meta.db
        assert await in_one_piece(client, lambda connection: add(connection, "a", "b")) == 2
        with pytest.raises(IntegrityError):
            await in_one_piece(client, lambda connection: add(connection, "c", "a"))
        assert sorted(await Account.all().values_list("openid", flat=True)) == ["a", "b"]


async def test_a_piece_of_work_whose_waiter_is_gone_is_done_all_the_same(sqlite_url: str) -> None:
    async with open_database(sqlite_url):
        assert await Account.all().count() == 0  # By now it is connected.
        piece = in_one_piece(Account._meta.db, lambda connection: add(connection, "a", "b"))
        waiting = asyncio.create_task(piece)
        await asyncio.sleep(0)  # It is handed to the thread.
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await Account.all().count() == 2


async def test_a_piece_of_work_within_a_transaction_is_undone_with_it_or_alone(sqlite_url: str) -> None:
    async with open_database(sqlite_url):
        with suppress(ZeroDivisionError):
            async with in_transaction() as client:
                await in_one_piece(client, lambda connection: add(connection, "a"))
                raise ZeroDivisionError
        async with in_transaction() as client:
            await in_one_piece(client, lambda connection: add(connection, "b"))
            with pytest.raises(IntegrityError):
                await in_one_piece(client, lambda connection: add(connection, "c", "b"))
        assert await Account.all().values_list("openid", flat=True) == ["b"]


async def test_a_lane_whose_connection_was_lost_takes_another(
    postgresql_server: str, postgresql_database: str
) -> None:
    async with open_database(servers.postgresql_url(postgresql_server, postgresql_database), pool=2):
        lane = Lane(Account._meta.db)
        ours = "SELECT pg_backend_pid() AS it"
        (first,) = await lane.execute_query_dict(ours, [])
        (again,) = await lane.execute_query_dict(ours, [])
        await Account._meta.db.execute_query_dict("SELECT pg_terminate_backend($1)", [first["it"]])
        (later,) = await lane.execute_query_dict(ours, [])
        assert again["it"] == first["it"] != later["it"]
        await lane.aclose()  # Else the pool would wait for it.


async def test_what_a_person_asked_is_found_without_reading_what_others_asked(sqlite_url: str) -> None:
    async with open_database(sqlite_url):
        for reading, values in ((ASKED, [1, "", 9]), (IDENTITY_AND_ASKED, ["oa", "x", "", 9])):
            client = Question._meta.db
            steps = await client.execute_query_dict(
                f"EXPLAIN QUERY PLAN {reading.statement('sqlite')}", values
            )
            (found,) = [step["detail"] for step in steps if step["detail"].startswith("SEARCH q ")]
            assert "(account_id=? AND asked_at>?)" in found


KEYS_WITHOUT_INDEX = """
SELECT c.conrelid::regclass::text AS "table", a.attname AS "column"
FROM pg_constraint AS c JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f'
    AND NOT EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = c.conrelid AND i.indkey[0] = a.attnum)
"""
LARGE = {
    "attendances", "callbacks", "check_ins", "claims", "complaints", "deliveries", "duties", "guests",
    "people", "payments", "questions", "ratings", "receipts", "records", "trainees", "training_records",
}  # fmt: skip
SELDOM_LOOKED_FOR = {
    ("attendances", "trainee_id"), ("claims", "approved_by_id"), ("claims", "fund_id"),
    ("claims", "reviewed_by_id"), ("claims", "submitted_by_id"), ("duties", "site_id"),
    ("payments", "fund_id"), ("records", "created_by_id"), ("records", "rehearsal_id"),
    ("trainees", "training_id"),
}  # fmt: skip


async def test_rows_of_large_tables_are_found_by_what_they_belong_to(
    postgresql_server: str, postgresql_database: str
) -> None:
    """Neither database makes an index for a foreign key by itself."""
    async with open_database(servers.postgresql_url(postgresql_server, postgresql_database)):
        rows = await Account._meta.db.execute_query_dict(KEYS_WITHOUT_INDEX)
    unindexed = {(row["table"], row["column"]) for row in rows if row["table"] in LARGE}
    assert unindexed == SELDOM_LOOKED_FOR
