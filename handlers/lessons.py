"""Friday lessons: the course, reading, practising, and who wants them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from handlers.learning import note_answers
from handlers.lesson_content import LETTERS, LessonContent, load
from handlers.lesson_fetch import note_fetched, take_back
from handlers.lesson_plan import Plan, audience, plan, preview
from handlers.lesson_push import Push, push, retry_failed, send_after_all, status
from handlers.lesson_receipts import mass_finished, single_finished, template_finished
from handlers.lesson_schedule import WEEKS_AHEAD, arrange, outlook
from models import Account, Delivery, Lesson, LessonWeek

__all__ = [
    "WEEKS_AHEAD",
    "Grade",
    "LessonSummary",
    "LessonView",
    "Plan",
    "Push",
    "arrange",
    "choose",
    "current",
    "get_lesson",
    "grade",
    "is_wanted",
    "list_lessons",
    "mass_finished",
    "outlook",
    "plan",
    "preview",
    "push",
    "retry_failed",
    "seed",
    "single_finished",
    "status",
    "template_finished",
    "was_withdrawn",
]

COURSE = Path(__file__).parents[1] / "content" / "lessons"


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


async def seed(ctx: Context, *, folder: Path = COURSE) -> int:
    """Load the course and put its lessons on the coming Fridays in turn; how many lessons there are.

    Again is harmless: texts are brought up to date, except those that staff have edited.
    """
    course = load(folder)
    async with in_transaction():
        rows = {lesson.code: lesson for lesson in await Lesson.all()}
        for content in course:
            await _load(content, rows.get(content.code))
        await audit.record(ctx, "course.loaded", "course:lessons", count=len(course))
    await arrange(ctx)
    return len(course)


async def _load(content: LessonContent, row: Lesson | None) -> None:
    """Write one lesson of the course, unless staff have edited it since."""
    body = content.model_dump(mode="json")
    columns: dict[str, Any] = {"title": content.title, "strand": content.strand, "body": body}
    print_ = fingerprint(body)
    if row is None:
        await Lesson.create(code=content.code, fingerprint=print_, **columns)
    elif row.fingerprint != print_ and row.fingerprint in ("", fingerprint(row.body)):
        await Lesson.filter(id=row.id).update(fingerprint=print_, **columns)


def fingerprint(body: Any) -> str:
    """A name for a lesson's content."""
    return hashlib.sha256(audit.canonical(body)).hexdigest()


async def current(ctx: Context) -> LessonView:
    """This week's lesson, or the latest before it, or the first to come.

    Who reads it here has got it: a delivery that waited to be fetched counts as sent.

    Raises:
        NotFound: there is no course yet.
    """
    today = ctx.now().date()
    sunday = today + timedelta(days=6 - today.weekday())
    weeks = LessonWeek.filter(lesson__withdrawn_at__isnull=True).select_related("lesson")
    week = await weeks.filter(friday__lte=sunday).order_by("-friday").first()
    week = week or await weeks.order_by("friday").first()
    if week is None:
        raise NotFound
    await note_fetched(ctx, lesson_id=week.lesson_id)
    return _view(week.lesson, week.friday)


async def list_lessons(ctx: Context) -> list[LessonSummary]:
    """All lessons, in the order of the course; everyone may read every lesson."""
    fridays = await _fridays(ctx)
    lessons = (
        await Lesson.filter(withdrawn_at__isnull=True).order_by("code").only("id", "code", "title", "strand")
    )
    return [
        LessonSummary(lesson.id, lesson.code, lesson.title, lesson.strand, fridays.get(lesson.id))
        for lesson in lessons
    ]


async def get_lesson(ctx: Context, *, lesson_id: int) -> LessonView:
    """One lesson.

    Raises:
        NotFound: there is no such lesson.
    """
    lesson = await Lesson.get_or_none(id=lesson_id, withdrawn_at__isnull=True)
    if lesson is None:
        raise NotFound
    await note_fetched(ctx, lesson_id=lesson_id)
    return _view(lesson, (await _fridays(ctx)).get(lesson.id))


async def was_withdrawn(*, lesson_id: int) -> bool:
    """Whether there was such a lesson, and staff have taken it back."""
    return await Lesson.exists(id=lesson_id, withdrawn_at__isnull=False)


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
    """Explain the answers given, by question number from 1. What was wrong comes back to the learner.

    Raises:
        NotFound: there is no such lesson.
        BadInput: no answer, or one to no question, or by no option's letter.
    """
    lesson = await Lesson.get_or_none(id=lesson_id, withdrawn_at__isnull=True)
    if lesson is None:
        raise NotFound
    quiz = LessonContent.model_validate(lesson.body).quiz
    wrong: dict[str, str] = {} if answers else {"answers": "请至少回答一题"}
    grades: list[Grade] = []
    for number, letter in sorted(answers.items()):
        chosen = letter.strip().upper()
        if not 1 <= number <= len(quiz):
            wrong[f"answers.{number}"] = f"没有第 {number} 题"
            continue
        question = quiz[number - 1]
        letters = LETTERS[: len(question.options)]
        if len(chosen) != 1 or chosen not in letters:
            wrong[f"answers.{number}"] = f"第 {number} 题请填选项前的字母（{'、'.join(letters)}）"
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
    await note_answers(ctx, lesson=lesson, answers=[(grade.number, grade.right) for grade in grades])
    return grades


async def choose(ctx: Context, *, wants: bool) -> None:
    """Opt the caller in or out of the Friday lesson, on all of their WeChat identities.

    Raises:
        NotFound: the caller has no WeChat identity.
    """
    account, mine = _identities(ctx)
    async with in_transaction():
        await mine.update(lesson_choice=wants)
        if wants:
            await send_after_all(ctx, mine)
        else:
            await take_back(Delivery.filter(account_id__in=Subquery(mine.values("id"))))
        await audit.record(ctx, "lesson.chosen", f"account:{account.id}", wants=wants)


async def is_wanted(ctx: Context) -> bool:
    """Whether the Friday lesson comes to the caller: as a young worker, or by their own choice.

    Raises:
        NotFound: the caller has no WeChat identity.
    """
    account, mine = _identities(ctx)
    if await audience(ctx, ctx.now().date()).filter(id__in=Subquery(mine.values("id"))).exists():
        return True
    # Who chose it in the mini program gets it once they follow the account.
    return bool(account.lesson_choice)


def _identities(ctx: Context) -> tuple[Account, QuerySet[Account]]:
    """The caller's account, and all that are known to be the same person's."""
    account = ctx.caller.account
    if account is None:
        raise NotFound
    same = Q(id=account.id)
    if account.person_id:
        same |= Q(person_id=account.person_id)
    if account.unionid:
        same |= Q(unionid=account.unionid)
    return account, Account.filter(same)
