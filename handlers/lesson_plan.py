"""Who gets a Friday's lesson, and by which channel that may carry it."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.errors import NotFound
from models import Account, App, Channel, Consent, Delivery, DeliveryStatus, LessonWeek

MASS_A_MONTH = 4
"""Mass messages a follower receives in a calendar month; WeChat drops the fifth without a word."""

CHUNK = 2000
COUNTED = (DeliveryStatus.PLANNED, DeliveryStatus.SENDING, DeliveryStatus.SENT)


@dataclass(frozen=True, slots=True)
class Choice:
    """One recipient's channel and the reason, in Chinese."""

    account_id: int
    recipient: str
    channel: Channel
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan comes to: `reasons` says in Chinese how many go by which channel, and why."""

    friday: date
    title: str
    sends_at: datetime
    added: int
    channels: dict[str, int]
    reasons: dict[str, int]


def choose_channel(*, consents: bool, mass_used: int) -> tuple[Channel, str]:
    """The channel that may carry the lesson, and why this one."""
    if consents:
        return Channel.MINI_PROGRAM, "小程序订阅消息：本人同意过接收，还有次数"
    if mass_used < MASS_A_MONTH:
        return Channel.MASS, f"群发：本月排在前面的有 {mass_used} 次，不超过 {MASS_A_MONTH} 次"
    return Channel.PULL, f"菜单自取：本月群发已满 {MASS_A_MONTH} 次，课程留在菜单里"


def born_after(friday: date, *, age_limit: int) -> date:
    """Whoever was born after this day is at most `age_limit` years old on that Friday."""
    year = friday.year - age_limit - 1
    return date(year, 2, 28) if (friday.month, friday.day) == (2, 29) else friday.replace(year=year)


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The calendar month around a moment: its first instant, and the next month's."""
    first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    year, month = (first.year + 1, 1) if first.month == 12 else (first.year, first.month + 1)
    return first, first.replace(year=year, month=month)


def audience(ctx: Context, friday: date) -> QuerySet[Account]:
    """Followers who are young workers on the roster or asked for it, less those who declined."""
    young = Q(
        person__is_worker=True,
        person__left_at__isnull=True,
        person__birth_month__gt=born_after(friday, age_limit=ctx.settings.worker_age_limit),
        lesson_choice__isnull=True,
    )
    return Account.filter(Q(lesson_choice=True) | young, app=App.OFFICIAL_ACCOUNT, follows=True)


async def plan(ctx: Context, *, friday: date) -> Plan:
    """Write a row for each recipient who has none; safe to repeat, so that late-comers get theirs.

    Raises:
        NotFound: no lesson stands on that Friday.
    """
    week = await week_of(friday)
    reasons: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    async for choices in _choices(ctx, week):
        await _write(ctx, week, choices)
        reasons.update(choice.reason for choice in choices)
        channels.update(choice.channel for choice in choices)
    await LessonWeek.filter(friday=friday).update(planned_at=ctx.now())
    return _plan(ctx, week, channels, reasons)


async def preview(ctx: Context, *, friday: date) -> Plan:
    """What `plan` would add, without writing a row."""
    week = await week_of(friday)
    reasons: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    async for choices in _choices(ctx, week):
        reasons.update(choice.reason for choice in choices)
        channels.update(choice.channel for choice in choices)
    return _plan(ctx, week, channels, reasons)


def _plan(ctx: Context, week: LessonWeek, channels: Counter[str], reasons: Counter[str]) -> Plan:
    return Plan(
        friday=week.friday,
        title=week.lesson.title,
        sends_at=week.sends_at.astimezone(ctx.settings.zone),
        added=channels.total(),
        channels=dict(channels),
        reasons=dict(sorted(reasons.items())),
    )


async def week_of(friday: date) -> LessonWeek:
    """The week of a Friday, with its lesson.

    Raises:
        NotFound: no lesson stands on that Friday.
    """
    week = await LessonWeek.get_or_none(friday=friday).select_related("lesson")
    if week is None:
        raise NotFound
    return week


