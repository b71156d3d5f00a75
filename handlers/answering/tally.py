"""Reading who was due, who came and who agreed out of a sentence with numbers."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from handlers.answering.numbers import Count, counts, without_fractions
from handlers.answering.worked import LARGEST

STOPS = re.compile(r"[,，。;；!！?？、|()]")
FILL = (
    r"(?:会|的|有|了|是|为|共|计|只|仅|就|才|大概|一共|总共|总|人数|数|人|票数|票|正式|党员|委员|同志|"
    r"有?表决权|有?选举权|:|：|=)*"
)
UNIT = (
    r"(?:个|名|位|人)?(?:有表决权|有选举权|正式)?的?(?:党员|委员|支委|同志|人)?(?:都|已经|已|只|仅|实际|投|投了|票)?"
)
NOT_PEOPLE = re.compile(r"[年月日号点届条级岁元块天周季分楼期%次轮]|个(?:月|议题|小时|支部|人选|单位|问题|事)|第")
PEOPLE = re.compile(r"(?:个|名|位)?(?:人|正式|有表决|有选举|党员|委员|支委)|票|名|位")
LEFT = (
    ("probationary", r"预备(?:党员)?"),
    ("absent", r"缺席|请假|没来|没到|未到|缺勤|缺|没参加|未出席"),
    ("against", r"反对|不同意|不赞成|弃权|无效票?|废票"),
    ("favour", r"赞成|同意|支持|得票|得到|得|拿到|拿|投|票数|票"),
    ("seats", r"应选|选出|选举|选|产生|候选人?|名额|提名|接收|发展|吸收|讨论"),
    ("due", r"应到|应参加|应参会|应出席|有表决权|有选举权|全支部|支部|总数|在册|支委|委员|党员|一共|总共"),
    ("present", r"实到|到会|到场|出席|参加|参会|在场|实际|(?<![应收得达])到|来"),
)
RIGHT = (
    ("probationary", r"(?:名|个|位)?(?:是)?预备"),
    ("absent", rf"{UNIT}(?:缺席|请假|没来|没到|未到|缺勤|没参加|未出席)"),
    ("against", rf"{UNIT}(?:反对|不同意|不赞成|弃权)|张?(?:无效|废)票"),
    ("favour", rf"{UNIT}(?:赞成|同意|举手|支持)|票"),
    ("seats", r"(?:名|个|位)?(?:候选人|发展对象|积极分子|监票人|计票人|新党员)"),
    ("due", rf"{UNIT}(?:应到|应参会|应出席)"),
    ("present", rf"{UNIT}(?:实到|到会|到场|出席|参加|参会|在场|到|来)"),
    ("due", r"(?:名|个|位|人)?(?:的)?(?:有表决权的?|有选举权的?|正式|支部)*(?:党员|委员|支委)|人的?(?:党?支部|支委会)"),
)
LEFT_PATTERNS = tuple((role, re.compile(rf"(?:{label}){FILL}$")) for role, label in LEFT)
RIGHT_PATTERNS = tuple((role, re.compile(label)) for role, label in RIGHT)
VOTES = ("favour", "against")
EVERYBODY = re.compile(r"(?<![没未])(?:全部到|全到|到齐|都到了|都来了|全来|全都到|全都来|全员到)")
NOT_EVERYBODY = re.compile(r"没有?(?:全|都|到齐)|未到齐")


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of a vote as far as they are known."""

    due: Decimal | None = None
    present: Decimal | None = None
    favour: Decimal | None = None
    against: Decimal = Decimal(0)
    probationary: bool = False
    unclear: bool = False
    labelled: bool = False

    def numbers(self) -> tuple[Decimal | None, ...]:
        """Those that travel to the next message."""
        return (self.due, self.present, self.favour)


@dataclass(slots=True)
class _Token:
    """A number with what stands around it, up to the next stop or number."""

    count: Count
    left: str
    right: str
    touches_next: bool
    role: str = ""

    @property
    def of_votes(self) -> bool:
        return self.right.startswith("票")


def read(text: str) -> Tally:
    """The numbers of one vote; `unclear` when one of them can't be placed."""
    tokens = _tokens(without_fractions(text))
    _assign(tokens)
    loose = [token for token in tokens if not token.role and PEOPLE.match(token.right)]
    by_role = {token.role: token for token in tokens if token.role}
    labelled = bool({"present", "favour", "absent"} & by_role.keys()) or bool(
        "due" in by_role and re.search(r"应到|应参|应出席|表决权|选举权", text)
    )
    if len(loose) == 1 and "due" not in by_role and not loose[0].of_votes:
        by_role["due"] = loose.pop()
    roles = [token.role for token in tokens if token.role in ("due", "present", "favour")]
    return _tally(by_role, tokens, text, unclear=bool(loose) or len(roles) > len(set(roles)), labelled=labelled)


