"""The party map in a browser: sites by kind or by nearness, and what a visitor has to know of each.

Public, without a login and without a script. Nothing is loaded from elsewhere: the way there is a link to a
map, for who taps it. A position is never asked for; it comes along where somebody sent theirs in the chat.
"""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from urllib.parse import quote, urlencode

from aiohttp import web

from handlers import lead_times, positions, site_facts, sites
from handlers.context import Caller, Context
from handlers.errors import NotFound
from handlers.openings import Opening, in_words
from handlers.positions import Point
from handlers.showcase_list import at_site as examples_at
from handlers.sites import SiteSummary
from models import Site, SiteCategory, SiteStatus, Slot
from pages.examples import at_site
from pages.layout import CONTEXT, not_found, page, paragraphs
from pages.place_images import figures

CATEGORIES = {
    SiteCategory.RURAL: "农村党建",
    SiteCategory.URBAN: "城市党建",
    SiteCategory.NEW: "“两新”党建",
    SiteCategory.MIX: "党建综合",
}
LOOKS_AHEAD = timedelta(days=14)
FREE_SHOWN = 8
LONGEST_WORDS = 40
WEEKDAYS = "一二三四五六日"
FULL = "<p>两周内没有空着的时段，可以在小程序里排候补，或者换一个阵地。</p>"
HOW_TO_BOOK = (
    "<h2>怎样预约</h2><ol><li>请党支部书记或组织委员打开小程序“支部通”，进入“阵地地图”。</li>"
    "<li>选阵地、选时段，填人数和活动主题，提交就行。没有名额时可以排候补。</li>"
    "<li>约好后，在公众号发“我的预约”可以查看、改人数或取消。</li></ol>"
    "<p>到场后用微信扫门口的二维码签到；扫不了的，请阵地管理员登记。</p>"
)


async def index(request: web.Request) -> web.Response:
    """All sites: by kind, or the nearest first where a position comes along."""
    ctx, near = _nobody(request), _near(request)
    words, category = _words(request), _category(request)
    found = await sites.list_sites(ctx, q=words, category=category, near=near)
    body = (
        f'<main><h1>党建地图</h1>{_search(words, near)}<p class="kinds">{_kinds(category, near)}</p>'
        f"{_grouped(found) if near is None else _listed(found)}"
        "<footer>想按远近排：在公众号里点输入框旁的“＋”，发一下“位置”。不发也不影响使用。</footer></main>"
    )
    return page("党建地图", body, forms=True)


async def show(request: web.Request) -> web.Response:
    """One site."""
    ctx = _nobody(request)
    try:
        site = await sites.get_site(ctx, site_id=request.match_info["site_id"].upper())
    except NotFound:
        return not_found("没有这个阵地，请回到“党建地图”里找。")
    slots: Sequence[Slot] = ()
    if site.status is SiteStatus.OPEN:
        today = ctx.now().date()
        slots = await sites.list_slots(ctx, site_id=site.id, since=today, until=today + LOOKS_AHEAD)
    examples = at_site(await examples_at(ctx, site_id=site.id))
    return page(site.name, _site(ctx, site, slots, examples))


def _site(ctx: Context, site: Site, slots: Sequence[Slot], examples: str) -> str:
    opening = Opening.model_validate(site.opening or {"hours": []})
    facts = (
        ("地址", site.address or site.town),
        ("开放时间", "；".join(in_words(opening, ctx.now().date()))),
        ("一次最多", f"{site.capacity} 人"),
        ("可承担的活动", site_facts.services(site.services)),
        ("收费", site_facts.fee(site)),
        ("功能", "、".join(site.features)),
        ("讲解", site_facts.guides(site)),
        ("停车", site_facts.parking(site)),
        ("无障碍", site_facts.access(site)),
        ("设施", "、".join(site.facilities)),
        ("注意事项", site.notes),
    )
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in facts if text)
    shown = figures(site.images, site.name)
    closed = "" if site.status is SiteStatus.OPEN else '<p class="alert">暂停开放，目前不能预约。</p>'
    return (
        f'<main><p class="strand"><a href="/map">党建地图</a>　{escape(site.town)}</p>'
        f"<h1>{escape(site.name)}</h1>{closed}<p>{_badges(site)}</p>{shown}{paragraphs(site.intro)}{examples}"
        f'<dl class="facts">{rows}</dl>{_way(ctx, site)}{_free(ctx, site, slots)}{HOW_TO_BOOK}</main>'
    )


