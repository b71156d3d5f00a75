"""Reports as Word files."""

from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any, Protocol

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

TEXT_FONT, HEAD_FONT = "仿宋", "黑体"
LINE = 16.0
"""Centimetres between the margins."""


class TableLike(Protocol):
    """A table to be written."""

    @property
    def head(self) -> Sequence[str]: ...
    @property
    def rows(self) -> Sequence[Sequence[str]]: ...
    @property
    def widths(self) -> Sequence[int]: ...


def write(report: Any, to: IO[bytes], *, at: datetime) -> None:
    """Write a report: title, sections with their tables, and the note."""
    file = Document()
    _set_up(file, at)
    _line(file, report.title, size=22, font=HEAD_FONT, centred=True)
    _line(file, report.subtitle, size=12, centred=True)
    for section in report.sections:
        _line(file, section.heading, size=15, font=HEAD_FONT)
        for line in section.lines:
            _line(file, line)
        if section.table is not None:
            _table(file, section.table)
    _line(file, report.note, size=10)
    file.save(to)


def _set_up(file: Any, at: datetime) -> None:
    page = file.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm((21 - LINE) / 2)
    _font(file.styles["Normal"], TEXT_FONT, 12)
    file.core_properties.author = "支部通"
    file.core_properties.created = file.core_properties.modified = at


def _line(file: Any, text: str, *, size: float = 12, font: str = TEXT_FONT, centred: bool = False) -> None:
    paragraph = file.add_paragraph()
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_after = Pt(6)
    _font(paragraph.add_run(text), font, size)


def _table(file: Any, table: TableLike) -> None:
    made = file.add_table(rows=0, cols=len(table.head))
    made.style, made.autofit = "Table Grid", False
    for at, row in enumerate([table.head, *table.rows]):
        cells = made.add_row().cells
        for cell, text, share in zip(cells, row, table.widths, strict=True):
            cell.width = Cm(LINE * share / 100)
            run = cell.paragraphs[0].add_run(text)
            _font(run, HEAD_FONT if at == 0 else TEXT_FONT, 10.5)


def _font(thing: Any, name: str, size: float) -> None:
    thing.font.name, thing.font.size = name, Pt(size)
    thing.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)
