"""Reading who was due, who came and who agreed out of a sentence with numbers."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from handlers.answering.numbers import Count, counts, without_fractions
from handlers.answering.worked import LARGEST

STOPS = re.compile(r"[,，。;；!！?？、|()]")
NOT_PEOPLE = re.compile(
    r"[年月日号点届条级岁元块天周季分楼期%次轮]|个(?:月|议题|小时|支部|人选|单位|问题|事)|第"
)
PEOPLE = re.compile(r"(?:个|名|位)?(?:人|正式|有表决|有选举|党员|委员|支委)|票|名|位")
IN_ONE_WORD = "俩仨"
"""Two and three of something counted: never part of another word."""
AFTER_SPELLED = "个能够可行应实到赞同反弃"
"""三会, 两委 and 统一 are words: a spelled number counts people before a unit, a stop or one of these."""
CAME_ONE = re.compile(r"[来到]了?$")

FILL = (
    r"(?:会|的|有|了|是|为|共|计|只|仅|就|才|大概|一共|总共|总|人数|数|人|票数|票|正式|党员|委员|同志|"
    r"有?表决权|有?选举权|:|：|=)*"
)
UNIT = (
    r"(?:个|名|位|人)?(?:有表决权|有选举权|正式)?的?(?:党员|委员|支委|同志|人)?"
    r"(?:都|已经|已|只|仅|实际|投|投了|票)?"
)
LEFT = (
    ("probationary", r"预备(?:党员)?"),
    ("absent", r"缺席|请[事病产]?假|没来|没到|未到|缺勤|缺|没参加|未出席"),
    ("against", r"反对|不同意|不赞成|弃权|无效票?|废票"),
    ("favour", r"赞成|同意|支持|得票|得到|得|拿到|拿|投|票数|票"),
    ("seats", r"应选|选出|选举|选|产生|候选人?|名额|提名|接收|发展|吸收|讨论"),
    (
        "present",
        r"实到|(?<!应)(?:到会|到场|出席|参加|参会)|在场|实际|(?<![应收得达该找碰遇等招])到|(?<![应该新刚调转派])来",
    ),
    (
        "due",
        r"应到|(?:应该?|该)(?:来|到|参加)|应参加|应参会|应出席|有表决权|有选举权|全支部|支部|总数|在册|支委|委员|党员|一共|总共",
    ),
)
RIGHT = (
    ("probationary", r"(?:名|个|位)?(?:是)?预备"),
    ("absent", rf"{UNIT}(?:缺席|请[事病产]?假|没来|没到|未到|缺勤|没参加|未出席)"),
    ("against", rf"{UNIT}(?:反对|不同意|不赞成|弃权)|张?(?:无效|废)票"),
    ("favour", rf"{UNIT}(?:赞成|同意|举手|支持)"),
    ("seats", r"(?:名|个|位)?(?:候选人|发展对象|积极分子|监票人|计票人|新党员)"),
    ("due", rf"{UNIT}(?:应到|应参会|应出席)"),
    ("present", rf"{UNIT}(?:实到|到会|到场|出席|参加|参会|在场|到|来)"),
    (
        "due",
        r"[名个位人]?的?(?:有表决权的?|有选举权的?|正式|支部)*(?:党员|委员|支委)|人的?(?:党?支部|支委会)",
    ),
)
LEFT_PATTERNS = tuple((role, re.compile(rf"(?:{label}){FILL}$")) for role, label in LEFT)
RIGHT_PATTERNS = tuple((role, re.compile(label)) for role, label in RIGHT)
VOTES = ("favour", "against")
TOLD = ("present", "favour", "absent")
ENTITLED = re.compile(r"应到|应参|应出席|表决权|选举权")
EVERYBODY = re.compile(r"(?<![没未])(?:全部到|全到|到齐|都到了|都来了|全来|全都到|全都来|全员到)")
NOT_EVERYBODY = re.compile(r"没有?(?:全|都|到齐)|未到齐")


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of a vote as far as they are known."""

    due: Decimal | None = None
    present: Decimal | None = None
    favour: Decimal | None = None
    against: Decimal = Decimal(0)
    several: bool = False
    probationary: bool = False
    unclear: bool = False
    labelled: bool = False

    def without(self, name: str) -> "Tally":
        """The same without one number."""
        return Tally(
            None if name == "due" else self.due,
            None if name == "present" else self.present,
            None if name == "favour" else self.favour,
        )

    def only(self, name: str) -> "Tally":
        """One number on its own."""
        return Tally(
            self.due if name == "due" else None,
            self.present if name == "present" else None,
            self.favour if name == "favour" else None,
        )


