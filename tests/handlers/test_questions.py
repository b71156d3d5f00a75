"""Questions: kept with their asker, and never lost when nobody knew the answer."""

import asyncio
from datetime import timedelta

import pytest

from handlers import knowledge, questions
from handlers.context import Caller, Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from models import Account, App, AuditEntry, Notice, Person, Question, Scope
from tests.fakes import Clock
from tests.handlers.town import Town, build

KNOWN = "预备期多长时间"
UNKNOWN = "党员操办婚礼最多摆几桌"
UNCLEAR = "转正"


@pytest.fixture
async def town(ctx: Context) -> Town:
    await knowledge.seed(ctx)
    return await build(ctx)


async def asking(
    town: Town, person: Person | None, openid: str = "oAsker", app: App = App.OFFICIAL_ACCOUNT
) -> Context:
    """The world on behalf of somebody who writes to the account."""
    account, _ = await Account.get_or_create(app=app, openid=openid, defaults={"person": person})
    return town.ctx.on_behalf_of(Caller(account=account, person=person))


async def test_a_known_question_is_answered_and_kept(town: Town) -> None:
    ctx = await asking(town, town.member)
    answer = await questions.ask(ctx, text=KNOWN)
    assert (answer.kind, answer.entry) == ("answer", "probation-length")
    row = await Question.get(id=answer.question_id)
    assert (row.text, row.kind, row.entry_code) == (KNOWN, "answer", "probation-length")
    assert row.account_id == ctx.caller.account.id if ctx.caller.account else False


@pytest.mark.parametrize("text", ["", "  \n ", "\x00\x01"])
async def test_nothing_is_no_question(town: Town, text: str) -> None:
    with pytest.raises(BadInput):
        await questions.ask(town.at(town.member), text=text)
    assert await Question.all().count() == 0


@pytest.mark.parametrize("text", ["党" * 60_000, "党费\x00多少", "党\ud800费", "'; DROP TABLE questions; --"])
async def test_hostile_text_is_kept_without_harm(town: Town, text: str) -> None:
    answer = await questions.ask(town.at(town.member), text=text)
    assert len((await Question.get(id=answer.question_id)).text) <= 600


async def test_the_askers_kind_of_unit_is_respected(town: Town) -> None:
    town.branch.scope = Scope.VILLAGE
    await town.branch.save()
    answer = await questions.ask(await asking(town, town.member), text="党支部几年换一次届")
    assert answer.entry != "scope-term-three"
    assert "5年" in answer.text


async def test_what_somebody_says_of_themselves_wins_over_the_roster(town: Town) -> None:
    town.branch.scope = Scope.DEPARTMENT
    await town.branch.save()
    ctx = await asking(town, town.member)
    by_roster = await questions.ask(ctx, text="支部任期几年")
    await questions.ask(ctx, text="我们村的党费怎么交")
    as_said = await questions.ask(ctx, text="支部任期几年")
    assert (by_roster.entry, as_said.entry) == ("scope-term-three", "scope-term-five")


async def test_a_kind_of_unit_by_itself_asks_the_last_question_again(town: Town) -> None:
    ctx = await asking(town, None)
    await questions.ask(ctx, text="支部任期几年")
    assert (await questions.ask(ctx, text="我们是社区")).entry == "scope-term-five"


async def test_a_number_chooses_among_the_last_choices(town: Town) -> None:
    ctx = await asking(town, town.member)
    offered = await questions.ask(ctx, text=UNCLEAR)
    assert offered.kind == "choices"
    chosen = await questions.ask(ctx, text="2")
    assert (chosen.kind, chosen.entry) == ("answer", offered.choices[1][0])


@pytest.mark.parametrize("said", ["2", "２", "第二个", "第2条", "选2", "我选二", "2。"])
async def test_a_choice_may_be_said_in_words(town: Town, said: str) -> None:
    ctx = await asking(town, town.member)
    offered = await questions.ask(ctx, text=UNCLEAR)
    assert (await questions.ask(ctx, text=said)).entry == offered.choices[1][0]


async def test_what_is_typed_and_not_sent_is_not_kept(town: Town) -> None:
    ctx = await asking(town, town.member)
    assert ("dues-calculate", "党费怎么计算？") in await questions.suggest(ctx, text="党费")
    assert not await Question.exists()


async def test_a_number_that_was_not_offered_chooses_nothing(town: Town) -> None:
    ctx = await asking(town, town.member)
    await questions.ask(ctx, text=UNCLEAR)
    assert (await questions.ask(ctx, text="9")).kind == "declined"


async def test_choices_are_forgotten_after_ten_minutes(town: Town, clock: Clock) -> None:
    ctx = await asking(town, town.member)
    await questions.ask(ctx, text=UNCLEAR)
    clock.now += timedelta(minutes=11)
    assert (await questions.ask(ctx, text="2")).kind == "declined"


async def test_details_are_those_of_the_last_answer(town: Town) -> None:
    ctx = await asking(town, town.member)
    short = await questions.ask(ctx, text="入党流程")
    assert short.text.endswith("回复“详细”看具体做法。")
    long = await questions.ask(ctx, text="详细")
    assert (long.entry, "7. 预备期1年" in long.text) == (short.entry, True)


