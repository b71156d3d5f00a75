"""What a caller may reach: the organizations and sites their duties cover."""

from dataclasses import dataclass
from typing import Any

from tortoise.expressions import Q

from handlers.context import SYSTEM, Context
from handlers.errors import NotAllowed
from models import Duty, Organization, Person, Role, Site

OFFICERS = frozenset({Role.TOWN_OFFICER, Role.DISTRICT_OFFICER})


@dataclass(frozen=True, slots=True)
class Reach:
    """Duties of one person, ready to be asked.

    Everybody on the roster is a `member`; that alone covers no organization and no site, only what is
    the person's own. `organization_paths` are the tops of the subtrees that are covered.
    """

    roles: frozenset[Role] = frozenset()
    organization_paths: tuple[str, ...] = ()
    site_ids: frozenset[str] = frozenset()

    def covers_organization(self, organization: Organization) -> bool:
        """Whether the caller works for this organization, or is an officer above it."""
        return self.covers_path(organization.path)

    def covers_path(self, path: str) -> bool:
        """Whether the organization at `path` is covered."""
        return any(path.startswith(top) for top in self.organization_paths)

    def covers_site(self, site_id: str) -> bool:
        """Whether the caller keeps this site, or is an officer above its owner."""
        return site_id in self.site_ids


NOBODY = Reach()


async def reach(ctx: Context) -> Reach:
    """What `ctx.caller` may reach; one query, two for officers.

    The clock and the command line (`SYSTEM`) reach nothing here: what they may do doesn't hang on
    duties, and a door that forgets to name its caller must not open anything.
    """
    person = ctx.caller.person
    if person is None or person.left_at is not None:
        return NOBODY
    duties = await Duty.filter(person_id=person.id).select_related("organization")
    site_ids = {duty.site_id for duty in duties if duty.role is Role.SITE_KEEPER and duty.site_id is not None}
    # A path is empty only for a moment inside the transaction that makes the organization.
    tops = [(duty.role, duty.organization.path) for duty in duties if duty.organization and not duty.site_id]
    paths = tuple(dict.fromkeys(path for role, path in tops if path and role is not Role.MEMBER))
    officers = [(role, path) for role, path in tops if path and role in OFFICERS]
    if officers:
        site_ids.update(await _sites_below(officers))
    roles = {duty.role for duty in duties if duty.site_id or duty.organization_id}
    return Reach(frozenset(roles | {Role.MEMBER}), paths, frozenset(site_ids))


async def _sites_below(officers: list[tuple[Role, str]]) -> list[str]:
    if any(role is Role.DISTRICT_OFFICER for role, _ in officers):
        sites = Site.all()  # Also those that have no owner yet.
    else:
        sites = Site.filter(Q(*(Q(owner__path__startswith=path) for _, path in officers), join_type="OR"))
    return [str(id_) for id_ in await sites.values_list("id", flat=True)]


def within(reach: Reach | None, *, below: str = "") -> Q:
    """A condition on organizations (or with `below`, on those behind a relation): within reach."""
    if reach is None:
        return Q()
    paths = [Q(**{f"{below}path__startswith": path}) for path in reach.organization_paths]
    nobody: dict[str, Any] = {f"{below}id__in": []}
    return Q(*paths, join_type="OR") if paths else Q(**nobody)


async def branches_worked_for(person: Person) -> list[int]:
    """The ids of the branches that this person books and claims for."""
    duties = Duty.filter(person_id=person.id, role=Role.BRANCH_WORKER, organization_id__not_isnull=True)
    return [duty.organization_id for duty in await duties.order_by("id") if duty.organization_id is not None]


async def officer_reach(ctx: Context) -> Reach | None:
    """The reach of an officer who changes the tree or the roster; None = everything (command line).

    Raises:
        NotAllowed: the caller is no officer.
    """
    if ctx.caller is SYSTEM:
        return None
    reached = await reach(ctx)
    if not reached.roles & OFFICERS:
        raise NotAllowed
    officers_only = await Duty.filter(person=ctx.caller.person, role__in=OFFICERS).select_related(
        "organization"
    )
    paths = tuple(duty.organization.path for duty in officers_only if duty.organization)
    return Reach(reached.roles, paths, reached.site_ids)
