"""Texts that only their reader should find: in the ledgers they stand sealed, and go out as they were."""

import base64
import binascii
from collections.abc import Iterable

from pydantic import SecretStr

from handlers import seals

MARK = "sealed:"
"""No reply body begins so, for they are XML, JSON or nothing; and no message that we write to people."""


def seal(secret: SecretStr, text: str) -> str:
    """A text as it is stored; silence has nothing to hide."""
    return MARK + base64.b64encode(seals.seal(secret, text.encode())).decode() if text else ""


def opened(secrets: Iterable[SecretStr], stored: str) -> str:
    """The text behind what is stored, whichever of these sealed it; silence where none of them did."""
    if not stored.startswith(MARK):
        return stored
    for secret in secrets:
        try:
            return seals.unseal(secret, base64.b64decode(stored.removeprefix(MARK), validate=True)).decode()
        except (seals.Unreadable, binascii.Error, UnicodeDecodeError):
            continue
    return ""
