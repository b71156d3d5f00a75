"""What a visitor asks about a site before coming, in words: what for, what it costs, guides, cars, steps."""

from collections.abc import Iterable
from typing import Any

from models import Site, SiteService

SERVICES = {
    SiteService.THEME_DAY: "主题党日",
    SiteService.PARTY_LESSON: "党课",
    SiteService.LIFE_MEETING: "组织生活会",
    SiteService.TRAINING: "实训",
    SiteService.OATH: "重温誓词",
    SiteService.VOLUNTEERING: "志愿服务",
}
FREE = "免费"


def services(words: Iterable[str]) -> str:
    """What a site can be booked for."""
    return "、".join(SERVICES[SiteService(word)] for word in words)


def fee(site: Site) -> str:
    """What a visitor pays, and from what a branch may pay it."""
    if not site.fee:
        return FREE
    return f"每人 {yuan(site.fee)} 元，{'可以' if site.fee_from_dues else '不能'}用党费列支"


def yuan(fen: int) -> str:
    """An amount as people write it: 1500 is 15, 1550 is 15.50."""
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02}" if rest else str(whole)


def guides(site: Site) -> str:
    """Who shows visitors around, in which languages, and when."""
    return "；".join(map(_guide, site.guides))


def parking(site: Site) -> str:
    """Where a car stands; empty where nobody has said."""
    if site.parking is None:
        return ""
    return f"{site.parking} 个车位" if site.parking else "没有停车位"


def access(site: Site) -> str:
    """Whether one gets in without steps; empty where nobody has said."""
    if site.access is None:
        return ""
    return "轮椅可以进出" if site.access else "有台阶，轮椅进出不便，请提前告诉阵地"


def _guide(guide: dict[str, Any]) -> str:
    more = [*guide.get("languages", ()), guide.get("hours", "")]
    said = "，".join(word for word in more if word)
    return f"{guide['name']}（{said}）" if said else str(guide["name"])
