"""What the system knows already is never typed again: a new record begins with it.

From a visit that took place: time, place, who signed in, who was away. From the roster: how many are due.
From earlier records: the last place and chair, the end of the term, dues and hours. From a rehearsal: an
exercise, never a real election.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from handlers import phones, record_facts, rehearsals
from handlers.answering.dates import add_months
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound
from handlers.record_checks import Entry, Facts
from handlers.template_content import Template
from models import Booking, BookingStatus, CheckIn, Organization, Person, Record, RecordStatus, Scope

TOOK_PLACE = (BookingStatus.FULFILLED,)
ELECTION_CASE = "C2"
DOMAINS = {
    Scope.VILLAGE: "村", Scope.COMMUNITY: "社区", Scope.DEPARTMENT: "机关", Scope.INSTITUTION: "事业",
    Scope.STATE_ENTERPRISE: "国企", Scope.NEW: "两新", Scope.SCHOOL: "事业",
}  # fmt: skip
SHEETS = {
    Scope.VILLAGE: "村、社区", Scope.COMMUNITY: "村、社区", Scope.DEPARTMENT: "机关、事业单位",
    Scope.INSTITUTION: "机关、事业单位", Scope.SCHOOL: "机关、事业单位", Scope.STATE_ENTERPRISE: "国企",
    Scope.NEW: "两新组织",
}  # fmt: skip
REMIND_MONTHS = 6
"""Before the end of a term (支部条例第二十一条)."""
CARRIED = {"T08": "党课", "T09": "主题党日", "T05": "集体学习"}
"""Meetings whose hours T17 takes over, and its word for them."""

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What a record begins with."""

    values: Values = field(default_factory=dict)
    booking_id: int | None = None
    rehearsal_id: int | None = None
    is_exercise: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the desk when a record is begun: the branch, what it knows, the visit if there was one."""

    ctx: Context
    branch: Organization
    facts: Facts
    given: Values
    writer: Person | None
    source: Entry | None = None
    visit: Booking | None = None
    came: frozenset[int] = frozenset()

    @property
    def today(self) -> date:
        """Today in the service's zone."""
        return self.ctx.now().date()


async def prefill(
    ctx: Context,
    form: Template,
    branch: Organization,
    *,
    booking_id: int | None = None,
    rehearsal_id: int | None = None,
    source_id: int | None = None,
    given: Values | None = None,
) -> Known:
    """What is known for a new record of this template.

    Raises:
        BadInput: the visit, the rehearsal or the earlier record isn't the branch's, or doesn't fit.
    """
    facts = await record_facts.gather(ctx, branch)
    source = facts.find(source_id) if source_id else None
    if source_id and source is None:
        raise BadInput(source_id="没有这份已签认的记录，或者不是您支部的")
    visit, came = await _visit(ctx, form, branch, booking_id)
    desk = Desk(ctx, branch, facts, given or {}, ctx.caller.person, source, visit, came)
    values: Values = {}
    if form.meeting:
        values |= _meeting(form, desk)
    if form.code in FILLERS:
        values |= FILLERS[form.code](desk)
    if form.code == "T03":
        values |= await _roster_line(desk)
    if rehearsal_id is not None:
        values |= await _rehearsed(ctx, form, branch, rehearsal_id)
    known = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    return Known(known, booking_id, rehearsal_id, is_exercise=rehearsal_id is not None)


async def visits(ctx: Context, branch: Organization, *, since: date) -> list[Booking]:
    """Visits of the branch that took place and have no record yet, the latest first."""
    begins = datetime(since.year, since.month, since.day, tzinfo=ctx.settings.zone)
    took_place = Booking.filter(
        branch_id=branch.id, status__in=TOOK_PLACE, slot__starts_at__gte=begins, records__id=None
    )
    return await took_place.order_by("-slot__starts_at").limit(20).select_related("slot__site")


async def _visit(
    ctx: Context, form: Template, branch: Organization, booking_id: int | None
) -> tuple[Booking | None, frozenset[int]]:
    if booking_id is None:
        return None, frozenset()
    booking = await Booking.get_or_none(id=booking_id, branch_id=branch.id).select_related("slot__site")
    if booking is None or booking.status not in TOOK_PLACE:
        raise BadInput(booking_id="没有这次活动，或者它还没有结束、没有人签到")
    if not form.meeting:
        raise BadInput(booking_id="这个模板不是会议或活动记录，不用选预约")
    came = await CheckIn.filter(booking_id=booking.id).only("person_id")
    return booking, frozenset(one.person_id for one in came)


