"""What all meetings share, and T05—T08: who came, who presided, and what the votes come to."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from handlers.answering.quorum import Rule, least_in_favour, least_present, may_meet
from handlers.record_checks.conditions import IMPORTANT, has_committee, motions
from handlers.record_checks.validations import (
    BLOCK,
    MEETINGS,
    WARN,
    Record,
    computation,
    other,
    validation,
)

RULES = {"接收预备党员": Rule.ADMISSION, "预备党员转正": Rule.TRANSITION, "选举": Rule.ELECTION}
"""The arithmetic of a motion by its matter; all others follow the assembly's."""
SECRET = tuple(RULES)
GROUP_DECIDES = re.compile(r"(?:表决|投票|举手|一致)(?:一致)?通过|表决同意|票赞成|票同意")
"""Words of a decision that a party group can't take."""


def rule_of(matter: str | None) -> Rule:
    """Whose rule of quorum and majority a motion follows."""
    return RULES.get(matter or "", Rule.ASSEMBLY)


def presiding(r: Record) -> frozenset[int]:
    """Secretary, deputy and committee on the day of the meeting, by the T02 in force then."""
    return frozenset(one for one in _team(r) if one is not None)


def _team(r: Record) -> list[Any]:
    held = [one for one in r.facts.of("T02") if r.day is None or one.on <= r.day]
    if not held:
        return []
    values = max(held, key=lambda one: (one.on, one.id)).values
    rows = values.get("members") or ()
    return [values.get("secretary_id"), values.get("deputy_id"), *(row.get("person_id") for row in rows)]


@validation(MEETINGS, "held_at", BLOCK)
def not_over_yet(r: Record) -> str | None:
    until = r.inside("held_at", "until")
    return "会议结束时间还没到。会开完了再登记，请核对时间。" if until and until > r.facts.now else None


@validation(MEETINGS, "held_at", BLOCK)
def ends_before_it_starts(r: Record) -> str | None:
    since, until = r.inside("held_at", "from"), r.inside("held_at", "until")
    return "结束时间要晚于开始时间，请核对。" if since and until and until <= since else None


@validation(MEETINGS, "held_at", WARN)
def entered_late(r: Record) -> str | None:
    until, days = r.inside("held_at", "until"), r.facts.district.late_days
    entered = r.facts.entered_at or r.facts.now
    if not until or entered <= until + timedelta(days=days):
        return None
    return f"离开会已经超过{days}日，这条会标上“补录”。以后请尽量当天或隔天登记。"


@validation(("T05", "T06"), "host_id", BLOCK)
def wrong_host(r: Record) -> str | None:
    may = presiding(r)
    if not may or r["host_id"] in may:
        return None
    what = "党员大会" if r.template.code == "T05" else "支委会"
    who = r.name(r["host_id"])
    return f"{what}由书记主持；书记不能参加时，可以委托副书记或委员。{who}不是支委会成员，请核对。"


@validation(("T05", "T06"), "host_id", WARN)
def secretary_was_there(r: Record) -> str | None:
    team = _team(r)
    secretary = team[0] if team else None
    away = {row.get("person_id") for row in r.rows("absentees")}
    if secretary is None or r["host_id"] == secretary or secretary in away or r["host_id"] not in team:
        return None
    return "书记没有列入缺席名单，却由别的同志主持。书记不能参加时才委托，请核对缺席名单。"


@validation("T07", "host_id", BLOCK, needs=("host_id", "group_id"))
def host_is_not_the_leader(r: Record) -> str | None:
    group = r.facts.find(r["group_id"])
    leader = group and group.values.get("leader_id")
    if leader is None or leader == r["host_id"]:
        return None
    return f"党小组会由组长召集主持，这个小组的组长是{r.name(leader)}，请核对。"


@validation(MEETINGS, "recorder_id", WARN, needs=("host_id", "recorder_id"))
def presides_and_records(r: Record) -> str | None:
    return "记录人和主持人是同一个人，建议另请一位同志记录。" if r["recorder_id"] == r["host_id"] else None


