"""Records as documents: one record, or a branch's year with cover, contents and all ten areas; Word or PDF.

A reader gets on paper what they see on the screen and no more; in a year's book long numbers are shown only
in part, for everybody. Files are made in a thread and told about as they grow.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from handlers import (
    audit,
    fonts,
    record_access,
    record_docx,
    record_pages,
    record_pdf,
    record_seals,
    records,
    seals,
)
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput
from handlers.record_access import Reader
from handlers.record_pages import Book, Chapter, Names, Sheet
from handlers.template_content import Area, Field, Kind, Template, handbook
from models import Booking, Organization, Person, Record, RecordStatus

STANDING = ("T01", "T02")
"""Of these a year's book has the latest, whatever its year."""
LASTING = ("T03", "T04", "T12", "T16", "T22")
"""Of these it has also what began in earlier years."""
CLOSED = {"T12": ("status", "已销号"), "T16": ("lost", "建议除名")}
"""What of those is over is left to its own year's book."""
MOST = 5000
"""Records in one book."""
KEPT_FOR = 600
"""Seconds a finished book waits to be fetched."""
LARGEST_KEPT = 8 * 1024 * 1024
PRINTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="printer")
"""One document at a time in a process: pages take much memory while they are set."""
NUMERALS = "一二三四五六七八九十"
YEARS = range(2000, 2101)


class Paper(StrEnum):
    """The kinds of file."""

    PDF = "pdf"
    WORD = "docx"


