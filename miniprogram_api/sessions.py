"""Logging in, and binding the account to the roster."""

from handlers import accounts, profiles
from handlers.context import Caller, Context
from handlers.gateways.errors import UserMustRedo
from miniprogram_api import tokens, views
from miniprogram_api.answers import Rejected
from miniprogram_api.forms import BindForm, LoginForm
from miniprogram_api.views import BoundView, PersonView, SessionView


async def create(ctx: Context, *, form: LoginForm) -> SessionView:
    """A token for whoever wx.login says this is."""
    try:
        caller = await accounts.log_in(ctx, code=form.code)
    except UserMustRedo:
        raise Rejected("login_code_used") from None
    assert caller.account is not None  # noqa: S101 (whoever logged in has one)
    token, expires_at = tokens.issue(ctx.settings, caller.account.id, ctx.now())
    return SessionView(token=token, expires_at=expires_at, person=await person(ctx.on_behalf_of(caller)))


async def bind(ctx: Context, *, form: BindForm) -> BoundView:
    """Tie the account to the roster row of the phone number WeChat vouches for."""
    try:
        row = await accounts.bind(ctx, phone_code=form.phone_code)
    except UserMustRedo:
        raise Rejected("phone_code_used") from None
    whole = await person(ctx.on_behalf_of(Caller(account=ctx.caller.account, person=row)))
    assert whole is not None  # noqa: S101 (the caller was given a person in the line above)
    return BoundView(person=whole)


async def person(ctx: Context) -> PersonView | None:
    """The caller as a person of the roster."""
    profile = await profiles.mine(ctx)
    return None if profile is None else views.person(profile.person, profile.duties)
