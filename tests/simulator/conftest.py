"""A simulator and a tiny product, each on its own socket."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from settings import MessageMode, Settings
from simulator.app import create_app
from tests.fakes import Clock
from tests.simulator.product import Product

MEMBER = "oDemo-member-shequ-000000001"
MEMBER_MP = "mDemo-member-shequ-000000001"
PEOPLE = yaml.safe_load(Path("content/demo/people.yaml").read_text(encoding="utf-8"))
CUT_OFF = 0.3


class Wire:
    """Calls the simulator over its socket."""

    def __init__(self, client: TestClient[web.Request, web.Application], settings: Settings) -> None:
        self.client = client
        self.settings = settings

    async def token(self, app: str = "oa", *, force: bool = False) -> dict[str, Any]:
        secret = self.settings.oa_secret if app == "oa" else self.settings.mp_secret
        return await self.post(
            "/cgi-bin/stable_token",
            grant_type="client_credential",
            appid=self.settings.oa_app_id if app == "oa" else self.settings.mp_app_id,
            secret=secret.get_secret_value(),
            force_refresh=force,
        )

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """A POST as the platform wants it: UTF-8, nothing escaped."""
        return await self.raw("POST", path, data=json.dumps(body, ensure_ascii=False).encode())

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        return await self.raw("GET", path, params=query)

    async def raw(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        async with self.client.request(method, path, **options) as response:
            assert response.status == 200
            answer: dict[str, Any] = json.loads(await response.read())
            return answer

    async def api(self, path: str, *, app: str = "oa", **body: Any) -> dict[str, Any]:
        """A POST with the app's token."""
        token = (await self.token(app))["access_token"]
        return await self.post(f"{path}?access_token={token}", **body)

    async def read(self, path: str, *, app: str = "oa", **query: str) -> dict[str, Any]:
        """A GET with the app's token."""
        return await self.get(path, access_token=(await self.token(app))["access_token"], **query)

    async def code(self, path: str, *, app: str = "oa", **body: Any) -> int:
        """Only the error code of a POST."""
        answer = await self.api(path, app=app, **body)
        return int(answer.get("errcode", 0))

    async def control(self, verb: str, path: str, /, *, status: int = 200, **body: Any) -> Any:
        async with self.client.request(verb, path, json=body if verb != "GET" else None) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer

    async def sent(self, openid: str = MEMBER) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control("GET", f"/control/sent?openid={openid}")
        return found

    async def say(self, text: str, openid: str = MEMBER, **more: Any) -> list[dict[str, Any]]:
        answer = await self.control("POST", "/control/say", openid=openid, text=text, **more)
        replies: list[dict[str, Any]] = answer["replies"]
        return replies


Start = Callable[..., Awaitable[Wire]]


@pytest.fixture
def clock() -> Clock:
    """The wall clock of both ends, moved by hand."""
    return Clock()


@pytest.fixture
def mode() -> MessageMode:
    """How callbacks are sealed; a test may say otherwise."""
    return MessageMode.SAFE


@pytest.fixture
async def product(mode: MessageMode) -> AsyncIterator[Product]:
    """The product's server; its settings name its own address."""
    product = Product(Settings(_env_file=".env.demo", oa_message_mode=mode))
    async with TestServer(product.app()) as server:
        address = str(server.make_url("")).rstrip("/")
        product.settings = product.settings.model_copy(update={"public_url": address})
        yield product


@pytest.fixture
async def start(product: Product, clock: Clock) -> AsyncIterator[Start]:
    """Starts simulators; with a state file, one after the other may share it."""
    clients: list[TestClient[web.Request, web.Application]] = []

    async def run(state_file: Path | None = None, **options: Any) -> Wire:
        settings = options.pop("settings", product.settings)
        app = create_app(settings, PEOPLE, state_file, clock, cut_off=CUT_OFF, **options)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return Wire(client, settings)

    yield run
    for client in clients:
        await client.close()


@pytest.fixture
async def wire(start: Start) -> Wire:
    """A running simulator."""
    return await start()


@pytest.fixture
def later(clock: Clock) -> Callable[..., None]:
    """Let time pass: `later(minutes=5)`."""

    def pass_time(**span: float) -> None:
        clock.now += timedelta(**span)

    return pass_time
