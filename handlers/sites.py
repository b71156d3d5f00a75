"""The party map: finding sites, and making their slots from the opening rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from tortoise.transactions import in_transaction

from handlers import audit, codes
from handlers.context import Context
from handlers.errors import BadInput, NotFound
from handlers.openings import Opening
from handlers.positions import Point, distance
from handlers.site_index import SHOWN as SHOWN
from handlers.site_index import folded
from handlers.workdays import midnight
from models import Organization, Site, SiteCategory, SiteService, SiteStatus, Slot, statements

CONTENT = Path(__file__).resolve().parent.parent / "content" / "sites"
BOOKABLE_DAYS = 30
LONGEST_LISTING = timedelta(days=92)
BATCH = 500
KEPT = {"id", "status", "poster_url", "poster_scene"}
"""What the content says nothing about."""
LARGEST_FEE = 100_000
"""Fen for one visitor; more is a slip of the pen."""
LARGEST_MAP = 200
"""Sites of one answer at most; who looks for others says what or where."""


@dataclass(frozen=True, slots=True)
class SiteSummary:
    """A site on the map. `distance_m` is null when no position was given; the contact is left out."""

    site: Site
    distance_m: int | None


class GuideEntry(BaseModel):
    """Somebody who shows visitors around."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=40)
    languages: tuple[str, ...] = ()
    hours: str = Field("", max_length=60)


