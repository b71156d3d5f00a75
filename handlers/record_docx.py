"""A record, or a branch's year, as a Word file: the pages of `record_pages` in the layout of official papers.

The file asks for the faces that official papers are set in and names what may stand in their place; Word
counts the pages of the contents when it opens the file.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from handlers.record_pages import Book, Grid, Register, Said, Sheet

NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MILLIMETRE = 1440 / 25.4
"""Twentieths of a point, Word's measure."""
MARGINS = {"top_margin": 37, "bottom_margin": 35, "left_margin": 28, "right_margin": 26}
PAGE_WIDTH, PAGE_HEIGHT, FOOTER = 210, 297, 23
TEXT_WIDTH = round((PAGE_WIDTH - 28 - 26) * MILLIMETRE)
TITLE, TEXT, HEADING = "方正小标宋简体", "仿宋_GB2312", "黑体"
ALTERNATIVES = {TITLE: "宋体", TEXT: "仿宋", HEADING: "SimHei"}
SIZE_2, SIZE_3, SIZE_4, SIZE_5 = 44, 32, 28, 21
CELL = 24
"""Half-points: 二号, 三号, 四号, 五号 and 小四."""
COVER_TITLE, COVER_YEAR, COVER_NAME = 88, 52, 36
FORM_SHARES = (21, 29, 21, 29)
GREY = "F0F0F0"

Progress = Callable[[int, int], None]


def compose(book: Book, *, made_at: datetime, progress: Progress | None = None) -> bytes:
    """The file. `progress` hears how many sheets of how many are done. Slow: call it off the event loop."""
    from docx import Document  # Large, and few processes ever write one.
    from docx.oxml import parse_xml

    document = Document()
    _set_up(document, book, made_at)
    body = document.element.body
    total, done = sum(len(chapter.sheets) for chapter in book.chapters), 0
    section = body.sectPr
    for xml in _cover(book) if book.cover else ():
        section.addprevious(parse_xml(xml))
    for number, chapter in enumerate(book.chapters, start=1):
        if book.cover:
            section.addprevious(parse_xml(_chapter(number, chapter.title)))
            if not chapter.sheets:
                section.addprevious(parse_xml(_line("本年度没有记录。", align="center")))
        for at, sheet in enumerate(chapter.sheets):
            for xml in _sheet(sheet, starts_page=at > 0):
                section.addprevious(parse_xml(xml))
            done += 1
            if progress is not None:
                progress(done, total)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _set_up(document: Any, book: Book, made_at: datetime) -> None:
    from docx.shared import Mm

    section = document.sections[0]
    section.page_width, section.page_height = Mm(PAGE_WIDTH), Mm(PAGE_HEIGHT)
    for side, width in MARGINS.items():
        setattr(section, side, Mm(width))
    section.footer_distance = Mm(FOOTER)
    section.different_first_page_header_footer = book.cover
    document.settings.odd_and_even_pages_header_footer = True
    for footer, align in ((section.footer, "right"), (section.even_page_footer, "left")):
        _number(footer, align)
    _styles(document)
    _faces(document)
    properties = document.core_properties
    properties.title, properties.author, properties.language = book.title, book.branch, "zh-CN"
    properties.last_modified_by, properties.comments = book.branch, ""
    properties.created = properties.modified = made_at.replace(tzinfo=None)


def _styles(document: Any) -> None:
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    normal = document.styles["Normal"]
    normal.paragraph_format.space_after = normal.paragraph_format.space_before = 0
    heading = document.styles["Heading 1"]
    for style, face, size in ((normal, TEXT, SIZE_3), (heading, TITLE, COVER_YEAR)):
        properties = style.element.get_or_add_rPr()
        for child in list(properties):
            properties.remove(child)
        for xml in _face(face, size):
            properties.append(parse_xml(xml.replace("/>", f" {NAMESPACE}/>", 1)))
    centred = heading.element.get_or_add_pPr()
    for name in ("w:jc", "w:spacing"):
        if (old := centred.find(qn(name))) is not None:
            centred.remove(old)
    centred.append(parse_xml(f'<w:spacing {NAMESPACE} w:before="0" w:after="360"/>'))
    centred.append(parse_xml(f'<w:jc {NAMESPACE} w:val="center"/>'))


def _faces(document: Any) -> None:
    """Name what may stand in the place of a face that a machine doesn't have."""
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{other}"/><w:charset w:val="86"/></w:font>'
        for name, other in ALTERNATIVES.items()
    )
    for relation in document.part.rels.values():
        if relation.reltype.endswith("/fontTable"):
            xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
            relation.target_part._blob = f"{xml}<w:fonts {NAMESPACE}>{fonts}</w:fonts>".encode()


