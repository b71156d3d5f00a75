"""A record as one row of a sheet, and back: which columns, and how a cell reads. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from handlers.template_content import Field, Kind, Template

LISTS = (Kind.CHOICES, Kind.PEOPLE, Kind.MONTHS, Kind.PAPERS)
PEOPLE = (Kind.PERSON, Kind.PEOPLE)
NOT_FLAT = (Kind.ROWS, Kind.RECORDS)
"""Kinds that are more than a cell: a sheet shows them and doesn't take them."""
BETWEEN = "、"
_SPLIT = re.compile(r"[、，,;；\n]+")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_MONTH = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?")
_TITLE = re.compile(r"[\s*＊:：]|[(（].*")

NameOf = Callable[[Any], str]
PersonOf = Callable[[str], int | str]


class BadCell(Exception):
    """A cell that can't be taken; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a template's sheet: the way to its value, and the field that says how it reads."""

    title: str
    key: str
    column: str
    field: Field
    computed: bool

    @property
    def is_taken(self) -> bool:
        """Whether it is read from a sheet; computed and nested values are only shown."""
        return not self.computed and self.field.kind not in NOT_FLAT

    def find(self, values: Mapping[str, Any]) -> Any:
        """Its value in a record."""
        value = values.get(self.key)
        return (value or {}).get(self.column) if self.column else value


def cells(form: Template) -> list[Cell]:
    """The columns of a template's sheet."""
    found = []
    for field in form.fields:
        if field.kind is Kind.GROUP:
            inner = [(f"{field.label}·{one.label}", one) for one in field.columns]
            found += [Cell(title, field.key, one.key, one, field.computed) for title, one in inner]
        else:
            found.append(Cell(field.label, field.key, "", field, field.computed))
    return found


def title_of(text: object) -> str:
    """A heading as it is compared: without blanks, stars, and what stands in brackets."""
    return _TITLE.sub("", str(text or ""))


def write(cell: Cell, values: Mapping[str, Any], name_of: NameOf) -> str | int | float | None:
    """What stands in a record's cell. Money is in yuan."""
    return _written(cell.field, cell.find(values), name_of)


def _written(field: Field, value: Any, name_of: NameOf) -> str | int | float | None:
    if value in (None, "", [], {}):
        return None
    match field.kind:
        case Kind.YES:
            return "是" if value else "否"
        case Kind.MONEY:
            return float(Decimal(int(value)) / 100)
        case Kind.NUMBER | Kind.YEAR | Kind.ORGANIZATION | Kind.BOOKING | Kind.RECORD:
            return int(value)
        case Kind.DECIMAL:
            return float(Decimal(str(value)))
        case Kind.PERSON:
            return name_of(value)
        case Kind.MOMENT:
            return str(value)[:16].replace("T", " ")
        case Kind.ROWS:
            return "\n".join(_row(field, row, name_of) for row in value)
        case Kind.GROUP:
            return _row(field, value, name_of)
    if isinstance(value, list):
        return BETWEEN.join(name_of(one) if field.kind in PEOPLE else str(one) for one in value)
    return str(value)


def _row(field: Field, row: Mapping[str, Any], name_of: NameOf) -> str:
    parts = ((one.label, _written(one, row.get(one.key), name_of)) for one in field.columns)
    return "；".join(f"{label}：{text}" for label, text in parts if text is not None)


def read(
    row: Mapping[str, Any], taken: list[Cell], person_of: PersonOf, zone: ZoneInfo
) -> Iterator[tuple[str, str, Any]]:
    """The values of a sheet's row as `(key, column, value)`, ready to be read as the template's own.

    Raises:
        BadCell.
    """
    for cell in taken:
        raw = row.get(cell.title)
        text = _text(raw)
        if text == "":
            continue
        try:
            yield cell.key, cell.column, _read(cell.field, raw, text, person_of, zone)
        except BadCell as bad:
            raise BadCell(f"「{cell.title}」{bad}") from bad


def _read(field: Field, raw: Any, text: str, person_of: PersonOf, zone: ZoneInfo) -> Any:
    if field.kind in LISTS:
        parts = [part.strip() for part in _SPLIT.split(text) if part.strip()]
        if field.kind is Kind.MONTHS:
            return [_month(raw, part) for part in parts]
        return [person_of(part) for part in parts] if field.kind is Kind.PEOPLE else parts
    match field.kind:
        case Kind.PERSON:
            return person_of(text)
        case Kind.DAY:
            return _day(raw, text)
        case Kind.MONTH:
            return _month(raw, text)
        case Kind.MOMENT:
            return _moment(raw, text, zone)
        case Kind.MONEY:
            return _fen(text)
    return text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _day(raw: Any, text: str) -> str:
    if isinstance(raw, datetime | date):
        return raw.strftime("%Y-%m-%d")
    if (found := _DAY.fullmatch(text)) is None:
        raise BadCell("应当是日期，例如 2026-11-20")
    return "{:04d}-{:02d}-{:02d}".format(*map(int, found.groups()))


def _month(raw: Any, text: str) -> str:
    if isinstance(raw, datetime | date):
        return raw.strftime("%Y-%m")
    if (found := _MONTH.fullmatch(text)) is None:
        raise BadCell("应当是年月，例如 2026-11")
    return "{:04d}-{:02d}".format(*map(int, found.groups()))


def _moment(raw: Any, text: str, zone: ZoneInfo) -> str:
    try:
        when = raw if isinstance(raw, datetime) else datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise BadCell("应当是日期和时间，例如 2026-11-20 09:00") from None
    return (when if when.tzinfo else when.replace(tzinfo=zone)).isoformat()


def _fen(text: str) -> int:
    try:
        fen = Decimal(text.replace(",", "").removesuffix("元").strip()) * 100
    except InvalidOperation:
        raise BadCell("应当是金额，单位元，例如 12.50") from None
    if not fen.is_finite() or fen != fen.to_integral_value():
        raise BadCell("金额最多两位小数")
    return int(fen)
