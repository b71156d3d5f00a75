"""The lesson that nothing may carry: it waits in the menu, and goes out when its reader next writes.

What waits is a held notice (notices.py), released by the reader's next message; who wrote within two
days has an open window and gets it at once. Reading the lesson first takes the notice back.
"""

from datetime import date, timedelta
from typing import Any

from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.lesson_content import LessonContent
from handlers.lesson_mass import announcement
from handlers.lesson_plan import UNCONFIRMED
from handlers.notices import AT_MOST_ONCE, HELD, SENT, WAITING, WINDOW
from models import Account, Channel, Delivery, DeliveryStatus, LessonWeek, Notice

AT_ONCE = 500
KEPT_FOR = timedelta(days=7)


async def hold_lessons(ctx: Context, week: LessonWeek) -> int:
    """Put the lesson by for all who are to fetch it; how many. Any number may do this at once."""
    held = 0
    waiting = Delivery.filter(
        week_id=week.friday,
        channel=Channel.PULL,
        status=DeliveryStatus.PLANNED,
        batch="",
        account_id__isnull=False,
    ).exclude(error=UNCONFIRMED)  # That one may have arrived: it stays in the menu.
    content = LessonContent.model_validate(week.lesson.body)
    text = announcement(content, address=f"{ctx.settings.public_url}/lessons/{week.lesson_id}")
    rows: list[dict[str, Any]]
    while (
        rows := await waiting.order_by("id")
        .limit(AT_ONCE)
        .values("id", "recipient", "error", "account__openid", "account__last_contact_at")
    ):
        async with in_transaction():
            await Notice.bulk_create(
                [_notice(ctx, week, row, text) for row in rows], ignore_conflicts=True, batch_size=AT_ONCE
            )
            await Delivery.put_by([(row["id"], key(week.friday, row["recipient"])) for row in rows])
        held += len(rows)
    return held


def key(friday: date, recipient: str) -> str:
    """What the notice of a recipient's lesson is called, once for all."""
    return f"{AT_MOST_ONCE}{friday}:{recipient}"


def _notice(ctx: Context, week: LessonWeek, row: dict[str, Any], text: str) -> Notice:
    contact = row["account__last_contact_at"]
    reachable = contact is not None and ctx.now() - contact < WINDOW
    return Notice(
        openid=row["account__openid"],
        content=text,
        dedupe_key=key(week.friday, row["recipient"]),
        status=WAITING if reachable else HELD,
        next_try_at=ctx.now(),
        created_at=ctx.now(),
    )


async def take_back(rows: QuerySet[Delivery]) -> None:
    """Don't send what was put by of these deliveries; in the caller's transaction. What went out stays noted.

    Put by once more it has the same key, so nobody gets it twice.
    """
    put_by = rows.filter(channel=Channel.PULL, status=DeliveryStatus.PLANNED, batch__not="")
    unsent = Notice.filter(dedupe_key__in=Subquery(put_by.values("batch")), status__in=(HELD, WAITING))
    await unsent.delete()
    left = Notice.filter(dedupe_key__startswith=AT_MOST_ONCE).values("dedupe_key")
    await put_by.exclude(batch__in=Subquery(left)).update(batch="")


async def settle_held(ctx: Context) -> int:
    """Note which notices went out, and drop those of lessons that are a week old; how many went out."""
    since = ctx.now().date() - KEPT_FOR - timedelta(days=3)
    waiting = Delivery.filter(
        week_id__gte=since, channel=Channel.PULL, status=DeliveryStatus.PLANNED, batch__not=""
    )
    sent = Notice.filter(dedupe_key__startswith=AT_MOST_ONCE, status=SENT).values("dedupe_key")
    # By the lesson's own week: what was put by late would come together with the next one.
    kept = await LessonWeek.filter(sends_at__gt=ctx.now() - KEPT_FOR).order_by("friday").first()
    held = Notice.filter(dedupe_key__startswith=AT_MOST_ONCE, status=HELD)
    over = held.filter(dedupe_key__lt=f"{AT_MOST_ONCE}{kept.friday}") if kept else held
    async with in_transaction():
        count = await waiting.filter(batch__in=Subquery(sent)).update(
            status=DeliveryStatus.SENT, sent_at=ctx.now(), error=""
        )
        dropped = await over.delete()
        if count or dropped:
            await audit.record(ctx, "lesson.notices_settled", "course:lessons", sent=count, dropped=dropped)
    return count


async def note_fetched(ctx: Context, *, lesson_id: int) -> None:
    """The caller reads a lesson: where it waited for them it counts as sent, and isn't sent any more."""
    account = ctx.caller.account
    if account is None:
        return
    mine = Account.filter(id=account.id)
    if account.person_id:
        mine = Account.filter(person_id=account.person_id)
    waiting = Delivery.filter(
        account_id__in=Subquery(mine.values("id")),
        week__lesson_id=lesson_id,
        channel=Channel.PULL,
        status=DeliveryStatus.PLANNED,
    )
    rows = await waiting.values("id", "batch", "week_id")
    if not rows:
        return
    ids, keys = [row["id"] for row in rows], [row["batch"] for row in rows if row["batch"]]
    async with in_transaction():
        fetched = Delivery.filter(id__in=ids, status=DeliveryStatus.PLANNED)
        if await fetched.update(status=DeliveryStatus.SENT, sent_at=ctx.now()):
            await Notice.filter(dedupe_key__in=keys, status__in=(HELD, WAITING)).delete()
            await audit.record(ctx, "lesson.fetched", f"lesson:{rows[0]['week_id']}")
