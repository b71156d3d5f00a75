"""What is counted about the calls that leave the house, and how a person is told to act."""

import logging
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from handlers.gateways.errors import WeChatError

CALLS = Counter("zbt_wechat_calls", "Calls to WeChat's API.", ("path", "outcome"))
SECONDS = Histogram(
    "zbt_wechat_call_seconds",
    "How long WeChat took to answer.",
    ("path",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
TOKEN_FETCHES = Counter("zbt_wechat_token_fetches", "Access tokens asked for.", ("app", "outcome"))
STOPPED = Gauge(
    "zbt_wechat_stopped", "The error code while a person must act on this API, else 0.", ("path",)
)

log = logging.getLogger(__name__)


@cache
def meters(path: str) -> tuple[Counter, Histogram]:
    """The counter of successes and the clock of one API: looking them up costs more than counting."""
    return CALLS.labels(path, "ok"), SECONDS.labels(path)


def raise_alert(path: str, error: WeChatError) -> None:
    """Tell whoever watches the logs or the metrics that WeChat refuses this API."""
    STOPPED.labels(path).set(error.code)
    log.error("wechat_stopped path=%s code=%s hint=%s", path, error.code, error.hint)


def clear_alert(path: str) -> None:
    """The API works again."""
    STOPPED.labels(path).set(0)
