"""What the system knows about each item of a branch's sheet, so that nobody types it again."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from tortoise.expressions import Q

from handlers import staffing
from handlers.assessment_content import Item
from handlers.context import Context
from handlers.template_content import handbook
from handlers.workdays import midnight
from models import Assessment, Booking, BookingStatus, Organization, Record, RecordStatus, StaffQuota

THEME_DAY = "T09"
"""The template whose items visits speak for."""
STAFF = "scope-department-staff"
"""The entry whose items the staffing of the unit speaks for."""
MOST_DAYS = 6


async def known(ctx: Context, row: Assessment, items: Sequence[Item]) -> dict[str, list[str]]:
    """Item → sentences: records of the cycle's time, visits, staffing. Counts of things, never of people."""
    since, until = row.cycle.records_from, row.cycle.records_until
    signed, begun = await _records(row.branch_id, since, until)
    visits = await _visits(ctx, row.branch_id, since, until)
    staff = await _staff(ctx, row.branch)
    found: dict[str, list[str]] = {}
    for item in items:
        lines = [_record(code, signed[code], begun[code]) for code in item.teaches.templates]
        if THEME_DAY in item.teaches.templates and visits:
            lines.append(f"到阵地开展活动 {len(visits)} 次{_on(visits)}")
        if STAFF in item.teaches.entries and staff:
            lines.append(staff)
        found[item.code] = lines
    return found


def _record(code: str, signed: Sequence[date | None], begun: int) -> str:
    template = handbook().templates.get(code)
    name = f"{code}“{template.name}”" if template is not None else code
    if not signed and not begun:
        return f"{name}：系统里没有，有纸质的也算"
    drafts = f"，草稿 {begun} 份" if begun else ""
    return f"{name}：已签发 {len(signed)} 份{_on([day for day in signed if day])}{drafts}"


def _on(days: Sequence[date]) -> str:
    shown = "、".join(f"{day.month}月{day.day}日" for day in days[:MOST_DAYS])
    more = "等" if len(days) > MOST_DAYS else ""
    return f"（{shown}{more}）" if shown else ""


async def _records(
    branch_id: int, since: date, until: date
) -> tuple[dict[str, list[date | None]], dict[str, int]]:
    """Template → days of what was signed, and how many are begun, of these days (or years, without a day)."""
    dated = Q(held_on__gte=since, held_on__lte=until)
    undated = Q(held_on__isnull=True, year__gte=since.year, year__lte=until.year)
    rows = Record.filter(Q(dated, undated, join_type=Q.OR), branch_id=branch_id, is_exercise=False)
    signed: defaultdict[str, list[date | None]] = defaultdict(list)
    begun: defaultdict[str, int] = defaultdict(int)
    for one in await rows.order_by("held_on", "id").only("id", "template", "held_on", "status"):
        if one.status is RecordStatus.SIGNED:
            signed[one.template].append(one.held_on)
        else:
            begun[one.template] += 1
    return signed, begun


async def _visits(ctx: Context, branch_id: int, since: date, until: date) -> list[date]:
    zone = ctx.settings.zone
    done = Booking.filter(
        branch_id=branch_id, status=BookingStatus.FULFILLED,
        slot__starts_at__gte=midnight(since, zone),
        slot__starts_at__lt=midnight(until + timedelta(days=1), zone),
    ).select_related("slot")  # fmt: skip
    return [one.slot.starts_at.astimezone(zone).date() for one in await done.order_by("slot__starts_at")]


async def _staff(ctx: Context, branch: Organization) -> str:
    """The figures of the nearest unit above that has a quota; nothing where none has."""
    above = [one for one in await StaffQuota.all().select_related("unit") if one.unit.contains(branch)]
    if not above:
        return ""
    (unit,) = await staffing.figures(ctx, [max(above, key=lambda one: len(one.unit.path))])
    return f"{unit.unit.name}专职党务工作者：应配 {unit.required} 名，在岗 {unit.on_post} 名"
