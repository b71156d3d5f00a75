"""The shipped sheets and terms: whole, taught by what exists, and refused with place and reason when not."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from handlers import cases
from handlers.assessment_content import CONTENT, SUGGESTED, BadSheet, Book, book, cited, kept_book
from models import Scope

BOOK = book()
LESSONS = {path.stem for path in Path("content/lessons").glob("L*.yaml")}
ENTRIES = {
    entry["code"]
    for path in Path("content/knowledge/entries").glob("*.yaml")
    for entry in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["entries"]
}
TEMPLATES = {f"T{number:02}" for number in range(1, 25)}
"""The handbook's 24 record templates (handbook.md)."""


def test_there_are_four_sheets_of_a_hundred_and_one_for_committees() -> None:
    assert {code: len(sheet.items) for code, sheet in BOOK.sheets.items()} == {
        "A": 14, "B": 15, "C": 14, "D": 15, "T": 6,
    }  # fmt: skip
    assert all(sum(item.worth for item in sheet.items) == 1000 for sheet in BOOK.sheets.values())
    for code in "ABCD":
        assert sum(item.worth for item in BOOK.sheets[code].items[:11]) == 770, "shared by all four"


def test_every_kind_of_branch_has_one_sheet() -> None:
    for scope in Scope:
        found = [sheet.code for sheet in BOOK.sheets.values() if scope in sheet.scopes]
        assert len(found) == (0 if scope is Scope.NONE else 1), scope


def test_everything_that_teaches_an_item_exists() -> None:
    missing = [
        (item.code, code)
        for sheet in BOOK.sheets.values()
        for item in sheet.items
        for codes, known in (
            (item.teaches.cases, set(cases.casebook().cases)), (item.teaches.lessons, LESSONS),
            (item.teaches.entries, ENTRIES), (item.teaches.templates, TEMPLATES),
        )
        for code in codes
        if code not in known
    ]  # fmt: skip
    assert missing == []


def test_every_item_says_what_it_rests_on_and_what_to_look_at() -> None:
    for sheet in BOOK.sheets.values():
        for item in sheet.items:
            assert cited(item.rules, item.also)
            assert item.look


def test_nothing_rewards_paper_or_pictures_and_no_star_is_called_a_central_rule() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in CONTENT.glob("*.yaml"))
    assert not re.search(r"拍照|照片|排名|打卡|在线时长|按中央规定评星", text)
    assert SUGGESTED in text


def test_a_cycle_keeps_the_book_word_for_word() -> None:
    assert kept_book(json.dumps(BOOK.kept(), ensure_ascii=False)) == BOOK


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONTENT, tmp_path / "assessments"))


BROKEN = {
    "worth": ("a.yaml", "worth: 9", "worth: 8", "分值合计应为100，现在是99"),
    "rule": ("b.yaml", "机关条例 第八条", "机关办法 第八条", "不在现行依据清单里"),
    "deduction": ("a.yaml", "less: 4, per: once", "less: 40, per: once", "扣得比分值还多"),
    "all": ("c.yaml", "less: 8, per: all", "less: 7, per: all", "应与分值一样"),
    "number": ("d.yaml", "number: 15", "number: 16", "连续编号"),
    "unknown": ("t.yaml", "name: 联系点", "nam: 联系点", "没有这个名称"),
    "shares": ("terms.yaml", "half_1: 35", "half_1: 36", "合计应为100"),
    "bands": ("terms.yaml", "stars: 4, least: 80", "stars: 4, least: 95", "从高到低"),
    "downgrade": ("common.yaml", "downgrade: D6", "downgrade: D8", "没有 D8"),
    "yaml": ("terms.yaml", "version:", "version: [", "不是有效的 YAML"),
    "half": ("a.yaml", "worth: 6\n", "worth: 6.05\n", "最多一位小数"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_sheet_is_refused_with_place_and_reason(folder: Path, name: str) -> None:
    file, before, after, reason = BROKEN[name]
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(BadSheet) as refused:
        Book.model_validate(book(folder))
    assert reason in str(refused.value)
    assert file.removesuffix(".yaml") in str(refused.value) or name == "downgrade"
