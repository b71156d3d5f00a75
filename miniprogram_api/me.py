"""One's own data: see it, take it along, withdraw it."""

from handlers import accounts, checkins, holdings
from handlers.context import Context
from miniprogram_api import sessions, views
from miniprogram_api.views import ExportView, MemberCodeView, MeView


async def show(ctx: Context) -> MeView:
    """The account and the person behind it."""
    return views.me(ctx.caller, await sessions.person(ctx))


async def export(ctx: Context) -> ExportView:
    """Everything kept about the caller."""
    return ExportView.model_validate(await holdings.export_mine(ctx))


async def code(ctx: Context) -> MemberCodeView:
    """What the caller shows to a keeper."""
    return views.member_code(await checkins.member_code(ctx))


async def withdraw(ctx: Context) -> None:
    """Forget the caller's WeChat identity."""
    await accounts.withdraw(ctx)
