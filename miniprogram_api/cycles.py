"""Cycles of assessment over HTTP: planning, figures, years, printing."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Annotated

from pydantic import Field

from handlers import (
    assessment_documents,
    assessment_figures,
    assessment_years,
    cycles,
    funds,
    report_prints,
)
from handlers.assessment_content import kept_book
from handlers.assessment_figures import Agreement
from handlers.assessment_years import Year
from handlers.context import Context
from handlers.errors import NoFont, NotAllowed, NotBound, NotFound, WrongState
from handlers.report_prints import Progress
from miniprogram_api import views
from miniprogram_api.assessments import AssessmentsView, assessment_view
from miniprogram_api.forms import LARGEST_ID, Day, Form, Line, Query, Text, Written
from miniprogram_api.table import DISTRICT, OFFICERS, File, Route
from miniprogram_api.views import Moment, OrganizationView, View
from models import Cycle, CycleKind, Downgrade, Team

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Year_ = Annotated[int, Field(ge=funds.FIRST_YEAR, le=funds.LAST_YEAR)]
ZIP = "application/zip"


class CycleForm(Form):
    """A cycle to be planned."""

    kind: CycleKind = Field(
        strict=False, description="half_year 半年评估、batch 分批评估、quarter 季度检查、year 年度考核"
    )
    organization_id: Id = Field(description="评估哪个党组织的下级")
    year: Year_ = Field(description="年份")
    number: int = Field(ge=1, le=99, description="第几个半年、季度、批次；年度考核为 1")
    name: Written = Field("", max_length=60, description="名称，不写就自动取")
    until: Day | None = Field(None, strict=False, description="看到哪一天的记录，默认今天")


class TeamForm(Form):
    """A team."""

    name: Line = Field(max_length=40, description="评估组名称")
    leader_id: Id = Field(description="组长")
    person_ids: list[Id] = Field(
        max_length=cycles.MOST_ON_A_TEAM, description="成员，含不含组长都行；至少两人"
    )


class AssignForm(Form):
    """Who looks at which branches."""

    team_id: Id = Field(description="评估组")
    branch_ids: list[Id] = Field(default=[], max_length=cycles.MOST_AT_ONCE, description="哪些党支部")
    below_id: Id | None = Field(None, description="或者：某个党组织以下还没有指派的全部党支部")
    assessor_ids: list[Id] = Field(default=[], max_length=2, description="两名评估人；不写就由组里轮流")


class BelowForm(Form):
    """Which part of a cycle."""

    below_id: Id | None = Field(None, description="只要某个党组织直接下级的；一次最多 500 份")


class BranchYearQuery(Query):
    """Which branches' year."""

    year: Year_ | None = Field(None, description="年份，默认今年")
    below_id: Id | None = Field(None, description="只看某个党组织以下的")


class DowngradeForm(Form):
    """What keeps a branch down."""

    branch_id: Id = Field(description="党支部")
    year: Year_ = Field(description="年份")
    downgrade: str = Field(pattern=r"^D[1-9]$", description="降档事项，D1 至 D7")
    fact: Text = Field(max_length=500, description="事实")
    evidence: Text = Field(max_length=500, description="佐证：处分决定、核查结论等的名称和文号")


class CycleView(View):
    """A cycle."""

    id: int
    kind: CycleKind
    kind_name: str
    organization: OrganizationView
    year: int
    number: int
    name: str
    sheets: str = Field(description="用的是哪一版评估表")
    published_at: Moment | None


class CyclesView(View):
    """Cycles, the newest first."""

    items: list[CycleView]
    next: None = None


class TeamView(View):
    """A team."""

    id: int
    name: str
    leader_id: int
    person_ids: list[int]


class TeamsView(View):
    """The teams of a cycle."""

    items: list[TeamView]
    next: None = None


class ItemFiguresView(View):
    """An item in a town; sums in tenths."""

    sheet: str
    item: str
    branches: int
    with_finding: int
    deducted: int
    worth: int


class TownFiguresView(View):
    """A town."""

    organization: OrganizationView
    stages: dict[str, int] = Field(description="环节 → 党支部数")
    marked: int
    mean: int | None = Field(description="平均，单位 0.1 分；党支部太少时不显示")
    items: list[ItemFiguresView]


class FiguresView(View):
    """Towns in the order of codes."""

    items: list[TownFiguresView]
    next: None = None


class AgreementView(View):
    """How far two assessors agree."""

    assessment_id: int | None = Field(description="空：全部")
    branches: int
    items: int
    same: int = Field(description="扣得一样的项数")
    mean_apart: int | None = Field(description="总的平均相差，单位 0.1 分")
    kappa: int | None = Field(
        description="是否扣的一致性（Cohen 的 kappa），单位千分之一；都扣或都不扣时为空"
    )
    far_apart: int = Field(description="相差超过规定、由组长复核的")


class AgreementsView(View):
    """All together first, then each assessment in the order they were made."""

    items: list[AgreementView]
    next: None = None