class SiteEntry(BaseModel):
    """One site as `content/sites` writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[A-Z0-9]{1,8}$")  # Goes into scanned codes as it is.
    name: str = Field(min_length=2, max_length=40)
    category: SiteCategory
    town: str
    owner: str
    longitude: float = Field(ge=117.7, le=118.2)
    latitude: float = Field(ge=36.3, le=36.75)
    address: str
    capacity: int = Field(ge=1, le=500)
    opening: Opening
    intro: str = Field(max_length=300)
    services: tuple[SiteService, ...] = Field(min_length=1)
    features: tuple[str, ...]
    fee: int = Field(0, ge=0, le=LARGEST_FEE)
    fee_from_dues: bool | None = None
    guides: tuple[GuideEntry, ...] = ()
    parking: int | None = Field(None, ge=0, le=9999)
    access: bool | None = None
    contact: str = Field(max_length=60)
    is_training_base: bool = False
    needs_approval: bool = False
    is_demo: bool = True

    @model_validator(mode="after")
    def _says_who_may_pay(self) -> "SiteEntry":
        if self.fee and self.fee_from_dues is None:
            raise ValueError("a fee says whether dues may pay it")
        return self


async def seed(ctx: Context) -> int:
    """Load `content/sites`; what is there is brought up to date, except status and poster.

    Sites that are kept by hand are left alone. Returns how many sites are new. Three statements, whatever
    the number of sites.
    """
    entries = read_content()
    owners = await Organization.filter(code__in={entry.owner for entry in entries})
    owner_ids = {organization.code: organization.id for organization in owners}
    sites = [_site(entry, owner_ids.get(entry.owner)) for entry in entries]
    known = {site.id: site for site in await Site.all().only("id", "kept_by_hand")}
    sites = [site for site in sites if site.id not in known or not known[site.id].kept_by_hand]
    new = [site.id for site in sites if site.id not in known]
    async with in_transaction():
        await Site.bulk_create(sites, on_conflict=["id"], update_fields=Site._meta.db_fields - KEPT)
        for site_id in new:
            await audit.record(ctx, "site.created", f"site:{site_id}")
    return len(new)


def read_content(folder: Path = CONTENT) -> list[SiteEntry]:
    """Every site of `content/sites`, checked."""
    files = sorted(folder.glob("*.yaml"))
    rows = [row for file in files for row in yaml.safe_load(file.read_text(encoding="utf-8"))]
    return TypeAdapter(list[SiteEntry]).validate_python(rows)


async def list_sites(
    ctx: Context,
    *,
    category: SiteCategory | None = None,
    q: str = "",
    near: Point | None = None,
    training_base: bool | None = None,
    limit: int = LARGEST_MAP,
) -> list[SiteSummary]:
    """Sites in whose words every word of `q` stands, as written, as pinyin or as its initials.

    The nearest first when a position is given, else by id. Searched in memory (handlers/site_index); one
    query, and two more where a site changed.
    """
    wanted: dict[str, Any] = {
        "words": folded(q).split(), "category": category, "training_base": training_base, "near": near
    }  # fmt: skip
    ids, shown = await _found(ctx, wanted, limit)
    if len(shown) < len(ids) == limit:  # Some aren't open at all; others may be shown in their place.
        _, shown = await _found(ctx, wanted, None)
    return [_summary(site, near) for site in shown[:limit]]


async def _found(ctx: Context, wanted: dict[str, Any], limit: int | None) -> tuple[list[str], list[Site]]:
    """The ids of what is wanted, and those sites that are shown; looked for again if the index was old."""
    index = ctx.site_index
    while True:
        ids = index.search(**wanted, limit=limit)
        changes, shown = await statements.sites(ids, statuses=SHOWN)
        if changes == index.changes:
            return ids, shown
        await index.refresh(changes)


async def get_site(ctx: Context, *, site_id: str) -> Site:
    """One site, its contact left out: that is for branches with a confirmed visit. One query."""
    site = await Site.get_or_none(id=site_id)
    if site is None or site.status is SiteStatus.PLANNED:
        raise NotFound
    return _without_contact(site)


async def list_slots(ctx: Context, *, site_id: str, since: date, until: date) -> list[Slot]:
    """The slots of these days that have not ended, by time, with their site; `Slot.free` says what is left.

    Two queries.
    """
    if until < since:
        raise BadInput(to="结束日期不能早于开始日期")
    if until - since > LONGEST_LISTING:
        raise BadInput(to=f"一次最多查 {LONGEST_LISTING.days} 天")
    await get_site(ctx, site_id=site_id)
    zone = ctx.settings.zone
    begin, end = midnight(since, zone), midnight(until + timedelta(days=1), zone)
    slots = Slot.filter(site_id=site_id, starts_at__gte=begin, starts_at__lt=end, ends_at__gt=ctx.now())
    return await slots.order_by("starts_at").select_related("site")


async def make_slots(ctx: Context, *, until: date | None = None, site_id: str | None = None) -> int:
    """Make the slots that the opening rules of open sites promise, from now to the end of `until`.

    Without `until`, for the next 30 days; with `site_id`, for that site only. What is there already is
    left alone, also where the rules have changed since: a new slot never overlaps an old one. May run
    twice at once; the unique constraint settles it. Returns how many were missing. Two queries, and one
    insert per 500 slots.
    """
    last = until or ctx.now().date() + timedelta(days=BOOKABLE_DAYS)
    there: dict[str, list[tuple[datetime, datetime]]] = {}
    only = {"id": site_id} if site_id is not None else {}
    ahead = Slot.filter(ends_at__gt=ctx.now(), **{f"site_{name}": id_ for name, id_ in only.items()})
    for slot in await ahead.only("id", "site_id", "starts_at", "ends_at"):
        there.setdefault(slot.site_id, []).append((slot.starts_at, slot.ends_at))
    missing = [
        Slot(site_id=site.id, starts_at=starts_at, ends_at=ends_at, capacity=site.capacity)
        for site in await Site.filter(status=SiteStatus.OPEN, **only)
        for starts_at, ends_at in promised(ctx, site, last)
        if not _overlaps(starts_at, ends_at, there.get(site.id, ()))
    ]
    await Slot.bulk_create(missing, batch_size=BATCH, ignore_conflicts=True)
    return len(missing)


async def create_posters(ctx: Context) -> int:
    """Ask WeChat for the permanent QR of every site that lacks one or has an old one; how many were made.

    No transaction is open during a call. A run that breaks off is finished by the next one.
    """
    return sum(
        [await renew_poster(ctx, site=site) for site in await Site.filter(status__in=SHOWN).order_by("id")]
    )


async def renew_poster(ctx: Context, *, site: Site) -> bool:
    """Give a site the QR of the key version that signs now; whether it needed one.

    What hangs on a wall already is not touched: it is read until its own key version is retired.
    """
    scene = poster_scene(ctx, site_id=site.id)
    if site.poster_url and site.poster_scene == scene:
        return False
    url = await ctx.wechat.create_poster_code(scene)
    async with in_transaction():
        as_read = Site.filter(id=site.id, poster_url=site.poster_url, poster_scene=site.poster_scene)
        made = bool(await as_read.update(poster_url=url, poster_scene=scene))
        if made:
            version = ctx.settings.code_version
            await audit.record(ctx, "site.poster_created", f"site:{site.id}", version=version)
    site.poster_url, site.poster_scene = url, scene
    return made


def poster_scene(ctx: Context, *, site_id: str) -> str:
    """The scene of a site's poster: what a SCAN event, or the mini program's launch, brings back."""
    secret = ctx.settings.secret_key.get_secret_value()
    return codes.poster(secret, site_id=site_id, version=ctx.settings.code_version)


def position(site: Site) -> Point:
    """Where a site is."""
    return Point(site.longitude, site.latitude)


def _site(entry: SiteEntry, owner_id: int | None) -> Site:
    values = entry.model_dump(mode="json", exclude={"owner"})
    return Site(**values, owner_id=owner_id)


def _summary(site: Site, near: Point | None) -> SiteSummary:
    away = None if near is None else round(distance(near, position(site)))
    return SiteSummary(_without_contact(site), away)


def _without_contact(site: Site) -> Site:
    site.contact = ""
    return site


def promised(ctx: Context, site: Site, last: date) -> list[tuple[datetime, datetime]]:
    """Start and end of the slots that a site's rules promise, from now to the end of `last`."""
    opening = Opening.model_validate(site.opening or {"hours": []})
    today = ctx.now().date()
    days = (today + timedelta(days=number) for number in range((last - today).days + 1))
    slots = (slot for day in days for slot in opening.slots(day, ctx.settings.zone))
    return [slot for slot in slots if slot[0] > ctx.now()]


def _overlaps(starts_at: datetime, ends_at: datetime, there: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(starts_at < end and start < ends_at for start, end in there)
