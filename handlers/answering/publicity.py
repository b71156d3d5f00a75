"""公示: the day on which a publicity of so many working days ends."""

import re
from datetime import date, timedelta
from decimal import Decimal

from handlers.answering.dates import When, arabic, dates, from_code
from handlers.answering.numbers import bare, whole_number
from handlers.answering.shapes import Answer, Citation
from handlers.answering.worked import Sentence, missing, recall, worked
from handlers.workdays import is_announced, is_workday

NAME = "publicity"
ENTRY = "admission-candidate-publicity"
EXPLAINED_BY = (ENTRY, "admission-publicity-days")
"""The entries after which a mere day is the one on which the publicity begins."""
LONGEST_WITH_A_DAY = 12
RULE = Citation("发展党员细则(2026)", "第十三条")
LEAST_DAYS = 5
MOST_DAYS = 60

MATTER = re.compile(r"公示")
OURS = re.compile(r"发展对象|入党|党员|积极分子|工作日|细则")
OTHERS = re.compile(
    r"任前|干部|招标|中标|采购|低保|拆迁|征地|公务员|考试|录用|工程|财务|村务|选调|职称|评选|表彰|转正|党费"
)
ASKS = re.compile(r"什么时候|啥时候|何时|哪天|几号|到期|结束|截止|期满|到哪|满|够|算|吗|行|可以|[?？]")
LENGTH = re.compile(r"(\d{1,4}|[一二两三四五六七八九十]{1,3})个?(工作日|天|日(?!公示|开始|起|贴|至|到))")
RANGE = re.compile(r"(?:到|至|-|—|~)(?:了)?$")


def answer(sentence: Sentence) -> Answer | None:
    """The reply to a question about a publicity with the day of its beginning."""
    known = recall(sentence.previous, NAME, 2)
    if known is not None and (found := _completed(sentence, known)) is not None:
        return found
    if sentence.previous in EXPLAINED_BY and len(sentence.text) <= LONGEST_WITH_A_DAY:
        begins = _dates(arabic(sentence.text), sentence.on)
        if len(begins) == 1:
            return _answer(begins[0], None, natural=False, end=None)
    if not MATTER.search(sentence.text):
        return None
    text = arabic(sentence.text)
    if OTHERS.search(text) or not (OURS.search(text) and ASKS.search(text)):
        return None
    told = _dates(text, sentence.on)
    if not told:
        return None
    days, natural = _length(text, told)
    end = told[1] if len(told) > 1 and RANGE.search(text[told[0].end : told[1].start]) else None
    if end is not None and end.year is None and told[0].year is not None:
        end = When(told[0].year + ((end.month or 0) < (told[0].month or 0)), end.month, end.day)
    return _answer(told[0], days, natural=natural, end=end)


def _dates(text: str, on: date | None) -> list[When]:
    return [_near(when, on) for when in dates(text, on) if when.day is not None]


def _near(when: When, on: date | None) -> When:
    """A day without a year is the one nearest to today."""
    if when.year is not None or on is None or when.wrong:
        return when
    years = [y for y in (on.year - 1, on.year, on.year + 1) if not When(y, when.month, when.day).wrong]
    if not years:
        return when
    year = min(years, key=lambda y: abs((date(y, when.month or 1, when.day or 1) - on).days))
    return When(year, when.month, when.day, when.start, when.end)


def _length(text: str, told: list[When]) -> tuple[Decimal | None, bool]:
    """The days that were named, and whether they were calendar days."""
    for match in LENGTH.finditer(text):
        if any(when.start <= match.start() < when.end for when in told):
            continue
        number = int(match[1]) if match[1].isdecimal() else whole_number(match[1])
        if number is not None:
            return Decimal(number), match[2] != "工作日"
    return None, False


def _completed(sentence: Sentence, known: list[str]) -> Answer | None:
    """The answer after the year, the day or the length that was asked for."""
    days = Decimal(known[1]) if known[1].isdecimal() and len(known[1]) < 5 else None
    partial, said = from_code(known[0]), bare(sentence.text, "年|天|个?工作日")
    if partial is not None and said is not None and said == said.to_integral_value():
        if partial.year is None and 1900 <= said <= 2100:
            return _answer(When(int(said), partial.month, partial.day), days, natural=False, end=None)
        if partial.year is not None:
            return _answer(partial, said, natural=False, end=None)
    found = _dates(arabic(sentence.text), sentence.on)
    if len(found) == 1 and len(sentence.text) <= len("2025年12月31日开始公示"):
        return _answer(found[0], days, natural=False, end=None)
    return None


