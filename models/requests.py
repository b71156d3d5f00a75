"""Requests that must not be carried out twice."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class IdempotencyKey(Model):
    """A create request under the key its sender chose. `status` is null while it is running."""

    id = fields.BigIntField(primary_key=True)
    caller = fields.CharField(max_length=24)
    key = fields.CharField(max_length=128)
    fingerprint = fields.CharField(max_length=64)
    status = fields.IntField(null=True)
    body: Any = fields.JSONField(null=True)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotency_keys"
        unique_together = (("caller", "key"),)
