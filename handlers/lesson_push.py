"""Sending a Friday's lesson: the ledger of deliveries is the queue, and no message goes out twice.

A worker claims planned rows, sends, and records. What it can't know (a call without an answer, a
worker that died) stays `sending` until its claim runs out. A mass batch is then repeated under its
own client message id, which WeChat recognises; on a single message WeChat's reports decide.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import date

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, lesson_calendar
from handlers.context import Context
from handlers.errors import WrongState
from handlers.lesson_articles import AS_TEXT, note_of
from handlers.lesson_fetch import KEPT_FOR, hold_lessons, take_back
from handlers.lesson_mass import HALT, send_mass, settle_mass
from handlers.lesson_plan import CHUNK, UNCONFIRMED, choose_again, plan, preview, week_of
from handlers.lesson_singles import send_singles, settle_singles
from models import Account, Channel, Delivery, DeliveryStatus, LessonWeek

log = logging.getLogger(__name__)

CHANNELS = {
    Channel.MASS: "群发",
    Channel.MINI_PROGRAM: "小程序订阅消息",
    Channel.NOTICE: "服务号通知",
    Channel.PULL: "菜单自取",
}
STATUSES = {
    DeliveryStatus.PLANNED: "待发",
    DeliveryStatus.SENDING: "发送中或待确认",
    DeliveryStatus.SENT: "已送出",
    DeliveryStatus.FAILED: "失败",
    DeliveryStatus.WITHDRAWN: "已取消",
}
TAKEN_BACK = "taken_back"
"""The `error` of deliveries that were struck because their lesson was withdrawn; of others, somebody left."""


@dataclass(frozen=True, slots=True)
class Push:
    """What a push did, or would do; `lines` says it in Chinese."""

    friday: date
    dry_run: bool
    sent: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeekStatus:
    """How one Friday's deliveries stand; `counts` by (channel, status)."""

    friday: date
    title: str
    counts: dict[tuple[Channel, DeliveryStatus], int]

    @property
    def lines(self) -> list[str]:
        """One Chinese line per channel and state."""
        return [
            f"{CHANNELS[channel]}　{_status_word(channel, status)}　{count} 人"
            for (channel, status), count in sorted(self.counts.items())
        ]


def _status_word(channel: Channel, status: DeliveryStatus) -> str:
    if channel == Channel.PULL and status == DeliveryStatus.PLANNED:
        return "等本人打开菜单"
    return STATUSES[status]


async def push(ctx: Context, *, friday: date, dry_run: bool = False) -> Push:
    """Plan what is missing, settle what was left open, and send what is planned.

    Any number of workers may do this at the same time, and again after any crash.

    Raises:
        NotFound: no lesson stands on that Friday.
    """
    if dry_run:
        return await _rehearse(ctx, friday)
    week = await week_of(friday)
    if week.lesson.withdrawn_at is not None:
        return _nothing(week, dry_run=False)
    await plan(ctx, friday=friday)
    await _withdraw(ctx, friday)
    outcome: Counter[str] = Counter()
    halts: list[str] = []
    # Singles first: whoever can't be reached that way may still be in a mass message of this run.
    for step in (settle_singles, send_singles, settle_mass, send_mass):
        try:
            outcome.update(await step(ctx, week))
        except HALT as halt:
            log.error("lesson.halted", extra={"code": halt.code, "friday": str(friday)})
            halts.append(f"已停下：微信返回 {halt.code}，请处理后再发；没有发出的仍在排队")
    await hold_lessons(ctx, week)
    return Push(friday, dry_run=False, sent=outcome["sent"], lines=(*_report(week, outcome), *halts))


def _nothing(week: LessonWeek, *, dry_run: bool) -> Push:
    """What becomes of a Friday whose lesson was withdrawn."""
    line = f"{week.friday}《{week.lesson.title}》已撤回，不再推送"
    return Push(week.friday, dry_run=dry_run, sent=0, lines=(line,))


def _report(week: LessonWeek, outcome: Counter[str]) -> list[str]:
    lines = [f"{week.friday}《{week.lesson.title}》：本次送出 {outcome['sent']} 人"]
    if outcome["open"]:
        lines.append(f"{outcome['open']} 人尚待确认：过几分钟再运行一次即可核对，不会重发")
    if outcome["later"]:
        lines.append(f"{outcome['later']} 人没有发出：微信繁忙，仍在排队，稍后再运行")
    if outcome[AS_TEXT]:
        lines.append(f"{outcome[AS_TEXT]} 人收到的是文字：图文没有做成，原因见告警和日志")
    if outcome["failed"]:
        lines.append(f"{outcome['failed']} 人失败：见 lessons status")
    return lines


async def push_late(ctx: Context, *, friday: date) -> int:
    """Friday is over: nothing is sent any more, but what is still open is settled and nobody is forgotten.

    Who has got nothing yet finds the lesson in the menu, and gets it when they next write; how many.
    """
    week = await week_of(friday)
    await plan(ctx, friday=friday)
    await _withdraw(ctx, friday)
    for step in (settle_singles, settle_mass):
        try:
            await step(ctx, week)
        except HALT as halt:
            log.error("lesson.halted", extra={"code": halt.code, "friday": str(friday)})
    unsent = Delivery.filter(week_id=friday, status=DeliveryStatus.PLANNED).exclude(channel=Channel.PULL)
    async with in_transaction():
        count = await unsent.update(channel=Channel.PULL, batch="", error="late")
        if count:
            log.error("lesson.late", extra={"friday": str(friday), "count": count})
            await audit.record(ctx, "lesson.left_to_fetch", f"lesson:{friday}", count=count)
    await hold_lessons(ctx, week)
    return count


