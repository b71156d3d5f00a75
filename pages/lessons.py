"""A lesson to read and to practise on a phone: large type, dark at night, no script."""

from collections.abc import Mapping
from html import escape

from aiohttp import web

from handlers import lessons, showcase_list
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from handlers.lesson_content import LETTERS, LessonContent, Question
from handlers.lessons import Grade, LessonView
from pages.examples import of_lesson
from pages.layout import CONTEXT, not_found, page, paragraphs, posted, whole
from pages.login import known, reader

LARGEST_ID = 2**31 - 1
FIELD = "q{number}"
UNKNOWN = (
    "<main><h1>每周微课</h1><p>还不知道您是哪一位。请在微信里打开课程再点一次，"
    "或者在公众号里发“退订微课”“订阅微课”。</p></main>"
)
NO_GRADES: Mapping[int, Grade] = {}


async def read(request: web.Request) -> web.Response:
    """The reading page of one lesson; everyone may read every lesson."""
    try:
        ctx, lesson = await _lesson(request)
    except NotFound:
        return await _missing(request)
    html = body(lesson.content, NO_GRADES, see=await _see(ctx, lesson), choice=await _choice(ctx, lesson))
    return page(lesson.title, html, forms=True)


async def answer(request: web.Request) -> web.Response:
    """The same page with the answers explained, for whoever sent them and nobody else."""
    try:
        ctx, lesson = await _lesson(request)
    except NotFound:
        return await _missing(request)
    given = await request.post()
    answers = {
        number: letter
        for number in range(1, len(lesson.content.quiz) + 1)
        if isinstance(letter := given.get(FIELD.format(number=number)), str)
    }
    try:
        grades = {one.number: one for one in await lessons.grade(ctx, lesson_id=lesson.id, answers=answers)}
        note = ""
    except BadInput as bad:
        grades, note = {}, "；".join(bad.fields.values())
    see, choice = await _see(ctx, lesson), await _choice(ctx, lesson)
    return page(lesson.title, body(lesson.content, grades, note=note, see=see, choice=choice), forms=True)


async def choose(request: web.Request) -> web.Response:
    """Opt in or out with one tap, and show the lesson again."""
    ctx, given = await known(request), await posted(request)
    try:
        if (wants := given.get("wants")) in ("0", "1"):
            await lessons.choose(ctx, wants=wants == "1")
    except NotFound:
        return page("每周微课", UNKNOWN, status=403)
    raise web.HTTPSeeOther(f"/lessons/{whole(given.get('lesson'))}#choice")


async def _lesson(request: web.Request) -> tuple[Context, LessonView]:
    """The lesson that is meant, and the use-cases' world on behalf of its reader."""
    lesson_id = _lesson_id(request)
    if not lesson_id:
        raise NotFound
    ctx = request.app[CONTEXT]
    ctx = ctx.on_behalf_of(await reader(request, ctx))
    return ctx, await lessons.get_lesson(ctx, lesson_id=lesson_id)


def _lesson_id(request: web.Request) -> int:
    """The number in the address; 0, which no lesson has, for one that no row can have."""
    number = int(request.match_info["lesson_id"])
    return number if number <= LARGEST_ID else 0


async def _see(ctx: Context, lesson: LessonView) -> str:
    """Where what the lesson teaches can be seen."""
    return of_lesson(await showcase_list.of_lesson(ctx, code=lesson.code, strand=lesson.strand))


async def _choice(ctx: Context, lesson: LessonView) -> str:
    """A tap that ends or begins the weekly message, for a reader we know; nothing for others. HTML."""
    if ctx.caller.account is None:
        return ""
    wanted = await lessons.is_wanted(ctx)
    said = "每周五会发给您。" if wanted else "现在不发给您；想学随时可以来读。"
    button = "不再接收每周微课" if wanted else "每周五发给我"
    return (
        f'<form id="choice" method="post" action="/lessons/choice"><p class="soft">{said}</p>'
        f'<input type="hidden" name="lesson" value="{lesson.id}">'
        f'<button name="wants" value="{0 if wanted else 1}">{button}</button></form>'
    )


WITHDRAWN = (
    "<main><h1>这一课已撤回</h1><p>区里撤回了这一课，可能在修改，也可能不再用；看过的内容请先别照着办。"
    "在公众号里回复“本周课程”，看最近的一课。</p></main>"
)


async def _missing(request: web.Request) -> web.Response:
    if await lessons.was_withdrawn(lesson_id=_lesson_id(request)):
        return page("这一课已撤回", WITHDRAWN, status=404)
    return not_found("没有这一课，请从公众号菜单“本周微课”进入。")


def body(
    content: LessonContent, grades: Mapping[int, Grade], *, note: str = "", see: str = "", choice: str = ""
) -> str:
    """The whole lesson as HTML; once answered, each question says what is right and why."""
    aims = "".join(f"<li>{escape(aim)}</li>" for aim in content.aims)
    parts = "".join(f"<h2>{escape(part.heading)}</h2>{paragraphs(part.text)}" for part in content.parts)
    quiz = "".join(
        _question(number, one, grades.get(number)) for number, one in enumerate(content.quiz, start=1)
    )
    told = f'<p role="status">{escape(note)}</p>' if note else ""
    return (
        f'<main><p class="strand">周五 1 小时 · {escape(content.strand)}</p><h1>{escape(content.title)}</h1>'
        f'<section class="card"><strong>学完这一课</strong><ul>{aims}</ul></section>{parts}'
        f"<h2>例子：{escape(content.example.title)}</h2>"
        f'<section class="card">{paragraphs(content.example.text)}</section>'
        f"{see}<h2>练一练</h2>{paragraphs(content.exercise.task)}"
        f"<details><summary>看参考写法</summary>{paragraphs(content.exercise.model_solution)}</details>"
        f'<h2 id="quiz">想一想</h2>{told}<form method="post" action="#quiz">{quiz}'
        f"<button>看解析</button></form>{choice}"
        "<footer>答题只为自己学习，不计分、不排名，也不记录时长。 "
        '<a href="/privacy">隐私说明</a></footer></main>'
    )


def _question(number: int, question: Question, grade: Grade | None) -> str:
    options = "".join(
        _option(number, letter, option, grade is not None and grade.chosen == letter)
        for letter, option in zip(LETTERS, question.options, strict=False)
    )
    return (
        f'<section class="card"><fieldset><legend>{number}. {escape(question.question)}</legend>{options}'
        f"</fieldset>{_explained(question, grade)}</section>"
    )


def _option(number: int, letter: str, text: str, chosen: bool) -> str:
    checked = " checked" if chosen else ""
    return (
        f'<label class="option"><input type="radio" name="{FIELD.format(number=number)}" value="{letter}"'
        f"{checked}><span>{letter}. {escape(text)}</span></label>"
    )


def _explained(question: Question, grade: Grade | None) -> str:
    """The explanation: open once the question was answered, else behind a tap."""
    sources = "；".join(escape(str(citation)) for citation in question.citations)
    solution = f'{paragraphs(question.explanation)}<p class="soft">依据：{sources}</p>'
    if grade is None:
        return f"<details><summary>看答案</summary><p>答案：{escape(question.answer)}</p>{solution}</details>"
    head = "答对了" if grade.right else f"应选 {escape(grade.answer)}"
    return f'<div role="status"><p><strong>{head}</strong></p>{solution}</div>'
