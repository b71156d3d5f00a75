"""The shape of the assessment's sheets and terms as they are written, and where a bad one is refused.

Amounts are tenths of a point in here (`6` is written, 60 is kept): nothing is ever rounded twice. What
is marked 〔拟〕 in the district's material is data of this folder and is shown as 本区建议值.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from handlers import content_files
from handlers.case_content import CaseCode, RecordCode
from handlers.lesson_content import REASONS as COMMON_REASONS
from handlers.lesson_content import Strict, Text, known_rules
from models import Scope

CONTENT = Path(__file__).parent.parent / "content" / "assessments"
FULL = 1000
"""What a sheet's items are worth together: 100, in tenths."""
SUGGESTED = "本区建议值"
"""What stands beside every amount, term and band: they are no rules of the centre."""
TENTHS = frozenset({"worth", "less", "least", "most_apart"})
REASONS = COMMON_REASONS | {"missing": "缺少这一项", "extra_forbidden": "没有这个名称，请检查拼写"}

ModelT = TypeVar("ModelT", bound=BaseModel)


class BadSheet(Exception):
    """A sheet or the terms can't be taken; the message says where and why, in Chinese."""


def _tenths(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("应当是数字")
    tenths = Decimal(str(value)) * 10
    if tenths != int(tenths):
        raise ValueError("最多一位小数")
    return int(tenths)


Tenths = Annotated[int, BeforeValidator(_tenths), Field(ge=0, le=FULL)]
ItemCode = Annotated[str, Field(pattern=r"^[A-DT]\d\d$")]
EntryCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
LessonCode = Annotated[str, Field(pattern=r"^L\d\d$")]
DowngradeCode = Annotated[str, Field(pattern=r"^D[1-9]$")]
Percent = Annotated[int, Field(ge=0, le=100)]
Days = Annotated[int, Field(ge=1, le=400)]


class Per(StrEnum):
    """How often a deduction may be made: for each thing, once, the whole item, or as judged."""

    EACH = "each"
    ONCE = "once"
    ALL = "all"
    JUDGED = "judged"


class Deduction(Strict):
    """One way in which less is given. `less` is 0 where it is judged."""

    when: Annotated[Text, Field(max_length=40)]
    less: Tenths = 0
    per: Per


class Teaching(Strict):
    """What teaches an item: codes of cases, templates, lessons and knowledge entries."""

    cases: tuple[CaseCode, ...] = ()
    templates: tuple[RecordCode, ...] = ()
    lessons: tuple[LessonCode, ...] = ()
    entries: tuple[EntryCode, ...] = Field(min_length=1)


class Item(Strict):
    """One item: what it is worth, what to look at, how less is given, what it rests on, what teaches it."""

    number: int = Field(ge=1, le=60)
    code: str = ""
    name: Annotated[Text, Field(max_length=20)]
    worth: Tenths
    look: tuple[Annotated[Text, Field(max_length=60)], ...] = Field(min_length=1)
    deductions: tuple[Deduction, ...] = Field(min_length=1)
    rules: tuple[Text, ...] = ()
    also: str = ""
    downgrade: DowngradeCode | None = None
    teaches: Teaching

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if not self.rules and not self.also:
            raise ValueError("要写依据")
        for one in self.deductions:
            if one.less > self.worth:
                raise ValueError(f"“{one.when}”扣得比分值还多")
            if one.per is Per.ALL and one.less != self.worth:
                raise ValueError(f"“{one.when}”是本项0分，应与分值一样")
            if (one.less == 0) != (one.per is Per.JUDGED):
                raise ValueError(f"“{one.when}”要写扣多少")
        return self


class Sheet(Strict):
    """The items that one kind of branch, or a town's committee, is looked at for."""

    code: Annotated[str, Field(pattern=r"^[A-DT]$")]
    version: Text
    name: Annotated[Text, Field(max_length=40)]
    scopes: tuple[Scope, ...] = ()
    committees: bool = False
    items: tuple[Item, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        numbers = [item.number for item in self.items]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError("项目应当从1起连续编号")
        if (total := sum(item.worth for item in self.items)) != FULL:
            raise ValueError(f"分值合计应为100，现在是{total / 10:g}")
        return self

    def item(self, code: str) -> Item | None:
        """The item with this code."""
        return next((item for item in self.items if item.code == code), None)


class WorkingDays(Strict):
    """Terms that are counted in working days."""

    on_site: Days
    feedback: Days
    training: Days
    acceptance: Days
    objection: Days
    objection_answer: Days


class RectificationDays(Strict):
    """Days for each kind of rectification (立行立改, 限期整改, 长期坚持)."""

    at_once: Days
    limited: Days
    lasting: Days


class OverdueDays(Strict):
    """Days past the due time after which the owner, the town, and the bulletin are told."""

    person: Days
    town: Days
    bulletin: Days


class Quiet(Strict):
    """Hours of the day between which nothing is sent."""

    since: int = Field(ge=0, le=23)
    until: int = Field(ge=0, le=23)


class Shares(Strict):
    """Percentages of the yearly mark."""

    half_1: Percent
    half_2: Percent
    quarters: Percent
    year: Percent

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.half_1 + self.half_2 + self.quarters + self.year != 100:
            raise ValueError("各部分合计应为100")
        return self


class Band(Strict):
    """A band of stars (a local arrangement): the least yearly mark in it, in tenths."""

    stars: int = Field(ge=1, le=5)
    least: Tenths
    words: Text


class Downgrade(Strict):
    """What keeps a branch from more than so many stars."""

    code: DowngradeCode
    name: Text
    most: int = Field(ge=1, le=5)
    rules: tuple[Text, ...] = ()
    also: str = ""


class Terms(Strict):
    """Everything that is counted or compared; see terms.yaml for what each means."""

    version: Text
    assessors: int = Field(ge=2, le=9)
    most_apart: Tenths
    branch_sample: Mapping[str, Annotated[int, Field(ge=0, le=20)]]
    sample_months: int = Field(ge=1, le=24)
    interviews: int = Field(ge=0, le=30)
    working_days: WorkingDays
    rectification_days: RectificationDays
    rectification_counts: Literal["days", "working_days"] = "days"
    rolls_to_working_day: bool
    district_sample_percent: Percent
    recurrence_times: int = Field(ge=1, le=5)
    overdue_days: OverdueDays
    due_soon_days: Days
    reminders_a_day: int = Field(ge=1, le=3)
    quiet: Quiet
    least_counted: int = Field(ge=1, le=50)
    shares: Shares
    bands: tuple[Band, ...] = Field(min_length=1)
    downgrades: tuple[Downgrade, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        least = [band.least for band in self.bands]
        if least != sorted(set(least), reverse=True) or least[-1] != 0:
            raise ValueError("星级应当从高到低，最低一档从0起")
        return self


class Book(Strict):
    """All sheets and the terms: what a cycle keeps a copy of when it is published."""

    terms: Terms
    sheets: dict[str, Sheet]

    def sheet_for(self, scope: Scope) -> Sheet | None:
        """The sheet of a kind of branch; None where there is none."""
        return next((sheet for sheet in self.sheets.values() if scope in sheet.scopes), None)

    def kept(self) -> dict[str, Any]:
        """The book as JSON values, amounts as they are written."""
        written: dict[str, Any] = _written(self.model_dump(mode="json"))
        return written


@lru_cache(maxsize=4)
def book(folder: Path = CONTENT) -> Book:
    """The book of a folder, read once.

    Raises:
        BadSheet: names the file, the place and the reason.
    """
    common = _yaml(folder / "common.yaml")
    if not isinstance(common, list):
        raise BadSheet("common.yaml：应当是一个列表")
    rules = known_rules()
    terms = _read(Terms, _yaml(folder / "terms.yaml"), where="terms.yaml")
    sheets: dict[str, Sheet] = {}
    for path in sorted(folder.glob("?.yaml")):
        data = _yaml(path)
        if not isinstance(data, dict):
            raise BadSheet(f"{path.name}：应当有 code、version、name、items")
        own = data.get("items")
        rows = [*([] if data.get("committees") else common), *(own if isinstance(own, list) else [])]
        items = [_coded(item, str(data.get("code"))) for item in rows]
        sheet = _read(Sheet, data | {"items": items}, where=path.name)
        _check(sheet, path.name, terms, rules)
        sheets[sheet.code] = sheet
    return Book(terms=terms, sheets=sheets)


@lru_cache(maxsize=64)
def kept_book(text: str) -> Book:
    """A book as a cycle keeps it: the JSON text of `Book.kept`."""
    return Book.model_validate_json(text)


def shown(tenths: int) -> str:
    """125 → 12.5, 120 → 12: an amount as people read it."""
    return f"{tenths / 10:.1f}".removesuffix(".0")


def cited(rules: tuple[str, ...], also: str = "") -> str:
    """What something rests on, in one line."""
    return "、".join(
        [*(f"《{rule.partition(' ')[0]}》{rule.partition(' ')[2]}" for rule in rules), *filter(None, [also])]
    )


def _written(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _written(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_written(one) for one in value]
    return value / 10 if name in TENTHS else value


def _coded(item: Any, sheet: str) -> Any:
    is_numbered = isinstance(item, dict) and isinstance(item.get("number"), int)
    return item | {"code": f"{sheet}{item['number']:02}"} if is_numbered else item


def _check(sheet: Sheet, where: str, terms: Terms, rules: frozenset[str]) -> None:
    known = {one.code for one in terms.downgrades}
    for item in sheet.items:
        for rule in item.rules:
            if rule.partition(" ")[0] not in rules:
                raise BadSheet(f"{where}：{item.code}：“{rule}”不在现行依据清单里")
        if item.downgrade is not None and item.downgrade not in known:
            raise BadSheet(f"{where}：{item.code}：没有 {item.downgrade} 这个降档事项")


def _yaml(path: Path) -> Any:
    return content_files.load(path, bad=BadSheet)


def _read(model: type[ModelT], data: Any, *, where: str) -> ModelT:
    return content_files.checked(model, data, where=where, bad=BadSheet, reasons=REASONS)
