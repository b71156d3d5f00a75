"""Who moved a filing, a measure, a rotation or a swap from one state to the next, when, and why."""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from models.people import Person


class Transition(Model):
    """One move of one thing. `subject` is `thing:id`. Written with the move, never changed."""

    id = fields.IntField(primary_key=True)
    subject = fields.CharField(max_length=24, db_index=True)
    was = fields.CharField(max_length=12)
    became = fields.CharField(max_length=12)
    person: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="transitions", null=True, on_delete=fields.SET_NULL
    )
    person_id: int | None
    at = fields.DatetimeField()
    note = fields.CharField(max_length=600, default="")

    class Meta:
        table = "transitions"