@dataclass(slots=True)
class _Token:
    """A number with what stands around it, up to the next stop or number."""

    value: Decimal
    left: str
    right: str
    touches_next: bool
    role: str = ""

    @property
    def of_votes(self) -> bool:
        """Whether it counts votes and nothing else."""
        return self.right.startswith("票")

    def before(self) -> str:
        """The role that the words before it give it."""
        return self._role(LEFT_PATTERNS, self.left)

    def after(self) -> str:
        """The role that the words after it give it."""
        return self._role(RIGHT_PATTERNS, self.right, anchored=True)

    def _role(
        self, patterns: tuple[tuple[str, re.Pattern[str]], ...], text: str, *, anchored: bool = False
    ) -> str:
        for role, pattern in patterns:
            if self.of_votes and role not in VOTES:
                continue
            if pattern.match(text) if anchored else pattern.search(text):
                return role
        return ""


def read(text: str) -> Tally:
    """The numbers of one vote; `unclear` when one of them can't be placed."""
    tokens = _tokens(without_fractions(text))
    if not tokens:
        return Tally()
    for chain in _chains(tokens):
        _assign(chain)
    by_role = {token.role: token.value for token in tokens if token.role}
    loose = [token for token in tokens if not token.role and PEOPLE.match(token.right)]
    if len(loose) == 1 and "due" not in by_role:
        by_role["due"] = loose.pop().value
    favours = sum(token.role == "favour" for token in tokens)
    twice = any(sum(token.role == role for token in tokens) > 1 for role in ("due", "present"))
    tally = Tally(
        due=by_role.get("due"),
        present=by_role.get("present"),
        favour=by_role.get("favour") if favours == 1 else None,
        against=sum((token.value for token in tokens if token.role == "against"), Decimal(0)),
        several=favours > 1,
        probationary="probationary" in by_role,
        unclear=bool(loose) or twice,
        labelled=any(role in by_role for role in TOLD) or ("due" in by_role and bool(ENTITLED.search(text))),
    )
    return _with_present(tally, by_role, text)


def _with_present(tally: Tally, by_role: dict[str, Decimal], text: str) -> Tally:
    """Those present are the others when the absent were named, and all when everybody came."""
    if tally.due is None or tally.present is not None:
        return tally
    if "absent" in by_role:
        return replace(tally, present=tally.due - by_role["absent"])
    if EVERYBODY.search(text) and not NOT_EVERYBODY.search(text):
        return replace(tally, present=tally.due)
    return tally


def _tokens(text: str) -> list[_Token]:
    found = [count for count in counts(text) if _of_people(text, count)]
    edges = [0, *(count.end for count in found)]
    starts = [*(count.start for count in found[1:]), len(text)]
    tokens = []
    for count, since, until in zip(found, edges, starts, strict=False):
        left = STOPS.split(text[since : count.start])[-1]
        between = text[count.end : until]
        right = STOPS.split(between, maxsplit=1)[0]
        tokens.append(_Token(count.value, left, right, until < len(text) and right == between))
    return tokens


def _of_people(text: str, count: Count) -> bool:
    before, after = text[: count.start], text[count.end : count.end + 3]
    if NOT_PEOPLE.match(after) or before.endswith("第"):
        return False
    if not count.spelled or text[count.start : count.end] in IN_ONE_WORD:
        return True
    if text[count.start : count.end] == "一" and not CAME_ONE.search(before):
        return False
    return not after or bool(STOPS.match(after) or PEOPLE.match(after)) or after[0] in AFTER_SPELLED


def _chains(tokens: list[_Token]) -> list[list[_Token]]:
    """Numbers with no stop between them belong together."""
    chains: list[list[_Token]] = []
    for token in tokens:
        if chains and chains[-1][-1].touches_next:
            chains[-1].append(token)
        else:
            chains.append([token])
    return chains


def _assign(chain: list[_Token]) -> None:
    """Labels stand before their numbers (应到50人到了41人) or all after them (21票赞成3票反对)."""
    labels_after = not chain[0].before() and all(token.after() for token in chain)
    for token in chain:
        token.role = token.after() if labels_after else token.before()
        if not token.role and (not token.touches_next or token.after() in ("due", "favour")):
            token.role = token.after()
        if not token.role and token.of_votes:
            token.role = "favour"


def wrong(tally: Tally) -> tuple[str, str] | None:
    """The first number that can't be right: its name, and why in a sentence."""
    for name, word, value in (
        ("due", "应到人数", tally.due),
        ("present", "实到人数", tally.present),
        ("favour", "赞成票数", tally.favour),
    ):
        if value is not None and (value != value.to_integral_value() or not 0 <= value <= LARGEST):
            return name, f"{word}要是整数，不能是负数，也不能大得离奇"
    return _contradiction(tally.due, tally.present, tally.favour, tally.against)


def _contradiction(
    due: Decimal | None, present: Decimal | None, favour: Decimal | None, against: Decimal
) -> tuple[str, str] | None:
    if due is not None and due == 0:
        return "due", "应到人数不能是0"
    if due is not None and present is not None and present > due:
        return "present", f"实到{present}人比应到{due}人还多"
    most = due if present is None else present
    if favour is None or most is None or favour + against <= most:
        return None
    if favour > most:
        return "favour", f"赞成{favour}票比{'应到' if present is None else '实到'}的{most}人还多"
    return (
        "favour",
        f"各种票加起来{favour + against}张，比{'应到' if present is None else '实到'}的{most}人还多",
    )
