"""Questions, answered from memory."""

from bot import texts
from bot.messages import Message
from bot.replies import Reply
from bot.router import Manner, Route, Spoken
from handlers import questions, remainders
from handlers.answering.engine import LEANS, MAY_LEAN
from handlers.context import Context
from handlers.errors import NotFound
from models.callbacks import Asked

LONGEST_KEPT = 600


def asked(message: Message, ctx: Context) -> Spoken | Route:
    """Any text that no other line of the table took; what leans on the last answer is handed on."""
    text = message.content
    if LEANS.match(text):
        return FOLLOWED_UP
    answer = ctx.engine.answer(text, on=ctx.now().date())
    if answer.kind != "answer" and MAY_LEAN.match(text):
        return FOLLOWED_UP
    kept = Asked(text[:LONGEST_KEPT], answer.kind, answer.entry or "", answer.confidence)
    return Spoken(answer.text, kept)


async def followed_up(message: Message, ctx: Context) -> Reply:
    """A number chooses among what was offered, “详细” and “原文” ask for more of the last answer."""
    return (await questions.ask(ctx, text=message.content)).text


FOLLOWED_UP = Route(("text", "voice"), followed_up, Manner.CHANGES)


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
