"""The demo's organizations and people, and the same at the size of a whole district."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import yaml
from tortoise.transactions import in_transaction

from handlers import audit, phones
from handlers.context import Context
from handlers.locks import hold
from handlers.organizations import TREE, segment
from models import (
    Account,
    App,
    Booking,
    BookingStatus,
    Duty,
    Membership,
    Organization,
    OrganizationKind,
    Person,
    Role,
    Scope,
    Site,
    Slot,
)

CONTENT = Path(__file__).parent.parent / "content" / "demo"
FIRST_PHONE = 19900010000
"""Phones of the unnamed members count up from here: a range that is not in use."""
BELOW_GENERAL_BRANCH = (5, 6)
"""Which of every ten branches of a committee stand below a general branch."""
WORKER_AMONG = 26
"""One of so many unnamed members is a party worker: about one in each branch of the district."""
BATCH = 2000
VISITS = {"S10": "ZC0101", "S02": "ZC1301", "S22": "ZC1401"}
"""Where, and for which branch, the demo keeps a visit going on."""
VISIT_LASTS = timedelta(hours=8)

Scale = Literal["small", "district"]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """An organization to be made."""

    code: str
    name: str
    kind: OrganizationKind
    parent_code: str | None
    scope: Scope = Scope.NONE
    town: str = ""


def _silent(line: str) -> None:
    """Progress that nobody reads."""


async def seed_demo(ctx: Context, *, scale: Scale = "small", progress: Progress = _silent) -> None:
    """Load everything the demo needs; what is there already stays as it is."""
    from handlers import demo_showcase, knowledge, lessons, sites

    await seed_people(ctx, scale=scale, progress=progress)
    await sites.seed(ctx)
    progress("阵地已就绪")
    await give_site_duties(ctx)
    await lessons.seed(ctx)
    progress("微课已就绪")
    await knowledge.seed(ctx)
    progress("知识库已就绪")
    await demo_showcase.seed(ctx)
    progress("样板已就绪")


async def keep_visits_open(ctx: Context) -> None:
    """See to it that the demo's branches have a visit going on, whatever the hour the demo is shown at.

    These slots alone are made by hand: no opening rule would give one at midnight.
    """
    now = ctx.now().replace(second=0, microsecond=0)
    for site_id, code in VISITS.items():
        branch = await Organization.get(code=code)
        going_on = Booking.filter(
            branch=branch,
            slot__site_id=site_id,
            status__in=(BookingStatus.CONFIRMED, BookingStatus.FULFILLED),
            slot__starts_at__lte=now,
            slot__ends_at__gt=now + timedelta(hours=1),
        )
        if await going_on.exists():
            continue
        async with in_transaction():
            slot = await Slot.create(
                site_id=site_id, starts_at=now, ends_at=now + VISIT_LASTS, capacity=40, taken=30
            )
            booking = await Booking.create(
                slot=slot,
                branch=branch,
                headcount=30,
                theme="主题党日：重温入党誓词（演示）",
                status=BookingStatus.CONFIRMED,
                live_key=f"{slot.id}:{branch.id}",
                created_at=ctx.now(),
            )
            await audit.record(ctx, "demo.visit_opened", f"booking:{booking.id}", site=site_id)


async def seed_people(ctx: Context, *, scale: Scale = "small", progress: Progress = _silent) -> None:
    """Load organizations, members, and the demo's people with their identities and duties.

    One transaction: after an interruption there is nothing, and the next run starts over. Identities
    come only with a roster row that is new, so what somebody unbound or withdrew isn't made again.
    """
    content = yaml.safe_load((CONTENT / "organizations.yaml").read_text(encoding="utf-8"))
    named = yaml.safe_load((CONTENT / "people.yaml").read_text(encoding="utf-8"))
    async with in_transaction() as connection:
        await hold(connection, TREE)
        await hold(connection, "roster")
        organizations = await _make_organizations(plan(content, scale))
        progress(f"党组织已就绪：{len(organizations)} 个")
        known = set(await Person.exclude(member_no=None).values_list("member_no", flat=True))
        new = await _make_named(ctx, named, organizations, known)
        made = await _make_members(ctx, content, scale, organizations, known, progress)
        if new or made:
            await audit.record(ctx, "demo.seeded", "demo:people", scale=scale, people=len(new) + made)
    progress(f"人员已就绪：{await Person.all().count()} 人")


def plan(content: dict[str, Any], scale: Scale) -> list[Planned]:
    """Every organization of a scale, parents first; the small demo is a part of the district."""
    district = content["district"]
    planned = [Planned(district["code"], district["name"], OrganizationKind.DISTRICT, None)]
    for row in content["committees"]:
        committee = Planned(
            row["code"], row["name"], OrganizationKind.COMMITTEE, district["code"], town=row["town"]
        )
        planned += [
            committee,
            *_below(committee, row["branches"], row["small"] if scale == "small" else None),
        ]
    return planned


def _below(committee: Planned, shares: dict[str, int], limit: int | None) -> Iterator[Planned]:
    place = committee.town or committee.name.removesuffix("（演示）")
    for number, (scope, nth) in enumerate(interleave(shares), start=1):
        if limit is not None and number > limit:
            return
        parent = committee.code
        if number % 10 in BELOW_GENERAL_BRANCH:
            parent = f"{committee.code}Z{number // 10 + 1}"
            if number % 10 == BELOW_GENERAL_BRANCH[0]:
                name = f"{place}第{number // 10 + 1}联合党总支（演示）"
                yield Planned(
                    parent, name, OrganizationKind.GENERAL_BRANCH, committee.code, town=committee.town
                )
        name = f"{place}演示{scope}{nth}党支部"
        code = f"{committee.code}{number:02d}"
        yield Planned(code, name, OrganizationKind.BRANCH, parent, Scope(scope), committee.town)


def interleave(shares: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Kinds in an order in which any beginning holds about the same shares as the whole."""
    total, given = sum(shares.values()), dict.fromkeys(shares, 0)
    for position in range(1, total + 1):
        kind = max(shares, key=lambda kind: shares[kind] * position / total - given[kind])
        given[kind] += 1
        yield kind, given[kind]


