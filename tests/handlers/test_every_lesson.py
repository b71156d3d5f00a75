"""Every lesson of the course, as its readers meet it: on the page, in the chat, in practice."""

from collections.abc import AsyncIterator
from datetime import timedelta

from handlers import learning, lessons
from handlers.context import Context
from handlers.lengths import TEXT_LIMIT
from handlers.lesson_content import LETTERS
from models import Lesson, LessonWeek, PracticeCard
from tests.fakes import Clock
from tests.handlers.test_learning import learner, say
from tests.handlers.test_lessons import course
from tests.pages.test_pages import Client, Tags, client

__all__ = ["client", "course", "learner"]


async def in_turn(ctx: Context) -> AsyncIterator[Lesson]:
    """Every lesson, each of them the week's while it is looked at."""
    friday = (await LessonWeek.filter(sends_at__lte=ctx.now() + timedelta(days=7)).order_by("friday"))[
        0
    ].friday
    for lesson in await Lesson.all().order_by("code"):
        await LessonWeek.filter(friday=friday).update(lesson_id=lesson.id)
        yield lesson


async def test_each_lesson_is_read_and_answered_on_its_page(client: Client, ctx: Context) -> None:
    await lessons.seed(ctx)
    for lesson in await Lesson.all():
        quiz = (await lessons.get_lesson(ctx, lesson_id=lesson.id)).content.quiz
        right = {f"q{number}": one.answer for number, one in enumerate(quiz, start=1)}
        response = await client.post(f"/lessons/{lesson.id}", data=right)
        html = await response.text()
        assert (response.status, Tags(html).open) == (200, []), lesson.code
        assert not any(f"应选 {letter}" in html for letter in LETTERS), lesson.code


async def test_each_lesson_fits_into_the_chat_and_comes_back_to_be_practised(
    learner: Context, clock: Clock
) -> None:
    seen = 0
    async for lesson in in_turn(learner):
        view = await lessons.current(learner)
        assert view.id == lesson.id
        card = await say(learner, "微课")
        assert card.url.endswith(f"/lessons/{lesson.id}")
        assert card.title.endswith(lesson.title)
        asked = await say(learner, "测验")
        assert len(asked.encode()) <= TEXT_LIMIT, lesson.code
        wrong = ["B" if one.answer == "A" else "A" for one in view.content.quiz]
        said = "答" + " ".join(f"{number}{letter}" for number, letter in enumerate(wrong, start=1))
        told = await say(learner, said)
        assert all(one.explanation in told for one in view.content.quiz), lesson.code
        clock.now += timedelta(days=2)
        due = await learning.due(learner)
        assert {one.question for one in due} <= {one.question for one in view.content.quiz}
        shown = await say(learner, "练习")
        assert len(shown.encode()) <= TEXT_LIMIT, lesson.code
        assert due[0].explanation in await say(learner, f"答{due[0].answer}")
        await PracticeCard.all().delete()
        clock.now -= timedelta(days=2)
        seen += 1
    assert seen == 52
