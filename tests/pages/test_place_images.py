"""Pictures of places: small, without a camera's words, changed by who keeps the place, gone when removed."""

import io
from datetime import timedelta

import pytest
from PIL import Image

from handlers import place_images
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound
from models import AuditEntry, PlaceImage, Site
from tests.fakes import Clock
from tests.handlers.branch_book import Book, open_book
from tests.handlers.test_receipt_images import picture
from tests.handlers.town import Town, build
from tests.pages.test_handbook_pages import phone
from tests.pages.test_pages import Client, client

__all__ = ["client"]


@pytest.fixture
async def town(ctx: Context) -> Town:
    return await build(ctx)


async def images_of(town: Town) -> list[str]:
    return list((await Site.get(id=town.site.id)).images)


async def test_who_keeps_a_site_puts_a_picture_there_once_and_takes_it_away(town: Town) -> None:
    at, id_ = town.at(town.keeper), town.site.id
    assert not (await Site.get(id=id_)).kept_by_hand
    sent = picture(size=(3000, 1500))
    address = await place_images.add_to_site(at, site_id=id_, content=sent)
    assert await place_images.add_to_site(at, site_id=id_, content=sent) == address
    assert (await images_of(town), (await Site.get(id=id_)).kept_by_hand) == ([address], True)
    name = place_images.OURS.fullmatch(address)
    assert name is not None
    content = await place_images.read(name=name[1])
    assert b"secret" not in content
    with Image.open(io.BytesIO(content)) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (1280, 640), {})
    for _ in range(2):
        await place_images.remove_from_site(at, site_id=id_, address=address)
    assert (await images_of(town), await PlaceImage.all().count()) == ([], 0)
    with pytest.raises(NotFound):
        await place_images.read(name=name[1])
    acts = [row.action for row in await AuditEntry.filter(action__startswith="place.").order_by("id")]
    assert acts == ["place.image_added", "place.image_removed"]


async def test_nobody_else_changes_them_and_no_file_but_a_picture_is_kept(town: Town) -> None:
    for who in (town.worker, town.member, town.far_officer):
        with pytest.raises(NotAllowed):
            await place_images.add_to_site(town.at(who), site_id=town.site.id, content=picture())
    for content in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"x" * 1_500_001):
        with pytest.raises(BadInput):
            await place_images.add_to_site(town.at(town.keeper), site_id=town.site.id, content=content)
    assert (await images_of(town), await PlaceImage.all().count()) == ([], 0)


async def test_a_place_has_no_more_than_so_many(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place_images, "MOST_OF_SITE", 1)
    at = town.at(town.keeper)
    await place_images.add_to_site(at, site_id=town.site.id, content=picture())
    with pytest.raises(BadInput):
        await place_images.add_to_site(at, site_id=town.site.id, content=picture(size=(61, 40)))
    assert len(await images_of(town)) == await PlaceImage.all().count() == 1


async def test_a_picture_that_two_places_name_stays_while_one_does(town: Town) -> None:
    at, other = town.at(town.keeper), await Site.exclude(id=town.site.id).first()
    address = await place_images.add_to_site(at, site_id=town.site.id, content=picture())
    if other is None:
        other = await Site.get(id=town.site.id)
        other.id, other.name = "S99", "另一处"
        await other.save(force_create=True)
    await Site.filter(id=other.id).update(images=[address])
    await place_images.remove_from_site(at, site_id=town.site.id, address=address)
    assert await PlaceImage.all().count() == 1


async def test_what_no_place_names_any_more_goes_after_a_day(town: Town, ctx: Context, clock: Clock) -> None:
    at, id_ = town.at(town.keeper), town.site.id
    kept = await place_images.add_to_site(at, site_id=id_, content=picture())
    await place_images.add_to_site(at, site_id=id_, content=picture(size=(61, 40)))
    await Site.filter(id=id_).update(images=[kept])  # As when a list of addresses is replaced.
    assert await place_images.forget_unnamed(ctx) == 0, "it may be put back yet"
    clock.now += timedelta(hours=25)
    assert [await place_images.forget_unnamed(ctx) for _ in range(2)] == [1, 0]
    assert [f"/images/{one.name}.jpg" for one in await PlaceImage.all()] == [kept]


async def test_a_keeper_does_it_in_a_browser_and_everybody_sees_it_on_the_map(
    client: Client, ctx: Context
) -> None:
    book: Book = await open_book(ctx)
    keeper = await phone(client, book, book.town.keeper)
    here = f"/keeper/{book.town.site.id}/images"
    assert "不要拍到人脸" in (await keeper.get(here))[1]
    sent = await client.post(here, headers=keeper.headers, data={"file": io.BytesIO(picture())})
    assert (sent.status, "去掉这张" in await sent.text()) == (200, True)
    (address,) = await images_of(book.town)
    seen = await client.get(address)
    assert (seen.status, seen.content_type) == (200, "image/jpeg")
    assert "max-age=86400" in seen.headers["Cache-Control"]
    assert (
        f'<img class="view" src="{address}" alt="'
        in await (await client.get(f"/map/{book.town.site.id}")).text()
    )
    assert (await client.post(here, data={"remove": address})).status != 200
    worker = await phone(client, book, book.town.worker)
    assert (await worker.post(here, {"remove": address}))[0] == 403
    assert await images_of(book.town) == [address]
    await keeper.post(here, {"remove": address})
    assert (await images_of(book.town), (await client.get(address)).status) == ([], 404)
