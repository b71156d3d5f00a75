"""What many asked is answered once for all of them, and becomes a draft with their wordings."""

import asyncio

import pytest

from handlers import clusters, entries, questions
from handlers.clusters import Cluster
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from models import Account, App, AuditEntry, Entry, EntryDraft, Notice, Person, Question
from tests.handlers.town import Town, build

WEDDING = ["党员操办婚礼最多摆几桌", "党员办婚礼可以摆几桌酒席", "党员婚礼摆几桌"]
CABINET = "支部档案柜的钥匙归谁保管"


@pytest.fixture
async def town(ctx: Context) -> Town:
    await Entry.create(
        code="k-one", topic="党费", question="党费什么时候交？", askings=[], answer="按月。", citations=[]
    )
    return await build(ctx)


async def asked(town: Town, text: str, person: Person | None, openid: str, *, kind: str = "none") -> Question:
    account, _ = await Account.get_or_create(
        app=App.OFFICIAL_ACCOUNT, openid=openid, defaults={"person": person}
    )
    return await Question.create(account=account, text=text, kind=kind, asked_at=town.ctx.now())


async def wedding_season(town: Town) -> list[Question]:
    """Three wordings of two members, one of them twice; and something else."""
    rows = [await asked(town, text, town.member, "oMember") for text in WEDDING[:2]]
    rows.append(await asked(town, WEDDING[2], town.worker, "oWorker"))
    rows.append(await asked(town, CABINET, town.worker, "oWorker"))
    return rows


async def test_what_asks_the_same_waits_as_one(town: Town) -> None:
    rows = await wedding_season(town)
    waiting = await clusters.waiting(town.at(town.town_officer))
    assert [[question.id for question in one.questions] for one in waiting] == [
        [row.id for row in rows[:3]],
        [rows[3].id],
    ]
    assert (waiting[0].people, waiting[0].askings) == (2, WEDDING)


async def test_thumbs_down_wait_with_what_nobody_knew(town: Town) -> None:
    row = await asked(town, CABINET, town.member, "oMember", kind="answer")
    assert await clusters.waiting(town.at(town.town_officer)) == []
    await Question.filter(id=row.id).update(useful=False)
    assert [one.id for one in await clusters.waiting(town.at(town.town_officer))] == [row.id]


async def test_one_answer_reaches_everyone_once(town: Town) -> None:
    rows = await wedding_season(town)
    officer = town.at(town.town_officer)
    answered = await clusters.answer(officer, cluster_id=rows[0].id, text="按当地规定报备。")
    assert answered.answer == "按当地规定报备。"
    sent = await Notice.all().order_by("id")
    assert sorted(notice.openid for notice in sent) == ["oMember", "oWorker"]
    assert all("按当地规定报备。" in notice.content for notice in sent)
    assert [row.answer for row in await Question.all().order_by("id")] == ["按当地规定报备。"] * 3 + [None]
    assert await AuditEntry.filter(action="question.answered").count() == 3
    with pytest.raises(WrongState):
        await clusters.answer(officer, cluster_id=rows[0].id, text="再答。")
    assert await Notice.all().count() == 2


async def test_an_officer_may_leave_out_what_is_not_the_same(town: Town) -> None:
    rows = await wedding_season(town)
    officer = town.at(town.town_officer)
    with pytest.raises(BadInput):
        await clusters.answer(officer, cluster_id=rows[0].id, text="答。", question_ids=[rows[3].id])
    await clusters.answer(officer, cluster_id=rows[0].id, text="答。", question_ids=[rows[2].id])
    assert (await Notice.get()).openid == "oWorker"
    left = await clusters.waiting(officer)
    assert sorted(question.id for one in left for question in one.questions) == [
        rows[0].id,
        rows[1].id,
        rows[3].id,
    ]


