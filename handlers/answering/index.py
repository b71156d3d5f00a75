"""The inverted index: which entries a question is evidence for, and how strong the evidence is."""

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from operator import add, mul

from handlers.answering.normalise import Normaliser, Replacer, alternation
from handlers.answering.shapes import Fact, Words

STEEPNESS = 1.5
"""How much more a rare feature says than a common one; 2 would leave the rarest to decide alone."""
WORD_WEIGHT = 2.5
"""A known word says more than the pair of characters it happens to contain."""
CHARACTER_WEIGHT = 1.0
"""All that is left of a word said otherwise; rare characters say as much as pairs do."""
UNKNOWN_WEIGHT = 0.55
"""A pair of characters that no entry has: half noise, half a sign of another subject."""
CANDIDATES = 6
"""Entries whose askings are compared one by one."""
LEAST_COVERED = 0.65
"""…out of those that cover at least this share of what the best one covers."""
UNIT = 16
"""Evidence is summed in whole numbers of this fraction: quick, and alike in every process."""
COMMON = 128
"""A feature that one entry in so many has keeps a lane for every entry."""
LANE_BITS = 16
LANE_BYTES = LANE_BITS // 8
TOP_BIT = 1 << LANE_BITS - 1
"""Kept free in every lane: it tells which lanes reach a mark."""
TOP_BYTE = b"\x80"
STEPS = 7
"""Halvings on the way to the best entry's mark."""
ASKING_SHARE = 0.2
"""Share of the best single asking in the score; the rest is how much of the question is covered."""
HALF_TYPICAL = 1.0
"""Said in this many askings of an entry, a feature counts half as typical of it."""
ANSWER_WEIGHT = 0.6
"""What only the answer's text says counts less than what people ask."""

MOST_ASKINGS = 64
"""Askings of an entry that are told apart; should there be more, two of them share a lane."""

Favour = Callable[[Fact], float]
"""What an entry's score is multiplied by; 0 = it may not answer."""
Known = Sequence[tuple[int, int]]
"""A question's features that entries have too, and what each says in `UNIT`s."""


@dataclass(frozen=True, slots=True)
class Match:
    """One entry's evidence: `score` in 0..1, made of its best `asking` and its `coverage`."""

    fact: Fact
    score: float
    asking: float
    coverage: float


class Features:
    """Canonical text → its pairs of characters and known words."""

    def __init__(self, words: Words) -> None:
        self._normalise = Normaliser(words)
        self._drop = Replacer(dict.fromkeys(words.fillers, ""))
        # One character is no word to rely on: 开 is in 公开 too.
        self._words = alternation(word for word in (*words.synonyms, *words.terms) if len(word) > 1)

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


class Index:
    """Built once, read by every question; holds no text but the features' own.

    What every entry covers of a question is summed for all of them at once: a common feature is one
    long integer with a lane for each entry, so that one addition serves them all; a rare one is the
    few entries that have it. Only the best are then compared asking by asking.
    """

    def __init__(self, facts: Sequence[Fact], features: Features) -> None:
        self.facts = tuple(facts)
        self._number: dict[str, int] = {}
        alike: dict[int, int] = {}
        self._entries = [self._numbered(fact, features, alike) for fact in facts]
        self._masses = self._measured()
        self._common: dict[int, int] = {}
        self._rare: dict[int, tuple[array[int], array[int]]] = {}
        self._post()
        self._ones = packed(array("H", [1]) * len(self.facts))
        self._shortness = [self._shorten(entry) for entry in self._entries]
        self._unknown = int((log(1 + 2 * len(facts)) * UNKNOWN_WEIGHT) ** STEEPNESS * UNIT)

    def _numbered(self, fact: Fact, features: Features, alike: dict[int, int]) -> dict[int, int]:
        """An entry's features, each with a lane for every asking: 1 where the asking has it."""
        number = self._number
        entry: dict[int, int] = {}
        askings = dict.fromkeys(features.of(text) for text in (fact.question, *fact.askings))
        for at, asking in enumerate(askings):
            lane = 1 << at % MOST_ASKINGS * LANE_BITS
            for feature in sorted(asking):
                known = number.setdefault(feature, len(number))
                entry[known] = entry.get(known, 0) | lane
        for feature in sorted(features.of(fact.answer)):
            entry.setdefault(number.setdefault(feature, len(number)), 0)
        # Most features are said in the same few askings: one value stands for all that are alike.
        return {known: alike.setdefault(said, said) for known, said in entry.items()}

    def _measured(self) -> "array[int]":
        """What each feature says: the fewer entries' askings have it, the more."""
        spread = [0] * len(self._number)
        for entry in self._entries:
            for number, said in entry.items():
                spread[number] += bool(said)
        return array("I", map(self._mass, self._number, spread))

    def _mass(self, feature: str, count: int) -> int:
        rarity = log(1 + len(self.facts) / (count or 1))
        kind = WORD_WEIGHT if feature[0] == "#" else CHARACTER_WEIGHT if len(feature) == 1 else 1.0
        return int((rarity * kind) ** STEEPNESS * UNIT)

    def _post(self) -> None:
        """For each feature the places of the entries that have it, and what it covers there."""
        posted = [(array("I"), array("H")) for _ in self._number]
        for place, entry in enumerate(self._entries):
            for number, said in entry.items():
                times = said.bit_count()
                typical = times / (times + HALF_TYPICAL) if times else ANSWER_WEIGHT
                places, covers = posted[number]
                places.append(place)
                covers.append(int(self._masses[number] * typical))
        for number, (places, covers) in enumerate(posted):
            if len(places) * COMMON < len(self.facts):
                self._rare[number] = places, covers
            else:
                lanes = array("H", [0]) * len(self.facts)
                for place, cover in zip(places, covers, strict=True):
                    lanes[place] = cover
                self._common[number] = packed(lanes)

    def _shorten(self, entry: Mapping[int, int]) -> "array[float]":
        """One by the length of each asking of an entry, where it is a vector of its features."""
        count = -(-max((said.bit_length() for said in entry.values()), default=0) // LANE_BITS)
        masses = unpacked(self._asked(entry, ((number, self._masses[number]) for number in entry)), count)
        return array("d", (1 / sqrt(mass or UNIT) for mass in masses))

    @staticmethod
    def _asked(entry: Mapping[int, int], known: Iterable[tuple[int, int]]) -> int:
        """What each of an entry's askings shares with the question: a lane for each."""
        total, said_in = 0, entry.get
        for number, says in known:
            if said := said_in(number):
                total += said * says
        return total

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
        matches = [self._compare(place, covers, known, whole, favoured) for place, covers, favoured in found]
        return sorted(matches, key=lambda match: match.score, reverse=True)

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
                if len(found) == CANDIDATES:
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

    def _compare(self, place: int, covers: int, known: Known, whole: int, favoured: float) -> Match:
        """How well one entry fits: its best asking, and what all of its askings cover together."""
        shortness = self._shortness[place]
        shared = unpacked(self._asked(self._entries[place], known), len(shortness))
        asking = max(map(mul, shared, shortness), default=0.0) / sqrt(whole)
        coverage = covers / whole
        score = ASKING_SHARE * asking + (1 - ASKING_SHARE) * coverage
        return Match(self.facts[place], score * favoured, asking, coverage)
