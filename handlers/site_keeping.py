"""Keeping the entries of the map: a district officer adds a site, its keeper keeps it up to date.

A keeper says what a visitor has to know: where, when, how many, what for, what it costs, what is there and
whom to call. What a site is called, which kind it is and whose, only the district says.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import access, audit, kept_sites, screenings, sites
from handlers.accounts import require_person
from handlers.context import SYSTEM, Context
from handlers.errors import BadInput, NotAllowed
from handlers.locks import hold
from handlers.positions import Point, from_wgs84
from models import Organization, Role, Site, SiteCategory, SiteStatus, Slot

BY_KEEPER = frozenset(
    {"address", "capacity", "opening", "intro", "features", "facilities", "images", "notes", "contact"}
    | {"position", "datum", "needs_approval", "services", "guides", "parking", "access"}
    | {"fee", "fee_from_dues"}
)
"""What whoever keeps a site may change."""
BY_DISTRICT = frozenset({"name", "category", "town", "owner", "is_training_base"})
READ_BY_ALL = ("name", "address", "intro", "features", "facilities", "notes")
EAST, NORTH = (117.7, 118.2), (36.3, 36.75)
"""The district's degrees."""
ID = re.compile(r"^[A-Z0-9]{1,8}$")
"""Goes into scanned codes as it is."""
RULES_CHANGED = "开放时间有调整"


async def create(ctx: Context, *, site_id: str, **values: Any) -> Site:
    """A district officer adds a site; it is open at once, with the slots that its rules promise.

    Raises:
        NotAllowed, BadInput.
    """
    await require_district(ctx)
    if not ID.match(site_id):
        raise BadInput(id="编号只能用大写字母和数字，最多 8 位")
    columns = await _columns(ctx, values)
    _check_fee(columns.get("fee", 0), columns.get("fee_from_dues"))
    site = Site(id=site_id, status=SiteStatus.OPEN, kept_by_hand=True, **columns)
    try:
        async with in_transaction():
            await site.save(force_create=True)
            await audit.record(ctx, "site.created", f"site:{site.id}")
    except IntegrityError:
        taken = "id" if await Site.exists(id=site_id) else "name"
        raise BadInput(**{taken: "已经有这样一个阵地，请换一个"}) from None
    await sites.make_slots(ctx, site_id=site.id)
    return site


async def edit(ctx: Context, *, site_id: str, **values: Any) -> Site:
    """Change what is given and nothing else. New rules close the empty slots they no longer promise.

    Slots with visits stay as they are: who closes them tells their branches (handlers/closings).

    Raises:
        NotAllowed, NotFound, BadInput.
    """
    site = await _kept(ctx, site_id)
    if set(values) - BY_KEEPER:
        await require_district(ctx)
    columns = await _columns(ctx, values)
    if not columns:
        return site
    _check_fee(columns.get("fee", site.fee), columns.get("fee_from_dues", site.fee_from_dues))
    try:
        async with in_transaction() as connection:
            await hold(connection, f"site:{site.id}")  # Closing days reads the rules and writes them.
            changed = Site.filter(id=site.id)
            await changed.update(**columns, kept_by_hand=True)
            await site.refresh_from_db()
            await audit.record(ctx, "site.edited", f"site:{site.id}", fields=sorted(columns))
            if "capacity" in columns:
                await _resize_slots(ctx, site)
            if "opening" in columns:
                await _fit_slots(ctx, site)
    except IntegrityError:
        raise BadInput(name="已经有同名的阵地，请换一个") from None
    await sites.make_slots(ctx, site_id=site.id)
    return site


async def require_district(ctx: Context) -> None:
    """Only the district (or the command line) goes on.

    Raises:
        NotBound, NotAllowed.
    """
    if ctx.caller is SYSTEM:
        return
    await require_person(ctx)
    if Role.DISTRICT_OFFICER not in (await access.reach(ctx)).roles:
        raise NotAllowed


async def kept_site(ctx: Context, *, site_id: str) -> Site:
    """A site with everything its keeper sees: contact and rules included.

    Raises:
        NotAllowed, NotFound.
    """
    return await _kept(ctx, site_id)


async def _kept(ctx: Context, site_id: str) -> Site:
    return await (kept_sites.find(site_id) if ctx.caller is SYSTEM else kept_sites.get(ctx, site_id))


async def _columns(ctx: Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, as columns.

    Raises:
        BadInput: a position outside the district, no such owner, a word that may not be shown.
    """
    columns = dict(values)
    for name in READ_BY_ALL:
        text = columns.get(name) or ""
        if screenings.held_word(text if isinstance(text, str) else " ".join(text)):
            raise BadInput(**{name: "含有不宜公开的词，请修改"})
    if screenings.held_word(" ".join(_words_of(guide) for guide in columns.get("guides", ()))):
        raise BadInput(guides="含有不宜公开的词，请修改")
    datum, place = columns.pop("datum", "gcj02"), columns.pop("position", None)
    if place is not None:
        point = on_the_map(place, datum=datum)
        columns |= {"longitude": round(point.longitude, 6), "latitude": round(point.latitude, 6)}
    if "owner" in columns:
        owner = await Organization.get_or_none(code=columns.pop("owner"))
        if owner is None:
            raise BadInput(owner="没有这个党组织，请核对代码")
        columns["owner_id"] = owner.id
    if "opening" in columns:
        columns["opening"] = columns["opening"].model_dump(mode="json")
    if "category" in columns:
        columns["category"] = SiteCategory(columns["category"])
    return columns


def _words_of(guide: Mapping[str, Any]) -> str:
    return " ".join([guide["name"], *guide.get("languages", ()), guide.get("hours", "")])


def _check_fee(fee: int, from_dues: bool | None) -> None:
    """Who is asked for money is told from what a branch may pay it."""
    if fee and from_dues is None:
        raise BadInput(fee_from_dues="收费的阵地请说明能不能用党费列支")


def on_the_map(place: Point, *, datum: str) -> Point:
    """A position in the datum we keep.

    Raises:
        BadInput: it isn't in the district.
    """
    point = from_wgs84(longitude=place.longitude, latitude=place.latitude) if datum == "wgs84" else place
    if not (EAST[0] <= point.longitude <= EAST[1] and NORTH[0] <= point.latitude <= NORTH[1]):
        raise BadInput(position="坐标不在本区范围内，请核对经度、纬度有没有写反")
    return point


async def _resize_slots(ctx: Context, site: Site) -> None:
    """Slots ahead hold as many as the site does; those with more people promised stay as they are."""
    ahead = Slot.filter(site_id=site.id, starts_at__gt=ctx.now(), taken__lte=site.capacity)
    await ahead.update(capacity=site.capacity)


async def _fit_slots(ctx: Context, site: Site) -> None:
    """Close empty slots that the new rules don't promise, and open those again that they do."""
    slots = await Slot.filter(site_id=site.id, starts_at__gt=ctx.now())
    if not slots:
        return
    last: date = max(slot.starts_at for slot in slots).astimezone(ctx.settings.zone).date()
    promised = set(sites.promised(ctx, site, last + timedelta(days=1)))
    kept = {slot.id for slot in slots if (slot.starts_at, slot.ends_at) in promised}
    gone = [slot.id for slot in slots if slot.id not in kept]
    await Slot.filter(id__in=gone, taken=0, closed=False).update(closed=True, close_reason=RULES_CHANGED)
    again = Slot.filter(id__in=list(kept), closed=True, close_reason=RULES_CHANGED)
    await again.update(closed=False, close_reason="")
