"""Rehearsals of the practice cases: what happened in each, and who sits where."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.organizations import Organization
from models.people import Person
from models.sites import Booking


class Rehearsal(Model):
    """A case that is being played. Its state is the fold of its events, and `version` counts them.

    `box` is what is in the ballot box: it is kept beside the events so that no event tells who voted what.
    """

    id = fields.IntField(primary_key=True)
    case = fields.CharField(max_length=4)
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="rehearsals", on_delete=fields.RESTRICT
    )
    branch_id: int
    booking: fields.ForeignKeyNullableRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="rehearsals", on_delete=fields.SET_NULL, null=True
    )
    booking_id: int | None
    version = fields.IntField(default=0)
    box: Any = fields.JSONField()
    opened_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "rehearsals"

    async def advance(self) -> bool:
        """Count one more event if nobody was quicker; the database decides."""
        mine = Rehearsal.filter(id=self.id, version=self.version)
        return bool(await mine.update(version=self.version + 1, box=self.box, finished_at=self.finished_at))


class RehearsalEvent(Model):
    """Something that happened in a rehearsal. People are seat numbers here, never names."""

    id = fields.BigIntField(primary_key=True)
    rehearsal: fields.ForeignKeyRelation[Rehearsal] = fields.ForeignKeyField(
        "models.Rehearsal", related_name="events", on_delete=fields.CASCADE
    )
    rehearsal_id: int
    sequence = fields.IntField()
    kind = fields.CharField(max_length=12)
    seat = fields.IntField()
    data: Any = fields.JSONField()
    at = fields.DatetimeField()

    class Meta:
        table = "rehearsal_events"
        unique_together = (("rehearsal", "sequence"),)


class RehearsalSeat(Model):
    """Who sits on which seat: the same one after a dropped connection."""

    id = fields.IntField(primary_key=True)
    rehearsal: fields.ForeignKeyRelation[Rehearsal] = fields.ForeignKeyField(
        "models.Rehearsal", related_name="seats", on_delete=fields.CASCADE
    )
    rehearsal_id: int
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="rehearsal_seats", on_delete=fields.CASCADE
    )
    person_id: int
    number = fields.IntField()

    class Meta:
        table = "rehearsal_seats"
        unique_together = (("rehearsal", "person"), ("rehearsal", "number"))
