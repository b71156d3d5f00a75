"""One token in one process: fetched once, renewed early, replaced once, and never in a loop."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from handlers.gateways.errors import Stopped, TokenRejected, Unreachable, WeChatError
from handlers.gateways.token_store import Token, TokenStore
from handlers.gateways.tokens import Tokens, read_token
from tests.fakes import Clock
from tests.handlers.gateways.conftest import Sleeper
from tests.handlers.gateways.platform import Platform

MakeTokens = Callable[..., Tokens]


async def test_fifty_callers_at_a_cold_start_fetch_once(make_tokens: MakeTokens, platform: Platform) -> None:
    tokens = make_tokens()
    assert set(await asyncio.gather(*(tokens.get() for _ in range(50)))) == {"oa-token-1"}
    assert platform.fetches == [("oa", False)]


async def test_the_token_is_shared_with_other_processes(make_tokens: MakeTokens, platform: Platform) -> None:
    await make_tokens().get()
    assert await make_tokens().get() == "oa-token-1"
    assert len(platform.fetches) == 1


async def test_each_app_has_its_own_token(make_tokens: MakeTokens, platform: Platform) -> None:
    assert await make_tokens("oa").get() == "oa-token-1"
    assert await make_tokens("mp").get() == "mp-token-1"


async def test_near_its_end_one_caller_renews_and_the_others_go_on(
    make_tokens: MakeTokens, platform: Platform, clock: Clock
) -> None:
    tokens = make_tokens()
    await tokens.get()
    clock.now += timedelta(seconds=6899)
    await tokens.get()
    assert len(platform.fetches) == 1
    clock.now += timedelta(seconds=1)
    platform.revoke()
    answers = await asyncio.gather(*(tokens.get() for _ in range(50)))
    assert (answers.count("oa-token-2"), answers.count("oa-token-1")) == (1, 49)
    assert len(platform.fetches) == 2


async def test_while_another_process_renews_the_old_token_goes_on(
    make_tokens: MakeTokens, platform: Platform, clock: Clock, redis: Redis, sleeper: Sleeper
) -> None:
    tokens = make_tokens()
    await tokens.get()
    clock.now += timedelta(seconds=7000)
    owner = await TokenStore(redis, "oa").lease()
    assert owner is not None
    assert await tokens.get() == "oa-token-1"
    assert sleeper.pauses == []
    assert len(platform.fetches) == 1


async def test_when_the_early_renewal_fails_the_old_token_goes_on(
    make_tokens: MakeTokens, platform: Platform, clock: Clock
) -> None:
    tokens = make_tokens()
    await tokens.get()
    clock.now += timedelta(seconds=6950)
    platform.fetch_script = [{"errcode": 40164, "errmsg": "invalid ip 203.0.113.7"}]
    assert await tokens.get() == "oa-token-1"
    assert await tokens.get() == "oa-token-1"
    assert len(platform.fetches) == 2, "and it isn't tried again at once"


async def test_a_refused_token_is_replaced_once_for_all_callers(
    make_tokens: MakeTokens, platform: Platform
) -> None:
    tokens = make_tokens()
    failed = await tokens.get()
    platform.revoke()
    replaced = await asyncio.gather(*(tokens.replace(failed) for _ in range(50)))
    assert set(replaced) == {"oa-token-2"}
    assert len(platform.fetches) == 2


async def test_a_process_with_an_older_token_takes_the_shared_one(
    make_tokens: MakeTokens, platform: Platform
) -> None:
    first, second = make_tokens(), make_tokens()
    failed = await first.get()
    await second.get()
    platform.revoke()
    await first.replace(failed)
    assert await second.replace(failed) == "oa-token-2"
    assert len(platform.fetches) == 2


async def test_a_late_report_about_an_old_token_does_not_harm_the_new_one(
    make_tokens: MakeTokens, platform: Platform
) -> None:
    tokens = make_tokens()
    failed = await tokens.get()
    platform.revoke()
    await tokens.replace(failed)
    assert await tokens.replace(failed) == "oa-token-2"
    assert len(platform.fetches) == 2


async def test_force_is_used_only_when_the_refused_token_is_given_again(
    make_tokens: MakeTokens, platform: Platform
) -> None:
    tokens = make_tokens()
    failed = await tokens.get()
    assert await tokens.replace(failed) == "oa-token-2"
    assert platform.fetches == [("oa", False), ("oa", False), ("oa", True)]


async def test_force_waits_thirty_seconds_and_nobody_fetches_meanwhile(
    make_tokens: MakeTokens, platform: Platform, redis: Redis
) -> None:
    tokens = make_tokens()
    second = await tokens.replace(await tokens.get())
    before = len(platform.fetches)
    results = await asyncio.gather(*(tokens.replace(second) for _ in range(50)), return_exceptions=True)
    assert {type(result) for result in results} == {TokenRejected}
    assert platform.fetches[before:] == [("oa", False)]


async def test_no_more_than_twenty_forced_renewals_a_day(
    make_tokens: MakeTokens, platform: Platform, redis: Redis, clock: Clock
) -> None:
    tokens = make_tokens()
    refused = 0
    for _ in range(25):
        try:
            await tokens.replace(await tokens.get())
        except TokenRejected:
            refused += 1
        await redis.delete("zbt:wechat:oa:forced")  # Half a minute has gone by.
        clock.now += timedelta(seconds=31)
    assert sum(force for _, force in platform.fetches) == 20
    assert refused == 5


async def test_a_forced_renewal_without_an_answer_is_not_forced_again(
    make_tokens: MakeTokens, platform: Platform
) -> None:
    tokens = make_tokens()
    failed = await tokens.get()

    def accept_and_hang_up(_: object) -> str:
        platform.revoke()
        return "drop"

    platform.fetch_script = [{"access_token": failed, "expires_in": 7000}, accept_and_hang_up]
    assert await tokens.replace(failed) == "oa-token-2"
    assert [force for _, force in platform.fetches] == [False, False, True, False]


@pytest.mark.parametrize(
    ("answer", "failure", "tries"),
    [
        ({"errcode": 40164, "errmsg": "invalid ip 203.0.113.7, not in whitelist"}, Stopped, 1),
        ({"errcode": 40125, "errmsg": "invalid appsecret"}, Stopped, 1),
        ({"errcode": 40001, "errmsg": "invalid credential"}, Stopped, 1),
        ({"errcode": 40002, "errmsg": "invalid grant_type"}, Stopped, 1),
        ({"errcode": -1, "errmsg": "system error"}, WeChatError, 3),
        (b"", Unreachable, 3),
        ("drop", Unreachable, 3),
    ],
)
async def test_a_failed_fetch_is_one_failure_for_all_and_never_ambiguous(
    make_tokens: MakeTokens, platform: Platform, answer: object, failure: type[WeChatError], tries: int
) -> None:
    tokens = make_tokens()
    platform.fetch_script = [answer] * 20
    results = await asyncio.gather(*(tokens.get() for _ in range(50)), return_exceptions=True)
    assert all(isinstance(result, failure) for result in results)
    assert len(platform.fetches) == tries


async def test_after_a_failure_it_is_tried_again_a_while_later(
    make_tokens: MakeTokens, platform: Platform, clock: Clock
) -> None:
    tokens = make_tokens()
    platform.fetch_script = [{"errcode": 40164}]
    with pytest.raises(Stopped):
        await tokens.get()
    with pytest.raises(Stopped):
        await tokens.get()
    clock.now += timedelta(seconds=30)
    assert await tokens.get() == "oa-token-1"


async def test_a_passing_failure_is_tried_again_at_once(
    make_tokens: MakeTokens, platform: Platform, sleeper: Sleeper
) -> None:
    platform.fetch_script = [{"errcode": -1}, "drop"]
    assert await make_tokens().get() == "oa-token-1"
    assert sleeper.pauses == [0.5, 1.0]


async def test_without_redis_each_process_fetches_once(make_tokens: MakeTokens, platform: Platform) -> None:
    nobody = Redis(host="127.0.0.1", port=1)
    tokens = make_tokens(store=TokenStore(nobody, "oa"))
    assert set(await asyncio.gather(*(tokens.get() for _ in range(50)))) == {"oa-token-1"}
    platform.revoke()
    assert set(await asyncio.gather(*(tokens.replace("oa-token-1") for _ in range(50)))) == {"oa-token-2"}
    assert platform.fetches == [("oa", False)] * 2
    await nobody.aclose()


async def test_a_cancelled_caller_leaves_the_way_free(make_tokens: MakeTokens, platform: Platform) -> None:
    tokens = make_tokens()
    platform.fetch_script = ["hang"]
    caller = asyncio.create_task(tokens.get())
    await platform.asked.wait()
    caller.cancel()
    assert await tokens.get() == "oa-token-1"


@pytest.mark.parametrize(
    ("expires_in", "refresh_in", "life"),
    [
        (7200, 6900, 7200),
        (300, 60, 300),
        (320, 60, 320),
        (40, 20, 40),
        (0, 5, 10),
        ("x", 5, 10),
        (None, 5, 10),
    ],
)
def test_a_token_is_looked_at_again_before_its_end_and_not_at_once(
    expires_in: object, refresh_in: float, life: float
) -> None:
    token = read_token({"access_token": "t", "expires_in": expires_in}, now=1000.0)
    assert (token.refresh_at - 1000, token.expires_at - 1000) == (refresh_in, life)


async def test_rubbish_in_redis_is_as_good_as_nothing(
    make_tokens: MakeTokens, platform: Platform, redis: Redis
) -> None:
    await redis.set("zbt:wechat:oa:token", b'{"value": 1, "other": 2}')
    assert await make_tokens().get() == "oa-token-1"


async def test_a_lease_that_ran_out_is_not_taken_from_its_next_owner(redis: Redis) -> None:
    store = TokenStore(redis, "oa")
    mine = await store.lease()
    assert mine is not None
    assert await store.lease() is None
    await redis.delete("zbt:wechat:oa:lease")
    theirs = await store.lease()
    await store.release(mine)
    assert await store.lease() is None
    await store.release(theirs or "")
    assert await store.lease() is not None


class CarelessStore(TokenStore):
    """Lets everybody renew at once, and never looks again."""

    async def lease(self) -> str | None:
        return "mine"

    async def read(self) -> None:
        return None


@pytest.mark.parametrize(("store", "fetches"), [(TokenStore, 1), (CarelessStore, 4)])
async def test_it_is_the_lease_that_keeps_processes_from_fetching_together(
    make_tokens: MakeTokens, platform: Platform, redis: Redis, store: type[TokenStore], fetches: int
) -> None:
    platform.delay = 0.05
    processes = [make_tokens(store=store(redis, "oa")) for _ in range(4)]
    await asyncio.gather(*(process.get() for process in processes for _ in range(50)))
    assert len(platform.fetches) == fetches


class OvertakenStore(TokenStore):
    """Another process renews between this one's look at the token and its lease."""

    async def lease(self) -> str | None:
        await TokenStore(self.redis, self.app_id).write(Token("from another", 9e9, 9e9), now=0.0)
        return await TokenStore.lease(self)


async def test_who_gets_the_lease_looks_once_more(
    make_tokens: MakeTokens, platform: Platform, redis: Redis
) -> None:
    assert await make_tokens(store=OvertakenStore(redis, "oa")).get() == "from another"
    assert platform.fetches == []
