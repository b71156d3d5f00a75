"""Reading a roster from an Excel file, row by row, and writing the empty one that people fill in."""

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from handlers import phones
from handlers.errors import BadInput
from models import Membership

MAX_ROWS = 100_000
MAX_UNPACKED = 600 * 1024 * 1024
"""Bytes the file may unpack to; a roster of 60,000 people is about 40 MB."""
HEADER_WITHIN = 15
"""Rows in which the header is looked for, below titles and notes."""
LAST_EXCEL_ROW = 1_048_576
MAX_EXACT = 10**15
"""Excel keeps 15 digits of a number; longer ones have lost their end."""


class Column(StrEnum):
    """The columns that are read, by the name the template gives them."""

    MEMBER_NO = "人员编号"
    NAME = "姓名"
    PHONE = "手机号"
    ORGANIZATION = "所在党组织编码"
    MEMBERSHIP = "党员类别"
    BIRTH = "出生年月"
    WORKER = "专职党务工作者"
    LEFT = "离开日期"


REQUIRED = (Column.NAME, Column.ORGANIZATION)
ALIASES = {
    Column.MEMBER_NO: ("党员编号", "编号"),
    Column.PHONE: ("手机", "手机号码", "联系电话", "电话", "联系方式"),
    Column.ORGANIZATION: ("党组织编码", "党组织代码", "所在党组织代码", "党支部编码", "支部编码"),
    Column.MEMBERSHIP: ("人员类别", "类别"),
    Column.BIRTH: ("出生日期", "生日"),
    Column.WORKER: ("是否专职党务工作者", "是否专职"),
    Column.LEFT: ("转出日期", "离开时间"),
}
HEADERS = {column.value: column for column in Column} | {
    alias: column for column, aliases in ALIASES.items() for alias in aliases
}
MEMBERSHIPS = {
    "正式党员": Membership.FULL,
    "正式": Membership.FULL,
    "预备党员": Membership.PROBATIONARY,
    "预备": Membership.PROBATIONARY,
    "入党申请人": Membership.APPLICANT,
    "入党积极分子": Membership.APPLICANT,
    "发展对象": Membership.APPLICANT,
    "群众": Membership.NONE,
    "其他": Membership.NONE,
}
YES = frozenset({"是", "有", "√", "✓", "✔", "Y", "YES", "1", "TRUE", "专职"})
NO = frozenset({"否", "无", "不是", "×", "✗", "✘", "N", "NO", "0", "FALSE", "兼职"})
CELL_ERRORS = frozenset({"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"})
REMOVED = "无"
"""Written as a phone, it removes the one that is stored; a blank cell leaves things as they are."""

_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_INVISIBLE = re.compile(r"[​‌‍⁠﻿­]")
_DOTS = re.compile(r"[•‧∙・･]")
_SPACE_IN_CHINESE = re.compile(r"(?<=[^\x00-\x7f]) +(?=[^\x00-\x7f])")
_MONTH = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|(\d{2})(\d{2})?)")
BROKEN_FILE = (
    zipfile.BadZipFile,
    ParseError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    OSError,
    NotImplementedError,  # A compression nobody uses for .xlsx.
)


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong or noteworthy in one row: where it is, and what to do."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"第 {self.row} 行{f'「{self.column}」' if self.column else ''}：{self.message}"


@dataclass(slots=True)
class Row:
    """One person as the file has it. None = the cell is blank or the column is missing: nothing is said."""

    number: int
    name: str
    organization_code: str
    member_no: str | None = None
    phone: str | None = None
    membership: Membership | None = None
    birth_month: date | None = None
    is_worker: bool | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The sheet with the roster. `records` can be gone through once, and holds one row at a time."""

    title: str
    ignored_columns: tuple[str, ...]
    records: Iterator[Row | list[Issue]]


class BadCell(Exception):
    """A cell that can't be taken; the message says what to do."""


@contextmanager
def open_sheet(file: Path, *, today: date) -> Iterator[Sheet]:
    """Open the first sheet that has a roster's header.

    Raises:
        BadInput: the file is no readable .xlsx, or has no such header.
    """
    try:
        formulas = check_container(file)
        values = load_book(file)
        written = load_book(file, formulas=True) if formulas else None
    except BROKEN_FILE as error:
        raise BadInput(file="文件打不开：请用 Excel 打开后另存为 .xlsx 再导入") from error
    try:
        yield _find_sheet(values, written, today)
    finally:
        values.close()
        if written is not None:
            written.close()


