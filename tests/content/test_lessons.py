"""The course as it is shipped: 52 whole lessons, long enough to be worth the hour, and cited."""

from collections import Counter

import pytest

from handlers import lessons
from handlers.lesson_content import OWN_ADVICE, LessonContent, Strand, known_rules, load

COURSE = load(lessons.COURSE)


def test_there_is_a_lesson_for_each_week_of_a_year_in_three_strands() -> None:
    assert [one.code for one in COURSE] == [f"L{number:02d}" for number in range(1, 53)]
    strands = Counter(one.strand for one in COURSE)
    assert strands == {Strand.KNOWLEDGE: 18, Strand.WRITING: 17, Strand.SHOWCASE: 17}
    assert len({one.title for one in COURSE}) == 52


@pytest.mark.parametrize("lesson", COURSE, ids=[one.code for one in COURSE])
def test_a_lesson_is_whole(lesson: LessonContent) -> None:
    assert 1500 <= sum(len(part.text) for part in lesson.parts) <= 2500
    assert len(lesson.parts) == 3
    assert len(lesson.example.text) >= 200
    assert len(lesson.exercise.task) >= 30
    assert len(lesson.exercise.model_solution) >= 100
    assert len(lesson.quiz) == 5
    for question in lesson.quiz:
        assert len(question.explanation) >= 10
        assert {citation.rule for citation in question.citations} <= {OWN_ADVICE, *known_rules()}


@pytest.mark.parametrize("lesson", COURSE, ids=[one.code for one in COURSE])
def test_the_right_answer_is_not_always_in_the_same_place(lesson: LessonContent) -> None:
    assert len({question.answer for question in lesson.quiz}) >= 2


@pytest.mark.parametrize("lesson", COURSE, ids=[one.code for one in COURSE])
def test_the_right_answer_is_not_known_by_its_length(lesson: LessonContent) -> None:
    """Who picks the longest option each time must not pass."""
    given_away = 0
    for question in lesson.quiz:
        lengths = {letter: len(option) for letter, option in zip("ABCD", question.options, strict=False)}
        right = lengths.pop(question.answer)
        given_away += right > max(lengths.values())
    assert given_away <= 2


@pytest.mark.parametrize("lesson", COURSE, ids=[one.code for one in COURSE])
def test_what_was_verified_only_in_the_old_edition_says_so(lesson: LessonContent) -> None:
    """Of a transferred probationary member only the rules of 2014 were read."""
    text = "".join(part.text for part in lesson.parts)
    for sentence in text.split("。"):
        if "推迟讨论" in sentence and "六个月" in sentence:
            assert "二〇一四年" in sentence
            assert "原文为准" in sentence
