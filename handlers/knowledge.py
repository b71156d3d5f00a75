"""The knowledge base: from `content/knowledge` into the database, and from there into the engine."""

import asyncio
import gc
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Container, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator
from tortoise.exceptions import BaseORMException
from tortoise.functions import Count, Max, Sum
from tortoise.transactions import in_transaction

from handlers import audit, memory
from handlers.answering.engine import Engine
from handlers.answering.shapes import Citation, Decline, Detail, Fact, Words
from handlers.context import Context
from handlers.regulation_text import numbers_of
from models import Article, Entry, EntryStatus, Regulation, Scope

CONTENT = Path(__file__).parent.parent / "content" / "knowledge"
FRESH_FOR_SECONDS = 0.2
"""How long a process trusts its engine before it looks whether entries changed: of the 2 seconds that are
promised, making a new engine takes more than one."""
LOOKS_EVERY_SECONDS = 0.25
"""Longer, so that every look is one."""
GONE_AFTER_SECONDS = 1.0
"""By then the engine before is gone, and its memory can be handed back: some ten megabytes."""

log = logging.getLogger(__name__)
SEEDED = (
    "topic",
    "question",
    "askings",
    "answer",
    "details",
    "citations",
    "scope",
    "in_force_from",
    "in_force_until",
    "replaced_by",
    "related",
)
"""The columns of an entry that the seed writes."""
COLUMNS = (
    "code",
    "question",
    "answer",
    "askings",
    "citations",
    "scope",
    "in_force_from",
    "in_force_until",
    "replaced_by",
    "details",
)
"""The columns of an entry that the engine is made of."""
READ_AT_ONCE = 50
"""Entries; all of them at once hold up the event loop too."""


class Strict(BaseModel):
    """Data of which every field is known; a typo in a field's name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(Strict):
    """One rule that answers may cite, by its short name."""

    short: str = Field(min_length=2, max_length=20)
    full: str
    issuer: str
    issued: str
    status: Literal["现行", "已替代", "待复核", "地方"]
    replaced_by: str = ""


class WrittenEntry(Strict):
    """One entry as it is written in `entries/*.yaml`. A citation is `短名 第…条` or a bare short name."""

    code: str = Field(pattern=r"^[a-z0-9-]{3,32}$")
    question: str = Field(min_length=4, max_length=60)
    askings: tuple[str, ...] = Field(min_length=8)
    answer: str = Field(min_length=6, max_length=300)
    details: str = ""
    citations: tuple[str, ...] = Field(min_length=1)
    scope: tuple[Scope, ...] = ()
    in_force_from: date | None = None
    in_force_until: date | None = None
    replaced_by: str = ""
    related: tuple[str, ...] = ()

    @field_validator("askings")
    @classmethod
    def _differ(cls, askings: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(askings)) != len(askings):
            raise ValueError("the same asking twice")
        return askings


class Topic(Strict):
    """One file of entries."""

    topic: str
    entries: tuple[WrittenEntry, ...]


def load_yaml(path: Path) -> Any:
    """The data in one file."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def read_rules(folder: Path = CONTENT) -> dict[str, Rule]:
    """Every rule by its short name."""
    rules = [Rule.model_validate(row) for row in load_yaml(folder / "rules.yaml")]
    return {rule.short: rule for rule in rules}


def read_topics(folder: Path = CONTENT) -> list[Topic]:
    """Every topic with its entries, in the order of the files."""
    return [Topic.model_validate(load_yaml(path)) for path in sorted(folder.glob("entries/*.yaml"))]