def load_book(file: Path, *, formulas: bool = False) -> Any:
    """The workbook in a file, to be read row by row; cells hold values, or with `formulas` what was written.

    Raises:
        one of `BROKEN_FILE`.
    """
    # With Excel's library, which no server needs in its memory before.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        return load_workbook(file, read_only=True, data_only=not formulas)
    except InvalidFileException as error:
        raise zipfile.BadZipFile(str(error)) from error


def check_container(file: Path) -> bool:
    """Refuse what isn't an .xlsx, or would unpack to too much; whether there are formulas."""
    with file.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadInput(file="这是旧版 .xls 或设了密码的文件：请去掉密码，另存为 .xlsx 再导入")
    if not start.startswith(b"PK"):
        raise BadInput(file="这不是 .xlsx 文件：请用 Excel 另存为 .xlsx 再导入")
    with zipfile.ZipFile(file) as archive:
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
            raise BadInput(file="文件展开后过大：请删去多余的工作表、图片和空白行，或分成几个文件")
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(_has_formula(archive, name) for name in sheets if name.endswith(".xml"))


def _has_formula(archive: zipfile.ZipFile, name: str) -> bool:
    tail = b""
    with archive.open(name) as part:
        while chunk := part.read(1 << 20):
            if _FORMULA.search(tail + chunk):
                return True
            tail = chunk[-16:]
    return False


def _find_sheet(values: Any, written: Any, today: date) -> Sheet:
    best: BadInput | None = None
    for number, sheet in enumerate(values.worksheets):
        sheet.reset_dimensions()
        twin = written.worksheets[number] if written is not None else None
        if twin is not None:
            twin.reset_dimensions()
        try:
            header = _find_header(sheet)
        except BadInput as error:
            best = best or error
            continue
        if header is not None:
            at, columns, ignored = header
            return Sheet(sheet.title, ignored, _guarded(_records(sheet, twin, at, columns, today)))
    raise best or BadInput(
        file=f"没有找到表头：前 {HEADER_WITHIN} 行里应有一行写着{_quoted(REQUIRED)}，可先导出模板照着填"
    )


def _find_header(sheet: Any) -> tuple[int, dict[Column, int], tuple[str, ...]] | None:
    try:
        for at, cells in enumerate(sheet.iter_rows(max_row=HEADER_WITHIN, values_only=True), start=1):
            titles = [re.sub(r"[\s*＊:：]|[(（].*", "", text_of(cell)) for cell in cells]
            found = [(HEADERS[title], place) for place, title in enumerate(titles) if title in HEADERS]
            if len({column for column, _ in found}) < 2:
                continue
            columns = dict(found)
            missing = [column for column in REQUIRED if column not in columns]
            if missing:
                raise BadInput(file=f"表头（第 {at} 行）缺少{_quoted(missing)}：请补上这一列")
            if len(columns) < len(found):
                raise BadInput(file=f"表头（第 {at} 行）有重复的列：同一内容请只留一列")
            return at, columns, tuple(title for title in titles if title and title not in HEADERS)
    except BROKEN_FILE as error:
        raise BadInput(file=f"工作表读不出来：{REPAIR}") from error
    return None


REPAIR = "请用 Excel 打开后另存为 .xlsx 再导入"
"""What to do about a file that breaks off."""


def _quoted(columns: Any) -> str:
    return "、".join(f"「{column}」" for column in columns)


def _guarded(records: Iterator[Row | list[Issue]]) -> Iterator[Row | list[Issue]]:
    """A file that breaks off in the middle is refused like one that can't be opened."""
    try:
        yield from records
    except BROKEN_FILE as error:
        raise BadInput(file=f"文件中途损坏：{REPAIR}") from error


