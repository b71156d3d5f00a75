"""What the clock says to officers and workers: deadlines, classes of tomorrow, gaps, the bulletin.

Each line has a key and is said once; a person's lines of an hour come as one message (handlers/worker_news).
"""

from datetime import timedelta

from handlers import (
    rotation_plan,
    showcase_list,
    staffing,
    weak_branches,
    worker_news,
    worker_statistics,
)
from handlers.context import Context
from handlers.workdays import midnight
from models import (
    EnrolmentStatus,
    Filing,
    FilingStatus,
    Organization,
    Rotation,
    RotationStatus,
    StaffQuota,
    Trainee,
    TrainingStatus,
)

BEFORE_REPORT = timedelta(days=5)
BEFORE_EFFECT = timedelta(days=3)
BULLETIN_FOR = 5
"""Days of a new quarter in which the last one's bulletin is announced."""
Line = tuple[int, str, str]


async def remind(ctx: Context) -> int:
    """Send what is due today; run by the clock, any number at once. How many people were told."""
    lines = [
        *await _rotations(ctx),
        *await _filings(ctx),
        *await _classes(ctx),
        *await _gaps(ctx),
        *await _bulletin(ctx),
        *await showcase_list.due_lines(ctx),
        *await weak_branches.due_lines(ctx),
    ]
    return await worker_news.remind(ctx, lines)


async def _rotations(ctx: Context) -> list[Line]:
    """Towns name their person by one day of the month before, the section confirms by another."""
    today, settings = ctx.now().date(), ctx.settings
    month = rotation_plan.months_after(today.replace(day=1), 1)
    report_by = rotation_plan.deadline(month, day=settings.rotation_report_by)
    confirm_by = rotation_plan.deadline(month, day=settings.rotation_confirm_by)
    rows = Rotation.filter(month=month, status__in=(RotationStatus.PLANNED, RotationStatus.NOMINATED))
    lines: list[Line] = []
    for row in await rows.select_related("unit"):
        if row.status is RotationStatus.PLANNED and today >= report_by - BEFORE_REPORT:
            late = today > report_by
            text = (
                f"{month.month} 月跟班轮训的人选还没有报，已过 {report_by.day} 日，请尽快报或书面说明"
                if late
                else f"{month.month} 月轮到你们跟班轮训，请在 {report_by.month} 月 {report_by.day} 日前报人选"
            )
            key = f"rotation:{row.id}:{month}:{'late' if late else 'due'}"
            lines += [(person, key, text) for person in await worker_news.unit_officers(row.unit)]
        elif row.status is RotationStatus.NOMINATED and today >= report_by:
            text = f"{row.unit.name}报的 {month.month} 月轮训人选，请在 {confirm_by.day} 日前确认"
            key = f"rotation:{row.id}:{month}:confirm"
            lines += [(person, key, text) for person in await worker_news.district_officers()]
    return lines


async def _filings(ctx: Context) -> list[Line]:
    """Filings whose day is near and which aren't decided."""
    soon = ctx.now().date() + BEFORE_EFFECT
    at_district = Filing.filter(
        status__in=(FilingStatus.REPORTED, FilingStatus.SECTION), effective_on__lte=soon
    )
    lines: list[Line] = []
    for row in await at_district.select_related("unit"):
        text = f"{row.unit.name}的一件备案将在 {row.effective_on} 生效，还没有审定"
        key = f"filing:{row.id}:{row.effective_on}:near"
        lines += [(person, key, text) for person in await worker_news.district_officers()]
    return lines


async def _classes(ctx: Context) -> list[Line]:
    """Who has a class tomorrow."""
    zone = ctx.settings.zone
    tomorrow = midnight(ctx.now().date() + timedelta(days=1), zone)
    rows = Trainee.filter(
        live_key__isnull=False, enrolment__status=EnrolmentStatus.ENROLLED,
        training__status=TrainingStatus.OPEN, training__starts_at__gte=tomorrow,
        training__starts_at__lt=tomorrow + timedelta(days=1),
    )  # fmt: skip
    lines: list[Line] = []
    for row in await rows.select_related("training"):
        at = row.training.starts_at.astimezone(zone)
        text = f"明天 {at:%H:%M}“{row.training.topic}”，{row.training.place}"
        lines.append((row.person_id, f"training:{row.training_id}:{tomorrow:%Y%m%d}", text))
    return lines


async def _gaps(ctx: Context) -> list[Line]:
    """Units that have lacked workers for longer than the district allows."""
    today, lines = ctx.now().date(), []
    for quota in await StaffQuota.filter(gap_since__isnull=False).select_related("unit"):
        if staffing.is_listed(quota.gap_since, today, days=ctx.settings.staff_gap_days):
            text = f"专职党务工作者自 {quota.gap_since} 起不足应配数，请尽快配齐或报备案（以办法为准）"
            key = f"gap:{quota.unit_id}:{quota.gap_since}"
            lines += [(person, key, text) for person in await worker_news.unit_officers(quota.unit)]
    return lines


async def _bulletin(ctx: Context) -> list[Line]:
    """The units that filed in the last quarter: its bulletin is there."""
    today = ctx.now().date()
    if today.month % 3 != 1 or today.day > BULLETIN_FOR:
        return []
    quarter = worker_statistics.last_quarter(today)
    since, _ = worker_statistics.days_of(quarter)
    start = midnight(since, ctx.settings.zone)
    units = {row.unit_id for row in await Filing.filter(created_at__gte=start).only("id", "unit_id")}
    lines: list[Line] = []
    for unit in await Organization.filter(id__in=list(units)):
        text = f"{quarter[:4]} 年第 {quarter[-1]} 季度专职党务工作者备案情况已通报，可在页面查看"
        people = await worker_news.unit_officers(unit)
        lines += [(person, f"bulletin:{quarter}:{unit.id}", text) for person in people]
    return lines
