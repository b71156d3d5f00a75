"""任期: when a committee's term ends and the next election is due, by kind of unit."""

import re
from datetime import date

from handlers.answering.dates import When, arabic, dates, from_code
from handlers.answering.numbers import bare
from handlers.answering.shapes import Answer, Citation
from handlers.answering.worked import Sentence, missing, recall, worked

NAME = "terms"
ENTRY = "branch-term"
BRANCH = Citation("支部条例", "第二十一条")
DELAY = Citation("选举条例", "第三条")
YEARS_BY_SCOPE = {"村": 5, "社区": 5}
"""…and three elsewhere (支部条例第二十一条)."""
OTHER_YEARS = 3
RURAL = re.compile(r"村|农村|社区|居委")
ELSEWHERE = re.compile(r"机关|局|企业|国企|公司|学校|高校|中学|小学|医院|事业|两新|非公|社会组织|单位")
DEPARTMENT = re.compile(r"机关")
COMMITTEE = re.compile(r"党委|党工委")
GENERAL = re.compile(r"总支")
TOWN = re.compile(r"乡镇党委|镇党委|乡党委")

MATTER = re.compile(r"换[的了过]?届|任期|届满|改选|到届|选举|选的|选出|当选")
PAST = re.compile(
    r"换届(?:选举)?(?:的|了|过|完成)|换的届?|换过|选举(?:的|了|产生|完)|选(?:的|出|了|过)|当选|改选的|上任|产生|成立|上一?[届次]|本届|这届|届"
)
ASKS = re.compile(
    r"下[一]?[次届回]|届满|到期|到届|再换|该换|要换|应换|什么时候换|何时换|哪年换|哪天换|多久换|超期|超了|过期|任期到|任期.{0,6}(?:什么时候|哪|到)|满"
)
OTHERS = re.compile(
    r"村委|居委会|村主任|村民|居民委|业主|业委|工会|职代|团支部|团委|共青团|妇联|人大|政协|董事|党代|班委|学生会|国家主席|总统"
    r"|应到|卧床|中风|瘫|走不动"
)
"""Whose elections are others', and what a date in a story may tell of instead."""
UNREAD = "只有支部和机关党委、机关总支、村社区党组织、乡镇党委的任期，我有核过的依据。"


def answer(sentence: Sentence) -> Answer | None:
    """The reply to a question about the next election with the last one's date in it."""
    known = recall(sentence.previous, NAME, 2)
    if known is not None and (found := _completed(sentence, known)) is not None:
        return found
    if not MATTER.search(sentence.text):
        return None
    text = arabic(sentence.text)
    if OTHERS.search(text) or not (ASKS.search(text) and PAST.search(text)):
        return None
    told = dates(text, sentence.on)
    if not told:
        return None
    years = _years(text, sentence.scope)
    if years is None:
        return None
    return _answer(told[0], years, sentence.on)._replace(hangs_on_scope=len(years) > 1)


def _completed(sentence: Sentence, known: list[str]) -> Answer | None:
    """The answer after the year, or the right date, that was asked for."""
    years = tuple(int(year) for year in known[1].split("+") if year in ("3", "5"))
    partial, year = from_code(known[0]), bare(sentence.text, "年")
    if partial is not None and year is not None and 1900 <= year <= 2100 and year == year.to_integral_value():
        return _answer(When(int(year), partial.month, partial.day), years or (5, 3), sentence.on)
    found = dates(arabic(sentence.text), sentence.on)
    if len(found) != 1 or len(sentence.text) > len("二〇二五年十二月三十一日选的"):
        return None
    return _answer(found[0], years or (5, 3), sentence.on)


def _years(text: str, scope: str | None) -> tuple[int, ...] | None:
    """The lengths of term that may be meant; None where no article has been read."""
    if RURAL.search(text):
        return (5,)
    if DEPARTMENT.search(text) and COMMITTEE.search(text):
        return (5,)
    if DEPARTMENT.search(text):
        return (3,)
    if TOWN.search(text):
        return (5,)
    if COMMITTEE.search(text) or GENERAL.search(text):
        return None
    if ELSEWHERE.search(text):
        return (3,)
    return (YEARS_BY_SCOPE.get(scope, OTHER_YEARS),) if scope else (5, 3)


def _answer(held: When, years: tuple[int, ...], on: date | None) -> Answer:
    joined = "+".join(map(str, years))
    if held.wrong:
        return missing(NAME, f"{held.wrong}，请核对。上次换届是哪一天？例如“2023年5月20日”。", None, joined)
    if held.year is None:
        return missing(NAME, f"是哪一年的{held}？回复年份即可，例如“2023”。", held.code, joined)
    if len(years) > 1:
        five, three = held.later(60), held.later(36)
        body = f"村、社区任期5年，{five}届满；其他单位的支部一般任期3年，{three}届满。"
        body += f"\n算法：从{held}起，＋5年或者＋3年。任期届满应当按期换届，上级一般提前6个月提醒。"
    else:
        end = held.later(years[0] * 12)
        over = "已经" if _is_over(end, on) else ""
        body = f"{end}{over}届满，应当按期换届。\n算法：{held}＋任期{years[0]}年＝{end}。"
        if held.month is not None:
            body += f"上级一般提前6个月（{end.later(-6)}前后）提醒。"
        body += f"\n经上级党组织批准可以提前或延期，一般不超过1年（{end.later(-12)}至{end.later(12)}）。"
    return worked(ENTRY, body, BRANCH, DELAY)


def _is_over(end: When, on: date | None) -> bool:
    """Whether a day, or the whole of a month or year, lies behind."""
    if on is None:
        return False
    if end.exact:
        return end.first <= on
    return end.later(12 if end.month is None else 1).first <= on


def term_ends(held: date, scope: str) -> date:
    """When the term of a branch of this kind of unit ends."""
    return When(held.year, held.month, held.day).later(12 * YEARS_BY_SCOPE.get(scope, OTHER_YEARS)).first
