"""WeChat's message encryption (wechat-platform: AES-256-CBC, PKCS#7 over 32 bytes, app id at the end).

`cryptography` is used directly, with one lasting AES context per direction instead of a new one per
message: a context costs more than the cipher. One thread only.
"""

import os
from base64 import b64decode
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
PADDING = 32
RANDOM_POOL = 65536
PADS = tuple(bytes([size]) * size for size in range(PADDING + 1))


class Undecipherable(Exception):
    """The ciphertext was not made with this key, or was damaged."""


class MessageCipher:
    """One EncodingAESKey, ready for both directions."""

    def __init__(self, encoding_aes_key: str) -> None:
        """Prepare the contexts.

        Raises:
            ValueError: the key is not 43 characters of base64.
        """
        try:
            key = b64decode(encoding_aes_key + "=")
        except Base64Error:
            key = b""
        if len(encoding_aes_key) != 43 or len(key) != 32:
            raise ValueError("EncodingAESKey must be 43 characters of base64")
        iv = key[:BLOCK]
        # CBC decryption is ECB decryption, then XOR with the ciphertext moved by one block.
        self._decrypt = Cipher(algorithms.AES(key), modes.ECB()).decryptor().update  # noqa: S305
        self._encrypt = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor().update
        self._iv = iv
        self._iv_number = int.from_bytes(iv, "big")
        self._last_block = self._iv_number
        self._random = b""
        self._random_at = 0

    def decrypt(self, encrypted: bytes) -> tuple[bytes, bytes]:
        """The message and the app id inside a base64 ciphertext.

        Raises:
            Undecipherable: bad base64, length, padding or inner length.
        """
        try:
            ciphertext = a2b_base64(encrypted)
        except Base64Error as error:
            raise Undecipherable("base64") from error
        size = len(ciphertext)
        if size < PADDING or size % BLOCK:
            raise Undecipherable("length")
        moved = int.from_bytes(self._iv + ciphertext[:-BLOCK], "big")
        clear = (int.from_bytes(self._decrypt(ciphertext), "big") ^ moved).to_bytes(size, "big")
        padding = clear[-1]
        end = 20 + int.from_bytes(clear[16:20], "big")
        if not 1 <= padding <= PADDING or end > size - padding:
            raise Undecipherable("padding")
        return clear[20:end], clear[end : size - padding]

    def encrypt(self, message: bytes, app_id: bytes) -> bytes:
        """The base64 ciphertext of a message for an app id.

        The clear text starts with 16 random bytes anyway. They are chosen so that the lasting CBC
        context, which goes on from its last block, gives what a fresh one with the IV would give.
        """
        random = int.from_bytes(self._random_bytes(), "big") ^ self._iv_number ^ self._last_block
        head = random.to_bytes(BLOCK, "big")
        body = b"%b%b%b%b" % (head, len(message).to_bytes(4, "big"), message, app_id)
        ciphertext = self._encrypt(body + PADS[PADDING - len(body) % PADDING])
        self._last_block = int.from_bytes(ciphertext[-BLOCK:], "big")
        return b2a_base64(ciphertext, newline=False)

    def _random_bytes(self) -> bytes:
        """16 bytes of the system's randomness, asked for in large pieces."""
        if self._random_at == len(self._random):
            self._random, self._random_at = os.urandom(RANDOM_POOL), 0
        self._random_at += BLOCK
        return self._random[self._random_at - BLOCK : self._random_at]
