"""The lesson as an article in a mass message: its cover, its draft, and what becomes of drafts left over.

A draft is made for one batch and is gone once it is sent. It carries the batch's id in the address of
阅读原文: so a draft whose sender was lost is known again, and taken out of the draft box.
"""

import asyncio
import hashlib
import logging
from contextlib import suppress
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.gateways.errors import BadCall, Busy, WeChatError
from handlers.gateways.wechat import NO_SUCH_MEDIA, Article
from handlers.lesson_content import LessonContent
from handlers.lesson_html import article_of, digest_of
from models import Channel, Delivery, DeliveryStatus, Lesson, LessonCover
from settings import MassForm

BUILT_IN = Path(__file__).parents[1] / "content" / "lessons" / "cover.png"
LARGEST_COVER = 2 << 20
"""Bytes; WeChat takes 10 MB now, its older pages say 2 (wechat-platform §5.5)."""
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")

REFUSED = frozenset({40004, NO_SUCH_MEDIA, 40008, 45008, 48008})
"""Answers that refuse an article, not the message: the draft is gone, or the account may not send any."""
SHOWN = 32
"""Characters of a cover's digest by which the audit trail names it."""
AS_TEXT = "as_text"
"""The `error` of deliveries that were to be an article, and went out as text."""

MARK = "push"
"""The part of the reading page's address that names a draft's batch."""
PREVIEW = "preview-"

log = logging.getLogger(__name__)


class NoCover(Exception):
    """The cover can't be used; the message says why, in Chinese."""


def is_wanted(ctx: Context, content: LessonContent) -> bool:
    """Whether this lesson is to be an article: as its authors say, else as the setting does."""
    return (content.mass_form or ctx.settings.lesson_mass_form) is MassForm.ARTICLE


async def note_of(ctx: Context, lesson: Lesson) -> str:
    """What the plan says of the form of a mass message, in Chinese; nothing where text is wanted."""
    if not is_wanted(ctx, LessonContent.model_validate(lesson.body)):
        return ""
    try:
        picture = await _cover(ctx)
    except NoCover as error:
        return f"群发形式：文字。想发图文，但{error}"
    if await _remembered(ctx, picture):
        return "群发形式：图文"
    return "群发形式：图文。封面在推送前传到微信，传不成就改发文字"


async def prepare(ctx: Context) -> None:
    """Have the cover with WeChat before the hour; where that fails it is tried again with the draft."""
    try:
        if not await _remembered(ctx, picture := await _cover(ctx)):
            await _upload(ctx, picture)
    except (NoCover, WeChatError) as error:
        log.warning("lesson.no_cover", extra={"reason": str(error)})


async def draft_of(ctx: Context, lesson: Lesson, *, batch: str) -> str:
    """A new draft of the lesson for this batch; its media id.

    Raises:
        NoCover: there is no picture to put on it. WeChatError: WeChat doesn't take it.
    """
    picture = await _cover(ctx)
    content = LessonContent.model_validate(lesson.body)
    address = f"{ctx.settings.public_url}/lessons/{lesson.id}?{MARK}={batch}"

    async def add(cover: str) -> str:
        article = Article(content.title, digest_of(content), article_of(content), address, cover)
        return await ctx.wechat.add_draft(article)

    if cover := await _remembered(ctx, picture):
        try:
            return await add(cover)
        except WeChatError as error:
            if error.code != NO_SUCH_MEDIA:
                raise
    # Never uploaded, or deleted in the console since.
    return await add(await _upload(ctx, picture))


async def preview_draft(ctx: Context, lesson: Lesson) -> str:
    """A draft to be looked at, until tomorrow; as `draft_of`."""
    return await draft_of(ctx, lesson, batch=f"{PREVIEW}{_today(ctx)}-{uuid4().hex}")


async def discard(ctx: Context, draft: str) -> None:
    """Take out a draft that wasn't sent; one that stays is cleared up later."""
    with suppress(WeChatError):
        await ctx.wechat.delete_draft(draft)


