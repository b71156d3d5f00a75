"""Texts that others will read are nowhere to be read before they passed."""

from datetime import timedelta

import pytest

from handlers import bookings, complaints, screenings
from handlers.context import Caller, Context
from handlers.errors import NotAllowed, NotFound
from handlers.gateways.errors import Busy, UserMustRedo, WeChatError
from handlers.gateways.wechat import TextCheck
from handlers.screenings import STAND_IN, WITHHELD, held_word
from models import Account, App, AuditEntry, Booking, Complaint, Screening, ScreeningStatus
from tests.fakes import Clock, FakeWeChat
from tests.handlers.town import Town, build, new_slot

BAD = "主题党日，扫码 领 鸡蛋"


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await build(ctx)


@pytest.fixture
async def checked(world: Town) -> Town:
    """The same world where the mini program has WeChat's text check."""
    object.__setattr__(world.ctx, "settings", world.ctx.settings.model_copy(update={"text_check": True}))
    await Account.create(app=App.MINI_PROGRAM, openid="openid-of-worker", person=world.worker)
    return world


async def booked(world: Town, theme: str, *, days: int = 1) -> Booking:
    slot = await new_slot(world.site, world.ctx.now() + timedelta(days=days))
    return await bookings.book(world.at(world.worker), slot_id=slot.id, headcount=5, theme=theme)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("主题党日：重温入党誓词", False),
        ("学习《中国共产党章程》，参观党史馆", False),
        (BAD, True),
        ("加 Ｑ Ｑ 了解", True),
        ("刷-单", True),
        ("", False),
    ],
)
def test_a_word_of_the_list_is_found_however_it_is_spaced(text: str, held: bool) -> None:
    assert (held_word(text) is not None) is held


async def test_what_nobody_objects_to_is_shown_at_once(world: Town) -> None:
    booking = await booked(world, "主题党日")
    assert (await Booking.get(id=booking.id)).theme == "主题党日"
    assert await Screening.all().count() == 0


async def test_a_held_theme_is_nowhere_but_with_its_author_and_the_officer(world: Town) -> None:
    booking = await booked(world, BAD)
    assert booking.theme == BAD
    for other in (world.keeper, world.town_officer, world.member):
        seen = await bookings.get_booking(world.at(other), booking_id=booking.id)
        assert seen.theme == STAND_IN
    assert BAD not in await bookings.calendar_file(world.at(world.keeper), booking_id=booking.id)
    (waiting,) = await screenings.queue(world.at(world.town_officer))
    assert (waiting.subject, waiting.text) == (f"booking:{booking.id}:theme", BAD)


async def test_an_officer_releases_what_is_fit_to_be_read(world: Town) -> None:
    booking = await booked(world, BAD)
    (waiting,) = await screenings.queue(world.at(world.town_officer))
    await screenings.release(world.at(world.town_officer), text_id=waiting.id)
    assert (await Booking.get(id=booking.id)).theme == BAD
    assert await screenings.queue(world.at(world.town_officer)) == []
    assert await AuditEntry.filter(action="text.released").count() == 1


async def test_an_officer_withholds_what_is_not_and_may_think_again(world: Town) -> None:
    booking = await booked(world, BAD)
    officer = world.at(world.town_officer)
    (waiting,) = await screenings.queue(officer)
    for _ in range(2):
        await screenings.withhold(officer, text_id=waiting.id)
    assert (await Booking.get(id=booking.id)).theme == WITHHELD
    assert await screenings.queue(officer) == []
    assert await AuditEntry.filter(action="text.withheld").count() == 1
    await screenings.release(officer, text_id=waiting.id)
    assert (await Booking.get(id=booking.id)).theme == BAD


async def test_only_officers_above_look_at_what_waits(world: Town) -> None:
    await booked(world, BAD)
    row = await Screening.get()
    with pytest.raises(NotAllowed):
        await screenings.queue(world.at(world.worker))
    assert await screenings.queue(world.at(world.far_officer)) == []
    with pytest.raises(NotFound):
        await screenings.release(world.at(world.far_officer), text_id=row.id)
    assert await Screening.all().count() == 1


