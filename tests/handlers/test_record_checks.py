"""Checking records: every validation has an example that only it finds, and no input ends in a traceback."""

from typing import Any

import pytest

from handlers.record_checks import Problem, check, compute
from handlers.record_checks import checking
from handlers.record_checks.validations import VALIDATIONS
from handlers.template_content import handbook
from tests.content import template_examples as examples
from tests.content.template_examples import Example

TEMPLATES = handbook().templates


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
def test_a_broken_example_is_found_by_its_validation_and_no_other(example: Example) -> None:
    found = problems(example)
    assert {problem.code for problem in found} == example.codes, found
    assert all(problem.message.endswith(("。", "）")) for problem in found)


@pytest.mark.parametrize("example", examples.broken(), ids=str)
def test_with_its_validation_taken_out_it_is_not_found(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = [one for one in VALIDATIONS if (one.template, one.code) != (example.template, example.code)]
    assert len(rest) == len(VALIDATIONS) - 1
    monkeypatch.setattr(checking, "VALIDATIONS", rest)
    assert {problem.code for problem in problems(example)} == example.codes - {example.code}


def test_every_validation_has_its_broken_example() -> None:
    broken = {(one.template, one.code) for one in examples.broken()}
    assert {(one.template, one.code) for one in VALIDATIONS} == broken