def _meeting(form: Template, desk: Desk) -> Values:
    """Time, place, chair, and who was due; from a visit also who came, who didn't, and the evidence."""
    facts, last = desk.facts, desk.facts.latest(form.code)
    due = due_at(form.code, facts, desk.given)
    values: Values = {
        "place": last.values.get("place") if last else None,
        "host_id": _chair(form.code, facts, desk.given),
        "recorder_id": last.values.get("recorder_id") if last else None,
        "due_count": len(due) or None,
    }
    if desk.visit is not None:
        slot, zone = desk.visit.slot, desk.ctx.settings.zone
        here = due & desk.came
        values |= {
            "held_at": {
                "from": slot.starts_at.astimezone(zone).isoformat(),
                "until": slot.ends_at.astimezone(zone).isoformat(),
            },
            "place": slot.site.name,
            "present_count": len(here),
            "absentees": [{"person_id": one} for one in sorted(due - here)],
            "signin": {"source": "扫码签到", "count": len(here), "kept": f"预约单 {desk.visit.id}"},
        }
    return values


def due_at(code: str, facts: Facts, given: Mapping[str, Any]) -> frozenset[int]:
    """Who is due: the committee (T06), the group (T07), else every member on the roster."""
    everybody = frozenset(facts.members)
    if code == "T06":
        return facts.committee & everybody
    if code == "T07":
        group = facts.find(given.get("group_id")) or (facts.groups[0] if len(facts.groups) == 1 else None)
        return frozenset(group.values.get("members") or ()) & everybody if group else frozenset()
    return everybody


def _chair(code: str, facts: Facts, given: Mapping[str, Any]) -> int | None:
    """Who presides: the group's leader, else the secretary (支部条例第十四条)."""
    if code != "T07":
        return facts.secretary
    group = facts.find(given.get("group_id")) or (facts.groups[0] if len(facts.groups) == 1 else None)
    return group.values.get("leader_id") if group else None


def _assembly(desk: Desk) -> Values:
    values: Values = {"due_voters": desk.facts.voters}
    if desk.visit is not None:
        voters = {one.id for one in desk.facts.members.values() if one.can_vote}
        values["present_voters"] = len(voters & desk.came)
    if desk.source is not None and desk.source.template == "T06":
        rows = desk.source.values.get("to_assembly") or ()
        values["agenda"] = [{"title": row["title"], "form": "讨论"} for row in rows if row.get("title")]
        values["pre_discussed"] = {"done": "已研究", "record": desk.source.id}
    return values


def _group_meeting(desk: Desk) -> Values:
    groups = desk.facts.groups
    return {"group_id": groups[0].id} if len(groups) == 1 else {}


def _party_day(desk: Desk) -> Values:
    held = desk.visit.slot.starts_at.astimezone(desk.ctx.settings.zone).date() if desk.visit else desk.today
    last, planned = desk.facts.latest("T09"), desk.facts.latest("T06")
    theme: Values = {"title": desk.visit.theme[:60] if desk.visit else None}
    if planned is not None and 0 <= (held - planned.on).days <= 31:
        theme["record"] = planned.id
    return {
        "month": f"{held:%Y-%m}",
        "is_fixed_day": {"fixed": True} if last is not None and last.on.day == held.day else None,
        "theme": theme if any(theme.values()) else None,
        "order_id": desk.visit.id if desk.visit else None,
    }


def _life_meeting(desk: Desk) -> Values:
    year = desk.today.year
    talks = [
        one.id for one in desk.facts.of("T11") if one.on.year == year and one.values.get("reason") == "会前"
    ]
    used = {id_ for one in desk.facts.of("T10") for id_ in one.values.get("fix_list") or ()}
    fixes = [
        one.id
        for one in desk.facts.of("T12")
        if (one.values.get("source") or {}).get("from") == "组织生活会" and one.id not in used
    ]
    return {"year": year, "form": "党员大会", "talk_link": talks, "fix_list": fixes}


def _register(desk: Desk) -> Values:
    """T01: the branch as the tree and the roster know it."""
    facts, last = desk.facts, desk.facts.latest("T01")
    before = last.values if last else {}
    carried = {key: before.get(key) for key in ("kind", "approved_at", "union_units", "venue")}
    return carried | {
        "name": desk.branch.name,
        "parent_id": desk.branch.parent_id,
        "domain": DOMAINS.get(desk.branch.scope),
        "full_count": facts.full,
        "prob_count": facts.probationary,
        "has_committee": bool(facts.committee) if facts.latest("T02") else facts.full >= 7,
        "group_count": len(facts.groups),
    }


