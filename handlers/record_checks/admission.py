"""T22: the whole way of admission, by the rules of 2026; what was done before them goes by those of 2014.

The periods are reckoned where the rehearsals reckon them (`rehearsal_reckoning`).
"""

import itertools
from datetime import date

from handlers import rehearsal_reckoning as reckoning
from handlers.answering.dates import add_months
from handlers.answering.transition import EXTENSION_MONTHS, PROBATION_MONTHS
from handlers.record_checks.conditions import NEW_RULES_SINCE, has_committee
from handlers.record_checks.meetings import assembly_says
from handlers.record_checks.validations import (
    BLOCK,
    WARN,
    Record,
    computation,
    other,
    refused,
    say,
    validation,
)
from handlers.workdays import is_announced

TALK_MONTHS, CHECK_MONTHS = 1, 6
MENTORS, SPONSORS = (1, 2), 2
TRAINING_DAYS, TRAINING_HOURS = 3, 24
CONVERSION = ("applied", "consulted", "reviewed", "held")
CONVERSION_WORDS = ("转正申请", "征求意见", "支委会审查", "党员大会")


@computation("T22", "prob_end")
def prob_end(r: Record) -> date | None:
    held = r.inside("assembly", "date")
    return add_months(held, PROBATION_MONTHS) if held else None


@computation("T22", "rule_ver")
def rule_ver(r: Record) -> str:
    return "2026" if (r.inside("assembly", "date") or r.facts.today) >= NEW_RULES_SINCE else "2014"


@validation("T22", "person_id", BLOCK, needs=("person_id", "apply"))
def applied_under_age(r: Record) -> str | None:
    if r.facts.age_on(r["person_id"], r["apply"]) is not False:
        return None
    return f"{say(r['apply'])}申请时还不满18周岁，不能申请入党，请核对日期。"


@validation("T22", "apply", BLOCK)
def applied_in_the_future(r: Record) -> str | None:
    return "申请日期还没到，请核对。" if r["apply"] > r.facts.today else None


@validation("T22", "talk", BLOCK, needs=("talk", "apply"))
def talked_before_applying(r: Record) -> str | None:
    on = r.inside("talk", "date")
    return "谈话日期早于申请日期，请核对。" if on and on < r["apply"] else None


@validation("T22", "talk", WARN, needs=("talk", "apply"))
def talked_late(r: Record) -> str | None:
    on, last = r.inside("talk", "date"), add_months(r["apply"], TALK_MONTHS)
    if not on or on <= last:
        return None
    return f"收到申请后1个月内派人谈话，应在{say(last)}前，晚了{(on - last).days}天。"


@validation("T22", "activist", BLOCK, needs=("activist", "apply"))
def activist_before_applying(r: Record) -> str | None:
    on = r.inside("activist", "date")
    return "确定积极分子的日期早于申请日期，请核对。" if on and on < r["apply"] else None


@validation("T22", "activist", BLOCK)
def activist_by_the_wrong_meeting(r: Record) -> str | None:
    meeting = other(r, r.inside("activist", "record"))
    should = "T06" if has_committee(r) else "T05"
    if meeting is None or meeting.template.code == should:
        return None
    what = "支委会会议研究决定，请选支委会记录" if should == "T06" else "党员大会讨论决定，请选党员大会记录"
    return f"确定积极分子由{what}。"


@validation("T22", "activist", WARN)
def activist_not_filed(r: Record) -> str | None:
    on, filed = r.inside("activist", "date"), r.inside("activist", "filed")
    if on is None or (filed is not None and filed >= on):
        return None
    return "备案日期早于确定日期，请核对。" if filed else "确定积极分子后要报上级党委备案，请填备案日期。"


@validation("T22", "mentors", BLOCK)
def mentors_are_wrong(r: Record) -> str | None:
    if len(r["mentors"]) not in range(MENTORS[0], MENTORS[1] + 1):
        return f"培养联系人是1至2名正式党员，选了{len(r['mentors'])}名，请重新选。"
    who = r.not_full(*r["mentors"])
    return f"{who}不是正式党员，不能担任培养联系人，请重新选。" if who else None


