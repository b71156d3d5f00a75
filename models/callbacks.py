"""What WeChat told us and what we answered: the durable side of promise 1."""

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models.people import App
from models.sqlite import in_one_piece

if TYPE_CHECKING:
    from models.postgresql import Lane


class Callback(Model):
    """One inbound message or event, under the key that its re-sends share.

    `reply` is the clear reply body, "" for silence; null while an answer is still owed. `message` is
    kept only as long as the answer is owed, so that another process can finish what a dead one accepted.
    """

    key = fields.CharField(max_length=32, primary_key=True)
    reply = fields.TextField(null=True)
    message = fields.TextField(null=True)
    received_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "callbacks"


class Notice(Model):
    """A customer-service message waiting to be sent to an account: the ledger is the queue.

    What is for its reader alone stands sealed in `content` (handlers/sealed_texts).
    """

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


@dataclass(slots=True)
class Asked:
    """What is kept of a question that came in a message."""

    text: str
    kind: str
    entry_code: str
    confidence: float


@dataclass(slots=True)
class Answered:
    """One answered callback, to be remembered.

    `reply` is the whole reply body, "" for silence; `text` is what it says, for the day it is late. Both
    are sealed where they are for their reader alone.
    `openid` is empty when the message is not a person's (reports) or the person just left.
    """

    key: str
    app: App
    openid: str
    reply: str
    text: str
    at: datetime
    asked: Asked | None = None


@dataclass(slots=True)
class Remembered:
    """The reply that counts for a key: `ours`, or one that was stored before."""

    reply: str
    ours: bool


REMEMBER_AT_ONCE = """
WITH input AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                         $6::text[], $7::text[], $8::text[], $9::float8[])
        AS answers(key, app, openid, reply, at, question, kind, entry_code, confidence)
), fresh AS (
    INSERT INTO callbacks (key, reply, received_at) SELECT key, reply, at FROM input ORDER BY key
    ON CONFLICT (key) DO NOTHING RETURNING key
), met AS (
    SELECT app, openid, max(at) AS at FROM input JOIN fresh USING (key)
    WHERE openid <> '' GROUP BY app, openid
), touched AS (
    INSERT INTO accounts (app, openid, follows, last_contact_at, created_at)
    SELECT app, openid, true, at, at FROM met ORDER BY app, openid
    ON CONFLICT (app, openid) DO UPDATE SET last_contact_at = excluded.last_contact_at
    RETURNING id, app, openid
), released AS (
    UPDATE notices SET status = 'waiting', next_try_at = met.at FROM met
    WHERE notices.openid = met.openid AND notices.status = 'held'
), asked AS (
    INSERT INTO questions (callback_key, account_id, text, kind, entry_code, confidence, asked_at)
    SELECT key, touched.id, question, kind, entry_code, confidence, at
    FROM input JOIN fresh USING (key) LEFT JOIN touched USING (app, openid) WHERE kind <> ''
)
SELECT key FROM fresh
"""
"""What `remember_in_steps` does, in one round trip: the hottest statement of the service."""


@asynccontextmanager
async def open_lane() -> AsyncIterator["Lane | None"]:
    """What one process remembers its answers over: on PostgreSQL a connection kept for nothing else."""
    if Callback._meta.db.capabilities.dialect != "postgres":
        yield None
        return
    from models.postgresql import Lane  # Only here: with SQLite it would be memory for nothing.

    async with aclosing(Lane(Callback._meta.db)) as lane:
        yield lane


async def remember(answers: Sequence[Answered], *, over: "Lane | None" = None) -> list[Remembered]:
    """Store answers, each with all that follows from it or not at all; in the same order.

    The first answer under a key stands. For fresh keys only, the sender's last contact is noted,
    held notices of the sender are released, and questions are kept. An answer that was owed becomes
    a notice.
    """
    # The same message may stand twice in one batch; the first one is the one that counts.
    first = {answer.key: answer for answer in reversed(answers)}
    fresh = await _stored(list(first.values()), over)
    outcomes: dict[str, Remembered] = {}
    for key, answer in first.items():
        outcomes[key] = Remembered(answer.reply, ours=True) if key in fresh else await settle(answer)
    return [outcomes[answer.key] for answer in answers]


async def _stored(answers: Sequence[Answered], over: "Lane | None") -> set[str]:
    """Store answers of different keys; the keys that were fresh."""
    if over is not None:
        return await remember_at_once(over, answers)
    connection = Callback._meta.db
    at_once = connection.capabilities.dialect == "postgres"
    return await (remember_at_once if at_once else remember_in_one_piece)(connection, answers)


