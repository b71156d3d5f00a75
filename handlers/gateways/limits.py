"""How fast an API may be called, and how long it is left alone after it said no."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.gateways.errors import VERDICTS, QuotaSpent, WeChatError

BEIJING = ZoneInfo("Asia/Shanghai")
"""WeChat counts its days there, whatever zone the service is set to."""


class TokenBucket:
    """Admits `per_minute` calls a minute, `burst` of them at once."""

    def __init__(self, per_minute: float, burst: int) -> None:
        self._gap = 60.0 / per_minute
        self._slack = self._gap * (burst - 1)
        self._due = 0.0

    def reserve(self, now: float) -> float:
        """Take the next place; how many seconds to wait for it."""
        due = max(self._due, now)
        self._due = due + self._gap
        return max(0.0, due - self._slack - now)


@dataclass(slots=True)
class Closures:
    """APIs that are left alone for a while, each with the failure that closed it."""

    _closed: dict[str, tuple[datetime, WeChatError]] = field(default_factory=dict)

    def check(self, path: str, now: datetime) -> None:
        """Raise again what closed `path`, without asking WeChat."""
        until, error = self._closed.get(path, (None, None))
        if until is None or error is None:
            return
        if now < until:
            raise type(error)(error.code, error.hint, retry_after=(until - now).total_seconds())
        del self._closed[path]

    def note(self, path: str, error: WeChatError, now: datetime) -> None:
        """Close `path` where `error` says that other calls would fail as well."""
        pause = closes_for(error, now)
        if pause:
            error.retry_after = max(error.retry_after, pause.total_seconds())
            self._closed[path] = (now + pause, error)


def closes_for(error: WeChatError, now: datetime) -> timedelta:
    """How long the whole API should rest after `error`."""
    if isinstance(error, QuotaSpent):
        return next_midnight(now) - now
    verdict = VERDICTS.get(error.code)
    return timedelta(seconds=verdict.closes if verdict else 0)


def next_midnight(now: datetime) -> datetime:
    """The next midnight in Beijing, when WeChat's daily counters start anew."""
    day = now.astimezone(BEIJING).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)
