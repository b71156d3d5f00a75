"""A lesson to read on a phone: large type, dark at night, no script."""

from html import escape

from aiohttp import web

from handlers import lessons
from handlers.context import Caller
from handlers.errors import NotFound
from handlers.lesson_content import LessonContent, Question
from pages.layout import CONTEXT, not_found, page, paragraphs

LARGEST_ID = 2**31 - 1


async def read(request: web.Request) -> web.Response:
    """The reading page of one lesson; everyone may read every lesson."""
    lesson_id = int(request.match_info["lesson_id"])
    try:
        if lesson_id > LARGEST_ID:
            raise NotFound
        ctx = request.app[CONTEXT].on_behalf_of(Caller())
        lesson = await lessons.get_lesson(ctx, lesson_id=lesson_id)
    except NotFound:
        return not_found("没有这一课，请从公众号菜单“本周微课”进入。")
    return page(lesson.title, body(lesson.content))


def body(content: LessonContent) -> str:
    """The whole lesson as HTML."""
    aims = "".join(f"<li>{escape(aim)}</li>" for aim in content.aims)
    parts = "".join(f"<h2>{escape(part.heading)}</h2>{paragraphs(part.text)}" for part in content.parts)
    quiz = "".join(_question(number, one) for number, one in enumerate(content.quiz, start=1))
    return (
        f'<main><p class="strand">周五 1 小时 · {escape(content.strand)}</p><h1>{escape(content.title)}</h1>'
        f'<section class="card"><strong>学完这一课</strong><ul>{aims}</ul></section>{parts}'
        f"<h2>例子：{escape(content.example.title)}</h2>"
        f'<section class="card">{paragraphs(content.example.text)}</section>'
        f"<h2>练一练</h2>{paragraphs(content.exercise.task)}"
        f"<details><summary>看参考写法</summary>{paragraphs(content.exercise.model_solution)}</details>"
        f"<h2>想一想</h2>{quiz}"
        "<footer>答题只为自己学习，不计分、不排名，也不记录时长。 "
        '<a href="/privacy">隐私说明</a></footer></main>'
    )


def _question(number: int, question: Question) -> str:
    options = "".join(f"<li>{escape(option)}</li>" for option in question.options)
    sources = "；".join(escape(str(citation)) for citation in question.citations)
    return (
        f'<section class="card"><p>{number}. {escape(question.question)}</p>'
        f'<ol class="options">{options}</ol>'
        f"<details><summary>看答案</summary><p>答案：{escape(question.answer)}</p>"
        f'{paragraphs(question.explanation)}<p class="soft">依据：{sources}</p></details></section>'
    )
