"""The register of findings (整改台账): a list of problems (问题清单) comes in before it is fed back.

What a row says is a fact with its proof and its rule, as an assessor would write it; it deducts nothing:
marks are what two assessors found. It comes in as something to do. Who mends it and how is the branch's to
say, and nothing is closed by a file: that needs a proof and another person's acceptance (models/findings.py).
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from handlers import assessments, findings, registers
from handlers.assessment_access import require_officer
from handlers.assessment_stages import WORDS as STAGE_WORDS
from handlers.assessments import Fault
from handlers.context import SYSTEM, Context
from handlers.errors import BadInput
from handlers.findings import KIND_WORDS, REGISTER, STATUS_WORDS
from handlers.registers import CREATED, UNCHANGED, UPDATED, Register, require_status
from handlers.roster_sheet import BadCell
from handlers.sheet_reading import Heading, Record, choice, number_text, whole, words
from handlers.spreadsheets import Column
from handlers.workdays import last_day
from handlers.worker_registers import unit_by_code
from models import Assessment, AssessmentStage, Person, Rectification, RectificationStatus

MOST = 10_000
ITEM = re.compile(r"([A-Z]\d{2})(?:\D.*)?")
STATUSES = {said: said for said in STATUS_WORDS.values()}


def item(_: Any, text: str) -> str:
    """The code of an item, also where its name stands beside it."""
    found = ITEM.fullmatch(text.upper())
    if found is None:
        raise BadCell("请以项目的编号开头，如 A03")
    return found[1]


HEADINGS = (
    Heading("编号", whole(1, 2**31 - 1), width=8),
    Heading("党支部编码", number_text(32), required=True, width=14),
    Heading("评估", words(60), required=True, width=24),
    Heading("项目", item, required=True, width=24),
    Heading("事实", words(5000), required=True, width=40),
    Heading("事实的佐证", words(5000), required=True, width=30),
    Heading("依据", words(5000), required=True, width=28),
    Heading("状态", choice(STATUSES), width=16),
)
SHOWN = (
    Column("党支部", 28),
    Column("第几次出现", 10),
    Column("扣分", 8),
    Column("分类", 10),
    Column("责任人", 10),
    Column("整改措施", 40),
    Column("办完期限", 12),
    Column("是否逾期", 12),
    Column("整改佐证", 40),
    Column("初验人", 10),
    Column("初验", 12),
    Column("抽验人", 10),
    Column("抽验", 12),
    Column("销号", 12),
    Column("异议", 30),
    Column("异议的答复", 30),
)

NOTE = (
    "问题清单在组长复核以后、反馈以前导入，由组织这次评估的单位办理；每个问题要写明事实、佐证和依据，不另外扣分。"
    "导入的都是待整改的，措施由支部来定，销号在页面上办理。"
)


async def may(ctx: Context) -> None:
    """Officers, in person; whose cycle it is, the use-case decides row by row.

    Raises:
        NotBound, NotAllowed.
        BadInput: the command line is nobody.
    """
    if ctx.caller is SYSTEM:
        raise BadInput(by="问题要记在经办同志名下：请登录网页，在“导入导出”里导入")
    await require_officer(ctx)


async def take(ctx: Context, record: Record) -> str:
    """Lay a problem down for a branch that was looked at and hasn't been told yet."""
    said = record.values
    branch = await unit_by_code(said["党支部编码"])
    if said["编号"] is not None:
        on_file = (
            await (await findings.visible(ctx)).filter(id=said["编号"]).select_related("finding").first()
        )
        if on_file is None or (on_file.finding.branch_id, on_file.finding.item) != (branch.id, said["项目"]):
            raise BadInput(id="这个编号不是这个党支部这一项的问题，新的问题请不填编号")
        _require_same(on_file, said)
        return UNCHANGED
    assessment = await _assessment(ctx, branch.id, said["评估"])
    fault = Fault(said["依据"], said["事实"], said["事实的佐证"])
    known = await Rectification.get_or_none(assessment_id=assessment.id, finding__item=said["项目"])
    if known is not None and fault in [Fault.of(one) for one in known.faults]:
        require_status(said["状态"], now=STATUS_WORDS[known.status])
        return UNCHANGED
    if said["状态"] not in (None, STATUS_WORDS[RectificationStatus.TO_DO]):
        raise BadInput(status="导入的都是待整改的：销号要有佐证和另一位同志验收，请在页面上办理")
    if assessment.stage is not AssessmentStage.TO_FEED_BACK or assessment.delivered_at is not None:
        now = "已经反馈" if assessment.delivered_at else f"现在是“{STAGE_WORDS[assessment.stage]}”"
        raise BadInput(assessment=f"这个党支部的评估{now}：问题清单在组长复核以后、反馈以前导入")
    await assessments.add_fault(ctx, assessment_id=assessment.id, item=said["项目"], fault=fault)
    return CREATED if known is None else UPDATED


