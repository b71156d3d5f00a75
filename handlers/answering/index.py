"""The inverted index: which entries a question is evidence for, and how strong the evidence is."""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log, log1p, sqrt
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from handlers.answering.features import MOST_TIMES, SUBJECT, Reading
from handlers.answering.shapes import Fact

STEEPNESS = 0.75
"""How much more a rare feature says than a common one; 2 would leave the rarest to decide alone."""
WORD_WEIGHT = 2.5
"""A known word says more than the pair of characters it happens to contain."""
CHARACTER_WEIGHT = 1.6
"""All that is left of a word said otherwise."""
UNKNOWN_WEIGHT = 0.55
"""A pair of characters that no entry has: half noise, half a sign of another subject."""
STRANGE_CHARACTER = 2
"""A character that no entry has tells of another subject, as much as so many such pairs."""
TYPICAL = 16
"""Said in this many askings of an entry, a feature counts in full."""
MOST_ASKINGS = 0.5
"""Said in this share of an entry's askings, a feature is one that a question for it should have."""
ANSWER_WEIGHT = 0.24
"""What only the answer's text says counts less than what people ask."""
CANDIDATES = 6
LEAST_COVERED = 0.6
"""Entries that cover less than this share of what the best one covers aren't looked at."""
UNIT = 64
"""Evidence is summed in whole numbers of this fraction: quick, and alike in every process."""
COMMON = 64
"""A feature that one entry in so many has keeps a lane for every entry."""
LANE_BITS = 16
LANE_BYTES = LANE_BITS // 8
UPPER_BYTE = 1 if sys.byteorder == "little" else 0
LARGEST_COVER = (1 << LANE_BITS) - 1
TIMES_BITS = 8
POSTED = "I"
POSTED_BYTES = array(POSTED).itemsize
TOP_BIT = 1 << LANE_BITS - 1
"""No lane reaches it: a sum never flows over into the next lane."""
SEVERAL = -1
"""In place of the entry of an asking that several have."""
UNSAID = -2
"""In place of the entry of what no asking says."""
REST_BITS = 52
FIRST_BITS = range(-(1 << 63 - REST_BITS), (1 << 63 - REST_BITS) + 1)
"""What hashes begin with, and the end."""

Favour = Callable[[int], float]
"""What the score of the entry at a place is multiplied by; 0 = it may not answer."""
Kept: TypeAlias = "int | array[int]"
"""A feature: what it covers of a question in each of its entries, in `UNIT`s, and what it says in all.

Of many entries it is a lane for every entry and one more, of few each one's place and what it covers there.
What it says in all stands in the place behind the last entry: so it is added up with the rest.
"""
Posted = int | bytes
"""The entries that have a feature, each as a place and in how many askings it is said: one as a number,
several as the bytes of an array of such. Most features are of one entry."""


class Match(NamedTuple):
    """One entry's evidence: its place, the entry, and how much of the question it covers, as favoured.

    For the fitting kind of unit the score may exceed 1. The rest is told of the first match only:
    `coverage` is the share of the question that it covers, 0..1, `missing` the share of what most of its
    askings say that the question lacks, `asked` what it is asked for, and `strange` the share of the
    question's characters, by what they say, that no asking of it has.
    """

    place: int
    fact: Fact
    score: float
    coverage: float = 0.0
    missing: float = 0.0
    asked: frozenset[str] = frozenset()
    strange: float = 0.0


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


def places_of(upper: bytes, value: int) -> list[int]:
    """The places of the bytes of this value."""
    places = []
    place = upper.find(value)
    while place >= 0:
        places.append(place)
        place = upper.find(value, place + 1)
    return places


def best(lanes: "array[int]", most: int) -> Iterator[int]:
    """The places of the entries that cover most, the best first, those alike in their order.

    `most` is what none covers more than. The upper halves of the lanes tell nearly all: from the
    largest down they are looked for, and few of them are looked at.
    """
    upper = lanes.tobytes()[UPPER_BYTE::LANE_BYTES]
    find = upper.find
    value = most >> 8
    while value >= 0 and find(value) < 0:
        value -= 1
    if value < 0:
        return
    places = places_of(upper, value)
    places.sort(key=lanes.__getitem__, reverse=True)
    least = max(int(lanes[places[0]] * LEAST_COVERED), 1)
    while True:
        for place in places:
            if lanes[place] < least:
                return
            yield place
        value -= 1
        if value < least >> 8:
            return
        places = places_of(upper, value)
        if len(places) > 1:
            places.sort(key=lanes.__getitem__, reverse=True)


