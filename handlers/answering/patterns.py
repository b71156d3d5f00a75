"""Many patterns as one that says quickly whether any of them is found.

Python's `re` looks for an alternation at every place of a text, unless each branch begins with a plain
character: then it leaps from one such place to the next. So the branches are brought into that shape, those
that begin alike are tried together, and what can't be brought into it is looked for by itself.
"""

import re
from collections.abc import Iterable

LEADING = re.compile(r"\((?!\?)([^()\[\]{}.*+?\\^$]+)\)(?![?*+{])")
"""A group of plain words at the beginning."""
PLAIN = re.compile(r"[^()\[\]{}.*+?\\^$|](?![?*+{])")


class AnyOf:
    """Finds out whether any of some patterns is in a text, which mustn't hang on what groups they catch."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._plain: re.Pattern[str] | None = None
        self._other: re.Pattern[str] | None = None
        by_first: dict[str, list[str]] = {}
        others: list[str] = []
        for branch in (short for pattern in patterns for long in branches(pattern) for short in spread(long)):
            if PLAIN.match(branch):
                by_first.setdefault(branch[0], []).append(branch[1:])
            else:
                others.append(branch)
        if by_first:
            grouped = (f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in by_first.items())
            self._plain = re.compile("|".join(grouped))
        if others:
            self._other = re.compile("|".join(f"(?:{branch})" for branch in others))

    def __call__(self, text: str) -> bool:
        """Whether one is found."""
        plain, other = self._plain, self._other
        return bool((plain and plain.search(text)) or (other and other.search(text)))


def branches(pattern: str) -> list[str]:
    """The parts of a pattern between the `|` that stand in no group or class."""
    parts = [""]
    depth, in_class, escaped = 0, False, False
    for character in pattern:
        if escaped or character == "\\":
            escaped = not escaped
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and not depth:
            parts.append("")
            continue
        parts[-1] += character
    return parts


def spread(branch: str) -> list[str]:
    """A branch that begins with a group of words, as one branch for each word."""
    leading = LEADING.match(branch)
    if leading is None:
        return [branch]
    return [word + branch[leading.end() :] for word in leading[1].split("|")]
