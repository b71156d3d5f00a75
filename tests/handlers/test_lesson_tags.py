"""The lesson by one message to a tag: only to whom it is still to come, else by lists."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from handlers import lesson_due, lesson_mass, lesson_plan, lesson_tags, lessons
from handlers.context import Context
from handlers.gateways import errors
from models import Account, AuditEntry, Channel, Delivery, DeliveryStatus, MassJob
from tests.fakes import Clock
from tests.handlers.test_lesson_receipts import PAST_CLAIM
from tests.handlers.test_lessons import (
    FRIDAY,
    KilledError,
    KnowingWeChat,
    consent,
    follow,
    received,
    wechat,
    week,
)

__all__ = ["wechat"]
TO_THE_HOUR = timedelta(hours=5)


@pytest.fixture
async def course(ctx: Context) -> Context:
    """The course, and the lesson goes to a tag."""
    tagged = ctx.settings.model_copy(update={"lesson_mass_tag": "周五1小时"})
    object.__setattr__(ctx, "settings", tagged)
    await lessons.seed(ctx)
    return ctx


async def at_the_hour(ctx: Context, clock: Clock) -> None:
    """The tag was kept in step in the morning; now it is time."""
    await lesson_due.plan_due(ctx)
    clock.now += TO_THE_HOUR


def by_tag(batch: str) -> bool:
    """Whether a message with that id went to the tag."""
    return batch.startswith(lesson_tags.BATCH)


async def test_all_of_an_audience_get_it_by_one_message_to_the_tag(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(120)
    wechat.bearing = {"o-somebody-of-last-week"}
    await at_the_hour(course, clock)
    assert wechat.tag_calls == [1, 50, 50, 20]
    pushed = await lessons.push(course, friday=FRIDAY)
    assert pushed.sent == 120
    assert [by_tag(id_) for id_ in wechat.known] == [True]
    assert set(received(wechat).values()) == {1}
    (batch,) = set(await Delivery.all().values_list("message_id", flat=True))
    await lessons.mass_finished(
        course, message_id=str(batch), succeeded=True, reason="send success",
        counts={"total": 120, "filtered": 118, "sent": 117, "failed": 1},
    )  # fmt: skip
    assert (await MassJob.get()).filtered == 118
    assert await Delivery.filter(status=DeliveryStatus.SENT).count() == 120


async def test_who_joins_after_the_tag_was_closed_gets_it_by_list(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(5)
    await at_the_hour(course, clock)
    await follow(2, start=10)
    assert await lesson_tags.keep_in_step(course, await week()) == 0, "nobody is tagged any more"
    await lessons.push(course, friday=FRIDAY)
    assert sorted(by_tag(id_) for id_ in wechat.known) == [False, True]
    assert sorted(received(wechat).values()) == [1] * 7


async def test_several_calls_tag_at_once(
    course: Context, wechat: KnowingWeChat, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call waits for three others: one after the other none would ever be answered."""
    others = asyncio.Barrier(4)
    tag = wechat.tag_followers

    async def wait_for_others(openids: Sequence[str], *, tag_id: int) -> None:
        await asyncio.wait_for(others.wait(), 5)
        await tag(openids, tag_id=tag_id)

    monkeypatch.setattr(wechat, "tag_followers", wait_for_others)
    await follow(200)
    await at_the_hour(course, clock)
    assert len(wechat.bearing) == 200


async def test_what_was_tagged_beside_a_refusal_is_counted_and_the_rest_comes_at_the_next_look(
    course: Context, wechat: KnowingWeChat
) -> None:
    await follow(120)
    await lessons.plan(course, friday=FRIDAY)
    tag = wechat.tag_followers

    async def refuse_the_last(openids: Sequence[str], *, tag_id: int) -> None:
        if len(openids) < lesson_tags.AT_ONCE:
            raise errors.Busy(-1)
        await tag(openids, tag_id=tag_id)

    wechat.tag_followers = refuse_the_last  # type: ignore[method-assign]
    assert await lesson_tags.keep_in_step(course, await week()) == 100
    told = await AuditEntry.get(action="lesson.tagged")
    assert told.details == {"changed": 100}
    wechat.tag_followers = tag  # type: ignore[method-assign]
    assert await lesson_tags.keep_in_step(course, await week()) == 20


