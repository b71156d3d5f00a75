"""The audit trail: one entry per state change, chained by hash a moment later."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class AuditEntry(Model):
    """Who did what to what, and when. No personal data: ids and codes only.

    Written in the transaction of the change. `sequence`, `previous_hash` and `hash` are null until
    the sealer has chained the entry; the chain follows `sequence`, without gaps, from 1.
    """

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=24)
    action = fields.CharField(max_length=40)
    subject = fields.CharField(max_length=48)
    details: Any = fields.JSONField(default=dict)
    request_id = fields.CharField(max_length=32, default="")
    sequence = fields.BigIntField(null=True, unique=True)
    previous_hash = fields.CharField(max_length=64, null=True)
    hash = fields.CharField(max_length=64, null=True)

    class Meta:
        table = "audit_entries"
