"""The lesson's pages: who reads is known silently inside WeChat, quizzes work without a script."""

from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from handlers import lesson_desk, lessons, page_logins
from handlers.context import Context
from handlers.gateways import errors
from models import Account, App, Channel, Delivery, DeliveryStatus, Lesson, LessonWeek, PracticeCard, Role
from pages.login import COOKIE, NOBODY, STATE
from tests.fakes import Clock, FakeWeChat
from tests.handlers.test_lesson_schedule import officer
from tests.pages.test_pages import Client, Tags, client

__all__ = ["client"]

WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}


@pytest.fixture
async def lesson(ctx: Context) -> Lesson:
    """This week's lesson."""
    await lessons.seed(ctx)
    return await Lesson.get(id=(await lessons.current(ctx)).id)


async def round_trip(client: Client, path: str, code: str = "page-code") -> tuple[str, str]:
    """Go round by WeChat; the cookie that comes of it, and where it leads."""
    away = await client.get(path, headers=WECHAT, allow_redirects=False)
    assert away.status == 302
    query = parse_qs(urlsplit(away.headers["Location"]).query)
    assert query["scope"] == ["snsapi_base"]
    assert query["redirect_uri"][0].endswith(path)
    back = await client.get(
        f"{path}?code={code}&state={query['state'][0]}", headers=WECHAT, allow_redirects=False
    )
    return back.cookies[COOKIE].value, back.headers["Location"]


async def test_inside_wechat_the_reader_is_known_and_wrong_answers_come_back_to_them(
    client: Client, lesson: Lesson, wechat: FakeWeChat
) -> None:
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o-reader", follows=True)
    wechat.page_logins["page-code"] = "o-reader"
    word, path = await round_trip(client, f"/lessons/{lesson.id}")
    assert (word != NOBODY, path) == (True, f"/lessons/{lesson.id}")
    wrong = "A" if lesson.body["quiz"][0]["answer"] != "A" else "B"
    response = await client.post(path, data={"q1": wrong}, headers=WECHAT)
    html = await response.text()
    assert Tags(html).open == []
    assert f"应选 {lesson.body['quiz'][0]['answer']}" in html
    assert (await PracticeCard.get()).account_id == account.id
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("said", [None, "o-stranger", errors.UserMustRedo(40029)])
async def test_a_stranger_a_preview_and_a_bad_code_read_without_a_name_and_are_not_sent_round(
    client: Client, lesson: Lesson, wechat: FakeWeChat, said: str | Exception | None
) -> None:
    if isinstance(said, Exception):
        wechat.refuse.append(said)
    wechat.page_logins["page-code"] = said if not isinstance(said, Exception) else None
    word, path = await round_trip(client, f"/lessons/{lesson.id}")
    assert word == NOBODY
    assert (await client.get(path, headers=WECHAT, allow_redirects=False)).status == 200
    assert await Account.all().count() == 0


async def test_a_code_under_a_foreign_state_logs_nobody_in(
    client: Client, lesson: Lesson, wechat: FakeWeChat
) -> None:
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o-reader", follows=True)
    wechat.page_logins["page-code"] = "o-reader"
    path = f"/lessons/{lesson.id}?code=page-code&state=x"
    for cookies in ({}, {STATE: "y"}):
        response = await client.get(path, headers=WECHAT, cookies=cookies, allow_redirects=False)
        assert response.cookies[COOKIE].value == NOBODY


async def test_wechat_may_come_back_twice_with_one_code(ctx: Context, wechat: FakeWeChat) -> None:
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o-reader", follows=True)
    wechat.page_logins["page-code"] = "o-reader"
    assert await page_logins.log_in(ctx, code="page-code")
    wechat.page_logins.clear()
    assert await page_logins.log_in(ctx, code="page-code")


async def test_a_word_is_good_for_a_while_and_only_as_signed(ctx: Context, clock: Clock) -> None:
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o-reader", follows=True)
    word = page_logins.issue(ctx, account.id)
    assert (await page_logins.caller(ctx, word=word)).account == account
    for forged in (
        word[:-1] + "0",
        word.replace(f".{account.id}.", f".{account.id + 1}."),
        "p1.1",
        "党.1.2.3",
    ):
        known = await page_logins.caller(ctx, word=forged)
        assert known.account is None or forged == word
    clock.now += page_logins.KEPT_FOR + timedelta(seconds=1)
    assert (await page_logins.caller(ctx, word=word)).account is None


async def test_outside_wechat_anybody_reads_and_answers(client: Client, lesson: Lesson) -> None:
    assert (await client.get(f"/lessons/{lesson.id}", allow_redirects=False)).status == 200
    nothing = await (await client.post(f"/lessons/{lesson.id}", data={})).text()
    assert "请至少回答一题" in nothing
    odd = await client.post(f"/lessons/{lesson.id}", data={"q1": "<b>", "q9": "A"})
    assert (odd.status, "<b>" in await odd.text()) == (200, False)
    assert await PracticeCard.all().count() == 0


async def test_a_year_whose_holidays_nobody_knows_is_told_once_and_first(
    client: Client, lesson: Lesson, ctx: Context
) -> None:
    account = (await officer(ctx)).caller.account
    assert account is not None
    html = await (
        await client.get("/lessons/weeks", cookies={COOKIE: page_logins.issue(ctx, account.id)})
    ).text()
    assert (Tags(html).open, html.count("2027年的放假安排还没有内置")) == ([], 1)
    assert html.index("2027年的放假安排还没有内置") < html.index("<section")


