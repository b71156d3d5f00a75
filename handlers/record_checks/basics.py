"""T01—T04: the branch, its committee, its roster and its groups."""

import re
from collections import Counter
from datetime import date

from handlers.answering.dates import add_months, months_between
from handlers.answering.party_age import EARLY
from handlers.answering.terms import OTHER_YEARS, YEARS_BY_SCOPE
from handlers.record_checks.conditions import COMMITTEE_FROM, has_committee
from handlers.record_checks.validations import BLOCK, WARN, Record, computation, say, validation

LEAST_FULL, MOST_MEMBERS, MOST_UNITS = 3, 50, 5
COMMITTEE_LEAST, COMMITTEE_USUAL, COMMITTEE_MOST = 3, 5, 7
ADULT_MONTHS, PROBATION_MONTHS, YEAR = 18 * 12, 12, 12
REMIND_MONTHS = 6
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
MOBILE = re.compile(r"1\d{10}")


@computation("T01", "total")
def total(r: Record) -> int | None:
    return r["full_count"] + r["prob_count"] if r.has("full_count", "prob_count") else None


@validation("T01", "name", BLOCK)
def name_is_taken(r: Record) -> str | None:
    return (
        "区里已经有同名的党支部，请用批复上的全称，或者联系区委组织部核对。" if r.facts.name_taken else None
    )


@validation("T01", "parent_id", BLOCK)
def parent_is_unknown(r: Record) -> str | None:
    if not r.facts.parents or r["parent_id"] in r.facts.parents:
        return None
    return "上级要选已经登记的基层党委或党总支，请重新选。"


@validation("T01", "approved_at", WARN)
def approved_late(r: Record) -> str | None:
    approved, applied = r.inside("approved_at", "approved"), r.inside("approved_at", "applied")
    if not approved or not applied or approved <= add_months(applied, 1):
        return None
    return f"{say(applied)}申请、{say(approved)}批复，超过了一般的1个月，请核对日期。"


@validation("T01", "approved_at", BLOCK)
def approved_before_applied(r: Record) -> str | None:
    approved, applied = r.inside("approved_at", "approved"), r.inside("approved_at", "applied")
    return "批复日期早于申请日期，请核对。" if approved and applied and approved < applied else None


@validation("T01", "full_count", WARN, needs=("full_count", "kind"))
def too_few_for_a_branch(r: Record) -> str | None:
    if r["kind"] != "单独" or r["full_count"] >= LEAST_FULL:
        return None
    return f"正式党员只有{r['full_count']}人，不足3人的单位应当成立联合党支部，请向上级党组织报告。"


@validation("T01", "full_count", BLOCK, rule="《支部条例》第二十条")
def full_count_differs(r: Record) -> str | None:
    known = r.facts.full
    if r["full_count"] == known:
        return None
    return f"名册上正式党员是{known}人，这里填了{r['full_count']}人。请先把名册更新准确，再登记。"


@validation("T01", "prob_count", WARN)
def prob_count_differs(r: Record) -> str | None:
    known = r.facts.probationary
    if r["prob_count"] == known:
        return None
    return f"名册上预备党员是{known}人，这里填了{r['prob_count']}人，请核对。"


@validation("T01", "total", WARN)
def too_many_members(r: Record) -> str | None:
    if r["total"] <= MOST_MEMBERS:
        return None
    return f"党员共{r['total']}人，党支部一般不超过50人，建议同上级商量拆分。"


@validation("T01", "union_units", WARN)
def too_many_units(r: Record) -> str | None:
    if r["union_units"] <= MOST_UNITS:
        return None
    return f"联合单位{r['union_units']}个，一般不超过5个，建议同上级商量调整。"


@validation("T01", "has_committee", BLOCK, needs=("has_committee", "full_count"))
def committee_against_the_count(r: Record) -> str | None:
    should = r["full_count"] >= COMMITTEE_FROM
    if r["has_committee"] == should:
        return None
    what = "应当设支委会，请选“是”" if should else "不设支委会，只设书记，请选“否”"
    return f"正式党员{r['full_count']}人，{'达到' if should else '不足'}7人，{what}。"


@validation("T01", "group_count", WARN)
def groups_differ(r: Record) -> str | None:
    known = len(r.facts.groups)
    if r["group_count"] == known:
        return None
    return f"“党小组划分表”里有{known}个党小组，这里填了{r['group_count']}个，请核对。"


@computation("T02", "term_end")
def term_end(r: Record) -> date | None:
    years = r.inside("term_years", "years")
    return add_months(r["elected_at"], years * YEAR) if years and r["elected_at"] else None


@validation("T02", "elected_at", BLOCK)
def elected_in_the_future(r: Record) -> str | None:
    return "选举日期还没到，选完了再登记。" if r["elected_at"] > r.facts.today else None


@validation("T02", "term_years", BLOCK)
def term_of_a_village(r: Record) -> str | None:
    years, must = r.inside("term_years", "years"), YEARS_BY_SCOPE.get(r.facts.scope)
    if must is None or years is None or years == must:
        return None
    return f"{r.facts.scope}党支部每届任期{must}年，请改成{must}。"


