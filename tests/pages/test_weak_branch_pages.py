"""软弱涣散 in a browser: proposed with the formula, confirmed with a reason, taken off by another."""

import pytest

from handlers import assessment_years
from handlers.context import Context
from models import Role, WeakBranch, WeakStatus
from tests.handlers import assessed, town
from tests.handlers.assessed import Assessed
from tests.pages.test_finding_pages import do, see
from tests.pages.test_pages import Client, client

__all__ = ["client"]
AT = "/assessments/weak"


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def test_a_case_goes_from_the_proposal_to_its_end(client: Client, world: Assessed) -> None:
    branch, district, officer = world.town.branch, world.town.district_officer, world.town.town_officer
    await assessment_years.note_downgrade(
        world.ctx, branch_id=branch.id, year=2026, code="D2", fact="查实拉票", evidence="通报"
    )
    html = await see(client, world, officer, AT)
    assert "有 D2 情形" in html
    assert "算法：" in html
    assert "列入研判</button>" not in html, "a town decides nothing"
    html = await do(client, world, district, AT, branch_id=branch.id, year=2026, facts="")
    assert "会商确定" in html
    row = await WeakBranch.get()
    at = f"{AT}/{row.id}"
    await see(client, world, world.town.worker, at, status=404)
    await do(client, world, officer, f"{at}/confirm", status=403, reason="x")
    assert "一支部一方案" in await do(client, world, district, f"{at}/confirm", reason="会商<b>认定")
    plan = {"scheme": "调整班子", "led_by_id": str(officer.id), "until": "2027-06-30"}
    assert "整顿中" in await do(client, world, officer, f"{at}/begin", **plan)
    assert "会商&lt;b&gt;认定" in await see(client, world, world.town.worker, at)
    await do(client, world, world.town.worker, f"{at}/prove", evidence="换届材料")
    second = await town.person(world.town.district, Role.DISTRICT_OFFICER)
    await WeakBranch.filter(id=row.id).update(led_by_id=second.id)
    assert "请另一位同志来验收" in await see(client, world, second, at)
    await do(client, world, second, f"{at}/accept", status=422, reason="看过")
    assert "销号" in await do(client, world, district, f"{at}/accept", reason="看过")
    await do(client, world, officer, f"{at}/keep-up", reason="每月到场")
    assert (await WeakBranch.get(id=row.id)).status is WeakStatus.KEPT_UP
    assert "导出 Excel" in await see(client, world, officer, AT)
    assert "导出 Excel" not in await see(client, world, world.town.worker, AT)
