"""What it takes to look through the calendars of 1,800 branches and to remind their workers.

    python -m benchmarks.handbook.reminders [--branches 1800] [--records 60] [--url postgres://…]

Every branch has a committee, a group and so many signed records of this and the last year; every worker wrote
today. Told are seconds, CPU and statements: of a run in which everybody is told, and of the next day's, in
which all has been told. A message takes six statements; those that look grow with every 40 workers.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from zoneinfo import ZoneInfo

from tortoise import connections

from handlers import record_reminders, schema
from handlers.context import Context, open_database, open_redis
from models import (
    Account,
    App,
    Duty,
    Organization,
    OrganizationKind,
    Person,
    Record,
    RecordStatus,
    Role,
)
from settings import Settings
from tests.fakes import FakeWeChat

NOW = datetime.fromisoformat("2026-11-24T10:00:00+08:00")
BATCH = 1000
MEETINGS = ("T05", "T06", "T07", "T09", "T09")


@contextmanager
def counted(seen: list[str]) -> Iterator[None]:
    """Every statement that goes to the database meanwhile."""
    (connection,) = connections.all()
    kind = type(connection)
    originals = {name: getattr(kind, name) for name in ("execute_query", "execute_insert", "execute_many")}

    def wrap(original: Any) -> Any:
        async def call(self: Any, query: str, *more: Any, **named: Any) -> Any:
            seen.append(query)
            return await original(self, query, *more, **named)

        return call

    for name, original in originals.items():
        setattr(kind, name, wrap(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(kind, name, original)


async def fill(*, branches: int, records: int) -> None:
    """Branches, their workers, their records."""
    kind = OrganizationKind.BRANCH
    rows = [
        Organization(name=f"支部{at}", code=f"B{at}", kind=kind, path=f"/b{at}/") for at in range(branches)
    ]
    await Organization.bulk_create(rows, batch_size=BATCH)
    ids = await Organization.filter(kind=kind).order_by("id").values_list("id", flat=True)
    await Person.bulk_create(
        [Person(name=f"书记{one}", organization_id=one) for one in ids], batch_size=BATCH
    )
    people = await Person.all().order_by("id")
    await Duty.bulk_create(
        [Duty(person_id=p.id, role=Role.BRANCH_WORKER, organization_id=p.organization_id) for p in people],
        batch_size=BATCH,
    )
    accounts = [
        Account(
            app=App.OFFICIAL_ACCOUNT, openid=f"o{p.id}", follows=True, person_id=p.id, last_contact_at=NOW
        )
        for p in people
    ]
    await Account.bulk_create(accounts, batch_size=BATCH)
    made = [row for id_ in ids for row in records_of(int(str(id_)), records)]
    await Record.bulk_create(made, batch_size=BATCH)


def records_of(branch_id: int, number: int) -> Iterator[Record]:
    """A branch's records over two years, the latest a month old; what a calendar reads of them."""
    team = {"term_end": "2027-03-10", "secretary_id": 1, "members": [{"person_id": 2}, {"person_id": 3}]}
    yield record(branch_id, "T02", date(2024, 3, 10), team)
    for at in range(number - 1):
        day = date(2026, 10, 20) - timedelta(days=at * 650 // number)
        yield record(
            branch_id, MEETINGS[at % len(MEETINGS)], day, {"month": f"{day:%Y-%m}", "text": "记" * 300}
        )


def record(branch_id: int, template: str, day: date, values: dict[str, Any]) -> Record:
    """One signed record."""
    return Record(
        branch_id=branch_id, template=template, period=f"{day:%Y-%m}", year=day.year, held_on=day,
        status=RecordStatus.SIGNED, version=1, values=values, created_at=NOW, saved_at=NOW, signed_at=NOW,
    )  # fmt: skip


async def measure(url: str, *, branches: int, records: int) -> None:
    """One database."""
    settings = Settings(_env_file=".env.demo", database_url=url)
    await schema.migrate(settings, progress=lambda _: None)
    async with open_database(url), open_redis("memory://") as redis:
        ctx = Context(settings, redis, FakeWeChat(), now=lambda: NOW.astimezone(ZoneInfo(settings.timezone)))
        await fill(branches=branches, records=records)
        for later, words in ((timedelta(), "everybody is told"), (timedelta(days=1), "all has been told")):
            await Account.all().update(last_contact_at=NOW + later)
            ctx = replace(ctx, now=lambda at=NOW + later: at.astimezone(ZoneInfo(settings.timezone)))
            seen: list[str] = []
            begun, cpu = perf_counter(), process_time()
            with counted(seen):
                sent = await record_reminders.remind(ctx)
            reads = sum(query.lstrip().upper().startswith("SELECT") for query in seen)
            print(
                f"{branches} branches of {records} records, {words}: {sent} told, {len(seen)} statements"
                f" ({reads} reads), {perf_counter() - begun:.1f} s, CPU {process_time() - cpu:.1f} s"
            )


async def main() -> None:
    """Fill and run."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--branches", type=int, default=1800)
    given.add_argument("--records", type=int, default=60)
    given.add_argument("--url", default="")
    wanted = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = wanted.url or f"sqlite://{Path(folder) / 'reminders.sqlite3'}"
        await measure(url, branches=wanted.branches, records=wanted.records)


if __name__ == "__main__":
    asyncio.run(main())
