"""What people really put into cells is read, or named with what to do."""

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from handlers.errors import BadInput
from handlers.roster_sheet import Column, Issue, Row, open_sheet, read_row, write_template
from models import Membership

TODAY = date(2026, 11, 20)
NAIVE = datetime(1990, 5, 12, 8)  # noqa: DTZ001  (Excel knows no zones.)
GOOD = {Column.NAME: "演示甲", Column.ORGANIZATION: "B1"}


def read(column: Column, value: Any) -> Any:
    """What one cell is read as; the issue's sentence if it can't be."""
    found = read_row(5, GOOD | {column: value}, today=TODAY)
    if isinstance(found, list):
        (issue,) = found
        assert (issue.row, issue.column) == (5, column)
        return issue.message
    return {
        Column.MEMBER_NO: found.member_no,
        Column.NAME: found.name,
        Column.PHONE: found.phone,
        Column.ORGANIZATION: found.organization_code,
        Column.MEMBERSHIP: found.membership,
        Column.BIRTH: found.birth_month,
        Column.WORKER: found.is_worker,
        Column.LEFT: found.left_on,
    }[column]


@pytest.mark.parametrize(
    ("column", "value", "meant"),
    [
        (Column.NAME, " 演　示 ", "演示"),
        (Column.NAME, "演示•子", "演示·子"),
        (Column.NAME, "Zhang San", "Zhang San"),
        (Column.NAME, "\u200b演示甲\n", "演示甲"),
        (Column.PHONE, 19900000001, "19900000001"),
        (Column.PHONE, 19900000001.0, "19900000001"),
        (Column.PHONE, "１９９-００００-０００１", "19900000001"),
        (Column.PHONE, "", None),
        (Column.PHONE, "无", ""),
        (Column.MEMBER_NO, 12, "12"),
        (Column.MEMBER_NO, "ａｂ 0012", "AB0012"),
        (Column.MEMBER_NO, None, None),
        (Column.ORGANIZATION, " zc01 01 ", "ZC0101"),
        (Column.MEMBERSHIP, "预备党员", Membership.PROBATIONARY),
        (Column.MEMBERSHIP, " 发展对象", Membership.APPLICANT),
        (Column.MEMBERSHIP, None, None),
        (Column.WORKER, "√", True),
        (Column.WORKER, True, True),
        (Column.WORKER, "0", False),
        (Column.WORKER, " ", None),
        (Column.LEFT, "2026-03-05", date(2026, 3, 5)),
        (Column.LEFT, NAIVE.replace(year=2026, month=3, day=5), date(2026, 3, 5)),
        *(
            (Column.BIRTH, value, date(1990, 5, 1))
            for value in (
                "1990-05", "1990.5", "1990/05", "1990年5月", "199005", 199005, "19900512", 19900512, 1990.05,
                "1990-5-12", "１９９０年５月１２日", NAIVE, date(1990, 5, 12),
                "1990-05-12 00:00:00", 33000,
            )
        ),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_it_is_meant(column: Column, value: Any, meant: Any) -> None:
    assert read(column, value) == meant


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        (Column.NAME, None, "没有填写"),
        (Column.NAME, "演示甲1", "只写姓名"),
        (Column.NAME, "长" * 41, "只写姓名"),
        (Column.ORGANIZATION, "", "取消合并"),
        (Column.PHONE, "0533-5181234", "11 位手机号"),
        (Column.PHONE, "19900000001、19900000002", "只填一个"),
        (Column.PHONE, "1.99E+10", "11 位手机号"),
        (Column.MEMBER_NO, 370302199001011234, "“文本”格式"),
        (Column.MEMBER_NO, "编号一", "核对"),
        (Column.MEMBERSHIP, "团员", "类别不认识"),
        (Column.WORKER, "大概", "“是”或“否”"),
        (Column.BIRTH, 1990.1, "1990-01 或 1990-10"),
        (Column.BIRTH, "1990-13", "1990-05"),
        (Column.BIRTH, "九零年五月", "1990-05"),
        (Column.BIRTH, "2027-01", "不合理"),
        (Column.BIRTH, "1890-01", "不合理"),
        (Column.LEFT, "2027-01-01", "还没有到"),
        (Column.BIRTH, "#REF!", "错误值"),
    ],
)
def test_a_cell_that_cannot_be_taken_says_what_to_do(column: Column, value: Any, says: str) -> None:
    assert says in read(column, value)


