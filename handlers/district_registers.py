"""The registers of the district's own keeping: party organizations, sites, duties."""

from collections.abc import Sequence
from typing import Any

from handlers import audit, organizations, site_facts, site_keeping
from handlers.access import officer_reach, within
from handlers.context import SYSTEM, Context
from handlers.errors import BadInput, NotAllowed
from handlers.holdings import ROLES
from handlers.openings import Opening
from handlers.organizations import KIND_NAMES
from handlers.positions import Point
from handlers.registers import CREATED, UNCHANGED, UPDATED, Register
from handlers.roster_sheet import BadCell
from handlers.sheet_reading import Heading, Record, choice, listed, number_text, whole, words, yes_or_no
from handlers.sites import LARGEST_FEE
from handlers.worker_registers import person_of, unit_by_code
from handlers.worker_rules import require_district
from models import Duty, Organization, OrganizationKind, Role, Scope, Site, SiteCategory

KINDS = {said: kind for kind, said in KIND_NAMES.items()}
SCOPES = {str(scope): scope for scope in Scope if scope is not Scope.NONE}
CATEGORIES = {
    "乡村": SiteCategory.RURAL,
    "城市": SiteCategory.URBAN,
    "两新": SiteCategory.NEW,
    "综合": SiteCategory.MIX,
}
DAYS = dict(zip("一二三四五六日", ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), strict=True))
SERVICES = {said: service.value for service, said in site_facts.SERVICES.items()}
DUTIES = {said: role for role, said in ROLES.items()}

ORGANIZATIONS = (
    Heading("编码", number_text(32), required=True),
    Heading("名称", words(80), required=True, width=36),
    Heading("层级", choice(KINDS), required=True, choices=tuple(KINDS)),
    Heading("上级编码", number_text(32)),
    Heading("类别", choice(SCOPES), choices=tuple(SCOPES)),
    Heading("镇街", words(20)),
)


async def take_organization(ctx: Context, record: Record) -> str:
    """Make it, or give it its name and its place in the tree."""
    said = record.values
    parent = await unit_by_code(said["上级编码"]) if said["上级编码"] else None
    known = await Organization.get_or_none(code=said["编码"])
    if known is None:
        await organizations.create(
            ctx, code=said["编码"], name=said["名称"], kind=said["层级"], parent=parent,
            scope=said["类别"] or Scope.NONE, town=said["镇街"] or "",
        )  # fmt: skip
        return CREATED
    if known.kind is not said["层级"]:
        raise BadInput(kind=f"这个编码登记的层级是{KIND_NAMES[known.kind]}，层级不能改：请核对编码")
    changed = False
    if known.name != said["名称"]:
        await organizations.rename(ctx, organization=known, name=said["名称"])
        changed = True
    if parent is not None and known.parent_id != parent.id:
        await organizations.move(ctx, organization=known, parent=parent)
        changed = True
    return UPDATED if changed else UNCHANGED


async def organization_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """The tree within reach, parents first."""
    rows = (
        await Organization.filter(within(await officer_reach(ctx))).order_by("path").select_related("parent")
    )
    return [
        [
            one.code,
            one.name,
            KIND_NAMES[one.kind],
            one.parent.code if one.parent else "",
            str(one.scope),
            one.town,
        ]
        for one in rows
    ]


# Sites


def degrees(_: Any, text: str) -> float:
    """A coordinate."""
    try:
        return round(float(text), 6)
    except ValueError:
        raise BadCell("请填经纬度的小数，如 117.9662") from None


def open_days(_: Any, text: str) -> list[str]:
    """Days of the week: 一二三四五."""
    if not set(text) <= set(DAYS):
        raise BadCell("请写成 一二三四五六日 里的几个字")
    return [DAYS[day] for day in DAYS if day in text]


def can_do(_: Any, text: str) -> list[str]:
    """What a site can be booked for: 主题党日、党课."""
    said = listed(text)
    if unknown := [word for word in said if word not in SERVICES]:
        raise BadCell(f"没有“{unknown[0]}”这一项，请从{'、'.join(SERVICES)}里选")
    return list(dict.fromkeys(SERVICES[word] for word in said))


