"""Sending a lesson as single messages: one consent, one message, never repeated blindly.

Rows are claimed a batch at a time, and what a batch came to is recorded together. A killed worker
leaves its batches open: at most `LANES` of them.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from tortoise.expressions import F
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.gateways.errors import Ambiguous, ConsentSpent, RecipientGone, WeChatError
from handlers.lesson_mass import CLAIM, HALT, LATER
from handlers.lesson_plan import UNCONFIRMED, choose_again, consenting_accounts, template_of
from models import SINGLE, Channel, Consent, Delivery, DeliveryStatus, LessonWeek

IN_FLIGHT = 200
"""Messages on their way at once, of all lanes of a process."""

LANES = 3
AT_ONCE = 150
"""Messages of one lane. There are more than may be on their way, so that some send while others record."""

LONGEST_SEND = timedelta(seconds=90)
"""No send is begun with less than this left of its claim, and none takes longer."""

TOLD_WITHIN = timedelta(minutes=2)
"""WeChat reports what became of a message within seconds, and repeats a report that isn't taken."""

THING = 20
"""Characters a `thing` value of a template admits."""

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
    Where reports of other messages came in around that time, one without a report was not sent: it is
    planned anew. Where none came, nobody can say: it isn't repeated, and waits to be fetched.
    """
    lost = Delivery.filter(
        week_id=week.friday,
        channel__in=SINGLE,
        status=DeliveryStatus.SENDING,
        claimed_until__lt=ctx.now(),
    )
    for row in await lost.distinct().values("batch", "batched_at"):
        rows, since = lost.filter(batch=row["batch"]), row["batched_at"]
        told = Delivery.filter(
            week_id=week.friday, confirmed_at__gte=since, confirmed_at__lte=since + TOLD_WITHIN
        )
        async with in_transaction():
            if await told.exists():
                count = await choose_again(ctx, week, rows=rows, error=NOT_RECEIVED, consents=True)
                action = "lesson.planned_again"
            else:
                count = await rows.update(
                    channel=Channel.PULL, status=DeliveryStatus.PLANNED, batch="", error=UNCONFIRMED
                )
                action = "lesson.left_to_fetch"
            await audit.record(ctx, action, f"lesson:{week.friday}", count=count, batch=row["batch"])
    return Counter()


async def _send_claimed(
    ctx: Context,
    week: LessonWeek,
    channel: Channel,
    batch: str,
    until: datetime,
    places: asyncio.Semaphore,
) -> Results:
    """Spend a consent for each row of the batch and send; nothing is recorded yet."""
    rows = await Delivery.filter(batch=batch).values(
        "id", "account_id", "account__person_id", "account__unionid"
    )
    accounts = [
        {"id": row["account_id"], "person_id": row["account__person_id"], "unionid": row["account__unionid"]}
        for row in rows
        if row["account_id"]
    ]
    identities = await consenting_accounts(ctx, channel, accounts)
    spent = await _spend(ctx, channel, [identity for identity, _ in identities.values()])
    results = Results()
    values, template_id = template_values(week, ctx), template_of(ctx, channel)

    async def send(row: dict[str, Any]) -> None:
        identity, openid = identities.get(row["account_id"], (0, ""))
        if identity not in spent:
            results.gone.setdefault("no_consent", []).append(row["id"])
            return
        if ctx.now() + LONGEST_SEND > until:  # This process slept meanwhile; another may be at it.
            results.refunds.append(identity)
            results.later.setdefault("claim_over", []).append(row["id"])
            return
        try:
            if channel is Channel.NOTICE:
                url = f"{ctx.settings.public_url}/lessons/{week.lesson_id}"
                message_id = await ctx.wechat.send_notice(openid, template_id, values, url=url)
            else:
                page = f"pages/lesson/index?id={week.lesson_id}"
                message_id = await ctx.wechat.send_subscribe_message(openid, template_id, values, page=page)
        except Ambiguous:
            results.open.append(row["id"])
        except WeChatError as error:
            _sort(results, row["id"], identity, error)
        else:
            results.sent.append((row["id"], message_id))

    async def send_in_turn(row: dict[str, Any]) -> None:
        async with places:
            await send(row)

    for crash in await asyncio.gather(*(send_in_turn(row) for row in rows), return_exceptions=True):
        results.stop = crash or results.stop
    return results


def _sort(results: Results, id_: int, identity: int, error: WeChatError) -> None:
    """Where a message belongs that certainly wasn't sent."""
    code = str(error.code)
    if isinstance(error, RecipientGone):
        results.gone.setdefault(code, []).append(id_)
        if isinstance(error, ConsentSpent):
            results.emptied.append(identity)
        return
    results.refunds.append(identity)
    if isinstance(error, (*LATER, *HALT)):
        results.later.setdefault(code, []).append(id_)
        if isinstance(error, HALT):
            results.stop = error
    else:
        results.failed.setdefault(code, []).append(id_)


async def _record(ctx: Context, week: LessonWeek, channel: Channel, batch: str, results: Results) -> None:
    """Write down what a batch came to, all of it or nothing."""
    mine = Delivery.filter(batch=batch, status=DeliveryStatus.SENDING)
    consents = Consent.filter(template_id=template_of(ctx, channel))
    counts: dict[str, int] = {"sent": len(results.sent), "open": len(results.open)}
    async with in_transaction():
        if results.sent:
            await Delivery.note_sent(results.sent, batch=batch, now=ctx.now())
        if results.emptied:
            emptied = consents.filter(account_id__in=results.emptied)
            await emptied.update(remaining=0, told_by_app=0, told_by_event=0)
        if results.refunds:
            refunded = consents.filter(account_id__in=results.refunds)
            await refunded.update(remaining=F("remaining") + 1)
        for error, ids in results.gone.items():
            counts[f"gone_{error}"] = len(ids)
            await choose_again(ctx, week, rows=mine.filter(id__in=ids), error=error)
        for status, groups in (
            (DeliveryStatus.PLANNED, results.later),
            (DeliveryStatus.FAILED, results.failed),
        ):
            for error, ids in groups.items():
                counts[f"{status}_{error}"] = len(ids)
                await mine.filter(id__in=ids).update(status=status, batch="", error=error)
        await audit.record(ctx, "lesson.sent_singly", f"lesson:{week.friday}", batch=batch, **counts)


SPEND = (
    "UPDATE consents SET remaining = remaining - 1"
    " WHERE template_id = {} AND remaining > 0 AND account_id IN ({}) RETURNING account_id"
)


async def _spend(ctx: Context, channel: Channel, account_ids: list[int]) -> set[int]:
    """Take one consent of each account that has one left; the accounts whose consent was taken."""
    if not account_ids:
        return set()
    connection = Consent._meta.db
    sqlite = connection.capabilities.dialect == "sqlite"
    first, *others = ("?" if sqlite else f"${number}" for number in range(1, len(account_ids) + 2))
    rows = await connection.execute_query_dict(
        SPEND.format(first, ", ".join(others)), [template_of(ctx, channel), *account_ids]
    )
    return {row["account_id"] for row in rows}


def template_values(week: LessonWeek, ctx: Context) -> dict[str, str]:
    """The template's keywords: the lesson's title and the time it came out."""
    when = week.sends_at.astimezone(ctx.settings.zone)
    return {"thing1": week.lesson.title[:THING], "time2": f"{when:%Y年%m月%d日 %H:%M}"}