@validation("T02", "term_years", BLOCK)
def unusual_term_without_reason(r: Record) -> str | None:
    years = r.inside("term_years", "years")
    if r.facts.scope in YEARS_BY_SCOPE or years in (None, OTHER_YEARS) or r.inside("term_years", "reason"):
        return None
    return f"任期一般是{OTHER_YEARS}年，填了{years}年，请写明理由。"


@validation("T02", "term_end", WARN)
def term_is_ending(r: Record) -> str | None:
    end, today = r["term_end"], r.facts.today
    if end <= today:
        return f"{say(end)}已经届满，应当按期换届；延期要报上级党组织批准。"
    if add_months(end, -REMIND_MONTHS) <= today:
        return f"{say(end)}届满，离届满不到6个月，请准备换届。"
    return None


@validation("T02", "secretary_id", BLOCK)
def secretary_is_no_full_member(r: Record) -> str | None:
    who = r.not_full(r["secretary_id"])
    return f"{who}不是正式党员，没有被选举权，不能任书记。" if who else None


@validation("T02", "secretary_id", WARN)
def secretary_is_young_in_the_party(r: Record) -> str | None:
    known = r.facts.members.get(r["secretary_id"])
    since, on = known and known.full_on, r["elected_at"] or r.facts.today
    if not since or add_months(since, YEAR) <= on:
        return None
    return f"书记一般应有1年以上党龄，{r.name(r['secretary_id'])}从{say(since)}算起还不满1年。"


@validation("T02", "deputy_id", BLOCK)
def deputy_cannot_be(r: Record) -> str | None:
    if r["deputy_id"] == r["secretary_id"]:
        return "副书记和书记是同一个人，请重新选。"
    who = r.not_full(r["deputy_id"])
    return f"{who}不是正式党员，没有被选举权，不能任副书记。" if who else None


def team(r: Record) -> list[int]:
    """Everybody on the committee, as often as they were named."""
    named = [r["secretary_id"], r["deputy_id"], *(row.get("person_id") for row in r.rows("members"))]
    return [one for one in named if one is not None]


@validation("T02", "members", BLOCK)
def committee_without_need(r: Record) -> str | None:
    if has_committee(r):
        return None
    return f"名册上正式党员{r.facts.full}人，不足7人不设支委会，请只填书记（必要时填副书记）。"


@validation("T02", "members", BLOCK)
def committee_too_large(r: Record) -> str | None:
    size = len(set(team(r)))
    if size <= COMMITTEE_MOST:
        return None
    return f"支委会连书记在内{size}人，一般不超过7人，不能保存，请核对。"


@validation("T02", "members", BLOCK)
def committee_too_small(r: Record) -> str | None:
    size = len(set(team(r)))
    if size >= COMMITTEE_LEAST or not has_committee(r):
        return None
    return f"支委会连书记在内只有{size}人，要有3至5人，请补齐。"


@validation("T02", "members", WARN)
def committee_unusually_large(r: Record) -> str | None:
    size = len(set(team(r)))
    if not COMMITTEE_USUAL < size <= COMMITTEE_MOST:
        return None
    return f"支委会连书记在内{size}人。支委会由3至5人组成，一般不超过7人，请核对是不是需要。"


@validation("T02", "members", BLOCK)
def named_twice_on_committee(r: Record) -> str | None:
    twice = [one for one, times in Counter(team(r)).items() if times > 1 and one != r["deputy_id"]]
    return f"{r.names(twice)}填了两次，一个人只填一行，分工写在一起。" if twice else None


@validation("T02", "members", BLOCK, rule="《党章》第七条")
def committee_member_is_no_full_member(r: Record) -> str | None:
    who = r.not_full(*(row.get("person_id") for row in r.rows("members")))
    return f"{who}不是正式党员，没有被选举权，不能任委员。" if who else None


@validation("T02", "roles", BLOCK, needs=("roles", "members"))
def role_outside_committee(r: Record) -> str | None:
    strange = {one for one in r["roles"].values() if one is not None} - set(team(r))
    return (
        f"{r.names(sorted(strange))}不在支委会里，组织、宣传、纪检委员要由支委会成员担任。"
        if strange
        else None
    )


@computation("T03", "party_age")
def party_age(r: Record) -> str | None:
    if r["category"] != "正式党员" or not r["full_date"] or r["full_date"] > r.facts.today:
        return None
    years, months = divmod(months_between(r["full_date"], r.facts.today), 12)
    return f"{years}年{months}个月" if years else f"{months}个月"


@computation("T03", "can_vote")
def can_vote(r: Record) -> bool | None:
    if not r.has("name", "category"):
        return None
    known = r.facts.members.get(r["name"])
    if r["category"] != "正式党员" or (known is not None and known.suspended):
        return False
    watched = any(
        one.person_id == r["name"] and one.values.get("item") == "留党察看" for one in r.facts.of("T20")
    )
    return not watched or bool(known and known.restored)


