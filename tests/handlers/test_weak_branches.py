"""软弱涣散: the data propose, people decide with a reason, and nobody takes off the list what they led."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from tortoise.exceptions import IntegrityError, OperationalError

from handlers import assessment_years, findings, screenings, transitions, weak_branch_sheet, weak_branches
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound, NotFound, OwnRectification, WrongState
from models import AuditEntry, Finding, Role, WeakBranch, WeakFinding, WeakStatus
from tests.handlers import assessed, town
from tests.handlers.assessed import Assessed

BAD = "主题党日，扫码 领 鸡蛋"
UNTIL = date(2027, 6, 30)


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def taken_up(world: Assessed, facts: str = "书记不适宜任职") -> WeakBranch:
    return await weak_branches.take_up(world.ctx, branch_id=world.town.branch.id, year=2026, facts=facts)


async def rectifying(world: Assessed, *, led_by: Any = None, finding_ids: tuple[int, ...] = ()) -> WeakBranch:
    """A confirmed case that the town leads."""
    row = await taken_up(world)
    await weak_branches.confirm(world.ctx, weak_id=row.id, reason="部务会会商认定")
    led_by = led_by or world.town.town_officer
    return await weak_branches.begin(
        world.at(world.town.town_officer), weak_id=row.id, scheme="调整班子", led_by_id=led_by.id,
        until=UNTIL, finding_ids=finding_ids,
    )  # fmt: skip


async def test_the_data_propose_with_their_formula_and_decide_nothing(world: Assessed) -> None:
    branch = world.town.branch
    assert await weak_branches.proposals(world.ctx, year=2026) == []
    await assessment_years.note_downgrade(
        world.ctx, branch_id=branch.id, year=2026, code="D2", fact="查实拉票", evidence="区纪委通报"
    )
    (one,) = await weak_branches.proposals(world.at(world.town.town_officer), year=2026)
    assert (one.branch.id, one.why) == (branch.id, ("有 D2 情形",))
    assert await weak_branches.proposals(world.at(world.town.far_officer), year=2026) == []
    assert await WeakBranch.all().count() == 0
    row = await weak_branches.take_up(world.ctx, branch_id=branch.id, year=2026)
    assert (row.status, row.proposed) == (WeakStatus.STUDIED, ["有 D2 情形"])
    assert row.formula.endswith("降档：D2")
    assert await weak_branches.proposals(world.ctx, year=2026) == [], "it is looked at already"
    with pytest.raises(BadInput, match="不用重复列入"):
        await weak_branches.take_up(world.ctx, branch_id=branch.id, year=2026)


async def test_without_data_somebody_writes_what_they_saw(world: Assessed) -> None:
    with pytest.raises(BadInput):
        await taken_up(world, facts=" ")
    for who in (world.town.town_officer, world.town.worker):
        with pytest.raises(NotAllowed):
            await weak_branches.take_up(world.at(who), branch_id=world.town.branch.id, year=2026, facts="x")
    assert await WeakBranch.all().count() == 0


async def test_the_whole_way_is_kept_and_audited(world: Assessed) -> None:
    row = await rectifying(world)
    ctx, officer = world.ctx, world.at(world.town.town_officer)
    await weak_branches.prove(world.at(world.town.worker), weak_id=row.id, evidence="换届材料 12 页")
    await weak_branches.send_back(ctx, weak_id=row.id, reason="还缺党员大会记录")
    await weak_branches.prove(world.at(world.town.worker), weak_id=row.id, evidence="换届材料和会议记录")
    done = await weak_branches.accept(ctx, weak_id=row.id, note="现场看了记录")
    assert done.live_key is None
    await weak_branches.keep_up(officer, weak_id=row.id, note="联系领导每月到场")
    words = [one.became for one in await transitions.of("weak", row.id)]
    assert words == [
        "studied", "confirmed", "rectifying", "to_accept", "rectifying", "to_accept", "off", "kept_up",
    ]  # fmt: skip
    assert await AuditEntry.filter(action__startswith="weak.").count() == len(words)
    again = await taken_up(world, facts="又有反映")
    assert again.id != row.id, "history stays; a new case begins"


@pytest.mark.parametrize("who", ["leader", "prover"])
async def test_nobody_takes_off_the_list_what_they_led_or_proved(world: Assessed, who: str) -> None:
    second = await town.person(world.town.district, Role.DISTRICT_OFFICER)
    row = await rectifying(world, led_by=second if who == "leader" else None)
    await weak_branches.prove(world.at(second), weak_id=row.id, evidence="换届材料")
    with pytest.raises(OwnRectification):
        await weak_branches.accept(world.at(second), weak_id=row.id, note="看过")
    with pytest.raises(NotAllowed):
        await weak_branches.accept(world.at(world.town.town_officer), weak_id=row.id, note="看过")
    assert (await WeakBranch.get(id=row.id)).status is WeakStatus.TO_ACCEPT
    await weak_branches.accept(world.ctx, weak_id=row.id, note="看过")


async def test_the_findings_of_the_plan_are_closed_first(world: Assessed) -> None:
    (looked,) = await world.begin(world.town.branch)
    (found,) = await world.feed_back(looked, {"A03": 20})
    row = await rectifying(world, finding_ids=(found.finding_id,))
    secretary = world.at(world.town.worker)
    with pytest.raises(BadInput, match="A03"):
        await weak_branches.prove(secretary, weak_id=row.id, evidence="材料")
    await world.settle(found)
    assert (await findings.find(secretary, found.id)).status.value == "closed"
    await weak_branches.prove(secretary, weak_id=row.id, evidence="材料")
    case = await weak_branches.get(world.ctx, weak_id=row.id)
    assert [one.finding.item for one in case.findings] == ["A03"]


async def test_a_plan_names_only_what_and_whom_the_branch_has(world: Assessed) -> None:
    row = await taken_up(world)
    await weak_branches.confirm(world.ctx, weak_id=row.id, reason="会商认定")
    theirs = await Finding.create(branch=world.town.other_branch, item="A03")
    officer, today = world.at(world.town.town_officer), world.ctx.now().date()
    good = {"scheme": "x", "led_by_id": world.town.worker.id, "until": UNTIL, "finding_ids": ()}
    for bad in (
        {"led_by_id": world.town.member.id}, {"led_by_id": world.town.far_officer.id},
        {"until": today}, {"finding_ids": (theirs.id,)}, {"scheme": " "},
    ):  # fmt: skip
        with pytest.raises(BadInput):
            await weak_branches.begin(officer, weak_id=row.id, **{**good, **bad})  # type: ignore[arg-type]
    assert (await WeakBranch.get(id=row.id)).status is WeakStatus.CONFIRMED
    assert await WeakFinding.all().count() == 0


async def test_no_step_is_skipped_and_none_is_done_twice(world: Assessed) -> None:
    row, ctx = await taken_up(world), world.ctx
    for act in (
        weak_branches.accept(ctx, weak_id=row.id, note="x"),
        weak_branches.send_back(ctx, weak_id=row.id, reason="x"),
        weak_branches.keep_up(ctx, weak_id=row.id, note="x"),
        weak_branches.prove(ctx, weak_id=row.id, evidence="x"),
    ):
        with pytest.raises(WrongState):
            await act
    await weak_branches.dismiss(ctx, weak_id=row.id, reason="经核实不属实")
    with pytest.raises(WrongState):
        await weak_branches.confirm(ctx, weak_id=row.id, reason="x")


async def test_a_branch_sees_its_case_once_people_have_decided(world: Assessed) -> None:
    row = await taken_up(world)
    secretary = world.at(world.town.worker)
    with pytest.raises(NotFound):
        await weak_branches.get(secretary, weak_id=row.id)
    await weak_branches.confirm(world.ctx, weak_id=row.id, reason="会商认定")
    assert (await weak_branches.get(secretary, weak_id=row.id)).row.reason == "会商认定"
    for other in (world.town.other_worker, world.town.far_officer, world.town.member):
        with pytest.raises(NotFound):
            await weak_branches.get(world.at(other), weak_id=row.id)
        assert (await weak_branches.list_weak(world.at(other))).items == []
    with pytest.raises(NotBound):
        await weak_branches.list_weak(world.at(None))  # type: ignore[arg-type]


async def test_a_proof_is_looked_at_before_somebody_judges_by_it(world: Assessed) -> None:
    row = await rectifying(world)
    secretary = world.at(world.town.worker)
    await weak_branches.prove(secretary, weak_id=row.id, evidence=BAD)
    assert (await weak_branches.get(world.ctx, weak_id=row.id)).row.evidence == screenings.STAND_IN
    assert (await weak_branches.get(secretary, weak_id=row.id)).row.evidence == BAD
    with pytest.raises(BadInput, match="还在审核"):
        await weak_branches.accept(world.ctx, weak_id=row.id, note="x")
    (text,) = await screenings.queue(world.ctx)
    await screenings.release(world.ctx, text_id=text.id)
    await weak_branches.accept(world.ctx, weak_id=row.id, note="x")


async def test_the_sheet_shows_officers_what_is_below_them(world: Assessed) -> None:
    await rectifying(world)
    with pytest.raises(NotAllowed):
        await weak_branch_sheet.export(world.at(world.town.worker))
    book = load_workbook(BytesIO(await weak_branch_sheet.export(world.at(world.town.town_officer))))
    said = "\n".join(str(cell.value) for line in book.active.iter_rows() for cell in line if cell.value)
    for word in ("整顿中", "部务会会商认定", "书记不适宜任职", "调整班子"):
        assert word in said
    empty = load_workbook(BytesIO(await weak_branch_sheet.export(world.at(world.town.far_officer))))
    assert "整顿中" not in str([cell.value for line in empty.active.iter_rows() for cell in line])


async def raw(**changes: Any) -> None:
    """A change past every use-case."""
    await WeakBranch.all().update(**changes)


async def test_the_database_itself_refuses_a_list_without_reasons_and_an_own_acceptance(
    world: Assessed,
) -> None:
    row, now = await rectifying(world), world.ctx.now()
    one, two, three = world.town.town_officer.id, world.town.worker.id, world.town.district_officer.id
    proved = {"evidence": "x", "evidence_by_id": two, "evidence_at": now}
    off = {"status": "off", "live_key": None, **proved, "accepted_by_id": three, "accepted_at": now}
    for bad in (
        {**off, "accepted_by_id": one}, {**off, "accepted_by_id": two}, {**off, "accepted_by_id": None},
        {**off, "evidence": " "}, {**off, "accepted_at": now - timedelta(minutes=1)},
        {**off, "live_key": row.branch_id}, {**off, "reason": ""}, {**off, "led_by_id": None},
        {"status": "to_accept"}, {"status": "rectifying", "scheme": ""}, {"live_key": None},
    ):  # fmt: skip
        with pytest.raises((IntegrityError, OperationalError)):
            await raw(**bad)
    assert (await WeakBranch.get(id=row.id)).status is WeakStatus.RECTIFYING
    await raw(**off)


async def test_without_the_use_cases_own_check_the_database_still_refuses(
    world: Assessed, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await rectifying(world, led_by=world.town.district_officer)
    await weak_branches.prove(world.at(world.town.worker), weak_id=row.id, evidence="x")

    class Anybody(tuple[Any, ...]):
        def __contains__(self, _: object) -> bool:
            return False

    monkeypatch.setattr(weak_branches, "own_hands", lambda row: Anybody())
    with pytest.raises(OwnRectification):
        await weak_branches.accept(world.ctx, weak_id=row.id, note="x")
    assert (await WeakBranch.get(id=row.id)).status is WeakStatus.TO_ACCEPT
