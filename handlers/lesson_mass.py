"""Sending a lesson by mass message: batches with an id of their own, asked about again, never sent anew."""

import logging
from collections import Counter
from datetime import timedelta
from uuid import uuid4

from tortoise.functions import Count
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, lesson_articles, lesson_tags
from handlers.context import Context
from handlers.gateways.errors import Ambiguous, NotDone, WeChatError
from handlers.gateways.wechat import MassReceipt
from handlers.lesson_content import LessonContent
from handlers.lesson_plan import CHUNK, UNCONFIRMED, choose_again, month_of, sent_by_hand
from handlers.locks import hold
from handlers.singles import CLAIM, PASSES, STOPS
from models import Channel, Delivery, DeliveryStatus, LessonWeek, MassJob

LEAST = 2
MOST = 10_000
ALL = 10_000_000
"""More than follow any account: a message to a tag has no length."""
ASK_AGAIN = timedelta(seconds=61)
"""WeChat refuses a client message id that comes back within a minute."""

REMEMBERED = timedelta(hours=23)
"""WeChat knows a client message id for 24 hours; after that a repetition would be a second message."""

ARTICLE_TRIES = 3
"""So often a batch is tried as an article; then as text, under the same id."""

MESSAGE_ID = 40
"""Characters of WeChat's message id that are kept; an odd one must not undo what was sent."""

CHAT = "回复“本周课程”随时打开，回复“题目”做五道题。不计时、不排名。"

LATER, HALT = PASSES, STOPS

log = logging.getLogger(__name__)


def batch_size(waiting: int) -> int:
    """How many of the waiting go into the next batch, so that nobody is left over alone."""
    return MOST - 1 if waiting == MOST + 1 else MOST


def announcement(content: LessonContent, *, address: str) -> str:
    """The message that carries a lesson into the chat."""
    aims = "\n".join(f"· {aim}" for aim in content.aims)
    return f"【周五1小时】{content.title}\n{aims}\n阅读：{address}\n{CHAT}"


async def send_mass(ctx: Context, week: LessonWeek) -> Counter[str]:
    """Send the planned batches, one after another.

    Raises:
        QuotaSpent: no more today. Stopped: a person must act first.
    """
    outcome: Counter[str] = Counter()
    await _keep_to_the_cap(ctx, week)
    if ctx.settings.lesson_mass_tag:
        outcome.update(await _send_to_tag(ctx, week))
    planned = Delivery.filter(week_id=week.friday, channel=Channel.MASS, status=DeliveryStatus.PLANNED)
    while waiting := await planned.count():
        batch = f"lesson-{week.friday}-{uuid4().hex}"
        claimed = await Delivery.claim(
            friday=week.friday,
            channel=Channel.MASS,
            batch=batch,
            limit=batch_size(waiting),
            now=ctx.now(),
            until=ctx.now() + CLAIM,
        )
        if claimed == 0:
            break
        outcome.update(await _send(ctx, week, batch, repeated=False))
    return outcome


async def _send_to_tag(ctx: Context, week: LessonWeek) -> Counter[str]:
    """One message to all who bear the lesson's tag, if all of them are still to be served by mass message."""
    planned = await lesson_tags.to_be_served(week)
    found = await lesson_tags.bearers(ctx, among=planned) if len(planned) >= LEAST else None
    if found is None or len(found[1]) < LEAST:
        return Counter()
    _, bearing = found
    batch = f"{lesson_tags.BATCH}{week.friday}-{uuid4().hex}"
    now = ctx.now()
    await Delivery.claim(
        friday=week.friday, channel=Channel.MASS, batch=batch, limit=ALL, now=now, until=now + CLAIM
    )
    rows = await Delivery.filter(batch=batch).values_list("id", "account__openid")
    others = [int(str(id_)) for id_, openid in rows if openid not in bearing]
    if len(rows) - len(others) < len(bearing):  # Another worker has some of them, on a list.
        others = [int(str(id_)) for id_, _ in rows]
    for start in range(0, len(others), CHUNK):
        await _free(Delivery.filter(batch=batch, id__in=others[start : start + CHUNK]))
    return await _send(ctx, week, batch, repeated=False) if len(others) < len(rows) else Counter()