@pytest.mark.parametrize("how", ["a single message", "by hand", "left", "full month"])
async def test_where_a_bearer_is_not_to_get_it_lists_are_used(
    course: Context, wechat: KnowingWeChat, clock: Clock, how: str
) -> None:
    accounts = await follow(4)
    await at_the_hour(course, clock)
    if how == "a single message":
        await consent(accounts[0], course)
        row = Delivery.filter(account_id=accounts[0].id)
        await row.update(channel=Channel.MINI_PROGRAM)
    elif how == "by hand":
        wechat.bearing.add("o-tagged-in-the-console")
    elif how == "left":
        await Account.filter(id=accounts[0].id).update(follows=False)
    else:
        await Delivery.filter(account_id=accounts[0].id).update(channel=Channel.PULL)
    await lessons.push(course, friday=FRIDAY)
    assert not any(by_tag(id_) for id_ in wechat.known)
    assert max(received(wechat).values()) == 1
    assert accounts[0].openid not in received(wechat) or how == "by hand"


async def test_without_the_look_at_its_bearers_somebody_would_get_it_twice(
    course: Context, wechat: KnowingWeChat, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trust(ctx: Context, *, among: set[str]) -> tuple[int, set[str]]:
        return 7, wechat.bearing & among

    accounts = await follow(4)
    await at_the_hour(course, clock)
    await consent(accounts[0], course)
    await Delivery.filter(account_id=accounts[0].id).update(channel=Channel.MINI_PROGRAM)
    monkeypatch.setattr(lesson_tags, "bearers", trust)
    await lessons.push(course, friday=FRIDAY)
    mini = f"m{accounts[0].id:027d}"
    assert received(wechat)[accounts[0].openid] + received(wechat)[mini] == 2


async def test_a_worker_lost_with_the_tag_is_asked_about_under_the_same_id(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(6)
    await at_the_hour(course, clock)
    wechat.die.append(KilledError())  # type: ignore[arg-type]
    with pytest.raises(KilledError):
        await lessons.push(course, friday=FRIDAY)
    await asyncio.gather(*(lessons.push(course, friday=FRIDAY) for _ in range(3)))
    clock.now += PAST_CLAIM
    await asyncio.gather(*(lessons.push(course, friday=FRIDAY) for _ in range(3)))
    assert len(wechat.known) == 1
    assert sorted(received(wechat).values()) == [1] * 6
    assert await Delivery.filter(status=DeliveryStatus.SENT).count() == 6


async def test_a_lost_message_is_not_repeated_to_a_tag_that_somebody_else_bears_now(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(6)
    await at_the_hour(course, clock)
    wechat.die.append(errors.Ambiguous())
    await lessons.push(course, friday=FRIDAY)
    wechat.bearing.add("o-tagged-in-the-console")
    wechat.remembers = False
    clock.now += PAST_CLAIM
    await lessons.push(course, friday=FRIDAY)
    assert "o-tagged-in-the-console" not in received(wechat)
    clock.now += lesson_mass.REMEMBERED
    await lessons.push(course, friday=FRIDAY)
    assert {row.error for row in await Delivery.all()} == {lesson_plan.UNCONFIRMED}
    assert sorted(received(wechat).values()) == [1] * 6


async def test_four_workers_at_once_send_to_the_tag_once(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(30)
    await at_the_hour(course, clock)
    await asyncio.gather(*(lessons.push(course, friday=FRIDAY) for _ in range(4)))
    assert sorted(received(wechat).values()) == [1] * 30


async def test_where_wechat_knows_no_tags_lists_are_used(
    course: Context, wechat: KnowingWeChat, clock: Clock
) -> None:
    await follow(3)
    wechat.refuse = [errors.Stopped(48001), errors.Stopped(48001)]
    await at_the_hour(course, clock)
    await lessons.push(course, friday=FRIDAY)
    assert not any(by_tag(id_) for id_ in wechat.known)
    assert sorted(received(wechat).values()) == [1] * 3