class BranchYearView(View):
    """A branch's year."""

    branch: OrganizationView
    code: str
    mark: int | None = Field(description="年度评估得多少，单位 0.1 分")
    stars: int | None = Field(description="星级，地方做法")
    formula: str
    missing: list[str]
    downgrades: list[str]
    hints: list[str] = Field(description="可能涉及、需要核实的降档事项")
    why: list[str] = Field(description="软弱涣散研判的建议理由；只是提名")


class YearsView(View):
    """Branches in the order of codes."""

    items: list[BranchYearView]
    next: None = None


class DowngradeView(View):
    """What was noted."""

    id: int
    branch_id: int
    year: int
    code: str


class PrintView(View):
    """How far a print is."""

    id: int
    made: int
    wanted: int


async def create(ctx: Context, *, form: CycleForm) -> CycleView:
    """Plan a cycle."""
    return cycle_view(await cycles.create(ctx, **dict(form)))


async def index(ctx: Context) -> CyclesView:
    """The cycles that concern an officer."""
    return CyclesView(items=[cycle_view(row) for row in await cycles.list_cycles(ctx)])


async def show(ctx: Context, *, cycle_id: int) -> CycleView:
    """One cycle."""
    return cycle_view(await cycles.find(ctx, cycle_id))


async def teams(ctx: Context, *, cycle_id: int) -> TeamsView:
    """Its teams."""
    return TeamsView(items=[team_view(row) for row in await cycles.teams_of(ctx, cycle_id)])


async def add_team(ctx: Context, *, cycle_id: int, form: TeamForm) -> TeamView:
    """Put a team together."""
    return team_view(await cycles.add_team(ctx, cycle_id=cycle_id, **dict(form)))


async def assign(ctx: Context, *, cycle_id: int, form: AssignForm) -> AssessmentsView:
    """Give branches to a team."""
    rows = await cycles.assign(ctx, cycle_id=cycle_id, **dict(form))
    return AssessmentsView(items=[assessment_view(row) for row in rows], next=None)


async def publish(ctx: Context, *, cycle_id: int) -> CycleView:
    """Begin."""
    return cycle_view(await cycles.publish(ctx, cycle_id=cycle_id))


async def figures(ctx: Context, *, cycle_id: int) -> FiguresView:
    """By town."""
    rows = await assessment_figures.by_town(ctx, cycle_id=cycle_id)
    return FiguresView(
        items=[
            TownFiguresView(
                organization=views.organization(one.organization), stages=one.stages, marked=one.marked, mean=one.mean,
                items=[
                    ItemFiguresView(
                        sheet=item.sheet, item=item.item, branches=item.branches, with_finding=item.with_finding,
                        deducted=item.deducted, worth=item.worth,
                    )
                    for item in one.items
                ],
            )
            for one in rows
        ]
    )  # fmt: skip


async def agreement(ctx: Context, *, cycle_id: int) -> AgreementsView:
    """How far assessors agree."""
    together, each = await assessment_figures.agreement(ctx, cycle_id=cycle_id)
    return AgreementsView(
        items=[agreement_view(None, together), *(agreement_view(id_, one) for id_, one in each.items())]
    )


async def town_pdf(ctx: Context, *, cycle_id: int, organization_id: int) -> File:
    """A town's report for printing."""
    report = await assessment_documents.town_report(ctx, cycle_id=cycle_id, organization_id=organization_id)
    return File(f"{report.title}.pdf", await assessment_documents.as_pdf(report))


async def town_docx(ctx: Context, *, cycle_id: int, organization_id: int) -> File:
    """A town's report for Word."""
    report = await assessment_documents.town_report(ctx, cycle_id=cycle_id, organization_id=organization_id)
    return File(f"{report.title}.docx", await assessment_documents.as_docx(report, at=ctx.now()))


async def ask_print(ctx: Context, *, cycle_id: int, form: BelowForm) -> PrintView:
    """Ask for all reports of a cycle."""
    return print_view(await report_prints.ask(ctx, cycle_id=cycle_id, below_id=form.below_id))


async def progress(ctx: Context, *, run_id: int) -> PrintView:
    """How far it is."""
    return print_view(await report_prints.progress(ctx, run_id=run_id))


async def collect(ctx: Context, *, run_id: int) -> File:
    """The finished print."""
    return File(f"评估报告-{run_id}.zip", await report_prints.collect(ctx, run_id=run_id))


async def years(ctx: Context, *, form: BranchYearQuery) -> YearsView:
    """The year of all branches."""
    found = await assessment_years.years(ctx, year=form.year or ctx.now().year, below_id=form.below_id)
    return YearsView(items=[year_view(one) for one in found])


async def year_docx(ctx: Context, *, form: BranchYearQuery) -> File:
    """The year's material for Word."""
    year = form.year or ctx.now().year
    report = await assessment_documents.year_report(ctx, year=year, below_id=form.below_id)
    return File(f"{report.title}.docx", await assessment_documents.as_docx(report, at=ctx.now()))


