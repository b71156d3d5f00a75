"""The protocol of WeChat's callback: verify, open, seal. Pure: bytes in, bytes out.

Everything is checked before anything is believed: the signature first (constant time, echostr
too), then the age, then the app id inside. Sources: wechat-platform §1.2–1.6.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha1
from hmac import compare_digest
from time import time

from bot.cipher import MessageCipher, Undecipherable
from bot.messages import Garbled, Message, as_text, message_of, parse, parse_any, parse_json
from settings import MessageMode, Settings

ENCRYPTED = re.compile(rb"<Encrypt><!\[CDATA\[([A-Za-z0-9+/=]+)\]\]></Encrypt>")
ENVELOPE = (
    b"<xml><Encrypt><![CDATA[%b]]></Encrypt><MsgSignature><![CDATA[%b]]></MsgSignature>"
    b"<TimeStamp>%b</TimeStamp><Nonce><![CDATA[%b]]></Nonce></xml>"
)
SUCCESS = b"success"
"""The reply that says nothing to the person and stops the re-sends."""


class Rejected(Exception):
    """The request is not WeChat's, or not for us. The text is for the log, never for the sender."""


@dataclass(slots=True)
class Opened:
    """An authentic message, and what is needed to seal its reply. `cipher` is None in plain mode."""

    message: Message
    timestamp: bytes
    nonce: bytes
    cipher: MessageCipher | None
    as_json: bool


def sign(*parts: bytes) -> bytes:
    """WeChat's signature: SHA-1 over the sorted parts, lower-case hex."""
    return sha1(b"".join(sorted(parts))).hexdigest().encode()  # noqa: S324 (the platform's choice)


class Protocol:
    """One account's secrets, ready to open and seal."""

    def __init__(self, settings: Settings) -> None:
        """Prepare the keys.

        Raises:
            ValueError: an EncodingAESKey is malformed.
        """
        self._token = settings.oa_token.get_secret_value().encode()
        self._mode = settings.oa_message_mode
        self._max_age = settings.callback_max_age
        self._app_ids = {name.encode() for name in (settings.oa_app_id, settings.mp_app_id) if name}
        keys = (settings.oa_encoding_aes_key, settings.oa_encoding_aes_key_previous)
        self._ciphers = [MessageCipher(key.get_secret_value()) for key in keys if key.get_secret_value()]

    def verify(self, query: Mapping[str, str]) -> bytes:
        """Answer the GET that the console sends when the URL is saved: the echostr, as it came.

        Raises:
            Rejected: wrong or missing signature.
        """
        echo = query.get("echostr", "").encode()
        timestamp, nonce = self._freshness(query)
        if "msg_signature" in query and "signature" not in query:
            self._check(query["msg_signature"], timestamp, nonce, echo)
            return self._decrypt(echo)[0]
        self._check(query.get("signature", ""), timestamp, nonce)
        return echo

    def open(self, query: Mapping[str, str], body: bytes) -> Opened:
        """Verify, decrypt and parse one POST.

        Raises:
            Rejected: it is not authentic, too old, or not for this account.
            Garbled: it came in clear and is no message. What came sealed is read as an empty message.
        """
        if query.get("encrypt_type", "raw") in ("aes", "AES") or "msg_signature" in query:
            return self._open_encrypted(query, body)
        if self._mode is MessageMode.SAFE:
            raise Rejected("clear message in safe mode")
        timestamp, nonce = self._freshness(query)
        self._check(query.get("signature", ""), timestamp, nonce)
        self._check_age(timestamp)
        message = parse(body)
        return Opened(message, timestamp, nonce, None, message.as_json)

    def seal(self, reply: bytes, opened: Opened) -> bytes:
        """The body that goes back: as it is in plain mode, else encrypted and signed."""
        cipher = opened.cipher
        if cipher is None or not reply:
            return reply or SUCCESS
        encrypted = cipher.encrypt(reply, opened.message.app_id)
        timestamp = b"%d" % time()
        signature = sign(self._token, timestamp, opened.nonce, encrypted)
        if opened.as_json:
            members = {
                "Encrypt": encrypted.decode(),
                "MsgSignature": signature.decode(),
                "TimeStamp": int(timestamp),
                "Nonce": opened.nonce.decode(),
            }
            return json.dumps(members).encode()
        return ENVELOPE % (encrypted, signature, timestamp, opened.nonce.replace(b"]]>", b""))

    def _open_encrypted(self, query: Mapping[str, str], body: bytes) -> Opened:
        timestamp, nonce = self._freshness(query)
        signature = query.get("msg_signature", "")
        found = ENCRYPTED.search(body)
        encrypted = found.group(1) if found else envelope_member(body)
        try:
            self._check(signature, timestamp, nonce, encrypted)
        except Rejected:
            # A clear member of compatible mode may quote an envelope; only a parser tells them apart.
            encrypted = envelope_member(body)
            self._check(signature, timestamp, nonce, encrypted)
        self._check_age(timestamp)
        clear, app_id, cipher = self._decrypt(encrypted)
        try:
            message = parse(clear)
        except Garbled:
            message = message_of({})  # It is WeChat's own, and asking for it again would not mend it.
        message.app_id = app_id
        return Opened(message, timestamp, nonce, cipher, found is None and body.lstrip()[:1] == b"{")

    def _freshness(self, query: Mapping[str, str]) -> tuple[bytes, bytes]:
        return query.get("timestamp", "").encode(), query.get("nonce", "").encode()

    def _check(self, given: str, *parts: bytes) -> None:
        # Bytes: comparing text that is not ASCII would raise.
        if not compare_digest(sign(self._token, *parts), given.encode("utf-8", "replace")):
            raise Rejected("signature")

    def _check_age(self, timestamp: bytes) -> None:
        if not self._max_age:
            return
        if not (
            timestamp.isdigit() and len(timestamp) < 13 and abs(time() - int(timestamp)) <= self._max_age
        ):
            raise Rejected("age")

    def _decrypt(self, encrypted: bytes) -> tuple[bytes, bytes, MessageCipher]:
        """Try the current key, then the previous one; the right one yields our app id."""
        reason = "no key"
        for cipher in self._ciphers:
            try:
                clear, app_id = cipher.decrypt(encrypted)
            except Undecipherable as error:
                reason = f"undecipherable: {error}"
                continue
            if app_id in self._app_ids:
                return clear, app_id, cipher
            reason = "app id"
        raise Rejected(reason)


def envelope_member(body: bytes) -> bytes:
    """The `Encrypt` member of an envelope in any form: XML however spaced, or JSON.

    Raises:
        Rejected: there is none.
    """
    stripped = body.lstrip()
    try:
        fields = (parse_json(stripped) if stripped[:1] == b"{" else parse_any(body)).fields
    except Garbled as error:
        raise Rejected("envelope") from error
    member = as_text(fields.get("Encrypt")) or as_text(fields.get("encrypt"))
    if not member:
        raise Rejected("envelope")
    return member.encode("ascii", "replace")
