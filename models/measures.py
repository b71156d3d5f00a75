"""What the district does about a unit that keeps its party workers badly: from a lead to its end."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.organizations import Organization


class MeasureIssue(StrEnum):
    """The four situations of the district's rules (专职党务工作者管理办法, as far as it is known)."""

    UNFILED_CHANGE = "unfiled_change"
    UNDERSTAFFED = "understaffed"
    POOR_WORK = "poor_work"
    LAX_SUPERVISION = "lax_supervision"


class MeasureKind(StrEnum):
    """The four kinds the district's rules name; there is no fifth. Their Chinese names are content."""

    CIRCULAR = "circular"
    TALK = "talk"
    DEDUCTION = "deduction"
    DISQUALIFICATION = "disqualification"


class MeasureStatus(StrEnum):
    """线索 → 核实 → 单位说明 → 组织科建议 → 部领导审定 → 送达 → 整改 → 解除; a lead may be none."""

    LEAD = "lead"
    DISMISSED = "dismissed"
    VERIFIED = "verified"
    EXPLAINED = "explained"
    PROPOSED = "proposed"
    DECIDED = "decided"
    DELIVERED = "delivered"
    RECTIFIED = "rectified"
    LIFTED = "lifted"


class Measure(Model):
    """A lead about a unit and what came of it. Never about a person.

    `lead_key` keeps the same finding from becoming a second lead. `until` and `scope` belong to a
    disqualification.
    """

    id = fields.IntField(primary_key=True)
    unit: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="measures", on_delete=fields.RESTRICT
    )
    unit_id: int
    issue = fields.CharEnumField(MeasureIssue, max_length=16)
    status = fields.CharEnumField(MeasureStatus, max_length=12)
    facts = fields.CharField(max_length=600)
    by_system = fields.BooleanField(default=False)
    lead_key = fields.CharField(max_length=60, unique=True, null=True)
    explanation = fields.CharField(max_length=600, default="")
    explain_until = fields.DateField(null=True)
    kinds: Any = fields.JSONField(default=list)
    until = fields.DateField(null=True)
    scope = fields.CharField(max_length=200, default="")
    proposed_by_id = fields.IntField(null=True)
    rectification = fields.CharField(max_length=600, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "measures"
        indexes = (("unit_id", "status"),)