async def rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """All rounds below an officer, the newest first."""
    await require_officer(ctx)
    return await _rounds(ctx)


async def export(ctx: Context) -> bytes:
    """All rounds that the caller may see, the newest first: also for a branch that reads its own.

    Raises:
        NotBound.
    """
    return await registers.write(REGISTERS[0], await _rounds(ctx))


async def _assessment(ctx: Context, branch_id: int, name: str) -> Assessment:
    of_branch = (await assessments.visible(ctx)).filter(branch_id=branch_id, cycle__name=name)
    found = await of_branch.order_by("-id").first()
    if found is None:
        raise BadInput(assessment=f"没有找到这个党支部的“{name}”，请核对评估的名称和党支部编码")
    return found


def _require_same(on_file: Rectification, said: Any) -> None:
    """A row of an export says what is on file.

    Raises:
        BadInput: it says otherwise.
    """
    for title, name in (("事实", "fact"), ("事实的佐证", "evidence"), ("依据", "rule")):
        if _of(on_file, name).split() != said[title].split():
            raise BadInput(row=f"“{title}”与台账上的不同：登记过的问题不能用表改")
    require_status(said["状态"], now=STATUS_WORDS[on_file.status])


async def _rounds(ctx: Context) -> list[Sequence[object]]:
    found = await findings.whole(await findings.visible(ctx)).order_by("-id").limit(MOST)
    judges = {person_id for row in found for person_id in (row.town_by_id, row.district_by_id) if person_id}
    names = {person.id: person.name for person in await Person.filter(id__in=judges).only("id", "name")}
    return [_line(row, names, ctx.now(), ctx.settings.zone) for row in found]


def _line(row: Rectification, names: dict[int, str], now: datetime, zone: ZoneInfo) -> Sequence[object]:
    return [
        row.id, row.finding.branch.code, row.assessment.cycle.name,
        f"{row.finding.item} {findings.item_of(row).name}", _of(row, "fact"), _of(row, "evidence"),
        _of(row, "rule"), STATUS_WORDS[row.status], row.finding.branch.name, row.round, row.deducted / 10,
        KIND_WORDS[row.kind], row.owner.name if row.owner else "", row.measure,
        last_day(row.due_at, zone=zone) if row.due_at else "", findings.overdue_words(row, now),
        row.evidence, names.get(row.town_by_id or 0, ""), _day(row.town_at, zone),
        names.get(row.district_by_id or 0, ""), _day(row.district_at, zone), _day(row.closed_at, zone),
        row.objection, row.objection_answer,
    ]  # fmt: skip


def _of(row: Rectification, name: str) -> str:
    said: Iterable[str] = (str(one.get(name, "")) for one in row.faults)
    return "\n".join(dict.fromkeys(said))


def _day(at: datetime | None, zone: ZoneInfo) -> object:
    return at.astimezone(zone).date() if at is not None else ""


REGISTERS = (Register(REGISTER, "整改台账", HEADINGS, take, rows, may, SHOWN, NOTE),)
