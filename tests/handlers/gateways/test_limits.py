"""How fast an API may be called, and when it opens again."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.gateways import apis
from handlers.gateways.apis import pause_before_retry
from handlers.gateways.errors import Ambiguous, BadCall, Busy, QuotaSpent, Stopped, Unreachable, WeChatError
from handlers.gateways.limits import BEIJING, Closures, TokenBucket, next_midnight

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=BEIJING)
SEND = "/cgi-bin/message/custom/send"


def test_a_bucket_admits_its_burst_and_then_its_pace() -> None:
    bucket = TokenBucket(per_minute=60, burst=3)
    assert [bucket.reserve(100.0) for _ in range(5)] == [0, 0, 0, 1, 2]
    assert bucket.reserve(104.0) == 0
    assert [bucket.reserve(1000.0) for _ in range(4)] == [0, 0, 0, 1], "rest is not saved up"


@pytest.mark.parametrize(
    "now",
    [
        NOON,
        datetime(2026, 11, 20, 23, 59, 59, tzinfo=BEIJING),
        datetime(2026, 11, 20, 0, 0, tzinfo=BEIJING),
        datetime(2026, 11, 19, 16, 0, tzinfo=UTC),
    ],
)
def test_a_day_ends_at_midnight_in_beijing(now: datetime) -> None:
    assert next_midnight(now) == datetime(2026, 11, 21, tzinfo=BEIJING)


def test_a_spent_quota_closes_its_api_until_midnight_and_no_other() -> None:
    closures = Closures()
    closures.note(SEND, QuotaSpent(45009), NOON)
    closures.check("/cgi-bin/user/info", NOON)
    with pytest.raises(QuotaSpent) as raised:
        closures.check(SEND, NOON + timedelta(hours=11))
    assert raised.value.retry_after == 3600
    closures.check(SEND, NOON + timedelta(hours=12))


def test_a_refusal_of_the_account_rests_a_minute_and_one_of_a_template_does_not() -> None:
    closures = Closures()
    closures.note(SEND, Stopped(40037), NOON)
    closures.check(SEND, NOON)
    closures.note(SEND, Stopped(48001), NOON)
    with pytest.raises(Stopped):
        closures.check(SEND, NOON + timedelta(seconds=59))
    closures.check(SEND, NOON + timedelta(seconds=60))


@pytest.mark.parametrize(
    ("api", "tried", "error", "pause"),
    [
        (apis.SEND_CUSTOM, 1, Busy(-1), 1),
        (apis.SEND_CUSTOM, 2, Busy(-1), 2),
        (apis.SEND_CUSTOM, 3, Busy(-1), None),
        (apis.SEND_CUSTOM, 1, Unreachable(), 1),
        (apis.SEND_CUSTOM, 1, Ambiguous(), None),
        (apis.SEND_CUSTOM, 1, Busy(45011, retry_after=60), None),
        (apis.SEND_SUBSCRIBE, 1, Ambiguous(), None),
        (apis.LOG_IN, 1, Ambiguous(), None),
        (apis.PHONE_NUMBER, 1, Ambiguous(), None),
        (apis.SEND_MASS, 1, Ambiguous(), 1),
        (apis.SEND_MASS, 1, Ambiguous(45066, retry_after=61), 61),
        (apis.SEND_MASS, 1, BadCall(40130), None),
        (apis.USER, 1, Ambiguous(), 1),
        (apis.USER, 1, Stopped(48001), None),
    ],
)
def test_who_is_tried_again_and_when(
    api: apis.Api, tried: int, error: WeChatError, pause: float | None
) -> None:
    assert pause_before_retry(api, tried, error, jitter=0) == pause


def test_jitter_spreads_and_never_shortens() -> None:
    pauses = [
        pause_before_retry(apis.SEND_MASS, 1, Busy(-1, retry_after=61), jitter) or 0 for jitter in (0, 0.5, 1)
    ]
    assert pauses == sorted(set(pauses))
    assert pauses[0] == 61