async def remember_at_once(connection: "BaseDBAsyncClient | Lane", answers: Sequence[Answered]) -> set[str]:
    """PostgreSQL: everything about fresh answers in one statement; the keys that were fresh."""
    rows = [
        (answer.key, answer.app.value, answer.openid, answer.reply, answer.at, *asked_columns(answer.asked))
        for answer in answers
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return {row["key"] for row in await connection.execute_query_dict(REMEMBER_AT_ONCE, columns)}


def asked_columns(asked: Asked | None) -> tuple[str, str, str, float]:
    """A question's columns; an empty kind stands for no question."""
    return (asked.text, asked.kind, asked.entry_code, asked.confidence) if asked else ("", "", "", 0.0)


async def remember_in_one_piece(connection: BaseDBAsyncClient, answers: Sequence[Answered]) -> set[str]:
    """SQLite: the same in one transaction; the keys that were fresh."""
    return await in_one_piece(connection, lambda sqlite: remember_in_steps(sqlite, answers))


def remember_in_steps(connection: sqlite3.Connection, answers: Sequence[Answered]) -> set[str]:
    """The steps of `remember_at_once`, one by one; the keys that were fresh."""
    inserted = insert_callbacks(connection, answers)
    fresh = [answer for answer in answers if answer.key in inserted]
    if fresh:
        keep_questions(connection, fresh, touch_accounts(connection, fresh))
    return inserted


def insert_callbacks(connection: sqlite3.Connection, answers: Sequence[Answered]) -> set[str]:
    """Insert the rows whose keys are new; the set of those keys."""
    marks, values = value_rows([(answer.key, answer.reply, answer.at) for answer in answers])
    inserted = connection.execute(
        f"INSERT INTO callbacks (key, reply, received_at) VALUES {marks}"  # noqa: S608 (marks only)
        " ON CONFLICT (key) DO NOTHING RETURNING key",
        values,
    )
    return {row["key"] for row in inserted}


def touch_accounts(connection: sqlite3.Connection, answers: Sequence[Answered]) -> dict[tuple[str, str], int]:
    """Note each sender's last contact (making the account if it is new), and release held notices.

    Yields the accounts' ids by app and openid.
    """
    latest = {(answer.app.value, answer.openid): answer.at for answer in answers if answer.openid}
    if not latest:
        return {}
    marks, values = value_rows([(app, openid, True, at, at) for (app, openid), at in latest.items()])
    touched = connection.execute(
        f"INSERT INTO accounts (app, openid, follows, last_contact_at, created_at) VALUES {marks}"  # noqa: S608
        " ON CONFLICT (app, openid) DO UPDATE SET last_contact_at = excluded.last_contact_at"
        " RETURNING id, app, openid",
        values,
    ).fetchall()
    openids = [openid for _, openid in latest]
    marks = ", ".join("?" * len(openids))
    connection.execute(
        "UPDATE notices SET status = 'waiting', next_try_at = ?"  # noqa: S608 (marks only)
        f" WHERE status = 'held' AND openid IN ({marks})",
        [answers[-1].at, *openids],
    )
    return {(row["app"], row["openid"]): row["id"] for row in touched}


def keep_questions(
    connection: sqlite3.Connection, answers: Sequence[Answered], accounts: Mapping[tuple[str, str], int]
) -> None:
    """Keep questions, tied to the accounts that asked."""
    rows = [
        (
            answer.key,
            accounts.get((answer.app.value, answer.openid)),
            *asked_columns(answer.asked),
            answer.at,
        )
        for answer in answers
        if answer.asked is not None
    ]
    if not rows:
        return
    marks, values = value_rows(rows)
    connection.execute(
        "INSERT INTO questions (callback_key, account_id, text, kind, entry_code, confidence, asked_at)"  # noqa: S608
        f" VALUES {marks}",
        values,
    )


async def settle(answer: Answered) -> Remembered:
    """What counts for a key that is there already: the stored reply, or ours when one was owed.

    What goes as a message is not the reply as well: a re-send that comes now gets silence, as the first did.
    """
    reply = "" if answer.text else answer.reply
    async with in_transaction():
        if not await Callback.filter(key=answer.key, reply=None).update(reply=reply, message=None):
            stored = await Callback.get(key=answer.key)
            return Remembered(stored.reply or "", ours=False)
        if answer.text:
            await Notice.create(
                openid=answer.openid,
                content=answer.text,
                dedupe_key=f"late:{answer.key}",
                next_try_at=answer.at,
                created_at=answer.at,
            )
    return Remembered(reply, ours=True)


async def owe(key: str, message: str, at: datetime) -> str | None:
    """Promise an answer that isn't ready; the stored reply when there is one after all."""
    await Callback.bulk_create([Callback(key=key, message=message, received_at=at)], ignore_conflicts=True)
    return await stored_reply(key)


async def stored_reply(key: str) -> str | None:
    """The reply stored under a key; None when there is none yet."""
    replies = await Callback.filter(key=key).values_list("reply", flat=True)
    return replies[0] if replies else None  # type: ignore[return-value]


async def claim_owed(callback: Callback, now: datetime) -> bool:
    """Take over an owed callback whose keeper seems dead; one taker wins, and has until it looks dead too."""
    mine = Callback.filter(key=callback.key, reply=None, received_at=callback.received_at)
    return bool(await mine.update(received_at=now))


def value_rows(rows: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """Placeholders and values of a VALUES list, in SQLite's marks."""
    marks = "(" + ", ".join("?" * len(rows[0])) + ")"
    return ", ".join([marks] * len(rows)), [value for row in rows for value in row]
