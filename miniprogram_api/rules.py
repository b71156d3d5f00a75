"""Rules over HTTP: what answers cite, word for word."""

from handlers import regulations
from handlers.context import Context
from miniprogram_api import views
from miniprogram_api.views import ArticleView, RulesView


async def index(ctx: Context) -> RulesView:
    """Every rule that answers cite, with its date and status."""
    return views.rules(await regulations.list_rules(ctx))


async def show(ctx: Context, *, rule: str, article: str) -> ArticleView:
    """One article word for word."""
    return views.article(await regulations.get_article(ctx, rule=rule, article=article))
