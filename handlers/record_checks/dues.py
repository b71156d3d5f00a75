"""T18 and T19: what is due, what was paid, what is missing. All amounts are whole fen.

Rates and rounding are those of the answers (`answering.dues`): one reckoning for both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal

from handlers.answering.arrears import LONGEST_MONTHS
from handlers.answering.dates import add_months
from handlers.answering.dues import CENT, USUAL_LIMIT, Payer
from handlers.answering.dues import due as reckon
from handlers.money import yuan
from handlers.record_checks.conditions import BY_RATE
from handlers.record_checks.validations import (
    BLOCK,
    WARN,
    Record,
    computation,
    opened,
    say,
    validation,
)

LOWEST = ("学生", "下岗失业", "抚恤救济", "低保")
LOWEST_DUE = 20
"""0.2 yuan (党费规定第六条)."""
FARMER_LEAST, FARMER_MOST = 20, 100
REMIND_MONTHS, WARN_MONTHS = 3, 6
ROUNDING = {"half_up": ROUND_HALF_UP, "down": ROUND_DOWN, "up": ROUND_CEILING}
JANUARY_ENDS = (1, 31)


@dataclass(frozen=True, slots=True)
class Levy:
    """One member's dues as one record tells them: fen a month, since when, and the months that were paid."""

    member: int
    year: int
    due: int
    paid: int
    since: date
    months: tuple[date, ...]


@computation("T18", "rate")
def rate(r: Record) -> str | None:
    if r["payer_kind"] not in BY_RATE or r["base"] is None:
        return None
    per_mille = Decimal(reckon(Decimal(r["base"]) / 100, _payer(r)).rate)
    return f"{(per_mille / 10).normalize():f}%"


@computation("T18", "due")
def due(r: Record) -> int | None:
    if r["payer_kind"] in LOWEST:
        return LOWEST_DUE
    if r["payer_kind"] not in BY_RATE or r["base"] is None:
        return None
    worked = reckon(Decimal(r["base"]) / 100, _payer(r))
    exact = worked.base * worked.rate / 1000
    return int(exact.quantize(CENT, ROUNDING[r.facts.district.rounding]) * 100)


def _payer(r: Record) -> Payer:
    return Payer.RETIRED if r["payer_kind"] == "离退休" else Payer.EMPLOYEE


@validation("T18", "member_id", BLOCK, rule="《党费规定》第八条")
def pays_without_membership(r: Record) -> str | None:
    known = r.facts.members.get(r["member_id"])
    if known is None or known.in_party:
        return None
    return f"{known.name}还不是党员。从支部大会通过为预备党员那天起交党费，请核对。"


@validation("T18", "due", BLOCK, needs=("due", "payer_kind"))
def farmers_due(r: Record) -> str | None:
    if r["payer_kind"] != "农民" or FARMER_LEAST <= r["due"] <= FARMER_MOST:
        return None
    return f"农民党员每月交0.2元至1元，填了{yuan(r['due'])}元，请重新核定。"


@validation("T18", "year", WARN, needs=("year", "due", "member_id"))
def changed_within_the_year(r: Record) -> str | None:
    year = r.inside("year", "year")
    others = {one.due for one in levies(r) if one.member == r["member_id"] and one.year == year}
    if not others - {r["due"]} or (r.inside("year", "reason") and r.inside("year", "since")):
        return None
    return "党费年初核定，年内一般不变。这次和前面核定的不一样，请写明原因和从哪个月起。"


@validation("T18", "paid", WARN, needs=("paid", "months"))
def paid_much(r: Record) -> str | None:
    if Decimal(r["paid"]) <= USUAL_LIMIT * 100 * len(r["months"]):
        return None
    return "每月超过1000元了。每名党员月交数额一般不超过1000元，自愿多交不限，请确认是本人自愿。"


@validation("T18", "months", BLOCK, needs=("months", "year"))
def month_of_another_year(r: Record) -> str | None:
    year = r.inside("year", "year")
    strange = [one for one in r["months"] if one.year != year]
    if year is None or not strange:
        return None
    return f"核定年度是{year}年，{strange[0]:%Y-%m}不在这一年，请另外登记。"


@validation("T18", "months", WARN, needs=("months", "member_id"))
def month_paid_twice(r: Record) -> str | None:
    before = {month for one in levies(r) if one.member == r["member_id"] for month in one.months}
    twice = sorted(before & set(r["months"]))
    return f"{twice[0]:%Y-%m}的党费已经登记过了，请核对。" if twice else None


