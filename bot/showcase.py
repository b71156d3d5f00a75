"""“样板” in the chat: the latest list in a few lines, on a card that opens it."""

from bot import texts
from bot.messages import Message
from bot.replies import Article, Reply
from handlers import showcase_list
from handlers.context import Context
from models import Showcase

SHOWN = 4
NONE = "现在名单上还没有样板。列入后，发“样板”就能看到。"


async def listed(message: Message, ctx: Context) -> Reply:
    """How many there are of each, and a few by name."""
    rows = await showcase_list.list_showcase(ctx)
    if not rows:
        return NONE
    lines = [f"{said} {len(part)} 个：{names(part)}" for said, part in showcase_list.grouped(rows)]
    said = "\n".join([*lines, "点开看每一处能学什么、怎样预约参观、哪一课讲它。"])
    return Article(title="一批样板", description=said, url=texts.link(ctx, "/showcase"))


def names(rows: list[Showcase]) -> str:
    """The first few by name."""
    more = " 等" if len(rows) > SHOWN else ""
    return "、".join(row.name for row in rows[:SHOWN]) + more
