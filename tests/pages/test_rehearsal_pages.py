"""A rehearsal on two phones' pages: joined by a scanned code, played to its end, explained when refused."""

import re
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from handlers import bookings, page_logins, rehearsals
from handlers.case_content import Task
from handlers.context import Context
from handlers.rehearsal_play import Kind, Wish
from models import Account, App, Person, Rehearsal, RehearsalSeat, Site
from pages.login import COOKIE
from tests.handlers.town import Town, build, new_slot
from tests.pages.test_pages import Tags, client
from tests.test_formalism import said

__all__ = ["client"]
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


class Phone:
    """A person's browser inside WeChat, known by its cookie."""

    def __init__(self, client: Client, word: str) -> None:
        self.client = client
        self.headers = {"Cookie": SimpleCookie({COOKIE: word}).output(header="").strip()}

    async def get(self, path: str) -> tuple[int, str]:
        response = await self.client.get(path, headers=self.headers)
        return response.status, await response.text()

    async def post(self, path: str, **fields: Any) -> tuple[int, str]:
        response = await self.client.post(path, headers=self.headers, data=fields)
        html = await response.text()
        assert Tags(html).open == []
        assert said(re.sub(r"<[^>]*>", "。", html)) == []
        return response.status, html


async def phone(client: Client, world: Town, who: Person) -> Phone:
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}", follows=True, person=who)
    return Phone(client, page_logins.issue(world.ctx, account.id))


async def test_two_phones_play_an_election_to_its_end(client: Client, world: Town) -> None:
    host, guest = await phone(client, world, world.worker), await phone(client, world, world.member)
    assert "开一场实训" in (await host.get("/rehearsals"))[1]
    assert "开一场实训" not in (await guest.get("/rehearsals"))[1]
    _, html = await host.post("/rehearsals", case="C2")
    number = (await Rehearsal.get()).id
    path = f"/rehearsals/{number}"
    assert "请大家扫码加入" in html
    assert "<svg" in (await host.get(f"{path}/code.svg"))[1]
    code = await rehearsals.join_code(world.at(world.worker), rehearsal_id=number)

    assert (await guest.get(path))[0] == 404
    assert "加入实训" in (await guest.get(f"/rehearsals/join/{code}"))[1]
    assert await RehearsalSeat.filter(rehearsal_id=number).count() == 1, "a look changes nothing"
    await guest.post(f"/rehearsals/join/{code}")
    assert (await guest.get(f"{path}/code.svg"))[0] == 403
    for role in ("R20", "R07"):
        await guest.post(f"{path}/acts", kind="take", role=role)
    await host.post(f"{path}/acts", kind="start")
    assert "轮到您了" in (await guest.get(path))[1]
    assert "轮到您了" not in (await host.get(path))[1]
    status, html = await host.post(f"{path}/acts", kind="confirm", step="1")
    assert (status, "关键步骤，要由他来确认" in html) == (409, True)

    await guest.post(f"{path}/acts", kind="confirm", step="1")
    await guest.post(f"{path}/acts", kind="drop", role="R20")

    voted = False
    for _ in range(60):
        now = await rehearsals.show(world.at(world.worker), rehearsal_id=number)
        step = now.play.current
        if step is None:
            break
        if step.task is Task.BALLOT and not voted:
            assert "请您投票" in (await guest.get(path))[1]
            status, html = await guest.post(f"{path}/acts", kind="vote", step=now.play.step, approve="1")
            voted = status == 200
            assert "您已经投过票了" in html
            assert (await guest.post(f"{path}/acts", kind="vote", step=now.play.step, approve="1"))[0] == 409
        by_guest = any(seat.number == 2 for seat in now.play.holders(step.role))
        assert (await (guest if by_guest else host).post(f"{path}/acts", kind="confirm", step=now.play.step))[
            0
        ] == 200
    _, html = await host.post(f"{path}/acts", kind="finish")
    assert voted
    assert "全部做完" in html
    assert "留下的文书" in html
    assert "换届提醒函" in html
    assert re.search(r"投票\d+人，\d+≤\d+，有效", html), "the arithmetic stays to be read"


