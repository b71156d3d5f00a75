"""What stands on a record's pages, and that Word files and PDFs say it, on the pages they should."""

import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm
from pypdf import PdfReader

from handlers import record_docx, record_pages, record_pdf
from handlers.record_checks import compute
from handlers.record_pages import Book, Chapter, Grid, Names, Register, Said, Sheet, months
from handlers.template_content import handbook
from tests.content import template_examples as examples
from tests.fonts import needs_font

TEMPLATES = handbook().templates
MADE = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
BRANCH = "中共淄川区示例镇示例村支部委员会"
FACTS = examples.valid()["T22"].facts
NAMES = Names(
    ZoneInfo("Asia/Shanghai"),
    people={one.id: one.name for one in FACTS.members.values()},
    organizations={7: "中共示例镇委员会"},
    records={
        entry.id: f"{TEMPLATES[entry.template].name}（{record_pages.day(entry.on)}）"
        for entries in FACTS.records.values()
        for entry in entries
    },
    bookings={88: "红色记忆展馆（2026年11月20日）"},
)
ROOM_TO_SIGN = 30
"""Points between the last line of a table and the names below it: 9 mm and the cell's own margin."""
TALLEST = 200
"""Records in the year that is timed."""


def values(code: str) -> dict[str, Any]:
    example = examples.valid()[code]
    return example.values | compute(TEMPLATES[code], example.values, example.facts)


def sheet(code: str, **more: Any) -> Sheet:
    return record_pages.sheet(TEMPLATES[code], values(code), NAMES, below=(BRANCH, f"编号：{code}-7"), **more)


def single(code: str, **more: Any) -> Book:
    one = sheet(code, **more)
    return Book(one.title, BRANCH, "", "", "", (Chapter("", (one,)),), cover=False)


def whole_year(*, sheets: int = 1, rows: int = 3) -> Book:
    numerals = "一二三四五六七八九十"
    chapters = []
    for at, area in enumerate(handbook().areas):
        found: list[Sheet] = []
        for template in handbook().of_area(area.code):
            if template.register:
                lines = [(values(template.code), frozenset[str]())] * rows
                found.append(record_pages.register(template, lines, NAMES, below=(BRANCH,)))
            else:
                found += [sheet(template.code, masked=True)] * sheets
        chapters.append(Chapter(f"{numerals[at]}、{area.name}", tuple(found)))
    above, made = "中共淄川区示例镇委员会", "2026年11月26日印制"
    return Book("党支部工作手册", BRANCH, "2026", above, made, tuple(chapters))


def word_texts(content: bytes) -> list[str]:
    """All paragraphs of a Word file, those in tables too, in their order."""
    document = Document(io.BytesIO(content))
    return [
        text
        for paragraph in document.element.body.iter(qn("w:p"))
        if (text := "".join(node.text or "" for node in paragraph.iter(qn("w:t"))))
    ]


def said(book: Book) -> Iterator[str]:
    """Everything that must stand in a file."""
    for chapter in book.chapters:
        if book.cover:
            yield chapter.title
        for one in chapter.sheets:
            yield one.title
            yield from one.below
            for block in one.blocks:
                if isinstance(block, Grid):
                    for cell in block.cells:
                        yield from (cell.label, *cell.text.split("\n"))
                else:
                    yield from (block.title, *block.headings)
                    for row in block.rows:
                        for text in row:
                            yield from text.split("\n")


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_record_says_its_values_in_words() -> None:
    cells = {
        cell.label: cell.text
        for block in sheet("T05").blocks
        if isinstance(block, Grid)
        for cell in block.cells
    }
    assert cells["会议时间"] == "2026年11月20日9:00至10:30"
    assert cells["主持人"] == "张建国"
    assert cells["到会是否合规"] == "是"
    assert (
        cells["是否经支委会研究"] == "是否研究过：已研究；支委会记录：党支部委员会会议记录（2026年11月2日）"
    )
    tables = {block.title: block for block in sheet("T05").blocks if isinstance(block, Register)}
    assert tables["赞成、反对、弃权"].rows == (("2", "7票", "0票", "0票"),)
    assert tables["是否通过"].rows == (("2", "是"),)
    assert tables["缺席名单及原因"].headings == ("姓名", "原因")