@validation("T18", "months", WARN)
def paid_for_long_ago(r: Record) -> str | None:
    known = {str(one)[:7] for one in (r.facts.previous or {}).get("months") or ()}
    now = r.facts.today.replace(day=1)
    late = [one for one in r["months"] if f"{one:%Y-%m}" not in known and one < now]
    if len(late) <= LONGEST_MONTHS:
        return None
    return f"一次补交了{len(late)}个月。补交时间一般不得超过6个月，请先向支部说明情况。"


@computation("T18", "unpaid")
def unpaid(r: Record) -> int | None:
    mine = [one for one in levies(r, itself=True) if one.member == r["member_id"]]
    if not mine:
        return None
    paid = {month for one in mine for month in one.months}
    month, first, count = add_months(r.facts.today.replace(day=1), -1), min(one.since for one in mine), 0
    while month >= first and month not in paid:
        count, month = count + 1, add_months(month, -1)
    return count


@validation("T18", "unpaid", WARN)
def months_unpaid(r: Record) -> str | None:
    count = r["unpaid"]
    if count >= WARN_MONTHS:
        return f"连续{count}个月没有交党费。请核实有没有正当理由，怎么办由党组织按程序研究；系统不作认定。"
    return f"连续{count}个月没有交党费，请提醒本人补交，并了解情况。" if count >= REMIND_MONTHS else None


def levies(r: Record, *, itself: bool = False) -> list[Levy]:
    """What the branch's other records of dues tell, and this one too if asked for."""
    records = [opened(r, one) for one in r.facts.of("T18")] + ([r] if itself else [])
    return [one for record in records if (one := _levy(record)) is not None]


def _levy(r: Record) -> Levy | None:
    year = r.inside("year", "year")
    if year is None or not r.has("member_id", "due"):
        return None
    since = r.inside("year", "since") or date(year, 1, 1)
    return Levy(r["member_id"], year, r["due"], r["paid"] or 0, since, tuple(r["months"] or ()))


def owed(levies_: Iterable[Levy], year: int, today: date) -> int:
    """Fen that were due in a year, to the end of last month while it runs.

    A month that was paid counts at the due it was paid by; another at the due in force then.
    """
    by_member: dict[int, list[Levy]] = {}
    for one in levies_:
        if one.year == year:
            by_member.setdefault(one.member, []).append(one)
    return sum(sum(_months_due(mine, year, today)) for mine in by_member.values())


def _months_due(mine: list[Levy], year: int, today: date) -> Iterator[int]:
    mine = sorted(mine, key=lambda one: one.since)
    for number in range(1, 13):
        month = date(year, number, 1)
        paid_by = [one for one in mine if month in one.months]
        in_force = [one for one in mine if one.since <= month]
        if paid_by:
            yield paid_by[-1].due
        elif in_force and month < today.replace(day=1):
            yield in_force[-1].due


@computation("T19", "due_sum")
def due_sum(r: Record) -> int | None:
    return owed(levies(r), r["year"], r.facts.today) if r.has("year") else None


@computation("T19", "paid_sum")
def paid_sum(r: Record) -> int | None:
    return sum(one.paid for one in levies(r) if one.year == r["year"]) if r.has("year") else None


@validation("T19", "due_sum", WARN)
def nothing_to_sum_up(r: Record) -> str | None:
    if any(one.year == r["year"] for one in levies(r)):
        return None
    return f"{r['year']}年还没有党费收缴登记，合计是0，请先登记。"


@validation("T19", "handover", BLOCK, needs=("handover", "paid_sum"))
def handed_over_more(r: Record) -> str | None:
    amount = r.inside("handover", "amount")
    if amount is None or amount <= r["paid_sum"]:
        return None
    return f"上缴{yuan(amount)}元，比实收{yuan(r['paid_sum'])}元还多，请核对。"


@validation("T19", "published_at", BLOCK)
def published_in_the_future(r: Record) -> str | None:
    return "公布日期还没到，公布了再登记。" if r["published_at"] > r.facts.today else None


@validation("T19", "published_at", WARN, needs=("published_at", "year"))
def published_late(r: Record) -> str | None:
    last = date(r["year"] + 1, *JANUARY_ENDS)
    return f"建议在{say(last)}前公布，以后请早一点。" if r["published_at"] > last else None