def _team(desk: Desk) -> Values:
    last = desk.facts.latest("T02")
    if last is None:
        return {"term_no": 1, "term_years": {"years": 5 if desk.branch.scope in FIVE_YEARS else 3}}
    terms = int(last.values.get("term_no") or 0)
    return {"term_no": terms + 1, "term_years": last.values.get("term_years")}


FIVE_YEARS = (Scope.VILLAGE, Scope.COMMUNITY)
"""A term lasts five years there, elsewhere usually three (支部条例第二十一条)."""


def _group(desk: Desk) -> Values:
    taken = {id_ for group in desk.facts.groups for id_ in group.values.get("members") or ()}
    free = [id_ for id_ in desk.facts.members if id_ not in taken]
    return {"name": f"第{_chinese(len(desk.facts.groups) + 1)}党小组", "members": sorted(free)}


async def _roster_line(desk: Desk) -> Values:
    """T03: what the roster says of a person."""
    person = await Person.get_or_none(id=desk.given.get("name"), organization_id=desk.branch.id)
    if person is None:
        return {"rel_status": "在册"}
    groups = [one.id for one in desk.facts.groups if person.id in (one.values.get("members") or ())]
    number = phones.unseal(desk.ctx.settings.secret_key, person.phone_sealed) if person.phone_sealed else None
    return {
        "category": "正式党员" if person.membership == "full" else "预备党员",
        "rel_status": "在册",
        "group_id": groups[0] if groups else None,
        "mobile": number,
    }


def _talk(desk: Desk) -> Values:
    ours = desk.writer is not None and desk.writer.id in desk.facts.members
    talkers = {
        desk.given.get("to_id"),
        desk.given.get("from_id") or (desk.writer.id if ours and desk.writer else None),
    }
    relation = None
    if None not in talkers:
        leading = len(talkers & desk.facts.committee)
        relation = ("党员之间", "委员与党员", "委员之间")[leading]
    return {
        "at": desk.today.isoformat(),
        "from_id": desk.writer.id if ours and desk.writer else None,
        "relation": relation,
    }


def _fix(desk: Desk) -> Values:
    values: Values = {"status": "待整改"}
    origins = {"T10": "组织生活会", "T14": "民主评议", "T21": "现场评估"}
    if desk.source is not None and desk.source.template in origins:
        values["source"] = {"from": origins[desk.source.template], "record": desk.source.id}
    return values


def _appraisal_sum(desk: Desk) -> Values:
    year = desk.today.year
    ones = [one for one in desk.facts.of("T13") if one.values.get("year") == year]
    grades = [(one.values.get("result") or {}).get("grade") for one in ones]
    seen = {one.person_id for one in ones}
    return {
        "year": year,
        "due": desk.facts.party_members,
        "done": {"count": len(ones), "absent": sorted(set(desk.facts.members) - seen)} if ones else None,
        "counts": [
            {"grade": grade, "count": grades.count(grade)}
            for grade in desk.facts.district.grades
            if grade in grades
        ],
    }


def _transfer(desk: Desk) -> Values:
    paid = [
        month
        for one in desk.facts.of("T18")
        if one.person_id == desk.given.get("member_id")
        for month in one.values.get("months") or ()
    ]
    return {
        "started": desk.today.isoformat(),
        "status": "待接收",
        "method": "系统转接",
        "dues_to": max(paid)[:7] if paid else None,
    }


def _away(desk: Desk) -> Values:
    last = desk.facts.latest("T16")
    return {"contact_id": last.values.get("contact_id") if last else None, "lost": "正常"}


def _training(desk: Desk) -> Values:
    source = desk.source
    if source is None or source.template not in CARRIED:
        return {"date": desk.today.isoformat()}
    hours = source.values.get("hours") or _length(source.values.get("held_at"))
    theme = source.values.get("theme")
    title = source.values.get("title") or (theme.get("title") if isinstance(theme, dict) else theme)
    return {
        "title": title or "党员大会学习",
        "form": {"form": CARRIED[source.template]},
        "date": source.on.isoformat(),
        "hours": {"hours": hours} if hours else None,
    }


def _length(held: Any) -> str | None:
    """How many hours a meeting took, in halves."""
    try:
        begins, ends = (datetime.fromisoformat(held[key]) for key in ("from", "until"))
    except (TypeError, KeyError, ValueError):
        return None
    halves = round((ends - begins).total_seconds() / 1800)
    return f"{halves / 2:g}" if halves > 0 else None


def _dues(desk: Desk) -> Values:
    theirs = [one for one in desk.facts.of("T18") if one.person_id == desk.given.get("member_id")]
    last = max(theirs, key=lambda one: max(one.values.get("months") or [""]), default=None)
    values: Values = {"year": {"year": desk.today.year}, "payer": "本人", "months": [f"{desk.today:%Y-%m}"]}
    if last is not None:
        values |= {key: last.values.get(key) for key in ("payer_kind", "base", "due", "payer")}
        values["paid"] = last.values.get("due")
    return values


