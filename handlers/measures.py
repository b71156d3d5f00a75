"""处理措施: from a lead about a unit to its end, each step by a person, with the unit's right to reply.

线索 → 核实 → 单位说明 → 组织科建议 → 部领导审定 → 送达 → 整改 → 解除. The system finds leads and nothing
more: it verifies none, proposes none, and knows no other kinds than the four the district's rules name.
What concerns a person is dealt with elsewhere, by the rules for persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import paging, screenings, transitions, worker_news
from handlers.access import officer_reach, within
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, OwnFiling, WrongState
from handlers.lines import one_line
from handlers.worker_rules import require_district
from handlers.worker_terms import name
from models import (
    Measure,
    MeasureIssue,
    MeasureKind,
    MeasureStatus,
    Organization,
    Role,
    Transition,
)

THING = "measure"
REGISTER = "measures"
LONGEST_TEXT = 600
DAYS_TO_EXPLAIN = 10
"""Days a unit has to explain itself before a proposal may be made without its word (本区建议值)."""
STATUS_WORDS = {
    MeasureStatus.LEAD: "线索，待核实",
    MeasureStatus.DISMISSED: "经核实不成立",
    MeasureStatus.VERIFIED: "已核实，待单位说明",
    MeasureStatus.EXPLAINED: "单位已说明",
    MeasureStatus.PROPOSED: "组织科已建议，待审定",
    MeasureStatus.DECIDED: "已审定，待送达",
    MeasureStatus.DELIVERED: "已送达，待整改",
    MeasureStatus.RECTIFIED: "已整改，待解除",
    MeasureStatus.LIFTED: "已解除",
}
SEEN_BY_UNIT = frozenset(MeasureStatus) - {MeasureStatus.LEAD, MeasureStatus.DISMISSED}
"""A unit sees what concerns it once it was verified: then it has its say."""


@dataclass(frozen=True, slots=True)
class MeasurePage:
    """A stretch of a list, newest first; `next` is the cursor of the following one."""

    items: list[Measure]
    next: int | None


async def report(ctx: Context, *, unit_id: int, issue: MeasureIssue, facts: str) -> Measure:
    """The district writes a lead down.

    Raises:
        NotAllowed, BadInput.
    """
    await require_district(ctx)
    line = one_line(facts, longest=LONGEST_TEXT, field="facts")
    if not await Organization.exists(id=unit_id):
        raise BadInput(unit_id="没有这个党组织，请核对")
    async with in_transaction():
        made = await Measure.create(
            unit_id=unit_id, issue=issue, facts=line, status=MeasureStatus.LEAD, created_at=ctx.now()
        )
        await transitions.begin(ctx, THING, made, MeasureStatus.LEAD)
    return await _whole(made.id)


async def found(ctx: Context, *, unit_id: int, issue: MeasureIssue, facts: str, key: str) -> bool:
    """Write down what the system found, once for a key, in the caller's transaction; whether it is new."""
    if await Measure.exists(lead_key=key):
        return False
    row = Measure(
        unit_id=unit_id, issue=issue, facts=facts[:LONGEST_TEXT], status=MeasureStatus.LEAD, by_system=True,
        lead_key=key, created_at=ctx.now(),
    )  # fmt: skip
    await Measure.bulk_create([row], ignore_conflicts=True)
    made = await Measure.get(lead_key=key)
    await transitions.begin(ctx, THING, made, MeasureStatus.LEAD)
    return True


