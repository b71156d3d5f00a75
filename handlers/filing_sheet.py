"""The ledger of filings (备案台账) as an Excel sheet: what each unit filed, and how it was decided.

It is written from what people did step by step, so nothing of it comes in by a file.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from handlers import spreadsheets, transitions
from handlers.access import officer_reach, within
from handlers.context import Context
from handlers.filings import KIND_WORDS, STATUS_WORDS, THING
from handlers.spreadsheets import Column
from models import Filing, FilingStatus, Transition

MOST = 5_000
COLUMNS = (
    Column("编号", 8),
    Column("单位编码", 12),
    Column("单位", 28),
    Column("姓名", 10),
    Column("人员编号", 14),
    Column("事项", 10),
    Column("岗位", 16),
    Column("专兼职", 8),
    Column("生效日期", 12),
    Column("原因", 30),
    Column("党委研究日期", 12),
    Column("文号", 20),
    Column("状态", 14),
    Column("报送", 18),
    Column("办结", 18),
    Column("经过", 60),
)


async def export(ctx: Context) -> bytes:
    """All filings of the units that the caller is an officer over, the newest first.

    Raises:
        NotAllowed.
    """
    wanted = Filing.filter(within(await officer_reach(ctx), below="unit__")).select_related("unit", "person")
    found = await wanted.order_by("-id").limit(MOST)
    moves: defaultdict[str, list[Transition]] = defaultdict(list)
    subjects = [f"{THING}:{row.id}" for row in found]
    for one in await Transition.filter(subject__in=subjects).order_by("id").select_related("person"):
        moves[one.subject].append(one)
    lines = [_line(row, moves[f"{THING}:{row.id}"], ctx.settings.zone) for row in found]
    return await asyncio.to_thread(spreadsheets.write, "备案台账", COLUMNS, lines)


def _line(row: Filing, moves: Sequence[Transition], zone: ZoneInfo) -> list[object]:
    wish = row.proposal
    full = ("专职" if wish["full_time"] else "兼职") if "full_time" in wish else ""
    return [
        row.id, row.unit.code, row.unit.name, row.person.name, row.person.member_no or "",
        KIND_WORDS[row.kind], wish.get("post", ""), full, row.effective_on, row.reason, row.met_on or "",
        row.document_no, STATUS_WORDS[row.status], f"{row.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        f"{row.decided_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.decided_at else "",
        "\n".join(transitions.line(one, STATUS_WORDS[FilingStatus(one.became)], zone) for one in moves),
    ]  # fmt: skip
