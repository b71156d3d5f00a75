"""Lists in and out of Excel: a template's records as rows, an existing list read into drafts, row by row.

Reading a list in twice gives each row once. A row that can't be taken is told with what to do, and the
others go in. What comes in is a draft: nobody's signature is made by a file.
"""

import asyncio
import io
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from xml.etree.ElementTree import ParseError

from tortoise.transactions import in_transaction

from handlers import (
    audit,
    record_access,
    record_cells,
    record_days,
    record_facts,
    record_seals,
    records,
    spreadsheets,
)
from handlers.context import Context
from handlers.errors import AlreadyRecorded, BadInput, RecordUnready, StaleVersion
from handlers.record_cells import BadCell, Cell
from handlers.record_checks import Facts, check
from handlers.record_days import natural_key, whole_key
from handlers.record_seals import Values
from handlers.spreadsheets import Column
from handlers.template_content import Template
from models import Membership, Person, Record, RecordStatus

MOST_ROWS = 2000
MOST_UNPACKED = 100 * 1024 * 1024
OURS = ("签认情况", "补录")
"""Columns of a sheet that say how a record stands; they are never read."""
HEADER_WITHIN = 10
MOST_COLUMNS = 200
LEAST_FOUND = 2
"""Headings that make a row the header."""
BROKEN = "文件打不开：请用 Excel 打开后另存为 .xlsx 再导入"
_BROKEN = (
    zipfile.BadZipFile, ParseError, KeyError, IndexError, ValueError, TypeError, AttributeError, EOFError,
    OSError, NotImplementedError,
)  # fmt: skip


class Fate(StrEnum):
    """What becomes of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class RowReport:
    """One row: its number in the sheet, what becomes of it, and why, in Chinese."""

    row: int
    fate: Fate
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a sheet came to. `ignored` are headings that no field has."""

    rows: list[RowReport]
    ignored: list[str]
    dry_run: bool

    def count(self, fate: Fate) -> int:
        """How many rows came to that."""
        return sum(one.fate is fate for one in self.rows)


@dataclass(frozen=True, slots=True)
class _Plan:
    report: RowReport
    values: Values
    key: bytes = b""
    there: Record | None = None


async def export(
    ctx: Context, *, template: str, branch_id: int | None = None, year: int | None = None
) -> bytes:
    """A template's records of a year that the caller sees, as a sheet; without a year, all of them.

    Raises:
        NotBound, NotFound.
    """
    form = records.template_of(template)
    shown: list[records.Shown] = []
    cursor: int | None = None
    while True:
        page, cursor = await records.list_records(
            ctx, branch_id=branch_id, template=form.code, year=year, cursor=cursor, limit=200
        )
        shown += page
        if cursor is None or len(shown) >= MOST_ROWS:
            break
    names = await _names([one.values for one in shown])
    columns = record_cells.cells(form)
    rows = [
        [
            *(record_cells.write(cell, one.values, lambda id_: names.get(id_, str(id_))) for cell in columns),
            "已签认" if one.record.status is RecordStatus.SIGNED else "草稿",
            "补录" if one.record.is_late else "",
        ]
        for one in reversed(shown)
    ]
    headings = [Column(cell.title, max(10, 2 * len(cell.title) + 2)) for cell in columns]
    headings += [Column(word, 10) for word in OURS]
    return await asyncio.to_thread(spreadsheets.write, f"{form.code} {form.name}"[:31], headings, rows)


async def read_in(
    ctx: Context, *, template: str, content: bytes, branch_id: int | None = None, dry_run: bool = False
) -> Report:
    """Read a list into drafts of a template; a dry run says what would become of each row.

    Raises:
        NotBound, NotFound, NotYourBranch.
        BadInput: the file can't be read, or has no column of the template.
    """
    form = records.template_of(template)
    reader = await record_access.write_branch(ctx, branch_id)
    taken, ignored, rows = await asyncio.to_thread(_read, content, form)
    facts = await record_facts.gather(ctx, reader.branch)
    people = await Person.filter(
        organization_id=reader.branch.id, left_at=None, membership__in=[*Membership]
    ).order_by("id")
    by_name: dict[str, list[Person]] = {}
    for person in people:
        for word in (person.name, _unmistakable(person)):
            by_name.setdefault(word, []).append(person)
    plans = [await _plan(ctx, form, reader.branch.id, facts, by_name, taken, *row) for row in rows]
    plans = _once(plans)
    if not dry_run:
        plans = [await _carry_out(ctx, form, reader, plan) for plan in plans]
        counts = Counter(plan.report.fate.value for plan in plans)
        await audit.record(ctx, "records.read_in", f"branch:{reader.branch.id}", template=form.code, **counts)
    return Report([plan.report for plan in plans], ignored, dry_run)


