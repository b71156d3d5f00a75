"""Asking the calculators in tests: one message, or a talk of several."""

from datetime import date

from handlers.answering.calculators import calculate
from handlers.answering.normalise import Normaliser
from handlers.answering.shapes import Answer, Words

TODAY = date(2026, 11, 22)
NORMALISER = Normaliser(Words())


def ask(
    text: str, previous: str | None = None, *, on: date | None = TODAY, scope: str | None = None
) -> Answer | None:
    """What the calculators say to a message as the engine hands it to them."""
    return calculate(NORMALISER.plain(text), previous, on=on, scope=scope)


def talk(*messages: str, on: date | None = TODAY) -> Answer:
    """The last answer of a talk; every message must have been answered."""
    answer = None
    for message in messages:
        answer = ask(message, answer.entry if answer else None, on=on)
        assert answer is not None, message
    assert answer is not None
    return answer
