"""T15—T17: transfers of membership, members away from home, and hours of training."""

import itertools
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from handlers.answering.dates import add_months
from handlers.record_checks.validations import (
    BLOCK,
    WARN,
    Record,
    computation,
    opened,
    say,
    validation,
)

SETTLED_MONTHS, SILENT_MONTHS, SUSPENDED_MONTHS = 6, 6, 24
DECEMBER = 12


@validation("T15", "counterpart", BLOCK)
def counterpart_not_entitled(r: Record) -> str | None:
    if r.inside("counterpart", "entitled") is not False:
        return None
    return "能直接转接的是有审批预备党员权限的基层党委或它下面的支部，请核对对方党组织。"


@validation("T15", "started", BLOCK)
def transfer_in_the_future(r: Record) -> str | None:
    return "发起日期还没到，办了再登记。" if r["started"] > r.facts.today else None


@validation("T15", "valid_to", BLOCK, needs=("valid_to", "started"))
def letter_ends_before_it_starts(r: Record) -> str | None:
    return "介绍信的有效期早于开出日期，请核对。" if r["valid_to"] < r["started"] else None


@validation("T15", "valid_to", WARN, needs=("valid_to", "started"))
def letter_lasts_long(r: Record) -> str | None:
    days = r.facts.district.letter_days
    if (r["valid_to"] - r["started"]).days <= days:
        return None
    return f"介绍信有效期超过本区建议的{days}天。期限以信上注明的为准，请核对。"


@validation("T15", "status", WARN, needs=("status", "valid_to"))
def letter_has_expired(r: Record) -> str | None:
    if r["status"] != "待接收" or r["valid_to"] >= r.facts.today:
        return None
    return f"介绍信{say(r['valid_to'])}到期，还没有被接收，请联系对方；状态改成“逾期”或重新办理。"


@validation("T15", "accepted", BLOCK, needs=("accepted", "started"))
def accepted_before_it_started(r: Record) -> str | None:
    return "接收日期早于发起日期，请核对。" if r["accepted"] < r["started"] else None


@validation("T15", "status", WARN, needs=("status", "accepted"))
def accepted_but_waiting(r: Record) -> str | None:
    if r["status"] == "已接收":
        return None
    return f"填了接收日期，状态却是“{r['status']}”，请核对。"


@validation("T15", "status", BLOCK, needs=("status", "direction", "member_id"))
def roster_let_go_too_early(r: Record) -> str | None:
    if r["direction"] != "转出" or r["status"] not in ("待接收", "逾期"):
        return None
    kept = [one for one in r.facts.of("T03") if one.person_id == r["member_id"]]
    if not kept or kept[-1].values.get("rel_status") in ("在册", "转出待接收"):
        return None
    return "对方还没有接收，这名党员仍由本支部管理，请先把名册里的状态改回“转出待接收”。"


@validation("T16", "left_at", BLOCK)
def leaves_in_the_future(r: Record) -> str | None:
    return "外出日期还没到，外出以后再登记。" if r["left_at"] > r.facts.today else None


@validation("T16", "months", WARN)
def should_transfer(r: Record) -> str | None:
    months = r.inside("months", "months")
    if not r.inside("months", "fixed") or months is None or months < SETTLED_MONTHS:
        return None
    return f"外出{months}个月而且地点相对固定，应当转组织关系，请同本人和对方党组织联系。"


@validation("T16", "contact_id", BLOCK, needs=("contact_id", "member_id"))
def contacts_oneself(r: Record) -> str | None:
    return (
        "联系人不能是外出的党员自己，请指定支部里的一位同志。" if r["contact_id"] == r["member_id"] else None
    )


@validation("T16", "contacts", BLOCK)
def contact_in_the_future(r: Record) -> str | None:
    late = [row["date"] for row in r.rows("contacts") if row.get("date") and row["date"] > r.facts.today]
    return f"联系日期{say(late[0])}还没到，请核对。" if late else None


def reached_on(r: Record) -> Iterator[date]:
    """The days on which somebody away was reached."""
    for row in r.rows("contacts"):
        if row.get("date") and row.get("reached"):
            yield row["date"]


def last_reached(r: Record) -> date | None:
    """The last of them, else the day of leaving."""
    return max(reached_on(r), default=r["left_at"])


