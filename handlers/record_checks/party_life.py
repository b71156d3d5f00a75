"""T09—T14: party days, organisational life, talks, rectification and appraisal."""

from fractions import Fraction
from itertools import combinations

from handlers.record_checks.conditions import has_committee
from handlers.record_checks.validations import (
    BLOCK,
    WARN,
    Record,
    computation,
    opened,
    other,
    say,
    validation,
)

STUDY = "集中学习"
GRADE_COLUMNS = ("first", "second", "third", "fourth")


@validation("T09", "is_fixed_day", BLOCK)
def moved_without_reason(r: Record) -> str | None:
    if r.inside("is_fixed_day", "fixed") is not False or r.inside("is_fixed_day", "reason"):
        return None
    return "不是固定日的，请写明为什么调整。"


@validation("T09", "month", WARN)
def month_of_another_day(r: Record) -> str | None:
    if r.day is None or r["month"] == r.day.replace(day=1):
        return None
    return f"活动是{r.day.year}年{r.day.month}月开的，月份填的是{r['month']:%Y-%m}，请核对。"


@validation("T09", "theme", WARN)
def theme_not_discussed(r: Record) -> str | None:
    if r.inside("theme", "record") or not has_committee(r):
        return None
    return "开展前支部要研究确定主题和内容，请选上那次支委会的记录。"


@validation("T09", "theme", WARN)
def theme_discussed_afterwards(r: Record) -> str | None:
    meeting = other(r, r.inside("theme", "record"))
    if meeting is None or meeting.day is None or r.day is None or meeting.day <= r.day:
        return None
    return f"选的支委会是{say(meeting.day)}开的，在活动之后。主题要在会前研究，请核对。"


@validation("T09", "items", WARN)
def no_study(r: Record) -> str | None:
    return None if STUDY in r["items"] else "这次没有集中学习，建议主题党日安排学习内容。"


@validation("T09", "followup", WARN)
def feedback_is_late(r: Record) -> str | None:
    days, on = r.facts.district.followup_days, r.inside("followup", "date")
    if not on or r.day is None or (on - r.day).days <= days:
        return None
    return f"反馈离活动{(on - r.day).days}天，本区建议{days}日内反馈。"


@validation("T09", "followup", BLOCK)
def feedback_before_the_day(r: Record) -> str | None:
    on = r.inside("followup", "date")
    return "反馈日期早于活动日期，请核对。" if on and r.day and on < r.day else None


@validation("T10", "year", WARN)
def year_of_another_meeting(r: Record) -> str | None:
    if r.day is None or r["year"] in (r.day.year, r.day.year - 1):
        return None
    return f"会是{r.day.year}年开的，年度填的是{r['year']}，请核对。"


@validation("T10", "talk_link", BLOCK)
def talked_afterwards(r: Record) -> str | None:
    talks = [talk for one in r["talk_link"] if (talk := other(r, one)) is not None]
    late = [talk for talk in talks if talk["at"] and r.day and talk["at"] > r.day]
    if not late:
        return None
    return f"{say(late[0]['at'])}的谈心谈话在会后。会前要谈心谈话，请选会前的记录。"


@validation("T10", "opinions", WARN)
def opinions_without_summary(r: Record) -> str | None:
    if not r.inside("opinions", "count") or r.inside("opinions", "summary"):
        return None
    return "征求到了意见，请附上汇总。"


@validation("T10", "criticism", WARN, needs=("criticism", "present_count"))
def somebody_without_criticism(r: Record) -> str | None:
    done = len({row.get("person_id") for row in r.rows("criticism")})
    if done >= r["present_count"]:
        return None
    return f"到会{r['present_count']}人，登记了{done}人的自我批评和批评意见，请逐人登记。"


@validation("T10", "fix_list", WARN)
def fix_of_another_source(r: Record) -> str | None:
    fixes = [fix for one in r["fix_list"] if (fix := other(r, one)) is not None]
    if all(fix.inside("source", "from") == "组织生活会" for fix in fixes):
        return None
    return "选的整改台账里有不是从组织生活会来的，请核对。"


