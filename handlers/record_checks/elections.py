"""T24: an election, reckoned as the rehearsals do. Articles of 选举条例 that nobody has read aren't named."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from handlers.answering.dates import add_months
from handlers.answering.quorum import Rule, least_candidates, least_present, may_meet
from handlers.record_checks.conditions import has_committee
from handlers.record_checks.validations import (
    BLOCK,
    WARN,
    Record,
    computation,
    other,
    say,
    validation,
)
from handlers.rehearsal_reckoning import Box, election

REMIND_MONTHS = 6
SHIFT_MOST = 12
SEATS_LEAST, SEATS_USUAL, SEATS_MOST = 3, 5, 7
ASK = "据现有资料，请以《选举条例》原文为准。"


@validation("T24", "term_end", BLOCK)
def term_ends_on_another_day(r: Record) -> str | None:
    team, on = other(r, r.inside("term_end", "record")), r.inside("term_end", "date")
    ends = None if team is None else _ends(team)
    if ends is None or on is None or ends == on:
        return None
    return f"按选的班子任期表，届满日期是{say(ends)}，这里填了{say(on)}，请核对。"


def _ends(team: Record) -> date | None:
    years = team.inside("term_years", "years")
    return add_months(team["elected_at"], 12 * years) if years and team["elected_at"] else None


@validation("T24", "remind", WARN, needs=("remind", "term_end"))
def reminded_late(r: Record) -> str | None:
    ends = r.inside("term_end", "date")
    if ends is None or r["remind"] <= (first := add_months(ends, -REMIND_MONTHS)):
        return None
    return f"换届提醒一般在届满前6个月（{say(first)}），这次晚了，请抓紧准备。"


@validation("T24", "request", BLOCK)
def answered_after_the_election(r: Record) -> str | None:
    answered, held = r.inside("request", "answered_on"), r.inside("request", "held_on")
    if not answered or not held or answered <= held:
        return None
    return f"批复是{say(answered)}，选举是{say(held)}。要先批复后选举，请核对。"


@validation("T24", "shift", BLOCK)
def shifted_without_approval(r: Record) -> str | None:
    if r.inside("shift", "kind") not in ("提前", "延期"):
        return None
    if r.inside("shift", "months") and r.inside("shift", "approval"):
        return None
    return "提前或延期换届要报上级党组织批准，请写明月数和批准文号。"


@validation("T24", "shift", WARN)
def shifted_too_far(r: Record) -> str | None:
    months = r.inside("shift", "months")
    return f"提前或延期一般不超过1年，填了{months}个月，请核对。" if months and months > SHIFT_MOST else None


@validation("T24", "shift", WARN, needs=("shift", "request", "term_end"))
def overdue_without_saying(r: Record) -> str | None:
    ends, held = r.inside("term_end", "date"), r.inside("request", "held_on")
    if r.inside("shift", "kind") != "按期" or not ends or not held or held <= ends:
        return None
    return f"{say(ends)}届满，{say(held)}才选举，超期了，请选“延期”并写明上级批准。"


@validation("T24", "seats", BLOCK, needs=("seats", "shift"))
def seats_out_of_range(r: Record) -> str | None:
    if r.inside("shift", "kind") == "补选" or not has_committee(r):
        return "应选名额至少1名。" if r["seats"] < 1 else None
    if SEATS_LEAST <= r["seats"] <= SEATS_MOST:
        return None
    return f"支委会3至5人、一般不超过7人，应选{r['seats']}名不行，请按批复的职数填。"


@validation("T24", "seats", WARN)
def seats_unusual(r: Record) -> str | None:
    if not SEATS_USUAL < r["seats"] <= SEATS_MOST:
        return None
    return f"支委会由3至5人组成，一般不超过7人，应选{r['seats']}名，请核对。"


@validation("T24", "candidates", BLOCK, rule="《选举条例》第五条")
def candidate_is_no_full_member(r: Record) -> str | None:
    who = r.not_full(*r["candidates"])
    return f"{who}不是正式党员，没有被选举权，不能作候选人。" if who else None


@validation("T24", "candidates", BLOCK, needs=("candidates", "seats"))
def too_few_candidates(r: Record) -> str | None:
    least, count = least_candidates(r["seats"]), len(r["candidates"])
    if count >= least or r["seats"] < 1:
        return None
    return f"应选{r['seats']}名，差额不少于20%，候选人至少{least}名，现在{count}名。{ASK}"


@validation("T24", "due", BLOCK)
def left_out_without_consent(r: Record) -> str | None:
    left = r.inside("due", "left_out")
    if not left or r.inside("due", "papers"):
        return None
    return f"{r.names(left)}不计入应到，要上级党组织同意并经党员大会通过，请写明这两份记录。"


@validation("T24", "due", WARN)
def electors_differ_from_roster(r: Record) -> str | None:
    count, left = r.inside("due", "count"), len(r.inside("due", "left_out") or ())
    known = r.facts.voters - left
    if count is None or count == known:
        return None
    return f"名册上有选举权的正式党员减去不计入的是{known}人，这里填了{count}人，请核对。"


@validation("T24", "present", BLOCK, needs=("present", "due"))
def more_electors_than_due(r: Record) -> str | None:
    due = r.inside("due", "count")
    return f"实到{r['present']}人，比应到{due}人还多，请核对。" if due and r["present"] > due else None


@validation("T24", "present", BLOCK, needs=("present", "due"))
def too_few_electors(r: Record) -> str | None:
    due = r.inside("due", "count")
    if due is None or may_meet(Rule.ELECTION, due, r["present"]):
        return None
    least = least_present(Rule.ELECTION, due)
    return (
        f"应到{due}人，实到要不少于五分之四，至少{least}人，只到了{r['present']}人，不能选举，请改期。{ASK}"
    )


@validation("T24", "rules_ok", BLOCK)
def rules_not_adopted(r: Record) -> str | None:
    return None if r["rules_ok"] else f"党员大会通过选举办法以后才能投票。{ASK}"


@validation("T24", "tellers", BLOCK, needs=("tellers", "candidates"))
def teller_is_a_candidate(r: Record) -> str | None:
    both = [one for one in r.inside("tellers", "watching") or () if one in r["candidates"]]
    return f"{r.names(both)}是候选人，不能当监票人，请重新推选。{ASK}" if both else None


@validation("T24", "tellers", BLOCK, rule="《选举条例》第五条")
def teller_is_no_full_member(r: Record) -> str | None:
    who = r.not_full(*(r.inside("tellers", "watching") or ()), *(r.inside("tellers", "counting") or ()))
    return f"{who}不是正式党员，没有选举权，不能当监票人、计票人。" if who else None


@validation("T24", "ballots", BLOCK, needs=("ballots", "present"))
def more_ballots_than_electors(r: Record) -> str | None:
    returned, present = r.inside("ballots", "returned"), r["present"]
    if returned is None or returned <= present:
        return None
    return f"收回{returned}张，比投票的{present}人还多，这次选举无效，要重新选举。{ASK}"


@validation("T24", "ballots", BLOCK)
def more_ballots_than_sent(r: Record) -> str | None:
    returned, sent = r.inside("ballots", "returned"), r.inside("ballots", "sent")
    if returned is None or sent is None or returned <= sent:
        return None
    return f"收回{returned}张，比发出的{sent}张还多，这次选举无效，要重新选举。{ASK}"


@validation("T24", "ballots", BLOCK)
def ballots_dont_add_up(r: Record) -> str | None:
    returned, valid, spoiled = (r.inside("ballots", key) for key in ("returned", "valid", "spoiled"))
    if None in (returned, valid, spoiled) or valid + spoiled == returned:
        return None
    return f"有效{valid}张加无效{spoiled}张是{valid + spoiled}张，收回{returned}张，两个数要一样，请核对。"


@validation("T24", "tally", BLOCK, needs=("tally", "ballots"))
def ticks_dont_add_up(r: Record) -> str | None:
    valid = r.inside("ballots", "valid")
    for row in r.rows("tally"):
        total = sum(row.get(key) or 0 for key in ("favour", "against", "abstained"))
        if valid is not None and total != valid and not row.get("written_in"):
            who = r.name(row.get("person_id"))
            return f"{who}的赞成、不赞成、弃权加起来{total}票，有效票是{valid}张，两个数要一样，请核对。"
    return None


@validation("T24", "tally", BLOCK, needs=("tally", "candidates"))
def candidates_and_tally_differ(r: Record) -> str | None:
    listed = Counter(row.get("person_id") for row in r.rows("tally") if not row.get("written_in"))
    if listed == Counter(r["candidates"]):
        return None
    return "每名候选人填一行得票，不多也不少；不是候选人的请标明“另选的”。"


@validation("T24", "tally", BLOCK, rule="《选举条例》第五条")
def chosen_is_no_full_member(r: Record) -> str | None:
    who = r.not_full(*(row.get("person_id") for row in r.rows("tally") if row.get("written_in")))
    return f"{who}不是正式党员，没有被选举权，另选他的票无效，请核对。" if who else None


@computation("T24", "elected")
def elected(r: Record) -> dict[str, Any] | None:
    rows = [row for row in r.rows("tally") if row.get("person_id") is not None]
    if not rows or not r.has("seats", "present") or r["seats"] < 1:
        return None
    people: Sequence[int] = [row["person_id"] for row in rows]
    box = Box(r["present"], tuple(row.get("favour") or 0 for row in rows))
    facts = election([r.name(one) for one in people], posts=r["seats"], present=r["present"], box=box)
    chosen, tied = ([people[at - 1] for at in facts[key]] for key in ("elected", "tied"))
    return {"people": chosen, "tied": tied, "short": r["seats"] - len(chosen)}


@validation("T24", "elected", WARN)
def somebody_is_tied(r: Record) -> str | None:
    tied = r.inside("elected", "tied")
    return f"{r.names(tied)}票数相等，不能确定，就他们再投一次。{ASK}" if tied else None


@validation("T24", "elected", WARN)
def seats_left_over(r: Record) -> str | None:
    short = r.inside("elected", "short")
    if not short or r.inside("elected", "tied"):
        return None
    return f"还差{short}名，对不足的名额另行选举。{ASK}"


@validation("T24", "officers", BLOCK)
def officers_by_the_wrong_meeting(r: Record) -> str | None:
    meeting = other(r, r.inside("officers", "record"))
    should = "T06" if has_committee(r) else "T05"
    if meeting is None or meeting.template.code == should:
        return None
    if should == "T06":
        return "设支委会的，书记、副书记在支委会会议上选举，请选支委会的记录。"
    return "不设支委会的，书记、副书记在党员大会上选举，请选党员大会的记录。"


@validation("T24", "officers", BLOCK, needs=("officers", "elected"))
def officer_not_elected(r: Record) -> str | None:
    if not has_committee(r) or r.inside("shift", "kind") == "补选":
        return None
    won = r.inside("elected", "people")
    strange = [r.inside("officers", key) for key in ("secretary", "deputy")]
    missing = [one for one in strange if one is not None and one not in won]
    return f"{r.names(missing)}不在当选的委员里，不能选为书记、副书记，请核对。" if missing else None
