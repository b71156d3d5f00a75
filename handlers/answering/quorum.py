"""Who must be there and how many must agree: the four rules, in whole numbers."""

from enum import StrEnum


class Rule(StrEnum):
    """Meetings that count differently. 以上 takes the half in, 超过 does not."""

    COMMITTEE = "支委会"
    ASSEMBLY = "一般议题"
    ADMISSION = "接收预备党员"
    TRANSITION = "转正"
    ELECTION = "选举"


MORE_THAN_HALF = (Rule.ADMISSION, Rule.TRANSITION)
"""Here half of those entitled isn't enough to open the vote."""


def least_present(rule: Rule, due: int) -> int:
    """How many of those entitled must have come."""
    if rule is Rule.ELECTION:
        return -(-due * 4 // 5)
    return due // 2 + 1 if rule in MORE_THAN_HALF else -(-due // 2)


def may_meet(rule: Rule, due: int, present: int) -> bool:
    """Whether enough have come."""
    return present >= least_present(rule, due)


def least_in_favour(rule: Rule, *, due: int, present: int) -> int:
    """How many must agree: more than half of those present in an election, of those entitled elsewhere."""
    return (present if rule is Rule.ELECTION else due) // 2 + 1


def least_candidates(seats: int) -> int:
    """Candidates for `seats`: a fifth more, and a part of a person is a person."""
    return seats + -(-seats // 5)
