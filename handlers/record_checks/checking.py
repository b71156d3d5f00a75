"""Checking a record: its shape, then what must not be missing, then every validation of its template."""

from collections.abc import Iterator, Mapping
from typing import Any

from handlers.record_checks import (  # noqa: F401 (each enters its validations into the table)
    admission,
    basics,
    conduct,
    dues,
    elections,
    meetings,
    membership,
    party_life,
)
from handlers.record_checks.conditions import CONDITIONS
from handlers.record_checks.facts import Facts, Problem
from handlers.record_checks.validations import (
    COMPUTATIONS,
    VALIDATIONS,
    Level,
    Record,
    Validation,
    options_in,
)
from handlers.record_values import BadValue, plain, read
from handlers.template_content import Field, Kind, Required, Template

UNITS = {Kind.LINE: "字", Kind.TEXT: "字", Kind.ROWS: "项", Kind.PEOPLE: "人", Kind.PAPERS: "份"}
MISSING, VALUE = "missing", "value"


def compute(template: Template, values: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """What is worked out of a record, as it stands in JSON. What can't be known yet is left out.

    It stands in the place of what somebody typed: all of the template's computed fields, and a due that
    follows from the kind of payer.
    """
    record, _ = _record(template, values, facts)
    keys = [one.field for one in COMPUTATIONS if one.template == template.code]
    return {key: plain(record[key]) for key in keys if record[key] is not None}


def check(template: Template, values: Mapping[str, Any], facts: Facts) -> list[Problem]:
    """Everything that is to be said about a record; what blocks stands first.

    A draft may be kept with problems of the code `missing`; a record may be handed in with warnings.
    """
    record, problems = _record(template, values, facts)
    broken = {problem.field.split(".")[0] for problem in problems}
    problems += [problem for field in template.fields for problem in _shape(record, field)]
    for one in VALIDATIONS:
        if one.template == template.code and not broken & {one.field, *one.needs}:
            problems += _judge(record, one)
    return sorted(problems, key=lambda problem: problem.level != "block")


def _record(template: Template, values: Mapping[str, Any], facts: Facts) -> tuple[Record, list[Problem]]:
    """The record with its computed fields, and what couldn't be read."""
    found: dict[str, Any] = {}
    problems = [
        Problem(key, "block", f"这个模板没有 {key} 这个栏目，请去掉", "", VALUE)
        for key in sorted(set(values) - {field.key for field in template.fields})
    ]
    for field in template.fields:
        if field.computed:
            continue
        try:
            found[field.key] = read(field, values.get(field.key), options_in(facts))
        except BadValue as bad:
            place = f"{field.key}.{bad.place}" if bad.place else field.key
            problems.append(Problem(place, "block", f"{field.label}：{bad.sentence}。", field.rule, VALUE))
    record = Record(template, found, facts)
    for one in COMPUTATIONS:
        if one.template == template.code:
            worked = one.work(record)
            if worked is not None or template.field(one.field).computed:
                found[one.field] = worked
    return record, problems


def _judge(record: Record, one: Validation) -> Iterator[Problem]:
    if record.has(*one.needs) and (sentence := one.judge(record)):
        rule = one.rule or record.template.field(one.field).rule
        yield Problem(one.field, one.level, sentence, rule, one.code)


def is_due(record: Record, field: Field) -> bool:
    """Whether the field must be filled in."""
    if field.required is Required.CONDITIONAL:
        return CONDITIONS[field.when](record)
    return field.required is Required.ALWAYS


def _shape(record: Record, field: Field) -> Iterator[Problem]:
    value = record[field.key]
    if value is None:
        if is_due(record, field) and not field.computed:
            said = f"请填写“{field.label}”" + (f"（{field.condition}）。" if field.condition else "。")
            yield Problem(field.key, "block", said, field.rule, MISSING)
        return
    yield from _bounds(field, value, field.key, field.rule)
    rows = value if field.kind is Kind.ROWS else [value] if field.kind is Kind.GROUP else []
    for number, row in enumerate(rows, start=1):
        at = f"第{number}行" if field.kind is Kind.ROWS else ""
        for column in field.columns:
            place = f"{field.key}.{number}.{column.key}" if at else f"{field.key}.{column.key}"
            if row.get(column.key) is not None:
                yield from _bounds(column, row[column.key], place, field.rule)
            elif column.required is Required.ALWAYS and not field.computed:
                said = f"请填写“{field.label}”{at}的“{column.label}”。"
                yield Problem(place, "block", said, field.rule, MISSING)
    yield from _people(record, field, value)
    yield from _references(record, field, value)


def _bounds(field: Field, value: Any, place: str, rule: str) -> Iterator[Problem]:
    size = value if isinstance(value, int) else len(value) if hasattr(value, "__len__") else None
    if size is None or isinstance(value, bool) or field.kind in (Kind.PERSON, Kind.GROUP):
        return
    unit = field.unit or UNITS.get(field.kind, "")
    if field.least is not None and size < field.least:
        # How long a text ought to be is no central rule.
        level: Level = "warn" if isinstance(value, str) else "block"
        said = f"“{field.label}”不能少于{field.least}{unit}，现在是{size}{unit}。"
        yield Problem(place, level, said, rule, "least")
    if field.most is not None and size > field.most:
        yield Problem(
            place, "block", f"“{field.label}”不能多于{field.most}{unit}，现在是{size}{unit}。", rule, "most"
        )


def _people(record: Record, field: Field, value: Any) -> Iterator[Problem]:
    for person in _named(field, value, (Kind.PERSON, Kind.PEOPLE)):
        if isinstance(person, int) and person not in record.facts.members:
            yield Problem(
                field.key, "block", f"“{field.label}”里有人不在本支部名册上，请重新选。", "", "not_on_roster"
            )
            return


def _references(record: Record, field: Field, value: Any) -> Iterator[Problem]:
    for one, codes in _referred(field, value):
        found = record.facts.find(one)
        if found is None or found.template not in codes or found.id == record.facts.record_id:
            said = f"“{field.label}”引用的记录没有找到，请在{'、'.join(codes)}的记录里选。"
            yield Problem(field.key, "block", said, field.rule, "no_such_record")
            return


def _named(field: Field, value: Any, kinds: tuple[Kind, ...]) -> Iterator[Any]:
    if field.kind in kinds and value is not None:
        yield from value if isinstance(value, list) else [value]
    rows = value if field.kind is Kind.ROWS else [value] if field.kind is Kind.GROUP else []
    for row in rows or ():
        for column in field.columns:
            yield from _named(column, row.get(column.key), kinds)


def _referred(field: Field, value: Any) -> Iterator[tuple[int, tuple[str, ...]]]:
    for one in _named(field, value, (Kind.RECORD, Kind.RECORDS)):
        yield one, field.refers or next(column.refers for column in field.columns if column.refers)
