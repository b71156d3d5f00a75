"""What people answered to the question whether they want a notice (wechat-platform §2.5)."""

from typing import Any

from bot.messages import Message, as_text
from bot.replies import Reply
from handlers import subscriptions
from handlers.context import Context


async def answered(message: Message, ctx: Context) -> Reply:
    """The pop-up's answers: each accept admits one more message."""
    for template_id, result in results(message.fields.get("SubscribeMsgPopupEvent")):
        await subscriptions.record(ctx, template_id=template_id, result=result)
    return None


async def changed(message: Message, ctx: Context) -> Reply:
    """A later change of mind in WeChat's settings: a reject ends all that were admitted."""
    for template_id, result in results(message.fields.get("SubscribeMsgChangeEvent")):
        if result == "reject":
            await subscriptions.withdraw(ctx, template_id=template_id)
    return None


def results(member: Any) -> list[tuple[str, str]]:
    """(template id, answer) of each item; one item comes as an object, several as a list."""
    items = member.get("List") if isinstance(member, dict) else member
    items = items if isinstance(items, list) else [items]
    pairs = [
        (as_text(item.get("TemplateId")), as_text(item.get("SubscribeStatusString")).lower())
        for item in items
        if isinstance(item, dict)
    ]
    return [(template_id, result) for template_id, result in pairs if template_id and result]
