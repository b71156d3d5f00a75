"""Figures by town, agreement of two assessors, the yearly mark, stars and proposals."""

from typing import Any

import pytest

from handlers import assessment_figures, assessment_years, assessments
from handlers.assessment_content import book
from handlers.assessment_figures import agreed, kappa, rounded
from handlers.assessment_years import Parts, band, proposals, stars, yearly
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound
from models import Assessment, AuditEntry, Downgrade
from tests.handlers import assessed
from tests.handlers.assessed import Assessed

TERMS = book().terms


@pytest.fixture
async def world(ctx: Context) -> Assessed:
    return await assessed.build(ctx)


async def test_towns_are_counted_by_stage_and_item_in_the_order_of_codes(world: Assessed) -> None:
    near, other, far = await world.begin(world.town.branch, world.town.other_branch, world.town.far_branch)
    for row, less in ((near, {"A03": 20, "A05": 10}), (other, {"A03": 30}), (far, {"C03": 5})):
        await world.look_both(row, less)
    for row in (near, other):
        await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    towns = await assessment_figures.by_town(world.ctx, cycle_id=world.cycle.id)
    assert [one.organization.code for one in towns] == ["ZC01", "ZC13"]
    assert towns[0].stages == {"to_feed_back": 2}
    assert towns[1].stages == {"in_review": 1}
    found = {one.item: (one.branches, one.with_finding, one.deducted) for one in towns[0].items}
    assert (found["A03"], found["A05"], found["A01"]) == ((2, 2, 50), (2, 1, 10), (2, 0, 0))
    assert (towns[0].marked, towns[0].mean) == (2, None), "two branches are too few for a mean"


async def test_a_towns_officer_sees_the_own_town_and_others_see_nothing(world: Assessed) -> None:
    await world.begin(world.town.branch, world.town.far_branch)
    towns = await assessment_figures.by_town(world.at(world.town.town_officer), cycle_id=world.cycle.id)
    assert [one.organization.code for one in towns] == ["ZC01"]
    for who in (world.town.worker, world.leader):
        with pytest.raises(NotAllowed):
            await assessment_figures.by_town(world.at(who), cycle_id=world.cycle.id)


async def test_agreement_is_told_once_both_are_in(world: Assessed) -> None:
    near, other = await world.begin(world.town.branch, world.town.other_branch)
    await world.look_both(near, {"A03": 20, "A05": 10}, {"A03": 20})
    await world.look(other, world.one, {"A03": 20})
    together, each = await assessment_figures.agreement(world.ctx, cycle_id=world.cycle.id)
    assert list(each) == [near.id]
    assert (together.branches, together.items, together.same, together.mean_apart) == (1, 14, 13, 10)
    assert together.kappa == kappa(14, 13, 2, 1)


@pytest.mark.parametrize(
    ("items", "agree", "first", "second", "thousandths"),
    [
        (50, 35, 25, 30, 400),  # The textbook's example: po 0.7, pe 0.5.
        (10, 10, 5, 5, 1000),
        (10, 10, 0, 0, None),
        (10, 10, 10, 10, None),
        (0, 0, 0, 0, None),
        (4, 0, 2, 2, -1000),
    ],
)
def test_kappa(items: int, agree: int, first: int, second: int, thousandths: int | None) -> None:
    assert kappa(items, agree, first, second) == thousandths


def test_agreement_over_several_branches_adds_up() -> None:
    row: dict[str, Any] = {
        "items": 14, "same": 12, "both_or_neither": 13, "first_found": 2, "second_found": 1,
        "first_sum": 80, "second_sum": 20,
    }  # fmt: skip
    found = agreed([row, row | {"second_sum": 30}], 50)
    assert (found.branches, found.items, found.same, found.mean_apart, found.far_apart) == (2, 28, 24, 55, 1)


@pytest.mark.parametrize(("amount", "among", "mean"), [(5, 2, 3), (4, 2, 2), (1, 3, 0), (2, 3, 1), (0, 7, 0)])
def test_means_are_rounded_half_up(amount: int, among: int, mean: int) -> None:
    assert rounded(amount, among) == mean


# The year


