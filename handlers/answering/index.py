"""The inverted index: which entries a question is evidence for, and how strong the evidence is."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import log, sqrt

from handlers.answering.normalise import Normaliser, Replacer, alternation
from handlers.answering.shapes import Fact, Words

WORD_WEIGHT = 2.0
"""A known word says more than the pair of characters it happens to contain."""
CHARACTER_WEIGHT = 1.0
"""All that is left of a word said otherwise; rare characters say as much as pairs do."""
UNKNOWN_WEIGHT = 0.55
"""A pair of characters that no entry has: half noise, half a sign of another subject."""
POSTINGS_READ = 6000
"""Entries touched while looking for candidates, rarest evidence first: this bounds the time."""
CANDIDATES = 12
ASKINGS_COMPARED = 1500
ASKING_SHARE = 0.2
"""Share of the best single asking in the score; the rest is how much of the question is covered."""
HALF_TYPICAL = 1.0
"""Said in this many askings of an entry, a feature counts half as typical of it."""
ANSWER_WEIGHT = 0.6
"""What only the answer's text says counts less than what people ask."""

Favour = Callable[[Fact], float]
"""What an entry's score is multiplied by; 0 = it may not answer."""


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
        found: set[str] = set()
        if self._words:
            found.update("#" + word for word in self._words.findall(canonical))
        for sentence in self._drop(canonical).split("|"):
            found.update(sentence[i : i + 2] for i in range(len(sentence) - 1))
            found.update(sentence)
        return frozenset(found)


class Index:
    """Built once, read by every question; holds no text but the features' own."""

    def __init__(self, facts: Sequence[Fact], features: Features) -> None:
        self.facts = tuple(facts)
        asked = [[features.of(text) for text in (fact.question, *fact.askings)] for fact in facts]
        answers = [features.of(fact.answer) for fact in facts]
        self._number: dict[str, int] = {}
        spread: Counter[str] = Counter()
        for askings in asked:
            spread.update(frozenset().union(*askings))
        for answer in answers:
            spread.update(feature for feature in answer if feature not in spread)
        for feature in spread:
            self._number[feature] = len(self._number)
        self._weights = [self._weight(feature, count) for feature, count in spread.items()]
        self._unknown = log(1 + 2 * len(facts)) * UNKNOWN_WEIGHT
        self._postings: list[list[int]] = [[] for _ in self._weights]
        self._askings: list[list[tuple[float, frozenset[int]]]] = []
        self._said: list[frozenset[int]] = []
        for place, (askings, answer) in enumerate(zip(asked, answers, strict=True)):
            self._add(place, askings, answer)

    def _weight(self, feature: str, count: int) -> float:
        rarity = log(1 + len(self.facts) / count)
        if feature.startswith("#"):
            return rarity * WORD_WEIGHT
        return rarity * (CHARACTER_WEIGHT if len(feature) == 1 else 1.0)

    def _add(self, place: int, askings: Iterable[frozenset[str]], answer: frozenset[str]) -> None:
        numbered = [frozenset(self._number[feature] for feature in asking) for asking in askings if asking]
        union = {number for asking in numbered for number in asking}
        for number in union:
            self._postings[number].append(place)
        self._askings.append([(self._length(asking), asking) for asking in set(numbered)])
        self._said.append(frozenset(self._number[feature] for feature in answer) - union)

    def _length(self, numbers: Iterable[int]) -> float:
        return sqrt(sum(self._weights[number] ** 2 for number in numbers))

    def search(self, wanted: frozenset[str], *, favour: Favour) -> list[Match]:
        """The entries that fit best, best first; at most `CANDIDATES`."""
        known = {self._number[feature] for feature in wanted if feature in self._number}
        unknown = len(wanted) - len(known)
        weights = {number: self._weights[number] ** 2 for number in known}
        length = sqrt(sum(weights.values()) + unknown * self._unknown**2)
        if not length:
            return []
        budget = ASKINGS_COMPARED
        matches: list[Match] = []
        for place, favoured in self._candidates(weights, favour):
            budget -= len(self._askings[place])
            if budget < 0 and matches:
                break
            matches.append(self._compare(place, weights, length, favoured))
        return sorted(matches, key=lambda match: match.score, reverse=True)

    def _candidates(self, weights: dict[int, float], favour: Favour) -> list[tuple[int, float]]:
        """Places of the entries that share most with the question, and how each is favoured."""
        shared: dict[int, float] = {}
        read = 0
        for number in sorted(weights, key=lambda number: len(self._postings[number])):
            postings = self._postings[number]
            if read and read + len(postings) > POSTINGS_READ:
                break
            read += len(postings)
            weight = weights[number]
            for place in postings:
                shared[place] = shared.get(place, 0.0) + weight
        best = nlargest(CANDIDATES * 2, shared, key=shared.__getitem__)
        favoured = ((place, favour(self.facts[place])) for place in best)
        return [item for item in favoured if item[1]][:CANDIDATES]

    def _compare(self, place: int, weights: dict[int, float], length: float, favoured: float) -> Match:
        """How well one entry fits: its best asking, and what all of its askings cover together."""
        numbers = weights.keys()
        best = 0.0
        times: dict[int, int] = {}
        for asking_length, asking in self._askings[place]:
            mass = 0.0
            for number in numbers & asking:
                mass += weights[number]
                times[number] = times.get(number, 0) + 1
            best = max(best, mass / asking_length)
        asked = sum(weights[number] * n / (n + HALF_TYPICAL) for number, n in times.items())
        said = sum(weights[number] for number in numbers & self._said[place])
        coverage = (asked + ANSWER_WEIGHT * said) / length**2
        score = ASKING_SHARE * best / length + (1 - ASKING_SHARE) * coverage
        return Match(self.facts[place], score * favoured, best / length, coverage)
