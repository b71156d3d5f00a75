"""The Friday lesson in the chat, for whoever asks for it; and what WeChat reports of pushes."""

from bot import texts
from bot.messages import Message
from bot.replies import Article, Reply
from handlers import lessons
from handlers.context import Context
from handlers.errors import NotFound


async def this_week(message: Message, ctx: Context) -> Reply:
    """This week's lesson, as a card that opens the reading page."""
    try:
        lesson = await lessons.current(ctx)
    except NotFound:
        return texts.NO_LESSON
    return Article(
        title=f"周五1小时｜{lesson.title}",
        description="；".join(lesson.content.aims),
        url=f"{ctx.settings.public_url}/lessons/{lesson.id}",
    )


async def stop(message: Message, ctx: Context) -> Reply:
    """Opting out is one word."""
    await lessons.choose(ctx, wants=False)
    return texts.LESSONS_STOPPED


async def start(message: Message, ctx: Context) -> Reply:
    """Opting in, too."""
    await lessons.choose(ctx, wants=True)
    return texts.LESSONS_STARTED


async def mass_finished(message: Message, ctx: Context) -> Reply:
    """MASSSENDJOBFINISH: what became of a mass message."""
    status = message.text("Status")
    counted = ("TotalCount", "FilterCount", "SentCount", "ErrorCount")
    await lessons.settle_receipt(
        ctx,
        message_id=message.text("MsgID"),
        succeeded=status.replace(" ", "").lower() == "sendsuccess",
        reason=status,
        counts={name: int(message.text(name)) for name in counted if message.text(name).isdigit()},
    )
    return None
