"""The checks across records (X01–X15) on a branch's year: what doesn't agree, and what isn't there yet.

`block` findings don't agree with a rule and want to be put right; `excellent` ones keep a year from being
rated 优秀 (X04, X05); `warn` ones are said and no more. Nothing is changed by a finding, nobody is struck
off by one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, Literal

from handlers import due_records, record_access, record_facts
from handlers.context import Context
from handlers.due_records import Due, State
from handlers.record_access import Reader
from handlers.record_checks import Entry, Facts
from models import Record, RecordStatus

Level = Literal["block", "excellent", "warn"]
COMMITTEE_FROM = 7
"""Full members from which a branch has a committee (支部条例第二十条)."""
UNPAID_MONTHS = 6
RELATIONS = ("委员之间", "委员与党员", "党员之间")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a look across the records found."""

    code: str
    level: Level
    message: str
    rule: str
    records: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Year:
    """A branch's year: what was due, what the look across found, and the drafts that wait."""

    reader: Reader
    year: int
    due: list[Due]
    findings: list[Finding]
    drafts: list[Record]


async def overview(ctx: Context, *, branch_id: int | None = None, year: int | None = None) -> Year:
    """A branch's year, for whoever works for it or stands above it.

    Raises:
        NotBound, NotFound: not theirs to see; a member sees the records, not what is missing.
    """
    reader = await record_access.read_branch(ctx, branch_id)
    record_access.require_overview(reader)
    year = year or ctx.now().year
    # Officers see how things stand, not whose they are.
    facts = await record_facts.gather(ctx, reader.branch, named=reader.writes)
    drafts = (
        Record.filter(branch_id=reader.branch.id, status=RecordStatus.DRAFT).order_by("-saved_at").limit(200)
    )
    return Year(
        reader=reader,
        year=year,
        due=due_records.year(facts, year=year),
        findings=judge(facts, year=year),
        drafts=await drafts if reader.writes else [],
    )


def judge(facts: Facts, *, year: int) -> list[Finding]:
    """Every finding of a year, what blocks first. Pure."""
    found = [one for rule in RULES for one in rule(facts, year)]
    order = ("block", "excellent", "warn")
    return sorted(found, key=lambda one: (order.index(one.level), one.code))


def _meetings(facts: Facts, year: int) -> Iterator[Finding]:
    """X01–X05: how often meetings are held."""
    codes: dict[str, tuple[str, Level]] = {
        "T05": ("X01", "warn"), "T06": ("X02", "warn"), "T07": ("X03", "warn"), "T09": ("X04", "excellent"),
        "T10": ("X05", "excellent"),
    }  # fmt: skip
    missing: dict[str, list[Due]] = {}
    for one in due_records.year(facts, year=year):
        if one.template not in codes or one.state is not State.PAST:
            continue
        if one.template == "T09" and (facts.today - one.until).days < facts.district.theme_day_reminder:
            continue
        missing.setdefault(one.template, []).append(one)
    for template, ones in missing.items():
        code, level = codes[template]
        after = "补上以前，年度考评不能评“优秀”。" if level == "excellent" else ""
        told = f"{'、'.join(one.title for one in ones)}还没有记录。确实开过的请补录，没有开的请安排。{after}"
        yield Finding(code, level, told, ones[0].rule)


def _appraisal(facts: Facts, year: int) -> Iterator[Finding]:
    """X06."""
    for one in due_records.year(facts, year=year):
        if one.template in ("T13", "T14") and one.state is State.PAST:
            yield Finding("X06", "warn", f"{year}年的{one.title}还没有记录。", one.rule)
    members = {one.person_id for one in facts.of("T13") if one.values.get("year") == year}
    left = [facts.members[id_].name for id_ in facts.members if id_ not in members]
    if members and left and facts.today > date(year, 12, 31):
        yield Finding(
            "X06",
            "warn",
            f"{year}年民主评议还有{len(left)}人没有登记表{_some(left)}。",
            "支部条例 第十八条",
        )