@validation("T05", "due_count", WARN)
def due_differs_from_roster(r: Record) -> str | None:
    known = r.facts.party_members
    if r["due_count"] == known:
        return None
    return f"名册上应参加的党员是{known}人，这里填了{r['due_count']}人。名册变动过的请核对。"


@validation("T06", "due_count", BLOCK, rule="《支部条例》第十二条")
def due_is_not_the_committee(r: Record) -> str | None:
    known = len(presiding(r))
    if not known or r["due_count"] == known:
        return None
    return f"支委会委员是{known}人，应到要等于委员人数，这里填了{r['due_count']}人，请核对。"


@validation("T07", "due_count", WARN, needs=("due_count", "group_id"))
def due_is_not_the_group(r: Record) -> str | None:
    group = r.facts.find(r["group_id"])
    known = len(group.values.get("members") or ()) if group else 0
    if not known or r["due_count"] == known:
        return None
    return f"这个党小组有{known}人，这里应到填了{r['due_count']}人，请核对。"


@validation(MEETINGS, "present_count", BLOCK, needs=("due_count", "present_count"))
def more_came_than_due(r: Record) -> str | None:
    due, present = r["due_count"], r["present_count"]
    return f"实到{present}人，比应到{due}人还多，请核对。列席的人不算在实到里。" if present > due else None


@validation(MEETINGS, "absentees", BLOCK, needs=("due_count", "present_count", "absentees"))
def absentees_dont_add_up(r: Record) -> str | None:
    away, listed = r["due_count"] - r["present_count"], len({row["person_id"] for row in r["absentees"]})
    if away == listed or away < 0:
        return None
    return f"应到减实到是{away}人，缺席名单里是{listed}人，请核对。"


@validation(MEETINGS, "signin", WARN, needs=("present_count", "signin"))
def signatures_dont_add_up(r: Record) -> str | None:
    signed, present = r.inside("signin", "count"), r["present_count"]
    if signed is None or signed == present:
        return None
    return f"签到{signed}人，实到{present}人，两个数应当一样。没有手机的同志可以代登记，请核对。"


@validation("T05", "due_voters", WARN)
def voters_differ_from_roster(r: Record) -> str | None:
    known = r.facts.voters
    if r["due_voters"] == known:
        return None
    return f"名册上有表决权的正式党员是{known}人，这里填了{r['due_voters']}人。名册变动过的请核对。"


@validation("T05", "due_voters", BLOCK, needs=("due_voters", "due_count"))
def more_voters_than_members(r: Record) -> str | None:
    voters, due = r["due_voters"], r["due_count"]
    return f"应到有表决权{voters}人，比应到{due}人还多，请核对。" if voters > due else None


@validation("T05", "present_voters", BLOCK, needs=("due_voters", "present_voters"))
def more_voters_than_due(r: Record) -> str | None:
    due, present = r["due_voters"], r["present_voters"]
    return f"实到有表决权{present}人，比应到的{due}人还多，请核对。" if present > due else None


@validation("T05", "present_voters", BLOCK, needs=("present_voters", "present_count"))
def more_voters_than_present(r: Record) -> str | None:
    voters, present = r["present_voters"], r["present_count"]
    return f"实到有表决权{voters}人，比实到{present}人还多，请核对。" if voters > present else None


@validation("T05", "agenda", BLOCK)
def motion_without_matter(r: Record) -> str | None:
    vague = [number for number, row in motions(r) if not row.get("matter")]
    if not vague:
        return None
    return f"第{vague[0]}个议题是表决，请选“表决事项”：接收、转正、选举的人数规则各不相同。"


@validation("T05", "pre_discussed", WARN)
def not_discussed_before(r: Record) -> str | None:
    if not any(row.get("matter") in IMPORTANT for _, row in motions(r)):
        return None
    if r.inside("pre_discussed", "done") != "没有研究":
        return None
    return "重要事项提交党员大会前，一般先经支委会研究。这次没有研究的，请在讨论情况里写明原因。"


@validation("T05", "pre_discussed", WARN)
def discussion_not_cited(r: Record) -> str | None:
    if r.inside("pre_discussed", "done") != "已研究" or r.inside("pre_discussed", "record"):
        return None
    return "请选上研究这件事的支委会记录。"


