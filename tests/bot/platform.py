"""WeChat's side of a callback, made with wechatpy's own crypto: an oracle our code doesn't share."""

import itertools
import time
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import xmltodict
from aiohttp.test_utils import TestClient
from wechatpy.crypto import WeChatCrypto

from settings import Settings

PATH = "/wechat/callback"
ACCOUNT = "gh_0123456789ab"
_ids = itertools.count(24_000_000_000_000_000)


def text_message(
    text: str, *, openid: str = "oAlice", message_id: int | None = None, created: int | None = None
) -> str:
    """A text message as the platform writes it."""
    return message_xml(
        openid=openid,
        created=created,
        MsgType="text",
        Content=text,
        MsgId=str(message_id if message_id is not None else next(_ids)),
    )


def event(name: str, *, openid: str = "oAlice", created: int | None = None, **members: str) -> str:
    """An event as the platform writes it."""
    return message_xml(openid=openid, created=created, MsgType="event", Event=name, **members)


def message_xml(*, openid: str, created: int | None = None, **members: str) -> str:
    """Any message: header and members, in the order given."""
    head = {
        "ToUserName": ACCOUNT,
        "FromUserName": openid,
        "CreateTime": str(created if created is not None else int(time.time())),
    }
    inner = "".join(f"<{name}>{written(name, value)}</{name}>" for name, value in {**head, **members}.items())
    return f"<xml>{inner}</xml>"


def written(name: str, value: str) -> str:
    """A member's value: numbers bare, the rest in CDATA, as the platform does it."""
    if name in ("CreateTime", "MsgId", "MsgID") or "]]>" in value:
        return escape(value)
    return f"<![CDATA[{value}]]>"


def signature(*parts: str) -> str:
    """The platform's signature."""
    return sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324


@dataclass
class Platform:
    """Sends what WeChat's servers send, and reads what they would read."""

    settings: Settings
    nonces: "itertools.count[int]" = field(default_factory=lambda: itertools.count(415_670_741))

    @property
    def token(self) -> str:
        return self.settings.oa_token.get_secret_value()

    def crypto(self, key: str | None = None, app_id: str | None = None) -> WeChatCrypto:
        key = key or self.settings.oa_encoding_aes_key.get_secret_value()
        return WeChatCrypto(self.token, key, app_id or self.settings.oa_app_id)

    def safe(
        self, clear: str, *, key: str | None = None, app_id: str | None = None, timestamp: int | None = None
    ) -> tuple[str, str]:
        """Path with query, and body, of a safe-mode POST."""
        stamp, nonce = str(timestamp if timestamp is not None else int(time.time())), str(next(self.nonces))
        envelope = xmltodict.parse(self.crypto(key, app_id).encrypt_message(clear, nonce, stamp))["xml"]
        query = {
            "signature": signature(self.token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": "oAlice",
            "encrypt_type": "aes",
            "msg_signature": envelope["MsgSignature"],
        }
        members = {"ToUserName": ACCOUNT, "Encrypt": envelope["Encrypt"]}
        inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in members.items())
        return f"{PATH}?{urlencode(query)}", f"<xml>{inner}</xml>"

    def plain(self, clear: str, *, timestamp: int | None = None) -> tuple[str, str]:
        """Path with query, and body, of a plain-mode POST."""
        stamp, nonce = str(timestamp if timestamp is not None else int(time.time())), str(next(self.nonces))
        query = {
            "signature": signature(self.token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": "oAlice",
        }
        return f"{PATH}?{urlencode(query)}", clear

    def read(self, reply: bytes, *, key: str | None = None) -> dict[str, Any]:
        """The members of a sealed reply; wechatpy checks its signature and app id."""
        envelope = xmltodict.parse(reply)["xml"]
        clear = self.crypto(key).decrypt_message(
            envelope, envelope["MsgSignature"], envelope["TimeStamp"], envelope["Nonce"]
        )
        members: dict[str, Any] = xmltodict.parse(clear)["xml"]
        return members

    async def say(self, client: TestClient[Any, Any], clear: str) -> str:
        """Deliver a message in safe mode; the reply's text, "" for silence."""
        path, body = self.safe(clear)
        async with client.post(path, data=body.encode()) as response:
            assert response.status == 200, response.status
            answer = await response.read()
        if answer == b"success":
            return ""
        members = self.read(answer)
        return str(members.get("Content") or members["Articles"]["item"]["Title"])
