"""Letting a branch book again before its pause is over, over HTTP."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date

from pydantic import Field

from handlers import failures
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from miniprogram_api import views
from miniprogram_api.table import OFFICERS, Route
from miniprogram_api.views import OrganizationView, View


class PausedBranchView(View):
    """A branch, and when it books again."""

    branch: OrganizationView
    books_again_on: date | None = Field(description="从哪天起可以预约；没有暂停过时为 null")


async def resume(ctx: Context, *, unit_id: int) -> PausedBranchView:
    """Let it book again from today."""
    branch = await failures.resume(ctx, branch_id=unit_id)
    return PausedBranchView(branch=views.organization(branch), books_again_on=branch.books_again_on)


# fmt: off
ROUTES = (
    Route("POST", "/organizations/{unit_id}/resume-booking", resume, OFFICERS, "提前恢复支部预约", None, PausedBranchView, refuses=(NotBound, NotAllowed)),
)
# fmt: on
