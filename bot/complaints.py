"""意见建议 in the chat: one word away, named or not, followed to an answer."""

import re

from bot import texts
from bot.messages import Message
from bot.replies import Reply
from handlers import complaints
from handlers.context import Context

OPENING = re.compile(
    r"(?:我要)?(?P<anonymous>匿名)?(?:提)?(?:意见建议|意见|投诉|建议)(?:$|[\s：:，,。]+)"
    r"(?P<also>匿名(?:$|[\s：:，,。]+))?"
)
"""The bare word, or the word and a pause: “建议书怎么写” is a question. 匿名 may stand on either side."""


async def complained(message: Message, ctx: Context) -> Reply:
    """“意见 …” is taken; the bare word is told how."""
    opening = OPENING.match(message.content)
    text = message.content[opening.end() :].strip() if opening else message.content
    if not text:
        return texts.HOW_TO_COMPLAIN
    anonymous = bool(opening and (opening["anonymous"] or opening["also"]))
    complaint = await complaints.submit(ctx, text=text, anonymous=anonymous)
    due_on = complaints.due_on(ctx, complaint)
    return texts.complaint_taken(complaint.lookup, due_on, anonymous=anonymous)


def how_to(message: Message, ctx: Context) -> Reply:
    """The menu's button."""
    return texts.HOW_TO_COMPLAIN