@cache
def read_words(folder: Path = CONTENT) -> Words:
    """How people word things: synonyms, slips, abbreviations, and what isn't ours."""
    synonyms, typing = load_yaml(folder / "synonyms.yaml"), load_yaml(folder / "typing.yaml")
    scripts = load_yaml(folder / "traditional.yaml")
    return Words(
        synonyms={name: tuple(variants) for name, variants in synonyms["synonyms"].items()},
        terms=tuple(synonyms["terms"]),
        domain=tuple(synonyms["domain"]),
        fillers=tuple(typing["fillers"]),
        openings=tuple(typing["openings"]),
        endings=tuple(typing["endings"]),
        typos=typing["typos"],
        abbreviations=typing["abbreviations"],
        traditional=str.maketrans("".join(scripts["traditional"]), "".join(scripts["simplified"])),
        sounds=load_yaml(folder / "pinyin.yaml"),
        others=tuple(load_yaml(folder / "others.yaml").split()),
        beyond=tuple(map(_beyond, load_yaml(folder / "beyond.yaml"))),
        details=tuple(map(_detail, load_yaml(folder / "details.yaml").values())),
        declines=tuple(_decline(row) for row in load_yaml(folder / "declined.yaml")),
    )


def _beyond(row: str | Mapping[str, str]) -> tuple[str, str]:
    return (row, "") if isinstance(row, str) else (row["when"], row["unless"])


def _detail(row: str | Mapping[str, str]) -> Detail:
    return Detail(row) if isinstance(row, str) else Detail(row["asked"], row["said"])


def _decline(row: Mapping[str, Any]) -> Decline:
    return Decline(row["code"], row["text"], tuple(row["when"]), tuple(row.get("unless", ())))


def citation(written: str) -> Citation:
    """`党章 第七条` → rule and article."""
    rule, _, article = written.partition(" ")
    return Citation(rule, article)


def row_of(topic: str, written: WrittenEntry) -> dict[str, Any]:
    """The database columns of a written entry."""
    cited = [citation(text) for text in written.citations]
    return {
        "topic": topic,
        "question": written.question,
        "askings": list(written.askings),
        "answer": written.answer.strip(),
        "details": written.details.strip(),
        "citations": [{"rule": found.rule, "article": found.article} for found in cited],
        "scope": ",".join(written.scope) or "any",
        "in_force_from": written.in_force_from,
        "in_force_until": written.in_force_until,
        "replaced_by": written.replaced_by,
        "related": list(written.related),
    }


def fact_of(row: Mapping[str, Any], texts: Container[tuple[str, int]] = ()) -> Fact:
    """What the engine needs of an entry's columns. `texts` are the articles whose words are here."""
    scopes = frozenset() if row["scope"] == "any" else frozenset(row["scope"].split(","))
    return Fact(
        code=row["code"],
        question=row["question"],
        answer=row["answer"],
        askings=tuple(row["askings"]),
        citations=tuple(Citation(cited["rule"], cited["article"]) for cited in row["citations"]),
        scopes=scopes,
        in_force_from=row["in_force_from"],
        in_force_until=row["in_force_until"],
        replaced_by=row["replaced_by"],
        details=bool(row["details"]),
        original=any(
            (cited["rule"], number) in texts
            for cited in row["citations"]
            for number in numbers_of(cited["article"])
        ),
    )


def written_facts(folder: Path = CONTENT) -> list[Fact]:
    """The shipped entries as the engine sees them, without a database."""
    return [
        fact_of({"code": entry.code, **row_of(topic.topic, entry)})
        for topic in read_topics(folder)
        for entry in topic.entries
    ]


