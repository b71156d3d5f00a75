"""Which of many patterns are in a text, found with one look at its pairs of characters.

Hardly any is in a text. So each is kept under what it can't be found without: of every way in which it may
be spelled, the pair of neighbouring characters that people type least. The pairs of a text then tell which
few patterns are worth a search: little memory is touched, whereas one expression of them all is gone through
at each place of a text.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from importlib import import_module
from itertools import chain, pairwise
from typing import Any, Generic, TypeVar

parse = import_module("re._parser").parse
"""How `re` itself reads a pattern; of what this gives, all that isn't known here counts as a gap."""

EDGE = "\n"
"""Stands before and after a text, so that what only begins or ends one has a pair of its own."""
GAP = "\0"
"""Where anything may stand in a spelling, or nothing."""
MOST_SPELLINGS = 2000
"""Of one branch; what would make more counts as a gap."""

Piece = tuple[str, str] | str
"""A pair of neighbouring characters, or one character between gaps."""
Name = TypeVar("Name", bound=Hashable)
Try = tuple[Name, Callable[[str], object] | None]
"""A pattern's name and its search; None where its piece is all there is to find."""


class Patterns(Generic[Name]):
    """Tells which of some patterns are in a text. Several may have the same name."""

    def __init__(self, patterns: Iterable[tuple[Name, str]], times: Mapping[Piece, int]) -> None:
        """`times` is how often people type a piece: any numbers will do, true ones make it quick."""
        kept: dict[Piece | None, dict[Try[Name], None]] = {}
        for name, pattern in patterns:
            compiled = re.compile(pattern)
            for spelling in spellings(parse(pattern)) if not compiled.flags & re.IGNORECASE else [GAP]:
                piece = rarest(spelling, times)
                certain = piece and "".join(piece) == spelling and EDGE not in spelling
                search = None if certain else compiled.search
                kept.setdefault(piece, {})[name, search] = None
        # Most are alike, so that one of each is kept.
        one: dict[Any, Any] = {}
        tries = {piece: one.setdefault(found := tuple(by_name), found) for piece, by_name in kept.items()}
        self._always = tries.pop(None, ())
        self._by_piece = {
            tuple(one.setdefault(character, character) for character in piece)
            if isinstance(piece, tuple)
            else piece: found
            for piece, found in tries.items()
            if piece
        }
        characters = "".join(map(re.escape, (piece for piece in self._by_piece if isinstance(piece, str))))
        self._characters = re.compile(f"[{characters}]" if characters else "(?!)")

    def __call__(self, text: str) -> set[Name]:
        """The names of those that are found."""
        found: set[Name] = set()
        pieces = chain(zip(EDGE + text, text + EDGE, strict=True), self._characters.findall(text))
        for tries in filter(None, map(self._by_piece.get, pieces)):
            for name, search in tries:
                if name not in found and (search is None or search(text)):
                    found.add(name)
        if self._always:
            found.update([name for name, search in self._always if search(text)])
        return found


def counted(texts: str) -> Counter[Piece]:
    """How often each piece is typed in texts with a line each."""
    return Counter[Piece](zip(EDGE + texts, texts + EDGE, strict=True)) + Counter[Piece](texts)


def rarest(spelling: str, times: Mapping[Piece, int]) -> Piece | None:
    """The piece of a spelling that is typed least; None if it has none."""
    pieces: list[Piece] = []
    for run in spelling.split(GAP):
        if len(run) > 1:
            pieces += [pair for pair in pairwise(run) if pair != (EDGE, EDGE)]
        elif run != EDGE:
            pieces += run
    return min(pieces, key=lambda piece: times.get(piece, 0), default=None)


def spellings(parts: Iterable[tuple[Any, Any]]) -> list[str]:
    """All ways in which a parsed pattern may be spelled, edges and gaps marked.

    Whatever it is found by holds one of them. What looks around (`(?=…)`, `\\b`) is a gap.
    """
    found = [""]
    for kind, value in parts:
        ways = _ways(str(kind), value)
        if len(found) > 1 and len(found) * len(ways) > MOST_SPELLINGS:
            ways = [GAP]
        found = [before + way for before in found for way in ways]
    return list(dict.fromkeys(found))


def _ways(kind: str, value: Any) -> list[str]:
    match kind, value:
        case "LITERAL", character:
            return [chr(character)]
        case "IN", members if all(str(member) == "LITERAL" for member, _ in members):
            return [chr(character) for _, character in members]
        case "BRANCH", (_, branches):
            return [way for branch in branches for way in spellings(branch)]
        case "SUBPATTERN", (_, 0, _, group):
            return spellings(group)
        case "MAX_REPEAT" | "MIN_REPEAT", (0, 1, once):
            return ["", *spellings(once)]
        case "MAX_REPEAT" | "MIN_REPEAT", (1, 1, once):
            return spellings(once)
        case "MAX_REPEAT" | "MIN_REPEAT", (least, _, once) if least:
            return [way + GAP for way in spellings(once)]
        case "AT", place if str(place) in ("AT_BEGINNING", "AT_END"):
            return [EDGE]
        case _:
            return [GAP]
