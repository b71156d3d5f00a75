"""软弱涣散: the data propose, people decide with a reason, and nobody takes off the list what they led."""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from tortoise.exceptions import IntegrityError, OperationalError

from handlers import (
    assessment_years,
    findings,
    registers,
    screenings,
    todos,
    transitions,
    weak_branches,
    worker_reminders,
)
from handlers.context import SYSTEM, Context
from handlers.errors import BadInput, NotAllowed, NotBound, NotFound, OwnRectification, WrongState
from models import (
    Account,
    App,
    AuditEntry,
    Finding,
    Notice,
    Person,
    Role,
    WeakBranch,
    WeakFinding,
    WeakStatus,
)
from tests.fakes import SHANGHAI, Clock
from tests.handlers import assessed, town
from tests.handlers.assessed import Assessed
from tests.handlers.test_registers import counts, take

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


async def sheet(world: Assessed, who: Person) -> bytes:
    return await registers.export(world.at(who), name=weak_branches.REGISTER)


async def test_the_sheet_shows_officers_what_is_below_them(world: Assessed) -> None:
    await rectifying(world)
    with pytest.raises(NotAllowed):
        await sheet(world, world.town.worker)
    book = load_workbook(BytesIO(await sheet(world, world.town.town_officer)))
    said = "\n".join(str(cell.value) for line in book.active.iter_rows() for cell in line if cell.value)
    for word in ("整顿中", "部务会会商认定", "书记不适宜任职", "调整班子"):
        assert word in said
    empty = load_workbook(BytesIO(await sheet(world, world.town.far_officer)))
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


STUDIED = {"党支部编码": "ZC0101", "年度": 2026, "状态": "研判", "研判时写明的情况": "书记不适宜任职"}
CONFIRMED = STUDIED | {"状态": "认定", "认定或不认定的理由": "部务会会商认定"}
PLANNED = CONFIRMED | {
    "状态": "整顿中", "整顿方案": "调整班子", "牵头人编号": "M9", "期满": "2027-06-30",
}  # fmt: skip
WEAK = weak_branches.REGISTER


@pytest.fixture
async def district(world: Assessed) -> Context:
    """An officer of the district, in a town whose officer <M9> may lead the work."""
    await Person.filter(id=world.town.town_officer.id).update(member_no="M9")
    return world.at(world.town.district_officer)


async def test_a_file_brings_a_case_as_far_as_it_says_and_twice_is_once(
    world: Assessed, district: Context, tmp_path: Path
) -> None:
    trial = await take(district, tmp_path, WEAK, [PLANNED], dry_run=True)
    assert (counts(trial), await WeakBranch.all().count()) == ((1, 0, 0, 0), 0)
    for row, outcome in (
        (STUDIED, (1, 0, 0, 0)), (CONFIRMED, (0, 1, 0, 0)), (PLANNED, (0, 1, 0, 0)), (PLANNED, (0, 0, 1, 0)),
        (STUDIED, (0, 0, 1, 0)),
    ):  # fmt: skip
        assert counts(await take(district, tmp_path, WEAK, [row])) == outcome, row["状态"]
    row = await WeakBranch.get()
    assert (row.status, row.until, row.led_by_id, row.confirmed_by_id) == (
        WeakStatus.RECTIFYING, UNTIL, world.town.town_officer.id, world.town.district_officer.id,
    )  # fmt: skip
    assert [one.became for one in await transitions.of("weak", row.id)] == [
        "studied", "confirmed", "rectifying",
    ]  # fmt: skip


