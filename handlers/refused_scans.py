"""Scans that checked nobody in, for the keeper of the site: when and why, and never who."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from handlers import kept_sites
from handlers.context import Context
from models import RefusedScan

SHOWN_FOR = timedelta(days=8)
"""As long as an offline log may still come in."""
MOST = 200


class Reason(NamedTuple):
    """A refused scan without its person: many who scan are strangers to the keeper."""

    at: datetime
    code: str


async def list_refused(ctx: Context, *, site_id: str) -> Sequence[Reason]:
    """The latest refused scans of a site's codes, the newest first; for its keeper and the officers above.

    Raises:
        NotAllowed, NotBound.
    """
    await kept_sites.check(ctx, site_id)
    scans = RefusedScan.filter(site_id=site_id, at__gt=ctx.now() - SHOWN_FOR).order_by("-at", "-id")
    return [Reason(scan.at, scan.reason) for scan in await scans.limit(MOST)]
