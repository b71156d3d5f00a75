"""The 软弱涣散 list as an Excel sheet: proposed by which formula, decided by whom, and how it ended."""

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from handlers import spreadsheets, transitions, weak_branches
from handlers.assessment_access import require_officer
from handlers.context import Context
from handlers.spreadsheets import Column
from handlers.weak_branches import STATUS_WORDS, THING
from models import Transition, WeakBranch, WeakFinding, WeakStatus

MOST = 2_000
COLUMNS = (
    Column("编号", 8),
    Column("党支部编码", 14),
    Column("党支部", 30),
    Column("年度", 8),
    Column("状态", 10),
    Column("系统提名的理由", 24),
    Column("算法", 50),
    Column("研判时写明的情况", 40),
    Column("认定或不认定的理由", 40),
    Column("整顿方案", 40),
    Column("牵头人", 12),
    Column("期满", 12),
    Column("方案里的问题", 20),
    Column("佐证", 40),
    Column("经过", 60),
)


async def export(ctx: Context) -> bytes:
    """All cases below an officer, the newest first.

    Raises:
        NotBound, NotAllowed.
    """
    await require_officer(ctx)
    rows = (await weak_branches.visible(ctx)).order_by("-id").limit(MOST)
    found = await rows.select_related("branch", "led_by")
    lines = [await _line(ctx.settings.zone, row) for row in found]
    return await asyncio.to_thread(spreadsheets.write, "软弱涣散党组织", COLUMNS, lines)


async def _line(zone: ZoneInfo, row: WeakBranch) -> list[object]:
    named = await WeakFinding.filter(weak_id=row.id).order_by("id").values_list("finding__item", flat=True)
    moves = await transitions.of(THING, row.id)
    return [
        row.id, row.branch.code, row.branch.name, row.year, STATUS_WORDS[row.status], "；".join(row.proposed),
        row.formula, row.facts, row.reason or _dismissed(row, moves), row.scheme,
        row.led_by.name if row.led_by else "", row.until or "", "、".join(str(one) for one in named),
        row.evidence, "\n".join(_move(zone, one) for one in moves),
    ]  # fmt: skip


def _dismissed(row: WeakBranch, moves: Sequence[Transition]) -> str:
    return moves[-1].note if row.status is WeakStatus.DISMISSED and moves else ""


def _move(zone: ZoneInfo, one: Transition) -> str:
    word = STATUS_WORDS[WeakStatus(one.became)]
    by = one.person.name if one.person else ""
    return f"{one.at.astimezone(zone):%Y-%m-%d %H:%M} {word} {by}：{one.note}".rstrip("： ")
