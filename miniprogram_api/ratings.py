"""What visitors thought of a visit, over HTTP: voluntary and without a name."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Annotated

from pydantic import Field

from handlers import ratings
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, WrongState
from miniprogram_api.forms import Form, Written
from miniprogram_api.table import BOUND, KEEPERS, Route
from miniprogram_api.views import View


class RatingForm(Form):
    """Stars, and words if one likes."""

    stars: int = Field(ge=1, le=5, description="1 到 5 颗星")
    text: Annotated[Written, Field(max_length=ratings.LONGEST_TEXT)] = Field(
        "", description="想说的话，可不填"
    )


class RatingsView(View):
    """A site's ratings; nobody is named."""

    total: int | None = Field(description="共几条；是 1 或 2 时为 null")
    counts: list[int] | None = Field(description="一星到五星各几条；少于 3 条时为 null")
    texts: list[str] = Field(description="写下的话，不按时间排")


async def create(ctx: Context, *, booking_id: int, form: RatingForm) -> None:
    """Say what one thought."""
    await ratings.rate(ctx, booking_id=booking_id, stars=form.stars, text=form.text)


async def show(ctx: Context, *, site_id: str) -> RatingsView:
    """What visitors thought of a site."""
    found = await ratings.of_site(ctx, site_id=site_id)
    return RatingsView(total=found.total, counts=found.counts, texts=found.texts)


# fmt: off
ROUTES = (
    Route("POST", "/bookings/{booking_id}/rating", create, BOUND, "匿名评价参加过的活动（自愿，可以改）", RatingForm, None, (204,), (NotBound, WrongState)),
    Route("GET", "/sites/{site_id}/ratings", show, KEEPERS, "阵地收到的评价，不记名", None, RatingsView, refuses=(NotBound, NotAllowed)),
)
# fmt: on
