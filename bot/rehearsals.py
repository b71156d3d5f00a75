"""实训 in the chat: my rehearsals, and joining one by its code."""

import re

from bot.messages import Message
from bot.replies import Reply
from handlers import cases, rehearsals
from handlers.context import Context
from handlers.errors import StepRefused
from models import Rehearsal

JOINING = re.compile(r"(?:加入实训|实训)?[\s:：]*(?P<code>R[0-9a-z][0-9]{1,10}[A-Za-z0-9_-]{14})$", re.ASCII)
SHOWN = 5
NONE_YET = "您还没有参加实训。扫主持人手机上的二维码就能加入；发“案例”可以先看九个案例。"


async def mine(message: Message, ctx: Context) -> Reply:
    """The latest ones, with where they go on."""
    found = (await rehearsals.list_mine(ctx))[:SHOWN]
    how = f"全部和新开的在这里：{ctx.settings.public_url}/rehearsals"
    return (
        "\n".join(["我的实训：", *(line(one, ctx) for one in found), how]) if found else f"{NONE_YET}\n{how}"
    )


async def joined(message: Message, ctx: Context) -> Reply:
    """Sit down by a code that was passed on as text."""
    found = JOINING.match(message.content)
    try:
        sitting = await rehearsals.join(ctx, code=found["code"] if found else "")
    except StepRefused as refused:
        return refused.sentence
    return f"您已加入实训，座位 {sitting.seat} 号。\n{line(sitting.rehearsal, ctx)}\n打开后选一个角色。"


def line(rehearsal: Rehearsal, ctx: Context) -> str:
    """One rehearsal, and its page."""
    title = cases.casebook().cases[rehearsal.case].title
    opened = rehearsal.opened_at.astimezone(ctx.settings.zone)
    ended = "，已结束" if rehearsal.finished_at else ""
    return f"{title}（{opened:%m月%d日 %H:%M}{ended}）{ctx.settings.public_url}/rehearsals/{rehearsal.id}"
