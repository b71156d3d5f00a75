"""意见建议 in the chat: one word away, followed to an answer."""

import re

from bot import texts
from bot.messages import Message
from bot.replies import Reply
from handlers import complaints
from handlers.context import Context

OPENING = re.compile(r"(?:我要)?(?:意见建议|提意见|意见|投诉|建议)(?:$|[\s：:，,。]+)")
"""The bare word, or the word and a pause: “建议书怎么写” is a question."""


async def complained(message: Message, ctx: Context) -> Reply:
    """“意见 …” is taken; the bare word is told how."""
    text = OPENING.sub("", message.content, count=1).strip()
    if not text:
        return texts.HOW_TO_COMPLAIN
    complaint = await complaints.submit(ctx, text=text)
    return f"收到，谢谢您！查询号 {complaint.lookup}，在小程序“意见建议”里输入查询号可以看到处理结果。"


def how_to(message: Message, ctx: Context) -> Reply:
    """The menu's button."""
    return texts.HOW_TO_COMPLAIN
