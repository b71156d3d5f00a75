"""差额: how many candidates a number of seats needs."""

import re
from decimal import Decimal

from handlers.answering.numbers import Count, bare, counts, without_fractions
from handlers.answering.quorum import least_candidates
from handlers.answering.shapes import Answer, Citation
from handlers.answering.worked import Sentence, missing, recall, whole, worked

NAME = "surplus"
ENTRY = "election-surplus"
DELEGATES_ENTRY = "election-delegate-surplus"
RULE = Citation("选举条例")
MOST_SEATS = 300
"""More delegates than any primary congress has."""
COMMITTEE_SIZE = Citation("支部条例", "第二十条")
USUAL_COMMITTEE = range(3, 8)

MATTER = re.compile(r"候选人?|差额|等额|提名|提几|提多少")
ASKS = re.compile(r"几|多少|够|行|可以|能|对吗|符合|合规|合适|吗|[?？]|算|至少|最少|差额")
OTHERS = re.compile(
    r"村委|居委|村民|业主|工会|职工代|团员|团支部|团委|共青团|人大|董事|监事|班委|学生会|妇联|政协|"
    r"党代表大会委员|地方|县委|区委|市委|省委|实到|应到|到会|票|发展对象|入党"
)
ONE_SEAT = re.compile(r"选(?:举|出)?(?:支部)?(?:副?书记)|(?:副?书记)候选|候选.{0,3}书记")
"""The rule of a fifth is known for committee members and delegates only."""
DELEGATES = re.compile(r"党?代表")
PERSON = r"(?:名|个|位|人)?"
SEATS_LEFT = re.compile(
    r"(?:应选|要选|选出|选举|(?<!候)选|产生|当选|名额|职数)(?:支委|委员|代表|人数|名额|是|为|:|有|了)*$"
)
SEATS_RIGHT = re.compile(rf"{PERSON}的?(?:支部|支委会)*(?:委员|支委|代表|名额)(?!候选)")
CANDIDATES_LEFT = re.compile(r"(?:候选人?|提名|提了?|报了?)(?:名单|人数|有|是|为|:|共|只|了)*$")
SPELLED = re.compile(r"[名个位人]|委员|支委|代表|$|[,，?？]")
NOMINATED = re.compile(rf"{PERSON}候选")
ASKED_FOR = re.compile(
    rf"{PERSON}候选人?(?:至少|最少|要|得|应|该|需|几|多少|怎|[\d一二两三四五六七八九十]+[名个位人])"
)
"""要选3名候选人至少几名, 应选3名候选人4名: three seats, and candidates are asked for or told after them."""
CANDIDATES_RIGHT = re.compile(rf"{PERSON}(?:支部)?(?:委员|支委|代表)?候选")


def answer(sentence: Sentence) -> Answer | None:
    """The reply to a question about candidates with a number in it."""
    known = recall(sentence.previous, NAME, 2)
    if known and (said := bare(sentence.text, "名|个|人|位|名委员|个委员|名代表")) is not None:
        return _answer(
            said, None if (n := whole(known[0])) is None else Decimal(n), delegates=known[1] == "d"
        )
    if not MATTER.search(sentence.text):
        return None
    text = without_fractions(sentence.text)
    if not ASKS.search(text) or OTHERS.search(text) or ONE_SEAT.search(text):
        return None
    seats, candidates = _read(text)
    if seats is None and candidates is None:
        return None
    return _answer(seats, candidates, delegates=bool(DELEGATES.search(text)))


def _read(text: str) -> tuple[Decimal | None, Decimal | None]:
    seats = candidates = None
    for count in counts(text):
        role = _role(text, count)
        if role == "seats" and seats is None:
            seats = count.value
        elif role == "candidates" and candidates is None:
            candidates = count.value
    return seats, candidates


def _role(text: str, count: Count) -> str:
    left, right = text[max(0, count.start - 10) : count.start], text[count.end :]
    if re.match(r"[年月日号届条次岁点天]|个月", right) or left.endswith("第"):
        return ""
    if count.spelled and (text[count.start] == "一" or not SPELLED.match(right)):
        return ""
    if NOMINATED.match(right) and not (SEATS_LEFT.search(left) and ASKED_FOR.match(right)):
        return "candidates"
    if SEATS_LEFT.search(left):
        return "seats"
    if CANDIDATES_RIGHT.match(right):
        return "candidates"
    if SEATS_RIGHT.match(right):
        return "seats"
    return "candidates" if CANDIDATES_LEFT.search(left) else ""


def _answer(seats: Decimal | None, candidates: Decimal | None, *, delegates: bool) -> Answer:
    kind = "d" if delegates else "c"
    if candidates is not None and not _countable(candidates):
        candidates = None
    if seats is None:
        return missing(NAME, "应选几名？回复数字即可。", candidates, kind)
    if seats != seats.to_integral_value() or not 1 <= seats <= MOST_SEATS:
        return missing(
            NAME, f"应选名额要是1到{MOST_SEATS}的整数，请核对。应选几名？回复数字即可。", candidates, kind
        )
    return _worked(int(seats), None if candidates is None else int(candidates), delegates=delegates)


def _countable(value: Decimal) -> bool:
    return value == value.to_integral_value() and 0 <= value <= MOST_SEATS * 2


def _worked(seats: int, candidates: int | None, *, delegates: bool) -> Answer:
    least = least_candidates(seats)
    if candidates is None:
        first = f"应选{seats}名，候选人不少于{least}名。"
    elif candidates >= least:
        first = f"够。应选{seats}名，候选人{candidates}名，不少于{least}名。"
    else:
        first = f"不够，还差{least - candidates}名。应选{seats}名，候选人不少于{least}名。"
    tenths = f"{Decimal(seats) / 5:f}"
    up = f"，不足1名的按1名计，差额{least - seats}名" if seats % 5 else ""
    lines = [first, f"算法：{seats}×20%＝{tenths}{up}；{seats}＋{least - seats}＝{least}。"]
    seen = "" if delegates else "据现有资料，"
    lines.append(f"{seen}差额不少于应选人数的20%。请以《选举条例》原文和上级批复为准。")
    entry = DELEGATES_ENTRY if delegates else ENTRY
    if not delegates and seats not in USUAL_COMMITTEE:
        lines.append("另外，支委会由3至5人组成，一般不超过7人。")
        return worked(ENTRY, "\n".join(lines), RULE, COMMITTEE_SIZE)
    return worked(entry, "\n".join(lines), RULE)
