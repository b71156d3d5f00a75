"""What may be chosen in a record's fields, in words: people, records, visits, organizations, options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from handlers import record_prefill, record_terms
from handlers.context import Context
from handlers.record_access import Reader, Standing
from handlers.template_content import Field, Kind, Template, handbook
from models import Booking, Organization, Person, Record

SOMEBODY = "一名同志"
"""How others are named to a member of the branch: their names are on the roster, not for everybody."""
VISITS_FOR = timedelta(days=62)
OPTIONS = ("grades", "ratings", "sheets", "veto_names")


@dataclass(frozen=True, slots=True)
class Choices:
    """People and records by id with their words, and the district's own options."""

    people: Mapping[int, str]
    records: Mapping[str, Sequence[tuple[int, str]]] = field(default_factory=dict)
    bookings: Sequence[tuple[int, str]] = ()
    organizations: Sequence[tuple[int, str]] = ()
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of(self, one: Field) -> Sequence[tuple[Any, str]]:
        """The options of a field, each with its words."""
        match one.kind:
            case Kind.PERSON | Kind.PEOPLE:
                return list(self.people.items())
            case Kind.RECORD | Kind.RECORDS:
                return [option for code in one.refers for option in self.records.get(code, ())]
            case Kind.BOOKING:
                return self.bookings
            case Kind.ORGANIZATION:
                return self.organizations
        words = self.options.get(one.options_from, one.options)
        return [(word, word) for word in words]


async def gather(ctx: Context, reader: Reader, form: Template, *, record: Record | None = None) -> Choices:
    """The choices of a template's fields in a branch, as that reader may see them."""
    roster = await Person.filter(organization_id=reader.branch.id).order_by("left_at", "id")
    hides = reader.standing is Standing.MEMBER
    people = {
        one.id: one.name if not hides or one.id == reader.person.id else SOMEBODY
        for one in roster
        if one.left_at is None or not reader.writes
    }
    district = await record_terms.for_record(ctx, record)
    return Choices(
        people=people,
        records=await _records(reader, form),
        bookings=await _bookings(ctx, reader) if any(one.kind is Kind.BOOKING for one in form.fields) else (),
        organizations=await _above(reader.branch),
        options={name: getattr(district, name) for name in OPTIONS},
    )


async def _records(reader: Reader, form: Template) -> dict[str, list[tuple[int, str]]]:
    codes = {code for one in form.fields for column in (one, *one.columns) for code in column.refers}
    found: dict[str, list[tuple[int, str]]] = {}
    for row in await record_prefill.signed(reader.branch, sorted(codes)) if codes else []:
        words = row.values.get("problem") or row.values.get("name")
        extra = f"：{words[:16]}" if isinstance(words, str) else ""
        day = f"{row.held_on:%Y-%m-%d}" if row.held_on else row.period
        found.setdefault(row.template, []).append(
            (row.id, f"{day} {handbook().templates[row.template].name}{extra}")
        )
    return found


async def _bookings(ctx: Context, reader: Reader) -> list[tuple[int, str]]:
    took_place = Booking.filter(
        branch_id=reader.branch.id, status__in=record_prefill.TOOK_PLACE,
        slot__starts_at__gte=ctx.now() - VISITS_FOR,
    )  # fmt: skip
    rows = await took_place.order_by("-slot__starts_at").limit(30).select_related("slot__site")
    return [(row.id, visit_words(ctx, row)) for row in rows]


def visit_words(ctx: Context, row: Booking) -> str:
    """A visit in a few words."""
    begins = row.slot.starts_at.astimezone(ctx.settings.zone)
    return f"{begins.month}月{begins.day}日 {begins:%H:%M} {row.slot.site.name}"


async def _above(branch: Organization) -> list[tuple[int, str]]:
    """The organizations above a branch, the nearest first."""
    found, above = [], branch.parent_id
    while above is not None:
        row = await Organization.get(id=above)
        found.append((row.id, row.name))
        above = row.parent_id
    return found
