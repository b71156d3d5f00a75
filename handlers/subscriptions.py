"""Consent to single notices: one accept admits one message (wechat-platform §9.5)."""

from tortoise.expressions import F
from tortoise.transactions import in_transaction

from handlers import audit
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from models import Account, Consent

RESULTS = ("accept", "reject", "ban", "filter")
"""What wx.requestSubscribeMessage answers per template."""


APP, EVENT = "told_by_app", "told_by_event"
"""Who tells of an answer: the mini program itself, or the platform by an event. Often both do."""


async def record(ctx: Context, *, template_id: str, result: str, told_by: str = APP) -> int:
    """Note what the caller's account answered; how many messages of the template it admits now.

    An accept of which both tell admits one message: only what goes beyond the other's count is new.

    Raises:
        NotFound: the caller has no WeChat account.
        BadInput: the result is none that the platform gives.
    """
    account = _account(ctx)
    if result not in RESULTS:
        raise BadInput(result="请填 accept、reject、ban 或 filter")
    async with in_transaction():
        consent, _ = await Consent.get_or_create(account_id=account.id, template_id=template_id)
        if result == "accept":
            other = EVENT if told_by == APP else APP
            mine = Consent.filter(id=consent.id)
            await mine.update(**{told_by: F(told_by) + 1})
            await mine.filter(**{f"{told_by}__gt": F(other)}).update(remaining=F("remaining") + 1)
        await audit.record(
            ctx, "consent.answered", f"account:{account.id}", template=template_id, result=result
        )
        await consent.refresh_from_db()
    return consent.remaining


async def withdraw(ctx: Context, *, template_id: str) -> None:
    """The person switched the template off: nothing is admitted any more."""
    account = _account(ctx)
    async with in_transaction():
        await Consent.filter(account_id=account.id, template_id=template_id).update(
            remaining=0, told_by_app=0, told_by_event=0
        )
        await audit.record(ctx, "consent.withdrawn", f"account:{account.id}", template=template_id)


def _account(ctx: Context) -> Account:
    if ctx.caller.account is None:
        raise NotFound
    return ctx.caller.account
