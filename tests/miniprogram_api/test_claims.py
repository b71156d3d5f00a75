"""补单 over HTTP: what is known is filled in, money is whole fen, and each step answers as described."""

from base64 import b64encode
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from PIL import Image

from miniprogram_api.table import LARGEST_BODY
from models import Booking, BookingStatus, CheckIn, Claim, Person, Slot
from tests.fakes import Clock
from tests.miniprogram_api.conftest import World


@pytest.fixture
async def visit(world: World, clock: Clock) -> Booking:
    """Yesterday three of the near branch were at S10, and the town has a fund."""
    figures = {"year": 2026, "budget": 100_000, "per_head": 5000, "cap": 12_000}
    form = {"organization_id": world.near.parent_id} | figures
    answer = await world["town"]("POST", "/funds", form)
    assert (answer.status, answer.body["free"]) == (200, 100_000)
    begins = clock.now - timedelta(days=1)
    slot = await Slot.create(
        site=world.site, starts_at=begins, ends_at=begins + timedelta(hours=2), capacity=30
    )
    booking = await Booking.create(
        slot=slot, branch=world.near, headcount=5, theme="主题党日", status=BookingStatus.FULFILLED,
        created_at=begins,
    )  # fmt: skip
    for _ in range(3):
        who = await Person.create(name="演示", organization=world.near)
        await CheckIn.create(booking=booking, person=who, at=begins, source="door")
    return booking


async def test_from_the_proposal_to_the_payment(world: World, visit: Booking) -> None:
    worker, town, district = world["worker"], world["upper_town"], world["upper_district"]
    (proposed,) = (await worker("GET", "/claims/claimable")).body["items"]
    assert (proposed["booking"]["id"], proposed["present"], proposed["amount"]) == (visit.id, 3, 12_000)
    made = await worker("POST", "/claims", {"booking_id": visit.id}, Idempotency_Key="k1")
    again = await worker("POST", "/claims", {"booking_id": visit.id}, Idempotency_Key="k1")
    assert made.status == 201
    assert made.body == again.body
    assert await Claim.all().count() == 1
    path = f"/claims/{made.body['id']}"
    returned = await town("POST", f"{path}/return", {"reason": "请补票据"})
    assert (returned.body["status"], returned.body["reason"]) == ("returned", "请补票据")
    corrected = await worker("POST", f"{path}/correct", {"receipts": [{"number": "A1", "amount": 9900}]})
    assert (corrected.body["amount"], corrected.body["rounds"]) == (9900, 2)
    steps = [(town, "approve", "reviewed"), (town, "approve", "reviewed"), (district, "approve", "approved")]
    for who, step, status in [*steps, (district, "pay", "paid"), (district, "pay", "paid")]:
        answer = await who("POST", f"{path}/{step}")
        assert (answer.status, answer.body["status"]) == (200, status)
    (fund,) = (await town("GET", "/funds?year=2026")).body["items"]
    assert (fund["committed"], fund["paid"], fund["free"]) == (9900, 9900, 90_100)
    assert [one["id"] for one in (await worker("GET", "/claims?status=paid")).body["items"]] == [
        made.body["id"]
    ]


async def test_the_sheet_comes_as_a_file(world: World, visit: Booking) -> None:
    await world["worker"]("POST", "/claims", {"booking_id": visit.id})
    answer = await world["town"]("GET", "/claims.xlsx?year=2026")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    sheet: Any = load_workbook(BytesIO(answer.body)).active
    assert sheet["I2"].value == 12_000


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"booking_id": 10**6}, 404, "not_found"),
        ({"booking_id": "1"}, 422, "bad_input"),
        ({}, 422, "bad_input"),
        ({"booking_id": 1, "receipts": [{"number": "1", "amount": 0.5}]}, 422, "bad_input"),
    ],
)
async def test_a_claim_that_makes_no_sense_leaves_nothing_behind(
    world: World, visit: Booking, form: dict[str, Any], status: int, code: str
) -> None:
    answer = await world["worker"]("POST", "/claims", form)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert await Claim.all().count() == 0


