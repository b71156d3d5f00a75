"""The Friday lesson in the chat, for whoever asks for it; and what WeChat reports of pushes."""

from bot import texts
from bot.messages import Message, as_text
from bot.replies import Article, Reply
from bot.subscriptions import items
from handlers import lessons
from handlers.context import Context
from handlers.errors import NotFound

QUIZ_HERE = "想在聊天里做题，发“题目”。"


async def this_week(message: Message, ctx: Context) -> Reply:
    """This week's lesson, as a card that opens the reading page."""
    try:
        lesson = await lessons.current(ctx)
    except NotFound:
        return texts.NO_LESSON
    return Article(
        title=f"周五1小时｜{lesson.title}",
        description=f"{'；'.join(lesson.content.aims)}。{QUIZ_HERE}",
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
    """MASSSENDJOBFINISH: what became of a mass message, ours or one sent by hand."""
    status = message.text("Status")
    await lessons.mass_finished(
        ctx,
        message_id=message.text("MsgID"),
        succeeded=status.replace(" ", "").lower() == "sendsuccess",
        reason=status,
        counts={column: count(message.text(name)) for name, column in COUNTED.items()},
    )
    return None


COUNTED = {"TotalCount": "total", "FilterCount": "filtered", "SentCount": "sent", "ErrorCount": "failed"}
LARGEST_COUNT = 2**31 - 1


def count(text: str) -> int:
    """A number of followers; 0 where the report has none that can be kept."""
    return min(int(text), LARGEST_COUNT) if text.isdecimal() and text.isascii() else 0


async def single_finished(message: Message, ctx: Context) -> Reply:
    """subscribe_msg_sent_event: whether single messages arrived."""
    for item in items(message.fields.get("SubscribeMsgSentEvent")):
        await lessons.single_finished(
            ctx,
            openid=message.source,
            template_id=as_text(item.get("TemplateId")),
            message_id=as_text(item.get("MsgID")),
            succeeded=as_text(item.get("ErrorCode")) == "0",
            reason=as_text(item.get("ErrorStatus")) or as_text(item.get("ErrorCode")),
        )
    return None


async def template_finished(message: Message, ctx: Context) -> Reply:
    """TEMPLATESENDJOBFINISH: the same of a template message."""
    status = message.text("Status")
    await lessons.template_finished(
        ctx,
        message_id=message.text("MsgID"),
        succeeded=status.strip().lower() == "success",
        reason=status,
    )
    return None
