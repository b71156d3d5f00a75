"""The inverted index: which entries a question is evidence for, and how strong the evidence is."""

import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log, log1p, sqrt
from operator import add

from handlers.answering.normalise import Normaliser, Replacer, alternation
from handlers.answering.shapes import Fact, Words

STEEPNESS = 0.75
"""How much more a rare feature says than a common one; 2 would leave the rarest to decide alone."""
WORD_WEIGHT = 2.5
"""A known word says more than the pair of characters it happens to contain."""
CHARACTER_WEIGHT = 1.6
"""All that is left of a word said otherwise."""
UNKNOWN_WEIGHT = 0.55
"""A pair of characters that no entry has: half noise, half a sign of another subject."""
TYPICAL = 16
"""Said in this many askings of an entry, a feature counts in full."""
ANSWER_WEIGHT = 0.24
"""What only the answer's text says counts less than what people ask."""
CANDIDATES = 6
LEAST_COVERED = 0.5
"""Entries that cover less than this share of what the best one covers aren't looked at."""
UNIT = 16
"""Evidence is summed in whole numbers of this fraction: quick, and alike in every process."""
COMMON = 128
"""A feature that one entry in so many has keeps a lane for every entry."""
LANE_BITS = 16
LANE_BYTES = LANE_BITS // 8
TOP_BIT = 1 << LANE_BITS - 1
"""Kept free in every lane: it tells which lanes reach a mark."""
TOP_BYTE = b"\x80"
SEVERAL = -1
"""In place of the entry of an asking that several have."""
STEPS = 7
"""Halvings on the way to the best entry's mark."""

Favour = Callable[[Fact], float]
"""What an entry's score is multiplied by; 0 = it may not answer."""
Known = Sequence[tuple[int, int]]
"""A question's features that entries have too, and what each says in `UNIT`s."""


@dataclass(frozen=True, slots=True)
class Match:
    """One entry's evidence: `coverage` is the share of the question that it covers, 0..1.

    `score` is the coverage as favoured: for the fitting kind of unit it may exceed 1.
    """

    fact: Fact
    score: float
    coverage: float


class Features:
    """Canonical text → its characters, its pairs of characters and known words."""

    def __init__(self, words: Words) -> None:
        self._normalise = Normaliser(words)
        self._drop = Replacer(dict.fromkeys(words.fillers, ""))
        # One character is no word to rely on: 开 is in 公开 too.
        self._words = alternation(word for word in (*words.synonyms, *words.terms) if len(word) > 1)

    def canonical(self, text: str) -> str:
        """The text under the one name of every known word."""
        return self._normalise(text)

    def of(self, text: str) -> frozenset[str]:
        """The features of raw text."""
        return self.of_canonical(self._normalise(text))

    def of_canonical(self, canonical: str) -> frozenset[str]:
        """The features of canonical text; words are told from pairs by a leading `#`."""
        found = {"#" + word for word in self._words.findall(canonical)} if self._words else set()
        for sentence in self._drop(canonical).split("|"):
            found.update(map(add, sentence, sentence[1:]))
            found.update(sentence)
        return frozenset(found)


def packed(lanes: "array[int]") -> int:
    """Lanes as one long integer: adding two of them adds every lane."""
    if sys.byteorder == "big":
        lanes.byteswap()
    return int.from_bytes(lanes.tobytes(), "little")


def unpacked(total: int, count: int) -> "array[int]":
    """The lanes of a long integer."""
    lanes = array("H", total.to_bytes(count * LANE_BYTES, "little"))
    if sys.byteorder == "big":
        lanes.byteswap()
    return lanes


def strongest(known: Known) -> tuple[Known, int]:
    """As much of a very long question as a lane has room for, the strongest evidence first."""
    kept, mass = [], 0
    for number, says in sorted(known, key=lambda item: (-item[1], item[0])):
        if mass + says >= TOP_BIT:
            break
        kept.append((number, says))
        mass += says
    return kept, mass


