"""One's own data: see it, take it along, withdraw it."""

from handlers import accounts
from handlers.context import Context
from miniprogram_api import sessions, views
from miniprogram_api.views import ExportView, MeView


async def show(ctx: Context) -> MeView:
    """The account and the person behind it."""
    return views.me(ctx.caller, await sessions.person(ctx))


async def export(ctx: Context) -> ExportView:
    """Everything kept about the caller."""
    return ExportView.model_validate(await accounts.export_mine(ctx))


async def withdraw(ctx: Context) -> None:
    """Forget the caller's WeChat identity."""
    await accounts.withdraw(ctx)