def test_money_and_months_are_told_as_people_do() -> None:
    cells = {
        cell.label: cell.text
        for block in sheet("T18").blocks
        if isinstance(block, Grid)
        for cell in block.cells
    }
    assert cells["计算基数"] == "6000.00元"
    assert cells["月应交"] == "90.00元"
    assert cells["适用比例"] == "1.5%"
    assert cells["交纳月份"] == "2026年1—10月"
    assert (
        months([date(2025, 12, 1), date(2026, 1, 1), date(2026, 3, 1)]) == "2025年12月、2026年1月、2026年3月"
    )


def test_hidden_fields_are_named_and_not_shown() -> None:
    closed = frozenset({"id_no", "mobile", "care_flags"})
    for book in (single("T03", hidden=closed), single("T03", masked=True)):
        text = json.dumps([list(said(book))], ensure_ascii=False)
        assert "370302198006040" not in text
        assert "13800000004" not in text
        assert "公民身份号码" in text
    assert "370302********002X" in json.dumps(list(said(single("T03", masked=True))))
    assert "（不公开）" in list(said(single("T03", hidden=closed)))
    assert "37030219800604002X" in list(said(single("T03")))


def test_a_register_never_shows_what_its_row_hides() -> None:
    rows = [(values("T20"), frozenset({"item"})), (values("T20"), frozenset[str]())]
    (table,) = record_pages.register(TEMPLATES["T20"], rows, NAMES).blocks
    assert isinstance(table, Register)
    kinds = [row[table.headings.index("具体种类")] for row in table.rows]
    assert kinds == ["（不公开）", "警告"]


def test_a_register_shows_long_numbers_only_in_part() -> None:
    wide = replace(TEMPLATES["T03"], register=("name", "id_no", "mobile"))
    (table,) = record_pages.register(wide, [(values("T03"), frozenset[str]())], NAMES).blocks
    assert isinstance(table, Register)
    assert table.rows == (("1", "赵敏", "370302********002X", "138****0004"),)


def test_what_is_not_filled_in_takes_no_room_unless_it_must_be() -> None:
    one = record_pages.sheet(TEMPLATES["T12"], {"problem": "x"}, NAMES)
    labels = [cell.label for block in one.blocks if isinstance(block, Grid) for cell in block.cells]
    assert "问题描述" in labels
    assert "责任人" in labels, "must be filled in"
    assert "公开方式" not in labels, "needn't be"


def test_narrow_cells_go_two_by_two_and_wide_ones_alone() -> None:
    a, b, c = Said("a", "1"), Said("b", "2"), Said("c", "3", wide=True)
    assert list(Grid((a, b, c, a, c)).rows()) == [(a, b), (c,), (a,), (c,)]


def test_wide_columns_give_way_to_narrow_ones() -> None:
    rows = [(values("T17"), frozenset[str]())]
    (table,) = record_pages.register(TEMPLATES["T17"], rows, NAMES).blocks
    assert isinstance(table, Register)
    at = table.headings.index("日期")
    assert table.widths[at] >= len("2026.11.20")
    assert sum(table.widths) <= record_pages.SMALL_ROOM


def test_what_cannot_be_read_is_shown_as_it_stands() -> None:
    one = record_pages.sheet(TEMPLATES["T12"], {"due": "下个月", "status": "早就改好了"}, NAMES)
    texts = [cell.text for block in one.blocks if isinstance(block, Grid) for cell in block.cells]
    assert {"下个月", "早就改好了"} <= set(texts)


@pytest.mark.parametrize("code", TEMPLATES)
def test_a_word_file_says_everything(code: str) -> None:
    texts = word_texts(record_docx.compose(single(code), made_at=MADE))
    whole = squeezed("".join(texts))
    for text in said(single(code)):
        assert squeezed(text) in whole, text


@needs_font
@pytest.mark.parametrize("code", ["T05", "T11", "T13", "T18", "T22", "T23", "T24"])
def test_a_pdf_says_everything(code: str) -> None:
    reader = PdfReader(io.BytesIO(record_pdf.compose(single(code))))
    whole = squeezed("".join(page.extract_text() for page in reader.pages))
    for text in said(single(code)):
        for word in squeezed(text).split("；"):
            assert word[:12] in whole, text


