"""The posters that hang at the sites: one page each, as a PDF to be printed."""

import asyncio
import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handlers import access, fonts, qr_codes, sites
from handlers.accounts import require_person
from handlers.context import SYSTEM, Context
from handlers.errors import NotAllowed, NotFound
from handlers.gateways.errors import Stopped
from handlers.typesetting import typeset
from handlers.visit_statistics import CATEGORY_WORDS
from models import Site, SiteCategory

TEMPLATE = Path(__file__).with_suffix(".typ")
MINI_PROGRAM_PAGE = "pages/check-in"
NO_SUCH_PAGE = 41030
"""WeChat's answer while the mini program has not been released, or its release lacks the page."""
KEPT_FOR = 24 * 3600
"""Seconds a mini-program code is kept: it never changes, but a page may go away."""
COLOURS = {
    SiteCategory.RURAL: "#45691a",
    SiteCategory.URBAN: "#23598f",
    SiteCategory.NEW: "#6c4090",
    SiteCategory.MIX: "#a3281f",
}
"""Beside the category's word, never in its place."""


async def draw(ctx: Context, *, site_id: str) -> bytes:
    """One site's poster, for its keeper and the officers above, and for the command line.

    Raises:
        NotAllowed, NotBound: the site isn't the caller's.
        NotFound: there is no such site on the map.
        NoFont: the machine can't print Chinese.
        WeChatError: a code could not be had.
    """
    covered = await _covered(ctx)
    if covered is not None and site_id not in covered:
        raise NotAllowed
    site = await Site.get_or_none(id=site_id, status__in=sites.SHOWN)
    if site is None:
        raise NotFound
    return await _print(ctx, [site])


async def draw_all(ctx: Context) -> bytes:
    """The posters of all sites that the caller covers, a page each.

    Raises:
        NotAllowed, NotBound, NotFound, NoFont, WeChatError: see `draw`.
    """
    covered = await _covered(ctx)
    wanted = Site.filter(status__in=sites.SHOWN)
    found = await (wanted if covered is None else wanted.filter(id__in=covered)).order_by("id")
    if not found:
        raise NotFound
    return await _print(ctx, found)


async def _covered(ctx: Context) -> frozenset[str] | None:
    """The sites whose posters the caller may have; None = all (command line)."""
    if ctx.caller is SYSTEM:
        return None
    await require_person(ctx)
    covered = (await access.reach(ctx)).site_ids
    if not covered:
        raise NotAllowed
    return covered


async def _print(ctx: Context, found: Sequence[Site]) -> bytes:
    font = await asyncio.to_thread(fonts.chinese)
    pages, files = [], {}
    for site in found:
        await sites.renew_poster(ctx, site=site)
        picture = await _mini_program_code(ctx, site.poster_scene)
        pages.append(_page(site, has_mini_program=bool(picture)))
        files[f"{site.id}-account"] = await qr_codes.svg(site.poster_url, margin=0)
        if picture:
            files[f"{site.id}-mini"] = framed(picture)
    said = {"font": font, "complaints": f"{ctx.settings.public_url}/complaints", "posters": pages}
    files["posters.json"] = json.dumps(said, ensure_ascii=False).encode()
    return await asyncio.to_thread(compose, files)


def _page(site: Site, *, has_mini_program: bool) -> dict[str, Any]:
    return {
        "id": site.id,
        "name": site.name.removesuffix("（演示）"),
        "is_demo": site.is_demo,
        "category": CATEGORY_WORDS[site.category],
        "colour": COLOURS[site.category],
        "town": site.town,
        "has_mini_program": has_mini_program,
    }


async def _mini_program_code(ctx: Context, scene: str) -> bytes:
    """The mini program's code of a scene; empty where there is no mini program to open."""
    if not ctx.settings.mp_app_id:
        return b""
    key = f"zbt:mini-program-code:{ctx.settings.mp_app_id}:{scene}"
    if isinstance(kept := await ctx.redis.get(key), bytes):
        return kept
    try:
        picture = await ctx.wechat.create_mini_program_code(scene, MINI_PROGRAM_PAGE)
    except Stopped as stopped:
        if stopped.code == NO_SUCH_PAGE:
            return b""
        raise
    await ctx.redis.set(key, picture, ex=KEPT_FOR)
    return picture


def framed(picture: bytes) -> bytes:
    """A PNG or JPEG inside an SVG: the typesetter takes text only. Pure."""
    media = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    inside = f"data:image/{media};base64,{base64.b64encode(picture).decode()}"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">'
        f'<image href="{inside}" width="1" height="1"/></svg>'
    ).encode()


def compose(files: dict[str, bytes]) -> bytes:
    """Lay the pages out. Pure but for the machine's fonts, and slow: call it off the event loop."""
    return typeset({"main": TEMPLATE.read_bytes()} | files)
