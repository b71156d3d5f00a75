"""Posters over HTTP, to be printed: 阵地海报."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from handlers import posters
from handlers.context import Context
from handlers.errors import NoFont, NotAllowed, NotBound, NotFound
from miniprogram_api.table import KEEPERS, File, Route

MEDIA = "application/pdf"


async def show(ctx: Context, *, site_id: str) -> File:
    """One site's poster."""
    return File(f"签到海报-{site_id}.pdf", await posters.draw(ctx, site_id=site_id))


async def index(ctx: Context) -> File:
    """The posters of all sites the caller covers."""
    return File("签到海报.pdf", await posters.draw_all(ctx))


PRINTS = (NotBound, NotAllowed, NotFound, NoFont)
DOOR = ("wechat_unavailable",)

ROUTES = (
    Route("GET", "/sites/{site_id}/poster.pdf", show, KEEPERS, "一个阵地的签到海报，PDF", refuses=PRINTS, door=DOOR, media=MEDIA),
    Route("GET", "/posters.pdf", index, KEEPERS, "管辖的全部阵地的签到海报，PDF", refuses=PRINTS, door=DOOR, media=MEDIA),
)  # fmt: skip
