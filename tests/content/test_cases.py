"""The shipped cases: all there, well cited, and refused with place and reason when they are not."""

import re
import shutil
from pathlib import Path

import pytest

from handlers import cases
from handlers.case_content import BadCase, load
from pages.cases import ink, luminance

BOOK = cases.casebook()
KEY = {"C1": 13, "C2": 13, "C3": 4, "C4": 4, "C5": 8, "C6": 6, "C7": 5, "C8": 4, "C9": 6}
STEPS = {"C1": 22, "C2": 26, "C3": 10, "C4": 9, "C5": 16, "C6": 11, "C7": 11, "C8": 9, "C9": 12}


def test_there_are_9_cases_24_roles_and_126_steps() -> None:
    assert {code: len(case.steps) for code, case in BOOK.cases.items()} == STEPS
    assert sum(STEPS.values()) == 126
    assert len(BOOK.roles) == 24
    assert list(BOOK.roles) == [f"R{n:02}" for n in range(1, 25)]


def test_63_steps_are_key() -> None:
    assert {code: case.key_steps for code, case in BOOK.cases.items()} == KEY
    assert sum(KEY.values()) == 63


def test_every_role_is_told_by_sign_and_words_and_can_be_read_on_its_colour() -> None:
    for role in BOOK.roles.values():
        assert role.sign
        assert role.label
        light = luminance(role.colour)
        contrast = 1.05 / (light + 0.05) if ink(role.colour) == "#fff" else (light + 0.05) / 0.05
        assert contrast >= 4.5, role.name


def test_articles_of_rules_nobody_has_read_are_not_cited() -> None:
    read = {f"第{n}条" for n in "一二三四五六"}
    for case in BOOK.cases.values():
        for step in case.steps:
            for citation in step.citations:
                if citation.rule == "选举条例":
                    assert citation.article in read | {""}
                assert re.fullmatch(r"(第[一二三四五六七八九十]+条)?", citation.article)


def test_nothing_formal_is_asked_for() -> None:
    text = " ".join(step.do for case in BOOK.cases.values() for step in case.steps)
    assert "不要求定位" in text
    assert not re.search(r"积分|排名|打卡|必须拍照|上传照片", text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(cases.CONTENT, tmp_path / "cases"))


BROKEN = [
    ("c4.yaml", "phase: 会后", "phase: 以后", "c4.yaml：steps.9.phase：不在可选范围内"),
    ("c4.yaml", "leaves: [学习记录], ", "", "c4.yaml：steps.4.leaves：缺少这一项"),
    ("c4.yaml", "key: true", "kye: true", "c4.yaml：steps.1.kye：没有这个栏目，请检查拼写"),
    ("c4.yaml", "role: R08", "role: R99", "c4.yaml：steps.6：没有 R99 这个角色"),
    ("c4.yaml", "also: {R07", "also: {R08", "c4.yaml：steps.6.also：R08 就是做这一步的角色"),
    ("c4.yaml", "record: T07", "record: T99", "c4.yaml：steps.1.record：没有 T99 这个模板"),
    ("c4.yaml", "支部条例 第十三条]}", "支部守则]}", "c4.yaml：steps.1.rules：“支部守则”不在现行依据清单里"),
    ("c1.yaml", "党章 第五条", "发展党员细则(2014)", "不在现行依据清单里"),
    ("c7.yaml", "task: quorum, ", "", "c7.yaml：第 9 步要算的数，前面没有步骤给出"),
    ("c7.yaml", "meeting: assembly", 'meeting: ""', "c7.yaml：有核对到会人数的步骤，要写明 meeting"),
    ("c7.yaml", "phase: 会后", "phase: 会前", "c7.yaml：步骤没有按会前、会中、会后的先后排列"),
    ("c7.yaml", "code: C7", "code: C1", "c7.yaml：编号 C1 已经用过"),
    ("c6.yaml", "role: R24", "role: R04", "roles.yaml：R24 在哪个案例里都没有步骤"),
    ("roles.yaml", "sign: ☆", "sign: ★", "roles.yaml：sign “★”用了不止一次"),
    ("roles.yaml", "code: R02", "code: R01", "roles.yaml：第 2 行：编号 R01 已经用过"),
    ("roles.yaml", '"#C8102E"', "red", "roles.yaml：第 1 行：colour：格式不对"),
    ("c4.yaml", "steps:", "steps: [", "c4.yaml：不是有效的 YAML"),
]


@pytest.mark.parametrize(("name", "right", "wrong", "says"), BROKEN, ids=[one[3] for one in BROKEN])
def test_a_broken_case_is_refused_with_place_and_reason(
    folder: Path, name: str, right: str, wrong: str, says: str
) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(BadCase) as bad:
        load(folder)
    assert says in str(bad.value)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        *[("换届", "C2"), ("2", "C2"), ("c2", "C2"), ("换届选举流程", "C2"), ("支委会", "C3")],
        *[("发展党员", "C1"), ("党小组", "C4"), ("组织生活会", "C5"), ("主题党日怎么开", "C6")],
        *[("党员大会", "C7"), ("党课", "C8"), ("民主评议", "C9"), ("红烧肉", None), ("C0", None), ("", None)],
    ],
)
def test_a_case_is_found_by_what_people_call_it(said: str, code: str | None) -> None:
    found = cases.find(said)
    assert (found and found.code) == code
