"""When a conditional field must be filled in: one predicate for each name that the templates use."""

from collections.abc import Callable, Mapping
from typing import Any

from handlers.record_checks.validations import Record

IMPORTANT = ("接收预备党员", "预备党员转正", "选举", "处分或组织处置", "其他重要事项")
"""Matters of a motion that the committee discusses first (支部条例第十二条)."""


def motions(record: Record) -> list[tuple[int, Mapping[str, Any]]]:
    """The agenda's motions, each with its number from 1."""
    rows = enumerate(record["agenda"] or (), start=1)
    return [(number, row) for number, row in rows if row.get("form") == "表决"]


def _in(key: str, *values: object) -> Callable[[Record], bool]:
    return lambda record: record[key] in values


def _columns(key: str, column: str) -> Callable[[Record], list[Any]]:
    return lambda record: [row.get(column) for row in record[key] or ()]


CONDITIONS: dict[str, Callable[[Record], bool]] = {
    "somebody_absent": lambda r: r.has("due_count", "present_count") and r["present_count"] < r["due_count"],
    "any_motion": lambda r: bool(motions(r)),
    "important_motion": lambda r: any(row.get("matter") in IMPORTANT for _, row in motions(r)),
}
"""Names in the templates' `when` → whether the field is due."""
