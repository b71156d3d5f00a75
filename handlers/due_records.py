"""What a branch's records should be there by when: by month, quarter and year, and before a term ends. Pure.

Words and days: 《支部条例》 says “一般” of most of this, so nothing here blames; a day that no rule sets is
marked as a proposal (建议).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from handlers.answering.dates import add_months
from handlers.record_checks import Entry, Facts

OPEN_FIXES = ("待整改", "整改中", "退回重改")
BRANCH_RULE = "支部条例"
TERM_NOTICE_MONTHS = 6
"""Before the end of a term (支部条例第二十一条)."""
CONTACT_MONTHS = 6
"""Members abroad are written to at least every half year (教育管理条例第三十四条)."""
CHECK_MONTHS = 6
"""Activists are looked at every half year (发展党员细则(2026)第十一条)."""


class State(StrEnum):
    """Where something due stands."""

    DONE = "done"
    OPEN = "open"
    AHEAD = "ahead"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Due:
    """One thing a branch has to record: of which period, from when it is open, by when, and what there is."""

    template: str
    key: str
    title: str
    period: str
    opens: date
    until: date
    state: State
    rule: str
    records: tuple[int, ...] = ()


def year(facts: Facts, *, year: int) -> list[Due]:
    """Everything due in a year, in the order of its days."""
    found = [*_monthly(facts, year), *_quarterly(facts, year), *_yearly(facts, year), *_single(facts, year)]
    return sorted(found, key=lambda one: (one.until, one.template, one.key))


def open_now(facts: Facts) -> list[Due]:
    """What is open today and has no record yet; what is long past is left to the year's page."""
    today = facts.today
    found = [*year(facts, year=today.year)]
    if today.month == 1:
        found += year(facts, year=today.year - 1)
    return [
        one
        for one in found
        if one.state is State.OPEN or (one.state is State.PAST and (today - one.until).days <= 31)
    ]


def _monthly(facts: Facts, year: int) -> Iterator[Due]:
    for month in range(1, 13):
        opens = date(year, month, 1)
        until = add_months(opens, 1) - timedelta(days=1)
        period = f"{year}-{month:02d}"
        days = [one for one in facts.of("T09") if str(one.values.get("month"))[:7] == period]
        yield _due(facts, "T09", period, f"{month}月主题党日", opens, until, f"{BRANCH_RULE} 第十六条", days)
        if facts.committee:
            held = _within(facts, "T06", opens, until)
            yield _due(
                facts, "T06", period, f"{month}月支委会", opens, until, f"{BRANCH_RULE} 第十二条", held
            )
        for group in facts.groups:
            held = [
                one for one in _within(facts, "T07", opens, until) if one.values.get("group_id") == group.id
            ]
            title = f"{month}月{group.values.get('name', '党小组')}会"
            yield _due(
                facts,
                "T07",
                period,
                title,
                opens,
                until,
                f"{BRANCH_RULE} 第十三条",
                held,
                key=f"T07:{group.id}",
            )


def _quarterly(facts: Facts, year: int) -> Iterator[Due]:
    for quarter in range(1, 5):
        opens = date(year, 3 * quarter - 2, 1)
        until = add_months(opens, 3) - timedelta(days=1)
        held = _within(facts, "T05", opens, until)
        title = f"第{'一二三四'[quarter - 1]}季度党员大会"
        yield _due(facts, "T05", f"{year}-Q{quarter}", title, opens, until, f"{BRANCH_RULE} 第十一条", held)


