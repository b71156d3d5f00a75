"""The inverted index: which entries a question is evidence for, and how strong the evidence is."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
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
POSTINGS_READ = 6000
"""Entries touched while looking for candidates, rarest evidence first: this bounds the time."""
LEFT_UNREAD = 0.1
"""Share of the evidence, the commonest, that isn't looked at to find candidates: half of the time."""
CANDIDATES = 16
ASKING_SHARE = 0.2
"""Share of the best single asking in the score; the rest is how much of the question is covered."""
HALF_TYPICAL = 1.0
"""Said in this many askings of an entry, a feature counts half as typical of it."""
ANSWER_WEIGHT = 0.6
"""What only the answer's text says counts less than what people ask."""

ASKING = tuple(bytes((at,)) for at in range(256))
"""An asking's name among those of its entry; should there be more, two of them go by one name."""

Favour = Callable[[Fact], float]
"""What an entry's score is multiplied by; 0 = it may not answer."""
Known = Sequence[tuple[int, float]]
"""A question's features that entries have too, and what each says."""


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


class Index:
    """Built once, read by every question; holds no text but the features' own.

    Each entry is kept as its features, each with the askings that have it (one byte an asking); a
    feature that only its answer has is said in none.
    """

    def __init__(self, facts: Sequence[Fact], features: Features) -> None:
        self.facts = tuple(facts)
        self._number: dict[str, int] = {}
        alike: dict[bytes, bytes] = {}
        self._entries = [self._numbered(fact, features, alike) for fact in facts]
        self._postings = self._posted()
        self._masses = array("d", map(self._mass, self._number, map(len, self._postings)))
        self._shortness = [self._measured(entry) for entry in self._entries]
        self._unknown = float((log(1 + 2 * len(facts)) * UNKNOWN_WEIGHT) ** STEEPNESS)

    def _numbered(self, fact: Fact, features: Features, alike: dict[bytes, bytes]) -> dict[int, bytes]:
        number = self._number
        entry: dict[int, bytes] = {}
        askings = dict.fromkeys(features.of(text) for text in (fact.question, *fact.askings))
        for at, asking in enumerate(askings):
            this = ASKING[at % len(ASKING)]
            for feature in sorted(asking):
                known = number.setdefault(feature, len(number))
                entry[known] = entry.get(known, b"") + this
        for feature in sorted(features.of(fact.answer)):
            entry.setdefault(number.setdefault(feature, len(number)), b"")
        # Most features are said in the same few askings: one value stands for all that are alike.
        return {known: alike.setdefault(said, said) for known, said in entry.items()}

    def _posted(self) -> "list[array[int]]":
        """For each feature the places of the entries whose askings have it."""
        postings = [array("I") for _ in self._number]
        for place, entry in enumerate(self._entries):
            for number, askings in entry.items():
                if askings:
                    postings[number].append(place)
        return postings

    def _mass(self, feature: str, count: int) -> float:
        """What a feature says that so many entries' askings have."""
        rarity = log(1 + len(self.facts) / (count or 1))
        kind = WORD_WEIGHT if feature[0] == "#" else CHARACTER_WEIGHT if len(feature) == 1 else 1.0
        return float((rarity * kind) ** STEEPNESS)

    def _measured(self, entry: Mapping[int, bytes]) -> "array[float]":
        """One by the length of each asking of an entry, where it is a vector of its features."""
        masses = [0.0] * (1 + max(map(max, filter(None, entry.values())), default=-1))
        for number, askings in entry.items():
            for at in askings:
                masses[at] += self._masses[number]
        return array("d", (1 / sqrt(mass or 1.0) for mass in masses))

    def search(self, wanted: frozenset[str], *, favour: Favour) -> list[Match]:
        """The entries that fit best, best first; at most `CANDIDATES`."""
        # Features are numbered and summed in the same order by every process: floats depend on it.
        numbers = sorted(self._number[feature] for feature in wanted if feature in self._number)
        known = [(number, self._masses[number]) for number in numbers]
        mass = sum(says for _, says in known) + (len(wanted) - len(known)) * self._unknown
        if not mass:
            return []
        candidates = self._candidates(known, favour)
        matches = [self._compare(place, known, mass, favoured) for place, favoured in candidates]
        return sorted(matches, key=lambda match: match.score, reverse=True)

    def _candidates(self, known: Known, favour: Favour) -> list[tuple[int, float]]:
        """Places of the entries that share most with the question, and how each is favoured."""
        shared = [0.0] * len(self.facts)
        read = 0
        left = sum(says for _, says in known)
        enough = left * LEFT_UNREAD
        for number, says in sorted(known, key=lambda item: len(self._postings[item[0]])):
            postings = self._postings[number]
            read += len(postings)
            if left < enough or (read > POSTINGS_READ and read > len(postings)):
                break
            left -= says
            for place in postings:
                shared[place] += says
        best = nlargest(CANDIDATES * 2, range(len(shared)), key=shared.__getitem__)
        favoured = ((place, favour(self.facts[place])) for place in best if shared[place])
        return [item for item in favoured if item[1]][:CANDIDATES]

    def _compare(self, place: int, known: Known, mass: float, favoured: float) -> Match:
        """How well one entry fits: its best asking, and what all of its askings cover together."""
        entry, shortness = self._entries[place], self._shortness[place]
        masses = [0.0] * len(shortness)
        covered = 0.0
        for number, says in known:
            askings = entry.get(number)
            if askings:
                times = len(askings)
                covered += says * times / (times + HALF_TYPICAL)
                for at in askings:
                    masses[at] += says
            elif askings is not None:
                covered += says * ANSWER_WEIGHT
        asking = max(map(mul, masses, shortness), default=0.0) / sqrt(mass)
        coverage = covered / mass
        score = ASKING_SHARE * asking + (1 - ASKING_SHARE) * coverage
        return Match(self.facts[place], score * favoured, asking, coverage)
