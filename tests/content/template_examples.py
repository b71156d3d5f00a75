"""The examples of the record templates: one that is right for each, and one for each way to be wrong."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from handlers.record_checks import Entry, Facts, Member
from handlers.record_checks.validations import MEETINGS

FOLDER = Path(__file__).parent / "templates"
MOMENTS = ("now", "entered_at")
SETS = ("elsewhere", "parents", "sites")


@dataclass(frozen=True)
class Example:
    """A record that is right, or is wrong in the ways that `codes` name."""

    template: str
    name: str
    values: dict[str, Any]
    facts: Facts
    codes: frozenset[str] = frozenset()
    computed: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The validation that it is made for."""
        return self.name.split(":")[1]

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=1)
def valid() -> dict[str, Example]:
    """The right one of each template."""
    return {
        code: Example(
            code,
            f"{code}:right",
            copy.deepcopy(one["valid"]),
            branch(one),
            computed=one.get("computed", {}),
        )
        for code, one in _all().items()
    }


@lru_cache(maxsize=1)
def broken() -> list[Example]:
    """Every wrong one."""
    shared = _yaml("meetings.yaml")
    found = []
    for code, one in _all().items():
        everything = dict(one["broken"])
        if code in MEETINGS:
            laid = {name: how for name, how in shared.items() if code in how.get("only", MEETINGS)}
            everything = laid | everything
        found += [_broken(code, one, name, how) for name, how in everything.items()]
    return found


def _broken(code: str, one: dict[str, Any], name: str, how: dict[str, Any]) -> Example:
    values = copy.deepcopy(one["valid"])
    if how.get("only_stages"):
        values = {key: values[key] for key in ("person_id", "apply", "talk") if key in values}
    for path, value in how.get("set", {}).items():
        put(values, path.split("."), value)
    main = how.get("code", name)
    beside = [other for other in how.get("and", ()) if other in _codes(code)]
    return Example(code, f"{code}:{main}:{name}", values, branch(one, how), frozenset({main, *beside}))


def _codes(template: str) -> set[str]:
    from handlers.record_checks.validations import VALIDATIONS

    return {one.code for one in VALIDATIONS if one.template == template}


def put(values: Any, path: list[str], value: Any) -> None:
    """Set a value at a place; rows are counted from 1, and nothing at a row takes it out."""
    for key in path[:-1]:
        values = values[int(key) - 1] if isinstance(values, list) else values.setdefault(key, {})
    last = path[-1]
    if not isinstance(values, list):
        values[last] = value
    elif value is None:
        del values[int(last) - 1]
    else:
        values[int(last) - 1 : int(last)] = [value]


def branch(one: Mapping[str, Any], how: Mapping[str, Any] | None = None) -> Facts:
    """The branch of the examples, with what one template's examples and one example change in it."""
    how = how or {}
    base = _yaml("branch.yaml")
    people = {
        number: dict(person) | how.get("members", {}).get(number, {})
        for number, person in base["members"].items()
    }
    rows = [*base["records"], *one.get("records", ()), *how.get("add", ())]
    entries = [_entry(row) for row in rows if row["id"] not in one.get("without", ())]
    told = {"now": base["now"], "scope": base["scope"], "sites": base["sites"]}
    told |= one.get("facts", {}) | how.get("facts", {})
    return Facts(
        members={number: Member(id=number, **person) for number, person in people.items()},
        records={
            code: tuple(e for e in entries if e.template == code) for code in {e.template for e in entries}
        },
        **{key: _fact(key, value) for key, value in told.items()},
    )


def _fact(key: str, value: Any) -> Any:
    if key in MOMENTS:
        return datetime.fromisoformat(value)
    return frozenset(value) if key in SETS else value


def _entry(row: dict[str, Any]) -> Entry:
    on = row["on"] if isinstance(row["on"], date) else date.fromisoformat(row["on"])
    return Entry(row["id"], row["template"], on, row["values"], row.get("person_id"))


@lru_cache(maxsize=1)
def _all() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(FOLDER.glob("T*.yaml")):
        found |= _yaml(path.name)
    return found


@lru_cache(maxsize=32)
def _yaml(name: str) -> Any:
    return yaml.load((FOLDER / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