async def settle_mass(ctx: Context, week: LessonWeek) -> Counter[str]:
    """Ask again about the batches whose sender was lost, under the same id.

    Raises:
        QuotaSpent: no more today. Stopped: a person must act first.
    """
    outcome: Counter[str] = Counter()
    lost = (
        await Delivery.filter(
            week_id=week.friday,
            channel=Channel.MASS,
            status=DeliveryStatus.SENDING,
            claimed_until__lt=ctx.now(),
        )
        .annotate(recipients=Count("id"))
        .group_by("batch", "batched_at")
        .values("batch", "batched_at")
    )
    for row in lost:
        now = ctx.now()
        if not await Delivery.claim_again(batch=row["batch"], now=now, until=now + CLAIM):
            continue
        if now - row["batched_at"] > REMEMBERED:
            await _record(ctx, week, row["batch"], DeliveryStatus.FAILED, error=UNCONFIRMED)
            outcome["failed"] += 1
        else:
            outcome.update(await _send(ctx, week, row["batch"], repeated=True))
    return outcome


async def _send(ctx: Context, week: LessonWeek, batch: str, *, repeated: bool) -> Counter[str]:
    """Send one batch under its own client message id, and record what became of it."""
    mine = Delivery.filter(batch=batch, status=DeliveryStatus.SENDING, account_id__isnull=False)
    openids = [str(openid) for openid in await mine.values_list("account__openid", flat=True)]
    if len(openids) < LEAST:
        await _leave_to_fetch(ctx, week, batch)
        return Counter()
    tag_id = 0
    if batch.startswith(lesson_tags.BATCH):
        found = await lesson_tags.bearers(ctx, among=set(openids))
        if found is None:  # Somebody else bears it now. What may have been sent stays open, for a day.
            if not repeated:
                await _free(mine)
            return Counter(open=len(openids) if repeated else 0)
        tag_id = found[0]
    try:
        receipt, note = await _say(ctx, week, batch, openids, tag_id)
    except (Ambiguous, *LATER) as error:
        await _ask_later(ctx, batch, error)
        return Counter(open=len(openids))
    except HALT as error:
        await (_ask_later(ctx, batch, error) if repeated else _back_to_plan(batch, error))
        raise
    except NotDone as error:
        await _record(ctx, week, batch, DeliveryStatus.FAILED, error=str(error.code))
        return Counter(failed=len(openids))
    message_id = receipt.message_id[:MESSAGE_ID]
    await _record(ctx, week, batch, DeliveryStatus.SENT, message_id=message_id, error=note)
    return Counter({"sent": len(openids), lesson_articles.AS_TEXT: len(openids) if note else 0})


async def _say(
    ctx: Context, week: LessonWeek, batch: str, openids: list[str], tag_id: int
) -> tuple[MassReceipt, str]:
    """One batch as an article, where it is to be one and can be, else as text; and what is to be noted.

    Whatever it is, it goes under the batch's own id, and WeChat takes that once. So a repetition may have
    another draft (the first is gone if it was sent, and whether WeChat looks at the draft or at the id
    first isn't written anywhere), or be text.
    """
    content = LessonContent.model_validate(week.lesson.body)
    wanted = lesson_articles.is_wanted(ctx, content)
    draft = await _draft(ctx, week, batch) if wanted else ""
    if draft:
        try:
            if tag_id:
                receipt = await ctx.wechat.send_mass_article_to_tag(tag_id, draft, client_message_id=batch)
            else:
                receipt = await ctx.wechat.send_mass_article(openids, draft, client_message_id=batch)
        except NotDone as error:
            if error.code not in lesson_articles.REFUSED:
                raise
            log.warning("lesson.article_refused", extra={"code": error.code, "batch": batch})
            await lesson_articles.discard(ctx, draft)
        else:
            if receipt.repeated:
                await lesson_articles.discard(ctx, draft)
            return receipt, ""
    text = announcement(content, address=f"{ctx.settings.public_url}/lessons/{week.lesson_id}")
    if tag_id:
        receipt = await ctx.wechat.send_mass_text_to_tag(tag_id, text, client_message_id=batch)
    else:
        receipt = await ctx.wechat.send_mass_text(openids, text, client_message_id=batch)
    return receipt, lesson_articles.AS_TEXT if wanted and not receipt.repeated else ""


