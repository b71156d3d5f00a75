"""A list of problems by a file: to be mended, deducting nothing, never closed by a sheet."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from handlers import assessments, finding_register, findings, registers
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from models import Assessment, AuditEntry, Finding, Rectification
from models import RectificationStatus as Status
from tests.handlers.assessed import Assessed, build
from tests.handlers.test_registers import book, counts, say, take

ROW = {
    "党支部编码": "ZC0101", "评估": "", "项目": "A05 主题党日", "事实": "八月没有开展主题党日",
    "事实的佐证": "T09 没有八月的记录", "依据": "《支部条例》第十六条",
}  # fmt: skip


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await build(ctx)


async def reviewed(world: Assessed, less: dict[str, int] | None = None) -> Assessment:
    """The near branch, looked at and reviewed, before it is told."""
    (row,) = await world.begin(world.town.branch)
    await world.look_both(row, less or {})
    ROW["评估"] = world.cycle.name
    return await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})


async def test_a_problem_comes_in_to_be_mended_and_deducts_nothing(world: Assessed, tmp_path: Path) -> None:
    before = await reviewed(world, {"A03": 20})
    trial = await take(world.ctx, tmp_path, "findings", [ROW], dry_run=True)
    assert (counts(trial), await Rectification.all().count()) == ((1, 0, 0, 0), 1)
    assert counts(await take(world.ctx, tmp_path, "findings", [ROW])) == (1, 0, 0, 0)
    made = await Rectification.get(finding__item="A05")
    assert (made.status, made.deducted, made.round, made.owner_id) == (Status.TO_DO, 0, 1, None)
    assert (await Assessment.get(id=before.id)).mark == before.mark == 980
    # The same again is the same; another fact of the same item goes to the same round.
    more = ROW | {"事实": "九月也没有开展"}
    assert counts(await take(world.ctx, tmp_path, "findings", [ROW, more, more])) == (0, 1, 2, 0)
    assert len((await Rectification.get(id=made.id)).faults) == 2
    assert await AuditEntry.filter(action__in=["finding.opened", "finding.added_to"]).count() == 3


async def test_it_goes_the_whole_way_as_one_that_an_assessor_found(world: Assessed, tmp_path: Path) -> None:
    row = await reviewed(world)
    await take(world.ctx, tmp_path, "findings", [ROW])
    await assessments.deliver(world.ctx, assessment_id=row.id)
    late = await take(world.ctx, tmp_path, "findings", [ROW, ROW | {"项目": "A04"}])
    assert (counts(late), "反馈以前导入" in str(late.issues[0])) == ((0, 0, 1, 1), True)
    secretary = world.at(world.town.worker)
    await assessments.sign(secretary, assessment_id=row.id)
    made = await Rectification.get()
    assert (made.owner_id, made.due_at is not None) == (world.town.worker.id, True)
    await findings.object_to(secretary, finding_id=made.id, text="八月开展了")
    assert (await world.settle(made)).status is Status.CLOSED
    assert (await Assessment.get(id=row.id)).stage == "accepted"
    # Closed, it goes out as closed and comes in unchanged; a row that says otherwise is told so.
    file = tmp_path / "out.xlsx"
    file.write_bytes(await registers.export(world.ctx, name="findings"))
    again = await registers.import_file(world.ctx, name="findings", file=file, say=say)
    assert counts(again) == (0, 0, 1, 0)


async def test_what_was_mended_and_comes_by_a_file_reopens_the_same_finding(
    world: Assessed, tmp_path: Path
) -> None:
    (row,) = await world.begin(world.town.branch)
    (first,) = await world.feed_back(row, {"A05": 10})
    await world.settle(first)
    await world.next_cycle()
    await reviewed(world)
    assert counts(await take(world.ctx, tmp_path, "findings", [ROW])) == (1, 0, 0, 0)
    finding = await Finding.get()
    assert (finding.id, finding.round) == (first.finding_id, 2)
    assert [one.round for one in await Rectification.filter(finding=finding).order_by("round")] == [1, 2]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"状态": "已销号"}, "另一位同志验收"),
    ({"状态": "待初验（镇街）"}, "另一位同志验收"),
    ({"状态": "改好了"}, "请填："),
    ({"事实的佐证": ""}, "没有填写"),
    ({"依据": "长" * 121}, "不能超过 120 个字"),
    ({"项目": "主题党日"}, "请以项目的编号开头"),
    ({"项目": "A99"}, "没有“A99”这一项"),
    ({"评估": "哪一次"}, "没有找到"),
    ({"党支部编码": "ZC0102"}, "没有找到"),
    ({"党支部编码": "ZC99"}, "没有编码为"),
    ({"编号": 99}, "不是这个党支部"),
]


async def test_wrong_rows_are_told_one_by_one_and_leave_nothing(world: Assessed, tmp_path: Path) -> None:
    await reviewed(world)
    report = await take(world.ctx, tmp_path, "findings", [ROW | wrong for wrong, _ in WRONG])
    assert counts(report) == (0, 0, 0, len(WRONG))
    told = [str(one) for one in report.issues]
    assert [said in one for one, (_, said) in zip(told, WRONG, strict=True)] == [True] * len(WRONG), told
    assert [one.row for one in report.issues] == list(range(3, 3 + len(WRONG)))
    assert not await Finding.exists()


async def test_only_who_runs_the_cycle_adds_to_it_and_only_before_the_branch_is_told(
    world: Assessed, tmp_path: Path
) -> None:
    (row,) = await world.begin(world.town.branch)
    ROW["评估"] = world.cycle.name
    early = await take(world.ctx, tmp_path, "findings", [ROW])
    assert "评估中" in str(early.issues[0])
    await world.look_both(row, {})
    await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    # The cycle is the district's: the town reads its branch's findings and adds none.
    assert counts(await take(world.at(world.town.town_officer), tmp_path, "findings", [ROW])) == (0, 0, 0, 1)
    far = await take(world.at(world.town.far_officer), tmp_path, "findings", [ROW])
    assert "没有找到" in str(far.issues[0])
    for nobody in (world.town.worker, world.town.member, world.leader):
        with pytest.raises(NotAllowed):
            await take(world.at(nobody), tmp_path, "findings", [ROW])
        with pytest.raises(NotAllowed):
            await registers.export(world.at(nobody), name="findings")
    with pytest.raises(NotBound):
        await registers.import_file(
            world.town.at(None), name="findings", file=book(tmp_path / "x.xlsx", [ROW]), say=say
        )
    assert not await Finding.exists()


async def test_a_branch_reads_its_own_sheet_once_it_is_told(world: Assessed, tmp_path: Path) -> None:
    row = await reviewed(world)
    await take(world.ctx, tmp_path, "findings", [ROW])

    async def lines() -> int:
        page = load_workbook(BytesIO(await finding_register.export(world.at(world.town.worker)))).active
        assert page is not None
        return page.max_row - 1

    assert await lines() == 0
    await assessments.deliver(world.ctx, assessment_id=row.id)
    assert await lines() == 1