async def verify(ctx: Context, *, measure_id: int, holds: bool, note: str) -> Measure:
    """A person of the district has looked: it holds, and the unit is asked to explain; or it doesn't.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    row = await _at_district(ctx, measure_id, MeasureStatus.LEAD)
    line = one_line(note, longest=LONGEST_TEXT, field="note")
    until = ctx.now().date() + timedelta(days=DAYS_TO_EXPLAIN)
    async with in_transaction():
        if not holds:
            await transitions.move(ctx, THING, row, MeasureStatus.DISMISSED, note=line)
            return row
        await transitions.move(ctx, THING, row, MeasureStatus.VERIFIED, note=line, explain_until=until)
        await _tell_unit(ctx, row, f"区委组织部核实了一件事项，请在{until.month}月{until.day}日前说明情况")
    return row


async def explain(ctx: Context, *, measure_id: int, text: str) -> Measure:
    """The unit says its word: its right, once, until a proposal is made.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    row = await _of_unit(ctx, measure_id, MeasureStatus.VERIFIED)
    kept = screenings.look_at(ctx, one_line(text, longest=LONGEST_TEXT, field="text"))
    async with in_transaction():
        await transitions.move(ctx, THING, row, MeasureStatus.EXPLAINED, explanation=kept.shown)
        await screenings.hold(ctx, kept, f"measure:{row.id}:explanation", path=row.unit.path)
    return row


async def propose(
    ctx: Context,
    *,
    measure_id: int,
    kinds: Sequence[MeasureKind],
    reason: str,
    until: date | None = None,
    scope: str = "",
) -> Measure:
    """The section proposes, after the unit's word or when its time for it is over.

    A disqualification has an end and a scope.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    row = await _at_district(ctx, measure_id, MeasureStatus.EXPLAINED, MeasureStatus.VERIFIED)
    today = ctx.now().date()
    if row.status is MeasureStatus.VERIFIED and row.explain_until is not None and today <= row.explain_until:
        raise WrongState
    if row.explanation == screenings.STAND_IN:
        raise BadInput(reason="单位的说明还在审核，请审核后再提建议")
    line = one_line(reason, longest=LONGEST_TEXT, field="reason")
    chosen = list(dict.fromkeys(kinds))
    if not chosen:
        raise BadInput(kinds="请至少选一种")
    where = one_line(scope, longest=200, field="scope", required=False)
    if MeasureKind.DISQUALIFICATION in chosen:
        if until is None or until <= today:
            raise BadInput(until="取消评先评优资格须写明期限，到期日应晚于今天")
        if not where:
            raise BadInput(scope="取消评先评优资格须写明范围")
    else:
        until, where = None, ""
    proposed_by = ctx.caller.person.id if ctx.caller.person is not None else None
    columns: dict[str, Any] = {"kinds": [str(kind) for kind in chosen], "until": until, "scope": where}
    async with in_transaction():
        await transitions.move(
            ctx, THING, row, MeasureStatus.PROPOSED, note=line, proposed_by_id=proposed_by, **columns
        )
    return row


async def decide(ctx: Context, *, measure_id: int, agrees: bool, note: str = "") -> Measure:
    """Another person of the district decides: as proposed, or back to the section.

    Raises:
        NotAllowed, NotFound, WrongState, OwnFiling, BadInput.
    """
    row = await _at_district(ctx, measure_id, MeasureStatus.PROPOSED)
    line = one_line(note, longest=LONGEST_TEXT, field="note", required=not agrees)
    person = ctx.caller.person
    if ctx.settings.filing_needs_two_people and person is not None and row.proposed_by_id == person.id:
        raise OwnFiling
    became = MeasureStatus.DECIDED if agrees else MeasureStatus.EXPLAINED
    async with in_transaction():
        await transitions.move(ctx, THING, row, became, note=line)
    return row


async def deliver(ctx: Context, *, measure_id: int, note: str = "") -> Measure:
    """The decision is given to the unit.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    row = await _at_district(ctx, measure_id, MeasureStatus.DECIDED)
    line = one_line(note, longest=LONGEST_TEXT, field="note", required=False)
    async with in_transaction():
        await transitions.move(ctx, THING, row, MeasureStatus.DELIVERED, note=line)
        await _tell_unit(ctx, row, "区委组织部的一份处理决定已送达，请查看并整改")
    return row


