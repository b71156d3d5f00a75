"""Reports of many branches: asked for once, made by the clock, a row each, so that nothing is lost.

Any number of clocks may work at it; what a killed one left unmade, the next one makes.
"""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from tortoise.transactions import in_transaction

from handlers import assessment_documents, assessments, audit
from handlers.accounts import require_person
from handlers.assessment_access import require_officer
from handlers.context import Caller, Context
from handlers.cycles import find
from handlers.errors import BadInput, NotFound, Refused, WrongState
from models import Organization, Person, PrintedReport, PrintRun

MOST = 500
AT_ONCE = 10
KEPT_FOR = timedelta(days=7)
NOTHING = b"-"
"""Kept in place of a report that its asker may not have any more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a print is."""

    id: int
    made: int
    wanted: int


async def ask(ctx: Context, *, cycle_id: int, below_id: int | None = None) -> Progress:
    """Ask for the reports of a cycle's reviewed branches, all or those below an organization, by code.

    Raises:
        NotBound, NotAllowed, NotFound.
        BadInput: there are none, or too many for one print.
    """
    await find(ctx, cycle_id)
    person = await require_person(ctx)
    wanted = (await assessments.visible(ctx)).filter(cycle_id=cycle_id, mark__isnull=False)
    if below_id is not None:
        top = await Organization.get_or_none(id=below_id)
        if top is None:
            raise NotFound
        wanted = wanted.filter(branch__path__startswith=top.path)
    rows = await wanted.order_by("branch__code").limit(MOST + 1)
    if not 1 <= len(rows) <= MOST:
        raise BadInput(below_id=f"一次可以打印 1 至 {MOST} 份已复核的报告，请按镇（街道）分开")
    async with in_transaction():
        run = await PrintRun.create(cycle_id=cycle_id, person=person, asked_at=ctx.now())
        await PrintedReport.bulk_create([PrintedReport(run_id=run.id, assessment_id=row.id) for row in rows])
        await audit.record(ctx, "reports.asked", f"cycle:{cycle_id}", run=run.id, reports=len(rows))
    return Progress(run.id, 0, len(rows))


async def progress(ctx: Context, *, run_id: int) -> Progress:
    """How far one's own print is.

    Raises:
        NotBound, NotFound.
    """
    await _own(ctx, run_id)
    reports = PrintedReport.filter(run_id=run_id)
    return Progress(run_id, await reports.filter(content__isnull=False).count(), await reports.count())


async def collect(ctx: Context, *, run_id: int) -> bytes:
    """The finished print: one PDF a branch, in a zip.

    Raises:
        NotBound, NotFound.
        WrongState: it isn't finished.
    """
    await _own(ctx, run_id)
    rows = await PrintedReport.filter(run_id=run_id).order_by("id").select_related("assessment__branch")
    if any(row.content is None for row in rows):
        raise WrongState
    made = BytesIO()
    with ZipFile(made, "w", ZIP_STORED) as file:
        for row in rows:
            if row.content and row.content != NOTHING:
                branch = row.assessment.branch
                file.writestr(ZipInfo(f"{branch.code} {_plain(branch.name)}.pdf"), row.content)
    return made.getvalue()


async def work(ctx: Context) -> int:
    """Make some of the reports that wait; run by the clock. How many were made."""
    waiting = PrintedReport.filter(content=None).order_by("id").limit(AT_ONCE).select_related("run__person")
    rows = await waiting
    for row in rows:
        content = await _make(ctx, row.run.person, row.assessment_id)
        await PrintedReport.filter(id=row.id, content=None).update(content=content)
    return len(rows)


async def forget_old(ctx: Context) -> int:
    """Forget prints of last week."""
    return await PrintRun.filter(asked_at__lt=ctx.now() - KEPT_FOR).delete()


async def _make(ctx: Context, person: Person, assessment_id: int) -> bytes:
    """A report as its asker may see it now."""
    theirs = ctx.on_behalf_of(Caller(person=person))
    try:
        report = await assessment_documents.branch_report(theirs, assessment_id=assessment_id)
    except Refused:
        return NOTHING
    return await assessment_documents.as_pdf(report)


async def _own(ctx: Context, run_id: int) -> PrintRun:
    await require_officer(ctx)
    person = await require_person(ctx)
    run = await PrintRun.get_or_none(id=run_id, person_id=person.id)
    if run is None:
        raise NotFound
    return run


def _plain(name: str) -> str:
    return "".join(char for char in name if char.isprintable() and char not in '\\/:*?"<>|')
