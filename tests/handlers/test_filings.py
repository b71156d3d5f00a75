"""Filings: before it happens, step by step, in effect on their day; and what the roster does without one."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from handlers import filings, lesson_plan, placements, roster, transitions, worker_leads, workers
from handlers.context import Context
from handlers.errors import (
    AlreadyFullTime,
    BadInput,
    FilingOpen,
    NotAllowed,
    NotFound,
    OwnFiling,
    WrongState,
)
from handlers.filings import CommitteeWord, PostWish
from handlers.workers import WorkerFacts
from models import (
    Account,
    App,
    AuditEntry,
    Filing,
    FilingKind,
    FilingStatus,
    Measure,
    MeasureIssue,
    MeasureStatus,
    Person,
    Placement,
    Role,
    Worker,
    WorkerField,
)
from tests.fakes import Clock
from tests.handlers.test_registers import counts, take
from tests.handlers.town import Town, build, person

POST = PostWish(WorkerField.TOWN, "组织干事", True, "事业", duties=("党员教育",))
MET = CommitteeWord(date(2026, 11, 18), "般党发〔2026〕1 号")


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns, and a second officer of the district."""
    made = await build(ctx)
    made.second = await person(made.district, Role.DISTRICT_OFFICER)  # type: ignore[attr-defined]
    return made


async def file(world: Town, who: Person, **more: Any) -> Filing:
    """The town files an appointment that its committee has decided on."""
    wish: dict[str, Any] = {
        "kind": FilingKind.APPOINT, "person_id": who.id, "unit_id": world.town.id,
        "effective_on": world.ctx.now().date(), "post": POST, "committee": MET,
    }  # fmt: skip
    return await filings.submit(world.at(world.town_officer), **(wish | more))


async def approve(world: Town, filing: Filing) -> Filing:
    """The district reviews and approves, by two people."""
    await filings.advance(world.at(world.district_officer), filing_id=filing.id)
    return await filings.advance(world.at(world.second), filing_id=filing.id)  # type: ignore[attr-defined]


async def on_post(world: Town, who: Person, **more: Any) -> Placement:
    """Somebody whose appointment was filed and approved."""
    await approve(world, await file(world, who, **more))
    return await Placement.get(worker__person_id=who.id, ended_on__isnull=True)


async def test_one_click_brings_a_decided_filing_to_the_district_and_two_more_approve_it(world: Town) -> None:
    filing = await file(world, world.member)
    assert filing.status is FilingStatus.REPORTED
    done = await approve(world, filing)
    assert done.status is FilingStatus.DONE
    moves = await transitions.of("filing", filing.id)
    assert [(move.was, move.became) for move in moves] == [
        ("", "unit"), ("unit", "committee"), ("committee", "reported"), ("reported", "section"),
        ("section", "approved"), ("approved", "done"),
    ]  # fmt: skip
    assert moves[2].note == "2026-11-18 研究，般党发〔2026〕1 号"
    second = world.second  # type: ignore[attr-defined]
    assert [move.person_id for move in moves[3:5]] == [world.district_officer.id, second.id]
    worker = await Worker.get(person_id=world.member.id)
    assert worker.filing_no == "BA2026-0001"
    placement = await Placement.get(worker=worker)
    assert (placement.unit_id, placement.full_time_key) == (world.town.id, worker.id)
    actions = await AuditEntry.filter(subject=f"filing:{filing.id}").values_list("action", flat=True)
    assert {"filing.submitted", "filing.approved", "filing.done"} <= set(actions)


async def test_without_the_committees_word_the_unit_goes_step_by_step(world: Town) -> None:
    filing = await file(world, world.member, committee=None)
    assert filing.status is FilingStatus.UNIT
    filing = await filings.advance(world.at(world.town_officer), filing_id=filing.id)
    assert filing.status is FilingStatus.COMMITTEE
    with pytest.raises(BadInput):
        await filings.advance(world.at(world.town_officer), filing_id=filing.id)
    filing = await filings.advance(world.at(world.town_officer), filing_id=filing.id, committee=MET)
    assert filing.status is FilingStatus.REPORTED
    with pytest.raises(NotAllowed):
        await filings.advance(world.at(world.town_officer), filing_id=filing.id)