async def test_what_goes_out_comes_in_again_and_changes_nothing_wherever_a_case_stands(
    world: Assessed, district: Context, tmp_path: Path
) -> None:
    await take(district, tmp_path, WEAK, [PLANNED])
    row, file = await WeakBranch.get(), tmp_path / "out.xlsx"
    acts = (
        weak_branches.prove(world.at(world.town.worker), weak_id=row.id, evidence="换届材料"),
        weak_branches.accept(district, weak_id=row.id, note="看过"),
        weak_branches.keep_up(district, weak_id=row.id, note="每月到场"),
    )
    for act in acts:
        await act
        file.write_bytes(await registers.export(district, name=WEAK))
        report = await registers.import_file(district, name=WEAK, file=file, say=str)
        assert counts(report) == (0, 0, 1, 0), [str(one) for one in report.issues]
    assert counts(await take(district, tmp_path, WEAK, [PLANNED])) == (0, 0, 1, 0), (
        "an old file opens nothing"
    )
    assert await WeakBranch.all().count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"党支部编码": "ZC99"}, "没有编码"), ({"党支部编码": "ZC01"}, "列的是党支部"),
        ({"状态": "某某"}, "请填"), ({"状态": "销号"}, "请在页面上办理"), ({"研判时写明的情况": None}, ""),
        ({"认定或不认定的理由": None}, ""), ({"整顿方案": None}, ""), ({"牵头人编号": None}, "牵头人"),
        ({"期满": None}, "期满"), ({"期满": "2020-01-01"}, "晚于今天"), ({"期满": "某天"}, ""),
        ({"编号": 77}, "不填编号"),
    ],
)  # fmt: skip
async def test_a_row_that_cannot_be_taken_leaves_nothing_and_says_what_to_do(
    district: Context, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    report = await take(district, tmp_path, WEAK, [PLANNED | changes])
    assert (counts(report), await WeakBranch.all().count()) == ((0, 0, 0, 1), 0)
    assert said in str(report.issues[0])
    assert re.search("[\u4e00-\u9fff]", str(report.issues[0]))


async def test_a_file_never_overwrites_what_was_decided(district: Context, tmp_path: Path) -> None:
    await take(district, tmp_path, WEAK, [PLANNED])
    for changes in (
        {"认定或不认定的理由": "别的"},
        {"整顿方案": "别的"},
        {"期满": "2028-01-01"},
        {"状态": "不认定"},
    ):
        report = await take(district, tmp_path, WEAK, [PLANNED | changes])
        assert counts(report) == (0, 0, 0, 1), changes
    row = await WeakBranch.get()
    assert (row.status, row.reason, row.scheme, row.until) == (
        WeakStatus.RECTIFYING, "部务会会商认定", "调整班子", UNTIL,
    )  # fmt: skip


async def test_a_decision_bears_the_name_of_an_officer_of_the_district(
    world: Assessed, district: Context, tmp_path: Path
) -> None:
    for who in (world.town.town_officer, world.town.worker, world.town.member):
        with pytest.raises(NotAllowed):
            await take(world.at(who), tmp_path, WEAK, [CONFIRMED])
    with pytest.raises(BadInput, match="登录网页"):
        await take(replace(district, caller=SYSTEM), tmp_path, WEAK, [CONFIRMED])
    assert await WeakBranch.all().count() == 0


async def reached(clock: Clock, *people: Person) -> None:
    """They follow the account and have just written."""
    for who in people:
        await Account.get_or_create({"person": who}, app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}")
    await Account.all().update(follows=True, last_contact_at=clock.now)


async def reminded(world: Assessed, clock: Clock, day: date, *people: Person) -> dict[str, str]:
    """What each of these is sent on a day, by openid."""
    clock.now = datetime.combine(day, time(10), SHANGHAI)
    await reached(clock, *people)
    await Notice.all().delete()
    await worker_reminders.remind(world.ctx)
    return {one.openid: one.content for one in await Notice.all() if "整顿" in one.content}


async def test_who_leads_and_the_branch_are_reminded_before_on_and_after_the_last_day(
    world: Assessed, clock: Clock
) -> None:
    leader, worker, officer = world.town.town_officer, world.town.worker, world.town.district_officer
    await rectifying(world)
    everybody, theirs = (leader, worker, officer, world.town.far_officer), {f"o{leader.id}", f"o{worker.id}"}
    assert await reminded(world, clock, UNTIL - timedelta(days=16), *everybody) == {}
    soon = await reminded(world, clock, UNTIL - timedelta(days=15), *everybody)
    assert (set(soon), "将在6月30日期满" in soon[f"o{worker.id}"]) == (theirs, True)
    assert await reminded(world, clock, UNTIL - timedelta(days=14), *everybody) == {}, "once, not daily"
    today = await reminded(world, clock, UNTIL, *everybody)
    assert (set(today), "今天期满" in today[f"o{worker.id}"]) == (theirs, True)
    over = await reminded(world, clock, UNTIL + timedelta(days=1), *everybody)
    assert (set(over), "已在6月30日期满" in over[f"o{officer.id}"]) == (theirs | {f"o{officer.id}"}, True)
    assert await reminded(world, clock, UNTIL + timedelta(days=2), *everybody) == {}


async def test_nobody_is_reminded_at_night_or_of_what_waits_for_acceptance(
    world: Assessed, clock: Clock
) -> None:
    row = await rectifying(world)
    clock.now = datetime.combine(UNTIL - timedelta(days=3), time(22), SHANGHAI)
    await reached(clock, world.town.worker)
    assert await worker_reminders.remind(world.ctx) == 0
    assert (await todos.mine(world.at(world.town.worker))).weak_branches_due == 1
    await weak_branches.prove(world.at(world.town.worker), weak_id=row.id, evidence="换届材料")
    assert await reminded(world, clock, UNTIL, world.town.worker) == {}
    assert (await todos.mine(world.at(world.town.worker))).weak_branches_due == 0
