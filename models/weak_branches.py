"""软弱涣散 lists: what the data propose, what people decide, and how a branch comes off the list again."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.findings import Finding
from models.organizations import Organization
from models.people import Person


class WeakStatus(StrEnum):
    """研判、认定、整顿中、待验收、销号、巩固; what isn't confirmed is dismissed (不认定)."""

    STUDIED = "studied"
    DISMISSED = "dismissed"
    CONFIRMED = "confirmed"
    RECTIFYING = "rectifying"
    TO_ACCEPT = "to_accept"
    OFF = "off"
    KEPT_UP = "kept_up"


OFF_RIGHTLY = (
    "(status IN ('studied', 'dismissed') OR (confirmed_by_id IS NOT NULL AND confirmed_at IS NOT NULL"
    " AND trim(reason) <> ''))"
    " AND (status NOT IN ('rectifying', 'to_accept', 'off', 'kept_up') OR (led_by_id IS NOT NULL"
    " AND trim(scheme) <> '' AND until IS NOT NULL))"
    " AND (status NOT IN ('to_accept', 'off', 'kept_up') OR (trim(evidence) <> ''"
    " AND evidence_by_id IS NOT NULL AND evidence_at IS NOT NULL))"
    " AND (status NOT IN ('off', 'kept_up') OR (accepted_by_id IS NOT NULL AND accepted_at IS NOT NULL"
    " AND accepted_at >= evidence_at AND accepted_by_id <> led_by_id AND accepted_by_id <> evidence_by_id))"
    " AND (status IN ('studied', 'confirmed', 'rectifying', 'to_accept')) = (live_key IS NOT NULL)"
)
"""Nobody is on the list without a person's reason, and nobody comes off it without proof and the acceptance
of somebody who neither led the work nor handed in the proof."""


class WeakBranch(Model):
    """One time that a branch was looked at as 软弱涣散, from the proposal to its end.

    `proposed` are the reasons the data gave, with `formula`; both empty where officers saw it otherwise.
    `scheme` is the plan of this one branch (一支部一方案), `led_by` who answers for it, `until` its last day.
    `live_key` keeps a branch from standing on the list twice.
    """

    id = fields.IntField(primary_key=True)
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name=False, on_delete=fields.RESTRICT
    )
    branch_id: int
    year = fields.IntField()
    status = fields.CharEnumField(WeakStatus, max_length=12)
    live_key = fields.IntField(unique=True, null=True)
    proposed: Any = fields.JSONField(default=list)
    formula = fields.CharField(max_length=300, default="")
    facts = fields.CharField(max_length=500, default="")
    reason = fields.CharField(max_length=500, default="")
    confirmed_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    confirmed_by_id: int | None
    confirmed_at = fields.DatetimeField(null=True)
    scheme = fields.CharField(max_length=600, default="")
    led_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    led_by_id: int | None
    until = fields.DateField(null=True)
    evidence = fields.CharField(max_length=1000, default="")
    evidence_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    evidence_by_id: int | None
    evidence_at = fields.DatetimeField(null=True)
    accepted_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    accepted_by_id: int | None
    accepted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    findings: fields.ReverseRelation["WeakFinding"]

    class Meta:
        table = "weak_branches"
        indexes = (("branch_id", "status"),)
        constraints = (CheckConstraint(check=OFF_RIGHTLY, name="weak_branch_off_rightly"),)


class WeakFinding(Model):
    """A finding that the plan of such a branch is to put right."""

    id = fields.IntField(primary_key=True)
    weak: fields.ForeignKeyRelation[WeakBranch] = fields.ForeignKeyField(
        "models.WeakBranch", related_name="findings", on_delete=fields.CASCADE
    )
    weak_id: int
    finding: fields.ForeignKeyRelation[Finding] = fields.ForeignKeyField(
        "models.Finding", related_name=False, on_delete=fields.RESTRICT
    )
    finding_id: int

    class Meta:
        table = "weak_findings"
        unique_together = (("weak", "finding"),)
