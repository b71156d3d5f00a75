"""Practice by spaced repetition: for the learner alone; lessons in figures without names."""

from datetime import timedelta
from typing import Any

import pytest

from bot.learning import ANSWERS
from bot.messages import Message
from bot.router import Router
from bot.routes import ROUTES
from handlers import accounts, holdings, learning, lessons
from handlers.access import OFFICERS
from handlers.context import Caller, Context
from handlers.errors import BadInput, NotAllowed, NotFound
from models import Account, App, AuditEntry, Entry, Lesson, LessonTally, PracticeCard, Question, Role
from tests.fakes import Clock
from tests.handlers.test_lesson_schedule import officer
from tests.handlers.test_lessons import course

__all__ = ["course"]

ROUTER = Router(ROUTES)


@pytest.fixture
async def learner(course: Context) -> Context:
    """Somebody who learns."""
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o-learner", follows=True)
    return course.on_behalf_of(Caller(account=account))


async def answer_wrongly(ctx: Context, *numbers: int) -> Lesson:
    """Wrong answers to these questions of the week's lesson."""
    lesson = await lessons.current(ctx)
    wrong = {n: "A" if lesson.content.quiz[n - 1].answer != "A" else "B" for n in numbers}
    await lessons.grade(ctx, lesson_id=lesson.id, answers=wrong)
    return await Lesson.get(id=lesson.id)


async def say(ctx: Context, text: str) -> Any:
    """What the chat answers."""
    fields = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "text", "Content": text}
    message = Message(fields, "text")
    route = ROUTER.find(message)
    assert route is not None
    reply: Any = route.answer(message, ctx)
    return await reply


async def test_what_was_wrong_comes_back_tomorrow_and_later_when_known(
    learner: Context, clock: Clock
) -> None:
    await answer_wrongly(learner, 1, 2)
    assert await learning.due(learner) == []
    clock.now += timedelta(days=1, minutes=1)
    first, second = await learning.due(learner)
    assert first.options
    judged = await learning.answer(learner, card_id=first.card.id, letter=first.answer.lower())
    assert judged.right
    assert [one.card.id for one in await learning.due(learner)] == [second.card.id]
    clock.now += timedelta(days=1)
    assert first.card.id not in [one.card.id for one in await learning.due(learner)], "known: not yet again"
    clock.now += timedelta(days=30)
    assert first.card.id in [one.card.id for one in await learning.due(learner)]


async def test_a_right_answer_leaves_nothing_to_practise(learner: Context) -> None:
    lesson = await lessons.current(learner)
    await lessons.grade(learner, lesson_id=lesson.id, answers={1: lesson.content.quiz[0].answer})
    assert await PracticeCard.all().count() == 0


async def test_a_second_answer_to_one_showing_is_explained_and_changes_nothing(
    learner: Context, clock: Clock
) -> None:
    await answer_wrongly(learner, 1)
    clock.now += timedelta(days=2)
    (one,) = await learning.due(learner)
    await learning.answer(learner, card_id=one.card.id, letter=one.answer)
    due_at = (await PracticeCard.get()).due_at
    wrong = "A" if one.answer != "A" else "B"
    assert not (await learning.answer(learner, card_id=one.card.id, letter=wrong)).right
    assert (await PracticeCard.get()).due_at == due_at


async def test_nobody_else_reaches_a_learners_practice(learner: Context, clock: Clock) -> None:
    await answer_wrongly(learner, 1)
    clock.now += timedelta(days=2)
    card = await PracticeCard.get()
    boss = await officer(learner)
    assert await learning.due(boss) == []
    with pytest.raises(NotFound):
        await learning.answer(boss, card_id=card.id, letter="A")
    assert await learning.forget(boss) == 0
    assert not await AuditEntry.filter(action__startswith="practice").exists()


