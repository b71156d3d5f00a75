"""Coming and going: follow, unfollow, and the platform's word that a person withdrew."""

from bot import checkins, texts
from bot.messages import Message
from bot.replies import Reply
from handlers import accounts
from handlers.context import Context

WITHDRAWALS = ("user_authorization_revoke", "user_authorization_cancellation")


async def followed(message: Message, ctx: Context) -> Reply:
    """A new or returning follower."""
    await accounts.follow(ctx, openid=message.source)
    return texts.WELCOME


async def followed_by_scan(message: Message, ctx: Context) -> Reply:
    """A follow by a site's poster: welcome, and the check-in the person came for."""
    caller = await accounts.follow(ctx, openid=message.source)
    outcome = await checkins.scanned(message, ctx.on_behalf_of(caller))
    return f"{outcome}\n\n{texts.WELCOME}"


async def unfollowed(message: Message, ctx: Context) -> Reply:
    """The platform demands that the data of one who leaves is deleted (wechat-platform §1.6)."""
    await accounts.unfollow(ctx, openid=message.source)
    return None


async def withdrew(message: Message, ctx: Context) -> Reply:
    """Authorization taken back or account closed: the person stands in `OpenID`, not in the sender."""
    openid = message.text("OpenID")
    if openid:
        await accounts.forget(ctx, openid=openid)
    return None
