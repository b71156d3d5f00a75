"""Training classes and trips: places, who comes, who was there, and the hours that are recorded."""

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.expressions import F
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.organizations import Organization

if TYPE_CHECKING:
    from models.people import Person


class TrainingStatus(StrEnum):
    """Life of a class; `closed` has its completions and hours recorded."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Training(Model):
    """A class or a trip. `taken` counts promised places, never above `capacity`.

    `attendance_percent`, `needs_quiz` and `needs_summary` are this class's own conditions of completion.
    """

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=20, unique=True)
    kind = fields.CharField(max_length=12)
    topic = fields.CharField(max_length=80)
    place = fields.CharField(max_length=120)
    host: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="trainings", on_delete=fields.RESTRICT
    )
    host_id: int
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    capacity = fields.IntField()
    taken = fields.IntField(default=0)
    attendance_percent = fields.IntField(default=0)
    needs_quiz = fields.BooleanField(default=False)
    needs_summary = fields.BooleanField(default=False)
    status = fields.CharEnumField(TrainingStatus, max_length=10)

    class Meta:
        table = "trainings"
        constraints = (CheckConstraint(check="0 <= taken AND taken <= capacity", name="training_places"),)

    async def claim(self, places: int) -> bool:
        """Take `places` if that many are left; the database decides, so nobody can overtake."""
        return bool(
            await Training.filter(
                id=self.id, status=TrainingStatus.OPEN, taken__lte=F("capacity") - places
            ).update(taken=F("taken") + places)
        )

    async def touch(self) -> None:
        """Keep the row for the rest of the transaction without changing it; comes before any enrolment."""
        await Training.filter(id=self.id).update(taken=F("taken"))

    async def release(self, places: int) -> None:
        """Give `places` back."""
        await Training.filter(id=self.id).update(taken=F("taken") - places)


class TrainingSession(Model):
    """One part of a class: what, by whom, when, and for how many hours (学时) it counts."""

    id = fields.IntField(primary_key=True)
    training: fields.ForeignKeyRelation[Training] = fields.ForeignKeyField(
        "models.Training", related_name="sessions", on_delete=fields.CASCADE
    )
    training_id: int
    number = fields.IntField()
    title = fields.CharField(max_length=80)
    teacher = fields.CharField(max_length=40, default="")
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    hours = fields.IntField()

    class Meta:
        table = "training_sessions"
        unique_together = (("training", "number"),)


class EnrolmentStatus(StrEnum):
    """Whether a unit's group has its places."""

    ENROLLED = "enrolled"
    WAITING = "waiting"
    CANCELLED = "cancelled"


class Enrolment(Model):
    """A unit's group for a class: it has all its places or waits for all of them."""

    id = fields.IntField(primary_key=True)
    training: fields.ForeignKeyRelation[Training] = fields.ForeignKeyField(
        "models.Training", related_name="enrolments", on_delete=fields.RESTRICT
    )
    training_id: int
    unit: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="enrolments", on_delete=fields.RESTRICT
    )
    unit_id: int
    enrolled_by_id = fields.IntField(null=True)
    headcount = fields.IntField()
    status = fields.CharEnumField(EnrolmentStatus, max_length=10)
    created_at = fields.DatetimeField()

    class Meta:
        table = "enrolments"
        indexes = (("training_id", "status"),)


class Trainee(Model):
    """One person of a group. `live_key` is `class:person` while they are expected, else null.

    The quiz and the summary are passed or not; there is no mark.
    """

    id = fields.IntField(primary_key=True)
    enrolment: fields.ForeignKeyRelation[Enrolment] = fields.ForeignKeyField(
        "models.Enrolment", related_name="trainees", on_delete=fields.CASCADE
    )
    enrolment_id: int
    training: fields.ForeignKeyRelation[Training] = fields.ForeignKeyField(
        "models.Training", related_name="trainees", on_delete=fields.RESTRICT
    )
    training_id: int
    person: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="trainees", on_delete=fields.CASCADE
    )
    person_id: int
    live_key = fields.CharField(max_length=24, unique=True, null=True)
    quiz = fields.BooleanField(null=True)
    summary = fields.BooleanField(null=True)
    completed = fields.BooleanField(null=True)

    class Meta:
        table = "trainees"
        indexes = (("person_id",), ("enrolment_id",))


class Attendance(Model):
    """A trainee was at a part of a class: one row, by code or from the list."""

    id = fields.IntField(primary_key=True)
    session: fields.ForeignKeyRelation[TrainingSession] = fields.ForeignKeyField(
        "models.TrainingSession", related_name="attendances", on_delete=fields.CASCADE
    )
    session_id: int
    trainee: fields.ForeignKeyRelation[Trainee] = fields.ForeignKeyField(
        "models.Trainee", related_name="attendances", on_delete=fields.CASCADE
    )
    trainee_id: int
    at = fields.DatetimeField()
    source = fields.CharField(max_length=8)

    class Meta:
        table = "attendances"
        unique_together = (("session", "trainee"),)


class TrainingRecord(Model):
    """The hours of a class a person attended, recorded once. They fill the handbook's template T17."""

    id = fields.IntField(primary_key=True)
    training: fields.ForeignKeyRelation[Training] = fields.ForeignKeyField(
        "models.Training", related_name="records", on_delete=fields.RESTRICT
    )
    training_id: int
    person: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="training_records", on_delete=fields.CASCADE
    )
    person_id: int
    hours = fields.IntField()
    completed = fields.BooleanField()
    recorded_at = fields.DatetimeField()

    class Meta:
        table = "training_records"
        unique_together = (("training", "person"),)
        indexes = (("person_id",),)
