"""Whoever leaves, is forgotten and comes back in the same week gets the lesson once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from handlers import accounts, lesson_due, lesson_marks, lessons, notices, retention
from handlers.context import Caller, Context
from handlers.gateways import errors
from models import Account, App, Delivery, Notice, ServedMark
from tests.fakes import Clock
from tests.handlers.test_lesson_receipts import PAST_CLAIM
from tests.handlers.test_lessons import FRIDAY, KnowingWeChat, course, follow, received, wechat

__all__ = ["course", "wechat"]
HOURS = timedelta(hours=6)


async def come_back(ctx: Context, openid: str) -> None:
    """Somebody of whom nothing is known follows, and asks for the lesson."""
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid=openid, follows=True)
    await lessons.choose(ctx.on_behalf_of(Caller(account=account)), wants=True)


async def test_who_left_and_opts_in_again_in_the_same_week_is_not_served_twice(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    clock.now += HOURS
    await follow(3)
    await lessons.push(course, friday=FRIDAY)
    openid = f"o{1:027d}"
    await accounts.unfollow(course, openid=openid)
    await come_back(course, openid)
    await follow(2, start=7)
    await lessons.push(course, friday=FRIDAY)
    assert set(received(wechat).values()) == {1}
    assert len(received(wechat)) == 5, "others who come late get theirs"


async def test_nor_if_the_secret_was_changed_in_between_and_the_previous_one_is_still_named(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    clock.now += HOURS
    await follow(3)
    await lessons.push(course, friday=FRIDAY)
    await accounts.unfollow(course, openid=f"o{1:027d}")
    await come_back(course, f"o{1:027d}")
    await follow(2, start=7)
    changed = {"secret_key": SecretStr("new"), "previous_secret_key": course.settings.secret_key}
    moved = replace(course, settings=course.settings.model_copy(update=changed))
    await lessons.push(moved, friday=FRIDAY)
    assert set(received(wechat).values()) == {1}


async def test_without_the_mark_they_would_be_served_twice(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    clock.now += HOURS
    await follow(3)
    await lessons.push(course, friday=FRIDAY)
    await accounts.unfollow(course, openid=f"o{1:027d}")
    await ServedMark.all().delete()
    await come_back(course, f"o{1:027d}")
    await follow(2, start=7)
    await lessons.push(course, friday=FRIDAY)
    assert received(wechat)[f"o{1:027d}"] == 2


async def test_who_left_before_they_got_it_gets_it(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(3)
    await lessons.plan(course, friday=FRIDAY)
    await accounts.unfollow(course, openid=f"o{1:027d}")
    await come_back(course, f"o{1:027d}")
    clock.now += HOURS
    await lessons.push(course, friday=FRIDAY)
    assert received(wechat) == {f"o{n:027d}": 1 for n in range(3)}


@pytest.mark.parametrize("answered", [True, False])
async def test_a_lesson_that_went_out_on_their_word_counts_too(
    course: Context, wechat: KnowingWeChat, clock: Clock, answered: bool
) -> None:
    """Alone, they got it by customer-service message; whether it arrived may even be unknown."""
    clock.now += HOURS
    await follow(1, last_contact_at=clock.now)
    await lessons.push(course, friday=FRIDAY)
    wechat.refuse = [] if answered else [errors.Ambiguous()]
    await notices.send_due(course)
    await accounts.unfollow(course, openid=f"o{0:027d}")
    assert await Notice.all().count() == 0
    await come_back(course, f"o{0:027d}")
    await Account.all().update(last_contact_at=clock.now)
    await lessons.push(course, friday=FRIDAY)
    assert await Notice.all().count() == 0
    assert await ServedMark.all().count() == 1


async def test_a_mark_names_nobody_and_goes_when_its_week_is_over(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    clock.now += HOURS
    await follow(2)
    await lessons.push(course, friday=FRIDAY)
    for number in range(2):
        await accounts.unfollow(course, openid=f"o{number:027d}")
    assert await ServedMark.all().count() == 2
    assert not any("o000" in mark.digest for mark in await ServedMark.all())
    assert await lesson_marks.served(course, FRIDAY + timedelta(weeks=1), [f"o{0:027d}"]) == set()
    clock.now += lesson_due.SETTLED_FOR
    await retention.forget_old(course)
    assert await ServedMark.all().count() == 2, "as long as somebody might be served"
    clock.now += lesson_marks.KEPT - lesson_due.SETTLED_FOR + PAST_CLAIM
    await retention.forget_old(course)
    assert await ServedMark.all().count() == 0
    assert lesson_marks.KEPT > lesson_due.SETTLED_FOR
    assert await Delivery.filter(account_id__isnull=False).count() == 0
