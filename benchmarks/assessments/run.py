"""How long it takes to add a cycle up by town: 1,800 branches of 60 items, on two cores.

    python -m benchmarks.assessments.run [--branches 1800] [--items 60] [--times 20]

Times one use-case call, from the question to the figures, on SQLite and PostgreSQL: the towns' figures, and
the agreement of 1,800 pairs of assessors. Goal: each under 1 s. “own CPU” is what this process worked for one
call: on SQLite all of it, on PostgreSQL without the server.

November 2026, two cores that seven other jobs were using as well, ten calls each: by town 330 ms on SQLite
(worst 344, own CPU 225) and 448 ms on PostgreSQL (worst 856, own CPU 14); agreement 373 ms (worst 420, own
CPU 221) and 393 ms (worst 424, own CPU 24). By grouping, agreement took SQLite 429 ms of CPU.
"""

import argparse
import asyncio
import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time
from zoneinfo import ZoneInfo

from tortoise import connections

from handlers import assessment_figures, schema
from handlers.assessment_content import book
from handlers.context import Caller, Context, open_database, open_redis
from handlers.organizations import segment
from models import (
    Assessment,
    AssessmentStage,
    AssessorMark,
    Cycle,
    CycleKind,
    Duty,
    ItemMark,
    Organization,
    OrganizationKind,
    Person,
    Role,
    Team,
)
from settings import Settings
from tests import servers
from tests.fakes import FakeWeChat

TOWNS = 13
ASKED = {"by town": assessment_figures.by_town, "agreement": assessment_figures.agreement}
BATCH = 1000


async def measure(url: str, *, branches: int, items: int, times: int) -> None:
    """One database."""
    settings = Settings(_env_file=".env.demo", database_url=url)
    await schema.migrate(settings, progress=lambda _: None)
    async with open_database(url), open_redis("memory://") as redis:
        zone = ZoneInfo(settings.timezone)
        ctx = Context(settings, redis, FakeWeChat(), now=lambda: datetime.now(zone))
        officer, cycle = await fill(ctx, branches=branches, items=items)
        (connection,) = connections.all()
        await connection.execute_query("ANALYZE")
        theirs = ctx.on_behalf_of(Caller(person=officer))
        for name, ask in (
            ("by town", assessment_figures.by_town),
            ("agreement", assessment_figures.agreement),
        ):
            took, busy = [], process_time()
            for _ in range(times):
                began = perf_counter()
                await ask(theirs, cycle_id=cycle.id)  # type: ignore[operator]
                took.append(perf_counter() - began)
            busy = (process_time() - busy) / times
            took.sort()
            print(
                f"| {url.partition(':')[0]} | {branches} × {items} | {name} "
                f"| {took[len(took) // 2] * 1e3:.0f} | {took[-1] * 1e3:.0f} | {busy * 1e3:.0f} |",
                flush=True,
            )


async def fill(ctx: Context, *, branches: int, items: int) -> tuple[Person, Cycle]:
    """A district, a reviewed cycle, and the officer who asks."""
    chance = random.Random(7)
    district = await organization("ZC", OrganizationKind.DISTRICT, None)
    codes = [f"ZC{number:02}" for number in range(1, TOWNS + 1)]
    towns = [await organization(code, OrganizationKind.COMMITTEE, district) for code in codes]
    people = [await Person.create(name="演示", organization=district) for _ in range(3)]
    await Duty.create(person=people[0], role=Role.DISTRICT_OFFICER, organization=district)
    now = ctx.now()
    cycle = await Cycle.create(
        kind=CycleKind.HALF_YEAR, organization=district, year=2026, number=1, name="x", seed="x",
        records_from=now.date(), records_until=now.date(), created_at=now, published_at=now,
        book=json.dumps(book().kept(), ensure_ascii=False),
    )  # fmt: skip
    team = await Team.create(cycle=cycle, name="x", leader=people[0])
    for number in range(branches):
        town = towns[number % TOWNS]
        branch = await organization(f"{town.code}{number:04}", OrganizationKind.BRANCH, town)
        await Assessment.create(
            cycle=cycle, branch=branch, team=team, assessor=people[1], other=people[2], sheet="A", mark=900,
            stage=AssessmentStage.TO_FEED_BACK,
        )  # fmt: skip
    ids = [row.id for row in await Assessment.all().only("id")]
    await ItemMark.bulk_create(item_marks(ids, items, chance), batch_size=BATCH)
    for person in people[1:]:
        await AssessorMark.bulk_create(assessor_marks(ids, items, person, now, chance), batch_size=BATCH)
    return people[0], cycle


def item_marks(ids: list[int], items: int, chance: random.Random) -> Iterator[ItemMark]:
    """What each branch lost."""
    for id_ in ids:
        for number in range(items):
            less = chance.choice((0, 0, 0, 0, 5, 10))
            yield ItemMark(assessment_id=id_, item=f"A{number:02}", worth=16, deducted=less)


def assessor_marks(
    ids: list[int], items: int, person: Person, now: datetime, chance: random.Random
) -> Iterator[AssessorMark]:
    """What one assessor deducted."""
    for id_ in ids:
        for number in range(items):
            yield AssessorMark(
                assessment_id=id_, assessor_id=person.id, item=f"A{number:02}", at=now,
                deducted=chance.choice((0, 0, 0, 0, 5, 10)),
            )  # fmt: skip


async def organization(code: str, kind: OrganizationKind, parent: Organization | None) -> Organization:
    """An invented organization."""
    made = await Organization.create(code=code, name=code, kind=kind, parent=parent)
    made.path = (parent.path if parent else "") + segment(made.id)
    await made.save(update_fields=["path"])
    return made


def main() -> None:
    """Both databases, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branches", type=int, default=1800)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--times", type=int, default=20)
    asked = vars(parser.parse_args())
    print(
        "| database | branches × items | what | median ms | worst ms | own CPU ms |\n" + "|---" * 6 + "|",
        flush=True,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(measure(f"sqlite://{folder / 'bench.sqlite3'}", **asked))
        server = stack.enter_context(servers.postgresql(durable=False))
        asyncio.run(measure(servers.postgresql_url(server, servers.create_database(server)), **asked))


if __name__ == "__main__":
    main()