def _number(footer: Any, align: str) -> None:
    """— 1 —, at the outer side, a character in."""
    from docx.oxml import parse_xml

    footer.is_linked_to_previous = False
    element = footer._element
    for old in list(element):
        element.remove(old)
    indent = f'<w:ind w:{align}="280"/>'
    runs = _run("— ", "宋体", SIZE_4) + _field("PAGE", "1", "宋体", SIZE_4) + _run(" —", "宋体", SIZE_4)
    element.append(parse_xml(f'<w:p {NAMESPACE}><w:pPr>{indent}<w:jc w:val="{align}"/></w:pPr>{runs}</w:p>'))


def _cover(book: Book) -> Iterator[str]:
    yield _line(book.title, TITLE, COVER_TITLE, align="center", before=2600)
    yield _line(f"{book.year}年度", TITLE, COVER_YEAR, align="center", before=700, after=4200)
    for name in filter(None, (book.branch, book.above)):
        yield _line(name, TEXT, COVER_NAME, align="center", after=200)
    yield _line(book.made, TEXT, SIZE_4, align="center", before=500)
    yield _line("目　录", TITLE, SIZE_2, align="center", after=360, starts_page=True)
    tab = f'<w:tabs><w:tab w:val="right" w:leader="middleDot" w:pos="{TEXT_WIDTH}"/></w:tabs>'
    for number, chapter in enumerate(book.chapters, start=1):
        runs = _run(chapter.title) + "<w:r><w:tab/></w:r>" + _field(f"PAGEREF area{number} \\h", "")
        yield f'<w:p {NAMESPACE}><w:pPr>{tab}<w:spacing w:after="200"/></w:pPr>{runs}</w:p>'


def _chapter(number: int, title: str) -> str:
    mark = f'<w:bookmarkStart w:id="{number}" w:name="area{number}"/>'
    end = f'<w:bookmarkEnd w:id="{number}"/>'
    style = '<w:pStyle w:val="Heading1"/><w:pageBreakBefore/>'
    text = f"<w:r><w:t>{_text(title)}</w:t></w:r>"
    return f"<w:p {NAMESPACE}><w:pPr>{style}</w:pPr>{mark}{text}{end}</w:p>"


def _sheet(sheet: Sheet, *, starts_page: bool) -> Iterator[str]:
    yield _line(sheet.title, TITLE, SIZE_2, align="center", after=160, starts_page=starts_page, keep=True)
    for at, line in enumerate([*sheet.below[:1], "　".join(sheet.below[1:])]):
        if line:
            yield _line(line, TEXT, CELL, after=60 if at else 0, keep=True)
    for number, block in enumerate(sheet.blocks, start=1):
        table = _form(block) if isinstance(block, Grid) else _register(block)
        yield _with_what_follows(table) if number == len(sheet.blocks) and sheet.signers else table
        yield _gap()
    if sheet.signers:
        yield _signatures(sheet.signers)


def _with_what_follows(table: str) -> str:
    """The last row isn't parted from the signatures below."""
    before, row, last = table.rpartition("<w:tr>")
    return before + row + last.replace("<w:pPr>", "<w:pPr><w:keepNext/>")


def _signatures(signers: Sequence[str]) -> str:
    runs = "<w:r><w:tab/></w:r>".join(_run(f"{who}：＿＿＿＿＿", TEXT, SIZE_4) for who in signers)
    tab = f'<w:tabs><w:tab w:val="left" w:pos="{TEXT_WIDTH // 2}"/></w:tabs>'
    return f'<w:p {NAMESPACE}><w:pPr>{tab}<w:spacing w:before="240"/></w:pPr>{runs}</w:p>'


def _gap() -> str:
    """Two tables with nothing between them would become one."""
    size = '<w:keepNext/><w:spacing w:line="20" w:lineRule="exact" w:before="0" w:after="0"/>'
    return f'<w:p {NAMESPACE}><w:pPr>{size}<w:rPr><w:sz w:val="2"/></w:rPr></w:pPr></w:p>'


def _form(grid: Grid) -> str:
    widths = _widths(FORM_SHARES)
    rows = "".join(_form_row(row, widths) for row in grid.rows())
    return _table(widths, rows)


def _form_row(row: Sequence[Said], widths: Sequence[int]) -> str:
    if len(row) == 1:
        (one,) = row
        cells = _label(one.label, widths[0]) + _said(one.text, sum(widths[1:]), span=3)
        # What is longer than a page must be allowed to go on over it.
        return f"<w:tr>{_row_rules(splits=len(one.text) > 400)}{cells}</w:tr>"
    cells = "".join(
        _label(one.label, widths[2 * at]) + _said(one.text, widths[2 * at + 1]) for at, one in enumerate(row)
    )
    return f"<w:tr>{_row_rules()}{cells}</w:tr>"


