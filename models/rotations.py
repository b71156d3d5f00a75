"""Monthly rotation to the organization section: rounds, turns of towns, and swaps."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.models import Model

from models.organizations import Organization

if TYPE_CHECKING:
    from models.people import Person


class RotationRound(Model):
    """One pass through all towns. `number` counts from 1."""

    id = fields.IntField(primary_key=True)
    number = fields.IntField(unique=True)
    first_month = fields.DateField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "rotation_rounds"


class RotationStatus(StrEnum):
    """待报 → 已报 → 已确认 → 报到（在训）→ 考核 → 结业; or stopped, or missed."""

    PLANNED = "planned"
    NOMINATED = "nominated"
    CONFIRMED = "confirmed"
    TRAINING = "training"
    ASSESSED = "assessed"
    GRADUATED = "graduated"
    STOPPED = "stopped"
    MISSED = "missed"


ROTATION_AHEAD = (RotationStatus.PLANNED, RotationStatus.NOMINATED, RotationStatus.CONFIRMED)
"""Statuses of a turn that has not begun."""

ROTATION_MENTORED = (RotationStatus.CONFIRMED, RotationStatus.TRAINING, RotationStatus.ASSESSED)
"""Statuses in which a mentor is taken up."""


class Rotation(Model):
    """A town's turn of a round: one calendar month, one place of that month.

    The database keeps both: a town has one turn in a round, a place of a month is one town's.
    `met` names the conditions of graduation that are met; the log is the trainee's own and never one of them.
    """

    id = fields.IntField(primary_key=True)
    round: fields.ForeignKeyRelation[RotationRound] = fields.ForeignKeyField(
        "models.RotationRound", related_name="rotations", on_delete=fields.RESTRICT
    )
    round_id: int
    unit: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="rotations", on_delete=fields.RESTRICT
    )
    unit_id: int
    month = fields.DateField()
    place = fields.IntField(default=1)
    status = fields.CharEnumField(RotationStatus, max_length=12)
    person: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="rotations", null=True, on_delete=fields.SET_NULL
    )
    person_id: int | None
    mentor: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="mentored_rotations", null=True, on_delete=fields.SET_NULL
    )
    mentor_id: int | None
    arrived_on = fields.DateField(null=True)
    ended_on = fields.DateField(null=True)
    met: Any = fields.JSONField(default=list)
    log = fields.TextField(default="")
    reason = fields.CharField(max_length=300, default="")

    class Meta:
        table = "rotations"
        unique_together = (("round", "unit"), ("month", "place"))


class SwapStatus(StrEnum):
    """Two towns agree, the section confirms."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class RotationSwap(Model):
    """Two turns of one round that are to change months."""

    id = fields.IntField(primary_key=True)
    mine: fields.ForeignKeyRelation[Rotation] = fields.ForeignKeyField(
        "models.Rotation", related_name="swaps_proposed", on_delete=fields.CASCADE
    )
    mine_id: int
    theirs: fields.ForeignKeyRelation[Rotation] = fields.ForeignKeyField(
        "models.Rotation", related_name="swaps_received", on_delete=fields.CASCADE
    )
    theirs_id: int
    status = fields.CharEnumField(SwapStatus, max_length=12)
    created_at = fields.DatetimeField()

    class Meta:
        table = "rotation_swaps"
