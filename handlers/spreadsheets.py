"""Sheets for officers: one table, its sums as formulas, and beside each what our books say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, its width in characters, and what our books say its sum is, if it has one."""

    heading: str
    width: int = 12
    total: int | None = None


class Sheet(NamedTuple):
    """One more sheet of a file."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]


def write(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]], more: Sequence[Sheet] = ()
) -> bytes:
    """An Excel file. Below the rows: the sums as formulas, the books' own sums, and whether they agree."""
    from handlers import workbooks  # With Excel's library, which no server needs in its memory before.

    return workbooks.write(Sheet(title, columns, rows), *more)