def _register(table: Register) -> str:
    size = SIZE_5 if table.small else CELL
    widths = _widths(table.widths)
    head = ""
    if table.title:
        wide = _cell(table.title, sum(widths), HEADING, size, "center", span=len(widths), fill=GREY)
        head = f"<w:tr>{_row_rules(header=True)}{wide}</w:tr>"
    named = "".join(
        _cell(words, width, HEADING, size, "center")
        for words, width in zip(table.headings, widths, strict=True)
    )
    rows = [f"<w:tr>{_row_rules(header=True)}{named}</w:tr>"]
    aligned = ["center" if centred else "left" for centred in table.centred]
    for row in table.rows:
        cells = "".join(
            _cell(words, width, TEXT, size, align)
            for words, width, align in zip(row, widths, aligned, strict=True)
        )
        rows.append(f"<w:tr>{_row_rules(splits=max(map(len, row)) > 500)}{cells}</w:tr>")
    return _table(widths, head + "".join(rows))


def _widths(shares: Sequence[int]) -> list[int]:
    return [TEXT_WIDTH * share // sum(shares) for share in shares]


def _table(widths: Sequence[int], rows: str) -> str:
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    rules = (
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{sides}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="70" w:type="dxa"/>'
        '<w:right w:w="70" w:type="dxa"/></w:tblCellMar>'
    )
    return f"<w:tbl {NAMESPACE}><w:tblPr>{rules}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"


def _row_rules(*, header: bool = False, splits: bool = False) -> str:
    whole = "" if splits else "<w:cantSplit/>"
    repeats = "<w:tblHeader/>" if header else ""
    return f"<w:trPr>{whole}{repeats}</w:trPr>" if whole or repeats else ""


def _label(words: str, width: int) -> str:
    return _cell(words, width, HEADING, CELL, "center")


def _said(words: str, width: int, *, span: int = 1) -> str:
    return _cell(words, width, TEXT, CELL, "left", span=span)


def _cell(words: str, width: int, face: str, size: int, align: str, *, span: int = 1, fill: str = "") -> str:
    spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    rules = f'<w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spans}{shade}<w:vAlign w:val="center"/></w:tcPr>'
    lines = "".join(
        f'<w:p><w:pPr><w:spacing w:before="50" w:after="50"/><w:jc w:val="{align}"/></w:pPr>'
        f"{_run(line, face, size)}</w:p>"
        for line in words.split("\n")
    )
    return f"<w:tc>{rules}{lines}</w:tc>"


def _line(
    words: str,
    face: str = TEXT,
    size: int = SIZE_3,
    *,
    align: str = "left",
    before: int = 0,
    after: int = 0,
    starts_page: bool = False,
    keep: bool = False,
) -> str:
    rules = ("<w:keepNext/>" if keep else "") + ("<w:pageBreakBefore/>" if starts_page else "")
    spacing = f'<w:spacing w:before="{before}" w:after="{after}"/><w:jc w:val="{align}"/>'
    return f"<w:p {NAMESPACE}><w:pPr>{rules}{spacing}</w:pPr>{_run(words, face, size)}</w:p>"


def _run(words: str, face: str = TEXT, size: int = SIZE_3) -> str:
    rules = "".join(_face(face, size))
    return f'<w:r><w:rPr>{rules}</w:rPr><w:t xml:space="preserve">{_text(words)}</w:t></w:r>'


def _face(face: str, size: int) -> tuple[str, str, str]:
    names = f'<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="{face}"/>'
    return names, f'<w:sz w:val="{size}"/>', f'<w:szCs w:val="{size}"/>'


def _field(code: str, shown: str, face: str = TEXT, size: int = SIZE_3) -> str:
    """Something Word works out when it opens the file."""
    rules = f"<w:rPr>{''.join(_face(face, size))}</w:rPr>"
    return (
        f'<w:r>{rules}<w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
        f'<w:r>{rules}<w:instrText xml:space="preserve"> {code} </w:instrText></w:r>'
        f'<w:r>{rules}<w:fldChar w:fldCharType="separate"/></w:r>'
        f'<w:r>{rules}<w:t>{_text(shown)}</w:t></w:r><w:r>{rules}<w:fldChar w:fldCharType="end"/></w:r>'
    )


def _text(words: str) -> str:
    return escape(words)
