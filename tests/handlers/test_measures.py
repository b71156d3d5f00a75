"""Measures: leads a person verifies, the unit's word, four kinds and no fifth, two people, seen by few."""

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from handlers import measures, registers, staffing, transitions, worker_leads, worker_terms
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, OwnFiling, WrongState
from models import Measure, MeasureIssue, MeasureKind, MeasureStatus, Notice, Role, Transition
from tests.fakes import Clock
from tests.handlers.test_registers import counts, take
from tests.handlers.town import Town, build, person


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns, and a second officer of the district."""
    made = await build(ctx)
    made.second = await person(made.district, Role.DISTRICT_OFFICER)  # type: ignore[attr-defined]
    return made


async def lead(world: Town) -> Measure:
    return await measures.report(
        world.at(world.district_officer), unit_id=world.town.id, issue=MeasureIssue.LAX_SUPERVISION,
        facts="台账长期没有更新",
    )  # fmt: skip


async def verified(world: Town) -> Measure:
    row = await lead(world)
    return await measures.verify(
        world.at(world.district_officer), measure_id=row.id, holds=True, note="查阅了台账"
    )


async def test_the_whole_way_from_a_lead_to_its_end(world: Town) -> None:
    section, second = world.at(world.district_officer), world.at(world.second)  # type: ignore[attr-defined]
    town = world.at(world.town_officer)
    row = await verified(world)
    await measures.explain(town, measure_id=row.id, text="人员调整期间没有及时更新")
    await measures.propose(
        section, measure_id=row.id, kinds=[MeasureKind.TALK, MeasureKind.DISQUALIFICATION], reason="情况属实",
        until=date(2027, 11, 20), scope="党建类评先评优",
    )  # fmt: skip
    with pytest.raises(OwnFiling):
        await measures.decide(section, measure_id=row.id, agrees=True)
    await measures.decide(second, measure_id=row.id, agrees=True)
    assert await measures.in_force(world.ctx, unit_id=world.town.id) == []
    await measures.deliver(section, measure_id=row.id)
    (standing,) = await measures.in_force(world.ctx, unit_id=world.town.id)
    assert (standing.kinds, standing.until) == (["talk", "disqualification"], date(2027, 11, 20))
    await measures.rectify(town, measure_id=row.id, text="台账已补齐")
    done = await measures.lift(section, measure_id=row.id)
    assert done.status is MeasureStatus.LIFTED
    assert await measures.in_force(world.ctx, unit_id=world.town.id) == []
    moves = await transitions.of("measure", row.id)
    assert [move.became for move in moves] == [
        "lead", "verified", "explained", "proposed", "decided", "delivered", "rectified", "lifted",
    ]  # fmt: skip
    assert all(move.person_id for move in moves)


async def test_there_are_four_kinds_by_name_and_no_fifth() -> None:
    assert set(worker_terms.terms()["measures"]) == {str(kind) for kind in MeasureKind}
    assert len(MeasureKind) == 4
    assert set(worker_terms.terms()["issues"]) == {str(issue) for issue in MeasureIssue}


async def test_nothing_is_proposed_before_the_unit_had_its_say(world: Town, clock: Clock) -> None:
    row = await verified(world)
    section = world.at(world.district_officer)
    with pytest.raises(WrongState):
        await measures.propose(section, measure_id=row.id, kinds=[MeasureKind.CIRCULAR], reason="x")
    clock.now += timedelta(days=11)
    proposed = await measures.propose(section, measure_id=row.id, kinds=[MeasureKind.CIRCULAR], reason="x")
    assert proposed.status is MeasureStatus.PROPOSED
    with pytest.raises(WrongState):
        await measures.explain(world.at(world.town_officer), measure_id=row.id, text="迟到的说明")


@pytest.mark.parametrize(
    "more", [{}, {"until": date(2027, 1, 1)}, {"scope": "评优"}, {"until": date(2026, 1, 1), "scope": "评优"}]
)
async def test_a_disqualification_has_an_end_and_a_scope(world: Town, more: dict[str, object]) -> None:
    row = await verified(world)
    await measures.explain(world.at(world.town_officer), measure_id=row.id, text="说明")
    with pytest.raises(BadInput):
        await measures.propose(
            world.at(world.district_officer), measure_id=row.id, kinds=[MeasureKind.DISQUALIFICATION],
            reason="x", **more,  # type: ignore[arg-type]
        )  # fmt: skip
    assert (await Measure.get(id=row.id)).status is MeasureStatus.EXPLAINED


async def test_only_the_district_and_the_unit_see_it_and_the_unit_only_once_it_is_verified(
    world: Town,
) -> None:
    row = await lead(world)
    with pytest.raises(NotFound):
        await measures.get_measure(world.at(world.town_officer), measure_id=row.id)
    assert (await measures.list_measures(world.at(world.town_officer))).items == []
    await measures.verify(world.at(world.district_officer), measure_id=row.id, holds=True, note="属实")
    assert len((await measures.list_measures(world.at(world.town_officer))).items) == 1
    assert (await measures.list_measures(world.at(world.far_officer))).items == []
    with pytest.raises(NotFound):
        await measures.explain(world.at(world.far_officer), measure_id=row.id, text="x")
    with pytest.raises(NotAllowed):
        await measures.explain(world.at(world.district_officer), measure_id=row.id, text="x")
    for nobody in (world.worker, world.member, world.keeper):
        with pytest.raises(NotAllowed):
            await measures.list_measures(world.at(nobody))
    for step in (measures.deliver, measures.lift):
        with pytest.raises(NotAllowed):
            await step(world.at(world.town_officer), measure_id=row.id)


def lines(content: bytes) -> list[tuple[Any, ...]]:
    """The rows of a sheet below its headings."""
    page = load_workbook(BytesIO(content)).active
    assert page is not None
    return list(page.iter_rows(min_row=2, values_only=True))


async def test_the_sheet_shows_to_each_what_the_list_shows_to_them(world: Town) -> None:
    row = await lead(world)
    officers = (world.district_officer, world.town_officer, world.far_officer)

    async def seen() -> list[int]:
        return [len(lines(await registers.export(world.at(who), name="measures"))) for who in officers]

    assert await seen() == [1, 0, 0]
    await measures.verify(world.at(world.district_officer), measure_id=row.id, holds=True, note="查阅了台账")
    assert await seen() == [1, 1, 0]
    for nobody in (world.worker, world.member, world.keeper, None):
        with pytest.raises(NotAllowed):
            await registers.export(world.at(nobody), name="measures")
    (line,) = lines(await registers.export(world.at(world.town_officer), name="measures"))
    assert line[:5] == (row.id, "ZC01", "日常监管不到位", "台账长期没有更新", "已核实，待单位说明")
    assert "查阅了台账" in line[-1]


async def test_a_file_brings_leads_and_takes_no_step(world: Town, tmp_path: Path) -> None:
    section = world.at(world.district_officer)
    given = {"单位编码": "ZC01", "情形": "工作不力", "事实": "半年没有开展业务培训"}
    first = await take(section, tmp_path, "measures", [given, given | {"状态": "已审定，待送达"}])
    assert (counts(first), [one.row for one in first.issues]) == ((1, 0, 0, 1), [4])
    row = await Measure.get()
    assert (row.status, row.by_system) == (MeasureStatus.LEAD, False)
    wrong = [
        {"状态": "已解除", "事实": "另一件"}, {"编号": row.id, "单位编码": "ZC13"},
        {"编号": row.id, "事实": "改写过的"}, {"情形": "个人违纪"}, {"单位编码": "ZC99"}, {"事实": ""},
    ]  # fmt: skip
    report = await take(section, tmp_path, "measures", [given | one for one in wrong])
    assert counts(report) == (0, 0, 0, len(wrong))
    assert [one.row for one in report.issues] == [3, 4, 5, 6, 7, 8]
    assert await Measure.all().count() == 1
    assert await Transition.filter(subject__startswith="measure:").count() == 1


async def test_what_does_not_hold_ends_there_and_the_unit_never_hears_of_it(world: Town) -> None:
    row = await lead(world)
    await measures.verify(world.at(world.district_officer), measure_id=row.id, holds=False, note="台账是新的")
    assert not await Notice.exists()
    with pytest.raises(NotFound):
        await measures.get_measure(world.at(world.town_officer), measure_id=row.id)
    with pytest.raises(WrongState):
        await measures.verify(world.at(world.district_officer), measure_id=row.id, holds=True, note="x")


async def test_a_gap_that_lasts_is_listed_and_becomes_one_lead_and_nothing_more(
    world: Town, clock: Clock
) -> None:
    with pytest.raises(NotAllowed):
        await staffing.keep(world.at(world.town_officer), unit_id=world.town.id, required=3)
    kept = await staffing.keep(world.at(world.district_officer), unit_id=world.town.id, required=3)
    assert (kept.gap, kept.gap_since, kept.listed) == (3, date(2026, 11, 20), False)
    clock.now += timedelta(days=30)
    assert await worker_leads.look(world.ctx) == 0
    clock.now += timedelta(days=1)
    (unit,) = await staffing.list_units(world.at(world.town_officer))
    assert unit.listed
    assert [vacancy.due_on for vacancy in unit.vacancies] == [date(2026, 12, 20)] * 3
    assert await staffing.list_units(world.at(world.far_officer)) == []
    assert [await worker_leads.look(world.ctx) for _ in range(2)] == [1, 0]
    found = await Measure.get()
    assert (found.status, found.issue) == (MeasureStatus.LEAD, MeasureIssue.UNDERSTAFFED)
    await staffing.keep(world.at(world.district_officer), unit_id=world.town.id, required=0)
    (unit,) = await staffing.list_units(world.at(world.town_officer))
    assert (unit.gap, unit.gap_since, unit.vacancies) == (0, None, [])
