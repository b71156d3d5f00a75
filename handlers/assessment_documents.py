"""Reports of the assessment on paper: a branch's (.docx and PDF), a town's, and a year's for 述职评议.

One description of a report is laid out by either library, so both say the same.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from handlers import (
    assessment_figures,
    assessment_stages,
    assessment_years,
    assessments,
    findings,
    fonts,
    teaching,
)
from handlers.assessment_content import SUGGESTED, Item, cited, shown
from handlers.assessments import Whole
from handlers.context import Context
from handlers.errors import NotFound
from handlers.teaching import Taught
from handlers.typesetting import typeset
from handlers.workdays import last_day
from models import Assessment, AssessmentStage, Rectification

TEMPLATE = Path(__file__).with_suffix(".typ")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"
NOTE = (
    f"表内分值、扣分办法、期限和星级为{SUGGESTED}，以区委组织部正式文件为准。"
    "评的是党支部，不评个人，不排次序。"
)
ITEMS = ("编号", "项目", "分值", "得分", "说明"), (10, 40, 12, 12, 26)
MOVED = ("时间", "环节", "事由"), (26, 18, 56)
OWN = ("编号", "项目", "自评扣", "评估扣", "支部的说明"), (10, 30, 12, 12, 36)
OFTEN = ("编号", "项目", "党支部数", "有问题的", "合计扣分"), (12, 43, 15, 15, 15)
BRANCHES = ("编码", "名称", "环节", "得分"), (18, 50, 18, 14)
YEARS = ("编码", "名称", "年度得分的算法", "星级", "降档"), (13, 29, 38, 9, 11)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report; `widths` are shares of the line."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[int]


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a report: a heading, sentences, perhaps a table."""

    heading: str
    lines: Sequence[str] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is printed."""

    title: str
    subtitle: str
    sections: Sequence[Section] = field(default_factory=tuple)
    note: str = NOTE


async def branch_report(ctx: Context, *, assessment_id: int) -> Report:
    """A branch's report: for those who may see the assessment, once it is reviewed.

    Raises:
        NotBound, NotFound.
    """
    whole = await assessments.get(ctx, assessment_id=assessment_id)
    if whole.assessment.mark is None:
        raise NotFound
    known = await teaching.taught(whole.sheet.items)
    return _branch(whole, known, ctx.settings.zone)


def _branch(whole: Whole, known: Taught, zone: ZoneInfo) -> Report:
    row = whole.assessment
    lost = {one.item: one for one in whole.marks}
    marks = [
        [
            item.code,
            item.name,
            shown(item.worth),
            shown(item.worth - lost[item.code].deducted),
            _remark(lost[item.code]),
        ]
        for item in whole.sheet.items
        if item.code in lost
    ]
    marks.append(["", "合计", "100", shown(row.mark or 0), ""])
    moved = [
        [f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}", assessment_stages.WORDS[one.after], one.reason]
        for one in whole.moves
    ]
    return Report(
        title=f"{row.branch.name}评估报告",
        subtitle=f"{row.cycle.name}　{whole.sheet.name}（{whole.sheet.version}）",
        sections=(
            Section("一、各项得分", (), _table(ITEMS, marks)),
            Section("二、问题清单", *_problems(whole, known, zone)),
            Section("三、办理经过", (), _table(MOVED, moved)),
            *_own(whole),
        ),
    )  # fmt: skip


def _own(whole: Whole) -> tuple[Section, ...]:
    """Where the branch had thought otherwise of itself; nothing where it hadn't, or hadn't said."""
    names = {item.code: item.name for item in whole.sheet.items}
    rows = [
        [one.item, names.get(one.item, ""), shown(one.own), shown(one.assessed), one.note]
        for one in whole.own
    ]
    said = ("自评不计入得分，这里只列扣分不一样的项目。",)
    return (Section("四、支部自评与评估不一样的", said, _table(OWN, rows)),) if rows else ()


def _table(shape: tuple[Sequence[str], Sequence[int]], rows: Sequence[Sequence[str]]) -> Table:
    return Table(shape[0], rows, shape[1])


def _remark(mark: object) -> str:
    return "同类问题再现，加倍" if getattr(mark, "recurred", False) else ""


def _problems(whole: Whole, known: Taught, zone: ZoneInfo) -> tuple[Sequence[str], Table | None]:
    if not whole.rectifications:
        return ("没有发现需要整改的问题。",), None
    rows = [
        _problem(one, item, known, zone)
        for one in whole.rectifications
        if (item := _item(whole, one)) is not None
    ]
    heads = ("项目", "事实与佐证", "依据", "整改（责任人、措施、期限）", "学什么")
    return (), Table(heads, rows, (13, 27, 14, 22, 24))


def _item(whole: Whole, row: Rectification) -> Item | None:
    return whole.sheet.item(row.finding.item)


def _problem(row: Rectification, item: Item, known: Taught, zone: ZoneInfo) -> list[str]:
    facts = "\n".join(f"{one['fact']}（佐证：{one['evidence']}）" for one in row.faults)
    rules = "\n".join(dict.fromkeys(str(one["rule"]) for one in row.faults)) or cited(item.rules, item.also)
    owner = row.owner.name if row.owner is not None else "待定"
    due = f"{last_day(row.due_at, zone=zone):%Y-%m-%d}前" if row.due_at is not None else "签收后定"
    done = "\n".join(
        filter(None, (findings.STATUS_WORDS[row.status], f"佐证：{row.evidence}" if row.evidence else ""))
    )
    taught = "\n".join(f"{one.kind}：{one.title}" for one in known.of(item) if one.kind != teaching.ENTRY)
    return [
        f"{item.code} {item.name}\n{findings.less_words(row.deducted)}", facts, rules,
        f"{owner}；{row.measure or '措施待填'}；{due}\n{done}", taught,
    ]  # fmt: skip


async def town_report(ctx: Context, *, cycle_id: int, organization_id: int) -> Report:
    """A town's report: its branches in the order of codes, and what was found how often.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    towns = await assessment_figures.by_town(ctx, cycle_id=cycle_id)
    town = next((one for one in towns if one.organization.id == organization_id), None)
    if town is None:
        raise NotFound
    visible = (await assessments.visible(ctx)).filter(
        cycle_id=cycle_id, branch__path__startswith=town.organization.path
    )
    rows = await visible.select_related("cycle", "branch").order_by("branch__code")
    agreed, _ = await assessment_figures.agreement(ctx, cycle_id=cycle_id, below=town.organization)
    return _town(town, rows, agreed)