@validation("T05", "pre_discussed", WARN)
def discussed_by_no_committee(r: Record) -> str | None:
    if r.inside("pre_discussed", "done") != "不设支委会" or not has_committee(r):
        return None
    return f"名册上正式党员{r.facts.full}人，应当设支委会，这里却选了“不设支委会”，请核对。"


@validation("T05", "vote_method", BLOCK)
def must_be_secret(r: Record) -> str | None:
    needs = [row["matter"] for _, row in motions(r) if row.get("matter") in SECRET]
    if not needs or r["vote_method"] == "无记名投票":
        return None
    return f"{'、'.join(dict.fromkeys(needs))}必须无记名投票，{r['vote_method']}表决不算数，要重新组织。"


@validation("T05", "votes", BLOCK)
def votes_for_no_motion(r: Record) -> str | None:
    numbers = [number for number, _ in motions(r)]
    items = [row.get("item") for row in r.rows("votes")]
    if sorted(one for one in items if one is not None) == numbers:
        return None
    return f"要表决的是第{'、'.join(map(str, numbers)) or '0'}个议题，每个填一行票数，不多也不少。"


@validation("T05", "votes", BLOCK, needs=("votes", "present_voters"))
def more_votes_than_voters(r: Record) -> str | None:
    for row in r.rows("votes"):
        cast = sum(row.get(key) or 0 for key in ("favour", "against", "abstained"))
        most = r["present_voters"] + (row.get("written") or 0)
        if cast > most:
            return f"第{row['item']}个议题的票共{cast}，比实到有表决权加有效书面意见的{most}还多，请核对。"
    return None


@validation("T05", "votes", BLOCK, needs=("votes", "due_voters", "present_voters"))
def more_written_than_absent(r: Record) -> str | None:
    away = r["due_voters"] - r["present_voters"]
    most = max((row.get("written") or 0 for row in r.rows("votes")), default=0)
    if most <= away or away < 0:
        return None
    return f"书面意见{most}份，没有到会的有表决权党员只有{away}人，请核对。"


@validation("T05", "votes", BLOCK, rule="《选举条例》；未核")
def written_votes_in_an_election(r: Record) -> str | None:
    matters = dict(motions(r))
    for row in r.rows("votes"):
        if row.get("written") and matters.get(row.get("item") or 0, {}).get("matter") == "选举":
            return "选举要本人到会投票，没有到会的不能书面投票，也不能委托，请核对。"
    return None


@computation("T05", "quorum_ok")
def quorum(r: Record) -> bool | None:
    if not motions(r) or not r.has("due_voters", "present_voters"):
        return None
    return all(
        may_meet(rule_of(row.get("matter")), r["due_voters"], r["present_voters"]) for _, row in motions(r)
    )


@computation("T05", "passed")
def passed(r: Record) -> list[dict[str, Any]] | None:
    if not r.has("due_voters", "present_voters", "votes"):
        return None
    matters = dict(motions(r))
    rows = [row for row in r["votes"] if row.get("item") in matters]
    return [{"item": row["item"], "passed": carried(r, matters[row["item"]], row)} for row in rows] or None


