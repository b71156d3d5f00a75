"""A day of door codes over HTTP, for the tablet."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from pydantic import Field

from handlers import codes, door_codes
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from miniprogram_api.table import KEEPERS, Route
from miniprogram_api.views import Moment, View


class CodesAheadView(View):
    """The codes of a day, one a window."""

    site_id: str
    site_name: str
    now: Moment = Field(description="服务器的时间，平板据此校正自己的")
    starts_at: Moment = Field(description="第一个码从什么时候起显示")
    window: int = Field(description="每个码显示多少秒")
    codes: list[str] = Field(description="依次显示的码")


async def ahead(ctx: Context, *, site_id: str) -> CodesAheadView:
    """What the tablet shows in the next day."""
    day = await door_codes.ahead(ctx, site_id=site_id)
    return CodesAheadView(
        site_id=day.site.id,
        site_name=day.site.name,
        now=day.now,
        starts_at=day.starts_at,
        window=int(codes.DOOR_WINDOW.total_seconds()),
        codes=list(day.codes),
    )


ROUTES = (
    Route("GET", "/sites/{site_id}/codes", ahead, KEEPERS, "门口平板一天的签到码，断网时用", None, CodesAheadView, refuses=(NotBound, NotAllowed)),
)  # fmt: skip
