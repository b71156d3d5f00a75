"""Promise 9: each duty reaches what it covers, and nothing else."""

from typing import Any

import pytest

from handlers import organizations
from handlers.access import Reach, reach
from handlers.context import Caller, Context
from models import Duty, Organization, OrganizationKind, Person, Role, Site

CODES = ("D", "C1", "C2", "G1", "B1", "B2", "B3")
SITES = ("S1", "S2", "S3")


@pytest.fixture
async def world(ctx: Context) -> dict[str, Organization]:
    """Two committees with branches; a site of each, and one that nobody owns yet."""
    made: dict[str, Organization] = {}
    for code, kind, above in (
        ("D", "district", ""), ("C1", "committee", "D"), ("C2", "committee", "D"),
        ("G1", "general_branch", "C1"), ("B1", "branch", "G1"),
        ("B2", "branch", "C1"), ("B3", "branch", "C2"),
    ):  # fmt: skip
        made[code] = await organizations.create(
            ctx, code=code, name=f"演示{code}", kind=OrganizationKind(kind), parent=made.get(above)
        )
    for id_, owner in (("S1", made["C1"]), ("S2", made["C2"]), ("S3", None)):
        await Site.create(
            id=id_, name=f"演示{id_}", category="MIX", town="", longitude=118, latitude=36.5, capacity=9,
            opening={}, owner=owner,
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("role", "scope", "covered", "sites"),
    [
        (None, "B1", set(), set()),
        (Role.MEMBER, "B1", set(), set()),
        (Role.BRANCH_WORKER, "B1", {"B1"}, set()),
        (Role.SITE_KEEPER, "S1", set(), {"S1"}),
        (Role.TOWN_OFFICER, "C1", {"C1", "G1", "B1", "B2"}, {"S1"}),
        (Role.DISTRICT_OFFICER, "D", set(CODES), set(SITES)),
    ],
)
async def test_a_duty_covers_exactly_its_scope(
    ctx: Context,
    world: dict[str, Organization],
    role: Role | None,
    scope: str,
    covered: set[str],
    sites: set[str],
) -> None:
    person = await Person.create(name="演示甲", organization=world["B1"])
    if role is not None:
        where: dict[str, Any] = (
            {"site_id": scope} if scope.startswith("S") else {"organization": world[scope]}
        )
        await Duty.create(person=person, role=role, **where)
    reached = await reach(ctx.on_behalf_of(Caller(person=person)))
    assert {code for code in CODES if reached.covers_organization(world[code])} == covered
    assert {site for site in SITES if reached.covers_site(site)} == sites
    assert reached.roles == {Role.MEMBER} | ({role} if role else set())


async def test_duties_add_up(ctx: Context, world: dict[str, Organization]) -> None:
    person = await Person.create(name="演示甲", organization=world["B1"])
    await Duty.create(person=person, role=Role.BRANCH_WORKER, organization=world["B1"])
    await Duty.create(person=person, role=Role.SITE_KEEPER, site_id="S2")
    await Duty.create(person=person, role=Role.TOWN_OFFICER, organization=world["C2"])
    reached = await reach(ctx.on_behalf_of(Caller(person=person)))
    assert {code for code in CODES if reached.covers_organization(world[code])} == {"B1", "C2", "B3"}
    assert reached.site_ids == {"S2"}


async def test_being_an_officer_somewhere_gives_no_sites_elsewhere(
    ctx: Context, world: dict[str, Organization]
) -> None:
    """A branch worker's branch doesn't turn into an officer's subtree beside another duty."""
    await Site.create(
        id="S9", name="演示S9", category="MIX", town="", longitude=118, latitude=36.5, capacity=9, opening={},
        owner=world["B1"],
    )  # fmt: skip
    person = await Person.create(name="演示甲", organization=world["B1"])
    await Duty.create(person=person, role=Role.BRANCH_WORKER, organization=world["B1"])
    await Duty.create(person=person, role=Role.TOWN_OFFICER, organization=world["C2"])
    reached = await reach(ctx.on_behalf_of(Caller(person=person)))
    assert reached.site_ids == {"S2"}


async def test_who_left_reaches_nothing_any_more(ctx: Context, world: dict[str, Organization]) -> None:
    person = await Person.create(name="演示甲", organization=world["B1"], left_at=ctx.now())
    await Duty.create(person=person, role=Role.DISTRICT_OFFICER, organization=world["D"])
    assert await reach(ctx.on_behalf_of(Caller(person=person))) == Reach()


async def test_a_stranger_and_a_forgotten_caller_reach_nothing(
    ctx: Context, world: dict[str, Organization]
) -> None:
    for caller in (Caller(), ctx.caller):
        reached = await reach(ctx.on_behalf_of(caller))
        assert not any(reached.covers_organization(organization) for organization in world.values())
        assert not any(reached.covers_site(site) for site in SITES)


async def test_an_organization_without_a_path_covers_nothing(ctx: Context) -> None:
    """An empty path is the beginning of every path."""
    bare = await Organization.create(code="X", name="演示", kind=OrganizationKind.COMMITTEE)
    other = await organizations.create(ctx, code="D", name="演示", kind=OrganizationKind.DISTRICT)
    person = await Person.create(name="演示甲", organization=bare)
    await Duty.create(person=person, role=Role.TOWN_OFFICER, organization=bare)
    reached = await reach(ctx.on_behalf_of(Caller(person=person)))
    assert not reached.covers_organization(other)


async def test_similar_paths_of_neighbours_are_kept_apart() -> None:
    reached = Reach(organization_paths=("0001000A",))
    assert reached.covers_path("0001000A000B")
    assert not reached.covers_path("0001000B")
    assert not reached.covers_path("0001")