def carried(r: Record, motion: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether enough came and enough agreed."""
    rule, due, present = rule_of(motion.get("matter")), r["due_voters"], r["present_voters"]
    enough = (row.get("favour") or 0) >= least_in_favour(rule, due=due, present=present)
    return enough and may_meet(rule, due, present)


@validation("T05", "quorum_ok", BLOCK)
def too_few_for_a_vote(r: Record) -> str | None:
    if r["quorum_ok"]:
        return None
    due, present = r["due_voters"], r["present_voters"]
    least = max(least_present(rule_of(row.get("matter")), due) for _, row in motions(r))
    return f"应到有表决权{due}人，至少要到{least}人才能表决，只到了{present}人。请改期，这次不能形成决议。"


@computation("T06", "quorum_ok")
def committee_quorum(r: Record) -> bool | None:
    if not r.has("due_count", "present_count"):
        return None
    return may_meet(Rule.COMMITTEE, r["due_count"], r["present_count"])


@validation("T06", "quorum_ok", BLOCK)
def too_few_of_the_committee(r: Record) -> str | None:
    if r["quorum_ok"]:
        return None
    due, present = r["due_count"], r["present_count"]
    least = least_present(Rule.COMMITTEE, due)
    return f"{due}名委员至少要到{least}人，只到了{present}人，不能开会形成决定，请改期。"


@validation("T06", "opinions", WARN, needs=("opinions", "present_count"))
def somebody_said_nothing(r: Record) -> str | None:
    spoke = len({row.get("person_id") for row in r.rows("opinions")})
    if spoke >= r["present_count"]:
        return None
    return f"到会{r['present_count']}名委员，记了{spoke}人的发言，请给每人至少记一条。"


@validation("T06", "opinions", WARN)
def spoke_without_a_seat(r: Record) -> str | None:
    strange = {row["person_id"] for row in r.rows("opinions") if row.get("person_id")} - presiding(r)
    if not presiding(r) or not strange:
        return None
    return f"{r.names(sorted(strange))}不是支委会委员，发言请记在列席人员里。"


@validation("T06", "decisions", WARN)
def due_before_the_meeting(r: Record) -> str | None:
    late = [row["what"] for row in r.rows("decisions") if row.get("due") and r.day and row["due"] < r.day]
    return f"“{late[0][:20]}”的完成时限早于开会日期，请核对。" if late else None


@validation("T06", "observers", WARN)
def observer_has_a_seat(r: Record) -> str | None:
    seated = [one for one in r["observers"] if one in presiding(r)]
    return f"{r.names(seated)}是委员，应当算出席，不是列席。" if seated else None


@validation("T07", "group_opinion", BLOCK)
def group_decided(r: Record) -> str | None:
    found = GROUP_DECIDES.search(r["group_opinion"])
    if found is None:
        return None
    return f"党小组只提意见、不作表决，请把“{found[0]}”改成小组的意见；表决在党员大会上进行。"


@validation("T08", "hours", WARN)
def lecture_hours(r: Record) -> str | None:
    least, most = r.facts.district.lecture_hours_least, r.facts.district.lecture_hours_most
    if Decimal(least) <= r["hours"] <= Decimal(most):
        return None
    return f"一次党课{r['hours']}学时，本区建议值是{least}至{most}学时，以本地学时办法为准，请核对。"


@validation("T08", "lecturer_kind", WARN, needs=("lecturer_kind", "lecturer"))
def lecturer_is_the_secretary(r: Record) -> str | None:
    who = r.inside("lecturer", "person")
    if who is None or (who == r.facts.secretary) == (r["lecturer_kind"] == "支部书记"):
        return None
    if r["lecturer_kind"] != "支部书记" and r["lecturer_kind"] in ("党委（党组）书记", "党员领导干部"):
        return None
    return "授课人和“授课人类别”对不上：只有本支部书记讲课才选“支部书记”，请核对。"


def assembly_says(r: Record, record_id: Any, matter: str, person: Any) -> str | None:
    """What is wrong with an assembly's record that is said to have decided a matter about somebody.

    It must hold a motion of that matter about that person, and the motion must have been carried.
    """
    meeting = other(r, record_id)
    if meeting is None or meeting.template.code != "T05":
        return None
    asked = dict(motions(meeting))
    mine = {n for n, row in asked.items() if row.get("matter") == matter and row.get("person_id") == person}
    if not mine:
        return f"选的党员大会记录里，没有关于{r.name(person)}的“{matter}”表决，请核对。"
    if matter in SECRET and meeting["vote_method"] != "无记名投票":
        return f"那次党员大会不是无记名投票，“{matter}”不算数，要重新组织。"
    counted = meeting.has("due_voters", "present_voters")
    won = [row for row in meeting.rows("votes") if row.get("item") in mine and counted]
    if any(carried(meeting, asked[row["item"]], row) for row in won):
        return None
    return f"那次党员大会上，关于{r.name(person)}的“{matter}”没有通过，请核对。"
