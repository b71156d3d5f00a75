"""What a branch is told of its claim: in the transaction of the decision, to whoever sent it."""

from handlers import notices
from handlers.context import Context
from models import Account, App, Claim, ClaimStatus

WORDS = {
    ClaimStatus.REVIEWED: "已通过镇街审核，等待区级审核。",
    ClaimStatus.APPROVED: "已批准，等待拨付。",
    ClaimStatus.RETURNED: "被退回：{reason}。请在小程序“补单”里修改后再提交。",
    ClaimStatus.REJECTED: "没有通过：{reason}。如有疑问，请联系上级党组织。",
    ClaimStatus.PAID: "已拨付。",
}


async def tell(ctx: Context, claim: Claim, status: ClaimStatus, *, reason: str = "") -> None:
    """Tell the sender, where they follow the account; each outcome of each sending once."""
    account = await Account.get_or_none(
        person_id=claim.submitted_by_id, app=App.OFFICIAL_ACCOUNT, follows=True
    )
    if account is None:
        return
    visit = claim.booking.slot
    day = visit.starts_at.astimezone(ctx.settings.zone)
    said = WORDS[status].format(reason=reason.rstrip("。"))
    await notices.enqueue(
        ctx,
        openid=account.openid,
        text=f"{day.month}月{day.day}日在{visit.site.name}的活动，补单{said}",
        dedupe_key=f"claim:{claim.id}:{claim.rounds}:{status}",
    )
