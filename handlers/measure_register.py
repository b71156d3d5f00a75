"""The register of measures (处理措施): leads the district found on paper come in by a file, nothing further.

Every later step is somebody's own: the unit has its say, a second person decides. A file takes none of them.
The sheet shows what the list shows to the same person and no more.
"""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from handlers import measures, transitions
from handlers.context import Context
from handlers.errors import BadInput
from handlers.measures import LONGEST_TEXT, REGISTER, STATUS_WORDS, THING
from handlers.registers import CREATED, UNCHANGED, Register, require_status
from handlers.sheet_reading import Heading, Record, choice, number_text, whole, words
from handlers.spreadsheets import Column
from handlers.worker_registers import unit_by_code
from handlers.worker_rules import require_district
from handlers.worker_terms import name
from models import Measure, MeasureIssue, MeasureKind, MeasureStatus, Transition

MOST = 5_000
LEAD = STATUS_WORDS[MeasureStatus.LEAD]
ISSUES = {name("issues", issue): issue for issue in MeasureIssue}
STATUSES = {said: said for said in STATUS_WORDS.values()}
HEADINGS = (
    Heading("编号", whole(1, 2**31 - 1), width=8),
    Heading("单位编码", number_text(32), required=True),
    Heading("情形", choice(ISSUES), required=True, choices=tuple(ISSUES), width=18),
    Heading("事实", words(LONGEST_TEXT), required=True, width=40),
    Heading("状态", choice(STATUSES), width=20),
)
SHOWN = (
    Column("单位", 28),
    Column("来源", 8),
    Column("单位说明", 40),
    Column("处理", 24),
    Column("期限", 12),
    Column("范围", 24),
    Column("整改", 40),
    Column("登记", 18),
    Column("经过", 60),
)

NOTE = "导入的都是线索，由区级登记；核实、单位说明、建议、审定、送达、整改、解除都由人在页面上办理。"


async def take(ctx: Context, record: Record) -> str:
    """Write a lead down; what is on file stays as it is."""
    await require_district(ctx)
    said = record.values
    unit = await unit_by_code(said["单位编码"])
    known = await _known(said, unit.id)
    if known is not None:
        if (known.issue, known.facts) != (said["情形"], said["事实"]):
            raise BadInput(facts="情形或事实与台账上的不同：登记过的线索不能用表改，新的线索请不填编号")
        require_status(said["状态"], now=STATUS_WORDS[known.status])
        return UNCHANGED
    if said["状态"] not in (None, LEAD):
        raise BadInput(status=f"导入的只能是“{LEAD}”：核实、说明、建议、审定都要由人在页面上办理")
    await measures.report(ctx, unit_id=unit.id, issue=said["情形"], facts=said["事实"])
    return CREATED


async def rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """What the caller may see, the newest first."""
    found = await (await measures.visible(ctx)).order_by("-id").limit(MOST).select_related("unit")
    moves = await transitions.of_all(THING, [row.id for row in found])
    return [_line(row, moves[row.id], ctx.settings.zone) for row in found]


async def _known(said: Any, unit_id: int) -> Measure | None:
    """The one a row means: of its number, else the same facts about the same unit.

    Raises:
        BadInput: the number belongs to another unit.
    """
    of_unit = Measure.filter(unit_id=unit_id)
    if said["编号"] is None:
        return await of_unit.filter(issue=said["情形"], facts=said["事实"]).order_by("-id").first()
    row = await of_unit.get_or_none(id=said["编号"])
    if row is None:
        raise BadInput(id="这个编号不是这个单位的，新的线索请不填编号")
    return row


def _line(row: Measure, moves: Sequence[Transition], zone: ZoneInfo) -> list[object]:
    kinds = "、".join(name("measures", MeasureKind(kind)) for kind in row.kinds)
    return [
        row.id, row.unit.code, name("issues", row.issue), row.facts, STATUS_WORDS[row.status], row.unit.name,
        "系统" if row.by_system else "人工", row.explanation, kinds, row.until or "", row.scope,
        row.rectification, f"{row.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "\n".join(transitions.line(one, STATUS_WORDS[MeasureStatus(one.became)], zone) for one in moves),
    ]  # fmt: skip


REGISTERS = (Register(REGISTER, "处理措施", HEADINGS, take, rows, require_district, SHOWN, NOTE),)
