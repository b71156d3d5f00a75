"""The tablet at the door, in a real browser: with a network, without one, and when the codes have run out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import qrcode
from aiohttp import web
from aiohttp.test_utils import unused_port
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import MODE_8BIT_BYTE, QRData

import miniprogram_api.app
import pages.app
from handlers import codes
from handlers.context import Context
from miniprogram_api import tokens
from models import Account, App, Booking, BookingStatus, CheckIn, Slot
from tests.handlers import town
from tests.handlers.town import Town
from tests.simulator.browser import MISSING, Browser, open_browser

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
PATH = "return document.getElementById('modules').getAttribute('d')"
CODE = (
    "const kept = JSON.parse(localStorage.getItem('door-codes-S10'));"
    "return kept.codes[Math.floor((Date.now() + kept.offset - kept.starts) / 30000)]"
)


class House:
    """The product's doors, which can go away and come back at the same address."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.port = ctx, unused_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.runner: web.AppRunner | None = None

    async def opens(self) -> None:
        app = web.Application()
        for door in (miniprogram_api.app, pages.app):
            door.setup(app, self.ctx)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()

    async def closes(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
        self.runner = None


@pytest.fixture
async def house(ctx: Context) -> AsyncIterator[House]:
    made = House(ctx)
    await made.opens()
    yield made
    await made.closes()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with open_browser(tmp_path / "profile") as opened:
        await opened.resize(1180, 820)
        yield opened


def path_of(text: str) -> str:
    """The same code drawn by the library."""
    drawn = qrcode.QRCode(version=3, error_correction=ERROR_CORRECT_M, border=0, mask_pattern=0)
    drawn.add_data(QRData(text.encode(), mode=MODE_8BIT_BYTE))
    drawn.make(fit=False)
    rows = enumerate(drawn.get_matrix())
    return "".join(f"M{x} {y}h1v1h-1z" for y, row in rows for x, dark in enumerate(row) if dark)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_tablet_goes_on_without_a_network_until_its_codes_run_out(
    ctx: Context, house: House, browser: Browser
) -> None:
    world = await town.build(ctx)
    account = await Account.create(app=App.MINI_PROGRAM, openid="openid-keeper", person=world.keeper)
    await one_is_there(ctx, world)
    token, _ = tokens.issue(ctx.settings, account.id, ctx.now())
    await browser.open(f"{house.url}/door/S10#token={token}")
    await browser.see("已联网", "body")
    await browser.see(world.site.name, "h1")
    await browser.see(f"{world.branch.name}　已到 1 人（预约 5 人）", "#present")
    await reads_well(ctx, browser)
    await browser.wait("navigator.serviceWorker.controller")

    await house.closes()
    await browser.call("POST", "/refresh")
    await browser.see("没有网络。照常扫码", "body")
    await browser.see(world.site.name, "h1")
    await reads_well(ctx, browser)

    await hours_pass(browser, 23)
    await browser.see("没有网络", "body")
    await reads_well(ctx, browser, hours=23)
    await hours_pass(browser, 2)
    await browser.see("签到码用完了", "body")
    assert await browser.run("return document.getElementById('code').hasAttribute('hidden')")

    await house.opens()
    await browser.run("dispatchEvent(new Event('online'))")
    await browser.see("已联网", "body")
    await reads_well(ctx, browser)


async def one_is_there(ctx: Context, world: Town) -> None:
    """A visit goes on, and one of five has come."""
    times = {"starts_at": ctx.now(), "ends_at": ctx.now() + timedelta(hours=2)}
    slot = await Slot.create(site=world.site, capacity=30, **times)
    visit = await Booking.create(
        slot=slot, branch=world.branch, headcount=5, theme="x", status=BookingStatus.CONFIRMED,
        live_key="x", created_at=ctx.now(),
    )  # fmt: skip
    await CheckIn.create(booking=visit, person=world.member, at=ctx.now(), source="door")


async def hours_pass(browser: Browser, hours: int) -> None:
    """So many hours later somebody opens the page again."""
    await browser.run(
        "const kept = JSON.parse(localStorage.getItem('door-codes-S10'));"
        f"kept.offset += {hours} * 3600000; localStorage.setItem('door-codes-S10', JSON.stringify(kept))"
    )
    await browser.call("POST", "/refresh")


async def reads_well(ctx: Context, browser: Browser, *, hours: int = 0) -> None:
    """What is on the screen is the code of the server's time, though the tablet's clock is days off."""
    text, path = await both(browser)
    assert path == path_of(text)
    secret = ctx.settings.secret_key.get_secret_value()
    at = ctx.now() + timedelta(hours=hours)
    assert isinstance(codes.read(secret, text, at=at), codes.DoorCode)


async def both(browser: Browser) -> tuple[str, Any]:
    """The code and the drawing of one moment."""
    while True:
        text, path, after = [await browser.run(look) for look in (CODE, PATH, CODE)]
        if text == after and path:
            return text, path
