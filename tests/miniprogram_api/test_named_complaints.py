"""A sender may show their name: to the office that has it now, nowhere else, and until they take it back."""

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from handlers import phones
from handlers.context import Context
from models import AuditEntry, Complaint, Person
from tests.miniprogram_api.conftest import World

PHONE = "19900001234"
SAID = {"text": "活动室的灯坏了", "named": True}


@pytest.fixture
async def named(ctx: Context, world: World) -> Person:
    """The member, with a name and a phone that stand nowhere else."""
    person = world["member"].person
    assert person is not None
    sealed = phones.seal(ctx.settings.secret_key, PHONE)
    await Person.filter(id=person.id).update(name="演示某甲", phone_sealed=sealed)
    return person


async def at(world: World, who: str) -> dict[str, Any]:
    """The only one at somebody's desk."""
    (one,) = (await world[who]("GET", "/complaints")).body["items"]
    return dict(one)


async def test_nobody_is_named_who_does_not_ask_for_it(world: World, named: Person) -> None:
    sent = await world["member"]("POST", "/complaints", {"text": "x"})
    assert sent.body["named"] is False
    assert [(await at(world, who))["sender"] for who in ("town", "district")] == [None, None]


async def test_the_office_that_has_it_sees_the_name_and_no_other(world: World, named: Person) -> None:
    sent = await world["member"]("POST", "/complaints", SAID)
    assert sent.body["named"] is True
    seen = {"name": "演示某甲", "phone": PHONE}
    assert (await at(world, "town"))["sender"] == seen
    assert (await at(world, "district"))["sender"] is None, "it reads all, and deals with this one not"
    offices = (await world["district"]("GET", "/complaint-offices")).body["items"]
    other = world["other_worker"].person.organization.parent_id  # type: ignore[union-attr]
    form = {"office_id": next(one["id"] for one in offices if one["id"] == other), "note": "归邻镇"}
    passed = await world["town"]("POST", f"/complaints/{(await at(world, 'town'))['id']}/forward", form)
    assert passed.body["sender"] is None, "it is another office's now"
    assert (await at(world, "other_town"))["sender"] == seen


async def test_one_tap_takes_the_name_back(world: World, named: Person) -> None:
    code = (await world["member"]("POST", "/complaints", SAID)).body["id"]
    for _ in range(2):
        taken = await world["stranger"]("POST", f"/complaints/{code}/unname")
        assert (taken.status, taken.body["named"]) == (200, False)
    assert (await at(world, "town"))["sender"] is None
    assert await AuditEntry.filter(action="complaint.unnamed").count() == 1
    assert (await world["stranger"]("POST", "/complaints/AAAAAAAAAAAA/unname")).status == 404


async def test_a_name_is_never_made_up_and_never_beside_anonymous(world: World, named: Person) -> None:
    for who, form in (
        ("stranger", SAID), ("unbound", SAID), ("member", {**SAID, "anonymous": True}),
    ):  # fmt: skip
        refused = await world[who]("POST", "/complaints", form)
        assert (refused.status, refused.body["errors"][0]["field"]) == (422, "named"), who
    assert await Complaint.all().count() == 0


async def test_no_file_and_no_audit_entry_names_anybody(world: World, named: Person) -> None:
    await world["member"]("POST", "/complaints", SAID)
    answer = await world["town"]("GET", "/complaint-sheet")
    rows = load_workbook(BytesIO(answer.body)).active.iter_rows(values_only=True)
    told = str([*rows]) + str([entry.details for entry in await AuditEntry.all()])
    assert "演示某甲" not in told
    assert PHONE not in told


async def test_who_left_the_roster_is_named_no_longer(ctx: Context, world: World, named: Person) -> None:
    await world["member"]("POST", "/complaints", SAID)
    await Person.filter(id=named.id).update(left_at=ctx.now())
    assert (await at(world, "town"))["sender"] is None