async def _make_organizations(planned: list[Planned]) -> dict[str, Organization]:
    """All planned organizations by code; the missing ones are made level by level, in bulk."""
    there = {organization.code: organization for organization in await Organization.all()}
    missing = [row for row in planned if row.code not in there]
    while missing:
        ready = [row for row in missing if row.parent_code is None or row.parent_code in there]
        await Organization.bulk_create([_organization(row, there) for row in ready], batch_size=BATCH)
        made = await Organization.filter(path="")
        paths = {organization.id: organization.path for organization in there.values()}
        for organization in made:
            organization.path = paths.get(organization.parent_id or 0, "") + segment(organization.id)
        await Organization.bulk_update(made, fields=["path"], batch_size=200)
        there |= {organization.code: organization for organization in made}
        missing = [row for row in missing if row.code not in there]
    return {row.code: there[row.code] for row in planned}


def _organization(row: Planned, there: dict[str, Organization]) -> Organization:
    parent = there[row.parent_code] if row.parent_code is not None else None
    return Organization(
        code=row.code,
        name=row.name,
        kind=row.kind,
        scope=row.scope,
        town=row.town,
        parent_id=parent.id if parent is not None else None,
    )


async def _make_named(
    ctx: Context, named: list[dict[str, Any]], organizations: dict[str, Organization], known: set[Any]
) -> list[Person]:
    """The demo's people who aren't there yet, with identities and duties."""
    new = []
    first_time = not known
    for number, row in enumerate(named, start=1):
        member_no = f"YS{number:06d}"
        if not row.get("roster", True):
            if first_time:
                await _make_accounts(row, None)
        elif member_no not in known:
            person = await Person.create(**_named(ctx, row, member_no, organizations))
            await _make_accounts(row, person)
            await _make_duty(row, person, organizations)
            new.append(person)
    return new


def _named(
    ctx: Context, row: dict[str, Any], member_no: str, organizations: dict[str, Organization]
) -> dict[str, Any]:
    return {
        "member_no": member_no,
        "name": row["name"],
        "organization_id": organizations[row["organization"]].id,
        "membership": Membership(row.get("membership", Membership.FULL)),
        "birth_month": date.fromisoformat(f"{row['birth_month']}-01"),
        "is_worker": row.get("worker", False),
        **_phone(ctx, row["phone"]),
    }


def _phone(ctx: Context, phone: str) -> dict[str, str]:
    secret = ctx.settings.secret_key
    return {
        "phone_sealed": phones.seal(secret, phone),
        "phone_hash": phones.look_up_hash(secret, phone),
    }


async def _make_accounts(row: dict[str, Any], person: Person | None) -> None:
    bound = person if row.get("bound", True) else None
    follows = row.get("follows", True)
    if follows:
        await Account.create(
            app=App.OFFICIAL_ACCOUNT, openid=row["openid"], unionid=row["unionid"], person=bound, follows=True
        )
    if person is not None:
        await Account.create(
            app=App.MINI_PROGRAM, openid=row["mp_openid"], unionid=row["unionid"], person=bound
        )


async def _make_duty(row: dict[str, Any], person: Person, organizations: dict[str, Organization]) -> None:
    role = Role(row["duty"])
    if role not in (Role.MEMBER, Role.SITE_KEEPER):
        await Duty.create(person=person, role=role, organization=organizations[row["organization"]])


async def give_site_duties(ctx: Context) -> None:
    """Make the demo's keepers the keepers of their sites, once the sites are there."""
    named = yaml.safe_load((CONTENT / "people.yaml").read_text(encoding="utf-8"))
    async with in_transaction():
        sites = set(await Site.all().values_list("id", flat=True))
        for number, row in enumerate(named, start=1):
            person = (
                await Person.get_or_none(member_no=f"YS{number:06d}") if row.get("site") in sites else None
            )
            if person is not None:
                await Duty.get_or_create(person=person, role=Role.SITE_KEEPER, site_id=row["site"])


async def _make_members(
    ctx: Context,
    content: dict[str, Any],
    scale: Scale,
    organizations: dict[str, Organization],
    known: set[Any],
    progress: Progress,
) -> int:
    """Fill the branches evenly with unnamed members up to the scale's number; how many are new."""
    branches = [row for row in organizations.values() if row.kind is OrganizationKind.BRANCH]
    wanted, there = content["members"][scale], await Person.all().count()
    numbers = (n for n in range(1, wanted + 1) if f"YM{n:06d}" not in known)
    made = 0
    while there + made < wanted:
        room = min(BATCH, wanted - there - made)
        batch = [_member(ctx, next(numbers), branches) for _ in range(room)]
        await Person.bulk_create(batch, batch_size=BATCH)
        made += room
        progress(f"人员 {there + made} / {wanted}")
    return made


def _member(ctx: Context, number: int, branches: list[Organization]) -> Person:
    """The same number is always the same person, but for the seal of the phone."""
    return Person(
        member_no=f"YM{number:06d}",
        name=f"演示党员{number:05d}",
        organization_id=branches[number % len(branches)].id,
        membership=Membership.PROBATIONARY if number % 40 == 0 else Membership.FULL,
        birth_month=date(1945 + number * 7 % 60, number % 12 + 1, 1),
        is_worker=number % WORKER_AMONG == 0,
        **_phone(ctx, str(FIRST_PHONE + number)),
    )
