"""What the demo needs to show the handbook: a branch with some months of records. All people are invented."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from handlers import records
from handlers.answering.dates import add_months
from handlers.context import Caller, Context
from handlers.errors import Refused
from models import Duty, Organization, Person, Record, Role

BRANCH = "ZC0101"
MONTHS = 4
THEMES = ("重温入党誓词", "学习党章", "帮老党员打扫院子", "学习农村基层组织工作条例")
TOPICS = ("研究本月主题党日", "研究党费收缴情况", "研究结对帮扶安排", "研究年度工作计划进度")


async def keep_records(ctx: Context) -> None:
    """See to it that the demo's branch has records; what is there stays as it is."""
    branch = await Organization.get(code=BRANCH)
    if await Record.filter(branch=branch).exists():
        return
    duty = await Duty.filter(role=Role.BRANCH_WORKER, organization=branch).select_related("person").first()
    people = await Person.filter(organization=branch, left_at=None, membership="full").order_by("id")
    if duty is None or len(people) < 5:
        return
    desk = ctx.on_behalf_of(Caller(person=duty.person))
    ids = [duty.person_id, *(one.id for one in people if one.id != duty.person_id)]
    roster = Person.filter(organization=branch, left_at=None, membership__in=("full", "probationary"))
    due = await roster.count()
    first = add_months(ctx.now().date().replace(day=1), -MONTHS)
    elected = add_months(first, -24).replace(day=10)
    await _signed(desk, "T02", _team(ids, elected))
    await _signed(desk, "T23", {"year": ctx.now().year, **_plan(ids, ctx.now().year)})
    for number in range(MONTHS):
        month = add_months(first, number)
        committee = await _signed(desk, "T06", _committee(ctx, ids, month, TOPICS[number]))
        await _signed(desk, "T09", _party_day(ctx, ids, due, month, THEMES[number], committee))
    await _signed(desk, "T05", _assembly(ctx, ids, due, len(people), add_months(first, 1)))
    await _signed(desk, "T11", _talk(ids, first + timedelta(days=40)))
    await _signed(desk, "T12", _fix(ids, ctx.now().date()))
    for person in ids[:5]:
        await _signed(desk, "T18", _dues(person, ctx.now().year))
    await records.create(desk, template="T09")


async def _signed(ctx: Context, template: str, values: dict[str, Any]) -> int | None:
    """One signed record, or what became of it: the demo shows a draft where a rule says no."""
    held = values.get("held_at")
    if held is not None:  # Entered the day after, as a branch does.
        entered = datetime.fromisoformat(held["until"]) + timedelta(days=1)
        ctx = replace(ctx, now=lambda: entered)
    try:
        made = await records.create(ctx, template=template, values=values, prefill=False)
        await records.sign(ctx, record_id=made.record.id, revision=made.record.revision, seen=True)
    except Refused:
        return None
    return made.record.id


def _meeting(ctx: Context, ids: list[int], due: int, day: date, place: str) -> dict[str, Any]:
    begins = datetime(day.year, day.month, day.day, 9, tzinfo=ctx.settings.zone)
    ends = begins + timedelta(hours=1, minutes=30)
    return {
        "held_at": {"from": begins.isoformat(), "until": ends.isoformat()},
        "place": place, "host_id": ids[0], "recorder_id": ids[1], "due_count": due, "present_count": due,
        "signin": {"source": "纸质签到表", "count": due, "kept": "支部档案柜"},
    }  # fmt: skip


def _team(ids: list[int], elected: date) -> dict[str, Any]:
    return {
        "term_no": 5, "elected_at": elected.isoformat(), "term_years": {"years": 5}, "secretary_id": ids[0],
        "members": [{"person_id": ids[1], "duty": "组织、纪检"}, {"person_id": ids[2], "duty": "宣传"}],
        "roles": {"organization": ids[1], "publicity": ids[2], "discipline": ids[1]},
        "sec_approval": ["（演示）般办组发1号，存档案柜"], "member_filing": ["（演示）般办组发2号，存档案柜"],
    }  # fmt: skip


def _plan(ids: list[int], year: int) -> dict[str, Any]:
    rows = [(month, "主题党日") for month in range(1, 13)] + [(month, "支委会") for month in range(1, 13)]
    rows += [(month, "党员大会") for month in (3, 6, 9, 12)] + [(12, "组织生活会"), (6, "党课")]
    plan = [
        {"month": f"{year}-{month:02d}", "kind": kind, "what": kind, "person_id": ids[0]}
        for month, kind in sorted(rows)
    ]
    return {"plan": plan}


def _committee(ctx: Context, ids: list[int], month: date, topic: str) -> dict[str, Any]:
    return _meeting(ctx, ids, 3, month.replace(day=3), "支部会议室") | {
        "agenda": [{"title": topic, "person_id": ids[0]}],
        "opinions": [
            {"person_id": ids[0], "said": "按计划安排，早点通知大家。"},
            {"person_id": ids[1], "said": "同意，组织好年纪大的同志。"},
            {"person_id": ids[2], "said": "同意，会后发在支部群里。"},
        ],
        "decisions": [
            {"what": f"{topic}，照会上说的办", "person_id": ids[1], "due": f"{month:%Y-%m}-28"},
        ],
    }


def _party_day(
    ctx: Context, ids: list[int], due: int, month: date, theme: str, committee: int | None
) -> dict[str, Any]:
    return _meeting(ctx, ids, due, month.replace(day=10), "社区党群服务中心") | {
        "is_fixed_day": {"fixed": True}, "month": f"{month:%Y-%m}",
        "theme": {"title": theme} | ({"record": committee} if committee else {}),
        "items": ["集中学习", "志愿服务"] if "打扫" in theme else ["集中学习"],
    }  # fmt: skip


def _assembly(ctx: Context, ids: list[int], due: int, voters: int, month: date) -> dict[str, Any]:
    return _meeting(ctx, ids, due, month.replace(day=20), "支部会议室") | {
        "due_voters": voters, "present_voters": voters,
        "agenda": [{"title": "通报上半年支部工作", "form": "通报"}],
    }  # fmt: skip


def _talk(ids: list[int], day: date) -> dict[str, Any]:
    return {
        "at": day.isoformat(), "from_id": ids[0], "to_id": ids[3], "relation": "委员与党员", "reason": "日常",
        "points": "聊了近来的身体和家里的情况，听了对支部工作的建议，鼓励多来坐坐。（演示）",
    }  # fmt: skip


def _fix(ids: list[int], today: date) -> dict[str, Any]:
    return {
        "source": {"from": "征求意见"}, "problem": "学习形式单一，年纪大的同志看不清小字材料。（演示）",
        "measure": "材料用大字印，安排人读给大家听。", "owner_id": ids[2],
        "due": (today + timedelta(days=20)).isoformat(), "status": "整改中",
    }  # fmt: skip


def _dues(person: int, year: int) -> dict[str, Any]:
    return {
        "member_id": person, "payer_kind": "离退休", "base": 320000, "due": 1600, "year": {"year": year},
        "paid": 1600 * 9, "months": [f"{year}-{month:02d}" for month in range(1, 10)], "payer": "本人",
    }  # fmt: skip
