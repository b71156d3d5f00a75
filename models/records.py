"""The branch's records (纪实): drafts, signed versions that nobody overwrites, attachments."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.organizations import Organization
from models.people import Person
from models.rehearsals import Rehearsal
from models.sites import Booking


class RecordStatus(StrEnum):
    """Life of a record: written at, then signed. What is signed is corrected, never reopened."""

    DRAFT = "draft"
    SIGNED = "signed"


class Record(Model):
    """One filled-in template of a branch.

    `values` and `sealed` hold what it says now; `revision` counts its saves, `version` what was signed.
    `period` is the month or year it is of (2026-11, 2026). `subject` names whom or what there is one record
    of, as a keyed hash. `held_on` is the day of what is recorded. `is_late`: entered more than seven days
    after it (补录). `is_exercise`: out of a rehearsal, never signed. `vote_restored_on`: when a person gave
    back the vote that a probation within the party (T20) had taken.
    """

    id = fields.IntField(primary_key=True)
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="records", on_delete=fields.RESTRICT
    )
    branch_id: int
    template = fields.CharField(max_length=4)
    period = fields.CharField(max_length=10)
    year = fields.IntField()
    subject = fields.CharField(max_length=64, null=True)
    held_on: date | None = fields.DateField(null=True)
    status = fields.CharEnumField(RecordStatus, max_length=8, default=RecordStatus.DRAFT)
    values: Any = fields.JSONField()
    sealed = fields.TextField(default="")
    revision = fields.IntField(default=1)
    version = fields.IntField(default=0)
    is_late = fields.BooleanField(default=False)
    is_exercise = fields.BooleanField(default=False)
    booking: fields.ForeignKeyNullableRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="records", null=True, on_delete=fields.SET_NULL
    )
    booking_id: int | None
    rehearsal: fields.ForeignKeyNullableRelation[Rehearsal] = fields.ForeignKeyField(
        "models.Rehearsal", related_name="records", null=True, on_delete=fields.SET_NULL
    )
    rehearsal_id: int | None
    created_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="records_created", null=True, on_delete=fields.SET_NULL
    )
    created_by_id: int | None
    created_at: datetime = fields.DatetimeField()
    saved_at: datetime = fields.DatetimeField()
    signed_at: datetime | None = fields.DatetimeField(null=True)
    vote_restored_on: date | None = fields.DateField(null=True)

    class Meta:
        table = "records"
        unique_together = (("branch", "template", "subject"),)
        indexes = (("branch_id", "year", "template"), ("booking_id",))
        constraints = (
            CheckConstraint(check="revision >= 1", name="record_revision_from_one"),
            CheckConstraint(
                check="(status = 'draft' AND version = 0) OR (status = 'signed' AND version >= 1)",
                name="record_signed_has_version",
            ),
        )


class RecordVersion(Model):
    """What was signed, or what a correction made of it. The database lets nobody change or remove one.

    `digest` is SHA-256 over what it says, with a salt that is sealed; the audit entry names it too.
    """

    id = fields.IntField(primary_key=True)
    record: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "models.Record", related_name="versions", on_delete=fields.RESTRICT
    )
    record_id: int
    number = fields.IntField()
    values: Any = fields.JSONField()
    sealed = fields.TextField(default="")
    digest = fields.CharField(max_length=64)
    reason = fields.CharField(max_length=200, default="")
    signed_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="record_versions", null=True, on_delete=fields.SET_NULL
    )
    signed_by_id: int | None
    signed_at: datetime = fields.DatetimeField()

    class Meta:
        table = "record_versions"
        unique_together = (("record", "number"),)
        constraints = (
            CheckConstraint(check="number >= 1", name="record_version_from_one"),
            CheckConstraint(check="number = 1 OR reason <> ''", name="record_correction_has_reason"),
        )


class RecordSetAside(Model):
    """Changes that came too late: somebody else had saved in between. Kept until somebody decides."""

    id = fields.IntField(primary_key=True)
    record: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "models.Record", related_name="set_asides", on_delete=fields.CASCADE
    )
    record_id: int
    based_on = fields.IntField()
    values: Any = fields.JSONField()
    sealed = fields.TextField(default="")
    by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="set_asides", null=True, on_delete=fields.SET_NULL
    )
    by_id: int | None
    at: datetime = fields.DatetimeField()

    class Meta:
        table = "record_set_asides"


class RecordAttachment(Model):
    """A file behind a field of a record. Its content is sealed, and the same file twice is one."""

    id = fields.IntField(primary_key=True)
    record: fields.ForeignKeyRelation[Record] = fields.ForeignKeyField(
        "models.Record", related_name="attachments", on_delete=fields.CASCADE
    )
    record_id: int
    field = fields.CharField(max_length=24)
    name = fields.CharField(max_length=80)
    media = fields.CharField(max_length=80)
    size = fields.IntField()
    sha256 = fields.CharField(max_length=64)
    content = fields.BinaryField()
    by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="record_attachments", null=True, on_delete=fields.SET_NULL
    )
    by_id: int | None
    at: datetime = fields.DatetimeField()

    class Meta:
        table = "record_attachments"
        unique_together = (("record", "field", "sha256"),)
        constraints = (CheckConstraint(check="size > 0", name="attachment_not_empty"),)


class BranchFeed(Model):
    """A branch's calendar address. Its holder alone knows the token, and a new one ends the old."""

    id = fields.IntField(primary_key=True)
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="feeds", on_delete=fields.CASCADE, unique=True
    )
    branch_id: int
    token_hash = fields.CharField(max_length=64, unique=True)
    made_at: datetime = fields.DatetimeField()

    class Meta:
        table = "branch_feeds"


class DutyReminder(Model):
    """One person's one reminder of a day: of all that their branches owe, together."""

    id = fields.IntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="duty_reminders", on_delete=fields.CASCADE
    )
    person_id: int
    day: date = fields.DateField()
    told: Any = fields.JSONField()
    channel = fields.CharField(max_length=20, default="")

    class Meta:
        table = "duty_reminders"
        unique_together = (("person", "day"),)
