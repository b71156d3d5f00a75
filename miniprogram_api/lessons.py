"""Friday lessons over HTTP: read, and practise."""

from handlers import lessons
from handlers.context import Context
from miniprogram_api import views
from miniprogram_api.forms import AnswersForm, LessonChoiceForm
from miniprogram_api.views import GradesView, LessonChoiceView, LessonsView, WholeLessonView


async def index(ctx: Context) -> LessonsView:
    """The whole course."""
    return views.lessons(await lessons.list_lessons(ctx))


async def current(ctx: Context) -> WholeLessonView:
    """This week's lesson."""
    return views.lesson(await lessons.current(ctx))


async def show(ctx: Context, *, lesson_id: int) -> WholeLessonView:
    """One lesson."""
    return views.lesson(await lessons.get_lesson(ctx, lesson_id=lesson_id))


async def wanted(ctx: Context) -> LessonChoiceView:
    """Whether the Friday lesson comes to the caller."""
    return LessonChoiceView(wants=await lessons.is_wanted(ctx))


async def choose(ctx: Context, *, form: LessonChoiceForm) -> LessonChoiceView:
    """Opt in or out with one tap."""
    await lessons.choose(ctx, wants=form.wants)
    return LessonChoiceView(wants=form.wants)


async def grade(ctx: Context, *, lesson_id: int, form: AnswersForm) -> GradesView:
    """Explain the quiz. An empty answer is a question left out."""
    answers = {number: letter for number, letter in enumerate(form.answers, start=1) if letter}
    return views.grades(await lessons.grade(ctx, lesson_id=lesson_id, answers=answers))
