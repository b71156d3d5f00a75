"""Which callback answers a message: one table, tried in the order written, the first match wins."""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from bot.messages import Message
from bot.replies import Reply
from handlers.context import Context
from models import App
from models.callbacks import Asked


class Spoken(NamedTuple):
    """A reply together with the question it answers, which is kept."""

    reply: Reply
    asked: Asked


Instant = Callable[[Message, Context], "Reply | Spoken | Route"]
"""Another line instead of a reply: this message takes more than memory, let that one answer it."""
Deliberate = Callable[[Message, Context], Awaitable[Reply | Spoken]]


class Manner(Enum):
    """How a callback works, which decides what it costs."""

    INSTANT = "answers from memory, without any I/O"
    READS = "looks things up"
    STEPS = "asks WeChat on the way: each change commits by itself, and may be repeated"
    CHANGES = "changes things, in one transaction with its answer"


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table. Empty conditions admit everything.

    `from_person` is false for what the platform reports, and for the news that a person left: then no
    account is looked up or made for the sender. An answer that `finds_sender` looks them up by itself, with
    what else it needs. A `private` reply is for its reader alone: it is kept sealed.
    """

    kinds: Collection[str]
    answer: Instant | Deliberate
    manner: Manner
    events: Collection[str] = ()
    keys: Collection[str] = ()
    words: Collection[str] = ()
    opening: re.Pattern[str] | None = None
    says_something: bool = False
    from_person: bool = True
    finds_sender: bool = False
    private: bool = False

    def admits(self, message: Message) -> bool:
        """Whether this line's conditions hold for the message."""
        if message.kind not in self.kinds:
            return False
        if message.kind == "event":
            return (not self.events or message.event in self.events) and (
                not self.keys or message.text("EventKey") in self.keys
            )
        return self.hears(message.content)

    def hears(self, content: str) -> bool:
        """Whether what a person said is for this line."""
        if self.opening is not None and self.opening.match(content) is None:
            return False
        return (not self.words or content in self.words) and (not self.says_something or bool(content))


def app_of(message: Message, ctx: Context) -> App:
    """Which of the two apps a message was sent to."""
    is_mini_program = message.app_id == ctx.settings.mp_app_id.encode()
    return App.MINI_PROGRAM if is_mini_program else App.OFFICIAL_ACCOUNT


NAMED = re.compile(r"\(\?P<\w+>")


def any_of(openings: Iterable[re.Pattern[str]]) -> re.Pattern[str]:
    """Matches whatever one of these does: hardly any message, so that one look spares a look for each."""
    # A name may stand in one pattern once only.
    return re.compile("|".join(f"(?:{NAMED.sub('(?:', opening.pattern)})" for opening in openings) or "(?!)")


class Router:
    """The table, arranged once so that a message meets few lines: by kind, by word, and by how they open."""

    def __init__(self, routes: Collection[Route]) -> None:
        self._words: dict[tuple[str, str], tuple[int, Route]] = {}
        self._others: dict[str, list[tuple[int, Route]]] = {}
        self._opened = any_of(route.opening for route in routes if route.opening is not None)
        for at, route in enumerate(routes):
            for kind in route.kinds:
                if route.words and route.opening is None:
                    for word in route.words:
                        self._words.setdefault((kind, word), (at, route))
                else:
                    self._others.setdefault(kind, []).append((at, route))

    def find(self, message: Message) -> Route | None:
        """The first line that admits the message; None when it is to be passed over."""
        lines = self._others.get(message.kind, ())
        if message.kind == "event":
            return next((route for _, route in lines if route.admits(message)), None)
        content = message.content
        by_word = self._words.get((message.kind, content))
        opened = self._opened.match(content) is not None
        for at, route in lines:
            if route.opening is not None and not opened:
                continue
            if by_word is not None and by_word[0] < at:
                break
            if route.hears(content):
                return route
        return by_word[1] if by_word is not None else None
