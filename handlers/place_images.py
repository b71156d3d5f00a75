"""Pictures of sites and examples: put there and taken away by who keeps the place, seen by everybody.

They are drawn anew and made small before they are kept, in the database, so that every process has them and
a backup holds them. Places only: nobody is asked for a picture, and the page asks for none of people.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tortoise.transactions import in_transaction

from handlers import audit, images, kept_sites, showcase
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from handlers.locks import hold
from handlers.showcase_wishes import MOST_IMAGES
from models import PlaceImage, Showcase, Site

MOST_OF_SITE = 9
LONGEST_SIDE = 1280
"""Pixels: it fills a phone, and a page of them loads on a poor network."""
OURS = re.compile(r"/images/([0-9a-f]{32})\.jpg")
CHANGES = frozenset({"edit", "correct"})
"""Whoever may change what people read of an example may change its pictures."""
CHANGEABLE = frozenset(status for act in CHANGES for status in showcase.ACTS[act][0])
UNNAMED_AFTER = timedelta(hours=24)
"""So old a picture that no place names is nobody's any more."""
LOCK = "place images"


async def add_to_site(ctx: Context, *, site_id: str, content: bytes) -> str:
    """Put a picture to a site; its address. The same picture twice is one.

    Raises:
        NotBound, NotAllowed, NotFound, BadInput.
    """
    site = await kept_sites.get(ctx, site_id)
    return await _add(ctx, site, content, most=MOST_OF_SITE, also=BY_HAND)


async def add_to_showcase(ctx: Context, *, showcase_id: int, content: bytes) -> str:
    """Put a picture to an example; its address. The same picture twice is one.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    return await _add(
        ctx, await get_example(ctx, showcase_id=showcase_id), content, most=MOST_IMAGES, also={}
    )


async def remove_from_site(ctx: Context, *, site_id: str, address: str) -> None:
    """Take a picture away from a site. Twice is once.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    await _remove(ctx, await kept_sites.get(ctx, site_id), address, also=BY_HAND)


async def remove_from_showcase(ctx: Context, *, showcase_id: int, address: str) -> None:
    """Take a picture away from an example. Twice is once.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState.
    """
    await _remove(ctx, await get_example(ctx, showcase_id=showcase_id), address, also={})


async def read(*, name: str) -> bytes:
    """A picture, for everybody.

    Raises:
        NotFound.
    """
    row = await PlaceImage.get_or_none(name=name)
    if row is None:
        raise NotFound
    return bytes(row.content)


def made(ctx: Context, content: bytes) -> PlaceImage:
    """A picture as it is kept, named by its content."""
    name = hashlib.sha256(content).hexdigest()[:32]
    return PlaceImage(name=name, content=content, size=len(content), by=ctx.caller.person, at=ctx.now())


def address_of(row: PlaceImage) -> str:
    """Where everybody sees it; `OURS` knows it again."""
    return named(row.name)


def named(name: str) -> str:
    """Where everybody sees the picture of this name."""
    return f"/images/{name}.jpg"


async def may_change(ctx: Context, row: Showcase) -> bool:
    """Whether the caller may put pictures to an example now."""
    return bool(CHANGES & set(await showcase.may(ctx, row)))


async def get_example(ctx: Context, *, showcase_id: int) -> Showcase:
    """An example whose pictures the caller may change now.

    Raises:
        NotBound, NotAllowed, NotFound.
        WrongState: it is being looked at or decided about.
    """
    row, _ = await showcase.get_showcase(ctx, showcase_id=showcase_id)
    if await may_change(ctx, row):
        return row
    raise NotAllowed if row.status in CHANGEABLE else WrongState


async def forget_unnamed(ctx: Context) -> int:
    """Take away the pictures that no place names any more, as after a list of addresses was replaced.

    Run by the clock; any number at once does no harm. Returns how many went.
    """
    async with in_transaction() as connection:
        await hold(connection, LOCK)
        in_use = {found[1] for address in await _named() if (found := OURS.fullmatch(address))}
        old = await PlaceImage.filter(at__lt=ctx.now() - UNNAMED_AFTER).values_list("name", flat=True)
        return await PlaceImage.filter(name__in=[name for name in old if name not in in_use]).delete()


BY_HAND: Mapping[str, Any] = {"kept_by_hand": True}
"""Whose pictures were chosen, that site's content no longer writes."""


async def _add(
    ctx: Context, place: Site | Showcase, content: bytes, *, most: int, also: Mapping[str, Any]
) -> str:
    kept = await asyncio.to_thread(images.clean, content, longest=LONGEST_SIDE)
    row = made(ctx, kept)
    address = address_of(row)
    async with in_transaction() as connection:
        await hold(connection, LOCK)
        await place.refresh_from_db(fields=["images"])
        if address in place.images:
            return address
        if len(place.images) >= most:
            raise BadInput(content=f"图片最多 {most} 张，请先去掉一张")
        await PlaceImage.bulk_create([row], ignore_conflicts=True)
        await _name(place, [*place.images, address], also)
        await audit.record(ctx, "place.image_added", _subject(place), image=row.name)
    return address


async def _remove(ctx: Context, place: Site | Showcase, address: str, *, also: Mapping[str, Any]) -> None:
    async with in_transaction() as connection:
        await hold(connection, LOCK)
        await place.refresh_from_db(fields=["images"])
        if address not in place.images:
            return
        await _name(place, [one for one in place.images if one != address], also)
        ours = OURS.fullmatch(address)
        if ours and address not in await _named():
            await PlaceImage.filter(name=ours[1]).delete()
        await audit.record(ctx, "place.image_removed", _subject(place), image=ours[1] if ours else "")


async def _name(place: Site | Showcase, addresses: list[str], also: Mapping[str, Any]) -> None:
    await type(place).filter(id=place.id).update(images=addresses, **also)


async def _named() -> set[str]:
    """Every picture that a place names."""
    lists: list[Any] = [
        *(await Site.all().values_list("images", flat=True)),
        *(await Showcase.all().values_list("images", flat=True)),
    ]
    return {address for addresses in lists for address in addresses}


def _subject(place: Site | Showcase) -> str:
    return f"{'site' if isinstance(place, Site) else 'showcase'}:{place.id}"
