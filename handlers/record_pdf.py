"""A record, or a branch's year, as PDF: the pages of `record_pages`, set by typst. Pure but for the fonts."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from handlers import fonts
from handlers.record_pages import Block, Book, Grid, Sheet

TEMPLATE = Path(__file__).parent / "record_book.typ"


def compose(book: Book) -> bytes:
    """Lay the pages out. Slow: call it off the event loop.

    Raises:
        NoFont: this machine can't print Chinese.
    """
    import typst  # Large, and few processes ever print.

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
    files = {"main": TEMPLATE.read_bytes(), "book.json": json.dumps(said, ensure_ascii=False).encode()}
    laid: bytes = typst.compile(files, format="pdf")  # type: ignore[call-overload]  # Files in memory.
    return laid


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
