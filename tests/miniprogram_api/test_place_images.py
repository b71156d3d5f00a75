"""Pictures of places over HTTP: put up, listed and taken down by who keeps the place, one picture once."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from handlers import images, place_images
from models import PlaceImage, Showcase, ShowcaseKind, ShowcaseStatus, Site, SiteCategory
from tests.fakes import Clock
from tests.handlers.test_receipt_images import picture
from tests.miniprogram_api.conftest import World

HERE = "/sites/S10/images"
SENT = {"content": b64encode(picture()).decode()}


async def listed(world: World, clock: Clock, *, status: ShowcaseStatus) -> Showcase:
    """An example of the near branch."""
    by = world["keeper"].person
    more: dict[str, Any] = {"reason": "x"}
    if status is ShowcaseStatus.LISTED:
        more |= {
            "visited_by": world["district"].person, "visited_on": clock.now.date(), "findings": "x",
            "listed_by": world["district"].person, "valid_from": clock.now.date(),
            "valid_until": clock.now.date() + timedelta(days=365),
        }  # fmt: skip
    return await Showcase.create(
        code="YB1", name="样板", live_key="样板", kind=ShowcaseKind.BRAND, category=SiteCategory.RURAL,
        status=status, organization=world.near, summary="x", learn=["x"], nominated_by=by,
        since=clock.now.date(), created_at=clock.now, **more,
    )  # fmt: skip


async def test_a_keeper_puts_a_picture_up_sees_it_listed_and_takes_it_down(world: World) -> None:
    keeper = world["keeper"]
    made = await keeper("POST", HERE, SENT, Idempotency_Key="picture-1")
    assert (made.status, made.body["address"]) == (201, f"/images/{made.body['name']}.jpg")
    assert (await keeper("POST", HERE, SENT, Idempotency_Key="picture-1")).body == made.body
    assert (await keeper("POST", HERE, SENT)).body == made.body, "one picture is one, whatever the key"
    seen = (await keeper("GET", HERE)).body
    assert seen == {"items": [made.body], "next": None, "most": place_images.MOST_OF_SITE}
    assert (await world["unbound"]("GET", "/sites/S10")).body["images"] == [made.body["address"]]
    for _ in range(2):
        left = await keeper("DELETE", f"{HERE}/{made.body['name']}")
        assert (left.status, left.body["items"]) == (200, [])
    assert await PlaceImage.all().count() == 0


async def test_a_picture_from_elsewhere_is_listed_without_a_number(world: World) -> None:
    await Site.filter(id="S10").update(images=["https://pic.example.cn/a.jpg"])
    (one,) = (await world["keeper"]("GET", HERE)).body["items"]
    assert one == {"name": None, "address": "https://pic.example.cn/a.jpg"}


@pytest.mark.parametrize("name", ["stranger", "unbound", "member", "worker", "other_town"])
async def test_nobody_else_changes_a_sites_pictures(world: World, name: str) -> None:
    made = (await world["keeper"]("POST", HERE, SENT)).body
    for method, path, form in (
        ("POST", HERE, SENT), ("DELETE", f"{HERE}/{made['name']}", None), ("GET", HERE, None),
    ):  # fmt: skip
        assert (await world[name](method, path, form)).status in (401, 403)
    assert (await Site.get(id="S10")).images == [made["address"]]


@pytest.mark.parametrize(
    "content", ["", "not base64!", b64encode(b"<svg/>").decode(), b64encode(b"x" * 2000).decode()]
)
async def test_what_is_no_picture_or_too_large_is_said_at_its_field(
    world: World, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(images, "LARGEST", 1000)
    answer = await world["keeper"]("POST", HERE, {"content": content})
    assert (answer.status, answer.body["code"], answer.body["errors"][0]["field"]) == (
        422, "bad_input", "content",
    )  # fmt: skip
    assert await PlaceImage.all().count() == 0


async def test_one_picture_too_many_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place_images, "MOST_OF_SITE", 1)
    await world["keeper"]("POST", HERE, SENT)
    more = {"content": b64encode(picture(size=(61, 40))).decode()}
    answer = await world["keeper"]("POST", HERE, more)
    assert (answer.status, "最多 1 张" in answer.body["errors"][0]["message"]) == (422, True)


async def test_an_examples_pictures_are_changed_by_who_may_edit_it_and_an_edit_keeps_them(
    world: World, clock: Clock
) -> None:
    row = await listed(world, clock, status=ShowcaseStatus.LISTED)
    here = f"/showcase/{row.id}/images"
    assert (await world["worker"]("POST", here, SENT)).body["code"] == "not_allowed"
    assert (await world["other_town"]("POST", here, SENT)).body["code"] == "not_found"
    made = (await world["town"]("POST", here, SENT)).body
    words = {"name": "样板", "kind": "brand", "category": "RURAL", "summary": "新的", "learn": ["x"]}
    edited = await world["town"]("POST", f"/showcase/{row.id}/edit", words)
    assert (edited.body["summary"], edited.body["images"]) == ("新的", [made["address"]])
    cleared = await world["town"]("POST", f"/showcase/{row.id}/edit", words | {"images": []})
    assert cleared.body["images"] == []
    assert (await world["town"]("DELETE", f"{here}/{made['name']}")).body["items"] == []


async def test_a_branch_changes_them_while_it_completes_a_returned_one(world: World, clock: Clock) -> None:
    row = await listed(world, clock, status=ShowcaseStatus.RETURNED)
    here = f"/showcase/{row.id}/images"
    assert (await world["worker"]("POST", here, SENT)).status == 201
    await Showcase.filter(id=row.id).update(status=ShowcaseStatus.NOMINATED)
    for name in ("worker", "town"):
        assert (await world[name]("POST", here, SENT)).body["code"] == "wrong_state"
