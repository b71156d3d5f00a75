"""Phone numbers: sealed at rest, found by a keyed hash, shown masked."""

import base64
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

SCHEME = "1"
"""How keys are derived and numbers sealed. A new way gets a new number; old rows say theirs."""
NONCE_BYTES = 12
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_SEPARATORS = re.compile(r"[\s\-‐-―()（）._]+")


class Unreadable(Exception):
    """The sealed text was altered, or sealed with another secret than the one in force."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What is derived from one secret. `prefix` names scheme and secret in every sealed text."""

    prefix: str
    cipher: AESGCM
    hash_key: bytes


@lru_cache(maxsize=4)
def _keys(secret: str) -> Keys:
    def derive(purpose: str, length: int) -> bytes:
        info = f"zhibutong phone {purpose} {SCHEME}".encode()
        return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret.encode())

    return Keys(
        prefix=f"{SCHEME}.{derive('key id', 4).hex()}.",
        cipher=AESGCM(derive("seal", 32)),
        hash_key=derive("look-up", 32),
    )


def normalise(text: str) -> str | None:
    """The eleven digits of a mainland mobile number, however it was typed; None when it is none."""
    digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(?:\+?86|0086)(?=1[0-9]{10}$)", "", digits)
    return digits if digits.isascii() and _MOBILE.fullmatch(digits) else None


def mask(phone: str) -> str:
    """How a number is shown: 199****0001."""
    return f"{phone[:3]}****{phone[-4:]}"


def look_up_hash(secret: SecretStr, phone: str) -> str:
    """The same text for the same number, useless without the secret."""
    return hmac.digest(_keys(secret.get_secret_value()).hash_key, phone.encode(), "sha256").hex()


def mark(secret: SecretStr) -> str:
    """How every text begins that is sealed with this secret; it says nothing of the secret."""
    return _keys(secret.get_secret_value()).prefix


def seal(secret: SecretStr, phone: str) -> str:
    """A number as it is stored; another text each time."""
    keys = _keys(secret.get_secret_value())
    nonce = os.urandom(NONCE_BYTES)
    sealed = keys.cipher.encrypt(nonce, phone.encode(), keys.prefix.encode())
    return keys.prefix + base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(secret: SecretStr, sealed: str) -> str:
    """The number behind a stored text.

    Raises:
        Unreadable: the text was altered, or belongs to another secret.
    """
    keys = _keys(secret.get_secret_value())
    if not sealed.startswith(keys.prefix):
        raise Unreadable
    try:
        raw = base64.b64decode(sealed.removeprefix(keys.prefix), altchars=b"-_", validate=True)
        clear = keys.cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], keys.prefix.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error
    return clear.decode()
