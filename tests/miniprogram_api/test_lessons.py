"""Reading and practising over HTTP."""

import pytest

from models import Consent, Lesson
from tests.miniprogram_api.conftest import World


@pytest.mark.usefixtures("course")
async def test_everybody_reads_every_lesson_and_no_answer_is_given_away(world: World) -> None:
    unbound = world["unbound"]
    items = (await unbound("GET", "/lessons")).body["items"]
    assert len(items) == await Lesson.all().count()
    current = await unbound("GET", "/lessons/current")
    lesson = await unbound("GET", f"/lessons/{current.body['id']}")
    assert lesson.body["quiz"] == current.body["quiz"]
    assert "answer" not in lesson.body["quiz"][0]
    assert "explanation" not in lesson.body["quiz"][0]


@pytest.mark.usefixtures("course")
async def test_a_quiz_is_explained_and_comes_back_to_nobody_else(world: World) -> None:
    row = await Lesson.all().order_by("id").first()
    assert row is not None
    right = [question["answer"] for question in row.body["quiz"]]
    answer = await world["unbound"](
        "POST", f"/lessons/{row.id}/answers", {"answers": [right[0], "", right[2]]}
    )
    assert [(grade["number"], grade["right"]) for grade in answer.body["items"]] == [(1, True), (3, True)]
    assert all(grade["explanation"] for grade in answer.body["items"])


@pytest.mark.usefixtures("course")
async def test_bad_answers_are_refused(world: World) -> None:
    row = await Lesson.all().order_by("id").first()
    assert row is not None
    for answers in ([], ["", ""], ["Z"], ["H"], ["A"] * 6, "A", {"1": "A"}):
        refused = await world["member"]("POST", f"/lessons/{row.id}/answers", {"answers": answers})
        assert (refused.status, refused.body["code"]) == (422, "bad_input"), answers
    told = [
        (await world["member"]("POST", f"/lessons/{row.id}/answers", {"answers": answers})).body["errors"]
        for answers in ([], ["A", "x"])
    ]
    assert "请至少回答一题" in told[0][0]["message"]
    assert "第 2 题请填选项前的字母" in told[1][0]["message"]


async def test_no_course_yet_is_told(world: World) -> None:
    assert (await world["member"]("GET", "/lessons/current")).body["code"] == "not_found"
    assert (await world["member"]("GET", "/lessons")).body["items"] == []


async def test_a_consent_is_counted_once_per_key(world: World) -> None:
    form = {"template_id": "demo-template-lesson", "result": "accept"}
    first = await world["member"]("POST", "/subscriptions", form, Idempotency_Key="tap-1")
    again = await world["member"]("POST", "/subscriptions", form, Idempotency_Key="tap-1")
    assert (first.status, first.body["remaining"]) == (again.status, again.body["remaining"]) == (201, 1)
    refused = await world["member"]("POST", "/subscriptions", form | {"result": "maybe"})
    assert refused.body["code"] == "bad_input"
    assert [row.remaining for row in await Consent.all()] == [1]


async def test_the_weekly_lesson_is_given_up_and_wanted_again_with_one_tap(world: World) -> None:
    member = world["member"]
    assert (await member("GET", "/me/lessons")).body == {"wants": False}
    for wants in (True, False):
        assert (await member("PUT", "/me/lessons", {"wants": wants})).body == {"wants": wants}
        assert (await member("GET", "/me/lessons")).body == {"wants": wants}
    assert (await member("PUT", "/me/lessons", {})).status == 422
