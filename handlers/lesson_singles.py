"""Sending a lesson as single messages: one consent, one message, never repeated blindly.

Rows are claimed a batch at a time, and what a batch came to is recorded together. A killed worker
leaves its batches open: at most `LANES` of them.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import uuid4

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, singles
from handlers.context import Context
from handlers.lesson_plan import UNCONFIRMED, choose_again, consenting_accounts, template_of
from handlers.singles import CLAIM, LONGEST_SEND, THING, Card, Fate, Told
from models import SINGLE, App, Channel, Delivery, DeliveryStatus, LessonWeek

IN_FLIGHT = 200
"""Messages on their way at once, of all lanes of a process."""

LANES = 5
AT_ONCE = 100
"""Messages of one lane. There are more than may be on their way, so that some send while others record."""

TOLD_WITHIN = timedelta(minutes=2)
"""WeChat reports what became of a message within seconds, and repeats a report that isn't taken."""

AWAITED = timedelta(minutes=30)
"""So long outstanding reports are waited for: a door that was down or overloaded catches up."""

NOT_RECEIVED = "not_received"


@dataclass(slots=True)
class Results:
    """What a batch of messages came to, by delivery id."""

    sent: list[tuple[int, str]] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    gone: dict[str, list[int]] = field(default_factory=dict)
    later: dict[str, list[int]] = field(default_factory=dict)
    failed: dict[str, list[int]] = field(default_factory=dict)
    refunds: list[int] = field(default_factory=list)
    emptied: list[int] = field(default_factory=list)
    stop: BaseException | None = None


