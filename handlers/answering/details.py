"""Details that a question asks for and an entry says nothing of, however near it is otherwise."""

import re
from collections.abc import Sequence

from handlers.answering.shapes import Detail, Fact

LONG = 24
"""Characters: a longer message tells a story first, whose details nobody asks for."""
AT_THE_END = 18
"""So many characters at the end of a story ask something."""


def asks_in(canonical: str) -> str:
    """Where canonical text may ask for details: of a message longer than `LONG` only the end."""
    return canonical[-AT_THE_END:] if len(canonical) > LONG else canonical


def said_of(detail: Detail) -> re.Pattern[str]:
    """How an entry speaks of a detail."""
    return re.compile(detail.said or detail.asked)


def lacks(fact: Fact, details: Sequence[re.Pattern[str]]) -> bool:
    """Whether an entry doesn't speak of one of the details asked for, each given by how it would."""
    whole = "\n".join((fact.question, *fact.askings, fact.answer)) if details else ""
    return any(not said.search(whole) for said in details)
