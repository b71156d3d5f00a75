"""The roster, brought up to date from an Excel file: tried first, reported by row, applied as one change."""

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, phones, placements, worker_leads
from handlers.access import Reach, officer_reach
from handlers.context import Context
from handlers.errors import BadInput
from handlers.locks import hold
from handlers.roster_sheet import Column, Issue, Row, open_sheet, write_template
from handlers.workdays import midnight
from models import Duty, Membership, Organization, Person

__all__ = ["Report", "import_file", "write_template"]

BATCH = 500
LOCK = "roster"
ISSUES_KEPT = 2000
"""A file that is wrong in every row needs no report of every row."""
NAMES_SHOWN = 50
FIELDS = (
    "member_no",
    "name",
    "organization_id",
    "membership",
    "birth_month",
    "is_worker",
    "phone_sealed",
    "phone_hash",
    "left_at",
)
T = TypeVar("T")


@dataclass(slots=True)
class Report:
    """What an import did, or with `dry_run` would do. `applied` says whether the roster was changed."""

    dry_run: bool
    applied: bool = False
    sheet: str = ""
    ignored_columns: tuple[str, ...] = ()
    rows: int = 0
    created: int = 0
    updated: int = 0
    moved: int = 0
    returned: int = 0
    left: int = 0
    unchanged: int = 0
    refused: int = 0
    issues: list[Issue] = field(default_factory=list)
    notes: list[Issue] = field(default_factory=list)
    absent: int = 0
    absent_names: list[str] = field(default_factory=list)
    absent_left: bool = False

    def report_lines(self) -> list[str]:
        """The report as people read it."""
        head = (
            "试导入（没有改动名册）"
            if self.dry_run
            else "导入完成"
            if self.applied
            else "没有导入，名册没有改动"
        )
        lines = [f"{head}：工作表“{self.sheet}”，共 {self.rows} 行"]
        if self.ignored_columns:
            lines.append(f"没有导入的列：{'、'.join(self.ignored_columns)}")
        will = "" if self.applied else "将"
        lines.append(
            f"{will}新增 {self.created} 人，{will}更新 {self.updated} 人"
            f"（其中调动 {self.moved} 人、恢复 {self.returned} 人），"
            f"{will}离开 {self.left} 人，无变化 {self.unchanged} 人，有错误 {self.refused} 行"
        )
        if self.absent:
            done = "已标为离开" if self.absent_left else "没有改动，请核对是否已离开"
            lines.append(f"表里这些党组织名册上有、表里没有的 {self.absent} 人，{done}：")
            rest = f" 等 {self.absent} 人" if self.absent > len(self.absent_names) else ""
            lines.append("　" + "、".join(self.absent_names) + rest)
        lines += [f"错误　{issue}" for issue in self.issues]
        if len(self.issues) == ISSUES_KEPT:
            lines.append(f"错误很多，只列出前 {ISSUES_KEPT} 处")
        lines += [f"提醒　{note}" for note in self.notes]
        return lines

    def refuse(self, issues: Sequence[Issue]) -> None:
        """Count one row as not imported, for these reasons."""
        self.refused += 1
        self.issues += issues[: max(0, ISSUES_KEPT - len(self.issues))]

    def note(self, row: int, column: str, message: str) -> None:
        """Remember something that is imported but should be looked at."""
        if len(self.notes) < ISSUES_KEPT:
            self.notes.append(Issue(row, column, message))


@dataclass(slots=True)
class Wish:
    """A row that can be read, with its phone sealed already: the number itself isn't kept."""

    row: Row
    organization_id: int
    phone_hash: str | None = None
    phone_sealed: str | None = None


@dataclass(slots=True)
class Plan:
    """What to write: rows without a person, and for the others their id and the values that change."""

    new: list[Wish] = field(default_factory=list)
    changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    actions: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    registered: set[int] = field(default_factory=set)
    unmarked: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Place:
    """An organization as the import needs it."""

    id: int
    path: str


