"""Quotas, gaps, the dashboard and the quarter's bulletin over HTTP: figures of units."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date
from typing import Annotated

from pydantic import Field

from handlers import staffing, worker_statistics
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from handlers.staffing import UnitStaffing
from handlers.worker_statistics import Ratio
from miniprogram_api.forms import Form, Query
from miniprogram_api.table import DISTRICT, OFFICERS, Route
from miniprogram_api.views import View
from miniprogram_api.workers import UnitView


class QuotaForm(Form):
    """How many a unit should have."""

    required: int = Field(ge=0, le=500, description="应配专职数，以办法为准")
    basis: Annotated[str, Field(max_length=120)] = Field("", description="依据")


class FiguresQuery(Query):
    """Which year."""

    year: int | None = Field(None, ge=2000, le=2199, description="哪一年，默认今年")


class BulletinQuery(Query):
    """Which quarter."""

    quarter: Annotated[str, Field(max_length=6)] = Field("", description="如 2026Q3；默认上一季度")


class VacancyView(View):
    """A post that stands empty."""

    left_on: date | None = Field(description="上一位离岗的日期；从来没有人的为 null")
    due_on: date = Field(description="应补齐的日期（以办法为准）")
    post: str


class StaffingView(View):
    """A unit's figures."""

    unit: UnitView
    required: int = Field(description="应配数")
    on_post: int = Field(description="在岗专职")
    gap: int = Field(description="缺额")
    gap_since: date | None = Field(description="缺额从哪天起")
    listed: bool = Field(description="是否进入配备不足清单")
    basis: str
    vacancies: list[VacancyView]


class StaffingsView(View):
    """All units with a quota."""

    items: list[StaffingView]
    next: None = None


class RatioView(View):
    """So many of so many; `percent` is null where there is nothing to divide by."""

    part: int
    whole: int
    percent: int | None


class UnitFiguresView(View):
    """A unit's figures of a year."""

    unit: str
    required: int | None
    on_post: int
    gap: int
    listed: bool
    filed: RatioView = Field(description="备案率：已备案和应备案")
    hours_each: int | None = Field(description="人均培训学时；不足 5 人的不算")
    changes: int = Field(description="变动次数")
    measures: int = Field(description="没有解除的处理数")


class DashboardView(View):
    """The dashboard."""

    year: int
    units: list[UnitFiguresView]
    rotations: RatioView = Field(description="本轮轮训：已结业镇街和全部镇街")
    missing_towns: list[str] = Field(description="本轮空缺的镇街，给区级看")
    noted_towns: list[str] = Field(description="接着几次没有派人的镇街，给区级看")


class UnitBulletinView(View):
    """What became of a unit's filings in a quarter."""

    unit: str
    approved: int
    returned: int
    refused: int
    waiting: int
    gap: int


class BulletinView(View):
    """The quarter's bulletin."""

    quarter: str
    items: list[UnitBulletinView]
    next: None = None


async def index(ctx: Context) -> StaffingsView:
    """All units of the caller."""
    return StaffingsView(items=[shown(one) for one in await staffing.list_units(ctx)])


async def keep(ctx: Context, *, unit_id: int, form: QuotaForm) -> StaffingView:
    """How many a unit should have."""
    return shown(await staffing.keep(ctx, unit_id=unit_id, required=form.required, basis=form.basis))


async def dashboard(ctx: Context, *, form: FiguresQuery) -> DashboardView:
    """The dashboard."""
    found = await worker_statistics.dashboard(ctx, year=form.year)
    return DashboardView(
        year=found.year,
        units=[
            UnitFiguresView(
                unit=one.unit, required=one.required, on_post=one.on_post, gap=one.gap, listed=one.listed,
                filed=ratio(one.filed), hours_each=one.hours_each, changes=one.changes, measures=one.measures,
            )
            for one in found.units
        ],
        rotations=ratio(found.rotations),
        missing_towns=found.missing_towns,
        noted_towns=found.noted_towns,
    )  # fmt: skip


async def bulletin(ctx: Context, *, form: BulletinQuery) -> BulletinView:
    """The quarter's bulletin."""
    quarter, items = await worker_statistics.bulletin(ctx, quarter=form.quarter)
    return BulletinView(
        quarter=quarter,
        items=[
            UnitBulletinView(
                unit=one.unit, approved=one.approved, returned=one.returned, refused=one.refused,
                waiting=one.waiting, gap=one.gap,
            )
            for one in items
        ],
    )  # fmt: skip


def ratio(one: Ratio) -> RatioView:
    """A ratio."""
    return RatioView(part=one.part, whole=one.whole, percent=one.percent)


def shown(one: UnitStaffing) -> StaffingView:
    """A unit's figures."""
    return StaffingView(
        unit=UnitView(id=one.unit.id, name=one.unit.name), required=one.required, on_post=one.on_post,
        gap=one.gap, gap_since=one.gap_since, listed=one.listed, basis=one.basis,
        vacancies=[VacancyView(left_on=v.left_on, due_on=v.due_on, post=v.post) for v in one.vacancies],
    )  # fmt: skip


OFFICE = (NotBound, NotAllowed)

# fmt: off
ROUTES = (
    Route("GET", "/staffing", index, OFFICERS, "各单位应配、在岗、缺额和空岗", None, StaffingsView, refuses=OFFICE),
    Route("PUT", "/staffing/{unit_id}", keep, DISTRICT, "维护一个单位的应配数（以办法为准）", QuotaForm, StaffingView, refuses=OFFICE),
    Route("GET", "/staffing/bulletin", bulletin, OFFICERS, "每季度备案情况", BulletinQuery, BulletinView, refuses=OFFICE),
    Route("GET", "/statistics/workers", dashboard, OFFICERS, "专职党务工作者看板，按单位", FiguresQuery, DashboardView, refuses=OFFICE),
)
# fmt: on
