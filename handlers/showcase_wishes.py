"""What is said of an example (样板): its name, what to learn from it, where it stands, what teaches it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from handlers import screenings
from handlers.context import Context
from handlers.errors import BadInput
from handlers.lesson_content import Strand
from handlers.lines import one_line
from models import Lesson, Showcase, ShowcaseKind, Site, SiteCategory

LONGEST_NAME, LONGEST_SUMMARY, LONGEST_LESSON = 40, 300, 80
MOST_LEARNT, MOST_IMAGES = 6, 6
NOT_FIT = "含有不宜公开的词，请修改"


@dataclass(frozen=True, slots=True)
class Wish:
    """What people will read, and what it leads to. `learn` says line by line what to take home."""

    name: str
    kind: ShowcaseKind
    category: SiteCategory
    summary: str
    learn: Sequence[str]
    site_id: str | None = None
    brand_id: int | None = None
    lesson_code: str = ""
    images: Sequence[str] | None = None


async def columns(ctx: Context, wish: Wish, *, of: Showcase | None = None) -> dict[str, Any]:
    """The wish as columns, checked; `of` is the entry it changes, whose pictures stay where none are named.

    Raises:
        BadInput.
    """
    name = one_line(wish.name, longest=LONGEST_NAME, field="name")
    summary = one_line(wish.summary, longest=LONGEST_SUMMARY, field="summary")
    given = [one for one in wish.learn if one.strip()]
    learn = [one_line(one, longest=LONGEST_LESSON, field="learn") for one in given]
    if not 1 <= len(learn) <= MOST_LEARNT:
        raise BadInput(learn=f"请写 1 到 {MOST_LEARNT} 条“能学什么”，一条一行")
    if len(wish.images or ()) > MOST_IMAGES:
        raise BadInput(images=f"图片最多 {MOST_IMAGES} 张")
    for where, text in (("name", name), ("summary", summary), ("learn", " ".join(learn))):
        if screenings.held_word(text):
            raise BadInput(**{where: NOT_FIT})
    await _leads_somewhere(wish, of)
    images = {"images": list(wish.images or ())} if of is None or wish.images is not None else {}
    return {
        "name": name, "live_key": name, "kind": wish.kind, "category": wish.category, "summary": summary,
        "learn": learn, "site_id": wish.site_id or None, "brand_id": wish.brand_id,
        "lesson_code": wish.lesson_code,
    } | images  # fmt: skip


async def _leads_somewhere(wish: Wish, of: Showcase | None) -> None:
    """Whether the site, the brand and the lesson are there.

    Raises:
        BadInput.
    """
    if wish.site_id and not await Site.exists(id=wish.site_id):
        raise BadInput(site_id="地图上没有这个阵地，请核对编号")
    if wish.brand_id is not None:
        if wish.kind is ShowcaseKind.BRAND:
            raise BadInput(brand_id="品牌本身不再填所属品牌")
        if not await Showcase.exists(id=wish.brand_id, kind=ShowcaseKind.BRAND, live_key__isnull=False):
            raise BadInput(brand_id="没有这个品牌，请从名单里选")
    no_brand_now = of is not None and of.kind is ShowcaseKind.BRAND and wish.kind is not ShowcaseKind.BRAND
    if of is not None and no_brand_now and await Showcase.exists(brand_id=of.id, live_key__isnull=False):
        raise BadInput(kind="还有示范点属于这个品牌，不能改成示范点")
    if wish.lesson_code:
        taught = Lesson.filter(code=wish.lesson_code, strand=Strand.SHOWCASE, withdrawn_at__isnull=True)
        if not await taught.exists():
            raise BadInput(lesson_code="没有这一课，请填“示范点讲解”里的课程编号，如 L06")
