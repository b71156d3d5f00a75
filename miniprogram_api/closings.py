"""Closing slots, days and sites over HTTP, and opening them again."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Annotated

from pydantic import Field

from handlers import closings
from handlers.closings import Closed
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound, TooShortNotice, WrongState
from miniprogram_api import views
from miniprogram_api.forms import LARGEST_ID, Form, OtherDay, Text, Written
from miniprogram_api.table import DISTRICT, KEEPERS, Route
from miniprogram_api.views import SiteView, SlotView, View

URGENT = "突发情况，来不及提前公告；不填时，几天之内已有支部预约的不能关闭"


class CloseSlotForm(Form):
    """Why a slot is closed, and where its visits go."""

    reason: Text = Field(max_length=200, description="原因，会告诉预约的支部")
    move_to: int | None = Field(
        None, ge=1, le=LARGEST_ID, description="已约的支部改到哪个时段；放不下的和不填时都取消"
    )
    urgent: bool = Field(False, description=URGENT)


class CloseSiteForm(Form):
    """Why a site is closed, and on which days."""

    reason: Text = Field(max_length=200, description="原因，会告诉预约的支部")
    since: OtherDay | None = Field(None, alias="from", description="从哪天起；不填就一直关闭到重新开放")
    until: OtherDay | None = Field(None, alias="to", description="到哪天止，含当天，与 from 一起填")
    urgent: bool = Field(False, description=URGENT)


class CloseDaysForm(Form):
    """Why everything is closed, and on which days."""

    reason: Text = Field(max_length=200, description="原因，会告诉预约的支部")
    since: OtherDay = Field(alias="from", description="从哪天起")
    until: OtherDay = Field(alias="to", description="到哪天止，含当天")
    town: Annotated[Written, Field(max_length=20)] = Field("", description="只停一个镇街；不填就是全区")


class ClosedView(View):
    """What closing did."""

    slots: int = Field(description="关闭了几个时段")
    moved: int = Field(description="改到新时段的预约")
    cancelled: int = Field(description="取消的预约")


async def close_slot(ctx: Context, *, slot_id: int, form: CloseSlotForm) -> ClosedView:
    """Close a slot."""
    return shown(await closings.close_slot(ctx, slot_id=slot_id, **dict(form)))


async def open_slot(ctx: Context, *, slot_id: int) -> SlotView:
    """Open a slot again."""
    return views.slots([await closings.open_slot(ctx, slot_id=slot_id)]).items[0]


async def close_site(ctx: Context, *, site_id: str, form: CloseSiteForm) -> ClosedView:
    """Close a site on some days, or until further notice."""
    if form.since is None and form.until is None:
        return shown(await closings.close_site(ctx, site_id=site_id, reason=form.reason, urgent=form.urgent))
    if form.since is None or form.until is None:
        raise BadInput(**{"from" if form.since is None else "to": "起止日期要一起填"})
    return shown(
        await closings.close_days(
            ctx,
            site_id=site_id,
            since=form.since,
            until=form.until,
            reason=form.reason,
            urgent=form.urgent,
        )
    )


async def close_everywhere(ctx: Context, *, form: CloseDaysForm) -> ClosedView:
    """Close some days at all sites."""
    return shown(await closings.close_everywhere(ctx, **dict(form)))


async def open_site(ctx: Context, *, site_id: str) -> SiteView:
    """Open a site again."""
    return views.site(await closings.open_site(ctx, site_id=site_id))


def shown(done: Closed) -> ClosedView:
    """What closing did, as numbers."""
    return ClosedView(slots=done.slots, moved=done.moved, cancelled=done.cancelled)


CHANGES = (NotBound, NotAllowed, WrongState)
CLOSES = (*CHANGES, TooShortNotice)

# fmt: off
ROUTES = (
    Route("POST", "/slots/{slot_id}/close", close_slot, KEEPERS, "关闭时段", CloseSlotForm, ClosedView, refuses=CLOSES),
    Route("POST", "/slots/{slot_id}/open", open_slot, KEEPERS, "重新开放时段", None, SlotView, refuses=CHANGES),
    Route("POST", "/sites/close-days", close_everywhere, DISTRICT, "一键停约：恶劣天气、突发事件时关闭全区或一个镇街的几天", CloseDaysForm, ClosedView, refuses=(NotBound, NotAllowed)),
    Route("POST", "/sites/{site_id}/close", close_site, KEEPERS, "关闭阵地或其中几天", CloseSiteForm, ClosedView, refuses=CLOSES),
    Route("POST", "/sites/{site_id}/open", open_site, KEEPERS, "重新开放阵地", None, SiteView, refuses=CHANGES),
)
# fmt: on
