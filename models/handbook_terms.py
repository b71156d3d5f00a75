"""What the district sets for the checks of its branches' records, version by version."""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.people import Person


class HandbookTerms(Model):
    """One version of the settings, whole. A change is the next number, and no row is written at again.

    Records are judged by what was in force at their time, so the earlier versions stay.
    """

    id = fields.IntField(primary_key=True)
    number = fields.IntField(unique=True)
    values: Any = fields.JSONField()
    reason = fields.CharField(max_length=200, default="")
    set_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="handbook_terms", null=True, on_delete=fields.SET_NULL
    )
    set_by_id: int | None
    at: datetime = fields.DatetimeField(db_index=True)

    class Meta:
        table = "handbook_terms"
        constraints = (CheckConstraint(check="number >= 1", name="handbook_terms_from_one"),)
