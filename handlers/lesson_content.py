"""The shape of a lesson as staff write it, and the places where a bad one is refused."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from handlers.answering.shapes import Citation as RuleCitation
from handlers.lesson_html import LONGEST, article_of, fits
from settings import MassForm

READING = range(1500, 2501)
"""Characters of the three reading parts together."""

RULES = Path(__file__).parents[1] / "content" / "knowledge" / "rules.yaml"
OWN_ADVICE = "本课要点"
"""Cited where a question rests on the lesson's own advice and on no rule."""

LETTERS = "ABCD"
ANNOUNCED, ASKED = 1500, 1200
"""Bytes that leave room for the rest of a message of 2,048."""

MARKUP = re.compile(r"<[!/a-zA-Z]|&[a-zA-Z#]\w*;|[\x00-\x08\x0b\x0c\x0e-\x1f]")


class BadLesson(Exception):
    """A lesson that can't be taken; the message says where and why, in Chinese. So does `places`."""

    def __init__(self, sentence: str, places: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.places = places or {}


class Strand(StrEnum):
    """The three strands of the course."""

    WRITING = "公文写作"
    SHOWCASE = "示范点讲解"
    KNOWLEDGE = "党务知识答疑"


def _plain(text: str) -> str:
    if MARKUP.search(text):
        raise ValueError("只能写纯文字，不能有 HTML 标签或控制字符")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_plain)]
Title = Annotated[Text, Field(max_length=32)]
"""WeChat's articles admit 32 characters in a title."""


class Strict(BaseModel):
    """Unknown names are spelling mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Citation(Strict):
    """Where a statement comes from. `article` is empty where the rule's article was not read."""

    rule: Text
    article: str = ""

    def __str__(self) -> str:
        return self.rule if self.rule == OWN_ADVICE else str(RuleCitation(self.rule, self.article))


class Part(Strict):
    """One of the three things to read."""

    heading: Title
    text: Text


class Example(Strict):
    """Something real-looking, worked through."""

    title: Title
    text: Text


class Exercise(Strict):
    """Something to try, and how we would have done it."""

    task: Text
    model_solution: Text


class Question(Strict):
    """One quiz question; `answer` is the letter of the right option."""

    question: Text
    options: list[Text] = Field(min_length=2, max_length=len(LETTERS))
    answer: str
    explanation: Text
    citations: list[Citation] = Field(min_length=1)

    @model_validator(mode="after")
    def _answer_is_an_option(self) -> Self:
        if len(self.answer) != 1 or self.answer not in LETTERS[: len(self.options)]:
            raise ValueError(f"答案“{self.answer}”不在选项里")
        if len(set(self.options)) != len(self.options):
            raise ValueError("有两个选项相同")
        return self


class LessonContent(Strict):
    """One lesson of about an hour: read, see an example, practise, five questions.

    `mass_form` is what its mass message is, where that isn't left to the setting.
    """

    code: Annotated[str, StringConstraints(pattern=r"^L\d{2,3}$")]
    title: Title
    strand: Strand
    aims: list[Annotated[Text, Field(max_length=60)]] = Field(min_length=1, max_length=4)
    parts: list[Part] = Field(min_length=3, max_length=3)
    example: Example
    exercise: Exercise
    quiz: list[Question] = Field(min_length=5, max_length=5)
    mass_form: MassForm | None = None

    @model_validator(mode="after")
    def _reading_takes_its_time(self) -> Self:
        length = sum(len(part.text) for part in self.parts)
        if length not in READING:
            raise ValueError(f"三个阅读部分共 {length} 字，应在 {READING[0]}～{READING[-1]} 字之间")
        return self


REASONS = {  # With what pydantic knows of the limit.
    "missing": "缺少这一项",
    "extra_forbidden": "没有这个栏目，请检查拼写",
    "too_long": "太长，或条目太多，最多 {max_length}",
    "too_short": "太短，或条目太少，至少 {min_length}",
    "string_too_long": "文字太长，最多 {max_length} 字",
    "string_too_short": "不能为空",
    "string_type": "应当是文字",
    "string_pattern_mismatch": "格式不对",
    "enum": "不是三条线索之一",
}
OWN_REASONS = {"mass_form": "只能填 text（文字）或 article（图文）；不填按设置 ZBT_LESSON_MASS_FORM"}
"""By place, where the kind of mistake alone says too little."""


def known_rules(path: Path = RULES) -> frozenset[str]:
    """The short names of the rules in force, as the knowledge base lists them."""
    rules = yaml.safe_load(path.read_text(encoding="utf-8"))
    return frozenset(rule["short"] for rule in rules if rule["status"] != "已替代")


def read(data: Any, *, where: str, rules: frozenset[str]) -> LessonContent:
    """Check one lesson.

    Raises:
        BadLesson: names every place that is wrong, in Chinese.
    """
    try:
        lesson = LessonContent.model_validate(data)
    except ValidationError as error:
        raise _bad(where, dict(_place(dict(detail)) for detail in error.errors())) from error
    places = _unknown_citations(lesson, rules) | _too_long(lesson)
    if places:
        raise _bad(where, places)
    return lesson


def _bad(where: str, places: dict[str, str]) -> BadLesson:
    told = "；".join(f"{place}：{reason}" if place else reason for place, reason in places.items())
    return BadLesson(f"{where}：{told}", places)


def _unknown_citations(lesson: LessonContent, rules: frozenset[str]) -> dict[str, str]:
    return {
        f"quiz.{number}.citations": f"“{citation.rule}”不在现行依据清单里"
        for number, question in enumerate(lesson.quiz, start=1)
        for citation in question.citations
        if citation.rule not in rules | {OWN_ADVICE}
    }


def _too_long(lesson: LessonContent) -> dict[str, str]:
    """What would not fit into one message of the chat, in bytes, or into an article."""
    places = {}
    if not fits(article_of(lesson)):
        places["example"] = f"阅读、例子和练习合计太长：做成图文连同排版要在 {LONGEST} 字以内，请先精简例子"
    if len((lesson.title + "".join(lesson.aims)).encode()) > ANNOUNCED:
        places["aims"] = f"标题和目标合计超过 {ANNOUNCED} 字节，一条群发消息放不下"
    for number, question in enumerate(lesson.quiz, start=1):
        if len((question.question + "".join(question.options)).encode()) > ASKED:
            places[f"quiz.{number}"] = f"题目和选项合计超过 {ASKED} 字节，一条消息放不下"
        if len(question.explanation.encode()) > ASKED:
            places[f"quiz.{number}.explanation"] = f"解析超过 {ASKED} 字节，一条消息放不下"
    return places


def _place(detail: dict[str, Any]) -> tuple[str, str]:
    path = ".".join(str(step + 1) if isinstance(step, int) else step for step in detail["loc"])
    if detail["type"] == "value_error":
        reason = str(detail["ctx"]["error"])
    else:
        reason = REASONS.get(detail["type"], "内容不对").format(**detail.get("ctx", {}))
        reason = OWN_REASONS.get(path, reason)
    return path, reason


def load(folder: Path) -> list[LessonContent]:
    """All lessons of a folder, in the order of their codes.

    Raises:
        BadLesson: a file is no YAML, or its lesson is wrong, or two lessons share a code.
    """
    rules = known_rules()
    lessons: dict[str, LessonContent] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise BadLesson(f"{path.name}：不是有效的 YAML") from error
        lesson = read(data, where=path.name, rules=rules)
        if lesson.code in lessons:
            raise BadLesson(f"{path.name}：编号 {lesson.code} 已经用过")
        lessons[lesson.code] = lesson
    return [lessons[code] for code in sorted(lessons)]