async def test_one_tap_ends_the_weekly_message_and_one_begins_it_again(
    client: Client, lesson: Lesson, ctx: Context
) -> None:
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o-reader", follows=True, unionid="u")
    mini = await Account.create(app=App.MINI_PROGRAM, openid="m-reader", unionid="u", lesson_choice=True)
    await Account.filter(id=account.id).update(lesson_choice=True)
    held = {COOKIE: page_logins.issue(ctx, account.id)}
    for wanted, button in ((True, "不再接收每周微课"), (False, "每周五发给我"), (True, "不再接收每周微课")):
        html = await (await client.get(f"/lessons/{lesson.id}", cookies=held)).text()
        assert (Tags(html).open, f">{button}</button>" in html) == ([], True)
        accounts = await Account.filter(id__in=[account.id, mini.id])
        assert {one.lesson_choice for one in accounts} == {wanted}
        form = {"lesson": str(lesson.id), "wants": "0" if wanted else "1"}
        response = await client.post("/lessons/choice", data=form, cookies=held, allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (303, f"/lessons/{lesson.id}#choice")


async def test_a_form_that_says_neither_changes_nothing(client: Client, lesson: Lesson, ctx: Context) -> None:
    account = await Account.create(
        app=App.OFFICIAL_ACCOUNT, openid="o-reader", follows=True, lesson_choice=True
    )
    held = {COOKIE: page_logins.issue(ctx, account.id)}
    for form in ({}, {"wants": "2"}):
        await client.post("/lessons/choice", data={"lesson": str(lesson.id)} | form, cookies=held)
    assert (await Account.get(id=account.id)).lesson_choice is True


async def test_a_withdrawn_lesson_says_that_it_is_one(client: Client, lesson: Lesson, ctx: Context) -> None:
    boss = await officer(ctx)
    assert boss.caller.account is not None
    await lesson_desk.withdraw(boss, lesson_id=lesson.id)
    for response in (
        await client.get(f"/lessons/{lesson.id}"),
        await client.post(f"/lessons/{lesson.id}", data={"q1": "A"}),
    ):
        html = await response.text()
        assert (response.status, "这一课已撤回" in html, Tags(html).open) == (404, True, [])
    assert "这一课已撤回" not in await (await client.get("/lessons/999999999")).text()
    await LessonWeek.filter(friday=date(2026, 11, 20)).update(lesson_id=lesson.id)
    held = {COOKIE: page_logins.issue(ctx, boss.caller.account.id)}
    html = await (await client.get("/lessons/weeks/2026-11-20", cookies=held)).text()
    assert ("这一课已撤回" in html, Tags(html).open) == (True, [])
    tried = await client.post("/lessons/weeks/2026-11-20/retry", cookies=held)
    assert (tried.status, "这一课已撤回" in await tried.text()) == (200, True)


async def test_who_is_not_known_chooses_by_a_word(client: Client, lesson: Lesson) -> None:
    assert "/lessons/choice" not in await (await client.get(f"/lessons/{lesson.id}")).text()
    response = await client.post("/lessons/choice", data={"lesson": "x", "wants": "0"})
    assert (response.status, "退订微课" in await response.text()) == (403, True)


async def test_only_officers_see_the_truth_and_try_again(
    client: Client, lesson: Lesson, ctx: Context
) -> None:
    path = "/lessons/weeks/2026-11-20"
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o-reader", follows=True)
    await Delivery.create(
        week_id=date(2026, 11, 20),
        account=account,
        recipient="a",
        channel=Channel.MASS,
        status=DeliveryStatus.FAILED,
    )
    boss = await officer(ctx)
    town = await officer(ctx, Role.TOWN_OFFICER)
    worker = await officer(ctx, Role.BRANCH_WORKER)
    for who, seen, tried in ((boss, 200, 303), (town, 200, 403), (worker, 403, 403), (None, 403, 403)):
        account = who.caller.account if who else None
        cookies = {COOKIE: page_logins.issue(ctx, account.id)} if account else {}
        await Delivery.all().update(status=DeliveryStatus.FAILED, error="45168")
        for asked in ("/lessons/weeks", path):
            response = await client.get(asked, cookies=cookies)
            html = await response.text()
            assert (response.status, Tags(html).open) == (seen, [])
        assert ("重发失败的" in html) is (who is boss)
        again = await client.post(f"{path}/retry", cookies=cookies, allow_redirects=False)
        assert again.status == tried
        if who is boss:
            html = await (await client.get(again.headers["Location"], cookies=cookies)).text()
            assert ("1 人已重新排队" in html, "重发失败的" in html) == (True, False)
        else:
            assert "重发由区里操作" in await again.text()
        client.session.cookie_jar.clear()
    missing = {COOKIE: page_logins.issue(ctx, boss.caller.account.id)}  # type: ignore[union-attr]
    assert (await client.get("/lessons/weeks/2026-11-21", cookies=missing)).status == 404
    assert (await client.get("/lessons/weeks/2026-13-41", cookies=missing)).status == 404
