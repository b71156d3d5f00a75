"""意见建议: what somebody said, and round by round what became of it."""

from enum import StrEnum

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.organizations import Organization
from models.people import Account


class ComplaintStatus(StrEnum):
    """Where a complaint stands: it waits, it has an answer, or it was closed for a reason (办结)."""

    RECEIVED = "received"
    ANSWERED = "answered"
    CLOSED = "closed"


ENDED_IN_WORDS = (
    "status IN ('received', 'answered', 'closed')"
    " AND (status = 'received' OR (trim(answer) <> '' AND answered_at IS NOT NULL))"
)
"""Nothing counts as answered or closed without words and a time."""


class Complaint(Model):
    """意见建议, followed to an answer. `lookup` lets the sender read it without an account.

    `account` is null for whoever said it without a login, or wished not to be known. `office` is who it was
    forwarded to; until then it belongs to those above the sender. `round` counts how often it was taken up:
    status, `answer` (the reason, where it was closed) and `answered_at` are those of this round. `named`
    where the sender lets the office that deals with it see who they are; only who is known may.
    """

    id = fields.IntField(primary_key=True)
    lookup = fields.CharField(max_length=16, unique=True)
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="complaints", null=True, on_delete=fields.SET_NULL
    )
    account_id: int | None
    text = fields.CharField(max_length=1000)
    status = fields.CharEnumField(ComplaintStatus, max_length=10, default=ComplaintStatus.RECEIVED)
    answer = fields.TextField(default="")
    created_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)
    office: fields.ForeignKeyNullableRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    office_id: int | None
    reopened_at = fields.DatetimeField(null=True)
    round = fields.IntField(default=1, db_default=1)
    named = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "complaints"
        indexes = (("account_id",), ("office_id",))
        constraints = (CheckConstraint(check=ENDED_IN_WORDS, name="complaint_ended_in_words"),)


class ComplaintEvent(Model):
    """One step of a complaint's way, for the sender to read: forwarded, answered, closed, taken up again.

    `ends_round` is the round that an answer or a closing ends, else null: a round has one end.
    """

    id = fields.IntField(primary_key=True)
    complaint: fields.ForeignKeyRelation[Complaint] = fields.ForeignKeyField(
        "models.Complaint", related_name="events", on_delete=fields.CASCADE
    )
    complaint_id: int
    round = fields.IntField()
    kind = fields.CharField(max_length=10)
    text = fields.CharField(max_length=1000)
    office: fields.ForeignKeyNullableRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    office_id: int | None
    ends_round = fields.IntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "complaint_events"
        unique_together = (("complaint", "ends_round"),)
        constraints = (
            CheckConstraint(
                check="kind IN ('forwarded', 'answered', 'closed', 'reopened') AND trim(text) <> ''"
                " AND (kind IN ('answered', 'closed')) = (ends_round IS NOT NULL)"
                " AND (ends_round IS NULL OR ends_round = round)",
                name="complaint_event_in_words",
            ),
        )
