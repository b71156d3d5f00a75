"""The real application over a small district, and callers that hold every answer to the description."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from handlers import lessons, organizations
from handlers.context import Context
from handlers.gateways.wechat import Login
from miniprogram_api import app as api
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
from tests.fakes import Clock, FakeWeChat
from tests.miniprogram_api import description

Client = TestClient[web.Request, web.Application]


@dataclass
class Answer:
    """A response that was held against the description."""

    status: int
    body: Any
    headers: Any


@dataclass
class Caller:
    """Somebody with a phone; `token` is empty for a stranger."""

    client: Client
    token: str = ""
    account: Account | None = None
    person: Person | None = None

    async def __call__(self, method: str, path: str, json: Any = None, **headers: str) -> Answer:
        """Ask, and fail if the answer is not as described."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        full = f"/api/v1{path}"
        async with self.client.request(method, full, json=json, headers=headers) as response:
            await description.check(method, full, response)
            return await read(response)


async def read(response: ClientResponse) -> Answer:
    """A response as plain values."""
    body: Any = await response.read()
    if "json" in response.content_type or response.content_type.startswith("text/"):
        is_json = "json" in response.content_type
        body = await (response.json(content_type=None) if is_json else response.text())
    return Answer(response.status, body, response.headers)


@dataclass
class World:
    """Two towns with a branch each, one site with two slots, and a person for each duty."""

    near: Organization
    far: Organization
    site: Site
    slots: list[Slot]
    callers: dict[str, Caller] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Caller:
        return self.callers[name]


@pytest.fixture
async def client(ctx: Context, aiohttp_client: Callable[[web.Application], Awaitable[Client]]) -> Client:
    """The application as it is served, without the bot."""
    app = web.Application()
    api.setup(app, ctx)
    return await aiohttp_client(app)


@pytest.fixture
def stranger(client: Client) -> Caller:
    """Nobody in particular."""
    return Caller(client)


@pytest.fixture
async def world(ctx: Context, client: Client, clock: Clock) -> World:
    """A small district."""
    district = await _organization("ZC", "区委组织部", OrganizationKind.DISTRICT, None)
    towns = [
        await _organization(code, name, OrganizationKind.COMMITTEE, district)
        for code, name in (("ZC01", "般阳路街道党工委"), ("ZC13", "太河镇党委"))
    ]
    near = await _organization("ZC0101", "甲社区党支部", OrganizationKind.BRANCH, towns[0])
    far = await _organization("ZC1301", "乙村党支部", OrganizationKind.BRANCH, towns[1])
    site = await Site.create(
        id="S10", name="党群服务中心", category=SiteCategory.URBAN, town="般阳路街道", owner=towns[0],
        longitude=117.966, latitude=36.643, capacity=30, opening={}, contact="演示甲 19900000001",
        features=["讲解"],
    )  # fmt: skip
    slots = []
    for hours in (24, 48):
        starts_at = clock.now + timedelta(hours=hours)
        ends_at = starts_at + timedelta(hours=2)
        slots.append(await Slot.create(site=site, starts_at=starts_at, ends_at=ends_at, capacity=30))
    world = World(near, far, site, slots)
    duties: list[tuple[str, Organization, Role, Organization | None, Site | None]] = [
        ("member", near, Role.MEMBER, near, None),
        ("worker", near, Role.BRANCH_WORKER, near, None),
        ("other_worker", far, Role.BRANCH_WORKER, far, None),
        ("keeper", near, Role.SITE_KEEPER, None, site),
        ("town", near, Role.TOWN_OFFICER, towns[0], None),
        ("other_town", far, Role.TOWN_OFFICER, towns[1], None),
        ("district", near, Role.DISTRICT_OFFICER, district, None),
        # Officers who are at home where they work: they decide about what the near branch asks for.
        ("upper_town", towns[0], Role.TOWN_OFFICER, towns[0], None),
        ("upper_district", district, Role.DISTRICT_OFFICER, district, None),
    ]
    for name, home, role, organization, kept in duties:
        person = await Person.create(name=f"演示{name}", organization=home)
        await Duty.create(person=person, role=role, organization=organization, site=kept)
        world.callers[name] = await _caller(ctx, client, name, person)
    world.callers["unbound"] = await _caller(ctx, client, "unbound", None)
    world.callers["stranger"] = Caller(client)
    return world


@pytest.fixture
async def course(ctx: Context) -> None:
    """The lessons as they are shipped."""
    await lessons.seed(ctx)


@pytest.fixture
def logins(wechat: FakeWeChat) -> FakeWeChat:
    """A WeChat that knows one login code."""
    wechat.logins["code-1"] = Login(openid="openid-of-code-1", unionid=None)
    return wechat


async def _organization(
    code: str, name: str, kind: OrganizationKind, parent: Organization | None
) -> Organization:
    row = await Organization.create(code=code, name=name, kind=kind, parent=parent)
    row.path = (parent.path if parent else "") + organizations.segment(row.id)
    await row.save(update_fields=["path"])
    return row


async def _caller(ctx: Context, client: Client, name: str, person: Person | None) -> Caller:
    account = await Account.create(app=App.MINI_PROGRAM, openid=f"openid-of-{name}", person=person)
    token, _ = tokens.issue(ctx.settings, account.id, ctx.now())
    return Caller(client, token, account, person)