async def send_singles(ctx: Context, week: LessonWeek) -> Counter[str]:
    """Send the planned single messages, until none is left or WeChat is busy.

    Raises:
        QuotaSpent: no more today. Stopped: a person must act first.
    """
    outcome: Counter[str] = Counter()
    places = asyncio.Semaphore(IN_FLIGHT)
    lanes = (_lane(ctx, week, outcome, places) for _ in range(LANES))
    for result in await asyncio.gather(*lanes, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
    return outcome


async def _lane(ctx: Context, week: LessonWeek, outcome: Counter[str], places: asyncio.Semaphore) -> None:
    for channel in SINGLE:
        while not outcome["later"] and not outcome["halted"]:
            batch, until = f"single-{uuid4().hex}", ctx.now() + CLAIM
            claimed = await Delivery.claim(
                friday=week.friday, channel=channel, batch=batch, limit=AT_ONCE, now=ctx.now(), until=until
            )
            if claimed == 0:
                break
            if outcome["later"] or outcome["halted"]:  # Another lane was told to stop meanwhile.
                await Delivery.filter(batch=batch).update(status=DeliveryStatus.PLANNED, batch="")
                break
            results = await _send_claimed(ctx, week, channel, batch, until, places)
            outcome["sent"] += len(results.sent)
            outcome["open"] += len(results.open)
            outcome["later"] += sum(map(len, results.later.values()))
            outcome["failed"] += sum(map(len, results.failed.values()))
            outcome["halted"] += results.stop is not None
            await _record(ctx, week, channel, batch, results)
            if results.stop is not None:
                raise results.stop


async def settle_singles(ctx: Context, week: LessonWeek) -> Counter[str]:
    """Decide on messages whose sender was lost, or that got no answer, once their claim ran out.

    WeChat reports every message it delivers, and what it reported is recorded (lesson_receipts.py).
    Where reports of all others came in around that time, one without a report was not sent: it is
    planned anew. While some are outstanding that is put off. Where none came, or some never do, nobody
    can say: it isn't repeated, and waits to be fetched.
    """
    lost = Delivery.filter(
        week_id=week.friday,
        channel__in=SINGLE,
        status=DeliveryStatus.SENDING,
        claimed_until__lt=ctx.now(),
    )
    for row in await lost.distinct().values("batch", "batched_at"):
        reports = await _reports(week, since=row["batched_at"])
        if reports is Reports.OUTSTANDING and ctx.now() - row["batched_at"] < AWAITED:
            continue
        rows = lost.filter(batch=row["batch"])
        async with in_transaction():
            if reports is Reports.COMPLETE:
                await _give_back(ctx, rows)
                count = await choose_again(ctx, week, rows=rows, error=NOT_RECEIVED, consents=True)
                action = "lesson.planned_again"
            else:
                count = await rows.update(
                    channel=Channel.PULL, status=DeliveryStatus.PLANNED, batch="", error=UNCONFIRMED
                )
                action = "lesson.left_to_fetch"
            await audit.record(ctx, action, f"lesson:{week.friday}", count=count, batch=row["batch"])
    return Counter()


class Reports(Enum):
    """Whether WeChat's reports of other messages, sent around the same time, have come in."""

    COMPLETE = "all of them"
    OUTSTANDING = "some or none of them"
    NONE = "there was nothing to report, or no report came"


async def _reports(week: LessonWeek, *, since: datetime) -> Reports:
    until = since + TOLD_WITHIN
    others = Delivery.filter(week_id=week.friday)
    if await others.filter(
        channel__in=SINGLE,
        status=DeliveryStatus.SENT,
        confirmed_at__isnull=True,
        sent_at__gte=since,
        sent_at__lte=until,
    ).exists():
        return Reports.OUTSTANDING
    told = others.filter(confirmed_at__gte=since, confirmed_at__lte=until)
    return Reports.COMPLETE if await told.exists() else Reports.NONE


async def _give_back(ctx: Context, rows: QuerySet[Delivery]) -> None:
    """Messages that weren't received used up no consent.

    A sender lost before it took them leaves one too many: WeChat says so (43101) and they are emptied.
    """
    for channel in SINGLE:
        accounts = await _accounts(rows.filter(channel=channel))
        identities = await consenting_accounts(ctx, channel, accounts, remaining=0)
        await singles.give_back(template_of(ctx, channel), [id_ for id_, _ in identities.values()])


async def _accounts(rows: QuerySet[Delivery]) -> list[dict[str, Any]]:
    """Whose deliveries these are, as `consenting_accounts` wants them."""
    found = await rows.filter(account_id__isnull=False).values(
        "account_id", "account__person_id", "account__unionid"
    )
    return [
        {"id": row["account_id"], "person_id": row["account__person_id"], "unionid": row["account__unionid"]}
        for row in found
    ]


async def _send_claimed(
    ctx: Context,
    week: LessonWeek,
    channel: Channel,
    batch: str,
    until: datetime,
    places: asyncio.Semaphore,
) -> Results:
    """Spend a consent for each row of the batch and send; nothing is recorded yet."""
    batch_of = Delivery.filter(batch=batch)
    rows = await batch_of.values("id", "account_id", "error")
    identities = await consenting_accounts(ctx, channel, await _accounts(batch_of))
    card = card_of(ctx, week, channel)
    spent = await singles.spend(card.template_id, [identity for identity, _ in identities.values()])
    results = Results()

    async def send(row: dict[str, Any]) -> None:
        identity, openid = identities.get(row["account_id"], (0, ""))
        if identity not in spent:
            results.gone.setdefault("no_consent", []).append(row["id"])
        elif ctx.now() + LONGEST_SEND > until:  # This process slept meanwhile; another may be at it.
            results.refunds.append(identity)
            results.later.setdefault("claim_over", []).append(row["id"])
        else:
            told = await singles.tell(ctx, openid, card)
            if told.empties and row["error"] == NOT_RECEIVED:
                # The consent that we thought unspent was spent: the message had arrived, unreported.
                results.emptied.append(identity)
                results.sent.append((row["id"], ""))
            else:
                _sort(results, row["id"], identity, told)

    async def send_in_turn(row: dict[str, Any]) -> None:
        async with places:
            await send(row)

    for crash in await asyncio.gather(*(send_in_turn(row) for row in rows), return_exceptions=True):
        results.stop = crash or results.stop
    return results


def _sort(results: Results, id_: int, identity: int, told: Told) -> None:
    """Where a message belongs by what became of it."""
    code = str(told.error.code) if told.error else ""
    if told.gives_back:
        results.refunds.append(identity)
    if told.empties:
        results.emptied.append(identity)
    match told.fate:
        case Fate.SENT:
            results.sent.append((id_, told.message_id))
        case Fate.OPEN:
            results.open.append(id_)
        case Fate.GONE:
            results.gone.setdefault(code, []).append(id_)
        case Fate.LATER | Fate.STOPPED:
            results.later.setdefault(code, []).append(id_)
            results.stop = told.error if told.fate is Fate.STOPPED else results.stop
        case Fate.WRONG:
            results.failed.setdefault(code, []).append(id_)


async def _record(ctx: Context, week: LessonWeek, channel: Channel, batch: str, results: Results) -> None:
    """Write down what a batch came to, all of it or nothing."""
    mine = Delivery.filter(batch=batch, status=DeliveryStatus.SENDING)
    template_id = template_of(ctx, channel)
    counts: dict[str, int] = {"sent": len(results.sent), "open": len(results.open)}
    async with in_transaction():
        if results.sent:
            await Delivery.note_sent(results.sent, batch=batch, now=ctx.now())
        await singles.empty(template_id, results.emptied)
        await singles.give_back(template_id, results.refunds)
        for error, ids in results.gone.items():
            counts[f"gone_{error}"] = len(ids)
            await choose_again(ctx, week, rows=mine.filter(id__in=ids), error=error)
        for status, groups in (
            (DeliveryStatus.PLANNED, results.later),
            (DeliveryStatus.FAILED, results.failed),
        ):
            for error, ids in groups.items():
                counts[f"{status}_{error}"] = len(ids)
                those = mine.filter(id__in=ids)
                if status is DeliveryStatus.PLANNED:  # A second try stays known as one.
                    await those.filter(error=NOT_RECEIVED).update(status=status, batch="")
                await those.update(status=status, batch="", error=error)
        await audit.record(ctx, "lesson.sent_singly", f"lesson:{week.friday}", batch=batch, **counts)


def card_of(ctx: Context, week: LessonWeek, channel: Channel) -> Card:
    """The lesson as a single message."""
    return Card(
        App.OFFICIAL_ACCOUNT if channel is Channel.NOTICE else App.MINI_PROGRAM,
        template_of(ctx, channel),
        template_values(week, ctx),
        page=f"pages/lesson/index?id={week.lesson_id}",
        url=f"{ctx.settings.public_url}/lessons/{week.lesson_id}",
    )


def template_values(week: LessonWeek, ctx: Context) -> dict[str, str]:
    """The template's keywords: the lesson's title and the time it came out."""
    when = week.sends_at.astimezone(ctx.settings.zone)
    return {"thing1": week.lesson.title[:THING], "time2": f"{when:%Y年%m月%d日 %H:%M}"}
