"""The knowledge base: seeded once, kept when staff edited it, and fresh in every process."""

import asyncio
import weakref
from datetime import timedelta
from pathlib import Path

import pytest

from handlers import knowledge, memory
from handlers.context import Context, open_context
from models import AuditEntry, Entry, EntryStatus
from settings import Settings
from tests.fakes import Clock

QUESTION = "预备期多长，从哪天算起？"


async def test_seeding_again_changes_nothing(ctx: Context) -> None:
    assert await knowledge.seed(ctx) == len(knowledge.written_facts())
    before = await Entry.all().order_by("id").values()
    assert await knowledge.seed(ctx) == 0
    assert await Entry.all().order_by("id").values() == before
    assert await AuditEntry.filter(action="knowledge.seeded").count() == 1


async def test_what_staff_edited_is_left_alone(ctx: Context) -> None:
    await knowledge.seed(ctx)
    await Entry.filter(code="probation-length").update(answer="以我们写的为准。", fingerprint="older")
    assert await knowledge.seed(ctx) == 0
    assert (await Entry.get(code="probation-length")).answer == "以我们写的为准。"


async def test_an_entry_that_changed_in_the_files_changes_in_the_database(ctx: Context) -> None:
    await knowledge.seed(ctx)
    entry = await Entry.get(code="probation-length")
    entry.answer = "旧答案。"
    entry.fingerprint = knowledge.fingerprint(knowledge.columns(entry))
    await entry.save()
    assert await knowledge.seed(ctx) == 1
    now = await Entry.get(code="probation-length")
    assert now.answer.startswith("预备期1年")
    assert now.version == entry.version + 1


async def test_an_entry_that_is_no_longer_shipped_is_retired(ctx: Context, tmp_path: Path) -> None:
    await knowledge.seed(ctx)
    (tmp_path / "entries").mkdir()
    assert await knowledge.seed(ctx, folder=tmp_path) == len(knowledge.written_facts())
    assert await Entry.filter(status=EntryStatus.PUBLISHED).count() == 0


async def test_the_database_gives_the_same_entries_as_the_files(ctx: Context) -> None:
    await knowledge.seed(ctx)
    engine = await knowledge.load_engine(ctx)
    for fact in knowledge.written_facts():
        assert engine.fact(fact.code) == fact


async def test_an_edit_reaches_the_engine_within_two_seconds(ctx: Context, clock: Clock) -> None:
    await knowledge.seed(ctx)
    await knowledge.refresh(ctx)
    entry = await Entry.get(code="probation-length")
    entry.answer, entry.version = "改过的答案。", entry.version + 1
    await entry.save()
    clock.now += timedelta(seconds=2)
    await knowledge.refresh(ctx)
    assert ctx.engine.answer(QUESTION, on=clock.now.date()).text.startswith("改过的答案。")


async def test_a_retired_entry_answers_no_more(ctx: Context, clock: Clock) -> None:
    await knowledge.seed(ctx)
    await knowledge.refresh(ctx)
    entry = await Entry.get(code="probation-length")
    entry.status, entry.version = EntryStatus.RETIRED, entry.version + 1
    await entry.save()
    clock.now += timedelta(seconds=2)
    await knowledge.refresh(ctx)
    assert ctx.engine.fact("probation-length") is None


async def test_nothing_is_built_anew_while_nothing_changes(ctx: Context, clock: Clock) -> None:
    await knowledge.seed(ctx)
    first = await knowledge.refresh(ctx)
    clock.now += timedelta(minutes=5)
    assert await knowledge.refresh(ctx) is first


async def test_a_moment_after_a_look_nobody_looks(ctx: Context, clock: Clock) -> None:
    await knowledge.refresh(ctx)
    await knowledge.seed(ctx)
    clock.now += timedelta(seconds=knowledge.FRESH_FOR_SECONDS * 0.9)
    assert len(await knowledge.refresh(ctx)) == 0
    clock.now += timedelta(milliseconds=100)
    assert len(await knowledge.refresh(ctx)) > 0


async def test_the_engine_before_is_gone_when_memory_is_given_back(
    ctx: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await knowledge.seed(ctx)
    before = weakref.ref(await knowledge.refresh(ctx))
    given_back = asyncio.Event()
    gone: list[bool] = []

    def give_back() -> None:
        gone.append(before() is None)
        given_back.set()

    monkeypatch.setattr(knowledge, "GONE_AFTER_SECONDS", 0.2)
    monkeypatch.setattr(memory, "give_back", give_back)
    await Entry.filter(code="probation-length").update(version=2)
    clock.now += timedelta(seconds=2)
    await knowledge.refresh(ctx)
    async with asyncio.timeout(5):
        await given_back.wait()
    assert gone == [True]


async def test_one_of_many_callers_builds_the_engine(ctx: Context) -> None:
    await knowledge.seed(ctx)
    engines = await asyncio.gather(*(knowledge.refresh(ctx) for _ in range(5)))
    assert len({id(engine) for engine in engines if len(engine)}) <= 1


async def test_an_opened_context_knows_its_entries(settings: Settings, ctx: Context) -> None:
    await knowledge.seed(ctx)
    async with open_context(settings) as opened:
        assert len(opened.engine) == len(knowledge.written_facts())


async def test_a_database_without_tables_opens_all_the_same(settings: Settings, tmp_path: Path) -> None:
    empty = settings.model_copy(update={"database_url": f"sqlite://{tmp_path / 'empty.sqlite3'}"})
    async with open_context(empty) as opened:
        assert len(opened.engine) == 0