@validation("T16", "contacts", WARN, needs=("contacts", "flow", "left_at"))
def abroad_without_contact(r: Record) -> str | None:
    if r["flow"] != "出国境":
        return None
    days = [r["left_at"], *sorted(reached_on(r)), r.facts.today]
    gaps = [(since, until) for since, until in itertools.pairwise(days)]
    long = [(since, until) for since, until in gaps if add_months(since, SILENT_MONTHS) < until]
    if not long:
        return None
    return f"出国（境）党员每半年至少联系1次，{say(long[-1][0])}以后有半年以上没有联系上，请尽快联系。"


@validation("T16", "contacts", WARN, needs=("contacts", "flow", "left_at"))
def out_of_touch(r: Record) -> str | None:
    since = last_reached(r)
    if r["flow"] == "出国境" or since is None or add_months(since, SILENT_MONTHS) > r.facts.today:
        return None
    return f"从{say(since)}起6个月没有联系上了，请多方查找；这只是提醒，怎么处理由党组织研究。"


@validation("T16", "lost", BLOCK, needs=("lost", "left_at"))
def lost_too_short(r: Record) -> str | None:
    since = last_reached(r)
    if r["lost"] != "建议停止党籍" or since is None or add_months(since, SILENT_MONTHS) <= r.facts.today:
        return None
    return f"从{say(since)}算起失去联系还不满6个月，不能建议停止党籍，请继续查找。"


@validation("T16", "lost", BLOCK, needs=("lost", "member_id"))
def suspended_too_short(r: Record) -> str | None:
    if r["lost"] != "建议除名":
        return None
    since = [
        one.on
        for one in r.facts.of("T03")
        if one.person_id == r["member_id"] and one.values.get("rel_status") == "停止党籍"
    ]
    if since and add_months(since[-1], SUSPENDED_MONTHS) <= r.facts.today:
        return None
    return "停止党籍满2年以后确实无法联系的，才能建议除名。名册上没有满2年的停止党籍登记，请核对。"


@validation("T17", "date", BLOCK)
def training_in_the_future(r: Record) -> str | None:
    return "培训日期还没到，参加了再登记。" if r["date"] > r.facts.today else None


@validation("T17", "hours", WARN)
def training_hours(r: Record) -> str | None:
    hours, most = r.inside("hours", "hours"), r.facts.district.training_hours_most
    if hours is None or Decimal("0.5") <= hours <= Decimal(most):
        return None
    return f"一次培训{hours}学时，本区建议值是0.5至{most}学时，以本地学时办法为准，请核对。"


@validation("T17", "hours", WARN)
def half_day_too_long(r: Record) -> str | None:
    hours, most = r.inside("hours", "hours"), r.facts.district.half_day_hours
    if not r.inside("hours", "half_day") or hours is None or hours <= most:
        return None
    return f"半天登记了{hours}学时，本区建议半天不超过{most}学时，以本地学时办法为准。"


@computation("T17", "year_total")
def year_total(r: Record) -> Decimal | None:
    if not r.has("member_id", "date", "hours"):
        return None
    mine = [one for one in r.facts.of("T17") if one.person_id == r["member_id"]]
    trainings = [training for one in mine if (training := opened(r, one)).has("date", "hours")]
    same_year = [one for one in trainings if one["date"].year == r["date"].year]
    return sum(
        (one.inside("hours", "hours") or Decimal(0) for one in same_year),
        r.inside("hours", "hours") or Decimal(0),
    )


def year_ends(r: Record) -> bool:
    """Whether it is December of the record's year, or later: before, nothing is short yet."""
    return bool(r["date"] and r.facts.today >= date(r["date"].year, DECEMBER, 1))


@validation("T17", "year_total", WARN, needs=("year_total", "member_id"))
def hours_are_short(r: Record) -> str | None:
    leads = r["member_id"] in r.facts.leaders
    least = r.facts.district.leader_hours if leads else r.facts.district.member_hours
    if not year_ends(r) or r["year_total"] >= least:
        return None
    who = "书记和班子成员" if leads else "党员"
    return (
        f"{r['date'].year}年合计{r['year_total']}学时，本区建议{who}每年不少于{least}学时（以上级规定为准）。"
    )


@validation("T17", "sec_rotation", WARN, needs=("sec_rotation", "date", "member_id"))
def secretary_not_trained(r: Record) -> str | None:
    mine = [opened(r, one) for one in r.facts.of("T17") if one.person_id == r["member_id"]]
    year = r["date"].year
    went = r["sec_rotation"] or any(
        one["sec_rotation"] and one["date"] and one["date"].year == year for one in mine
    )
    if went or not year_ends(r):
        return None
    return f"党支部书记每年至少参加1次县级以上集中轮训，{year}年还没有登记。"
