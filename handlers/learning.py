"""What a learner practises again: quiz questions they got wrong, and what they asked about.

It is for the learner alone, at their own pace: nobody else can look at it, nothing is counted by
person, and it isn't in the audit trail, which others read. Officers see how a lesson's questions are
answered, without names, and only where enough people did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fsrs import Card, Rating, Scheduler
from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers.access import OFFICERS, reach
from handlers.accounts import require_account
from handlers.answering.shapes import Citation
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound
from handlers.lesson_content import LETTERS, LessonContent
from handlers.lesson_content import Question as QuizQuestion
from models import (
    Account,
    Delivery,
    DeliveryStatus,
    Entry,
    EntryStatus,
    Lesson,
    LessonTally,
    PracticeCard,
    Question,
)

DAY = timedelta(days=1)
# Whole days, and no dice: what comes back tomorrow comes back tomorrow.
SCHEDULER = Scheduler(
    learning_steps=(DAY,), relearning_steps=(DAY,), maximum_interval=365, enable_fuzzing=False
)
ASKED_SINCE = timedelta(days=60)
SHOWN_AT_ONCE = 20
SMALLEST_CELL = 5
"""Fewer answers than this aren't told: in a small place a number can be a name."""


@dataclass(frozen=True, slots=True)
class Practice:
    """One thing to practise. A quiz question has `options`; on an entry the learner judges alone."""

    card: PracticeCard
    question: str
    options: tuple[str, ...]
    answer: str
    explanation: str
    citations: tuple[str, ...]

    @property
    def is_quiz(self) -> bool:
        """Whether it is answered by a letter."""
        return bool(self.options)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said about an answer to a practice."""

    right: bool
    practice: Practice


async def note_answers(ctx: Context, *, lesson: Lesson, answers: Sequence[tuple[int, bool]]) -> None:
    """What the caller answered, by question: the lesson's tally grows, and what was wrong comes back."""
    account = ctx.caller.account
    if account is None:
        return
    items = {quiz_item(lesson.code, number): right for number, right in answers}
    async with in_transaction():
        for number, right in answers:
            await LessonTally.add(lesson_id=lesson.id, question=number, right=right)
        known = {card.item: card for card in await _mine(ctx).filter(item__in=list(items))}
        for item, right in items.items():
            if item in known:
                await _review(ctx, known[item], right=right)
            elif not right:
                await _begin(ctx, account, item)


def quiz_item(code: str, number: int) -> str:
    """The name of a quiz question among the things to practise."""
    return f"q:{code}:{number}"


async def due(ctx: Context) -> list[Practice]:
    """What has come back to the caller, the longest due first.

    Raises:
        NotBound: the caller has no WeChat identity.
    """
    account = require_account(ctx)
    await _take_up_questions(ctx, account)
    cards = await _mine(ctx).filter(due_at__lte=ctx.now()).order_by("due_at", "id").limit(SHOWN_AT_ONCE)
    shown: dict[str, Practice] = {}
    for card in cards:
        practice = await _practice(card) if card.item not in shown else None
        if practice is not None:
            shown[card.item] = practice
    return list(shown.values())


async def answer(
    ctx: Context, *, card_id: int, letter: str | None = None, remembered: bool | None = None
) -> Judged:
    """Answer a quiz question by its letter, or say whether an entry was remembered.

    A second answer to the same showing is explained too, and changes nothing.

    Raises:
        NotFound: there is no such practice of the caller's.
        BadInput: a letter is missing, or whether it was remembered.
    """
    require_account(ctx)
    card = await _mine(ctx).filter(id=card_id).first()
    practice = await _practice(card) if card is not None else None
    if card is None or practice is None:
        raise NotFound
    right = _judge(practice, letter, remembered)
    if card.due_at <= ctx.now():
        async with in_transaction():
            for twin in await _mine(ctx).filter(item=card.item, due_at__lte=ctx.now()):
                await _review(ctx, twin, right=right)
    return Judged(right, practice)


def _judge(practice: Practice, letter: str | None, remembered: bool | None) -> bool:
    if not practice.is_quiz:
        if remembered is None:
            raise BadInput(remembered="请说明记住了没有")
        return remembered
    chosen = (letter or "").strip().upper()
    if len(chosen) != 1 or chosen not in LETTERS[: len(practice.options)]:
        raise BadInput(answer="请填选项前的字母")
    return chosen == practice.answer


async def forget(ctx: Context) -> int:
    """Start over: the caller's practice is forgotten; how many things there were."""
    require_account(ctx)
    return await _mine(ctx).delete()


@dataclass(frozen=True, slots=True)
class Understanding:
    """How one quiz question is answered; None where too few did."""

    number: int
    question: str
    answered: int | None
    right: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """One lesson in figures, without names."""

    lesson: Lesson
    sent: int | None
    to_fetch: int | None
    questions: tuple[Understanding, ...]


async def counts(ctx: Context, *, lesson_id: int) -> Counts:
    """How a lesson went out and is understood.

    Raises:
        NotAllowed: the caller is no officer.
        NotFound: no such lesson.
    """
    if not (await reach(ctx)).roles & OFFICERS:
        raise NotAllowed
    lesson = await Lesson.get_or_none(id=lesson_id)
    if lesson is None:
        raise NotFound
    rows = Delivery.filter(week__lesson_id=lesson_id)
    tallies = {tally.question: tally for tally in await LessonTally.filter(lesson_id=lesson_id)}
    quiz = LessonContent.model_validate(lesson.body).quiz
    return Counts(
        lesson,
        sent=told(await rows.filter(status=DeliveryStatus.SENT).count()),
        to_fetch=told(await rows.filter(status=DeliveryStatus.PLANNED).count()),
        questions=tuple(
            _understanding(number, question, tallies.get(number)) for number, question in enumerate(quiz, 1)
        ),
    )


