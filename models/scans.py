"""Scans as they came in: which ones were answered already, and what became of each uploaded line."""

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from models.sites import Booking

if TYPE_CHECKING:
    from models.people import Person


class ScanNonce(Model):
    """The random word of one scan, as a digest, with what was scanned by whom and the answer it got."""

    key = fields.CharField(max_length=64, primary_key=True)
    said = fields.CharField(max_length=64)
    status = fields.CharField(max_length=12)
    at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "scan_nonces"


class UploadedScan(Model):
    """One line of a keeper's offline log. `key` is the line's digest: one sent twice is one row.

    `outcome` is `entered`, or the code of a refusal; `at` is null where the line named no moment.
    """

    ENTERED = "entered"

    id = fields.IntField(primary_key=True)
    key = fields.CharField(max_length=64, unique=True)
    keeper: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="uploaded_scans", on_delete=fields.CASCADE
    )
    keeper_id: int
    person: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="scans_of", null=True, on_delete=fields.CASCADE
    )
    person_id: int | None
    booking: fields.ForeignKeyNullableRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="uploaded_scans", null=True, on_delete=fields.RESTRICT
    )
    booking_id: int | None
    at = fields.DatetimeField(null=True)
    received_at = fields.DatetimeField()
    outcome = fields.CharField(max_length=32)

    class Meta:
        table = "uploaded_scans"
        indexes = (("keeper_id", "outcome"), ("booking_id", "person_id"))
