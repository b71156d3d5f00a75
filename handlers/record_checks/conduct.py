"""T20, T21 and T23: honours and discipline, the branch's assessment, its plan and its report."""

from datetime import date
from decimal import Decimal

from handlers.answering.dates import add_months
from handlers.record_checks.conditions import has_committee
from handlers.record_checks.meetings import assembly_says
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

KINDS = {
    "表彰": ("优秀党员", "优秀党务工作者", "其他表彰"),
    "党纪处分": ("警告", "严重警告", "撤销党内职务", "留党察看", "开除党籍"),
    "组织处置": ("限期改正", "劝其退党", "除名"),
    "诫勉批评教育": ("诫勉", "批评教育", "责令检查"),
}
"""党章第四十一条: five punishments; 组织处置办法第三条: three ways of organisational disposition."""
MAY_PUNISH = ("基层党委", "县级以上党委", "县级以上纪委")
MAY_EXPEL = ("县级以上党委", "县级以上纪委")
EFFECT_MONTHS = {"警告": 12, "严重警告": 18}
CORRECT_USUAL, CORRECT_MOST = 6, 12
ANNOUNCE_MONTHS = 1
PERIODS = {"季度": 4, "半年": 2, "年度": 1}
PLAN_COUNTS = {"党员大会": 4, "党小组会": 12, "主题党日": 12, "组织生活会": 1, "民主评议": 1}
"""How often a year at least (支部条例第十一至十八条); a committee, where there is one, meets every month."""
COMMITTEE_MEETINGS = 12


@validation("T20", "item", BLOCK, needs=("item", "kind"))
def item_of_another_kind(r: Record) -> str | None:
    may = KINDS[r["kind"]]
    return (
        None if r["item"] in may else f"“{r['item']}”不属于{r['kind']}。{r['kind']}请在{'、'.join(may)}里选。"
    )


@validation("T20", "authority", BLOCK, needs=("authority", "kind", "item"))
def wrong_authority(r: Record) -> str | None:
    level = r.inside("authority", "level")
    if r["item"] == "开除党籍" and level not in MAY_EXPEL:
        return "开除党籍要报县级以上党的纪律检查委员会审查批准，请核对批准机关。"
    if r["kind"] == "党纪处分" and level not in MAY_PUNISH:
        return f"党纪处分由基层党委或县级以上纪委批准，{level}不能批准，请核对。"
    if r["item"] in ("劝其退党", "除名") and level == "党支部":
        return f"{r['item']}要经支部大会讨论决定、报上级党组织批准，请填批准的上级党组织。"
    return None


@validation("T20", "decided_at", BLOCK)
def decided_in_the_future(r: Record) -> str | None:
    return "决定日期还没到，请核对。" if r["decided_at"] > r.facts.today else None


@validation("T20", "assembly_ref", BLOCK, needs=("assembly_ref", "member_id", "kind"))
def assembly_did_not_decide(r: Record) -> str | None:
    return assembly_says(r, r["assembly_ref"], "处分或组织处置", r["member_id"])


@validation("T20", "assembly_ref", BLOCK, needs=("assembly_ref", "decided_at"))
def decided_before_the_assembly(r: Record) -> str | None:
    meeting = other(r, r["assembly_ref"])
    if meeting is None or meeting.day is None or meeting.day <= r["decided_at"]:
        return None
    return f"党员大会是{say(meeting.day)}开的，在决定日期之后。要先讨论后批准，请核对。"


@validation("T20", "correct_months", BLOCK)
def correction_too_long(r: Record) -> str | None:
    if r["correct_months"] <= CORRECT_MOST:
        return None
    return f"限期改正最长不超过1年，填了{r['correct_months']}个月，请重新定。"


@validation("T20", "correct_months", WARN)
def correction_unusual(r: Record) -> str | None:
    if r["correct_months"] in (CORRECT_USUAL, *range(CORRECT_MOST + 1, 1000)):
        return None
    return f"限期改正一般是6个月，填了{r['correct_months']}个月，请核对。"


@computation("T20", "effect_end")
def effect_end(r: Record) -> date | None:
    months = EFFECT_MONTHS.get(r["item"] or "")
    return add_months(r["decided_at"], months) if months and r["decided_at"] else None


@validation("T20", "announced", BLOCK, needs=("announced", "decided_at"))
def announced_before_decided(r: Record) -> str | None:
    return "宣布日期早于决定日期，请核对。" if r["announced"] < r["decided_at"] else None


@validation("T20", "announced", WARN, needs=("announced", "decided_at"))
def announced_late(r: Record) -> str | None:
    last = add_months(r["decided_at"], ANNOUNCE_MONTHS)
    if r["announced"] <= last:
        return None
    return f"据现有资料，处分决定后1个月内（{say(last)}前）宣布，请以《纪律处分条例》原文为准。"


