"""What a branch's year shows across its records, X01—X13: said to the branch itself, never ranked.

X08—X10 and X12—X15 are also checked on the record itself when it is handed in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from handlers.answering.dates import add_months
from handlers.record_checks.conditions import COMMITTEE_FROM
from handlers.record_checks.facts import Entry, Facts, Problem

QUARTERS = ((1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12))
BRANCH = "支部条例"
DECEMBER = 12


@dataclass(frozen=True, slots=True)
class Gap(Problem):
    """A problem of the year, with what it is about: the template, and the month or quarter where it has one.

    `bars_best`: while it stands, the branch's year can't be called 优秀 (X04, X05).
    """

    template: str = ""
    since: date | None = None
    bars_best: bool = False


def review(facts: Facts, year: int) -> list[Gap]:
    """What is missing of the year so far, and what doesn't agree. Only what is over counts as missing."""
    return [
        *_meetings(facts, year),
        *_party_days(facts, year),
        *_yearly(facts, year),
        *_talks(facts, year),
        *_agreement(facts),
    ]


def _gap(
    code: str,
    template: str,
    message: str,
    article: str,
    *,
    level: Literal["block", "warn"] = "warn",
    since: date | None = None,
    bars_best: bool = False,
) -> Gap:
    rule = f"《{BRANCH}》{article}" if article.startswith("第") else article
    return Gap("", level, message, rule, code, template, since, bars_best)


def held(facts: Facts, template: str, year: int) -> list[Entry]:
    """A template's records of that year."""
    return [one for one in facts.of(template) if one.on.year == year]


def _over(facts: Facts, year: int, month: int) -> bool:
    """Whether that month has ended."""
    return add_months(date(year, month, 1), 1) <= facts.today


def _meetings(facts: Facts, year: int) -> Iterator[Gap]:
    months = {template: [one.on.month for one in held(facts, template, year)] for template in ("T05", "T06")}
    for number, quarter in enumerate(QUARTERS, start=1):
        if _over(facts, year, quarter[-1]) and not set(months["T05"]) & set(quarter):
            said = f"{year}年第{number}季度没有党员大会记录。党员大会一般每季度召开1次，开过的请补录。"
            yield _gap("X01", "T05", said, "第十一条", since=date(year, quarter[0], 1))
    if facts.full >= COMMITTEE_FROM:
        for month in range(1, 13):
            if _over(facts, year, month) and month not in months["T06"]:
                said = f"{year}年{month}月没有支委会记录。支委会会议一般每月召开1次，开过的请补录。"
                yield _gap("X02", "T06", said, "第十二条", since=date(year, month, 1))
    for group in facts.groups:
        met = {one.on.month for one in held(facts, "T07", year) if one.values.get("group_id") == group.id}
        name = group.values.get("name") or "党小组"
        for month in range(1, 13):
            since = date(year, month, 1)
            if _over(facts, year, month) and group.on.replace(day=1) <= since and month not in met:
                said = f"{name}{year}年{month}月没有党小组会记录。党小组会一般每月召开1次，开过的请补录。"
                yield _gap("X03", "T07", said, "第十三条", since=since)


def _party_days(facts: Facts, year: int) -> Iterator[Gap]:
    months = {str(one.values.get("month") or "")[:7] for one in facts.of("T09")}
    for month in range(1, 13):
        since = date(year, month, 1)
        reminded = add_months(since, 1).replace(day=facts.district.theme_day_reminder)
        if f"{since:%Y-%m}" not in months and reminded <= facts.today:
            said = f"{year}年{month}月没有主题党日记录。每月相对固定1天开展主题党日，开过的请补录。"
            yield _gap("X04", "T09", said, "第十六条", since=since, bars_best=True)


def _yearly(facts: Facts, year: int) -> Iterator[Gap]:
    december = date(year, DECEMBER, 1)
    if facts.today < december:
        return

    def none(template: str) -> bool:
        return not any(one.values.get("year") == year for one in facts.of(template))

    if none("T10"):
        said = f"{year}年还没有组织生活会记录。每年至少召开1次，一般在第四季度，请抓紧安排。"
        yield _gap("X05", "T10", said, "第十七条", since=december, bars_best=True)
    for template, what in (("T13", "个人登记表"), ("T14", "结果汇总表")):
        if none(template):
            said = f"{year}年还没有民主评议党员的{what}。一般每年开展1次。"
            yield _gap("X06", template, said, "第十八条", since=december)


def _talks(facts: Facts, year: int) -> Iterator[Gap]:
    if facts.today < date(year, DECEMBER, 1):
        return
    pairs = {
        frozenset((one.values.get("from_id"), one.values.get("to_id"))) for one in held(facts, "T11", year)
    }
    spoken = {person for pair in pairs for person in pair}
    party = [one for one in facts.members.values() if one.in_party]
    alone = [one.name for one in party if one.id not in spoken]
    if alone:
        who = "、".join(alone[:5]) + ("等" if len(alone) > 5 else "")
        said = f"{year}年还有{len(alone)}名党员没有谈心谈话记录：{who}。"
        yield _gap("X07", "T11", said, "第十九条")
    open_pairs = [pair for pair in combinations(sorted(facts.committee), 2) if frozenset(pair) not in pairs]
    if open_pairs:
        first, second = (_name(facts, one) for one in open_pairs[0])
        said = f"{year}年还有{len(open_pairs)}对委员之间没有谈心谈话记录，例如{first}和{second}。"
        yield _gap("X07", "T11", said, "第十九条")
    relations = {one.values.get("relation") for one in held(facts, "T11", year)}
    if "党员之间" not in relations:
        said = f"{year}年还没有党员和党员之间的谈心谈话记录，一般每年不少于1次。"
        yield _gap("X07", "T11", said, "第十九条")


def _name(facts: Facts, person: int) -> str:
    return facts.members[person].name if person in facts.members else str(person)


def _agreement(facts: Facts) -> Iterator[Gap]:
    """X08 and X11—X14: what stands in one place against what stands in another."""
    basics = facts.latest("T01")
    told = basics.values.get("full_count") if basics else None
    if basics is not None and told != facts.full:
        said = f"基本情况登记表写的正式党员是{told}人，名册是{facts.full}人，请更新。"
        yield _gap("X08", "T01", said, "第二十条", level="block")
    roster = {one.person_id: one.values for one in facts.of("T03")}
    for entry in facts.of("T18"):
        unpaid = entry.values.get("unpaid")
        member = facts.members.get(entry.person_id or 0)
        if isinstance(unpaid, int) and unpaid >= 6 and member is not None:
            said = (
                f"{member.name}连续{unpaid}个月没有交党费，请核实有没有正当理由，按程序研究；系统不作认定。"
            )
            yield _gap("X11", "T18", said, "《党章》第九条")
    for entry in facts.of("T20"):
        member = facts.members.get(entry.person_id or 0)
        watched = entry.values.get("item") == "留党察看" and member is not None and not member.restored
        if watched and member and roster.get(member.id, {}).get("can_vote"):
            said = f"{member.name}受留党察看处分，名册上还有表决权，请更新名册；期满后要人工恢复。"
            yield _gap("X12", "T03", said, "《党章》第四十一条", level="block")
    for person in sorted(facts.elsewhere):
        said = f"{_name(facts, person)}同时在另一个党支部的名册上，一名党员只能编入一个支部，请核对组织关系。"
        yield _gap("X13", "T03", said, "《党章》第八条", level="block")
