"""The four rules in whole numbers, against fractions written the long way."""

from fractions import Fraction

import pytest

from handlers.answering.quorum import Rule, least_candidates, least_in_favour, least_present, may_meet

HALF = Fraction(1, 2)


def enough_by_fractions(rule: Rule, due: int, present: int) -> bool:
    share = Fraction(present, due)
    if rule is Rule.ELECTION:
        return share >= Fraction(4, 5)
    return share > HALF if rule in (Rule.ADMISSION, Rule.TRANSITION) else share >= HALF


@pytest.mark.parametrize("rule", Rule)
def test_who_must_come_agrees_with_fractions_for_every_size(rule: Rule) -> None:
    for due in range(1, 121):
        for present in range(due + 1):
            assert may_meet(rule, due, present) == enough_by_fractions(rule, due, present)


@pytest.mark.parametrize("rule", Rule)
def test_one_vote_less_than_the_least_is_no_majority(rule: Rule) -> None:
    for due in range(1, 121):
        for present in range(least_present(rule, due), due + 1):
            votes = least_in_favour(rule, due=due, present=present)
            base = present if rule is Rule.ELECTION else due
            assert Fraction(votes, base) > HALF >= Fraction(votes - 1, base)


@pytest.mark.parametrize(
    ("rule", "due", "least"),
    [
        (Rule.COMMITTEE, 5, 3),
        (Rule.COMMITTEE, 4, 2),
        (Rule.COMMITTEE, 3, 2),
        (Rule.ASSEMBLY, 20, 10),
        (Rule.ASSEMBLY, 21, 11),
        (Rule.ADMISSION, 20, 11),
        (Rule.ADMISSION, 21, 11),
        (Rule.TRANSITION, 20, 11),
        (Rule.ELECTION, 50, 40),
        (Rule.ELECTION, 51, 41),
        (Rule.ELECTION, 25, 20),
        (Rule.ELECTION, 23, 19),
        (Rule.ELECTION, 1, 1),
    ],
)
def test_exactly_the_share_is_enough_where_the_rule_takes_it_in(rule: Rule, due: int, least: int) -> None:
    assert least_present(rule, due) == least


@pytest.mark.parametrize(
    ("seats", "least"), [(1, 2), (3, 4), (4, 5), (5, 6), (6, 8), (7, 9), (10, 12), (11, 14), (100, 120)]
)
def test_a_fifth_more_candidates_and_a_part_of_a_person_is_a_person(seats: int, least: int) -> None:
    assert least_candidates(seats) == least
