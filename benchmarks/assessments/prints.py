"""How long a hundred branches' reports take on paper, and whether the progress moves branch by branch.

    python -m benchmarks.assessments.prints [--branches 100] [--findings 5]

Asks for the print as an officer does, works through it as the clock does, and meanwhile asks every 50 ms how
far it is, as the page does. Then writes the same reports as Word files. Prints time, memory, and the steps.
"""

import argparse
import asyncio
import json
import resource
import tempfile
from datetime import datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from zipfile import ZipFile
from zoneinfo import ZoneInfo

from benchmarks.assessments.run import organization
from handlers import assessment_documents, report_prints, schema
from handlers.assessment_content import book
from handlers.context import Caller, Context, open_database, open_redis
from models import (
    Assessment,
    AssessmentMove,
    AssessmentStage,
    Cycle,
    CycleKind,
    Duty,
    Finding,
    ItemMark,
    OrganizationKind,
    Person,
    Rectification,
    Role,
    Team,
)
from models.assessments import WAY
from settings import Settings
from tests.fakes import FakeWeChat

ASKED_EVERY = 0.05
FAULT = {
    "rule": "《支部条例》第十一条",
    "fact": "第三季度没有召开党员大会，支委会两次没有记录表决人数",
    "evidence": "T05 会议记录本第 12 至 15 页，T06 会议记录第 3 页",
}


async def measure(folder: Path, *, branches: int, findings: int) -> None:
    """The whole print, then the same reports as Word files."""
    url = f"sqlite://{folder / 'prints.sqlite3'}"
    settings = Settings(_env_file=".env.demo", database_url=url)
    await schema.migrate(settings, progress=lambda _: None)
    async with open_database(url), open_redis("memory://") as redis:
        zone = ZoneInfo(settings.timezone)
        ctx = Context(settings, redis, FakeWeChat(), now=lambda: datetime.now(zone))
        officer, cycle = await fill(ctx, branches=branches, findings=findings)
        theirs, before = ctx.on_behalf_of(Caller(person=officer)), memory()
        run = await report_prints.ask(theirs, cycle_id=cycle.id)
        steps: list[tuple[float, int]] = []
        began = perf_counter()
        asking = asyncio.create_task(look(theirs, run.id, steps, began))
        while await report_prints.work(ctx):
            pass
        took = perf_counter() - began
        await asking
        content = await report_prints.collect(theirs, run_id=run.id)
        pages = len(ZipFile(BytesIO(content)).namelist())
        jumps = [after - was for (_, was), (_, after) in pairwise(steps)]
        told(f"PDF × {pages}", took, branches, len(content), before)
        print(f"progress: {len(steps)} different answers, never more than {max(jumps)} at once")
        print("steps: " + " ".join(f"{at:.1f}s:{made}" for at, made in steps[:: max(1, len(steps) // 10)]))
        began, size = perf_counter(), 0
        for row in await Assessment.all().order_by("id"):
            report = await assessment_documents.branch_report(theirs, assessment_id=row.id)
            size += len(await assessment_documents.as_docx(report, at=ctx.now()))
        told(f"Word × {branches}", perf_counter() - began, branches, size, before)


async def look(ctx: Context, run_id: int, steps: list[tuple[float, int]], began: float) -> None:
    """Ask how far it is until it is made, and keep each answer that is new."""
    while True:
        found = await report_prints.progress(ctx, run_id=run_id)
        if not steps or steps[-1][1] != found.made:
            steps.append((perf_counter() - began, found.made))
        if found.made == found.wanted:
            return
        await asyncio.sleep(ASKED_EVERY)


def memory() -> int:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def told(what: str, took: float, count: int, size: int, before: int) -> None:
    """One line of the outcome."""
    print(
        f"{what}: {took:.1f} s, {took / count * 1e3:.0f} ms each, {size / 1024 / count:.0f} KiB each; "
        f"peak memory {memory()} MB ({before} MB before)",
        flush=True,
    )


async def fill(ctx: Context, *, branches: int, findings: int) -> tuple[Person, Cycle]:
    """A town whose branches are all reviewed, and the officer who asks."""
    now, rules = ctx.now(), book()
    district = await organization("ZC", OrganizationKind.DISTRICT, None)
    town = await organization("ZC01", OrganizationKind.COMMITTEE, district)
    people = [await Person.create(name="演示", organization=district) for _ in range(3)]
    await Duty.create(person=people[0], role=Role.DISTRICT_OFFICER, organization=district)
    cycle = await Cycle.create(
        kind=CycleKind.HALF_YEAR, organization=district, year=2026, number=1, name="上半年评估", seed="x",
        records_from=now.date(), records_until=now.date(), created_at=now, published_at=now,
        book=json.dumps(rules.kept(), ensure_ascii=False),
    )  # fmt: skip
    team, items = await Team.create(cycle=cycle, name="x", leader=people[0]), rules.sheets["A"].items
    for number in range(branches):
        branch = await organization(f"ZC01{number:04}", OrganizationKind.BRANCH, town)
        row = await Assessment.create(
            cycle=cycle, branch=branch, team=team, assessor=people[1], other=people[2], sheet="A",
            mark=1000 - 10 * findings, stage=AssessmentStage.RECTIFYING, signed_at=now,
        )  # fmt: skip
        await ItemMark.bulk_create(
            ItemMark(assessment=row, item=item.code, worth=item.worth, deducted=10 if at < findings else 0)
            for at, item in enumerate(items)
        )
        for at, (before, after) in enumerate(pairwise(WAY[:7])):
            await AssessmentMove.create(
                assessment=row, sequence=at + 1, before=before, after=after, reason="办理", at=now
            )
        for item in items[:findings]:
            finding = await Finding.create(branch=branch, item=item.code)
            await Rectification.create(
                finding=finding, round=1, assessment=row, deducted=10, faults=[FAULT], owner=people[1],
                measure="补开会议并按规定记录", due_at=now + timedelta(days=30),
            )  # fmt: skip
    return people[0], cycle


def main() -> None:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branches", type=int, default=100)
    parser.add_argument("--findings", type=int, default=5)
    asked = vars(parser.parse_args())
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), **asked))


if __name__ == "__main__":
    main()
