"""Sealing what few may read: AES-GCM under a key derived from the service's secret."""

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

SCHEME = b"zs1"
"""How the key is derived and bytes are sealed. A new way gets a new mark; old rows say theirs."""
NONCE_BYTES = 12


class Unreadable(Exception):
    """The sealed bytes were altered, or sealed with another secret than the one in force."""


@lru_cache(maxsize=4)
def _cipher(secret: str) -> AESGCM:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"zhibutong records seal " + SCHEME)
    return AESGCM(key.derive(secret.encode()))


def seal(secret: SecretStr, content: bytes) -> bytes:
    """Bytes as they are stored; others each time."""
    nonce = os.urandom(NONCE_BYTES)
    return SCHEME + nonce + _cipher(secret.get_secret_value()).encrypt(nonce, content, SCHEME)


def unseal(secret: SecretStr, sealed: bytes) -> bytes:
    """The content behind stored bytes.

    Raises:
        Unreadable.
    """
    if not sealed.startswith(SCHEME):
        raise Unreadable
    nonce, text = sealed[len(SCHEME) :][:NONCE_BYTES], sealed[len(SCHEME) + NONCE_BYTES :]
    try:
        return _cipher(secret.get_secret_value()).decrypt(nonce, text, SCHEME)
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error


def renewed(secret: SecretStr, previous: SecretStr, sealed: bytes) -> bytes | None:
    """Bytes that `previous` sealed, under the secret in force; None where they are under it already.

    Raises:
        Unreadable: neither opens them.
    """
    try:
        unseal(secret, sealed)
    except Unreadable:
        return seal(secret, unseal(previous, sealed))
    return None
