"""The registry of full-time party workers, on top of the roster: seen, kept right, and one's own page of it.

The roster knows name, phone, organization, membership and birth; nobody is asked for them here. What makes
somebody a worker is a placement, and only `handlers/placements` writes those, so that the roster's mark
(`Person.is_worker`), from which the Friday lesson's audience is drawn, never says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, id_numbers, worker_rules
from handlers.access import Reach, officer_reach, within
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NotFound, WrongState
from handlers.lines import one_line
from handlers.worker_terms import one_of
from models import (
    FILING_OPEN,
    Filing,
    Organization,
    Person,
    Placement,
    Rotation,
    Trainee,
    TrainingRecord,
    Worker,
    WorkerCorrection,
    WorkerRule,
)

LARGEST_PAGE = 100
LONGEST_TEXT = 300
SEXES = ("男", "女")


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What the registry keeps beside the roster; None leaves what is known."""

    sex: str | None = None
    nation: str | None = None
    education: str | None = None
    joined_on: date | None = None
    full_on: date | None = None
    id_no: str | None = None


@dataclass(frozen=True, slots=True)
class WorkerSummary:
    """A worker in the list: with the person, the placements that last, and what isn't met."""

    worker: Worker
    person: Person
    placements: list[Placement]
    party_age: int | None
    unmet: list[str]
    filing: Filing | None


@dataclass(frozen=True, slots=True)
class WorkerPage:
    """A stretch of the list; `next` is the cursor of the following one."""

    items: list[WorkerSummary]
    next: int | None


@dataclass(frozen=True, slots=True)
class WorkerWhole:
    """One worker with everything that hangs on the row."""

    summary: WorkerSummary
    id_no: str
    history: list[Placement]
    filings: list[Filing]
    branches: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnPage:
    """What a worker finds about themselves: the row, classes and their hours, rotations, corrections."""

    whole: WorkerWhole | None
    trainees: list[Trainee]
    records: list[TrainingRecord]
    rotations: list[Rotation]
    corrections: list[WorkerCorrection]


