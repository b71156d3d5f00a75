"""Reports on paper: a branch's and a town's as Word and PDF, a year's, and a hundred at once."""

import re
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document

from handlers import assessment_documents, assessments, report_prints
from handlers.assessment_documents import Report, Section, Table
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from models import Assessment, Organization, OrganizationKind, PrintedReport, PrintRun, Scope
from tests.fakes import Clock
from tests.fonts import needs_font
from tests.handlers import assessed, town
from tests.handlers.assessed import EVIDENCE, FACT, RULE, Assessed


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


@pytest.fixture
async def row(world: Assessed) -> Assessment:
    (made,) = await world.begin(world.town.branch)
    await world.feed_back(made, {"A03": 20})
    return made


def words(content: bytes) -> str:
    file: Any = Document(BytesIO(content))
    cells = [cell.text for table in file.tables for line in table.rows for cell in line.cells]
    return "\n".join([*(one.text for one in file.paragraphs), *cells])


TAUGHT = ("案例：党支部委员会会议", "纪实模板：党支部党员大会记录")


async def test_a_branchs_report_says_marks_facts_rules_owner_and_term(
    world: Assessed, row: Assessment, clock: Clock
) -> None:
    report = await assessment_documents.branch_report(world.at(world.town.worker), assessment_id=row.id)
    text = words(await assessment_documents.as_docx(report, at=clock.now))
    for said in (FACT, EVIDENCE, RULE, "98", "2026-12-21前", "本区建议值", "不评个人", *TAUGHT):
        assert said in text, said
    assert "None" not in text


async def test_no_report_before_the_review_and_none_for_strangers(world: Assessed) -> None:
    (row,) = await world.begin(world.town.branch)
    for who in (world.one, world.town.worker, world.town.far_officer):
        with pytest.raises(NotFound):
            await assessment_documents.branch_report(world.at(who), assessment_id=row.id)


@needs_font
async def test_the_same_as_pdf(world: Assessed, row: Assessment) -> None:
    report = await assessment_documents.branch_report(world.ctx, assessment_id=row.id)
    content = await assessment_documents.as_pdf(report)
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 1


@needs_font
async def test_odd_words_are_printed_as_they_are_written() -> None:
    odd = '#import "x" $a$ *b* <c> @d [e] \\ " ' + "长" * 80
    report = Report(odd, odd, (Section(odd, (odd,), Table(("甲", "乙"), ((odd, "1\n2"),), (50, 50))),))
    assert (await assessment_documents.as_pdf(report)).startswith(b"%PDF")


async def test_a_towns_report_lists_branches_by_code_and_what_is_frequent(
    world: Assessed, row: Assessment, clock: Clock
) -> None:
    report = await assessment_documents.town_report(
        world.ctx, cycle_id=world.cycle.id, organization_id=world.town.town.id
    )
    text = words(await assessment_documents.as_docx(report, at=clock.now))
    assert "14 项中 14 项一致（100.0%）" in text
    assert "党员大会、支委会、党小组会" in text
    with pytest.raises(NotFound):
        await assessment_documents.town_report(
            world.at(world.town.far_officer), cycle_id=world.cycle.id, organization_id=world.town.town.id
        )


async def test_the_years_material_shows_formula_or_what_is_missing(
    world: Assessed, row: Assessment, clock: Clock
) -> None:
    report = await assessment_documents.year_report(world.ctx, year=2026)
    text = words(await assessment_documents.as_docx(report, at=clock.now))
    assert "尚缺：第二次半年评估" in text
    assert "系统只提名" in text
    assert "中央条例没有星级标准" in text


@needs_font
async def test_a_print_goes_on_after_an_interruption_and_shows_how_far_it_is(
    world: Assessed, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await world.begin(world.town.branch, world.town.other_branch, world.town.far_branch)
    for one in rows:
        await world.look_both(one, {})
        await assessments.review(world.at(world.leader), assessment_id=one.id, decided={})
    monkeypatch.setattr(report_prints, "AT_ONCE", 2)
    run = await report_prints.ask(world.ctx, cycle_id=world.cycle.id)
    assert (run.made, run.wanted) == (0, 3)
    await report_prints.work(ctx)
    assert (await report_prints.progress(world.ctx, run_id=run.id)).made == 2
    with pytest.raises(WrongState):
        await report_prints.collect(world.ctx, run_id=run.id)
    with pytest.raises(NotFound):
        await report_prints.progress(world.at(world.town.town_officer), run_id=run.id)
    await report_prints.work(ctx)
    with ZipFile(BytesIO(await report_prints.collect(world.ctx, run_id=run.id))) as file:
        assert [name.partition(" ")[0] for name in file.namelist()] == ["ZC0101", "ZC0102", "ZC1301"]
        assert all(file.read(name).startswith(b"%PDF") for name in file.namelist())


async def test_a_towns_print_takes_in_what_lies_deeper_than_its_own_branches(world: Assessed) -> None:
    general = await town.organization("ZC0150", OrganizationKind.GENERAL_BRANCH, world.town.town)
    deep = await town.organization("ZC015001", OrganizationKind.BRANCH, general)
    await Organization.filter(id=deep.id).update(scope=Scope.VILLAGE)
    for one in await world.begin(world.town.branch, deep, world.town.far_branch):
        await world.look_both(one, {})
        await assessments.review(world.at(world.leader), assessment_id=one.id, decided={})
    run = await report_prints.ask(world.ctx, cycle_id=world.cycle.id, below_id=world.town.town.id)
    assert run.wanted == 2
    printed = PrintedReport.filter(run_id=run.id).order_by("id")
    assert await printed.values_list("assessment__branch__code", flat=True) == ["ZC0101", "ZC015001"]
    with pytest.raises(NotFound):
        await report_prints.ask(world.ctx, cycle_id=world.cycle.id, below_id=999_999)


async def test_only_officers_print_and_only_what_is_there(
    world: Assessed, ctx: Context, clock: Clock
) -> None:
    await world.begin(world.town.branch)
    with pytest.raises(BadInput):
        await report_prints.ask(world.ctx, cycle_id=world.cycle.id)
    with pytest.raises(NotAllowed):
        await report_prints.ask(world.at(world.leader), cycle_id=world.cycle.id)
    assert await PrintRun.all().count() == 0
    await PrintRun.create(cycle_id=world.cycle.id, person=world.town.district_officer, asked_at=clock.now)
    clock.now += report_prints.KEPT_FOR * 2
    await report_prints.forget_old(ctx)
    assert await PrintRun.all().count() + await PrintedReport.all().count() == 0
