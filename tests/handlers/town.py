"""A small district to play in: two towns, their branches, two sites, and the people who matter."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.context import Caller, Context
from models import (
    Duty,
    Organization,
    OrganizationKind,
    Person,
    Role,
    Site,
    SiteCategory,
    Slot,
)

EVERY_DAY = {
    "hours": [
        {
            "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "opens": "08:00",
            "closes": "18:00",
            "slot_minutes": 120,
        }
    ],
    "open_on_holidays": False,
}


@dataclass
class Town:
    """What `build` has made; `at` gives a context on behalf of one of its people."""

    ctx: Context
    district: Organization
    town: Organization
    other_town: Organization
    branch: Organization
    other_branch: Organization
    far_branch: Organization
    site: Site
    other_site: Site
    worker: Person
    member: Person
    other_worker: Person
    far_worker: Person
    keeper: Person
    town_officer: Person
    far_officer: Person
    district_officer: Person

    def at(self, person: Person | None) -> Context:
        """The same world on behalf of `person`; None is a stranger."""
        return self.ctx.on_behalf_of(Caller(person=person))


async def build(ctx: Context) -> Town:
    """The towns of 般阳路 (with S10) and 太河 (with S01), three branches, and a person for each duty."""
    district = await organization("ZC", OrganizationKind.DISTRICT)
    town = await organization("ZC01", OrganizationKind.COMMITTEE, district)
    other_town = await organization("ZC13", OrganizationKind.COMMITTEE, district)
    branch = await organization("ZC0101", OrganizationKind.BRANCH, town)
    other_branch = await organization("ZC0102", OrganizationKind.BRANCH, town)
    far_branch = await organization("ZC1301", OrganizationKind.BRANCH, other_town)
    site = await new_site("S10", town)
    other_site = await new_site("S01", other_town)
    return Town(
        ctx=ctx,
        district=district,
        town=town,
        other_town=other_town,
        branch=branch,
        other_branch=other_branch,
        far_branch=far_branch,
        site=site,
        other_site=other_site,
        worker=await person(branch, Role.BRANCH_WORKER),
        member=await person(branch, Role.MEMBER),
        other_worker=await person(other_branch, Role.BRANCH_WORKER),
        far_worker=await person(far_branch, Role.BRANCH_WORKER),
        keeper=await person(other_branch, Role.SITE_KEEPER, site=site),
        town_officer=await person(town, Role.TOWN_OFFICER),
        # An officer there is a plain member of a branch here: that opens nothing here.
        far_officer=await person(branch, Role.TOWN_OFFICER, over=other_town),
        district_officer=await person(district, Role.DISTRICT_OFFICER),
    )


async def organization(code: str, kind: OrganizationKind, parent: Organization | None = None) -> Organization:
    """One organization, with its path."""
    made = await Organization.create(code=code, name=code, kind=kind, parent=parent)
    made.path = f"{parent.path if parent else ''}{made.id:04d}"
    await made.save()
    return made


async def person(
    organization: Organization, role: Role, *, over: Organization | None = None, site: Site | None = None
) -> Person:
    """Somebody with a duty (and that of a member of the own organization)."""
    made = await Person.create(name="演示", organization=organization)
    await Duty.create(person=made, role=Role.MEMBER, organization=organization)
    if site is not None:
        await Duty.create(person=made, role=role, site=site)
    elif role is not Role.MEMBER:
        await Duty.create(person=made, role=role, organization=over or organization)
    return made


async def new_site(site_id: str, owner: Organization, *, needs_approval: bool = False) -> Site:
    """A site that is open every day from 8 to 18."""
    return await Site.create(
        id=site_id,
        name=f"阵地{site_id}",
        category=SiteCategory.URBAN,
        town="般阳路街道",
        owner=owner,
        longitude=117.9662,
        latitude=36.6441,
        capacity=30,
        opening=EVERY_DAY,
        contact="联系人",
        needs_approval=needs_approval,
    )


async def new_slot(site: Site, starts_at: datetime, *, capacity: int = 30, hours: int = 2) -> Slot:
    """A slot of that site."""
    return await Slot.create(
        site=site, starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours), capacity=capacity
    )
