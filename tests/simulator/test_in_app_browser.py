"""WeChat's own browser: pages learn who holds it without a word, and nobody else does."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import pytest
from aiohttp import web

from handlers import lessons
from handlers.context import Context
from models import PracticeCard
from pages import app as pages
from simulator.in_app_browser import HOLDER, PAGES
from tests.simulator.conftest import MEMBER, Wire
from tests.simulator.demo import Demo, open_demo

OTHER = "oDemo-member-shequ-000000002"


def asks(wire: Wire, **changed: str) -> dict[str, str]:
    """What the product's redirect asks for."""
    return {
        "appid": wire.settings.oa_app_id,
        "redirect_uri": wire.settings.public_url + "/lessons/3?a=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s1",
    } | changed


async def authorize(wire: Wire, *, holder: str = MEMBER, **changed: str) -> aiohttp.ClientResponse:
    return await wire.client.get(
        "/connect/oauth2/authorize",
        params=asks(wire, **changed),
        headers={"Cookie": f"{HOLDER}={holder}"},
        allow_redirects=False,
    )


def test_every_page_opens_on_the_phone_but_the_tablets(ctx: Context) -> None:
    app = web.Application()
    pages.setup(app, ctx)
    rooms = {resource.canonical.split("/")[1].split(".")[0] for resource in app.router.resources()}
    assert rooms == {*PAGES, "door"}


async def test_the_page_gets_a_code_of_whoever_holds_the_phone(wire: Wire) -> None:
    response = await authorize(wire)
    back = urlsplit(response.headers["Location"])
    query = parse_qs(back.query)
    assert (response.status, back.path, query["state"], query["a"]) == (302, "/lessons/3", ["s1"], ["1"])
    answer = await wire.get(
        "/sns/oauth2/access_token",
        appid=wire.settings.oa_app_id,
        secret=wire.settings.oa_secret.get_secret_value(),
        code=query["code"][0],
        grant_type="authorization_code",
    )
    assert (answer["openid"], answer["scope"]) == (MEMBER, "snsapi_base")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"holder": ""}, "请在微信客户端打开链接"),
        ({"holder": "nobody"}, "请在微信客户端打开链接"),
        ({"appid": "wx-other"}, "AppID"),
        ({"scope": "snsapi_all"}, "Scope"),
        ({"response_type": "token"}, "Scope"),
        ({"redirect_uri": "http://elsewhere.example/lessons/3"}, "redirect_uri"),
        ({"redirect_uri": "http://["}, "redirect_uri"),
        ({"redirect_uri": ""}, "redirect_uri"),
    ],
)
async def test_nobody_else_gets_a_code(wire: Wire, changed: dict[str, str], says: str) -> None:
    response = await authorize(wire, **changed)
    assert response.status == 200
    assert says in await response.text()


@pytest.mark.parametrize(
    ("url", "status"),
    [("javascript:alert(1)", 400), ("http://[", 400), ("", 400), ("https://www.12371.cn/", 302)],
)
async def test_a_link_elsewhere_opens_as_it_is_and_no_script_does(wire: Wire, url: str, status: int) -> None:
    response = await wire.client.get(
        "/phone/open", params={"openid": MEMBER, "url": url}, allow_redirects=False
    )
    assert response.status == status
    assert response.headers.get("Location", url) == url


@pytest.fixture
async def demo(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Demo]:
    """The product and the simulator on their sockets."""
    path = shutil.copy(sqlite_template, tmp_path / "demo.sqlite3")
    async with open_demo(tmp_path, database_url=f"sqlite://{path}") as demo:
        yield demo


async def test_a_lesson_opened_from_the_chat_knows_its_reader_and_two_phones_are_two_readers(
    demo: Demo,
) -> None:
    lesson = await lessons.current(demo.ctx)
    url = f"{demo.product_url}/lessons/{lesson.id}"
    answer = lesson.content.quiz[0].answer
    wrong = "A" if answer != "A" else "B"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as window:
        for openid in (MEMBER, OTHER):
            await window.post(f"{demo.url}/control/say", json={"openid": openid, "text": "你好"})
            async with window.get(f"{demo.url}/phone/open?openid={openid}&url={quote(url)}") as page:
                assert page.status == 200
                assert [one.status for one in page.history] == [302, 302, 302, 302]
                assert str(page.url) == f"{demo.url}/lessons/{lesson.id}"
            async with window.post(str(page.url), data={"q1": wrong}) as page:
                assert f"应选 {answer}" in await page.text()
    known = await PracticeCard.all().select_related("account")
    assert sorted(card.account.openid for card in known) == [MEMBER, OTHER]
    async with aiohttp.ClientSession() as window, window.get(f"{demo.url}/lessons/{lesson.id}") as page:
        assert "请先在演示手机里打开链接" in await page.text()
