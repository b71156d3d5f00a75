"""What the demo needs to show the workers' side: quotas, people on post, a class, a round, filings, a lead.

All invented. The numbers are nobody's: what a unit should have is for the district's rules to say.
"""

from datetime import date, timedelta
from typing import Any

from tortoise.transactions import in_transaction

from handlers import audit, filings, id_numbers, measures, placements, rotations, staffing, trainings, workers
from handlers.context import Context
from handlers.filings import CommitteeWord, PostWish
from handlers.rotation_plan import months_after
from handlers.trainings import SessionWish
from handlers.workers import WorkerFacts
from models import (
    FilingKind,
    MeasureIssue,
    Organization,
    OrganizationKind,
    Person,
    Placement,
    StaffQuota,
    Worker,
    WorkerField,
)

REQUIRED = 3
BASIS = "演示数字，以办法为准"
ON_POST = 2
NAMED = ("演示己", "演示庚", "演示辛")
"""The demo's named workers, who are on post in the committee above their branch."""
FIELDS = {"ZC14": WorkerField.DEPARTMENT, "ZC15": WorkerField.NEW, "ZC16": WorkerField.STATE_ENTERPRISE}


async def seed(ctx: Context) -> None:
    """Make it once; what is there stays as it is."""
    if await StaffQuota.exists():
        return
    committees = await Organization.filter(kind=OrganizationKind.COMMITTEE).order_by("code")
    for committee in committees:
        await staffing.keep(ctx, unit_id=committee.id, required=REQUIRED, basis=BASIS)
        await _people(ctx, committee)
    await _gap_for_long(ctx, committees[-1])
    await rotations.open_round(ctx, first_month=months_after(ctx.now().date().replace(day=1), 1))
    await _class(ctx, committees[0])
    await _filing(ctx, committees[0])
    await measures.report(
        ctx, unit_id=committees[12].id if len(committees) > 12 else committees[0].id,
        issue=MeasureIssue.LAX_SUPERVISION, facts="（演示）台账三个季度没有更新",
    )  # fmt: skip


async def _people(ctx: Context, committee: Organization) -> None:
    """The first of those the roster calls workers, named ones before the others."""
    below = Person.filter(organization__path__startswith=committee.path, is_worker=True, left_at=None)
    found = await below.filter(name__in=NAMED).order_by("id")
    found += await below.exclude(name__in=NAMED).order_by("id").limit(ON_POST - len(found))
    for number, person in enumerate(found):
        await _put(ctx, person, committee, number)


async def _put(ctx: Context, person: Person, committee: Organization, number: int) -> None:
    wish: dict[str, Any] = {
        "field": FIELDS.get(committee.code, WorkerField.TOWN),
        "post": "组织干事" if number else "组织员",
        "full_time": True,
        "staffing": "事业",
        "starts_on": date(2024, 3, 1),
        "duties": ["党员教育管理", "发展党员"],
        "branch_ids": [person.organization_id],
    }
    async with in_transaction():
        worker = await workers.of_person(person)
        facts = WorkerFacts(education="本科", joined_on=date(2015, 6, 30), full_on=date(2016, 6, 30))
        await workers.write_facts(ctx, worker, facts)
        year = 2024
        await Worker.filter(id=worker.id).update(
            filing_no=await filings.next_number(year), **_id_number(ctx, worker)
        )
        await placements.put(ctx, worker, unit_id=committee.id, wish=wish)
        await audit.record(ctx, "demo.worker_made", f"worker:{worker.id}")


def _id_number(ctx: Context, worker: Worker) -> dict[str, str]:
    """A number of an area that doesn't exist."""
    front = f"99999919900101{worker.id % 1000:03d}"
    number, secret = front + id_numbers.check(front), ctx.settings.secret_key
    return {
        "id_sealed": id_numbers.seal(secret, number),
        "id_hash": id_numbers.look_up_hash(secret, number),
    }


async def _gap_for_long(ctx: Context, committee: Organization) -> None:
    """One unit has lacked people for longer than the setting allows."""
    since = ctx.now().date() - timedelta(days=ctx.settings.staff_gap_days + 10)
    await StaffQuota.filter(unit_id=committee.id, gap_since__isnull=False).update(gap_since=since)


async def _class(ctx: Context, committee: Organization) -> None:
    """A class of next week, in which the first town has a group."""
    begins = (ctx.now() + timedelta(days=7)).replace(hour=9, minute=0, second=0, microsecond=0)
    parts = [
        SessionWish("党支部规范运行", begins, begins + timedelta(hours=3), 4, "演示讲师"),
        SessionWish("发展党员流程", begins + timedelta(hours=5), begins + timedelta(hours=8), 4, "演示讲师"),
    ]
    training = await trainings.create(
        ctx, code="YS-ZJ-01", kind="town", topic="镇街党务工作者培训班（演示）", place="区委党校（演示）",
        capacity=40, sessions=parts,
    )  # fmt: skip
    placed = await Placement.filter(unit_id=committee.id, ended_on__isnull=True).select_related("worker")
    people = [one.worker.person_id for one in placed]
    if people:
        await trainings.enrol(ctx, training_id=training.id, unit_id=committee.id, person_ids=people)


async def _filing(ctx: Context, committee: Organization) -> None:
    """A filing that waits at the district."""
    below = Person.filter(
        organization__path__startswith=committee.path, left_at=None, worker__id__isnull=True
    )
    person = await below.filter(is_worker=True).order_by("id").first()
    if person is None:
        return
    await filings.submit(
        ctx, kind=FilingKind.APPOINT, person_id=person.id, unit_id=committee.id,
        effective_on=ctx.now().date() + timedelta(days=10),
        post=PostWish(WorkerField.TOWN, "组织干事", True, "事业", duties=("党员教育管理",)),
        materials=["呈报表", "任职文件"], committee=CommitteeWord(ctx.now().date(), "演示〔2026〕1 号"),
    )  # fmt: skip