def _town(
    town: assessment_figures.TownFigures,
    rows: Sequence[Assessment],
    agreed: assessment_figures.Agreement,
) -> Report:
    sheets = assessment_stages.book_of(rows[0]).sheets
    stages = "，".join(
        f"{assessment_stages.WORDS[stage]} {count} 个" for stage, count in _in_order(town.stages)
    )
    lines = [f"本批党支部（党组织）{sum(town.stages.values())} 个：{stages}。"]
    if town.mean is not None:
        lines.append(f"已评 {town.marked} 个，平均 {shown(town.mean)} 分。")
    if agreed.items:
        lines.append(
            f"两名评估人独立打分：{agreed.items} 项中 {agreed.same} 项一致"
            f"（{assessment_figures.rounded(1000 * agreed.same, agreed.items) / 10:.1f}%），"
            f"总分平均相差 {shown(agreed.mean_apart or 0)} 分，"
            f"超过规定差值的 {agreed.far_apart} 个由组长复核。"
        )
    items = [
        [one.item, item.name, str(one.branches), str(one.with_finding), shown(one.deducted)]
        for one in town.items
        if one.with_finding and (item := sheets[one.sheet].item(one.item)) is not None
    ]
    branches = [
        [
            row.branch.code,
            row.branch.name,
            assessment_stages.WORDS[row.stage],
            shown(row.mark) if row.mark is not None else "—",
        ]
        for row in rows
    ]
    return Report(
        title=f"{town.organization.name}评估情况",
        subtitle=rows[0].cycle.name,
        sections=(
            Section("一、总的情况", lines),
            Section("二、哪些问题多", (), _table(OFTEN, items)),
            Section("三、各党支部（按编码排列）", (), _table(BRANCHES, branches)),
        ),
    )  # fmt: skip


def _in_order(stages: dict[str, int]) -> list[tuple[AssessmentStage, int]]:
    return [(stage, stages[stage.value]) for stage in AssessmentStage if stage.value in stages]


async def year_report(ctx: Context, *, year: int, below_id: int | None = None) -> Report:
    """述职评议 material: each branch's year with its formula, stars, and what officers should look at.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    found = await assessment_years.years(ctx, year=year, below_id=below_id)
    rows = [
        [
            one.branch.code, one.branch.name, one.formula or "尚缺：" + "、".join(one.missing),
            f"{one.stars} 星" if one.stars is not None else "—", "、".join(one.downgrades),
        ]
        for one in found
    ]  # fmt: skip
    proposed = [f"{one.branch.code} {one.branch.name}：{'；'.join(one.why)}。" for one in found if one.why]
    hints = [
        f"{one.branch.code} {one.branch.name}：{'、'.join(one.hints)}，请核实后再记。"
        for one in found
        if one.hints
    ]
    return Report(
        title=f"{year} 年党支部评估结果（述职评议材料）",
        subtitle=f"按编码排列　得分按公式计算，四舍五入到一位小数　共 {len(found)} 个党支部",
        sections=(
            Section("一、年度得分和星级", (), _table(YEARS, rows)),
            Section("二、软弱涣散研判建议（系统只提名，由区委组织部会商确定）", proposed or ("没有。",)),
            Section("三、可能涉及降档、需要核实的", hints or ("没有。",)),
        ),
        note=f"{NOTE}评星定级是地方做法，中央条例没有星级标准。",
    )  # fmt: skip


async def as_pdf(report: Report) -> bytes:
    """A report as PDF.

    Raises:
        NoFont: the machine can't print Chinese.
    """
    font = await asyncio.to_thread(fonts.chinese)
    return await asyncio.to_thread(compose, report, font)


def compose(report: Report, font: str) -> bytes:
    """Lay a report out. Slow: call it off the event loop."""
    said = json.dumps({"font": font, **asdict(report)}, ensure_ascii=False).encode()
    return typeset({"main": TEMPLATE.read_bytes(), "report.json": said})


async def as_docx(report: Report, *, at: datetime) -> bytes:
    """A report as a Word file."""
    return await asyncio.to_thread(write, report, at)


def write(report: Report, at: datetime) -> bytes:
    """The Word file of a report."""
    from handlers import word_files  # With Word's library, which no server needs in its memory before.

    made = BytesIO()
    word_files.write(report, made, at=at)
    return made.getvalue()
