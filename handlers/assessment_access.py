"""Who may do what in the assessment: officers by the subtree they stand over, and nobody else's paths."""

from handlers import access
from handlers.access import OFFICERS
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import NotAllowed
from models import Duty, Organization, Role


async def officer_paths(ctx: Context) -> tuple[str, ...]:
    """The tops of the subtrees the caller is an officer over; none for everybody else."""
    if not (await access.reach(ctx)).roles & OFFICERS:
        return ()
    reached = await access.officer_reach(ctx)
    return reached.organization_paths if reached is not None else ()


async def require_officer(ctx: Context, *, role: Role | None = None) -> None:
    """Refuse whoever is no officer, before anything is looked up.

    Raises:
        NotBound, NotAllowed.
    """
    await require_person(ctx)
    reached = await access.reach(ctx)
    if not reached.roles & OFFICERS or (role is not None and role not in reached.roles):
        raise NotAllowed


async def is_officer_over(ctx: Context, organization: Organization) -> bool:
    """Whether the caller is an officer over this organization."""
    return any(organization.path.startswith(path) for path in await officer_paths(ctx))


async def is_district_officer_over(ctx: Context, organization: Organization) -> bool:
    """Whether the caller is an officer of the district over this organization."""
    person = ctx.caller.person
    if person is None or not await is_officer_over(ctx, organization):
        return False
    duties = await Duty.filter(person_id=person.id, role=Role.DISTRICT_OFFICER).select_related("organization")
    return any(one.organization and organization.path.startswith(one.organization.path) for one in duties)


async def own_branches(ctx: Context) -> list[int]:
    """The branches the caller acts for."""
    person = ctx.caller.person
    if person is None:
        return []
    duties = await Duty.filter(person_id=person.id, role=Role.BRANCH_WORKER)
    return [one.organization_id for one in duties if one.organization_id is not None]