def test_a_word_file_is_laid_out_as_official_papers_are() -> None:
    document = Document(io.BytesIO(record_docx.compose(whole_year(), made_at=MADE)))
    (section,) = document.sections
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round((margin or 0) / Mm(1)) for margin in margins] == [37, 35, 28, 26]
    assert round((section.page_width or 0) / Mm(1)) == 210
    body = document.element.body
    for table in body.iter(qn("w:tbl")):
        rows = list(table.iter(qn("w:tr")))
        whole = [row for row in rows if row.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None]
        texts = [len("".join(row.itertext())) for row in rows]
        assert len(whole) == len(rows) or max(texts) > 400, "rows aren't broken but where they must"
    registers = [t for t in body.iter(qn("w:tbl")) if "序号" in "".join(t.itertext())[:8]]
    assert len(registers) == sum(bool(template.register) for template in TEMPLATES.values())
    assert all(t.find(f"{qn('w:tr')}/{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for t in registers)
    footer = "".join(section.footer._element.itertext())
    assert "—" in footer
    assert "PAGE" in footer
    assert section.different_first_page_header_footer
    faces = {node.get(qn("w:eastAsia")) for node in body.iter(qn("w:rFonts"))}
    assert faces == {record_docx.TITLE, record_docx.TEXT, record_docx.HEADING}
    sizes = {node.get(qn("w:val")) for node in document.styles["Normal"].element.iter(qn("w:sz"))}
    assert sizes == {"32"}, "text of size 3"
    assert document.core_properties.author == BRANCH


def test_the_contents_name_all_ten_areas_and_point_at_them() -> None:
    document = Document(io.BytesIO(record_docx.compose(whole_year(), made_at=MADE)))
    body = document.element.body
    marks = [mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))]
    fields = [node.text or "" for node in body.iter(qn("w:instrText"))]
    assert marks == [f"area{n}" for n in range(1, 11)]
    assert [field.split()[1] for field in fields if "PAGEREF" in field] == marks
    headings = [p.text for p in document.paragraphs if p.style is not None and p.style.name == "Heading 1"]
    assert headings == [chapter.title for chapter in whole_year().chapters]


@needs_font
def test_a_year_as_pdf_has_cover_contents_areas_numbers_and_its_fonts() -> None:
    reader = PdfReader(io.BytesIO(record_pdf.compose(whole_year())))
    texts = [squeezed(page.extract_text()) for page in reader.pages]
    assert "党支部工作手册" in texts[0]
    assert BRANCH in texts[0]
    assert "—1—" not in texts[0], "the cover has no number"
    assert texts[1].startswith("目录")
    assert texts[1].endswith("—2—")
    for number, text in enumerate(texts[1:], start=2):
        assert f"—{number}—" in text
    for chapter in whole_year().chapters:
        (start,) = [
            n for n, text in enumerate(texts, 1) if n > 2 and text.startswith(squeezed(chapter.title))
        ]
        assert f"{squeezed(chapter.title)}" in texts[1]
        assert str(start) in texts[1]
    page = reader.pages[0].mediabox
    assert (round(page.width), round(page.height)) == (595, 842)
    assert fonts_of(reader) == {True}


def fonts_of(reader: PdfReader) -> set[bool]:
    """Whether the fonts of all pages are embedded."""
    found = set()
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            inner = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            found.add(any(key in inner for key in ("/FontFile", "/FontFile2", "/FontFile3")))
    return found


@needs_font
def test_a_table_over_pages_repeats_its_heading() -> None:
    rows = [(values("T15"), frozenset[str]())] * 90
    one = record_pages.register(TEMPLATES["T15"], rows, NAMES, below=(BRANCH,))
    book = Book(one.title, BRANCH, "", "", "", (Chapter("", (one,)),), cover=False)
    texts = [squeezed(page.extract_text()) for page in PdfReader(io.BytesIO(record_pdf.compose(book))).pages]
    assert len(texts) > 2
    assert all("序号" in text and "对方党组织" in text for text in texts)


@needs_font
def test_a_text_longer_than_a_page_goes_on_over_it() -> None:
    long = values("T13") | {"analysis": "我对照合格党员标准认真查找不足。" * 200}
    one = record_pages.sheet(TEMPLATES["T13"], long, NAMES, below=(BRANCH,))
    book = Book(one.title, BRANCH, "", "", "", (Chapter("", (one,)),), cover=False)
    reader = PdfReader(io.BytesIO(record_pdf.compose(book)))
    assert len(reader.pages) >= 3
    pages = [squeezed(page.extract_text()) for page in reader.pages]
    whole = "".join(text.removesuffix(f"—{number}—") for number, text in enumerate(pages, start=1))
    assert whole.count("认真查找不足") == 200


