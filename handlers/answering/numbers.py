"""Reading amounts of money out of a sentence, exactly."""

import re
from dataclasses import dataclass
from decimal import Decimal

DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
NOT_MONEY = "年月日号个岁人名条天次届级点期周季时分%票位薪"
"""What follows a number that is no amount."""

NUMBER = re.compile(
    r"(?P<minus>-|负)?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<unit>[千万kw])?(?P<rest>\d{1,4}(?!\d))?"
    r"|(?P<chinese>[零〇一二两三四五六七八九十百千万]{2,})"
)
ABOUT = re.compile("[一二两三四五六七八九]{2}[十百千万]")
MULTIPLES = {"千": 1000, "k": 1000, "万": 10_000, "w": 10_000}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in yuan and where it stands in the text."""

    yuan: Decimal
    start: int
    end: int


def from_chinese(text: str) -> int | None:
    """五千二百 → 5200, 五千二 → 5200, 一万二 → 12000; None when it is no number, or 四五千, which is two."""
    if ABOUT.search(text):
        return None
    total = section = digit = 0
    last_unit = 1
    for character in text:
        if character in DIGITS:
            digit = DIGITS[character]
            last_unit = 1 if digit == 0 else last_unit
        elif character == "万":
            total, section, digit = (total + section + digit) * 10_000, 0, 0
            last_unit = 10_000
        else:
            unit = UNITS[character]
            section += (digit or 1) * unit
            digit, last_unit = 0, unit
    if last_unit == 1 and text[0] not in UNITS and not any(c in UNITS for c in text):
        return None
    return total + section + digit * (last_unit // 10 if last_unit > 10 else 1)


def amounts(text: str) -> list[Amount]:
    """Every amount in half-width text; numbers of years, months, people … are left out."""
    found = []
    for match in NUMBER.finditer(text):
        if text[match.end() : match.end() + 1] in tuple(NOT_MONEY):
            continue
        if text[: match.start()].endswith("第"):
            continue
        yuan = _chinese(match) if match["chinese"] else _arabic(match)
        if yuan is not None:
            found.append(Amount(yuan, match.start(), match.end()))
    return found


def _chinese(match: re.Match[str]) -> Decimal | None:
    value = from_chinese(match["chinese"])
    return None if value is None else Decimal(value)


def _arabic(match: re.Match[str]) -> Decimal:
    value = Decimal(match["digits"].replace(",", ""))
    if match["unit"]:
        value *= MULTIPLES[match["unit"]]
        if match["rest"]:
            # 5千2 is 5200, 5千200 is 5200: a lone digit stands for the next lower unit.
            rest = Decimal(match["rest"])
            value += rest * MULTIPLES[match["unit"]] / 10 if len(match["rest"]) == 1 else rest
    return -value if match["minus"] else value


COUNT = re.compile(
    r"(?P<minus>-|负)?(?P<digits>\d+(?:\.\d+)?)|(?P<chinese>[零〇一二两俩三仨四五六七八九十百千]+)"
)
FRACTION = re.compile(
    r"[一二三四五六七八九十\d]+分之[一二三四五六七八九十\d]+|\d+(?:\.\d+)?%|[一二三四五六七八九十\d]+成"
)
SAID_SHORT = str.maketrans("俩仨", "两三")


@dataclass(frozen=True, slots=True)
class Count:
    """A number of people, votes or months, and where it stands; `value` is whole unless it's wrong."""

    value: Decimal
    start: int
    end: int
    spelled: bool = False


def whole_number(chinese: str) -> int | None:
    """三 → 3, 四十一 → 41, 仨 → 3; None when it is no number."""
    chinese = chinese.translate(SAID_SHORT)
    if len(chinese) == 1 and chinese in DIGITS:
        return DIGITS[chinese]
    return from_chinese(chinese)


def without_fractions(text: str) -> str:
    """五分之四, 80% and 八成 are no counts; they're blanked out so that places stay the same."""
    return FRACTION.sub(lambda m: "~" * len(m[0]), text)


def counts(text: str) -> list[Count]:
    """Every number in half-width text, whatever it counts."""
    found = []
    for match in COUNT.finditer(text):
        if match["chinese"]:
            value = whole_number(match["chinese"])
            if value is not None:
                found.append(Count(Decimal(value), match.start(), match.end(), spelled=True))
        else:
            number = Decimal(match["digits"])
            found.append(Count(-number if match["minus"] else number, match.start(), match.end()))
    return found


def bare(text: str, units: str = "") -> Decimal | None:
    """The number when the message is nothing but it, and perhaps a unit out of the pattern `units`."""
    match = re.fullmatch(
        rf"(?:是|有|共|一共|大概)?({COUNT.pattern})(?:{units or '(?!)'})?[了吧呢啊。.!,]*", text
    )
    found = counts(match[1]) if match else []
    return found[0].value if len(found) == 1 else None
