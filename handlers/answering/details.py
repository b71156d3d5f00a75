"""Details that a question asks for and an entry says nothing of, however near it is otherwise."""

import re
from collections.abc import Iterable

from handlers.answering.patterns import AnyOf
from handlers.answering.shapes import Detail, Fact

LONG = 24
"""Characters: a longer message tells a story first, whose details nobody asks for."""
AT_THE_END = 18
"""So many characters at the end of a story ask something."""


class Details:
    """Compares what a question asks for with all that an entry says and is asked."""

    def __init__(self, details: Iterable[Detail]) -> None:
        details = tuple(details)
        self._any = AnyOf(detail.asked for detail in details)
        self._details = [
            (re.compile(detail.asked), re.compile(detail.said or detail.asked)) for detail in details
        ]

    def lacks(self, canonical: str, fact: Fact) -> bool:
        """Whether canonical text asks for a detail of which this entry doesn't speak.

        Of a message longer than `LONG` only the last `AT_THE_END` characters are looked at.
        """
        if len(canonical) > LONG:
            canonical = canonical[-AT_THE_END:]
        if not self._any(canonical):
            return False
        whole = "\n".join((fact.question, *fact.askings, fact.answer))
        return any(asked.search(canonical) and not said.search(whole) for asked, said in self._details)
