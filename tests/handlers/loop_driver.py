"""Random people doing random things to the assessments of a small district, allowed or not."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from handlers import assessments, cycles, findings, observations
from handlers.assessments import Fault
from handlers.context import Context
from handlers.errors import Refused
from models import Assessment, Duty, Person, Rectification, RectificationKind, Role
from models.findings import DONE
from tests.fakes import Clock
from tests.handlers.assessed import EVIDENCE, FACT, RULE, Assessed

MOSTLY = 0.7
"""How often somebody acts whose business it might be."""
TEMPTED = 0.3
PROOFS = ("记录", "会议记录第3页", " ")
MOST_CYCLES, EVERY = 90, 1 / 300
"""A new cycle begins now and then, so that what was found comes back."""
Act = Callable[[Context], Awaitable[object]]


class Driver:
    """Acts at random; what is refused is counted, and anything else that goes wrong stops it."""

    def __init__(self, world: Assessed, clock: Clock, chance: random.Random) -> None:
        self.world, self.clock, self.chance = world, clock, chance
        self.people: list[Person] = []
        self.fitting: dict[str, list[Person]] = {}
        self.near: dict[int, tuple[int, ...]] = {}
        self.rows: list[int] = []
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.cycles = 1

    async def begin(self) -> None:
        """Everybody, and the first cycle; some hold two duties, which tempts them to accept their own."""
        town = self.world.town
        both = await Person.create(name="两职", organization=town.branch)
        for role, over in ((Role.BRANCH_WORKER, town.branch), (Role.TOWN_OFFICER, town.town)):
            await Duty.create(person=both, role=role, organization=over)
        self.people = [
            town.worker, town.other_worker, town.far_worker, town.town_officer, town.far_officer,
            town.district_officer, town.member, self.world.one, self.world.two, self.world.leader, both, both,
        ]  # fmt: skip
        looks, lead = [self.world.one, self.world.two], [self.world.leader]
        branch = [town.worker, town.other_worker, town.far_worker, both]
        office = [town.town_officer, town.far_officer, town.district_officer, both]
        near, far = (town.branch.id, town.other_branch.id), (town.far_branch.id,)
        self.near = {
            town.worker.id: near[:1], town.other_worker.id: near[1:], town.far_worker.id: far,
            town.town_officer.id: near, town.far_officer.id: far, both.id: near[:1],
        }  # fmt: skip
        self.fitting = {
            **dict.fromkeys(("look", "upload", "hand in", "recuse"), looks),
            **dict.fromkeys(("review", "send back"), lead),
            **dict.fromkeys(("sign", "plan", "train", "prove", "help", "object"), branch),
            "add": [town.district_officer],
            **dict.fromkeys(("deliver", "answer", "return", "accept"), office),
        }
        await self._assign()

    async def _assign(self) -> None:
        town = self.world.town
        made = await self.world.begin(town.branch, town.other_branch, town.far_branch)
        self.rows = [row.id for row in made]

    async def step(self) -> None:
        """One act of one person; now and then time passes, or a new cycle begins."""
        if self.chance.random() < 0.05:
            self.clock.now += timedelta(hours=self.chance.randint(1, 40))
        if self.cycles < MOST_CYCLES and self.chance.random() < EVERY:
            self.cycles += 1
            await self.world.next_cycle(self.cycles)
            await self._assign()
        name, act, branch = await self._act()
        fitting = self.fitting[name] if self.chance.random() < MOSTLY else self.people
        near = [one for one in fitting if branch in self.near.get(one.id, (branch,))]
        person = self.chance.choice(near or fitting)
        if name == "accept" and self.chance.random() < TEMPTED:
            person = await self._prover() or person
        try:
            await act(self.world.at(person))
        except Refused as refused:
            self.refused[f"{name} {refused.code}"] += 1
        else:
            self.done[name] += 1

    async def _prover(self) -> Person | None:
        """Somebody with two duties who proved what waits for acceptance, and might accept it."""
        both = self.people[-1]
        waiting = Rectification.filter(status="to_town", evidence_by_id=both.id)
        return both if await waiting.exists() else None

    async def _act(self) -> tuple[str, Act, int]:
        row = self.chance.choice(self.rows)
        rounds = await Rectification.exclude(status__in=DONE).select_related("finding")
        round_ = self.chance.choice(rounds) if rounds else None
        one = round_.id if round_ is not None else 0
        about_rows: dict[str, Act] = {
            "look": lambda ctx: self._look(ctx, row),
            "upload": lambda ctx: self._upload(ctx, row),
            "hand in": lambda ctx: observations.hand_in(ctx, assessment_id=row),
            "review": lambda ctx: self._review(ctx, row),
            "send back": lambda ctx: assessments.send_back(ctx, assessment_id=row, reason="再看"),
            "deliver": lambda ctx: assessments.deliver(ctx, assessment_id=row),
            "sign": lambda ctx: assessments.sign(ctx, assessment_id=row),
            "recuse": lambda ctx: cycles.recuse(ctx, assessment_id=row, reason="亲属"),
            "add": lambda ctx: assessments.add_fault(
                ctx,
                assessment_id=row,
                item=self.chance.choice(("A03", "A05", "C03")),
                fault=Fault(
                    RULE, self.chance.choice((FACT, "八月没有开展")), self.chance.choice((EVIDENCE, " "))
                ),
            ),
        }
        about_rounds: dict[str, Act] = {
            "plan": lambda ctx: findings.plan(
                ctx, finding_id=one, measure="补开", kind=self.chance.choice(list(RectificationKind)),
                owner_id=self.chance.choice([None, *(person.id for person in self.people)]),
            ),
            "train": lambda ctx: findings.train(ctx, finding_id=one),
            "prove": lambda ctx: findings.prove(ctx, finding_id=one, evidence=self.chance.choice(PROOFS)),
            "help": lambda ctx: findings.ask_for_help(ctx, finding_id=one, reason="缺场地"),
            "object": lambda ctx: findings.object_to(ctx, finding_id=one, text="开过"),
            "answer": lambda ctx: findings.answer_objection(
                ctx, finding_id=one, upheld=self.chance.random() < 0.2, text="核对过"
            ),
            "return": lambda ctx: findings.send_back(ctx, finding_id=one, reason="没改好"),
            "accept": lambda ctx: findings.accept(ctx, finding_id=one),
        }  # fmt: skip
        weights = {
            "add": 1,
            "send back": 1,
            "recuse": 1,
            "return": 1,
            "upload": 1,
            "look": 9,
            "accept": 9,
            "prove": 7,
        }
        if round_ is not None and self.chance.random() < 0.6:
            name = self.chance.choices(list(about_rounds), [weights.get(name, 4) for name in about_rounds])[0]
            if self.chance.random() < MOSTLY:
                name = natural(round_)
            return name, about_rounds[name], round_.finding.branch_id
        name = self.chance.choices(list(about_rows), [weights.get(name, 4) for name in about_rows])[0]
        return name, about_rows[name], (await Assessment.get(id=row)).branch_id

    async def _look(self, ctx: Context, row: int) -> None:
        """A whole visit of an assessor's."""
        kit = await observations.kit(ctx, assessment_id=row)
        lines = [self._line(item.code, worth=item.worth) for item in kit.sheet.items]
        await observations.upload(ctx, assessment_id=row, lines=lines)
        await observations.hand_in(ctx, assessment_id=row)

    async def _review(self, ctx: Context, row: int) -> None:
        """Decide wherever the two differ."""
        apart = await assessments.both(await Assessment.get(id=row))
        decided = {one.item: one.first for one in apart if one.first != one.second}
        decided = {item: min(tenths, 20) for item, tenths in decided.items()}
        await assessments.review(ctx, assessment_id=row, decided=decided, reason="看过记录")

    async def _upload(self, ctx: Context, row: int) -> None:
        lines = [self._line(self.chance.choice(("A03", "A05", "C03", "X")), worth=80) for _ in range(2)]
        await observations.upload(ctx, assessment_id=row, lines=lines)

    def _line(self, item: str, *, worth: int) -> dict[str, object]:
        tenths = self.chance.choice([*[0] * 12, 10, min(20, worth)])
        proved = self.chance.random() < 0.95
        return {
            "id": str(UUID(int=self.chance.getrandbits(128), version=4)), "item": item, "deducted": tenths,
            "rule": RULE if tenths else "", "fact": FACT if tenths else "",
            "evidence": EVIDENCE if proved else "",
            "at": self.clock.now.isoformat(),
        }  # fmt: skip


def natural(one: Rectification) -> str:
    """What would come next if everybody did as they should."""
    if one.status.value in ("to_town", "to_district"):
        return "accept"
    if one.trained_at is None:
        return "train"
    return "prove" if one.measure else "plan"


async def check() -> int:
    """That no round is closed otherwise than it may be; how many are closed."""
    closed = await Rectification.filter(status="closed")
    for one in closed:
        assert one.evidence.strip()
        assert None not in (one.owner_id, one.evidence_by_id, one.town_by_id)
        assert one.town_by_id not in (one.owner_id, one.evidence_by_id)
        if one.district_sampled:
            assert one.district_by_id is not None
            assert one.district_by_id not in (one.owner_id, one.evidence_by_id, one.town_by_id)
    for assessment in await Assessment.filter(stage="accepted"):
        rounds = await Rectification.filter(assessment_id=assessment.id)
        assert {one.status.value for one in rounds} <= {"closed", "not_upheld", "carried"}
    return len(closed)