def _records(
    sheet: Any, twin: Any, header: int, columns: dict[Column, int], today: date
) -> Iterator[Row | list[Issue]]:
    rows = sheet.iter_rows(min_row=header + 1, values_only=True)
    formulas = twin.iter_rows(min_row=header + 1, values_only=True) if twin is not None else None
    count = 0
    for number, cells in enumerate(rows, start=header + 1):
        formula_cells = next(formulas, ()) if formulas is not None else ()
        if number > LAST_EXCEL_ROW:
            return
        picked = {column: _pick(cells, place, formula_cells) for column, place in columns.items()}
        if all(value is None or text_of(value) == "" for value in picked.values()):
            continue
        count += 1
        if count > MAX_ROWS:
            raise BadInput(file=f"超过 {MAX_ROWS:,} 行：请分成几个文件导入")
        yield read_row(number, picked, today=today)


class _Uncalculated:
    """A formula whose result isn't in the file."""


def _pick(cells: Any, place: int, formula_cells: Any) -> Any:
    value = cells[place] if place < len(cells) else None
    if value is None and place < len(formula_cells) and formula_cells[place] is not None:
        return _Uncalculated
    return value


def read_row(number: int, cells: dict[Column, Any], *, today: date) -> Row | list[Issue]:
    """One row of the file as a person, or everything that is wrong with it. Pure."""
    issues: list[Issue] = []
    values: dict[Column, Any] = {}
    for column, cell in cells.items():
        try:
            values[column] = _read(column, cell, today)
        except BadCell as error:
            issues.append(Issue(number, column, str(error)))
    if issues:
        return issues
    return Row(
        number,
        values[Column.NAME],
        values[Column.ORGANIZATION],
        values.get(Column.MEMBER_NO),
        values.get(Column.PHONE),
        values.get(Column.MEMBERSHIP),
        values.get(Column.BIRTH),
        values.get(Column.WORKER),
        values.get(Column.LEFT),
    )


def _read(column: Column, cell: Any, today: date) -> Any:
    if cell is _Uncalculated:
        raise BadCell("公式没有计算结果：请在 Excel 里打开并保存一次，或把公式粘贴成数值")
    text = text_of(cell)
    if text in CELL_ERRORS:
        raise BadCell(f"单元格是错误值 {text}：请改成实际内容")
    if not text:
        if column in REQUIRED:
            raise BadCell("没有填写：请补上；如果是合并单元格，请取消合并后逐行填写")
        return None
    match column:
        case Column.NAME:
            return _name(text)
        case Column.ORGANIZATION:
            return text.replace(" ", "").upper()
        case Column.MEMBER_NO:
            return _member_no(cell, text)
        case Column.PHONE:
            return _phone(text)
        case Column.MEMBERSHIP:
            return _membership(text)
        case Column.BIRTH:
            return _birth_month(cell, text, today)
        case Column.WORKER:
            return yes_or_no(text)
        case Column.LEFT:
            return _day(cell, text, today)


def text_of(cell: Any) -> str:
    """A cell as text: numbers without a decimal point of their own, half-width, one space at most."""
    if cell is None or cell is _Uncalculated:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < MAX_EXACT:
        cell = int(cell)
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", str(cell)))
    return " ".join(text.split())


def _name(text: str) -> str:
    name = _DOTS.sub("·", _SPACE_IN_CHINESE.sub("", text))
    if len(name) > 40:
        raise BadCell("姓名超过 40 个字：请只写姓名")
    if not all(char.isalpha() or char in "·. '-" for char in name.removesuffix(_demo_number(name))):
        raise BadCell("姓名里有数字或符号：请只写姓名，备注另起一列")
    return name


def _demo_number(name: str) -> str:
    """The number of an invented person of the demo, whose names are the only ones that have one."""
    found = re.fullmatch(r"演示党员(\d+)", name)
    return found[1] if found else ""


def _member_no(cell: Any, text: str) -> str:
    if isinstance(cell, int | float) and abs(cell) >= MAX_EXACT:
        raise BadCell("编号按数字保存，15 位以后已不准确：请把这一列设为“文本”格式后重新填写")
    number = text.replace(" ", "").upper()
    if not re.fullmatch(r"[0-9A-Z-]{1,32}", number):
        raise BadCell("人员编号只能有数字、字母和短横线，最多 32 位：请核对")
    return number


