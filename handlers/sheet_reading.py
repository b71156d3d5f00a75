"""Reading any register from an Excel file: the sheet with its heading, its rows as text, its values checked.

Files of unknown origin are opened as the roster's are (handlers/roster_sheet): bounded, never half.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from handlers import roster_sheet
from handlers.errors import BadInput
from handlers.roster_sheet import BROKEN_FILE, HEADER_WITHIN, REPAIR, BadCell, Issue, text_of

MOST_ROWS = 20_000
Reader = Callable[[Any, str], Any]
"""Takes a cell and its text; gives the value, or raises `BadCell`."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its title, how its cells are read, whether they must be filled in, and a hint."""

    title: str
    read: Reader
    required: bool = False
    hint: str = ""
    choices: tuple[str, ...] = ()
    width: int = 16


@dataclass(frozen=True, slots=True)
class Record:
    """A row that can be read: values by title, None where the cell is blank or the column is missing."""

    number: int
    values: Mapping[str, Any]


def read(file: Path, headings: Sequence[Heading]) -> tuple[str, list[Record | list[Issue]]]:
    """The title of the sheet that has the required headings, and every row of it that isn't empty. Blocks.

    Raises:
        BadInput: no readable .xlsx, no such sheet, or too many rows.
    """
    try:
        roster_sheet.check_container(file)
        book = roster_sheet.load_book(file)
    except BROKEN_FILE as error:
        raise BadInput(file="文件打不开：请用 Excel 打开后另存为 .xlsx 再导入") from error
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            found = _header(sheet, headings)
            if found is not None:
                return sheet.title, list(_records(sheet, headings, *found))
    except BROKEN_FILE as error:
        raise BadInput(file=f"文件中途损坏：{REPAIR}") from error
    finally:
        book.close()
    needed = "、".join(f"「{one.title}」" for one in headings if one.required)
    raise BadInput(file=f"没有找到表头：前 {HEADER_WITHIN} 行里应有一行写着{needed}，可先导出再照着改")


def _header(sheet: Any, headings: Sequence[Heading]) -> tuple[int, dict[str, int]] | None:
    wanted = {one.title for one in headings}
    for at, cells in enumerate(sheet.iter_rows(max_row=HEADER_WITHIN, values_only=True), start=1):
        titles = [text_of(cell).rstrip("*＊") for cell in cells]
        places = {title: place for place, title in reversed(list(enumerate(titles))) if title in wanted}
        if all(one.title in places for one in headings if one.required):
            return at, places
    return None


def _records(
    sheet: Any, headings: Sequence[Heading], header: int, places: Mapping[str, int]
) -> Iterator[Record | list[Issue]]:
    count = 0
    for number, cells in enumerate(sheet.iter_rows(min_row=header + 1, values_only=True), start=header + 1):
        row = {title: cells[place] if place < len(cells) else None for title, place in places.items()}
        if not any(text_of(cell) for cell in row.values()):
            continue
        count += 1
        if count > MOST_ROWS:
            raise BadInput(file=f"超过 {MOST_ROWS:,} 行：请分成几个文件导入")
        yield read_row(number, row, headings)


def read_row(number: int, row: Mapping[str, Any], headings: Sequence[Heading]) -> Record | list[Issue]:
    """One row, or everything that is wrong with it. Pure."""
    issues: list[Issue] = []
    values: dict[str, Any] = {}
    for one in headings:
        cell = row.get(one.title)
        text = text_of(cell)
        if not text:
            if one.required:
                issues.append(Issue(number, one.title, "没有填写：请补上"))
            values[one.title] = None
            continue
        try:
            values[one.title] = one.read(cell, text)
        except BadCell as error:
            issues.append(Issue(number, one.title, str(error)))
    return issues or Record(number, values)


def words(longest: int) -> Reader:
    """Text of at most so many characters."""

    def reader(cell: Any, text: str) -> str:
        # As it was written: a full-width bracket in a name is part of it.
        said = " ".join(cell.split()) if isinstance(cell, str) else text
        if len(said) > longest:
            raise BadCell(f"不能超过 {longest} 个字")
        return said

    return reader


def choice(names: Mapping[str, Any]) -> Reader:
    """One of these words, as what it stands for."""

    meant = {text_of(name): value for name, value in names.items()}

    def reader(_: Any, text: str) -> Any:
        if text not in meant:
            raise BadCell(f"请填：{'、'.join(names)}")
        return meant[text]

    return reader


def whole(least: int, most: int) -> Reader:
    """A whole number within these."""

    def reader(_: Any, text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise BadCell(f"请填 {least} 到 {most} 的整数")
        return int(text)

    return reader


def number_text(longest: int) -> Reader:
    """Digits and letters that are a name and no quantity; Excel must have kept them as text."""

    def reader(cell: Any, text: str) -> str:
        if isinstance(cell, int | float) and abs(cell) >= roster_sheet.MAX_EXACT:
            raise BadCell("按数字保存，15 位以后已不准确：请把这一列设为“文本”格式后重新填写")
        compact = text.replace(" ", "").upper()
        if len(compact) > longest:
            raise BadCell(f"不能超过 {longest} 个字")
        return compact

    return reader


def listed(text: str) -> list[str]:
    """The words of a cell that lists some: 主题党日、党课."""
    return [one for one in text.replace("，", "、").split("、") if one]


def day(cell: Any, text: str) -> date:
    """A day in any of the ways people write one."""
    return roster_sheet.date_of(cell, text)


def yes_or_no(_: Any, text: str) -> bool:
    """是 or 否."""
    return roster_sheet.yes_or_no(text)
