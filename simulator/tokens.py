"""Access tokens: two endpoints that do not disturb each other, and the tickets bought with them."""

import secrets
from dataclasses import dataclass, field

from simulator.call import App, Call, text
from simulator.envelope import PlatformError
from simulator.quotas import day_of

LIFE = 7200
RENEWED_BEFORE_END = 300
OVERLAP = 300
FORCED_A_DAY = 20
FORCED_APART = 30
KEPT_AFTER_END = 86_400


@dataclass(slots=True)
class Token:
    """One token: it ages at `expires_at`; it is refused as "not latest" from `retired_at` on."""

    app: App
    expires_at: float
    retired_at: float | None = None


@dataclass(slots=True)
class Forced:
    """The forced refreshes of one app today."""

    day: str = ""
    count: int = 0
    last: float = 0.0


@dataclass(slots=True)
class Tokens:
    """Every token still remembered, and which is the latest of each app and endpoint."""

    issued: dict[str, Token] = field(default_factory=dict)
    latest: dict[str, str] = field(default_factory=dict)
    forced: dict[App, Forced] = field(default_factory=dict)

    def check(self, token: str, now: float) -> App:
        """Whose token it is.

        Raises:
            PlatformError: 41001 missing, 40001 unknown or retired, 42001 aged.
        """
        if not token:
            raise PlatformError(41001)
        known = self.issued.get(token)
        if known is None or (known.retired_at is not None and known.retired_at <= now):
            raise PlatformError(40001)
        if known.expires_at <= now:
            raise PlatformError(42001)
        return known.app

    def plain(self, app: App, now: float) -> tuple[str, int]:
        """A new token; the former one of this endpoint lives on for the overlap."""
        self._retire(f"plain:{app}", now + OVERLAP)
        return self._issue(f"plain:{app}", app, now), LIFE

    def stable(self, app: App, now: float) -> tuple[str, int]:
        """The same token with its remaining life, or a new one near its end (both are valid then)."""
        current = self.latest.get(f"stable:{app}", "")
        known = self.issued.get(current)
        if known is not None and known.expires_at - now > RENEWED_BEFORE_END:
            return current, int(known.expires_at - now)
        return self._issue(f"stable:{app}", app, now), LIFE

    def force(self, app: App, now: float) -> tuple[str, int]:
        """A new stable token; the former one dies at once.

        Raises:
            PlatformError: 45009 after 20 a day, 45011 within 30 s of the last.
        """
        forced = self.forced.setdefault(app, Forced())
        if forced.day != day_of(now):
            forced.day, forced.count = day_of(now), 0
        if forced.count >= FORCED_A_DAY:
            raise PlatformError(45009)
        if forced.last and now - forced.last < FORCED_APART:
            raise PlatformError(45011)
        forced.count, forced.last = forced.count + 1, now
        self._retire(f"stable:{app}", now)
        return self._issue(f"stable:{app}", app, now), LIFE

    def kill(self, now: float) -> None:
        """Retire every latest token, as a refresh elsewhere would."""
        for slot in list(self.latest):
            self._retire(slot, now)

    def _issue(self, slot: str, app: App, now: float) -> str:
        self._forget(now)
        token = f"{len(self.issued)}_{secrets.token_urlsafe(96)}"
        self.issued[token] = Token(app, now + LIFE)
        self.latest[slot] = token
        return token

    def _retire(self, slot: str, at: float) -> None:
        token = self.latest.pop(slot, None)
        if token is not None:
            self.issued[token].retired_at = at

    def _forget(self, now: float) -> None:
        for token in [t for t, known in self.issued.items() if known.expires_at + KEPT_AFTER_END < now]:
            del self.issued[token]


def token(call: Call) -> dict[str, object]:
    """GET /cgi-bin/token."""
    app = _app(call, dict(call.query), "client_credential")
    value, life = call.world.tokens.plain(app, call.world.time())
    return {"access_token": value, "expires_in": life}


def stable_token(call: Call) -> dict[str, object]:
    """POST /cgi-bin/stable_token."""
    app = _app(call, call.body, "client_credential")
    tokens, now = call.world.tokens, call.world.time()
    value, life = (
        tokens.force(app, now) if call.body.get("force_refresh") is True else tokens.stable(app, now)
    )
    return {"access_token": value, "expires_in": life}


def ticket(call: Call) -> dict[str, object]:
    """GET /cgi-bin/ticket/getticket: the same ticket until it ages."""
    kind = call.query.get("type", "")
    if kind not in ("jsapi", "wx_card"):
        raise PlatformError(40097)
    tickets, now = call.world.tickets, call.world.time()
    value, expires_at = tickets.get(kind, ("", 0.0))
    if expires_at - now <= RENEWED_BEFORE_END:
        value, expires_at = secrets.token_urlsafe(64), now + LIFE
        tickets[kind] = value, expires_at
    return {"errcode": 0, "errmsg": "ok", "ticket": value, "expires_in": int(expires_at - now)}


def credentials(call: Call, appid: str, secret: str) -> App:
    """The app with that id and secret, or 41002, 40013, 41004, 40125."""
    if not appid:
        raise PlatformError(41002)
    found = call.world.secrets.get(appid)
    if found is None:
        raise PlatformError(40013)
    if not secret:
        raise PlatformError(41004)
    if not secrets.compare_digest(found[1].encode(), secret.encode()):
        raise PlatformError(40125)
    return found[0]


def _app(call: Call, given: dict[str, object], grant_type: str) -> App:
    if given.get("grant_type") != grant_type:
        raise PlatformError(40002)
    return credentials(call, text(given, "appid", ""), text(given, "secret", ""))