def _talks(facts: Facts, year: int) -> Iterator[Finding]:
    """X07: looked at from the fourth quarter on, when there is still time."""
    if facts.today < date(year, 10, 1):
        return
    talks = [one for one in facts.of("T11") if one.on.year == year]
    rule = "支部条例 第十九条"
    relations = {one.values.get("relation") for one in talks}
    for relation in RELATIONS:
        if relation not in relations and (facts.committee or relation == "党员之间"):
            yield Finding("X07", "warn", f"{year}年还没有“{relation}”的谈心谈话记录。", rule)
    spoken = {one.values.get(key) for one in talks for key in record_access.TALKERS}
    left = [member.name for member in facts.members.values() if member.id not in spoken]
    if talks and left:
        yield Finding("X07", "warn", f"{year}年还有{len(left)}名党员没有谈心谈话记录{_some(left)}。", rule)
    pairs = {frozenset(one.values.get(key) for key in record_access.TALKERS) for one in talks}
    open_pairs = [pair for pair in combinations(sorted(facts.committee), 2) if frozenset(pair) not in pairs]
    if talks and open_pairs:
        yield Finding("X07", "warn", f"委员之间还有{len(open_pairs)}对没有谈过。", rule)


def _counts(facts: Facts, _: int) -> Iterator[Finding]:
    """X08: full members on the roster, in T01, T02 and T03 agree."""
    rule = "支部条例 第二十条"
    register, team, lines = facts.latest("T01"), facts.latest("T02"), facts.of("T03")
    if register is not None and register.values.get("full_count") != facts.full:
        told = f"登记表写正式党员{register.values.get('full_count')}人，名册上是{facts.full}人，请核对更新。"
        yield Finding("X08", "block", told, rule, (register.id,))
    enrolled = [one for one in lines if one.values.get("rel_status") in record_facts.ENROLLED]
    listed = sum(one.values.get("category") == "正式党员" for one in enrolled)
    if lines and listed != facts.full:
        told = f"党员名册（T03）里在册正式党员{listed}人，系统名册是{facts.full}人，请补登或更正。"
        yield Finding("X08", "block", told, rule)
    if team is not None and bool(facts.committee) is not (facts.full >= COMMITTEE_FROM):
        has = "设了支委会" if facts.committee else "没有设支委会"
        told = f"正式党员{facts.full}人，班子表{has}。正式党员7人以上的设支委会，不足7人的不设，请核对。"
        yield Finding("X08", "block", told, rule, (team.id,))


def _admissions(facts: Facts, _: int) -> Iterator[Finding]:
    """X09: what the assembly resolved and the path of the applicant agree."""
    rule = "发展党员细则(2026) 第十九、二十条"
    paths = {one.person_id: one for one in facts.of("T22")}
    for meeting in facts.of("T05"):
        for person, passed in _admitted(meeting):
            path = paths.get(person)
            stands = (path.values.get("assembly") or {}) if path else {}
            if passed and stands.get("record") != meeting.id:
                told = (
                    f"{meeting.on:%m月%d日}党员大会通过接收预备党员，发展党员全程纪实表里没有引用这次大会。"
                )
                yield Finding("X09", "block", told, rule, (meeting.id, *((path.id,) if path else ())))
    for path in facts.of("T22"):
        assembly = path.values.get("assembly") or {}
        meeting_of = facts.find(assembly.get("record"))
        if not assembly or meeting_of is None:
            continue
        if dict(_admitted(meeting_of)).get(path.person_id or 0) is not True or assembly.get("date") != str(
            meeting_of.on
        ):
            told = "发展党员全程纪实表引用的党员大会，没有通过接收这名同志，或者日期不一致，请核对。"
            yield Finding("X09", "block", told, rule, (path.id, meeting_of.id))


def _admitted(meeting: Entry) -> Iterator[tuple[int, bool]]:
    results = {row.get("item"): row.get("passed") for row in meeting.values.get("passed") or ()}
    for number, row in enumerate(meeting.values.get("agenda") or (), start=1):
        if row.get("form") == "表决" and row.get("matter") == "接收预备党员" and row.get("person_id"):
            yield row["person_id"], results.get(number) is True


def _transfers(facts: Facts, _: int) -> Iterator[Finding]:
    """X10: until the other side has taken a person in, this branch keeps them."""
    rule = "教育管理条例 第二十五条"
    lines = {one.person_id: one for one in facts.of("T03")}
    latest = {one.person_id: one for one in sorted(facts.of("T15"), key=lambda one: (one.on, one.id))}
    for person, moved in latest.items():
        line = lines.get(person)
        if line is None:
            continue
        enrolled = line.values.get("rel_status") in record_facts.ENROLLED
        accepted = moved.values.get("status") == "已接收"
        leaves = moved.values.get("direction") == "转出"
        if leaves and not accepted and not enrolled:
            told = "组织关系转出还没有被接收，党员名册里要仍在册（转出待接收），由原支部继续管理。"
            yield Finding("X10", "block", told, rule, (moved.id, line.id))
        if leaves and accepted and enrolled:
            told = "组织关系已转出并被接收，党员名册里还是在册，请更正。"
            yield Finding("X10", "block", told, rule, (moved.id, line.id))
        if not leaves and accepted and not enrolled:
            told = "组织关系已转入并接收，党员名册里还没有登记在册，请更正。"
            yield Finding("X10", "block", told, rule, (moved.id, line.id))


