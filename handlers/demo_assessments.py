"""What the demo needs to show the assessment: one cycle under way, with branches at different stages.

Everything goes through the use-cases, on behalf of the demo's people, with a clock that is set back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from handlers import assessments, cycles, findings, observations
from handlers.context import Caller, Context
from models import Assessment, Cycle, CycleKind, Organization, Person, Rectification, RectificationKind

BEGAN = timedelta(days=45)
SIGNED = timedelta(days=40)
TEAM = ("演示甲", "演示乙", "演示丙")
"""Who leads, and who look: an officer of the district, and two of towns."""
SAID = ("rule", "fact", "evidence")
BRANCHES = ("ZC0101", "ZC0102", "ZC1301", "ZC1302", "ZC1401")
FACTS = {
    "03": ("《支部条例》第十一条", "第三季度少开 1 次党员大会（演示）", "记录第 12 至 15 页（演示）"),
    "04": ("《支部条例》第十六条", "9 月的党课没有讲稿（演示）", "党课记录，9 月（演示）"),
    "05": ("《支部条例》第十六条", "8 月议定的一件事没有落实（演示）", "主题党日记录，8 月（演示）"),
    "10": ("《党费规定》第二十六条", "上年度党费收缴情况没有公布（演示）", "公示栏和公示表（演示）"),
    "12": ("《支部条例》第十一条", "一件村里的大事没有经党员大会讨论（演示）", "全年的党员大会记录（演示）"),
    "14": ("《支部条例》第十五条", "一名党员领导干部缺席两次（演示）", "到会名册（演示）"),
}
"""Number of an item → what was written down about it: rule, fact, evidence. All invented."""


@dataclass(frozen=True, slots=True)
class _Day:
    """The demo's world on one day."""

    ctx: Context
    people: Mapping[str, Person]

    def at(self, name: str, ago: timedelta = timedelta()) -> Context:
        """On behalf of somebody, some time ago."""
        moment = self.ctx.now() - ago

        def now() -> datetime:
            return moment

        return replace(self.ctx, now=now, caller=Caller(person=self.people[name]))


async def keep_cycle(ctx: Context) -> None:
    """See to it that the demo has a cycle under way; one that is there stays as it is."""
    if await Cycle.exists():
        return
    people = await Person.filter(name__in=[*TEAM, "演示己", "演示庚", "演示辛"])
    named = {person.name: person for person in people}
    branches = {one.code: one for one in await Organization.filter(code__in=BRANCHES)}
    if len(named) < 6 or len(branches) < len(BRANCHES):
        return
    day, rows = _Day(ctx, named), {}
    for row in await _begin(day, branches):
        rows[row.branch.code] = row
    for code, less, other in (
        ("ZC0101", {"A03": 20, "A05": 10, "A10": 30}, {"A03": 20, "A05": 5, "A10": 30}),
        ("ZC1301", {"A08": 0, "A12": 30}, {"A12": 30}),
        ("ZC1302", {"A04": 10}, {}),
        ("ZC1401", {"B03": 60, "B14": 20}, {"B03": 10}),
    ):
        await _look(day, rows[code], "演示乙", less)
        await _look(day, rows[code], "演示丙", other)
    for code in ("ZC0101", "ZC1301", "ZC1302"):
        leader = day.at("演示甲", SIGNED)
        await assessments.review(leader, assessment_id=rows[code].id, decided={})
        await assessments.deliver(leader, assessment_id=rows[code].id)
    await _put_right(day, rows["ZC0101"], "演示己", proved=1)
    await _put_right(day, rows["ZC1301"], "演示庚", proved=1)


async def _begin(day: _Day, branches: Mapping[str, Organization]) -> list[Assessment]:
    officer = day.at("演示甲", BEGAN)
    district = await Organization.get(code="ZC")
    half = 1 if officer.now().month <= 6 else 2
    cycle = await cycles.create(
        officer, kind=CycleKind.HALF_YEAR, organization_id=district.id, year=officer.now().year, number=half
    )
    leader, *others = (day.people[name].id for name in TEAM)
    team = await cycles.add_team(
        officer, cycle_id=cycle.id, name="演示评估组", leader_id=leader, person_ids=others
    )
    rows = await cycles.assign(
        officer, cycle_id=cycle.id, team_id=team.id, branch_ids=[one.id for one in branches.values()],
        assessor_ids=others,
    )  # fmt: skip
    await cycles.publish(officer, cycle_id=cycle.id)
    return rows


async def _look(day: _Day, row: Assessment, name: str, less: Mapping[str, int]) -> None:
    ctx = day.at(name, BEGAN - timedelta(days=2))
    kit = await observations.kit(ctx, assessment_id=row.id)
    lines = [
        {
            "id": str(uuid4()), "item": item.code, "deducted": less.get(item.code, 0),
            "at": ctx.now().isoformat(),
            **(dict(zip(SAID, FACTS[item.code[1:]], strict=True)) if less.get(item.code) else {}),
        }
        for item in kit.sheet.items
    ]  # fmt: skip
    await observations.upload(ctx, assessment_id=row.id, lines=lines)
    await observations.hand_in(ctx, assessment_id=row.id)


async def _put_right(day: _Day, row: Assessment, name: str, *, proved: int) -> None:
    ctx = day.at(name, SIGNED)
    await assessments.sign(ctx, assessment_id=row.id)
    rounds = await Rectification.filter(assessment_id=row.id).order_by("id")
    for one in rounds:
        await findings.train(ctx, finding_id=one.id)
        await findings.plan(
            ctx, finding_id=one.id, measure="补开会议，补学规定（演示）", kind=RectificationKind.LIMITED
        )
    for one in rounds[:proved]:
        await findings.prove(ctx, finding_id=one.id, evidence="补开会议的记录，第 20 页（演示）")