async def test_without_the_look_at_whose_it_is_an_officer_would_see_it(
    learner: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await answer_wrongly(learner, 1)
    clock.now += timedelta(days=2)
    boss = await officer(learner)
    monkeypatch.setattr(learning, "_mine", lambda _: PracticeCard.all())
    assert len(await learning.due(boss)) == 1


@pytest.mark.parametrize("role", sorted(set(Role) - OFFICERS))
async def test_figures_are_for_officers_and_only_their_duty_keeps_others_out(
    learner: Context, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    lesson = await Lesson.first()
    assert lesson is not None
    other = await officer(learner, role)
    with pytest.raises(NotAllowed):
        await learning.counts(other, lesson_id=lesson.id)
    monkeypatch.setattr(learning, "OFFICERS", frozenset(Role))
    assert (await learning.counts(other, lesson_id=lesson.id)).lesson == lesson


async def test_both_apps_of_a_person_share_their_practice(learner: Context, clock: Clock) -> None:
    boss = await officer(learner)
    await answer_wrongly(boss, 1)
    clock.now += timedelta(days=2)
    mini = await Account.create(app=App.MINI_PROGRAM, openid="m-same", person=boss.caller.person)
    on_mini = boss.on_behalf_of(Caller(account=mini, person=boss.caller.person))
    assert len(await learning.due(on_mini)) == 1


async def test_what_was_asked_comes_back_a_day_later(learner: Context, clock: Clock) -> None:
    await Entry.create(
        code="dues-1",
        topic="党费",
        question="党费怎么算？",
        askings=[],
        answer="按档算。",
        citations=[{"rule": "党费规定", "article": "第二条"}],
    )
    account = learner.caller.account
    await Question.create(
        account=account, text="党费咋算", kind="answer", entry_code="dues-1", asked_at=clock.now
    )
    assert await learning.due(learner) == []
    clock.now += timedelta(days=1, minutes=1)
    (one,) = await learning.due(learner)
    assert (one.question, one.is_quiz, one.citations) == ("党费怎么算？", False, ("《党费规定》第二条",))
    with pytest.raises(BadInput):
        await learning.answer(learner, card_id=one.card.id, letter="A")
    await learning.answer(learner, card_id=one.card.id, remembered=True)
    assert await learning.due(learner) == []
    clock.now += timedelta(minutes=1)
    assert await learning.due(learner) == [], "it isn't taken up a second time"
    clock.now += timedelta(days=1)
    (applied,) = await learning.due(learner)
    assert applied.is_quiz
    assert "《党费规定》第二条" in applied.citations
    assert applied.card.item.startswith("q:L07:")
    assert await learning.due(await officer(learner)) == [], "it is the learner's own"


@pytest.mark.parametrize(
    "citations", [[], [{"rule": "党费规定"}], [{"rule": "党费规定", "article": "第九十九条"}]]
)
async def test_what_no_quiz_question_rests_on_comes_back_as_it_was_asked(
    learner: Context, clock: Clock, citations: list[dict[str, str]]
) -> None:
    await Entry.create(
        code="x-1", topic="党费", question="怎么办？", askings=[], answer="这样办。", citations=citations
    )
    await Question.create(
        account=learner.caller.account, text="咋办", kind="answer", entry_code="x-1", asked_at=clock.now
    )
    clock.now += timedelta(days=3)
    assert [one.card.item for one in await learning.due(learner)] == ["e:x-1"]


async def test_a_withdrawn_lesson_is_not_practised(learner: Context, clock: Clock) -> None:
    lesson = await answer_wrongly(learner, 1)
    clock.now += timedelta(days=2)
    await Lesson.filter(id=lesson.id).update(withdrawn_at=clock.now)
    assert await learning.due(learner) == []


async def test_practice_is_taken_along_and_withdrawn_with_the_rest(learner: Context) -> None:
    await answer_wrongly(learner, 3)
    held: Any = await holdings.export_mine(learner)
    assert [one["内容"][:3] for one in held["练习"]] == ["q:L"]
    await accounts.withdraw(learner)
    assert await PracticeCard.all().count() == 0


async def test_officers_see_figures_only_where_enough_answered(learner: Context) -> None:
    lesson = await answer_wrongly(learner, 1, 2)
    boss = await officer(learner, Role.TOWN_OFFICER)
    found = await learning.counts(boss, lesson_id=lesson.id)
    assert [(one.answered, one.right) for one in found.questions] == [
        (None, None),
        (None, None),
        (0, 0),
        (0, 0),
        (0, 0),
    ]
    await LessonTally.filter(lesson_id=lesson.id, question=1).update(answered=12, right=6)
    await LessonTally.filter(lesson_id=lesson.id, question=2).update(answered=12, right=9)
    found = await learning.counts(boss, lesson_id=lesson.id)
    assert [(one.answered, one.right) for one in found.questions[:2]] == [(12, 6), (12, None)]
    with pytest.raises(NotAllowed):
        await learning.counts(learner, lesson_id=lesson.id)


# In the chat


@pytest.mark.parametrize("said", ["答1A 2C", "答 1a，2c", "答1Ａ、２Ｃ", "答：1A2C", "答1.A 2.C", "1A 2C"])
async def test_answers_by_numbers_are_graded_with_explanations(learner: Context, said: str) -> None:
    lesson = await lessons.current(learner)
    text = await say(learner, said)
    assert all(lesson.content.quiz[n].explanation in text for n in (0, 1))
    assert (await LessonTally.all().count()) == 2


async def test_practice_goes_back_and_forth_in_the_chat(learner: Context, clock: Clock) -> None:
    assert "没有要练的" in await say(learner, "练习")
    await answer_wrongly(learner, 1)
    clock.now += timedelta(days=2)
    (one,) = await learning.due(learner)
    shown = await say(learner, "练习")
    assert one.question in shown
    assert one.explanation not in shown
    assert one.explanation in await say(learner, f"答{one.answer}")
    assert "没有要练的" in await say(learner, f"答{one.answer}")


async def test_the_questions_are_told_with_their_letters(learner: Context) -> None:
    text = await say(learner, "测验")
    assert "1. " in text
    assert "A. " in text
    assert "答1A 2C" in text


@pytest.mark.parametrize(
    ("said", "says"), [("答9A", "没有第 9 题"), ("答1A 5D", "第 5 题请填选项前的字母（A、B、C）")]
)
async def test_an_odd_answer_is_met_with_a_sentence_that_names_the_question(
    learner: Context, said: str, says: str
) -> None:
    lesson = await lessons.current(learner)
    assert len(lesson.content.quiz[4].options) == 3
    assert says in await say(learner, said)
    assert await LessonTally.all().count() == 0


@pytest.mark.parametrize(
    ("said", "is_answer"), [("1A", False), ("答1A", True), ("1A 2C", True), ("1A号楼 2C", False)]
)
def test_without_the_word_two_make_an_answer(said: str, is_answer: bool) -> None:
    assert (ANSWERS.match(said) is not None) is is_answer


@pytest.mark.parametrize("said", ["订阅微课", "退订微课"])
async def test_opting_in_and_out_is_one_word(learner: Context, said: str) -> None:
    await say(learner, said)
    assert (await Account.get(openid="o-learner")).lesson_choice is (said == "订阅微课")
