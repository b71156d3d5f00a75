"""WeChat's envelope: signatures, and AES-256-CBC with the length and the app id inside."""

import base64
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

BLOCK = 32


class BadEnvelope(Exception):
    """What was sealed for us cannot be opened; the message says where it fails."""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def same(expected: str, given: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())


def seal(message: bytes, *, key: str, app_id: str) -> str:
    """Encrypt; base64."""
    clear = secrets.token_bytes(16) + struct.pack(">I", len(message)) + message + app_id.encode()
    pad = BLOCK - len(clear) % BLOCK
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(clear + bytes([pad]) * pad) + encryptor.finalize()).decode()


def open_sealed(sealed: str, *, key: str, app_id: str) -> bytes:
    """Decrypt, checking everything there is to check.

    Raises:
        BadEnvelope: base64, length, padding or app id is wrong.
    """
    try:
        data = base64.b64decode(sealed, validate=True)
    except ValueError as error:
        raise BadEnvelope("Encrypt 不是 base64") from error
    if not data or len(data) % BLOCK:
        raise BadEnvelope("密文长度不对")
    decryptor = _cipher(key).decryptor()
    clear = decryptor.update(data) + decryptor.finalize()
    pad = clear[-1]
    if not 1 <= pad <= BLOCK or clear[-pad:] != bytes([pad]) * pad:
        raise BadEnvelope("填充不对")
    length = struct.unpack(">I", clear[16:20])[0]
    end = 20 + length
    if end > len(clear) - pad or clear[end:-pad] != app_id.encode():
        raise BadEnvelope("长度或 AppID 不对")
    return clear[20:end]


def _cipher(key: str) -> Cipher[CBC]:
    raw = base64.b64decode(key + "=")
    return Cipher(AES(raw), CBC(raw[:16]))