@validation("T03", "name", BLOCK, rule="《党章》第八条")
def on_two_rosters(r: Record) -> str | None:
    if r["name"] not in r.facts.elsewhere:
        return None
    return f"{r.name(r['name'])}同时在另一个党支部的名册上。一名党员只能编入一个支部，请先核对组织关系。"


@validation("T03", "name", BLOCK)
def entered_before(r: Record) -> str | None:
    if not any(one.person_id == r["name"] for one in r.facts.of("T03")):
        return None
    return f"{r.name(r['name'])}已经登记过了，请改原来那一条。"


@validation("T03", "id_no", BLOCK)
def id_no_is_wrong(r: Record) -> str | None:
    number = r["id_no"].upper()
    if re.fullmatch(r"\d{17}[\dX]", number):
        total = sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False))
        if CHECK_DIGITS[total % 11] == number[-1] and born(number):
            return None
    return "身份证号不对（18位，末位是校验码），请对照身份证核对。"


def born(number: str) -> date | None:
    """The birthday in an identity number; None where there is no such day."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def birthday(r: Record) -> date | None:
    """By the identity number, else by the roster."""
    known = r.facts.members.get(r["name"])
    number = r["id_no"] or ""
    found = born(number) if re.fullmatch(r"\d{17}[\dXx]", number) else None
    return found or (known.born_on if known else None)


@validation("T03", "category", WARN)
def category_differs(r: Record) -> str | None:
    known = r.facts.members.get(r["name"])
    if known is None or known.is_full == (r["category"] == "正式党员"):
        return None
    return f"名册上{known.name}是{'正式' if known.is_full else '预备'}党员，和这里不一样，请核对。"


@validation("T03", "join_date", BLOCK)
def joined_under_age(r: Record) -> str | None:
    day = birthday(r)
    if day is None or add_months(day, ADULT_MONTHS) <= r["join_date"]:
        return None
    return f"{say(day)}出生，{say(r['join_date'])}还不满18周岁，不能入党，请核对日期。"


@validation("T03", "join_date", BLOCK)
def joined_in_the_future(r: Record) -> str | None:
    return "入党日期还没到，请核对。" if r["join_date"] > r.facts.today else None


@validation("T03", "full_date", BLOCK, needs=("full_date", "join_date"))
def probation_too_short(r: Record) -> str | None:
    if r["join_date"].year < EARLY:
        return None
    end = add_months(r["join_date"], PROBATION_MONTHS)
    if r["full_date"] >= end:
        return None
    return f"{say(r['join_date'])}入党，预备期1年到{say(end)}满，转正日期不能早于这一天。"


@validation("T03", "rel_status", BLOCK, rule="《教育管理条例》第二十五条")
def transfer_differs(r: Record) -> str | None:
    pending = [
        one
        for one in r.facts.of("T15")
        if one.person_id == r["name"]
        and one.values.get("direction") == "转出"
        and one.values.get("status") in ("待接收", "逾期")
    ]
    waits = r["rel_status"] == "转出待接收"
    if waits == bool(pending):
        return None
    if waits:
        return "转接登记表里没有这名党员正在转出的登记，请先登记转接，或者改成“在册”。"
    return "这名党员的组织关系转出了还没有被接收，请选“转出待接收”，接收前仍由本支部管理。"


@validation("T03", "mobile", BLOCK)
def mobile_is_wrong(r: Record) -> str | None:
    return None if MOBILE.fullmatch(r["mobile"]) else "手机号是1开头的11位数字，请核对。"


@validation("T04", "name", BLOCK)
def group_name_is_taken(r: Record) -> str | None:
    taken = any(one.values.get("name") == r["name"] for one in r.facts.groups)
    return f"支部里已经有“{r['name']}”，请换一个名称。" if taken else None


@validation("T04", "leader_id", WARN)
def leader_is_no_full_member(r: Record) -> str | None:
    who = r.not_full(r["leader_id"])
    return f"{who}不是正式党员，建议由正式党员担任组长。" if who else None


@validation("T04", "leader_id", WARN, needs=("leader_id", "members"))
def leader_of_another_group(r: Record) -> str | None:
    return None if r["leader_id"] in r["members"] else "组长不在本组组员里，建议由本组党员担任。"


@validation("T04", "members", BLOCK)
def in_two_groups(r: Record) -> str | None:
    others = {one for group in r.facts.groups for one in group.values.get("members") or ()}
    twice = [one for one in r["members"] if one in others]
    return f"{r.names(twice)}已经在别的党小组了，一名党员只能在一个党小组。" if twice else None


@validation("T04", "members", WARN)
def left_out_of_groups(r: Record) -> str | None:
    placed = {one for group in r.facts.groups for one in group.values.get("members") or ()}
    party = [one.id for one in r.facts.members.values() if one.in_party]
    missing = [one for one in party if one not in placed | set(r["members"])]
    if not missing:
        return None
    return (
        f"还有{len(missing)}名党员没有编入党小组：{r.names(missing[:5])}{'等' if len(missing) > 5 else ''}。"
    )
