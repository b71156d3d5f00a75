"""What assessors write down at a branch, also without a network: merged in any order, nothing lost.

An observation names those it replaces. What nothing replaces, counts; two that replace the same one are a
conflict, which their author settles by one that replaces both. So the order of uploads makes no difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from tortoise.transactions import in_transaction

from handlers import assessment_stages, audit, screenings, self_assessments
from handlers.accounts import require_person
from handlers.assessment_content import Sheet
from handlers.context import Context
from handlers.cycles import barred_from
from handlers.errors import BadInput, NotFound, WrongState
from models import Assessment, AssessmentStage, AssessorMark, Finding, Observation, Person, SelfMark
from models.findings import Rectification

LINES_AT_ONCE = 200
MOST_REPLACED = 20
AHEAD = timedelta(minutes=10)
"""How far a phone's clock may be ahead of ours."""
LONGEST = {"rule": 120, "fact": 500, "evidence": 500}
NEEDED = {"rule": "依据条款", "fact": "事实", "evidence": "佐证"}
BOTH_IN = "两名评估人都已提交"


class Outcome(StrEnum):
    """What became of an uploaded line."""

    TAKEN = "taken"
    ALREADY = "already"
    LATE = "late"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """The answer to one line; `id` as it was sent, `reason` a Chinese sentence where it was refused."""

    id: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation as the merge sees it."""

    id: str
    item: str
    replaces: tuple[str, ...]
    deducted: int


@dataclass(frozen=True, slots=True)
class Merged:
    """What all observations of one assessor come to: those that count, and those that contradict."""

    heads: tuple[Seen, ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()

    def deducted(self, sheet: Sheet) -> dict[str, int]:
        """Item → tenths deducted, never more than it is worth."""
        sums = {item.code: 0 for item in sheet.items}
        for head in self.heads:
            sums[head.item] = sums.get(head.item, 0) + head.deducted
        return {item.code: min(sums[item.code], item.worth) for item in sheet.items}

    def unseen(self, sheet: Sheet) -> list[str]:
        """Items nothing was written down about."""
        there = {head.item for head in self.heads}
        return [item.code for item in sheet.items if item.code not in there]


@dataclass(frozen=True, slots=True)
class Kit:
    """What an assessor takes along: the sheet, what was drawn, whom to talk with, what was found before.

    `own` is what the branch itself says of an item, where it handed in (支部自评).
    """

    assessment: Assessment
    sheet: Sheet
    mine: Sequence[Observation]
    merged: Merged
    interviews: Sequence[Person]
    before: Sequence[Rectification]
    handed_in: bool = False
    own: Mapping[str, SelfMark] = field(default_factory=dict)


def merge(seen: Iterable[Seen]) -> Merged:
    """What counts of a set of observations: the same for every order and for every repetition. Pure."""
    known = {one.id: one for one in seen}
    replaced = {id_ for one in known.values() for id_ in one.replaces}
    heads = sorted(id_ for id_ in known if id_ not in replaced)
    roots = _families(known)
    families: dict[str, list[str]] = {}
    for id_ in heads:
        families.setdefault(roots(id_), []).append(id_)
    conflicts = sorted(tuple(ids) for ids in families.values() if len(ids) > 1)
    return Merged(tuple(known[id_] for id_ in heads), tuple(conflicts))


def _families(known: Mapping[str, Seen]) -> Any:
    """A function from an observation to the one that stands for everything tied to it by replacing."""
    parent: dict[str, str] = {}

    def root(id_: str) -> str:
        while (above := parent.setdefault(id_, id_)) != id_:
            id_ = above
        return id_

    for one in known.values():
        for other in one.replaces:
            low, high = sorted((root(one.id), root(other)))
            parent[high] = low
    return root


async def kit(ctx: Context, *, assessment_id: int) -> Kit:
    """What the caller needs at a branch, to be kept on the phone for the day.

    Raises:
        NotBound.
        NotFound: no such assessment, or the caller isn't one of its two assessors.
    """
    person = await require_person(ctx)
    row = await Assessment.get_or_none(id=assessment_id).select_related("cycle", "branch", "team")
    if row is None or person.id not in (row.assessor_id, row.other_id):
        raise NotFound
    sheet = assessment_stages.book_of(row).sheets[row.sheet]
    mine = await _as_written(await _mine(row.id, person.id))
    asked = row.sample.get("interview", [])
    people = await Person.filter(id__in=asked, left_at=None).order_by("id") if asked else []
    before = Rectification.filter(finding__branch_id=row.branch_id).exclude(assessment_id=row.id)
    return Kit(
        row, sheet, mine, merge(map(_seen, mine)), people,
        await before.order_by("finding__item", "-round").select_related("finding"),
        await AssessorMark.filter(assessment_id=row.id, assessor_id=person.id).exists(),
        await self_assessments.handed_in(row),
    )  # fmt: skip


async def upload(ctx: Context, *, assessment_id: int, lines: Sequence[Mapping[str, Any]]) -> list[LineAnswer]:
    """Take a phone's lines, in any order, as often as it sends them; each is answered.

    A line is `{id, item, replaces?, deducted?, rule?, fact?, evidence?, at}`; `deducted` in tenths. One that
    comes after its author handed in is kept and marked late.

    Raises:
        NotBound, NotFound: not the caller's to assess.
        WrongState: the branch was fed back to, or the assessment is stopped.
        BadInput: too many lines at once.
    """
    person = await require_person(ctx)
    if len(lines) > LINES_AT_ONCE:
        raise BadInput(lines=f"一次最多上传 {LINES_AT_ONCE} 条，请分几次传")
    async with in_transaction():
        row = await assessment_stages.held(assessment_id)
        if person.id not in (row.assessor_id, row.other_id):
            raise NotFound
        if row.stage not in (AssessmentStage.ASSESSING, AssessmentStage.IN_REVIEW):
            raise WrongState
        late = await AssessorMark.filter(assessment_id=row.id, assessor_id=person.id).exists()
        taker = _Taker(ctx, row, person, late, assessment_stages.book_of(row).sheets[row.sheet])
        answers = [await taker.take(line) for line in lines]
        if taker.taken:
            await audit.record(
                ctx, "assessment.observed", f"assessment:{row.id}", lines=taker.taken, late=late
            )
    return answers


@dataclass(slots=True)
class _Taker:
    """Takes lines of one assessor about one branch, one after the other."""

    ctx: Context
    row: Assessment
    person: Person
    late: bool
    sheet: Sheet
    taken: list[str] = field(default_factory=list)

    async def take(self, line: Mapping[str, Any]) -> LineAnswer:
        """One line's answer; what is refused leaves nothing behind."""
        given = line.get("id")
        name = given if isinstance(given, str) else ""
        try:
            id_ = str(UUID(name))
            values = read(line, self.sheet, now=self.ctx.now())
        except ValueError as error:
            sentence = str(error) if name and _is_id(name) else "这一条没有编号，请更新页面后再试"
            return LineAnswer(name[:64], Outcome.REFUSED, sentence)
        there = await Observation.get_or_none(id=id_)
        if there is not None:
            (there,) = await _as_written([there])
            return LineAnswer(name, *self._again(there, values))
        values |= {"assessment_id": self.row.id, "assessor_id": self.person.id, "late": self.late}
        kept = {name: screenings.look_at(self.ctx, values[name]) for name in LONGEST}
        values |= {name: one.shown for name, one in kept.items()}
        await Observation.create(id=id_, received_at=self.ctx.now(), **values)
        for name, one in kept.items():
            if one.status is not None:
                await screenings.hold(self.ctx, one, _place(id_, name), path=self.row.branch.path)
        self.taken.append(id_)
        return LineAnswer(name, Outcome.LATE if self.late else Outcome.TAKEN)

    def _again(self, there: Observation, values: Mapping[str, Any]) -> tuple[Outcome, str]:
        is_mine = (there.assessment_id, there.assessor_id) == (self.row.id, self.person.id)
        if is_mine and all(getattr(there, name) == value for name, value in values.items()):
            return (Outcome.LATE if there.late else Outcome.ALREADY), ""
        return Outcome.REFUSED, "这个编号已经用在另一条上，请改动后另存一条"


