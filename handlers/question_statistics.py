"""What is asked and what isn't known, by topic and ISO week, without people in it."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tortoise.functions import Count
from tortoise.queryset import QuerySet

from handlers import clusters, knowledge, questions
from handlers.access import Reach
from handlers.context import Context
from handlers.errors import BadInput
from handlers.workdays import midnight
from models import Question

SMALLEST_SHOWN = 3
"""A smaller count could be somebody's, and is not shown apart."""
WEEKS = 12
MOST_WEEKS = 53
OTHERS = "其他"
NOT_OURS = "不在范围"

Cell = tuple[int, int]
"""How many were asked, and how many of them had no useful answer."""


@dataclass(frozen=True, slots=True)
class WeekOfTopic:
    """One row. `unknown` is null where it is too small to be shown."""

    week: str
    topic: str
    asked: int
    unknown: int | None


async def by_topic_and_week(
    ctx: Context, *, since: date | None = None, until: date | None = None
) -> list[WeekOfTopic]:
    """The weeks that these days lie in, of the people below the caller; the last twelve by default.

    Raises:
        NotAllowed: the caller is no officer.
        BadInput: more than a year, or an end before its beginning.
    """
    reached = await questions.officer(ctx)
    until = until or ctx.now().date()
    since = since or until - timedelta(weeks=WEEKS - 1)
    monday, last = since - timedelta(days=since.weekday()), until - timedelta(days=until.weekday())
    if since > until or last - monday >= timedelta(weeks=MOST_WEEKS):
        raise BadInput(**{"from": "请选一年以内的时间，开始不晚于结束"})
    rows: list[WeekOfTopic] = []
    topics = await clusters.topics()
    while monday <= last:
        rows += shown(iso_week(monday), await _week(ctx, reached, monday, topics))
        monday += timedelta(weeks=1)
    return rows


def iso_week(day: date) -> str:
    """2026-11-20 → 2026-W47."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def shown(week: str, cells: Mapping[str, Cell]) -> list[WeekOfTopic]:
    """The rows of one week, most asked first; what is too small goes together, or isn't told at all."""
    large = {topic: cell for topic, cell in cells.items() if cell[0] >= SMALLEST_SHOWN}
    small = [cell for topic, cell in cells.items() if topic not in large]
    rest = (sum(asked for asked, _ in small), sum(unknown for _, unknown in small))
    order = sorted(large.items(), key=lambda item: (-item[1][0], item[0]))
    if rest[0] >= SMALLEST_SHOWN:
        order.append((OTHERS, rest))
    return [WeekOfTopic(week, topic, asked, _told(unknown)) for topic, (asked, unknown) in order]


def _told(count: int) -> int | None:
    return count if count == 0 or count >= SMALLEST_SHOWN else None


async def _week(ctx: Context, reached: Reach, monday: date, topics: dict[str, str]) -> dict[str, Cell]:
    begins = midnight(monday, ctx.settings.zone)
    ends = midnight(monday + timedelta(weeks=1), ctx.settings.zone)
    asked = questions.below(reached).filter(asked_at__gte=begins, asked_at__lt=ends)
    asked = asked.exclude(text__in=questions.FOLLOW_UPS)
    counted: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for row in await _counts(asked.exclude(entry_code=""), "entry_code"):
        topic = topics.get(row["entry_code"], clusters.NO_TOPIC)
        counted[topic] += row["times"]
        unknown[topic] += row["times"] if row["useful"] is False else 0
    loose = await _counts(asked.filter(entry_code=""), "text")
    for row, topic in zip(loose, await _nearest(ctx, loose, topics), strict=True):
        counted[topic] += row["times"]
        unknown[topic] += row["times"] if row["kind"] == "none" or row["useful"] is False else 0
    return {topic: (counted[topic], unknown[topic]) for topic in counted}


async def _counts(asked: QuerySet[Question], by: str) -> list[dict[str, Any]]:
    grouped = asked.annotate(times=Count("id")).group_by(by, "kind", "useful")
    return await grouped.values(by, "kind", "useful", "times")


async def _nearest(ctx: Context, rows: list[dict[str, Any]], topics: dict[str, str]) -> list[str]:
    """The topics of questions without an entry, as far as the nearest entry tells."""
    engine = await knowledge.refresh(ctx)

    def find() -> list[str]:
        return [
            NOT_OURS
            if row["kind"] == "declined"
            else clusters.nearest_topic(engine, row["text"], topics, ctx)
            for row in rows
        ]

    return await asyncio.to_thread(find)
