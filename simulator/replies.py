"""Reads what the product answered to a callback, as strictly as WeChat does. Pure."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from settings import MessageMode
from simulator import crypto

LONGEST_TEXT = 2048
MOST_ARTICLES_FOR_EVENT = 8
MEDIA = {"image": "Image", "voice": "Voice", "video": "Video"}
SILENT = (b"", b"success")
NEEDED_IN_ENVELOPE = ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")


class BadReply(Exception):
    """WeChat would not accept this answer; the message says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must fit: who wrote to whom, about what, and how it is sealed."""

    user: str
    account: str
    is_event: bool
    mode: MessageMode
    token: str
    key: str
    app_id: str


def read(body: bytes, expected: Expected) -> tuple[str, dict[str, Any]] | None:
    """The reply's type and content as the phone draws it; None when there is nothing to show.

    Raises:
        BadReply: the follower sees the failure text instead.
    """
    if body.strip() in SILENT:
        return None
    root = _parse(body)
    if root.find("Encrypt") is not None and expected.mode is not MessageMode.PLAIN:
        root = _parse(_open(root, expected))
    elif expected.mode is MessageMode.SAFE:
        raise BadReply("安全模式下的回复没有加密")
    _check_addresses(root, expected)
    return _content(root, is_event=expected.is_event)


def _parse(body: bytes) -> Element:
    if b"<!" in body.replace(b"<![CDATA[", b""):
        raise BadReply("回复里有不该有的声明")
    try:
        root = fromstring(body)  # noqa: S314  Declarations, and with them entities, were refused above.
    except (ParseError, ValueError) as error:
        raise BadReply("回复不是完好的 XML") from error
    if root.tag != "xml":
        raise BadReply("回复的根不是 <xml>")
    return root


def _open(root: Element, expected: Expected) -> bytes:
    parts = {name: root.findtext(name) or "" for name in NEEDED_IN_ENVELOPE}
    if not all(parts.values()) or not parts["TimeStamp"].isdigit():
        raise BadReply("加密的回复缺少字段")
    signed = crypto.signature(expected.token, parts["TimeStamp"], parts["Nonce"], parts["Encrypt"])
    if not crypto.same(signed, parts["MsgSignature"]):
        raise BadReply("回复的签名不对")
    try:
        return crypto.open_sealed(parts["Encrypt"], key=expected.key, app_id=expected.app_id)
    except crypto.BadEnvelope as error:
        raise BadReply(f"回复解不开：{error}") from error


def _check_addresses(root: Element, expected: Expected) -> None:
    if root.findtext("ToUserName") != expected.user or root.findtext("FromUserName") != expected.account:
        raise BadReply("回复的收发双方没有对调")
    created = (root.findtext("CreateTime") or "").strip()
    if not created.isdigit() or int(created) > time.time() + 10 * 365 * 86_400:
        raise BadReply("回复的 CreateTime 不是秒数")


def _content(root: Element, *, is_event: bool) -> tuple[str, dict[str, Any]] | None:
    kind = root.findtext("MsgType") or ""
    if kind == "text":
        return _text(root)
    if kind in MEDIA:
        media_id = root.findtext(f"{MEDIA[kind]}/MediaId") or ""
        if not media_id:
            raise BadReply("回复缺少 MediaId")
        return (
            ("image", {"media_id": media_id, "url": ""})
            if kind == "image"
            else ("text", {"text": "[语音或视频]"})
        )
    if kind == "music":
        return "text", {"text": f"[音乐] {root.findtext('Music/Title') or ''}"}
    if kind == "news":
        return "news", {"articles": _articles(root, is_event=is_event)}
    if kind == "transfer_customer_service":
        return None
    raise BadReply("回复的 MsgType 不认识")


def _text(root: Element) -> tuple[str, dict[str, Any]] | None:
    content = root.findtext("Content") or ""
    if len(content.encode()) > LONGEST_TEXT:
        raise BadReply("回复的文字超过 2048 字节")
    return ("text", {"text": content}) if content else None


def _articles(root: Element, *, is_event: bool) -> list[Mapping[str, str]]:
    items = root.findall("Articles/item")
    if (root.findtext("ArticleCount") or "").strip() != str(len(items)) or not items:
        raise BadReply("ArticleCount 和文章数不一致")
    if len(items) > (MOST_ARTICLES_FOR_EVENT if is_event else 1):
        raise BadReply("图文超过一篇")
    names = {"title": "Title", "description": "Description", "picurl": "PicUrl", "url": "Url"}
    return [{name: item.findtext(tag) or "" for name, tag in names.items()} for item in items]
