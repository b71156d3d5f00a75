"""Writes sheets with Excel's library, which a server that writes none needn't have in its memory."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from handlers.spreadsheets import Column, Sheet

BOLD = Font(bold=True)
FIRST_ROW = 2


def write(*sheets: Sheet) -> bytes:
    """An Excel file. Below the rows: the sums as formulas, the books' own sums, and whether they agree."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, columns, rows in sheets:
        _fill(book.create_sheet(title), columns, rows)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _fill(sheet: Worksheet, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, start=1):
        _put(sheet.cell(1, number), column.heading).font = BOLD
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    for at, row in enumerate(rows, start=FIRST_ROW):
        for number, value in enumerate(row, start=1):
            _put(sheet.cell(at, number), value)
    if any(column.total is not None for column in columns):
        _sums(sheet, columns, last=FIRST_ROW + len(rows) - 1)


def _sums(sheet: Worksheet, columns: Sequence[Column], *, last: int) -> None:
    first = last + 1
    for offset, word in enumerate(("合计", "台账", "核对")):
        _put(sheet.cell(first + offset, 1), word).font = BOLD
    for number, column in enumerate(columns, start=1):
        if column.total is None:
            continue
        letter = get_column_letter(number)
        rows = f"{letter}{FIRST_ROW}:{letter}{last}"
        sheet.cell(first, number).value = f"=SUM({rows})" if last >= FIRST_ROW else 0
        sheet.cell(first + 1, number).value = column.total
        sheet.cell(first + 2, number).value = f'=IF({letter}{first}={letter}{first + 1},"一致","不一致")'


def _put(cell: Any, value: object) -> Cell:
    """A value as it is: text stays text, also where it begins like a formula."""
    if isinstance(value, datetime):
        value = value.replace(tzinfo=None)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    put: Cell = cell
    return put
