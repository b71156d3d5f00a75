"""What a branch knows, gathered for the checks of its records: roster, settings, its other records."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from tortoise.expressions import Q

from handlers import record_seals, record_terms
from handlers.context import Context
from handlers.record_checks import Entry, Facts, Member
from handlers.template_content import handbook
from models import (
    Membership,
    Organization,
    OrganizationKind,
    Person,
    Record,
    RecordStatus,
    Site,
    SiteStatus,
)

STANDING = ("T01", "T02", "T03", "T04", "T12", "T16", "T20", "T22")
"""Templates whose records count however old they are; of the others, this year's and the last two years'."""
CALENDAR = (
    "T02", "T04", "T05", "T06", "T07", "T09", "T10", "T12", "T13", "T14", "T16", "T19", "T22", "T23",
)  # fmt: skip
"""Templates that a branch's calendar reads (due_records), in fields that aren't sealed."""
YEARS_BACK = 2
MEMBERSHIPS = (Membership.FULL, Membership.PROBATIONARY)
ENROLLED = ("在册", "转出待接收")
"""In T03: still this branch's, until the other one has taken the person in (教育管理条例第二十五条)."""
PROBATION = "留党察看"
"""In T20: no vote while it lasts, and until somebody says that it is over (党章第四十一条)."""


async def gather(
    ctx: Context, branch: Organization, *, record: Record | None = None, named: bool = True
) -> Facts:
    """The facts for a record of the branch, or for a new one; without names where nobody is to be named."""
    entries = await _entries(ctx, branch)
    restored = set(await _restored(branch))
    people = await Person.filter(organization_id=branch.id, left_at=None, membership__in=MEMBERSHIPS)
    by_template: dict[str, tuple[Entry, ...]] = {}
    for entry in entries:
        by_template[entry.template] = (*by_template.get(entry.template, ()), entry)
    lines = {one.person_id: dict(one.values) for one in by_template.get("T03", ())}
    suspended = on_probation(one for one in by_template.get("T20", ()) if one.id not in restored)
    twins = await _twins(branch)
    own_name = [one.values.get("name") for one in by_template.get("T01", ())[-1:]]
    others = Organization.filter(name__in=[name for name in own_name if name]).exclude(id=branch.id)
    return Facts(
        now=ctx.now(),
        scope=branch.scope,
        members={one.id: _member(one, lines.get(one.id, {}), one.id in suspended, named) for one in people},
        records=by_template,
        district=await record_terms.for_record(ctx, record),
        record_id=record.id if record else None,
        entered_at=record.created_at if record else None,
        previous=record_seals.opened(ctx.settings.secret_key, record) if record else None,
        elsewhere=frozenset(twins),
        parents=frozenset(await _parents()),
        sites=frozenset(await _sites()),
        name_taken=await others.exists() if own_name else False,
    )


async def outlines(ctx: Context, branch_ids: Sequence[int]) -> dict[int, Facts]:
    """For many branches at once what their calendars ask for: records without anything sealed, and no names.

    Two statements, however many branches.
    """
    year = ctx.now().year
    signed = Record.filter(branch_id__in=branch_ids, status=RecordStatus.SIGNED, is_exercise=False)
    wanted = signed.filter(Q(year__gte=year - 1) | Q(template__in=STANDING), template__in=CALENDAR)
    rows = await wanted.order_by("held_on", "id").values(
        "id", "branch_id", "template", "held_on", "created_at", "values"
    )
    found: defaultdict[int, defaultdict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        one = _outline(ctx, row)
        found[row["branch_id"]][one.template].append(one)
    district = await record_terms.in_force(ctx)
    return {
        branch_id: Facts(
            now=ctx.now(), district=district,
            records={code: tuple(entries) for code, entries in found[branch_id].items()},
        )
        for branch_id in branch_ids
    }  # fmt: skip


def _outline(ctx: Context, row: dict[str, Any]) -> Entry:
    template, values = handbook().templates[row["template"]], row["values"]
    about = values.get(template.subject) if template.subject else None
    entered_at = row["created_at"]
    return Entry(
        id=row["id"], template=template.code, values=values, entered_at=entered_at,
        on=row["held_on"] or entered_at.astimezone(ctx.settings.zone).date(),
        person_id=about if isinstance(about, int) else None,
    )  # fmt: skip


async def _entries(ctx: Context, branch: Organization) -> list[Entry]:
    since = ctx.now().year - YEARS_BACK
    signed = Record.filter(branch_id=branch.id, status=RecordStatus.SIGNED, is_exercise=False)
    rows = await signed.filter(year__gte=since).order_by("held_on", "id")
    seen = {row.id for row in rows}
    older = await signed.filter(year__lt=since, template__in=STANDING).order_by("held_on", "id")
    return [entry(ctx, row) for row in [*(one for one in older if one.id not in seen), *rows]]


async def _restored(branch: Organization) -> list[int]:
    """The T20 whose vote somebody gave back."""
    back = Record.filter(branch_id=branch.id, template="T20", vote_restored_on__not_isnull=True)
    return [row.id for row in await back.only("id")]


async def _parents() -> list[int]:
    """Organizations that may stand above a branch."""
    above = Organization.filter(kind__in=(OrganizationKind.COMMITTEE, OrganizationKind.GENERAL_BRANCH))
    return [row.id for row in await above.only("id")]


async def _sites() -> list[str]:
    """The names of the open sites."""
    return [row.name for row in await Site.filter(status=SiteStatus.OPEN).only("id", "name")]


async def _twins(branch: Organization) -> list[int]:
    """Who of the branch's signed T03 also stands, by the id number, in another branch's (党章第八条).

    The database compares keyed hashes; nobody reads an id number for it.
    """
    lines = Record.filter(template="T03", status=RecordStatus.SIGNED, subject__not_isnull=True)
    ours = {row.subject: row.values for row in await lines.filter(branch_id=branch.id)}
    there = [row for row in ours if ours[row].get("rel_status") in ENROLLED]
    others = await lines.filter(subject__in=there).exclude(branch_id=branch.id) if there else []
    twins = {row.subject for row in others if row.values.get("rel_status") in ENROLLED}
    return [int(ours[subject]["name"]) for subject in twins if "name" in ours[subject]]


def entry(ctx: Context, row: Record) -> Entry:
    """A record as the checks see it."""
    values = record_seals.opened(ctx.settings.secret_key, row)
    subject = handbook().templates[row.template].subject
    about = values.get(subject) if subject else None
    return Entry(
        id=row.id,
        template=row.template,
        on=row.held_on or row.created_at.astimezone(ctx.settings.zone).date(),
        values=values,
        person_id=about if isinstance(about, int) else None,
        entered_at=row.created_at,
        late=row.is_late,
    )


def on_probation(entries: Iterable[Entry]) -> set[int]:
    """Whom the T20 of a branch put on probation within the party."""
    return {
        one.person_id
        for one in entries
        if one.person_id is not None and one.values.get("item") == PROBATION
    }  # fmt: skip


def _member(person: Person, line: dict[str, Any], suspended: bool, named: bool) -> Member:
    full_on = line.get("full_date")
    return Member(
        id=person.id,
        name=person.name if named else "",
        membership=person.membership.value,
        suspended=suspended,
        born_on=person.birth_month,
        full_on=date.fromisoformat(full_on) if isinstance(full_on, str) and len(full_on) == 10 else None,
        flags=frozenset(line.get("care_flags") or ()),
    )