def strongest(found: Iterable[Kept], says: Callable[[Kept], int]) -> list[Kept]:
    """As much of a very long question as a lane has room for, the rarest evidence first."""
    room = TOP_BIT
    kept: list[Kept] = []
    for feature in sorted(found, key=lambda one: (isinstance(one, int), -says(one))):
        if says(feature) < room:
            room -= says(feature)
            kept.append(feature)
    return kept


def as_bytes(posted: Posted) -> bytes:
    """Entries as the bytes of an array of `POSTED`."""
    return posted.to_bytes(POSTED_BYTES, sys.byteorder) if isinstance(posted, int) else posted


def typical(times: int) -> float:
    """How typical a feature is of an entry that says it in so many askings, 0..1."""
    return min(sqrt(log1p(times) / log1p(TYPICAL)), 1.0) if times else ANSWER_WEIGHT


TYPICAL_OF = tuple(typical(times) for times in range(MOST_TIMES + 1))


class Said:
    """Which entry has an asking, by the asking's hash: the texts would take twenty times the room.

    Of 64 bits, that of another text is among so few thousand about once in 10¹⁵ questions.
    """

    def __init__(self, readings: Sequence[Reading]) -> None:
        said: dict[int, int] = {}
        in_full: dict[int, tuple[int, int]] = {}
        for place, reading in enumerate(readings):
            texts = reading.texts
            bares = dict(zip(texts.canonical.split("\n"), texts.bare.split("\n"), strict=True))
            # What is left of some just names a subject, as of 换届是不是必须的: those count in full.
            told = (text if len(bare) <= SUBJECT else bare for text, bare in bares.items())
            for key in map(hash, dict.fromkeys(told)):
                # Two entries that are asked for in the same words: evidence has to tell them apart…
                said[key] = SEVERAL if key in said else place
            for text, bare in bares.items():
                key = hash(text)
                in_full[key] = hash(bare), SEVERAL if key in in_full else place
        # …unless what is left out of one of them does: 老师 may be spoken to, or of.
        said.update({key: place for key, (bare, place) in in_full.items() if said.get(bare) == SEVERAL})
        self._keys = array("q", sorted(said))
        self._places = array("i", map(said.__getitem__, self._keys))
        # Where the hashes of each first few bits begin: few are looked at then, and they stand together.
        self._begin = array("i", [bisect_left(self._keys, first << REST_BITS) for first in FIRST_BITS])

    def place(self, text: str) -> int:
        """The place of the one entry with this asking; `SEVERAL` if more than one has it, or `UNSAID`."""
        key = hash(text)
        first = (key >> REST_BITS) - FIRST_BITS.start
        end = self._begin[first + 1]
        at = bisect_left(self._keys, key, self._begin[first], end)
        return self._places[at] if at < end and self._keys[at] == key else UNSAID


