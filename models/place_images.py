"""Pictures of places: what stands on the map and among the examples, small and without a camera's words."""

from datetime import datetime

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.people import Person


class PlaceImage(Model):
    """One picture, named by its content. Sites and examples name its address among their `images`."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=32, unique=True)
    content = fields.BinaryField()
    size = fields.IntField()
    by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    by_id: int | None
    at: datetime = fields.DatetimeField()

    class Meta:
        table = "place_images"
        constraints = (CheckConstraint(check="size > 0", name="place_image_not_empty"),)
