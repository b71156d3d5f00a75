"""In a browser, too, a name is shown only where somebody ticks it, and taken back with one tap."""

import re

import pytest

from handlers import phones
from handlers.context import Context
from models import Complaint, Person
from tests.handlers import town
from tests.handlers.town import Town
from tests.pages.test_keeper_pages import cookie
from tests.pages.test_pages import Client, client

__all__ = ["client"]


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await town.build(ctx)


async def test_a_name_is_shown_only_where_it_is_ticked(client: Client, world: Town, ctx: Context) -> None:
    assert 'name="named"' not in await (await client.get("/complaints")).text(), "nobody to be named"
    sealed = phones.seal(ctx.settings.secret_key, "19900001234")
    await Person.filter(id=world.member.id).update(name="演示某甲", phone_sealed=sealed)
    held = await cookie(ctx, world.member)
    assert 'name="named" value="1">' in await (await client.get("/complaints", cookies=held)).text()
    await client.post("/complaints", data={"text": "不署名"}, cookies=held)
    assert (await Complaint.get()).account_id is None, "logged in is not named"
    html = await (await client.post("/complaints", data={"text": "署名", "named": "1"}, cookies=held)).text()
    found = re.search(r"<strong>([2-9A-Z]{12})</strong>", html)
    assert found
    officer = await cookie(ctx, world.town_officer)
    desk = await (await client.get("/complaints/desk", cookies=officer)).text()
    assert "演示某甲，19900001234" in desk
    assert "不署名" not in desk
    client.session.cookie_jar.clear()
    page = await (await client.get("/complaints", params={"lookup": found[1]})).text()
    assert "看得到您的姓名和手机号" in page
    assert "演示某甲" not in page, "a code opens words, no name"
    taken = await (await client.post("/complaints/unname", data={"lookup": found[1]})).text()
    assert "已经撤回" in taken
    assert "不再显示姓名" not in taken
    desk = await (await client.get("/complaints/desk", cookies=officer)).text()
    assert "演示某甲" not in desk
    assert (await client.post("/complaints/unname", data={"lookup": "NOSUCH"})).status == 404
    client.session.cookie_jar.clear()
    odd = await client.post("/complaints", data={"text": "x", "named": "1"})
    assert (odd.status, "先绑定手机号" in await odd.text()) == (422, True)
