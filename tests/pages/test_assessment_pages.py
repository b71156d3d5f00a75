"""The visit on a phone: readable without a script, written on for a day without a network, nothing lost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers import assessments, observations
from handlers.context import Context
from models import Entry, Lesson, Observation, Person
from pages.login import COOKIE
from tests.fakes import Clock
from tests.handlers import assessed
from tests.handlers.assessed import FACT, Assessed
from tests.pages.test_door import House, browser, house
from tests.pages.test_keeper_pages import cookie
from tests.pages.test_pages import Client, Tags, client
from tests.simulator.browser import MISSING, Browser

__all__ = ["browser", "client", "house"]


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def test_only_the_two_assessors_open_a_visit_and_it_reads_without_a_script(
    client: Client, world: Assessed
) -> None:
    (row,) = await world.begin(world.town.branch)
    html = await (
        await client.get(f"/assessments/{row.id}", cookies=await cookie(world.ctx, world.one))
    ).text()
    assert Tags(html).open == []
    for said in ("A14", "村级班子与后备", "抽到看这些", "本区建议值", "每缺1次"):
        assert said in html
    for who, status in ((world.leader, 404), (world.town.worker, 404), (world.town.district_officer, 404)):
        client.session.cookie_jar.clear()
        response = await client.get(f"/assessments/{row.id}", cookies=await cookie(world.ctx, who))
        assert response.status == status
    client.session.cookie_jar.clear()
    assert (await client.get(f"/assessments/{row.id}")).status == 403
    assert (await client.get(f"/assessments/{row.id}/kit")).status == 403


async def test_the_list_shows_what_to_put_right_by_when_and_what_teaches_it(
    client: Client, world: Assessed
) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.feed_back(row, {"A03": 20})
    lesson = await Lesson.create(code="L04", title="三会怎么开", strand="x", body={})
    await Entry.create(
        code="meetings-what", topic="x", question="党员大会多久开？", askings=[], answer="x", citations=[]
    )
    held = await cookie(world.ctx, world.town.worker)
    html = await (await client.get("/assessments", cookies=held)).text()
    assert Tags(html).open == []
    taught = (
        f'<a href="/lessons/{lesson.id}">微课“三会怎么开”',
        '/handbook/templates/T05">',
        "“党员大会多久开？”",
    )
    for said in (FACT, "12月21日前办完", '<a href="/cases/C7">', *taught):
        assert said in html


@pytest.mark.parametrize(
    "body", ["", "[]", '{"lines": 3}', '{"lines": [3]}', "{", '{"lines": [{"id": 1}]}', "[" * 5000]
)
async def test_odd_uploads_are_refused_kindly(client: Client, world: Assessed, body: str) -> None:
    (row,) = await world.begin(world.town.branch)
    response = await client.post(
        f"/assessments/{row.id}/observations", data=body, headers={"Content-Type": "application/json"},
        cookies=await cookie(world.ctx, world.one),
    )  # fmt: skip
    assert response.status in (200, 422)
    assert await Observation.all().count() == 0


async def opened(browser: Browser, house: House, who: Person, path: str) -> None:
    held = (await cookie(house.ctx, who))[COOKIE]
    await browser.open(f"{house.url}/privacy")
    await browser.call(
        "POST", "/cookie", cookie={"name": COOKIE, "value": held, "path": "/", "httpOnly": True}
    )
    await browser.resize(375, 800)
    await browser.open(house.url + path)


WRITE = """
const item = document.querySelector('[data-item="A03"]');
[...item.querySelectorAll('.acts > button')].find((one) => one.textContent === '扣分').click();
const [deducted, rule, fact, evidence] = item.querySelectorAll('.acts input, .acts textarea');
deducted.value = '2'; fact.value = arguments[0]; evidence.value = '会议记录本第12页';
item.querySelector('.acts form').requestSubmit();
"""
REST = """
for (const item of document.querySelectorAll('[data-item]')) {
  const none = [...item.querySelectorAll('.acts > button')].find((one) => one.textContent === '没有问题');
  if (none) none.click();
}
"""
STATUS = "document.getElementById('status').textContent"


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_day_without_a_network_is_written_down_and_uploaded_later(
    house: House, browser: Browser, world: Assessed, clock: Clock, tmp_path: Path
) -> None:
    clock.now = datetime.now(UTC)  # The browser's own clock can't be moved.
    (row,) = await world.begin(world.town.branch)
    await opened(browser, house, world.one, f"/assessments/{row.id}")
    await browser.wait(f"{STATUS}.includes('都已上传')")
    await browser.wait("navigator.serviceWorker.controller !== null")
    await browser.wait(f"caches.match('/assessments/{row.id}').then((kept) => Boolean(kept))")
    await house.closes()
    await browser.run(WRITE, FACT)
    await browser.wait(f"{STATUS}.includes('存在这台手机上')")
    await browser.open(f"{house.url}/assessments/{row.id}")
    await browser.wait(f"document.body.textContent.includes('{FACT}')")
    await browser.run(REST)
    assert await browser.run("return document.documentElement.scrollWidth <= 375")
    (tmp_path / "visit.png").write_bytes(await browser.picture())
    assert await Observation.all().count() == 0
    await house.opens()
    await browser.run("dispatchEvent(new Event('online'))")
    await browser.wait(f"{STATUS}.includes('都已上传')")
    assert await Observation.all().count() == 14
    await browser.run("window.confirm = () => true; document.getElementById('hand-in').click();")
    await browser.wait("document.getElementById('left').textContent.includes('您已经提交')")
    await world.look(row, world.two, {"A03": 20})
    both = await assessments.both(row)
    assert [(one.first, one.second) for one in both if one.item == "A03"] == [(20, 20)]


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_contradiction_from_two_phones_is_shown_and_settled(
    house: House, browser: Browser, world: Assessed, clock: Clock
) -> None:
    clock.now = datetime.now(UTC)
    (row,) = await world.begin(world.town.branch)
    root = world.line("A03", 10)
    twins = [world.line("A03", tenths, replaces=[root["id"]]) for tenths in (20, 30)]
    await observations.upload(world.at(world.one), assessment_id=row.id, lines=[root, *twins])
    await opened(browser, house, world.one, f"/assessments/{row.id}")
    await browser.wait("document.querySelector('[data-item=\"A03\"]').classList.contains('twice')")
    await browser.run("document.querySelector('[data-item=\"A03\"] .written button').click()")
    await browser.wait("!document.querySelector('[data-item=\"A03\"]').classList.contains('twice')")
    await browser.wait(f"{STATUS}.includes('都已上传')")
    kit = await observations.kit(world.at(world.one), assessment_id=row.id)
    assert (len(kit.mine), len(kit.merged.heads), kit.merged.conflicts) == (4, 1, ())
