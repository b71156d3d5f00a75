"""What many asked and nobody knew: found together, answered once, and made into a draft entry."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.transactions import in_transaction

from handlers import entries, knowledge, questions
from handlers.access import Reach
from handlers.answering.clusters import clusters
from handlers.answering.engine import Engine
from handlers.context import Context
from handlers.entries import Wording
from handlers.errors import BadInput, NotFound, WrongState
from models import Entry, EntryDraft, EntryStatus, Question

CONSIDERED = 1000
"""Of the questions that wait, the latest; this bounds the time of finding clusters."""
LONGEST_ASKING = 120
MOST_ASKINGS = 40
NO_TOPIC = "未归类"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Questions that ask the same, the oldest first. `id` is that of the first one."""

    questions: tuple[Question, ...]

    @property
    def id(self) -> int:
        """The first question's."""
        return int(self.questions[0].id)

    @property
    def askings(self) -> list[str]:
        """The different wordings, the most usual first."""
        return [text for text, _ in Counter(question.text for question in self.questions).most_common()]

    @property
    def people(self) -> int:
        """How many identities asked; those that were withdrawn count as one."""
        return len({question.account_id for question in self.questions})

    @property
    def asked_at(self) -> tuple[datetime, datetime]:
        """The first time and the last time."""
        times = [question.asked_at for question in self.questions]
        return min(times), max(times)

    @property
    def answer(self) -> str | None:
        """The people's answer, if there is one."""
        return self.questions[0].answer


async def waiting(ctx: Context) -> list[Cluster]:
    """What waits for the caller's answer, what most asked first.

    Raises:
        NotAllowed: the caller is no officer.
    """
    return await _open(ctx, await questions.officer(ctx))


async def answer(
    ctx: Context,
    *,
    cluster_id: int,
    text: str,
    question_ids: Sequence[int] | None = None,
    draft: bool = False,
) -> Cluster:
    """One answer to a cluster, or to those of its questions that are named; every asker gets it once.

    `draft`: it becomes a draft entry as well.

    Raises:
        NotFound: no such cluster below the caller.
        WrongState: it has been answered.
        BadInput: a question that isn't in it.
    """
    text = questions.checked(text)
    cluster = await _find(ctx, await questions.officer(ctx), cluster_id)
    if cluster.answer is not None:
        raise WrongState
    known = [question.id for question in cluster.questions]
    if set(question_ids or ()) - set(known):
        raise BadInput(question_ids="有的问题不在这一组里，请刷新后再选")
    async with in_transaction():
        rows = await questions.answer_together(ctx, question_ids=question_ids or known, text=text)
        answered = Cluster(tuple(rows))
        if draft:
            await _draft(ctx, answered)
    return answered


async def make_draft(ctx: Context, *, cluster_id: int) -> EntryDraft:
    """A draft entry that asks what they asked; their wordings are its tests.

    Raises:
        NotFound: no such cluster below the caller.
        WrongState: it has been made already.
    """
    return await _draft(ctx, await _find(ctx, await questions.officer(ctx), cluster_id))


async def _draft(ctx: Context, cluster: Cluster) -> EntryDraft:
    engine = await knowledge.refresh(ctx)
    askings = tuple(
        dict.fromkeys(" ".join(text.split())[:LONGEST_ASKING] for text in cluster.askings[:MOST_ASKINGS])
    )
    topic = nearest_topic(engine, askings[0], await topics(), ctx)
    wording = Wording(topic, askings[0], cluster.answer or "", askings=askings, tests=askings)
    return await entries.propose_new(ctx, wording=wording)


async def topics() -> dict[str, str]:
    """The topic of every entry, by its code."""
    return {entry.code: entry.topic for entry in await Entry.all().only("code", "topic")}


def nearest_topic(engine: Engine, text: str, topics: dict[str, str], ctx: Context) -> str:
    """The topic of the entry that is nearest to a text, however far."""
    canonical = engine.canonical(text)
    matches, _ = engine.matches(canonical, engine.favour_for(canonical, None, ctx.now().date()))
    return topics.get(matches[0].fact.code, NO_TOPIC) if matches and matches[0].score else NO_TOPIC


async def _find(ctx: Context, reached: Reach, cluster_id: int) -> Cluster:
    together = questions.below(reached).filter(id__gte=cluster_id, cluster_id=cluster_id)
    if answered := await together.order_by("id"):
        return Cluster(tuple(answered))
    for cluster in await _open(ctx, reached):
        if any(question.id == cluster_id for question in cluster.questions):
            return cluster
    # Answered alone, or by somebody else while we looked.
    if await questions.below(reached).filter(id=cluster_id, answer__isnull=False).exists():
        raise WrongState
    raise NotFound


async def _open(ctx: Context, reached: Reach) -> list[Cluster]:
    engine = await knowledge.refresh(ctx)
    rows = await questions.waiting(reached).order_by("-asked_at", "-id").limit(CONSIDERED)
    known = Entry.filter(status=EntryStatus.PUBLISHED).order_by("code").values_list("question", flat=True)
    return await asyncio.to_thread(_grouped, engine, rows, [str(text) for text in await known])


def _grouped(engine: Engine, rows: Sequence[Question], known: Sequence[str]) -> list[Cluster]:
    by_id = {row.id: row for row in rows}
    texts = {row.id: engine.canonical(row.text) for row in rows}
    groups = clusters(texts, [engine.canonical(text) for text in known])
    return [Cluster(tuple(by_id[id_] for id_ in group)) for group in groups]
