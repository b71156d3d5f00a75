"""Reading days out of a sentence, as exactly as they were written, and counting in months."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

FIRST_YEAR, LAST_YEAR = 1921, 2100
CENTURY_TURNS = 40
"""Two-digit years up to this one are of this century."""
NUMERALS = "〇一二三四五六七八九"
CHINESE_YEAR = re.compile(
    r"[零〇一二三四五六七八九]{4}(?=年)|[零〇一二三四五六七八九]{2}(?=年[一二三四五六七八九十\d]{1,2}月)"
)
CHINESE_PART = re.compile(r"(?<!第)([一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])(?=月|日|号)")
JOINED = r"入党|预备|转正|换届|通过|成为|发展|接收|选|改选|成立"
DATE = re.compile(
    rf"(?<!\d)(?P<year>\d{{4}}|\d{{2}}(?=年(?:\d|的?(?:{JOINED})))|[去今前本明])年的?(?:(?P<month>\d{{1,2}})月份?(?:(?P<day>\d{{1,2}})[日号]?(?!\d|个|人))?)?"
    r"|(?<!\d)(?P<year2>\d{4})[-./](?P<month2>\d{1,2})(?:[-./](?P<day2>\d{1,2}))?(?!\d)[日号]?"
    r"|(?<!\d)(?P<year3>(?:19|20)\d\d)(?P<month3>\d\d)(?P<day3>\d\d)(?!\d)[日号]?"
    r"|(?<!\d)(?P<month4>\d{1,2})月份?(?P<day4>\d{1,2})[日号]?(?!\d|个|人)"
    r"|(?P<near>今天|今日|昨天|昨日|前天|明天|后天)"
)
NEAR = {"今天": 0, "今日": 0, "昨天": -1, "昨日": -1, "前天": -2, "明天": 1, "后天": 2}
YEARS = {"今": 0, "本": 0, "去": -1, "前": -2, "明": 1}


@dataclass(frozen=True, slots=True)
class When:
    """A year, a month or a day, and where it stands in the text. `year` is None when nobody said it."""

    year: int | None
    month: int | None = None
    day: int | None = None
    start: int = 0
    end: int = 0

    @property
    def wrong(self) -> str:
        """Why there is no such day, in a sentence; empty when there is one."""
        year = 2000 if self.year is None else self.year
        if not FIRST_YEAR <= year <= LAST_YEAR:
            return f"{year}年不像是对的年份"
        if self.month is not None and not 1 <= self.month <= 12:
            return f"没有{self.month}月"
        if (
            self.month
            and self.day is not None
            and not 1 <= self.day <= calendar.monthrange(year, self.month)[1]
        ):
            return f"{self} 没有这一天".replace(" ", "")
        return ""

    @property
    def first(self) -> date:
        """The day, or the first of the month or year."""
        return date(self.year or FIRST_YEAR, self.month or 1, self.day or 1)

    @property
    def exact(self) -> bool:
        """Whether it is one day."""
        return self.year is not None and self.month is not None and self.day is not None

    def later(self, months: int) -> "When":
        """So many months on, no more exact than before; a shorter month ends with its last day."""
        moved = add_months(self.first, months)
        return When(moved.year, self.month and moved.month, self.day and moved.day)

    def __str__(self) -> str:
        parts = ((self.year, "年"), (self.month, "月"), (self.day, "日"))
        return "".join(f"{number}{unit}" for number, unit in parts if number is not None)

    @property
    def code(self) -> str:
        """Digits that `from_code` reads."""
        return f"{self.year or 0:04}{self.month or 0:02}{self.day or 0:02}"


def from_code(text: str) -> When | None:
    """What `When.code` wrote."""
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    return When(year or None, month or None, day or None)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or its last day where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(since: date, until: date) -> int:
    """Whole months that have passed."""
    months = (until.year - since.year) * 12 + until.month - since.month
    return months - (add_months(since, months) > until)


def arabic(text: str) -> str:
    """二〇二五年六月三十日 → 2025年6月30日; nothing else is changed."""
    text = CHINESE_YEAR.sub(lambda m: "".join(str(NUMERALS.index(c.replace("零", "〇"))) for c in m[0]), text)
    return CHINESE_PART.sub(lambda m: str(_part(m[1])), text)


def _part(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    return (NUMERALS.index(tens) if tens else 1) * 10 * bool(ten) + (NUMERALS.index(ones) if ones else 0)


def dates(text: str, on: date | None = None) -> list[When]:
    """Every date in a text that `arabic` went over; `on` is today, for 去年 and 昨天."""
    return [when for match in DATE.finditer(text) if (when := _when(match, on)) is not None]


def _when(match: re.Match[str], on: date | None) -> When | None:
    start, end = match.span()
    if match["near"]:
        if on is None:
            return None
        day = on + timedelta(days=NEAR[match["near"]])
        return When(day.year, day.month, day.day, start, end)
    year, month, day_ = (
        next((match[f"{name}{n}"] for n in ("", 2, 3, 4) if match.groupdict().get(f"{name}{n}")), None)
        for name in ("year", "month", "day")
    )
    return When(_year(year, on), month and int(month), day_ and int(day_), start, end)  # type: ignore[arg-type]


def _year(text: str | None, on: date | None) -> int | None:
    if text is None:
        return None
    if text in YEARS:
        return None if on is None else on.year + YEARS[text]
    year = int(text)
    if len(text) == 2:
        return year + (2000 if year <= CENTURY_TURNS else 1900)
    return year


def last_before(when: When, on: date | None) -> When:
    """A day without a year is the last one that has been; without a today it stays as it is."""
    if when.year is not None or on is None or when.month is None:
        return when
    year = on.year if (when.month, when.day or 1) <= (on.month, on.day) else on.year - 1
    return When(year, when.month, when.day, when.start, when.end)
