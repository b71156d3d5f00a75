"""An officer plans a cycle in a browser without a script, and sees how far each town is."""

from pathlib import Path
from typing import Any

import pytest

from handlers import report_prints
from handlers.context import Context
from models import Assessment, Cycle, Person, PrintedReport, Team
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


async def test_a_batch_is_planned_from_nothing_to_published(client: Client, world: Assessed) -> None:
    officer, at = world.town.district_officer, "/assessments/cycles"
    assert f'href="{at}"' in await see(client, world, officer, "/assessments")
    form = {"kind": "batch", "organization_id": str(world.town.district.id), "year": "2026", "number": "1"}
    html = await do(client, world, officer, at, **form)
    assert "第1批" in html
    assert "请先组成评估组" in html
    again = await do(client, world, officer, at, status=422, **form)
    assert "已经建过了" in again
    cycle = await Cycle.get(kind="batch")
    here = f"{at}/{cycle.id}"
    await Person.filter(id__in=[world.leader.id, world.one.id, world.two.id]).update(name="演示评估")
    html = await see(client, world, officer, f"{here}?who=演示评估")
    assert f'value="{world.one.id}"' in html
    alone = {"name": "一组", "leader_id": str(world.leader.id)}
    assert "评估组应有" in await do(client, world, officer, f"{here}/teams", status=422, **alone)
    await do(
        client, world, officer, f"{here}/teams", **alone, person_id=[str(world.one.id), str(world.two.id)]
    )
    team = await Team.get(cycle_id=cycle.id)
    html = await see(client, world, officer, f"{here}?below={world.town.town.id}")
    assert f'name="branch_id" value="{world.town.branch.id}"' in html
    assert f'name="branch_id" value="{world.town.far_branch.id}"' not in html, "of another town"
    one = {"team_id": str(team.id), "branch_id": str(world.town.branch.id)}
    html = await do(client, world, officer, f"{here}/assign", **one)
    assert "计划中 1" in html
    await do(client, world, officer, f"{here}/assign", team_id=str(team.id), below_id=str(world.town.town.id))
    assert await Assessment.filter(cycle_id=cycle.id).count() == 2, "and what is left of that town"
    html = await do(client, world, officer, f"{here}/publish")
    assert "评估中 2" in html
    assert "发布评估计划" not in html


async def test_a_town_sees_how_far_it_is_and_plans_nothing_of_the_districts(
    client: Client, world: Assessed
) -> None:
    (row,) = await world.begin(world.town.branch)
    here = f"/assessments/cycles/{world.cycle.id}"
    html = await see(client, world, world.town.town_officer, here)
    assert "评估中 1" in html
    assert "组成评估组" not in html
    await do(client, world, world.town.town_officer, f"{here}/publish", status=403)
    await see(client, world, world.town.worker, here, status=403)
    await see(client, world, world.town.worker, "/assessments/cycles", status=403)
    assert row.cycle_id == world.cycle.id


async def test_reports_are_made_and_downloaded(client: Client, world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    await world.feed_back(row, {"A03": 20})
    officer, here = world.town.district_officer, f"/assessments/cycles/{world.cycle.id}"
    town_id = str(world.town.branch.parent_id)
    html = await do(client, world, officer, f"{here}/prints", below_id=town_id)
    assert "已生成 0 份，共 1 份" in html
    await PrintedReport.all().update(content=b"%PDF-")
    run = (await report_prints.progress(world.ctx, run_id=(await PrintedReport.get()).run_id)).id
    assert "reports.zip" in await see(client, world, officer, f"/assessments/prints/{run}")
    for path, start in (
        (f"/assessments/prints/{run}/reports.zip", b"PK"),
        (f"{here}/towns/{town_id}/report.docx", b"PK"),
        ("/assessments/years.docx?year=2026", b"PK"),
    ):
        client.session.cookie_jar.clear()
        response = await client.get(path, cookies=await cookie(world.ctx, officer))
        content: Any = await response.read()
        assert (response.status, content[:2]) == (200, start), path


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_plan_fits_a_phone(
    house: House, browser: Browser, world: Assessed, clock: Clock, tmp_path: Path
) -> None:
    await world.begin(world.town.branch)
    here = f"/assessments/cycles/{world.cycle.id}"
    paths = {
        "plan": f"{here}?below={world.town.town.id}",
        "list": "/assessments/cycles",
        "desk": "/complaints/desk",
    }
    for name, path in paths.items():
        await opened(browser, house, world.town.district_officer, path)
        for looks, style in (("plain", ""), ("large", "document.documentElement.style.fontSize = '200%'")):
            await browser.run(
                f"document.querySelectorAll('details').forEach((one) => one.open = true); {style}"
            )
            assert await browser.run("return document.documentElement.scrollWidth <= 375"), (name, looks)
            (tmp_path / f"{name}-{looks}.png").write_bytes(await browser.picture())
