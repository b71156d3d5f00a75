"""What WeChat reports of lessons it was given to send, matched with the ledger.

A report may come before the answer to the call it is about, or instead of it, or more than once.
"""

from collections.abc import Mapping
from datetime import timedelta

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.lesson_mass import MESSAGE_ID
from handlers.lesson_plan import UNCONFIRMED, choose_again, template_of
from handlers.lesson_singles import NOT_RECEIVED
from handlers.locks import hold
from models import (
    SINGLE,
    Account,
    Channel,
    Delivery,
    DeliveryStatus,
    LessonWeek,
    MassJob,
    Notice,
)

MATCHED_FOR = timedelta(days=10)
REASON = 120


async def mass_finished(
    ctx: Context, *, message_id: str, succeeded: bool, reason: str, counts: Mapping[str, int]
) -> int:
    """MASSSENDJOBFINISH: keep it, and settle the deliveries it is about; how many.

    WeChat counts out followers it skipped but never names them. A message that is none of ours was
    sent by hand, and the planner counts it (lesson_plan.py).
    """
    message_id, reason = message_id[:MESSAGE_ID], reason[:REASON]
    ours = Delivery.filter(message_id=message_id, channel=Channel.MASS)
    async with in_transaction() as connection:
        await hold(connection, f"mass:{message_id}")
        job = MassJob(
            message_id=message_id, finished_at=ctx.now(), succeeded=succeeded, reason=reason, **counts
        )
        await MassJob.bulk_create([job], ignore_conflicts=True)
        if succeeded:
            settled = await ours.filter(status=DeliveryStatus.SENDING).update(
                status=DeliveryStatus.SENT, sent_at=ctx.now(), error=""
            )
        else:
            settled = await ours.filter(status__in=(DeliveryStatus.SENDING, DeliveryStatus.SENT)).update(
                status=DeliveryStatus.FAILED, error=reason
            )
        await audit.record(ctx, "lesson.receipt", f"mass:{message_id}", reason=reason, **counts)
    return settled


async def single_finished(
    ctx: Context, *, openid: str, template_id: str, message_id: str, succeeded: bool, reason: str
) -> int:
    """subscribe_msg_sent_event: settle the delivery it is about, also one without an answer; how many."""
    channel = next((one for one in SINGLE if template_of(ctx, one) == template_id), None)
    account = await Account.filter(openid=openid).first()
    if channel is None or account is None:
        return 0
    return await _settle(
        ctx, await _whose(account), channel, message_id=message_id, succeeded=succeeded, reason=reason
    )


async def template_finished(ctx: Context, *, message_id: str, succeeded: bool, reason: str) -> int:
    """TEMPLATESENDJOBFINISH: it names the message, so nobody need be looked for; how many it settled."""
    mine = Q(message_id=message_id[:MESSAGE_ID])
    return await _settle(ctx, mine, Channel.NOTICE, message_id=message_id, succeeded=succeeded, reason=reason)


async def _whose(account: Account) -> Q:
    """The deliveries of whoever has this identity in either app."""
    mine = Q(account_id=account.id)
    if account.person_id:
        mine |= Q(recipient=f"p{account.person_id}")
    if account.unionid:
        siblings = await Account.filter(unionid=account.unionid).values_list("id", flat=True)
        mine |= Q(account_id__in=list(siblings))
    return mine


async def _settle(
    ctx: Context, mine: Q, channel: Channel, *, message_id: str, succeeded: bool, reason: str
) -> int:
    """Settle the latest of these deliveries that the report can be about."""
    open_or_sent = Q(channel=channel, status__in=(DeliveryStatus.SENDING, DeliveryStatus.SENT))
    given_up = Q(channel=Channel.PULL, status=DeliveryStatus.PLANNED, error=UNCONFIRMED)
    planned_anew = Q(status=DeliveryStatus.PLANNED, error=NOT_RECEIVED)
    async with in_transaction():
        found = (
            await Delivery.filter(mine, open_or_sent | given_up | planned_anew)
            .filter(week_id__gte=ctx.now().date() - MATCHED_FOR, confirmed_at__isnull=True)
            .order_by("-week_id")
            .first()
        )
        if found is None:
            return 0
        row = Delivery.filter(id=found.id, status=found.status, batch=found.batch)
        if succeeded:
            settled = await row.update(
                channel=channel,
                status=DeliveryStatus.SENT,
                message_id=message_id[:MESSAGE_ID],
                confirmed_at=ctx.now(),
                sent_at=found.sent_at or ctx.now(),
                error="",
            )
            if found.channel == Channel.PULL and found.batch:
                await Notice.filter(dedupe_key=found.batch, status="held").delete()
        else:
            await row.update(confirmed_at=ctx.now())
            week = await LessonWeek.get(friday=found.week_id)
            settled = await choose_again(ctx, week, rows=row, error=reason[:REASON])
        action = "lesson.confirmed" if succeeded else "lesson.not_received"
        await audit.record(ctx, action, f"delivery:{found.id}", reason=reason[:REASON])
    return settled