MEDIA = {
    Paper.WORD: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Paper.PDF: "application/pdf",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a document has come: what is being done, and so many of so many."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Document:
    """A finished file."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """A record with what its reader sees of it."""

    record: Record
    template: Template
    values: Mapping[str, Any]
    hidden: frozenset[str]


async def write_record(ctx: Context, *, record_id: int, kind: Paper) -> Document:
    """One record on paper.

    Raises:
        NotBound, NotFound: it isn't the caller's to see.
        NoFont: this machine can't print Chinese (PDF).
    """
    shown = await records.show(ctx, record_id=record_id)
    line = Line(shown.record, shown.template, shown.values, shown.hidden)
    branch = shown.reader.branch
    names = await _names(ctx, branch, [line])
    sheet = record_pages.sheet(
        line.template, line.values, names, below=_below(ctx, branch, line), hidden=line.hidden
    )
    book = Book(sheet.title, branch.name, "", "", "", (Chapter("", (sheet,)),), cover=False)
    running = asyncio.get_running_loop()
    content = await running.run_in_executor(PRINTER, _made, book, kind, ctx.now(), lambda *_: None)
    return Document(f"{line.template.name}-{shown.record.period}.{kind}", content)


async def write_year(ctx: Context, *, year: int, kind: Paper, branch_id: int | None = None) -> Document:
    """A branch's year as one file; `year_pages` without the telling.

    Raises:
        NotBound, NotFound, NoFont: see `year_pages`.
    """
    async for part in year_pages(ctx, year=year, kind=kind, branch_id=branch_id):
        if isinstance(part, Document):
            return part
    raise AssertionError("a book ends with its document")


async def year_pages(
    ctx: Context, *, year: int, kind: Paper, branch_id: int | None = None
) -> AsyncIterator[Progress | Document]:
    """A branch's signed records of a year as one file: how far it has come, and at the end the file.

    Raises:
        NotBound.
        NotFound: no such branch, or not the caller's to see.
        BadInput: a year without a handbook, or one with too many records.
        NoFont: this machine can't print Chinese (PDF).
    """
    if year not in YEARS:
        raise BadInput(year=f"年份应在{YEARS[0]}到{YEARS[-1]}之间")
    reader = await record_access.read_branch(ctx, branch_id)
    if kind is Paper.PDF:
        await asyncio.to_thread(fonts.official)
    lines = await _lines(ctx, reader, year)
    yield Progress("整理记录", len(lines), len(lines))
    names = await _names(ctx, reader.branch, lines)
    above = await Organization.get_or_none(id=reader.branch.parent_id) if reader.branch.parent_id else None
    chapters = tuple(
        Chapter(f"{NUMERALS[at]}、{area.name}", tuple(_chapter(ctx, reader.branch, area, lines, names)))
        for at, area in enumerate(handbook().areas)
    )
    made = f"{record_pages.day(ctx.now().astimezone(ctx.settings.zone))}印制"
    book = Book("党支部工作手册", reader.branch.name, str(year), above.name if above else "", made, chapters)
    async for part in _growing(book, kind, ctx.now()):
        if isinstance(part, bytes):
            await audit.record(
                ctx, "handbook.printed", f"branch:{reader.branch.id}", year=year, kind=kind, count=len(lines)
            )
            yield Document(f"党支部工作手册-{year}.{kind}", part)
        else:
            yield part


async def _growing(book: Book, kind: Paper, at: datetime) -> AsyncIterator[Progress | bytes]:
    """The file, made in a thread, with what the thread tells on the way."""
    loop, told = asyncio.get_running_loop(), asyncio.Queue[Progress | None]()

    def tell(done: int, total: int) -> None:
        loop.call_soon_threadsafe(told.put_nowait, Progress("排版", done, total))

    total = sum(len(chapter.sheets) for chapter in book.chapters)
    work = loop.run_in_executor(PRINTER, _made, book, kind, at, tell)
    work.add_done_callback(lambda _: told.put_nowait(None))
    yield Progress("排版", 0, total)
    while (news := await told.get()) is not None:
        yield news
    yield await work


async def keep(ctx: Context, document: Document) -> str:
    """Lay a finished file aside for its reader; a token to fetch it by, empty where it is too large.

    Raises:
        NotBound.
    """
    person = await require_person(ctx)
    if len(document.content) > LARGEST_KEPT:
        return ""
    token = secrets.token_urlsafe(16)
    whole = json.dumps(document.name).encode() + b"\n" + document.content
    sealed = await asyncio.to_thread(seals.seal, ctx.settings.secret_key, whole)
    await ctx.redis.set(_key(person, token), sealed, ex=KEPT_FOR)
    return token


async def kept(ctx: Context, token: str) -> Document | None:
    """A file that was laid aside for the caller; None when it is gone: then it is made again.

    Raises:
        NotBound.
    """
    person = await require_person(ctx)
    sealed = await ctx.redis.get(_key(person, token)) if token else None
    if not isinstance(sealed, bytes):
        return None
    try:
        whole = await asyncio.to_thread(seals.unseal, ctx.settings.secret_key, sealed)
    except seals.Unreadable:
        return None
    name, _, content = whole.partition(b"\n")
    return Document(str(json.loads(name)), content)


def _key(person: Person, token: str) -> str:
    return f"zbt:handbook:{person.id}:{token[:40]}"


def _made(book: Book, kind: Paper, at: datetime, tell: Callable[[int, int], None]) -> bytes:
    if kind is Paper.WORD:
        return record_docx.compose(book, made_at=at, progress=tell)
    return record_pdf.compose(book, progress=tell)


async def _lines(ctx: Context, reader: Reader, year: int) -> list[Line]:
    """The signed records of the year that the reader may see, by template and day."""
    signed = Record.filter(branch_id=reader.branch.id, status=RecordStatus.SIGNED, is_exercise=False)
    rows = await signed.filter(year=year).limit(MOST + 1)
    rows += await signed.filter(year__lt=year, template__in=(*STANDING, *LASTING)).limit(MOST + 1)
    if len(rows) > MOST:
        raise BadInput(year=f"这一年的记录超过{MOST}份，请按类别导出")
    rows.sort(key=lambda row: (row.template, row.held_on or row.created_at.date(), row.id))
    latest = {row.template: row.id for row in rows}
    found = []
    for row in rows:
        template = handbook().templates[row.template]
        values = record_seals.opened(ctx.settings.secret_key, row)
        if row.template in STANDING and latest[row.template] != row.id:
            continue
        if row.year < year and _is_over(row, values):
            continue
        if record_access.may_see(reader, template, row, values):
            found.append(_line(reader, template, row, values))
    return found


def _is_over(row: Record, values: Mapping[str, Any]) -> bool:
    if row.template == "T22":
        return bool(values.get("conv_approve"))
    key, last = CLOSED.get(row.template, ("", ""))
    return bool(key) and values.get(key) == last


def _line(reader: Reader, template: Template, row: Record, values: Mapping[str, Any]) -> Line:
    closed = record_access.hidden(reader, template, row, values)
    seen = {key: value for key, value in values.items() if key not in closed}
    return Line(row, template, seen, frozenset(key for key in closed if key in values))


def _chapter(
    ctx: Context, branch: Organization, area: Area, lines: Sequence[Line], names: Names
) -> Iterator[Sheet]:
    for template in handbook().of_area(area.code):
        mine = [line for line in lines if line.template.code == template.code]
        if mine and template.register:
            rows = [(line.values, line.hidden) for line in mine]
            yield record_pages.register(template, rows, names, below=(branch.name,))
            continue
        for line in mine:
            yield record_pages.sheet(
                template, line.values, names, below=_below(ctx, branch, line), hidden=line.hidden, masked=True
            )


def _below(ctx: Context, branch: Organization, line: Line) -> tuple[str, ...]:
    """What stands below a title: whose it is, its number, its day, whether it is signed, and when if late."""
    row, zone = line.record, ctx.settings.zone
    told = [branch.name, f"编号：{row.template}-{row.id}"]
    if row.held_on:
        told.append(record_pages.day(row.held_on))
    if row.status is not RecordStatus.SIGNED:
        told.append("演练，不作为正式记录" if row.is_exercise else "草稿，未签认")
    else:
        told.append("已签认" if row.version == 1 else f"已签认（第{row.version}版，有更正）")
    if row.is_late:
        told.append(f"补录（{record_pages.day(row.created_at.astimezone(zone))}录入）")
    return tuple(told)


async def _names(ctx: Context, branch: Organization, lines: Iterable[Line]) -> Names:
    """What the ids in these records are called.

    People who have left the branch are named where a signed record names them: they were of it then.
    """
    wanted: dict[Kind, set[int]] = {}
    signed: set[int] = set()
    for line in lines:
        for kind, number in _ids(line.template.fields, line.values):
            wanted.setdefault(kind, set()).add(number)
            if kind is Kind.PERSON and line.record.status is RecordStatus.SIGNED:
                signed.add(number)
    people = await Person.filter(id__in=wanted.get(Kind.PERSON, ())).only("id", "name", "organization_id")
    organizations = await Organization.filter(id__in=wanted.get(Kind.ORGANIZATION, ())).only("id", "name")
    others = await Record.filter(id__in=wanted.get(Kind.RECORD, ()), branch_id=branch.id)
    visits = Booking.filter(id__in=wanted.get(Kind.BOOKING, ()), branch_id=branch.id)
    return Names(
        zone=ctx.settings.zone,
        people={one.id: one.name for one in people if one.organization_id == branch.id or one.id in signed},
        organizations={one.id: one.name for one in organizations},
        records={one.id: _called(one) for one in others},
        bookings={one.id: _visit(ctx, one) for one in await visits.select_related("slot__site")},
    )


IDS = {
    Kind.PERSON: Kind.PERSON, Kind.PEOPLE: Kind.PERSON, Kind.ORGANIZATION: Kind.ORGANIZATION,
    Kind.RECORD: Kind.RECORD, Kind.RECORDS: Kind.RECORD, Kind.BOOKING: Kind.BOOKING,
}  # fmt: skip
LARGEST_ID = 2**31


def _ids(fields: Iterable[Field], values: Any) -> Iterator[tuple[Kind, int]]:
    """The ids in a record, each with what it is of."""
    if not isinstance(values, Mapping):
        return
    for field in fields:
        value = values.get(field.key)
        many = value if isinstance(value, list) else [value]
        if field.kind in IDS:
            yield from (
                (IDS[field.kind], one) for one in many if isinstance(one, int) and 0 < one < LARGEST_ID
            )
        for row in many if field.columns else ():
            yield from _ids(field.columns, row)


def _called(record: Record) -> str:
    """How another record is named: a group by its name, a meeting by its day."""
    if record.template == "T04" and isinstance(record.values.get("name"), str):
        return str(record.values["name"])
    name = handbook().templates[record.template].name
    return f"{name}（{record_pages.day(record.held_on)}）" if record.held_on else f"{name}（{record.period}）"


def _visit(ctx: Context, booking: Booking) -> str:
    at = booking.slot.starts_at.astimezone(ctx.settings.zone)
    return f"{booking.slot.site.name}（{record_pages.day(at)}）"
