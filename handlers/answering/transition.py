"""转正: when probation ends, counted from the day the branch's assembly voted."""

import re
from decimal import Decimal

from handlers.answering import milestones
from handlers.answering.dates import LAST_YEAR, When, arabic, dates, from_code, last_before
from handlers.answering.numbers import bare, whole_number
from handlers.answering.shapes import Answer, Citation
from handlers.answering.worked import Sentence, missing, recall, worked

NAME = "transition"
ENTRY = "probation-end-date"
EXTENSION_ENTRY = "probation-extend"
EXPLAINED_BY = (ENTRY, "probation-length", "transition-ontime", "transition-date")
"""The entries after which a mere day is the one that probation is counted from."""
PROBATION_MONTHS = 12
EXTENSION_MONTHS = range(6, 13)
RULE = Citation("发展党员细则(2026)", "第三十一条")
APPROVAL = Citation("发展党员细则(2026)", "第三十三条")
CHARTER = Citation("党章", "第七条")

MATTER = re.compile(r"转正|转政|转证|专正|预备期|期满")
ASKS = re.compile(
    r"什么时候|啥时候|何时|哪天|哪年|哪月|几号|几月|多会|到期|期满|多久|能|可以|算|吗|时间|日期|日子|[?？]"
)
OURS = re.compile(r"党|预备|支部|大会|接收|通过|延长|宣誓")
OTHERS = re.compile(
    r"面试|考试|考核|上班|党龄|试用期|实习|见习|合同|入职|员工|劳动|公务员|团员|工资|党费|宣誓誓词|到会|应到|实到|票"
    r"|批(?:准|复)?(?:了|的)?(?:我|他|她)?的?转正"
)
"""Other matters, and a transition that is over: its dates say nothing of the day one was admitted on."""
WHAT_TO_WRITE = re.compile(r"(?:写|填)(?:的?是?)(?:哪|几|什么|啥)")
"""Asks which of several days belongs in a form: an entry says, unless the day of admission is named."""
EXTENDED = re.compile(
    r"(?:延长|延期|推迟|延)(?:了|预备期|转正)*(半年|一年半|(?:\d{1,3}|[一二两三四五六七八九十]{1,3})(?:个月|年))"
)
ASKS_DAY = "是支部党员大会通过的那一天（不是党委批准的那一天）。请按“2025年6月30日”的样子发给我。"


def answer(sentence: Sentence) -> Answer | None:
    """The reply to a question about the end of one's probation with a date in it."""
    if (asked := _recalled(sentence)) is not None:
        return asked
    text = sentence.text
    if sentence.previous in EXPLAINED_BY and (day := milestones.alone(text, sentence.on)) is not None:
        told = milestones.read(text, sentence.on)
        if told.joined or told.loose:
            return _answer(day, None, None)
    if not MATTER.search(text) or not ASKS.search(text) or OTHERS.search(text):
        return None
    if not OURS.search(text):
        return None
    told = milestones.read(text, sentence.on)
    extension = _extension(arabic(text))
    joined = told.joined or (told.loose if told.loose and told.loose.month else None)
    if joined is None and told.full is not None and re.search(r"预备|期满", text):
        return None
    if told.joined is None and WHAT_TO_WRITE.search(text):
        return None
    if joined is None:
        base = told.approved or told.oath
        return missing(NAME, f"预备期的起算日{ASKS_DAY}", None, extension) if base else None
    return _answer(joined, extension, told.target)


def _recalled(sentence: Sentence) -> Answer | None:
    known = recall(sentence.previous, NAME, 2)
    if known is None:
        return None
    extension = int(known[1]) if known[1].isdecimal() and len(known[1]) < 6 else None
    partial, text = from_code(known[0]), arabic(sentence.text)
    year = bare(text, "年")
    if partial is not None and year is not None and year == year.to_integral_value():
        return _answer(When(_full_year(year), partial.month, partial.day), extension, None)
    found = dates(text, sentence.on)
    if len(found) != 1 or len(text) - (found[0].end - found[0].start) > 6:
        return None
    return _answer(last_before(found[0], sentence.on), extension, None)


def _full_year(year: Decimal) -> int:
    if 0 <= year < 100:
        return int(year) + 2000
    return int(year) if year <= LAST_YEAR else 0


def _extension(text: str) -> int | None:
    """The months by which probation was extended, if that was said."""
    match = EXTENDED.search(text)
    if match is None:
        return None
    said = match[1]
    if said in ("半年", "一年半"):
        return 6 if said == "半年" else 18
    number = said.rstrip("个月年")
    months = int(number) if number.isdecimal() else (whole_number(number) or 0)
    return months * 12 if said.endswith("年") else months


def _answer(joined: When, extension: int | None, target: When | None) -> Answer:
    if joined.wrong:
        return missing(NAME, f"{joined.wrong}，请核对。起算日{ASKS_DAY}", None, extension)
    if joined.year is None:
        return missing(NAME, f"是哪一年的{joined}？回复年份即可，例如“2025”。", joined.code, extension)
    end = joined.later(PROBATION_MONTHS)
    if extension is not None:
        return _extended(end, extension)
    until = end.later(3)
    lines = [_first(end, target), f"算法：预备期1年，从支部党员大会通过之日算起，{joined}＋1年＝{end}。"]
    if joined.month == 2 and joined.day == 29:
        lines.append(f"{end.year}年没有2月29日，按月末计，请以上级党委口径为准。")
    elif joined.day is None:
        lines.append("具体到哪一日，看支部大会是哪一日通过的。")
    lines.append(
        f"办理：转正申请一般在期满前不久交给支部，提前几天没有查到统一规定；{end}起支部应当及时讨论，"
        f"党委在3个月内审批，期满当天就上报的，最晚{until}。"
    )
    return worked(ENTRY, "\n".join(lines), RULE, APPROVAL, CHARTER)


def _first(end: When, target: When | None) -> str:
    if target is None or target.wrong or target.year is None:
        return f"{end}预备期满，可以按期转正。"
    if target.first < end.first:
        return f"不能，{target}还没有期满。{end}预备期满，可以按期转正。"
    return f"可以，{target}已经期满。预备期到{end}满。"


def _extended(end: When, extension: int) -> Answer:
    if extension not in EXTENSION_MONTHS:
        body = f"延长{extension}个月不合规定：延长不能少于半年，最长不超过1年，只能延长一次。"
        body += f"\n原预备期{end}满，延长后应在{end.later(6)}至{end.later(12)}之间满。"
    else:
        body = f"延长{extension}个月后，{end.later(extension)}预备期满。"
        body += f"\n算法：原预备期{end}满，＋{extension}个月。"
        body += "\n预备期只能延长一次，不能少于半年，最长不超过1年。"
    return worked(EXTENSION_ENTRY, body, RULE)