def _dues_sum(desk: Desk) -> Values:
    last = desk.facts.latest("T19")
    return {"year": desk.today.year, "channel": last.values.get("channel") if last else None}


def _review(desk: Desk) -> Values:
    return {
        "period": {"kind": "季度", "year": desk.today.year, "number": (desk.today.month + 2) // 3},
        "sheet_ver": SHEETS.get(desk.branch.scope),
    }


def _plan(desk: Desk) -> Values:
    """T23: a plan that meets the least the rules ask for, to be worked out further."""
    facts, year = desk.facts, desk.today.year
    rows: list[tuple[int, str, str]] = [(month, "主题党日", "主题党日") for month in range(1, 13)]
    rows += [(month, "党员大会", "召开党员大会") for month in (3, 6, 9, 12)]
    if facts.committee:
        rows += [(month, "支委会", "召开支委会") for month in range(1, 13)]
    if facts.groups:
        rows += [(month, "党小组会", "各党小组开会") for month in range(1, 13)]
    rows += [(6, "党课", "书记讲党课"), (12, "组织生活会", "组织生活会"), (12, "民主评议", "民主评议党员")]
    rows.sort(key=lambda row: row[0])
    plan = [
        {"month": f"{year}-{month:02d}", "kind": kind, "what": what, "person_id": facts.secretary}
        for month, kind, what in rows
    ]
    return {"year": year, "plan": plan}


def _election(desk: Desk) -> Values:
    """T24: from the end of the term; the reminder stands six months before."""
    last = desk.facts.latest("T02")
    end = last.values.get("term_end") if last else None
    values: Values = {"due": {"count": desk.facts.voters} if desk.facts.voters else None}
    if last is not None and isinstance(end, str):
        values["term_end"] = {"date": end, "record": last.id}
        values["remind"] = add_months(date.fromisoformat(end), -REMIND_MONTHS).isoformat()
    return values


async def _rehearsed(ctx: Context, form: Template, branch: Organization, rehearsal_id: int) -> Values:
    """T24 as an exercise: the numbers of a finished election rehearsal, without anybody's name.

    Raises:
        BadInput: it isn't the branch's, no election, or not over yet.
    """
    try:
        facts = await rehearsals.facts(ctx, rehearsal_id=rehearsal_id)
    except (NotFound, NotAllowed):
        raise BadInput(rehearsal_id="没有这场实训，或者不是您支部的") from None
    if form.code != "T24" or facts["case"] != ELECTION_CASE or not facts["complete"]:
        raise BadInput(rehearsal_id="只有演练完的换届选举实训可以带出一份换届纪实的演练")
    returned, present = facts.get("returned"), facts.get("present")
    return {
        "seats": facts.get("posts"),
        "due": {"count": facts["due"]} if facts.get("due") else None,
        "present": present,
        "rules_ok": True,
        "ballots": {"sent": present, "returned": returned, "valid": returned, "spoiled": 0},
    }


def _subject_year(desk: Desk) -> Values:
    return {"year": desk.today.year}


def _chinese(number: int) -> str:
    return "一二三四五六七八九十"[number - 1] if 1 <= number <= 10 else str(number)


FILLERS: Mapping[str, Callable[[Desk], Values]] = {
    "T01": _register, "T02": _team, "T04": _group, "T05": _assembly, "T07": _group_meeting,
    "T09": _party_day, "T10": _life_meeting, "T11": _talk, "T12": _fix, "T13": _subject_year,
    "T14": _appraisal_sum, "T15": _transfer, "T16": _away, "T17": _training, "T18": _dues,
    "T19": _dues_sum, "T21": _review, "T23": _plan, "T24": _election,
}  # fmt: skip
"""What each template knows by itself."""


async def elections(ctx: Context, branch: Organization) -> list[tuple[int, datetime]]:
    """Finished election rehearsals of the branch, the latest first: their ids and when they were opened."""
    from models import Rehearsal

    rows = Rehearsal.filter(branch_id=branch.id, case=ELECTION_CASE, finished_at__not_isnull=True)
    return [(row.id, row.opened_at) for row in await rows.order_by("-id").limit(10)]


async def signed(branch: Organization, templates: Iterable[str]) -> list[Record]:
    """The branch's signed records of some templates, the latest first: what may be referred to."""
    rows = Record.filter(
        branch_id=branch.id, template__in=list(templates), status=RecordStatus.SIGNED, is_exercise=False
    )
    return await rows.order_by("-held_on", "-id").limit(100)
