"""支部自评: what a branch thinks of itself before somebody comes, beside the assessment and never in it."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.assessments import Assessment
from models.people import Person


class SelfAssessment(Model):
    """A branch's own look at its sheet in one cycle: optional, shown to others once `handed_in_at`."""

    id = fields.IntField(primary_key=True)
    assessment: fields.OneToOneRelation[Assessment] = fields.OneToOneField(
        "models.Assessment", related_name=False, on_delete=fields.CASCADE
    )
    assessment_id: int
    by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    by_id: int | None
    saved_at = fields.DatetimeField()
    handed_in_at = fields.DatetimeField(null=True)

    class Meta:
        table = "self_assessments"


class SelfMark(Model):
    """What a branch would deduct for one item, in tenths, and why. `taken` from its last look at itself."""

    id = fields.IntField(primary_key=True)
    own: fields.ForeignKeyRelation[SelfAssessment] = fields.ForeignKeyField(
        "models.SelfAssessment", related_name="marks", on_delete=fields.CASCADE
    )
    own_id: int
    item = fields.CharField(max_length=3)
    deducted = fields.IntField()
    note = fields.CharField(max_length=300, default="")
    taken = fields.BooleanField(default=False)

    class Meta:
        table = "self_marks"
        unique_together = (("own", "item"),)
        constraints = (
            CheckConstraint(check="deducted >= 0 AND deducted <= 1000", name="self_mark_is_tenths"),
        )
