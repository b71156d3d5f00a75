"""A day of door codes ahead, for a tablet that may lose its network."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers import codes, kept_sites
from handlers.context import Context
from models import Site

AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class CodesAhead:
    """The code of each window from `starts_at` on, and our clock, for the tablet to put its own right."""

    site: Site
    now: datetime
    starts_at: datetime
    codes: Sequence[str]


async def ahead(ctx: Context, *, site_id: str) -> CodesAhead:
    """What the tablet at a site's door shows in the next day; for its keeper and the officers above.

    Whoever holds the list could show its codes elsewhere for a day, as they could send a picture of the
    screen around: a code says where, and the booking and the roster say who. Some ten milliseconds of
    signing, once an hour and tablet.

    Raises:
        NotAllowed, NotBound.
        NotFound: an officer above everything names a site that isn't there.
    """
    site = await kept_sites.get(ctx, site_id)
    now = ctx.now()
    starts_at = codes.door_window(now - codes.CLOCK_TOLERANCE)
    windows = (AHEAD + 2 * codes.CLOCK_TOLERANCE) // codes.DOOR_WINDOW
    secret, version = ctx.settings.secret_key.get_secret_value(), ctx.settings.code_version
    made = codes.door_ahead(secret, site_id=site_id, since=starts_at, windows=windows, version=version)
    return CodesAhead(site, now, starts_at, made)
