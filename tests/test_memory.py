"""What a process doesn't hold: libraries it has no use for, and comparisons that no field has a use for."""

import subprocess
import sys

from tortoise.models import Model

import models

UNUSED = ("asyncpg", "fakeredis", "requests", "simulator")
"""On SQLite, with a Redis server."""
TEXTS, TIMES = {"icontains", "posix_regex"}, {"year", "microsecond"}


def test_a_process_loads_no_library_that_it_has_no_use_for() -> None:
    script = f"import main, sys; print([name for name in {UNUSED} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def compared(model: type[Model], field: str) -> set[str]:
    """How a field can be compared, beside being the same."""
    return {name.rpartition("__")[2] for name in model._meta._filters if name.startswith(f"{field}__")}


def test_a_field_is_compared_in_ways_that_make_sense_for_it() -> None:
    assert compared(models.Entry, "question") >= TEXTS | {"in", "not", "startswith"}
    assert not compared(models.Entry, "question") & TIMES
    assert compared(models.Entry, "status") >= TEXTS
    assert compared(models.Entry, "in_force_from") >= TIMES | {"lte", "range"}
    assert not compared(models.Entry, "in_force_from") & TEXTS
    assert compared(models.Entry, "version") >= {"in", "gt", "isnull"}
    assert not compared(models.Entry, "version") & (TEXTS | TIMES)
    assert compared(models.Entry, "askings") >= {"contains"}
