"""Telling people of terms: before, on and after the day, merged, few a day, never at night.

A row for each date, reason and person is written before anything is sent: nobody is told twice. It goes as
a customer-service message where somebody wrote within 48 hours; everybody else finds it in 待办 and 评估,
and nothing is forced. Rules: 跟踪问效办法 六 (逾期) and 七 (提醒).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, cycles, findings, notices, routine_reminders
from handlers.assessment_content import OverdueDays, Terms
from handlers.context import Context
from handlers.notices import WINDOW
from handlers.routine_reminders import DayIsFull
from handlers.workdays import last_day, midnight
from models import App, DueReminder, Duty, Rectification, Role
from models.findings import OPEN

SHOWN = 5
MOST = 2000
SOON, TODAY, PERSON, TOWN, BULLETIN = "soon", "today", "person", "town", "bulletin"
WORDS = {
    SOON: "快到期",
    TODAY: "今天到期",
    PERSON: "已经逾期",
    TOWN: "逾期较久，请镇街督促",
    BULLETIN: "逾期，列入通报清单",
}


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody to be told of a round, and why."""

    person_id: int
    rectification_id: int
    kind: str
    due_at: datetime


async def remind(ctx: Context) -> int:
    """Note what people are to be told now, and tell them; run by the clock, any number at once."""
    terms = cycles.current_book(ctx).terms
    await _note(ctx, terms)
    if routine_reminders.is_quiet(ctx):
        return 0
    waiting = DueReminder.filter(
        told_at=None, person__accounts__app=App.OFFICIAL_ACCOUNT, person__accounts__follows=True,
        person__accounts__last_contact_at__gt=ctx.now() - WINDOW,
    ).order_by("person_id", "due_at", "id").limit(MOST)  # fmt: skip
    by_person: defaultdict[int, list[DueReminder]] = defaultdict(list)
    for row in await waiting.select_related(
        "rectification__finding__branch", "rectification__assessment__cycle"
    ):
        by_person[row.person_id].append(row)
    return sum([await _tell(ctx, person, rows) for person, rows in by_person.items()])


def reason(
    due_at: datetime, now: datetime, *, soon_days: int, late: OverdueDays, zone: ZoneInfo
) -> str | None:
    """Why somebody is told of a due time now: the latest reason that has come true. Pure."""
    ladder = ((BULLETIN, late.bulletin), (TOWN, late.town), (PERSON, late.person))
    for kind, days in ladder:
        if now >= due_at + timedelta(days=days):
            return kind
    if now >= due_at:
        return None
    day = midnight(last_day(due_at, zone=zone), zone)
    if now >= day:
        return TODAY
    return SOON if now >= day - timedelta(days=soon_days) else None


async def _note(ctx: Context, terms: Terms) -> None:
    until = ctx.now() + timedelta(days=terms.due_soon_days + 1)
    rows = Rectification.filter(status__in=OPEN, due_at__isnull=False, due_at__lte=until).order_by("id")
    told: list[Told] = []
    for row in await rows.limit(MOST).select_related("finding__branch"):
        if row.due_at is None:
            continue
        kind = reason(
            row.due_at,
            ctx.now(),
            soon_days=terms.due_soon_days,
            late=terms.overdue_days,
            zone=ctx.settings.zone,
        )
        if kind is not None:
            told += [Told(who, row.id, kind, row.due_at) for who in await _whom(row, kind)]
    fresh = [
        DueReminder(
            person_id=one.person_id, rectification_id=one.rectification_id, kind=one.kind, due_at=one.due_at
        )
        for one in await _new(told)
    ]  # fmt: skip
    await DueReminder.bulk_create(fresh, ignore_conflicts=True)


async def _new(told: Sequence[Told]) -> Iterable[Told]:
    known = await DueReminder.filter(rectification_id__in=[one.rectification_id for one in told])
    there = {(row.person_id, row.rectification_id, row.kind, row.due_at) for row in known}
    return [one for one in told if (one.person_id, one.rectification_id, one.kind, one.due_at) not in there]


async def _whom(row: Rectification, kind: str) -> list[int]:
    """The owner; for what is long overdue the town's officers, and at last the district's."""
    if kind in (SOON, TODAY, PERSON):
        return [row.owner_id] if row.owner_id is not None else []
    path = row.finding.branch.path
    role = Role.TOWN_OFFICER if kind == TOWN else Role.DISTRICT_OFFICER
    above = [path[:end] for end in range(4, len(path) + 1, 4)]
    duties = Duty.filter(role=role, organization__path__in=above, person__left_at__isnull=True)
    return sorted({duty.person_id for duty in await duties})


async def _tell(ctx: Context, person_id: int, rows: Sequence[DueReminder]) -> int:
    """One message for everything that waits for somebody, if they may have another one today."""
    live = [
        row for row in rows if row.rectification.status in OPEN and row.rectification.due_at == row.due_at
    ]
    gone = [row.id for row in rows if row not in live]
    if gone:
        await DueReminder.filter(id__in=gone).update(told_at=ctx.now())
    account = await notices.reachable(ctx, person_id=person_id).first()
    if not live or account is None:
        return 0
    text = sentence(live, ctx.settings.zone)
    try:
        async with in_transaction():
            unsaid = DueReminder.filter(id__in=[row.id for row in live], told_at=None)
            if not await unsaid.update(told_at=ctx.now()):
                return 0
            await routine_reminders.promise(ctx, person_id=person_id, openid=account.openid, text=text)
            told = [row.rectification_id for row in live]
            await audit.record(ctx, "finding.reminded", f"person:{person_id}", findings=told)
    except (DayIsFull, IntegrityError):
        return 0
    return 1


def sentence(rows: Sequence[DueReminder], zone: ZoneInfo) -> str:
    """Everything in one message. Pure."""
    lines = [
        f"· {row.rectification.finding.branch.name}“{findings.item_of(row.rectification).name}”"
        f"{WORDS[row.kind]}（{last_day(row.due_at, zone=zone):%-m月%-d日}）"
        for row in rows[:SHOWN]
    ]
    more = [f"还有 {len(rows) - SHOWN} 件。"] if len(rows) > SHOWN else []
    return "\n".join(["整改提醒：", *lines, *more, "发“评估”可以看全部。办完的请提交佐证，有困难的请说明。"])
