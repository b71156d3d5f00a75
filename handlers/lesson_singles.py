"""Sending a lesson as single mini-program messages: one consent, one message, never repeated blindly."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

from tortoise.expressions import F
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.gateways.errors import Ambiguous, ConsentSpent, NotDone, RecipientGone
from handlers.lesson_mass import CLAIM, HALT, LATER
from handlers.lesson_plan import consenting_accounts
from models import Channel, Consent, Delivery, DeliveryStatus, LessonWeek

AT_ONCE = 100
THING = 20
"""Characters a `thing` value of a template admits."""


async def send_singles(ctx: Context, week: LessonWeek) -> Counter[str]:
    """Send the planned single messages, a hundred at a time, until none is left or WeChat is busy.

    Raises:
        QuotaSpent: no more today. Stopped: a person must act first.
    """
    outcome: Counter[str] = Counter()
    while not outcome["later"]:
        batch = f"single-{uuid4().hex}"
        claimed = await Delivery.claim(
            friday=week.friday,
            channel=Channel.MINI_PROGRAM,
            batch=batch,
            limit=AT_ONCE,
            now=ctx.now(),
            until=ctx.now() + CLAIM,
        )
        if claimed == 0:
            break
        outcome.update(await _send_claimed(ctx, week, batch))
    return outcome


async def give_up_singles(ctx: Context, week: LessonWeek) -> Counter[str]:
    """Nobody can say whether these went out: they aren't repeated, the lesson waits in the menu."""
    lost = Delivery.filter(
        week_id=week.friday,
        channel=Channel.MINI_PROGRAM,
        status=DeliveryStatus.SENDING,
        claimed_until__lt=ctx.now(),
    )
    async with in_transaction():
        count = await lost.update(channel=Channel.PULL, status=DeliveryStatus.PLANNED, error="unconfirmed")
        if count:
            await audit.record(ctx, "lesson.left_to_fetch", f"lesson:{week.friday}", count=count)
    return Counter()


async def _send_claimed(ctx: Context, week: LessonWeek, batch: str) -> Counter[str]:
    rows = await Delivery.filter(batch=batch, account_id__isnull=False).select_related("account")
    accounts = [
        {"id": row.account.id, "person_id": row.account.person_id, "unionid": row.account.unionid}
        for row in rows
        if row.account
    ]
    consenting = await consenting_accounts(ctx.settings.lesson_template_id, accounts)
    results = await asyncio.gather(
        *(_send(ctx, week, row, consenting.get(row.account_id or 0)) for row in rows),
        return_exceptions=True,
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return Counter(result for result in results if isinstance(result, str))


async def _send(ctx: Context, week: LessonWeek, row: Delivery, identity: tuple[int, str] | None) -> str:
    """Spend one consent on one message, and record what became of it."""
    if identity is None or not await _consent(ctx, identity[0]).filter(remaining__gt=0).update(
        remaining=F("remaining") - 1
    ):
        await _settle(row, status=DeliveryStatus.PLANNED, channel=Channel.PULL, error="no_consent")
        return "pull"
    account_id, openid = identity
    try:
        await ctx.wechat.send_subscribe_message(
            openid,
            ctx.settings.lesson_template_id,
            template_values(week, ctx),
            page=f"pages/lesson/index?id={week.lesson_id}",
        )
    except Ambiguous:
        return "open"
    except RecipientGone as error:
        if isinstance(error, ConsentSpent):
            await _consent(ctx, account_id).update(remaining=0)
        await _settle(row, status=DeliveryStatus.PLANNED, channel=Channel.PULL, error=str(error.code))
        return "pull"
    except NotDone as error:
        await _consent(ctx, account_id).update(remaining=F("remaining") + 1)
        again = isinstance(error, (*LATER, *HALT))
        status = DeliveryStatus.PLANNED if again else DeliveryStatus.FAILED
        await _settle(row, status=status, error=str(error.code))
        if isinstance(error, HALT):
            raise
        return "later" if again else "failed"
    await _settle(row, status=DeliveryStatus.SENT, channel=Channel.MINI_PROGRAM, sent_at=ctx.now(), error="")
    return "sent"


def template_values(week: LessonWeek, ctx: Context) -> dict[str, str]:
    """The template's keywords: the lesson's title and the time it came out."""
    when = week.sends_at.astimezone(ctx.settings.zone)
    return {"thing1": week.lesson.title[:THING], "time2": f"{when:%Y年%m月%d日 %H:%M}"}


def _consent(ctx: Context, account_id: int) -> QuerySet[Consent]:
    return Consent.filter(account_id=account_id, template_id=ctx.settings.lesson_template_id)


async def _settle(row: Delivery, **values: Any) -> None:
    await Delivery.filter(id=row.id, batch=row.batch).update(**values)
