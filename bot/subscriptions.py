"""What people answered to the question whether they want a notice (wechat-platform §2.5)."""

from typing import Any

from bot.messages import Message, as_text
from bot.replies import Reply
from handlers import subscriptions
from handlers.context import Context


async def answered(message: Message, ctx: Context) -> Reply:
    """The pop-up's answers: each accept admits one more message."""
    for template_id, result in results(message.fields.get("SubscribeMsgPopupEvent")):
        await subscriptions.record(ctx, template_id=template_id, result=result, told_by=subscriptions.EVENT)
    return None


async def changed(message: Message, ctx: Context) -> Reply:
    """A later change of mind in WeChat's settings: a reject ends all that were admitted."""
    for template_id, result in results(message.fields.get("SubscribeMsgChangeEvent")):
        if result == "reject":
            await subscriptions.withdraw(ctx, template_id=template_id)
    return None


def items(member: Any) -> list[dict[str, Any]]:
    """The items of an event's list; one item comes as an object, several as a list."""
    found = member.get("List") if isinstance(member, dict) else member
    return [item for item in (found if isinstance(found, list) else [found]) if isinstance(item, dict)]


def results(member: Any) -> list[tuple[str, str]]:
    """(template id, answer) of each item."""
    pairs = [
        (as_text(item.get("TemplateId")), as_text(item.get("SubscribeStatusString")).lower())
        for item in items(member)
    ]
    return [(template_id, result) for template_id, result in pairs if template_id and result]