async def downgrade(ctx: Context, *, form: DowngradeForm) -> DowngradeView:
    """Note what keeps a branch down."""
    given = dict(form)
    return downgrade_view(await assessment_years.note_downgrade(ctx, code=given.pop("downgrade"), **given))


def cycle_view(row: Cycle) -> CycleView:
    """A cycle."""
    return CycleView(
        id=row.id, kind=row.kind, kind_name=cycles.KIND_WORDS[row.kind],
        organization=views.organization(row.organization), year=row.year, number=row.number, name=row.name,
        sheets=kept_book(row.book).terms.version, published_at=row.published_at,
    )  # fmt: skip


def team_view(row: Team) -> TeamView:
    """A team."""
    return TeamView(
        id=row.id,
        name=row.name,
        leader_id=row.leader_id,
        person_ids=sorted(one.person_id for one in row.members),
    )


def agreement_view(assessment_id: int | None, one: Agreement) -> AgreementView:
    """How far two agree."""
    return AgreementView(
        assessment_id=assessment_id, branches=one.branches, items=one.items, same=one.same,
        mean_apart=one.mean_apart, kappa=one.kappa, far_apart=one.far_apart,
    )  # fmt: skip


def year_view(one: Year) -> BranchYearView:
    """A branch's year."""
    return BranchYearView(
        branch=views.organization(one.branch), code=one.branch.code, mark=one.mark, stars=one.stars,
        formula=one.formula, missing=list(one.missing), downgrades=list(one.downgrades), hints=list(one.hints),
        why=list(one.why),
    )  # fmt: skip


def downgrade_view(row: Downgrade) -> DowngradeView:
    """What was noted."""
    return DowngradeView(id=row.id, branch_id=row.branch_id, year=row.year, code=row.code)


def print_view(one: Progress) -> PrintView:
    """How far a print is."""
    return PrintView(id=one.id, made=one.made, wanted=one.wanted)


OFFICE = (NotBound, NotAllowed)
FINDS = (NotBound, NotAllowed, NotFound)

# fmt: off
ROUTES = (
    Route("POST", "/cycles", create, OFFICERS, "计划一次评估", CycleForm, CycleView, (201,), FINDS, creates=True),
    Route("GET", "/cycles", index, OFFICERS, "历次评估", None, CyclesView, refuses=OFFICE),
    Route("GET", "/cycles/{cycle_id}", show, OFFICERS, "一次评估", None, CycleView, refuses=FINDS),
    Route("GET", "/cycles/{cycle_id}/teams", teams, OFFICERS, "评估组", None, TeamsView, refuses=FINDS),
    Route("POST", "/cycles/{cycle_id}/teams", add_team, OFFICERS, "组成评估组（至少两人，组长负责）", TeamForm, TeamView, (201,), FINDS, creates=True),
    Route("POST", "/cycles/{cycle_id}/assignments", assign, OFFICERS, "指派党支部（本支部的人自动回避）", AssignForm, AssessmentsView, (201,), (*FINDS, WrongState), creates=True),
    Route("POST", "/cycles/{cycle_id}/publish", publish, OFFICERS, "发布评估计划", None, CycleView, refuses=(*FINDS, WrongState)),
    Route("GET", "/cycles/{cycle_id}/figures", figures, OFFICERS, "按镇（街道）汇总，按编码排列", None, FiguresView, refuses=FINDS),
    Route("GET", "/cycles/{cycle_id}/agreement", agreement, OFFICERS, "两名评估人的一致程度", None, AgreementsView, refuses=FINDS),
    Route("GET", "/cycles/{cycle_id}/towns/{organization_id}/report.pdf", town_pdf, OFFICERS, "一个镇（街道）的评估情况，PDF", refuses=(*FINDS, NoFont), media=assessment_documents.PDF),
    Route("GET", "/cycles/{cycle_id}/towns/{organization_id}/report.docx", town_docx, OFFICERS, "一个镇（街道）的评估情况，Word", refuses=FINDS, media=assessment_documents.DOCX),
    Route("POST", "/cycles/{cycle_id}/prints", ask_print, OFFICERS, "成批打印评估报告", BelowForm, PrintView, (201,), FINDS, creates=True),
    Route("GET", "/prints/{run_id}", progress, OFFICERS, "打印进度", None, PrintView, refuses=FINDS),
    Route("GET", "/prints/{run_id}/reports.zip", collect, OFFICERS, "打印好的报告，一支部一个 PDF", refuses=(*FINDS, WrongState), media=ZIP),
    Route("GET", "/assessments/years", years, OFFICERS, "党支部的年度评估结果、星级和研判建议，按编码排列", BranchYearQuery, YearsView, refuses=FINDS),
    Route("GET", "/assessments/years.docx", year_docx, OFFICERS, "述职评议材料，Word", BranchYearQuery, refuses=FINDS, media=assessment_documents.DOCX),
    Route("POST", "/assessments/downgrades", downgrade, DISTRICT, "记下降档事项（要有事实和佐证）", DowngradeForm, DowngradeView, (201,), FINDS, creates=True),
)
# fmt: on
