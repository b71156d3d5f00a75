"""The phone page in a real browser, against the whole product: what a person sees and can do."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from models import Account, App, Booking, BookingStatus, CheckIn, Guest, Person, Slot
from tests.simulator import browser as browsers
from tests.simulator.browser import Browser, open_browser
from tests.simulator.demo import Demo, open_demo

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(browsers.MISSING), reason=browsers.MISSING or "there is a browser"),
]

WORKER = "oDemo-branch-worker-shequ-01"
WORKER_OF_A_VILLAGE = "oDemo-branch-worker-cun-0001"
MEMBER = "oDemo-member-shequ-000000001"
OTHER_MEMBER = "oDemo-member-shequ-000000002"
KEEPER = "oDemo-site-keeper-s10-000001"
NOT_BOUND = "oDemo-not-bound-yet-00000001"
NOT_FOLLOWING = "oDemo-not-following-00000001"
STRANGER = "oDemo-stranger-0000000000001"

SITE = "S10"
A_LATER_SLOT = ".slot-day:nth-of-type(3) .slot:not(.full):not(:disabled)"
"""Not one of today: whatever the hour, it can still be given up."""
SITE_NAME = "般阳红色楼长会客厅"
PHONE = (375, 812)
DESK = (1280, 800)
ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"

MINI_PROGRAM_PAGES = (
    *("home", "sites", f"site?id={SITE}", "bookings", "check-in", "lessons", "lesson"),
    *("questions", "me", "bind", "my-code", "open-visits"),
)
SCREENS = (
    *("chats", "discover", "mine", "chat", "profile", "scan", "mp/complaint"),
    *(f"mp/{page}" for page in MINI_PROGRAM_PAGES),
)

TOO_SMALL = """
const inText = '.bubble a, .answer-text a';
const inLabel = '[type=checkbox], [type=radio]';
return [...document.querySelectorAll('#phone :is(button, a, summary, input, textarea)')]
  .filter((e) => e.checkVisibility() && !e.matches(inText) && !e.matches(inLabel))
  .map((e) => [e.getAttribute('aria-label') || e.innerText, e.getBoundingClientRect()])
  .filter(([_, box]) => box.width < 43.5 || box.height < 43.5)
  .map(([name, box]) => `${name} ${box.width}x${box.height}`);
"""
STICKING_OUT = """
const edge = document.getElementById('phone').getBoundingClientRect().right + 1;
return [...document.querySelectorAll('#phone *')]
  .filter((e) => e.checkVisibility() && !e.closest('.unseen, .finder'))
  .filter((e) => e.getBoundingClientRect().right > edge)
  .map((e) => `${e.tagName}.${e.className} ${e.innerText}`);
"""
NAMELESS = """
return [...document.querySelectorAll('#phone :is(button, a, input, textarea)')]
  .filter((e) => e.checkVisibility() && !(e.innerText || e.ariaLabel || e.title || e.labels?.length))
  .map((e) => e.outerHTML);
"""


BEHIND_ITS_BACK = """
const body = JSON.stringify({openid: arguments[1]});
return fetch(arguments[0], {method: 'POST', body}).then(() => true);
"""


@dataclass(frozen=True, slots=True)
class Hand:
    """Holds the phone: opens it as somebody, on some screen."""

    browser: Browser
    demo: Demo

    async def take(self, openid: str, screen: str = "chat", size: tuple[int, int] = PHONE) -> Browser:
        """This person's phone, freshly opened on a screen that has finished loading."""
        await self.browser.open("about:blank")
        await self.browser.resize(*size)
        await self.browser.open(f"{self.demo.url}/?as={openid}#/{screen}")
        await self.browser.wait("document.querySelector('.screen') && !document.querySelector('.waiting')")
        return self.browser


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> AsyncIterator[Demo]:
    """Product and simulator."""
    directory = tmp_path_factory.mktemp("demo")
    path = shutil.copy(sqlite_template, directory / "demo.sqlite3")
    async with open_demo(directory, database_url=f"sqlite://{path}") as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hand(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hand]:
    """A browser for this file."""
    async with open_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield Hand(browser, demo)


async def visit_now(demo: Demo, organization: str) -> Booking:
    """A confirmed visit of a branch to the site, with its gate open."""
    now = demo.ctx.now()
    person = await Person.filter(organization__code=organization).first().select_related("organization")
    assert person is not None
    slot, _ = await Slot.get_or_create(
        site_id=SITE,
        starts_at=now.replace(minute=0, second=0, microsecond=0) - timedelta(minutes=7),
        defaults={"ends_at": now + timedelta(hours=2), "capacity": 60},
    )
    return await Booking.create(
        slot=slot,
        branch=person.organization,
        headcount=20,
        theme="主题党日",
        status=BookingStatus.CONFIRMED,
        live_key=f"{slot.id}:{person.organization_id}",
        created_at=now,
    )


