"""What an officer who plans a cycle chooses from: organizers, people for a team, branches that are left."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from handlers import cycles
from handlers.assessment_content import kept_book
from handlers.context import Context
from handlers.errors import BadInput
from models import Assessment, Cycle, Organization, OrganizationKind, Person
from models.organizations import SEGMENT

MOST_SHOWN = 300
MOST_PEOPLE = 30
ORGANIZERS = (OrganizationKind.DISTRICT, OrganizationKind.COMMITTEE)
LONGEST_NAME = 20


@dataclass(frozen=True, slots=True)
class Choices:
    """Parts of a cycle (towns, systems), how many branches of each nobody has yet, and those of one part."""

    parts: Sequence[Organization]
    left: dict[int, int] = field(default_factory=dict)
    below: Organization | None = None
    branches: Sequence[Organization] = ()


async def organizers(ctx: Context) -> list[Organization]:
    """Who may organize a cycle, of those the caller stands over.

    Raises:
        NotBound, NotAllowed.
    """
    reached = await cycles.officer(ctx)
    rows = await Organization.filter(kind__in=ORGANIZERS).order_by("path")
    return [row for row in rows if reached.covers_organization(row)]


async def people(ctx: Context, *, cycle: Cycle, name: str) -> list[Person]:
    """People of a name, above or below the cycle's organization; nobody where no name is given.

    Raises:
        NotBound, NotAllowed.
    """
    await cycles.officer(ctx)
    name, top = name.strip()[:LONGEST_NAME], cycle.organization.path
    if not name:
        return []
    found = Person.filter(name__contains=name, left_at=None).select_related("organization")
    rows = await found.order_by("name", "id").limit(MOST_PEOPLE * 10)
    near = [
        row for row in rows if row.organization.path.startswith(top) or top.startswith(row.organization.path)
    ]
    return near[:MOST_PEOPLE]


async def choices(ctx: Context, *, cycle: Cycle, below_id: int | None = None) -> Choices:
    """The parts of a cycle with how many branches are left, and the branches left in one of them.

    Raises:
        NotBound, NotAllowed.
        BadInput: that part isn't of this cycle.
    """
    await cycles.officer(ctx)
    top, rules = cycle.organization.path, kept_book(cycle.book)
    taken = {row.branch_id for row in await Assessment.filter(cycle_id=cycle.id).only("id", "branch_id")}
    rows = await Organization.filter(path__startswith=top).order_by("code")
    open_ = [
        row
        for row in rows
        if row.kind is OrganizationKind.BRANCH
        and row.id not in taken
        and rules.sheet_for(row.scope) is not None
    ]
    parts = [row for row in rows if len(row.path) == len(top) + SEGMENT] or [cycle.organization]
    left = {part.id: sum(row.path.startswith(part.path) for row in open_) for part in parts}
    if below_id is None:
        return Choices(parts, left)
    below = next((row for row in rows if row.id == below_id), None)
    if below is None:
        raise BadInput(below_id="不在这次评估的范围内，请另选")
    branches = [row for row in open_ if row.path.startswith(below.path)]
    return Choices(parts, left, below, branches[:MOST_SHOWN])
