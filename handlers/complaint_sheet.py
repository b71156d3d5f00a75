"""Complaints (意见建议) as an Excel sheet: what was said, who has it, when it is due and what was answered.

No sender stands in it, named or not: a file goes further than the office that may know them.
"""

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from handlers import complaint_desk, questions, spreadsheets
from handlers.complaint_desk import Waiting
from handlers.context import Context
from handlers.spreadsheets import Column
from models import ComplaintStatus

MOST = 5_000
STATUS_WORDS = {
    ComplaintStatus.RECEIVED: "等答复",
    ComplaintStatus.ANSWERED: "已答复",
    ComplaintStatus.CLOSED: "已办结",
}
STEP_WORDS = {
    "forwarded": "转办",
    "answered": "答复",
    "closed": "办结",
    "reopened": "再次提出",
}
COLUMNS = (
    Column("编号", 8),
    Column("收到", 18),
    Column("内容", 50),
    Column("第几次提出", 10),
    Column("承办", 24),
    Column("最迟答复（本区建议值）", 20),
    Column("状态", 10),
    Column("是否过期", 10),
    Column("答复或办结说明", 50),
    Column("答复时间", 18),
    Column("经过", 60),
)


async def export(ctx: Context) -> bytes:
    """What waits below the caller, and then what was answered or closed.

    Raises:
        NotAllowed: the caller is no officer.
    """
    waiting = await complaint_desk.list_complaints(ctx, most=MOST)
    ended = await complaint_desk.list_complaints(ctx, answered=True, most=MOST)
    return await asyncio.to_thread(write, [*waiting, *ended], zone=ctx.settings.zone)


def write(rows: Sequence[Waiting], *, zone: ZoneInfo) -> bytes:
    """The sheet of these complaints."""
    return spreadsheets.write("意见建议", COLUMNS, [_line(one, zone) for one in rows])


def _line(one: Waiting, zone: ZoneInfo) -> list[object]:
    row = one.complaint
    steps = (
        f"{step.at.astimezone(zone):%m-%d %H:%M} {STEP_WORDS[step.kind]}{step.office}：{step.text}"
        for step in one.history
    )
    return [
        row.id,
        f"{row.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        questions.readable(one.text),
        row.round,
        one.office,
        one.due_on,
        STATUS_WORDS[row.status],
        "是" if one.is_overdue else "",
        row.answer,
        f"{row.answered_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.answered_at else "",
        "\n".join(steps),
    ]
