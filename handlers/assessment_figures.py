"""Figures of a cycle: by town and item, and how far two assessors agree. Counted by the database.

Branches are figures here, never persons; lists are in the order of codes, never of marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tortoise import connections

from handlers.accounts import require_person
from handlers.assessment_access import officer_paths
from handlers.assessment_content import kept_book
from handlers.context import Context
from handlers.cycles import find
from handlers.errors import NotAllowed
from models import Cycle, Organization
from models.organizations import SEGMENT

TOWN = 2 * SEGMENT
"""Characters of a committee's path right below the district."""
BY_TOWN = """
SELECT substr(o.path, 1, {town}) AS path, a.sheet AS sheet, m.item AS item, COUNT(*) AS branches,
       SUM(CASE WHEN m.deducted > 0 THEN 1 ELSE 0 END) AS with_finding,
       SUM(m.deducted) AS deducted, MAX(m.worth) AS worth
FROM assessment_item_marks m
JOIN assessments a ON a.id = m.assessment_id
JOIN organizations o ON o.id = a.branch_id
WHERE a.cycle_id = {one} AND ({below})
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
STAGES = """
SELECT substr(o.path, 1, {town}) AS path, a.stage AS stage, COUNT(*) AS branches,
       SUM(CASE WHEN a.mark IS NULL THEN 0 ELSE 1 END) AS marked, SUM(COALESCE(a.mark, 0)) AS marks
FROM assessments a JOIN organizations o ON o.id = a.branch_id
WHERE a.cycle_id = {one} AND ({below})
GROUP BY 1, 2 ORDER BY 1, 2
"""
COMPARED = """COUNT(*) AS items,
       SUM(CASE WHEN {x} = {y} THEN 1 ELSE 0 END) AS same,
       SUM(CASE WHEN ({x} > 0) = ({y} > 0) THEN 1 ELSE 0 END) AS both_or_neither,
       SUM(CASE WHEN {x} > 0 THEN 1 ELSE 0 END) AS first_found,
       SUM(CASE WHEN {y} > 0 THEN 1 ELSE 0 END) AS second_found,
       SUM({x}) AS first_sum, SUM({y}) AS second_sum"""
"""What two marks of an item come to, over items."""
JOINED = """
SELECT a.id AS assessment, {compared}
FROM assessments a
JOIN organizations o ON o.id = a.branch_id
JOIN assessment_assessor_marks x ON x.assessment_id = a.id AND x.assessor_id = a.assessor_id
JOIN assessment_assessor_marks y
  ON y.assessment_id = a.id AND y.assessor_id = a.other_id AND y.item = x.item
WHERE a.cycle_id = {one} AND a.stage NOT IN ('planned', 'assessing') AND ({below})
GROUP BY a.id ORDER BY a.id
"""
GROUPED = """
SELECT p.assessment AS assessment, {compared}
FROM (
    SELECT m.assessment_id AS assessment, m.item AS item,
           MAX(CASE WHEN m.assessor_id = a.assessor_id THEN m.deducted END) AS x,
           MAX(CASE WHEN m.assessor_id = a.other_id THEN m.deducted END) AS y
    FROM assessments a
    JOIN organizations o ON o.id = a.branch_id
    JOIN assessment_assessor_marks m ON m.assessment_id = a.id
    WHERE a.cycle_id = {one} AND a.stage NOT IN ('planned', 'assessing') AND ({below})
    GROUP BY m.assessment_id, m.item
) p
WHERE p.x IS NOT NULL AND p.y IS NOT NULL
GROUP BY p.assessment ORDER BY p.assessment
"""
BOTH = {"sqlite": (JOINED, "x.deducted", "y.deducted"), "postgres": (GROUPED, "p.x", "p.y")}
"""Both marks of an item laid beside each other, and what they are called there, by dialect. SQLite joins them
by their unique index, at half the cost of grouping; PostgreSQL groups them: its plan for a join that it has
seen five times takes four times as long."""


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """One item in one town: how many branches were looked at, how many lost something, how much together."""

    sheet: str
    item: str
    branches: int
    with_finding: int
    deducted: int
    worth: int


@dataclass(frozen=True, slots=True)
class TownFigures:
    """A town: how many branches stand at which stage, the middle of their marks, and its items.

    `mean` is in tenths, rounded half up; null where fewer branches are marked than may be shown.
    """

    organization: Organization
    stages: dict[str, int]
    marked: int
    mean: int | None
    items: list[ItemFigures]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two assessors agree, over some branches.

    `same` of `items` were equal; `mean_apart` is the mean difference of their totals in tenths; `kappa` is
    Cohen's, of whether an item lost anything at all, in thousandths; null where chance alone explains it.
    """

    branches: int
    items: int
    same: int
    mean_apart: int | None
    kappa: int | None
    far_apart: int


