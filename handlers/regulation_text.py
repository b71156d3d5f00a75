"""Splitting a rule's text by article: pure, and strict about what it can't be sure of."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

NUMERALS = "零〇一二三四五六七八九"
NUMBER = r"[零〇一二三四五六七八九十百\d]{1,8}"
ARTICLE = re.compile(rf"第({NUMBER})条(?P<pause>[\s：:*]*)(?P<rest>.*)", re.DOTALL)
CHAPTER = re.compile(rf"第{NUMBER}[编章](?:\s+\S.{{0,40}}|[^，。；：]{{0,20}})")
SECTION = re.compile(rf"第{NUMBER}节(?:\s+\S.{{0,40}}|[^，。；：]{{0,20}})")
CITED = re.compile(rf"第?({NUMBER})条?(?:[至到-]第?({NUMBER}))?条?(?:第{NUMBER}款)?(?:第{NUMBER}项)?")
HEADER = re.compile(r"(简称|标题|制定机关|发布日期|状态|替代)[：:]\s*(.+)")
CONTENTS = re.compile(r"目\s*[录次]")
ANNEX = re.compile(r"附\s*[件录表](?:\s*[：:\d一二三四五六七八九十（(].*)?|附[：:].*")
REFERS = re.compile(r"规定|所列|所称|第|、|和|至|或|及|的|中|之")
"""What follows a number when a paragraph speaks of an article instead of beginning one."""
DATE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?")
MARKS = re.compile(r"[#>*\s]+")
"""Marks of headings and bold type in front of a line, where a text came as Markdown."""
LONGEST_NOTE = 6
"""Lines under the title that may tell who issued it, and when."""
LARGEST_GAP = 50
"""Articles that may be missing in a row; more is no text of a rule."""


class Unsplittable(Exception):
    """The text can't be taken; each problem is a Chinese sentence with its line."""

    def __init__(self, *problems: str) -> None:
        super().__init__("；".join(problems))
        self.problems = problems


@dataclass(slots=True)
class SplitArticle:
    """One article; paragraphs in their order, word for word."""

    number: int
    chapter: str
    paragraphs: list[str]

    @property
    def text(self) -> str:
        """The paragraphs with a line break between."""
        return "\n".join(self.paragraphs)


@dataclass(slots=True)
class SplitText:
    """A rule's text. `header` are `名称：值` lines at its top, `note` what stands under the title."""

    header: dict[str, str]
    title: str
    note: str
    preamble: str
    articles: list[SplitArticle] = field(default_factory=list)

    @property
    def missing(self) -> list[int]:
        """Numbers that are left out: the text may have come incomplete."""
        numbers = [0] + [article.number for article in self.articles]
        return [gap for before, after in pairwise(numbers) for gap in range(before + 1, after)]


def split(text: str) -> SplitText:
    """The articles of a rule.

    Raises:
        Unsplittable: no article, an article twice or out of order, or one without words.
    """
    lines = _lines(text)
    header = _take_header(lines)
    is_titled = bool(lines) and not ARTICLE.fullmatch(lines[0][1]) and "标题" not in header
    title = lines.pop(0)[1] if is_titled else header.get("标题", "")
    title = re.sub(r"\s", "", title).strip("《》")
    opening, body = _opening(lines)
    articles, problems = _articles(body, _last_chapter(opening))
    if not articles:
        raise Unsplittable("没有找到“第一条”这样的条文，请检查是不是法规原文")
    problems += [f"{label(one.number)}没有内容" for one in articles if not one.text]
    if problems:
        raise Unsplittable(*problems)
    note, preamble = _note_and_preamble([line for _, line in opening])
    return SplitText(header, title, note, preamble, articles)


def number_of(numeral: str) -> int:
    """十一 → 11, 一百二十 → 120, 一百零五 → 105, 23 → 23; 0 when it is none."""
    if numeral.isdecimal():
        return int(numeral)
    total = digit = 0
    for character in numeral:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        elif character in NUMERALS:
            digit = max(0, NUMERALS.index(character) - 1)
        else:
            return 0
    return total + digit


