"""The audit trail: written in the transaction of a change, chained a moment later, verifiable by anyone."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers.context import REQUEST_ID, Context
from handlers.locks import try_hold
from models import AuditEntry

BATCH = 500
GENESIS = "0" * 64
"""What the first entry names as the hash before it."""


async def record(ctx: Context, action: str, subject: str, **details: Any) -> None:
    """Add one entry, in the caller's transaction.

    `action` is `thing.verb` (`booking.confirmed`), `subject` is `thing:id`; `details` hold codes,
    numbers and ids, never names, phones or free text.
    """
    await note(ctx, action, subject, details).save()


async def record_many(ctx: Context, entries: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    """Add entries `(action, subject, details)` in bulk, in the caller's transaction."""
    await AuditEntry.bulk_create([note(ctx, *entry) for entry in entries], batch_size=BATCH)


def note(ctx: Context, action: str, subject: str, details: dict[str, Any]) -> AuditEntry:
    """An entry as `record` adds it, for a statement that writes it together with the change."""
    canonical(details)  # What can't be chained later must not be written now.
    return AuditEntry(
        at=ctx.now(),
        actor=ctx.caller.actor,
        action=action,
        subject=subject,
        details=details,
        request_id=REQUEST_ID.get(),
    )


async def seal(ctx: Context, *, batch: int = BATCH) -> int:
    """Chain the entries that are committed and not chained yet; how many this call chained.

    Any number may run at once: one works, the others find the chain held and leave. Writers never
    wait for it: they insert rows, and it touches only rows that are there already. An entry whose
    transaction commits late, with a lower id, is chained when it is seen.
    """
    total = 0
    while chained := await _seal_batch(batch):
        total += chained
        if chained < batch:
            break
    return total


async def _seal_batch(batch: int) -> int:
    try:
        async with in_transaction() as connection:
            if not await try_hold(connection, "audit chain"):
                return 0
            entries = await AuditEntry.filter(sequence__isnull=True).order_by("id").limit(batch)
            if entries:
                last = await AuditEntry.filter(sequence__isnull=False).order_by("-sequence").first()
                await _write(connection, chain(entries, last))
            return len(entries)
    except IntegrityError:  # Another sealer gave out the same sequence first; its chain stands.
        return 0


def chain(entries: Sequence[AuditEntry], last: AuditEntry | None) -> Sequence[AuditEntry]:
    """Number and hash `entries` in their order, continuing after `last`."""
    sequence, previous = (last.sequence or 0, last.hash or "") if last is not None else (0, GENESIS)
    for entry in entries:
        sequence += 1
        entry.sequence, entry.previous_hash = sequence, previous
        entry.hash = previous = digest(exported(entry))
    return entries


async def _write(connection: BaseDBAsyncClient, entries: Sequence[AuditEntry]) -> None:
    marks = ("?",) * 4 if connection.capabilities.dialect == "sqlite" else ("$1", "$2", "$3", "$4")
    statement = "UPDATE audit_entries SET sequence = {}, previous_hash = {}, hash = {} WHERE id = {}"
    values = [[entry.sequence, entry.previous_hash, entry.hash, entry.id] for entry in entries]
    await connection.execute_many(statement.format(*marks), values)


def exported(entry: AuditEntry) -> dict[str, Any]:
    """An entry as plain JSON values; everything but `hash` is what the hash is taken over."""
    return {
        "sequence": entry.sequence,
        "previous_hash": entry.previous_hash,
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
        "request_id": entry.request_id,
        "hash": entry.hash,
    }


def canonical(value: Any) -> bytes:
    """The one way to write a JSON value: sorted keys, no spaces, everything beyond ASCII escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def digest(entry: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of an entry without its `hash`."""
    return hashlib.sha256(canonical({key: entry[key] for key in entry if key != "hash"})).hexdigest()


async def export(ctx: Context, *, batch: int = BATCH) -> AsyncIterator[str]:
    """The chained entries, oldest first, one JSON line each; memory stays flat."""
    after = 0
    while entries := await AuditEntry.filter(sequence__gt=after).order_by("sequence").limit(batch):
        for entry in entries:
            yield canonical(exported(entry)).decode()
        after = entries[-1].sequence or after


@dataclass(slots=True)
class Verdict:
    """What reading an export found. `head` is the last hash: kept elsewhere, it shows a cut-off end."""

    entries: int = 0
    head: str = GENESIS
    problems: list[str] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems


def verify(lines: Iterable[str], *, head: str | None = None) -> Verdict:
    """Check an export's chain: altered, removed, reordered and inserted entries are named by line.

    Give `head` (an earlier verdict's, or one written down) to learn whether the end was cut off.
    """
    verdict = Verdict()
    seen_head = head in (None, GENESIS)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            _verify_entry(verdict, number, entry)
        except (ValueError, TypeError, KeyError, RecursionError):
            verdict.problems.append(f"第 {number} 行：不是一条完整的审计记录")
            continue
        seen_head = seen_head or entry["hash"] == head
    if not seen_head:
        verdict.problems.append("结尾：没有出现您留存的校验值，末尾的记录可能被删去或整条链被重写")
    return verdict


def _verify_entry(verdict: Verdict, number: int, entry: dict[str, Any]) -> None:
    recorded, sequence, previous = entry["hash"], entry["sequence"], entry["previous_hash"]
    if digest(entry) != recorded:
        verdict.problems.append(f"第 {number} 行：内容与校验值不符，这条记录被改动过")
    if sequence != verdict.entries + 1:
        verdict.problems.append(
            f"第 {number} 行：序号应为 {verdict.entries + 1}，实为 {sequence}，前面缺少、多出或调换了记录"
        )
    if previous != verdict.head:
        verdict.problems.append(f"第 {number} 行：与上一条记录接不上，之间缺少、多出或调换了记录")
    verdict.entries, verdict.head = int(sequence), str(recorded)