def read(line: Mapping[str, Any], sheet: Sheet, *, now: datetime) -> dict[str, Any]:
    """The values of a line.

    Raises:
        ValueError: with a Chinese sentence that says what is missing.
    """
    item = sheet.item(line["item"]) if isinstance(line.get("item"), str) else None
    if item is None:
        raise ValueError("评估表里没有这一项")
    deducted, replaces = line.get("deducted", 0), line.get("replaces", [])
    if isinstance(deducted, bool) or not isinstance(deducted, int) or not 0 <= deducted <= item.worth:
        raise ValueError(f"“{item.name}”只有 {item.worth / 10:g} 分，扣分不能更多，也不能少于 0")
    if not isinstance(replaces, list) or len(replaces) > MOST_REPLACED or not all(map(_is_id, replaces)):
        raise ValueError("这一条所依据的版本不对，请更新页面后再试")
    texts = {name: _text(line.get(name, ""), name) for name in LONGEST}
    missing = [NEEDED[name] for name, text in texts.items() if not text]
    if deducted and missing:
        raise ValueError(f"扣分必须写明{'、'.join(missing)}，否则系统不受理")
    return {
        "item": item.code, "deducted": deducted, "replaces": sorted({str(UUID(one)) for one in replaces}),
        "made_at": _moment(line.get("at"), now), **texts,
    }  # fmt: skip