async def list_workers(
    ctx: Context, *, unit_id: int | None = None, cursor: int | None = None, limit: int = 20
) -> WorkerPage:
    """The workers of the caller's units, by id; for officers.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    units = [unit.id for unit in await Organization.filter(within(reach)).only("id")]
    if unit_id is not None:
        units = [unit_id] if unit_id in units else []
    on_post = Placement.filter(unit_id__in=units, ended_on__isnull=True)
    wanted = Worker.filter(id__in=list(await on_post.values_list("worker_id", flat=True)))
    if cursor is not None:
        wanted = wanted.filter(id__gt=cursor)
    limit = max(1, min(limit, LARGEST_PAGE))
    rows = await wanted.order_by("id").limit(limit + 1).select_related("person")
    items = await summaries(ctx, rows[:limit])
    return WorkerPage(items, rows[limit - 1].id if len(rows) > limit else None)


async def summaries(ctx: Context, rows: Sequence[Worker]) -> list[WorkerSummary]:
    """Workers (with their persons) with what belongs into a list; three queries."""
    ids, today = [row.id for row in rows], ctx.now().date()
    rules = await WorkerRule.all().order_by("id")
    placed = (
        await Placement.filter(worker_id__in=ids, ended_on__isnull=True).order_by("id").select_related("unit")
    )
    people = [row.person_id for row in rows]
    open_ones = await Filing.filter(person_id__in=people, status__in=FILING_OPEN)
    filings = {filing.person_id: filing for filing in open_ones}
    found = []
    for row in rows:
        placements = [one for one in placed if one.worker_id == row.id]
        where = placements[0].field if placements else None
        found.append(
            WorkerSummary(
                row, row.person, placements,
                worker_rules.whole_years(row.full_on, today) if row.full_on else None,
                worker_rules.unmet(rules, row.person, row, field=where, on=today),
                filings.get(row.person_id),
            )
        )  # fmt: skip
    return found


async def get_worker(ctx: Context, *, worker_id: int) -> WorkerWhole:
    """One worker, for an officer over the unit they are (or were last) placed in, or are filed by.

    Raises:
        NotAllowed, NotFound.
    """
    reach = await officer_reach(ctx)
    worker = await Worker.get_or_none(id=worker_id).select_related("person")
    if worker is None or not await _covered(reach, worker):
        raise NotFound
    return await _whole(ctx, worker)


async def keep_facts(ctx: Context, *, worker_id: int, facts: WorkerFacts) -> WorkerWhole:
    """An officer over the worker's unit changes what is given.

    Raises:
        NotAllowed, NotFound, BadInput.
    """
    reach = await officer_reach(ctx)
    worker = await Worker.get_or_none(id=worker_id).select_related("person")
    if worker is None or not await _covered(reach, worker):
        raise NotFound
    async with in_transaction():
        await write_facts(ctx, worker, facts)
    return await _whole(ctx, worker)


async def write_facts(ctx: Context, worker: Worker, facts: WorkerFacts) -> None:
    """Change what is given, in the caller's transaction.

    Raises:
        BadInput: a value that can't be, or the id number of somebody else.
    """
    columns = checked(ctx, facts)
    if not columns:
        return
    number = columns.get("id_hash")
    if number is not None and await Worker.filter(id_hash=number).exclude(id=worker.id).exists():
        raise BadInput(id_no="这个公民身份号码登记在另一个人名下，请核对")
    joined, full = columns.get("joined_on", worker.joined_on), columns.get("full_on", worker.full_on)
    if joined is not None and full is not None and full < joined:
        raise BadInput(full_on="转正时间不能早于入党时间")
    await Worker.filter(id=worker.id).update(**columns)
    worker.update_from_dict(columns)
    await audit.record(
        ctx, "worker.facts_kept", f"worker:{worker.id}", fields=sorted(columns.keys() - {"id_sealed"})
    )


def checked(ctx: Context, facts: WorkerFacts) -> dict[str, Any]:
    """The given facts as columns.

    Raises:
        BadInput.
    """
    columns: dict[str, Any] = {}
    if facts.sex:
        if facts.sex not in SEXES:
            raise BadInput(sex="请填 男 或 女")
        columns["sex"] = facts.sex
    if facts.nation:
        columns["nation"] = one_line(facts.nation, longest=20, field="nation")
    if facts.education:
        columns["education"] = one_of("educations", facts.education, field="education")
    for name, day in (("joined_on", facts.joined_on), ("full_on", facts.full_on)):
        if day is not None:
            if not date(1921, 7, 1) <= day <= ctx.now().date():
                raise BadInput(**{name: "日期不合理，请核对"})
            columns[name] = day
    if facts.id_no:
        secret, number = ctx.settings.secret_key, id_numbers.normalise(facts.id_no)
        columns["id_hash"] = id_numbers.look_up_hash(secret, number)
        columns["id_sealed"] = id_numbers.seal(secret, number)
    return columns


async def of_person(person: Person) -> Worker:
    """The person's row of the registry, made when there is none yet; in the caller's transaction."""
    found = await Worker.get_or_none(person_id=person.id)
    if found is None:
        try:
            async with in_transaction():
                found = await Worker.create(person=person)
        except IntegrityError:
            found = await Worker.get(person_id=person.id)
    found.person = person
    return found


async def mine(ctx: Context) -> OwnPage:
    """The caller's own: the row of the registry if there is one, classes, rotations, corrections.

    Raises:
        NotBound.
    """
    person = await require_person(ctx)
    worker = await Worker.get_or_none(person_id=person.id).select_related("person")
    trainees = Trainee.filter(person_id=person.id, live_key__isnull=False).order_by(
        "training__starts_at", "id"
    )
    records = TrainingRecord.filter(person_id=person.id).order_by("-training__starts_at", "-id")
    return OwnPage(
        await _whole(ctx, worker) if worker is not None else None,
        await trainees.select_related("training", "enrolment"),
        await records.select_related("training"),
        await Rotation.filter(person_id=person.id).order_by("month").select_related("unit", "mentor"),
        await WorkerCorrection.filter(worker_id=worker.id).order_by("-id") if worker is not None else [],
    )


async def ask_correction(ctx: Context, *, text: str) -> WorkerCorrection:
    """The caller says what is wrong in their own row.

    Raises:
        NotBound, NotFound: they aren't registered.
    """
    person = await require_person(ctx)
    worker = await Worker.get_or_none(person_id=person.id)
    if worker is None:
        raise NotFound
    line = one_line(text, longest=LONGEST_TEXT, field="text")
    async with in_transaction():
        made = await WorkerCorrection.create(worker=worker, text=line, created_at=ctx.now())
        await audit.record(ctx, "worker.correction_asked", f"worker:{worker.id}")
    return made


async def corrections(ctx: Context) -> list[WorkerCorrection]:
    """What is still to be answered, of the workers the caller is an officer over, oldest first.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    waiting = WorkerCorrection.filter(answered_at__isnull=True).order_by("id")
    rows = await waiting.select_related("worker__person__organization")
    return [row for row in rows if await _covered(reach, row.worker)]


