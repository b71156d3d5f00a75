"""Asking over HTTP, and the people's answers."""

import pytest

from handlers.context import Context
from models import Entry, Question
from tests.miniprogram_api.conftest import World

ASKED = "党员大会多长时间召开一次"
UNKNOWN = "支部档案柜的钥匙归谁保管"


@pytest.fixture
async def entry(ctx: Context) -> Entry:
    """One thing that is known."""
    return await Entry.create(
        code="K001",
        topic="组织生活",
        question="支部党员大会多长时间召开一次？",
        askings=[ASKED, "党员大会几个月开一次"],
        answer="支部党员大会一般每季度召开1次。",
        citations=[{"rule": "支部条例", "article": "第十一条"}],
    )


@pytest.mark.usefixtures("entry")
async def test_an_answer_cites_its_rule_and_can_be_rated_by_who_asked(world: World) -> None:
    answer = await world["unbound"]("POST", "/questions", {"text": ASKED}, Idempotency_Key="q-1")
    assert (answer.status, answer.body["kind"], answer.body["entry"]) == (200, "answer", "K001")
    assert answer.body["citations"] == [{"rule": "支部条例", "article": "第十一条"}]
    path = f"/questions/{answer.body['id']}/feedback"
    assert (await world["unbound"]("POST", path, {"useful": True})).status == 204
    assert (await world["member"]("POST", path, {"useful": False})).body["code"] == "not_found"
    assert [row.useful for row in await Question.all()] == [True]


async def test_what_is_not_known_reaches_an_officer_and_is_answered_once(world: World) -> None:
    asked = (await world["member"]("POST", "/questions", {"text": UNKNOWN})).body
    await Question.filter(id=asked["id"]).update(kind="none")
    waiting = (await world["town"]("GET", "/questions?status=unanswered")).body["items"]
    assert [item["text"] for item in waiting] == [UNKNOWN]
    assert "演示member" not in str(waiting)
    assert (await world["other_town"]("GET", "/questions")).body["items"] == []
    path = f"/questions/{asked['id']}/answer"
    assert (await world["other_town"]("POST", path, {"text": "支委"})).body["code"] == "not_found"
    answered = await world["town"]("POST", path, {"text": "由支部组织委员保管。"})
    assert (answered.status, answered.body["answer"]) == (200, "由支部组织委员保管。")
    assert (await world["town"]("POST", path, {"text": "再答一次"})).body["code"] == "wrong_state"


@pytest.mark.parametrize("name", ["member", "worker", "keeper", "unbound"])
async def test_only_officers_see_what_people_ask(world: World, name: str) -> None:
    assert (await world[name]("GET", "/questions")).body["code"] == "not_allowed"
    answer = await world[name]("POST", "/questions/1/answer", {"text": "x"})
    assert answer.body["code"] == "not_allowed"


async def test_a_question_sent_twice_is_kept_once(world: World) -> None:
    for _ in range(2):
        answer = await world["member"]("POST", "/questions", {"text": UNKNOWN}, Idempotency_Key="q-1")
        assert answer.status == 200
    assert await Question.all().count() == 1


@pytest.mark.usefixtures("entry")
async def test_whoever_types_sees_what_they_may_mean_and_nothing_is_kept(world: World) -> None:
    answer = await world["unbound"]("POST", "/questions/suggestions", {"text": "党员大会多"})
    assert answer.status == 200
    assert answer.body["items"] == [{"entry": "K001", "question": "支部党员大会多长时间召开一次？"}]
    assert (await world["member"]("POST", "/questions/suggestions", {"text": ""})).body["items"] == []
    too_long = await world["member"]("POST", "/questions/suggestions", {"text": "党" * 101})
    assert too_long.body["errors"][0]["field"] == "text"
    assert not await Question.exists()
