"""What assessments found in branches, and each round of putting it right."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.assessments import Assessment
from models.organizations import Organization
from models.people import Person


class Finding(Model):
    """A kind of problem of a branch: one row for ever, so that one that comes back is the same one again.

    `round` counts how often it was found; each round has its own `Rectification`.
    """

    id = fields.IntField(primary_key=True)
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name=False, on_delete=fields.RESTRICT
    )
    branch_id: int
    item = fields.CharField(max_length=3)
    round = fields.IntField(default=1)

    class Meta:
        table = "findings"
        unique_together = (("branch", "item"),)


class RectificationKind(StrEnum):
    """How soon (整改台账 分类): at once (立行立改), within a term (限期整改), lasting (长期坚持)."""

    AT_ONCE = "at_once"
    LIMITED = "limited"
    LASTING = "lasting"


class RectificationStatus(StrEnum):
    """Where a round stands (整改台账状态)."""

    TO_DO = "to_do"
    UNDER_WAY = "under_way"
    TO_TOWN = "to_town"
    TO_DISTRICT = "to_district"
    CLOSED = "closed"
    RETURNED = "returned"
    NEEDS_HELP = "needs_help"
    NOT_UPHELD = "not_upheld"
    CARRIED = "carried"


OPEN = (
    RectificationStatus.TO_DO,
    RectificationStatus.UNDER_WAY,
    RectificationStatus.RETURNED,
    RectificationStatus.NEEDS_HELP,
)
"""Statuses in which the branch has something to do."""
DONE = (RectificationStatus.CLOSED, RectificationStatus.NOT_UPHELD, RectificationStatus.CARRIED)
"""Statuses in which nobody has."""

CLOSED_RIGHTLY = (
    "(status <> 'closed' OR (owner_id IS NOT NULL AND trim(evidence) <> '' AND evidence_by_id IS NOT NULL"
    " AND evidence_at IS NOT NULL AND closed_at IS NOT NULL"
    " AND town_by_id IS NOT NULL AND town_at IS NOT NULL AND town_at >= evidence_at"
    " AND town_by_id <> owner_id AND town_by_id <> evidence_by_id))"
    " AND (status <> 'closed' OR district_sampled = 0 OR (district_by_id IS NOT NULL"
    " AND district_at IS NOT NULL AND district_by_id <> owner_id AND district_by_id <> evidence_by_id"
    " AND district_by_id <> town_by_id))"
    " AND (status <> 'not_upheld' OR (trim(objection) <> '' AND trim(objection_answer) <> ''"
    " AND answered_by_id IS NOT NULL AND answered_at IS NOT NULL))"
    " AND district_sampled IN (0, 1)"
)
"""Nothing is closed without proof and the acceptance of somebody who neither owns nor proved it, and of a
third one where the district samples; nothing is waived without an objection and its answer."""


class Rectification(Model):
    """One round of putting a finding right: one owner, one measure, one term, its proof, who accepted it.

    The database refuses `closed` without proof and another person's acceptance; `district_sampled` is 1
    where the district looks too, and then its acceptance is needed as well, by a third person.
    """

    id = fields.IntField(primary_key=True)
    finding: fields.ForeignKeyRelation[Finding] = fields.ForeignKeyField(
        "models.Finding", related_name=False, on_delete=fields.RESTRICT
    )
    finding_id: int
    round = fields.IntField()
    assessment: fields.ForeignKeyRelation[Assessment] = fields.ForeignKeyField(
        "models.Assessment", related_name=False, on_delete=fields.RESTRICT
    )
    assessment_id: int
    status = fields.CharEnumField(RectificationStatus, max_length=12, default=RectificationStatus.TO_DO)
    version = fields.IntField(default=1)
    deducted = fields.IntField()
    faults: Any = fields.JSONField(default=list)
    kind = fields.CharEnumField(RectificationKind, max_length=8, default=RectificationKind.LIMITED)
    owner: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    owner_id: int | None
    measure = fields.CharField(max_length=300, default="")
    begun_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField(null=True)
    trained_at = fields.DatetimeField(null=True)
    evidence = fields.CharField(max_length=1000, default="")
    evidence_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    evidence_by_id: int | None
    evidence_at = fields.DatetimeField(null=True)
    town_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    town_by_id: int | None
    town_at = fields.DatetimeField(null=True)
    district_sampled = fields.IntField(default=0)
    district_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    district_by_id: int | None
    district_at = fields.DatetimeField(null=True)
    accept_due_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=300, default="")
    objection = fields.CharField(max_length=500, default="")
    objected_at = fields.DatetimeField(null=True)
    objection_due_at = fields.DatetimeField(null=True)
    objection_answer = fields.CharField(max_length=500, default="")
    answered_by_id = fields.IntField(null=True)
    answered_at = fields.DatetimeField(null=True)

    class Meta:
        table = "rectifications"
        unique_together = (("finding", "round"),)
        indexes = (("assessment_id", "status"),)
        constraints = (CheckConstraint(check=CLOSED_RIGHTLY, name="rectification_closed_rightly"),)


class DueReminder(Model):
    """That somebody is told of a due date: once for each date, reason and person."""

    id = fields.IntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.CASCADE
    )
    person_id: int
    rectification: fields.ForeignKeyRelation[Rectification] = fields.ForeignKeyField(
        "models.Rectification", related_name=False, on_delete=fields.CASCADE
    )
    rectification_id: int
    kind = fields.CharField(max_length=10)
    due_at = fields.DatetimeField()
    told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "due_reminders"
        unique_together = (("person", "rectification", "kind", "due_at"),)


class PrintRun(Model):
    """Reports of a cycle's branches that are being printed. The clock works through them."""

    id = fields.IntField(primary_key=True)
    cycle_id = fields.IntField()
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.CASCADE
    )
    person_id: int
    asked_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "assessment_print_runs"


class PrintedReport(Model):
    """One branch's report of a run. `content` is null until it is made."""

    id = fields.IntField(primary_key=True)
    run: fields.ForeignKeyRelation[PrintRun] = fields.ForeignKeyField(
        "models.PrintRun", related_name=False, on_delete=fields.CASCADE
    )
    run_id: int
    assessment: fields.ForeignKeyRelation[Assessment] = fields.ForeignKeyField(
        "models.Assessment", related_name=False, on_delete=fields.CASCADE
    )
    assessment_id: int
    content = fields.BinaryField(null=True)

    class Meta:
        table = "assessment_printed_reports"
        unique_together = (("run", "assessment"),)
