"""Checking records: every validation has an example that only it finds, and no input ends in a traceback."""

import json
import os
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.record_checks import District, Entry, Problem, check, checking, compute
from handlers.record_checks.validations import COMPUTATIONS, VALIDATIONS
from handlers.record_values import LINE_MOST, TEXT_MOST
from handlers.template_content import Field, Kind, handbook
from tests.content import template_examples as examples
from tests.content.template_examples import Example

TEMPLATES = handbook().templates
EXAMPLES = int(os.environ.get("ZBT_RECORD_EXAMPLES", "8"))
"""Shaken records of each template."""


def problems(example: Example) -> list[Problem]:
    return check(TEMPLATES[example.template], example.values, example.facts)


@pytest.mark.parametrize("code", TEMPLATES)
def test_the_right_example_has_nothing_to_be_said_about(code: str) -> None:
    assert problems(examples.valid()[code]) == []


@pytest.mark.parametrize("code", TEMPLATES)
def test_what_is_worked_out_is_right(code: str) -> None:
    example = examples.valid()[code]
    worked = compute(TEMPLATES[code], example.values, example.facts)
    for key, value in example.computed.items():
        assert worked[key] == value, key


@pytest.mark.parametrize("example", examples.broken(), ids=str)
def test_a_broken_example_is_found_by_its_validation_and_no_other(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = problems(example)
    assert {problem.code for problem in found} == example.codes, found
    assert all(problem.message.endswith("。") for problem in found)
    rest = [one for one in VALIDATIONS if (one.template, one.code) != (example.template, example.code)]
    assert len(rest) == len(VALIDATIONS) - 1
    monkeypatch.setattr(checking, "VALIDATIONS", rest)
    assert {problem.code for problem in problems(example)} == example.codes - {example.code}, "taken out"


def test_every_validation_has_its_broken_example() -> None:
    broken = {(one.template, one.code) for one in examples.broken()}
    assert {(one.template, one.code) for one in VALIDATIONS} == broken


def required() -> list[tuple[str, str]]:
    """Each right example's fields that were due in it."""
    found = []
    for code, example in examples.valid().items():
        record, _ = checking._record(TEMPLATES[code], example.values, example.facts)
        due = [
            field for field in TEMPLATES[code].fields if checking.is_due(record, field) and not field.computed
        ]
        found += [(code, field.key) for field in due if field.key in example.values]
    return found


def test_what_is_due_and_left_out_is_missing() -> None:
    for code, key in required():
        example = examples.valid()[code]
        values = {name: value for name, value in example.values.items() if name != key}
        found = check(TEMPLATES[code], values, example.facts)
        # A due that is worked out needn't be typed.
        if (code, key) not in WORKED:
            assert key in {one.field for one in found if one.code == checking.MISSING}, (code, key)


WORKED = {(one.template, one.field) for one in COMPUTATIONS}
WRONG = {
    Kind.NUMBER: "十二", Kind.MONEY: "1.5", Kind.DECIMAL: "一", Kind.DAY: "2026-13-01", Kind.MONTH: "2026-13",
    Kind.MONTHS: ["2026-00"], Kind.YEAR: 26, Kind.YES: "也许", Kind.CHOICE: "别的", Kind.CHOICES: ["别的"],
    Kind.PERSON: "某人", Kind.PEOPLE: ["某人"], Kind.ORGANIZATION: "x", Kind.BOOKING: "x", Kind.RECORD: "x",
    Kind.RECORDS: ["x"], Kind.PAPERS: [3], Kind.GROUP: "x", Kind.ROWS: ["x"], Kind.LINE: 3, Kind.TEXT: "\x00",
}  # fmt: skip
FIELDS = [(code, field) for code, one in TEMPLATES.items() for field in one.fields if not field.computed]


@pytest.mark.parametrize("code", TEMPLATES)
def test_a_value_that_does_not_fit_is_told_at_its_field(code: str) -> None:
    example = examples.valid()[code]
    for field in [one for of, one in FIELDS if of == code]:
        wrong = "x" * 250 if field.outside else WRONG[field.kind]
        found = check(TEMPLATES[code], example.values | {field.key: wrong}, example.facts)
        told = [one for one in found if one.code == checking.VALUE]
        assert [one.field.split(".")[0] for one in told] == [field.key]
        assert told[0].level == "block"
        assert told[0].message.startswith(field.label)


@pytest.mark.parametrize("end", ["least", "most"])
def test_bounds_are_kept(end: str) -> None:
    tried = 0
    for code, field in FIELDS:
        example, bound = examples.valid()[code], getattr(field, end)
        if bound is None or (code, field.key) in WORKED:
            continue
        size = bound - 1 if end == "least" else bound + 1
        value = of_size(field, size, example.values.get(field.key))
        if value is None:
            continue
        tried += 1
        found = check(TEMPLATES[code], example.values | {field.key: value}, example.facts)
        assert end in {one.code for one in found if one.field == field.key}, (code, field.key, found)
    assert tried > 20


def of_size(field: Field, size: int, given: Any) -> Any:
    """A value of that size; None where there is none that can be read."""
    if field.kind in (Kind.NUMBER, Kind.MONEY):
        return size
    if size <= 0 or size > (LINE_MOST if field.kind is Kind.LINE else TEXT_MOST):
        return None
    if field.kind in (Kind.LINE, Kind.TEXT):
        return "字" * size
    return [f"文{n}" for n in range(size)] if field.kind is Kind.PAPERS else None


def test_a_person_or_record_of_another_branch_is_not_taken() -> None:
    example = examples.valid()["T05"]
    found = check(TEMPLATES["T05"], example.values | {"host_id": 999}, example.facts)
    assert "not_on_roster" in {one.code for one in found if one.field == "host_id"}
    wrong = example.values | {"pre_discussed": {"done": "已研究", "record": 501}}
    found = check(TEMPLATES["T05"], wrong, example.facts)
    assert {one.code for one in found} == {"no_such_record"}
    found = check(TEMPLATES["T05"], example.values | {"points": 3}, example.facts)
    assert [(one.field, one.code) for one in found] == [("points", "value")]


def test_what_somebody_types_into_a_computed_field_counts_for_nothing() -> None:
    example = examples.valid()["T05"]
    values = example.values | {
        "passed": [{"item": 2, "passed": True}],
        "quorum_ok": True,
        "present_voters": 4,
    }
    assert compute(TEMPLATES["T05"], values, example.facts)["quorum_ok"] is False
    garbage = example.values | {"quorum_ok": "也许", "passed": 3}
    assert check(TEMPLATES["T05"], garbage, example.facts) == []


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.text(max_size=12), st.floats(),
    st.sampled_from(["2026-11-20", "2026-11", "2026-11-20T09:00:00+08:00", "2026-11-20T09:00:00"]),
)  # fmt: skip


