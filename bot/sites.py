"""Finding sites in the chat: the first ones in words, on a card that opens the map."""

from bot import texts
from bot.messages import Message
from bot.replies import Article, Reply
from handlers import site_facts, sites
from handlers.context import Context
from handlers.positions import Point, in_words
from handlers.sites import SiteSummary
from models import Site

SHOWN = 6


async def listed(message: Message, ctx: Context) -> Reply:
    """The first sites, with how to see those nearby."""
    said = shown(await sites.list_sites(ctx)) + "\n把您的位置发过来（输入框旁的“＋”→“位置”），就按远近排。"
    return Article(title="党建地图", description=said, url=texts.link(ctx, "/map"))


async def near(message: Message, ctx: Context) -> Reply:
    """A location message: sites by distance (taken as GCJ-02; the order hardly depends on it)."""
    try:
        here = Point(float(message.text("Location_Y")), float(message.text("Location_X")))
    except ValueError:
        return texts.ONLY_TEXT
    if not (abs(here.longitude) <= 180 and abs(here.latitude) <= 90):  # Neither does any NaN pass.
        return texts.ONLY_TEXT
    said = shown(await sites.list_sites(ctx, near=here))
    # Three places are a hundred metres: enough for an order, and no address of anybody.
    link = texts.link(ctx, f"/map?lat={here.latitude:.3f}&lng={here.longitude:.3f}")
    return Article(title="您附近的阵地", description=said, url=link)


def shown(found: list[SiteSummary]) -> str:
    """A short list, nearest first when distances are known."""
    lines = [
        f"· {one.site.name}（{one.site.town}{distance(one.distance_m)}{known_ahead(one.site)}）"
        for one in found[:SHOWN]
    ]
    return "\n".join(
        [
            "组织生活点：",
            *lines,
            f"共 {len(found)} 处，点开看地址、开放时间和空位。要预约，请打开小程序“阵地地图”。",
        ]
    )


def known_ahead(site: Site) -> str:
    """What somebody wants to know before setting out: a fee, and that a wheelchair gets in."""
    fee = f"，收费 {site_facts.yuan(site.fee)} 元" if site.fee else ""
    return fee + ("，无障碍" if site.access else "")


def distance(metres: int | None) -> str:
    """A distance as people say it; empty when it isn't known."""
    if metres is None:
        return ""
    return f"，约 {in_words(metres)}"
