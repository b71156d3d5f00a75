"""Results and findings in a browser without a script: fed back, signed, objected to, put right, accepted."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from handlers import assessments
from handlers.context import Context
from models import Assessment, Person, Rectification, RectificationStatus
from tests.fakes import Clock
from tests.handlers import assessed
from tests.handlers.assessed import FACT, Assessed
from tests.pages.test_assessment_pages import opened
from tests.pages.test_door import House, browser, house
from tests.pages.test_keeper_pages import cookie
from tests.pages.test_pages import Client, Tags, client
from tests.simulator.browser import MISSING, Browser

__all__ = ["browser", "client", "house"]


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def see(client: Client, world: Assessed, who: Person, path: str, *, status: int = 200) -> str:
    client.session.cookie_jar.clear()
    response = await client.get(path, cookies=await cookie(world.ctx, who))
    html = await response.text()
    assert response.status == status, (path, html)
    assert Tags(html).open == []
    return html


async def do(
    client: Client, world: Assessed, who: Person, path: str, *, status: int = 200, **form: Any
) -> str:
    """Send a form, follow where it leads."""
    client.session.cookie_jar.clear()
    response = await client.post(path, data=form, cookies=await cookie(world.ctx, who))
    html = await response.text()
    assert response.status == status, (path, html)
    assert Tags(html).open == []
    return html


async def test_a_result_goes_from_the_leader_to_the_branchs_signature(
    client: Client, world: Assessed
) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.look_both(row, {"A03": 60}, {"A05": 10})
    at, secretary = f"/assessments/{row.id}", world.town.worker
    assert f'href="{at}/result"' in await see(client, world, world.leader, "/assessments")
    assert "请对不一样的项目逐项定" not in await see(client, world, world.leader, f"{at}/result")
    await see(client, world, secretary, f"{at}/result", status=404)
    await do(client, world, world.town.town_officer, f"{at}/review", status=403)
    odd = await do(client, world, world.leader, f"{at}/review", status=422, **{"decided-A03": "很多"})
    assert "请填数字" in odd
    html = await do(client, world, world.leader, f"{at}/review", **{"decided-A03": "2.5", "decided-A05": ""})
    assert "待反馈" in html
    assert [(one.deducted, one.item_) async for one in _marks(row)] == [(25, "A03"), (5, "A05")]
    html = await do(client, world, world.town.district_officer, f"{at}/deliver")
    assert "签收</button>" not in html, "an officer signs for nobody"
    assert "请看后签收" in await see(client, world, secretary, "/assessments")
    html = await see(client, world, secretary, f"{at}/result")
    assert "看过了，签收" in html
    assert "97 分" in html
    html = await do(client, world, secretary, f"{at}/sign")
    assert "看过了，签收" not in html
    assert (await Assessment.get(id=row.id)).signed_by_id == secretary.id


async def _marks(row: Assessment) -> Any:
    for one in (
        await Rectification.filter(assessment_id=row.id).order_by("finding__item").select_related("finding")
    ):
        one.item_ = one.finding.item  # type: ignore[attr-defined]
        yield one


async def test_a_finding_is_planned_proved_and_accepted_by_another(client: Client, world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (found,) = await world.feed_back(row, {"A03": 20})
    at, secretary = f"/assessments/findings/{found.id}", world.town.worker
    html = await see(client, world, secretary, at)
    assert FACT in html
    assert "限期整改（12月21日前）" in html, "30 days from the signature, on a working day"
    assert "申请销号</button>" not in html, "first how, then proof"
    plan = {"owner_id": str(secretary.id), "measure": "补开党员大会", "kind": "at_once"}
    html = await do(client, world, secretary, f"{at}/plan", **plan)
    assert "立行立改" in html
    await do(client, world, secretary, f"{at}/train")
    html = await do(client, world, secretary, f"{at}/prove", evidence="会议记录本第 12 页")
    assert "待初验（镇街）" in html
    assert "初验通过" not in html, "nobody accepts their own"
    await do(client, world, secretary, f"{at}/accept", status=403)
    assert "等验收" in await see(client, world, world.town.town_officer, "/assessments")
    html = await do(client, world, world.town.town_officer, f"{at}/return", reason="没有表决结果")
    assert "验收退回" in html
    await do(client, world, secretary, f"{at}/prove", evidence="会议记录本第 12 至 13 页")
    await do(client, world, world.town.town_officer, f"{at}/accept")
    found = await Rectification.get(id=found.id)
    if found.status is RectificationStatus.TO_DISTRICT:
        assert "抽验通过" not in await see(client, world, world.town.town_officer, at)
        await do(client, world, world.town.district_officer, f"{at}/accept")
    assert (await Rectification.get(id=found.id)).status is RectificationStatus.CLOSED
    await see(client, world, world.town.other_worker, at, status=404)


async def test_a_deduction_is_objected_to_and_answered(client: Client, world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    (found,) = await world.feed_back(row, {"A03": 20})
    at = f"/assessments/findings/{found.id}"
    html = await do(client, world, world.town.worker, f"{at}/object", text="第三季度开过，<b>见记录</b>")
    assert "&lt;b&gt;见记录" in html
    again = await do(client, world, world.town.worker, f"{at}/object", status=422, text="再提一次")
    assert "状态已经变了" in again
    html = await see(client, world, world.town.town_officer, at)
    assert "等您答复" in html
    html = await do(client, world, world.town.town_officer, f"{at}/answer", text="核实属实", upheld="1")
    assert "不予认定（申诉成立）" in html
    assert (await Assessment.get(id=row.id)).mark == 1000


async def test_the_report_is_a_file_for_whoever_may_read_the_result(client: Client, world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.feed_back(row, {"A03": 20})
    path = f"/assessments/{row.id}/report.docx"
    for who, status in ((world.town.worker, 200), (world.town.other_worker, 404)):
        client.session.cookie_jar.clear()
        response = await client.get(path, cookies=await cookie(world.ctx, who))
        assert response.status == status
        assert (await response.read()).startswith(b"PK") is (status == 200)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_pages_fit_a_phone_in_the_dark_and_in_large_type(
    house: House, browser: Browser, world: Assessed, clock: Clock, tmp_path: Path
) -> None:
    (row,) = await world.begin(world.town.branch)
    (found, _) = await world.feed_back(row, {"A03": 20, "A05": 10})
    await assessments.find(world.at(world.town.worker), row.id)
    pages = {
        "index": "/assessments",
        "result": f"/assessments/{row.id}/result",
        "finding": f"/assessments/findings/{found.id}",
    }
    for name, path in pages.items():
        await opened(browser, house, world.town.worker, path)
        for looks, style in (("plain", ""), ("large", "document.documentElement.style.fontSize = '200%'")):
            await browser.run(
                f"document.querySelectorAll('details').forEach((one) => one.open = true); {style}"
            )
            assert await browser.run("return document.documentElement.scrollWidth <= 375"), (name, looks)
            (tmp_path / f"{name}-{looks}.png").write_bytes(await browser.picture())


async def test_the_ledger_is_one_excel_file_with_what_was_seen_done_and_accepted(
    client: Client, world: Assessed, clock: Clock
) -> None:
    (row,) = await world.begin(world.town.branch)
    first, second = await world.feed_back(row, {"A03": 20, "A05": 10})
    await world.settle(first)
    clock.now += timedelta(days=40)
    secretary = world.town.worker
    assert 'href="/assessments/findings.xlsx"' in await see(client, world, secretary, "/assessments")
    response = await client.get("/assessments/findings.xlsx", cookies=await cookie(world.ctx, secretary))
    page: Any = load_workbook(BytesIO(await response.read())).active
    heads, *lines = page.iter_rows(values_only=True)
    rows = {
        line[0]: dict(zip(heads, line, strict=True)) for line in lines if line[0] in (first.id, second.id)
    }
    done, open_ = rows[first.id], rows[second.id]
    assert (done["事实"], done["扣分"], done["是否逾期"], bool(done["销号"])) == (FACT, 2, None, True)
    assert (open_["状态"], open_["是否逾期"], open_["销号"]) == ("待整改", "逾期 8 天", None)
    client.session.cookie_jar.clear()
    assert (await client.get("/assessments/findings.xlsx")).status == 403
