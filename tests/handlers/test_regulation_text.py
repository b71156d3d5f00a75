"""A rule's text falls into its articles, word for word; what is doubtful is refused with its line."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.regulation_text import Unsplittable, issued_on, label, number_of, numbers_of, split

TEXT = """\ufeff　　某某工作条例（试行）
（2018年9月17日会议审议批准
2018年10月28日发布）

目　录
第一章　总　则
第二章　组织设置

　　为了做好这项工作，制定本条例。

第一章　总　则
　　第一条　为了做好工作，根据党章，制定本条例。
　　第二条　支部是基础组织。
　　第一条所列的情形，按本条办理：
　　（一）甲；
　　（二）乙。

第二章 组织设置
第一节 设置
第三条 凡有3人以上的，都应当成立支部。
第 四条不是条文的开头。
第五条
　　本条例自发布之日起施行。
附件：1. 表格
第一条 附件里的条文
"""


def test_a_text_falls_into_its_articles() -> None:
    found = split(TEXT)
    assert found.title == "某某工作条例（试行）"
    assert [one.number for one in found.articles] == [1, 2, 3, 5]
    assert found.articles[0].text == "为了做好工作，根据党章，制定本条例。"
    assert found.articles[2].text == "凡有3人以上的，都应当成立支部。\n第 四条不是条文的开头。"
    assert found.articles[3].text == "本条例自发布之日起施行。"


def test_an_article_keeps_all_its_paragraphs_and_references_begin_no_article() -> None:
    assert split(TEXT).articles[1].paragraphs == [
        "支部是基础组织。",
        "第一条所列的情形，按本条办理：",
        "（一）甲；",
        "（二）乙。",
    ]


def test_chapters_and_sections_are_kept_and_contents_are_not_text() -> None:
    found = split(TEXT)
    assert [one.chapter for one in found.articles] == ["第一章 总则"] * 2 + [
        "第二章 组织设置 第一节 设置"
    ] * 2
    assert found.preamble == "为了做好这项工作，制定本条例。"


def test_what_stands_under_the_title_tells_the_date() -> None:
    found = split(TEXT)
    assert found.note.endswith("发布）")
    assert issued_on("（2018年10月28日中共中央发布）") == "2018-10-28"
    assert issued_on("2026年5月印发") == "2026-05"
    assert issued_on("没有日期") == ""


def test_missing_articles_are_named() -> None:
    assert split(TEXT).missing == [4]


def test_a_header_in_the_file_is_believed() -> None:
    found = split("简称：某条例\n标题：某某条例\n发布日期：2020-01-05\n第一条 甲。\n第二条 乙。")
    assert (found.header["简称"], found.title, found.header["发布日期"]) == (
        "某条例",
        "某某条例",
        "2020-01-05",
    )


def test_markdown_marks_are_no_words() -> None:
    found = split("# 某某条例\n## 第一章 总则\n**第一条** 甲。\n\n**第二条** 乙。\n")
    assert [(one.number, one.text) for one in found.articles] == [(1, "甲。"), (2, "乙。")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "没有找到"),
        ("一篇文章\n没有条文", "没有找到"),
        ("条例\n第一条 甲。\n第二条 乙。\n第二条 丙。", "第 4 行"),
        ("条例\n第一条 甲。\n第九十九条 乙。", "第 3 行"),
        ("条例\n第零条 甲。\n乙", "第 2 行|没有找到"),
        ("条例\n第一条\n第二条 乙。", "第一条没有内容"),
    ],
)
def test_what_is_doubtful_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(Unsplittable, match=says):
        split(text)


@given(st.integers(1, 999))
def test_a_number_and_its_name_belong_together(number: int) -> None:
    assert number_of(label(number).strip("第条")) == number
    assert numbers_of(label(number)) == [number]


@pytest.mark.parametrize(
    ("article", "numbers"),
    [
        ("第七条", [7]),
        ("12", [12]),
        ("第三至五条", [3, 4, 5]),
        ("第九条至第十一条", [9, 10, 11]),
        ("", []),
        ("总则", []),
        ("第七条第二款", [7]),
        ("第零条", []),
        ("第七章", []),
    ],
)
def test_a_citation_names_its_articles(article: str, numbers: list[int]) -> None:
    assert numbers_of(article) == numbers


@given(st.text(alphabet="第一二三零〇十百条章节 　\n：（）附件目录甲，。1９", max_size=80))
def test_no_text_upsets_it(text: str) -> None:
    with suppress(Unsplittable):
        numbers = [article.number for article in split(text).articles]
        assert numbers == sorted(set(numbers))
        assert numbers
