"""When a conditional field must be filled in: one predicate for each name that the templates use."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from handlers.answering.dates import add_months
from handlers.record_checks.validations import Record
from handlers.rehearsal_reckoning import APPROVAL_WITHIN

IMPORTANT = ("接收预备党员", "预备党员转正", "选举", "处分或组织处置", "其他重要事项")
"""Matters of a motion that the committee discusses first (支部条例第十二条)."""
BY_RATE = ("机关", "事业", "企业", "年薪", "不按月收入", "离退休")
COMMITTEE_FROM = 7
"""Full members from whom on a branch has a committee (支部条例第二十条)."""
NEW_RULES_SINCE = date(2026, 5, 18)
"""发展党员细则(2026) was published on that day; what was done before goes by the rules of 2014."""
STAGES: tuple[tuple[str, ...], ...] = (
    ("activist", "mentors"),
    ("agree", "publicity"),
    ("object", "sponsors"),
    ("review", "training"),
    ("pre_ok",),
    ("assembly",),
    ("approve",),
    ("oath",),
    ("convert", "conv_result"),
)
"""The steps of an admission (T22). Whoever fills in a later one must have filled in those before."""


def motions(record: Record) -> list[tuple[int, Mapping[str, Any]]]:
    """The agenda's motions, each with its number from 1."""
    rows = enumerate(record["agenda"] or (), start=1)
    return [(number, row) for number, row in rows if row.get("form") == "表决"]


def has_committee(record: Record) -> bool:
    """Whether the branch has a committee: the roster decides, not what somebody wrote."""
    return record.facts.full >= COMMITTEE_FROM


def shortfall(record: Record) -> bool:
    """Less was paid than is due for these months."""
    if not record.has("due", "paid", "months"):
        return False
    return bool(record["paid"] < record["due"] * len(record["months"]))


def year_is_over(record: Record) -> bool:
    """The year that the record is about has ended."""
    return record.has("year") and record.facts.today.year > record["year"]


def _in(key: str, *values: object, column: str = "") -> Callable[[Record], bool]:
    def holds(record: Record) -> bool:
        value = record[key]
        return (value or {}).get(column) in values if column else value in values

    return holds


def _reached(stage: int) -> Callable[[Record], bool]:
    """Whether that step, or one after it, was filled in."""
    keys = [key for step in STAGES[stage:] for key in step]
    return lambda record: any(record[key] is not None for key in keys)


def _publicity_due(record: Record) -> bool:
    """Publicity and consent came with the rules of 2026."""
    return _reached(1)(record) and not (record["object"] and record["object"] < NEW_RULES_SINCE)


def _checks_due(record: Record) -> bool:
    since = (record["activist"] or {}).get("date")
    return bool(since and add_months(since, 6) <= (record["object"] or record.facts.today))


def _conversion_late(record: Record) -> bool:
    held = (record["convert"] or {}).get("held")
    result = (record["conv_result"] or {}).get("result")
    return bool(held and result == "按期转正" and add_months(held, APPROVAL_WITHIN) < record.facts.today)


def _asked_of_assembly(record: Record) -> bool:
    """A punishment or removal goes to the assembly, unless somebody above decided directly."""
    if (record["authority"] or {}).get("direct"):
        return False
    return record["kind"] == "党纪处分" or record["item"] in ("劝其退党", "除名")


def _feedback_due(record: Record) -> bool:
    on = record.day
    return bool(
        record["decisions"] and on and (record.facts.today - on).days > record.facts.district.followup_days
    )


def _appraised_elsewhere(record: Record) -> bool:
    return any(
        away.person_id == record["member_id"] and away.values.get("flow") in ("流出", "出国境")
        for away in record.facts.of("T16")
    )


def _failed(record: Record) -> bool:
    worst = record.facts.district.grades[-1]
    return any(row.get("grade") == worst and row.get("count") for row in record["counts"] or ())


def _dues_short(record: Record) -> bool:
    return record.has("due_sum", "paid_sum") and record["due_sum"] > record["paid_sum"]


CONDITIONS: dict[str, Callable[[Record], bool]] = {
    "somebody_absent": lambda r: r.has("due_count", "present_count") and r["present_count"] < r["due_count"],
    "any_motion": lambda r: bool(motions(r)),
    "important_motion": lambda r: any(row.get("matter") in IMPORTANT for _, row in motions(r)),
    "something_decided": lambda r: bool(r["to_assembly"]),
    "group_is_asked": lambda r: "讨论意见" in (r["topics"] or ()),
    "at_a_site": lambda r: r["place"] in r.facts.sites,
    "party_day_decided": _feedback_due,
    "is_union": _in("kind", "联合"),
    "has_committee": has_committee,
    "is_full_member": _in("category", "正式党员"),
    "has_groups": lambda r: bool(r.facts.groups),
    "asks_to_close": _in("status", "待验收", "已销号"),
    "appraised_elsewhere": _appraised_elsewhere,
    "somebody_failed": _failed,
    "by_letter": _in("method", "介绍信"),
    "was_accepted": _in("status", "已接收"),
    "trained_outside": _in("form", True, column="outside"),
    "is_secretary": lambda r: r.has("member_id") and r["member_id"] == r.facts.secretary,
    "pays_by_rate": _in("payer_kind", *BY_RATE),
    "paid_less": shortfall,
    "dues_are_short": _dues_short,
    "assembly_decides": _asked_of_assembly,
    "is_correction": _in("item", "限期改正"),
    "has_effect": _in("item", "警告", "严重警告"),
    "is_punishment": _in("kind", "党纪处分"),
    "is_yearly": _in("period", "年度", column="kind"),
    "year_is_over": year_is_over,
    "has_reported": lambda r: r.has("report_up", "report_members"),
    "reached_activist": _reached(0),
    "half_year_trained": _checks_due,
    "reached_candidate": _publicity_due,
    "reached_training": _reached(2),
    "reached_preview": _reached(3),
    "reached_assembly": _reached(4),
    "reached_approval": _reached(5),
    "reached_oath": _reached(6),
    "reached_conversion": _reached(7),
    "reached_conversion_vote": _reached(8),
    "reached_end": _conversion_late,
}
"""Names in the templates' `when` → whether the field is due."""
