"""What visitors thought of a visit: voluntary, without a name."""

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.sites import Booking


class Rating(Model):
    """One person's word on one visit. `key` is a digest under our secret: the same person is known again
    at the same visit, and nowhere else; no row says who it was, nor when to the minute.
    """

    id = fields.IntField(primary_key=True)
    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="ratings", on_delete=fields.CASCADE
    )
    booking_id: int
    key = fields.CharField(max_length=64, unique=True)
    stars = fields.IntField()
    text = fields.CharField(max_length=200, default="")
    day = fields.DateField()

    class Meta:
        table = "ratings"
        indexes = (("booking_id",),)
        constraints = (CheckConstraint(check="stars BETWEEN 1 AND 5", name="rating_of_one_to_five"),)
