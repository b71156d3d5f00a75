"""Friday lessons: the course, reading, practising, and who wants them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import chinese_calendar
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from handlers.lesson_content import LessonContent, load
from handlers.lesson_fetch import note_fetched
from handlers.lesson_plan import Plan, plan, preview
from handlers.lesson_push import Push, push, retry_failed, status
from handlers.lesson_receipts import mass_finished, single_finished, template_finished
from models import Account, Lesson, LessonWeek

__all__ = [
    "Grade",
    "LessonSummary",
    "LessonView",
    "Plan",
    "Push",
    "choose",
    "current",
    "get_lesson",
    "grade",
    "list_lessons",
    "mass_finished",
    "plan",
    "preview",
    "push",
    "retry_failed",
    "seed",
    "single_finished",
    "status",
    "template_finished",
]

COURSE = Path(__file__).parents[1] / "content" / "lessons"
WEEKS_AHEAD = 13
"""A quarter."""


@dataclass(frozen=True, slots=True)
class LessonSummary:
    """A lesson in a list; `friday` is the next or latest Friday it stands on, if any."""

    id: int
    code: str
    title: str
    strand: str
    friday: date | None


@dataclass(frozen=True, slots=True)
class LessonView(LessonSummary):
    """A whole lesson. Doors show `content.quiz` without answers until `grade` was asked."""

    content: LessonContent


@dataclass(frozen=True, slots=True)
class Grade:
    """What is said about one answer. It goes to the learner and nowhere else."""

    number: int
    chosen: str
    right: bool
    answer: str
    explanation: str
    citations: tuple[str, ...]


def next_fridays(after: date, *, count: int) -> list[date]:
    """The next Fridays on which people work, `after` included; a holiday passes the lesson on.

    A year whose holidays aren't known yet counts as one without any.
    """
    friday = after + timedelta(days=(4 - after.weekday()) % 7)
    fridays: list[date] = []
    while len(fridays) < count:
        if _works(friday):
            fridays.append(friday)
        friday += timedelta(weeks=1)
    return fridays


def _works(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return True


def sends_at(friday: date, *, clock: str, zone: ZoneInfo) -> datetime:
    """When the lesson of a Friday goes out."""
    return datetime.combine(friday, time.fromisoformat(clock), zone)


async def seed(ctx: Context, *, folder: Path = COURSE) -> int:
    """Load the course and put its lessons on the coming Fridays in turn; how many lessons there are.

    Again is harmless: texts are brought up to date and Fridays keep the lesson they have.
    """
    course = load(folder)
    async with in_transaction():
        for content in course:
            await Lesson.update_or_create(
                code=content.code,
                defaults={
                    "title": content.title,
                    "strand": content.strand,
                    "body": content.model_dump(mode="json"),
                },
            )
        await _assign(ctx)
        await audit.record(ctx, "course.loaded", "course:lessons", count=len(course))
    return len(course)


async def _assign(ctx: Context) -> None:
    lessons = await Lesson.all().order_by("code")
    latest = await LessonWeek.all().order_by("-friday").first().select_related("lesson")
    turn = 0 if latest is None else [lesson.id for lesson in lessons].index(latest.lesson_id) + 1
    taken = set(await LessonWeek.all().values_list("friday", flat=True))
    for friday in next_fridays(ctx.now().date(), count=WEEKS_AHEAD):
        if lessons and friday not in taken:
            when = sends_at(friday, clock=ctx.settings.lesson_time, zone=ctx.settings.zone)
            lesson = lessons[turn % len(lessons)]
            await LessonWeek.create(friday=friday, lesson=lesson, sends_at=when)
            turn += 1


async def current(ctx: Context) -> LessonView:
    """This week's lesson, or the latest before it, or the first to come.

    Who reads it here has got it: a delivery that waited to be fetched counts as sent.

    Raises:
        NotFound: there is no course yet.
    """
    today = ctx.now().date()
    sunday = today + timedelta(days=6 - today.weekday())
    weeks = LessonWeek.all().select_related("lesson")
    week = await weeks.filter(friday__lte=sunday).order_by("-friday").first()
    week = week or await weeks.order_by("friday").first()
    if week is None:
        raise NotFound
    await note_fetched(ctx, lesson_id=week.lesson_id)
    return _view(week.lesson, week.friday)


async def list_lessons(ctx: Context) -> list[LessonSummary]:
    """All lessons, in the order of the course; everyone may read every lesson."""
    fridays = await _fridays(ctx)
    lessons = await Lesson.all().order_by("code").only("id", "code", "title", "strand")
    return [
        LessonSummary(lesson.id, lesson.code, lesson.title, lesson.strand, fridays.get(lesson.id))
        for lesson in lessons
    ]


async def get_lesson(ctx: Context, *, lesson_id: int) -> LessonView:
    """One lesson.

    Raises:
        NotFound: there is no such lesson.
    """
    lesson = await Lesson.get_or_none(id=lesson_id)
    if lesson is None:
        raise NotFound
    await note_fetched(ctx, lesson_id=lesson_id)
    return _view(lesson, (await _fridays(ctx)).get(lesson.id))


async def _fridays(ctx: Context) -> dict[int, date]:
    """The Friday of each lesson: the next one, else the latest."""
    today = ctx.now().date()
    nearest: dict[int, date] = {}
    for friday, lesson_id in await LessonWeek.all().order_by("friday").values_list("friday", "lesson_id"):
        if nearest.get(lesson_id, date.min) < today:
            nearest[lesson_id] = friday
    return nearest


def _view(lesson: Lesson, friday: date | None) -> LessonView:
    content = LessonContent.model_validate(lesson.body)
    return LessonView(lesson.id, lesson.code, lesson.title, lesson.strand, friday, content)


async def grade(ctx: Context, *, lesson_id: int, answers: Mapping[int, str]) -> list[Grade]:
    """Explain the answers given, by question number from 1. Nothing is kept: it is for learning.

    Raises:
        NotFound: there is no such lesson.
        BadInput: no answer, or one to no question, or by no option's letter.
    """
    quiz = (await get_lesson(ctx, lesson_id=lesson_id)).content.quiz
    wrong: dict[str, str] = {} if answers else {"answers": "请至少回答一题"}
    grades: list[Grade] = []
    for number, letter in sorted(answers.items()):
        chosen = letter.strip().upper()
        if not 1 <= number <= len(quiz):
            wrong[f"answers.{number}"] = f"没有第 {number} 题"
            continue
        question = quiz[number - 1]
        if len(chosen) != 1 or chosen not in "ABCD"[: len(question.options)]:
            wrong[f"answers.{number}"] = "请填选项前的字母"
            continue
        grades.append(
            Grade(
                number=number,
                chosen=chosen,
                right=chosen == question.answer,
                answer=question.answer,
                explanation=question.explanation,
                citations=tuple(str(citation) for citation in question.citations),
            )
        )
    if wrong:
        raise BadInput(**wrong)
    return grades


async def choose(ctx: Context, *, wants: bool) -> None:
    """Opt the caller in or out of the Friday lesson, on all of their WeChat identities."""
    account = ctx.caller.account
    if account is None:
        raise NotFound
    mine = Account.filter(id=account.id)
    if account.person_id:
        mine = Account.filter(person_id=account.person_id)
    async with in_transaction():
        await mine.update(lesson_choice=wants)
        await audit.record(ctx, "lesson.chosen", f"account:{account.id}", wants=wants)
