"""Adding sites to the map and keeping them up to date over HTTP."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from handlers import site_keeping
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound
from handlers.openings import Opening
from handlers.positions import Point
from handlers.sites import LARGEST_FEE
from miniprogram_api import views
from miniprogram_api.forms import Form, Line, Written
from miniprogram_api.table import DISTRICT, KEEPERS, Route
from miniprogram_api.views import GuideView, PositionView, View
from models import Site, SiteCategory, SiteService, SiteStatus

Image = Annotated[str, Field(max_length=300, pattern=r"^(https://[^\s\"'<>]+|/images/[0-9a-f]{32}\.jpg)$")]
Word = Annotated[Line, Field(max_length=20)]
Category = Annotated[SiteCategory, Field(strict=False)]
Service = Annotated[SiteService, Field(strict=False)]


class PositionForm(Form):
    """Where a site is, and by which datum."""

    lng: float = Field(ge=-180, le=180, description="经度")
    lat: float = Field(ge=-90, le=90, description="纬度")
    datum: Literal["gcj02", "wgs84"] = Field("gcj02", description="坐标系；wgs84 会换算成 gcj02 保存")


class GuideForm(Form):
    """Somebody who shows visitors around."""

    name: Line = Field(min_length=1, max_length=40, description="姓名")
    languages: list[Word] = Field(default=[], max_length=6, description="语种，如普通话")
    hours: Written = Field("", max_length=60, description="什么时候可约")


class SiteForm(Form):
    """A new site."""

    id: str = Field(pattern=r"^[A-Z0-9]{1,8}$", description="编号，如 S28，会写进签到码")
    name: Line = Field(min_length=2, max_length=40, description="名称，不能重复")
    category: Category = Field(description="类别")
    town: Line = Field(max_length=20, description="镇街")
    owner: str = Field(max_length=32, pattern=r"^[\x21-\x7e]+$", description="管理单位的党组织代码")
    position: PositionForm = Field(description="位置")
    capacity: int = Field(ge=1, le=500, description="同一时段最多多少人")
    opening: dict[str, Any] = Field(
        description="开放时间：{hours: [{days, opens, closes, slot_minutes}], open_on_holidays, exceptions: [{day, hours}]}"
    )
    address: Written = Field("", max_length=200, description="地址与交通")
    intro: Written = Field("", max_length=300, description="简介")
    services: list[Service] = Field(default=[], max_length=6, description="可承担的活动")
    features: list[Word] = Field(default=[], max_length=20, description="功能，如展陈、情景教学")
    facilities: list[Word] = Field(default=[], max_length=20, description="设施，如投影、饮水")
    fee: int = Field(0, ge=0, le=LARGEST_FEE, description="每人收费，单位分；0 是免费")
    fee_from_dues: bool | None = Field(None, description="收费能不能用党费列支；收费时必填")
    guides: list[GuideForm] = Field(default=[], max_length=20, description="讲解员")
    parking: int | None = Field(None, ge=0, le=9999, description="停车位数；不填是没有说明")
    access: bool | None = Field(None, description="是否无障碍；不填是没有说明")
    images: list[Image] = Field(default=[], max_length=9, description="图片地址（https），须有拍摄授权")
    notes: Written = Field("", max_length=300, description="注意事项")
    contact: Written = Field("", max_length=60, description="联系人、电话，只给已确认预约的支部看")
    needs_approval: bool = Field(False, description="预约是否要管理员确认")
    is_training_base: bool = Field(False, description="是否实训基地")


class SiteEditForm(Form):
    """What is to change; what isn't given stays. Name, kind, town, owner and training base are the district's to change."""

    name: Annotated[Line, Field(min_length=2, max_length=40)] | None = Field(None, description="名称（区级）")
    category: Category | None = Field(None, description="类别（区级）")
    town: Annotated[Line, Field(max_length=20)] | None = Field(None, description="镇街（区级）")
    owner: Annotated[str, Field(max_length=32, pattern=r"^[\x21-\x7e]+$")] | None = Field(
        None, description="管理单位的党组织代码（区级）"
    )
    is_training_base: bool | None = Field(None, description="是否实训基地（区级）")
    position: PositionForm | None = Field(None, description="位置")
    capacity: int | None = Field(None, ge=1, le=500, description="同一时段最多多少人")
    opening: dict[str, Any] | None = Field(None, description="开放时间，整个替换")
    address: Annotated[Written, Field(max_length=200)] | None = Field(None, description="地址与交通")
    intro: Annotated[Written, Field(max_length=300)] | None = Field(None, description="简介")
    services: Annotated[list[Service], Field(max_length=6)] | None = Field(None, description="可承担的活动")
    features: Annotated[list[Word], Field(max_length=20)] | None = Field(None, description="功能")
    fee: int | None = Field(None, ge=0, le=LARGEST_FEE, description="每人收费，单位分；0 是免费")
    fee_from_dues: bool | None = Field(None, description="收费能不能用党费列支")
    guides: Annotated[list[GuideForm], Field(max_length=20)] | None = Field(
        None, description="讲解员，整个替换"
    )
    parking: int | None = Field(None, ge=0, le=9999, description="停车位数")
    access: bool | None = Field(None, description="是否无障碍")
    facilities: Annotated[list[Word], Field(max_length=20)] | None = Field(None, description="设施")
    images: Annotated[list[Image], Field(max_length=9)] | None = Field(None, description="图片地址（https）")
    notes: Annotated[Written, Field(max_length=300)] | None = Field(None, description="注意事项")
    contact: Annotated[Written, Field(max_length=60)] | None = Field(None, description="联系人、电话")
    needs_approval: bool | None = Field(None, description="预约是否要管理员确认")


class KeptSiteView(View):
    """A site as its keeper sees it, contact and opening rules included."""

    id: str
    name: str
    category: SiteCategory
    town: str
    owner: str | None = Field(description="管理单位的党组织代码")
    position: PositionView
    capacity: int
    opening: dict[str, Any]
    address: str
    intro: str
    services: list[SiteService]
    features: list[str]
    fee: int
    fee_from_dues: bool | None
    guides: list[GuideView]
    parking: int | None
    access: bool | None
    facilities: list[str]
    images: list[str]
    notes: str
    contact: str
    status: SiteStatus
    needs_approval: bool
    is_training_base: bool


async def create(ctx: Context, *, form: SiteForm) -> KeptSiteView:
    """Add a site."""
    given = _given(form)
    return await shown(await site_keeping.create(ctx, site_id=given.pop("id"), **given))


async def edit(ctx: Context, *, site_id: str, form: SiteEditForm) -> KeptSiteView:
    """Change what is given."""
    return await shown(await site_keeping.edit(ctx, site_id=site_id, **_given(form)))


async def show(ctx: Context, *, site_id: str) -> KeptSiteView:
    """A site with what only its keepers see."""
    return await shown(await site_keeping.kept_site(ctx, site_id=site_id))


def _given(form: SiteForm | SiteEditForm) -> dict[str, Any]:
    """The fields that were filled in, with a position and opening rules as the use-case knows them."""
    given = {name: value for name, value in dict(form).items() if value is not None}
    if (place := given.get("position")) is not None:
        given |= {"position": Point(place.lng, place.lat), "datum": place.datum}
    if "guides" in given:
        given["guides"] = [guide.model_dump() for guide in given["guides"]]
    if "services" in given:
        given["services"] = list(dict.fromkeys(given["services"]))
    if "opening" in given:
        try:
            given["opening"] = Opening.model_validate(given["opening"])
        except (ValidationError, RecursionError):
            raise BadInput(opening="开放时间填写有误：每天从几点到几点，每段 15 到 720 分钟") from None
    return given


async def shown(site: Site) -> KeptSiteView:
    """A site with what only its keepers see."""
    await site.fetch_related("owner")
    return KeptSiteView(
        id=site.id, name=site.name, category=site.category, town=site.town,
        owner=site.owner.code if site.owner is not None else None,
        position=views.position(site), capacity=site.capacity, opening=site.opening,
        address=site.address, intro=site.intro, features=site.features, facilities=site.facilities,
        images=site.images, notes=site.notes, contact=site.contact, status=site.status,
        needs_approval=site.needs_approval, is_training_base=site.is_training_base,
        services=site.services, fee=site.fee, fee_from_dues=site.fee_from_dues,
        guides=views.guides(site), parking=site.parking, access=site.access,
    )  # fmt: skip


OFFICE = (NotBound, NotAllowed)

# fmt: off
ROUTES = (
    Route("POST", "/sites", create, DISTRICT, "新增阵地", SiteForm, KeptSiteView, (201,), OFFICE),
    Route("GET", "/sites/{site_id}/keeping", show, KEEPERS, "管理员看到的阵地", None, KeptSiteView, refuses=OFFICE),
    Route("POST", "/sites/{site_id}/edit", edit, KEEPERS, "修改阵地（只改填了的）", SiteEditForm, KeptSiteView, refuses=OFFICE),
)
# fmt: on