async def import_file(
    ctx: Context,
    *,
    file: Path,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    complete: bool = False,
) -> Report:
    """Bring the roster up to date from an .xlsx file.

    A row with an error changes nothing; the other rows are imported, all in one transaction.
    `all_or_nothing` imports nothing at all when any row has an error. `dry_run` changes nothing and
    reports the same. A person is found by number, else by phone, else by name within the
    organization if that is unique; importing the same file again changes nothing. A blank cell
    leaves what is known. `complete` says that the file names everybody in the organizations it
    mentions: who is on the roster there but not in the file is then marked as having left (unless
    some row has an error), otherwise only named in the report. Nobody is ever deleted.

    Matching and writing hold the database's write lock where that is SQLite: a second or two for a
    town, half a minute for a district, which should be on PostgreSQL anyway.

    The command line may import everywhere, an officer within the organizations of their duty.

    Raises:
        BadInput: the file can't be read, or the roster was changed by somebody else meanwhile.
        NotAllowed: the caller is no officer.
    """
    officer = await officer_reach(ctx)
    report = Report(dry_run)
    rows = await _read(ctx, file, report)
    places = await _places()
    wishes = _wishes(ctx, rows, places, officer, report)
    if dry_run:
        await _plan(ctx, wishes, places, officer, report, complete)
        return report
    try:
        async with in_transaction() as connection:
            # Matching reads the roster, so nobody else may import between matching and writing.
            await hold(connection, LOCK)
            plan = await _plan(ctx, wishes, places, officer, report, complete)
            if not (all_or_nothing and report.refused):
                await _write(ctx, plan, report)
                await worker_leads.look_at_roster(
                    ctx, person_ids={*plan.changes, *plan.unmarked}, unmarked=plan.unmarked
                )
                report.applied = True
                if plan.new or plan.changes:
                    await _record(ctx, file, plan, report)
    except IntegrityError:
        raise BadInput(file="导入时名册被别人改动了，没有导入任何内容：请重新导入") from None
    return report


async def _read(ctx: Context, file: Path, report: Report) -> list[Row]:
    """Every row that can be read, in chunks off the event loop; the others go to the report."""
    rows: list[Row] = []
    opened = open_sheet(file, today=ctx.now().date())
    sheet = await asyncio.to_thread(opened.__enter__)
    try:
        report.sheet, report.ignored_columns = sheet.title, sheet.ignored_columns
        while chunk := await asyncio.to_thread(_take, sheet.records):
            for record in chunk:
                report.rows += 1
                if isinstance(record, Row):
                    rows.append(record)
                else:
                    report.refuse(record)
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)
    return rows


def _take(records: Iterator[T]) -> list[T]:
    return list(islice(records, BATCH))


async def _places() -> dict[str, Place]:
    rows = await Organization.all().values_list("code", "id", "path")
    return {str(code).upper(): Place(id_, path) for code, id_, path in rows}


def _wishes(
    ctx: Context, rows: list[Row], places: dict[str, Place], officer: Reach | None, report: Report
) -> list[Wish]:
    """The rows that agree with each other and name an organization within reach."""
    secret, twins, wishes = ctx.settings.secret_key, _twins(rows), []
    for row in rows:
        issues = twins.get(row.number, [])
        place = places.get(row.organization_code)
        if place is None:
            message = f"没有编码为 {row.organization_code} 的党组织：请核对；以 0 开头的编码要用“文本”格式"
            issues = [*issues, Issue(row.number, Column.ORGANIZATION, message)]
        elif officer is not None and not officer.covers_path(place.path):
            message = "这个党组织不在您的管理范围内：请核对编码，或请上级导入"
            issues = [*issues, Issue(row.number, Column.ORGANIZATION, message)]
        if issues or place is None:
            report.refuse(issues)
            continue
        wish = Wish(row, place.id)
        if row.phone:
            wish.phone_hash = phones.look_up_hash(secret, row.phone)
            wish.phone_sealed = phones.seal(secret, row.phone)
            row.phone = phones.mask(row.phone)
        wishes.append(wish)
    return wishes


