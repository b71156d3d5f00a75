"""What goes into the engine and what comes out: plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

Kind = Literal["answer", "choices", "declined", "none"]


@dataclass(frozen=True, slots=True)
class Citation:
    """A rule by its short name, and the article where it is verified (else empty)."""

    rule: str
    article: str = ""

    def __str__(self) -> str:
        # Document numbers such as 组通字〔2015〕33号 are not written between title marks.
        title = self.rule if "〕" in self.rule else f"《{self.rule}》"
        return title + self.article


@dataclass(frozen=True, slots=True)
class Fact:
    """One knowledge entry as the engine sees it. An empty `scopes` means any kind of unit.

    `details` and `original`: there is more to ask for, the steps and the rule word for word.
    """

    code: str
    question: str
    answer: str
    askings: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    scopes: frozenset[str] = frozenset()
    in_force_from: date | None = None
    in_force_until: date | None = None
    replaced_by: str = ""
    details: bool = False
    original: bool = False

    def holds(self, on: date) -> bool:
        """Whether the rule behind this entry is in force on that day; the last day counts."""
        since, until = self.in_force_from, self.in_force_until
        return (since is None or since <= on) and (until is None or on <= until)


class Answer(NamedTuple):
    """The reply to one message. `text` is the whole first reply a follower gets.

    `hangs_on_scope`: nobody said for what kind of unit, and for some it might be another answer.
    """

    kind: Kind
    text: str
    entry: str | None = None
    confidence: float = 0.0
    citations: tuple[Citation, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    question_id: int | None = None
    hangs_on_scope: bool = False


@dataclass(frozen=True, slots=True)
class Decline:
    """A kind of message that is none of ours, how to know it, and what to say kindly."""

    code: str
    text: str
    when: tuple[str, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Detail:
    """A detail that people ask for: how they do, and how an entry speaks of it (empty: just so)."""

    asked: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Everything the engine knows about wording; all of it is data in `content/knowledge`."""

    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    terms: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    openings: tuple[str, ...] = ()
    """What a message begins with before it asks, as patterns; and the words that end it after that."""
    endings: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    typos: Mapping[str, str] = field(default_factory=dict)
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    traditional: Mapping[int, int] = field(default_factory=dict)
    sounds: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    beyond: tuple[tuple[str, str], ...] = ()
    """What no rule says, each with what must not stand beside it (else empty)."""
    details: tuple[Detail, ...] = ()
    declines: tuple[Decline, ...] = ()
