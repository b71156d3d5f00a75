"""Bringing what people type on a phone into one plain form."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from handlers.answering.shapes import Words
from handlers.answering.spelling import plain_sound

LONGEST_QUESTION = 300
"""Characters that are read; nobody's question is longer, and time per question stays bounded."""

FACES = re.compile(r"\[[\u4e00-\u9fffA-Za-z]{1,6}\]|/:[^\s\u4e00-\u9fff]{1,6}")
ENDS = re.compile(r"[?!。;…\n\r]+")
NOISE = re.compile(r"[^\u4e00-\u9fffa-z0-9.%|]+")
LATIN = re.compile(r"[a-z]{2,24}")
ANY_DIGIT = re.compile("[0-9]")
DIGITS = re.compile(r"(?<![\d.])(\d{1,2})(?![\d.%])")
PAUSE = re.compile(r"[,、\s]+")
ASKING = re.compile("吗|呢|么|几|多[少久长大]|哪|谁|何|咋|啥|能不能|可不可以|是不是|要不要|算不算|行不行")
USUAL = re.compile(r"[\u4e00-\u9fffa-z0-9,.，。？！?!、 ]*")
"""Text of these only has nothing to be made plain but its marks."""
USUAL_MARKS = (("，", ","), ("？", "?"), ("！", "!"))
ONE_SENTENCE = re.compile(r"[\u4e00-\u9fffa-z0-9.%]*")
AT_THE_END = "?!。;…"
ONLY_CHINESE = re.compile(rf"[\u4e00-\u9fff]{{1,{LONGEST_QUESTION}}}")
FEWEST_INITIALS = 3
"""Two letters are the initials of too many other things."""


def chinese_number(value: int) -> str:
    """0 to 99 in Chinese: 3 → 三, 12 → 十二."""
    digits = "零一二三四五六七八九"
    tens, ones = divmod(value, 10)
    if not tens:
        return digits[ones]
    return ("" if tens == 1 else digits[tens]) + "十" + (digits[ones] if ones else "")


def alternation(words: Iterable[str]) -> re.Pattern[str] | None:
    """A pattern that finds any of the words, the longest first.

    What words begin with alike is written once: so each place of a text is tried against few of them.
    """
    tree: dict[str, Any] = {}
    for word in filter(None, words):
        node = tree
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}
    return re.compile(_branches(tree)) if tree else None


def _branches(tree: dict[str, Any]) -> str:
    """A tree of characters as a pattern; an empty one ends a word, which may go on."""
    longer = sorted(character for character in tree if character)
    if not longer:
        return ""
    joined = "|".join(re.escape(character) + _branches(tree[character]) for character in longer)
    if "" in tree:
        return f"(?:{joined})?"
    return joined if len(longer) == 1 else f"(?:{joined})"


def one_of(characters: Iterable[str]) -> Callable[[str], object]:
    """What finds any of some characters in a text."""
    wanted = "".join(map(re.escape, characters))
    return re.compile(f"[{wanted}]").search if wanted else lambda _: None


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
        self._split = re.compile(f"({found.pattern})").split if (found := alternation(table)) else None

    def __call__(self, text: str) -> str:
        if self._split is None:
            return text
        parts = self._split(text)  # Words at the odd places: quicker than a call for each of them.
        if len(parts) == 1:
            return text
        parts[1::2] = map(self._table.__getitem__, parts[1::2])
        return "".join(parts)


