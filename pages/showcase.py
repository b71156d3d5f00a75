"""样板 for everybody: the list by level and kind; what to learn from each, how to get there, what teaches it.

Public, without a login and without a script. Pictures come from where their addresses point, and from nowhere
else; a place without any has a drawing of its kind. No place stands before another.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from handlers import showcase_list
from handlers.context import Caller, Context
from handlers.errors import NotFound
from handlers.place_images import OURS
from handlers.showcase import LEVEL_WORDS
from handlers.showcase_list import Example
from models import Showcase, ShowcaseKind, ShowcaseLevel, SiteCategory
from pages.examples import HOME, link
from pages.layout import CONTEXT, file, not_found, page, paragraphs
from pages.map import CATEGORIES

STYLE = "/pages/showcase.css"
KIND_WORDS = {ShowcaseKind.SITE: "示范点", ShowcaseKind.BRAND: "品牌"}
HOST = re.compile(r"^[A-Za-z0-9.-]{1,120}(?::[0-9]{1,5})?$")
A_DAY = 86400
"""Seconds a drawing is kept: there are many on a page, and networks are poor."""
FOOT = "<footer>这里只看做法，不分高低。到期前都要再去看一遍，看过还好用才继续列入。</footer>"


async def index(request: web.Request) -> web.Response:
    """The list; `?level=`, `?kind=` and `?category=` narrow it."""
    chosen = _chosen(request)
    rows = await showcase_list.list_showcase(
        nobody(request),
        level=ShowcaseLevel(chosen["level"]) if "level" in chosen else None,
        kind=ShowcaseKind(chosen["kind"]) if "kind" in chosen else None,
        category=SiteCategory(chosen["category"]) if "category" in chosen else None,
    )
    groups = showcase_list.grouped(rows)
    listed = "".join(f"<h2>{said}（{len(group)}）</h2>{_cards(group)}" for said, group in groups)
    empty = "<p>这一类现在还没有，请看看别的。</p>"
    body = (
        "<main><h1>一批样板</h1><p>示范点可以去看、去学，有阵地的可以预约参观；"
        f"每一处都写了能学什么、哪一课讲它。</p>{_narrow(chosen)}{listed or empty}{FOOT}</main>"
    )
    return with_pictures(page("一批样板", body, style=STYLE), rows)


async def show(request: web.Request) -> web.Response:
    """One example."""
    ctx = nobody(request)
    number = int(request.match_info["showcase_id"])
    try:
        found = await showcase_list.get_example(ctx, showcase_id=number)
    except NotFound:
        return not_found("没有这个样板，或者已经撤出，请回到“一批样板”里找。")
    return with_pictures(page(found.row.name, body(ctx, found), style=STYLE), [found.row, *found.shown_at])


def body(ctx: Context, found: Example) -> str:
    """One example as HTML."""
    row = found.row
    over = ""
    if found.is_over(ctx.now().date()):
        over = '<p class="alert">有效期已过，正在安排复核，暂时不作为样板，内容仅供参考。</p>'
    learn = "".join(f"<li>{escape(line)}</li>" for line in row.learn)
    facts = {
        "在哪里": row.organization.name,
        "体现的品牌": link(row.brand) if row.brand is not None else "",
        "有效期至": f"{row.valid_until.year}年{row.valid_until.month}月{row.valid_until.day}日"
        if row.valid_until
        else "",
    }
    known = "".join(
        f"<dt>{name}</dt><dd>{value if value.startswith('<a') else escape(value)}</dd>"
        for name, value in facts.items()
        if value
    )
    return (
        f'<main class="example"><p class="strand"><a href="{HOME}">一批样板</a></p>'
        f"<h1>{escape(row.name)}</h1>{over}<p>{badges(row)}</p>{_pictures(row)}{paragraphs(row.summary)}"
        f'<h2>能学什么</h2><ul class="learn">{learn}</ul>{_lesson(found)}{_way(row)}'
        f'<dl class="facts">{known}</dl>{_shown_at(found)}{FOOT}</main>'
    )


def badges(row: Showcase) -> str:
    """Level and kind, category, and whether it is invented."""
    words = [f"{LEVEL_WORDS[row.level]}{KIND_WORDS[row.kind]}", CATEGORIES[row.category]]
    words += ["演示"] if row.is_demo else []
    return " ".join(f'<span class="badge">{word}</span>' for word in words)


def picture(row: Showcase) -> str:
    """The first picture's address, else that of a drawing of its kind."""
    own = next((image for image in row.images if _shows(image)), "")
    return own or drawing(row)


