"""Comparisons of a field that make sense for its kind; to be imported before any model.

Tortoise notes thirty for every field of every table, such as the microsecond of a name and the letters of
a number: of our tables that is nine megabytes in every process.
"""

from typing import Any

import tortoise.models
from tortoise import filters
from tortoise.fields import CharField, DateField, DatetimeField, Field, TextField

OF_TEXT = (
    filters.contains,
    filters.starts_with,
    filters.ends_with,
    filters.search,
    filters.insensitive_exact,
    filters.insensitive_contains,
    filters.insensitive_starts_with,
    filters.insensitive_ends_with,
    filters.posix_regex,
    filters.insensitive_posix_regex,
)
OF_TIME = (
    filters.extract_year_equal,
    filters.extract_quarter_equal,
    filters.extract_month_equal,
    filters.extract_week_equal,
    filters.extract_day_equal,
    filters.extract_hour_equal,
    filters.extract_minute_equal,
    filters.extract_second_equal,
    filters.extract_microsecond_equal,
)


def fitting(
    field_name: str, field: Field[Any] | None, source_field: str
) -> dict[str, filters.FilterInfoDict]:
    """Tortoise's own, without those for texts of what is none, and those for times."""
    useless = (
        *(OF_TEXT if not isinstance(field, CharField | TextField) else ()),
        *(OF_TIME if not isinstance(field, DateField | DatetimeField) else ()),
    )
    every = filters.get_filters_for_field(field_name, field, source_field)
    return {name: how for name, how in every.items() if how["operator"] not in useless}


tortoise.models.get_filters_for_field = fitting  # type: ignore[attr-defined]