def clock_time(_: Any, text: str) -> str:
    """A time of the day."""
    hours, _, minutes = text[:5].partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60):
        raise BadCell("请写成 09:00 这样")
    return f"{int(hours):02d}:{int(minutes):02d}"


SITES = (
    Heading("编号", number_text(8), required=True, width=8),
    Heading("名称", words(40), required=True, width=30),
    Heading("类别", choice(CATEGORIES), required=True, choices=tuple(CATEGORIES)),
    Heading("镇街", words(20), required=True),
    Heading("管理单位编码", number_text(32), required=True),
    Heading("经度", degrees, required=True),
    Heading("纬度", degrees, required=True),
    Heading("容量", whole(1, 500), required=True, width=8),
    Heading("开放日", open_days),
    Heading("开门", clock_time, width=8),
    Heading("关门", clock_time, width=8),
    Heading("每段分钟", whole(15, 720), width=10),
    Heading("地址", words(200), width=30),
    Heading("简介", words(300), width=40),
    Heading("活动", words(200), width=24),
    Heading("设施", words(200), width=24),
    Heading("联系人", words(60), width=20),
    Heading("注意事项", words(300), width=24),
    Heading("可承担活动", can_do, width=30),
    Heading("每人收费（分）", whole(0, LARGEST_FEE), width=16),
    Heading("党费可列支", yes_or_no, width=12),
    Heading("车位", whole(0, 9999), width=8),
    Heading("无障碍", yes_or_no, width=8),
)
PLAIN = {
    "名称": "name",
    "镇街": "town",
    "容量": "capacity",
    "地址": "address",
    "简介": "intro",
    "联系人": "contact",
    "注意事项": "notes",
    "可承担活动": "services",
    "每人收费（分）": "fee",
    "党费可列支": "fee_from_dues",
    "车位": "parking",
    "无障碍": "access",
}
LISTS = {"活动": "features", "设施": "facilities"}


async def take_site(ctx: Context, record: Record) -> str:
    """Add a site (with hours), or change what differs; hours of a known site are its keeper's on the page."""
    await require_district(ctx)
    said = record.values
    wish: dict[str, Any] = {PLAIN[title]: said[title] for title in PLAIN if said[title] is not None}
    wish |= {LISTS[title]: listed(said[title]) for title in LISTS if said[title] is not None}
    owner = await unit_by_code(said["管理单位编码"])
    site = await Site.get_or_none(id=said["编号"]).select_related("owner")
    if site is None:
        hours = [said[title] for title in ("开放日", "开门", "关门", "每段分钟")]
        if not all(hours):
            raise BadInput(opening="新阵地请填开放日、开门、关门和每段分钟")
        days, opens, closes, length = hours
        rule = {"days": days, "opens": opens, "closes": closes, "slot_minutes": length}
        try:
            opening = Opening.model_validate({"hours": [rule]})
        except ValueError:
            raise BadInput(opening="开门应早于关门，每段 15 到 720 分钟") from None
        await site_keeping.create(
            ctx, site_id=said["编号"], category=said["类别"], owner=owner.code, opening=opening,
            position=Point(said["经度"], said["纬度"]), **wish,
        )  # fmt: skip
        return CREATED
    different = {key: value for key, value in wish.items() if getattr(site, key) != value}
    if site.category is not said["类别"]:
        different["category"] = said["类别"]
    if site.owner_id != owner.id:
        different["owner"] = owner.code
    if (site.longitude, site.latitude) != (said["经度"], said["纬度"]):
        different["position"] = Point(said["经度"], said["纬度"])
    if not different:
        return UNCHANGED
    await site_keeping.edit(ctx, site_id=site.id, **different)
    return UPDATED