def _understanding(number: int, question: QuizQuestion, tally: LessonTally | None) -> Understanding:
    answered, right = (tally.answered, tally.right) if tally else (0, 0)
    # From the whole and the right ones the wrong ones can be told, so neither may be few.
    few = told(right) is None or told(answered - right) is None
    return Understanding(number, question.question, told(answered), None if few else right)


def told(count: int) -> int | None:
    """A count that may be told: none, or enough."""
    return count if count == 0 or count >= SMALLEST_CELL else None


def _mine(ctx: Context) -> QuerySet[PracticeCard]:
    """The caller's cards, in both apps."""
    account = require_account(ctx)
    if account.person_id is None:
        return PracticeCard.filter(account_id=account.id)
    same = Account.filter(Q(id=account.id) | Q(person_id=account.person_id)).values("id")
    return PracticeCard.filter(account_id__in=Subquery(same))


async def _begin(ctx: Context, account: Account, item: str) -> None:
    card, _ = SCHEDULER.review_card(Card(card_id=0), Rating.Again, ctx.now().astimezone(UTC))
    row = PracticeCard(account_id=account.id, item=item, state=card.to_dict(), due_at=card.due)
    await PracticeCard.bulk_create([row], ignore_conflicts=True)


async def _review(ctx: Context, row: PracticeCard, *, right: bool) -> None:
    """Say when it comes back next. Of two answers at once the first one counts."""
    now = ctx.now().astimezone(UTC)
    rating = Rating.Good if right else Rating.Again
    card, _ = SCHEDULER.review_card(Card.from_dict(row.state), rating, now)
    await PracticeCard.filter(id=row.id, due_at=row.due_at).update(state=card.to_dict(), due_at=card.due)


async def _take_up_questions(ctx: Context, account: Account) -> None:
    """What the caller asked the bot about joins their practice, a day after it was asked.

    A day later a quiz question of the course follows that rests on the same article: remember, then apply.
    """
    own = Account.filter(Q(id=account.id) | Q(person_id=account.person_id or -1)).values("id")
    asked: list[tuple[str, datetime]] = (
        await Question.filter(
            account_id__in=Subquery(own), asked_at__gte=ctx.now() - ASKED_SINCE, entry_code__not=""
        )
        .order_by("-asked_at")
        .limit(50)
        .values_list("entry_code", "asked_at")
    )
    first = dict(asked)
    if not first:
        return
    items = [entry_item(code) for code in first]
    known = {card.item for card in await _mine(ctx).filter(item__in=items)}
    new = {code: at for code, at in first.items() if entry_item(code) not in known}
    if not new:
        return
    rows = [(entry_item(code), at + DAY) for code, at in new.items()]
    rows += [(item, new[code] + 2 * DAY) for code, item in (await _quiz_on(list(new))).items()]
    await PracticeCard.bulk_create(
        [
            PracticeCard(account_id=account.id, item=item, state=_new_state(due_at - DAY), due_at=due_at)
            for item, due_at in rows
        ],
        ignore_conflicts=True,
    )


def entry_item(code: str) -> str:
    """The name of a knowledge entry among the things to practise."""
    return f"e:{code}"


async def _quiz_on(entry_codes: list[str]) -> dict[str, str]:
    """For each entry the quiz question on the same article of a rule that is nearest to it in words."""
    entries = await Entry.filter(code__in=entry_codes, status=EntryStatus.PUBLISHED)
    wanted = {source for entry in entries for source in _articles(entry.citations)}
    if not wanted:
        return {}
    candidates: list[tuple[str, str, set[tuple[str, str]]]] = []
    for code, body in await Lesson.filter(withdrawn_at__isnull=True).values_list("code", "body"):
        for number, one in enumerate(body["quiz"], start=1):
            if sources := set(_articles(one["citations"])) & wanted:
                candidates.append((quiz_item(str(code), number), one["question"], sources))
    found: dict[str, str] = {}
    for entry in entries:
        mine = set(_articles(entry.citations))
        near = [
            (_likeness(entry.question, text), item) for item, text, sources in candidates if sources & mine
        ]
        if near:
            found[entry.code] = max(near)[1]
    return found


def _articles(citations: Any) -> list[tuple[str, str]]:
    """The articles that are cited; a rule cited as a whole is too wide a tie."""
    return [(one["rule"], one["article"]) for one in citations if one.get("article")]


def _likeness(one: str, other: str) -> int:
    """How many pairs of neighbouring characters two texts share."""
    return len(
        {one[n : n + 2] for n in range(len(one) - 1)} & {other[n : n + 2] for n in range(len(other) - 1)}
    )


def _new_state(at: datetime) -> Any:
    return Card(card_id=0, due=at.astimezone(UTC)).to_dict()


async def _practice(card: PracticeCard) -> Practice | None:
    """What a card shows; None when the lesson or entry is there no more."""
    kind, _, name = card.item.partition(":")
    if kind == "e":
        entry = await Entry.get_or_none(code=name, status=EntryStatus.PUBLISHED)
        if entry is None:
            return None
        sources = tuple(str(Citation(one["rule"], one.get("article", ""))) for one in entry.citations)
        return Practice(card, entry.question, (), "", entry.answer, sources)
    code, _, number = name.partition(":")
    lesson = await Lesson.get_or_none(code=code, withdrawn_at__isnull=True)
    if lesson is None:
        return None
    quiz = LessonContent.model_validate(lesson.body).quiz
    if not 1 <= int(number) <= len(quiz):
        return None
    question = quiz[int(number) - 1]
    return Practice(
        card,
        question.question,
        tuple(question.options),
        question.answer,
        question.explanation,
        tuple(str(citation) for citation in question.citations),
    )
