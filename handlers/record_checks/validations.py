"""The table of all validations and computations, each beside the template and field it belongs to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from handlers.record_checks.facts import Entry, Facts
from handlers.record_values import BadValue, read
from handlers.template_content import Field, Template, handbook

Level = Literal["block", "warn"]
BLOCK: Level = "block"
WARN: Level = "warn"
MEETINGS = ("T05", "T06", "T07", "T08", "T09", "T10")


@dataclass(frozen=True)
class Record:
    """The record under check: its template, its values as Python holds them, and what the branch knows."""

    template: Template
    values: Mapping[str, Any]
    facts: Facts

    def __getitem__(self, key: str) -> Any:
        """The value, or None."""
        return self.values.get(key)

    def has(self, *keys: str) -> bool:
        """Whether all of these were filled in."""
        return all(self.values.get(key) is not None for key in keys)

    def name(self, person: Any) -> str:
        """What to call somebody."""
        known = self.facts.members.get(person)
        return known.name if known else str(person)

    @cached_property
    def day(self) -> date | None:
        """The day of a meeting, in the zone of `facts.now`."""
        held = self["held_at"]
        start = held and held.get("from")
        return start.astimezone(self.facts.now.tzinfo).date() if start else None


Judge = Callable[[Record], str | None]
"""The sentence to be said, or None."""


@dataclass(frozen=True)
class Validation:
    """One validation of one field. It runs when the field and what it `needs` were filled in."""

    template: str
    field: str
    code: str
    level: Level
    judge: Judge
    needs: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True)
class Computation:
    """How one computed field comes about; None where it can't be known yet."""

    template: str
    field: str
    work: Callable[[Record], Any]


VALIDATIONS: list[Validation] = []
COMPUTATIONS: list[Computation] = []


def validation(
    templates: str | Sequence[str],
    field: str,
    level: Level,
    *,
    needs: tuple[str, ...] | None = None,
    rule: str = "",
) -> Callable[[Judge], Judge]:
    """Enter a judge into the table, its name as the code. `needs` defaults to the field itself."""

    def enter(judge: Judge) -> Judge:
        for template in [templates] if isinstance(templates, str) else templates:
            entry = Validation(
                template, field, judge.__name__, level, judge, (field,) if needs is None else needs, rule
            )
            VALIDATIONS.append(entry)
        return judge

    return enter


def computation(template: str, field: str) -> Callable[[Callable[[Record], Any]], Callable[[Record], Any]]:
    """Enter a computation into the table. They run in the order in which they were entered."""

    def enter(work: Callable[[Record], Any]) -> Callable[[Record], Any]:
        COMPUTATIONS.append(Computation(template, field, work))
        return work

    return enter


def options_of(field: Field, facts: Facts) -> tuple[str, ...]:
    """What may be chosen: the field's own options, or the district's."""
    return tuple(getattr(facts.district, field.options_from)) if field.options_from else field.options


def values_of(entry: Entry) -> dict[str, Any]:
    """Another record's values as Python holds them; what can't be read counts as not filled in."""
    template = handbook().templates[entry.template]
    found = {}
    for field in template.fields:
        try:
            found[field.key] = read(field, entry.values.get(field.key), ())
        except BadValue:
            raw = entry.values.get(field.key)
            found[field.key] = raw if field.options_from else None
    return found
