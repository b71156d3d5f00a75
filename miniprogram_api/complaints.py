"""意见建议 over HTTP, with or without a login."""

from handlers import complaints
from handlers.context import Context
from miniprogram_api import views
from miniprogram_api.forms import ComplaintForm
from miniprogram_api.views import ComplaintView


async def create(ctx: Context, *, form: ComplaintForm) -> ComplaintView:
    """Submit one; its id is the code to follow it by."""
    return views.complaint(await complaints.submit(ctx, text=form.text))


async def show(ctx: Context, *, lookup: str) -> ComplaintView:
    """Follow one by its code."""
    return views.complaint(await complaints.look_up(ctx, lookup=lookup))
