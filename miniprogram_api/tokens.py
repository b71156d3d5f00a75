"""Session tokens: signed and checked without a database."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from settings import Settings

LIFETIME = timedelta(days=7)
VERSION = "1"
"""Raised when the meaning of a token changes; older ones then ask their owners to log in again."""


@dataclass(frozen=True, slots=True)
class Session:
    """Whose requests these are, and until when."""

    account_id: int
    expires_at: datetime


def issue(settings: Settings, account_id: int, now: datetime) -> tuple[str, datetime]:
    """A token for this account, and when it stops working."""
    expires_at = (now + LIFETIME).replace(microsecond=0)
    claims = f"{VERSION}.{account_id}.{int(expires_at.timestamp())}"
    return f"{claims}.{_sign(settings, claims)}", expires_at


def read(settings: Settings, token: str, now: datetime) -> Session | None:
    """The session of a token; nothing for a forged, altered, foreign or expired one."""
    claims, _, signature = token.rpartition(".")
    if not token.isascii() or not hmac.compare_digest(signature, _sign(settings, claims)):
        return None
    version, account_id, expires = claims.split(".")
    if version != VERSION or int(expires) <= now.timestamp():
        return None
    return Session(int(account_id), datetime.fromtimestamp(int(expires), now.tzinfo))


def _sign(settings: Settings, claims: str) -> str:
    signature = hmac.digest(_key(settings.secret_key.get_secret_value()), claims.encode(), "sha256")
    return base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


@lru_cache(maxsize=16)
def _key(secret: str) -> bytes:
    """The key is derived, so that a session's signature is of no use for any other kind of code."""
    return hmac.digest(secret.encode(), b"zhibutong session", "sha256")
