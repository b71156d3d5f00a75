"""Two hundred branches that want the same places, for the booking benchmark."""

from datetime import datetime, timedelta

from handlers.context import open_database
from miniprogram_api import tokens
from models import (
    Account,
    App,
    Duty,
    Organization,
    OrganizationKind,
    Person,
    Role,
    Site,
    SiteCategory,
    Slot,
)
from settings import Settings


async def build(settings: Settings, clients: int) -> list[str]:
    """A site, and a worker with a token for each of so many branches."""
    now = datetime.now(settings.zone)
    async with open_database(settings.resolved_database_url):
        await Organization.bulk_create(
            Organization(
                id=n + 1, code=f"B{n:04}", name=f"第{n}支部", kind=OrganizationKind.BRANCH, path=f"{n:04}"
            )
            for n in range(clients)
        )
        await Person.bulk_create(Person(id=n + 1, name="演示", organization_id=n + 1) for n in range(clients))
        await Duty.bulk_create(
            Duty(person_id=n + 1, role=Role.BRANCH_WORKER, organization_id=n + 1) for n in range(clients)
        )
        await Account.bulk_create(
            Account(id=n + 1, app=App.MINI_PROGRAM, openid=f"m{n:05}", person_id=n + 1)
            for n in range(clients)
        )
        await Site.create(
            id="S01", name="先锋驿站", category=SiteCategory.URBAN, town="般阳路街道", longitude=117.9,
            latitude=36.5, capacity=500, opening={"hours": []},
        )  # fmt: skip
    return [tokens.issue(settings, n + 1, now)[0] for n in range(clients)]


async def slots(settings: Settings, *, count: int, capacity: int, first: int) -> list[int]:
    """New slots, an hour each, no two at the same time; their ids."""
    begin = datetime.now(settings.zone).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    made = []
    for n in range(first, first + count):
        starts_at = begin + timedelta(hours=n)
        slot = await Slot.create(
            site_id="S01", starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), capacity=capacity
        )
        made.append(slot.id)
    return made
