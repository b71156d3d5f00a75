"""A small district in which branches are assessed: a team of two with a leader, officers, branch workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from handlers import assessments, cycles, findings, observations
from handlers.context import Context
from models import (
    Assessment,
    Cycle,
    CycleKind,
    Organization,
    Person,
    Rectification,
    RectificationKind,
    Role,
    Scope,
    Team,
)
from tests.handlers import town
from tests.handlers.town import Town

RULE, FACT, EVIDENCE = "《支部条例》第十一条", "第三季度没有召开党员大会", "T05 会议记录本第 12 至 15 页"


@dataclass
class Assessed:
    """What `build` has made. `leader` leads the team and is neither of the two assessors."""

    town: Town
    leader: Person
    one: Person
    two: Person
    cycle: Cycle
    team: Team
    number: int = 0

    def at(self, person: Person) -> Context:
        """The world on behalf of a person."""
        return self.town.at(person)

    @property
    def ctx(self) -> Context:
        """The world on behalf of the district's officer."""
        return self.at(self.town.district_officer)

    async def assign(self, *branches: Organization) -> list[Assessment]:
        """Give branches to the two assessors."""
        return await cycles.assign(
            self.ctx, cycle_id=self.cycle.id, team_id=self.team.id,
            branch_ids=[branch.id for branch in branches], assessor_ids=[self.one.id, self.two.id],
        )  # fmt: skip

    async def begin(self, *branches: Organization) -> list[Assessment]:
        """Assign, and publish."""
        made = await self.assign(*branches)
        await cycles.publish(self.ctx, cycle_id=self.cycle.id)
        return made

    async def next_cycle(self, number: int = 2) -> None:
        """Another batch with the same people."""
        self.cycle = await cycles.create(
            self.ctx, kind=CycleKind.BATCH, organization_id=self.town.district.id, year=2026, number=number
        )
        self.team = await new_team(self.ctx, self.cycle, self.leader, self.one, self.two)

    def line(self, item: str, tenths: int = 0, **others: Any) -> dict[str, Any]:
        """A line a phone uploads, with an id of its own."""
        self.number += 1
        said = {"rule": RULE, "fact": FACT, "evidence": EVIDENCE} if tenths else {}
        made = {
            "id": str(uuid5(NAMESPACE_URL, str(self.number))), "item": item, "deducted": tenths,
            "at": self.town.ctx.now().isoformat(),
        }  # fmt: skip
        return made | said | others

    async def look(self, row: Assessment, person: Person, less: Mapping[str, int]) -> None:
        """Look at every item, deduct, and hand in."""
        kit = await observations.kit(self.at(person), assessment_id=row.id)
        lines = [self.line(item.code, less.get(item.code, 0)) for item in kit.sheet.items]
        answers = await observations.upload(self.at(person), assessment_id=row.id, lines=lines)
        assert {one.outcome.value for one in answers} == {"taken"}
        await observations.hand_in(self.at(person), assessment_id=row.id)

    async def look_both(
        self, row: Assessment, less: Mapping[str, int], other: Mapping[str, int] | None = None
    ) -> None:
        """Both look; the second one deducts the same unless said otherwise."""
        await self.look(row, self.one, less)
        await self.look(row, self.two, less if other is None else other)

    async def feed_back(self, row: Assessment, less: Mapping[str, int]) -> list[Rectification]:
        """Everything up to the branch's signature; the rounds that it has then."""
        await self.look_both(row, less)
        await assessments.review(self.at(self.leader), assessment_id=row.id, decided={})
        await assessments.deliver(self.ctx, assessment_id=row.id)
        await assessments.sign(self.at(self.town.worker), assessment_id=row.id)
        return await Rectification.filter(assessment_id=row.id).order_by("finding__item")

    async def prove(self, finding: Rectification) -> None:
        """Train, plan and prove a round, as the branch's worker."""
        ctx = self.at(self.town.worker)
        await findings.train(ctx, finding_id=finding.id)
        await findings.plan(ctx, finding_id=finding.id, measure="补开会议", kind=RectificationKind.LIMITED)
        await findings.prove(ctx, finding_id=finding.id, evidence="T05 2026-11-18 党员大会记录")

    async def settle(self, finding: Rectification) -> Rectification:
        """Prove and accept a round, for the district too where it samples."""
        await self.prove(finding)
        row = await findings.accept(self.at(self.town.town_officer), finding_id=finding.id)
        if row.status.value == "to_district":
            row = await findings.accept(self.ctx, finding_id=finding.id)
        return row


async def build(ctx: Context) -> Assessed:
    """The small district of `town` with scopes, and a published-to-be half-year."""
    world = await town.build(ctx)
    for branch, scope in (
        (world.branch, Scope.VILLAGE), (world.other_branch, Scope.COMMUNITY), (world.far_branch, Scope.NEW),
    ):  # fmt: skip
        await Organization.filter(id=branch.id).update(scope=scope)
        branch.scope = scope
    people = [await town.person(world.district, Role.MEMBER) for _ in range(3)]
    officer = world.at(world.district_officer)
    cycle = await new_cycle(officer, world.district)
    team = await new_team(officer, cycle, *people)
    return Assessed(world, *people, cycle, team)


async def new_cycle(ctx: Context, organization: Organization) -> Cycle:
    """A half-year's assessment."""
    return await cycles.create(
        ctx, kind=CycleKind.HALF_YEAR, organization_id=organization.id, year=2026, number=1
    )


async def new_team(ctx: Context, cycle: Cycle, leader: Person, *others: Person) -> Team:
    """A team."""
    return await cycles.add_team(
        ctx, cycle_id=cycle.id, name="第一组", leader_id=leader.id, person_ids=[one.id for one in others]
    )
