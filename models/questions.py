"""The knowledge base, and what people asked."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.people import Account


class EntryStatus(StrEnum):
    """Life of a knowledge entry."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Entry(Model):
    """One knowledge entry: a question, its answer, and the rules that say so.

    `fingerprint` names the content the seed last wrote: a row that differs was edited by staff.
    """

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=32, unique=True)
    topic = fields.CharField(max_length=40)
    question = fields.CharField(max_length=120)
    askings: Any = fields.JSONField()
    answer = fields.TextField()
    details = fields.TextField(default="")
    citations: Any = fields.JSONField()
    scope = fields.CharField(max_length=40, default="any")
    in_force_from = fields.DateField(null=True)
    in_force_until = fields.DateField(null=True)
    replaced_by = fields.CharField(max_length=32, default="")
    related: Any = fields.JSONField(default=list)
    status = fields.CharEnumField(EntryStatus, max_length=12, default=EntryStatus.PUBLISHED)
    version = fields.IntField(default=1)
    fingerprint = fields.CharField(max_length=64, default="", db_default="")

    class Meta:
        table = "entries"


class EntryDraft(Model):
    """What somebody proposes that an entry should say, one proposal per entry at a time.

    It is meant for the entry as of `base_version` (0: there is none yet). `editor_ids` are all who
    wrote at it: none of them may approve it. `content` holds an entry's columns, `tests` what people
    really asked. `reason` says why it was sent back.
    """

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=32, unique=True)
    base_version = fields.IntField()
    version = fields.IntField(default=1)
    content: Any = fields.JSONField()
    tests: Any = fields.JSONField()
    editor_ids: Any = fields.JSONField()
    reason = fields.CharField(max_length=200, default="")
    edited_at = fields.DatetimeField()

    class Meta:
        table = "entry_drafts"


class EntryVersion(Model):
    """What an entry said from `at` on. Nobody is named where it came with the service."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=32)
    version = fields.IntField()
    status = fields.CharEnumField(EntryStatus, max_length=12)
    content: Any = fields.JSONField()
    tests: Any = fields.JSONField()
    editor_ids: Any = fields.JSONField()
    approved_by_id = fields.IntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "entry_versions"
        unique_together = (("code", "version"),)


class Question(Model):
    """Something a person asked. `callback_key` ties it to the message it came in, once.

    `cluster_id` names the first of the questions that were answered together with this one.
    """

    id = fields.BigIntField(primary_key=True)
    callback_key = fields.CharField(max_length=32, unique=True, null=True)
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="questions", null=True, on_delete=fields.SET_NULL
    )
    account_id: int | None
    text = fields.CharField(max_length=600)
    kind = fields.CharField(max_length=10)
    entry_code = fields.CharField(max_length=32, default="")
    confidence = fields.FloatField(default=0)
    useful = fields.BooleanField(null=True)
    answer = fields.TextField(null=True)
    answered_by_id = fields.IntField(null=True)
    answered_at = fields.DatetimeField(null=True)
    cluster_id = fields.BigIntField(null=True)
    asked_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "questions"
        indexes = (("account_id", "asked_at"),)