def _yearly(facts: Facts, year: int) -> Iterator[Due]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    autumn = date(year, 10, 1)

    def of_year(code: str) -> list[Entry]:
        return [one for one in facts.of(code) if one.values.get("year") == year]

    yield _due(facts, "T10", str(year), "组织生活会", autumn, last, f"{BRANCH_RULE} 第十七条", of_year("T10"))
    yield _due(
        facts, "T13", str(year), "民主评议党员", autumn, last, f"{BRANCH_RULE} 第十八条", of_year("T13")
    )
    yield _due(
        facts, "T14", str(year), "民主评议结果汇总", autumn, last, f"{BRANCH_RULE} 第十八条", of_year("T14")
    )
    yield _due(
        facts, "T23", str(year), "年度工作计划（本区建议1月底前）", first, date(year, 1, 31),
        f"{BRANCH_RULE} 第十一至十六条", of_year("T23"),
    )  # fmt: skip
    written = [one for one in of_year("T23") if one.values.get("summary")]
    yield _due(
        facts, "T23", str(year), "年度总结和书记述职", date(year, 12, 1), last,
        f"{BRANCH_RULE} 第二十七条", written, key="T23:summary",
    )  # fmt: skip
    yield _due(
        facts, "T19", str(year), "党费收缴年度公示（建议次年1月31日前）", date(year, 12, 1),
        date(year + 1, 1, 31), "党费规定 第二十六条", of_year("T19"),
    )  # fmt: skip


def _single(facts: Facts, year: int) -> Iterator[Due]:
    """What comes once: the end of a term, fixes, members away, activists."""
    team = facts.latest("T02")
    end = _day(team.values.get("term_end")) if team else None
    if team is not None and end is not None and end.year in (year, year + 1):
        opens = add_months(end, -TERM_NOTICE_MONTHS)
        if opens.year == year or end.year == year:
            held = [one for one in facts.of("T02") if one.id > team.id]
            title = f"换届选举（{end:%Y年%m月%d日}任期届满）"
            yield _due(facts, "T24", f"{end:%Y}", title, opens, end, f"{BRANCH_RULE} 第二十一条", held)
    for fix in facts.of("T12"):
        due = _day(fix.values.get("due"))
        if due is not None and due.year == year and fix.values.get("status") in OPEN_FIXES:
            # Words that somebody wrote may name somebody.
            named = any(member.name for member in facts.members.values())
            title = f"整改：{str(fix.values.get('problem', ''))[:20]}" if named else "整改一项问题"
            yield _due(
                facts, "T12", f"{due:%Y-%m}", title, fix.on, due, f"{BRANCH_RULE} 第十七条", [],
                key=f"T12:{fix.id}",
            )  # fmt: skip
    for away in facts.of("T16"):
        contacts = [_day(row.get("date")) for row in away.values.get("contacts") or () if row.get("reached")]
        last = max([one for one in contacts if one], default=away.on)
        until = add_months(last, CONTACT_MONTHS)
        if until.year == year and away.values.get("flow") != "流入":
            name = _name(facts, away.person_id)
            yield _due(
                facts, "T16", f"{until:%Y-%m}", f"和外出的{name}联系一次", add_months(until, -1), until,
                "教育管理条例 第三十四条", [], key=f"T16:{away.id}:{until}",
            )  # fmt: skip
    for path in facts.of("T22"):
        activist = path.values.get("activist") or {}
        begun = _day(activist.get("date"))
        if begun is None or path.values.get("object"):
            continue
        checks = [_day(row.get("date")) for row in path.values.get("checks") or ()]
        last = max([one for one in checks if one], default=begun)
        until = add_months(last, CHECK_MONTHS)
        if until.year == year:
            yield _due(
                facts, "T22", f"{until:%Y-%m}", "入党积极分子半年考察", add_months(until, -1), until,
                "发展党员细则(2026) 第十一条", [], key=f"T22:{path.id}:{until}",
            )  # fmt: skip


def _due(
    facts: Facts, template: str, period: str, title: str, opens: date, until: date, rule: str,
    records: Iterable[Entry], *, key: str = "",
) -> Due:  # fmt: skip
    ids = tuple(one.id for one in records)
    today = facts.today
    if ids:
        state = State.DONE
    elif today > until:
        state = State.PAST
    else:
        state = State.OPEN if today >= opens else State.AHEAD
    return Due(template, f"{key or template}:{period}", title, period, opens, until, state, rule, ids)


def _within(facts: Facts, template: str, opens: date, until: date) -> list[Entry]:
    return [one for one in facts.of(template) if opens <= one.on <= until]


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _name(facts: Facts, person_id: int | None) -> str:
    known = facts.members.get(person_id or 0)
    return (known.name if known else "") or "党员"