async def _choices(ctx: Context, week: LessonWeek) -> AsyncIterator[list[Choice]]:
    """The recipients who have no row yet, a chunk at a time."""
    everybody = audience(ctx, week.friday).order_by("id").limit(CHUNK)
    last = 0
    while accounts := await everybody.filter(id__gt=last).values("id", "person_id", "unionid"):
        last = accounts[-1]["id"]
        by_recipient = {_recipient(account): account for account in reversed(accounts)}
        planned = await Delivery.filter(week_id=week.friday, recipient__in=list(by_recipient)).values_list(
            "recipient", flat=True
        )
        for recipient in planned:
            del by_recipient[str(recipient)]
        if by_recipient:
            yield await _choose(ctx, week, by_recipient)


def _recipient(account: dict[str, Any]) -> str:
    return f"p{account['person_id']}" if account["person_id"] else f"a{account['id']}"


async def _choose(ctx: Context, week: LessonWeek, by_recipient: dict[str, dict[str, Any]]) -> list[Choice]:
    accounts = list(by_recipient.values())
    used = await _mass_used(ctx, week, [account["id"] for account in accounts])
    consenting = await consenting_accounts(ctx.settings.lesson_template_id, accounts)
    return [
        Choice(
            account["id"],
            recipient,
            *choose_channel(consents=account["id"] in consenting, mass_used=used.get(account["id"], 0)),
        )
        for recipient, account in by_recipient.items()
    ]


async def _mass_used(ctx: Context, week: LessonWeek, account_ids: list[int]) -> dict[int, int]:
    """Mass messages sent to, or planned for, each account in the month of this week's lesson."""
    start, end = month_of(week.sends_at.astimezone(ctx.settings.zone))
    weeks = await LessonWeek.filter(sends_at__gte=start, sends_at__lt=end).values_list("friday", flat=True)
    counts = (
        await Delivery.filter(account_id__in=account_ids, channel=Channel.MASS, status__in=COUNTED)
        .filter(Q(sent_at__gte=start, sent_at__lt=end) | Q(sent_at__isnull=True, week_id__in=list(weeks)))
        .annotate(used=Count("id"))
        .group_by("account_id")
        .values_list("account_id", "used")
    )
    return dict(counts)


async def consenting_accounts(template_id: str, accounts: list[dict[str, Any]]) -> dict[int, tuple[int, str]]:
    """The mini-program identity (id, openid) of each follower who still has a consent for the template."""
    if not template_id:
        return {}
    people = [account["person_id"] for account in accounts if account["person_id"]]
    unions = [account["unionid"] for account in accounts if account["unionid"]]
    consents = await Consent.filter(
        Q(account__person_id__in=people) | Q(account__unionid__in=unions),
        template_id=template_id,
        remaining__gt=0,
        account__app=App.MINI_PROGRAM,
    ).values("account_id", "account__openid", "account__person_id", "account__unionid")
    by_person = {c["account__person_id"]: c for c in consents if c["account__person_id"]}
    by_union = {c["account__unionid"]: c for c in consents if c["account__unionid"]}
    found = {
        account["id"]: by_person.get(account["person_id"]) or by_union.get(account["unionid"])
        for account in accounts
    }
    return {key: (c["account_id"], c["account__openid"]) for key, c in found.items() if c}


async def _write(ctx: Context, week: LessonWeek, choices: list[Choice]) -> None:
    rows = [
        Delivery(
            week_id=week.friday,
            account_id=choice.account_id,
            recipient=choice.recipient,
            channel=choice.channel,
            status=DeliveryStatus.PLANNED,
        )
        for choice in choices
    ]
    async with in_transaction():
        await Delivery.bulk_create(rows, ignore_conflicts=True)
        await audit.record(ctx, "lesson.planned", f"lesson:{week.friday}", count=len(rows))
