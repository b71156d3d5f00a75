"""Numbers for officers and keepers, over HTTP: never persons."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from dataclasses import asdict

from pydantic import Field

from handlers import visit_statistics
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from handlers.spreadsheets import MEDIA
from miniprogram_api import claims
from miniprogram_api.claims import FundView
from miniprogram_api.forms import PeriodQuery
from miniprogram_api.table import KEEPERS, File, Route
from miniprogram_api.views import View
from models import SiteCategory


class UseView(View):
    """How sites of a category in a town were used in a week."""

    week: str = Field(description="ISO 周，如 2026-W47")
    category: SiteCategory
    town: str
    visits: int = Field(description="有人到场的预约")
    missed: int = Field(description="没有人到场的预约")
    heads: int | None = Field(description="到场人次；不足 3 而不为 0 时为 null")
    missed_share: float | None = Field(description="爽约率；预约不足 3 次时为 null")


class SiteUseView(View):
    """Slots that are over, and who came: counts without names."""

    bookable_slots: int = Field(description="可约时段数（不含关闭的），只算已经结束的")
    used_slots: int = Field(description="已用时段数：有支部到场的")
    used_share: float | None = Field(description="阵地使用率＝已用时段÷可约时段")
    branches: int = Field(description="覆盖党支部数，去重")
    people: int | None = Field(description="到场人数，去重，不含不显示的各格；是 1 或 2 时为 null")


class OneSiteView(View):
    """The use of one site."""

    name: str
    bookable_slots: int
    used_slots: int
    used_share: float | None = Field(description="没有可约时段时为 null")
    branches: int


class VisitStatisticsView(View):
    """All cells, what they come to, and the funds of those years in fen."""

    items: list[UseView]
    visits: int
    missed: int
    heads: int = Field(description="各格到场人次之和，不去重，不含不显示的")
    missed_share: float | None
    use: SiteUseView
    sites: list[OneSiteView] = Field(description="每个阵地的使用率；人数只有合计")
    funds: list[FundView]
    next: None = None


async def visits(ctx: Context, *, form: PeriodQuery) -> VisitStatisticsView:
    """How sites are used."""
    found = await visit_statistics.collect(ctx, since=form.since, until=form.until)
    return VisitStatisticsView(
        items=[UseView(**asdict(cell)) for cell in found.cells],
        visits=found.visits,
        missed=found.missed,
        heads=found.heads,
        missed_share=found.missed_share,
        use=SiteUseView.model_validate(found.use, from_attributes=True),
        sites=[OneSiteView.model_validate(one, from_attributes=True) for one in found.sites],
        funds=[claims.fund_view(fund) for fund in found.funds],
    )


async def visits_sheet(ctx: Context, *, form: PeriodQuery) -> File:
    """The same as a sheet."""
    content = await visit_statistics.export(ctx, since=form.since, until=form.until)
    return File("阵地使用.xlsx", content)


OFFICE = (NotBound, NotAllowed)

# fmt: off
ROUTES = (
    Route("GET", "/statistics/visits", visits, KEEPERS, "阵地使用、爽约和专项经费", PeriodQuery, VisitStatisticsView, refuses=OFFICE),
    Route("GET", "/statistics/visits.xlsx", visits_sheet, KEEPERS, "阵地使用和爽约，Excel", PeriodQuery, refuses=OFFICE, media=MEDIA),
)
# fmt: on