@validation("T22", "checks", WARN, needs=("checks", "activist"))
def checks_too_far_apart(r: Record) -> str | None:
    since, until = r.inside("activist", "date"), r["object"] or r.facts.today
    if since is None:
        return None
    days = [since, *sorted(row["date"] for row in r.rows("checks") if row.get("date")), until]
    for first, then in itertools.pairwise(days):
        if add_months(first, CHECK_MONTHS) < then:
            return f"每半年考察一次，{say(first)}到{say(then)}超过了半年，请核对有没有漏记。"
    return None


@validation("T22", "agree", BLOCK, needs=("agree", "publicity"))
def published_before_consent(r: Record) -> str | None:
    since = r.inside("publicity", "from")
    if since is None or r["agree"] <= since:
        return None
    return f"上级{say(r['agree'])}才同意，公示{say(since)}就开始了。先报上级同意，再公示，请核对。"


@validation("T22", "publicity", BLOCK)
def publicity_too_short(r: Record) -> str | None:
    since, until = r.inside("publicity", "from"), r.inside("publicity", "until")
    if not since or not until or since < NEW_RULES_SINCE:
        return None
    return refused(lambda: reckoning.publicised(since, until))


@validation("T22", "publicity", WARN)
def holidays_unknown(r: Record) -> str | None:
    days = [r.inside("publicity", key) for key in ("from", "until")]
    years = sorted({day.year for day in days if day and not is_announced(day.year)})
    if not years:
        return None
    return f"{years[-1]}年的放假安排还没有收录，工作日只扣了周末和固定节日，请对照国务院办公厅的通知核对。"


@validation("T22", "object", BLOCK, needs=("object", "activist"))
def trained_too_short(r: Record) -> str | None:
    since = r.inside("activist", "date")
    return since and refused(lambda: reckoning.trained(since, r["object"]))


@validation("T22", "object", BLOCK, needs=("object", "publicity"))
def candidate_before_publicity_ends(r: Record) -> str | None:
    until = r.inside("publicity", "until")
    return until and refused(lambda: reckoning.publicised_before(until, r["object"]))


@validation("T22", "sponsors", BLOCK)
def sponsors_are_wrong(r: Record) -> str | None:
    if len(r["sponsors"]) != SPONSORS:
        return f"入党介绍人正好2名正式党员，选了{len(r['sponsors'])}名，请重新选。"
    who = r.not_full(*r["sponsors"])
    return f"{who}不是正式党员，不能作入党介绍人，请重新选。" if who else None


@validation("T22", "sponsors", BLOCK)
def sponsor_without_rights(r: Record) -> str | None:
    known = [r.facts.members.get(one) for one in r["sponsors"]]
    who = "、".join(one.name for one in known if one and one.is_full and not one.can_vote)
    return f"{who}受留党察看处分或者权利被中止，不能作入党介绍人，请重新选。" if who else None


@validation("T22", "review", BLOCK)
def review_not_passed(r: Record) -> str | None:
    went_on = r.has("pre_ok") or r.has("assembly")
    if not went_on or r.inside("review", "result") == "合格":
        return None
    return "没有经过政治审查或者政治审查不合格的，不能发展入党，后面的步骤请不要填。"


@validation("T22", "training", BLOCK)
def training_too_short(r: Record) -> str | None:
    days, hours = r.inside("training", "days") or 0, r.inside("training", "hours") or 0
    if days >= TRAINING_DAYS or hours >= TRAINING_HOURS or r.inside("training", "exception"):
        return None
    return f"集中培训不少于3天或24学时，现在是{days}天、{hours}学时。补训，或者写明特殊情况。"


@validation("T22", "pre_ok", BLOCK, needs=("pre_ok", "object"))
def previewed_too_early(r: Record) -> str | None:
    if r["pre_ok"] >= r["object"]:
        return None
    return "预审合格日期早于确定发展对象日期，请核对。"


@validation("T22", "assembly", BLOCK, needs=("assembly", "pre_ok"))
def assembly_out_of_time(r: Record) -> str | None:
    held = r.inside("assembly", "date")
    if not held or (held < NEW_RULES_SINCE and held >= r["pre_ok"]):
        return None
    return refused(lambda: reckoning.deadline(r["pre_ok"], held))


