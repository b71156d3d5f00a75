"""Bringing what people type on a phone into one plain form."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from handlers.answering.shapes import Words

LONGEST_QUESTION = 300
"""Characters that are read; nobody's question is longer, and time per question stays bounded."""

FACES = re.compile(r"\[[\u4e00-\u9fffA-Za-z]{1,6}\]|/:[^\s\u4e00-\u9fff]{1,6}")
ENDS = re.compile(r"[?!。;…\n\r]+")
NOISE = re.compile(r"[^\u4e00-\u9fffa-z0-9.%|]+")
LATIN = re.compile(r"[a-z]{2,24}")
DIGITS = re.compile(r"(?<![\d.])(\d{1,2})(?![\d.%])")
PAUSE = re.compile(r"[,、\s]+")
ASKING = re.compile("吗|呢|么|几|多[少久长大]|哪|谁|何|咋|啥|能不能|可不可以|是不是|要不要|算不算|行不行")
FUZZY_SOUNDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))
SHORTEST_SOUND = 3
"""Two characters sound like too many other things."""


def chinese_number(value: int) -> str:
    """0 to 99 in Chinese: 3 → 三, 12 → 十二."""
    digits = "零一二三四五六七八九"
    tens, ones = divmod(value, 10)
    if not tens:
        return digits[ones]
    return ("" if tens == 1 else digits[tens]) + "十" + (digits[ones] if ones else "")


def alternation(words: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern that finds any of the words, the longest first."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def plain_sound(syllable: str) -> str:
    """A syllable without the differences that many typists don't hear."""
    for exact, fuzzy in FUZZY_SOUNDS:
        syllable = syllable.replace(exact, fuzzy)
    return syllable


def parted(plain: str) -> str:
    """Text with a question mark wherever a pause parts two questions; what leads up to one stays with it."""
    sentences: list[str] = []
    leading = ""
    for part in PAUSE.split(plain):
        leading += f" {part}"
        if ASKING.search(part):
            sentences.append(leading)
            leading = ""
    return "?".join(sentences) + leading if len(sentences) > 1 else plain


class Replacer:
    """Replaces words by others in one pass."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self._table = dict(table)
        self._pattern = alternation(table)

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda m: self._table[m[0]], text) if self._pattern else text


class Sounds:
    """Finds terms that were typed with other characters of the same sound, or as pinyin."""

    def __init__(self, words: Words) -> None:
        self._syllables = {c: plain_sound(s) for s, chars in words.sounds.items() for c in chars}
        self._terms = frozenset(words.terms)
        self._by_sound: dict[tuple[str, ...], str] = {}
        self._spelled: dict[str, str] = dict(words.abbreviations)
        for term in words.terms:
            sound = self._sound(term)
            if sound and len(term) >= SHORTEST_SOUND:
                self._by_sound.setdefault(sound, term)
            if sound:
                self._spelled.setdefault("".join(sound), term)
        lengths: dict[str, set[int]] = {}
        for sound in self._by_sound:
            lengths.setdefault(sound[0], set()).add(len(sound))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def _sound(self, text: str) -> tuple[str, ...]:
        syllables = tuple(self._syllables.get(character, "") for character in text)
        return syllables if all(syllables) else ()

    def spell_out(self, text: str) -> str:
        """`dfjs` and `dangfei` → the words meant."""
        return LATIN.sub(lambda m: self._spelled.get(m[0]) or self._plain(m[0]), text)

    def _plain(self, latin: str) -> str:
        return self._spelled.get(plain_sound(latin), latin)

    def correct(self, text: str) -> str:
        """组只生活会 → 组织生活会."""
        syllables = [self._syllables.get(character, "") for character in text]
        end = 0
        for at, syllable in enumerate(syllables):
            if at < end or syllable not in self._lengths:
                continue
            for length in self._lengths[syllable]:
                term = self._by_sound.get(tuple(syllables[at : at + length]))
                if term:
                    end = at + length
                    if text[at:end] not in self._terms:
                        text = text[:at] + term + text[end:]
                    break
        return text


class Normaliser:
    """Text → the canonical words of the domain, with `|` between sentences."""

    def __init__(self, words: Words) -> None:
        self._traditional = dict(words.traditional)
        self._typos = Replacer(words.typos)
        self._sounds = Sounds(words)
        # Terms stand for themselves, so that no synonym is found inside them (批 in 批评).
        names = {term: term for term in words.terms}
        for name, variants in words.synonyms.items():
            names |= dict.fromkeys((name, *variants), name)
        self._synonyms = Replacer(names)

    def plain(self, text: str) -> str:
        """Half-width, simplified, lower case, without face codes: what numbers are read from."""
        text = FACES.sub(" ", text[:LONGEST_QUESTION])
        text = unicodedata.normalize("NFKC", text)[:LONGEST_QUESTION]
        return text.lower().translate(self._traditional)

    def clean(self, plain: str) -> str:
        """Plain text without emoji and noise, `|` between sentences."""
        return NOISE.sub("", ENDS.sub("|", parted(plain))).strip("|")

    def correct(self, cleaned: str) -> str:
        """Spelled-out and corrected, before synonyms are joined."""
        return self._sounds.correct(self._typos(self._sounds.spell_out(cleaned)))

    def canonical(self, corrected: str) -> str:
        """Every known word under its one name; small numbers in Chinese."""
        return self._synonyms(DIGITS.sub(lambda m: chinese_number(int(m[1])), corrected))

    def __call__(self, text: str) -> str:
        return self.canonical(self.correct(self.clean(self.plain(text))))
