"""The registers as Excel files: exported to be read or corrected, imported again as one change.

A trial does the whole import and takes it back, so it says exactly what the import would do. A row that
can't be taken changes nothing, and the report says row by row why; the others are taken together. The same
file again changes nothing. Every row goes through the use-case a page would call, so no rule is passed by.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, spreadsheets
from handlers.context import Context
from handlers.errors import BadInput, NotFound, Refused
from handlers.locks import hold
from handlers.roster_sheet import Issue
from handlers.sheet_reading import Heading, Record, read
from handlers.spreadsheets import Column

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
Say = Callable[[Refused], str]


@dataclass(frozen=True, slots=True)
class Told:
    """What a row was, and a sentence for whoever brought the file."""

    outcome: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Register:
    """One register. `take` puts a row in and says what that was; `rows` are those of an export.

    `shown` are columns of the export that an import passes over. `note` says what a file may bring, where it
    isn't everything that a page may.
    """

    name: str
    title: str
    headings: tuple[Heading, ...]
    take: Callable[[Context, Record], Awaitable[str | Told]]
    rows: Callable[[Context], Awaitable[Sequence[Sequence[Any]]]]
    may: Callable[[Context], Awaitable[None]]
    shown: tuple[str | Column, ...] = ()
    note: str = ""


@dataclass(slots=True)
class ImportReport:
    """What an import did, or with `dry_run` would do. `told` is to be passed on; a trial tells nothing."""

    title: str
    dry_run: bool
    sheet: str = ""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    issues: list[Issue] = field(default_factory=list)
    refused: int = 0
    told: list[Issue] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """Rows that change something."""
        return self.created + self.updated

    def lines(self) -> list[str]:
        """The report as people read it."""
        head = "试导入（还没有改动）" if self.dry_run else "导入完成"
        will = "将" if self.dry_run else ""
        return [
            f"{self.title} {head}：工作表“{self.sheet}”",
            f"{will}新增 {self.created} 行，{will}更新 {self.updated} 行，"
            f"无变化 {self.unchanged} 行，有错误 {self.refused} 行",
            *[f"错误　{issue}" for issue in self.issues],
            *[f"请记下　{one}" for one in self.told],
        ]


class _TakeBack(Exception):
    """Ends a trial's transaction."""


def registers() -> dict[str, Register]:
    """All registers, by name; loaded with Excel's library when first asked for."""
    from handlers import (
        complaint_register,
        district_registers,
        filing_register,
        finding_register,
        measure_register,
        showcase_register,
        weak_branch_register,
        worker_registers,
    )

    kept = (
        worker_registers, filing_register, measure_register, district_registers, showcase_register,
        weak_branch_register, complaint_register, finding_register,
    )  # fmt: skip
    return {one.name: one for module in kept for one in module.REGISTERS}


def register(name: str) -> Register:
    """One register.

    Raises:
        NotFound.
    """
    found = registers().get(name)
    if found is None:
        raise NotFound
    return found


def require_status(said: str | None, *, now: str) -> None:
    """A row of what is on file moves nothing: the steps are taken on the page, each by who may.

    Raises:
        BadInput: the row says another status.
    """
    if said is not None and said != now:
        raise BadInput(status=f"台账上现在是“{now}”：状态在页面上一步一步办理，表里改不了")


async def export(ctx: Context, *, name: str) -> bytes:
    """A register's rows within the caller's reach, with the headings an import takes.

    Raises:
        NotFound, NotAllowed.
    """
    one = register(name)
    return await write(one, await one.rows(ctx))


async def write(one: Register, rows: Sequence[Sequence[Any]]) -> bytes:
    """These rows of a register as an Excel file, with the headings an import takes."""
    columns = [Column(heading.title, heading.width) for heading in one.headings]
    columns += [more if isinstance(more, Column) else Column(more, 16) for more in one.shown]
    return await asyncio.to_thread(spreadsheets.write, one.title, columns, rows)


async def import_file(
    ctx: Context, *, name: str, file: Path, say: Say, dry_run: bool = False
) -> ImportReport:
    """Take a file's rows in, all that can be in one transaction; `say` puts a refusal into words.

    Raises:
        NotFound, NotAllowed, BadInput: the file can't be read. Nothing is changed then.
    """
    one = register(name)
    await one.may(ctx)
    sheet, records = await asyncio.to_thread(read, file, one.headings)
    report = ImportReport(one.title, dry_run, sheet)
    try:
        async with in_transaction() as connection:
            await hold(connection, f"register:{name}")
            for record in records:
                await _take(ctx, one, record, report, say)
            if dry_run:
                raise _TakeBack
            if report.changes:
                digest = await asyncio.to_thread(lambda: hashlib.sha256(file.read_bytes()).hexdigest())
                counts = {"created": report.created, "updated": report.updated, "refused": report.refused}
                await audit.record(ctx, "register.imported", f"file:{digest[:32]}", register=name, **counts)
    except _TakeBack:
        pass
    return report


async def _take(
    ctx: Context, one: Register, record: Record | list[Issue], report: ImportReport, say: Say
) -> None:
    if isinstance(record, list):
        report.refused += 1
        report.issues += record
        return
    try:
        async with in_transaction():
            outcome = await one.take(ctx, record)
    except BadInput as wrong:
        report.refused += 1
        report.issues += [Issue(record.number, "", sentence) for sentence in wrong.fields.values()]
    except Refused as refused:
        report.refused += 1
        report.issues.append(Issue(record.number, "", say(refused)))
    except IntegrityError:
        report.refused += 1
        report.issues.append(Issue(record.number, "", "与已有的登记冲突，请核对有没有重复"))
    else:
        if isinstance(outcome, Told):
            if not report.dry_run:
                report.told.append(Issue(record.number, "", outcome.sentence))
            outcome = outcome.outcome
        setattr(report, outcome, getattr(report, outcome) + 1)