def label(number: int) -> str:
    """11 → 第十一条, 105 → 第一百零五条."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    digits = "零一二三四五六七八九"
    text = digits[hundreds] + "百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return f"第{text}{digits[ones] if ones else ''}条"


def numbers_of(article: str) -> list[int]:
    """The articles that a citation names: 第七条 → 7, 第三至五条 → 3 4 5, 第七条第二款 → 7; else nothing."""
    found = CITED.fullmatch(article)
    if found is None:
        return []
    first = number_of(found[1])
    last = number_of(found[2] or found[1])
    return list(range(first, last + 1))[:LARGEST_GAP] if first else []


def issued_on(note: str) -> str:
    """The first date in the lines under a title, as 2018-10-28, or as much of it as there is."""
    found = DATE.search(note)
    if found is None:
        return ""
    year, month, day = found.groups()
    return f"{year}-{int(month):02d}" + (f"-{int(day):02d}" if day else "")


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    lines = text.removeprefix("\ufeff").splitlines()
    told = (
        (number, MARKS.sub("", line, count=1) if MARKS.match(line) else line)
        for number, line in enumerate(lines, start=1)
    )
    return [(number, line.strip()) for number, line in told if line.strip()]


def _take_header(lines: list[tuple[int, str]]) -> dict[str, str]:
    header: dict[str, str] = {}
    while lines and (found := HEADER.fullmatch(lines[0][1])):
        header[found[1]] = found[2].strip()
        lines.pop(0)
    return header


def _opening(lines: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """What stands before the first article, and the rest."""
    for place, (_, line) in enumerate(lines):
        found = ARTICLE.fullmatch(line)
        if found and _begins(found, last=0):
            return lines[:place], lines[place:]
    return lines, []


def _begins(found: re.Match[str], *, last: int) -> bool:
    """Whether a line that starts with 第…条 begins that article, after article `last`."""
    if found["pause"] or not found["rest"]:
        return True
    return number_of(found[1]) == last + 1 and not REFERS.match(found["rest"])


def _articles(body: list[tuple[int, str]], chapter: str) -> tuple[list[SplitArticle], list[str]]:
    articles: list[SplitArticle] = []
    problems = []
    section = ""
    for line_number, line in body:
        last = articles[-1].number if articles else 0
        found = ARTICLE.fullmatch(line)
        if found and _begins(found, last=last):
            number = number_of(found[1])
            if not last < number <= last + LARGEST_GAP:
                problems.append(f"第 {line_number} 行：“第{found[1]}条”重复或次序不对")
                continue
            place = f"{chapter} {section}".strip()
            articles.append(SplitArticle(number, place, [found["rest"]] if found["rest"] else []))
        elif CHAPTER.fullmatch(line):
            chapter, section = _heading(line), ""
        elif SECTION.fullmatch(line):
            section = _heading(line)
        elif ANNEX.fullmatch(line):
            break
        elif articles:
            articles[-1].paragraphs.append(line)
    return articles, problems


def _heading(line: str) -> str:
    """第一章　总　则 → 第一章 总则."""
    found = re.match(rf"(第{NUMBER}[编章节])\s*(.*)", line)
    return line if found is None else f"{found[1]} {re.sub(chr(92) + 's', '', found[2])}".strip()


def _last_chapter(opening: list[tuple[int, str]]) -> str:
    chapters = [line for _, line in opening if CHAPTER.fullmatch(line)]
    return _heading(chapters[-1]) if chapters else ""


def _note_and_preamble(opening: list[str]) -> tuple[str, str]:
    """The bracketed lines under the title; then whatever is neither contents nor heading."""
    note: list[str] = []
    rest = list(opening)
    while rest and len(note) < LONGEST_NOTE and (rest[0][0] in "（(" or DATE.search(rest[0][:20])):
        note.append(rest.pop(0))
        while _is_open(note) and rest and len(note) < LONGEST_NOTE:
            note.append(rest.pop(0))
    told = [
        line
        for line in rest
        if not (CONTENTS.fullmatch(line) or CHAPTER.fullmatch(line) or SECTION.fullmatch(line))
    ]
    return "".join(note), "\n".join(told)


def _is_open(note: list[str]) -> bool:
    text = "".join(note)
    return text.count("（") + text.count("(") > text.count("）") + text.count(")")
