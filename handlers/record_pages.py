"""What stands on a record's pages: its fields as words and tables, the same for every kind of file. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from handlers.record_values import BadValue, any_word, read
from handlers.template_content import Field, Kind, Required, Template

CLOSED = "（不公开）"
EMPTY = ""
SHORT = 18
"""Characters of a value that leaves room for another one beside it."""
MASKED = {"id_no": (6, 4), "mobile": (3, 4)}
"""How many characters are left at the two ends of what is only shown in part."""
WIDE = (Kind.TEXT, Kind.PAPERS, Kind.RECORDS)
NOTHING: tuple[Any, ...] = (None, "", [], {})
DAY_LENGTH = len("2026-11-20")
LEAST_COLUMN, MOST_COLUMN, PADDING = 4, 40, 2
ROOM, SMALL_ROOM = 72, 82
"""Widths of columns and of the page, in half-width characters of the usual and of the small type."""
CENTRED_UP_TO, LONG_HEADING = 14, 8


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called. `zone`: in which moments are told."""

    zone: ZoneInfo
    people: Mapping[int, str] = field(default_factory=dict)
    organizations: Mapping[int, str] = field(default_factory=dict)
    records: Mapping[int, str] = field(default_factory=dict)
    bookings: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing of a form: a label and what is said. A `wide` one takes the whole row."""

    label: str
    text: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Labels and values, two to a row where they are short."""

    cells: tuple[Said, ...]

    def rows(self) -> Iterator[tuple[Said, ...]]:
        """The cells in rows of one wide or at most two narrow ones."""
        waiting: list[Said] = []
        for cell in self.cells:
            if cell.wide:
                if waiting:
                    yield tuple(waiting)
                yield (cell,)
                waiting = []
                continue
            waiting.append(cell)
            if len(waiting) == 2:
                yield tuple(waiting)
                waiting = []
        if waiting:
            yield tuple(waiting)


@dataclass(frozen=True, slots=True)
class Register:
    """A table with a heading that is repeated on every page. `widths` are shares."""

    title: str
    headings: tuple[str, ...]
    widths: tuple[int, ...]
    centred: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    small: bool = False


Block = Grid | Register


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record, or one register of many: a title, a line below it, its blocks, and who signs."""

    title: str
    below: tuple[str, ...]
    blocks: tuple[Block, ...]
    signers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chapter:
    """One area of the handbook."""

    title: str
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """A branch's year: what stands on the cover, and its chapters. A single record has no cover."""

    title: str
    branch: str
    year: str
    above: str
    made: str
    chapters: tuple[Chapter, ...]
    cover: bool = True


def sheet(
    template: Template,
    values: Mapping[str, Any],
    names: Names,
    *,
    below: Sequence[str] = (),
    hidden: frozenset[str] = frozenset(),
    masked: bool = False,
) -> Sheet:
    """One record as a sheet. `hidden` fields are named and not shown; `masked`: numbers only in part.

    What needn't be filled in and isn't takes no room.
    """
    blocks: list[Block] = []
    cells: list[Said] = []
    for one in template.fields:
        value = values.get(one.key)
        if one.key in hidden:
            cells.append(Said(one.label, CLOSED))
        elif one.kind is Kind.ROWS and value:
            if cells:
                blocks.append(Grid(tuple(cells)))
                cells = []
            blocks.append(_table(one, value, names))
        elif text := show(one, value, names, masked=masked):
            cells.append(Said(one.label, text, wide=_is_wide(one, text)))
        elif one.required is Required.ALWAYS:
            cells.append(Said(one.label, EMPTY))
    if cells:
        blocks.append(Grid(tuple(cells)))
    return Sheet(template.name, tuple(below), tuple(blocks), signers_of(template))


def signers_of(template: Template) -> tuple[str, ...]:
    """Who signs the printed record."""
    if template.meeting:
        return ("主持人（签字）", "记录人（签字）")
    if template.code == "T13":
        return ("本人（签字）", "党支部书记（签字）")
    return ("党支部书记（签字）", "填表人（签字）")


def register(
    template: Template,
    rows: Sequence[tuple[Mapping[str, Any], frozenset[str]]],
    names: Names,
    *,
    below: Sequence[str] = (),
) -> Sheet:
    """Many records of a template as one register; each with the fields that are hidden in it."""
    fields = [template.field(key) for key in template.register]
    lines = tuple(
        tuple(
            [str(number)]
            + [CLOSED if f.key in hidden else _cell(f, values.get(f.key), names) for f in fields]
        )
        for number, (values, hidden) in enumerate(rows, start=1)
    )
    table = _drawn("", ("序号", *(one.label for one in fields)), lines)
    return Sheet(template.name, tuple(below), (table,), ("党支部书记（签字）", "填表人（签字）"))


def _table(one: Field, value: Any, names: Names) -> Register:
    rows = value if isinstance(value, list) else []
    used = [column for column in one.columns if any(_of(row, column) not in NOTHING for row in rows)]
    shown = used or list(one.columns)
    lines = tuple(tuple(_cell(column, _of(row, column), names) for column in shown) for row in rows)
    return _drawn(one.label, [column.label for column in shown], lines)


def _of(row: Any, column: Field) -> Any:
    return row.get(column.key) if isinstance(row, Mapping) else None


