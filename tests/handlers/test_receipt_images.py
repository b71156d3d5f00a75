"""Pictures of bills: drawn anew, seen by who may see the claim, gone when their time is over."""

import asyncio
import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from handlers import claim_decisions, claims, images, receipt_images
from handlers.claims import Bill
from handlers.context import Context
from handlers.errors import BadInput, NotFound, NotYourBranch, Refused, WrongState
from models import Claim, Fund, Receipt
from tests.fakes import Clock
from tests.handlers.desk import new_fund, reviewed, visited
from tests.handlers.town import Town, build


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def fund(world: Town) -> Fund:
    """500 yuan of the district for this year: 50 for each present, at most 200 a visit."""
    return await new_fund(world, 50_000)


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), *, mode: str = "RGB") -> bytes:
    """A picture that says where it was taken, and has something behind its end."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0110] = "secret camera"
    exif.get_ifd(0x8825)[2] = (36.0, 38.0, 0.0)
    Image.new(mode, size, 0).save(file, kind, exif=exif)
    return file.getvalue() + b"<script>behind</script>"


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")])
def test_what_is_kept_is_the_picture_and_nothing_else(kind: str, mode: str) -> None:
    kept = images.clean(picture(kind, mode=mode))
    assert b"secret" not in kept
    assert b"script" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (60, 40), {})


def test_a_large_picture_is_made_small() -> None:
    with Image.open(io.BytesIO(images.clean(picture(size=(4200, 2100))))) as image:
        assert image.size == (2000, 1000)


BOMB = picture("PNG", (9000, 9000), mode="1")


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a" + b"\0" * 50, b"%PDF-1.7", b"<svg/>", picture()[:80], b"\x89PNG\r\n\x1a\n" + b"x" * 99,
     BOMB, b"\xff" * (images.LARGEST + 1)],
)  # fmt: skip
def test_what_is_no_picture_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        images.clean(content)
    assert set(refused.value.fields) == {"content"}


@pytest.fixture
async def receipt(world: Town, fund: Fund) -> Receipt:
    booking = await visited(world, world.branch)
    bills = [Bill("A1", 9_000)]
    claim = await claims.submit(world.at(world.worker), booking_id=booking.id, bills=bills)
    return await Receipt.get(claim_id=claim.id)


async def attach(world: Town, receipt: Receipt) -> Receipt:
    return await receipt_images.attach(
        world.at(world.worker), claim_id=receipt.claim_id, receipt_id=receipt.id, content=picture()
    )


def files(world: Town) -> list[Path]:
    return sorted((world.ctx.settings.data_dir / receipt_images.FOLDER).glob("*"))


async def test_a_picture_is_added_exchanged_and_taken_away(world: Town, receipt: Receipt) -> None:
    worker, ids = world.at(world.worker), {"claim_id": receipt.claim_id, "receipt_id": receipt.id}
    first = (await attach(world, receipt)).image
    second = (await attach(world, receipt)).image
    assert first != second
    assert [path.name for path in await asyncio.to_thread(files, world)] == [second]
    for reader in (world.worker, world.member, world.town_officer, world.district_officer):
        assert (await receipt_images.show(world.at(reader), **ids)).startswith(b"\xff\xd8")
    await receipt_images.detach(worker, **ids)
    assert await asyncio.to_thread(files, world) == []
    with pytest.raises(NotFound):
        await receipt_images.show(worker, **ids)


async def test_who_may_not_see_the_claim_sees_no_picture(world: Town, receipt: Receipt) -> None:
    await attach(world, receipt)
    ids = {"claim_id": receipt.claim_id, "receipt_id": receipt.id}
    for stranger in (world.far_worker, world.other_worker, world.keeper):
        with pytest.raises(NotFound):
            await receipt_images.show(world.at(stranger), **ids)
        with pytest.raises((NotFound, NotYourBranch)):
            await receipt_images.detach(world.at(stranger), **ids)
    for other in (world.member, world.town_officer):
        with pytest.raises(NotYourBranch):
            await receipt_images.attach(world.at(other), **ids, content=picture())
    with pytest.raises(NotFound):
        await receipt_images.show(
            world.at(world.worker), claim_id=receipt.claim_id, receipt_id=receipt.id + 1
        )


async def test_a_correction_keeps_the_pictures_of_bills_that_stay(world: Town, receipt: Receipt) -> None:
    kept = (await attach(world, receipt)).image
    town, worker = world.at(world.town_officer), world.at(world.worker)
    await claim_decisions.send_back(town, claim_id=receipt.claim_id, reason="请核对")
    bills = [Bill("A1", 8_000), Bill("A2", 500)]
    claim = await claims.correct(worker, claim_id=receipt.claim_id, bills=bills)
    assert [(one.number, one.amount, one.image) for one in claim.receipts] == [
        ("A1", 8_000, kept), ("A2", 500, ""),
    ]  # fmt: skip
    assert claim.amount == 8_500


async def test_what_is_being_decided_stays_as_it_is(world: Town, receipt: Receipt) -> None:
    await attach(world, receipt)
    await reviewed(world, await Claim.get(id=receipt.claim_id))
    with pytest.raises(WrongState):
        await attach(world, receipt)
    with pytest.raises(WrongState):
        await receipt_images.detach(world.at(world.worker), claim_id=receipt.claim_id, receipt_id=receipt.id)
    assert len(await asyncio.to_thread(files, world)) == 1


async def test_two_pictures_at_once_leave_one_that_is_named(
    world: Town,
    receipt: Receipt,
    clock: Clock,
) -> None:
    came = await asyncio.gather(*(attach(world, receipt) for _ in range(4)), return_exceptions=True)
    assert [one for one in came if isinstance(one, BaseException) and not isinstance(one, Refused)] == []
    await asyncio.to_thread(age, world, clock, days=2)
    await receipt_images.forget_images(world.ctx)
    named = (await Receipt.get(id=receipt.id)).image
    assert [path.name for path in await asyncio.to_thread(files, world)] == [named]


def age(world: Town, clock: Clock, *, days: int) -> None:
    """Make the files so old by the test's clock."""
    for path in files(world):
        then = (clock.now - timedelta(days=days)).timestamp()
        os.utime(path, (then, then))


async def test_the_pictures_of_a_claim_turned_down_go_when_their_time_is_over(
    world: Town,
    receipt: Receipt,
    clock: Clock,
) -> None:
    await attach(world, receipt)
    town = world.at(world.town_officer)
    await claim_decisions.reject(town, claim_id=receipt.claim_id, reason="不合规定")
    days = world.ctx.settings.receipt_images_kept_days
    for passed, left in ((timedelta(days=days), 1), (timedelta(hours=1), 0)):
        clock.now += passed
        await asyncio.to_thread(age, world, clock, days=2)
        await receipt_images.forget_images(world.ctx)
        assert len(await asyncio.to_thread(files, world)) == left
    assert (await Receipt.get(id=receipt.id)).image == ""


async def test_a_file_that_no_bill_names_goes_after_a_day(
    world: Town, receipt: Receipt, clock: Clock
) -> None:
    """What a process leaves that is killed between the file and its row."""
    await attach(world, receipt)
    kept = (await asyncio.to_thread(files, world))[0]
    stray = kept.with_name("0" * 32 + ".partial")
    await asyncio.to_thread(stray.write_bytes, b"half")
    for days, left in ((0, 2), (2, 1)):
        await asyncio.to_thread(age, world, clock, days=days)
        await receipt_images.forget_images(world.ctx)
        assert len(await asyncio.to_thread(files, world)) == left
    assert (await asyncio.to_thread(files, world)) == [kept]
