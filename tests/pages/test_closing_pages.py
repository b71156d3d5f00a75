"""A keeper closes and opens from the phone, at once where it must be, without a script."""

import re
from datetime import timedelta

import pytest

from handlers import bookings
from handlers.context import Context
from models import AuditEntry, Booking, BookingStatus, Site, SiteStatus, Slot
from tests.handlers.test_booking_rules import rule
from tests.handlers.town import Town, build, new_slot
from tests.pages.test_keeper_pages import cookie
from tests.pages.test_pages import Client, Tags, client

__all__ = ["client"]
HERE = "/keeper/S10/closings"
WHY = {"reason": "停水"}


@pytest.fixture
async def world(ctx: Context) -> Town:
    """The town, where a closing is announced three days ahead."""
    town = await build(ctx)
    rule(town, closing_notice_days=3)
    return town


async def visit(world: Town, *, days: int) -> tuple[Slot, Booking]:
    """A slot in so many days, with a visit."""
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=days))
    ctx = world.at(world.worker)
    return slot, await bookings.book(ctx, slot_id=slot.id, headcount=5, theme="主题党日")


async def sent(client: Client, held: dict[str, str], act: str, fields: dict[str, str]) -> tuple[int, str]:
    """What a form leads to."""
    response = await client.post(f"{HERE}/{act}", data=fields, cookies=held)
    html = await response.text()
    assert Tags(html).open == []
    return response.status, " ".join(re.findall(r'role="(?:alert|status)">([^<]*)', html))


def form_of(slot: Slot, act: str) -> dict[str, str]:
    """What a browser would send of a form."""
    day = str(slot.starts_at.date())
    return {"slot": {"slot": str(slot.id), "move_to": ""}, "days": {"since": day, "until": day}}.get(
        act, {}
    ) | WHY


@pytest.mark.parametrize("act", ["slot", "days", "site"])
async def test_what_is_closed_at_once_is_said_to_be_urgent_and_is_closed(
    client: Client, world: Town, act: str
) -> None:
    held = await cookie(world.ctx, world.keeper)
    slot, booking = await visit(world, days=1)
    status, said = await sent(client, held, act, form_of(slot, act))
    assert (status, "勾选“突发情况”" in said) == (422, True)
    assert (await Booking.get(id=booking.id)).status is BookingStatus.CONFIRMED
    assert not await Slot.filter(closed=True).exists()
    status, said = await sent(client, held, act, form_of(slot, act) | {"urgent": "1"})
    assert (status, said) == (200, "已关闭 1 个时段；改期 0 个预约，取消 1 个预约，会通知这些支部。")
    called_off = await Booking.get(id=booking.id)
    assert (called_off.status, called_off.reason) == (BookingStatus.CANCELLED, "停水")
    [entry] = await AuditEntry.filter(action__in=["slot.closed", "site.days_closed", "site.paused"])
    assert entry.details["urgent"] is True


async def test_a_slot_is_closed_with_its_visits_moved_and_opened_again(client: Client, world: Town) -> None:
    held = await cookie(world.ctx, world.keeper)
    slot, booking = await visit(world, days=4)
    other = await new_slot(world.site, world.ctx.now() + timedelta(days=5))
    html = await (await client.get("/keeper/S10", cookies=held)).text()
    assert f'href="{HERE}"' in html
    html = await (await client.get(HERE, cookies=held)).text()
    assert Tags(html).open == []
    assert "11月24日 10:00–12:00　已约 5 人" in html
    assert "script" not in {tag for tag, _ in Tags(html).seen}
    ids = [attributes["id"] for _, attributes in Tags(html).seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    status, said = await sent(client, held, "slot", form_of(slot, "slot") | {"move_to": str(other.id)})
    assert (status, "改期 1 个预约" in said) == (200, True)
    assert (await Booking.get(id=booking.id)).slot_id == other.id
    assert "停水" in await (await client.get(HERE, cookies=held)).text()
    assert (await sent(client, held, "open-slot", {"slot": str(slot.id)}))[0] == 200
    assert not await Slot.filter(closed=True).exists()


async def test_a_closed_site_offers_only_to_be_opened(client: Client, world: Town) -> None:
    held = await cookie(world.ctx, world.keeper)
    await sent(client, held, "site", WHY)
    assert (await Site.get(id="S10")).status is SiteStatus.PAUSED
    html = await (await client.get(HERE, cookies=held)).text()
    actions = [attributes.get("action") for tag, attributes in Tags(html).seen if tag == "form"]
    assert actions == [f"{HERE}/open-site"]
    assert (await sent(client, held, "open-site", {}))[0] == 200
    assert (await Site.get(id="S10")).status is SiteStatus.OPEN


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("slot", WHY), ("slot", WHY | {"slot": "x"}), ("slot", WHY | {"slot": "999999999"}),
        ("days", WHY), ("days", WHY | {"since": "2026-12-02", "until": "2026-12-01"}),
        ("days", WHY | {"since": "2026-13-01", "until": "x"}), ("site", {}), ("site", {"reason": " \n"}),
        ("site", {"reason": "长" * 201}), ("open-slot", {}),
    ],
)  # fmt: skip
async def test_odd_forms_close_nothing(client: Client, world: Town, act: str, fields: dict[str, str]) -> None:
    slot, _ = await visit(world, days=9)
    status, said = await sent(client, await cookie(world.ctx, world.keeper), act, fields)
    assert status in (404, 422)
    assert said
    assert not (await Slot.get(id=slot.id)).closed
    assert (await Site.get(id="S10")).status is SiteStatus.OPEN


async def test_nobody_else_sees_it_or_closes_anything(client: Client, world: Town) -> None:
    slot, _ = await visit(world, days=9)
    for who in (world.member, world.worker, world.far_officer, None):
        client.session.cookie_jar.clear()
        held = await cookie(world.ctx, who) if who else {}
        assert (await client.get(HERE, cookies=held)).status == 403
        for act in ("slot", "days", "site"):
            assert (await sent(client, held, act, form_of(slot, act) | {"urgent": "1"}))[0] == 403
    assert not await Slot.filter(closed=True).exists()
    assert (await Site.get(id="S10")).status is SiteStatus.OPEN
