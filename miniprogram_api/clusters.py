"""Questions that ask the same, over HTTP: answered once, made into a draft entry."""

from handlers import clusters
from handlers.context import Context
from miniprogram_api import views
from miniprogram_api.forms import ClusterReplyForm
from miniprogram_api.views import ClustersView, ClusterView, DraftView


async def index(ctx: Context) -> ClustersView:
    """What waits for a person, what most asked first."""
    return ClustersView(items=[views.cluster(one) for one in await clusters.waiting(ctx)])


async def answer(ctx: Context, *, cluster_id: int, form: ClusterReplyForm) -> ClusterView:
    """Answer once; everyone who asked gets it."""
    return views.cluster(await clusters.answer(ctx, cluster_id=cluster_id, **dict(form)))


async def draft(ctx: Context, *, cluster_id: int) -> DraftView:
    """A draft entry that asks what they asked."""
    return views.draft(await clusters.make_draft(ctx, cluster_id=cluster_id))
