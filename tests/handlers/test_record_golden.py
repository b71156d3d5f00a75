"""What each template's right example says on paper, kept word for word, so that any change shows in the diff.

`python -m tests.handlers.test_record_golden` writes them anew; look at the pages before you keep them.
"""

import asyncio
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import docx
import pytest
from docx.table import Table
from pypdf import PdfReader

from handlers import record_docx, record_pdf
from handlers.record_pages import Book, Chapter, Names, sheet, signers_of
from handlers.template_content import handbook
from tests.content import template_examples
from tests.fonts import needs_font

GOLDEN = Path(__file__).parent.parent / "content" / "golden"
CODES = sorted(template_examples.valid())
ZONE = ZoneInfo("Asia/Shanghai")
NUMBER = re.compile(r"—\s*\d+\s*—\s*$")
"""A page's number, which may stand in the middle of a long text."""
MADE = datetime(2026, 11, 27, 9, tzinfo=ZONE)


class Called(dict[int, str]):
    """A name for every id, so that no example needs people."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word

    def __missing__(self, number: int) -> str:
        return f"{self._word}{number}"

    def get(self, number: int, default: object = None) -> str:  # type: ignore[override]
        return self[number]


NAMES = Names(ZONE, Called("同志"), Called("组织"), Called("记录"), Called("活动"))


def book(code: str) -> Book:
    """The example as a single record's paper."""
    template, example = handbook().templates[code], template_examples.valid()[code]
    page = sheet(template, example.values, NAMES, below=("淄川区演示党支部", "第 1 号"))
    page = replace(page, signers=signers_of(template))
    return Book(
        template.name, "淄川区演示党支部", "2026", "", "2026年11月27日", (Chapter("", (page,)),), cover=False
    )


def written(content: bytes) -> Iterator[str]:
    """A Word file's paragraphs and rows, top to bottom; a row's cells stand apart."""
    for block in docx.Document(io.BytesIO(content)).iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                yield "　|　".join({cell._tc: cell.text for cell in row.cells}.values())
        else:
            yield block.text


def word_text(code: str) -> str:
    """The Word file of an example, as lines."""
    return "\n".join(written(record_docx.compose(book(code), made_at=MADE))).strip() + "\n"


def bare(text: str) -> str:
    """Without spaces and breaks, which hang on the machine's fonts, and lines to sign on, which are drawn."""
    return re.sub(r"[\s|　＿]", "", text)


@pytest.mark.parametrize("code", CODES)
def test_the_word_file_of_each_templates_example_is_as_it_was_looked_at(code: str) -> None:
    assert word_text(code) == (GOLDEN / f"{code}.txt").read_text(encoding="utf-8")


@needs_font
@pytest.mark.parametrize("code", CODES)
async def test_the_pdf_of_each_templates_example_says_the_same(code: str) -> None:
    content = await asyncio.to_thread(record_pdf.compose, book(code))
    pages = PdfReader(io.BytesIO(content)).pages
    said = bare("".join(NUMBER.sub("", page.extract_text()) for page in pages))
    for line in (GOLDEN / f"{code}.txt").read_text(encoding="utf-8").splitlines():
        for cell in line.split("　|　"):
            assert bare(cell) in said, cell


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in CODES:
        (GOLDEN / f"{name}.txt").write_text(word_text(name), encoding="utf-8")