async def site_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """The sites of the caller's subtree, with everything but their hours' exceptions."""
    reach = await officer_reach(ctx)
    rows = Site.all() if reach is None else Site.filter(id__in=list(reach.site_ids))
    said = {category: word for word, category in CATEGORIES.items()}
    return [
        [one.id, one.name, said[one.category], one.town, one.owner.code if one.owner else "", one.longitude,
         one.latitude, one.capacity, *_hours(one), one.address, one.intro, "、".join(one.features),
         "、".join(one.facilities), one.contact, one.notes, site_facts.services(one.services), one.fee,
         _said(one.fee_from_dues), one.parking, _said(one.access)]
        for one in await rows.order_by("id").select_related("owner")
    ]  # fmt: skip


def _said(word: bool | None) -> str:
    return "" if word is None else "是" if word else "否"


def _hours(site: Site) -> list[Any]:
    """The first line of a site's hours."""
    hours = (site.opening or {}).get("hours") or [{}]
    days = "".join(word for word, key in DAYS.items() if key in hours[0].get("days", ()))
    times = [str(hours[0].get(key, ""))[:5] for key in ("opens", "closes")]
    return [days, *times, hours[0].get("slot_minutes", "")]


# Duties


DUTY_HEADINGS = (
    # Who may do what hangs on this row: nobody is guessed by name.
    Heading("人员编号", number_text(32), required=True),
    Heading("姓名", words(40), required=True),
    Heading("职责", choice(DUTIES), required=True, choices=tuple(DUTIES), width=20),
    Heading("党组织编码", number_text(32), required=True),
    Heading("阵地编号", number_text(8)),
    Heading("停用", yes_or_no, width=8),
)


async def take_duty(ctx: Context, record: Record) -> str:
    """Give a duty, or with 停用 take it away. Duties of the whole district only the command line gives."""
    await require_district(ctx)
    said = record.values
    role, unit = said["职责"], await unit_by_code(said["党组织编码"])
    site = await _site(role, said["阵地编号"])
    person = await person_of(record, unit)
    _check_place(role, unit)
    scope: dict[str, Any] = (
        {"site_id": site.id, "organization_id": None}
        if site
        else {"organization_id": unit.id, "site_id": None}
    )
    known = await Duty.get_or_none(person_id=person.id, role=role, **scope)
    if known is not None and not said["停用"]:
        return UNCHANGED
    if role is Role.DISTRICT_OFFICER and ctx.caller is not SYSTEM:
        raise NotAllowed
    if said["停用"]:
        if known is None:
            return UNCHANGED
        await known.delete()
        await audit.record(ctx, "duty.taken", f"person:{person.id}", role=role, **scope)
        return UPDATED
    await Duty.create(person=person, role=role, **scope)
    await audit.record(ctx, "duty.given", f"person:{person.id}", role=role, **scope)
    return CREATED


def _check_place(role: Role, unit: Organization) -> None:
    if role is Role.DISTRICT_OFFICER and unit.kind is not OrganizationKind.DISTRICT:
        raise BadInput(organization="区级职责的党组织应是区委组织部")
    if role is Role.TOWN_OFFICER and unit.kind is not OrganizationKind.COMMITTEE:
        raise BadInput(organization="这项职责的党组织应是党（工）委")


async def _site(role: Role, site_id: str | None) -> Site | None:
    if role is not Role.SITE_KEEPER:
        return None
    site = await Site.get_or_none(id=site_id or "")
    if site is None:
        raise BadInput(site="阵地管理员请填阵地编号，并核对地图上有没有")
    return site


async def duty_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """Duties within reach, but everybody's membership."""
    reach = await officer_reach(ctx)
    duties = Duty.all().exclude(role=Role.MEMBER).order_by("person_id", "id")
    rows = await duties.select_related("person__organization", "organization", "site")
    return [
        [one.person.member_no, one.person.name, ROLES[one.role],
         one.organization.code if one.organization else one.person.organization.code, one.site_id or "", "否"]
        for one in rows
        if reach is None or reach.covers_organization(one.organization or one.person.organization)
    ]  # fmt: skip


REGISTERS = (
    Register(
        "organizations", "党组织", ORGANIZATIONS, take_organization, organization_rows, require_district
    ),
    Register("sites", "阵地", SITES, take_site, site_rows, require_district),
    Register("duties", "职责", DUTY_HEADINGS, take_duty, duty_rows, require_district),
)