async def rectify(ctx: Context, *, measure_id: int, text: str) -> Measure:
    """The unit says what it has put right.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    row = await _of_unit(ctx, measure_id, MeasureStatus.DELIVERED)
    kept = screenings.look_at(ctx, one_line(text, longest=LONGEST_TEXT, field="text"))
    async with in_transaction():
        await transitions.move(ctx, THING, row, MeasureStatus.RECTIFIED, rectification=kept.shown)
        await screenings.hold(ctx, kept, f"measure:{row.id}:rectification", path=row.unit.path)
    return row


async def lift(ctx: Context, *, measure_id: int, note: str = "") -> Measure:
    """The district lifts the measure.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput.
    """
    row = await _at_district(ctx, measure_id, MeasureStatus.RECTIFIED)
    if row.rectification == screenings.STAND_IN:
        raise BadInput(note="单位写的整改情况还在审核，请审核后再解除")
    line = one_line(note, longest=LONGEST_TEXT, field="note", required=False)
    async with in_transaction():
        await transitions.move(ctx, THING, row, MeasureStatus.LIFTED, note=line)
        await _tell_unit(ctx, row, "区委组织部的一份处理决定已解除")
    return row


async def list_measures(ctx: Context, *, cursor: int | None = None, limit: int = 20) -> MeasurePage:
    """What the caller may see, the newest first.

    Raises:
        NotAllowed.
    """
    rows = (await visible(ctx)).select_related("unit")
    return MeasurePage(*await paging.newest_first(rows, cursor=cursor, limit=limit))


async def visible(ctx: Context) -> QuerySet[Measure]:
    """Those the caller may see, for a list or a sheet: all the district's, of a unit what was verified.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    wanted = Measure.filter(within(reach, below="unit__"))
    if reach is not None and Role.DISTRICT_OFFICER not in reach.roles:
        wanted = wanted.filter(status__in=list(SEEN_BY_UNIT))
    return wanted


async def get_measure(ctx: Context, *, measure_id: int) -> tuple[Measure, Sequence[Transition]]:
    """One of those with all its moves.

    Raises:
        NotAllowed, NotFound.
    """
    row = await _seen(ctx, measure_id)
    return row, await transitions.of(THING, row.id)


async def in_force(ctx: Context, *, unit_id: int) -> list[Measure]:
    """The measures a unit is under now, for whoever assesses units; delivered and not lifted."""
    lasting = (MeasureStatus.DELIVERED, MeasureStatus.RECTIFIED)
    return await Measure.filter(unit_id=unit_id, status__in=lasting).order_by("id")


async def _tell_unit(ctx: Context, row: Measure, text: str) -> None:
    people = await worker_news.unit_officers(row.unit)
    key = f"measure:{row.id}:{row.status}"
    await worker_news.tell(ctx, people, f"{text}（{name('issues', row.issue)}）。{worker_news.HOW}", key=key)


async def _seen(ctx: Context, measure_id: int) -> Measure:
    reach = await officer_reach(ctx)
    row = await Measure.get_or_none(id=measure_id).select_related("unit")
    if row is None or (reach is not None and not reach.covers_organization(row.unit)):
        raise NotFound
    district = reach is None or Role.DISTRICT_OFFICER in reach.roles
    if not district and row.status not in SEEN_BY_UNIT:
        raise NotFound
    return row


async def _at_district(ctx: Context, measure_id: int, *statuses: MeasureStatus) -> Measure:
    await require_district(ctx)
    row = await _seen(ctx, measure_id)
    if row.status not in statuses:
        raise WrongState
    return row


async def _of_unit(ctx: Context, measure_id: int, status: MeasureStatus) -> Measure:
    """Of a unit whose own officer the caller is: the district doesn't explain itself to itself."""
    reach = await officer_reach(ctx)
    row = await _seen(ctx, measure_id)
    if reach is not None and Role.TOWN_OFFICER not in reach.roles:
        raise NotAllowed
    if row.status is not status:
        raise WrongState
    return row


async def _whole(measure_id: int) -> Measure:
    return await Measure.get(id=measure_id).select_related("unit")
