"""Quizzes and practice in the chat, by numbers and letters; for the learner's own eyes."""

import re
import unicodedata

from bot.messages import Message
from bot.replies import Reply
from handlers import learning, lessons
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from handlers.learning import Practice
from handlers.lesson_content import LETTERS
from handlers.lessons import Grade

ONE = r"[0-9０-９]{1,2}\s*[.．、]?\s*[A-Da-dＡ-Ｄａ-ｄ][\s,，、;；]*"
ANSWERS = re.compile(rf"\s*(?:[答荅]\s*(?:[:：]\s*)?(?P<all>(?:{ONE})+)|(?P<bare>(?:{ONE}){{2,}}))$")
"""Without the word 答 at least two: a lone “3A” may be anything."""
ONE_ANSWER = re.compile(r"\s*[答荅]\s*(?P<letter>[A-Da-dＡ-Ｄａ-ｄ])\s*$")
PAIR = re.compile(r"(\d{1,2})[\s.、]*([A-D])")

NO_QUIZ = "本周还没有安排微课。"
NOTHING_DUE = "现在没有要练的。测验里答错的题、您问过的问题，会隔一阵自己回来；想练的时候发“练习”就行。"
HOW_TO_ANSWER = "作答请发“答1A 2C”这样的一条，想答几题答几题；只为自己学习，不计分。"


async def quiz(message: Message, ctx: Context) -> Reply:
    """This week's questions."""
    try:
        lesson = await lessons.current(ctx)
    except NotFound:
        return NO_QUIZ
    asked = [
        "\n".join([f"{number}. {one.question}", *options(one.options)])
        for number, one in enumerate(lesson.content.quiz, start=1)
    ]
    return "\n".join([f"《{lesson.title}》想一想", *asked, HOW_TO_ANSWER])


async def answered(message: Message, ctx: Context) -> Reply:
    """“答1A 2C”: this week's answers, explained."""
    found = ANSWERS.match(message.content)
    told = (found["all"] or found["bare"]) if found else ""
    said = unicodedata.normalize("NFKC", told).upper()
    answers = {int(number): letter for number, letter in PAIR.findall(said)}
    try:
        lesson = await lessons.current(ctx)
        grades = await lessons.grade(ctx, lesson_id=lesson.id, answers=answers)
    except NotFound:
        return NO_QUIZ
    except BadInput as bad:
        return "；".join(bad.fields.values()) + "。" + HOW_TO_ANSWER
    explained = [graded(one) for one in grades]
    again = "答错的过一天会在“练习”里回来。" if any(not one.right for one in grades) else ""
    return "\n".join([f"《{lesson.title}》", *explained, again]).strip()


async def practise(message: Message, ctx: Context) -> Reply:
    """“练习”: what has come back."""
    found = await learning.due(ctx)
    return shown(found[0]) if found else NOTHING_DUE


async def one_answered(message: Message, ctx: Context) -> Reply:
    """“答A”: the answer to the question that is due."""
    found = ONE_ANSWER.match(message.content)
    letter = unicodedata.normalize("NFKC", found["letter"] if found else "").upper()
    first = next((one for one in await learning.due(ctx) if one.is_quiz), None)
    if first is None:
        return NOTHING_DUE
    try:
        judged = await learning.answer(ctx, card_id=first.card.id, letter=letter)
    except BadInput as bad:
        return "；".join(bad.fields.values()) + "。"
    return "\n".join(
        ["答对了。" if judged.right else f"应选 {first.answer}。", solution(first), *await more(ctx)]
    )


async def solved(message: Message, ctx: Context) -> Reply:
    """“看答案”: what is due, with its answer."""
    found = await learning.due(ctx)
    if not found:
        return NOTHING_DUE
    if found[0].is_quiz:
        return shown(found[0])
    return f"{found[0].question}\n{solution(found[0])}\n记得的话发“记住了”，不记得发“没记住”。"


async def remembered(message: Message, ctx: Context) -> Reply:
    """“记住了”, “没记住”: the learner's own word on an entry."""
    first = next((one for one in await learning.due(ctx) if not one.is_quiz), None)
    if first is None:
        return NOTHING_DUE
    knew = message.content == "记住了"
    await learning.answer(ctx, card_id=first.card.id, remembered=knew)
    when = "好的，隔久一点再请您看。" if knew else "没关系，明天再请您看一遍。"
    return "\n".join([when, *await more(ctx)])


async def more(ctx: Context) -> list[str]:
    """Whether there is something else to practise."""
    left = await learning.due(ctx)
    return [f"还想练就发“练习”（还有 {len(left)} 个）。"] if left else []


def shown(practice: Practice) -> str:
    """One thing to practise, without its answer."""
    if practice.is_quiz:
        return "\n".join([practice.question, *options(practice.options), "作答请发“答A”这样的一条。"])
    return f"还记得吗：{practice.question}\n想好了发“看答案”。"


def options(given: tuple[str, ...] | list[str]) -> list[str]:
    """Options with their letters."""
    return [f"{letter}. {option}" for letter, option in zip(LETTERS, given, strict=False)]


def solution(practice: Practice) -> str:
    """The explanation with its source."""
    source = f"\n依据：{'；'.join(practice.citations)}" if practice.citations else ""
    return f"{practice.explanation}{source}"


def graded(grade: Grade) -> str:
    """One answer with its explanation."""
    head = "对" if grade.right else f"应选 {grade.answer}"
    return f"{grade.number}. {head}。{grade.explanation}（依据：{'；'.join(grade.citations)}）"