async def sign_drafts(
    ctx: Context, *, template: str, branch_id: int | None = None, seen: bool = False
) -> tuple[int, list[tuple[int, str]]]:
    """Sign every draft of a template against which nothing speaks: how many, and what holds up the others.

    Raises:
        NotBound, NotFound, NotYourBranch.
    """
    form = records.template_of(template)
    reader = await record_access.write_branch(ctx, branch_id)
    drafts = (
        await Record.filter(
            branch_id=reader.branch.id, template=form.code, status=RecordStatus.DRAFT, is_exercise=False
        )
        .order_by("id")
        .limit(MOST_ROWS)
    )
    signed, held_up = 0, []
    for draft in drafts:
        try:
            await records.sign(ctx, record_id=draft.id, revision=draft.revision, seen=seen)
            signed += 1
        except RecordUnready as unready:
            held_up.append((draft.id, "；".join(sentence for _, sentence in unready.problems)))
        except StaleVersion:
            held_up.append((draft.id, "刚刚有人在改这一份，请稍后再签认。"))
    return signed, held_up


def _read(content: bytes, form: Template) -> tuple[list[Cell], list[str], list[tuple[int, dict[str, Any]]]]:
    """The header's columns, headings that are none of ours, and the rows that say something."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
                raise BadInput(file="文件展开后过大：请删去多余的工作表、图片和空白行")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        lines = [
            line[:MOST_COLUMNS]
            for line, _ in zip(
                sheet.iter_rows(values_only=True), range(MOST_ROWS + HEADER_WITHIN + 1), strict=False
            )
        ]
        book.close()
    except _BROKEN as error:
        raise BadInput(file=BROKEN) from error
    return _headed(lines, form)


def _headed(
    lines: list[tuple[Any, ...]], form: Template
) -> tuple[list[Cell], list[str], list[tuple[int, dict[str, Any]]]]:
    by_title = {record_cells.title_of(cell.title): cell for cell in record_cells.cells(form)}
    for at, line in enumerate(lines[:HEADER_WITHIN]):
        titles = [record_cells.title_of(cell) for cell in line]
        found = {place: by_title[title] for place, title in enumerate(titles) if title in by_title}
        if len(found) < LEAST_FOUND:
            continue
        ignored = [title for title in titles if title and title not in by_title and title not in OURS]
        taken = [cell for cell in found.values() if cell.is_taken]
        rows = []
        for number, cells in enumerate(lines[at + 1 :], start=at + 2):
            row = {found[place].title: value for place, value in enumerate(cells) if place in found}
            if any(value not in (None, "") for value in row.values()):
                rows.append((number, row))
        if len(rows) > MOST_ROWS:
            raise BadInput(file=f"一次最多 {MOST_ROWS} 行，请分成几个文件")
        return taken, ignored, rows
    names = "、".join(f"「{cell.title}」" for cell in list(by_title.values())[:4])
    raise BadInput(file=f"没有找到表头：前 {HEADER_WITHIN} 行里应有一行写着{names}等栏目，可先导出一份照着填")


async def _plan(
    ctx: Context, form: Template, branch_id: int, facts: Facts, by_name: Mapping[str, list[Person]],
    taken: list[Cell], number: int, row: Mapping[str, Any],
) -> _Plan:  # fmt: skip
    def bad(message: str) -> _Plan:
        return _Plan(RowReport(number, Fate.BAD, message), {})

    raw: dict[str, Any] = {}
    try:
        for key, column, value in record_cells.read(
            row, taken, lambda word: _person(word, by_name), ctx.settings.zone
        ):
            if column:
                raw.setdefault(key, {})[column] = value
            else:
                raw[key] = value
        values = records.clean(form, raw, facts.district)
    except BadCell as error:
        return bad(f"{error}。")
    except BadInput as error:
        return bad("".join(error.fields.values()))
    values = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    own = natural_key(form, values) or whole_key(form, values)
    there = await Record.get_or_none(branch_id=branch_id, template=form.code, subject=records.keyed(ctx, own))
    if there is None:
        there = await _same(ctx, form, branch_id, values)
    hints = [one.message for one in check(form, values, facts) if one.level == "block"]
    held_up = f"签认前还要补正：{''.join(hints[:3])}" if hints else ""
    if there is None:
        return _Plan(RowReport(number, Fate.CREATED, held_up or "新建草稿。"), values, own)
    before = record_seals.opened(ctx.settings.secret_key, there)
    if all(before.get(name) == value for name, value in values.items()):
        return _Plan(RowReport(number, Fate.UNCHANGED, "已经有了，没有变化。"), values, own, there)
    if there.status is RecordStatus.SIGNED:
        said = "支部已经签认过这一项，表里的内容不同；要改请打开那份记录用“更正”。"
        return _Plan(RowReport(number, Fate.KEPT, said), values, own, there)
    return _Plan(RowReport(number, Fate.UPDATED, held_up or "更新草稿。"), values, own, there)


async def _same(ctx: Context, form: Template, branch_id: int, values: Values) -> Record | None:
    """A record that was typed by hand and says what this row says, as far as a row can say it."""
    taken = {cell.key for cell in record_cells.cells(form) if cell.is_taken}
    day = record_days.day_of(form, values, ctx.settings.zone)
    rows = Record.filter(branch_id=branch_id, template=form.code, held_on=day).order_by("-id")
    for row in await rows.limit(MOST_ROWS):
        there = record_seals.opened(ctx.settings.secret_key, row)
        if {key: value for key, value in there.items() if key in taken} == values:
            return row
    return None


def _once(plans: list[_Plan]) -> list[_Plan]:
    """The same row twice in one sheet is one."""
    seen: set[bytes] = set()
    found = []
    for plan in plans:
        if plan.key and plan.key in seen:
            twice = RowReport(plan.report.row, Fate.UNCHANGED, "和前面的一行重复，只取一次。")
            plan = _Plan(twice, plan.values, plan.key, plan.there)
        seen.add(plan.key)
        found.append(plan)
    return found


async def _carry_out(ctx: Context, form: Template, reader: record_access.Reader, plan: _Plan) -> _Plan:
    def became(fate: Fate, message: str) -> _Plan:
        return _Plan(RowReport(plan.report.row, fate, message), plan.values, plan.key, plan.there)

    if plan.report.fate is Fate.CREATED:
        row = Record(
            branch_id=reader.branch.id, template=form.code, created_by_id=reader.person.id,
            created_at=ctx.now(), saved_at=ctx.now(),
        )  # fmt: skip
        try:
            async with in_transaction():
                await records.insert(ctx, form, row, plan.values, key=plan.key)
        except AlreadyRecorded:
            return became(Fate.UNCHANGED, "已经有了。")
    if plan.report.fate is Fate.UPDATED and plan.there is not None:
        try:
            await records.save(ctx, record_id=plan.there.id, revision=plan.there.revision, values=plan.values)
        except StaleVersion:
            return became(Fate.KEPT, "刚刚有人在改这一份，这一行已另存在记录旁边。")
    return plan


def _person(word: str, by_name: Mapping[str, list[Person]]) -> int | str:
    """Who is meant: somebody on the roster by name, with the number where two have it; else the word."""
    found = by_name.get(word.strip(), [])
    if len(found) > 1:
        raise BadCell(f"有 {len(found)} 位“{word}”，请写成“{_unmistakable(found[0])}”这样，带上人员编号")
    return found[0].id if found else word


def _unmistakable(person: Person) -> str:
    return f"{person.name}（{person.member_no or person.id}）"


async def _names(rows: list[Values]) -> dict[Any, str]:
    """Names for the ids in records: with the number where two on the list have the same name."""
    ids = {one for values in rows for one in _numbers(values)}
    people = await Person.filter(id__in=list(ids)) if ids else []
    often = Counter((person.organization_id, person.name) for person in people)
    return {
        one.id: one.name if often[one.organization_id, one.name] == 1 else _unmistakable(one)
        for one in people
    }


def _numbers(value: Any) -> set[int]:
    if isinstance(value, bool):
        return set()
    if isinstance(value, int):
        return {value} if 0 < value < 2**31 else set()
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(_numbers(one) for one in parts)) if parts else set()


def file_name(form: Template, year: int | None, now: datetime) -> str:
    """What an exported sheet is called."""
    return f"{form.code}-{form.name}-{year or now.year}.xlsx"
