"""When a record is of, and what makes two of them the same: read out of its values. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from handlers.audit import canonical
from handlers.template_content import Template

LATE_AFTER = 7
"""A meeting entered later than this after it is marked 补录 (handbook, X15)."""
NATURAL: Mapping[str, tuple[str, ...]] = {
    "T03": ("id_no",),
    "T04": ("name",),
    "T13": ("member_id", "year"),
    "T14": ("year",),
    "T19": ("year",),
    "T22": ("person_id",),
    "T23": ("year",),
}
"""What there is one record of: a second one would be the same again."""


def day_of(template: Template, values: Mapping[str, Any], zone: ZoneInfo) -> date | None:
    """The day of what is recorded; None where it isn't said yet."""
    value = values.get(template.day) if template.day else None
    if isinstance(value, Mapping):
        value = value.get("from")
    if not isinstance(value, str):
        return None
    try:
        if len(value) == 10:
            return date.fromisoformat(value)
        return datetime.fromisoformat(value).astimezone(zone).date()
    except ValueError:
        return None


def year_of(values: Mapping[str, Any], held_on: date | None, today: date) -> int:
    """The year a record belongs to: the one it names, else that of its day, else this one."""
    year = values.get("year") or values.get("period")
    if isinstance(year, Mapping):
        year = year.get("year")
    if isinstance(year, int) and not isinstance(year, bool) and 1900 <= year <= 2100:
        return year
    return (held_on or today).year


def period_of(template: Template, values: Mapping[str, Any], held_on: date | None, today: date) -> str:
    """The period as it is listed: a month (2026-11), or a year."""
    if isinstance(month := values.get("month"), str) and month:
        return month[:7]
    if template.day and held_on is not None and "year" not in values:
        return f"{held_on:%Y-%m}"
    return str(year_of(values, held_on, today))


def is_late(template: Template, held_on: date | None, entered_on: date, *, after: int = LATE_AFTER) -> bool:
    """Whether a meeting was entered more than so many days after it (补录)."""
    return template.meeting and held_on is not None and (entered_on - held_on).days > after


def natural_key(template: Template, values: Mapping[str, Any]) -> bytes | None:
    """What this record is the only one of, in bytes; None where several may be, or it isn't said yet."""
    keys = NATURAL.get(template.code)
    if keys is None or any(values.get(key) in (None, "") for key in keys):
        return None
    return canonical([template.code, *(values[key] for key in keys)])


def whole_key(template: Template, values: Mapping[str, Any]) -> bytes:
    """All of a row, in bytes: a list that is read in twice has each row once."""
    return canonical([template.code, hashlib.sha256(canonical(dict(values))).hexdigest()])