async def answer_correction(ctx: Context, *, correction_id: int, answer: str) -> WorkerCorrection:
    """An officer answers, having put right what was wrong.

    Raises:
        NotAllowed, NotFound, WrongState: somebody else has.
    """
    reach = await officer_reach(ctx)
    found = WorkerCorrection.get_or_none(id=correction_id).select_related("worker__person__organization")
    row = await found
    if row is None or not await _covered(reach, row.worker):
        raise NotFound
    line = one_line(answer, longest=LONGEST_TEXT, field="answer")
    async with in_transaction():
        open_one = WorkerCorrection.filter(id=row.id, answered_at__isnull=True)
        if not await open_one.update(answer=line, answered_at=ctx.now()):
            raise WrongState
        await audit.record(ctx, "worker.correction_answered", f"worker:{row.worker_id}")
    row.answer, row.answered_at = line, ctx.now()
    return row


async def covered_unit(ctx: Context, unit_id: int) -> Organization:
    """A unit within the caller's reach as an officer.

    Raises:
        NotAllowed: the caller is no officer.
        NotFound: there is none, or it is another's.
    """
    reach = await officer_reach(ctx)
    unit = await Organization.get_or_none(id=unit_id)
    if unit is None or (reach is not None and not reach.covers_organization(unit)):
        raise NotFound
    return unit


async def _covered(reach: Reach | None, worker: Worker) -> bool:
    if reach is None:
        return True
    placed = await Placement.filter(worker_id=worker.id).order_by("id").select_related("unit")
    filed = await Filing.filter(person_id=worker.person_id, status__in=FILING_OPEN).select_related("unit")
    units = [one.unit for one in placed if one.ended_on is None] or [one.unit for one in placed[-1:]]
    return any(reach.covers_organization(unit) for unit in [*units, *[one.unit for one in filed]])


async def _whole(ctx: Context, worker: Worker) -> WorkerWhole:
    (summary,) = await summaries(ctx, [worker])
    history = await Placement.filter(worker_id=worker.id).order_by("starts_on", "id").select_related("unit")
    filings = await Filing.filter(person_id=worker.person_id).order_by("id").select_related("unit")
    linked = {int(id_) for one in history for id_ in one.branch_ids}
    names = await Organization.filter(id__in=list(linked)).values_list("id", "name")
    shown = id_numbers.shown(ctx.settings.secret_key, worker.id_sealed)
    return WorkerWhole(summary, shown, history, filings, {int(id_): str(name) for id_, name in names})