def _twins(rows: list[Row]) -> dict[int, list[Issue]]:
    """Rows that claim the same number or phone, or can't be told apart: none is guessed to be right."""
    numbers, phone_rows, names = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in rows:
        if row.member_no:
            numbers[row.member_no].append(row.number)
        if row.phone:
            phone_rows[row.phone].append(row.number)
        if not row.member_no and not row.phone:
            names[(row.organization_code, row.name)].append(row.number)
    issues: dict[int, list[Issue]] = defaultdict(list)
    for column, groups, what in (
        (Column.MEMBER_NO, numbers, "编号相同：一人一号，请核对后只留一行"),
        (Column.PHONE, phone_rows, "手机号相同：一人一号，请核对"),
        (Column.NAME, names, "党组织和姓名都相同：若是同名的两人请补填人员编号，若是重复请只留一行"),
    ):
        for at in groups.values():
            for number in at if len(at) > 1 else ():
                other = at[1] if number == at[0] else at[0]
                issues[number].append(Issue(number, column, f"与第 {other} 行{what}"))
    return issues


async def _plan(
    ctx: Context,
    wishes: list[Wish],
    places: dict[str, Place],
    officer: Reach | None,
    report: Report,
    complete: bool,
) -> Plan:
    """Find each row's person and what changes. Reads only, and reads the roster as it was before the file."""
    plan, reached = Plan(), {place.id: place.path for place in places.values()}
    phone_by_number = {wish.row.member_no: wish.phone_hash for wish in wishes if wish.row.member_no}
    for start in range(0, len(wishes), BATCH):
        batch = wishes[start : start + BATCH]
        found = await _Known.load(batch)
        plan.registered |= await placements.registered(person.id for person in found.people)
        for wish in batch:
            match = found.match(wish, phone_by_number, plan.seen)
            if isinstance(match, Issue):
                report.refuse([match])
            elif match is None:
                plan.new.append(wish)
                report.created += 1
            elif officer is not None and not officer.covers_path(reached[match.organization_id]):
                message = "这个人现在其他单位的名册上：请先由原单位办理转接，或请上级导入"
                report.refuse([Issue(wish.row.number, Column.ORGANIZATION, message)])
            else:
                plan.seen.add(match.id)
                _compare(ctx, wish, match, plan, report)
    await _note_duties(wishes, plan, report)
    await _absent(ctx, wishes, plan, report, complete)
    return plan


