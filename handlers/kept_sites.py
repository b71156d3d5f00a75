"""Whether the caller keeps a site, as its keeper or an officer above its owner; asked in one place."""

from handlers import access
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import NotAllowed, NotFound
from models import Person, Site


async def check(ctx: Context, site_id: str) -> Person:
    """The caller, who keeps that site.

    Raises:
        NotBound, NotAllowed.
    """
    person = await require_person(ctx)
    if not (await access.reach(ctx)).covers_site(site_id):
        raise NotAllowed
    return person


async def get(ctx: Context, site_id: str) -> Site:
    """The site itself, with its owner.

    Raises:
        NotBound, NotAllowed.
        NotFound: an officer above everything names a site that isn't there.
    """
    await check(ctx, site_id)
    return await find(site_id)


async def find(site_id: str) -> Site:
    """A site with its owner, whoever asks.

    Raises:
        NotFound.
    """
    site = await Site.get_or_none(id=site_id).select_related("owner")
    if site is None:
        raise NotFound
    return site
