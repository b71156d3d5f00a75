"""The demo's data: the shape of the real district, made quickly, and only once."""

import time
from collections import Counter

import yaml

from handlers import accounts, phones, seeding
from handlers.access import reach
from handlers.context import Caller, Context
from models import (
    Account,
    App,
    AuditEntry,
    Duty,
    Organization,
    OrganizationKind,
    Person,
    Role,
    Scope,
    Site,
)

CONTENT = yaml.safe_load((seeding.CONTENT / "organizations.yaml").read_text(encoding="utf-8"))
PEOPLE = yaml.safe_load((seeding.CONTENT / "people.yaml").read_text(encoding="utf-8"))


def test_the_district_has_1800_branches_of_which_447_are_villages_and_475_departments() -> None:
    branches = [row for row in seeding.plan(CONTENT, "district") if row.kind is OrganizationKind.BRANCH]
    scopes = Counter(row.scope for row in branches)
    assert len(branches) == 1800
    assert scopes[Scope.VILLAGE] == 447
    assert scopes[Scope.DEPARTMENT] == 475
    assert all(row.scope is not Scope.NONE for row in branches)


def test_the_small_demo_is_a_part_of_the_district_with_every_kind_of_branch() -> None:
    small, district = (seeding.plan(CONTENT, scale) for scale in ("small", "district"))
    assert set(small) < set(district)
    branches = [row for row in small if row.kind is OrganizationKind.BRANCH]
    assert len(branches) == 120
    assert {row.scope for row in branches} == set(Scope) - {Scope.NONE}
    assert any(row.kind is OrganizationKind.GENERAL_BRANCH for row in small)


def test_the_branches_of_the_demos_people_are_of_the_kind_they_say() -> None:
    scopes = {row.code: row.scope for row in seeding.plan(CONTENT, "small")}
    assert scopes["ZC0101"] is Scope.COMMUNITY
    assert scopes["ZC1301"] is Scope.VILLAGE
    assert scopes["ZC1401"] is Scope.DEPARTMENT
    assert {row["organization"] for row in PEOPLE if row.get("roster", True)} <= set(scopes)


async def test_the_small_demo_has_the_13_towns_and_its_people_with_their_duties(ctx: Context) -> None:
    await seeding.seed_people(ctx)
    towns = (
        await Organization.filter(kind=OrganizationKind.COMMITTEE)
        .exclude(town="")
        .values_list("town", flat=True)
    )
    assert len(set(towns)) == 13
    assert await Person.all().count() == 600
    officer = await who(ctx, "oDemo-town-officer-taihe-001")
    reached = await reach(ctx.on_behalf_of(officer))
    assert reached.covers_organization(await Organization.get(code="ZC1301"))
    assert not reached.covers_organization(await Organization.get(code="ZC0101"))


async def test_every_path_is_the_parents_path_and_the_own_segment(ctx: Context) -> None:
    await seeding.seed_people(ctx)
    for row in await Organization.all().select_related("parent"):
        above = row.parent.path if row.parent is not None else ""
        assert row.path[:-4] == above
        assert len(row.path) == len(above) + 4
    assert await Organization.all().count() == len(
        set(await Organization.all().values_list("path", flat=True))
    )


async def test_only_whom_the_demo_says_is_bound(ctx: Context) -> None:
    await seeding.seed_people(ctx)
    for row in PEOPLE:
        known = await who(ctx, row["openid"])
        follows = row.get("follows", True)
        assert (known.person is not None) is (follows and row.get("bound", True) and row.get("roster", True))
    (outside,) = (row for row in PEOPLE if not row.get("roster", True))
    stranger = phones.look_up_hash(ctx.settings.secret_key, outside["phone"])
    assert not await Person.filter(phone_hash=stranger).exists()


async def test_seeding_again_changes_nothing_and_brings_back_nobody_who_withdrew(ctx: Context) -> None:
    await seeding.seed_people(ctx)
    member = await who(ctx, "oDemo-member-shequ-000000001")
    await accounts.withdraw(ctx.on_behalf_of(member))
    before = await counts()
    await seeding.seed_people(ctx)
    assert await counts() == before
    assert not await Account.filter(openid="oDemo-member-shequ-000000001").exists()


async def test_a_keeper_gets_the_duty_once_the_site_is_there(ctx: Context) -> None:
    await seeding.seed_people(ctx)
    await seeding.give_site_duties(ctx)
    assert not await Duty.filter(role=Role.SITE_KEEPER).exists()
    await Site.create(
        id="S10", name="演示点", category="URBAN", town="般阳路街道", longitude=117.9, latitude=36.6,
        capacity=10, opening={},
    )  # fmt: skip
    await seeding.give_site_duties(ctx)
    await seeding.give_site_duties(ctx)
    keeper = await who(ctx, "oDemo-site-keeper-s10-000001")
    assert (await reach(ctx.on_behalf_of(keeper))).covers_site("S10")
    assert await Duty.filter(role=Role.SITE_KEEPER).count() == 1


async def test_a_district_of_48000_is_made_in_under_a_minute_and_says_how_far_it_is(ctx: Context) -> None:
    lines: list[str] = []
    started = time.monotonic()
    await seeding.seed_people(ctx, scale="district", progress=lines.append)
    took = time.monotonic() - started
    assert await Person.all().count() == 48000
    assert await Organization.filter(kind=OrganizationKind.BRANCH).count() == 1800
    assert sum(" / 48000" in line for line in lines) > 10
    assert took < 60, f"{took:.1f} s"


async def test_the_small_demo_grows_to_the_district(ctx: Context) -> None:
    await seeding.seed_people(ctx)
    await seeding.seed_people(ctx, scale="district")
    assert await Person.all().count() == 48000
    assert await Organization.filter(kind=OrganizationKind.BRANCH).count() == 1800


async def test_the_whole_demo_is_loaded_twice_without_doubling(ctx: Context) -> None:
    await seeding.seed_demo(ctx)
    before = (await counts())[:-1]  # Loading content is audited each time.
    await seeding.seed_demo(ctx)
    assert (await counts())[:-1] == before
    assert await Site.all().count() == 27
    assert await Duty.filter(role=Role.SITE_KEEPER).count() == 2


async def who(ctx: Context, openid: str) -> Caller:
    return await accounts.caller(ctx, app=App.OFFICIAL_ACCOUNT, openid=openid)


async def counts() -> list[int]:
    return [await model.all().count() for model in (Organization, Person, Account, Duty, Site, AuditEntry)]
