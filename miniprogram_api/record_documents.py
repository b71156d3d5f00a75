"""Records as documents over HTTP: one record, or a branch's year; Word or PDF."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from handlers import record_documents
from handlers.context import Context
from handlers.errors import NoFont, NotBound, NotFound
from handlers.record_documents import MEDIA, Paper
from miniprogram_api.record_views import BranchQuery
from miniprogram_api.table import BOUND, File, Route


async def record_pdf(ctx: Context, *, record_id: int) -> File:
    """One record as PDF."""
    return await _record(ctx, record_id, Paper.PDF)


async def record_word(ctx: Context, *, record_id: int) -> File:
    """One record as a Word file."""
    return await _record(ctx, record_id, Paper.WORD)


async def year_pdf(ctx: Context, *, year: int, form: BranchQuery) -> File:
    """A branch's year as PDF."""
    return await _year(ctx, year, form, Paper.PDF)


async def year_word(ctx: Context, *, year: int, form: BranchQuery) -> File:
    """A branch's year as a Word file."""
    return await _year(ctx, year, form, Paper.WORD)


async def _record(ctx: Context, record_id: int, kind: Paper) -> File:
    made = await record_documents.write_record(ctx, record_id=record_id, kind=kind)
    return File(made.name, made.content)


async def _year(ctx: Context, year: int, form: BranchQuery, kind: Paper) -> File:
    made = await record_documents.write_year(ctx, year=year, kind=kind, branch_id=form.branch_id)
    return File(made.name, made.content)


READS = (NotBound, NotFound)

ROUTES = (
    Route("GET", "/records/{record_id}.pdf", record_pdf, BOUND, "一份记录，PDF", refuses=(*READS, NoFont), media=MEDIA[Paper.PDF]),
    Route("GET", "/records/{record_id}.docx", record_word, BOUND, "一份记录，Word", refuses=READS, media=MEDIA[Paper.WORD]),
    Route("GET", "/handbooks/{year}.pdf", year_pdf, BOUND, "支部一年的工作手册，PDF", BranchQuery, refuses=(*READS, NoFont), media=MEDIA[Paper.PDF]),
    Route("GET", "/handbooks/{year}.docx", year_word, BOUND, "支部一年的工作手册，Word", BranchQuery, refuses=READS, media=MEDIA[Paper.WORD]),
)  # fmt: skip
