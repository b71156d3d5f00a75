"""支部自评 in a browser: optional, beside what the system knows, and read by the assessor at the item."""

import pytest

from handlers import assessments
from handlers.context import Context
from models import SelfMark
from tests.handlers import assessed
from tests.handlers.assessed import Assessed
from tests.pages.test_finding_pages import do, see
from tests.pages.test_pages import Client, client

__all__ = ["client"]


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
