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

from handlers import audit, lesson_marks
from handlers.context import Context
from handlers.errors import NotFound
from models import SINGLE, Account, App, Channel, Consent, Delivery, DeliveryStatus, LessonWeek, MassJob

EVERYBODY = 0
"""No account's id."""

MASS_A_MONTH = 4
"""Mass messages a follower receives in a calendar month; WeChat drops the fifth without a word."""

CHUNK = 2000
FEW = 100
UNCONFIRMED = lesson_marks.UNCONFIRMED
"""The `error` of a delivery of which nobody can say whether it went out."""

REASONS = {
    Channel.MINI_PROGRAM: "小程序订阅消息：本人同意过接收，还有次数",
    Channel.NOTICE: "服务号订阅通知：本人同意过接收，还有次数",
}
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


def choose_channel(
    *, consented: Channel | None, mass_used: int, mass_a_month: int = MASS_A_MONTH
) -> tuple[Channel, str]:
    """The channel that may carry the lesson, and why this one."""
    if consented is not None:
        return consented, REASONS[consented]
    if mass_used < mass_a_month:
        return Channel.MASS, f"群发：本月排在前面的有 {mass_used} 次，不超过 {mass_a_month} 次"
    return Channel.PULL, f"菜单自取：本月群发已满 {mass_a_month} 次，课程留在菜单里，下次来信时补发"


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
    await LessonWeek.filter(friday=friday, planned_at__isnull=True).update(planned_at=ctx.now())
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
    while accounts := await everybody.filter(id__gt=last).values("id", "openid", "person_id", "unionid"):
        last = accounts[-1]["id"]
        by_recipient = {_recipient(account): account for account in reversed(accounts)}
        people = {account["id"]: _recipient(account) for account in accounts}
        ids = [account["id"] for account in accounts]
        rows = Delivery.filter(week_id=week.friday)
        for recipient in await Delivery.known(week.friday, list(by_recipient)):
            by_recipient.pop(recipient, None)
        # Who has bound in between is called by another name, and has got it all the same.
        for account_id in await rows.filter(_among(ids)).values_list("account_id", flat=True):
            by_recipient.pop(people.get(int(str(account_id)), ""), None)
        openids = {account["openid"]: name for name, account in by_recipient.items()}
        for openid in await lesson_marks.served(ctx, week.friday, openids):
            by_recipient.pop(openids[openid])
        if by_recipient:
            yield await _choose(ctx, week, by_recipient)


def _recipient(account: dict[str, Any]) -> str:
    return f"p{account['person_id']}" if account["person_id"] else f"a{account['id']}"


async def _choose(ctx: Context, week: LessonWeek, by_recipient: dict[str, dict[str, Any]]) -> list[Choice]:
    accounts = list(by_recipient.values())
    used = await mass_used(ctx, week, [account["id"] for account in accounts])
    consenting = await consented_channels(ctx, accounts)
    return [
        Choice(
            account["id"],
            recipient,
            *choose_channel(
                consented=consenting.get(account["id"]),
                mass_used=used.get(account["id"], used[EVERYBODY]),
                mass_a_month=ctx.settings.lesson_mass_a_month,
            ),
        )
        for recipient, account in by_recipient.items()
    ]


async def choose_again(
    ctx: Context, week: LessonWeek, *, rows: QuerySet[Delivery], error: str, consents: bool = False
) -> int:
    """Put rows that couldn't be sent back into the plan, by another channel if need be; how many.

    With `consents` another single message may be tried, else only what needs none. `rows` must say
    which state they are in: whoever else handled them in between keeps what they did.
    """
    moved = 0
    found = await rows.values("id", "account_id", "account__person_id", "account__unionid")
    accounts = [
        {"id": row["account_id"], "person_id": row["account__person_id"], "unionid": row["account__unionid"]}
        for row in found
        if row["account_id"]
    ]
    used = await mass_used(ctx, week, [account["id"] for account in accounts], but=week.friday)
    consenting = await consented_channels(ctx, accounts) if consents else {}
    by_channel: dict[Channel, list[int]] = {}
    for row in found:
        channel, _ = choose_channel(
            consented=consenting.get(row["account_id"]),
            mass_used=used.get(row["account_id"], used[EVERYBODY]),
            mass_a_month=ctx.settings.lesson_mass_a_month,
        )
        by_channel.setdefault(channel, []).append(row["id"])
    for channel, ids in by_channel.items():
        moved += await rows.filter(id__in=ids).update(
            channel=channel, status=DeliveryStatus.PLANNED, batch="", confirmed_at=None, error=error
        )
    return moved


