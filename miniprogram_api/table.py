"""The columns of the table of routes, and what their values mean."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from handlers.errors import Refused
from miniprogram_api.forms import Form, Query
from models import Role

STRANGER = "stranger"
"""Somebody without a token."""
UNBOUND = "unbound"
"""Somebody logged in whom the roster does not know yet."""

LARGEST_BODY = 64 * 1024

BOUND = frozenset(role.value for role in Role)
"""Everybody on the roster: whoever has another duty is a member too."""
LOGGED_IN = BOUND | {UNBOUND}
ANYONE = LOGGED_IN | {STRANGER}
BRANCH = frozenset({Role.BRANCH_WORKER.value})
OFFICERS = frozenset({Role.TOWN_OFFICER.value, Role.DISTRICT_OFFICER.value})
ACTS_FOR_BRANCH = OFFICERS | BRANCH
DISTRICT = frozenset({Role.DISTRICT_OFFICER.value})
KEEPERS = OFFICERS | {Role.SITE_KEEPER.value}
STAFF = KEEPERS | BRANCH


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with another status than the first of its row."""

    view: BaseModel
    status: int


@dataclass(frozen=True, slots=True)
class Text:
    """An answer that is no JSON."""

    text: str


@dataclass(frozen=True, slots=True)
class File:
    """An answer to be saved under a name, in the media type of its row."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that goes on: parts of text as they come."""

    parts: AsyncGenerator[str]


Handler = Callable[..., Awaitable[BaseModel | Reply | Text | File | Stream | None]]


def never(_: Any) -> bool:
    """No form asks for it."""
    return False


def always(_: Any) -> bool:
    """Every form asks for it."""
    return True


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `may` names duties; the use-case decides whose branch or site it is about.

    `status` lists the good ones, the usual one first. `door` names codes that only this door has.
    `creates`: an Idempotency-Key is honoured; `apart` tells the forms whose use-case makes several
    transactions that must not become one; `unnamed` tells those whose sender nothing may name. `largest`:
    bytes its body may have. `takes`: the body is a file of up to so many bytes, which the handler gets as
    `content`; the form then stands behind the question mark.
    """

    method: str
    path: str
    handler: Handler
    may: frozenset[str]
    summary: str
    form: type[Form] | type[Query] | None = None
    answer: type[BaseModel] | None = None
    status: tuple[int, ...] = (200,)
    refuses: tuple[type[Refused], ...] = ()
    door: tuple[str, ...] = ()
    creates: bool = False
    apart: Callable[[Any], bool] = never
    unnamed: Callable[[Any], bool] = never
    media: str = "application/json"
    largest: int = LARGEST_BODY
    takes: int = 0

    @property
    def is_public(self) -> bool:
        """Whether it works without a token."""
        return STRANGER in self.may

    @property
    def takes_file(self) -> bool:
        """Whether the body is a file."""
        return self.takes > 0

    @property
    def has_body(self) -> bool:
        """Whether the form travels in the body."""
        return self.form is not None and issubclass(self.form, Form)


Arguments = dict[str, Any]
