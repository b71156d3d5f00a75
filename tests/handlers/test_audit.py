"""Promise 10: history can't be rewritten quietly, and keeping it holds nobody up."""

import asyncio
import json
import random
from datetime import timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.locks import hold
from models import AuditEntry


async def write(ctx: Context, number: int) -> None:
    for at in range(number):
        await audit.record(ctx, "thing.changed", f"thing:{at}", number=at)


async def exported(ctx: Context) -> list[str]:
    return [line async for line in audit.export(ctx)]


async def test_sealed_entries_form_one_chain_that_verifies(ctx: Context) -> None:
    await write(ctx, 7)
    assert await audit.seal(ctx, batch=3) == 7
    assert await audit.seal(ctx) == 0
    lines = await exported(ctx)
    verdict = audit.verify(lines)
    assert verdict.intact
    assert verdict.entries == len(lines) == 7


async def test_the_chain_goes_on_where_it_ended(ctx: Context) -> None:
    await write(ctx, 2)
    await audit.seal(ctx)
    head = audit.verify(await exported(ctx)).head
    await write(ctx, 2)
    await audit.seal(ctx)
    verdict = audit.verify(await exported(ctx), head=head)
    assert verdict.intact
    assert verdict.entries == 4


async def test_entries_that_are_not_chained_yet_are_not_exported(ctx: Context) -> None:
    await write(ctx, 1)
    assert await exported(ctx) == []


async def test_any_number_of_sealers_make_one_chain_without_gaps(ctx: Context) -> None:
    await write(ctx, 60)
    await asyncio.gather(*(audit.seal(ctx, batch=7) for _ in range(8)))
    await audit.seal(ctx)
    sequences = await AuditEntry.all().order_by("sequence").values_list("sequence", flat=True)
    assert list(map(str, sequences)) == [str(number) for number in range(1, 61)]
    assert audit.verify(await exported(ctx)).intact


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_an_entry_that_commits_late_is_chained_when_it_is_seen(ctx: Context) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with in_transaction():
            await audit.record(ctx, "slow.changed", "slow:1")
            started.set()
            await finish.wait()

    writer = asyncio.create_task(slow())
    await started.wait()
    await audit.record(ctx, "quick.changed", "quick:1")
    assert await audit.seal(ctx) == 1  # It neither waits for the writer nor takes what isn't committed.
    finish.set()
    await writer
    assert await audit.seal(ctx) == 1
    late = await AuditEntry.get(action="slow.changed")
    quick = await AuditEntry.get(action="quick.changed")
    assert late.id < quick.id
    assert (late.sequence, quick.sequence) == (2, 1)
    assert audit.verify(await exported(ctx)).intact


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_sealer_at_work_holds_no_writer_up(ctx: Context) -> None:
    await write(ctx, 1)
    held = asyncio.Event()

    async def write_elsewhere() -> int:
        await held.wait()
        await write(ctx, 3)
        return await audit.seal(ctx)

    elsewhere = asyncio.create_task(write_elsewhere())  # Made before the transaction, so not in it.
    async with in_transaction() as connection:
        await hold(connection, "audit chain")
        held.set()
        assert await asyncio.wait_for(elsewhere, 5) == 0
    assert await audit.seal(ctx) == 4


async def test_an_entry_rolled_back_with_its_change_leaves_no_trace(ctx: Context) -> None:
    async def fail() -> None:
        async with in_transaction():
            await write(ctx, 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await audit.seal(ctx) == 0


HARD: dict[str, Any] = {
    "large": 2**63 - 1,
    "larger": 10**40,
    "fraction": 0.1,
    "whole": 1.0,
    "small": 1e-7,
    "text": '汉字 😀 \u2028 "quoted" \\ /',
    "nested": {"b": [1, None, True, {"z": 1, "a": "x" * 100_000}], "a": ""},
}


async def test_large_and_odd_details_verify_as_they_come_back(ctx: Context) -> None:
    await audit.record(ctx, "hard.changed", "hard:1", **HARD)
    await audit.seal(ctx)
    (line,) = await exported(ctx)
    assert audit.verify([line]).intact
    assert json.loads(line)["details"]["nested"] == HARD["nested"]


async def test_what_could_not_be_chained_is_not_written(ctx: Context) -> None:
    for bad in (float("nan"), object(), {1, 2}):
        with pytest.raises((ValueError, TypeError)):
            await audit.record(ctx, "bad.changed", "bad:1", value=bad)
    assert await AuditEntry.all().count() == 0


def chain_of(number: int, clock: Any) -> list[str]:
    entries = [
        AuditEntry(
            id=at, at=clock() + timedelta(seconds=at), actor="system", action="thing.changed",
            subject=f"thing:{at}", details={"number": at},
        )
        for at in range(1, number + 1)
    ]  # fmt: skip
    return [json.dumps(audit.exported(entry)) for entry in audit.chain(entries, None)]


def test_an_untouched_export_verifies(clock: Any) -> None:
    assert audit.verify(chain_of(20, clock)).intact
    assert audit.verify([]).intact


@pytest.mark.parametrize("field", ["at", "actor", "action", "subject", "details", "request_id", "id"])
def test_every_altered_field_is_found_and_named_by_line(clock: Any, field: str) -> None:
    lines = chain_of(9, clock)
    entry = json.loads(lines[4])
    entry[field] = "altered"
    lines[4] = json.dumps(entry)
    assert any("第 5 行" in problem and "改动" in problem for problem in audit.verify(lines).problems)


def test_an_altered_entry_with_a_recomputed_hash_is_found_by_the_next_one(clock: Any) -> None:
    lines = chain_of(9, clock)
    entry = json.loads(lines[4])
    entry["actor"] = "person:7"
    entry["hash"] = audit.digest(entry)
    lines[4] = json.dumps(entry)
    assert any("第 6 行" in problem for problem in audit.verify(lines).problems)


def test_removed_inserted_doubled_and_reordered_entries_are_found(clock: Any) -> None:
    lines = chain_of(9, clock)
    for wrong in (
        lines[1:],
        lines[:4] + lines[5:],
        [*lines[:4], lines[2], *lines[4:]],
        [*lines[:3], lines[4], lines[3], *lines[5:]],
        [*lines[:4], "{}", *lines[4:]],
        [*lines[:4], "not json", *lines[5:]],
        [*lines, '["a list"]'],
    ):
        assert not audit.verify(wrong).intact


def test_a_cut_off_end_is_found_with_the_head_that_was_kept(clock: Any) -> None:
    lines = chain_of(9, clock)
    head = audit.verify(lines).head
    assert audit.verify(lines, head=head).intact
    assert not audit.verify(lines[:-1], head=head).intact


def test_any_shuffle_or_loss_is_found(clock: Any) -> None:
    lines, chance = chain_of(12, clock), random.Random(7)
    for _ in range(300):
        wrong = chance.sample(lines, chance.randint(1, 12))
        assert audit.verify(wrong).intact is (wrong == lines[: len(wrong)])
