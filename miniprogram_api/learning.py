"""Practice over HTTP, for the learner alone; and how lessons are understood, without names."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from pydantic import Field

from handlers import learning
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from handlers.learning import Practice
from miniprogram_api.forms import Form
from miniprogram_api.table import LOGGED_IN, OFFICERS, Route
from miniprogram_api.views import View


class PracticeForm(Form):
    """An answer: a letter to a quiz question, or whether an entry was remembered."""

    answer: str | None = Field(None, max_length=8, description="测验题的选项字母")
    remembered: bool | None = Field(None, description="知识条目：记住了没有")


class PracticeView(View):
    """One thing to practise. Without options the learner judges alone, and the explanation is given."""

    id: int
    question: str
    options: list[str]
    explanation: str | None
    citations: list[str]


class PracticesView(View):
    """What has come back."""

    items: list[PracticeView]
    next: None = None


class JudgedView(View):
    """What is said about an answer."""

    right: bool
    answer: str
    explanation: str
    citations: list[str]


class UnderstandingView(View):
    """How one question is answered; null where too few did."""

    number: int
    question: str
    answered: int | None
    right: int | None


class CountsView(View):
    """One lesson in figures; null where a figure is too small to be told."""

    id: int
    code: str
    title: str
    sent: int | None
    to_fetch: int | None
    questions: list[UnderstandingView]


async def index(ctx: Context) -> PracticesView:
    """What is due."""
    return PracticesView(items=[practice(one) for one in await learning.due(ctx)])


async def answer(ctx: Context, *, card_id: int, form: PracticeForm) -> JudgedView:
    """Answer one."""
    judged = await learning.answer(ctx, card_id=card_id, letter=form.answer, remembered=form.remembered)
    told = judged.practice
    return JudgedView(
        right=judged.right, answer=told.answer, explanation=told.explanation, citations=list(told.citations)
    )


async def forget(ctx: Context) -> None:
    """Start over."""
    await learning.forget(ctx)


async def counts(ctx: Context, *, lesson_id: int) -> CountsView:
    """A lesson in figures."""
    found = await learning.counts(ctx, lesson_id=lesson_id)
    return CountsView(
        id=found.lesson.id,
        code=found.lesson.code,
        title=found.lesson.title,
        sent=found.sent,
        to_fetch=found.to_fetch,
        questions=[
            UnderstandingView(
                number=one.number, question=one.question, answered=one.answered, right=one.right
            )
            for one in found.questions
        ],
    )


def practice(one: Practice) -> PracticeView:
    """One practice; a quiz question keeps its answer back."""
    return PracticeView(
        id=one.card.id,
        question=one.question,
        options=list(one.options),
        explanation=None if one.is_quiz else one.explanation,
        citations=[] if one.is_quiz else list(one.citations),
    )


# fmt: off
ROUTES = (
    Route("GET", "/practice", index, LOGGED_IN, "该练的题和问过的问题，只有本人看得到", None, PracticesView),
    Route("DELETE", "/practice", forget, LOGGED_IN, "清空我的练习", None, None, (204,)),
    Route("POST", "/practice/{card_id}/answer", answer, LOGGED_IN, "练习作答", PracticeForm, JudgedView),
    Route("GET", "/lessons/{lesson_id}/counts", counts, OFFICERS, "一课的推送和答题情况，不含姓名，人数太少的不显示", None, CountsView, refuses=(NotBound, NotAllowed)),
)
# fmt: on