async def test_who_reviewed_a_filing_does_not_approve_it(world: Town) -> None:
    filing = await file(world, world.member)
    await filings.advance(world.at(world.district_officer), filing_id=filing.id)
    with pytest.raises(OwnFiling):
        await filings.advance(world.at(world.district_officer), filing_id=filing.id)
    assert not await Placement.exists()


async def test_nobody_files_for_another_town_or_sees_its_filings(world: Town) -> None:
    filing = await file(world, world.member)
    for act in (filings.get_filing, filings.advance, filings.withdraw):
        with pytest.raises(NotFound):
            await act(world.at(world.far_officer), filing_id=filing.id)
    with pytest.raises(NotFound):
        await filings.submit(
            world.at(world.far_officer), kind=FilingKind.APPOINT, person_id=world.member.id,
            unit_id=world.town.id, effective_on=world.ctx.now().date(), post=POST,
        )  # fmt: skip
    for nobody in (world.worker, world.member, world.keeper):
        with pytest.raises(NotAllowed):
            await filings.list_filings(world.at(nobody))
    assert (await filings.list_filings(world.at(world.far_officer))).items == []


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("effective_on", {"effective_on": date(2026, 11, 19)}),
        ("post", {"post": None}),
        ("post", {"post": PostWish(WorkerField.TOWN, "皇帝", True, "事业")}),
        ("staffing", {"post": PostWish(WorkerField.TOWN, "组织员", True, "编外")}),
        ("materials", {"materials": ["照片"]}),
        ("met_on", {"committee": CommitteeWord(date(2026, 11, 21))}),
        ("id_no", {"facts": WorkerFacts(id_no="999999199001010011")}),
        ("full_on", {"facts": WorkerFacts(joined_on=date(2020, 1, 1), full_on=date(2019, 1, 1))}),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_left(
    world: Town, field: str, more: dict[str, Any]
) -> None:
    with pytest.raises(BadInput) as wrong:
        await file(world, world.member, **more)
    assert field in wrong.value.fields
    assert not await Filing.exists()
    assert not await Worker.exists()
    assert not await AuditEntry.filter(action__startswith="filing.").exists()


async def test_a_linked_branch_is_one_of_the_units_own(world: Town) -> None:
    own = PostWish(WorkerField.TOWN, "组织员", True, "行政", branch_ids=(world.branch.id,))
    assert (await file(world, world.member, post=own)).proposal["branch_ids"] == [world.branch.id]
    far = PostWish(WorkerField.TOWN, "组织员", True, "行政", branch_ids=(world.far_branch.id,))
    with pytest.raises(BadInput):
        await file(world, world.worker, post=far)


async def test_one_thing_is_filed_for_a_person_at_a_time(world: Town) -> None:
    first = await file(world, world.member)
    with pytest.raises(FilingOpen):
        await file(world, world.member)
    await filings.withdraw(world.at(world.town_officer), filing_id=first.id)
    assert (await file(world, world.member)).status is FilingStatus.REPORTED


async def test_a_returned_filing_comes_back_put_right_and_a_refused_one_says_why(world: Town) -> None:
    filing = await file(world, world.member)
    with pytest.raises(BadInput):
        await filings.send_back(world.at(world.district_officer), filing_id=filing.id, reason=" ")
    await filings.send_back(world.at(world.district_officer), filing_id=filing.id, reason="缺任职文件")
    again = await filings.correct(
        world.at(world.town_officer), filing_id=filing.id, effective_on=date(2026, 12, 1), post=POST,
        materials=["任职文件"], committee=MET,
    )  # fmt: skip
    assert (again.status, again.materials) == (FilingStatus.REPORTED, ["任职文件"])
    await filings.refuse(world.at(world.district_officer), filing_id=filing.id, reason="不符合办法")
    with pytest.raises(WrongState):
        await filings.advance(world.at(world.district_officer), filing_id=filing.id)
    moves = await transitions.of("filing", filing.id)
    assert [move.note for move in moves if move.note] == [
        "2026-11-18 研究，般党发〔2026〕1 号", "缺任职文件",
        "2026-11-18 研究，般党发〔2026〕1 号", "不符合办法",
    ]  # fmt: skip


