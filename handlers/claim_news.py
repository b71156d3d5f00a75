"""What a branch is told of its claim: in the transaction of the decision, to whoever sent it."""

from handlers import notices
from handlers.context import Context
from handlers.held_texts import STAND_IN
from models import Account, App, Claim, ClaimStatus

WORDS = {
    ClaimStatus.REVIEWED: "已通过镇街审核，等待区级审核。",
    ClaimStatus.APPROVED: "已批准，等待拨付。",
    ClaimStatus.RETURNED: "被退回：{reason}。请在小程序“补单”里修改后再提交。",
    ClaimStatus.REJECTED: "没有通过：{reason}。如有疑问，请联系上级党组织。",
    ClaimStatus.PAID: "已拨付。",
}

LATER = "原因还在审核，随后告诉您"
"""In the place of a reason that may not be read yet (handlers/text_news tells it then)."""


async def tell(ctx: Context, claim: Claim, status: ClaimStatus, *, reason: str = "") -> None:
    """Tell the sender, where they follow the account; each outcome of each sending once."""
    said = WORDS[status].format(reason=LATER if reason == STAND_IN else reason.rstrip("。"))
    await _tell(ctx, claim, f"补单{said}", what=status)


async def tell_reason(ctx: Context, claim: Claim, *, reason: str) -> None:
    """Tell why it came back, where that couldn't be told before."""
    word = "退回" if claim.status is ClaimStatus.RETURNED else "没有通过"
    await _tell(ctx, claim, f"补单{word}的原因是：{reason.rstrip('。')}。", what="reason")


async def _tell(ctx: Context, claim: Claim, said: str, *, what: str) -> None:
    account = await Account.get_or_none(
        person_id=claim.submitted_by_id, app=App.OFFICIAL_ACCOUNT, follows=True
    )
    if account is None:
        return
    visit = claim.booking.slot
    day = visit.starts_at.astimezone(ctx.settings.zone)
    await notices.enqueue(
        ctx,
        openid=account.openid,
        text=f"{day.month}月{day.day}日在{visit.site.name}的活动，{said}",
        dedupe_key=f"claim:{claim.id}:{claim.rounds}:{what}",
    )
