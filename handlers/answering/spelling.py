"""Putting right what was typed with another character of the same sound, or with two in each other's place.

What is said in the entries and askings is the measure: only where two neighbours never stand together there,
something is looked for that sounds the same, or is swapped, and does. So nothing that is known is changed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import filterfalse
from math import log, log1p
from operator import add, itemgetter
from typing import TypeVar

KeyT = TypeVar("KeyT")
CHINESE = re.compile("[\u4e00-\u9fff]{2,}")
ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"), ("l", "n"))
"""Sounds that many typists don't tell apart."""
STRANGE = -1.5
"""What two neighbours that never stand together score; those that do score the logarithm of how often."""
LEAST_GAIN = 4.0
"""So much better must a text read to be changed, for each character that sounds the same…"""
SWAP_GAIN = 5.0
"""…for a swap, which is rarer…"""
OTHER_GAIN = 4.0
"""…and besides, where a word that is none of ours would go."""
LEAST_SAID = 12
LEAST_TIED = 4.0
"""Said so often, and so much (as a logarithm) more often together than apart, two characters are a word."""
AT_ONCE = 6
"""Entries' texts whose pairs are counted in one go: others get a word in between."""
NEAREST = 4
"""So many of the most frequent are tried for one place; this bounds the time of a text made of slips."""


def plain_sound(pinyin: str) -> str:
    """Syllables without the differences that many typists don't hear."""
    for exact, alike in ALIKE:
        pinyin = pinyin.replace(exact, alike)
    return pinyin


@cache
def often(times: int) -> float:
    """What two neighbours score that stand together so often."""
    return log1p(times)


def pairs(text: str) -> Iterator[str]:
    """Every two neighbouring Chinese characters."""
    for run in CHINESE.findall(text):
        yield from map(add, run, run[1:])


def keep_nearest(kept: dict[KeyT, list[str]], key: KeyT, pair: str) -> None:
    """Remember a pair under what may be left of it, unless enough that are more frequent are."""
    pairs_kept = kept.setdefault(key, [])
    if len(pairs_kept) < NEAREST:
        pairs_kept.append(pair)


class Alike:
    """What may be meant by two neighbours that never stand together: pairs that sound like them."""

    def __init__(self, sounds: Mapping[str, str]) -> None:
        self.aims: set[str] = set()
        self._sound = {c: plain_sound(s) for s, chars in sounds.items() for c in chars}
        self._second: dict[str, list[str]] = {}
        self._first: dict[str, list[str]] = {}
        self._both: dict[tuple[str, str], list[str]] = {}

    def aim_at(self, pair: str) -> None:
        """Remember a pair under what can be left of it: one of its characters, or its sounds."""
        one, other = self._sound.get(pair[0]), self._sound.get(pair[1])
        self.aims.add(pair)
        if other:
            keep_nearest(self._second, pair[0] + other, pair)
        if one:
            keep_nearest(self._first, one + pair[1], pair)
        if one and other:
            keep_nearest(self._both, (one, other), pair)

    def to(self, one: str, other: str) -> list[tuple[str, float]]:
        """What sounds like two neighbours and might have been meant, and how much better it must read."""
        first, second = self._sound.get(one, ""), self._sound.get(other, "")
        both = self._both.get((first, second))
        found: list[tuple[str, float]] = []
        if both is None and first and second:
            return found  # Whatever sounds like one of them, with the other one as it is, sounds like both.
        for pairs_kept, needed in (
            (self._second.get(one + second), LEAST_GAIN),
            (self._first.get(first + other), LEAST_GAIN),
            (both, 2 * LEAST_GAIN),
        ):
            if pairs_kept:
                found += [(pair, needed) for pair in pairs_kept]
        return found


class Slips:
    """What two neighbours that never stand together were meant to be."""

    def __init__(self, alike: Alike, score: Mapping[str, float], others: frozenset[str]) -> None:
        self._alike = alike
        self._score = score
        self._others = others

    def meant(self, before: str, one: str, other: str, after: str) -> str:
        """The two with which a text reads best between these characters; "" if none is better.

        `before` and `after` are empty where a text begins or ends.
        """
        candidates = self._alike.to(one, other)
        aims = self._alike.aims
        if other + one in aims or before + other in aims or one + after in aims:
            candidates.append((other + one, SWAP_GAIN))
        if not candidates:
            return ""
        score = self._score.get
        left, right = before + one, other + after
        stands = (
            STRANGE + (score(left, STRANGE) if before else 0.0) + (score(right, STRANGE) if after else 0.0)
        )
        if one + other in self._others or left in self._others or right in self._others:
            stands += OTHER_GAIN
        best, gain = "", 0.0
        for pair, needed in candidates:
            more = score(pair, STRANGE) - stands - needed
            if before:
                more += score(before + pair[0], STRANGE)
            if after:
                more += score(pair[1] + after, STRANGE)
            if more > gain:
                best, gain = pair, more
        return best


def tied(pair: str, together: int, single: Mapping[str, int]) -> bool:
    """Whether two characters stand together so much more often than by chance that they are a word.

    `together` is how often they do, times all characters; `single` how often each character is said.
    """
    return log(together / (single[pair[0]] * single[pair[1]] or 1)) >= LEAST_TIED


class Spelling:
    """Built from everything that is known to be said.

    `words` are aimed at however seldom they are said, `sounds` are the characters of each syllable, and
    `others` are two-character words that are none of ours and sound like one of ours: mostly they are meant.
    """

    def __init__(
        self,
        texts: Sequence[str],
        *,
        words: Iterable[str] = (),
        sounds: Mapping[str, str],
        others: Iterable[str] = (),
    ) -> None:
        ours = {pair for word in words for pair in pairs(word)}
        neighbours: Counter[str] = Counter()
        single: Counter[str] = Counter()
        for first in range(0, len(texts), AT_ONCE):
            together = "\n".join(texts[first : first + AT_ONCE])
            neighbours.update(map(add, together, together[1:]))
            single.update(together)
        said = {pair: times for pair, times in neighbours.items() if CHINESE.fullmatch(pair)}
        del neighbours  # As large as what is made of it.
        # In one order: of those alike the first are kept.
        said.update(dict.fromkeys(sorted(ours - said.keys()), 1))
        del single["\n"]
        total = sum(single.values())
        alike = Alike(sounds)
        aims = [
            (times, pair)
            for pair, times in said.items()
            if pair in ours or (times >= LEAST_SAID and tied(pair, times * total, single))
        ]
        aims.sort(key=itemgetter(0), reverse=True)
        for _, pair in aims:
            alike.aim_at(pair)
        self._score = {pair: often(times) for pair, times in said.items()}
        self._slips = Slips(alike, self._score, frozenset(others) - said.keys())

    def pairs(self) -> Iterable[str]:
        """Every two neighbours that are known to stand together."""
        return self._score.keys()

    def __call__(self, text: str) -> str:
        """The text with its slips put right; as long as before."""
        return CHINESE.sub(lambda found: self._run(found[0]), text)

    def _run(self, run: str, first: int = 0) -> str:
        at = first - 1
        for pair in filterfalse(self._score.__contains__, map(add, run[first:], run[first + 1 :])):
            at = run.index(pair, at + 1)
            better = self._slips.meant(run[at - 1 : at], pair[0], pair[1], run[at + 2 : at + 3])
            if better:
                return self._run(run[:at] + better + run[at + 2 :], at + 1)
        return run