class Index:
    """Built once, read by every question; holds no text but the features' own and the canonical askings.

    What every entry covers of a question is summed for all of them at once: a common feature is one
    long integer with a lane for each entry, so that one addition serves them all; a rare one is the
    few entries that have it.
    """

    def __init__(
        self, facts: Sequence[Fact], readings: Iterable[Reading], strings: Iterable[str] = ()
    ) -> None:
        """`readings` are those of the entries, in their order; `strings` are in memory anyway: used again."""
        self.facts = tuple(facts)
        self.readings = tuple(readings)
        self._said = Said(self.readings)
        self._last = LANE_BITS * len(facts)
        """Where the last lane begins, which tells what a feature says in all."""
        self._kept: dict[str, Kept] = {}
        """What was asked for already; most features never are."""
        self._posted = self._post(strings)
        typical = [self._typical_of(reading) for reading in self.readings]
        self._typical = [(sum(says.values()), tuple(says.items())) for says in typical]
        self._unknown = int(log(1 + 2 * len(facts)) ** STEEPNESS * UNKNOWN_WEIGHT * UNIT)

    def _typical_of(self, reading: Reading) -> dict[str, int]:
        """What is typical of an entry, with what it says."""
        texts = reading.texts
        askings = texts.read.count("\n")
        return {
            feature: self._says(feature) * times // askings
            for feature, times in texts.typical(MOST_ASKINGS).items()
        }

    def _post(self, strings: Iterable[str]) -> dict[str, Posted]:
        """For each feature the entries that have it."""
        same = {string: string for string in strings}
        posted: dict[str, Posted] = {}
        for place, reading in enumerate(self.readings):
            first = place << TIMES_BITS
            texts = reading.texts
            ones = {times: first | times for times in set(texts.times)}
            for feature, times in texts.counted():
                before = posted.get(feature)
                if before is None:
                    posted[same.get(feature, feature)] = ones[times]
                else:
                    posted[feature] = as_bytes(before) + as_bytes(ones[times])
        return posted

    def _says(self, feature: str) -> int:
        if feature not in self._kept:
            self._keep(feature)
        return self._in_all(self._kept[feature])

    def _in_all(self, kept: Kept) -> int:
        """What a feature says in all."""
        return kept >> self._last if isinstance(kept, int) else kept[0] & LARGEST_COVER

    def _mass(self, feature: str, spread: int) -> int:
        """What a feature says that so many entries' askings have: the fewer, the more."""
        kind = WORD_WEIGHT if feature[0] == "#" else CHARACTER_WEIGHT if len(feature) == 1 else 1.0
        return int(log(1 + len(self.facts) / (spread or 1)) ** STEEPNESS * kind * UNIT)

    def _keep(self, feature: str) -> None:
        """Note what a feature says, and what it covers of the question in each of its entries."""
        posted = array(POSTED, as_bytes(self._posted.pop(feature)))
        mass = self._mass(feature, len([one for one in posted if one & MOST_TIMES]))
        covers = [(len(self.facts), mass)]
        covers += [(one >> TIMES_BITS, int(mass * TYPICAL_OF[one & MOST_TIMES])) for one in posted]
        if len(posted) * COMMON < len(self.facts):
            self._kept[feature] = array("I", [place << LANE_BITS | cover for place, cover in covers])
            return
        lanes = array("H", bytes(LANE_BYTES * (len(self.facts) + 1)))
        for place, cover in covers:
            lanes[place] = cover
        self._kept[feature] = packed(lanes)

    def said(self, canonical: str, bare: str) -> int | None:
        """The place of the one entry that has this very asking, but for particles and the like."""
        place = self._said.place(canonical)
        if place == UNSAID:
            place = self._said.place(bare)
        return None if place < 0 else place

    def search(self, wanted: frozenset[str], *, favour: Favour) -> list[Match]:
        """The entries that fit best, best first; at most `CANDIDATES`."""
        known = self._known(wanted)
        mass, lanes = self._covered(known)
        if mass >= TOP_BIT:
            known = strongest(known, self._in_all)
            mass, lanes = self._covered(known)
        if not mass:
            return []
        whole = mass + (len(wanted) - len(known)) * self._unknown
        found: list[tuple[float, int]] = []
        for place in best(lanes, mass):
            if favoured := favour(place):
                found.append((lanes[place] / whole * favoured, place))
                if len(found) == 2 * CANDIDATES:
                    break
        if not found:
            return []
        found.sort(key=itemgetter(0), reverse=True)
        facts = self.facts
        score, first = found[0]
        return [
            Match(
                first,
                facts[first],
                score,
                lanes[first] / whole,
                self._missing(wanted, first),
                self.readings[first].asked,
                self._strange(wanted, first),
            ),
            *[Match(place, facts[place], score) for score, place in found[1:CANDIDATES]],
        ]

    def _missing(self, wanted: frozenset[str], place: int) -> float:
        """The share of what is typical of an entry that a question lacks, 0..1."""
        whole, typical = self._typical[place]
        return sum([says for feature, says in typical if feature not in wanted]) / (whole or 1)

    def _known(self, wanted: frozenset[str]) -> list[Kept]:
        """What is known of the features; of those asked for the first time it is noted."""
        kept = self._kept
        known = [one for one in map(kept.get, wanted) if one]
        if len(known) < len(wanted):
            for feature in wanted:
                if feature not in kept and feature in self._posted:
                    self._keep(feature)
                    known.append(kept[feature])
        return known

    def _strange(self, wanted: frozenset[str], place: int) -> float:
        """The share of the question's characters, by what they say, that no asking of an entry has."""
        said = self.readings[place].characters
        whole = strange = 0
        for feature in wanted:
            if len(feature) == 1:
                kept = self._kept.get(feature)
                says = self._in_all(kept) if kept else self._unknown * STRANGE_CHARACTER
                whole += says
                if feature not in said:
                    strange += says
        return strange / (whole or 1)

    def _covered(self, known: Sequence[Kept]) -> tuple[int, "array[int]"]:
        """What features say in all, and what each entry covers of it (nothing if that is too much to add)."""
        mass = total = 0
        few = array("I")
        for covers in known:
            if isinstance(covers, int):
                total += covers
            else:
                few += covers
                mass += covers[0] & LARGEST_COVER
        mass += total >> self._last
        if mass >= TOP_BIT:
            return mass, array("H")
        lanes = unpacked(total, len(self.facts) + 1)
        for one in few:
            lanes[one >> LANE_BITS] += one & LARGEST_COVER
        lanes.pop()
        return mass, lanes
