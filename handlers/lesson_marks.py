"""That somebody unknown has had this week's lesson, without knowing who.

Whoever leaves is forgotten at once, as WeChat demands. Should they come back within the same week and ask
for the lesson again, it would be sent a second time. So a keyed hash of Friday and openid stays behind:
without the service's secret it says nothing, it differs from week to week, and it is deleted when nobody
is served that week any more.
"""

import hashlib
import hmac
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from pydantic import SecretStr
from tortoise.expressions import Q

from handlers.context import Context
from handlers.notices import DOUBTFUL, SENDING, SENT
from models import Account, Channel, Delivery, DeliveryStatus, LessonWeek, Notice, ServedMark

KEPT = timedelta(days=8)
"""From the lesson's hour; a week later nobody gets it any more (lesson_due.SETTLED_FOR)."""
UNCONFIRMED = "unconfirmed"

SERVED = Q(status__in=(DeliveryStatus.SENDING, DeliveryStatus.SENT)) | Q(
    channel=Channel.PULL, status=DeliveryStatus.PLANNED, error=UNCONFIRMED
)
WAITING = Q(channel=Channel.PULL, status=DeliveryStatus.PLANNED, batch__not="")


async def leave(ctx: Context, account: Account) -> None:
    """Before an identity is erased, in the same transaction: mark the lessons it had, or may have had."""
    weeks = LessonWeek.filter(sends_at__gt=ctx.now() - KEPT, sends_at__lte=ctx.now())
    sends_at = dict(await weeks.values_list("friday", "sends_at"))
    mine = Delivery.filter(account_id=account.id, week_id__in=list(sends_at))
    fridays: set[Any] = set(await mine.filter(SERVED).values_list("week_id", flat=True))
    for friday, key in await mine.filter(WAITING).values_list("week_id", "batch"):
        went = Notice.filter(dedupe_key=key).filter(Q(status__in=(SENDING, SENT)) | Q(error=DOUBTFUL))
        fridays |= {friday} if await went.exists() else set()
    marks = [
        ServedMark(
            digest=_digest(ctx.settings.secret_key, friday, account.openid),
            expires_at=sends_at[friday] + KEPT,
        )
        for friday in fridays
    ]
    await ServedMark.bulk_create(marks, ignore_conflicts=True)


async def served(ctx: Context, friday: date, openids: Collection[str]) -> set[str]:
    """Which of these had that Friday's lesson before they were forgotten."""
    if not await ServedMark.exists():
        return set()
    secrets = ctx.settings.secret_keys
    by_digest = {_digest(secret, friday, openid): openid for openid in openids for secret in secrets}
    found = await ServedMark.filter(digest__in=list(by_digest)).values_list("digest", flat=True)
    return {by_digest[str(digest)] for digest in found}


async def forget_old(ctx: Context) -> int:
    """Delete the marks of weeks that are over; how many."""
    return await ServedMark.filter(expires_at__lte=ctx.now()).delete()


def _digest(secret: SecretStr, friday: date, openid: str) -> str:
    key = secret.get_secret_value().encode()
    return hmac.new(key, f"lesson served {friday} {openid}".encode(), hashlib.sha256).hexdigest()
