"""Joining another branch's visit by oneself, over HTTP."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Literal

from pydantic import Field

from handlers import guests
from handlers.context import Context
from handlers.errors import AlreadyBooked, BadInput, NotBound, NotOpenToGuests, SlotFull
from handlers.guests import OpenVisit
from handlers.positions import Point, from_wgs84
from miniprogram_api import views
from miniprogram_api.forms import Query
from miniprogram_api.table import BOUND, Route
from miniprogram_api.views import BookedSiteView, BookedSlotView, OrganizationView, View


class OpenVisitQuery(Query):
    """Near what, and how many."""

    lat: float | None = Field(None, ge=-90, le=90, description="纬度，与 lng 一起给出")
    lng: float | None = Field(None, ge=-180, le=180, description="经度，与 lat 一起给出")
    datum: Literal["gcj02", "wgs84"] = Field("gcj02", description="lat、lng 的坐标系；wgs84 会先换算")
    limit: int = Field(50, ge=1, le=200, description="最多几场")


class OpenVisitView(View):
    """Another branch's visit that a single member may join."""

    booking_id: int
    site: BookedSiteView
    slot: BookedSlotView
    branch: OrganizationView
    theme: str
    guests: int = Field(description="已有几名其他支部的党员加入")
    joined: bool = Field(description="您是否已经加入")
    distance_m: int | None = Field(description="离给出的位置多少米；没给位置时为 null")


class OpenVisitsView(View):
    """What can be joined in the next 30 days."""

    items: list[OpenVisitView]
    next: None = None


async def index(ctx: Context, *, form: OpenVisitQuery) -> OpenVisitsView:
    """Visits to join, the nearest first when a position is given, else by time."""
    if (form.lat is None) != (form.lng is None):
        raise BadInput(**{"lat" if form.lat is None else "lng": "经度和纬度要一起给出"})
    near = None
    if form.lat is not None and form.lng is not None:
        near = Point(form.lng, form.lat)
        if form.datum == "wgs84":
            near = from_wgs84(longitude=form.lng, latitude=form.lat)
    found = await guests.open_visits(ctx, near=near, limit=form.limit)
    return OpenVisitsView(items=[shown(one) for one in found])


async def join(ctx: Context, *, booking_id: int) -> OpenVisitView:
    """Join one."""
    return shown(await guests.join(ctx, booking_id=booking_id))


async def leave(ctx: Context, *, booking_id: int) -> OpenVisitView:
    """Give the place back."""
    return shown(await guests.leave(ctx, booking_id=booking_id))


def shown(one: OpenVisit) -> OpenVisitView:
    """A visit as a guest sees it: no contact, and of the branch only its name."""
    booking = views.booking(one.booking)
    return OpenVisitView(
        booking_id=booking.id, site=booking.site.model_copy(update={"contact": None}), slot=booking.slot,
        branch=booking.branch, theme=booking.theme, guests=booking.guests,
        joined=one.joined, distance_m=one.distance_m,
    )  # fmt: skip


# fmt: off
ROUTES = (
    Route("GET", "/open-visits", index, BOUND, "可以个人加入的其他支部活动", OpenVisitQuery, OpenVisitsView, refuses=(NotBound,)),
    Route("POST", "/open-visits/{booking_id}/join", join, BOUND, "个人加入一场活动（流动党员）", None, OpenVisitView, refuses=(NotBound, NotOpenToGuests, SlotFull, AlreadyBooked)),
    Route("POST", "/open-visits/{booking_id}/leave", leave, BOUND, "退出加入的活动", None, OpenVisitView, refuses=(NotBound, NotOpenToGuests)),
)
# fmt: on
