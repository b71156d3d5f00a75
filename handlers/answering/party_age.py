"""党龄: the day it starts and how long it has become."""

import re
from datetime import date

from handlers.answering import milestones
from handlers.answering.dates import When, arabic, dates, months_between
from handlers.answering.milestones import Milestones
from handlers.answering.shapes import Answer, Citation
from handlers.answering.worked import Sentence, missing, recall, worked

NAME = "party-age"
ENTRY = "seniority-start"
CITATIONS = (Citation("党章", "第七条"), Citation("发展党员细则(2026)", "第三十三条"))
EARLY = 1983
"""Constitutions of the party before that of September 1982 dealt with probation in other ways."""
MATTER = re.compile(r"党龄|党令|党零|几年党员|多少年党员|多少年的?党员|多少年的?老党员|入党(?:多少|几)年")
OTHERS = re.compile(r"书记|团龄|工龄|军龄|教龄|2014版|细则|规定|党费")
ASKS_DAY = "请把转正日期（预备期满转为正式党员的那一天）按“2020年6月30日”的样子发给我。"


def answer(sentence: Sentence) -> Answer | None:
    """The reply to a question about somebody's party age with a date in it."""
    if recall(sentence.previous, NAME, 1) is not None:
        found = dates(arabic(sentence.text), sentence.on)
        if len(found) == 1 and len(sentence.text) - (found[0].end - found[0].start) <= 6:
            return _answer(Milestones(full=found[0]), sentence.on)
    if sentence.previous == ENTRY and (day := milestones.alone(sentence.text, sentence.on)) is not None:
        told = milestones.read(sentence.text, sentence.on)
        return _answer(told if told.full or told.joined else Milestones(full=day), sentence.on)
    if not MATTER.search(sentence.text) or OTHERS.search(sentence.text):
        return None
    told = milestones.read(sentence.text, sentence.on)
    if told.full or told.joined:
        return _answer(told, sentence.on)
    if told.approved or told.oath:
        return missing(NAME, f"党龄不从批准日或者宣誓日算起。{ASKS_DAY}", "")
    return None


def _answer(told: Milestones, on: date | None) -> Answer:
    given = told.full or told.joined
    if given is None or given.wrong or given.year is None:
        why = given.wrong if given is not None and given.wrong else "还缺年份"
        return missing(NAME, f"{why}，请核对。{ASKS_DAY}", "")
    start = given if told.full else given.later(12)
    at = _at(told, on)
    body = [_first(start, at), _working(told, given, start)]
    if start.year is not None and start.year < EARLY:
        body.append("那个年代的规定可能不同，请以本人档案记载为准。")
    return worked(ENTRY, "\n".join(body), *CITATIONS)


def _at(told: Milestones, on: date | None) -> When | None:
    """The day on which the age is wanted."""
    if told.until is not None and not told.until.wrong and told.until.year is not None:
        return told.until
    return None if on is None else When(on.year, on.month, on.day)


def _first(start: When, at: When | None) -> str:
    if at is None:
        return f"党龄从{start}算起。"
    if at.first < start.first:
        return f"到{at}还没有党龄，党龄从{start}算起。"
    return f"党龄从{start}算起，到{at}{_length(start, at)}。"


def _length(start: When, at: When) -> str:
    if start.month is None or at.month is None:
        return f"约{(at.year or 0) - (start.year or 0)}年（没有写明月日，只按年份算）"
    years, months = divmod(months_between(start.first, at.first), 12)
    about = "" if start.day is not None and at.day is not None else "约"
    if not years and not months:
        return "不满1个月"
    if not months:
        return f"{about or '满'}{years}年"
    return f"{about or '共'}{f'{years}年' if years else ''}{months}个月"


def _working(told: Milestones, given: When, start: When) -> str:
    if told.full is not None:
        return "算法：从预备期满转为正式党员之日算起，预备期不算，也不从宣誓日、审批日算。"
    return (
        f"算法：{given}成为预备党员，预备期1年，按期转正是{start}，预备期不算党龄。"
        "延长过预备期的，从实际转正之日算。"
    )
