"""支部自评 in a browser: optional, beside what the system knows, and read by the assessor at the item."""

from datetime import UTC, datetime

import pytest

from handlers import assessments, observations, self_assessments
from handlers.context import Context
from handlers.self_assessments import Word
from models import SelfMark
from tests.fakes import Clock
from tests.handlers import assessed
from tests.handlers.assessed import Assessed
from tests.pages.test_assessment_pages import opened
from tests.pages.test_door import House, browser, house
from tests.pages.test_finding_pages import do, see
from tests.pages.test_keeper_pages import cookie
from tests.pages.test_pages import Client, client
from tests.simulator.browser import MISSING, Browser

__all__ = ["browser", "client", "house"]


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def test_a_branch_looks_at_itself_and_the_assessor_reads_it(client: Client, world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    at, secretary = f"/assessments/{row.id}", world.town.worker
    assert f'href="{at}/self"' in await see(client, world, secretary, "/assessments")
    html = await see(client, world, secretary, f"{at}/self")
    assert "自愿填写，不计入得分" in html
    assert "系统里没有，有纸质的也算" in html
    assert "提交自评</button>" not in html, "there is nothing to hand in yet"
    await see(client, world, world.town.member, f"{at}/self", status=404)
    odd = await do(client, world, secretary, f"{at}/self/save", status=422, **{"less-A03": "一点"})
    assert "请填数字" in odd
    words = {"less-A03": "2.5", "note-A03": "少开<b>一次", "less-A05": ""}
    html = await do(client, world, secretary, f"{at}/self/save", **words)
    assert "少开&lt;b&gt;一次" in html
    assert [(one.item, one.deducted) for one in await SelfMark.all()] == [("A03", 25)]
    assert "支部自评：" not in await see(client, world, world.one, at)
    assert "已提交" in await do(client, world, secretary, f"{at}/self/hand-in")
    assert "支部自评：扣 2.5 分：少开&lt;b&gt;一次" in await see(client, world, world.one, at)
    await world.look_both(row, {"A03": 10})
    await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    html = await see(client, world, world.leader, f"{at}/result")
    assert "支部自评与评估不一样的" in html
    late = await do(client, world, secretary, f"{at}/self/save", status=422, **{"less-A03": "0"})
    assert "状态已经变了" in late
    assert 'name="less-A03"' not in await see(client, world, secretary, f"{at}/self")


@pytest.mark.parametrize(
    "body",
    ["", "[]", '{"words": 3}', '{"words": [3]}', '{"words": [{}]}', '{"words": [{"item": "A03"}]}',
     '{"words": [{"item": "A03", "deducted": true, "note": ""}]}',
     '{"words": [{"item": "A03", "deducted": 1, "note": "", "seen": {}}]}'],
)  # fmt: skip
async def test_odd_uploads_are_refused_kindly(client: Client, world: Assessed, body: str) -> None:
    (row,) = await world.begin(world.town.branch)
    response = await client.post(
        f"/assessments/{row.id}/self/words", data=body, headers={"Content-Type": "application/json"},
        cookies=await cookie(world.ctx, world.town.worker),
    )  # fmt: skip
    assert (response.status, (await response.json())["code"]) == (422, "bad_input")
    assert await SelfMark.all().count() == 0


TYPE = """
const [item, less, note] = arguments;
const section = document.querySelector(`[data-item="${item}"]`);
for (const [css, text] of [["input", less], ["textarea", note]]) {
  const field = section.querySelector(css);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
"""
STATUS = "document.getElementById('status').textContent"
ONLINE = "dispatchEvent(new Event('online'))"


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_day_without_a_network_is_typed_and_uploaded_later(
    house: House, browser: Browser, world: Assessed, clock: Clock
) -> None:
    clock.now = datetime.now(UTC)  # The browser's own clock can't be moved.
    (row,) = await world.begin(world.town.branch)
    here = f"/assessments/{row.id}/self"
    await opened(browser, house, world.town.worker, here)
    await browser.wait(f"{STATUS}.includes('都已上传')")
    await browser.wait("navigator.serviceWorker.controller !== null")
    await browser.wait(f"caches.match('{here}').then((kept) => Boolean(kept))")
    await house.closes()
    await browser.run(TYPE, "A03", "2.5", "少开一次")
    await browser.run(TYPE, "A05", "0", "")
    await browser.run(TYPE, "A06", "很多", "")
    await browser.wait(f"{STATUS}.includes('2 条存在这台手机上')")
    await browser.open(house.url + here)
    await browser.wait("document.querySelector('[name=\"note-A03\"]').value === '少开一次'")
    await browser.wait("document.body.textContent.includes('扣几分请填数字')")
    assert await browser.run("return document.documentElement.scrollWidth <= 375")
    assert await SelfMark.all().count() == 0
    await house.opens()
    await browser.run(ONLINE)
    await browser.wait(f"{STATUS}.includes('有 1 条没有收下') && !{STATUS}.includes('存在这台手机上')")
    marks = {(one.item, one.deducted, one.note) for one in await SelfMark.all()}
    assert marks == {("A03", 25, "少开一次"), ("A05", 0, "")}
    await browser.run(TYPE, "A06", "1", "")
    await browser.wait(f"{STATUS}.includes('都已上传')")
    await browser.run("document.querySelector('form[action$=\"/save\"]').requestSubmit()")
    await browser.wait("document.body.textContent.includes('提交自评')")


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("pick", "note"), [("用这里写的", "这边"), ("用那边写的", "那边")])
async def test_what_two_phones_wrote_is_shown_and_its_writer_chooses(
    house: House, browser: Browser, world: Assessed, clock: Clock, pick: str, note: str
) -> None:
    clock.now = datetime.now(UTC)
    (row,) = await world.begin(world.town.branch)
    secretary = world.at(world.town.worker)
    await opened(browser, house, world.town.worker, f"/assessments/{row.id}/self")
    await browser.wait(f"{STATUS}.includes('都已上传')")
    await house.closes()
    await browser.run(TYPE, "A03", "2", "这边")
    await self_assessments.save(secretary, assessment_id=row.id, words={"A03": Word(10, "那边")})
    await house.opens()
    await browser.run(ONLINE)
    await browser.press(pick, within="[data-item='A03']")
    await browser.wait(f"{STATUS}.includes('都已上传')")
    await browser.wait(f"document.querySelector('[name=\"note-A03\"]').value === '{note}'")
    assert (await SelfMark.get()).note == note


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_words_that_come_too_late_stay_readable_on_the_phone(
    house: House, browser: Browser, world: Assessed, clock: Clock
) -> None:
    clock.now = datetime.now(UTC)
    (row,) = await world.begin(world.town.branch)
    await opened(browser, house, world.town.worker, f"/assessments/{row.id}/self")
    await browser.wait(f"{STATUS}.includes('都已上传')")
    await house.closes()
    await browser.run(TYPE, "A03", "2", "来不及了")
    await observations.upload(world.at(world.one), assessment_id=row.id, lines=[world.line("A03", 10)])
    await house.opens()
    await browser.run(ONLINE)
    await browser.wait(f"{STATUS}.includes('可以当面告诉评估人')")
    await browser.open(f"{house.url}/assessments/{row.id}/self")
    await browser.wait("document.body.textContent.includes('没有来得及上传：扣 2 分：来不及了')")
    assert await SelfMark.all().count() == 0
