"""补单 and 待办 in the chat."""

from bot import texts
from bot.messages import Message
from bot.replies import Reply
from handlers import claims, todos
from handlers.context import Context
from handlers.errors import NotYourBranch
from handlers.money import yuan
from handlers.todos import Todos
from models import Claim, ClaimStatus

SHOWN = 5
STATUS_WORDS = {
    ClaimStatus.SUBMITTED: "等待镇街审核",
    ClaimStatus.REVIEWED: "等待区级审核",
    ClaimStatus.RETURNED: "退回修改",
    ClaimStatus.APPROVED: "已批准，等待拨付",
    ClaimStatus.BATCHED: "已列入拨付批次",
    ClaimStatus.REJECTED: "不予补单",
    ClaimStatus.PAID: "已拨付",
}
TODO_LINES = {
    "visits_to_confirm": "{} 个预约等您确认",
    "claims_to_decide": "{} 张补单等您审核",
    "claims_to_pay": "{} 张补单等待拨付",
    "texts_to_read": "{} 段文字等您看",
    "questions_to_answer": "{} 个提问等人工回答",
    "complaints_to_answer": "{} 条意见建议等答复",
    "claims_to_correct": "{} 张补单被退回，请修改后再提交",
    "visits_to_claim": "{} 次活动可以补单，内容已经填好",
    "filings_to_decide": "{} 件专职党务工作者备案等您办",
    "rotations_to_settle": "{} 个跟班轮训等您报人选或确认",
    "showcase_to_settle": "{} 个样板等您察看、审定、复核或补充",
    "results_to_sign": "{} 份评估结果等您支部看后签收",
    "findings_due": "{} 个问题的整改快到期或已到期，发“评估”可以看",
    "findings_to_accept": "{} 个问题等待验收",
    "branches_to_assess": "{} 个党支部等您去评估",
    "weak_branches_due": "{} 个党支部的整顿快期满或已期满",
    "records_due": "{} 项支部记录现在该记，发“手册”可以看",
    "records_to_finish": "{} 份支部记录写了还没有签发",
}


async def mine(message: Message, ctx: Context) -> Reply:
    """The branch's last claims, and what could be claimed."""
    page = await claims.list_claims(ctx, limit=SHOWN)
    lines = ["最近的补单：", *map(line, page.items)] if page.items else [texts.NO_CLAIMS]
    try:
        waiting = len(await claims.claimable(ctx))
    except NotYourBranch:
        waiting = 0
    if waiting:
        lines.append(f"还有 {waiting} 次活动可以补单，在小程序“补单”里点一下就能提交。")
    return "\n".join(lines)


async def to_do(message: Message, ctx: Context) -> Reply:
    """What waits for the caller."""
    return told(await todos.mine(ctx))


def told(found: Todos) -> str:
    """What waits, a line each."""
    lines = [
        f"· {words.format(getattr(found, name))}"
        for name, words in TODO_LINES.items()
        if getattr(found, name)
    ]
    return "\n".join(["等您处理的事：", *lines, "请在小程序“待办”里办理。"]) if lines else texts.NOTHING_TO_DO


def line(claim: Claim) -> str:
    """One claim on one line."""
    when = texts.moment(claim.booking.slot.starts_at)
    amount, status = f"{yuan(claim.amount)} 元", STATUS_WORDS[claim.status]
    said = f"· {when} {claim.booking.slot.site.name}，{claim.present} 人，{amount}，{status}"
    return f"{said}：{claim.reason}" if claim.reason else said