async def test_two_officers_at_once_answer_each_question_once(town: Town) -> None:
    rows = await wedding_season(town)
    tries = [
        clusters.answer(town.at(town.town_officer), cluster_id=rows[0].id, text="甲。"),
        clusters.answer(town.at(town.district_officer), cluster_id=rows[0].id, text="乙。"),
        questions.answer(town.at(town.district_officer), question_id=rows[1].id, text="丙。"),
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Cluster) for result in results) <= 1
    assert all(isinstance(result, Cluster | Question | WrongState) for result in results)
    assert await AuditEntry.filter(action="question.answered").count() == 3


async def test_many_answers_at_once_are_one(town: Town) -> None:
    """The claim itself, with nothing in front of it that would keep the officers apart."""
    ids = [row.id for row in (await wedding_season(town))[:3]]
    officer = town.at(town.town_officer)
    tries = [questions.answer_together(officer, question_ids=ids, text=f"答{n}。") for n in range(10)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, list) for result in results) == 1
    assert sum(isinstance(result, WrongState) for result in results) == 9
    assert await AuditEntry.filter(action="question.answered").count() == 3
    assert len({row.answer for row in await Question.filter(id__in=ids)}) == 1


async def test_an_officer_elsewhere_sees_and_answers_none_of_it(town: Town) -> None:
    rows = await wedding_season(town)
    far = town.at(town.far_officer)
    assert await clusters.waiting(far) == []
    for attempt in (
        clusters.answer(far, cluster_id=rows[0].id, text="答。"),
        clusters.make_draft(far, cluster_id=rows[0].id),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await Notice.all().count() == 0


async def test_an_answer_stays_within_the_officers_reach(town: Town) -> None:
    here = await asked(town, WEDDING[0], town.member, "oMember")
    there = await asked(town, WEDDING[1], town.far_worker, "oFar")
    await clusters.answer(town.at(town.town_officer), cluster_id=here.id, text="答。")
    assert (await Question.get(id=there.id)).answer is None
    assert (await Notice.get()).openid == "oMember"


async def test_members_and_workers_see_no_cluster(town: Town) -> None:
    rows = await wedding_season(town)
    for who in (town.member, town.worker, town.keeper, None):
        for attempt in (
            clusters.waiting(town.at(who)),
            clusters.answer(town.at(who), cluster_id=rows[0].id, text="答。"),
            clusters.make_draft(town.at(who), cluster_id=rows[0].id),
        ):
            with pytest.raises(NotAllowed):
                await attempt
    assert await EntryDraft.all().count() == 0


async def test_one_action_makes_a_draft_whose_tests_are_what_they_asked(town: Town) -> None:
    rows = await wedding_season(town)
    officer = town.at(town.town_officer)
    draft = await clusters.make_draft(officer, cluster_id=rows[0].id)
    assert (draft.tests, draft.content["askings"]) == (WEDDING, WEDDING)
    assert (draft.content["question"], draft.content["answer"]) == (WEDDING[0], "")
    with pytest.raises(WrongState):
        await clusters.make_draft(officer, cluster_id=rows[0].id)
    assert await EntryDraft.all().count() == 1


async def test_what_was_answered_becomes_a_draft_with_that_answer(town: Town) -> None:
    rows = await wedding_season(town)
    officer = town.at(town.town_officer)
    await clusters.answer(officer, cluster_id=rows[0].id, text="按当地规定报备。")
    draft = await clusters.make_draft(officer, cluster_id=rows[0].id)
    assert (draft.content["answer"], draft.tests) == ("按当地规定报备。", WEDDING)
    tried = await entries.try_draft(officer, code=draft.code)
    assert [(one.asking, one.right) for one in tried] == [(asking, True) for asking in WEDDING]


async def test_answering_and_drafting_are_one_action_or_none(town: Town) -> None:
    rows = await wedding_season(town)
    officer = town.at(town.town_officer)
    await clusters.make_draft(officer, cluster_id=rows[0].id)
    with pytest.raises(WrongState):
        await clusters.answer(officer, cluster_id=rows[0].id, text="答。", draft=True)
    assert await Notice.all().count() == 0
    assert await Question.filter(answer__isnull=False).count() == 0
    await clusters.answer(officer, cluster_id=rows[3].id, text="组织委员。", draft=True)
    assert await EntryDraft.filter(code=entries.code_for(CABINET)).count() == 1