def shaken(field: Field) -> st.SearchStrategy[Any]:
    """Values that nearly fit."""
    fits: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.NUMBER: st.integers(-2, 40), Kind.MONEY: st.integers(-2, 10**7),
        Kind.YEAR: st.integers(2023, 2028),
        Kind.DECIMAL: st.decimals(-1, 120, places=1).map(str), Kind.YES: st.booleans(),
        Kind.DAY: st.dates(date(2024, 1, 1), date(2027, 12, 31)).map(str),
        Kind.MONTH: st.dates(date(2024, 1, 1), date(2027, 12, 31)).map(lambda day: str(day)[:7]),
        Kind.MOMENT: st.dates(date(2024, 1, 1), date(2027, 12, 31)).map(lambda day: f"{day}T09:00:00+08:00"),
        Kind.PERSON: st.integers(0, 12), Kind.PEOPLE: st.lists(st.integers(0, 12), max_size=4),
        Kind.RECORD: st.sampled_from([201, 401, 402, 501, 502, 503, 601, 1101, 1201]),
        Kind.RECORDS: st.lists(st.sampled_from([1101, 1102, 1201, 1202]), max_size=3),
        Kind.MONTHS: st.lists(st.sampled_from(["2026-01", "2026-02", "2025-12"]), max_size=3),
    }  # fmt: skip
    options = field.options or (getattr(District(), field.options_from) if field.options_from else ())
    if options:
        one = st.sampled_from(options)
        fits |= {Kind.CHOICE: one, Kind.CHOICES: st.lists(one, max_size=3)}
    if field.columns:
        inside = st.fixed_dictionaries({}, optional={one.key: shaken(one) for one in field.columns})
        fits |= {Kind.GROUP: inside, Kind.ROWS: st.lists(inside, max_size=3)}
    return st.one_of(fits.get(field.kind, st.text(max_size=60)), JUNK)