def _free(ctx: Context, site: Site, slots: Sequence[Slot]) -> str:
    """The next slots with places left."""
    if site.status is not SiteStatus.OPEN:
        return ""
    ahead = [slot for slot in slots if slot.starts_at > ctx.now() and not lead_times.is_too_near(ctx, slot)]
    open_ = [slot for slot in ahead if slot.free > 0]
    items = "".join(
        f"<li><span>{moment(ctx, slot)}</span><span>还有 {slot.free} 个名额</span></li>"
        for slot in open_[:FREE_SHOWN]
    )
    listed = f'<ul class="plain">{items}</ul>' if items else FULL
    if len(open_) > FREE_SHOWN:
        listed += f'<p class="soft">两周内还有 {len(open_) - FREE_SHOWN} 个时段可约。</p>'
    sure = "<p>提交后由阵地管理员确认。</p>" if site.needs_approval else ""
    return f"<h2>最近可约的时段</h2>{listed}{sure}"


def _way(ctx: Context, site: Site) -> str:
    """A link to a map, for who taps it. A demo site stands nowhere, so nobody is led there."""
    if site.is_demo:
        return '<p class="soft">这是演示阵地，位置是虚构的，不能导航。</p>'
    if not ctx.settings.navigation_url:
        return ""
    where = {"lat": f"{site.latitude:.6f}", "lng": f"{site.longitude:.6f}"}
    text = {"name": quote(site.name, safe=""), "address": quote(site.address or site.town, safe="")}
    link = ctx.settings.navigation_url.format(**where, **text)
    return f'<p><a class="button" rel="noreferrer" href="{escape(link)}">导航到这里</a></p>'


def _badges(site: Site) -> str:
    words = [CATEGORIES[site.category]]
    words += ["实训基地"] if site.is_training_base else []
    words += ["演示"] if site.is_demo else []
    return " ".join(f'<span class="badge">{word}</span>' for word in words)


def _grouped(found: Sequence[SiteSummary]) -> str:
    groups = [
        (name, [one for one in found if one.site.category is category])
        for category, name in CATEGORIES.items()
    ]
    listed = "".join(f"<h2>{name}（{len(group)}）</h2>{_items(group)}" for name, group in groups if group)
    return listed or "<p>没有找到，请换个词试试。</p>"


def _listed(found: Sequence[SiteSummary]) -> str:
    return f"<h2>由近到远</h2>{_items(found)}" if found else "<p>没有找到，请换个词试试。</p>"


def _items(group: Sequence[SiteSummary]) -> str:
    items = "".join(
        f'<li><a class="tap" href="/map/{one.site.id}">{escape(one.site.name)}</a>'
        f'<span class="soft">{escape(one.site.town)}{away(one.distance_m)}'
        f"{'' if one.site.status is SiteStatus.OPEN else '　暂停开放'}</span></li>"
        for one in group
    )
    return f'<ul class="plain">{items}</ul>'


def away(metres: int | None) -> str:
    """A distance as people say it; empty when it isn't known."""
    if metres is None:
        return ""
    return f"　约 {positions.in_words(metres)}"


def _place(near: Point | None) -> dict[str, str]:
    """A position that came along, for the links that lead on."""
    return {} if near is None else {"lat": f"{near.latitude:.3f}", "lng": f"{near.longitude:.3f}"}


def _search(words: str, near: Point | None) -> str:
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{value}">' for name, value in _place(near).items()
    )
    return (
        '<form method="get" action="/map"><p><label for="q">找阵地：名称、镇街、活动，或拼音首字母</label>'
        f'<input id="q" name="q" type="search" maxlength="{LONGEST_WORDS}" value="{escape(words)}"></p>'
        f"{kept}<button>查找</button></form>"
    )


def _kinds(chosen: SiteCategory | None, near: Point | None) -> str:
    every: list[tuple[str, SiteCategory | None]] = [("全部", None)]
    every += [(name, category) for category, name in CATEGORIES.items()]
    links = []
    for name, category in every:
        asked = ({"category": category.value} if category else {}) | _place(near)
        links.append((name, f"/map?{escape(urlencode(asked))}" if asked else "/map", category is chosen))
    return "".join(
        f'<a href="{href}"{" aria-current=page" if here else ""}>{name}</a>' for name, href, here in links
    )


def moment(ctx: Context, slot: Slot) -> str:
    """A slot as people say it."""
    begins, ends = slot.starts_at.astimezone(ctx.settings.zone), slot.ends_at.astimezone(ctx.settings.zone)
    return f"{begins.month}月{begins.day}日（周{WEEKDAYS[begins.weekday()]}）{begins:%H:%M}–{ends:%H:%M}"


def _nobody(request: web.Request) -> Context:
    return request.app[CONTEXT].on_behalf_of(Caller())


def _words(request: web.Request) -> str:
    return "".join(char for char in request.query.get("q", "") if char.isprintable())[:LONGEST_WORDS]


def _category(request: web.Request) -> SiteCategory | None:
    given = request.query.get("category", "")
    return SiteCategory(given) if given in set(SiteCategory) else None


def _near(request: web.Request) -> Point | None:
    try:
        here = Point(float(request.query["lng"]), float(request.query["lat"]))
    except (KeyError, ValueError):
        return None
    on_earth = abs(here.longitude) <= 180 and abs(here.latitude) <= 90  # Neither does any NaN pass.
    return here if on_earth else None
