"""Questions over HTTP: asking, and the people's answers."""

from handlers import questions
from handlers.context import Context
from miniprogram_api import views
from miniprogram_api.forms import FeedbackForm, QuestionForm, QuestionQuery, ReplyForm
from miniprogram_api.views import AnswerView, QuestionsView, QuestionView


async def create(ctx: Context, *, form: QuestionForm) -> AnswerView:
    """Ask."""
    return views.answer(await questions.ask(ctx, text=form.text))


async def index(ctx: Context, *, form: QuestionQuery) -> QuestionsView:
    """Questions that wait for a person."""
    return QuestionsView(items=[views.question(row) for row in await questions.unanswered(ctx)])


async def answer(ctx: Context, *, question_id: int, form: ReplyForm) -> QuestionView:
    """Answer as a person; the asker gets it."""
    return views.question(await questions.answer(ctx, question_id=question_id, text=form.text))


async def feedback(ctx: Context, *, question_id: int, form: FeedbackForm) -> None:
    """Say whether an answer helped."""
    await questions.feedback(ctx, question_id=question_id, useful=form.useful)
