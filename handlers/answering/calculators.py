"""The calculators, in the order in which they look at a message."""

import re
from collections.abc import Callable
from datetime import date

from handlers.answering import arrears, dues, party_age, publicity, surplus, terms, transition, votes
from handlers.answering.shapes import Answer
from handlers.answering.worked import Sentence, squeeze

NUMBER = re.compile(r"[\d零〇二两俩三仨四五六七八九十百千万半]|一(?!下)")
"""Without one, and with nothing asked before, nothing can be worked out. 一下 is none: 问一下."""
Calculator = Callable[[Sentence], Answer | None]
"""A sentence → an answer with its working, or None: not for me."""

CALCULATORS: tuple[Calculator, ...] = (
    surplus.answer,
    votes.answer,
    party_age.answer,
    transition.answer,
    terms.answer,
    publicity.answer,
    arrears.answer,
    dues.answer,
)


def calculate(
    text: str, previous: str | None = None, *, on: date | None = None, scope: str | None = None
) -> Answer | None:
    """The first calculator's answer, if one is meant.

    Without `on` a day needs its year, and ages are given only for a day that was named; without
    `scope` terms are given for every kind of unit.
    """
    sentence = Sentence(squeeze(text), previous or "", on, scope)
    if not (sentence.previous or NUMBER.search(sentence.text)):
        return None
    for calculator in CALCULATORS:
        if (found := calculator(sentence)) is not None:
            return found
    return None
