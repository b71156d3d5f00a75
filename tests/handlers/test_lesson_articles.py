"""The lesson as an article: one draft a batch, one message a person, text where there can be no article."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from handlers import lesson_articles, lesson_desk, lesson_due, lesson_html, lesson_mass, lessons
from handlers.context import Context
from handlers.errors import BadInput
from handlers.gateways import errors
from handlers.gateways.limits import Closures
from handlers.gateways.wechat import WeChatApi, open_wechat
from handlers.lesson_content import LessonContent, load
from handlers.lesson_schedule import outlook
from models import Account, App, AuditEntry, Channel, Delivery, DeliveryStatus, Lesson, LessonCover
from settings import MassForm, Settings
from simulator.app import create_app
from simulator.faults import Rule
from simulator.keys import WORLD
from simulator.world import World
from tests.fakes import Clock
from tests.handlers.test_lesson_receipts import PAST_CLAIM
from tests.handlers.test_lesson_schedule import officer
from tests.handlers.test_lessons import (
    FRIDAY,
    KilledError,
    KnowingWeChat,
    follow,
    good_lesson,
    received,
    wechat,
    week,
)

__all__ = ["wechat"]
ADMITTED = {"section", "p", "h2", "strong", "ul", "li"}
ADDING, SENDING = "/cgi-bin/draft/add", "/cgi-bin/message/mass/send"


def as_articles(ctx: Context, **more: Any) -> Context:
    """The same world, where lessons are sent as articles."""
    changed = ctx.settings.model_copy(update={"lesson_mass_form": MassForm.ARTICLE, **more})
    object.__setattr__(ctx, "settings", changed)
    return ctx


@pytest.fixture
async def course(ctx: Context) -> Context:
    """The course, and its lessons go as articles."""
    await lessons.seed(as_articles(ctx))
    return ctx


def forms(wechat: KnowingWeChat) -> set[str]:
    """As what people got it."""
    return {"article" if text.startswith("article:") else "text" for _, _, text in wechat.sent}


# What is sent


async def test_each_batch_is_an_article_of_its_own_with_one_cover(
    course: Context, wechat: KnowingWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson_mass, "MOST", 4)
    await follow(8)
    pushed = await lessons.push(course, friday=FRIDAY)
    assert pushed.sent == 8
    assert set(received(wechat).values()) == {1}
    assert forms(wechat) == {"article"}
    assert (len(wechat.drafts_made), len(wechat.pictures), wechat.draft_box) == (2, 1, {})
    article, lesson = wechat.drafts_made[0], (await week()).lesson
    assert (article.title, article.cover) == (lesson.title, "cover-1")
    assert article.source_url.startswith(f"{course.settings.public_url}/lessons/{lesson.id}?push=lesson-")
    assert len({one.source_url for one in wechat.drafts_made}) == 2


async def test_the_cover_is_uploaded_before_the_hour_and_found_again(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(3)
    for _ in range(3):
        await lesson_due.plan_due(course)
    assert len(wechat.pictures) == 1
    clock.now += timedelta(hours=5)
    await lesson_due.push_due(course)
    assert forms(wechat) == {"article"}
    assert len(wechat.pictures) == 1
    as_articles(course, oa_app_id="another-account")
    await lesson_articles.prepare(course)
    assert len(wechat.pictures) == 2, "another account knows nothing of the first one's pictures"


async def test_a_cover_deleted_in_the_console_is_uploaded_anew(
    course: Context, wechat: KnowingWeChat
) -> None:
    await follow(3)
    await lesson_articles.prepare(course)
    wechat.pictures = {"another": b""}
    await lessons.push(course, friday=FRIDAY)
    assert forms(wechat) == {"article"}
    assert await AuditEntry.filter(action="lesson.cover_uploaded").count() == 2
    assert await LessonCover.all().values_list("media_id", flat=True) == ["cover-2"]


async def test_the_cover_is_found_by_its_key_and_not_in_the_audit_trail(
    course: Context, wechat: KnowingWeChat
) -> None:
    await asyncio.gather(*(lesson_articles.prepare(course) for _ in range(4)))
    uploaded = len(wechat.pictures)
    cover = await LessonCover.get()
    assert cover.media_id in wechat.pictures
    await AuditEntry.all().delete()
    await follow(3)
    await lessons.push(course, friday=FRIDAY)
    assert (forms(wechat), len(wechat.pictures)) == ({"article"}, uploaded)
    assert wechat.drafts_made[0].cover == cover.media_id


async def test_a_lesson_says_its_own_form_or_the_setting_does(course: Context, wechat: KnowingWeChat) -> None:
    lesson, ctx = (await week()).lesson, await officer(course)
    await lesson_desk.replace(ctx, lesson_id=lesson.id, body=lesson.body | {"mass_form": "text"})
    await follow(3)
    await lessons.push(course, friday=FRIDAY)
    assert forms(wechat) == {"text"}
    with pytest.raises(BadInput) as bad:
        await lesson_desk.replace(ctx, lesson_id=lesson.id, body=lesson.body | {"mass_form": "video"})
    assert "text（文字）或 article（图文）" in bad.value.fields["mass_form"]


async def test_where_text_is_the_setting_one_lesson_may_be_an_article(
    ctx: Context, wechat: KnowingWeChat
) -> None:
    await lessons.seed(ctx)
    lesson = (await week()).lesson
    await Lesson.filter(id=lesson.id).update(body=lesson.body | {"mass_form": "article"})
    await follow(3)
    await lessons.push(ctx, friday=FRIDAY)
    assert forms(wechat) == {"article"}


# Promise 7


@pytest.mark.parametrize("where", ["before the draft", "before the message", "after the message"])
async def test_a_worker_killed_anywhere_leaves_each_person_exactly_one(
    course: Context, wechat: KnowingWeChat, clock: Clock, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    accounts = await follow(6)
    with monkeypatch.context() as patch:
        if where == "after the message":
            wechat.die.append(KilledError())
        else:
            name = "add_draft" if where == "before the draft" else "send_mass_article"

            async def die(*_: object, **__: object) -> None:
                raise KilledError

            patch.setattr(wechat, name, die)
        with pytest.raises(KilledError):
            await lessons.push(course, friday=FRIDAY)
    await asyncio.gather(*(lessons.push(course, friday=FRIDAY) for _ in range(3)))
    clock.now += PAST_CLAIM
    await asyncio.gather(*(lessons.push(course, friday=FRIDAY) for _ in range(3)))
    assert received(wechat) == {account.openid: 1 for account in accounts}
    assert forms(wechat) == {"article"}
    assert len(wechat.known) == 1
    assert await Delivery.filter(status=DeliveryStatus.SENT, error="").count() == 6
    await lesson_articles.clear_up(course)
    assert wechat.draft_box == {}, "what was left over is cleared up"


async def test_under_a_new_id_the_second_draft_would_reach_everybody_again(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    """Guard taken out: the platform doesn't know the batch's id again, and a draft of its own is no guard."""
    wechat.remembers = False
    await follow(4)
    wechat.die.append(KilledError())
    with pytest.raises(KilledError):
        await lessons.push(course, friday=FRIDAY)
    clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    assert set(received(wechat).values()) == {2}


async def test_the_draft_that_was_sent_tells_nothing_when_it_is_tried_again(
    course: Context, wechat: KnowingWeChat, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard taken out: with the first draft again, sent and gone, the answer is 40007 and no receipt."""
    await follow(4)
    wechat.die.append(errors.Ambiguous())
    await lessons.push(course, friday=FRIDAY)

    async def the_first_again(*_: object, **__: object) -> str:
        return "draft-1"

    monkeypatch.setattr(lesson_articles, "draft_of", the_first_again)
    monkeypatch.setattr(lesson_articles, "REFUSED", frozenset())
    clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    assert {row.error for row in await Delivery.all()} == {"40007"}


