"""Statements of the busiest minutes, written out: who is it, what do they want, write it down.

Everywhere else query sets are right. Here building them costs several times what the database does, and
every round trip costs both sides; so each of these is one statement, on PostgreSQL a transaction by itself.
No row is kept while a process thinks: who waits for one waits for another statement's commit.

SQLite doesn't write inside a `WITH`, and lets one transaction write at a time; it takes the same steps one
by one in a transaction that begins with a write. Behind both stand the tables' own constraints.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, NamedTuple

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.transactions import in_transaction

from models.audit import AuditEntry
from models.organizations import Organization
from models.people import Account, App, Person, Role
from models.questions import Question
from models.readings import Reading, dialect, in_dialect, tie
from models.requests import IdempotencyKey
from models.scans import ScanNonce
from models.sites import EFFECTIVE, LIVE, Booking, CheckIn, Site, SiteChanges, Slot
from models.sqlite import in_one_piece

PERSON = "LEFT JOIN people AS p ON p.id = a.person_id"
ACCOUNTS = Reading(
    f"FROM unnest($1::int[]) AS asked(id) JOIN accounts AS a ON a.id = asked.id {PERSON}", a=Account, p=Person
)
ACCOUNTS_SQLITE = Reading(
    f"FROM json_each($1) AS asked JOIN accounts AS a ON a.id = asked.value {PERSON}", a=Account, p=Person
)
IDENTITY = Reading(f"FROM accounts AS a {PERSON} WHERE a.app = $1 AND a.openid = $2", a=Account, p=Person)
ASKED = Reading(
    "FROM questions AS q WHERE q.account_id = $1 AND q.asked_at >= $2 ORDER BY q.asked_at DESC, q.id DESC"
    " LIMIT $3",
    q=Question,
)
IDENTITY_AND_ASKED = Reading(
    f"FROM accounts AS a {PERSON} LEFT JOIN questions AS q ON q.account_id = a.id AND q.asked_at >= $3"
    " WHERE a.app = $1 AND a.openid = $2 ORDER BY q.asked_at DESC, q.id DESC LIMIT $4",
    a=Account, p=Person, q=Question,
)  # fmt: skip
SITES = Reading(
    "FROM (SELECT 1) AS one LEFT JOIN site_changes AS c ON true"
    " LEFT JOIN (unnest($1::text[]) WITH ORDINALITY AS asked(id, place)"
    " JOIN sites AS t ON t.id = asked.id AND t.status = ANY($2::text[])) ON true ORDER BY place",
    c=SiteChanges, t=Site,
)  # fmt: skip
SITES_SQLITE = Reading(
    "FROM (SELECT 1) AS one LEFT JOIN site_changes AS c ON true LEFT JOIN (json_each($1) AS asked"
    " JOIN sites AS t ON t.id = asked.value AND t.status IN (SELECT value FROM json_each($2)))"
    " ORDER BY asked.key",
    c=SiteChanges, t=Site,
)  # fmt: skip
VISITS = Reading(
    "FROM bookings AS b JOIN slots AS s ON s.id = b.slot_id JOIN sites AS t ON t.id = s.site_id"
    " WHERE b.branch_id = $1 AND s.ends_at > $2",
    b=Booking, s=Slot, t=Site,
)  # fmt: skip
WISH = Reading(
    "FROM duties AS d JOIN organizations AS o ON o.id = d.organization_id"
    " LEFT JOIN slots AS s ON s.id = $2 LEFT JOIN sites AS t ON t.id = s.site_id"
    f" WHERE d.person_id = $1 AND d.role = '{Role.BRANCH_WORKER}' ORDER BY d.id",
    o=Organization, s=Slot, t=Site,
)  # fmt: skip

AUDIT = """
INSERT INTO audit_entries (at, actor, action, subject, details, request_id) VALUES ($1, $2, $3, $4, $5, $6)"""

AHEAD = f"""
WITH ahead AS (
    SELECT starts_at, ends_at FROM bookings JOIN slots ON slots.id = bookings.slot_id
    WHERE branch_id = $1 AND status IN ({", ".join(f"'{status}'" for status in LIVE)}) AND ends_at > $2
)"""  # noqa: S608 (our own words only)

HAS_TIME = """(SELECT count(*) FROM ahead) < $3
    AND NOT EXISTS (SELECT 1 FROM ahead WHERE starts_at < $5 AND ends_at > $4)"""
"""A branch is at one place at a time, and keeps no more visits ahead than others can spare."""

HAS_MONTH = f"""
    AND (SELECT count(*) FROM bookings JOIN slots ON slots.id = bookings.slot_id
         WHERE branch_id = $1 AND status IN ({", ".join(f"'{status}'" for status in EFFECTIVE)})
         AND starts_at >= {{first}} AND starts_at < {{next}}) < {{most}}"""  # noqa: S608 (our own words only)
"""Nor does it take more than its part of a month, where the district has set one."""

HAS_PLACES = (
    "NOT closed AND taken + {places} <= capacity"
    " AND ({places} = 0 OR NOT alone AND (taken = 0 OR NOT {alone}))"
)
"""A slot never promises more places than it has, and none to others while a branch has it for itself."""

TAKES = "taken = taken + {places}, alone = alone OR {alone}"
BOOKING = (
    "(slot_id, branch_id, booked_by_id, headcount, theme, status, reason, live_key, created_at,"
    " activity, exclusive)"
)

ALL_AT_ONCE = f"""{AHEAD}, branch AS (
    UPDATE organizations SET path = organizations.path
    WHERE id = $1 AND xmin = (SELECT seen.xmin FROM organizations AS seen WHERE seen.id = $1)
        AND {HAS_TIME}{{month}}
    RETURNING id
), claimed AS (
    UPDATE slots SET {TAKES.format(places="$7", alone="$15::boolean")} FROM branch
    WHERE slots.id = $6 AND {HAS_PLACES.format(places="$7", alone="$15::boolean")} RETURNING slots.id
), booked AS (
    INSERT INTO bookings {BOOKING}
    SELECT id, $1, $8::int, $9::int, $10::text, $11::text, '', $12::text, $2, $13::text, $14::boolean
    FROM claimed
    RETURNING id
), told AS (
    INSERT INTO audit_entries (at, actor, action, subject, details, request_id)
    SELECT $16::timestamptz, $17::text, $18::text, 'booking:' || id, $19::jsonb, $20::text FROM booked
)
SELECT id FROM booked"""  # noqa: S608
"""All of it sees the database as it was when it began, so two bookings of one branch could overlook each
other. Hence the branch's row is written, and only if it is still the version that was seen (`xmin`): the
second of two waits for the first, meets another version and does nothing. The slot comes last: it is kept
until the commit only, which is the next thing to happen.
"""

BOOK_AT_ONCE = ALL_AT_ONCE.format(month="")
BOOK_AT_ONCE_OF_A_MONTH = ALL_AT_ONCE.format(month=HAS_MONTH.format(first="$21", next="$22", most="$23"))

CLAIM = f"""
UPDATE slots SET {TAKES.format(places="$2", alone="$3")}
WHERE id = $1 AND {HAS_PLACES.format(places="$2", alone="$3")} RETURNING id"""  # noqa: S608
IN_STEPS = f"""{AHEAD}
INSERT INTO bookings {BOOKING}
SELECT $6, $1, $8, $9, $10, $11, '', $12, $2, $13, $14 WHERE {HAS_TIME}{{month}}
RETURNING id"""
BOOK = IN_STEPS.format(month="")
BOOK_OF_A_MONTH = IN_STEPS.format(month=HAS_MONTH.format(first="$15", next="$16", most="$17"))

ENTER_AT_ONCE = """
WITH entry AS (
    INSERT INTO check_ins (booking_id, person_id, at, source) VALUES ($1, $2, $3, $4) RETURNING id
), word AS (
    INSERT INTO scan_nonces (key, said, status, at)
    SELECT $5::text, $6::text, $7::text, $8::timestamptz WHERE $5 IS NOT NULL
), told AS (
    INSERT INTO audit_entries (at, actor, action, subject, details, request_id)
    VALUES ($9, $10, $11, $12, $13, $14)
)
SELECT id, 1 + (SELECT count(*) FROM check_ins WHERE booking_id = $1) AS present FROM entry"""

ENTRY = "INSERT INTO check_ins (booking_id, person_id, at, source) VALUES ($1, $2, $3, $4) RETURNING id"
WORD = "INSERT INTO scan_nonces (key, said, status, at) VALUES ($1, $2, $3, $4)"
PRESENT = "SELECT count(*) AS present FROM check_ins WHERE booking_id = $1"

KEY = """
INSERT INTO idempotency_keys (caller, key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (caller, key) DO NOTHING RETURNING id"""
MINE = "WHERE id = $1 AND created_at = $2 AND status IS NULL RETURNING id"
HOLD_KEY = f"UPDATE idempotency_keys SET created_at = created_at {MINE}"  # noqa: S608
ANSWER_KEY = f"UPDATE idempotency_keys SET status = $3, body = $4 {MINE}"  # noqa: S608

NO_WORD = (None, None, None, None)
Rows = Sequence[Mapping[str, Any]]


class _NotBooked(Exception):
    """Takes the claimed places back."""


async def accounts(ids: Sequence[int]) -> list[Account | None]:
    """WeChat identities with their persons, in the order of their ids; each is a row of its own."""
    at_once = _is_postgresql(Account._meta.db)
    rows = await (ACCOUNTS.rows(ids) if at_once else ACCOUNTS_SQLITE.rows(json.dumps(ids)))
    found: dict[int, list[Account]] = {}
    for account, person in rows:
        tie(account, "person", person)
        found.setdefault(account.id, []).append(account)
    return [found[id_].pop() if id_ in found else None for id_ in ids]


async def identity(app: App, openid: str) -> Account | None:
    """The WeChat identity behind an openid, with its person."""
    found: Account | None = None
    for found, person in await IDENTITY.rows(app.value, openid):
        tie(found, "person", person)
    return found


async def asked(account_id: int, *, since: datetime, most: int) -> list[Question]:
    """What somebody asked since a moment, the latest first."""
    return [question for (question,) in await ASKED.rows(account_id, since, most)]


async def identity_and_asked(
    app: App, openid: str, *, since: datetime, most: int
) -> tuple[Account | None, list[Question]]:
    """The WeChat identity behind an openid, with its person, and what it asked since, as `asked` has it."""
    rows = await IDENTITY_AND_ASKED.rows(app.value, openid, since, most)
    if not rows:
        return None, []
    found, person, _ = rows[0]
    tie(found, "person", person)
    return found, [question for _, _, question in rows if question is not None]


async def sites(ids: Sequence[str], *, statuses: Sequence[str]) -> tuple[int, list[Site]]:
    """How often sites have changed; and those of these ids, in their order, in one of these statuses.

    One statement: what was found before it stands, if sites have changed no more often than then.
    """
    if _is_postgresql(Site._meta.db):
        rows = await SITES.rows(list(ids), list(statuses))
    else:
        rows = await SITES_SQLITE.rows(json.dumps(ids), json.dumps(statuses))
    changes = rows[0][0]
    return changes.number if changes else 0, [site for _, site in rows if site is not None]


async def visits(branch_id: int, *, ending_after: datetime) -> list[Booking]:
    """A branch's bookings, whatever became of them, with slot and site."""
    rows = await VISITS.rows(branch_id, ending_after)
    for booking, slot, site in rows:
        tie(booking, "slot", slot)
        tie(slot, "site", site)
    return [booking for booking, _, _ in rows]


async def wish(person_id: int, *, slot_id: int) -> list[tuple[Organization, Slot | None]]:
    """The branches somebody may book for, each with the slot, and that one with its site."""
    rows = await WISH.rows(person_id, slot_id)
    for _, slot, site in rows:
        if slot is not None:
            tie(slot, "site", site)
    return [(branch, slot) for branch, slot, _ in rows]


class Month(NamedTuple):
    """From when to when a branch's effective bookings are counted, and below what they stay."""

    first: datetime
    next: datetime
    most: int


async def book(
    booking: Booking, *, places: int, most_ahead: int, told: AuditEntry, month: Month | None = None
) -> bool:
    """Write a booking and what is told of it, and take `places`; or nothing at all.

    `told` gets its subject here. False: the branch is elsewhere at that time, has `most_ahead` visits or its
    part of the `month`, the slot is closed, another's alone or has too few places left, or another booking
    of the branch was quicker.

    Raises:
        IntegrityError: the branch has a live booking of that slot.
    """
    slot = booking.slot
    values = [
        booking.branch_id, booking.created_at, most_ahead, slot.starts_at, slot.ends_at, slot.id, places,
        booking.booked_by_id, booking.headcount, booking.theme, booking.status, booking.live_key,
        booking.activity, booking.exclusive,
    ]  # fmt: skip
    alone = booking.exclusive and places > 0
    at_once = _is_postgresql(Booking._meta.db)
    id_ = await (_book_at_once if at_once else _book_in_steps)(values, alone, told, month)
    if id_ is None:
        return False
    booking.id, booking._saved_in_db = id_, True
    return True


async def _book_at_once(values: list[Any], alone: bool, told: AuditEntry, month: Month | None) -> int | None:
    at, actor, action, _, *rest = _columns(told)
    statement = BOOK_AT_ONCE if month is None else BOOK_AT_ONCE_OF_A_MONTH
    rows = await _run(Booking._meta.db, statement, [*values, alone, at, actor, action, *rest, *(month or ())])
    return rows[0]["id"] if rows else None


async def _book_in_steps(values: list[Any], alone: bool, told: AuditEntry, month: Month | None) -> int | None:
    statement = BOOK if month is None else BOOK_OF_A_MONTH

    def steps(connection: sqlite3.Connection) -> int:
        if _first(connection, CLAIM, [*values[5:7], alone]) is None:
            raise _NotBooked
        booked = _first(connection, statement, [*values, *(month or ())])
        if booked is None:
            raise _NotBooked
        told.subject = f"booking:{booked['id']}"
        _first(connection, AUDIT, _columns(told))
        return int(booked["id"])

    with suppress(_NotBooked):
        return await in_one_piece(Booking._meta.db, steps)
    return None


async def enter(entry: CheckIn, *, word: ScanNonce | None, told: AuditEntry) -> int:
    """Write who is present, the scan's word and what is told of it; how many of the visit are present now.

    Two entered in the same moment may each count without the other.

    Raises:
        IntegrityError: that person was present before, or the word is taken; nothing is written.
    """
    at_once = _is_postgresql(CheckIn._meta.db)
    values = [entry.booking_id, entry.person_id, entry.at, entry.source]
    said = (word.key, word.said, word.status, word.at) if word is not None else NO_WORD
    entry.id, present = await (_enter_at_once if at_once else _enter_in_steps)(values, said, told)
    entry._saved_in_db = True
    return present


async def _enter_at_once(values: list[Any], word: Sequence[Any], told: AuditEntry) -> tuple[int, int]:
    async with _undone_alone(CheckIn._meta.db) as connection:
        (row,) = await _run(connection, ENTER_AT_ONCE, [*values, *word, *_columns(told)])
    return row["id"], row["present"]


async def _enter_in_steps(values: list[Any], word: Sequence[Any], told: AuditEntry) -> tuple[int, int]:
    def steps(connection: sqlite3.Connection) -> tuple[int, int]:
        entry = _first(connection, ENTRY, values)
        if word is not NO_WORD:
            _first(connection, WORD, word)
        _first(connection, AUDIT, _columns(told))
        counted = _first(connection, PRESENT, values[:1])
        return entry["id"], counted["present"]

    return await in_one_piece(CheckIn._meta.db, steps)


async def take_key(claim: IdempotencyKey) -> bool:
    """Write the key of a request that is running now; whether nobody had it."""
    values = (claim.caller, claim.key, claim.fingerprint, claim.created_at)
    rows = await _run(IdempotencyKey._meta.db, KEY, values)
    for row in rows:
        claim.id, claim._saved_in_db = row["id"], True
    return bool(rows)


async def hold_key(claim: IdempotencyKey) -> bool:
    """Keep the row for the rest of the transaction; whether it is unanswered and still ours."""
    return bool(await _run(IdempotencyKey._meta.db, HOLD_KEY, (claim.id, claim.created_at)))


async def answer_key(claim: IdempotencyKey, *, status: int, body: Any) -> bool:
    """Write the answer; whether there was none and the row is still ours."""
    said = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return bool(await _run(IdempotencyKey._meta.db, ANSWER_KEY, (claim.id, claim.created_at, status, said)))


@asynccontextmanager
async def _undone_alone(connection: BaseDBAsyncClient) -> AsyncIterator[BaseDBAsyncClient]:
    """In a transaction, what fails in here doesn't end it; elsewhere a statement is one by itself."""
    if not isinstance(connection, TransactionalDBClient):
        yield connection
        return
    async with in_transaction() as inner:
        yield inner


async def _run(connection: BaseDBAsyncClient, statement: str, values: Sequence[Any]) -> Rows:
    return await connection.execute_query_dict(in_dialect(statement, dialect(connection)), list(values))


def _first(connection: sqlite3.Connection, statement: str, values: Sequence[Any]) -> Any:
    """The first row of a statement on SQLite; all are fetched, since one under way keeps commits up."""
    rows = connection.execute(in_dialect(statement, "sqlite"), values).fetchall()
    return rows[0] if rows else None


def _columns(told: AuditEntry) -> tuple[Any, ...]:
    details = json.dumps(told.details, separators=(",", ":"))
    return told.at, told.actor, told.action, told.subject, details, told.request_id


def _is_postgresql(connection: BaseDBAsyncClient) -> bool:
    return dialect(connection) == "postgres"
