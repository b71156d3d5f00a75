"""What wx.requestSubscribeMessage returned."""

from handlers import subscriptions
from handlers.context import Context
from miniprogram_api.forms import SubscriptionForm
from miniprogram_api.views import SubscriptionView


async def create(ctx: Context, *, form: SubscriptionForm) -> SubscriptionView:
    """Count one consent, or note that there was none."""
    remaining = await subscriptions.record(ctx, template_id=form.template_id, result=form.result)
    return SubscriptionView(template_id=form.template_id, remaining=remaining)
