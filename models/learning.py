"""What somebody practises again, for their own eyes; and how lessons are understood, without persons."""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from models.lessons import Lesson
from models.people import Account


class PracticeCard(Model):
    """One thing that comes back to one learner: a quiz question (`q:L07:3`) or an entry (`e:<code>`).

    `state` is the scheduler's memory of it. The card goes with the identity it belongs to.
    """

    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="practice_cards", on_delete=fields.CASCADE
    )
    account_id: int
    item = fields.CharField(max_length=40)
    state: Any = fields.JSONField()
    due_at: datetime = fields.DatetimeField()

    class Meta:
        table = "practice_cards"
        unique_together = (("account", "item"),)


class LessonTally(Model):
    """How often one quiz question was answered, and how often rightly: nobody's name is kept with it."""

    id = fields.IntField(primary_key=True)
    lesson: fields.ForeignKeyRelation[Lesson] = fields.ForeignKeyField(
        "models.Lesson", related_name="tallies", on_delete=fields.CASCADE
    )
    lesson_id: int
    question = fields.IntField()
    answered = fields.IntField(default=0)
    right = fields.IntField(default=0)

    class Meta:
        table = "lesson_tallies"
        unique_together = (("lesson", "question"),)

    @classmethod
    async def add(cls, *, lesson_id: int, question: int, right: bool) -> None:
        """One more answer."""
        await cls.bulk_create([cls(lesson_id=lesson_id, question=question)], ignore_conflicts=True)
        tally = cls.filter(lesson_id=lesson_id, question=question)
        await tally.update(answered=F("answered") + 1, right=F("right") + int(right))
