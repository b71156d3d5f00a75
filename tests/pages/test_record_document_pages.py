"""Records on paper from the phone: the file of one record, and a year's that says how far it has come."""

import io
import re
from datetime import timedelta

import docx
import pytest

from handlers import record_documents
from handlers.context import Context
from handlers.record_documents import Document
from tests.handlers.branch_book import Book, open_book, party_day, signed
from tests.pages.test_pages import Tags, client
from tests.pages.test_rehearsal_pages import Client, Phone, phone
from tests.test_formalism import said

__all__ = ["client"]


@pytest.fixture
async def book(ctx: Context) -> Book:
    return await open_book(ctx)


async def content(reader: Phone, path: str) -> tuple[int, bytes, str]:
    response = await reader.client.get(path, headers=reader.headers)
    return response.status, await response.read(), response.headers.get("Content-Disposition", "")


async def test_a_record_is_printed_from_its_page(client: Client, book: Book) -> None:
    made = await signed(book.ctx, "T09", party_day(book, book.ctx.now() - timedelta(days=2)))
    mine = await phone(client, book.town, book.town.worker)
    path = f"/handbook/records/{made.record.id}"
    assert f'href="{path}.docx"' in (await mine.get(path))[1]
    status, file, name = await content(mine, f"{path}.docx")
    assert status == 200
    assert docx.Document(io.BytesIO(file)).paragraphs[0].text == "主题党日记录"
    assert name.startswith("attachment")
    far = await phone(client, book.town, book.town.far_worker)
    status, page, _ = await content(far, f"{path}.docx")
    assert status == 404
    assert "不在您的查看范围内" in page.decode()


async def test_a_year_says_how_far_it_has_come_and_is_fetched_once_made(
    client: Client, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in (2, 3, 4):
        await signed(book.ctx, "T09", party_day(book, book.ctx.now() - timedelta(days=days)))
    mine = await phone(client, book.town, book.town.worker)
    _, html = await mine.get("/handbook/books/2026")
    assert 'href="/handbook/books/2026/docx"' in html
    status, html = await mine.get("/handbook/books/2026/docx")
    assert status == 200
    assert Tags(html).open == []
    assert said(re.sub(r"<[^>]*>", "。", html)) == []
    assert (
        html.index("整理记录：共3份") < html.index("排版：0/3") < html.index("排版：3/3") < html.index("好了")
    )
    (where,) = re.findall(r'class="big" href="([^"]+)"', html)

    async def again(*_: object, **__: object) -> Document:
        raise AssertionError("it was made already")

    with monkeypatch.context() as patch:
        patch.setattr(record_documents, "write_year", again)
        status, file, _ = await content(mine, where)
    assert status == 200
    assert "党支部工作手册" in [p.text for p in docx.Document(io.BytesIO(file)).paragraphs]

    member = await phone(client, book.town, book.people[3])
    status, file, _ = await content(member, where)
    assert status == 200, "somebody else's token is none: their own is made"
    await book.ctx.redis.flushdb()
    assert (await content(mine, where))[0] == 200, "what is gone is made again"


async def test_a_year_is_only_for_its_readers(client: Client, book: Book) -> None:
    await signed(book.ctx, "T09", party_day(book, book.ctx.now() - timedelta(days=2)))
    far = await phone(client, book.town, book.town.far_worker)
    branch = book.town.branch.id
    for path in (f"/handbook/books/2026/docx?branch={branch}", f"/handbook/books/2026.docx?branch={branch}"):
        status, page, _ = await content(far, path)
        assert status == 404
        assert b"PK" not in page
    stranger = Phone(client, "x")
    assert (await content(stranger, "/handbook/books/2026.docx"))[0] in (401, 403)
    assert (await content(far, "/handbook/books/1999/docx"))[0] == 422


async def test_without_a_font_the_page_says_what_to_do(
    client: Client, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handlers import fonts
    from handlers.errors import NoFont

    def none() -> None:
        raise NoFont

    monkeypatch.setattr(fonts, "official", none)
    mine = await phone(client, book.town, book.town.worker)
    status, html = await mine.get("/handbook/books/2026/pdf")
    assert status == 503
    assert "先用 Word 版" in html
