"""Records and a branch's year as files: whoever may read gets on paper what they see, and no more."""

import asyncio
import io
import re
from datetime import datetime, timedelta
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from pypdf import PdfReader

from handlers import fonts, record_documents, record_docx
from handlers.context import Context
from handlers.errors import BadInput, NoFont, NotBound, NotFound
from handlers.record_documents import Document, Paper, Progress
from handlers.record_pages import Book
from models import AuditEntry, Record
from tests.fonts import needs_font
from tests.handlers.branch_book import Book as BranchBook
from tests.handlers.branch_book import open_book, party_day, signed, team, write

MEETING = datetime.fromisoformat("2026-11-18T09:00:00+08:00")


@pytest.fixture
async def book(ctx: Context) -> BranchBook:
    return await open_book(ctx)


def words(content: bytes) -> str:
    """All that a Word file says."""
    body = docx.Document(io.BytesIO(content)).element.body
    return "\n".join("".join(node.text or "" for node in p.iter(qn("w:t"))) for p in body.iter(qn("w:p")))


def roster_line(book: BranchBook) -> dict[str, Any]:
    return {
        "name": book.ids[1], "id_no": "370302196001010017", "category": "正式党员", "join_date": "1990-07-01",
        "full_date": "1991-07-01", "rel_status": "在册", "mobile": "13800000002", "care_flags": ["困难"],
    }  # fmt: skip


async def year_of(ctx: Context, **more: Any) -> str:
    made = await record_documents.write_year(ctx, year=2026, kind=Paper.WORD, **more)
    return words(made.content)


async def test_a_record_is_printed_with_names_number_and_state(book: BranchBook) -> None:
    made = await signed(book.ctx, "T09", party_day(book, MEETING))
    paper = await record_documents.write_record(book.ctx, record_id=made.record.id, kind=Paper.WORD)
    text = words(paper.content)
    assert paper.name == "主题党日记录-2026-11.docx"
    for said in ("主题党日记录", book.town.branch.name, f"编号：T09-{made.record.id}", "已签认", "学习党章"):
        assert said in text
    assert book.people[0].name in text
    draft = await write(book.ctx, "T09", party_day(book, MEETING - timedelta(days=40)))
    paper = await record_documents.write_record(book.ctx, record_id=draft.record.id, kind=Paper.WORD)
    assert "草稿，未签认" in words(paper.content)
    assert "补录（" in words(paper.content)


@needs_font
async def test_a_record_is_printed_as_pdf(book: BranchBook) -> None:
    made = await signed(book.ctx, "T09", party_day(book, MEETING))
    paper = await record_documents.write_record(book.ctx, record_id=made.record.id, kind=Paper.PDF)
    assert paper.name.endswith(".pdf")
    assert "主题党日记录" in PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()


async def test_on_paper_stands_what_the_reader_sees(book: BranchBook) -> None:
    made = await signed(book.ctx, "T03", roster_line(book))
    of = {"record_id": made.record.id, "kind": Paper.WORD}
    own = words((await record_documents.write_record(book.ctx, **of)).content)
    assert "370302196001010017" in own
    officer = book.town.at(book.town.district_officer)
    above = words((await record_documents.write_record(officer, **of)).content)
    assert "370302" not in above
    assert "13800000002" not in above
    assert "困难" not in above
    assert "（不公开）" in above
    with pytest.raises(NotFound):
        await record_documents.write_record(book.town.at(book.people[3]), **of)
    with pytest.raises(NotFound):
        await record_documents.write_record(book.town.at(book.town.far_worker), **of)


async def test_a_year_holds_what_is_signed_and_no_draft(book: BranchBook) -> None:
    await signed(book.ctx, "T02", team(book))
    await signed(book.ctx, "T09", party_day(book, MEETING))
    await write(book.ctx, "T09", party_day(book, MEETING, theme={"title": "还没有签认的主题"}))
    text = await year_of(book.ctx)
    assert "党支部工作手册" in text
    assert "2026年度" in text
    assert "党支部班子成员及任期表" in text, "elected in 2024, and in force"
    assert "学习党章" in text
    assert "还没有签认的主题" not in text
    assert text.count("本年度没有记录。") == 8
    empty = words((await record_documents.write_year(book.ctx, year=2020, kind=Paper.WORD)).content)
    assert empty.count("本年度没有记录。") == 10