def test_the_yearly_mark_follows_its_formula_and_is_rounded_once() -> None:
    mark, formula, missing = yearly(Parts(905, 870, (900, 880, 910, 905), 955), TERMS)
    # 90.5×0.35 + 87×0.35 + 89.875×0.2 + 95.5×0.1 = 89.65, and so 89.7.
    assert (mark, missing) == (897, ())
    assert formula == "90.5×35%＋87×35%＋（90＋88＋91＋90.5）÷4×20%＋95.5×10%＝89.7"
    exact, _, _ = yearly(Parts(900, 900, (900, 900, 900, 901), 900), TERMS)
    assert exact == 900, "90.005 isn't rounded up on the way"


def test_the_own_lines_assessment_stands_in_for_the_halves_and_what_is_missing_is_named() -> None:
    assert yearly(Parts(None, None, (800,) * 4, 800, 800), TERMS)[0] == 800
    assert yearly(Parts(900, None, (800, 800), None), TERMS) == (
        None, "", ("第二次半年评估", "年度考核", "季度检查（4 次，现有 2 次）"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "count"),
    [(1000, 5), (900, 5), (899, 4), (800, 4), (799, 3), (700, 3), (699, 2), (600, 2), (599, 1), (0, 1)],
)
def test_bands_begin_where_they_begin(mark: int, count: int) -> None:
    assert stars(mark, TERMS) == band(mark, TERMS).stars == count


@pytest.mark.parametrize(
    ("codes", "count"),
    [(("D1",), 2), (("D2",), 1), (("D3",), 3), (("D4",), 2), (("D5",), 3), (("D6",), 3), (("D7",), 4),
     (("D7", "D3"), 3), ((), 5)],
)  # fmt: skip
def test_a_downgrade_keeps_the_stars_down(codes: tuple[str, ...], count: int) -> None:
    assert stars(950, TERMS, codes) == count


@pytest.mark.parametrize(
    ("now", "before", "codes", "found"),
    [
        (1, 3, (), ("本年度一星",)),
        (2, 2, (), ("连续两次二星",)),
        (2, 3, (), ()),
        (1, None, ("D2",), ("本年度一星", "有 D2 情形")),
        (None, None, ("D2",), ("有 D2 情形",)),
        (5, 5, (), ()),
    ],
)
def test_branches_are_proposed_and_never_decided(
    now: int | None, before: int | None, codes: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert proposals(now, before, codes) == found


async def test_a_year_is_listed_by_code_with_hints_and_no_order_of_marks(
    world: Assessed,
) -> None:
    near, other = await world.begin(world.town.branch, world.town.other_branch)
    for row, less in ((near, {"A06": 80}), (other, {})):
        await world.look_both(row, less)
        await assessments.review(world.at(world.leader), assessment_id=row.id, decided={})
    found = await assessment_years.years(world.ctx, year=2026)
    assert [one.branch.code for one in found] == ["ZC0101", "ZC0102", "ZC1301"]
    assert found[0].hints == ("D5",)
    assert found[0].parts == Parts(half_1=920)
    assert (found[0].mark, found[0].stars) == (None, None)
    assert (await Assessment.get(id=near.id)).mark == 920


async def test_a_downgrade_needs_fact_and_evidence_and_an_officer_of_the_district(world: Assessed) -> None:
    said = {"branch_id": world.town.branch.id, "year": 2026, "code": "D5", "fact": "全年未开"}
    with pytest.raises(BadInput):
        await assessment_years.note_downgrade(world.ctx, **said, evidence=" ")  # type: ignore[arg-type]
    for who in (world.town.town_officer, world.town.worker, world.leader):
        with pytest.raises((NotAllowed, NotFound)):
            await assessment_years.note_downgrade(world.at(who), **said, evidence="x")  # type: ignore[arg-type]
    assert await Downgrade.all().count() == 0
    await assessment_years.note_downgrade(world.ctx, **said, evidence="核查结论")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="已经记过"):
        await assessment_years.note_downgrade(world.ctx, **said, evidence="核查结论")  # type: ignore[arg-type]
    assert await AuditEntry.filter(action="downgrade.noted").count() == 1
    (year, *_) = await assessment_years.years(world.ctx, year=2026)
    assert year.downgrades == ("D5",)