async def test_a_question_is_answered_with_its_rule(hand: Hand) -> None:
    page = await hand.take(MEMBER)
    await page.press("切换到键盘")
    await page.write("textarea", f"预备期多长{ENTER}")
    await page.see("依据：", ".theirs .bubble")
    assert await page.run("return document.querySelector('.mine .bubble').innerText") == "预备期多长"
    assert await page.run("return document.querySelectorAll('.row').length") == 2


async def test_the_menu_opens_upwards_and_its_tap_is_answered(hand: Hand) -> None:
    page = await hand.take(OTHER_MEMBER)
    await page.press("服务", ".menu-bar")
    await page.press("使用帮助", ".menu-bar")
    await page.see("您可以这样用", ".theirs .bubble")
    assert await page.run("return document.querySelector('.menu-pop:not([hidden])')") is None


async def test_the_menu_works_by_keyboard(hand: Hand) -> None:
    page = await hand.take(KEEPER)
    await page.find(".menu-top")
    await page.run("document.querySelector('.menu-top').focus()")
    await page.keys(ENTER)
    assert await page.run("return document.activeElement.innerText") == "附近阵地"
    await page.keys(ESCAPE)
    assert await page.run("return document.activeElement.className") == "menu-top"
    await page.keys(ENTER, TAB, ENTER)
    await page.see("没有预约", ".theirs")


async def test_a_push_arrives_live_with_a_badge_and_is_read_in_the_chat(hand: Hand) -> None:
    page = await hand.take(WORKER)
    await page.press("切换到键盘")
    await page.write("textarea", f"使用帮助{ENTER}")
    await page.find(".theirs")
    await page.press("返回")
    await hand.demo.ctx.wechat.send_text(WORKER, "明天上午九点见。")
    await page.see("明天上午九点见。", ".chat-row")
    await page.see("明天上午九点见。", "#banner")
    assert await page.run("return document.querySelector('.chat-row .badge [aria-hidden]').innerText") == "1"
    assert (await page.run("return document.title")).startswith("(1)")
    await page.press("明天上午九点见。", "#banner")
    await page.see("明天上午九点见。", ".messages")
    await page.wait("!document.title.startsWith('(')")


async def test_what_a_message_says_is_never_run(hand: Hand) -> None:
    page = await hand.take(WORKER_OF_A_VILLAGE)
    await page.press("切换到键盘")
    await page.write("textarea", f"使用帮助{ENTER}")
    await page.find(".theirs")
    bad = (
        "<script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'>"
        '<a href="javascript:window.harmed=1">坏链接</a>'
        '<a href="https://example.org/a?b=1&amp;c=2" onclick="window.harmed = 1">好链接</a>末尾'
    )
    await hand.demo.ctx.wechat.send_text(WORKER_OF_A_VILLAGE, bad)
    await page.see("末尾", ".messages")
    links = await page.run(
        "return [...document.querySelectorAll('.messages a')].map(a => [a.innerText, a.href])"
    )
    assert links == [["好链接", "https://example.org/a?b=1&c=2"]]
    assert await page.run("return document.querySelectorAll('.messages :is(script, img)').length") == 0
    assert await page.run("return window.harmed") is None
    await page.see("<script>", ".messages")


async def test_many_phones_may_be_left_open(hand: Hand) -> None:
    for _ in range(7):
        page = await hand.take(MEMBER, "mp/home")
        await page.see("您好")


async def test_what_could_not_be_sent_says_so_and_can_be_sent_again(hand: Hand) -> None:
    page = await hand.take(NOT_BOUND)
    await page.press("切换到键盘")
    await page.run(BEHIND_ITS_BACK, "/phone/unfollow", NOT_BOUND)
    await page.write("textarea", f"使用帮助{ENTER}")
    await page.find(".failed")
    await page.run(BEHIND_ITS_BACK, "/phone/follow", NOT_BOUND)
    await page.click(".failed")
    await page.wait("document.querySelectorAll('.theirs').length === 2 && !document.querySelector('.failed')")
    assert await page.run("return document.querySelectorAll('.mine').length") == 1


async def test_a_newcomer_sees_the_follow_page_and_follows(hand: Hand) -> None:
    page = await hand.take(NOT_FOLLOWING)
    await page.see("关注公众号")
    await page.press("关注公众号")
    await page.see("欢迎来到支部通", ".theirs .bubble")
    await page.press("公众号资料")
    await page.press("不再关注")
    await page.press("不再关注", "#sheet")
    await page.see("关注公众号")