# Text is what remains


@pytest.mark.parametrize(
    "refused",
    [
        errors.Stopped(48001),
        errors.QuotaSpent(45009),
        errors.BadCall(45002),
        errors.Ambiguous(),
        errors.Busy(-1),
    ],
)
async def test_where_no_draft_can_be_made_it_goes_as_text_and_the_ledger_says_so(
    course: Context, wechat: KnowingWeChat, refused: errors.WeChatError
) -> None:
    ctx = await officer(course)
    await follow(3)
    await lesson_articles.prepare(course)
    wechat.refuse = [refused]
    pushed = await lessons.push(course, friday=FRIDAY)
    assert forms(wechat) == {"text"}
    assert any("3 人收到的是文字" in line for line in pushed.lines)
    (line,) = (await lesson_desk.truth(ctx, friday=FRIDAY)).lines
    assert (line.status, line.count, line.reason) == (DeliveryStatus.SENT, 3, "图文没有做成，改发了文字")


@pytest.mark.parametrize("refused", [errors.BadCall(40007), errors.Stopped(48008)])
async def test_where_the_account_may_send_no_article_the_same_batch_goes_as_text(
    course: Context, wechat: KnowingWeChat, refused: errors.WeChatError, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follow(3)

    async def refuse(*_: object, **__: object) -> None:
        raise refused

    monkeypatch.setattr(wechat, "send_mass_article", refuse)
    pushed = await lessons.push(course, friday=FRIDAY)
    assert (pushed.sent, forms(wechat), set(received(wechat).values())) == (3, {"text"}, {1})
    assert wechat.draft_box == {}


async def test_a_spent_quota_of_mass_messages_stops_articles_as_it_stops_text(
    course: Context, wechat: KnowingWeChat
) -> None:
    await follow(3)
    await lesson_articles.prepare(course)
    drafted = wechat.add_draft

    async def then_refuse(article: Any) -> str:
        draft = await drafted(article)
        wechat.refuse = [errors.QuotaSpent(45028)]
        return draft

    wechat.add_draft = then_refuse  # type: ignore[method-assign]
    pushed = await lessons.push(course, friday=FRIDAY)
    assert wechat.sent == []
    assert any("45028" in line for line in pushed.lines)
    assert await Delivery.filter(status=DeliveryStatus.PLANNED, batch="").count() == 3


async def test_what_is_refused_as_an_article_again_and_again_goes_as_text_at_last(
    course: Context, wechat: KnowingWeChat, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WeChat answers -1 where a draft isn't what it should be; the lesson must not be lost by that."""
    await follow(3)

    async def busy(*_: object, **__: object) -> None:
        raise errors.Busy(-1)

    monkeypatch.setattr(wechat, "send_mass_article", busy)
    for _ in range(lesson_mass.ARTICLE_TRIES):
        await lessons.push(course, friday=FRIDAY)
        assert wechat.sent == []
        clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    assert (forms(wechat), set(received(wechat).values())) == ({"text"}, {1})
    await lesson_articles.clear_up(course)
    assert wechat.draft_box == {}


async def test_one_draft_goes_to_the_tag(ctx: Context, wechat: KnowingWeChat, clock: Clock) -> None:
    await lessons.seed(as_articles(ctx, lesson_mass_tag="周五1小时"))
    await follow(5)
    await lesson_due.plan_due(ctx)
    clock.now += timedelta(hours=5)
    await lesson_due.push_due(ctx)
    assert (forms(wechat), sorted(received(wechat).values())) == ({"article"}, [1] * 5)
    assert [id_.startswith("lesson-tag-") for id_ in wechat.known] == [True]


# The plan says so


@pytest.mark.parametrize(
    ("cover", "says"),
    [
        ("", "群发形式：图文。封面在推送前传到微信，传不成就改发文字"),
        ("missing.png", "群发形式：文字。想发图文，但封面图片读不出，请检查设置 ZBT_LESSON_COVER"),
        ("wrong.png", "群发形式：文字。想发图文，但封面图片不合用：要 JPG 或 PNG，不超过 2 MB"),
    ],
)
async def test_the_plan_and_a_rehearsal_name_the_form_and_what_stands_against_it(
    course: Context, tmp_path: Path, cover: str, says: str
) -> None:
    (tmp_path / "wrong.png").write_text("no picture")
    as_articles(course, lesson_cover=str(tmp_path / cover) if cover else "")
    await follow(3)
    ahead = await outlook(course)
    assert all(any(note.startswith(says) for note in one.notes) for one in ahead if one.sends_at)
    rehearsed = await lessons.push(course, friday=FRIDAY, dry_run=True)
    assert any(line.startswith(says) for line in rehearsed.lines)
    await lesson_articles.prepare(course)
    if not cover:
        assert any("群发形式：图文" in one.notes for one in await outlook(course))


async def test_where_text_is_wanted_the_plan_says_nothing_of_forms(ctx: Context) -> None:
    await lessons.seed(ctx)
    assert not any("群发形式" in note for one in await outlook(ctx) for note in one.notes)


# Drafts left over


async def test_only_our_own_drafts_that_are_over_are_cleared_up(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    ctx = await officer(course)
    await follow(3)
    lesson = (await week()).lesson
    await lesson_desk.try_on_phone(ctx, lesson_id=lesson.id)
    assert [(channel, openid) for channel, openid, _ in wechat.sent] == [("preview", "o-district_officer")]
    assert forms(wechat) == {"article"}
    article = wechat.drafts_made[0]
    by_hand = [f"{course.settings.public_url}/lessons/{lesson.id}", "https://example.org/a?push=lesson-x"]
    for number, address in enumerate(by_hand):
        wechat.draft_box[f"hand-{number}"] = type(article)("标题", "", "<p>正文</p>", address, article.cover)
    await lessons.plan(course, friday=FRIDAY)
    now, until = clock.now, clock.now + lesson_mass.CLAIM
    await Delivery.claim(
        friday=FRIDAY, channel=Channel.MASS, batch="lesson-now", limit=9, now=now, until=until
    )
    for batch in ("lesson-now", "lesson-lost"):
        await lesson_articles.draft_of(course, lesson, batch=batch)
    assert await lesson_articles.clear_up(course) == 1
    assert len(wechat.draft_box) == 4, "staff's two, today's preview, and the one being sent"
    clock.now += timedelta(days=1)
    await Delivery.all().update(status=DeliveryStatus.SENT)
    assert await lesson_articles.clear_up(course) == 2
    assert set(wechat.draft_box) == {"hand-0", "hand-1"}


async def test_the_draft_box_is_not_asked_for_where_there_never_was_an_article(
    ctx: Context, wechat: KnowingWeChat
) -> None:
    wechat.refuse = [errors.Stopped(48001)]
    assert await lesson_articles.clear_up(ctx) == 0
    assert len(wechat.refuse) == 1


async def test_a_preview_that_can_be_no_article_says_so_above_its_text(
    course: Context, wechat: KnowingWeChat
) -> None:
    lesson = (await week()).lesson
    await lesson_articles.prepare(course)
    wechat.refuse = [errors.Stopped(48001)]
    await lesson_desk.try_on_phone(await officer(course), lesson_id=lesson.id)
    ((_, _, text),) = wechat.sent
    assert text.startswith("（图文没有做成，会按文字群发：公众号没有这个接口的权限）\n【周五1小时】")


# Within the platform's limits


class Tags(HTMLParser):
    """Which elements a piece of HTML has, and with which attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names[tag] += 1
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("lesson", load(lessons.COURSE), ids=lambda lesson: lesson.code)
def test_every_lesson_is_an_article_that_wechat_admits(lesson: LessonContent) -> None:
    html = lesson_html.article_of(lesson)
    assert lesson_html.fits(html)
    assert set(Tags(html).names) <= ADMITTED
    assert Tags(html).attributes <= {"style"}
    assert 0 < len(lesson_html.digest_of(lesson)) <= 128
    assert all(
        line.strip() in html for part in lesson.parts for line in part.text.split("\n") if "&" not in line
    )


def test_a_digest_is_cut_where_it_ends() -> None:
    lesson = LessonContent.model_validate(good_lesson() | {"aims": ["长" * 60] * 3})
    assert len(lesson_html.digest_of(lesson)) == 128


@pytest.mark.parametrize(("length", "fits"), [(17_000, True), (20_000, False)])
def test_a_lesson_too_long_for_an_article_is_refused_with_the_place(length: int, fits: bool) -> None:
    body = good_lesson() | {"example": {"title": "例子", "text": "长" * length}}
    if fits:
        assert lesson_desk.check(body)
        return
    with pytest.raises(BadInput) as bad:
        lesson_desk.check(body)
    assert "20000 字以内" in bad.value.fields["example"]


# With the simulated platform, over a socket


@pytest.fixture
async def platform(settings: Settings, clock: Clock) -> AsyncIterator[tuple[World, Settings]]:
    """The platform with twelve followers, and settings that lead to it."""
    app = create_app(settings, [], clock=clock)
    app[WORLD].followers.add_numbered(12, now=app[WORLD].time())
    async with TestServer(app) as server:
        address = str(server.make_url("")).rstrip("/")
        app[WORLD].drafts.url = address
        yield app[WORLD], settings.model_copy(update={"wechat_api_base": address})


@pytest.fixture
async def real(
    ctx: Context, platform: tuple[World, Settings], clock: Clock
) -> AsyncIterator[tuple[Context, World]]:
    """The product with its real gateway, whose pauses take no time, and the platform."""

    async def no_pause(seconds: float) -> None:
        await asyncio.sleep(0)

    world, settings = platform
    async with open_wechat(settings, ctx.redis, now=clock) as api:
        api._client._sleep = no_pause
        object.__setattr__(ctx, "wechat", api)
        object.__setattr__(ctx, "settings", settings)
        await lessons.seed(as_articles(ctx))
        await Account.bulk_create(
            Account(app=App.OFFICIAL_ACCOUNT, openid=follower.openid, follows=True, lesson_choice=True)
            for follower in world.followers
        )
        yield ctx, world


def reached(world: World) -> list[list[str]]:
    """The kinds of messages in each follower's phone."""
    return [[message.type for message in follower.history] for follower in world.followers]


async def test_the_platform_takes_the_draft_and_sends_it(real: tuple[Context, World]) -> None:
    ctx, world = real
    pushed = await lessons.push(ctx, friday=FRIDAY)
    assert pushed.sent == 12
    assert reached(world) == [["news"]] * 12
    ((article,),) = world.drafts.sent.values()
    assert (world.drafts.waiting, len(world.drafts.media)) == ({}, 1)
    assert article["title"] == (await week()).lesson.title
    assert "\\u" not in article["content"]


async def test_an_article_that_was_accepted_without_an_answer_reaches_nobody_twice(
    real: tuple[Context, World], clock: Clock
) -> None:
    ctx, world = real
    world.faults.accept_then_timeout = [Rule(SENDING, times=1, seconds=0.05)]
    await lessons.push(ctx, friday=FRIDAY)
    assert await Delivery.filter(status=DeliveryStatus.SENDING, error="40007").count() == 12
    clock.now += PAST_CLAIM
    await lessons.push(ctx, friday=FRIDAY)
    assert reached(world) == [["news"]] * 12
    assert world.calls[SENDING, 45065] == 1
    assert await Delivery.filter(status=DeliveryStatus.SENT, error="").count() == 12
    assert world.drafts.waiting == {}


async def test_a_draft_that_was_made_twice_for_want_of_an_answer_is_cleared_up(
    real: tuple[Context, World],
) -> None:
    ctx, world = real
    world.faults.accept_then_timeout = [Rule(ADDING, times=1, seconds=0.05)]
    await lessons.push(ctx, friday=FRIDAY)
    assert reached(world) == [["news"]] * 12
    assert len(world.drafts.waiting) == 1
    assert await lesson_articles.clear_up(ctx) == 1
    assert world.drafts.waiting == {}


async def test_a_draft_that_is_gone_already_keeps_no_other_in_the_box(real: tuple[Context, World]) -> None:
    ctx, world = real
    lesson = (await week()).lesson
    for number in range(6):
        await lesson_articles.draft_of(ctx, lesson, batch=f"lesson-{number}")
    world.faults.accept_then_timeout = [Rule("/cgi-bin/draft/delete", times=1, seconds=0.05)]
    assert await lesson_articles.clear_up(ctx) == 6
    assert world.drafts.waiting == {}
    assert world.calls["/cgi-bin/draft/delete", 40007] == 1


async def test_withdrawing_a_lesson_takes_its_articles_away(
    real: tuple[Context, World], clock: Clock
) -> None:
    ctx, world = real
    boss, lesson = await officer(ctx), (await week()).lesson
    clock.now = (await week()).sends_at
    await lessons.push(ctx, friday=FRIDAY)
    world.faults.errors = [Rule("/cgi-bin/message/mass/delete", errcode=45009)]
    done = await lesson_desk.withdraw(boss, lesson_id=lesson.id)
    assert (done.kept_back, done.articles, done.left, len(world.drafts.sent)) == (0, 0, 1, 1)
    world.faults.errors = []
    assert isinstance(ctx.wechat, WeChatApi)
    ctx.wechat._client._closures = Closures()  # The next day.
    done = await lesson_desk.withdraw(boss, lesson_id=lesson.id)
    assert (done.articles, done.left, world.drafts.sent) == (1, 0, {})
    assert [job.status for job in world.mass.jobs.values()] == ["DELETE"]


async def test_what_went_out_as_text_has_no_page_to_take_away(
    course: Context, wechat: KnowingWeChat, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson_mass, "MOST", 3)
    clock.now = (await week()).sends_at
    boss, lesson = await officer(course), (await week()).lesson
    await lesson_articles.prepare(course)
    await follow(6)
    wechat.refuse = [errors.Stopped(48001)]
    await lessons.push(course, friday=FRIDAY)
    assert forms(wechat) == {"article", "text"}
    sent = await Delivery.filter(error="").first()
    assert sent is not None
    done = await lesson_desk.withdraw(boss, lesson_id=lesson.id)
    assert (done.articles, done.left, wechat.taken_down) == (1, 0, [sent.message_id])
    as_articles(boss, lesson_mass_form=MassForm.TEXT)
    assert (await lesson_desk.withdraw(boss, lesson_id=lesson.id)).articles == 0


async def test_an_account_that_may_send_no_articles_sends_text(real: tuple[Context, World]) -> None:
    ctx, world = real
    world.faults.errors = [Rule(SENDING, times=1, errcode=48008)]
    await lessons.push(ctx, friday=FRIDAY)
    assert reached(world) == [["text"]] * 12
    assert world.drafts.waiting == {}


async def test_every_page_of_the_draft_box_is_looked_at(real: tuple[Context, World]) -> None:
    ctx, world = real
    lesson = (await week()).lesson
    for number in range(45):
        await lesson_articles.draft_of(ctx, lesson, batch=f"lesson-{number}")
    assert isinstance(ctx.wechat, WeChatApi)
    assert len({draft async for draft, _ in ctx.wechat.drafts()}) == 45
    assert await lesson_articles.clear_up(ctx) == 45
    assert world.drafts.waiting == {}
