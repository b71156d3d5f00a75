"""Joining a near branch's visit by oneself, on a page without a script."""

import pytest

from handlers.context import Context
from models import Booking, Guest, Slot
from tests.handlers.test_guests import visit
from tests.handlers.town import Town, build
from tests.pages.test_keeper_pages import cookie
from tests.pages.test_pages import Client, Tags, client

__all__ = ["client"]
pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


async def test_one_tap_joins_and_one_leaves(client: Client, world: Town) -> None:
    booking = await visit(world)
    held = await cookie(world.ctx, world.far_worker)
    for name, word, guests in (("join", "退出", 1), ("join", "退出", 1), ("leave", "加入", 0)):
        response = await client.post("/open-visits", data={name: str(booking.id)}, cookies=held)
        html = await response.text()
        assert (response.status, Tags(html).open) == (200, [])
        assert f'value="{booking.id}">{word}</button>' in html
        assert ("您已加入" in html) is bool(guests)
        assert await Guest.all().count() == (await Booking.get(id=booking.id)).guests == guests
    assert (await Slot.get(id=booking.slot_id)).taken == 5
    assert 'href="/open-visits"' in await (await client.get("/my-bookings", cookies=held)).text()


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({}, 404, "没有找到"),
        ({"join": "²"}, 404, "没有找到"),
        ({"join": "999999999"}, 404, "没有找到"),
        ({"leave": "999999999"}, 404, "没有找到"),
        ({"join": "alone"}, 409, "独占"),
        ({"join": "full"}, 409, "满了"),
        ({"join": "full", "leave": "0"}, 404, "没有找到"),
    ],
)
async def test_what_cannot_be_joined_is_told_and_leaves_nothing(
    client: Client, world: Town, given: dict[str, str], status: int, said: str
) -> None:
    made = {"alone": await visit(world, exclusive=True), "full": await visit(world, hours=72, capacity=5)}
    form = {name: str(made[value].id) if value in made else value for name, value in given.items()}
    held = await cookie(world.ctx, world.far_worker)
    response = await client.post("/open-visits", data=form, cookies=held)
    html = await response.text()
    assert (response.status, Tags(html).open) == (status, [])
    assert said in html.split('role="alert">')[1].split("</p>")[0]
    assert await Guest.all().count() == 0


async def test_a_stranger_is_led_to_the_map(client: Client, world: Town) -> None:
    booking = await visit(world)
    for response in (
        await client.get("/open-visits"),
        await client.post("/open-visits", data={"join": str(booking.id)}),
    ):
        assert response.status == 403
        assert 'href="/map"' in await response.text()
    assert await Guest.all().count() == 0