async def test_a_newcomer_who_scans_a_poster_follows_by_it(hand: Hand) -> None:
    page = await hand.take(NOT_FOLLOWING, "scan")
    await page.press(SITE_NAME)
    await page.see("接着为您办签到")
    await page.press("关注公众号")
    await page.find(".theirs .bubble")


async def test_a_branch_worker_books_and_cancels(hand: Hand) -> None:
    page = await hand.take(WORKER, "mp/sites")
    await page.write("input[type=search]", "红色楼长")
    await page.wait("document.querySelectorAll('.site').length === 1")
    await page.press(SITE_NAME)
    await page.click(A_LATER_SLOT)
    await page.press("提交预约")
    await page.see("请填写此项", "[data-field=theme]")
    assert await Booking.filter(theme="主题党日", booked_by__name="演示己").count() == 0
    await page.press("主题党日")
    await page.press("提交预约")
    await page.see("已约好", ".booking-top")
    assert await Booking.filter(booked_by__name="演示己", status=BookingStatus.CONFIRMED).count() == 1
    await page.press("取消预约")
    await page.press("取消预约", "#sheet")
    await page.see("已取消", ".booking-top")
    assert await Booking.filter(booked_by__name="演示己", status=BookingStatus.CONFIRMED).count() == 0


async def test_a_branch_keeps_a_slot_to_itself(hand: Hand) -> None:
    page = await hand.take(WORKER, f"mp/site?id={SITE}")
    await page.click(A_LATER_SLOT)
    await page.press("专题党课")
    await page.click(".check:last-of-type input")
    await page.press("提交预约")
    await page.see("一个支部单独用", ".facts")
    booking = await Booking.get(theme="专题党课", booked_by__name="演示己")
    assert booking.exclusive
    await booking.delete()


async def test_somebody_joins_a_visit_alone_and_leaves_it(hand: Hand) -> None:
    visit = await visit_now(hand.demo, "ZC0101")
    later = hand.demo.ctx.now() + timedelta(hours=20)
    await Slot.filter(id=visit.slot_id).update(starts_at=later, ends_at=later + timedelta(hours=2))
    page = await hand.take(WORKER_OF_A_VILLAGE, "mp/open-visits")
    await page.click(".open-visit .mp-button")
    await page.see("已加入", ".open-visit")
    assert await Guest.filter(booking_id=visit.id).count() == 1
    await page.press("退出")
    await page.wait("!document.querySelector('.open-visit .tag')")
    assert await Guest.filter(booking_id=visit.id).count() == 0
    await visit.delete()


async def test_who_may_not_book_is_told_why(hand: Hand) -> None:
    page = await hand.take(MEMBER, f"mp/site?id={SITE}")
    await page.click(".slot:not(.full):not(:disabled)")
    await page.press("主题党日")
    await page.press("提交预约")
    await page.wait("document.querySelector('.form-say').innerText.length > 5")
    assert await Booking.filter(booked_by__name="演示壬").count() == 0


async def test_a_member_checks_in_by_the_poster_and_by_the_door(hand: Hand) -> None:
    visit = await visit_now(hand.demo, "ZC0101")
    page = await hand.take(MEMBER, "scan")
    await page.press(SITE_NAME)
    await page.see("签到成功", ".messages")
    page = await hand.take(KEEPER, f"mp/site?id={SITE}")
    await page.press("门口的签到码")
    await page.wait("document.querySelector('.code-text')?.innerText.startsWith('D')")
    shown = await page.run("return document.querySelector('.code-text').innerText")
    page = await hand.take(OTHER_MEMBER, "scan")
    await page.write("#pasted-code", shown)
    await page.press("识别")
    await page.see("签到好了")
    page = await hand.take(MEMBER, f"mp/check-in?scene={shown}")
    await page.see("已经签过了")
    assert await CheckIn.filter(booking=visit).count() == 2


async def test_a_code_that_is_none_of_ours_is_refused_kindly(hand: Hand) -> None:
    page = await hand.take(MEMBER, "mp/check-in?scene=https://example.org")
    await page.see("这不是本系统的签到码")


async def test_who_is_not_bound_is_asked_to_bind_and_binds(hand: Hand) -> None:
    page = await hand.take(NOT_BOUND, "mp/bookings")
    await page.press("绑定手机号")
    await page.press("绑定手机号", ".mp-body")
    await page.press("允许", "#sheet")
    await page.see("演示卯同志，您好")
    assert await Account.filter(person__name="演示卯", app=App.MINI_PROGRAM).count() == 1


async def test_a_stranger_is_told_that_the_roster_does_not_know_them(hand: Hand) -> None:
    page = await hand.take(STRANGER, "mp/bind")
    await page.press("绑定手机号", ".mp-body")
    await page.press("允许", "#sheet")
    await page.see("名册", "#toast")