def _dues(facts: Facts, _: int) -> Iterator[Finding]:
    """X11: half a year without dues is for people to look into; nobody is struck off by a machine."""
    paid: dict[int, str] = {}
    for one in facts.of("T18"):
        months = one.values.get("months") or [""]
        if one.person_id is not None:
            paid[one.person_id] = max(paid.get(one.person_id, ""), max(months)[:7])
    today = facts.today
    for person, month in paid.items():
        if person not in facts.members or not month:
            continue
        gap = today.year * 12 + today.month - int(month[:4]) * 12 - int(month[5:]) - 1
        if gap >= UNPAID_MONTHS:
            told = (
                f"{_name(facts, person)}的党费登记到{month}，已有{gap}个月没有登记。"
                "请先和本人核实、谈心；组织关系状态由支部按程序处理，系统不会改动。"
            )
            yield Finding("X11", "warn", told, "党章 第九条")


def _votes(facts: Facts, _: int) -> Iterator[Finding]:
    """X12: no vote while on probation within the party, and a person gives it back."""
    suspended = {member.id for member in facts.members.values() if member.suspended}
    for line in facts.of("T03"):
        if line.person_id in suspended and line.values.get("can_vote") is not False:
            told = "留党察看期间没有表决权，党员名册里还写着有，请更正一次名册，系统会重新计算。"
            yield Finding("X12", "block", told, "党章 第四十一条", (line.id,))
    for one in facts.of("T20"):
        if one.person_id in suspended and one.values.get("item") == record_facts.PROBATION:
            told = (
                "有同志在留党察看期间，不计入有表决权人数。期满恢复党员权利的，请由支部在这份记录里确认恢复。"
            )
            yield Finding("X12", "warn", told, "党章 第四十一条", (one.id,))


def _twins(facts: Facts, _: int) -> Iterator[Finding]:
    """X13: nobody is enrolled in two branches."""
    for person in sorted(facts.elsewhere):
        told = f"{_name(facts, person)}同时在另一个支部的名册里在册，请两边核对组织关系。"
        yield Finding("X13", "block", told, "党章 第八条")


def _probationary(facts: Facts, _: int) -> Iterator[Finding]:
    """X14: probationary members don't stand for, watch over or vote in an election."""
    for election in facts.of("T24"):
        tellers = election.values.get("tellers") or {}
        named = {
            *(election.values.get("candidates") or ()), *(tellers.get("watching") or ()),
            *(row.get("person_id") for row in election.values.get("tally") or ()),
        }  # fmt: skip
        known = [facts.members[id_] for id_ in sorted(_ints(named)) if id_ in facts.members]
        wrong = [member.name for member in known if not member.is_full]
        if wrong:
            told = f"预备党员不能列为候选人、监票人，也不能写在选票上，换届记录请更正{_some(wrong)}。"
            yield Finding("X14", "block", told, "选举条例 第五条", (election.id,))


def _late(facts: Facts, year: int) -> Iterator[Finding]:
    """X15: entered late, as each was marked by what was in force then."""
    late = tuple(
        one.id for entries in facts.records.values() for one in entries if one.on.year == year and one.late
    )
    if late:
        yield Finding(
            "X15", "warn", f"有{len(late)}份会议记录是会后过了几天才录入的，已标“补录”。", "纪实要求", late
        )


def _some(names: list[str]) -> str:
    """Names after a colon; nothing where the reader isn't to know them."""
    known = [name for name in names if name]
    return "：" + "、".join(known[:10]) + ("等" if len(known) > 10 else "") if known else ""


def _name(facts: Facts, person_id: int) -> str:
    known = facts.members.get(person_id)
    return (known.name if known else "") or "一名同志"


def _ints(values: set[Any]) -> set[int]:
    return {one for one in values if isinstance(one, int)}


RULES: tuple[Callable[[Facts, int], Iterator[Finding]], ...] = (
    _meetings, _appraisal, _talks, _counts, _admissions, _transfers, _dues, _votes, _twins, _probationary,
    _late,
)  # fmt: skip
"""The handbook's cross-checks, in its order."""