async def test_a_rehearsal_is_opened_at_a_booked_visit_to_a_training_base(
    client: Client, world: Town
) -> None:
    host = await phone(client, world, world.worker)
    assert "在哪里练" not in (await host.get("/rehearsals"))[1]
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=1))
    booking = await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme="演练")
    assert "在哪里练" not in (await host.get("/rehearsals"))[1], "a site that is no training base"
    await Site.filter(id=world.site.id).update(is_training_base=True)
    _, html = await host.get("/rehearsals")
    assert f'name="booking" value="{booking.id}"' in html
    await host.post("/rehearsals", case="C2", booking=str(booking.id))
    assert (await Rehearsal.get()).booking_id == booking.id
    status, html = await host.post("/rehearsals", case="C2", booking="999")
    assert (status, "没有这个预约" in html) == (409, True)
    await host.post("/rehearsals", case="C2", booking="")
    assert await Rehearsal.filter(booking_id=None).count() == 1


async def test_what_a_step_asks_for_is_entered_and_wrong_numbers_are_explained(
    client: Client, world: Town
) -> None:
    host = await phone(client, world, world.worker)
    made = await rehearsals.open_rehearsal(world.at(world.worker), case="C2")
    number, path = made.rehearsal.id, f"/rehearsals/{made.rehearsal.id}"
    await rehearsals.act(world.at(world.worker), rehearsal_id=number, wish=Wish(Kind.START))
    now = await rehearsals.show(world.at(world.worker), rehearsal_id=number)
    while now.play.current and now.play.current.task is not Task.DUE:
        now = await rehearsals.act(
            world.at(world.worker), rehearsal_id=number, wish=Wish(Kind.CONFIRM, step=now.play.step)
        )
    assert now.play.current
    await host.post(f"{path}/acts", kind="take", role=now.play.current.role)
    assert 'name="due"' in (await host.get(path))[1]
    status, html = await host.post(f"{path}/acts", kind="confirm", step=now.play.step, due="1")
    assert (status, "应到人数应在3到500之间" in html) == (422, True)
    status, html = await host.post(f"{path}/acts", kind="confirm", step=now.play.step, due="20")
    assert (status, "应到20人" in html) == (200, True)


@pytest.mark.parametrize(
    "fields", [{}, {"kind": "x"}, {"kind": "confirm", "step": "九"}, {"kind": "remove", "seat": "99"}]
)
async def test_odd_forms_are_refused_with_a_page(client: Client, world: Town, fields: dict[str, str]) -> None:
    host = await phone(client, world, world.worker)
    await host.post("/rehearsals", case="C3")
    number = (await Rehearsal.get()).id
    status, html = await host.post(f"/rehearsals/{number}/acts", **fields)
    assert status == 409
    assert 'role="alert"' in html
    assert (await Rehearsal.get()).version == 1


async def test_strangers_are_told_what_to_do_and_see_no_name(client: Client, world: Town) -> None:
    made = await rehearsals.open_rehearsal(world.at(world.worker), case="C2")
    path = f"/rehearsals/{made.rehearsal.id}"
    for page in ("/rehearsals", path, f"{path}/code.svg", f"{path}/news", "/rehearsals/join/Rxxxx"):
        response = await client.get(page)
        html = await response.text()
        assert response.status == 403, page
        assert "请在微信里打开" in html
        assert world.worker.name not in html
    assert (await client.post(f"{path}/acts", data={"kind": "start"})).status == 403


async def test_a_page_is_told_of_news_and_a_watcher_needs_a_seat(client: Client, world: Town) -> None:
    host, guest = await phone(client, world, world.worker), await phone(client, world, world.member)
    made = await rehearsals.open_rehearsal(world.at(world.worker), case="C2")
    path = f"/rehearsals/{made.rehearsal.id}/news"
    status, told = await host.get(path)
    assert (status, "data: 1\n\n" in told) == (200, True)
    assert "data:" not in (await host.get(f"{path}?after=1"))[1]
    assert (await guest.get(path))[0] == 404


async def test_names_and_what_was_entered_are_text_and_never_markup(client: Client, world: Town) -> None:
    await Person.filter(id=world.worker.id).update(name="<b>甲")
    world.worker.name = "<b>甲"
    host = await phone(client, world, world.worker)
    _, html = await host.post("/rehearsals", case="C2")
    assert "&lt;b&gt;甲" in html
    assert "<b>甲" not in html