def _phone(text: str) -> str:
    if text == REMOVED:
        return ""
    phone = phones.normalise(text)
    if phone is None:
        raise BadCell(
            f"不是 11 位手机号：请核对，一格只填一个；没有手机号请留空，要删去原号码请写“{REMOVED}”"
        )
    return phone


def _membership(text: str) -> Membership:
    found = MEMBERSHIPS.get(text.replace(" ", ""))
    if found is None:
        raise BadCell("类别不认识：请填 正式党员、预备党员、入党申请人（含积极分子、发展对象）或 群众")
    return found


def yes_or_no(text: str) -> bool:
    """是 or 否, in the ways people write them.

    Raises:
        BadCell.
    """
    if text.upper() in YES:
        return True
    if text.upper() in NO:
        return False
    raise BadCell("请填“是”或“否”")


def _birth_month(cell: Any, text: str, today: date) -> date:
    if isinstance(cell, float) and re.fullmatch(r"\d{4}\.1", text):
        raise BadCell(f"{text} 分不清是 1 月还是 10 月：请写成 {text[:4]}-01 或 {text[:4]}-10")
    month = date_of(cell, text).replace(day=1)
    if month.year < 1900 or month > today:
        raise BadCell("出生年月不合理：请核对")
    return month


def _day(cell: Any, text: str, today: date) -> date:
    day = date_of(cell, text)
    if not date(1921, 7, 1) <= day <= today:
        raise BadCell("日期不合理或还没有到：请核对")
    return day


def date_of(cell: Any, text: str) -> date:
    """A date in any of the ways people write one; the first of the month where no day is given."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    try:
        if (
            isinstance(cell, int | float)
            and 1000 < cell < 100000
            and float(cell).is_integer()
            and cell > 9999
        ):
            from openpyxl.utils.datetime import from_excel

            serial = from_excel(cell)
            return serial.date() if isinstance(serial, datetime) else date.fromisoformat(str(serial))
        found = _MONTH.fullmatch(re.sub(r" 00:00(:00)?$", "", text).replace(" ", ""))
        if found:
            year, month, day, compact_month, compact_day = found.groups()
            return date(int(year), int(month or compact_month), int(day or compact_day or 1))
    except (ValueError, OverflowError):
        pass
    raise BadCell("日期看不懂：请写成 1990-05 或 1990-05-20 这样")


def write_template(file: Path | BinaryIO) -> None:
    """Write the empty roster to be filled in, with a second sheet that explains every column."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 (a new workbook has a sheet)
    sheet.title = "名册"
    sheet.append([column.value for column in Column])
    sheet.freeze_panes = "A2"
    for place in range(1, len(Column) + 1):
        letter = get_column_letter(place)
        sheet.cell(1, place).font = Font(bold=True)
        sheet.column_dimensions[letter].width = 18
        sheet.column_dimensions[letter].number_format = "@"
    for column, choices in (
        (Column.MEMBERSHIP, "正式党员,预备党员,入党申请人,群众"),
        (Column.WORKER, "是,否"),
    ):
        letter = get_column_letter(list(Column).index(column) + 1)
        rule = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True)
        rule.add(f"{letter}2:{letter}{MAX_ROWS}")
        sheet.add_data_validation(rule)
    notes = book.create_sheet("填写说明")
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 20, 90
    for line in EXPLANATIONS:
        notes.append(line)
    book.save(file)


EXPLANATIONS = (
    ("列", "怎么填"),
    (Column.MEMBER_NO.value, "选填，全区唯一。再次导入时先按它认人；请用文本格式，避免长数字变样"),
    (Column.NAME.value, "必填，只写姓名"),
    (Column.PHONE.value, f"选填，11 位手机号；绑定微信靠它。留空＝不改，写“{REMOVED}”＝删去"),
    (Column.ORGANIZATION.value, "必填，党组织的编码；换了编码就是组织关系调动"),
    (Column.MEMBERSHIP.value, "选填，正式党员、预备党员、入党申请人、群众；新增人员留空按正式党员"),
    (Column.BIRTH.value, "选填，如 1990-05"),
    (Column.WORKER.value, "选填，是 或 否"),
    (Column.LEFT.value, "选填，已转出或离开的写日期；人不会被删除，只标为离开"),
    ("其他列", "可以有，不会导入；身份证号等请不要放在表里"),
)
