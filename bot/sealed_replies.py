"""Replies that only their reader should find: in the ledger they stand sealed, and go out as they were."""

import base64
import binascii

from pydantic import SecretStr

from handlers import seals

MARK = "sealed:"
"""No reply body begins so: they are XML, JSON or nothing."""


def seal(secret: SecretStr, reply: str) -> str:
    """A reply as it is stored; silence has nothing to hide."""
    return MARK + base64.b64encode(seals.seal(secret, reply.encode())).decode() if reply else ""


def opened(secret: SecretStr, stored: str) -> str:
    """The reply behind what is stored; silence where it belongs to another secret by now."""
    if not stored.startswith(MARK):
        return stored
    try:
        return seals.unseal(secret, base64.b64decode(stored.removeprefix(MARK), validate=True)).decode()
    except (seals.Unreadable, binascii.Error, UnicodeDecodeError):
        return ""
