"""Friday lessons and the ledger of their deliveries."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.expressions import F, Subquery
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models.people import Account


class Lesson(Model):
    """One micro-lesson. `body` holds its parts, example, exercise and quiz as validated data.

    `fingerprint` names the content the seed last wrote: a row that differs was edited by staff. A
    withdrawn lesson is not read, and not put on a Friday, any more.
    """

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=16, unique=True)
    title = fields.CharField(max_length=64)
    strand = fields.CharField(max_length=16)
    body: Any = fields.JSONField()
    fingerprint = fields.CharField(max_length=64, default="", db_default="")
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        table = "lessons"


class LessonWeek(Model):
    """The lesson of one Friday. A person put a `pinned` one there: the planner lets it be."""

    friday = fields.DateField(primary_key=True)
    lesson: fields.ForeignKeyRelation[Lesson] = fields.ForeignKeyField(
        "models.Lesson", related_name="weeks", on_delete=fields.RESTRICT
    )
    lesson_id: int
    sends_at = fields.DatetimeField()
    planned_at = fields.DatetimeField(null=True)
    pinned = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "lesson_weeks"


class Channel(StrEnum):
    """How a lesson travels."""

    MASS = "mass"
    MINI_PROGRAM = "mini_program"
    NOTICE = "notice"
    PULL = "pull"


SINGLE = (Channel.MINI_PROGRAM, Channel.NOTICE)
"""Channels that carry one message to one person, for one consent."""


class DeliveryStatus(StrEnum):
    """Where a delivery stands. `SENDING` rows whose claim ran out are settled, never resent blindly."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Delivery(Model):
    """One lesson for one recipient. `recipient` is `p<person id>`, or `a<account id>` when unbound.

    `batch` is the client message id of a mass message, written before it is sent; `batched_at` is when,
    because WeChat forgets the id after 24 hours. A lesson that waits to be fetched has the key of its
    notice there. `confirmed_at` is when WeChat's own report said that a single message arrived.
    """

    id = fields.BigIntField(primary_key=True)
    week: fields.ForeignKeyRelation[LessonWeek] = fields.ForeignKeyField(
        "models.LessonWeek", related_name="deliveries", on_delete=fields.RESTRICT
    )
    week_id: Any
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="deliveries", null=True, on_delete=fields.SET_NULL
    )
    account_id: int | None
    recipient = fields.CharField(max_length=16)
    channel = fields.CharEnumField(Channel, max_length=12)
    status = fields.CharEnumField(DeliveryStatus, max_length=10)
    batch = fields.CharField(max_length=64, default="", db_index=True)
    batched_at = fields.DatetimeField(null=True)
    attempts = fields.IntField(default=0)
    claimed_until = fields.DatetimeField(null=True)
    message_id = fields.CharField(max_length=40, default="")
    error = fields.CharField(max_length=120, default="")
    sent_at = fields.DatetimeField(null=True)
    confirmed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "deliveries"
        # Somebody who binds in between changes their name as a recipient, but not their account.
        unique_together = (("week", "recipient"), ("week", "account"))
        indexes = (("status", "channel"), ("message_id",), ("account_id",))

    @classmethod
    async def claim(
        cls, *, friday: date, channel: Channel, batch: str, limit: int, now: datetime, until: datetime
    ) -> int:
        """Mark up to `limit` planned deliveries as being sent in `batch`; how many were won.

        On PostgreSQL workers pass over each other's rows; SQLite's one statement is alone while it runs.
        """
        planned = cls.filter(week_id=friday, channel=channel, status=DeliveryStatus.PLANNED)
        first = planned.order_by("id").limit(limit).only("id")
        mark = {
            "status": DeliveryStatus.SENDING,
            "batch": batch,
            "batched_at": now,
            "claimed_until": until,
            "attempts": F("attempts") + 1,
        }
        connection = cls._meta.db
        if connection.capabilities.dialect == "postgres":
            values = [friday, channel.value, limit, batch, now, until]
            return len(await connection.execute_query_dict(CLAIM, values))
        async with in_transaction():
            return await planned.filter(id__in=Subquery(first)).update(**mark)

    @classmethod
    async def note_planned(cls, friday: date, planned: Sequence[tuple[int, str, Channel]]) -> None:
        """Rows for (account id, recipient, channel) each; who has one already keeps it.

        Without building models: a quarter of a second instead of one for thousands of rows.
        """
        connection = cls._meta.db
        sqlite = connection.capabilities.dialect == "sqlite"
        marks = ("?",) * 4 if sqlite else ("$1", "$2", "$3", "$4")
        day = friday.isoformat() if sqlite else friday
        values = [[day, account_id, recipient, channel.value] for account_id, recipient, channel in planned]
        await connection.execute_many(PLAN.format(*marks), values)

    @classmethod
    async def known(cls, friday: date, recipients: list[str]) -> set[str]:
        """Which of these recipients have a row for that Friday."""
        connection = cls._meta.db
        if connection.capabilities.dialect == "sqlite":
            values: list[Any] = [friday.isoformat(), json.dumps(recipients)]
            rows = await connection.execute_query_dict(KNOWN_SQLITE, values)
        else:
            rows = await connection.execute_query_dict(KNOWN_POSTGRESQL, [friday, recipients])
        return {row["recipient"] for row in rows}

    @classmethod
    async def note_sent(cls, sent: Sequence[tuple[int, str]], *, batch: str, now: datetime) -> None:
        """Single messages of a batch went out: (delivery id, WeChat's message id) each, in one statement.

        Also one that was planned anew because its sender was thought lost: it must not go out again.
        """
        connection = cls._meta.db
        if connection.capabilities.dialect == "sqlite":
            values = [[now, message_id, id_, batch] for id_, message_id in sent]
            await connection.execute_many(RECORD_SENT_SQLITE, values)
        else:
            ids, message_ids = [id_ for id_, _ in sent], [message_id for _, message_id in sent]
            await connection.execute_query(RECORD_SENT_POSTGRESQL, [now, ids, message_ids, batch])

    @classmethod
    async def put_by(cls, notices: Sequence[tuple[int, str]]) -> None:
        """Lessons that wait to be fetched have notices: (delivery id, the notice's key) each."""
        connection = cls._meta.db
        marks = ("?", "?") if connection.capabilities.dialect == "sqlite" else ("$1", "$2")
        await connection.execute_many(PUT_BY.format(*marks), [[key, id_] for id_, key in notices])

    @classmethod
    async def claim_again(cls, *, batch: str, now: datetime, until: datetime) -> int:
        """Take over a batch whose sender was lost; 0 when somebody else was quicker."""
        lost = cls.filter(batch=batch, status=DeliveryStatus.SENDING, claimed_until__lt=now)
        return await lost.update(claimed_until=until, attempts=F("attempts") + 1)


