"""Registers as Excel files: tried without a trace, reported by row, twice is once, out and in again."""

import json
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from bot.texts import REFUSALS
from handlers import registers, rotations
from handlers.assessment_content import book as rules
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, Refused
from handlers.registers import ImportReport
from models import (
    Assessment,
    AssessmentStage,
    AuditEntry,
    Cycle,
    CycleKind,
    Duty,
    Organization,
    Person,
    Placement,
    Role,
    Rotation,
    Site,
    StaffQuota,
    Team,
    Trainee,
    Training,
    Worker,
)
from tests.handlers.town import Town, build

WORKER = {
    "人员编号": "M1", "姓名": "演示甲", "单位编码": "ZC01", "领域": "镇街", "岗位": "组织员",
    "专兼职": "专职", "编制性质": "事业", "任职日期": "2024-03-01", "学历": "本科", "转正时间": "2016-06-30",
}  # fmt: skip


def say(refused: Refused) -> str:
    return next(REFUSALS[kind] for kind in type(refused).__mro__ if kind in REFUSALS)


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns; 演示甲 <M1> and 演示乙 <M2> of the near branch."""
    made = await build(ctx)
    await Person.filter(id=made.member.id).update(name="演示甲", member_no="M1")
    await Person.filter(id=made.worker.id).update(name="演示乙", member_no="M2")
    for town in (made.town, made.other_town):
        await Organization.filter(id=town.id).update(town=town.code)
    return made


def book(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A file with a title above the headings, as people have them."""
    made = Workbook()
    page = made.active
    assert page is not None
    titles = list(dict.fromkeys(title for row in rows for title in row))
    page.append(["某某台账"])
    page.append(titles)
    for row in rows:
        page.append([row.get(title) for title in titles])
    made.save(path)
    return path


async def take(
    ctx: Context, path: Path, name: str, rows: Sequence[dict[str, Any]], *, dry_run: bool = False
) -> ImportReport:
    file = book(path / f"{name}.xlsx", rows)
    return await registers.import_file(ctx, name=name, file=file, say=say, dry_run=dry_run)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.refused


async def test_a_trial_says_what_the_import_does_and_leaves_nothing(world: Town, tmp_path: Path) -> None:
    trial = await take(world.ctx, tmp_path, "workers", [WORKER], dry_run=True)
    assert counts(trial) == (1, 0, 0, 0)
    assert not await Worker.exists()
    assert not await AuditEntry.filter(action__startswith="placement").exists()
    done = await take(world.ctx, tmp_path, "workers", [WORKER])
    assert counts(done) == counts(trial)
    placement = await Placement.get().select_related("unit", "worker")
    assert (placement.unit.code, placement.post, placement.worker.filing_no) == (
        "ZC01",
        "组织员",
        "BA2026-0001",
    )
    assert (await Person.get(id=world.member.id)).is_worker
    again = await take(world.ctx, tmp_path, "workers", [WORKER])
    assert counts(again) == (0, 0, 1, 0)


async def test_wrong_rows_are_named_and_the_others_are_taken(world: Town, tmp_path: Path) -> None:
    second = WORKER | {"人员编号": "M2", "姓名": "演示乙"}
    wrong: list[dict[str, Any]] = [
        WORKER | {"姓名": "另有其人"},
        second | {"岗位": "皇帝"},
        second | {"单位编码": "ZC99"},
        second | {"任职日期": "某天", "领域": "火星"},
        second | {"公民身份号码": "123"},
    ]
    report = await take(world.ctx, tmp_path, "workers", [WORKER, *wrong, second])
    assert counts(report) == (2, 0, 0, 5)
    assert {issue.row for issue in report.issues} == {4, 5, 6, 7, 8}
    assert all("第 " in str(issue) for issue in report.issues)
    assert {one.column for one in report.issues if one.row == 7} == {"任职日期", "领域"}


async def test_a_change_of_full_time_goes_by_a_filing_and_nobody_is_full_time_twice(
    world: Town, tmp_path: Path
) -> None:
    await take(world.ctx, tmp_path, "workers", [WORKER])
    report = await take(
        world.ctx, tmp_path, "workers", [WORKER | {"专兼职": "兼职"}, WORKER | {"单位编码": "ZC13"}]
    )
    assert counts(report) == (0, 0, 0, 2)
    assert "请先备案" in str(report.issues[0])
    assert "另一个单位专职" in str(report.issues[1])
    assert await Placement.all().count() == 1
    better = await take(world.ctx, tmp_path, "workers", [WORKER | {"学历": "硕士研究生", "岗位": "组织干事"}])
    assert counts(better) == (0, 1, 0, 0)
    assert (await Placement.get()).post == "组织干事"