@computation("T11", "coverage")
def coverage(r: Record) -> dict[str, int] | None:
    if not r.has("at", "from_id", "to_id"):
        return None
    met = talked(r, r["at"].year) | {frozenset((r["from_id"], r["to_id"]))}
    party = {one.id for one in r.facts.members.values() if one.in_party}
    pairs = [frozenset(pair) for pair in combinations(sorted(r.facts.committee), 2)]
    return {
        "members": len(party & {one for pair in met for one in pair}),
        "of": len(party),
        "pairs": sum(pair not in met for pair in pairs),
    }


def talked(r: Record, year: int) -> set[frozenset[int]]:
    """Who talked with whom that year, by the other records."""
    talks = [opened(r, one) for one in r.facts.of("T11")]
    return {
        frozenset((talk["from_id"], talk["to_id"]))
        for talk in talks
        if talk.has("at", "from_id", "to_id") and talk["at"].year == year
    }


@validation("T11", "at", BLOCK)
def talk_in_the_future(r: Record) -> str | None:
    return "谈话日期还没到，谈了再登记。" if r["at"] > r.facts.today else None


@validation("T11", "to_id", BLOCK, needs=("from_id", "to_id"))
def talked_to_oneself(r: Record) -> str | None:
    return "谈话对象和谈话人是同一个人，请重新选。" if r["from_id"] == r["to_id"] else None


@validation("T11", "relation", WARN, needs=("relation", "from_id", "to_id"))
def relation_differs(r: Record) -> str | None:
    seats = sum(one in r.facts.committee for one in {r["from_id"], r["to_id"]})
    should = ("党员之间", "委员与党员", "委员之间")[seats]
    if not r.facts.committee or r["relation"] == should or r["from_id"] == r["to_id"]:
        return None
    return f"按班子名单，这两位是“{should}”，请核对关系类型。"


@validation("T12", "due", BLOCK)
def due_before_entry(r: Record) -> str | None:
    entered = r.facts.entry_day()
    if r["due"] > entered:
        return None
    return f"完成时限要晚于登记日{say(entered)}，请重新定一个日期。"


@validation("T12", "due", WARN)
def due_after_assessment(r: Record) -> str | None:
    ahead = r.facts.next_assessment
    if ahead is None or r["due"] <= ahead:
        return None
    return f"下一次评估是{say(ahead)}，建议在这以前改完。"


@validation(("T13", "T14"), "year", BLOCK)
def year_to_come(r: Record) -> str | None:
    return f"{r['year']}年还没到，请核对年度。" if r["year"] > r.facts.today.year else None


@validation("T13", "member_id", BLOCK, needs=("member_id", "year"))
def appraised_before(r: Record) -> str | None:
    again = any(
        one.person_id == r["member_id"] and one.values.get("year") == r["year"] for one in r.facts.of("T13")
    )
    return f"{r.name(r['member_id'])}{r['year']}年的登记表已经有了，请改那一份。" if again else None


@validation("T13", "result", WARN)
def grade_without_meeting(r: Record) -> str | None:
    if r.inside("result", "meeting"):
        return None
    return "评定意见由支委会会议或党员大会提出，请选上那次会议的记录。"


@validation("T13", "sign", BLOCK)
def signed_in_the_future(r: Record) -> str | None:
    return "签名日期还没到，请核对。" if r["sign"] > r.facts.today else None


@validation("T14", "year", BLOCK)
def summed_up_before(r: Record) -> str | None:
    again = any(one.values.get("year") == r["year"] for one in r.facts.of("T14"))
    return f"{r['year']}年的汇总表已经有了，请改那一份。" if again else None


@validation("T14", "due", WARN)
def appraised_differs_from_roster(r: Record) -> str | None:
    known = r.facts.party_members
    if r["due"] == known:
        return None
    return f"名册上在册党员是{known}人，应评填了{r['due']}人。名册变动过的请核对。"