async def test_nobody_leans_on_what_another_asked(town: Town) -> None:
    await questions.ask(await asking(town, town.member, "oOne"), text=UNCLEAR)
    assert (await questions.ask(await asking(town, town.worker, "oTwo"), text="1")).kind == "declined"


async def test_what_nobody_knew_waits_for_the_officers_above(town: Town) -> None:
    answer = await questions.ask(await asking(town, town.member), text=UNKNOWN)
    assert answer.kind == "none"
    for officer, sees in ((town.town_officer, 1), (town.district_officer, 1), (town.far_officer, 0)):
        assert len(await questions.unanswered(town.at(officer))) == sees


async def test_a_strangers_question_waits_for_the_district(town: Town) -> None:
    await questions.ask(await asking(town, None), text=UNKNOWN)
    assert len(await questions.unanswered(town.at(town.district_officer))) == 1
    assert len(await questions.unanswered(town.at(town.town_officer))) == 0


async def test_what_was_answered_does_not_wait(town: Town) -> None:
    await questions.ask(await asking(town, town.member), text=KNOWN)
    assert await questions.unanswered(town.at(town.district_officer)) == []


async def test_a_useless_answer_waits_for_a_person(town: Town) -> None:
    ctx = await asking(town, town.member)
    answer = await questions.ask(ctx, text=KNOWN)
    assert answer.question_id
    await questions.feedback(ctx, question_id=answer.question_id, useful=False)
    assert [row.id for row in await questions.unanswered(town.at(town.town_officer))] == [answer.question_id]


async def test_only_the_asker_rates_an_answer(town: Town) -> None:
    answer = await questions.ask(await asking(town, town.member), text=KNOWN)
    assert answer.question_id
    for other in (town.at(town.member), await asking(town, town.worker, "oOther"), town.at(None)):
        with pytest.raises(NotFound):
            await questions.feedback(other, question_id=answer.question_id, useful=False)
    assert (await Question.get(id=answer.question_id)).useful is None


async def test_a_persons_answer_goes_back_to_the_asker_once(town: Town) -> None:
    asked = await questions.ask(await asking(town, town.member), text=UNKNOWN)
    assert asked.question_id
    officer = town.at(town.town_officer)
    answered = await questions.answer(officer, question_id=asked.question_id, text="请看本地规定。")
    assert (answered.answer, answered.answered_by_id) == ("请看本地规定。", town.town_officer.id)
    notice = await Notice.get()
    assert notice.openid == "oAsker"
    assert UNKNOWN in notice.content
    assert "请看本地规定。" in notice.content
    assert (
        await AuditEntry.filter(action="question.answered", subject=f"question:{asked.question_id}").count()
        == 1
    )
    with pytest.raises(WrongState):
        await questions.answer(officer, question_id=asked.question_id, text="再答一次。")
    assert await Notice.all().count() == 1
    assert await questions.unanswered(officer) == []


async def test_two_officers_at_once_answer_once(town: Town) -> None:
    asked = await questions.ask(await asking(town, town.member), text=UNKNOWN)
    assert asked.question_id
    tries = [
        questions.answer(town.at(officer), question_id=asked.question_id, text=f"答复{officer.id}")
        for officer in (town.town_officer, town.district_officer)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Question) for result in results) == 1
    assert sum(isinstance(result, WrongState) for result in results) == 1
    assert await Notice.all().count() == 1
    assert await AuditEntry.filter(action="question.answered").count() == 1


async def test_an_asker_in_the_mini_program_is_answered_in_the_official_account(town: Town) -> None:
    ctx = await asking(town, town.member, "mAsker", App.MINI_PROGRAM)
    await Account.filter(openid="mAsker").update(unionid="u1")
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="oTwin", unionid="u1", person=town.member)
    asked = await questions.ask(ctx, text=UNKNOWN)
    assert asked.question_id
    await questions.answer(town.at(town.town_officer), question_id=asked.question_id, text="好的。")
    assert (await Notice.get()).openid == "oTwin"


async def test_members_and_workers_neither_read_nor_answer(town: Town) -> None:
    asked = await questions.ask(await asking(town, town.member), text=UNKNOWN)
    assert asked.question_id
    for person in (town.member, town.worker, town.keeper, None):
        with pytest.raises(NotAllowed):
            await questions.unanswered(town.at(person))
        with pytest.raises(NotAllowed):
            await questions.answer(town.at(person), question_id=asked.question_id, text="答。")
    assert (await Question.get(id=asked.question_id)).answer is None


async def test_an_officer_elsewhere_finds_nothing_to_answer(town: Town) -> None:
    asked = await questions.ask(await asking(town, town.member), text=UNKNOWN)
    assert asked.question_id
    with pytest.raises(NotFound):
        await questions.answer(town.at(town.far_officer), question_id=asked.question_id, text="答。")
    assert await Notice.all().count() == 0


@pytest.mark.parametrize("text", ["", " \n", "长" * 601])
async def test_an_answer_has_a_length(town: Town, text: str) -> None:
    asked = await questions.ask(await asking(town, town.member), text=UNKNOWN)
    assert asked.question_id
    with pytest.raises(BadInput):
        await questions.answer(town.at(town.town_officer), question_id=asked.question_id, text=text)
    assert await Notice.all().count() == 0