@pytest.mark.parametrize("code", TEMPLATES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_input_ends_in_a_traceback(code: str, data: st.DataObject) -> None:
    example = examples.valid()[code]
    fields = data.draw(
        st.lists(st.sampled_from(TEMPLATES[code].fields), max_size=5, unique_by=lambda f: f.key)
    )
    values = example.values | {field.key: data.draw(shaken(field)) for field in fields}
    told = check(TEMPLATES[code], values, example.facts)
    json.dumps(compute(TEMPLATES[code], values, example.facts))
    assert all(problem.level in ("block", "warn") and problem.message for problem in told)


@pytest.mark.parametrize(
    ("kind", "base", "rate", "due"),
    [
        *[("机关", 300_000, "0.5%", 1500), ("机关", 300_001, "1%", 3000), ("企业", 500_000, "1%", 5000)],
        *[
            ("事业", 500_001, "1.5%", 7500),
            ("年薪", 1_000_000, "1.5%", 15000),
            ("机关", 1_000_001, "2%", 20000),
        ],
        *[("离退休", 500_000, "0.5%", 2500), ("离退休", 500_001, "1%", 5000), ("机关", 333_350, "1%", 3334)],
        *[
            ("学生", None, None, 20),
            ("低保", None, None, 20),
            ("下岗失业", None, None, 20),
            ("农民", None, None, None),
        ],
    ],
)
def test_dues_follow_the_bands_to_the_fen(
    kind: str, base: int | None, rate: str | None, due: int | None
) -> None:
    example = examples.valid()["T18"]
    worked = compute(TEMPLATES["T18"], {"member_id": 1, "payer_kind": kind, "base": base}, example.facts)
    assert (worked.get("rate"), worked.get("due")) == (rate, due)


def test_the_district_rounds_as_it_says() -> None:
    facts = examples.valid()["T18"].facts
    values = {"payer_kind": "机关", "base": 333_350}
    sums = {}
    for way in ("half_up", "down", "up"):
        told = replace(facts, district=District(rounding=way))  # type: ignore[arg-type]
        sums[way] = compute(TEMPLATES["T18"], values, told)["due"]
    assert sums == {"half_up": 3334, "down": 3333, "up": 3334}


@pytest.mark.parametrize(
    ("category", "changes", "records", "votes"),
    [
        ("正式党员", {}, False, True),
        ("预备党员", {}, False, False),
        ("正式党员", {"suspended": True}, False, False),
        ("正式党员", {}, True, False),
        ("正式党员", {"restored": True}, True, True),
    ],
)
def test_who_is_watched_votes_again_only_when_somebody_says_so(
    category: str, changes: dict[str, Any], records: bool, votes: bool
) -> None:
    facts = examples.valid()["T03"].facts
    watched = (Entry(2001, "T20", date(2020, 1, 1), {"item": "留党察看"}, 4),)
    told = replace(
        facts,
        members={**facts.members, 4: replace(facts.members[4], **changes)},
        records={**facts.records, **({"T20": watched} if records else {})},
    )
    assert compute(TEMPLATES["T03"], {"name": 4, "category": category}, told)["can_vote"] is votes


@pytest.mark.parametrize(
    ("matter", "due", "present", "favour", "may", "won"),
    [
        *[
            ("一般事项", 8, 4, 4, True, False),
            ("一般事项", 8, 5, 5, True, True),
            ("一般事项", 9, 4, 4, False, False),
        ],
        *[("接收预备党员", 8, 4, 4, False, False), ("接收预备党员", 8, 5, 5, True, True)],
        *[("预备党员转正", 8, 4, 4, False, False), ("预备党员转正", 9, 5, 5, True, True)],
        *[("选举", 10, 8, 5, True, True), ("选举", 10, 7, 7, False, False), ("选举", 10, 8, 4, True, False)],
    ],
)
def test_half_is_enough_to_meet_for_some_and_never_to_pass(
    matter: str, due: int, present: int, favour: int, may: bool, won: bool
) -> None:
    values = {
        "agenda": [{"title": "x", "form": "表决", "matter": matter}], "due_voters": due,
        "present_voters": present,
        "votes": [{"item": 1, "favour": favour, "against": present - favour, "abstained": 0}],
    }  # fmt: skip
    worked = compute(TEMPLATES["T05"], values, examples.valid()["T05"].facts)
    assert worked == {"quorum_ok": may, "passed": [{"item": 1, "passed": won}]}
