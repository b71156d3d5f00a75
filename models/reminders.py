"""Reminders of visits: one row says that somebody is reminded, so that nobody is reminded twice."""

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from models.sites import Booking

if TYPE_CHECKING:
    from models.people import Person


class ReminderKind(StrEnum):
    """How long before."""

    DAY = "day"
    HOURS = "hours"


class ReminderStatus(StrEnum):
    """Life of a reminder. `unconfirmed` may have arrived, and is never sent again."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    NOT_SENT = "not_sent"


class Reminder(Model):
    """One person's reminder of one visit in one slot: a visit that is moved is another to be reminded of."""

    id = fields.IntField(primary_key=True)
    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="reminders", on_delete=fields.CASCADE
    )
    booking_id: int
    person: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="reminders", on_delete=fields.CASCADE
    )
    person_id: int
    slot_id = fields.IntField()
    kind = fields.CharEnumField(ReminderKind, max_length=8)
    status = fields.CharEnumField(ReminderStatus, max_length=12)
    channel = fields.CharField(max_length=20, default="")
    claimed_until = fields.DatetimeField(null=True)

    class Meta:
        table = "reminders"
        unique_together = (("booking", "person", "slot_id", "kind"),)
        indexes = (("status", "claimed_until"),)