class Pinyin:
    """Reads words that were typed as pinyin or by their initials."""

    def __init__(self, words: Words) -> None:
        sound = {character: syllable for syllable, same in words.sounds.items() for character in same}
        self._spelled: dict[str, str] = dict(words.abbreviations)
        self._words: dict[str, str] = {}
        known = (*words.terms, *words.synonyms, *(v for found in words.synonyms.values() for v in found))
        for word in dict.fromkeys((*known, *words.domain)):
            syllables = [sound.get(character, "") for character in word]
            if not all(syllables):
                continue
            self._words.setdefault(plain_sound("".join(syllables)), word)
            if len(word) >= FEWEST_INITIALS:
                self._spelled.setdefault("".join(syllable[0] for syllable in syllables), word)

    def spell_out(self, text: str) -> str:
        """`dfjs`, `dangfei` and `dangfeizenmejiao` → the words meant."""
        return LATIN.sub(lambda m: self._spelled.get(m[0]) or self._read(plain_sound(m[0])) or m[0], text)

    def _read(self, latin: str) -> str:
        """The fewest words that the letters spell together; nothing if they don't."""
        fewest: list[tuple[str, ...] | None] = [(), *([None] * len(latin))]
        for end in range(1, len(latin) + 1):
            for start in range(end):
                before, word = fewest[start], self._words.get(latin[start:end])
                if before is None or word is None or (len(word) == 1 and not before):
                    continue
                found = fewest[end]
                if found is None or len(before) + 1 < len(found):
                    fewest[end] = (*before, word)
        return "".join(fewest[-1] or ())


class Normaliser:
    """Text → the canonical words of the domain, with `|` between sentences."""

    def __init__(self, words: Words, spelling: Callable[[str], str] = str) -> None:
        self._traditional = dict(words.traditional)
        self._has_traditional = one_of(map(chr, words.traditional))
        self._typos = Replacer(words.typos)
        self._pinyin = Pinyin(words)
        self._spelling = spelling
        # Terms stand for themselves, so that no synonym is found inside them (批 in 批评).
        names = {term: term for term in words.terms}
        for name, variants in words.synonyms.items():
            names |= dict.fromkeys((name, *variants), name)
        self._synonyms = Replacer(names)

    def plain(self, text: str) -> str:
        """Half-width, simplified, lower case, without face codes: what numbers are read from."""
        text = text[:LONGEST_QUESTION]
        if USUAL.fullmatch(text):  # Most is: the long way takes several times as long.
            for wide, half in USUAL_MARKS:
                text = text.replace(wide, half)
        else:
            text = unicodedata.normalize("NFKC", FACES.sub(" ", text))[:LONGEST_QUESTION].lower()
        return text.translate(self._traditional) if self._has_traditional(text) else text

    def clean(self, plain: str) -> str:
        """Plain text without emoji and noise, `|` between sentences."""
        sentence = plain.rstrip(AT_THE_END)
        if ONE_SENTENCE.fullmatch(sentence):
            return sentence
        return NOISE.sub("", ENDS.sub("|", parted(plain))).strip("|")

    def read(self, cleaned: str) -> str:
        """Pinyin and initials spelled out, and the slips put right that are known one by one."""
        return self._typos(self._pinyin.spell_out(cleaned))

    def read_all(self, texts: Sequence[str]) -> tuple[str, ...]:
        """How each of some texts is read; those of nothing but Chinese all at once, which is quicker."""
        plain = [text for text in texts if ONLY_CHINESE.fullmatch(text)]
        together = self.read("\n".join(plain).translate(self._traditional)).split("\n")
        # The same string where nothing changed: that takes no room.
        known = {text: text if read == text else read for text, read in zip(plain, together, strict=False)}
        return tuple(
            [known[text] if text in known else self.read(self.clean(self.plain(text))) for text in texts]
        )

    def correct(self, read: str) -> str:
        """Read text with what sounds the same put right; before synonyms are joined."""
        return self._spelling(read)

    def canonical(self, corrected: str) -> str:
        """Every known word under its one name; small numbers in Chinese."""
        if ANY_DIGIT.search(corrected):
            corrected = DIGITS.sub(lambda m: chinese_number(int(m[1])), corrected)
        return self._synonyms(corrected)

    def __call__(self, text: str) -> str:
        return self.canonical(self.correct(self.read(self.clean(self.plain(text)))))
