"""The shipped record templates: all there, counted, cited, and refused with place and reason otherwise."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from handlers import cases, template_content
from handlers.record_checks import District
from handlers.record_checks.conditions import CONDITIONS
from handlers.record_checks.validations import COMPUTATIONS
from handlers.template_content import BadTemplate, Field, Kind, Required, handbook, load
from tests.test_formalism import said

BOOK = handbook()
COUNTS = {
    "T01": 12, "T02": 10, "T03": 11, "T04": 5, "T05": 11, "T06": 7, "T07": 5, "T08": 7,
    "T09": 8, "T10": 10, "T11": 8, "T12": 8, "T13": 8, "T14": 8, "T15": 11, "T16": 10,
    "T17": 8, "T18": 11, "T19": 7, "T20": 12, "T21": 7, "T22": 21, "T23": 7, "T24": 16,
}  # fmt: skip
UNREAD = ("选举条例", "纪律处分条例")
"""Rules of which articles were read in part or not at all: none is named that wasn't."""


def everything(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from everything(field.columns)


ALL = [field for template in BOOK.templates.values() for field in everything(template.fields)]
TOP = [field for template in BOOK.templates.values() for field in template.fields]


def test_there_are_10_areas_24_templates_and_237_fields() -> None:
    assert [area.code for area in BOOK.areas] == [f"A{n}" for n in range(1, 11)]
    assert {code: template.counted for code, template in BOOK.templates.items()} == COUNTS
    assert len(BOOK.common) == 9
    assert sum(COUNTS.values()) == 228
    assert BOOK.counted == 228 + 9 == 237


def test_every_area_has_its_templates() -> None:
    assert [[one.code for one in BOOK.of_area(area.code)] for area in BOOK.areas] == [
        ["T01", "T02", "T03", "T04"], ["T05", "T06", "T07", "T08"], ["T09"], ["T10", "T11", "T12"],
        ["T13", "T14"], ["T15", "T16", "T17"], ["T18", "T19"], ["T20", "T21"], ["T22"], ["T23", "T24"],
    ]  # fmt: skip


def test_the_cases_name_the_same_templates() -> None:
    for code, name in cases.casebook().records.items():
        assert BOOK.templates[code].name == name


def test_every_field_says_its_basis_and_helps() -> None:
    known = template_content.known_rules()
    for field in TOP:
        assert field.help.endswith("。"), field.key
        assert field.rules, field.key
        assert all(citation.rule in known for citation in field.citations), field.key


def test_articles_nobody_has_read_are_not_named() -> None:
    read = {f"第{n}条" for n in "一二三四五六"}
    for field in TOP:
        for citation in field.citations:
            if citation.rule in UNREAD and citation.article not in read:
                assert citation.article == ""
                assert "未核" in field.marks, field.key
            assert re.fullmatch(r"(第[一二三四五六七八九十、至]+条)?", citation.article)


def test_every_condition_and_computation_is_there() -> None:
    assert {field.when for field in ALL if field.when} == set(CONDITIONS)
    computed = {
        (code, field.key) for code, one in BOOK.templates.items() for field in one.fields if field.computed
    }
    assert {(one.template, one.field) for one in COMPUTATIONS} == computed | {("T18", "due")}


def test_options_come_from_the_template_or_a_setting_of_the_district() -> None:
    for field in ALL:
        if field.options_from:
            assert len(getattr(District(), field.options_from)) > 1


def test_nothing_formal_is_asked_for() -> None:
    for template in BOOK.templates.values():
        assert said(f"{template.name}。{template.about}") == [], template.code
    for field in ALL:
        text = "。".join((field.label, field.help, field.condition, *field.options))
        assert said(text.replace("不计在线时长", "")) == [], field.key
    media = BOOK.templates["T05"].field("media")
    assert media.required is Required.NEVER, "photos are never asked for"


def test_what_is_private_is_marked() -> None:
    sensitive = {(code, f.key) for code, one in BOOK.templates.items() for f in one.fields if f.sensitive}
    assert {("T03", "id_no"), ("T03", "mobile"), ("T11", "points"), ("T18", "base")} <= sensitive
    assert ("T20", "item") in sensitive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(template_content.FOLDER, tmp_path / "templates"))


BROKEN = [
    ("T07.yaml", "kind: choices", "kind: chioces", "T07.yaml：fields.2.kind：不在可选范围内"),
    ("T07.yaml", "label: 党小组, ", "", "T07.yaml：fields.1.label：缺少这一项"),
    ("T07.yaml", "meeting: true", "meating: true", "T07.yaml：meating：没有这个栏目，请检查拼写"),
    ("T07.yaml", "area: A2", "area: A11", "T07.yaml：area：格式不对"),
    ("T07.yaml", "code: T07", "code: T06", "T07.yaml：编号 T06 已经用过"),
    ("T07.yaml", "key: topics", "key: group_id", "T07.yaml：group_id：这个栏目写了两次"),
    ("T07.yaml", "key: topics", "key: place", "T07.yaml：place：这个栏目写了两次"),
    (
        "T07.yaml",
        "支部条例 第十三条",
        "支部守则 第十三条",
        "T07.yaml：group_id：rules：“支部守则”不在现行依据清单里",
    ),
    ("T07.yaml", "refers: [T04]", "refers: [T99]", "T07.yaml：group_id：refers：没有 T99 这个模板"),
    ("T07.yaml", "refers: [T04], ", "", "group_id：引用别的记录的栏目要写 refers，别的不写"),
    (
        "T07.yaml",
        "when: group_is_asked, ",
        "",
        "group_opinion：条件必填的栏目要写 when 和 condition，别的不写",
    ),
    (
        "T07.yaml",
        "options: [政治学习, 谈心谈话, 批评和自我批评, 讨论意见], ",
        "",
        "topics：选择类的栏目要写 options",
    ),
    ("T07.yaml", "day: held_at", "day: held_on", "T07.yaml：day：没有 held_on 这个栏目"),
    ("T07.yaml", "fields:", "fields: [", "T07.yaml：不是有效的 YAML"),
    ("T07.yaml", "name: 党小组会记录", 'name: ""', "T07.yaml：name：不能为空"),
    ("T07.yaml", "name: 党小组会记录", "name: <b>党小组会</b>", "T07.yaml：name：只能写纯文字"),
    ("common.yaml", "code: A1,", "code: B1,", "common.yaml：areas.1.code：格式不对"),
    ("common.yaml", "    columns:\n", "    colums:\n", "没有这个栏目，请检查拼写"),
]


@pytest.mark.parametrize(("name", "right", "wrong", "says"), BROKEN, ids=[one[3] for one in BROKEN])
def test_a_broken_template_is_refused_with_place_and_reason(
    folder: Path, name: str, right: str, wrong: str, says: str
) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(BadTemplate) as bad:
        load(folder)
    assert says in str(bad.value)


def test_a_template_that_is_not_there_is_told(folder: Path) -> None:
    (folder / "common.yaml").unlink()
    with pytest.raises(BadTemplate, match=r"common\.yaml：没有这个文件"):
        load(folder)
    with pytest.raises(KeyError):
        BOOK.templates["T07"].field("nothing")


def test_kinds_are_used() -> None:
    assert {field.kind for field in ALL} == set(Kind)


def test_the_files_hold_no_value_that_yaml_reads_as_something_else() -> None:
    for path in template_content.FOLDER.glob("*.yaml"):
        assert not re.search(r"key: (on|off|yes|no|true|false|y|n)\b", path.read_text(encoding="utf-8"))
        assert yaml.safe_load(path.read_text(encoding="utf-8"))
