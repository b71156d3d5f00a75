"""Who sees which record, and how much of it; who writes and signs. A branch's papers are the branch's.

Whoever works for the branch (its secretary, its worker) writes and signs. Officers above read what is
signed. Members read the branch's signed records of its common life, and of those about one person their
own. Sensitive fields are for the branch's workers and for the person a record is about; what was said in a
talk (T11) is for the two who talked and the secretary alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from handlers import access
from handlers.access import OFFICERS
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import NotAllowed, NotFound, NotYourBranch
from handlers.record_seals import Values, is_sealed
from handlers.template_content import Template
from models import Duty, Organization, Person, Record, RecordStatus, Role

TALK = "T11"
TALKERS = ("from_id", "to_id")
PRIVATE = {TALK: frozenset({"points"})}
"""Fields that nobody reads but the two who talked and the secretary."""


class Standing(StrEnum):
    """How somebody stands to a branch."""

    WORKER = "worker"
    OFFICER = "officer"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks at a branch's records. `is_secretary` by the latest T02, else by the duty."""

    person: Person
    branch: Organization
    standing: Standing
    is_secretary: bool

    @property
    def writes(self) -> bool:
        """Whether they write and sign here."""
        return self.standing is Standing.WORKER


async def read_branch(ctx: Context, branch_id: int | None) -> Reader:
    """The caller as a reader of that branch; without an id, of the branch they work for or belong to.

    Raises:
        NotBound.
        NotFound: no such branch, or not theirs to see.
    """
    person = await require_person(ctx)
    worked_for = await branches_worked_for(person)
    if branch_id is None:
        home = person.organization_id
        branch_id = home if home in worked_for or not worked_for else worked_for[0]
    branch = await Organization.get_or_none(id=branch_id)
    if branch is None:
        raise NotFound
    if branch.id in worked_for:
        return Reader(person, branch, Standing.WORKER, await _is_secretary(person, branch))
    reach = await access.reach(ctx)
    if reach.roles & OFFICERS and reach.covers_organization(branch):
        return Reader(person, branch, Standing.OFFICER, await _is_secretary(person, branch, duty=False))
    if person.organization_id == branch.id:
        return Reader(person, branch, Standing.MEMBER, await _is_secretary(person, branch, duty=False))
    raise NotFound


def require_overview(reader: Reader) -> None:
    """A branch's year with what is missing is for who works for it and for the officers above.

    Raises:
        NotAllowed: the caller is a member of the branch.
    """
    if reader.standing is Standing.MEMBER:
        raise NotAllowed


async def write_branch(ctx: Context, branch_id: int | None) -> Reader:
    """The caller as one who writes for that branch.

    Raises:
        NotBound, NotFound.
        NotYourBranch: the caller sees it, but doesn't work for it.
    """
    reader = await read_branch(ctx, branch_id)
    if not reader.writes:
        raise NotYourBranch
    return reader


async def branches_worked_for(person: Person) -> list[int]:
    """The branches whose records this person writes."""
    duties = Duty.filter(person_id=person.id, role=Role.BRANCH_WORKER, organization_id__not_isnull=True)
    return [int(duty.organization_id or 0) for duty in await duties.order_by("id")]


def may_see(reader: Reader, template: Template, record: Record, values: Mapping[str, Any]) -> bool:
    """Whether a record is there at all for this reader."""
    if reader.writes or is_about(reader.person, template, values):
        return True
    if record.status is not RecordStatus.SIGNED:
        return False
    return reader.standing is Standing.OFFICER or not is_personal(template)


def may_write(reader: Reader, template: Template, values: Mapping[str, Any]) -> bool:
    """Whether this reader writes at a record: the branch's workers, and at a talk the two who talked."""
    return reader.writes or (template.code == TALK and is_about(reader.person, template, values))


def is_personal(template: Template) -> bool:
    """Whether a record of this template is about one person."""
    return bool(template.subject) or template.code == TALK or template.code == "T03"


def is_about(person: Person, template: Template, values: Mapping[str, Any]) -> bool:
    """Whether it is about this person."""
    if template.code == TALK:
        return person.id in [values.get(key) for key in TALKERS]
    return bool(template.subject) and values.get(template.subject) == person.id


def hidden(reader: Reader, template: Template, record: Record, values: Mapping[str, Any]) -> frozenset[str]:
    """The fields this reader doesn't see."""
    about = is_about(reader.person, template, values)
    private = PRIVATE.get(template.code, frozenset())
    wrote = record.created_by_id == reader.person.id and record.status is RecordStatus.DRAFT
    closed = frozenset() if about or reader.is_secretary or wrote else private
    if reader.writes or about:
        return closed
    return closed | {field.key for field in template.fields if is_sealed(field) and field.key not in private}


def shown(reader: Reader, template: Template, record: Record, values: Values) -> Values:
    """What this reader sees of the values."""
    closed = hidden(reader, template, record, values)
    return {key: value for key, value in values.items() if key not in closed}


async def _is_secretary(person: Person, branch: Organization, *, duty: bool = True) -> bool:
    team = Record.filter(branch_id=branch.id, template="T02", status=RecordStatus.SIGNED)
    latest = await team.order_by("-held_on", "-id").first()
    return duty if latest is None else latest.values.get("secretary_id") == person.id