async def hand_in(ctx: Context, *, assessment_id: int) -> Assessment:
    """An assessor's marks are final; when both are, the leader reviews. Twice is once.

    Raises:
        NotBound, NotFound, WrongState.
        BadInput: items not looked at, or contradictions not settled.
    """
    person = await require_person(ctx)
    async with in_transaction():
        row = await assessment_stages.held(assessment_id)
        if person.id not in (row.assessor_id, row.other_id):
            raise NotFound
        if await AssessorMark.filter(assessment_id=row.id, assessor_id=person.id).exists():
            return row
        if row.stage is not AssessmentStage.ASSESSING or await barred_from(person.id, row.branch):
            raise WrongState
        sheet = assessment_stages.book_of(row).sheets[row.sheet]
        merged = merge(map(_seen, await _mine(row.id, person.id)))
        _check_complete(merged, sheet)
        marks = merged.deducted(sheet)
        await AssessorMark.bulk_create(
            AssessorMark(
                assessment_id=row.id, assessor_id=person.id, item=item, deducted=deducted, at=ctx.now()
            )
            for item, deducted in marks.items()
        )
        await audit.record(ctx, "assessment.handed_in", f"assessment:{row.id}", deducted=sum(marks.values()))
        if await _both_handed_in(row):
            await assessment_stages.move(ctx, row, AssessmentStage.IN_REVIEW, reason=BOTH_IN)
    return row


async def counting(row: Assessment) -> list[Observation]:
    """The observations of both assessors that count and deduct, in the order of the items."""
    found = []
    for assessor in (row.assessor_id, row.other_id):
        rows = await _mine(row.id, assessor)
        heads = {head.id for head in merge(map(_seen, rows)).heads}
        found += [one for one in rows if one.id in heads and one.deducted]
    return sorted(found, key=lambda one: (one.item, one.made_at, one.id))


async def held_back(row: Assessment) -> int:
    """How many texts of what counts wait to be looked at, or may not be shown: nobody can review those."""
    seen = await counting(row)
    return len(await screenings.held_texts(_place(one.id, name) for one in seen for name in LONGEST))


async def _as_written(rows: Sequence[Observation]) -> list[Observation]:
    """Observations for their author: what is held back stands in them as it was written."""
    held = await screenings.held_texts(_place(one.id, name) for one in rows for name in LONGEST)
    for one in rows if held else ():
        for name in LONGEST:
            setattr(one, name, held.get(_place(one.id, name), getattr(one, name)))
    return list(rows)


def _place(id_: str, column: str) -> str:
    """Where a text of an observation belongs, as screenings.py names places."""
    return f"look:{UUID(id_).hex}:{column}"


async def open_again(row: Assessment) -> None:
    """Sent back: both write again, and what came late counts now."""
    await AssessorMark.filter(assessment_id=row.id).delete()
    await Observation.filter(assessment_id=row.id, late=True).update(late=False)


async def found_before(row: Assessment) -> dict[str, Finding]:
    """Item → what was found in this branch at another time."""
    return {one.item: one for one in await Finding.filter(branch_id=row.branch_id)}


def _check_complete(merged: Merged, sheet: Sheet) -> None:
    if merged.conflicts:
        raise BadInput(lines=f"有 {len(merged.conflicts)} 处同一条改了两次，请先选定一个再提交")
    if unseen := merged.unseen(sheet):
        raise BadInput(
            lines=f"还有 {len(unseen)} 项没有看：{'、'.join(unseen[:5])}。没有问题的也请点“没有问题”"
        )


async def _mine(assessment_id: int, person_id: int) -> list[Observation]:
    mine = Observation.filter(assessment_id=assessment_id, assessor_id=person_id, late=False)
    return await mine.order_by("item", "made_at", "id")


async def _both_handed_in(row: Assessment) -> bool:
    marks = AssessorMark.filter(assessment_id=row.id, assessor_id__in=[row.assessor_id, row.other_id])
    return len(set(await marks.values_list("assessor_id", flat=True))) == 2


def _seen(row: Observation) -> Seen:
    return Seen(row.id, row.item, tuple(row.replaces), row.deducted)


def _is_id(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{NEEDED[name]}应当是文字")
    kept = " ".join("".join(char if char >= " " else " " for char in value).split())
    if len(kept) > LONGEST[name]:
        raise ValueError(f"{NEEDED[name]}不能超过 {LONGEST[name]} 个字")
    return kept


def _moment(value: object, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at > now + AHEAD:
        raise ValueError("这一条的时间不对，请把手机的时间调准")
    return at
