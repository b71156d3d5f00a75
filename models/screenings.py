"""Texts that others will read, kept back until somebody or something has looked at them."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from models.people import Account


class ScreeningStatus(StrEnum):
    """Where a text stands: waiting for WeChat, waiting for a person, or not to be shown."""

    WAITING = "waiting"
    REVIEW = "review"
    WITHHELD = "withheld"


class Screening(Model):
    """A text that isn't shown yet. The place it belongs to holds a stand-in meanwhile.

    `subject` names that place (`booking:12:theme`). `path` is that of the organization it comes from, so
    that the officers above find it; empty where nobody knows. A released text leaves no row.
    """

    id = fields.IntField(primary_key=True)
    subject = fields.CharField(max_length=48, unique=True)
    text = fields.TextField()
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="screenings", null=True, on_delete=fields.SET_NULL
    )
    account_id: int | None
    path = fields.CharField(max_length=32, default="")
    status = fields.CharEnumField(ScreeningStatus, max_length=10, db_index=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "screenings"
