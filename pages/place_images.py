"""Pictures of places: seen by everybody; put up and taken down, without a script, by who keeps the place."""

from collections.abc import Awaitable, Callable, Sequence
from html import escape

from aiohttp import web

from handlers import kept_sites, place_images
from handlers.context import Context
from handlers.errors import NotFound, Refused
from handlers.place_images import OURS
from pages.layout import SECURITY, posted
from pages.login import known
from pages.records import received
from pages.staff import desk, form, refusal, shown

KEPT_FOR = 86400
"""Seconds a browser keeps a picture: a name is its content, and what is taken down is gone in a day."""
NOTE = (
    '<p class="soft">可传可不传。只拍场地和展陈，不要拍到人脸、车牌和内部资料；要有拍摄授权。'
    "JPG、PNG、WebP 都行，每张不超过 1.5 MB；保存前会缩小，并去掉拍摄时间、地点等信息。</p>"
)
FIELD = (
    '<label for="file">选一张图片</label>'
    '<input id="file" name="file" type="file" accept="image/jpeg,image/png,image/webp" required>'
)
KEEPER, DESK = ("/keeper", "我管理的阵地"), ("/showcase/desk", "样板")


def setup(app: web.Application) -> None:
    """Mount them."""
    app.router.add_get("/images/{name:[0-9a-f]{32}}.jpg", image)
    site, example = "/keeper/{site_id:[A-Z0-9]{1,8}}/images", "/showcase/desk/{showcase_id:[0-9]{1,9}}/images"
    app.router.add_get(site, site_images)
    app.router.add_post(site, change_site)
    app.router.add_get(example, showcase_images)
    app.router.add_post(example, change_showcase)


async def image(request: web.Request) -> web.Response:
    """One picture."""
    try:
        content = await place_images.read(name=request.match_info["name"])
    except NotFound:
        raise web.HTTPNotFound from None
    headers = SECURITY | {"Cache-Control": f"public, max-age={KEPT_FOR}, immutable"}
    return web.Response(body=content, content_type="image/jpeg", headers=headers)


def figures(addresses: Sequence[str], name: str) -> str:
    """Our pictures of a place, each said in words. HTML."""
    ours = [one for one in addresses if OURS.fullmatch(one)]
    return "".join(
        f'<img class="view" src="{one}" alt="{escape(name)}，第{at}张" loading="lazy">'
        for at, one in enumerate(ours, start=1)
    )


async def site_images(request: web.Request) -> web.Response:
    """A site's pictures, for who keeps it."""
    id_ = request.match_info["site_id"]

    async def body(ctx: Context) -> web.Response:
        site = await kept_sites.get(ctx, id_)
        return _page(site.name, site.images, f"/keeper/{id_}/images", KEEPER)

    return await shown(request, body, home=KEEPER)


async def showcase_images(request: web.Request) -> web.Response:
    """An example's pictures, for who may change it."""
    id_ = int(request.match_info["showcase_id"])

    async def body(ctx: Context) -> web.Response:
        row = await place_images.get_example(ctx, showcase_id=id_)
        return _page(row.name, row.images, f"/showcase/desk/{id_}/images", DESK)

    return await shown(request, body, home=DESK)


async def change_site(request: web.Request) -> web.Response:
    """Add or take away."""
    id_ = request.match_info["site_id"]

    async def add(ctx: Context, content: bytes) -> None:
        await place_images.add_to_site(ctx, site_id=id_, content=content)

    async def remove(ctx: Context, address: str) -> None:
        await place_images.remove_from_site(ctx, site_id=id_, address=address)

    return await _changed(request, add, remove, f"/keeper/{id_}/images", KEEPER)


async def change_showcase(request: web.Request) -> web.Response:
    """Add or take away."""
    id_ = int(request.match_info["showcase_id"])

    async def add(ctx: Context, content: bytes) -> None:
        await place_images.add_to_showcase(ctx, showcase_id=id_, content=content)

    async def remove(ctx: Context, address: str) -> None:
        await place_images.remove_from_showcase(ctx, showcase_id=id_, address=address)

    return await _changed(request, add, remove, f"/showcase/desk/{id_}/images", DESK)


async def _changed(
    request: web.Request,
    add: Callable[[Context, bytes], Awaitable[None]],
    remove: Callable[[Context, str], Awaitable[None]],
    here: str,
    home: tuple[str, str],
) -> web.Response:
    """An upload comes in parts, a removal as a plain form."""
    ctx = await known(request)
    try:
        if request.content_type == "multipart/form-data":
            _, _, content = await received(request)
            await add(ctx, content)
        else:
            await remove(ctx, str((await posted(request)).get("remove", ""))[:300])
    except Refused as refused:
        return refusal(refused, back=here, home=home)
    raise web.HTTPSeeOther(here)


def _page(name: str, addresses: Sequence[str], here: str, home: tuple[str, str]) -> web.Response:
    items = "".join(
        f'{figures([one], name)}<form method="post" action="{here}">'
        f'<input type="hidden" name="remove" value="{escape(one)}">'
        f"<p class='soft'>{'' if OURS.fullmatch(one) else escape(one)}</p><button>去掉这张</button></form>"
        for one in addresses
    )
    upload = form(here, FIELD, "传上去", more='enctype="multipart/form-data"')
    return desk(f"{name}的图片", f"{NOTE}{upload}<h2>现有的</h2>{items or '<p>还没有图片。</p>'}", home=home)
