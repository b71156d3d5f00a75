"""Questions, answered from memory."""

import re
from dataclasses import replace
from functools import partial

from bot import texts
from bot.messages import Message
from bot.replies import Reply
from bot.router import Manner, Route, Spoken, app_of
from handlers import questions, remainders
from handlers.answering.engine import LEANS, MAY_LEAN
from handlers.answering.shapes import Answer
from handlers.context import Context
from handlers.errors import NotFound
from models.callbacks import Asked

LONGEST_KEPT = 600
FOLLOW_UPS = ("1", "2", "3", "１", "２", "３", "详细", "详情", "步骤", "原文", "条文", "原话")
"""What by itself asks for more of the last answer."""
OBJECTION = re.compile(
    "(?:你|您|这个?|那个?|刚才|上面|上一条|我觉得|感觉)*的?(?:回答|答案|答复|解答|答|说|讲)?[的得]?(?:都|也|好像|完全|根本)?"
    "(?:不对|错了|错的|不准确?|有误|有问题|没用|没有用|没啥用|没帮助|没有帮助|没帮上忙?|不是我(?:要)?问的|答非所问|没答到点(?:子)?上|看不懂)"
    "[了吧啊呀的吗嘛呢]*[。.!！?？~～]*$"
)
"""How people object to the answer they got: as good as 没用, a person answers then."""


def asked(message: Message, ctx: Context) -> Spoken | Route:
    """Any text that no other line of the table took.

    What leans on the last answer is handed on, and so is what hangs on the kind of unit that somebody is of.
    """
    text = message.content
    if LEANS.match(text):
        return FOLLOWED_UP
    answer = ctx.engine.answer(text, on=ctx.now().date())
    if answer.hangs_on_scope or (answer.kind != "answer" and MAY_LEAN.match(text)):
        return replace(FOLLOWED_UP, answer=partial(followed_up, to_anybody=answer))
    return _spoken(text, answer)


async def followed_up(message: Message, ctx: Context, *, to_anybody: Answer | None = None) -> Spoken:
    """A number chooses among what was offered, “详细” and “原文” ask for more of the last answer.

    `to_anybody` is the answer to somebody of whom nothing is known, where it was looked for already.
    """
    text = message.content
    app = app_of(message, ctx)
    answer = await questions.answer_to_sender(
        ctx, app=app, openid=message.source, text=text, to_anybody=to_anybody
    )
    return _spoken(text, answer)


def _spoken(text: str, answer: Answer) -> Spoken:
    """The answer, and what is kept of its question together with it."""
    kept = questions.readable(text)[:LONGEST_KEPT]
    return Spoken(answer.text, Asked(kept, answer.kind, answer.entry or "", answer.confidence))


FOLLOWED_UP = Route(("text", "voice"), followed_up, Manner.READS, finds_sender=True)


async def useful(message: Message, ctx: Context) -> Reply:
    """The last answer helped."""
    return await _rated(ctx, useful=True)


async def useless(message: Message, ctx: Context) -> Reply:
    """It didn't: a person will answer."""
    return await _rated(ctx, useful=False)


async def _rated(ctx: Context, *, useful: bool) -> Reply:
    try:
        await questions.rate_last(ctx, useful=useful)
    except NotFound:
        return texts.NOTHING_TO_RATE
    return texts.USEFUL if useful else texts.USELESS


async def more(message: Message, ctx: Context) -> Reply:
    """The rest of the last long answer."""
    return await remainders.take(ctx, openid=message.source) or texts.NOTHING_MORE


def help_asked(message: Message, ctx: Context) -> Reply:
    """What can be done here."""
    return texts.HELP


def how_to_bind(message: Message, ctx: Context) -> Reply:
    """Binding happens in the mini program."""
    return texts.HOW_TO_BIND


def only_text(message: Message, ctx: Context) -> Reply:
    """Pictures and the like."""
    return texts.ONLY_TEXT