async def test_a_second_claim_is_told_apart_from_a_repeat(world: World, visit: Booking) -> None:
    for expected in (201, 409):
        answer = await world["worker"]("POST", "/claims", {"booking_id": visit.id})
        assert answer.status == expected
    assert answer.body["code"] == "already_claimed"


async def with_a_bill(world: World, visit: Booking) -> str:
    """The path of a bill's picture."""
    form = {"booking_id": visit.id, "receipts": [{"number": "A1", "amount": 9900, "purpose": "guide"}]}
    made = (await world["worker"]("POST", "/claims", form)).body
    (bill,) = made["receipts"]
    assert (bill["purpose"], bill["has_image"]) == ("guide", False)
    return f"/claims/{made['id']}/receipts/{bill['id']}/image"


async def test_a_bills_picture_goes_in_and_comes_out_as_a_picture(world: World, visit: Booking) -> None:
    worker, path = world["worker"], await with_a_bill(world, visit)
    noise = Image.effect_noise((700, 700), 90)  # Doesn't compress: more than other bodies may have.
    file = BytesIO()
    noise.save(file, "PNG")
    assert len(file.getvalue()) > LARGEST_BODY
    put = await worker("PUT", path, {"content": b64encode(file.getvalue()).decode()})
    assert (put.status, put.body["has_image"]) == (200, True)
    seen = await world["upper_town"]("GET", path)
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(BytesIO(seen.body)).size == (700, 700)
    assert (await world["other_worker"]("GET", path)).status == 404
    gone = await worker("DELETE", path)
    assert (gone.status, gone.body["has_image"]) == (200, False)


@pytest.mark.filterwarnings("ignore:Sending a large body")
@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ("@@@", 422, "bad_input"),
        ("eA==", 422, "bad_input"),
        ("", 422, "bad_input"),
        ("A" * 2_100_000, 413, "too_large"),
    ],
)
async def test_what_is_no_picture_is_refused(
    world: World, visit: Booking, content: str, status: int, code: str
) -> None:
    path = await with_a_bill(world, visit)
    answer = await world["worker"]("PUT", path, {"content": content})
    assert (answer.status, answer.body["code"]) == (status, code)


async def test_a_quarter_is_paid_at_once_and_everybody_may_read_the_sums(
    world: World, visit: Booking
) -> None:
    claim = (await world["worker"]("POST", "/claims", {"booking_id": visit.id})).body
    assert (claim["due_on"], claim["overdue"], claim["late"]) == ("2026-11-27", False, False)
    for who in ("upper_town", "upper_district"):
        await world[who]("POST", f"/claims/{claim['id']}/approve")
    district = world["upper_district"]
    (fund,) = (await district("GET", "/funds")).body["items"]
    batch = await district("POST", "/payment-batches", {"fund_id": fund["id"]})
    assert (batch.status, batch.body["status"], batch.body["amount"]) == (201, "open", 12_000)
    assert batch.body["claims"][0]["status"] == "batched"
    path = f"/payment-batches/{batch.body['id']}"
    for _ in range(2):
        paid = await district("POST", f"{path}/pay")
        assert (paid.status, paid.body["status"], paid.body["claims"][0]["status"]) == (200, "paid", "paid")
    assert (await district("DELETE", path)).body["code"] == "wrong_state"
    assert (await district("GET", f"{path}.xlsx")).status == 200
    (listed,) = (await district("GET", "/payment-batches")).body["items"]
    assert (listed["visits"], listed["amount"]) == (1, 12_000)
    seen = (await world["stranger"]("GET", "/claims/summary")).body
    assert (seen["visits"], seen["amount"]) == (1, 12_000)
    assert seen["branches"] == [{"name": "甲社区党支部", "visits": 1, "amount": 12_000}]