@validation("T20", "met", BLOCK, needs=("met", "kind"))
def did_not_meet(r: Record) -> str | None:
    if r["kind"] != "党纪处分" or r["met"]:
        return None
    return "处分所依据的事实材料和决定必须同本人见面，听取说明和申辩。请见面以后再登记。"


@computation("T20", "dup")
def dup(r: Record) -> bool | None:
    if not r.has("member_id", "kind"):
        return None
    return r["kind"] == "组织处置" and any(
        one.person_id == r["member_id"] and one.values.get("kind") == "党纪处分" for one in r.facts.of("T20")
    )


@validation("T20", "dup", WARN)
def punished_before(r: Record) -> str | None:
    if not r["dup"]:
        return None
    return "这名党员登记过党纪处分。如果是同一个问题，不得再作组织处置；不是同一个问题的可以登记，请核对。"


@validation("T21", "period", BLOCK)
def no_such_period(r: Record) -> str | None:
    kind, number = r.inside("period", "kind"), r.inside("period", "number")
    most = PERIODS.get(kind or "")
    if most is None or (number is None and kind == "年度") or (number is not None and number <= most):
        return None
    return f"{kind}考评请写明是第几期（1至{most}）。"


@validation("T21", "score", BLOCK)
def score_out_of_range(r: Record) -> str | None:
    score = r["score"]
    if 0 <= score <= 100 and score == score.quantize(Decimal("0.1")):
        return None
    return "这一项是0到100的数，最多一位小数，请核对。"


def stars_of(r: Record) -> int:
    """The stars that the district's bands and what lowers them leave."""
    district = r.facts.district
    by_score = next(stars for least, stars in district.star_bands if r["score"] >= least)
    caps = [cap for name, cap in district.vetoes if name in (r["veto"] or ())]
    return min([by_score, *caps])


@validation("T21", "stars", WARN, needs=("stars", "score"))
def stars_too_many(r: Record) -> str | None:
    if not 0 <= r["score"] <= 100 or r["stars"] == (should := stars_of(r)):
        return None
    why = "和降档事项" if r["veto"] else ""
    return (
        f"按本区的分数带{why}，{r['score']}分是{should}星，这里填了{r['stars']}星，以本区办法为准，请核对。"
    )


@validation("T21", "problems", WARN)
def problems_without_rectification(r: Record) -> str | None:
    if r.facts.record_id is None:
        return None
    fixes = [opened(r, one).inside("source", "record") for one in r.facts.of("T12")]
    known = fixes.count(r.facts.record_id)
    if known == r["problems"]:
        return None
    return f"指出了{r['problems']}个问题，整改台账里登记了{known}条，请核对。"


@computation("T23", "done")
def done(r: Record) -> str | None:
    rows = r.rows("plan")
    return f"{sum(bool(row.get('done')) for row in rows)}/{len(rows)}" if rows else None


@validation("T23", "plan", WARN)
def plan_is_short(r: Record) -> str | None:
    kinds = [row.get("kind") for row in r.rows("plan")]
    least = dict(PLAN_COUNTS)
    if has_committee(r):
        least["支委会"] = COMMITTEE_MEETINGS
    if not r.facts.groups:
        del least["党小组会"]
    short = [f"{kind}{kinds.count(kind)}次（{n}次）" for kind, n in least.items() if kinds.count(kind) < n]
    return f"计划里的次数比条例要求少：{'、'.join(short)}，请补上。括号里是全年的次数。" if short else None


@validation("T23", "plan", BLOCK, needs=("plan", "year"))
def plan_of_another_year(r: Record) -> str | None:
    strange = [row["month"] for row in r.rows("plan") if row.get("month") and row["month"].year != r["year"]]
    return f"计划里的{strange[0]:%Y-%m}不在{r['year']}年，请核对。" if strange else None


@validation("T23", "year", BLOCK)
def planned_before(r: Record) -> str | None:
    again = any(one.values.get("year") == r["year"] for one in r.facts.of("T23"))
    return f"{r['year']}年的计划已经有了，请改那一份。" if again else None


@validation("T23", "report_up", WARN, needs=("report_up", "year"))
def reported_in_another_year(r: Record) -> str | None:
    if r["report_up"].year in (r["year"], r["year"] + 1):
        return None
    return f"述职日期{say(r['report_up'])}和{r['year']}年度对不上，请核对。"


@validation("T23", "report_members", BLOCK)
def no_such_assembly(r: Record) -> str | None:
    meeting, on = other(r, r.inside("report_members", "record")), r.inside("report_members", "date")
    if meeting is None or meeting.day is None or on is None or meeting.day == on:
        return None
    return f"选的党员大会是{say(meeting.day)}开的，和述职日期{say(on)}不一样，请核对。"
