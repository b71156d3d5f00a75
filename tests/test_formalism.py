"""Promise 11 over everything a person reads or fills in: nothing counts them, nothing is forced on them.

`tests/miniprogram_api/test_openapi.py` looks at the names in the API; here are the sentences: of the chat,
of the pages, of the API's docs, of its refusals; the forms; and the way to a complaint.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

import bot.texts
from bot import complaints, menu
from bot.routes import ROUTES as CHAT
from handlers import lessons
from handlers.context import Context
from miniprogram_api.answers import DOOR, STATUS
from models import Lesson
from pages import app as pages
from tests.miniprogram_api.description import DOCUMENT

FORMALISM = re.compile(
    r"积分|得分|加分|扣分|排名|排行|名次|第一名|连续(?:签到|学习|打卡)|打卡|在线时长|学习时长|观看时长|"
    r"必须拍照|上传照片|须上传|强制定位|开启定位|必须签到|未签到(?:将|会)"
)
"""What no sentence of ours says, unless it says that we don't do it."""
DENIED = re.compile(r"[^。；，、<>]*(?:不|没有|无需|不用)[^。；<>]*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
DUTIES_OF_PEOPLE = re.compile(r"photo|picture|image|position|location|latitude|longitude|^lat$|^lng$")


OF_A_BUILDING = {"SiteForm", "SiteEditForm", "PositionForm"}
"""Forms that say where a site stands: that is asked of the map, and of nobody who comes."""


RATES_BRANCHES = re.compile(
    r"^(?:(?:self_)?assess\w*|observations|findings|finding_register|cycles|due_reminders|report_prints|demo_assessments)\.py$"
)
"""Files about the assessment of branches (跟踪问效): what a branch loses there is no mark of a person."""
OF_BRANCHES = {"扣分", "得分"}


def said(text: str) -> list[str]:
    """What smells of formalism in a text, once what it denies is left out."""
    return FORMALISM.findall(DENIED.sub("", text))


def said_in(name: str, line: str) -> list[str]:
    """The same for a line of a file; where branches are assessed, two words are theirs."""
    admitted = OF_BRANCHES if RATES_BRANCHES.match(name) else set()
    return [word for word in said(line) if word not in admitted]


def sentences(value: object) -> Iterator[str]:
    """Every Chinese sentence in a value."""
    if isinstance(value, str):
        if CHINESE.search(value):
            yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from sentences(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from sentences(one)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("您的积分排名第 3", True),
        ("请连续签到七天", True),
        ("未签到将被通报", True),
        ("须上传照片", True),
        ("不积分、不排名，不统计学习时长。", False),
        ("签到自开始前 30 分钟起。", False),
    ],
)
def test_a_sentence_of_formalism_would_be_found(text: str, found: bool) -> None:
    assert bool(said(text)) is found


def test_no_sentence_of_the_chat_smells_of_formalism() -> None:
    told = [text for name in vars(bot.texts) for text in sentences(getattr(bot.texts, name))]
    assert len(told) > 30
    assert [text for text in [*told, *sentences(menu.menu())] if said(text)] == []


@pytest.mark.parametrize("room", ["bot", "pages", "miniprogram_api", "handlers"])
def test_no_sentence_in_the_code_smells_of_formalism(room: str) -> None:
    lines = [
        (path.name, line)
        for path in Path(room).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if CHINESE.search(line)
    ]
    assert len(lines) > 5
    assert [(name, line) for name, line in lines if said_in(name, line)] == []


def test_files_about_the_assessment_may_say_what_a_branch_loses_and_nothing_else() -> None:
    assert said_in("findings.py", "扣分要有佐证，得分见下") == []
    for name, line in (
        ("findings.py", "全区排名第三"),
        ("bookings.py", "迟到的扣分"),
        ("assessments.py", "个人积分"),
    ):
        assert said_in(name, line)


def test_nobody_is_rated_and_no_list_goes_by_mark() -> None:
    """The assessment rates branches: no table ties a mark to a person, and no query is ordered by one."""
    code = "".join(path.read_text(encoding="utf-8") for path in Path("handlers").glob("*.py"))
    assert not re.search(r"order_by\([^)]*\bmark\b|ORDER BY[^\n]*\bmark", code)


def test_no_sentence_of_the_api_smells_of_formalism() -> None:
    refusals = [text for no in (*STATUS.values(), *DOOR.values()) for text in no if isinstance(text, str)]
    assert [text for text in [*sentences(DOCUMENT), *refusals] if said(text)] == []


def test_no_form_demands_a_picture_or_a_place() -> None:
    """They may be given where they serve the giver; nothing may require them."""
    demanded = [
        (name, field)
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if name.endswith("Form") and name not in OF_A_BUILDING
        for field in schema.get("required", [])
        if DUTIES_OF_PEOPLE.search(field)
    ]
    demanded += [
        (path, one["name"])
        for path, item in DOCUMENT["paths"].items()
        for operation in item.values()
        for one in operation["parameters"]
        # What is part of an address names something that is there.
        if one["required"] and one["in"] != "path" and DUTIES_OF_PEOPLE.search(one["name"])
    ]
    assert demanded == []


