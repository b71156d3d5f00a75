"""Texts that others will read are nowhere to be read before they passed."""

from contextlib import suppress
from datetime import timedelta

import pytest

from handlers import bookings, claim_decisions, claims, closings, complaints, screenings
from handlers.context import Caller, Context
from handlers.errors import BadInput, NotAllowed, NotFound
from handlers.gateways.errors import Busy, UserMustRedo, WeChatError
from handlers.gateways.wechat import TextCheck
from handlers.screenings import STAND_IN, WITHHELD, held_word
from models import (
    Account,
    App,
    AuditEntry,
    Booking,
    BookingStatus,
    CheckIn,
    Complaint,
    Fund,
    Notice,
    Screening,
    ScreeningStatus,
    Site,
)
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


@pytest.fixture
async def followed(world: Town) -> Town:
    """The same world where those who are written to follow the account."""
    for name in ("worker", "keeper", "town_officer"):
        who = getattr(world, name)
        await Account.create(app=App.OFFICIAL_ACCOUNT, openid=f"o-{name}", person=who, follows=True)
        await Account.create(app=App.MINI_PROGRAM, openid=f"m-{name}", person=who)
    return world


async def told() -> list[tuple[str, str]]:
    return [(one.openid, one.content) for one in await Notice.all().order_by("id")]


async def release_all(world: Town) -> None:
    officer = world.at(world.town_officer)
    for waiting in await screenings.queue(officer):
        for _ in range(2):
            with suppress(NotFound):  # The second time there is nothing left to release.
                await screenings.release(officer, text_id=waiting.id)


async def test_a_theme_that_passes_late_is_told_to_the_keeper(followed: Town) -> None:
    await booked(followed, BAD)
    await release_all(followed)
    assert await told() == [("o-keeper", f"11月21日（周六）10:00 阵地S10，5 人，活动主题是：{BAD}。")]


async def test_a_reason_that_passes_late_is_told_to_the_branch_once(followed: Town) -> None:
    await Site.filter(id=followed.site.id).update(needs_approval=True)
    await followed.site.refresh_from_db()
    booking = await booked(followed, "主题党日")
    await bookings.decline(followed.at(followed.keeper), booking_id=booking.id, reason=BAD)
    ((reader, said),) = await told()
    assert reader == "o-worker"
    assert "原因：原因还在审核，随后告诉您。" in said
    assert BAD not in said
    await release_all(followed)
    assert (await told())[1:] == [("o-worker", f"11月21日（周六）10:00 阵地S10，5 人，退回的原因是：{BAD}。")]


async def test_a_branchs_own_reason_is_told_to_the_keeper(followed: Town) -> None:
    booking = await booked(followed, "主题党日")
    await bookings.cancel(followed.at(followed.worker), booking_id=booking.id, reason=BAD)
    await release_all(followed)
    assert await told() == [("o-keeper", f"11月21日（周六）10:00 阵地S10，5 人，取消的原因是：{BAD}。")]


async def test_a_claims_reason_that_passes_late_is_told_to_its_sender(followed: Town) -> None:
    begins = followed.ctx.now() - timedelta(days=2)
    await Fund.create(organization=followed.district, year=2026, budget=10**6, per_head=50, cap=10**4)
    booking = await Booking.create(
        slot=await new_slot(followed.site, begins), branch=followed.branch, headcount=1, theme="主题党日",
        status=BookingStatus.FULFILLED, created_at=begins,
    )  # fmt: skip
    await CheckIn.create(booking=booking, person=followed.member, at=begins, source="door")
    claim = await claims.submit(followed.at(followed.worker), booking_id=booking.id)
    await claim_decisions.send_back(followed.at(followed.town_officer), claim_id=claim.id, reason=BAD)
    await release_all(followed)
    where = "11月18日在阵地S10的活动，补单"
    assert await told() == [
        ("o-worker", f"{where}被退回：原因还在审核，随后告诉您。请在小程序“补单”里修改后再提交。"),
        ("o-worker", f"{where}退回的原因是：{BAD}。"),
    ]


async def test_what_was_written_over_meanwhile_is_told_to_nobody(followed: Town) -> None:
    booking = await booked(followed, BAD)
    await Booking.filter(id=booking.id).update(theme="主题党日")
    await release_all(followed)
    assert await told() == []


async def test_a_closing_says_why_at_once_or_asks_for_other_words(followed: Town) -> None:
    slot = await new_slot(followed.site, followed.ctx.now() + timedelta(days=1))
    with pytest.raises(BadInput):
        await closings.close_slot(followed.at(followed.keeper), slot_id=slot.id, reason=BAD)
    await slot.refresh_from_db()
    assert not slot.closed
