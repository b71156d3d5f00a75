"""The table of all validations and computations, each beside the template and field it belongs to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal

from handlers.errors import StepRefused
from handlers.record_checks.facts import Entry, Facts
from handlers.record_values import BadValue, Options, any_word, read
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

    def inside(self, key: str, column: str) -> Any:
        """The value inside a group, or None."""
        return (self.values.get(key) or {}).get(column)

    def rows(self, key: str) -> Sequence[Mapping[str, Any]]:
        """A field's rows."""
        return self.values.get(key) or ()

    def name(self, person: Any) -> str:
        """What to call somebody."""
        known = self.facts.members.get(person)
        return known.name if known else str(person)

    def names(self, people: Iterable[Any]) -> str:
        """What to call several."""
        return "、".join(self.name(person) for person in people if person is not None)

    def not_full(self, *people: Any) -> str:
        """The names of those who aren't full members; empty when all are."""
        known = [self.facts.members.get(person) for person in people]
        return "、".join(one.name for one in known if one is not None and not one.is_full)

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


def options_in(facts: Facts) -> Options:
    """`options_of` for these facts."""
    return lambda field: options_of(field, facts)


def values_of(entry: Entry, facts: Facts) -> dict[str, Any]:
    """Another record's values as Python holds them; what can't be read counts as not filled in.

    It chose among the options of its own day, and those may have been others.
    """
    template = handbook().templates[entry.template]
    found = {}
    for field in template.fields:
        try:
            found[field.key] = read(field, entry.values.get(field.key), any_word)
        except BadValue:
            found[field.key] = None
    return found


def other(r: Record, record_id: Any) -> Record | None:
    """A record that this one refers to; None when it isn't there."""
    found = r.facts.find(record_id)
    return None if found is None else opened(r, found)


def opened(r: Record, entry: Entry) -> Record:
    """Another record of the branch, to be looked into like the one under check."""
    return Record(handbook().templates[entry.template], values_of(entry, r.facts), r.facts)


def say(day: date) -> str:
    """A day as people write it."""
    return f"{day.year}年{day.month}月{day.day}日"


def refused(reckoning: Callable[[], object]) -> str | None:
    """What a rehearsal's reckoning says against it: the same rule is reckoned in one place."""
    try:
        reckoning()
    except StepRefused as no:
        return str(no)
    return None
