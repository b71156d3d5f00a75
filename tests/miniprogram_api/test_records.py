"""Records over HTTP: stable codes, every problem at once, files, and a key that creates once."""

import pytest

from models import Membership, Person, Record
from tests.miniprogram_api.conftest import World

PDF = b"%PDF-1.7 x"


async def begin(world: World, **values: object) -> int:
    wish = {"template": "T09", "values": values}
    made = await world["worker"]("POST", "/records", wish)
    assert made.status == 201, made.body
    return int(made.body["id"])


async def test_a_key_creates_one_record(world: World) -> None:
    wish = {"template": "T09", "values": {"place": "甲"}}
    answers = [await world["worker"]("POST", "/records", wish, Idempotency_Key="k") for _ in range(2)]
    assert answers[0].body == answers[1].body
    assert await Record.all().count() == 1
    assert answers[0].body["values"]["due_count"] == await Person.filter(
        organization=world.near, membership=Membership.FULL
    ).count()  # fmt: skip


async def test_a_late_save_has_its_own_code_and_is_kept(world: World) -> None:
    id_ = await begin(world, place="甲")
    first = await world["worker"]("PUT", f"/records/{id_}", {"revision": 1, "values": {"place": "乙"}})
    assert (first.status, first.body["revision"]) == (200, 2)
    late = await world["worker"]("PUT", f"/records/{id_}", {"revision": 1, "values": {"place": "丙"}})
    assert (late.status, late.body["code"]) == (409, "stale_version")
    kept = await world["worker"]("GET", f"/records/{id_}/set-asides")
    assert [one["values"] for one in kept.body["items"]] == [{"place": "丙"}]
    path = f"/records/{id_}/set-asides/{kept.body['items'][0]['id']}"
    assert (await world["member"]("POST", path, {"take": True})).status == 404
    taken = await world["worker"]("POST", path, {"take": True})
    assert taken.body["values"]["place"] == "丙"


async def test_everything_that_blocks_comes_at_once_with_its_rule(world: World) -> None:
    id_ = await begin(world, place="甲")
    refused = await world["worker"]("POST", f"/records/{id_}/sign", {"revision": 1, "seen": True})
    assert (refused.status, refused.body["code"]) == (409, "record_blocked")
    assert {one["field"] for one in refused.body["errors"]} >= {"held_at", "present_count", "theme"}
    checked = await world["worker"]("GET", f"/records/{id_}/check")
    assert {one["level"] for one in checked.body["problems"]} <= {"block", "warn"}
    assert any("支部条例" in one["rule"] for one in checked.body["problems"])


@pytest.mark.parametrize(("content", "status"), [(PDF, 201), (b"MZ", 422), (b"", 422)])
async def test_a_file_is_the_whole_body(world: World, content: bytes, status: int) -> None:
    made = await world["worker"]("POST", "/records", {"template": "T08"})
    path = f"/records/{made.body['id']}/attachments"
    sent = await world["worker"]("POST", f"{path}?field=script&name=a.pdf", file=content)
    assert sent.status == status
    listed = await world["worker"]("GET", path)
    assert len(listed.body["items"]) == (status == 201)
    if status == 201:
        one = f"{path}/{sent.body['id']}"
        assert (await world["worker"]("GET", one)).body == PDF
        for stranger in ("member", "other_worker"):
            assert (await world[stranger]("GET", one)).status == 404
            assert (await world[stranger]("DELETE", one)).status in (403, 404)
    json_sent = await world["worker"]("POST", f"{path}?field=script&name=a.pdf", {})
    assert (json_sent.status, json_sent.body["code"]) == (415, "wrong_file_type")


async def test_lists_and_archives_are_the_branchs_own(world: World) -> None:
    await begin(world, place="甲")
    archive = await world["worker"]("GET", "/records/archive?year=2026")
    assert archive.body.startswith(b"PK")
    again = await world["worker"]("POST", "/records/archive", file=archive.body)
    assert again.body == {"restored": 0, "already": 1, "dry_run": False}
    for who, path in (("member", "/records/archive"), ("town", "/records/archive")):
        assert (await world[who]("GET", path)).status == 403
        assert (await world[who]("POST", path, file=archive.body)).status == 403
    foreign = await world["other_worker"]("POST", "/records/archive", file=archive.body)
    assert (foreign.status, foreign.body["code"]) == (422, "bad_input")
    sheet = await world["worker"]("GET", "/records.xlsx?template=T09&year=2026")
    report = await world["worker"]("POST", "/records/sheet?template=T09&dry_run=true", file=sheet.body)
    assert report.body["dry_run"] is True
    assert (await world["member"]("POST", "/records/sheet?template=T09", file=sheet.body)).status == 403
    assert await Record.all().count() == 1
