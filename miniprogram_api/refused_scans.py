"""Scans that checked nobody in, for the keeper, over HTTP."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from handlers import refused_scans
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from miniprogram_api.answers import STATUS
from miniprogram_api.table import KEEPERS, Route
from miniprogram_api.views import Moment, View

TITLES = {refusal.code: no.title for refusal, no in STATUS.items()}


class RefusedScanView(View):
    """When a scan was refused, and why; `reason` is stable, `title` is for reading."""

    at: Moment
    reason: str
    title: str


class RefusedScansView(View):
    """The latest ones, the newest first; the list has one page."""

    items: list[RefusedScanView]
    next: None = None


async def index(ctx: Context, *, site_id: str) -> RefusedScansView:
    """Why scans of a site's codes were refused."""
    found = await refused_scans.list_refused(ctx, site_id=site_id)
    return RefusedScansView(
        items=[
            RefusedScanView(at=scan.at, reason=scan.code, title=TITLES.get(scan.code, "未能签到"))
            for scan in found
        ]
    )


ROUTES = (
    Route("GET", "/sites/{site_id}/refused-scans", index, KEEPERS, "没有签到成功的扫码和原因", None, RefusedScansView, refuses=(NotBound, NotAllowed)),
)  # fmt: skip
