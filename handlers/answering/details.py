"""Details that a question asks for and an entry says nothing of, however near it is otherwise."""

import re
from collections.abc import Iterable

from handlers.answering.patterns import AnyOf
from handlers.answering.shapes import Detail, Fact


class Details:
    """Compares what a question asks for with all that an entry says and is asked."""

    def __init__(self, details: Iterable[Detail]) -> None:
        details = tuple(details)
        self._any = AnyOf(detail.asked for detail in details)
        self._details = [
            (re.compile(detail.asked), re.compile(detail.said or detail.asked)) for detail in details
        ]

    def lacks(self, canonical: str, fact: Fact) -> bool:
        """Whether canonical text asks for a detail of which this entry doesn't speak."""
        if not self._any(canonical):
            return False
        whole = "\n".join((fact.question, *fact.askings, fact.answer))
        return any(asked.search(canonical) and not said.search(whole) for asked, said in self._details)