async def test_the_lesson_can_be_read_and_its_quiz_is_explained(hand: Hand) -> None:
    page = await hand.take(MEMBER, "mp/lesson")
    await page.see("学完能做到")
    await page.press("交给小支看看")
    await page.see("至少答一题")
    await page.click(".option input")
    await page.press("交给小支看看")
    await page.see("依据：", ".verdict")
    assert await page.run("return document.querySelectorAll('.verdict').length") == 1


async def test_a_complaint_gets_a_code_that_finds_it_again(hand: Hand) -> None:
    page = await hand.take(MEMBER, "mp/home")
    await page.press("提意见")
    await page.write("textarea", "周六能不能多开一场")
    await page.press("交上去")
    await page.see("收到了，谢谢您")
    code = await page.run("return document.querySelector('.lookup-code').innerText")
    page = await hand.take(OTHER_MEMBER, "mp/complaint")
    await page.press("查以前提过的")
    await page.write(".lookup input", code)
    await page.press("查一查")
    await page.see("周六能不能多开一场", ".lookup")


async def test_people_see_and_withdraw_their_own_data(hand: Hand) -> None:
    page = await hand.take("oDemo-young-worker-000000001", "mp/me")
    await page.press("带走我的数据")
    await page.see("演示寅", ".export")
    await page.press("看好了", "#sheet")
    await page.press("撤回我的数据")
    await page.press("撤回", "#sheet")
    await page.see("欢迎来到支部通")


@pytest.mark.parametrize("screen", MINI_PROGRAM_PAGES)
async def test_a_complaint_is_one_tap_away(hand: Hand, screen: str) -> None:
    page = await hand.take(MEMBER, f"mp/{screen}")
    await page.press("提意见")
    await page.see("您的意见或建议")


@pytest.mark.parametrize("screen", SCREENS)
async def test_everything_can_be_read_and_hit_with_a_thumb(hand: Hand, screen: str) -> None:
    page = await hand.take(MEMBER, screen)
    for size in ("normal", "huge"):
        await page.run("document.documentElement.dataset.type = arguments[0]", size)
        assert await page.run(TOO_SMALL) == []
        assert await page.run(STICKING_OUT) == []
        assert await page.run(NAMELESS) == []


async def test_on_a_desk_the_chooser_stands_beside_the_phone(hand: Hand) -> None:
    page = await hand.take(MEMBER, "mine", DESK)
    await page.press("演示庚", "#panel")
    await page.see("支部通", ".chat-row")
    await page.press("我", ".tab-bar")
    await page.see("演示庚", ".me-card")


async def test_on_a_phone_the_chooser_is_a_sheet_that_keeps_the_focus(hand: Hand) -> None:
    page = await hand.take(MEMBER, "mine")
    assert not await page.run(
        "return document.querySelector('.panel-close').checkVisibility({visibilityProperty: true})"
    )
    await page.press("换一个人演示")
    await page.wait("document.activeElement.closest('#panel')")
    assert await page.run("return document.getElementById('phone').inert")
    await page.keys(ESCAPE)
    assert not await page.run("return document.getElementById('phone').inert")


async def test_a_bad_day_can_be_switched_on_and_off(hand: Hand) -> None:
    page = await hand.take(MEMBER, "mine", DESK)
    await page.press("系统繁忙", "#panel")
    await page.wait("document.querySelectorAll('.switch[aria-checked=true]').length === 1")
    page = await hand.take(MEMBER, "mine", DESK)
    await page.wait("document.querySelectorAll('.switch[aria-checked=true]').length === 1")
    await page.press("系统繁忙", "#panel")
    await page.wait("document.querySelectorAll('.switch[aria-checked=true]').length === 0")


async def test_the_platforms_clock_can_be_moved_and_put_back(hand: Hand) -> None:
    page = await hand.take(MEMBER, "mine", DESK)
    await page.see("真实时间", "#panel [role=status]")
    await page.press("三天后", "#panel")
    await page.see("拨动过", "#panel [role=status]")
    await page.press("回到真实时间", "#panel")
    await page.see("（真实时间）", "#panel [role=status]")


@pytest.mark.parametrize("dark", [False, True])
async def test_dark_and_light_follow_the_persons_wish(hand: Hand, dark: bool) -> None:
    page = await hand.take(MEMBER, "chats")
    await page.resize(*PHONE, dark=dark)
    ground = await page.run("return getComputedStyle(document.querySelector('.screen')).backgroundColor")
    assert ground == ("rgb(17, 17, 17)" if dark else "rgb(237, 237, 237)")


async def test_the_console_stayed_quiet(hand: Hand) -> None:
    await hand.take(MEMBER)
    assert [line for line in await hand.browser.complaints() if " 409 " not in line] == []