class _Known:
    """The roster rows that a batch of the file may mean."""

    def __init__(self, people: list[Person]) -> None:
        self.people = people
        self.by_number = {person.member_no: person for person in people if person.member_no}
        self.by_phone = {person.phone_hash: person for person in people if person.phone_hash}
        self.by_name: dict[tuple[int, str], list[Person]] = defaultdict(list)
        for person in people:
            self.by_name[(person.organization_id, person.name)].append(person)

    @classmethod
    async def load(cls, batch: list[Wish]) -> "_Known":
        """Three indexed queries for a batch."""
        numbers = [wish.row.member_no for wish in batch if wish.row.member_no]
        hashes = [wish.phone_hash for wish in batch if wish.phone_hash]
        people = await Person.filter(member_no__in=numbers) if numbers else []
        people += await Person.filter(phone_hash__in=hashes) if hashes else []
        known = {person.member_no for person in people}
        rest = [wish for wish in batch if wish.row.member_no is None or wish.row.member_no not in known]
        if rest:
            people += await _named(rest)
        return cls(list({person.id: person for person in people}.values()))

    def match(
        self, wish: Wish, phone_by_number: dict[str, str | None], seen: set[int]
    ) -> Person | Issue | None:
        """The person a row means; None = a new one; an issue where it can't be told."""
        row, by_phone = wish.row, self.by_phone.get(wish.phone_hash or "")
        found = self.by_number.get(row.member_no) if row.member_no else None
        if by_phone is not None and by_phone is not found:
            if _gives_up(by_phone, phone_by_number):
                by_phone = None
            elif found is not None or (row.member_no and by_phone.member_no):
                return Issue(
                    row.number,
                    Column.PHONE,
                    "这个手机号登记在另一个人名下：请核对，号码换了主人的请先改原来那人",
                )
            elif by_phone.name != row.name:
                return Issue(
                    row.number,
                    Column.PHONE,
                    "这个手机号登记在另一个姓名之下：请核对姓名和号码，改名请先填人员编号",
                )
        found = found or by_phone
        if found is None:
            namesakes = [
                person
                for person in self.by_name[(wish.organization_id, row.name)]
                if person.id not in seen and not (row.member_no and person.member_no)
            ]
            if len(namesakes) > 1:
                message = f"这个党组织里有 {len(namesakes)} 个同名的人：请补填人员编号或手机号"
                return Issue(row.number, Column.NAME, message)
            found = namesakes[0] if namesakes else None
        if found is not None and found.id in seen:
            return Issue(row.number, Column.NAME, "与前面某一行是同一个人：请只留一行")
        return found


def _gives_up(owner: Person, phone_by_number: dict[str, str | None]) -> bool:
    """Whether the file itself gives the owner of a phone another one."""
    new = phone_by_number.get(owner.member_no) if owner.member_no else None
    return new is not None and new != owner.phone_hash


def _named(batch: list[Wish]) -> QuerySet[Person]:
    organizations = {wish.organization_id for wish in batch}
    names = {wish.row.name for wish in batch}
    return Person.filter(organization_id__in=organizations, name__in=names)


def _compare(ctx: Context, wish: Wish, person: Person, plan: Plan, report: Report) -> None:
    """What a row changes in its person."""
    row, wanted = wish.row, _wanted(ctx, wish)
    if "phone_hash" in wanted and wanted["phone_hash"] == person.phone_hash:
        del wanted["phone_hash"], wanted["phone_sealed"]  # Sealed anew each time, but the same number.
    if row.left_on is None and person.left_at is not None:
        wanted["left_at"] = None
    changed = {name: value for name, value in wanted.items() if getattr(person, name) != value}
    if person.id in plan.registered and "is_worker" in changed:
        # Who is a party worker, the registry says, and it changes by a filing (handlers/placements).
        if not changed.pop("is_worker"):
            plan.unmarked.add(person.id)
        report.note(row.number, Column.WORKER, "已在专职党务工作者台账，以台账为准：要改请先备案")
    if person.left_at is not None and changed.get("left_at") is not None:
        del changed["left_at"]  # It is known already that they left, and when.
    if not changed:
        report.unchanged += 1
        return
    plan.changes[person.id] = changed
    moved, left = "organization_id" in changed, changed.get("left_at") is not None
    returned = "left_at" in changed and not left
    report.left += left
    report.updated += not left
    report.moved += moved
    report.returned += returned
    if "name" in changed:
        report.note(
            row.number, Column.NAME, "编号或手机号对得上，姓名与名册不同，已按表里的改：请核对是不是同一个人"
        )
    verb = "left" if left else "moved" if moved else "returned" if returned else "updated"
    details: dict[str, Any] = {"fields": sorted(name for name in changed if name != "phone_sealed")}
    if moved:
        details |= {"before": person.organization_id, "after": wish.organization_id}
    plan.actions.append((f"person.{verb}", f"person:{person.id}", details))


