"""How the platform says no: error codes, their English sentences, and the request id at the end."""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

MESSAGES = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest, could get access_token by"
    " getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40022: "invalid sub button level",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40029: "invalid code",
    40032: "invalid openid list size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid parameter",
    40037: "invalid template_id",
    40052: "invalid action name",
    40053: "invalid action info",
    40054: "invalid sub button url domain",
    40055: "invalid button url domain",
    40059: "invalid msg id",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40130: "invalid openid list size, at least two openid",
    40132: "invalid username",
    40152: "invalid group id",
    40163: "code been used",
    40164: "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
    40169: "invalid length for scene, or the data is not json string",
    40243: "AppSecret frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41008: "missing code",
    41009: "missing openid",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43019: "require remove blacklist",
    43101: "user refuse to accept the msg",
    43104: "appid not match",
    43107: "subscribe message has been banned",
    43108: "concurrent sends to the same user",
    43116: "template is banned",
    43117: "too frequent to this user",
    44002: "empty post data",
    44991: "api minute limit reached",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit mustslower retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45021: "field size out of limit",
    45028: "has no masssend quota",
    45047: "out of response count limit",
    45056: "too many tag now",
    45057: "can't delete the tag that has too many fans",
    45058: "can't modify sys tag",
    45059: "can not tag more than 20 tags to one user",
    45065: "clientmsgid exist",
    45066: "same clientmsgid retry too fast",
    45067: "clientmsgid size out of limit",
    45072: "invalid command",
    45080: "no interaction in the last 30 seconds",
    45081: "already typing",
    45083: "invalid speed",
    45157: "invalid tag name",
    45158: "tag name too long",
    45159: "invalid tag id",
    46003: "menu no exist",
    46004: "user no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48002: "user rejects messages",
    48003: "user not agree mass-send protocol",
    48004: "api forbidden",
    48006: "forbid to clear quota because of reaching the limit",
    48008: "no permission for this msgtype",
    49003: "not match appid with openid",
    50002: "user limited",
    61010: "code is expired",
    76021: "cgi_path not found",
    76022: "could not use this cgi_path",
    87009: "invalid signature",
    89503: "waiting for the administrator's confirmation",
}


class PlatformError(Exception):
    """The platform refuses; `more` is what some refusals say besides (45065 names the earlier message)."""

    def __init__(self, errcode: int, detail: str = "", **more: object) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.detail = detail
        self.more = more

    def body(self) -> dict[str, object]:
        """The answer, with a request id at the end of the sentence as the platform has it."""
        sentence = f"{MESSAGES.get(self.errcode, 'error')}{self.detail}"
        return {"errcode": self.errcode, "errmsg": f"{sentence} rid: {request_id()}", **self.more}


def request_id() -> str:
    """Eight hexadecimal digits of Unix time, then two random groups."""
    return f"{int(time.time()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def encode(answer: Mapping[str, Any]) -> bytes:
    """JSON as the platform writes it: UTF-8, nothing escaped."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