PLAN = (
    "INSERT INTO deliveries (week_id, account_id, recipient, channel, status, batch, attempts, message_id,"
    " error) VALUES ({}, {}, {}, {}, 'planned', '', 0, '', '') ON CONFLICT DO NOTHING"
)
CLAIM = (
    "WITH first AS (SELECT id FROM deliveries WHERE week_id = $1 AND channel = $2 AND status = 'planned'"
    " ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)"
    " UPDATE deliveries SET status = 'sending', batch = $4, batched_at = $5, claimed_until = $6,"
    " attempts = attempts + 1 FROM first WHERE deliveries.id = first.id"
    " RETURNING deliveries.id"
)
# Joined, not listed: a list of thousands is compared with every row of the week.
KNOWN_POSTGRESQL = (
    "SELECT deliveries.recipient FROM unnest($2::text[]) AS wanted(recipient)"
    " JOIN deliveries ON deliveries.week_id = $1 AND deliveries.recipient = wanted.recipient"
)
KNOWN_SQLITE = (
    "SELECT recipient FROM deliveries WHERE week_id = ? AND recipient IN (SELECT value FROM json_each(?))"
)
PUT_BY = "UPDATE deliveries SET batch = {} WHERE id = {} AND status = 'planned' AND batch = ''"
RECORD_SENT_SQLITE = (
    "UPDATE deliveries SET status = 'sent', error = '', sent_at = ?, message_id = ?"
    " WHERE id = ? AND (batch = ? OR status = 'planned')"
)
RECORD_SENT_POSTGRESQL = (
    "UPDATE deliveries SET status = 'sent', error = '', sent_at = $1, message_id = told.message_id"
    " FROM unnest($2::bigint[], $3::text[]) AS told(id, message_id)"
    " WHERE deliveries.id = told.id AND (deliveries.batch = $4 OR deliveries.status = 'planned')"
)


class MassJob(Model):
    """What WeChat reported of one mass message, ours or one that staff sent by hand.

    A message that no delivery names was sent by hand: it counts for every follower.
    """

    message_id = fields.CharField(max_length=40, primary_key=True)
    finished_at = fields.DatetimeField(db_index=True)
    succeeded = fields.BooleanField()
    reason = fields.CharField(max_length=120, default="")
    total = fields.IntField(default=0)
    filtered = fields.IntField(default=0)
    sent = fields.IntField(default=0)
    failed = fields.IntField(default=0)

    class Meta:
        table = "mass_jobs"


class LessonCover(Model):
    """A picture that WeChat keeps as the cover of articles: by which media id, as it last told us.

    `digest` is the SHA-256 of the account's app id and the picture: another picture is uploaded anew, and
    so is the same one for another account.
    """

    digest = fields.CharField(max_length=64, primary_key=True)
    media_id = fields.CharField(max_length=128)
    uploaded_at = fields.DatetimeField()

    class Meta:
        table = "lesson_covers"


class ServedMark(Model):
    """That somebody who was forgotten has had a Friday's lesson: a keyed hash, and when it goes too."""

    digest = fields.CharField(max_length=64, primary_key=True)
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "served_marks"
