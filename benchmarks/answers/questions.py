"""The independent questions, and what becomes of each of them."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from handlers.answering.engine import Engine
from handlers.answering.shapes import Answer, Fact
from handlers.knowledge import load_yaml

FOLDER = Path(__file__).parent
Outcome = Literal["right", "wrong", "offered", "offered in vain", "none", "declined"]
"""`offered`: among the choices; `offered in vain`: choices without the right one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `facts` answer it, the main one first; `says` is what the first reply must contain.

    `expect` is `none` where nothing we know answers it, `declined` where it is none of our business.
    """

    text: str
    style: str
    slice: str
    facts: tuple[str, ...] = ()
    scope: str | None = None
    expect: str = "answer"
    says: str = ""

    @property
    def group(self) -> str:
        """What a message is, before anything else."""
        return {"answer": "known", "none": "unknown", "declined": "outside"}[self.expect]


class Key:
    """Which entries answer which question: `facts/*.yaml` name the entries of each fact."""

    def __init__(self, entries_of: Mapping[str, Sequence[str]]) -> None:
        self._entries_of = entries_of

    def judges(self, asked: Asked) -> bool:
        """Whether it is known what is right: by a figure, by the main fact's entries, or that none is."""
        return bool(asked.says) or asked.expect != "answer" or asked.facts[0] in self._entries_of

    def right(self, asked: Asked) -> frozenset[str]:
        """The codes of the entries that answer the question."""
        return frozenset(code for fact in asked.facts for code in self._entries_of.get(fact, ()))

    def outcome(self, asked: Asked, answer: Answer) -> Outcome:
        """What became of a question."""
        if answer.kind in ("none", "declined"):
            return "none" if answer.kind == "none" else "declined"
        right = self.right(asked)
        if answer.kind == "choices":
            return "offered" if right & dict(answer.choices).keys() else "offered in vain"
        found = contains(answer.text, asked.says) if asked.says else answer.entry in right
        return "right" if found else "wrong"


def contains(text: str, figure: str) -> bool:
    """Whether a text has this figure, not as a part of a longer one."""
    return re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d|\.\d)", text) is not None


def read_questions() -> list[Asked]:
    """All of `questions.yaml`."""
    return read(FOLDER / "questions.yaml")


def read_held_out() -> list[Asked]:
    """All of `heldout/*.yaml`: for reporting only, nothing may be fitted on them."""
    return [asked for path in sorted((FOLDER / "heldout").glob("*.yaml")) for asked in read(path)]


def read(path: Path) -> list[Asked]:
    """The questions of one file."""
    return [
        Asked(
            row["text"],
            row["style"],
            row["slice"],
            tuple(row.get("fact", ())),
            row.get("scope"),
            row.get("expect", "answer"),
            str(row.get("says", "")),
        )
        for row in load_yaml(path)["questions"]
    ]


def read_key(codes: Container[str]) -> Key:
    """`facts/*.yaml`, as far as written and their entries exist; a fact without an entry is a gap of ours."""
    entries_of: dict[str, list[str]] = {}
    for path in sorted((FOLDER / "facts").glob("*.yaml")):
        for fact, found in (load_yaml(path) or {}).items():
            entries_of.setdefault(fact, []).extend(code for code in found or () if code in codes)
    return Key(entries_of)


def unleaked(engine: Engine, facts: Sequence[Fact], questions: Iterable[Asked]) -> list[Asked]:
    """The questions that aren't an asking of an entry in other words."""
    askings = {engine.canonical(text) for fact in facts for text in (fact.question, *fact.askings)}
    return [asked for asked in questions if engine.canonical(asked.text) not in askings]