async def take_down(ctx: Context, lesson: Lesson) -> tuple[int, int]:
    """Take the pages of a withdrawn lesson's articles away at WeChat: how many are gone, and how many stay.

    The latest first, for WeChat admits ten such calls a day. The cards in the chats stay, and lead nowhere.
    """
    if not is_wanted(ctx, LessonContent.model_validate(lesson.body)):
        return 0, 0
    sent = Delivery.filter(week__lesson_id=lesson.id, channel=Channel.MASS, status=DeliveryStatus.SENT)
    as_articles = sent.exclude(message_id="").exclude(error=AS_TEXT)
    found = await as_articles.distinct().values_list("week_id", "message_id")
    messages = [str(message_id) for _, message_id in sorted(found, reverse=True)]
    removed = 0
    for message_id in messages:
        try:
            await ctx.wechat.delete_mass(message_id)
            removed += 1
        except WeChatError as error:
            log.warning("lesson.article_stays", extra={"code": error.code, "batch": message_id})
            if not isinstance(error, BadCall | Busy):  # The next would fare no better, and somebody waits.
                break
    if messages:
        await audit.record(
            ctx, "lesson.taken_down", f"lesson:{lesson.id}", count=removed, left=len(messages) - removed
        )
    return removed, len(messages) - removed


async def clear_up(ctx: Context) -> int:
    """Take out the drafts of batches that are over, and yesterday's previews; how many.

    Drafts that staff made by hand, and those of batches that are being sent, stay.
    """
    if not await LessonCover.exists():
        return 0  # There never was an article.
    removed = 0
    try:
        over = [draft async for draft, address in ctx.wechat.drafts() if await _is_over(ctx, address)]
        for draft in over:
            await ctx.wechat.delete_draft(draft)
            removed += 1
    except WeChatError as error:
        log.warning("lesson.drafts_not_cleared", extra={"code": error.code})
    if removed:
        await audit.record(ctx, "lesson.drafts_cleared", "course:lessons", count=removed)
    return removed


async def _is_over(ctx: Context, address: str) -> bool:
    """Whether a draft with this 阅读原文 address is one of ours that nobody will send any more."""
    batch = _batch_in(address, ctx.settings.public_url)
    if batch.startswith(PREVIEW):
        return not batch.startswith(f"{PREVIEW}{_today(ctx)}")
    return bool(batch) and not await Delivery.exists(batch=batch, status=DeliveryStatus.SENDING)


def _batch_in(address: str, public_url: str) -> str:
    """The batch that an address of one of our drafts names; empty for any other address."""
    if not address.startswith(f"{public_url}/lessons/"):
        return ""
    return parse_qs(urlsplit(address).query).get(MARK, [""])[0]


def _today(ctx: Context) -> date:
    return ctx.now().astimezone(ctx.settings.zone).date()


async def _cover(ctx: Context) -> bytes:
    """The cover's picture.

    Raises:
        NoCover: it can't be read, or WeChat would not take it.
    """
    path = Path(ctx.settings.lesson_cover) if ctx.settings.lesson_cover else BUILT_IN
    try:
        picture = await asyncio.to_thread(path.read_bytes)
    except OSError:
        raise NoCover("封面图片读不出，请检查设置 ZBT_LESSON_COVER") from None
    if not picture.startswith(PICTURES) or len(picture) > LARGEST_COVER:
        raise NoCover("封面图片不合用：要 JPG 或 PNG，不超过 2 MB（设置 ZBT_LESSON_COVER）")
    return picture


def _digest(ctx: Context, picture: bytes) -> str:
    """What this picture is called in this account."""
    return hashlib.sha256(ctx.settings.oa_app_id.encode() + b" " + picture).hexdigest()


async def _remembered(ctx: Context, picture: bytes) -> str:
    """The media id that WeChat gave this picture; else nothing."""
    cover = await LessonCover.get_or_none(digest=_digest(ctx, picture))
    return cover.media_id if cover else ""


async def _upload(ctx: Context, picture: bytes) -> str:
    suffix = "png" if picture.startswith(PICTURES[1]) else "jpg"
    media_id = await ctx.wechat.upload_picture(f"cover.{suffix}", picture)
    digest = _digest(ctx, picture)
    async with in_transaction():
        # Clocks may upload it at once, and what is gone at WeChat's is replaced: the last one counts.
        await LessonCover.bulk_create(
            [LessonCover(digest=digest, media_id=media_id, uploaded_at=ctx.now())],
            on_conflict=["digest"],
            update_fields=["media_id", "uploaded_at"],
        )
        await audit.record(ctx, "lesson.cover_uploaded", f"cover:{digest[:SHOWN]}", media_id=media_id)
    return media_id