def test_every_wrong_cell_of_a_row_is_named() -> None:
    found = read_row(7, {Column.NAME: "", Column.ORGANIZATION: "", Column.PHONE: "12"}, today=TODAY)
    assert isinstance(found, list)
    assert [issue.column for issue in found] == [Column.NAME, Column.ORGANIZATION, Column.PHONE]
    assert str(found[0]).startswith("第 7 行「姓名」：")


@given(
    st.dictionaries(
        st.sampled_from(list(Column)),
        st.none() | st.text() | st.integers() | st.floats() | st.booleans() | st.dates() | st.datetimes(),
    )
)
def test_no_cell_makes_reading_raise(cells: dict[Column, Any]) -> None:
    assert isinstance(
        read_row(1, {Column.NAME: None, Column.ORGANIZATION: None} | cells, today=TODAY), Row | list
    )


def write(file: Path, *rows: list[Any], title: str = "名册") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(file)
    return file


def records(file: Path) -> list[Row | list[Issue]]:
    with open_sheet(file, today=TODAY) as sheet:
        return list(sheet.records)


HEADER = ["姓名", "所在党组织编码", "手机号"]


def test_columns_are_found_by_their_header_in_any_order_below_titles(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.xlsx", ["某某党委党员名册"], [], ["联系电话", "备注", "姓 名 *", "党组织代码（必填）"],
        ["19900000001", "随便", "演示甲", "B1"], [], [None, "只有备注"], [None, None, "演示乙", "B1"],
    )  # fmt: skip
    with open_sheet(file, today=TODAY) as sheet:
        assert sheet.ignored_columns == ("备注",)
        first, second = list(sheet.records)
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert (first.number, first.name, first.phone) == (4, "演示甲", "19900000001")
    assert (second.number, second.name) == (7, "演示乙")


def test_a_merged_cell_below_its_first_row_is_named_not_guessed(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADER, ["演示甲", "B1"], ["演示乙", None]):
        sheet.append(row)
    sheet.merge_cells("B2:B3")
    book.save(tmp_path / "a.xlsx")
    first, second = records(tmp_path / "a.xlsx")
    assert isinstance(first, Row)
    assert isinstance(second, list)
    assert "取消合并" in second[0].message


def test_a_formula_gives_its_saved_result_or_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", HEADER, ["演示甲", "B1", '="1990000"&"0001"'])
    ((issue,),) = records(file)  # type: ignore[misc]
    assert "公式没有计算结果" in issue.message
    calculated = tmp_path / "b.xlsx"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(calculated, "w") as new:
        for part in old.namelist():
            new.writestr(
                part,
                old.read(part)
                .replace(b"<v></v>", b"<v>19900000001</v>")
                .replace(b"<v />", b"<v>19900000001</v>"),
            )
    (row,) = records(calculated)
    assert isinstance(row, Row)
    assert row.phone == "19900000001"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([["甲", "乙"], ["丙", "丁"]], "没有找到表头"),
        ([["姓名", "手机号"], ["演示甲", "19900000001"]], "「所在党组织编码」"),
        ([["姓名", "所在党组织编码", "手机", "手机号"]], "重复的列"),
        ([], "没有找到表头"),
    ],
)
def test_a_sheet_without_a_usable_header_is_refused(tmp_path: Path, rows: list[Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        records(write(tmp_path / "a.xlsx", *rows))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "不是 .xlsx"),
        ("姓名,所在党组织编码\n".encode(), "不是 .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "旧版 .xls"),
        (b"PK\x03\x04" + bytes(500), "打不开"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=says):
        records(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        records(tmp_path / "nobody.xlsx")


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", HEADER)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/media/a", "w") as part:
        for _ in range(610):
            part.write(bytes(1 << 20))
    with pytest.raises(BadInput, match="过大"):
        records(file)


def test_a_file_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.xlsx", HEADER, *(["演示甲", "B1"] for _ in range(50)))
    broken = tmp_path / "b.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(broken, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, content[: len(content) * 2 // 3] if "sheet1" in part else content)
    with pytest.raises(BadInput):
        records(broken)


def test_the_template_has_every_column_and_can_be_read_back(tmp_path: Path) -> None:
    write_template(tmp_path / "t.xlsx")
    with open_sheet(tmp_path / "t.xlsx", today=TODAY) as sheet:
        assert sheet.title == "名册"
        assert sheet.ignored_columns == ()
        assert list(sheet.records) == []