async def by_town(ctx: Context, *, cycle_id: int) -> list[TownFigures]:
    """A cycle's figures, a line a town, in the order of codes; for the officers whom it concerns.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    cycle, paths = await _reached(ctx, cycle_id)
    items = await _ask(BY_TOWN, cycle.id, paths)
    stages = await _ask(STAGES, cycle.id, paths)
    tops = sorted({str(row["path"]) for row in stages})
    towns = await Organization.filter(path__in=tops).order_by("code")
    least = kept_book(cycle.book).terms.least_counted
    return [_town(town, items, stages, least) for town in towns]


def _town(
    town: Organization, items: Sequence[dict[str, Any]], stages: Sequence[dict[str, Any]], least: int
) -> TownFigures:
    here = [row for row in stages if row["path"] == town.path]
    marked, marks = sum(int(row["marked"]) for row in here), sum(int(row["marks"]) for row in here)
    numbers = ("branches", "with_finding", "deducted", "worth")
    figures = [
        ItemFigures(str(row["sheet"]), str(row["item"]), *(int(row[name]) for name in numbers))
        for row in items
        if row["path"] == town.path
    ]
    return TownFigures(
        town, {str(row["stage"]): int(row["branches"]) for row in here}, marked,
        rounded(marks, marked) if marked >= least else None, figures,
    )  # fmt: skip


async def agreement(
    ctx: Context, *, cycle_id: int, below: Organization | None = None
) -> tuple[Agreement, dict[int, Agreement]]:
    """How far the assessors of a cycle agree: over all (or all `below`), and assessment by assessment.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    cycle, paths = await _reached(ctx, cycle_id)
    if below is not None:
        if not any(below.path.startswith(path) for path in paths):
            raise NotAllowed
        paths = (below.path,)
    sql, x, y = BOTH[_dialect()]
    rows = await _ask(sql, cycle.id, paths, compared=COMPARED.format(x=x, y=y))
    most = kept_book(cycle.book).terms.most_apart
    return agreed(rows, most), {int(row["assessment"]): agreed([row], most) for row in rows}


def agreed(rows: Sequence[dict[str, Any]], most_apart: int) -> Agreement:
    """The agreement over rows of `BOTH`. Pure."""
    sums = {name: sum(int(row[name]) for row in rows) for name in COUNTED}
    apart = [abs(int(row["first_sum"]) - int(row["second_sum"])) for row in rows]
    return Agreement(
        branches=len(rows), items=sums["items"], same=sums["same"],
        mean_apart=rounded(sum(apart), len(apart)) if apart else None,
        kappa=kappa(sums["items"], sums["both_or_neither"], sums["first_found"], sums["second_found"]),
        far_apart=sum(one > most_apart for one in apart),
    )  # fmt: skip


COUNTED = ("items", "same", "both_or_neither", "first_found", "second_found")


def kappa(items: int, agree: int, first: int, second: int) -> int | None:
    """Cohen's kappa of two yes-or-no judges, in thousandths; None where chance would agree always. Pure.

    `agree` items were judged alike; the judges said yes to `first` and `second` of them.
    """
    by_chance = first * second + (items - first) * (items - second)
    if not items or by_chance == items * items:
        return None
    return round(1000 * (agree * items - by_chance) / (items * items - by_chance))


def rounded(amount: int, among: int) -> int:
    """A mean of whole numbers, rounded half up. Pure."""
    return (2 * amount + among) // (2 * among)


async def _reached(ctx: Context, cycle_id: int) -> tuple[Cycle, tuple[str, ...]]:
    await require_person(ctx)
    cycle, paths = await find(ctx, cycle_id), await officer_paths(ctx)
    if not paths:
        raise NotAllowed
    return cycle, paths


def _dialect() -> str:
    (connection,) = connections.all()
    return str(connection.capabilities.dialect)


async def _ask(sql: str, cycle_id: int, paths: Sequence[str], **more: str) -> list[dict[str, Any]]:
    """Rows of a statement about a cycle, of the organizations below these paths."""
    (connection,) = connections.all()
    is_sqlite = _dialect() == "sqlite"
    first, *others = ("?" if is_sqlite else f"${at}" for at in range(1, len(paths) + 2))
    below = " OR ".join(f"o.path LIKE {mark}" for mark in others)
    filled = sql.format(town=TOWN, one=first, below=below, **more)
    rows = await connection.execute_query_dict(filled, [cycle_id, *(f"{path}%" for path in paths)])
    return [dict(row) for row in rows]