@validation("T22", "assembly", BLOCK)
def assembly_on_another_day(r: Record) -> str | None:
    held, meeting = r.inside("assembly", "date"), other(r, r.inside("assembly", "record"))
    if meeting is None or meeting.day is None or held is None or meeting.day == held:
        return None
    return f"选的党员大会记录是{say(meeting.day)}的，这里填的是{say(held)}，请核对。"


@validation("T22", "assembly", BLOCK, needs=("assembly", "person_id"))
def assembly_did_not_admit(r: Record) -> str | None:
    return assembly_says(r, r.inside("assembly", "record"), "接收预备党员", r["person_id"])


@validation("T22", "approve", BLOCK, needs=("approve", "assembly"))
def approved_out_of_time(r: Record) -> str | None:
    held, on = r.inside("assembly", "date"), r.inside("approve", "date")
    if not held or not on:
        return None
    return refused(lambda: reckoning.approval(held, on, special=bool(r.inside("approve", "reason"))))


@validation("T22", "oath", BLOCK, needs=("oath", "approve"))
def swore_before_approval(r: Record) -> str | None:
    on = r.inside("approve", "date")
    return "宣誓日期早于审批日期，请核对。" if on and r["oath"] < on else None


@validation("T22", "oath", WARN, needs=("oath", "approve"))
def swore_late(r: Record) -> str | None:
    on, months = r.inside("approve", "date"), r.facts.district.oath_months
    if not on or r["oath"] <= add_months(on, months):
        return None
    return f"据现有资料，一般在批准后{months}个月内宣誓，请以细则原文为准。"


@validation("T22", "convert", BLOCK)
def conversion_out_of_order(r: Record) -> str | None:
    days = [(word, r.inside("convert", key)) for key, word in zip(CONVERSION, CONVERSION_WORDS, strict=True)]
    told = [(word, day) for word, day in days if day]
    for (first, day), (then, later) in itertools.pairwise(told):
        if later < day:
            return f"“{then}”（{say(later)}）早于“{first}”（{say(day)}），转正各步不能颠倒，请核对。"
    return None


@validation("T22", "convert", BLOCK, needs=("convert", "prob_end"))
def converted_too_early(r: Record) -> str | None:
    held = r.inside("convert", "held")
    if not held or held >= r["prob_end"]:
        return None
    return f"预备期到{say(r['prob_end'])}满，{say(held)}还不能讨论转正。"


@validation("T22", "convert", BLOCK, needs=("convert", "conv_result", "person_id"))
def assembly_did_not_convert(r: Record) -> str | None:
    if r.inside("conv_result", "result") != "按期转正":
        return None
    return assembly_says(r, r.inside("convert", "record"), "预备党员转正", r["person_id"])


@validation("T22", "conv_result", BLOCK)
def extension_is_wrong(r: Record) -> str | None:
    if r.inside("conv_result", "result") != "延长预备期":
        return None
    months = r.inside("conv_result", "months")
    if r.inside("conv_result", "extended_before"):
        return "预备期只能延长一次，以前已经延长过，这次只能转正或者取消资格。"
    if months is None or months not in EXTENSION_MONTHS:
        return "延长预备期不能少于半年、最长不超过1年，请填6至12个月。"
    return None


@validation("T22", "conv_approve", BLOCK, needs=("conv_approve", "convert"))
def conversion_approved_too_early(r: Record) -> str | None:
    held = r.inside("convert", "held")
    return "转正审批日期早于党员大会，请核对。" if held and r["conv_approve"] < held else None


@validation("T22", "conv_approve", WARN, needs=("conv_approve", "convert"))
def conversion_approved_late(r: Record) -> str | None:
    held = r.inside("convert", "held")
    if not held or r["conv_approve"] <= (last := add_months(held, reckoning.APPROVAL_WITHIN)):
        return None
    return f"党委对转正决议应当在3个月内（{say(last)}前）审批，请联系上级党委核对。"
