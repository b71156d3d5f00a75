"""Which questions ask the same: a pure function of their texts, whatever order they come in."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from math import log

ALIKE = 0.45
"""Texts this alike (0..1) are answered together."""
FILLER = re.compile(
    "多长时间|怎么办|怎么|怎样|如何|什么|多少|哪些|多久|请问|一下|应该|需要|可以|能不能|可不可以|是不是"
    r"|[几吗呢么吧啊的了是要能不会我你有和在个就到|]"
)
"""Words of asking: that two questions share them says nothing about what they ask."""

Features = frozenset[str]


def clusters(texts: Mapping[int, str], background: Iterable[str] = ()) -> list[tuple[int, ...]]:
    """Groups of keys whose texts ask the same, the largest group first, keys in ascending order.

    Texts are canonical (`Normaliser`). What `background` texts have in common, every question of the
    domain has: it weighs little.
    """
    alike: dict[Features, list[int]] = {}
    for key in sorted(texts):
        alike.setdefault(features(texts[key]), []).append(key)
    spread = Counter(feature for text in background for feature in features(text))
    spread.update(feature for found in alike for feature in found)
    total = max(spread.values(), default=0)
    weights = {feature: log(2 + total / times) for feature, times in spread.items()}
    groups = _around_centres(_neighbours(list(alike), weights))
    merged = [sorted(key for found in group for key in alike[found]) for group in groups]
    return sorted(map(tuple, merged), key=lambda group: (-len(group), group))


def features(text: str) -> Features:
    """The characters and pairs of characters of a text without its words of asking."""
    told = FILLER.sub("", text) or text
    return frozenset(told) | {told[i : i + 2] for i in range(len(told) - 1)}


def _neighbours(
    found: Collection[Features], weights: Mapping[str, float]
) -> dict[Features, dict[Features, float]]:
    """For each text those it is alike to, with how much; itself with 1."""
    mass = {one: sum(weights[feature] for feature in one) for one in found}
    holders: dict[str, list[Features]] = {}
    for one in found:
        for feature in one:
            holders.setdefault(feature, []).append(one)
    near: dict[Features, dict[Features, float]] = {}
    for one in found:
        # Summed in one order: floats depend on it, and sets of strings have another in each process.
        shared: dict[Features, float] = {one: mass[one]}
        for feature in sorted(one):
            for other in holders[feature]:
                if other is not one:
                    shared[other] = shared.get(other, 0.0) + weights[feature]
        likeness = {other: 2 * both / ((mass[one] + mass[other]) or 1) for other, both in shared.items()}
        near[one] = {other: round(much, 9) for other, much in likeness.items() if much >= ALIKE}
        near[one][one] = 1.0
    return near


def _around_centres(near: Mapping[Features, Mapping[Features, float]]) -> list[list[Features]]:
    """Whoever has most neighbours is a centre; each text goes to the centre it is most alike."""
    centres: list[Features] = []
    for one in sorted(near, key=lambda one: (-len(near[one]), sorted(one))):
        if not any(centre in near[one] for centre in centres):
            centres.append(one)
    groups: dict[Features, list[Features]] = {centre: [centre] for centre in centres}
    for one in near:
        if one not in groups:
            # Of two centres just as near the first is taken: centres stand in a fixed order.
            best = max((centre for centre in centres if centre in near[one]), key=near[one].__getitem__)
            groups[best].append(one)
    return list(groups.values())