def _answer(start: When, days: Decimal | None, *, natural: bool, end: When | None) -> Answer:
    wrong = start.wrong or (end.wrong if end else "")
    if wrong:
        return missing(NAME, f"{wrong}，请核对。公示从哪一天开始？例如“2026年11月23日”。", None, days)
    if start.year is None:
        return missing(NAME, f"是哪一年的{start}？回复年份即可，例如“2026”。", start.code, days)
    if days is not None and not 1 <= days <= MOST_DAYS:
        return missing(NAME, f"公示天数要在1到{MOST_DAYS}之间，请核对。要公示几个工作日？", start.code, None)
    if end is not None and end.year is not None:
        return _span(start, end.first)
    if natural and days is not None:
        return _span(start, start.first + timedelta(days=int(days) - 1))
    return _until(start, LEAST_DAYS if days is None else int(days))


def last_day(first: date, working_days: int) -> date:
    """The last of so many working days, `first` counted when people work on it."""
    day, left = first, working_days
    while True:
        left -= is_workday(day)
        if not left:
            return day
        day += timedelta(days=1)


def working_days(first: date, last: date) -> int:
    """How many working days there are, both ends counted."""
    return sum(is_workday(first + timedelta(days=n)) for n in range((last - first).days + 1))


def _until(start: When, days: int) -> Answer:
    last = last_day(start.first, days)
    next_day = last_day(start.first + timedelta(days=1), days)
    safe = f"；当天不算、从次日算起的，到{_say(next_day)}" if next_day != last else ""
    lines = [
        f"最早到{_say(last)}满{days}个工作日{safe}。",
        f"算法：从{start}起，{_skipped(start.first, next_day)}。",
    ]
    if days < LEAST_DAYS:
        lines.append(f"发展对象公示不少于{LEAST_DAYS}个工作日，{days}个工作日不够。")
    else:
        lines.append("发展对象公示期不少于5个工作日。贴出当天算不算，条文引录没有写明，从次日算更稳妥。")
    return _reply(lines, start.first, next_day)


def _span(start: When, last: date) -> Answer:
    if not 0 <= (last - start.first).days <= MOST_DAYS * 2:
        return missing(
            NAME, "公示的起止日期不对，请核对。公示从哪一天开始？例如“2026年11月23日”。", None, None
        )
    days = working_days(start.first, last)
    first = "够" if days >= LEAST_DAYS else "不够"
    lines = [
        f"{first}：{start}至{_say(last)}有{days}个工作日，发展对象公示不少于{LEAST_DAYS}个工作日。",
        f"算法：按工作日算，首尾都算在内，{_skipped(start.first, last)}。",
    ]
    if days < LEAST_DAYS:
        lines.append(f"至少要公示到{_say(last_day(start.first, LEAST_DAYS))}。")
    elif days - is_workday(start.first) < LEAST_DAYS:
        lines.append("贴出当天算不算，条文引录没有写明；要稳妥，请再多公示1个工作日。")
    return _reply(lines, start.first, last)


def _skipped(first: date, last: date) -> str:
    """What of the calendar was left out and taken in."""
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    parts = []
    if off := [day for day in span if not is_workday(day)]:
        parts.append(f"扣除周末和节假日{len(off)}天")
    if made_up := [day for day in span if is_workday(day) and day.weekday() >= 5]:
        parts.append("、".join(f"{day.month}月{day.day}日" for day in made_up) + "调休上班，算工作日")
    return "，".join(parts) or "中间没有休息日"


def _say(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日（周{'一二三四五六日'[day.weekday()]}）"


def _reply(lines: list[str], first: date, last: date) -> Answer:
    unknown = sorted({day.year for day in (first, last) if not is_announced(day.year)})
    if unknown:
        lines.append(
            f"{unknown[-1]}年的放假安排还没有收录，只扣了周末和固定节日，请对照国务院办公厅的通知核对。"
        )
    return worked(ENTRY, "\n".join(lines), RULE)
