"""Texts that wait for an officer's eye, over HTTP."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from pydantic import Field

from handlers import screenings
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from miniprogram_api.table import OFFICERS, Route
from miniprogram_api.views import Moment, View


class HeldTextView(View):
    """A text that isn't shown yet; who wrote it is nobody's business here."""

    id: int
    place: str = Field(description="写在哪里，如 booking:12:theme")
    text: str
    word: str | None = Field(description="词表里的哪个词；没有时是微信建议人工看")
    created_at: Moment


class HeldTextsView(View):
    """What waits, the oldest first."""

    items: list[HeldTextView]
    next: None = None


async def index(ctx: Context) -> HeldTextsView:
    """Texts from below that wait for a person."""
    return HeldTextsView(
        items=[
            HeldTextView(
                id=row.id,
                place=row.subject,
                text=row.text,
                word=screenings.held_word(row.text),
                created_at=row.created_at,
            )
            for row in await screenings.queue(ctx)
        ]
    )


async def release(ctx: Context, *, text_id: int) -> None:
    """Let a text be read."""
    await screenings.release(ctx, text_id=text_id)


async def withhold(ctx: Context, *, text_id: int) -> None:
    """Keep a text from being read."""
    await screenings.withhold(ctx, text_id=text_id)


OFFICE = (NotBound, NotAllowed)

# fmt: off
ROUTES = (
    Route("GET", "/texts", index, OFFICERS, "等待人工看的文字", None, HeldTextsView, refuses=OFFICE),
    Route("POST", "/texts/{text_id}/release", release, OFFICERS, "放行一段文字", None, None, (204,), OFFICE),
    Route("POST", "/texts/{text_id}/withhold", withhold, OFFICERS, "不显示一段文字", None, None, (204,), OFFICE),
)
# fmt: on
