"""The frame around every page: no script unless a page asks for one, nothing from elsewhere."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from aiohttp import web
from multidict import MultiDict, MultiMapping

from handlers.context import Context

CONTEXT = web.AppKey("CONTEXT", Context)
FILES = Path(__file__).parent
COMPLAIN = '<p class="complain"><a href="/complaints">意见建议</a></p>'
"""One tap from every page."""
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def page(
    title: str,
    body: str,
    *,
    scripts: Sequence[str] = (),
    style: str = "",
    status: int = 200,
    forms: bool = False,
) -> web.Response:
    """A page; `body` is HTML already, `title` is text; `style` is a sheet beside the common one.

    `forms` lets its forms be sent, to us alone; what they lead to is kept by no browser.
    """
    styled = f'<link rel="stylesheet" href="{style}">' if style else ""
    scripted = "".join(f'<script src="{script}" defer></script>' for script in scripts)
    html = (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title>"
        f'<link rel="stylesheet" href="/pages/page.css">{styled}{scripted}</head>\n'
        f"<body>{body}{COMPLAIN}</body></html>\n"
    )
    headers = SECURITY | {"Cache-Control": "no-cache"}
    if forms:
        policy = SECURITY["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'")
        headers |= {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return web.Response(status=status, text=html, content_type="text/html", headers=headers)


def not_found(sentence: str) -> web.Response:
    """A page for what isn't there."""
    return page("没有找到", f"<main><h1>没有找到</h1><p>{escape(sentence)}</p></main>", status=404)


def paragraphs(text: str) -> str:
    """Plain text as HTML: a paragraph per line."""
    return "".join(f"<p>{escape(line)}</p>" for line in map(str.strip, text.splitlines()) if line)


async def posted(request: web.Request) -> MultiMapping[Any]:
    """What a form sent; nothing where it can't be read."""
    try:
        return await request.post()
    except (ValueError, LookupError):
        return MultiDict()


def whole(text: object) -> int:
    """A whole number of a form, else 0."""
    is_number = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10
    return int(str(text)) if is_number else 0


async def style(_: web.Request) -> web.Response:
    """The one style sheet."""
    return file("page.css", "text/css")


def code_drawn(svg: bytes) -> web.Response:
    """A QR code as a picture; it holds for a while only, so nobody keeps it."""
    headers = SECURITY | {"Cache-Control": "no-store"}
    return web.Response(body=svg, content_type="image/svg+xml", headers=headers)


def file(name: str, media: str, *, lasts: int = 300) -> web.Response:
    """A file of this room, kept by browsers for so many seconds."""
    text = (FILES / name).read_text(encoding="utf-8")
    headers = SECURITY | {"Cache-Control": f"max-age={lasts}"}
    return web.Response(text=text, content_type=media, charset="utf-8", headers=headers)
