"""The party map over HTTP."""

from datetime import timedelta

from handlers import checkins, sites
from handlers.context import Context
from handlers.errors import BadInput
from handlers.positions import Point, from_wgs84
from miniprogram_api import views
from miniprogram_api.forms import SiteQuery, SlotQuery
from miniprogram_api.views import DoorCodeView, SitesView, SiteView, SlotsView


async def index(ctx: Context, *, form: SiteQuery) -> SitesView:
    """Sites, the nearest first when a position is given."""
    if (form.lat is None) != (form.lng is None):
        raise BadInput(**{"lat" if form.lat is None else "lng": "经度和纬度要一起给出"})
    near = None
    if form.lat is not None and form.lng is not None:
        near = (
            from_wgs84(longitude=form.lng, latitude=form.lat)
            if form.datum == "wgs84"
            else Point(form.lng, form.lat)
        )
    found = await sites.list_sites(
        ctx, category=form.category, q=form.q, near=near, training_base=form.training_base, limit=form.limit
    )
    return views.sites(found)


async def show(ctx: Context, *, site_id: str) -> SiteView:
    """One site."""
    return views.site(await sites.get_site(ctx, site_id=site_id))


async def slots(ctx: Context, *, site_id: str, form: SlotQuery) -> SlotsView:
    """A site's slots, by default of the next 30 days."""
    since = form.since or ctx.now().date()
    until = form.until or since + timedelta(days=sites.BOOKABLE_DAYS)
    return views.slots(await sites.list_slots(ctx, site_id=site_id, since=since, until=until))


async def code(ctx: Context, *, site_id: str) -> DoorCodeView:
    """What the tablet at the door shows now."""
    return views.door_code(site_id, await checkins.door_code(ctx, site_id=site_id))