async def retry_failed(ctx: Context, *, friday: date) -> int:
    """Put what failed back into the plan; how many. What may have arrived is left to be fetched.

    Raises:
        NotFound: no lesson stands on that Friday.
        WrongState: its lesson was withdrawn.
    """
    week = await week_of(friday)
    if week.lesson.withdrawn_at is not None:
        raise WrongState
    failed = Delivery.filter(week_id=friday, status=DeliveryStatus.FAILED)
    async with in_transaction():
        doubtful = await failed.filter(error=UNCONFIRMED).update(
            channel=Channel.PULL, status=DeliveryStatus.PLANNED, batch=""
        )
        surely = failed.exclude(error=UNCONFIRMED)
        again = 0
        while ids := await surely.order_by("id").limit(CHUNK).values_list("id", flat=True):
            again += await choose_again(
                ctx, week, rows=surely.filter(id__in=list(ids)), error="", consents=True
            )
        await audit.record(ctx, "lesson.retried", f"lesson:{friday}", again=again, left_to_fetch=doubtful)
    return again + doubtful


async def close_withdrawn(ctx: Context) -> int:
    """Nothing stays open of lessons that were withdrawn while they were being sent; how many it was.

    What went back into the plan is struck. Whether the rest arrived isn't asked: a mass message that is
    asked about again might go out by that.
    """
    now = ctx.now()
    weeks = LessonWeek.filter(
        lesson__withdrawn_at__isnull=False, sends_at__gt=now - KEPT_FOR, sends_at__lte=now
    )
    fridays = await weeks.values_list("friday", flat=True)
    theirs = Delivery.filter(week_id__in=list(fridays))
    planned = theirs.filter(status=DeliveryStatus.PLANNED)
    doubtful = theirs.filter(status=DeliveryStatus.SENDING, claimed_until__lt=now)
    if not fridays or not (await planned.exists() or await doubtful.exists()):
        return 0
    async with in_transaction():
        await take_back(planned)
        struck = await planned.update(status=DeliveryStatus.WITHDRAWN, error=TAKEN_BACK)
        unknown = await doubtful.update(status=DeliveryStatus.FAILED, error=UNCONFIRMED)
        await audit.record(ctx, "lesson.closed", "course:lessons", struck=struck, unconfirmed=unknown)
    return struck + unknown


async def _rehearse(ctx: Context, friday: date) -> Push:
    week = await week_of(friday)
    if week.lesson.withdrawn_at is not None:
        return _nothing(week, dry_run=True)
    outlook = await preview(ctx, friday=friday)
    standing = [line for week in await status(ctx) if week.friday == friday for line in week.lines]
    lines = [
        f"预演，不发送：{friday}《{outlook.title}》，{outlook.sends_at:%m月%d日 %H:%M} 发出",
        *(f"{reason}（{count} 人）" for reason, count in outlook.reasons.items()),
        *(f"已在计划中：{line}" for line in standing),
    ]
    if len(lines) == 1:
        lines.append("没有收课人：关注本号的人里，没有名册上适龄的专职党务工作者，也没有人选择接收")
    lines += filter(None, [await note_of(ctx, week.lesson), lesson_calendar.warning(friday)])
    return Push(friday, dry_run=True, sent=0, lines=tuple(lines))


async def _withdraw(ctx: Context, friday: date) -> None:
    """Strike who has left or declined since the plan was made."""
    gone = Account.filter(Q(follows=False) | Q(lesson_choice=False)).values("id")
    planned = Delivery.filter(week_id=friday, status=DeliveryStatus.PLANNED)
    theirs = planned.filter(Q(account_id__in=Subquery(gone)) | Q(account_id__isnull=True))
    if not await theirs.exists():
        return
    async with in_transaction():
        await take_back(theirs)
        struck = await theirs.update(status=DeliveryStatus.WITHDRAWN)
        await audit.record(ctx, "lesson.withdrawn", f"lesson:{friday}", count=struck)


async def send_after_all(ctx: Context, accounts: QuerySet[Account]) -> int:
    """These opted out and in again: what was struck for that is planned as before, for a week; how many.

    In the caller's transaction.
    """
    weeks = LessonWeek.filter(sends_at__gt=ctx.now() - KEPT_FOR, lesson__withdrawn_at__isnull=True)
    struck = Delivery.filter(
        week_id__in=Subquery(weeks.values("friday")),
        account_id__in=Subquery(accounts.values("id")),
        status=DeliveryStatus.WITHDRAWN,
    )
    return await struck.exclude(error=TAKEN_BACK).update(status=DeliveryStatus.PLANNED)


async def status(ctx: Context) -> list[WeekStatus]:
    """How the deliveries of every Friday stand, the latest first."""
    rows = (
        await Delivery.all()
        .annotate(recipients=Count("id"))
        .group_by("week_id", "channel", "status")
        .values_list("week_id", "channel", "status", "recipients")
    )
    counts: dict[date, dict[tuple[Channel, DeliveryStatus], int]] = {}
    for friday, channel, state, recipients in rows:
        counts.setdefault(friday, {})[Channel(channel), DeliveryStatus(state)] = recipients
    weeks = await LessonWeek.filter(friday__in=list(counts)).select_related("lesson")
    return [
        WeekStatus(week.friday, week.lesson.title, counts[week.friday])
        for week in sorted(weeks, key=lambda week: week.friday, reverse=True)
    ]