@validation("T14", "done", BLOCK, needs=("due", "done"))
def more_appraised_than_due(r: Record) -> str | None:
    done, due = r.inside("done", "count"), r["due"]
    return f"实评{done}人，比应评{due}人还多，请核对。" if done is not None and done > due else None


@validation("T14", "done", BLOCK, needs=("due", "done"))
def absence_unexplained(r: Record) -> str | None:
    away = r["due"] - (r.inside("done", "count") or 0)
    named = len(r.inside("done", "absent") or ())
    if away <= 0 or (named == away and r.inside("done", "why")):
        return None
    return f"应评减实评是{away}人，请逐人选出来并说明原因，现在选了{named}人。"


def _rows(r: Record) -> list[tuple[str, list[int | None], int]]:
    """Each person with the ballots sent, returned and valid, and the sum of the grades."""
    return [
        (
            r.name(row.get("person_id")),
            [row.get(key) for key in ("sent", "returned", "valid")],
            sum(row.get(key) or 0 for key in GRADE_COLUMNS),
        )
        for row in r.rows("ballots")
    ]


@validation("T14", "ballots", BLOCK)
def grades_dont_add_up(r: Record) -> str | None:
    for name, (_, _, valid), total in _rows(r):
        if valid is not None and total != valid:
            return f"{name}的各档票数加起来是{total}，有效票是{valid}，两个数要一样，请核对。"
    return None


@validation("T14", "ballots", BLOCK)
def more_valid_than_returned(r: Record) -> str | None:
    for name, (_, returned, valid), _total in _rows(r):
        if valid is not None and returned is not None and valid > returned:
            return f"{name}的有效票{valid}张，比收回的{returned}张还多，请核对。"
    return None


@validation("T14", "ballots", BLOCK)
def more_returned_than_sent(r: Record) -> str | None:
    for name, (sent, returned, _), _total in _rows(r):
        if sent is not None and returned is not None and returned > sent:
            return f"{name}的收回票{returned}张，比发出的{sent}张还多，请核对。"
    return None


def counted(r: Record) -> dict[str, int]:
    """How many people each grade has."""
    found: dict[str, int] = {}
    for row in r.rows("counts"):
        found[row["grade"]] = found.get(row["grade"], 0) + (row.get("count") or 0)
    return found


@validation("T14", "counts", BLOCK, needs=("counts", "done"))
def counts_dont_add_up(r: Record) -> str | None:
    total, done = sum(counted(r).values()), r.inside("done", "count")
    if done is None or total == done:
        return None
    return f"各档人数加起来是{total}人，实评是{done}人，两个数要一样，请核对。"


@validation("T14", "counts", WARN, needs=("counts", "year"))
def counts_differ_from_forms(r: Record) -> str | None:
    forms = [one.values for one in r.facts.of("T13") if one.values.get("year") == r["year"]]
    grades = [(form.get("result") or {}).get("grade") for form in forms]
    ours = counted(r)
    wrong = [grade for grade in r.facts.district.grades if grades.count(grade) != ours.get(grade, 0)]
    if not forms or not wrong:
        return None
    return f"登记表里“{wrong[0]}”是{grades.count(wrong[0])}人，这里是{ours.get(wrong[0], 0)}人，请核对。"


@computation("T14", "ratio")
def ratio(r: Record) -> str | None:
    done = r.inside("done", "count")
    best = counted(r).get(r.facts.district.grades[0], 0)
    return f"{best}/{done}（{best * 100 // done}%）" if done else None


@validation("T14", "ratio", WARN, needs=("ratio", "counts"))
def too_many_excellent(r: Record) -> str | None:
    best, done = counted(r).get(r.facts.district.grades[0], 0), r.inside("done", "count")
    share = r.facts.district.excellent_share
    if Fraction(best, done) <= share:
        return None
    most = int(done * share)
    return f"“{r.facts.district.grades[0]}”{best}人，超过本区建议的{share}（{most}人），以当年通知为准。"