@pytest.mark.parametrize(
    "name", ["workers", "quotas", "organizations", "sites", "duties", "trainings", "weakbranches", "measures"]
)
async def test_only_the_district_imports_what_is_the_districts(
    world: Town, tmp_path: Path, name: str
) -> None:
    for who in (world.town_officer, world.worker, world.member, None):
        with pytest.raises(NotAllowed):
            await take(world.at(who), tmp_path, name, [WORKER])


async def test_what_is_no_register_or_no_file_is_refused(world: Town, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await registers.export(world.ctx, name="secrets")
    broken = tmp_path / "broken.xlsx"
    for content in (b"", b"PK\x03\x04 half a file", b"\xd0\xcf\x11\xe0 old"):
        broken.write_bytes(content)
        with pytest.raises(BadInput):
            await registers.import_file(world.ctx, name="quotas", file=broken, say=say)
    with pytest.raises(BadInput):
        await take(world.ctx, tmp_path, "quotas", [{"姓名": "x"}])


ROWS: dict[str, list[dict[str, Any]]] = {
    "organizations": [
        {"编码": "ZC0199", "名称": "新党支部（演示）", "层级": "党支部", "上级编码": "ZC01", "类别": "社区"},
    ],
    "sites": [
        {
            "编号": "S77", "名称": "新阵地", "类别": "城市", "镇街": "般阳路街道", "管理单位编码": "ZC01",
            "经度": 117.96, "纬度": 36.64, "容量": 30, "开放日": "一二三四五", "开门": "09:00",
            "关门": "17:00", "每段分钟": 120, "活动": "讲解、宣誓",
            "可承担活动": "主题党日、党课", "每人收费（分）": 1550, "党费可列支": "是",
            "车位": 0, "无障碍": "否",
        },
    ],
    "showcase": [
        {
            "编号": "SF01", "名称": "新样板", "种类": "示范点", "级别": "区级", "类别": "城市",
            "单位编码": "ZC01", "简介": "楼院议事", "能学什么": "议事怎样开头，谁先说；怎样回话",
        },
    ],
    "duties": [{"人员编号": "M1", "姓名": "演示甲", "职责": "支部党务工作者", "党组织编码": "ZC0101"}],
    "workers": [WORKER],
    "quotas": [{"单位编码": "ZC01", "应配数": 3, "依据": "演示数字（试行），以办法为准"}],
    "trainings": [
        {
            "班次编号": "ZJ-1", "班次": "镇街班", "主题": "支部运行", "地点": "党校", "名额": 20,
            "内容": "第一讲", "开始": "2026-12-01 09:00", "结束": "2026-12-01 11:30", "学时": 4,
        },
    ],
    "trainees": [{"班次编号": "ZJ-1", "单位编码": "ZC01", "人员编号": "M1", "姓名": "演示甲"}],
    "rotations": [{"月份": "2026-12", "单位编码": "ZC01", "人员编号": "M1", "姓名": "演示甲"}],
    "filings": [
        {
            "单位编码": "ZC01", "人员编号": "M2", "姓名": "演示乙", "事项": "任职",
            "生效日期": "2026-12-01", "领域": "镇街", "岗位": "组织干事", "专兼职": "专职",
            "编制性质": "事业", "分工": "党员教育、发展党员", "联系支部编码": "ZC0101",
            "材料": "呈报表、任职文件", "党委研究日期": "2026-11-18", "文号": "演示〔2026〕1号",
        },
    ],
    "complaints": [{"收到": "2026-11-18", "内容": "周六多开一场", "承办单位编码": "ZC01"}],
    "findings": [
        {
            "党支部编码": "ZC0101", "评估": "x", "项目": "A03", "事实": "三季度没有开党员大会",
            "事实的佐证": "会议记录本第 12 页", "依据": "《支部条例》第十一条",
        },
    ],
    "measures": [{"单位编码": "ZC01", "情形": "工作不力", "事实": "台账长期没有更新（演示）"}],
    "weakbranches": [
        {
            "党支部编码": "ZC0101", "年度": 2026, "状态": "整顿中", "研判时写明的情况": "书记不适宜任职",
            "认定或不认定的理由": "部务会会商认定", "整顿方案": "调整班子，联系领导每月到场",
            "牵头人编号": "M2", "期满": "2027-06-30",
        },
    ],
}  # fmt: skip


async def reviewed(world: Town) -> Assessment:
    """The near branch's assessment, to be fed back."""
    now = world.ctx.now()
    cycle = await Cycle.create(
        kind=CycleKind.BATCH, organization=world.district, year=2026, number=1, name="x", seed="x",
        records_from=now.date(), records_until=now.date(), created_at=now, published_at=now,
        book=json.dumps(rules().kept(), ensure_ascii=False),
    )  # fmt: skip
    team = await Team.create(cycle=cycle, name="x", leader=world.keeper)
    return await Assessment.create(
        cycle=cycle, branch=world.branch, team=team, assessor=world.keeper, other=world.other_worker,
        sheet="A", mark=1000, stage=AssessmentStage.TO_FEED_BACK,
    )  # fmt: skip


async def test_every_register_goes_in_again_as_it_came_out_and_changes_nothing(
    world: Town, tmp_path: Path
) -> None:
    district = world.at(world.district_officer)
    assert set(ROWS) == set(registers.registers())
    for name, rows in ROWS.items():
        if name == "findings":
            await reviewed(world)
        if name == "rotations":
            await rotations.open_round(district, first_month=date(2026, 12, 1))
        report = await take(district, tmp_path, name, rows)
        assert counts(report) == (1, 0, 0, 0), (name, [str(one) for one in report.issues])
        assert counts(await take(district, tmp_path, name, rows)) == (0, 0, 1, 0), name
    assert await Site.exists(id="S77")
    assert await Duty.filter(person_id=world.member.id, role=Role.BRANCH_WORKER).exists()
    assert (await StaffQuota.get()).required == 3
    assert await Trainee.filter(training=await Training.get()).count() == 1
    assert (await Rotation.get(month=date(2026, 12, 1))).person_id == world.member.id
    for name in ROWS:
        content = await registers.export(district, name=name)
        page = load_workbook(BytesIO(content)).active
        assert page is not None
        assert page.freeze_panes == "A2"
        file = tmp_path / f"{name}-out.xlsx"
        file.write_bytes(content)
        report = await registers.import_file(district, name=name, file=file, say=say)
        odd = [str(one) for one in report.issues]
        assert (report.created, report.updated) == (0, 0), (name, odd)
        assert name == "duties" or not report.refused, (name, odd)


async def test_an_export_shows_no_id_number_and_no_other_town(world: Town, tmp_path: Path) -> None:
    number = "999999199001010016"
    await take(world.ctx, tmp_path, "workers", [WORKER | {"公民身份号码": number}])
    mine = await registers.export(world.at(world.town_officer), name="workers")
    cells = [
        str(cell) for row in load_workbook(BytesIO(mine)).active.iter_rows(values_only=True) for cell in row
    ]  # type: ignore[union-attr]
    assert "演示甲" in cells
    assert not any(number in cell for cell in cells)
    theirs = await registers.export(world.at(world.far_officer), name="workers")
    assert load_workbook(BytesIO(theirs)).worksheets[0].max_row == 1
    with pytest.raises(NotAllowed):
        await registers.export(world.at(world.member), name="workers")


async def test_text_that_looks_like_a_formula_stays_text(world: Town, tmp_path: Path) -> None:
    await take(world.ctx, tmp_path, "quotas", [{"单位编码": "ZC01", "应配数": 1, "依据": "'=1+1"}])
    await StaffQuota.all().update(basis="=HYPERLINK(1)")
    content = await registers.export(world.ctx, name="quotas")
    page = load_workbook(BytesIO(content)).active
    assert page is not None
    assert page.cell(2, 3).data_type == "s"


async def test_a_duty_of_the_whole_district_is_given_on_the_command_line_only(
    world: Town, tmp_path: Path
) -> None:
    row = {"人员编号": "M1", "姓名": "演示甲", "职责": "区委组织部工作人员", "党组织编码": "ZC"}
    assert counts(await take(world.at(world.district_officer), tmp_path, "duties", [row])) == (0, 0, 0, 1)
    assert counts(await take(world.ctx, tmp_path, "duties", [row])) == (1, 0, 0, 0)
    same = await take(world.at(world.district_officer), tmp_path, "duties", [row])
    assert counts(same) == (0, 0, 1, 0), "nothing is given by a row that changes nothing"
    gone = await take(world.ctx, tmp_path, "duties", [row | {"停用": "是"}])
    assert counts(gone) == (0, 1, 0, 0)
    assert not await Duty.filter(person_id=world.member.id, role=Role.DISTRICT_OFFICER).exists()
