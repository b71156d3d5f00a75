"""Who the caller is on the roster: their organization and their duties."""

from dataclasses import dataclass

from handlers.context import Context
from models import Duty, Person


@dataclass(frozen=True, slots=True)
class Profile:
    """A person with the organization fetched, and the duties with theirs."""

    person: Person
    duties: list[Duty]


async def mine(ctx: Context) -> Profile | None:
    """The caller's own; nothing until the account is bound. Two queries."""
    if ctx.caller.person is None:
        return None
    person = await Person.get(id=ctx.caller.person.id).select_related("organization")
    duties = await Duty.filter(person_id=person.id).select_related("organization").order_by("id")
    return Profile(person, duties)
