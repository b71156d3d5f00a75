"""T05—T08, and what all meetings share: who came, who presided, and what the votes come to."""

from typing import Any

from handlers.answering.quorum import Rule, least_in_favour, least_present, may_meet
from handlers.record_checks.conditions import IMPORTANT, motions
from handlers.record_checks.validations import BLOCK, MEETINGS, WARN, Record, computation, validation

RULES = {"接收预备党员": Rule.ADMISSION, "预备党员转正": Rule.TRANSITION, "选举": Rule.ELECTION}
"""The arithmetic of a motion by its matter; all others follow the assembly's."""
SECRET = tuple(RULES)


def rule_of(matter: str | None) -> Rule:
    """Whose rule of quorum and majority a motion follows."""
    return RULES.get(matter or "", Rule.ASSEMBLY)


@validation(MEETINGS, "held_at", BLOCK)
def not_over_yet(r: Record) -> str | None:
    until = r["held_at"].get("until")
    return "会议结束时间还没到。会开完了再登记，请核对时间。" if until and until > r.facts.now else None


@validation(MEETINGS, "held_at", BLOCK)
def ends_before_it_starts(r: Record) -> str | None:
    since, until = r["held_at"].get("from"), r["held_at"].get("until")
    return "结束时间要晚于开始时间，请核对。" if since and until and until <= since else None


@validation(MEETINGS, "recorder_id", WARN, needs=("host_id", "recorder_id"))
def presides_and_records(r: Record) -> str | None:
    return "记录人和主持人是同一个人。建议另请一位同志记录。" if r["recorder_id"] == r["host_id"] else None


@validation(MEETINGS, "present_count", BLOCK, needs=("due_count", "present_count"))
def more_came_than_due(r: Record) -> str | None:
    due, present = r["due_count"], r["present_count"]
    return f"实到{present}人，比应到{due}人还多，请核对。" if present > due else None


@validation(MEETINGS, "absentees", BLOCK, needs=("due_count", "present_count", "absentees"))
def absentees_dont_add_up(r: Record) -> str | None:
    away, listed = r["due_count"] - r["present_count"], len(r["absentees"])
    if away == listed:
        return None
    return f"应到减实到是{away}人，缺席名单里有{listed}人，请核对。"


@validation(MEETINGS, "signin", BLOCK, needs=("present_count", "signin"))
def signatures_dont_add_up(r: Record) -> str | None:
    signed, present = r["signin"].get("count"), r["present_count"]
    if signed is None or signed == present:
        return None
    return f"签到{signed}人，实到{present}人，两个数要一样，请核对。"


@validation("T05", "present_voters", BLOCK, needs=("due_voters", "present_voters"))
def more_voters_than_due(r: Record) -> str | None:
    due, present = r["due_voters"], r["present_voters"]
    return f"实到有表决权{present}人，比应到的{due}人还多，请核对。" if present > due else None


@computation("T05", "quorum_ok")
def quorum(r: Record) -> bool | None:
    if not motions(r) or not r.has("due_voters", "present_voters"):
        return None
    due, present = r["due_voters"], r["present_voters"]
    return all(may_meet(rule_of(row.get("matter")), due, present) for _, row in motions(r))


@computation("T05", "passed")
def passed(r: Record) -> list[dict[str, Any]] | None:
    if not r.has("due_voters", "present_voters", "votes"):
        return None
    matters = dict(motions(r))
    return [
        {
            "item": row["item"],
            "passed": bool(r["quorum_ok"])
            and (row.get("favour") or 0)
            >= least_in_favour(
                rule_of(matters[row["item"]].get("matter")), due=r["due_voters"], present=r["present_voters"]
            ),
        }
        for row in r["votes"]
        if row.get("item") in matters
    ] or None


@validation("T05", "quorum_ok", BLOCK)
def too_few_for_a_vote(r: Record) -> str | None:
    if r["quorum_ok"]:
        return None
    due, present = r["due_voters"], r["present_voters"]
    least = max(least_present(rule_of(row.get("matter")), due) for _, row in motions(r))
    return f"应到有表决权{due}人，至少要到{least}人才能表决，只到了{present}人。请改期，这次不能形成决议。"


@validation("T05", "vote_method", BLOCK)
def must_be_secret(r: Record) -> str | None:
    needs = [row["matter"] for _, row in motions(r) if row.get("matter") in SECRET]
    if not needs or r["vote_method"] == "无记名投票":
        return None
    return f"{'、'.join(dict.fromkeys(needs))}必须无记名投票，{r['vote_method']}表决不算数，要重新组织。"


@validation("T05", "pre_discussed", WARN)
def not_discussed_before(r: Record) -> str | None:
    important = [row for _, row in motions(r) if row.get("matter") in IMPORTANT]
    done = r["pre_discussed"].get("done")
    if not important or done != "没有研究":
        return None
    return "重要事项提交党员大会前，一般先经支委会研究。请补开支委会或在讨论情况里写明原因。"