async def _draft(ctx: Context, week: LessonWeek, batch: str) -> str:
    """A draft for this batch; nothing where none can be made, or it was tried often enough."""
    if await Delivery.exists(batch=batch, attempts__gt=ARTICLE_TRIES):
        return ""
    try:
        return await lesson_articles.draft_of(ctx, week.lesson, batch=batch)
    except (lesson_articles.NoCover, WeChatError) as error:
        log.warning("lesson.no_draft", extra={"reason": str(error), "batch": batch})
        return ""


async def _keep_to_the_cap(ctx: Context, week: LessonWeek) -> None:
    """Staff may have sent by hand since the plan was made: who is at the cap now gets it otherwise."""
    start, end = month_of(week.sends_at.astimezone(ctx.settings.zone))
    if not await sent_by_hand(max(start, week.planned_at or start), end):
        return
    mine = Delivery.filter(week_id=week.friday, channel=Channel.MASS, status=DeliveryStatus.PLANNED)
    last = 0
    while ids := await mine.filter(id__gt=last).order_by("id").limit(CHUNK).values_list("id", flat=True):
        last = int(str(ids[-1]))
        await choose_again(ctx, week, rows=mine.filter(id__in=list(ids)), error="", consents=True)


async def _record(
    ctx: Context,
    week: LessonWeek,
    batch: str,
    status: DeliveryStatus,
    *,
    message_id: str = "",
    error: str = "",
) -> None:
    sending = Delivery.filter(batch=batch, status=DeliveryStatus.SENDING)
    sent_at = ctx.now() if status == DeliveryStatus.SENT else None
    async with in_transaction() as connection:
        if message_id:
            # WeChat's report may come before its answer: whoever is second sees what the first wrote.
            await hold(connection, f"mass:{message_id}")
            job = await MassJob.get_or_none(message_id=message_id)
            if job is not None and not job.succeeded:
                status, sent_at, error = DeliveryStatus.FAILED, None, job.reason
        count = await sending.update(status=status, message_id=message_id, sent_at=sent_at, error=error)
        await audit.record(
            ctx, f"lesson.{status}", f"lesson:{week.friday}", count=count, batch=batch, error=error
        )


async def _leave_to_fetch(ctx: Context, week: LessonWeek, batch: str) -> None:
    """A mass message needs two recipients: one alone finds the lesson in the menu."""
    async with in_transaction():
        await Delivery.filter(batch=batch, status=DeliveryStatus.SENDING).update(
            channel=Channel.PULL, status=DeliveryStatus.PLANNED, batch="", error="alone"
        )
        await audit.record(ctx, "lesson.left_to_fetch", f"lesson:{week.friday}", batch=batch)


async def _ask_later(ctx: Context, batch: str, error: WeChatError) -> None:
    wait = max(ASK_AGAIN, timedelta(seconds=error.retry_after))
    await Delivery.filter(batch=batch, status=DeliveryStatus.SENDING).update(
        claimed_until=ctx.now() + wait, error=str(error.code)
    )


async def _back_to_plan(batch: str, error: WeChatError) -> None:
    """Nothing was sent under this id, so its rows may join another batch."""
    await _free(Delivery.filter(batch=batch), error=str(error.code))


async def _free(rows: QuerySet[Delivery], *, error: str = "") -> None:
    """Claimed rows that nothing was sent to are planned again."""
    await rows.filter(status=DeliveryStatus.SENDING).update(
        status=DeliveryStatus.PLANNED, batch="", error=error
    )