def test_a_check_in_asks_for_the_code_and_nothing_else() -> None:
    schema = DOCUMENT["components"]["schemas"]["ScanForm"]
    assert schema["required"] == ["code"]
    assert set(schema["properties"]) == {"code", "nonce"}


def test_a_claim_asks_for_its_visit_and_nothing_else() -> None:
    """Branch, site, time and heads are known: nobody is asked again."""
    schema = DOCUMENT["components"]["schemas"]["ClaimForm"]
    assert schema["required"] == ["booking_id"]
    assert set(schema["properties"]) == {"booking_id", "note", "receipts"}


def test_a_complaint_is_one_tap_away_in_the_menu_and_one_word_in_the_chat() -> None:
    keys = [
        one.get("key") for button in menu.menu()["button"] for one in (button, *button.get("sub_button", []))
    ]
    assert menu.COMPLAIN in keys
    assert any(route.answer is complaints.how_to for route in CHAT if menu.COMPLAIN in (route.keys or ()))
    assert any(route.answer is complaints.complained for route in CHAT)
    for text in (bot.texts.WELCOME, bot.texts.HELP, bot.texts.SORRY):
        assert "“意见”" in text


Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(ctx: Context, aiohttp_client: Callable[[web.Application], Awaitable[Client]]) -> Client:
    """The browser door alone."""
    app = web.Application()
    pages.setup(app, ctx)
    return await aiohttp_client(app)


ADDRESS = {
    "lesson_id": "{lesson}",
    "case": "C1",
    "role": "R01",
    "site_id": "S10",
    "friday": "2026-11-27",
    "rehearsal_id": "1",
    "code": "R11",
    "worker_id": "1",
    "filing_id": "1",
    "measure_id": "1",
    "training_id": "1",
    "session_id": "1",
    "rotation_id": "1",
    "name": "workers",
    "showcase_id": "1",
    "template": "T21",
    "record_id": "1",
    "attachment_id": "1",
    "year": "2026",
    "kind": "docx",
    "assessment_id": "1",
    "finding_id": "1",
    "weak_id": "1",
    "cycle_id": "1",
    "run_id": "1",
}


def addresses(client: Client) -> set[str]:
    """Every page there is, with something in place of its ids."""
    found = set()
    for route in client.app.router.routes():
        pattern = route.resource.canonical if route.resource else ""
        if route.method == "GET" and "." not in pattern:
            found.add(pattern.format(**ADDRESS))
    return found


async def test_every_page_has_the_way_to_a_complaint_and_no_formalism(client: Client, ctx: Context) -> None:
    await lessons.seed(ctx)
    lesson = await Lesson.all().first()
    assert lesson is not None
    seen = addresses(client)
    assert len(seen) >= 6
    for address in seen:
        response = await client.get(address.format(lesson=lesson.id), allow_redirects=False)
        if response.content_type != "text/html":
            continue
        html = await response.text()
        assert '<a href="/complaints">意见建议</a>' in html, address
        assert said(re.sub(r"<[^>]*>", "。", html)) == [], address


async def test_a_complaint_is_written_and_followed_in_a_browser(client: Client) -> None:
    response = await client.get("/complaints")
    assert "form-action 'self'" in response.headers["Content-Security-Policy"]
    taken = await client.post("/complaints", data={"text": "周六能不能<b>多开一场"})
    assert taken.status == 201
    found = re.search(r"<strong>([A-Z0-9]{12})</strong>", await taken.text())
    assert found is not None
    html = await (await client.get("/complaints", params={"lookup": found[1].lower()})).text()
    assert "周六能不能&lt;b&gt;多开一场" in html
    assert "正在处理" in html


@pytest.mark.parametrize("body", [b"text=%00%01x", b"text=%ff%fe", b"text", b"", b"text=x&text=y"])
async def test_odd_bytes_are_taken_or_refused(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await client.post("/complaints", data=body, headers=headers)
    assert response.status in (201, 422)


@pytest.mark.parametrize(("text", "sentence"), [("  ", "请写下"), ("长" * 1001, "1000 字以内")])
async def test_what_cannot_be_taken_is_said_and_kept_in_the_form(
    client: Client, text: str, sentence: Any
) -> None:
    response = await client.post("/complaints", data={"text": text})
    assert response.status == 422
    assert sentence in await response.text()


async def test_a_wrong_lookup_code_is_told_kindly(client: Client) -> None:
    response = await client.get("/complaints", params={"lookup": "NOSUCH"})
    assert response.status == 404
    assert "请核对" in await response.text()
