"""Pictures of sites and examples over HTTP: put there and taken away by who keeps the place."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from collections.abc import Sequence

from pydantic import Field

from handlers import kept_sites, place_images
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, NotFound, WrongState
from handlers.place_images import OURS
from handlers.showcase_wishes import MOST_IMAGES
from miniprogram_api.receipts import LARGEST_BODY, AttachedForm, picture
from miniprogram_api.table import ACTS_FOR_BRANCH, KEEPERS, Route, always
from miniprogram_api.views import View


class PlaceImageView(View):
    """A picture of a place."""

    name: str | None = Field(description="去掉它时用的编号；别处的图片（https 地址）没有编号")
    address: str = Field(description="谁都能看的地址；本系统的图片是 /images/ 开头的路径")


class PlaceImagesView(View):
    """All pictures of a place, in the order in which people see them."""

    items: list[PlaceImageView]
    next: None = None
    most: int = Field(description="最多几张")


async def of_site(ctx: Context, *, site_id: str) -> PlaceImagesView:
    """A site's, for who keeps it."""
    return _shown((await kept_sites.get(ctx, site_id)).images, place_images.MOST_OF_SITE)


async def add_to_site(ctx: Context, *, site_id: str, form: AttachedForm) -> PlaceImageView:
    """One more."""
    return _one(await place_images.add_to_site(ctx, site_id=site_id, content=picture(form)))


async def remove_from_site(ctx: Context, *, site_id: str, name: str) -> PlaceImagesView:
    """One less; those that are left."""
    await place_images.remove_from_site(ctx, site_id=site_id, address=place_images.named(name))
    return await of_site(ctx, site_id=site_id)


async def of_showcase(ctx: Context, *, showcase_id: int) -> PlaceImagesView:
    """An example's, for who may change them."""
    return _shown((await place_images.get_example(ctx, showcase_id=showcase_id)).images, MOST_IMAGES)


async def add_to_showcase(ctx: Context, *, showcase_id: int, form: AttachedForm) -> PlaceImageView:
    """One more."""
    return _one(await place_images.add_to_showcase(ctx, showcase_id=showcase_id, content=picture(form)))


async def remove_from_showcase(ctx: Context, *, showcase_id: int, name: str) -> PlaceImagesView:
    """One less; those that are left."""
    await place_images.remove_from_showcase(ctx, showcase_id=showcase_id, address=place_images.named(name))
    return await of_showcase(ctx, showcase_id=showcase_id)


def _one(address: str) -> PlaceImageView:
    ours = OURS.fullmatch(address)
    return PlaceImageView(name=ours[1] if ours else None, address=address)


def _shown(addresses: Sequence[str], most: int) -> PlaceImagesView:
    return PlaceImagesView(items=[_one(one) for one in addresses], most=most)


SITE = (NotBound, NotAllowed, NotFound)
EXAMPLE = (*SITE, WrongState)
MAY_BE = "（可传可不传；只拍场地和展陈，不拍人脸）"

# fmt: off
ROUTES = (
    Route("GET", "/sites/{site_id}/images", of_site, KEEPERS, "管理员看到的阵地图片", None, PlaceImagesView, refuses=SITE),
    Route("POST", "/sites/{site_id}/images", add_to_site, KEEPERS, f"给阵地添一张图片{MAY_BE}", AttachedForm, PlaceImageView, (201,), SITE, creates=True, apart=always, largest=LARGEST_BODY),
    Route("DELETE", "/sites/{site_id}/images/{name}", remove_from_site, KEEPERS, "去掉阵地的一张图片", None, PlaceImagesView, refuses=SITE),
    Route("GET", "/showcase/{showcase_id}/images", of_showcase, ACTS_FOR_BRANCH, "样板的图片，能修改的人看", None, PlaceImagesView, refuses=EXAMPLE),
    Route("POST", "/showcase/{showcase_id}/images", add_to_showcase, ACTS_FOR_BRANCH, f"给样板添一张图片{MAY_BE}", AttachedForm, PlaceImageView, (201,), EXAMPLE, creates=True, apart=always, largest=LARGEST_BODY),
    Route("DELETE", "/showcase/{showcase_id}/images/{name}", remove_from_showcase, ACTS_FOR_BRANCH, "去掉样板的一张图片", None, PlaceImagesView, refuses=EXAMPLE),
)
# fmt: on
