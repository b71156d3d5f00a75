"""What WeChat told us and what we answered: the durable side of promise 1."""

from tortoise import fields
from tortoise.models import Model


class Callback(Model):
    """One inbound message or event, under the key that its re-sends share.

    `reply` is the clear reply body; null while an answer is still owed. `message` is kept only as
    long as the answer is owed, so that another process can finish what a dead one accepted.
    """

    key = fields.CharField(max_length=32, primary_key=True)
    reply = fields.TextField(null=True)
    message = fields.TextField(null=True)
    received_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "callbacks"


class Notice(Model):
    """A customer-service message waiting to be sent to an account: the ledger is the queue."""

    id = fields.IntField(primary_key=True)
    openid = fields.CharField(max_length=64, db_index=True)
    content = fields.TextField()
    dedupe_key = fields.CharField(max_length=80, unique=True)
    status = fields.CharField(max_length=10, default="waiting")
    attempts = fields.IntField(default=0)
    next_try_at = fields.DatetimeField()
    claimed_until = fields.DatetimeField(null=True)
    error = fields.CharField(max_length=120, default="")
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "notices"
        indexes = (("status", "next_try_at"),)