def test_markup_in_a_record_is_text() -> None:
    wicked = '<w:p/> & ]]> #read("x") $x$ *重* _斜_ `码` \\ “引”'
    one = record_pages.sheet(TEMPLATES["T12"], values("T12") | {"problem": wicked}, NAMES)
    book = Book(one.title, BRANCH, "", "", "", (Chapter("", (one,)),), cover=False)
    assert wicked in word_texts(record_docx.compose(book, made_at=MADE))


@needs_font
def test_markup_in_a_record_is_text_in_a_pdf_too() -> None:
    wicked = '#read("main") $x^2$ *重要* @here <a>'
    one = record_pages.sheet(TEMPLATES["T12"], values("T12") | {"problem": wicked}, NAMES)
    book = Book(one.title, BRANCH, "", "", "", (Chapter("", (one,)),), cover=False)
    text = PdfReader(io.BytesIO(record_pdf.compose(book))).pages[0].extract_text()
    assert squeezed(wicked) in squeezed(text)


@needs_font
def test_two_hundred_records_take_less_than_ten_seconds() -> None:
    codes = [code for code, template in TEMPLATES.items() if not template.register]
    sheets = tuple(sheet(codes[n % len(codes)]) for n in range(TALLEST))
    book = Book("党支部工作手册", BRANCH, "2026", "", "", (Chapter("一、全部", sheets),))
    started = time.process_time()
    content = record_pdf.compose(book)
    # Processor time, so that it doesn't matter what else this machine does.
    assert time.process_time() - started < 10
    assert len(PdfReader(io.BytesIO(content)).pages) >= TALLEST


@needs_font
def test_a_long_book_is_set_in_parts_that_are_told_and_comes_out_as_if_set_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book, told = whole_year(sheets=8), list[tuple[int, int]]()
    content = record_pdf.compose(book, progress=lambda *news: told.append(news))
    total = sum(len(chapter.sheets) for chapter in book.chapters)
    assert total > 2 * record_pdf.AT_ONCE
    assert told == [
        *((done, total) for done in range(record_pdf.AT_ONCE, total, record_pdf.AT_ONCE)),
        (total, total),
    ]
    monkeypatch.setattr(record_pdf, "AT_ONCE", total)
    whole = PdfReader(io.BytesIO(record_pdf.compose(book))).pages
    assert [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages] == [
        page.extract_text() for page in whole
    ]


def test_the_beginning_of_a_book_has_so_many_sheets_in_their_order() -> None:
    book = whole_year(sheets=2)
    every = [one for chapter in book.chapters for one in chapter.sheets]
    for sheets in range(1, len(every) + 1):
        first = record_pdf._first(book, sheets)
        assert [one for chapter in first.chapters for one in chapter.sheets] == every[:sheets]
        assert [one.title for one in first.chapters] == [one.title for one in book.chapters][
            : len(first.chapters)
        ]


@needs_font
@pytest.mark.parametrize("rows", range(18, 34))
def test_nobody_signs_an_empty_page(rows: int) -> None:
    """However long the form is: the names stand below at least a row of it."""
    cells = tuple(Said(f"第{n}项", f"内容{n}", wide=True) for n in range(rows))
    one = Sheet("换届选举纪实表", (BRANCH,), (Grid(cells),), ("党支部书记（签字）", "填表人（签字）"))
    book = Book(one.title, BRANCH, "", "", "", (Chapter("", (one,)),), cover=False)
    pages = [squeezed(page.extract_text()) for page in PdfReader(io.BytesIO(record_pdf.compose(book))).pages]
    assert "签字" in pages[-1]
    assert f"内容{rows - 1}" in pages[-1]
    assert all(f"内容{n}" in "".join(pages) for n in range(rows))


@needs_font
@pytest.mark.parametrize("code", ["T02", "T06", "T13"])
def test_who_signs_has_room_below_the_table(code: str) -> None:
    """Also where the last thing above is a table of several rows, as a meeting's decisions are."""
    heights: dict[float, str] = {}

    def note(text: str, page: list[float], line: list[float], *_: object) -> None:
        at = round(page[3] * line[5] + page[5])
        if text.strip():
            heights[at] = heights.get(at, "") + text

    page = PdfReader(io.BytesIO(record_pdf.compose(single(code)))).pages[-1]
    page.extract_text(visitor_text=note)
    names = next(height for height, text in heights.items() if "签字" in text)
    above = min(height for height in heights if height > names)
    assert above - names > ROOM_TO_SIGN, heights
