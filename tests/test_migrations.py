"""The schema grows from nothing, and from the version before, on both databases."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tortoise import connections
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from handlers import schema
from handlers.context import open_database
from models import Account, Claim, Entry, Payment, tortoise_config
from settings import Settings
from tests import servers

ROOT = Path(__file__).parent.parent
BEFORE_LAST = "models.0001_initial"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path / 'empty.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = servers.create_database(server)
    yield servers.postgresql_url(server, name)
    servers.drop_database(server, name)


def settings_for(url: str) -> Settings:
    return Settings(_env_file=".env.demo", database_url=url)


async def columns(url: str) -> set[tuple[str, str]]:
    """Every column of every table of ours."""
    async with open_database(url):
        (connection,) = connections.all()
        if url.startswith("sqlite"):
            sql = (
                "SELECT m.name AS tab, p.name AS col FROM sqlite_master m, pragma_table_info(m.name) p"
                " WHERE m.type = 'table'"
            )
        else:
            sql = (
                "SELECT table_name AS tab, column_name AS col FROM information_schema.columns"
                " WHERE table_schema = 'public'"
            )
        rows = await connection.execute_query_dict(sql)
    return {
        (row["tab"], row["col"])
        for row in rows
        if "migration" not in row["tab"] and "sqlite" not in row["tab"]
    }


def test_from_nothing_the_migrations_make_what_the_models_describe(empty_url: str, database_url: str) -> None:
    applied: list[str] = []
    asyncio.run(schema.migrate(settings_for(empty_url), progress=applied.append))
    assert len(applied) >= 2
    if empty_url.split(":")[0] == database_url.split(":")[0]:
        assert asyncio.run(columns(empty_url)) == asyncio.run(columns(database_url))
    assert asyncio.run(schema.pending(settings_for(empty_url))) == []


def test_doing_it_again_changes_nothing(empty_url: str) -> None:
    applied: list[str] = []
    for _ in range(2):
        applied.clear()
        asyncio.run(schema.migrate(settings_for(empty_url), progress=applied.append))
    assert applied == []


def test_from_the_version_before_rows_are_kept(empty_url: str) -> None:
    asyncio.run(to_the_version_before(empty_url))
    assert asyncio.run(schema.pending(settings_for(empty_url))) != []
    asyncio.run(schema.migrate(settings_for(empty_url), progress=lambda _: None))
    asyncio.run(rows_are_kept(empty_url))


async def to_the_version_before(url: str) -> None:
    async with open_database(url):
        (connection,) = connections.all()
        executor = MigrationExecutor(connection, tortoise_config(url)["apps"])
        label, name = BEFORE_LAST.split(".")
        await executor.migrate([MigrationTarget(app_label=label, name=name)])
        await connection.execute_script(
            "INSERT INTO accounts (app, openid, follows, created_at)"
            " VALUES ('oa', 'oOld', true, '2026-11-20 02:00:00+00:00');"
            "INSERT INTO entries (code, topic, question, askings, answer, details, citations, scope,"
            " replaced_by, related, status, version)"
            " VALUES ('old', '党费', '旧问题', '[]', '旧答案', '', '[]', 'any', '', '[]', 'published', 3);"
        )


async def rows_are_kept(url: str) -> None:
    async with open_database(url):
        assert (await Account.get()).openid == "oOld"
        entry = await Entry.get()
        assert (entry.question, entry.version, entry.fingerprint) == ("旧问题", 3, "")


OLD_CLAIMS = """
INSERT INTO organizations (id, code, name, kind, scope, town, path)
  VALUES (1, 'B', 'B', 'branch', '', '', '0001');
INSERT INTO people (id, name, membership, is_worker, created_at, organization_id)
  VALUES (1, 'a', 'full', false, '{at}', 1), (2, 'b', 'full', false, '{at}', 1);
INSERT INTO sites (id, name, category, town, longitude, latitude, address, capacity, opening, intro, features,
  contact, status, is_training_base, is_demo, needs_approval, poster_url)
  VALUES ('S10', 's', 'URBAN', 't', 118, 36.5, '', 9, '{{}}', '', '[]', '', 'open', false, false, false, '');
INSERT INTO slots (id, starts_at, ends_at, capacity, taken, closed, site_id)
  VALUES (1, '{at}', '{at}', 9, 0, false, 'S10');
INSERT INTO bookings (id, slot_id, branch_id, headcount, theme, status, reason, created_at)
  VALUES (1, 1, 1, 1, 'x', 'fulfilled', '', '{at}'),
         (2, 1, 1, 1, 'x', 'fulfilled', '', '{at}');
INSERT INTO funds (id, organization_id, year, budget, per_head, cap, committed, paid)
  VALUES (1, 1, 2026, 100, 9, 9, 14, 5);
INSERT INTO claims (id, booking_id, branch_id, fund_id, present, per_head, cap, amount, note, reason, status,
  rounds, applicant_ids, submitted_by_id, submitted_at, approved_by_id, approved_at)
  VALUES (1, 1, 1, 1, 1, 9, 9, 9, '', '', 'approved', 1, '[1]', 1, '{at}', 2, '{at}'),
         (2, 2, 1, 1, 1, 9, 9, 5, '', '', 'paid', 1, '[1]', 1, '{at}', 2, '{at}');
INSERT INTO receipts (id, claim_id, number, amount) VALUES (1, 1, 'A1', 9), (2, 2, 'A2', 5);
INSERT INTO payments (id, booking_id, claim_id, fund_id, amount, claimed_by_id, paid_by_id, at)
  VALUES (1, 2, 2, 1, 5, 1, 2, '{at}');
"""
"""Claims of the simple flow: one approved, one paid, each with a bill."""


def test_claims_of_the_simple_flow_are_kept_with_their_bills_and_their_checks(empty_url: str) -> None:
    asyncio.run(claims_of_the_simple_flow(empty_url))
    asyncio.run(schema.migrate(settings_for(empty_url), progress=lambda _: None))
    asyncio.run(claims_are_kept(empty_url))


async def claims_of_the_simple_flow(url: str) -> None:
    async with open_database(url):
        (connection,) = connections.all()
        executor = MigrationExecutor(connection, tortoise_config(url)["apps"])
        await executor.migrate([MigrationTarget(app_label="models", name="0010_site_keeping")])
        await connection.execute_script(OLD_CLAIMS.format(at="2026-11-11 02:00:00+00:00"))


async def claims_are_kept(url: str) -> None:
    async with open_database(url):
        kept = await Claim.all().order_by("id").prefetch_related("receipts")
        assert [(row.status, row.reviewed_by_id, row.batch_id) for row in kept] == [
            ("approved", None, None),
            ("paid", None, None),
        ]
        assert [[(one.number, one.image) for one in row.receipts] for row in kept] == [
            [("A1", "")],
            [("A2", "")],
        ]
        assert await Payment.all().count() == 1
        await Claim.filter(id=1).update(status="paid")
        # What kept a claim right before, and what does so now.
        for wrong in (
            {"booking_id": 2},
            {"amount": 10},
            {"approved_by_id": 1},
            {"reviewed_by_id": 1},
            {"reviewed_by_id": 2},
            {"approved_from_id": 1},
        ):
            with pytest.raises((IntegrityError, OperationalError)):
                await Claim.filter(id=1).update(**wrong)


def test_no_model_changed_without_a_migration(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "tortoise"), "makemigrations"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    made = [path for path in (ROOT / "migrations").glob("*.py") if path.name in done.stdout]
    for path in made:
        path.unlink()
    assert "No changes detected" in done.stdout