async def test_an_approved_filing_waits_for_its_day(world: Town, clock: Clock) -> None:
    filing = await approve(world, await file(world, world.member, effective_on=date(2026, 12, 1)))
    assert filing.status is FilingStatus.APPROVED
    assert await filings.apply_due(world.ctx) == 0
    assert not await Placement.exists()
    clock.now += timedelta(days=11)
    assert await filings.apply_due(world.ctx) == 1
    assert await filings.apply_due(world.ctx) == 0
    assert (await Placement.get()).starts_on == date(2026, 12, 1)
    assert (await Filing.get()).status is FilingStatus.DONE


async def test_nothing_is_agreed_to_for_days_that_are_over(world: Town, clock: Clock) -> None:
    filing = await file(world, world.member)
    clock.now += timedelta(days=9)
    assert (await approve(world, filing)).effective_on == date(2026, 11, 29)
    assert (await Placement.get()).starts_on == date(2026, 11, 29)


async def test_nobody_is_full_time_in_two_units(world: Town) -> None:
    placement = await on_post(world, world.member)
    worker = await Worker.get(id=placement.worker_id)
    with pytest.raises(AlreadyFullTime):
        await placements.put(
            world.ctx, worker, unit_id=world.other_town.id,
            wish={"field": "town", "post": "组织员", "full_time": True, "staffing": "行政",
                  "starts_on": date(2026, 12, 1)},
        )  # fmt: skip
    assert await Placement.all().count() == 1
    part_time = {"field": "town", "post": "组织员", "full_time": False, "staffing": "行政",
                 "starts_on": date(2026, 12, 1)}  # fmt: skip
    await placements.put(world.ctx, worker, unit_id=world.other_town.id, wish=part_time)
    assert await Placement.all().count() == 2


async def test_without_the_unique_key_somebody_would_be_full_time_twice(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    placement = await on_post(world, world.member)
    worker = await Worker.get(id=placement.worker_id)
    honest = Placement.save

    async def keyless(self: Placement, **more: Any) -> None:
        self.full_time_key = None
        await honest(self, **more)

    monkeypatch.setattr(Placement, "save", keyless)
    wish = {"field": "town", "post": "组织员", "full_time": True, "staffing": "行政",
            "starts_on": date(2026, 12, 1)}  # fmt: skip
    await placements.put(world.ctx, worker, unit_id=world.other_town.id, wish=wish)
    assert await Placement.filter(full_time=True, ended_on__isnull=True).count() == 2


async def test_a_transfer_moves_the_post_and_leaving_ends_it(world: Town) -> None:
    await on_post(world, world.member)
    moved = await file(
        world,
        world.member,
        kind=FilingKind.TRANSFER,
        post=None,
        to_unit_id=world.other_town.id,
        reason="工作需要",
    )
    await approve(world, moved)
    placement = await Placement.get(ended_on__isnull=True)
    assert (placement.unit_id, placement.post) == (world.other_town.id, "组织干事")
    leaving = await filings.submit(
        world.at(world.far_officer), kind=FilingKind.RETIRE, person_id=world.member.id,
        unit_id=world.other_town.id, effective_on=world.ctx.now().date(), reason="到龄", committee=MET,
    )  # fmt: skip
    await approve(world, leaving)
    assert not await Placement.filter(ended_on__isnull=True).exists()
    assert (await Placement.filter(unit_id=world.other_town.id).get()).end_kind == "retire"


# One source of truth: the roster's mark, and the Friday lesson's audience


async def follows(who: Person) -> None:
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}", person=who, follows=True)


