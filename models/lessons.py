"""Friday lessons and the ledger of their deliveries."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.people import Account


class Lesson(Model):
    """One micro-lesson. `body` holds its parts, example, exercise and quiz as validated data."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=16, unique=True)
    title = fields.CharField(max_length=64)
    strand = fields.CharField(max_length=16)
    body: Any = fields.JSONField()

    class Meta:
        table = "lessons"


class LessonWeek(Model):
    """The lesson of one Friday."""

    friday = fields.DateField(primary_key=True)
    lesson: fields.ForeignKeyRelation[Lesson] = fields.ForeignKeyField(
        "models.Lesson", related_name="weeks", on_delete=fields.RESTRICT
    )
    lesson_id: int
    sends_at = fields.DatetimeField()
    planned_at = fields.DatetimeField(null=True)

    class Meta:
        table = "lesson_weeks"


class Channel(StrEnum):
    """How a lesson travels."""

    MASS = "mass"
    MINI_PROGRAM = "mini_program"
    NOTICE = "notice"
    PULL = "pull"


class DeliveryStatus(StrEnum):
    """Where a delivery stands. `SENDING` rows whose claim ran out are settled, never resent blindly."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Delivery(Model):
    """One lesson for one recipient; `recipient` is `p<person id>`, or `a<account id>` when unbound."""

    id = fields.BigIntField(primary_key=True)
    week: fields.ForeignKeyRelation[LessonWeek] = fields.ForeignKeyField(
        "models.LessonWeek", related_name="deliveries", on_delete=fields.RESTRICT
    )
    week_id: Any
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="deliveries", null=True, on_delete=fields.SET_NULL
    )
    account_id: int | None
    recipient = fields.CharField(max_length=16)
    channel = fields.CharEnumField(Channel, max_length=12)
    status = fields.CharEnumField(DeliveryStatus, max_length=10)
    batch = fields.CharField(max_length=64, default="", db_index=True)
    attempts = fields.IntField(default=0)
    claimed_until = fields.DatetimeField(null=True)
    message_id = fields.CharField(max_length=40, default="")
    error = fields.CharField(max_length=120, default="")
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "deliveries"
        unique_together = (("week", "recipient"),)
        indexes = (("status", "channel"),)
