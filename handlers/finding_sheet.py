"""The ledger of findings (整改台账) as an Excel sheet: what was found, who mends it by when, who accepted it.

It is written from what people did step by step, so nothing of it comes in by a file.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from handlers import findings, spreadsheets
from handlers.context import Context
from handlers.findings import KIND_WORDS, STATUS_WORDS
from handlers.spreadsheets import Column
from handlers.workdays import last_day
from models import Person, Rectification

MOST = 10_000
COLUMNS = (
    Column("编号", 8),
    Column("党支部编码", 14),
    Column("党支部", 28),
    Column("评估", 24),
    Column("项目", 24),
    Column("第几次出现", 10),
    Column("扣分", 8),
    Column("事实", 40),
    Column("事实的佐证", 30),
    Column("依据", 28),
    Column("分类", 10),
    Column("责任人", 10),
    Column("整改措施", 40),
    Column("办完期限", 12),
    Column("是否逾期", 12),
    Column("状态", 16),
    Column("整改佐证", 40),
    Column("初验人", 10),
    Column("初验", 12),
    Column("抽验人", 10),
    Column("抽验", 12),
    Column("销号", 12),
    Column("异议", 30),
    Column("异议的答复", 30),
)


async def export(ctx: Context) -> bytes:
    """All rounds that the caller may see, the newest first.

    Raises:
        NotBound.
    """
    found = await findings.whole(await findings.visible(ctx)).order_by("-id").limit(MOST)
    judges = {person_id for row in found for person_id in (row.town_by_id, row.district_by_id) if person_id}
    names = {person.id: person.name for person in await Person.filter(id__in=judges).only("id", "name")}
    lines = [_line(row, names, ctx.now(), ctx.settings.zone) for row in found]
    return await asyncio.to_thread(spreadsheets.write, "整改台账", COLUMNS, lines)


def _line(row: Rectification, names: dict[int, str], now: datetime, zone: ZoneInfo) -> Sequence[object]:
    return [
        row.id, row.finding.branch.code, row.finding.branch.name, row.assessment.cycle.name,
        f"{row.finding.item} {findings.item_of(row).name}", row.round, row.deducted / 10,
        _of(row, "fact"), _of(row, "evidence"), _of(row, "rule"), KIND_WORDS[row.kind],
        row.owner.name if row.owner else "", row.measure,
        last_day(row.due_at, zone=zone) if row.due_at else "", findings.overdue_words(row, now),
        STATUS_WORDS[row.status], row.evidence, names.get(row.town_by_id or 0, ""), _day(row.town_at, zone),
        names.get(row.district_by_id or 0, ""), _day(row.district_at, zone), _day(row.closed_at, zone),
        row.objection, row.objection_answer,
    ]  # fmt: skip


def _of(row: Rectification, name: str) -> str:
    said: Iterable[str] = (str(one.get(name, "")) for one in row.faults)
    return "\n".join(dict.fromkeys(said))


def _day(at: datetime | None, zone: ZoneInfo) -> object:
    return at.astimezone(zone).date() if at is not None else ""
