"""A record, or a branch's year, as PDF: the pages of `record_pages`, set by typst. Pure but for the fonts.

A long book is set in growing parts: its first sheets, then more of them, at last all. What was set before is
remembered by typst and not set again, so the parts are the work itself, and how far it has come can be told.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from handlers import fonts
from handlers.record_pages import Block, Book, Chapter, Grid, Sheet
from handlers.typesetting import typeset

TEMPLATE = Path(__file__).parent / "record_book.typ"
AT_ONCE = 50
"""Sheets set between two words on how far it has come; more words cost more memory."""

Progress = Callable[[int, int], None]


def compose(book: Book, *, progress: Progress | None = None) -> bytes:
    """Lay the pages out; `progress` hears how many sheets are set. Slow: call it off the event loop.

    Raises:
        NoFont: this machine can't print Chinese.
    """
    total = sum(len(chapter.sheets) for chapter in book.chapters)
    tell = progress or (lambda done, total: None)
    beginnings = [_files(_first(book, done)) for done in range(AT_ONCE, total, AT_ONCE)]
    laid = typeset(_files(book), beginnings=beginnings, progress=lambda parts: tell(parts * AT_ONCE, total))
    tell(total, total)
    return laid


def _first(book: Book, sheets: int) -> Book:
    """The book's beginning: so many sheets."""

    def chapters() -> Iterator[Chapter]:
        left = sheets
        for chapter in book.chapters:
            if left > 0:
                yield replace(chapter, sheets=chapter.sheets[:left])
            left -= len(chapter.sheets)

    return replace(book, chapters=tuple(chapters()))


def _files(book: Book) -> dict[str, bytes]:
    """What typst reads."""
    said = {
        "title": book.title,
        "branch": book.branch,
        "year": book.year,
        "above": book.above,
        "made": book.made,
        "cover": book.cover,
        "fonts": asdict(fonts.official()),
        "chapters": [
            {"title": chapter.title, "sheets": [_sheet(sheet) for sheet in chapter.sheets]}
            for chapter in book.chapters
        ],
    }
    return {"main": TEMPLATE.read_bytes(), "book.json": json.dumps(said, ensure_ascii=False).encode()}


def _sheet(sheet: Sheet) -> dict[str, Any]:
    return {
        "title": sheet.title,
        "below": list(sheet.below),
        "blocks": [_block(block) for block in sheet.blocks],
        "signers": list(sheet.signers),
    }


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, Grid):
        rows = [[{"label": cell.label, "text": cell.text} for cell in row] for row in block.rows()]
        return {"kind": "grid", "rows": rows}
    return {
        "kind": "register",
        "title": block.title,
        "headings": list(block.headings),
        "widths": list(block.widths),
        "centred": list(block.centred),
        "rows": [list(row) for row in block.rows],
        "small": block.small,
    }
