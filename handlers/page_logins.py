"""Who reads a page: WeChat's silent page login, and the signed word a browser keeps of it."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from urllib.parse import quote

from handlers import accounts
from handlers.context import Caller, Context
from handlers.errors import NotFound
from handlers.gateways.errors import WeChatError
from models import Account, App

KEPT_FOR = timedelta(days=7)
CODE_KEPT_FOR = 300
"""Seconds: WeChat may call the same address twice with one code, which is good only once."""

VERSION = "p1"


def authorize_url(ctx: Context, *, back: str, state: str) -> str:
    """Where WeChat's browser is sent to come back with a code; its owner sees nothing of it."""
    return (
        f"{ctx.settings.wechat_authorize_url}?appid={ctx.settings.oa_app_id}"
        f"&redirect_uri={quote(back, safe='')}&response_type=code&scope=snsapi_base&state={state}"
        "#wechat_redirect"
    )


def new_state() -> str:
    """Something only our own redirect can bring back."""
    return secrets.token_hex(8)


async def log_in(ctx: Context, *, code: str) -> str | None:
    """The word to keep for whoever has this code; None for a stranger, a preview, or a bad code.

    Reading a page makes nobody known who wasn't: strangers read without a name.
    """
    key = "zbt:page-login:" + hashlib.sha256(code.encode()).hexdigest()[:32]
    known = await ctx.redis.get(key)
    openid: str | None = known.decode() if isinstance(known, bytes) else known
    if openid is None:
        try:
            openid = await ctx.wechat.log_in_on_page(code)
        except WeChatError:
            return None
        if openid is None:
            return None
        await ctx.redis.set(key, openid, ex=CODE_KEPT_FOR)
    account = await Account.get_or_none(app=App.OFFICIAL_ACCOUNT, openid=openid)
    return issue(ctx, account.id) if account is not None else None


def issue(ctx: Context, account_id: int) -> str:
    """A signed word that stands for an account on our pages, and nowhere else."""
    claims = f"{VERSION}.{account_id}.{int((ctx.now() + KEPT_FOR).timestamp())}"
    return f"{claims}.{_sign(ctx, claims)}"


async def caller(ctx: Context, *, word: str) -> Caller:
    """Whose word this is; nobody in particular when it is forged, over, or its account is gone."""
    claims, _, signature = word.rpartition(".")
    if not hmac.compare_digest(_sign(ctx, claims).encode(), signature.encode()):
        return Caller()
    _, account_id, until = claims.split(".")
    if int(until) <= ctx.now().timestamp():
        return Caller()
    try:
        return await accounts.caller_by_account(ctx, account_id=int(account_id))
    except NotFound:
        return Caller()


def _sign(ctx: Context, claims: str) -> str:
    key = ctx.settings.secret_key.get_secret_value().encode()
    return hmac.new(key, b"page login:" + claims.encode(), hashlib.sha256).hexdigest()[:40]
