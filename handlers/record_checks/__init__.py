"""What the handbook's records must say, and what is worked out of them. Pure: no I/O."""

from handlers.record_checks.checking import check, compute
from handlers.record_checks.facts import District, Entry, Facts, Member, Problem

__all__ = ["District", "Entry", "Facts", "Member", "Problem", "check", "compute"]
