"""The register of examples (样板台账): what was listed before comes in by a file, the rest goes its way.

A row that names who nominated, who visited and when, and until when it is listed, is entered as listed; the
database still refuses one person for both. A row without those is a nomination. What is there is corrected in
what people read; its level and its state change on the page, by two people.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from handlers import showcase, transitions
from handlers.access import officer_reach, within
from handlers.answering.dates import add_months
from handlers.context import Context
from handlers.district_registers import CATEGORIES
from handlers.errors import BadInput
from handlers.registers import CREATED, UNCHANGED, UPDATED, Register
from handlers.roster_sheet import BadCell
from handlers.sheet_reading import Heading, Record, choice, day, number_text, words
from handlers.showcase import LEVEL_WORDS, STATUS_WORDS
from handlers.showcase_wishes import LONGEST_NAME, LONGEST_SUMMARY, MOST_LEARNT, Wish, columns
from handlers.worker_registers import unit_by_code
from handlers.worker_rules import require_district
from models import ON_LIST, Person, Showcase, ShowcaseKind, ShowcaseLevel, ShowcaseStatus

KINDS = {"示范点": ShowcaseKind.SITE, "品牌": ShowcaseKind.BRAND}
LEVELS = {said: level for level, said in LEVEL_WORDS.items()}
KIND_NAMES = {kind: said for said, kind in KINDS.items()}
CATEGORY_NAMES = {category: said for said, category in CATEGORIES.items()}
IMAGE = re.compile(r"^https://[^\s\"'<>]{1,292}$")


def learnt(cell: Any, text: str) -> list[str]:
    """What to learn, line by line or parted by semicolons."""
    said = cell if isinstance(cell, str) else text  # As it was written: “，” is no “,”.
    lines = [line.strip(" 　") for line in re.split(r"[\n；;]", said)]
    found = [line for line in lines if line]
    if len(found) > MOST_LEARNT:
        raise BadCell(f"最多 {MOST_LEARNT} 条，用分号隔开")
    return found


def addresses(_: Any, text: str) -> list[str]:
    """Addresses of pictures."""
    found = text.split()
    if not all(IMAGE.match(one) for one in found):
        raise BadCell("请填 https 开头的图片地址，几张之间用空格隔开")
    return found


HEADINGS = (
    Heading("编号", number_text(20), required=True),
    Heading("名称", words(LONGEST_NAME), required=True, width=30),
    Heading("种类", choice(KINDS), required=True, choices=tuple(KINDS), width=8),
    Heading("级别", choice(LEVELS), required=True, choices=tuple(LEVELS), width=8),
    Heading("类别", choice(CATEGORIES), required=True, choices=tuple(CATEGORIES)),
    Heading("单位编码", number_text(32), required=True),
    Heading("简介", words(LONGEST_SUMMARY), required=True, width=40),
    Heading("能学什么", learnt, required=True, width=40),
    Heading("阵地编号", number_text(8), width=8),
    Heading("所属品牌编号", number_text(20)),
    Heading("课程编号", number_text(5), width=8),
    Heading("图片地址", addresses, width=24),
    Heading("推荐人编号", number_text(32)),
    Heading("察看人编号", number_text(32)),
    Heading("察看日期", day),
    Heading("察看情况", words(500), width=30),
    Heading("审定人编号", number_text(32)),
    Heading("列入日期", day),
    Heading("有效期至", day),
)
ON_THE_LIST = ("推荐人编号", "察看人编号", "察看日期", "察看情况", "审定人编号", "列入日期", "有效期至")
"""What a row says of an entry that was listed before: all of it, or it is a nomination."""


async def take_showcase(ctx: Context, record: Record) -> str:
    """Enter one, or correct what people read of it."""
    said = record.values
    unit = await unit_by_code(said["单位编码"])
    wish = await _wish(said)
    known = await Showcase.get_or_none(code=said["编号"])
    if known is not None:
        return await _correct(ctx, known, unit.id, wish, said)
    given = await columns(ctx, wish)
    if await Showcase.exists(live_key=given["live_key"]):
        raise BadInput(name="已经有同名的样板在办或在册，请换一个名称，或核对编号")
    filled = [title for title in ON_THE_LIST[1:] if said[title] is not None]
    if filled and len(filled) < len(ON_THE_LIST) - 1:
        missing = "、".join(title for title in ON_THE_LIST[1:] if said[title] is None)
        raise BadInput(visit=f"已列入的要填全，还缺：{missing}；还没列入的都不填")
    more = await _as_listed(ctx, said) if filled else {"status": ShowcaseStatus.NOMINATED}
    if not filled and said["级别"] is not ShowcaseLevel.DISTRICT:
        raise BadInput(level="新推荐的先到区级，市级在复核时推荐")
    made = Showcase(
        **given, **more, code=said["编号"], level=said["级别"], organization_id=unit.id,
        nominated_by_id=await _nominator(ctx, said["推荐人编号"]),
        since=ctx.now().date(), created_at=ctx.now(),
    )  # fmt: skip
    if filled and made.nominated_by_id in (made.visited_by_id, made.listed_by_id):
        raise BadInput(visit="推荐的和察看、审定的应是不同的同志，请核对编号")
    await made.save(force_create=True)
    await transitions.begin(ctx, showcase.THING, made, made.status, note="按台账登记" if filled else "")
    return CREATED


async def showcase_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """Everything within reach that is on the list or on its way there."""
    reach = await officer_reach(ctx)
    rows = Showcase.filter(within(reach, below="organization__"), live_key__isnull=False).order_by("code")
    named = rows.select_related("organization", "brand", "nominated_by", "visited_by", "listed_by")
    return [
        [
            one.code, one.name, KIND_NAMES[one.kind], LEVEL_WORDS[one.level], CATEGORY_NAMES[one.category],
            one.organization.code, one.summary, "；".join(one.learn), one.site_id,
            one.brand.code if one.brand else "", one.lesson_code,
            " ".join(image for image in one.images if IMAGE.match(image)), one.nominated_by.member_no,
            one.visited_by.member_no if one.visited_by else "", one.visited_on, one.findings,
            one.listed_by.member_no if one.listed_by else "", one.valid_from, one.valid_until,
            one.organization.name, STATUS_WORDS[one.status],
        ]
        for one in await named
    ]  # fmt: skip


async def _wish(said: Any) -> Wish:
    brand_id = None
    if said["所属品牌编号"]:
        brand = await Showcase.get_or_none(code=said["所属品牌编号"], kind=ShowcaseKind.BRAND)
        if brand is None:
            raise BadInput(brand="没有这个编号的品牌：品牌要排在前面，或先导入品牌")
        brand_id = brand.id
    return Wish(
        said["名称"], said["种类"], said["类别"], said["简介"], said["能学什么"], said["阵地编号"], brand_id,
        said["课程编号"] or "", said["图片地址"],
    )  # fmt: skip


async def _correct(ctx: Context, known: Showcase, unit_id: int, wish: Wish, said: Any) -> str:
    if known.live_key is None:
        raise BadInput(code=f"这个编号{STATUS_WORDS[known.status]}，重新推荐请用新编号")
    if known.level is not said["级别"] or known.organization_id != unit_id:
        raise BadInput(level="级别或单位与台账不同：级别在页面复核时办理，单位变了请重新推荐")
    given = await columns(ctx, wish, of=known)
    if all(getattr(known, name) == value for name, value in given.items()):
        return UNCHANGED
    if known.status not in ON_LIST:
        raise BadInput(code="还在办理，内容请在页面上补充")
    await showcase.write(ctx, known, given)
    return UPDATED


async def _as_listed(ctx: Context, said: Any) -> dict[str, Any]:
    since: date = said["列入日期"]
    until: date = said["有效期至"]
    if not said["察看日期"] <= since <= ctx.now().date():
        raise BadInput(since="先察看后列入，都不能晚于今天")
    if not since < until <= add_months(since, showcase.LONGEST_MONTHS):
        raise BadInput(until=f"有效期应晚于列入日期，最长 {showcase.LONGEST_MONTHS // 12} 年")
    return {
        "status": ShowcaseStatus.LISTED, "visited_by_id": await _person(said["察看人编号"], "察看人"),
        "visited_on": said["察看日期"], "findings": said["察看情况"], "valid_from": since,
        "valid_until": until,
        "listed_by_id": await _person(said["审定人编号"], "审定人"),
    }  # fmt: skip


async def _nominator(ctx: Context, number: str | None) -> int:
    """Whom the row names, else who imports it."""
    if number is None and ctx.caller.person is not None:
        return int(ctx.caller.person.id)
    return await _person(number or "", "推荐人")


async def _person(number: str, who: str) -> int:
    found = await Person.get_or_none(member_no=number) if number else None
    if found is None:
        raise BadInput(person=f"{who}：名册里没有这个人员编号，请核对")
    return int(found.id)


REGISTERS = (
    Register(
        "showcase", "样板台账", HEADINGS, take_showcase, showcase_rows, require_district, ("单位名称", "状态")
    ),
)
