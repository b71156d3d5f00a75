"""Knowledge entries, clusters of questions and rules over HTTP."""

from typing import Any

import pytest

from handlers import regulations
from handlers.context import Context
from models import Account, Entry, Notice, Question
from tests.miniprogram_api.conftest import World

FORM: dict[str, Any] = {
    "topic": "组织生活",
    "question": "支部活动室的钥匙由谁保管？",
    "answer": "由支部组织委员保管。",
    "askings": ["活动室钥匙归谁管"],
    "citations": [{"rule": "支部条例", "article": "第十一条"}],
    "scope": ["村"],
    "in_force_from": "2026-05-18",
}


async def test_a_draft_goes_from_one_officer_to_another_and_is_published(world: World) -> None:
    made = await world["town"]("POST", "/entries", FORM, Idempotency_Key="e-1")
    assert made.status == 201
    assert (await world["town"]("POST", "/entries", FORM, Idempotency_Key="e-1")).body == made.body
    path = f"/entries/{made.body['code']}"
    assert made.body["wording"]["in_force_from"] == "2026-05-18"
    shown = (await world["district"]("GET", path)).body
    assert (shown["published"], shown["draft"]["version"]) == (None, 1)
    own = await world["town"]("POST", f"{path}/draft/approve", {"version": 1})
    assert (own.status, own.body["code"]) == (403, "own_draft")
    edited = await world["town"]("POST", f"{path}/draft", FORM | {"version": 1, "answer": "组织委员。"})
    assert (edited.status, edited.body["version"]) == (200, 2)
    late = await world["district"]("POST", f"{path}/draft/approve", {"version": 1})
    assert late.body["code"] == "wrong_state"
    approved = await world["district"]("POST", f"{path}/draft/approve", {"version": 2})
    assert (approved.status, approved.body["wording"]["answer"]) == (200, "组织委员。")
    assert approved.body["wording"]["scope"] == ["村"]
    (version,) = (await world["town"]("GET", f"{path}/versions")).body["items"]
    assert (version["version"], version["approved_by_id"]) == (1, world["district"].person.id)
    assert [
        one["code"] for one in (await world["town"]("GET", "/entries?status=published")).body["items"]
    ] == [made.body["code"]]
    assert (await world["town"]("POST", f"{path}/retire")).body["code"] == "not_allowed"
    retired = await world["district"]("POST", f"{path}/retire")
    assert (retired.status, retired.body["status"]) == (200, "retired")


async def test_a_draft_is_sent_back_tried_and_thrown_away(world: World) -> None:
    made = (await world["town"]("POST", "/entries", FORM | {"tests": ["活动室钥匙归谁管"]})).body
    path = f"/entries/{made['code']}/draft"
    back = await world["district"]("POST", f"{path}/return", {"version": 1, "reason": "请补依据"})
    assert (back.status, back.body["reason"]) == (200, "请补依据")
    tried = await world["town"]("GET", f"{path}/tests")
    assert [one["asking"] for one in tried.body["items"]] == ["活动室钥匙归谁管"]
    assert (await world["other_town"]("DELETE", path)).body["code"] == "not_allowed"
    assert (await world["town"]("DELETE", path)).status == 204
    assert (await world["town"]("GET", f"{path}/tests")).body["code"] == "not_found"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"question": ""}, "question"),
        ({"answer": "长" * 601}, "answer"),
        ({"scope": ["月球"]}, "scope.0"),
        ({"in_force_from": "昨天"}, "in_force_from"),
        ({"citations": [{"article": "第一条"}]}, "citations.0.rule"),
        ({"askings": ["行\n行"]}, "askings.0"),
        ({"related": ["NO"]}, "related.0"),
    ],
)
async def test_a_form_with_a_mistake_says_where(world: World, change: dict[str, Any], field: str) -> None:
    refused = await world["town"]("POST", "/entries", FORM | change)
    assert refused.status == 422
    assert [error["field"] for error in refused.body["errors"]] == [field]
    assert await Entry.all().count() == 0


async def asked(world: World, ctx: Context, text: str) -> Question:
    account = await Account.get(id=world["member"].account.id)
    return await Question.create(account=account, text=text, kind="none", asked_at=ctx.now())


async def test_a_cluster_is_answered_once_and_the_asker_finds_it(world: World, ctx: Context) -> None:
    first = await asked(world, ctx, "档案柜钥匙归谁保管")
    second = await asked(world, ctx, "档案柜的钥匙谁保管")
    (item,) = (await world["town"]("GET", "/questions/clusters")).body["items"]
    assert (item["id"], item["question_ids"], item["people"]) == (first.id, [first.id, second.id], 1)
    assert (await world["other_town"]("GET", "/questions/clusters")).body["items"] == []
    path = f"/questions/clusters/{item['id']}"
    assert (await world["other_town"]("POST", f"{path}/answer", {"text": "x"})).body["code"] == "not_found"
    answered = await world["town"]("POST", f"{path}/answer", {"text": "组织委员保管。"})
    assert (answered.status, answered.body["answer"]) == (200, "组织委员保管。")
    made = await world["town"]("POST", f"{path}/draft")
    assert (made.status, made.body["tests"]) == (201, [first.text, second.text])
    assert made.body["wording"]["answer"] == "组织委员保管。"
    mine = (await world["member"]("GET", "/questions/mine")).body["items"]
    assert [one["answer"] for one in mine] == ["组织委员保管。"] * 2
    assert (await world["worker"]("GET", "/questions/mine")).body["items"] == []
    assert await Notice.all().count() == 0  # Only the mini program knows this asker.


async def test_statistics_have_no_people_in_them(world: World, ctx: Context) -> None:
    for _ in range(3):
        await asked(world, ctx, "档案柜钥匙归谁保管")
    items = (await world["district"]("GET", "/questions/statistics")).body["items"]
    assert [(one["asked"], one["unknown"]) for one in items] == [(3, 3)]
    assert set(items[0]) == {"week", "topic", "asked", "unknown"}
    refused = await world["district"]("GET", "/questions/statistics?from=2026-11-20&to=2026-11-01")
    assert refused.status == 422


async def test_an_article_is_offered_word_for_word(world: World, ctx: Context) -> None:
    await regulations.import_text(ctx, text="中国共产党支部工作条例（试行）\n第一条 甲。\n乙。")
    found = await world["unbound"]("GET", "/rules/支部条例/articles/第一条")
    assert (found.status, found.body["text"], found.body["status"]) == (200, "甲。\n乙。", "现行")
    assert (await world["member"]("GET", "/rules/支部条例/articles/1")).body == found.body
    for path in ("/rules/支部条例/articles/第二条", "/rules/党章/articles/第一条", "/rules/无/articles/x"):
        assert (await world["member"]("GET", path)).body["code"] == "not_found"
    rules = {one["rule"]: one for one in (await world["unbound"]("GET", "/rules")).body["items"]}
    assert (rules["支部条例"]["articles"], rules["党章"]["articles"]) == (1, 0)
    assert rules["发展党员细则(2014)"]["replaced_by"] == "发展党员细则(2026)"