async def test_a_years_book_shows_numbers_in_part_to_everybody(book: BranchBook) -> None:
    await signed(book.ctx, "T03", roster_line(book))
    text = await year_of(book.ctx)
    assert "党员名册" in text
    assert "370302196001010017" not in text
    assert "13800000002" not in text


async def test_a_member_gets_the_common_life_and_their_own(book: BranchBook) -> None:
    await signed(book.ctx, "T09", party_day(book, MEETING))
    await signed(book.ctx, "T03", roster_line(book))
    stranger = await year_of(book.town.at(book.people[3]))
    assert "学习党章" in stranger
    assert "党员名册" not in stranger
    own = await year_of(book.town.at(book.people[1]))
    assert "党员名册" in own


async def test_nobody_prints_another_branchs_year(book: BranchBook) -> None:
    await signed(book.ctx, "T09", party_day(book, MEETING))
    branch_id = book.town.branch.id
    officer = book.town.at(book.town.district_officer)
    assert "学习党章" in await year_of(officer, branch_id=branch_id)
    for person in (book.town.other_worker, book.town.far_worker):
        with pytest.raises(NotFound):
            await record_documents.write_year(
                book.town.at(person), year=2026, kind=Paper.WORD, branch_id=branch_id
            )
    with pytest.raises(NotBound):
        await record_documents.write_year(book.town.ctx, year=2026, kind=Paper.WORD, branch_id=branch_id)
    with pytest.raises(BadInput):
        await record_documents.write_year(book.ctx, year=1899, kind=Paper.WORD)


async def test_a_draft_names_nobody_of_another_branch(book: BranchBook) -> None:
    """A draft may hold any number; only what was signed was held against the roster."""
    draft = await write(book.ctx, "T09", party_day(book, MEETING))
    row = await Record.get(id=draft.record.id)
    row.values = row.values | {"host_id": book.town.far_worker.id}
    await row.save()
    paper = await record_documents.write_record(book.ctx, record_id=row.id, kind=Paper.WORD)
    assert "（已不在名册）" in words(paper.content)


async def test_how_far_a_year_has_come_is_told_and_the_printing_is_kept(book: BranchBook) -> None:
    for days in range(3):
        await signed(book.ctx, "T09", party_day(book, MEETING - timedelta(days=days)))
    parts = [part async for part in record_documents.year_pages(book.ctx, year=2026, kind=Paper.WORD)]
    told = [part for part in parts if isinstance(part, Progress)]
    assert [(one.done, one.total) for one in told if one.stage == "排版"] == [(n, 3) for n in range(4)]
    assert isinstance(parts[-1], Document)
    entry = await AuditEntry.get(action="handbook.printed")
    assert entry.subject == f"branch:{book.town.branch.id}"


async def test_the_loop_goes_on_while_a_year_is_made(
    book: BranchBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is made in a thread: it waits there for something that only the loop can do."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def slow(_: Book, **__: Any) -> bytes:
        async def tick() -> None:
            told.set()

        asyncio.run_coroutine_threadsafe(tick(), loop).result(timeout=20)
        return b"made"

    monkeypatch.setattr(record_docx, "compose", slow)
    made = await record_documents.write_year(book.ctx, year=2026, kind=Paper.WORD)
    assert made.content == b"made"
    assert told.is_set()


async def test_a_machine_without_chinese_letters_says_so(
    book: BranchBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        raise NoFont

    monkeypatch.setattr(fonts, "official", none)
    with pytest.raises(NoFont):
        await record_documents.write_year(book.ctx, year=2026, kind=Paper.PDF)
    assert not await AuditEntry.filter(action="handbook.printed").exists()


async def test_what_goes_wrong_in_the_thread_comes_out(
    book: BranchBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(record_docx, "compose", breaks)
    with pytest.raises(ZeroDivisionError):
        await record_documents.write_year(book.ctx, year=2026, kind=Paper.WORD)


@needs_font
def test_official_papers_use_the_best_faces_of_the_machine() -> None:
    found = fonts.official()
    assert all(re.fullmatch(r"\S.*", face) for face in (found.serif, found.plain, found.heading))
