"""Questions over HTTP: asking, and the people's answers."""

from handlers import question_statistics, questions
from handlers.context import Context
from miniprogram_api import views
from miniprogram_api.forms import (
    FeedbackForm,
    PeriodQuery,
    QuestionForm,
    QuestionQuery,
    ReplyForm,
    SuggestionForm,
)
from miniprogram_api.views import (
    AnswerView,
    ChoiceView,
    QuestionStatisticsView,
    QuestionsView,
    QuestionView,
    SuggestionsView,
)


async def create(ctx: Context, *, form: QuestionForm) -> AnswerView:
    """Ask."""
    return views.answer(await questions.ask(ctx, text=form.text))


async def suggestions(ctx: Context, *, form: SuggestionForm) -> SuggestionsView:
    """What somebody who is typing may mean; nothing of it is kept."""
    found = await questions.suggest(ctx, text=form.text)
    return SuggestionsView(items=[ChoiceView(entry=code, question=text) for code, text in found])


async def index(ctx: Context, *, form: QuestionQuery) -> QuestionsView:
    """Questions that wait for a person."""
    return QuestionsView(items=[views.question(row) for row in await questions.unanswered(ctx)])


async def answer(ctx: Context, *, question_id: int, form: ReplyForm) -> QuestionView:
    """Answer as a person; the asker gets it."""
    return views.question(await questions.answer(ctx, question_id=question_id, text=form.text))


async def feedback(ctx: Context, *, question_id: int, form: FeedbackForm) -> None:
    """Say whether an answer helped."""
    await questions.feedback(ctx, question_id=question_id, useful=form.useful)


async def mine(ctx: Context) -> QuestionsView:
    """What the caller asked, and people's answers to it."""
    return QuestionsView(items=[views.question(row) for row in await questions.mine(ctx)])


async def statistics(ctx: Context, *, form: PeriodQuery) -> QuestionStatisticsView:
    """What is asked and what isn't known, without people in it."""
    rows = await question_statistics.by_topic_and_week(ctx, since=form.since, until=form.until)
    return views.question_statistics(rows)