def places_of(reached: int) -> Iterator[int]:
    """The lanes whose top bit is set."""
    lanes = reached.to_bytes((reached.bit_length() + 7) // 8, "little")
    at = lanes.find(TOP_BYTE)
    while at >= 0:
        yield at // LANE_BYTES
        at = lanes.find(TOP_BYTE, at + 1)


def typical(times: int) -> float:
    """How typical a feature is of an entry that says it in so many askings, 0..1."""
    return min(sqrt(log1p(times) / log1p(TYPICAL)), 1.0) if times else ANSWER_WEIGHT


class Index:
    """Built once, read by every question; holds no text but the features' own and the canonical askings.

    What every entry covers of a question is summed for all of them at once: a common feature is one
    long integer with a lane for each entry, so that one addition serves them all; a rare one is the
    few entries that have it.
    """

    def __init__(self, facts: Sequence[Fact], features: Features) -> None:
        self.facts = tuple(facts)
        self._number: dict[str, int] = {}
        self._said: dict[str, int] = {}
        posted = self._posted(features)
        self._masses = array("I", map(self._mass, self._number, posted))
        self._common: dict[int, int] = {}
        self._rare: dict[int, tuple[array[int], array[int]]] = {}
        for number, places in enumerate(posted):
            self._keep(number, places)
        self._ones = packed(array("H", [1]) * len(self.facts))
        self._unknown = int(log(1 + 2 * len(facts)) ** STEEPNESS * UNKNOWN_WEIGHT * UNIT)

    def _posted(self, features: Features) -> list[dict[int, int]]:
        """For each feature the places of the entries that have it, and in how many askings each says it."""
        posted: list[dict[int, int]] = []
        for place, fact in enumerate(self.facts):
            said: Counter[str] = Counter()
            canonical = dict.fromkeys(map(features.canonical, (fact.question, *fact.askings)))
            for text in canonical:
                # Two entries that are asked for in the same words: evidence has to tell them apart.
                self._said[text] = SEVERAL if text in self._said else place
            for asking in dict.fromkeys(map(features.of_canonical, canonical)):
                said.update(asking)
            for feature in features.of(fact.answer):
                said.setdefault(feature, 0)
            # In one order in every process: sets of strings have another in each.
            for feature in sorted(said):
                number = self._number.setdefault(feature, len(self._number))
                if number == len(posted):
                    posted.append({})
                posted[number][place] = said[feature]
        return posted

    def _mass(self, feature: str, places: dict[int, int]) -> int:
        """What a feature says: the fewer entries' askings have it, the more."""
        spread = sum(map(bool, places.values())) or 1
        kind = WORD_WEIGHT if feature[0] == "#" else CHARACTER_WEIGHT if len(feature) == 1 else 1.0
        return int(log(1 + len(self.facts) / spread) ** STEEPNESS * kind * UNIT)

    def _keep(self, number: int, places: dict[int, int]) -> None:
        """Note what a feature covers of the question in each of its entries."""
        mass = self._masses[number]
        covers = array("H", (int(mass * typical(times)) for times in places.values()))
        if len(places) * COMMON < len(self.facts):
            self._rare[number] = array("I", places), covers
            return
        lanes = array("H", bytes(LANE_BYTES * len(self.facts)))
        for place, cover in zip(places, covers, strict=True):
            lanes[place] = cover
        self._common[number] = packed(lanes)

    def said(self, canonical: str) -> Fact | None:
        """The entry that has this very asking, if just one has."""
        place = self._said.get(canonical, SEVERAL)
        return None if place == SEVERAL else self.facts[place]

    def search(self, wanted: frozenset[str], *, favour: Favour) -> list[Match]:
        """The entries that fit best, best first; at most `CANDIDATES`."""
        number, masses = self._number, self._masses
        known: Known = [(at, masses[at]) for at in map(number.get, wanted) if at is not None]
        mass = sum(says for _, says in known)
        if mass >= TOP_BIT:
            known, mass = strongest(known)
        whole = mass + (len(wanted) - len(known)) * self._unknown
        if not mass:
            return []
        found = self._candidates(known, mass, favour)
        matches = [
            Match(self.facts[place], covers / whole * favoured, covers / whole)
            for place, covers, favoured in found
        ]
        return sorted(matches, key=lambda match: match.score, reverse=True)[:CANDIDATES]

    def _candidates(self, known: Known, mass: int, favour: Favour) -> list[tuple[int, int, float]]:
        """The places of entries that cover most of the question, what they cover, how each is favoured."""
        total = self._covered(known)
        ones = self._ones
        tops = ones * TOP_BIT
        # A lane reaches a mark when adding what lacks to the top bit sets that bit.
        low, high = 1, mass + 1
        for _ in range(STEPS):
            middle = (low + high) // 2
            if (total + ones * (TOP_BIT - middle)) & tops:
                low = middle
            else:
                high = middle
        reached = (total + ones * (TOP_BIT - max(int(low * LEAST_COVERED), 1))) & tops
        lanes = unpacked(total, len(self.facts))
        best = sorted((-lanes[place], place) for place in places_of(reached))
        found: list[tuple[int, int, float]] = []
        for less, place in best:
            if favoured := favour(self.facts[place]):
                found.append((place, -less, favoured))
                if len(found) == 2 * CANDIDATES:
                    break
        return found

    def _covered(self, known: Known) -> int:
        """What each entry covers of the question: a lane for each."""
        total, lanes = 0, None
        common, rare = self._common, self._rare
        for number, _ in known:
            if number in common:
                total += common[number]
            else:
                if lanes is None:
                    lanes = array("H", bytes(LANE_BYTES * len(self.facts)))
                for place, covers in zip(*rare[number], strict=True):
                    lanes[place] += covers
        return total if lanes is None else total + packed(lanes)