async def test_reasons_and_complaints_wait_as_well(world: Town) -> None:
    booking = await booked(world, "主题党日")
    await bookings.cancel(world.at(world.worker), booking_id=booking.id, reason=BAD)
    complaint = await complaints.submit(world.at(None), text=BAD)
    assert (await Booking.get(id=booking.id)).reason == STAND_IN
    assert (await Complaint.get()).text == STAND_IN
    assert (await complaints.look_up(world.at(None), lookup=complaint.lookup)).text == BAD
    # A complaint of nobody in particular is for the district.
    assert len(await screenings.queue(world.at(world.town_officer))) == 1
    assert len(await screenings.queue(world.at(world.district_officer))) == 2


async def test_with_wechats_check_every_text_waits_until_it_has_passed(
    checked: Town, wechat: FakeWeChat
) -> None:
    booking = await booked(checked, "主题党日")
    assert (await Booking.get(id=booking.id)).theme == STAND_IN
    assert await screenings.check_waiting(checked.ctx) == 1
    assert (await Booking.get(id=booking.id)).theme == "主题党日"
    assert await screenings.check_waiting(checked.ctx) == 0


@pytest.mark.parametrize("opinion", [TextCheck.REVIEW, TextCheck.RISKY])
async def test_what_wechat_does_not_pass_a_person_decides(
    checked: Town, wechat: FakeWeChat, opinion: TextCheck
) -> None:
    wechat.opinions["内部消息"] = opinion
    booking = await booked(checked, "内部消息")
    await screenings.check_waiting(checked.ctx)
    assert (await Booking.get(id=booking.id)).theme == STAND_IN
    assert (await Screening.get()).status is ScreeningStatus.REVIEW


@pytest.mark.parametrize(
    ("error", "status"),
    [(UserMustRedo(61010), ScreeningStatus.REVIEW), (Busy(-1), ScreeningStatus.WAITING)],
)
async def test_where_wechat_cannot_say_a_person_decides_and_where_it_is_busy_we_ask_again(
    checked: Town, wechat: FakeWeChat, error: WeChatError, status: ScreeningStatus
) -> None:
    booking = await booked(checked, "主题党日")
    wechat.refuse.append(error)
    assert await screenings.check_waiting(checked.ctx) == (status is ScreeningStatus.REVIEW)
    assert (await Screening.get()).status is status
    assert (await Booking.get(id=booking.id)).theme == STAND_IN


async def test_who_has_no_mini_program_account_is_read_by_a_person(checked: Town) -> None:
    await Account.all().delete()
    await booked(checked, "主题党日")
    assert (await Screening.get()).status is ScreeningStatus.REVIEW


async def test_nothing_waits_for_wechat_longer_than_a_day(
    checked: Town, clock: Clock, wechat: FakeWeChat
) -> None:
    await booked(checked, "主题党日")
    clock.now += timedelta(hours=24)
    await screenings.check_waiting(checked.ctx)
    assert (await Screening.get()).status is ScreeningStatus.REVIEW


async def test_the_chat_checks_under_the_persons_mini_program_account(checked: Town) -> None:
    chat = await Account.create(app=App.OFFICIAL_ACCOUNT, openid="oa", person=checked.worker)
    await complaints.submit(
        checked.ctx.on_behalf_of(Caller(account=chat, person=checked.worker)), text="多开一场"
    )
    row = await Screening.get().select_related("account")
    assert row.account is not None
    assert row.account.openid == "openid-of-worker"


async def test_without_the_stand_in_the_keeper_would_read_it(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenings, "held_words", lambda: ())
    booking = await booked(world, BAD)
    assert (await bookings.get_booking(world.at(world.keeper), booking_id=booking.id)).theme == BAD
