"""Codes that stand for a person for five minutes, once: wx.login, getPhoneNumber, web authorization."""

import base64
import hmac
import secrets
from dataclasses import dataclass, field

from simulator.call import App, Call
from simulator.envelope import PlatformError
from simulator.followers import Follower
from simulator.tokens import credentials

LIFE = 300
LOGINS_A_MINUTE = 100


@dataclass(slots=True)
class LoginCode:
    """Whom it stands for, since when, and whether it has been used."""

    openid: str
    issued_at: float
    scope: str = ""
    used: bool = False


@dataclass(slots=True)
class LoginCodes:
    """Codes of one kind, oldest first."""

    codes: dict[str, LoginCode] = field(default_factory=dict)

    def issue(self, follower: Follower, now: float, *, scope: str = "") -> str:
        """A new code for that person."""
        while self.codes:
            oldest = next(iter(self.codes))
            if now - self.codes[oldest].issued_at <= LIFE:
                break
            del self.codes[oldest]
        code = "0" + secrets.token_urlsafe(23)
        self.codes[code] = LoginCode(follower.openid, now, scope)
        return code

    def use(self, code: str, now: float) -> LoginCode:
        """Take the code.

        Raises:
            PlatformError: 40029 unknown or older than five minutes, 40163 used already.
        """
        known = self.codes.get(code)
        if known is None or now - known.issued_at > LIFE:
            raise PlatformError(40029)
        if known.used:
            raise PlatformError(40163)
        known.used = True
        return known


def session(call: Call) -> dict[str, object]:
    """GET /sns/jscode2session: success has no errcode."""
    world, now = call.world, call.world.time()
    _check_app(call, App.MINI_PROGRAM)
    code = call.query.get("js_code", "")
    if not code:
        raise PlatformError(41008)
    openid = world.logins.use(code, now).openid
    follower = world.followers.require(openid, App.OFFICIAL_ACCOUNT)
    world.quotas.take(None, f"login:{openid}", now, daily=None, per_minute=LOGINS_A_MINUTE)
    if not follower.session_key:
        follower.session_key = base64.b64encode(secrets.token_bytes(16)).decode()
    follower.visited_at = now
    return {
        "session_key": follower.session_key,
        "openid": follower.mp_openid,
        "unionid": follower.unionid,
    }


def check_session(call: Call) -> dict[str, object]:
    """GET /wxa/checksession."""
    follower = call.world.followers.require(call.query.get("openid", ""), App.MINI_PROGRAM)
    signature = hmac.new(base64.b64decode(follower.session_key), b"", "sha256").hexdigest()
    given = call.query.get("signature", "")
    if not follower.session_key or not hmac.compare_digest(signature.encode(), given.encode()):
        raise PlatformError(87009)
    return {"errcode": 0, "errmsg": "ok"}


def phone_number(call: Call) -> dict[str, object]:
    """POST /wxa/business/getuserphonenumber."""
    world, now = call.world, call.world.time()
    openid = world.phone_codes.use(call.text("code", ""), now).openid
    phone = world.followers.require(openid, App.OFFICIAL_ACCOUNT).phone
    watermark = {"timestamp": int(now), "appid": world.settings.mp_app_id}
    numbers = {"phoneNumber": phone, "purePhoneNumber": phone, "countryCode": "86", "watermark": watermark}
    return {"errcode": 0, "errmsg": "ok", "phone_info": numbers}


def web_authorization(call: Call) -> dict[str, object]:
    """GET /sns/oauth2/access_token: a token of that person's, unrelated to the app's."""
    world = call.world
    _check_app(call, App.OFFICIAL_ACCOUNT)
    value = call.query.get("code", "")
    if not value:
        raise PlatformError(41008)
    code = world.oauth_codes.use(value, world.time())
    follower = world.followers.require(code.openid, App.OFFICIAL_ACCOUNT)
    answer: dict[str, object] = {
        "access_token": secrets.token_urlsafe(64),
        "expires_in": 7200,
        "refresh_token": secrets.token_urlsafe(64),
        "openid": follower.openid,
        "scope": code.scope,
    }
    return answer | ({"unionid": follower.unionid} if code.scope == "snsapi_userinfo" else {})


def _check_app(call: Call, app: App) -> None:
    if credentials(call, call.query.get("appid", ""), call.query.get("secret", "")) is not app:
        raise PlatformError(40013)
    if call.query.get("grant_type") != "authorization_code":
        raise PlatformError(40002)
