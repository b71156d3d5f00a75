"""补单 and 待办 in the chat."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import claims as chat
from bot import texts
from bot.messages import Message
from bot.router import Router
from bot.routes import ROUTES
from handlers import claim_decisions, claims, demo_visits, seeding, sites, todos
from handlers.context import Context
from handlers.todos import Todos
from models import Booking, BookingStatus, CheckIn, Claim, Fund, Organization, Payment
from tests.handlers.town import Town, build, new_slot

ROUTER = Router(ROUTES)


def message(text: str) -> Message:
    fields = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "text", "Content": text}
    return Message(fields, "text")


@pytest.fixture
async def world(ctx: Context) -> Town:
    """A district whose branch was at S10 yesterday, with money to pay for it."""
    world = await build(ctx)
    begins = ctx.now() - timedelta(days=1)
    await Fund.create(organization=world.district, year=2026, budget=10**6, per_head=5050, cap=10**5)
    booking = await Booking.create(
        slot=await new_slot(world.site, begins), branch=world.branch, headcount=1, theme="主题党日",
        status=BookingStatus.FULFILLED, created_at=begins,
    )  # fmt: skip
    await CheckIn.create(booking=booking, person=world.member, at=begins, source="door")
    return world


@pytest.mark.parametrize(
    ("said", "answer"),
    [("我的补单", chat.mine), ("补单", chat.mine), ("待办", chat.to_do)],
)
def test_the_words_lead_there(said: str, answer: object) -> None:
    route = ROUTER.find(message(said))
    assert route is not None
    assert route.answer is answer


async def test_a_branch_is_told_what_it_can_claim_and_what_became_of_it(world: Town) -> None:
    worker = world.at(world.worker)
    said = await chat.mine(message("补单"), worker)
    assert said == f"{texts.NO_CLAIMS}\n还有 1 次活动可以补单，在小程序“补单”里点一下就能提交。"
    booking = await Booking.get()
    claim = await claims.submit(worker, booking_id=booking.id)
    said = await chat.mine(message("补单"), world.at(world.member))
    assert said == "最近的补单：\n· 11月19日（周四）10:00 阵地S10，1 人，50.50 元，等待镇街审核"
    await claim_decisions.send_back(world.at(world.town_officer), claim_id=claim.id, reason="请核对")
    assert (await chat.mine(message("补单"), worker)).endswith("退回修改：请核对")


async def test_what_waits_is_told_to_whom_it_concerns(world: Town) -> None:
    waits = await todos.mine(world.at(world.worker))
    assert replace(waits, records_due=0) == Todos(visits_to_claim=1)
    assert await todos.mine(world.at(world.town_officer)) == Todos()
    booking = await Booking.get()
    claim = await claims.submit(world.at(world.worker), booking_id=booking.id)
    assert await todos.mine(world.at(world.town_officer)) == Todos(claims_to_decide=1)
    assert await todos.mine(world.at(world.far_officer)) == Todos()
    await claim_decisions.approve(world.at(world.town_officer), claim_id=claim.id)
    assert await todos.mine(world.at(world.town_officer)) == Todos()
    assert await todos.mine(world.at(world.district_officer)) == Todos(claims_to_decide=1)
    await claim_decisions.approve(world.at(world.district_officer), claim_id=claim.id)
    said = await chat.to_do(message("待办"), world.at(world.district_officer))
    assert said == "等您处理的事：\n· 1 张补单等待拨付\n请在小程序“待办”里办理。"
    assert await chat.to_do(message("待办"), world.at(world.member)) == texts.NOTHING_TO_DO
    await Booking.filter(id=booking.id).update(status=BookingStatus.REQUESTED)
    assert await todos.mine(world.at(world.keeper)) == Todos(visits_to_confirm=1)


def test_every_count_has_its_line() -> None:
    assert set(chat.TODO_LINES) == set(Todos.__slots__)


async def test_the_demo_has_something_to_claim_and_keeps_what_is_there(ctx: Context) -> None:
    await seeding.seed_people(ctx)
    await sites.seed(ctx)
    for _ in range(2):
        await demo_visits.keep_claimable(ctx)
    assert await Booking.filter(status=BookingStatus.FULFILLED).count() == len(seeding.VISITS)
    branch = await Organization.get(code="ZC0101")
    assert await CheckIn.filter(booking__branch_id=branch.id).count() == demo_visits.CAME
    assert await Fund.all().count() == len(demo_visits.FUNDS)
    assert await Claim.all().count() == await Payment.all().count() == 0