async def audience(world: Town) -> set[int | None]:
    rows = await lesson_plan.audience(world.ctx, date(2026, 11, 27))
    return {row.person_id for row in rows}


async def test_the_friday_lesson_goes_to_whom_the_registry_has_on_post(world: Town) -> None:
    await Person.filter(id=world.member.id).update(birth_month=date(1999, 1, 1))
    await follows(world.member)
    assert await audience(world) == set()
    await on_post(world, world.member)
    assert await audience(world) == {world.member.id}
    leaving = await file(world, world.member, kind=FilingKind.LEAVE, post=None, reason="另有任用")
    await approve(world, leaving)
    assert await audience(world) == set()


def sheet(path: Path, world: Town, *, worker: str, code: str = "ZC0101", left: str = "") -> Path:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["人员编号", "姓名", "所在党组织编码", "专职党务工作者", "离开日期"])
    page.append(["M1", "演示", code, worker, left])
    book.save(path)
    return path


async def test_the_roster_does_not_overrule_the_registry_and_a_lead_says_so(
    world: Town, tmp_path: Path
) -> None:
    await Person.filter(id=world.member.id).update(member_no="M1")
    await on_post(world, world.member)
    file_ = sheet(tmp_path / "a.xlsx", world, worker="否")
    for _ in range(2):
        report = await roster.import_file(world.ctx, file=file_)
        assert "以台账为准" in "".join(report.report_lines())
        assert (await Person.get(id=world.member.id)).is_worker
    lead = await Measure.get()
    assert (lead.status, lead.issue, lead.unit_id, lead.by_system) == (
        MeasureStatus.LEAD, MeasureIssue.UNFILED_CHANGE, world.town.id, True,
    )  # fmt: skip


async def test_leaving_or_moving_without_a_filing_is_a_lead_in_the_same_transaction(
    world: Town, tmp_path: Path
) -> None:
    await Person.filter(id=world.member.id).update(member_no="M1")
    await on_post(world, world.member)
    dry = await roster.import_file(
        world.ctx, file=sheet(tmp_path / "a.xlsx", world, worker="", code="ZC1301"), dry_run=True
    )
    assert dry.moved == 1
    assert not await Measure.exists()
    await roster.import_file(world.ctx, file=sheet(tmp_path / "a.xlsx", world, worker="", code="ZC1301"))
    assert "组织关系已不在本单位" in (await Measure.get()).facts
    await roster.import_file(world.ctx, file=sheet(tmp_path / "b.xlsx", world, worker="", left="2026-11-01"))
    assert await Measure.all().count() == 2


async def test_with_an_agreed_filing_the_same_change_is_no_lead(world: Town, tmp_path: Path) -> None:
    await Person.filter(id=world.member.id).update(member_no="M1")
    await on_post(world, world.member)
    leaving = await file(
        world,
        world.member,
        kind=FilingKind.LEAVE,
        post=None,
        reason="另有任用",
        effective_on=date(2026, 12, 1),
    )
    await approve(world, leaving)
    await roster.import_file(world.ctx, file=sheet(tmp_path / "a.xlsx", world, worker="", left="2026-11-20"))
    assert await worker_leads.look(world.ctx) == 0
    assert not await Measure.exists()


async def test_after_a_transfer_the_roster_may_lag_behind_for_a_while(world: Town, clock: Clock) -> None:
    await on_post(world, world.member)
    await approve(
        world,
        await file(
            world,
            world.member,
            kind=FilingKind.TRANSFER,
            post=None,
            to_unit_id=world.other_town.id,
            reason="需要",
        ),
    )
    assert await worker_leads.look(world.ctx) == 0
    clock.now += timedelta(days=61)
    assert await worker_leads.look(world.ctx) == 1
    assert await worker_leads.look(world.ctx) == 0


# The registry


async def test_the_id_number_is_sealed_shown_masked_and_nobodys_twice(world: Town) -> None:
    number = "999999199001010016"
    await file(world, world.member, facts=WorkerFacts(sex="男", education="本科", id_no=number))
    worker = await Worker.get()
    assert number not in (worker.id_sealed or "")
    shown = await workers.get_worker(world.at(world.town_officer), worker_id=worker.id)
    assert shown.id_no == "999999********0016"
    with pytest.raises(BadInput):
        await file(world, world.worker, facts=WorkerFacts(id_no=number))
    assert await Worker.all().count() == 1