def drawing(row: Showcase) -> str:
    """A drawing of ours."""
    name = "brand" if row.kind is ShowcaseKind.BRAND else row.category.value.lower()
    return f"/pages/showcase/{name}.svg"


def with_pictures(response: web.Response, rows: Iterable[Showcase]) -> web.Response:
    """Let a page load the pictures of these, from their own hosts and no others."""
    hosts = sorted({host for row in rows for image in row.images if (host := _host(image))})
    if hosts:
        policy = response.headers["Content-Security-Policy"]
        allowed = " ".join(f"https://{host}" for host in hosts)
        response.headers["Content-Security-Policy"] = policy.replace(
            "img-src 'self'", f"img-src 'self' {allowed}"
        )
    return response


def nobody(request: web.Request) -> Context:
    """On behalf of nobody in particular."""
    return request.app[CONTEXT].on_behalf_of(Caller())


async def style(_: web.Request) -> web.Response:
    """The sheet of these pages."""
    return file("showcase.css", "text/css", lasts=A_DAY)


async def drawn(request: web.Request) -> web.Response:
    """A drawing."""
    return file(f"showcase-{request.match_info['name']}.svg", "image/svg+xml", lasts=A_DAY)


def _host(address: str) -> str:
    """The host of a picture's address; empty where it is none that we load from."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.netloc if parts.scheme == "https" and HOST.match(parts.netloc) else ""


def _shows(image: str) -> bool:
    """Whether a page loads a picture: one of ours, or from a host that it names."""
    return bool(OURS.fullmatch(image) or _host(image))


def _chosen(request: web.Request) -> dict[str, str]:
    asked = {name: request.query.get(name, "") for name in ("level", "kind", "category")}
    known: Mapping[str, Iterable[str]] = {
        "level": list(ShowcaseLevel),
        "kind": list(ShowcaseKind),
        "category": list(SiteCategory),
    }
    return {name: value for name, value in asked.items() if value in known[name]}


def _narrow(chosen: Mapping[str, str]) -> str:
    every: list[tuple[str, dict[str, str]]] = [("全部", {})]
    every += [
        (said, {"kind": kind} | ({"level": level} if level else {}))
        for said, kind, level in showcase_list.GROUPS
    ]
    every += [(said, {"category": category}) for category, said in CATEGORIES.items()]
    links = "".join(
        f'<a href="{HOME}{f"?{escape(urlencode(asked))}" if asked else ""}"'
        f"{' aria-current=page' if asked == chosen else ''}>{said}</a>"
        for said, asked in every
    )
    return f'<p class="kinds">{links}</p>'


def _cards(rows: Sequence[Showcase]) -> str:
    items = "".join(
        f'<li><a href="{HOME}/{row.id}"><img src="{escape(picture(row))}" alt="" loading="lazy" width="88" '
        f'height="66"><span><strong>{escape(row.name)}</strong>'
        f'<span class="soft">{escape(_where(row))}</span></span></a></li>'
        for row in rows
    )
    return f'<ul class="examples">{items}</ul>'


def _where(row: Showcase) -> str:
    if row.kind is ShowcaseKind.BRAND:
        return row.summary
    place = row.site.town if row.site is not None else row.organization.town or row.organization.name
    return f"{place}　能预约参观" if row.site_id else place


def _pictures(row: Showcase) -> str:
    shown = [image for image in row.images if _shows(image)] or [drawing(row)]
    return "".join(
        f'<img class="view" src="{escape(image)}" alt="{escape(row.name)}，第{at}张" loading="lazy">'
        for at, image in enumerate(shown, start=1)
    )


def _lesson(found: Example) -> str:
    if found.lesson is None:
        return ""
    title = escape(found.lesson.title)
    return f'<p>周五 1 小时里有一课专门讲它：<a href="/lessons/{found.lesson.id}">{title}</a></p>'


def _way(row: Showcase) -> str:
    if row.site_id is None and row.kind is ShowcaseKind.BRAND:
        return ""  # It is seen where it is shown.
    if row.site_id is None:
        return "<h2>怎样去看</h2><p>这里不在党建地图上，想去参观请先和当地党组织联系。</p>"
    return (
        "<h2>怎样去看</h2><p>这里是开放的阵地，支部可以像平常一样点单预约。</p>"
        f'<p><a class="button" href="/map/{row.site_id}">看路线和空位，预约参观</a></p>'
    )


def _shown_at(found: Example) -> str:
    if not found.shown_at:
        return ""
    return f"<h2>哪里看得到（{len(found.shown_at)}）</h2>{_cards(found.shown_at)}"
