"""How often each API may be called in a day and a minute, and the endpoints that show and reset it."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from simulator.call import App, Call
from simulator.envelope import PlatformError
from simulator.messages import SHANGHAI

CLEARS_A_MONTH = 10


@dataclass(slots=True)
class Usage:
    """Calls of one API by one app, today and in this minute; `limit` is set by a fault."""

    day: str = ""
    used: int = 0
    limit: int | None = None
    minute: int = 0
    in_minute: int = 0


@dataclass(slots=True)
class Quotas:
    """Counters by app and path."""

    usage: dict[str, Usage] = field(default_factory=dict)
    clears: dict[str, int] = field(default_factory=dict)

    def of(self, app: App | None, path: str, now: float) -> Usage:
        """Today's counter."""
        usage = self.usage.setdefault(f"{app or ''}:{path}", Usage())
        today = day_of(now)
        if usage.day != today:
            usage.day, usage.used, usage.limit = today, 0, None
        return usage

    def take(
        self, app: App | None, path: str, now: float, *, daily: int | None, per_minute: int | None = None
    ) -> None:
        """Count one call.

        Raises:
            PlatformError: 45009 over the day's quota, 45011 over the minute's.
        """
        usage = self.of(app, path, now)
        limit = daily if usage.limit is None else usage.limit
        if limit is not None and usage.used >= limit:
            raise PlatformError(45009)
        minute = int(now // 60)
        if usage.minute != minute:
            usage.minute, usage.in_minute = minute, 0
        if per_minute is not None and usage.in_minute >= per_minute:
            raise PlatformError(45011)
        usage.used += 1
        usage.in_minute += 1

    def set_left(self, path: str, left: int, now: float) -> None:
        """Leave only so many calls for today, in either app."""
        for app in (None, *App):
            usage = self.of(app, path, now)
            usage.limit = usage.used + left

    def restore(self) -> None:
        """Undo what `set_left` did."""
        for usage in self.usage.values():
            usage.limit = None

    def clear(self, app: App, now: float) -> None:
        """Reset the day's counters of one app.

        Raises:
            PlatformError: 48006 after ten times in a month.
        """
        key = f"{app}:{month_of(now)}"
        if self.clears.get(key, 0) >= CLEARS_A_MONTH:
            raise PlatformError(48006)
        self.clears[key] = self.clears.get(key, 0) + 1
        for name, usage in self.usage.items():
            if name.startswith((f"{app}:", ":")):
                usage.used, usage.limit = 0, None


def clear_quota(call: Call) -> dict[str, object]:
    """POST /cgi-bin/clear_quota: one's own app only."""
    found = call.world.secrets.get(call.text("appid", ""))
    if found is None or found[0] is not call.app:
        raise PlatformError(40013)
    call.world.quotas.clear(found[0], call.world.time())
    return {"errcode": 0, "errmsg": "ok"}


def clear_quota_with_secret(call: Call) -> dict[str, object]:
    """POST /cgi-bin/clear_quota/v2: by app secret, without a token."""
    found = call.world.secrets.get(call.text("appid", ""))
    if found is None:
        raise PlatformError(40013)
    if found[1] != call.text("appsecret", ""):
        raise PlatformError(40125)
    call.world.quotas.clear(found[0], call.world.time())
    return {"errcode": 0, "errmsg": "ok"}


def show_quota(call: Call) -> dict[str, object]:
    """POST /cgi-bin/openapi/quota/get."""
    path = call.text("cgi_path", "")
    endpoint = call.world.endpoints.get(path)
    if endpoint is None or endpoint.daily is None or path.startswith("/sns/"):
        raise PlatformError(76021)
    if endpoint.app is not None and endpoint.app is not call.app:
        raise PlatformError(76022)
    usage = call.world.quotas.of(call.app if endpoint.needs_token else None, path, call.world.time())
    limit = endpoint.daily if usage.limit is None else usage.limit
    quota = {"daily_limit": limit, "used": usage.used, "remain": max(0, limit - usage.used)}
    rate = {"call_count": endpoint.per_minute or 0, "refresh_second": 60}
    return {"errcode": 0, "errmsg": "ok", "quota": quota, "rate_limit": rate}


def day_of(now: float) -> str:
    """The date in Beijing: counters start anew at midnight there."""
    return _date(int(now // 60))


def month_of(now: float) -> str:
    """The calendar month in Beijing."""
    return _date(int(now // 60))[:7]


@lru_cache(maxsize=64)
def _date(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, SHANGHAI).date().isoformat()