def _tally(by_role: dict[str, _Token], tokens: list[_Token], text: str, *, unclear: bool, labelled: bool) -> Tally:
    value = {role: token.count.value for role, token in by_role.items()}
    tally = Tally(
        due=value.get("due"),
        present=value.get("present"),
        favour=value.get("favour"),
        against=sum((t.count.value for t in tokens if t.role == "against"), Decimal(0)),
        probationary="probationary" in value,
        unclear=unclear,
        labelled=labelled,
    )
    if tally.due is not None and tally.present is None:
        if "absent" in value:
            return replace(tally, present=tally.due - value["absent"])
        if EVERYBODY.search(text) and not NOT_EVERYBODY.search(text):
            return replace(tally, present=tally.due)
    return tally


def _tokens(text: str) -> list[_Token]:
    found = [count for count in counts(text) if not _no_people(text, count)]
    edges = [0, *(count.end for count in found)]
    starts = [*(count.start for count in found[1:]), len(text)]
    tokens = []
    for count, since, until in zip(found, edges, starts, strict=False):
        left = STOPS.split(text[since : count.start])[-1]
        after = text[count.end : until]
        right = STOPS.split(after, maxsplit=1)[0]
        tokens.append(_Token(count, left, right, touches_next=until < len(text) and right == after))
    return tokens


def _no_people(text: str, count: Count) -> bool:
    after = text[count.end : count.end + 3]
    if NOT_PEOPLE.match(after) or text[: count.start].endswith("第"):
        return True
    # 一致, 统一, 三会 and 两委 are words; a spelled number counts people only when a unit or a stop follows.
    ends = not after or STOPS.match(after) or PEOPLE.match(after) or after[0] in "个能够可行应实到赞同反弃"
    return count.spelled and not (ends and not after.startswith("致"))


def _assign(tokens: list[_Token]) -> None:
    for token in tokens:
        token.role = _first(LEFT_PATTERNS, token.left, token)
    for before, token in pairwise(tokens):
        # “21票赞成3票反对”: what follows a number with its unit is that number's when it has no other.
        if before.touches_next and not before.role and before.of_votes and before.right == token.left:
            before.role = _first(RIGHT_PATTERNS, before.right, before)
            token.role = ""
        elif before.touches_next and not before.role and token.of_votes:
            before.role = _first(RIGHT_PATTERNS, before.right, before)
    for token in tokens:
        if not token.role and not token.touches_next:
            token.role = _first(RIGHT_PATTERNS, token.right, token)
        elif not token.role and (found := _first(RIGHT_PATTERNS, token.right, token)) in ("due", *VOTES):
            token.role = found if found in VOTES or not _taken(tokens, token) else ""
    for before, token in pairwise(tokens):
        own = _first(RIGHT_PATTERNS, token.right, token) if not token.touches_next else ""
        # “50人应到41人实到”: the label between two numbers is the first one's when the second has its own.
        if before.touches_next and not before.role and own and token.role and own != token.role:
            before.role, token.role = token.role, own


def _taken(tokens: list[_Token], token: _Token) -> bool:
    return any(other.role == "due" for other in tokens if other is not token)


def _first(patterns: tuple[tuple[str, re.Pattern[str]], ...], text: str, token: _Token) -> str:
    anchored = patterns is RIGHT_PATTERNS
    for role, pattern in patterns:
        if token.of_votes and role not in VOTES:
            continue
        if pattern.match(text) if anchored else pattern.search(text):
            return role
    return ""


def wrong(tally: Tally) -> tuple[str, str] | None:
    """The first number that can't be right: its name, and why in a sentence."""
    for name, word, value in (
        ("due", "应到人数", tally.due),
        ("present", "实到人数", tally.present),
        ("favour", "赞成票数", tally.favour),
    ):
        if value is not None and (value != value.to_integral_value() or not 0 <= value <= LARGEST):
            return name, f"{word}要是整数，且不能是负数或大得离奇"
    due, present, favour = tally.due, tally.present, tally.favour
    if due is not None and due == 0:
        return "due", "应到人数不能是0"
    if due is not None and present is not None and present > due:
        return "present", f"实到{present}人比应到{due}人还多"
    most = present if present is not None else due
    if favour is not None and most is not None and favour > most:
        return "favour", f"赞成{favour}票比到会的{most}人还多"
    if favour is not None and present is not None and favour + tally.against > present:
        return "favour", f"各种票加起来{favour + tally.against}张，比到会的{present}人还多"
    return None