def _wanted(ctx: Context, wish: Wish) -> dict[str, Any]:
    """The values a row states; what it leaves blank isn't in there."""
    row = wish.row
    stated: dict[str, Any] = {
        "member_no": row.member_no,
        "name": row.name,
        "organization_id": wish.organization_id,
        "membership": row.membership,
        "birth_month": row.birth_month,
        "is_worker": row.is_worker,
        "phone_sealed": wish.phone_sealed,
        "phone_hash": wish.phone_hash,
        "left_at": midnight(row.left_on, ctx.settings.zone) if row.left_on is not None else None,
    }
    wanted = {name: value for name, value in stated.items() if value is not None}
    return wanted | {"phone_sealed": None, "phone_hash": None} if row.phone == "" else wanted


async def _note_duties(wishes: list[Wish], plan: Plan, report: Report) -> None:
    """Duties don't move with a person: somebody has to decide."""
    gone = [id_ for id_, changed in plan.changes.items() if {"organization_id", "left_at"} & set(changed)]
    if not gone:
        return
    holders: Counter[int] = Counter()
    for start in range(0, len(gone), BATCH):
        duties = Duty.filter(person_id__in=gone[start : start + BATCH])
        holders.update([int(str(id_)) for id_ in await duties.values_list("person_id", flat=True)])
    if holders:
        report.note(0, "", f"调动或离开的人中有 {len(holders)} 人还有职责：请核对并调整他们的职责")


async def _absent(ctx: Context, wishes: list[Wish], plan: Plan, report: Report, complete: bool) -> None:
    """Who is on the roster of the file's organizations, but not in the file."""
    organizations = sorted({wish.organization_id for wish in wishes})
    mark = complete and not report.refused
    for start in range(0, len(organizations), BATCH):
        of_some = Person.filter(organization_id__in=organizations[start : start + BATCH], left_at=None)
        for id_, name in await of_some.order_by("organization_id", "id").values_list("id", "name"):
            if id_ in plan.seen:
                continue
            report.absent += 1
            if len(report.absent_names) < NAMES_SHOWN:
                report.absent_names.append(str(name))
            if mark:
                plan.changes[id_] = {"left_at": ctx.now()}
                plan.actions.append(("person.left", f"person:{id_}", {"fields": ["left_at"]}))
    if mark:
        report.left += report.absent
        report.absent_left = bool(report.absent) and not report.dry_run
    elif complete and report.absent:
        report.note(0, "", "表里有错误行，所以没有把表外的人标为离开：请改好后再导入")


async def _write(ctx: Context, plan: Plan, report: Report) -> None:
    # A phone or number may go from one person to another within the file: let go of all before taking.
    for unique, beside in (("phone_hash", "phone_sealed"), ("member_no", None)):
        ids = [id_ for id_, changed in plan.changes.items() if unique in changed]
        for start in range(0, len(ids), BATCH):
            cleared = {unique: None} | ({beside: None} if beside else {})
            await Person.filter(id__in=ids[start : start + BATCH]).update(**cleared)
    ids = list(plan.changes)
    for start in range(0, len(ids), BATCH):
        people = await Person.filter(id__in=ids[start : start + BATCH])
        for person in people:
            person.update_from_dict(plan.changes[person.id])
        touched = {name for person in people for name in plan.changes[person.id]}
        await Person.bulk_update(people, fields=sorted(touched), batch_size=100)
    for start in range(0, len(plan.new), BATCH):
        await Person.bulk_create([_new(ctx, wish) for wish in plan.new[start : start + BATCH]])


def _new(ctx: Context, wish: Wish) -> Person:
    defaults = {"membership": Membership.FULL, "is_worker": False}
    return Person(**(defaults | _wanted(ctx, wish)))


async def _record(ctx: Context, file: Path, plan: Plan, report: Report) -> None:
    digest = await asyncio.to_thread(lambda: hashlib.sha256(file.read_bytes()).hexdigest())
    await audit.record_many(ctx, plan.actions)
    counts = {
        name: getattr(report, name) for name in ("rows", "created", "updated", "moved", "left", "refused")
    }
    await audit.record(ctx, "roster.imported", f"file:{digest[:32]}", **counts)
