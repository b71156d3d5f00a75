"""What every calculator works with: a sentence, a worked answer, and one that still lacks a number."""

import re
from datetime import date
from typing import NamedTuple

from handlers.answering.replies import with_citations
from handlers.answering.shapes import Answer, Citation

SURE = 0.97
LARGEST = 999_999
"""No count of people, months or days is larger; this also bounds the arithmetic and the reply."""
BETWEEN_DIGITS = re.compile(r"(?<=\d)\s+(?=\d)")
SPACE = re.compile(r"\s+")
LONGEST_NUMBER = 30
ENDLESS = re.compile(rf"(\d{{{LONGEST_NUMBER}}})\d+")
"""Beyond every limit anyway; the rest would only cost time."""


class Sentence(NamedTuple):
    """A message without spaces, and what is known of its moment and its asker."""

    text: str
    previous: str = ""
    on: date | None = None
    scope: str | None = None


def squeeze(text: str) -> str:
    """Text without spaces; numbers that a space kept apart stay apart, endless ones end."""
    if SPACE.search(text):
        text = SPACE.sub("", BETWEEN_DIGITS.sub(",", text))
    return ENDLESS.sub(r"\1", text) if len(text) > LONGEST_NUMBER else text


def worked(entry: str, body: str, *citations: Citation) -> Answer:
    """A finished calculation under the entry that explains its rule."""
    return Answer("answer", with_citations(body, citations), entry, SURE, citations)


def missing(calculator: str, body: str, *known: object, citations: tuple[Citation, ...] = ()) -> Answer:
    """Asks for one number. What is known already travels in the entry's name to the next message."""
    state = "/".join("" if one is None else str(one) for one in known)
    return Answer("answer", with_citations(body, citations), f"{calculator}:{state}", SURE, citations)


def recall(previous: str, calculator: str, fields: int) -> list[str] | None:
    """What was known when `calculator` asked, field by field; None when it hadn't asked."""
    if not previous:
        return None
    name, _, state = previous.partition(":")
    known = state.split("/")
    return known if name == calculator and len(known) == fields else None


def whole(text: str) -> int | None:
    """A count out of a recalled field."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST)) else None
