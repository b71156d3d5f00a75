"""Full-time party workers: who is registered, where they are on post, what was filed before it changed."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.models import Model

from models.organizations import Organization

if TYPE_CHECKING:
    from models.people import Person


class WorkerField(StrEnum):
    """The field a unit works in."""

    TOWN = "town"
    DEPARTMENT = "department"
    NEW = "new"
    STATE_ENTERPRISE = "state_enterprise"


class Worker(Model):
    """What the registry knows of a person beyond the roster. The id number is sealed like a phone.

    `filing_no` is given when the first filing is approved.
    """

    id = fields.IntField(primary_key=True)
    person: fields.OneToOneRelation["Person"] = fields.OneToOneField(
        "models.Person", related_name="worker", on_delete=fields.RESTRICT
    )
    person_id: int
    filing_no = fields.CharField(max_length=32, unique=True, null=True)
    sex = fields.CharField(max_length=2, default="")
    nation = fields.CharField(max_length=20, default="")
    education = fields.CharField(max_length=20, default="")
    joined_on = fields.DateField(null=True)
    full_on = fields.DateField(null=True)
    id_sealed = fields.CharField(max_length=120, null=True)
    id_hash = fields.CharField(max_length=64, unique=True, null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "workers"


class Placement(Model):
    """A worker's time on a post in a unit. `ended_on` is null while it lasts.

    `full_time_key` is the worker's id while on a full-time post, else null: full-time in one unit at a time.
    """

    id = fields.IntField(primary_key=True)
    worker: fields.ForeignKeyRelation[Worker] = fields.ForeignKeyField(
        "models.Worker", related_name="placements", on_delete=fields.RESTRICT
    )
    worker_id: int
    unit: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="placements", on_delete=fields.RESTRICT
    )
    unit_id: int
    field = fields.CharEnumField(WorkerField, max_length=16)
    post = fields.CharField(max_length=20)
    full_time = fields.BooleanField()
    staffing = fields.CharField(max_length=10)
    starts_on = fields.DateField()
    term_until = fields.DateField(null=True)
    ended_on = fields.DateField(null=True)
    end_kind = fields.CharField(max_length=10, default="")
    duties: Any = fields.JSONField(default=list)
    branch_ids: Any = fields.JSONField(default=list)
    full_time_key = fields.IntField(unique=True, null=True)

    class Meta:
        table = "placements"
        indexes = (("unit_id", "ended_on"),)


class FilingKind(StrEnum):
    """What is filed: a new post, or a change that must be filed before it happens."""

    APPOINT = "appoint"
    CHANGE = "change"
    TRANSFER = "transfer"
    LEAVE = "leave"
    RETIRE = "retire"


class FilingStatus(StrEnum):
    """Life of a filing (备案). `approved` waits for its day; `done` has taken effect."""

    UNIT = "unit"
    COMMITTEE = "committee"
    REPORTED = "reported"
    SECTION = "section"
    APPROVED = "approved"
    DONE = "done"
    RETURNED = "returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


FILING_OPEN = (
    FilingStatus.UNIT,
    FilingStatus.COMMITTEE,
    FilingStatus.REPORTED,
    FilingStatus.SECTION,
    FilingStatus.RETURNED,
    FilingStatus.APPROVED,
)
"""Statuses in which nothing else may be filed for the same person."""


class Filing(Model):
    """A filing of one person's post. `proposal` holds the placement that is wished for.

    `live_key` is the person's id while the filing is open, else null. `checked_by` did the section's review:
    somebody else approves.
    """

    id = fields.IntField(primary_key=True)
    kind = fields.CharEnumField(FilingKind, max_length=10)
    status = fields.CharEnumField(FilingStatus, max_length=12)
    person: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="filings", on_delete=fields.RESTRICT
    )
    person_id: int
    unit: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="filings", on_delete=fields.RESTRICT
    )
    unit_id: int
    placement: fields.ForeignKeyNullableRelation[Placement] = fields.ForeignKeyField(
        "models.Placement", related_name="filings", null=True, on_delete=fields.RESTRICT
    )
    placement_id: int | None
    to_unit_id = fields.IntField(null=True)
    proposal: Any = fields.JSONField(default=dict)
    effective_on = fields.DateField()
    reason = fields.CharField(max_length=300, default="")
    document_no = fields.CharField(max_length=60, default="")
    met_on = fields.DateField(null=True)
    materials: Any = fields.JSONField(default=list)
    checked_by_id = fields.IntField(null=True)
    live_key = fields.IntField(unique=True, null=True)
    created_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "filings"
        indexes = (("unit_id", "status"), ("status", "effective_on"))


class WorkerCheck(StrEnum):
    """What a qualification looks at."""

    FULL_MEMBER = "full_member"
    EDUCATION = "education"
    OLDEST = "oldest"
    PARTY_YEARS = "party_years"


class WorkerRule(Model):
    """One qualification as the district keeps it. `value` is an education, or whole years, by the check."""

    id = fields.IntField(primary_key=True)
    check = fields.CharEnumField(WorkerCheck, max_length=12)
    value = fields.CharField(max_length=20, default="")
    field = fields.CharField(max_length=16, default="")
    note = fields.CharField(max_length=200, default="")

    class Meta:
        table = "worker_rules"


class WorkerCorrection(Model):
    """What a worker says is wrong in their own row, until an officer has answered."""

    id = fields.IntField(primary_key=True)
    worker: fields.ForeignKeyRelation[Worker] = fields.ForeignKeyField(
        "models.Worker", related_name="corrections", on_delete=fields.CASCADE
    )
    worker_id: int
    text = fields.CharField(max_length=300)
    answer = fields.CharField(max_length=300, default="")
    created_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "worker_corrections"


class StaffQuota(Model):
    """How many full-time workers a unit should have, as the district keeps it.

    `gap_since` is the day from which fewer were on post, null while there are enough.
    """

    id = fields.IntField(primary_key=True)
    unit: fields.OneToOneRelation[Organization] = fields.OneToOneField(
        "models.Organization", related_name="staff_quota", on_delete=fields.RESTRICT
    )
    unit_id: int
    required = fields.IntField()
    basis = fields.CharField(max_length=120, default="")
    gap_since = fields.DateField(null=True)

    class Meta:
        table = "staff_quotas"


class WorkerReminder(Model):
    """One reminder to one person: the unique key says that they were reminded, so nobody is twice."""

    id = fields.IntField(primary_key=True)
    key = fields.CharField(max_length=60)
    person: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="worker_reminders", on_delete=fields.CASCADE
    )
    person_id: int
    at = fields.DatetimeField()

    class Meta:
        table = "worker_reminders"
        unique_together = (("key", "person"),)