def _cell(one: Field, value: Any, names: Names) -> str:
    """A value in a table: days are short there and groups without labels, so that they stay on one line."""
    if one.kind is Kind.DAY and isinstance(value, str) and len(value) == DAY_LENGTH:
        return value.replace("-", ".")
    if one.kind is Kind.GROUP and isinstance(value, Mapping):
        told = [column for column in one.columns if column.kind is not Kind.YES]
        return "，".join(filter(None, (_cell(column, value.get(column.key), names) for column in told)))
    return show(one, value, names, masked=True)


def _drawn(title: str, headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Register:
    """A table with columns as wide as what stands in them asks for; the widest give way to the others."""
    columns = list(zip(*rows, strict=True)) or [()] * len(headings)
    asked = [
        max([_heading_width(heading), *(_breadth(line) for text in column for line in text.split("\n"))])
        for heading, column in zip(headings, columns, strict=True)
    ]
    widths = [min(max(wide, LEAST_COLUMN), MOST_COLUMN) + PADDING for wide in asked]
    small = sum(widths) > ROOM
    while sum(widths) > (SMALL_ROOM if small else ROOM) and max(widths) > CENTRED_UP_TO:
        widths[widths.index(max(widths))] -= 1
    centred = tuple(wide <= CENTRED_UP_TO for wide in asked)
    return Register(title, tuple(headings), tuple(widths), centred, tuple(rows), small)


def _breadth(text: str) -> int:
    """How wide a text is, in half-width characters."""
    return sum(1 if letter.isascii() else 2 for letter in text)


def _heading_width(heading: str) -> int:
    """A long heading is broken over two lines."""
    wide = _breadth(heading)
    return wide if wide <= LONG_HEADING else (wide // 2 + 1) // 2 * 2


def _is_wide(one: Field, text: str) -> bool:
    return one.kind in WIDE or "\n" in text or len(text) > SHORT


def show(one: Field, value: Any, names: Names, *, masked: bool = False) -> str:
    """A value in words; what can't be read is shown as it stands, so that nothing is lost on paper."""
    if one.kind in (Kind.GROUP, Kind.ROWS):
        return _inside(one, value, names)
    try:
        found = read(one, value, any_word)
    except BadValue:
        return str(value)
    if found is None:
        return EMPTY
    if masked and one.key in MASKED and isinstance(found, str):
        return mask(found, *MASKED[one.key])
    return _say(one, found, names)


def mask(text: str, first: int, last: int) -> str:
    """A number with its middle left out."""
    return (
        text
        if len(text) <= first + last
        else f"{text[:first]}{'*' * (len(text) - first - last)}{text[-last:]}"
    )


def _inside(one: Field, value: Any, names: Names) -> str:
    rows = value if isinstance(value, list) else [value] if isinstance(value, Mapping) else []
    return "\n".join(_group(one, row, names) for row in rows)


def _group(one: Field, row: Mapping[str, Any], names: Names) -> str:
    if all(column.kind is Kind.MOMENT for column in one.columns):
        return _span([show(column, row.get(column.key), names) for column in one.columns])
    told = [(column.label, show(column, row.get(column.key), names)) for column in one.columns]
    return "；".join(f"{label}：{text}" for label, text in told if text)


def _span(moments: Sequence[str]) -> str:
    """From one moment to another; the day once."""
    first, last = moments[0], moments[-1]
    shared = first[: first.rfind("日") + 1]
    return "至".join(filter(None, (first, last.removeprefix(shared) if shared else last)))


def _say(one: Field, value: Any, names: Names) -> str:
    match one.kind:
        case Kind.MONEY:
            return f"{value // 100}.{value % 100:02}元"
        case Kind.YES:
            return "是" if value else "否"
        case Kind.YEAR:
            return f"{value}年"
        case Kind.DAY:
            return day(value)
        case Kind.MOMENT:
            return moment(value, names.zone)
        case Kind.MONTH:
            return month(value)
        case Kind.MONTHS:
            return months(value)
        case Kind.PERSON:
            return _named(value, names.people)
        case Kind.PEOPLE:
            return "、".join(_named(person, names.people) for person in value)
        case Kind.ORGANIZATION:
            return names.organizations.get(value, f"第{value}号党组织")
        case Kind.BOOKING:
            return names.bookings.get(value, f"第{value}号预约")
        case Kind.RECORD:
            return names.records.get(value, f"第{value}号记录")
        case Kind.RECORDS:
            return "、".join(names.records.get(each, f"第{each}号记录") for each in value)
        case Kind.CHOICES:
            return "、".join(value)
        case Kind.PAPERS:
            return "\n".join(value)
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return f"{text}{one.unit}" if one.unit else text


def _named(person: int | str, people: Mapping[int, str]) -> str:
    return person if isinstance(person, str) else people.get(person, "（已不在名册）")


def day(value: date) -> str:
    """2026年11月2日."""
    return f"{value.year}年{value.month}月{value.day}日"


def month(value: date) -> str:
    """2026年11月."""
    return f"{value.year}年{value.month}月"


def moment(value: datetime, zone: ZoneInfo) -> str:
    """2026年11月2日9:05."""
    local = value.astimezone(zone)
    return f"{day(local)}{local.hour}:{local.minute:02}"


def months(values: Sequence[date]) -> str:
    """2026年1—10月; runs of months together."""
    runs: list[tuple[date, date]] = []
    for value in sorted(values):
        if runs and value.year == runs[-1][1].year and value.month == runs[-1][1].month + 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return "、".join(month(a) if a == b else f"{a.year}年{a.month}—{b.month}月" for a, b in runs)
