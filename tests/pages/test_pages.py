"""The pages, as a browser gets them."""

import re
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from handlers import lessons
from handlers.context import Context
from models import Lesson
from pages import app as pages

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(ctx: Context, aiohttp_client: Callable[[web.Application], Awaitable[Client]]) -> Client:
    """The browser door alone."""
    app = web.Application()
    pages.setup(app, ctx)
    return await aiohttp_client(app)


class Tags(HTMLParser):
    """The tags of a page, and whether each is closed in turn."""

    VOID = frozenset({"meta", "link", "img", "br", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_a_lesson_reads_without_a_script(client: Client, ctx: Context) -> None:
    await lessons.seed(ctx)
    for row in await Lesson.all():
        response = await client.get(f"/lessons/{row.id}")
        html = await response.text()
        tags = Tags(html)
        assert response.status == 200
        assert row.title in html
        assert tags.open == []
        assert "script" not in {tag for tag, _ in tags.seen}
        assert len([tag for tag, _ in tags.seen if tag == "summary"]) == 6  # Five answers, one solution.


async def test_what_staff_wrote_is_text_and_never_markup(client: Client, ctx: Context) -> None:
    await lessons.seed(ctx)
    row = await Lesson.all().first()
    assert row is not None
    row.body["parts"][0]["heading"] = '1 < 2 "与" 3 > 2'
    await row.save()
    html = await (await client.get(f"/lessons/{row.id}")).text()
    assert "1 &lt; 2 &quot;与&quot; 3 &gt; 2" in html


async def test_a_case_reads_without_a_script_and_roles_have_colours(client: Client) -> None:
    paths = ["/cases", *(f"/cases/C{n}" for n in range(1, 10)), "/cases/C2?key=1", "/cases/roles/R15"]
    for path in paths:
        response = await client.get(path)
        tags = Tags(await response.text())
        assert (response.status, tags.open) == (200, []), path
        assert "script" not in {tag for tag, _ in tags.seen}
        assert "style" not in {name for _, attributes in tags.seen for name in attributes}
    role = await (await client.get("/cases/roles/R07?key=1")).text()
    own = role[: role.index("别人主做时")]
    assert own.rindex('class="key"') < own.index("C2-14"), "the key steps come first"
    html = await (await client.get("/cases/C2?key=1")).text()
    assert 'href="/rehearsals"' in html
    assert html.index("C2-12") < html.index("其他步骤") < html.index("C2-11")
    assert ".R07{--role:#1565C0" in await (await client.get("/pages/cases.css")).text()
    for path in ("/cases/C0", "/cases/roles/R99"):
        response = await client.get(path)
        assert (response.status, response.content_type) == (404, "text/html")


async def test_no_lesson_is_a_page_too(client: Client) -> None:
    for lesson_id in ("1", "9999999999"):
        response = await client.get(f"/lessons/{lesson_id}")
        assert (response.status, response.content_type) == (404, "text/html")
        assert "没有这一课" in await response.text()


async def test_the_door_page_holds_no_code_and_no_token(client: Client) -> None:
    response = await client.get("/door/S10")
    html = await response.text()
    assert response.status == 200
    assert 'data-site="S10"' in html
    assert Tags(html).open == []
    assert (await client.get("/door/%22%3E%3Cscript")).status == 404


async def test_the_worker_may_serve_the_door_pages_and_nothing_above(client: Client) -> None:
    response = await client.get("/door/worker.js")
    assert (response.status, response.content_type) == (200, "text/javascript")
    assert "Service-Worker-Allowed" not in response.headers
    for part in re.findall(r'"(/pages/[^"]+)"', await response.text()):
        assert (await client.get(part)).status == 200


async def test_a_code_is_drawn_and_anything_else_is_not(client: Client) -> None:
    response = await client.get("/door/code.svg?code=D1003a5f2S10abcdefghijklmn")
    assert (response.status, response.content_type) == (200, "image/svg+xml")
    assert b"<svg" in await response.read()
    assert response.headers["Cache-Control"] == "no-store"
    for bad in ("", "https://example.com", "a" * 33, "党"):
        assert (await client.get("/door/code.svg", params={"code": bad})).status == 404


async def test_every_page_has_its_style_and_keeps_strangers_out(client: Client) -> None:
    for path in (
        "/privacy",
        "/door/S10",
        "/pages/page.css",
        "/pages/door.js",
        "/pages/rehearsal.js",
        "/lessons/1",
        "/cases/C2",
    ):
        response = await client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        text = await response.text()
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
        for link in re.findall(r'(?:src|href)="(/[^"]+)"', text):
            status = (await client.get(link)).status
            assert status == (403 if link == "/rehearsals" else 200), link  # That one is for members.


async def test_the_pages_ask_for_nothing_formal(client: Client) -> None:
    html = await (await client.get("/privacy")).text()
    assert "不收集行踪，不强制定位、拍照" in html
    assert "不积分、不排名" in html