async def test_a_worker_sees_their_own_row_and_asks_for_a_correction(world: Town) -> None:
    await on_post(world, world.member)
    own = await workers.mine(world.at(world.member))
    assert own.whole is not None
    assert own.whole.history[0].post == "组织干事"
    await workers.ask_correction(world.at(world.member), text="学历应为本科")
    (waiting,) = await workers.corrections(world.at(world.town_officer))
    assert await workers.corrections(world.at(world.far_officer)) == []
    with pytest.raises(NotFound):
        await workers.answer_correction(world.at(world.far_officer), correction_id=waiting.id, answer="好")
    await workers.answer_correction(world.at(world.town_officer), correction_id=waiting.id, answer="已改")
    assert [one.answer for one in (await workers.mine(world.at(world.member))).corrections] == ["已改"]
    assert await workers.corrections(world.at(world.town_officer)) == []


ROW = {
    "单位编码": "ZC01", "人员编号": "M1", "姓名": "演示甲", "事项": "任职", "生效日期": "2026-12-01",
    "领域": "镇街", "岗位": "组织干事", "专兼职": "专职", "编制性质": "事业",
}  # fmt: skip


async def test_a_file_files_as_the_page_does_and_takes_no_step_of_the_district(
    world: Town, tmp_path: Path
) -> None:
    await Person.filter(id=world.member.id).update(name="演示甲", member_no="M1")
    town = world.at(world.town_officer)
    wrong: list[dict[str, Any]] = [
        {"状态": "已备案"}, {"生效日期": "2026-11-01"}, {"专兼职": ""}, {"单位编码": "ZC13"},
        {"人员编号": "M9"}, {"材料": "身份证复印件"}, {"联系支部编码": "ZC1301"}, {"事项": "调整岗位"},
        {"编号": 7}, {"党委研究日期": "2026-12-30"},
    ]  # fmt: skip
    report = await take(town, tmp_path, "filings", [ROW | one for one in wrong])
    assert counts(report) == (0, 0, 0, len(wrong))
    assert [one.row for one in report.issues] == list(range(3, 3 + len(wrong)))
    assert not await Filing.exists()
    trial = await take(town, tmp_path, "filings", [ROW], dry_run=True)
    assert (counts(trial), await Filing.exists()) == ((1, 0, 0, 0), False)
    assert counts(await take(town, tmp_path, "filings", [ROW, ROW])) == (1, 0, 1, 0)
    filing = await Filing.get()
    assert filing.status is FilingStatus.UNIT
    # The same file again, whatever became of it meanwhile.
    await filings.withdraw(town, filing_id=filing.id)
    assert counts(await take(town, tmp_path, "filings", [ROW])) == (0, 0, 1, 0)
    other = await take(town, tmp_path, "filings", [ROW | {"岗位": "组织员"}])
    assert "在页面上补正" in str(other.issues[0])
    assert await Filing.all().count() == 1
    assert not await Placement.exists()


async def test_only_officers_file_by_a_file_and_only_for_their_units(world: Town, tmp_path: Path) -> None:
    await Person.filter(id=world.member.id).update(name="演示甲", member_no="M1")
    for nobody in (world.worker, world.member, None):
        with pytest.raises(NotAllowed):
            await take(world.at(nobody), tmp_path, "filings", [ROW])
    assert counts(await take(world.at(world.far_officer), tmp_path, "filings", [ROW])) == (0, 0, 0, 1)
    with_day = ROW | {"党委研究日期": "2026-11-18", "文号": "演示〔2026〕1号"}
    assert counts(await take(world.at(world.town_officer), tmp_path, "filings", [with_day])) == (1, 0, 0, 0)
    assert (await Filing.get()).status is FilingStatus.REPORTED
