"""Who is there, for the keeper, over HTTP: names from paper, heads, and what uploaded logs left open."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Annotated, Literal

from pydantic import Field

from handlers import headcounts, paper, scan_log
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, NotFound, TooEarly, TooLate, WrongState
from miniprogram_api.answers import STATUS
from miniprogram_api.forms import Form, Line
from miniprogram_api.table import KEEPERS, Route, always
from miniprogram_api.views import Moment, View

TITLES = {refusal.code: no.title for refusal, no in STATUS.items()} | {
    scan_log.SEVERAL_TIMES: "同一人扫了几次，按最早的一次记"
}
SAYS = {
    "checked_in": "已登记",
    "already": "之前已经签到",
    paper.UNKNOWN_NAME: "这个支部的名册里没有这个名字，请核对写法",
    paper.SAME_NAME: "这个支部有同名的同志，请本人出示“我的码”来扫",
}
"""What a row of a list came to, for reading."""


class PaperForm(Form):
    """A list of names."""

    names: list[Annotated[Line, Field(max_length=paper.LONGEST_NAME)]] = Field(
        min_length=1, max_length=paper.NAMES_AT_ONCE, description="到场的人，只在预约支部的名册里找"
    )


class NameView(View):
    """What became of one name; `title` is for reading."""

    name: str
    status: Literal["checked_in", "already", "unknown_name", "same_name"]
    title: str


class NamesView(View):
    """What became of each name, in the order they were sent."""

    items: list[NameView]
    next: None = None


class PresentView(View):
    """A visit and its heads."""

    booking_id: int
    branch: str
    starts_at: Moment
    ends_at: Moment
    headcount: int = Field(description="预约人数")
    present: int = Field(description="已到人数")


class PresentsView(View):
    """Today's visits, the first one first."""

    items: list[PresentView]
    next: None = None


class ConflictView(View):
    """A line of an uploaded log that needs a look; `name` only of people whose visit was here."""

    reason: str
    title: str
    at: Moment | None
    name: str
    scans: int = Field(description="这个人在这次活动里被扫了几次")


class ConflictsView(View):
    """The latest ones; the list has one page."""

    items: list[ConflictView]
    next: None = None


async def enter(ctx: Context, *, booking_id: int, form: PaperForm) -> NamesView:
    """Enter people from a list on paper."""
    answers = await paper.enter(ctx, booking_id=booking_id, names=form.names)
    return NamesView(
        items=[NameView(name=one.name, status=one.status, title=SAYS[one.status]) for one in answers]
    )


async def present(ctx: Context, *, site_id: str) -> PresentsView:
    """How many are there."""
    visits = await headcounts.near_now(ctx, site_id=site_id)
    return PresentsView(items=[presented(visit) for visit in visits])


def presented(visit: headcounts.VisitCount) -> PresentView:
    """One visit as it is shown."""
    return PresentView(
        booking_id=visit.booking_id,
        branch=visit.branch,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        headcount=visit.headcount,
        present=visit.present,
    )


async def conflicts(ctx: Context, *, site_id: str) -> ConflictsView:
    """What uploaded logs left open."""
    found = await scan_log.conflicts(ctx, site_id=site_id)
    return ConflictsView(
        items=[
            ConflictView(
                reason=one.reason,
                title=TITLES.get(one.reason, "未能签到"),
                at=one.at,
                name=one.name,
                scans=one.scans,
            )
            for one in found
        ]
    )


ROUTES = (
    Route("POST", "/bookings/{booking_id}/check-ins", enter, KEEPERS, "按纸质名单代登记", PaperForm, NamesView, refuses=(NotBound, NotAllowed, NotFound, TooEarly, TooLate, WrongState), creates=True, apart=always),
    Route("GET", "/sites/{site_id}/present", present, KEEPERS, "今天各次活动已到人数", None, PresentsView, refuses=(NotBound, NotAllowed)),
    Route("GET", "/sites/{site_id}/scan-conflicts", conflicts, KEEPERS, "离线扫码记录里要看一看的", None, ConflictsView, refuses=(NotBound, NotAllowed)),
)  # fmt: skip
