"""Friday lessons and the ledger of their deliveries."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.expressions import F, Subquery
from tortoise.models import Model
from tortoise.transactions import in_transaction

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
    """One lesson for one recipient. `recipient` is `p<person id>`, or `a<account id>` when unbound.

    `batch` is the client message id of a mass message, written before it is sent; `batched_at` is when,
    because WeChat forgets the id after 24 hours.
    """

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
    batched_at = fields.DatetimeField(null=True)
    attempts = fields.IntField(default=0)
    claimed_until = fields.DatetimeField(null=True)
    message_id = fields.CharField(max_length=40, default="")
    error = fields.CharField(max_length=120, default="")
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "deliveries"
        unique_together = (("week", "recipient"),)
        indexes = (("status", "channel"),)

    @classmethod
    async def claim(
        cls, *, friday: date, channel: Channel, batch: str, limit: int, now: datetime, until: datetime
    ) -> int:
        """Mark up to `limit` planned deliveries as being sent in `batch`; how many were won.

        On PostgreSQL workers pass over each other's rows; SQLite's one statement is alone while it runs.
        """
        planned = cls.filter(week_id=friday, channel=channel, status=DeliveryStatus.PLANNED)
        first = planned.order_by("id").limit(limit).only("id")
        mark = {
            "status": DeliveryStatus.SENDING,
            "batch": batch,
            "batched_at": now,
            "claimed_until": until,
            "attempts": F("attempts") + 1,
        }
        async with in_transaction() as connection:
            if connection.capabilities.dialect != "postgres":
                return await planned.filter(id__in=Subquery(first)).update(**mark)
            ids = [delivery.id for delivery in await first.select_for_update(skip_locked=True)]
            return await planned.filter(id__in=ids).update(**mark) if ids else 0

    @classmethod
    async def claim_again(cls, *, batch: str, now: datetime, until: datetime) -> int:
        """Take over a batch whose sender was lost; 0 when somebody else was quicker."""
        lost = cls.filter(batch=batch, status=DeliveryStatus.SENDING, claimed_until__lt=now)
        return await lost.update(claimed_until=until, attempts=F("attempts") + 1)
