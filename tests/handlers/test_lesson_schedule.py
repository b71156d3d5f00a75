"""The quarter ahead: holidays, pins, five-Friday months; and the officers' desk."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from handlers import lesson_calendar, lesson_desk, lesson_due, lesson_schedule, lessons, notices
from handlers.context import Caller, Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from handlers.gateways import errors
from handlers.lesson_calendar import day_off, turn
from models import (
    Account,
    App,
    AuditEntry,
    Channel,
    Delivery,
    DeliveryStatus,
    Duty,
    Lesson,
    LessonWeek,
    Notice,
    Organization,
    OrganizationKind,
    Person,
    Role,
)
from settings import HolidayRule, Settings
from tests.fakes import SHANGHAI, Clock
from tests.handlers.test_lesson_receipts import PAST_CLAIM, reported
from tests.handlers.test_lessons import (
    FRIDAY,
    KnowingWeChat,
    consent,
    course,
    follow,
    good_lesson,
    received,
    wechat,
)

__all__ = ["course", "wechat"]
AFTER, BEFORE = HolidayRule.AFTER, HolidayRule.BEFORE


async def officer(ctx: Context, role: Role = Role.DISTRICT_OFFICER) -> Context:
    """The same context for an officer who follows the account."""
    organization, _ = await Organization.get_or_create(
        code="ZC", defaults={"name": "区委组织部", "kind": OrganizationKind.DISTRICT, "path": "0001"}
    )
    person = await Person.create(name="演示", organization=organization)
    await Duty.create(person=person, role=role, organization=organization)
    account = await Account.create(
        app=App.OFFICIAL_ACCOUNT, openid=f"o-{role}", follows=True, person=person, lesson_choice=False
    )
    return ctx.on_behalf_of(Caller(account=account, person=person))


# Days


@pytest.mark.parametrize(
    ("friday", "rule", "day", "note"),
    [
        (date(2026, 11, 20), AFTER, date(2026, 11, 20), ""),
        (date(2026, 10, 2), AFTER, None, "10月2日是国庆节假期，课程顺延到下一个周五"),
        (date(2026, 10, 2), BEFORE, date(2026, 9, 30), "10月2日是国庆节假期，提前到9月30日（周三）"),
        (date(2026, 2, 20), AFTER, None, "2月20日是春节假期，课程顺延到下一个周五"),
        (date(2026, 2, 20), BEFORE, None, "2月20日是春节假期，本周没有工作日，课程顺延到下一个周五"),
        (date(2026, 5, 1), BEFORE, date(2026, 4, 30), "5月1日是劳动节假期，提前到4月30日（周四）"),
        (date(2027, 1, 1), AFTER, None, "1月1日是元旦假期，课程顺延到下一个周五"),
        (date(2031, 1, 3), AFTER, date(2031, 1, 3), ""),
    ],
)
def test_a_holiday_moves_the_lesson_by_rule(
    friday: date, rule: HolidayRule, day: date | None, note: str
) -> None:
    found = turn(friday, rule=rule)
    assert (found.day, found.note) == (day, note)


async def test_without_a_calendar_a_lesson_would_go_out_on_a_holiday(
    ctx: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now = datetime(2026, 9, 24, 9, tzinfo=SHANGHAI)
    await lessons.seed(ctx)
    assert not await LessonWeek.filter(friday=date(2026, 10, 2)).exists()
    monkeypatch.setattr(lesson_calendar, "day_off", lambda *_: "")
    await lessons.arrange(ctx)
    assert (await LessonWeek.get(friday=date(2026, 10, 2))).sends_at.date() == date(2026, 10, 2)


@pytest.mark.parametrize("rule", list(HolidayRule))
def test_a_lesson_never_leaves_its_week_nor_falls_on_a_weekend_or_holiday(rule: HolidayRule) -> None:
    for found in lesson_calendar.turns(date(2020, 1, 1), weeks=53 * 7, rule=rule):
        if found.day is not None:
            assert found.day.isocalendar()[:2] == found.friday.isocalendar()[:2]
            assert found.day.weekday() < 5
            assert day_off(found.day) == ""


def test_days_off_can_be_told_before_they_are_built_in() -> None:
    settings = Settings(_env_file=None, lesson_days_off="2027-02-05..2027-02-11,2027-10-04")
    told = lesson_calendar.told_days_off(settings)
    assert len(told) == 8
    assert turn(date(2027, 2, 5), rule=AFTER, days_off=told).day is None
    assert lesson_calendar.told_days_off(Settings(_env_file=None)) == frozenset()
    for wrong in ("2027-2-5", "soon", "2027-02-05,", "2027-02-05;2027-02-06"):
        with pytest.raises(ValueError, match="lesson_days_off"):
            Settings(_env_file=None, lesson_days_off=wrong)


def test_a_year_that_nobody_knows_is_named() -> None:
    assert lesson_calendar.unknown_years(date(2026, 1, 5), weeks=13) == []
    assert lesson_calendar.unknown_years(date(2030, 12, 1), weeks=13) == [2030, 2031]


# The quarter


async def test_the_quarter_is_filled_again_week_after_week(ctx: Context, clock: Clock) -> None:
    await lessons.seed(ctx)
    clock.now += timedelta(weeks=26)
    await lessons.arrange(ctx)
    ahead = await LessonWeek.filter(sends_at__gt=clock.now).count()
    assert ahead >= lessons.WEEKS_AHEAD - 1
    before = await AuditEntry.all().count()
    assert await lessons.arrange(ctx) == 0
    assert await AuditEntry.all().count() == before


async def test_holidays_published_late_move_what_is_not_planned_yet(course: Context) -> None:
    before = {week.friday: week.lesson_id for week in await LessonWeek.all()}
    away = date(2026, 12, 11)
    told = course.settings.model_copy(update={"lesson_days_off": "2026-12-11"})
    await lessons.arrange(replace(course, settings=told))
    after = {week.friday: week.lesson_id for week in await LessonWeek.all()}
    assert away in before
    assert away not in after
    assert after[date(2026, 12, 18)] == before[away], "the lesson itself is not lost"


async def test_the_rule_before_sends_on_another_day_of_the_same_week(ctx: Context, clock: Clock) -> None:
    clock.now = datetime(2026, 9, 21, 9, tzinfo=SHANGHAI)
    await lessons.seed(replace(ctx, settings=ctx.settings.model_copy(update={"lesson_holidays": BEFORE})))
    week = await LessonWeek.get(friday=date(2026, 10, 2))
    assert week.sends_at.astimezone(SHANGHAI) == datetime(2026, 9, 30, 15, tzinfo=SHANGHAI)


async def test_the_outlook_says_what_goes_how_and_why(course: Context, clock: Clock) -> None:
    clock.now = datetime(2026, 12, 26, 9, tzinfo=SHANGHAI)
    await lessons.arrange(course)
    accounts = await follow(8)
    for account in accounts[:2]:
        await consent(account, course)
    for number in range(2):
        await reported(course, f"hand-{number}")
    clock.now = datetime(2027, 1, 2, 9, tzinfo=SHANGHAI)
    await lessons.arrange(course)
    seen = {one.friday: one for one in await lessons.outlook(course)}
    fridays = [date(2027, 1, day) for day in (8, 15, 22, 29)]
    assert [seen[friday].channels for friday in fridays] == [
        {Channel.MINI_PROGRAM: 2, Channel.MASS: 6},
        *[{Channel.MASS: 8}] * 3,
    ]
    assert any("2027年的放假安排还没有内置" in note for note in seen[fridays[0]].notes)
    assert len(seen) == lessons.WEEKS_AHEAD


@pytest.mark.parametrize(("friday", "told"), [(date(2026, 12, 4), False), (date(2027, 1, 8), True)])
async def test_a_rehearsal_over_a_year_that_nobody_knows_says_so(
    course: Context, friday: date, told: bool
) -> None:
    await follow(2)
    lines = (await lessons.push(course, friday=friday, dry_run=True)).lines
    assert any("2027年的放假安排还没有内置" in line for line in lines) is told


async def test_each_friday_to_come_is_one_line_and_its_reasons(course: Context) -> None:
    await follow(2)
    first = (await lessons.outlook(course))[0]
    assert f"《{first.title}》" in first.lines[0]
    assert "群发 2 人" in first.lines[0]
    assert first.lines[1:] == list(first.notes)
    closed = lesson_schedule.Outlook(date(2026, 10, 2), None, notes=("10月2日是国庆节假期",))
    assert closed.lines == ["2026-10-02　不推送", "10月2日是国庆节假期"]


async def test_the_outlook_foresees_the_fifth_friday(course: Context, clock: Clock) -> None:
    clock.now = datetime(2027, 4, 1, 9, tzinfo=SHANGHAI)
    await lessons.arrange(course)
    await follow(3)
    await reported(course, "hand-1")
    seen = {one.friday: one for one in await lessons.outlook(course)}
    april = [seen[date(2027, 4, day)].channels for day in (2, 9, 16, 23, 30)]
    assert april == [{Channel.MASS: 3}] * 3 + [{Channel.PULL: 3}] * 2
    assert any("手工群发 1 次" in note for note in seen[date(2027, 4, 2)].notes)


# The desk


async def test_an_officer_writes_replaces_and_withdraws_a_lesson(course: Context) -> None:
    ctx = await officer(course)
    lesson = await lesson_desk.write(ctx, body=good_lesson() | {"code": "L90"})
    with pytest.raises(BadInput) as taken:
        await lesson_desk.write(ctx, body=good_lesson() | {"code": "L90"})
    assert "已经用过" in taken.value.fields["code"]
    again = await lesson_desk.replace(ctx, lesson_id=lesson.id, body=good_lesson() | {"title": "新的题目"})
    assert (again.code, again.title) == ("L90", "新的题目")
    await lesson_desk.withdraw(ctx, lesson_id=lesson.id)
    with pytest.raises(NotFound):
        await lessons.get_lesson(course, lesson_id=lesson.id)
    assert lesson.id not in {week.lesson_id for week in await LessonWeek.filter(sends_at__gt=course.now())}


async def test_a_bad_lesson_leaves_nothing_and_names_every_place(course: Context) -> None:
    ctx, body = await officer(course), good_lesson() | {"code": "L90"}
    body["quiz"][1]["answer"] = "E"
    body["parts"][0]["text"] = "<b>粗</b>"
    before = await Lesson.all().count()
    with pytest.raises(BadInput) as bad:
        await lesson_desk.write(ctx, body=body)
    assert set(bad.value.fields) == {"quiz.2", "parts.1.text"}
    assert await Lesson.all().count() == before


async def test_what_staff_edited_is_not_overwritten_by_the_course(course: Context) -> None:
    ctx, lesson = await officer(course), await Lesson.get(code="L01")
    await lesson_desk.replace(ctx, lesson_id=lesson.id, body=good_lesson() | {"title": "我们改过"})
    await lessons.seed(course)
    assert (await Lesson.get(id=lesson.id)).title == "我们改过"


async def test_what_nobody_edited_is_brought_up_to_date(course: Context) -> None:
    lesson = await Lesson.get(code="L01")
    body = lesson.body | {"title": "旧"}
    await Lesson.filter(id=lesson.id).update(title="旧", body=body, fingerprint=lessons.fingerprint(body))
    await lessons.seed(course)
    assert (await Lesson.get(id=lesson.id)).title == lesson.title


async def test_a_lesson_put_on_a_friday_by_hand_stays_there(course: Context, wechat: KnowingWeChat) -> None:
    ctx, lesson = await officer(course), (await Lesson.all().order_by("-code"))[0]
    await lesson_desk.schedule(ctx, friday=FRIDAY, lesson_id=lesson.id)
    await lessons.arrange(course)
    week = await LessonWeek.get(friday=FRIDAY)
    assert (week.lesson_id, week.pinned) == (lesson.id, True)


@pytest.mark.parametrize("days", [-7, 1, 7 * 60])
async def test_only_a_friday_to_come_can_be_scheduled(course: Context, days: int) -> None:
    lesson = await Lesson.first()
    assert lesson is not None
    with pytest.raises(BadInput):
        await lesson_desk.schedule(
            await officer(course), friday=FRIDAY + timedelta(days=days), lesson_id=lesson.id
        )


async def test_a_lesson_that_is_out_stays(course: Context, clock: Clock) -> None:
    ctx, lesson = await officer(course), await Lesson.first()
    assert lesson is not None
    clock.now += timedelta(hours=6)
    with pytest.raises(WrongState):
        await lesson_desk.schedule(ctx, friday=FRIDAY, lesson_id=lesson.id)


async def test_withdrawing_keeps_back_who_has_not_got_it_and_clears_the_weeks_to_come(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    ctx = await officer(course)
    await follow(3)
    await lessons.plan(course, friday=FRIDAY)
    week = await LessonWeek.get(friday=FRIDAY)
    clock.now = week.sends_at + timedelta(seconds=1)
    assert (await lesson_desk.withdraw(ctx, lesson_id=week.lesson_id)).kept_back == 3
    assert {row.status for row in await Delivery.all()} == {DeliveryStatus.WITHDRAWN}
    assert wechat.sent == []


async def test_a_lesson_that_waits_for_its_readers_word_is_withdrawn_too(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    ctx = await officer(course)
    for number in range(4):
        await reported(course, f"hand-{number}")
    await follow(2)
    clock.now = (await LessonWeek.get(friday=FRIDAY)).sends_at
    await lessons.push(course, friday=FRIDAY)
    assert await Notice.filter(status=notices.HELD).count() == 2
    week = await LessonWeek.get(friday=FRIDAY)
    assert (await lesson_desk.withdraw(ctx, lesson_id=week.lesson_id)).kept_back == 2
    await Notice.all().update(status=notices.WAITING)
    await notices.send_due(course)
    assert wechat.sent == []


async def test_a_withdrawn_lesson_is_neither_pushed_nor_tried_again(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    ctx = await officer(course)
    await follow(3)
    week = await LessonWeek.get(friday=FRIDAY)
    clock.now = week.sends_at
    wechat.refuse = [errors.BadCall(45168)]
    await lessons.push(course, friday=FRIDAY)
    await lesson_desk.withdraw(ctx, lesson_id=week.lesson_id)
    await follow(2, start=10)
    for dry_run in (True, False):
        pushed = await lessons.push(course, friday=FRIDAY, dry_run=dry_run)
        assert pushed.lines == (f"{FRIDAY}《{(await Lesson.get(id=week.lesson_id)).title}》已撤回，不再推送",)
    with pytest.raises(WrongState):
        await lesson_desk.retry(ctx, friday=FRIDAY)
    assert (wechat.sent, await Notice.all().count()) == ([], 0)
    assert {row.status for row in await Delivery.all()} == {DeliveryStatus.FAILED}


async def test_what_a_withdrawn_lesson_left_open_is_closed_and_not_asked_about(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    ctx = await officer(course)
    accounts = await follow(4)
    week = await LessonWeek.get(friday=FRIDAY)
    clock.now = week.sends_at
    wechat.refuse = [errors.Ambiguous()]
    await lessons.push(course, friday=FRIDAY)
    await lesson_desk.withdraw(ctx, lesson_id=week.lesson_id)
    await Delivery.filter(account_id__in=[accounts[0].id]).update(status=DeliveryStatus.PLANNED)
    assert await lesson_due.settle_due(course) == 1, "the others may still be under way"
    clock.now += PAST_CLAIM
    assert await lesson_due.settle_due(course) == 3
    assert await lesson_due.settle_due(course) == 0
    assert wechat.sent == []
    lines = (await lesson_desk.truth(ctx, friday=FRIDAY)).lines
    assert [(line.status, line.count, line.reason) for line in lines] == [
        (DeliveryStatus.FAILED, 3, "不能确认是否送达，为免重复不再补发"),
        (DeliveryStatus.WITHDRAWN, 1, "课程已撤回"),
    ]


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=2)])
async def test_who_opts_out_and_in_again_gets_this_weeks_lesson_once(
    course: Context, wechat: KnowingWeChat, clock: Clock, late: timedelta
) -> None:
    ctx = await officer(course)
    accounts = await follow(4)
    reader = course.on_behalf_of(Caller(account=accounts[0], person=None))
    await lessons.plan(course, friday=FRIDAY)
    clock.now = (await LessonWeek.get(friday=FRIDAY)).sends_at
    await lessons.choose(reader, wants=False)
    await lessons.push(course, friday=FRIDAY)
    assert (await Delivery.get(account=accounts[0])).status is DeliveryStatus.WITHDRAWN
    lines = (await lesson_desk.truth(ctx, friday=FRIDAY)).lines
    assert [line.reason for line in lines] == ["", "退订或不再关注"]
    clock.now += late
    for _ in range(2):
        await lessons.choose(reader, wants=True)
        await (lesson_due.settle_due if late else lesson_due.push_due)(course)
    waits = await Delivery.get(account=accounts[0])
    assert (waits.channel, waits.status) == (Channel.PULL, DeliveryStatus.PLANNED), "alone, or late"
    assert await Notice.filter(openid=accounts[0].openid, status=notices.HELD).count() == 1
    assert received(wechat) == {account.openid: 1 for account in accounts[1:]}


async def test_who_opts_in_again_after_the_week_or_after_a_withdrawal_gets_nothing_old(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    ctx = await officer(course)
    accounts = await follow(4)
    await lessons.plan(course, friday=FRIDAY)
    week = await LessonWeek.get(friday=FRIDAY)
    clock.now = week.sends_at
    await lesson_desk.withdraw(ctx, lesson_id=week.lesson_id)
    await lesson_desk.replace(ctx, lesson_id=week.lesson_id, body=good_lesson())
    for account in accounts:
        await lessons.choose(course.on_behalf_of(Caller(account=account, person=None)), wants=True)
    assert {row.status for row in await Delivery.all()} == {DeliveryStatus.WITHDRAWN}
    await Delivery.all().update(error="")
    clock.now += timedelta(days=8)
    await lessons.choose(course.on_behalf_of(Caller(account=accounts[0], person=None)), wants=True)
    assert {row.status for row in await Delivery.all()} == {DeliveryStatus.WITHDRAWN}


async def test_the_quarter_says_what_could_not_be_sent(course: Context, wechat: KnowingWeChat) -> None:
    ctx = await officer(course)
    await follow(3)
    wechat.refuse = [errors.BadCall(45168)]
    await lessons.push(course, friday=FRIDAY)
    (first, *_) = await lesson_desk.quarter(ctx)
    assert (first.failed, "已计划：没发成 3 人" in first.lines[0]) == (3, True)


async def test_a_planned_week_gets_the_next_lesson_when_its_own_is_withdrawn(
    course: Context, wechat: KnowingWeChat
) -> None:
    ctx = await officer(course)
    await follow(3)
    await lessons.plan(course, friday=FRIDAY)
    week = await LessonWeek.get(friday=FRIDAY)
    await lesson_desk.withdraw(ctx, lesson_id=week.lesson_id)
    assert (await LessonWeek.get(friday=FRIDAY)).lesson_id != week.lesson_id
    await lessons.push(course, friday=FRIDAY)
    assert sum(received(wechat).values()) == 3


async def test_a_lesson_is_tried_on_the_officers_own_phone(course: Context, wechat: KnowingWeChat) -> None:
    lesson = await Lesson.first()
    assert lesson is not None
    await lesson_desk.try_on_phone(await officer(course, Role.TOWN_OFFICER), lesson_id=lesson.id)
    assert [(channel, openid) for channel, openid, _ in wechat.sent] == [("preview", "o-town_officer")]


async def test_the_truth_of_a_friday_in_chinese(course: Context, wechat: KnowingWeChat) -> None:
    ctx = await officer(course)
    await follow(3)
    wechat.refuse.append(errors.BadCall(48001))
    await lessons.push(course, friday=FRIDAY)
    (line,) = (await lesson_desk.truth(ctx, friday=FRIDAY)).lines
    assert (line.status, line.count, line.reason) == (
        DeliveryStatus.FAILED,
        3,
        "公众号没有这个接口的权限",
    )
    assert await lesson_desk.retry(ctx, friday=FRIDAY) == 3
    await lessons.push(course, friday=FRIDAY)
    sent = await Delivery.first()
    assert sent is not None
    await lessons.mass_finished(
        course, message_id=sent.message_id, succeeded=True, reason="send success", counts={"sent": 2}
    )
    told = await lesson_desk.truth(ctx, friday=FRIDAY)
    assert (told.total(DeliveryStatus.SENT), told.filtered) == (3, 1)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("45168", "含有微信不允许的词，请修改课程后再重发"),
        ("48008", "公众号不能群发这种形式的消息"),
        ("99999", "微信返回 99999"),
    ],
)
def test_what_wechat_refused_is_said_in_words_where_they_are_known(error: str, told: str) -> None:
    assert lesson_desk.reason(error) == told


async def test_whoever_is_no_officer_is_refused(course: Context) -> None:
    ctx: Any = await officer(course, Role.BRANCH_WORKER)
    town: Any = await officer(course, Role.TOWN_OFFICER)
    for work in (
        lesson_desk.quarter(ctx),
        lesson_desk.truth(ctx, friday=FRIDAY),
        lesson_desk.write(town, body={}),
        lesson_desk.retry(town, friday=FRIDAY),
        lesson_desk.withdraw(town, lesson_id=1),
        lesson_desk.schedule(town, friday=FRIDAY, lesson_id=1),
    ):
        with pytest.raises(NotAllowed):
            await work
