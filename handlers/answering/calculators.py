"""The calculators, in the order in which they look at a message."""

from collections.abc import Callable

from handlers.answering import dues
from handlers.answering.shapes import Answer

Calculator = Callable[[str, str | None], Answer | None]
"""Plain text and the last entry answered → an answer with its working, or None: not for me."""

CALCULATORS: tuple[Calculator, ...] = (dues.answer,)


def calculate(text: str, previous: str | None = None) -> Answer | None:
    """The first calculator's answer, if one is meant."""
    for calculator in CALCULATORS:
        if (found := calculator(text, previous)) is not None:
            return found
    return None