def fingerprint(row: Mapping[str, Any]) -> str:
    """A short name for an entry's content, to tell staff's edits from our own."""
    text = json.dumps(row, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


async def seed(ctx: Context, *, folder: Path = CONTENT) -> int:
    """Write the shipped entries; the number of rows changed. Entries edited by staff are left alone."""
    topics = await asyncio.to_thread(read_topics, folder)
    rows = {entry.code: row_of(topic.topic, entry) for topic in topics for entry in topic.entries}
    changed = 0
    async with in_transaction():
        kept = {entry.code: entry for entry in await Entry.all()}
        for code, row in rows.items():
            changed += await _write(kept.get(code), code, row)
        changed += await _retire(entry for code, entry in kept.items() if code not in rows)
        if changed:
            await audit.record(ctx, "knowledge.seeded", "knowledge:entries", changed=changed)
    return changed


async def _write(kept: Entry | None, code: str, row: dict[str, Any]) -> bool:
    mark = fingerprint(row)
    if kept is None:
        await Entry.create(code=code, fingerprint=mark, **row)
        return True
    if kept.fingerprint == mark or _edited(kept):
        return False
    await kept.update_from_dict(
        {**row, "fingerprint": mark, "version": kept.version + 1, "status": EntryStatus.PUBLISHED}
    ).save()
    return True


async def _retire(gone: Iterable[Entry]) -> int:
    """Entries that are no longer shipped, and that nobody has made their own."""
    retired = 0
    for entry in gone:
        if entry.fingerprint and entry.status is not EntryStatus.RETIRED and not _edited(entry):
            entry.status, entry.version = EntryStatus.RETIRED, entry.version + 1
            await entry.save(update_fields=["status", "version"])
            retired += 1
    return retired


def _edited(entry: Entry) -> bool:
    return entry.fingerprint != fingerprint(columns(entry))


def columns(entry: Entry) -> dict[str, Any]:
    """The content of a row: the columns that the seed writes."""
    return {name: getattr(entry, name) for name in SEEDED}


async def load_engine(ctx: Context) -> Engine:
    """An engine over the published entries, built off the event loop."""
    texts = frozenset(await Article.all().values_list("regulation__short", "number"))
    facts = [fact async for fact in _published(texts)]
    before = ctx.answering.engine  # What it has read already isn't read again.
    return await asyncio.to_thread(lambda: Engine.build(facts, read_words(), before))


async def _published(texts: Container[tuple[str, int]]) -> AsyncIterator[Fact]:
    """The published entries by their codes, some at a time: all their columns at once take twice the room."""
    rows = Entry.filter(status=EntryStatus.PUBLISHED).order_by("code").limit(READ_AT_ONCE)
    last = ""
    while some := await rows.filter(code__gt=last).values(*COLUMNS):
        for row in some:
            yield fact_of(row, texts)
        last = some[-1]["code"]


def build(rows: Iterable[Mapping[str, Any]]) -> Engine:
    """An engine over entries' columns."""
    return Engine.build(map(fact_of, rows), read_words())


def shipped_engine() -> Engine:
    """An engine over the entries that come with the service, without a database."""
    return Engine.build(written_facts(), read_words())


async def refresh(ctx: Context) -> Engine:
    """The engine, made anew if entries changed; looks at most once in `FRESH_FOR_SECONDS`."""
    held = ctx.answering
    now = ctx.now()
    if held.checked_at is not None and abs((now - held.checked_at).total_seconds()) < FRESH_FOR_SECONDS:
        return held.engine
    # Set before the first await: others go on with the engine there is while one looks.
    held.checked_at = now
    if (stamp := await _stamp()) != held.stamp:
        held.engine, held.stamp = await load_engine(ctx), stamp
        # What is kept for good needn't be looked through by every collection: those pauses are long.
        gc.freeze()
        asyncio.get_running_loop().call_later(GONE_AFTER_SECONDS, memory.give_back)
    return held.engine


@asynccontextmanager
async def kept_fresh(ctx: Context) -> AsyncIterator[None]:
    """Load the engine, and look after it until the end, so that who asks it never waits for a database."""
    await _refresh_if_possible(ctx)
    looking = asyncio.create_task(_look_after(ctx))
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _look_after(ctx: Context) -> None:
    while True:
        await asyncio.sleep(LOOKS_EVERY_SECONDS)
        await _refresh_if_possible(ctx)


async def _refresh_if_possible(ctx: Context) -> None:
    """A database that is away, or has no tables yet (`migrate` opens those), leaves the engine as it is."""
    try:
        await refresh(ctx)
    except (BaseORMException, OSError) as error:
        log.warning("knowledge.not_refreshed reason=%s", type(error).__name__)


async def _stamp() -> tuple[int, ...]:
    """Changes whenever an entry or a rule's text is added, edited (its version grows) or taken away."""
    stamp: list[int] = []
    for rows in (Entry.all(), Regulation.all()):
        sums = rows.annotate(rows=Count("id"), last=Max("id"), edits=Sum("version"))
        found = (await sums.values("rows", "last", "edits"))[0]
        stamp += [int(found[name] or 0) for name in ("rows", "last", "edits")]
    return tuple(stamp)
