"""What the index is made of: texts as characters, pairs of characters and known words."""

import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from operator import add
from typing import NamedTuple

from handlers.answering.asks import asked_of, asks
from handlers.answering.normalise import Normaliser, alternation
from handlers.answering.shapes import Fact, Words

SUBJECT = 3
"""Known words of so many characters name a subject."""
MOST_TIMES = 255
"""As often as is counted."""


class Texts(NamedTuple):
    """The texts of one entry as they are read.

    `read` is every text before synonyms are joined, `canonical` every different asking after that, and
    `bare` what is left of it without politeness; `times` says in how many of them each of the `features` is
    said, 0 if only in the answer. Each of the texts and features has a line.
    """

    read: str
    canonical: str
    bare: str
    features: str
    times: bytes

    def counted(self) -> Iterator[tuple[str, int]]:
        """Each feature with its times."""
        return zip(self.features.split("\n") if self.times else (), self.times, strict=True)

    def typical(self, share: float) -> dict[str, int]:
        """The features but single characters that at least this share of the askings have, with how many."""
        least = (self.canonical.count("\n") + 1) * share
        return {feature: times for feature, times in self.counted() if times >= least and len(feature) > 1}

    def packed(self) -> bytes:
        """In a third of the room."""
        *texts, times = self
        return zlib.compress("\0".join((*texts, times.decode("latin-1"))).encode(), level=1)


class Reading(NamedTuple):
    """What the texts of one entry come to, whatever the others are: kept, and used again for the next index.

    `characters` are those of the askings, and `asked` is what they ask for. The texts are only looked at
    while an index is made.
    """

    asked: frozenset[str]
    characters: str
    packed: bytes

    @property
    def texts(self) -> Texts:
        """The texts, unpacked at every call."""
        read, canonical, bare, features, times = zlib.decompress(self.packed).decode().split("\0", 4)
        return Texts(read, canonical, bare, features, times.encode("latin-1"))


def said_by(fact: Fact) -> tuple[str, ...]:
    """All texts of an entry, the answer last."""
    return (fact.question, *fact.askings, fact.answer)


class Features:
    """Canonical text → its characters, its pairs of characters and known words."""

    def __init__(self, words: Words) -> None:
        self._normalise = Normaliser(words)
        self._fillers = alternation(words.fillers)
        # One character is no word to rely on: 开 is in 公开 too.
        self._words = alternation(word for word in (*words.synonyms, *words.terms) if len(word) > 1)

    def of(self, text: str) -> frozenset[str]:
        """The features of raw text."""
        canonical = self._normalise(text)
        return self.of_canonical(canonical, self.bare(canonical))

    def reading(self, fact: Fact) -> Reading:
        """What the texts of an entry come to."""
        read = self._normalise.read_all(said_by(fact))
        *askings, answer = self._normalise.canonical("\n".join(read)).split("\n")
        canonical = tuple(dict.fromkeys(askings))
        bare = self.bare("\n".join(canonical))
        asked = Counter(chain.from_iterable({*map(self.of_canonical, canonical, bare.split("\n"))}))
        features = dict.fromkeys(asked) | dict.fromkeys(self.of_canonical(answer, self.bare(answer)))
        texts = Texts(
            "\n".join(read),
            "\n".join(canonical),
            bare,
            "\n".join(features),
            bytes([min(asked[feature], MOST_TIMES) for feature in features]),
        )
        characters = "".join([feature for feature in asked if len(feature) == 1])
        return Reading(asked_of(canonical), characters, texts.packed())

    def bare(self, canonical: str) -> str:
        """Canonical text without politeness, particles and the like."""
        return self._fillers.sub("", canonical) if self._fillers else canonical

    def says(self, sentence: str) -> bool:
        """Whether a canonical sentence says anything but thanks, urging and politeness."""
        return len(self.bare(sentence)) > 1

    def subjects(self, canonical: str) -> list[str]:
        """The known words of canonical text that ask for nothing: what it is about."""
        found = self._words.findall(canonical) if self._words else ()
        return [word for word in dict.fromkeys(found) if not asks(word)]

    def without_subjects(self, canonical: str) -> str:
        """Canonical text without its longer known words: what is asked, without of what."""
        if self._words is None:
            return canonical
        return self._words.sub(lambda m: "" if len(m[0]) >= SUBJECT and not asks(m[0]) else m[0], canonical)

    def of_canonical(self, canonical: str, bare: str) -> frozenset[str]:
        """The features of canonical text and of what is bare of it; words are told by a leading `#`."""
        found = {"#" + word for word in self._words.findall(canonical)} if self._words else set()
        for sentence in bare.split("|"):
            found.update(map(add, sentence, sentence[1:]))
            found.update(sentence)
        return frozenset(found)
