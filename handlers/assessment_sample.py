"""What is looked at in a branch: drawn by the cycle's secret seed, so that nobody knows it beforehand.

Who knows the seed can draw again and see that it was no choice of anybody's. Pure but for the roster.
"""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from handlers.assessment_content import Terms
from models import Cycle, Organization, Person

QUARTERLY = frozenset({"党员大会"})
WHERE_THERE_IS_ONE = frozenset({"发展党员"})


def draw(seed: str, subject: str, choices: Sequence[Any], count: int) -> list[Any]:
    """`count` of the choices, in their order; all where there are no more."""
    by_chance = sorted(range(len(choices)), key=lambda at: _digest(f"{seed}|{subject}|{choices[at]}"))
    return [choices[at] for at in sorted(by_chance[:count])]


def percent(seed: str, subject: str) -> int:
    """A number from 0 to 99 that belongs to a subject."""
    return int(_digest(f"{seed}|{subject}")[:12], 16) % 100


def months(until: date, count: int) -> list[str]:
    """The last months, the oldest first: `2026年8月`."""
    last = until.year * 12 + until.month - 1
    return [f"{at // 12}年{at % 12 + 1}月" for at in range(last - count + 1, last + 1)]


def quarters(until: date, months_back: int) -> list[str]:
    """The quarters that those months touch."""
    last = until.year * 12 + until.month - 1
    touched = [(at // 12, at % 12 // 3 + 1) for at in range(last - months_back + 1, last + 1)]
    return [f"{year}年第{number}季度" for year, number in dict.fromkeys(touched)]


def records(terms: Terms, cycle: Cycle, code: str) -> dict[str, list[str]]:
    """Which records of a branch are looked at: kind → months or quarters."""
    back, until = terms.sample_months, cycle.records_until
    found = {}
    for kind, count in terms.branch_sample.items():
        if kind in WHERE_THERE_IS_ONE:
            found[kind] = [f"近{back}个月有的，抽{count}例"]
            continue
        choices = quarters(until, back) if kind in QUARTERLY else months(until, back)
        found[kind] = draw(cycle.seed, f"{code}|{kind}", choices, count)
    return found


async def interviewed(terms: Terms, cycle: Cycle, branch: Organization) -> list[int]:
    """Whom to talk with: ids on the roster, all where there are no more than are asked for."""
    ids = (
        await Person.filter(organization_id=branch.id, left_at=None)
        .order_by("id")
        .values_list("id", flat=True)
    )
    return draw(cycle.seed, f"{branch.code}|interview", list(ids), terms.interviews)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