async def mass_used(
    ctx: Context, week: LessonWeek, account_ids: list[int], *, but: date | None = None
) -> dict[int, int]:
    """Mass messages sent to, or planned for, each account in the month of this week's lesson.

    What was sent by hand counts for everybody; who got nothing else is under `EVERYBODY`. The lesson
    of `but` is left out.
    """
    start, end = month_of(week.sends_at.astimezone(ctx.settings.zone))
    weeks = await LessonWeek.filter(sends_at__gte=start, sends_at__lt=end).values_list("friday", flat=True)
    by_hand = await sent_by_hand(start, end)
    mine = Delivery.filter(_among(account_ids), channel=Channel.MASS)
    if but is not None:
        mine = mine.exclude(week_id=but)
    counts = (
        await mine.filter(Q(status__in=COUNTED) | Q(error=UNCONFIRMED))
        .filter(Q(sent_at__gte=start, sent_at__lt=end) | Q(sent_at__isnull=True, week_id__in=list(weeks)))
        .annotate(used=Count("id"))
        .group_by("account_id")
        .values_list("account_id", "used")
    )
    return {EVERYBODY: by_hand} | {account_id: used + by_hand for account_id, used in counts}


def _among(account_ids: list[int]) -> Q:
    """At least these accounts. Many lie close together, and long lists make a database slow."""
    if len(account_ids) <= FEW:
        return Q(account_id__in=account_ids)
    return Q(account_id__gte=min(account_ids), account_id__lte=max(account_ids))


async def sent_by_hand(start: datetime, end: datetime) -> int:
    """How many mass messages of these days were none of ours.

    A report may come before its sender has noted the message's id: one of as many as an open batch has,
    told since that batch was begun, is taken for its report.
    """
    jobs = await MassJob.filter(succeeded=True, finished_at__gte=start, finished_at__lt=end)
    if not jobs:
        return 0
    ids = [job.message_id for job in jobs]
    ours: set[Any] = set(
        await Delivery.filter(message_id__in=ids).distinct().values_list("message_id", flat=True)
    )
    unknown = [job for job in jobs if job.message_id not in ours]
    for size, begun in await _open_batches() if unknown else ():
        told = (job for job in unknown if job.total == size and job.finished_at >= begun)
        if (job := next(told, None)) is not None:
            unknown.remove(job)
    return len(unknown)


async def _open_batches() -> list[tuple[int, datetime]]:
    """How many are in each mass message that is being sent, and since when."""
    rows = (
        await Delivery.filter(channel=Channel.MASS, status=DeliveryStatus.SENDING, batched_at__isnull=False)
        .annotate(size=Count("id"))
        .group_by("batch", "batched_at")
        .values("batch", "batched_at", "size")
    )
    return [(row["size"], row["batched_at"]) for row in rows]


async def consented_channels(ctx: Context, accounts: list[dict[str, Any]]) -> dict[int, Channel]:
    """Which followers still have a consent, and for which kind of single message."""
    found: dict[int, Channel] = {}
    for channel in reversed(SINGLE):
        found |= dict.fromkeys(await consenting_accounts(ctx, channel, accounts), channel)
    return found


def template_of(ctx: Context, channel: Channel) -> str:
    """The template of a kind of single message; empty when it isn't used."""
    settings = ctx.settings
    if channel is Channel.NOTICE:
        return settings.lesson_notice_template_id
    return settings.lesson_template_id


async def consenting_accounts(
    ctx: Context, channel: Channel, accounts: list[dict[str, Any]], *, remaining: int = 1
) -> dict[int, tuple[int, str]]:
    """The identity (id, openid) by which each follower with `remaining` consents is written to."""
    template_id = template_of(ctx, channel)
    if not template_id or not accounts:
        return {}
    consents = Consent.filter(template_id=template_id, remaining__gte=remaining)
    if channel is Channel.NOTICE:
        ids = [account["id"] for account in accounts]
        own = await consents.filter(account_id__in=ids).values_list("account_id", "account__openid")
        return {id_: (id_, openid) for id_, openid in own}
    people = [account["person_id"] for account in accounts if account["person_id"]]
    unions = [account["unionid"] for account in accounts if account["unionid"]]
    if not people and not unions:
        return {}
    rows = await consents.filter(
        Q(account__person_id__in=people) | Q(account__unionid__in=unions), account__app=App.MINI_PROGRAM
    ).values("account_id", "account__openid", "account__person_id", "account__unionid")
    by_person = {c["account__person_id"]: c for c in rows if c["account__person_id"]}
    by_union = {c["account__unionid"]: c for c in rows if c["account__unionid"]}
    found = {
        account["id"]: by_person.get(account["person_id"]) or by_union.get(account["unionid"])
        for account in accounts
    }
    return {key: (c["account_id"], c["account__openid"]) for key, c in found.items() if c}


async def _write(ctx: Context, week: LessonWeek, choices: list[Choice]) -> None:
    rows = [(choice.account_id, choice.recipient, choice.channel) for choice in choices]
    async with in_transaction():
        await Delivery.note_planned(week.friday, rows)
        await audit.record(ctx, "lesson.planned", f"lesson:{week.friday}", count=len(rows))
