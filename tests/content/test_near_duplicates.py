"""No two entries answer the same question: they would take each other's questions away."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations
from math import log, sqrt

from handlers.answering.features import Features
from handlers.knowledge import WrittenEntry, read_topics, read_words

STRANGERS, RELATED = 0.52, 0.75
"""How alike two entries may be, 0..1, that don't name each other, and that do."""
LEAST_SHARE = 0.08
"""What fewer of an entry's askings say isn't typical of it."""
MOST_HOLDERS = 80
"""What more entries have says little about any two of them, and would take long."""

ENTRIES = {
    entry.code: entry for topic in read_topics() for entry in topic.entries if not entry.in_force_until
}
FEATURES = Features(read_words())
Pair = tuple[str, str]


def typical(texts: Collection[str]) -> dict[str, float]:
    """The words and pairs of characters that texts share, each with its share."""
    counts = Counter(feature for text in texts for feature in FEATURES.of(text) if len(feature) > 1)
    return {feature: n / len(texts) for feature, n in counts.items() if n >= len(texts) * LEAST_SHARE}


def likeness(texts: Mapping[str, Collection[str]]) -> dict[Pair, float]:
    """The cosine of every two entries' weighted features."""
    shares = {code: typical(found) for code, found in texts.items()}
    spread = Counter(feature for found in shares.values() for feature in found)
    holders: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for code, found in shares.items():
        weights = {feature: share * log(len(texts) / spread[feature]) for feature, share in found.items()}
        length = sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        for feature, weight in weights.items():
            holders[feature].append((code, weight / length))
    alike: dict[Pair, float] = defaultdict(float)
    for some in holders.values():
        if len(some) <= MOST_HOLDERS:
            for (one, weight), (other, other_weight) in combinations(some, 2):
                alike[one, other] += weight * other_weight
    return alike


def near_duplicates(entries: Iterable[WrittenEntry]) -> list[tuple[float, str, str]]:
    """Pairs that are too alike in what they are asked and what they say, the most alike first."""
    known = {entry.code: entry for entry in entries}
    asked = likeness({code: (entry.question, *entry.askings) for code, entry in known.items()})
    said = likeness({code: (entry.answer,) for code, entry in known.items()})
    found = []
    for (one, other), much in asked.items():
        first, second = known[one], known[other]
        apart = first.scope and second.scope and not set(first.scope) & set(second.scope)
        limit = RELATED if other in first.related or one in second.related else STRANGERS
        alike = (much + said.get((one, other), 0.0)) / 2
        if alike > limit and not apart:
            found.append((round(alike, 2), one, other))
    return sorted(found, reverse=True)


def test_no_two_entries_answer_the_same_question() -> None:
    assert near_duplicates(ENTRIES.values()) == []


def test_a_copy_under_another_code_is_found() -> None:
    some = ENTRIES["probation-length"]
    copy = some.model_copy(update={"code": "probation-how-long", "related": ()})
    assert "probation-how-long" in {
        code for _, *pair in near_duplicates([*ENTRIES.values(), copy]) for code in pair
    }
