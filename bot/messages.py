"""Inbound messages: from clear XML or JSON to one plain shape.

The shapes that make up nearly all traffic (text, and events with a key) are read by one regular
expression each. Everything else goes to wechatpy's parser; a property test holds the two together.
"""

import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.parser import parse_message

TEXT_IN_CDATA = rb"<!\[CDATA\[([^\]\x00-\x1f\x7f]*)\]\]>"
NUMBER = rb"([0-9]{1,20})"
HEAD = (
    rb"<xml>\s*<ToUserName>" + TEXT_IN_CDATA + rb"</ToUserName>"
    rb"\s*<FromUserName>" + TEXT_IN_CDATA + rb"</FromUserName>"
    rb"\s*<CreateTime>" + NUMBER + rb"</CreateTime>"
)
TEXT_MESSAGE = re.compile(
    HEAD + rb"\s*<MsgType><!\[CDATA\[text\]\]></MsgType>"
    rb"\s*<Content>" + TEXT_IN_CDATA + rb"</Content>"
    rb"\s*<MsgId>" + NUMBER + rb"</MsgId>\s*</xml>\s*"
)
KEYED_EVENT = re.compile(
    HEAD + rb"\s*<MsgType><!\[CDATA\[event\]\]></MsgType>"
    rb"\s*<Event>" + TEXT_IN_CDATA + rb"</Event>"
    rb"\s*<EventKey>" + TEXT_IN_CDATA + rb"</EventKey>"
    rb"(?:\s*<Ticket>" + TEXT_IN_CDATA + rb"</Ticket>)?\s*</xml>\s*"
)
ILLEGAL_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NONCHARACTER = b"\xef\xbf"
"""How U+FFFE and U+FFFF begin, the only illegal characters that the narrow patterns would let pass."""
QR_PREFIX = "qrscene_"
VOLATILE_FIELDS = frozenset({"Ticket", "MenuId"})
"""Members that a re-send of the same event may carry or lack (wechat-platform §2.2)."""


class Garbled(Exception):
    """The body is no message: broken XML or JSON, an entity declaration, or no root element."""


class Message:
    """One inbound message or event.

    `kind` and `event` are lower case; `event` is empty for messages, and `subscribe_scan` for a
    follow by QR code, whose `EventKey` is then the bare scene. `fields` holds every member as the
    platform names it; values are text, None, or nested.
    """

    __slots__ = ("app_id", "as_json", "created", "event", "fields", "kind", "source", "target")

    def __init__(self, fields: dict[str, Any], kind: str, event: str = "", *, as_json: bool = False) -> None:
        self.fields = fields
        self.kind = kind
        self.event = event
        self.as_json = as_json
        self.app_id = b""
        self.source: str = fields["FromUserName"] or ""
        self.target: str = fields["ToUserName"] or ""
        self.created: str = fields["CreateTime"] or ""

    def text(self, name: str) -> str:
        """A member as text; empty when it is missing, empty or nested."""
        return as_text(self.fields.get(name))

    @property
    def content(self) -> str:
        """What the person said: typed text, or what WeChat recognised in a voice message."""
        return self.text("Recognition" if self.kind == "voice" else "Content")

    @property
    def sent_at(self) -> datetime | None:
        """When the platform says it was sent; None when that is no sane time."""
        try:
            return datetime.fromtimestamp(int(self.created), UTC)
        except (ValueError, OverflowError, OSError):
            return None

    def key(self) -> str:
        """The name that this message and its re-sends share, and no other message has.

        Sender, message id and time for messages (ids alone were seen shared by several senders);
        for events, which have no id, sender, time and every lasting member: two different events
        can share a second.
        """
        message_id = self.text("MsgId")
        if message_id and self.kind != "event":
            parts = f"{self.source}\n{message_id}\n{self.created}"
        else:
            lasting = {name: value for name, value in self.fields.items() if name not in VOLATILE_FIELDS}
            parts = json.dumps(lasting, sort_keys=True, ensure_ascii=False)
        return sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def as_text(value: object) -> str:
    """A member's text: numbers of JSON pushes written out, missing and nested values empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else ""


def message_of(fields: dict[str, Any], *, as_json: bool = False) -> Message:
    """A message from any members, whatever is missing or of another type."""
    name_scan(fields)
    kind = as_text(fields.get("MsgType")).lower()
    event = as_text(fields.get("Event")).lower() if kind == "event" else ""
    head = {name: as_text(fields.get(name)) for name in ("FromUserName", "ToUserName", "CreateTime")}
    message = Message(head, kind, event, as_json=as_json)
    message.fields = fields
    return message


def parse(body: bytes) -> Message:
    """Read a clear message body.

    Raises:
        Garbled: it is none.
    """
    if NONCHARACTER not in body:
        found = TEXT_MESSAGE.fullmatch(body)
        if found is not None:
            return parse_text_message(found)
        found = KEYED_EVENT.fullmatch(body)
        if found is not None:
            return parse_keyed_event(found)
    stripped = body.lstrip()
    if stripped[:1] == b"{":
        return parse_json(stripped)
    return parse_any(body)


def parse_text_message(found: re.Match[bytes]) -> Message:
    """The commonest shape of all, already matched."""
    try:
        target, source, created, content, message_id = [part.decode() for part in found.groups()]
    except UnicodeDecodeError:
        return parse_any(found.group())
    return Message(
        {
            "ToUserName": target.strip() or None,
            "FromUserName": source.strip() or None,
            "CreateTime": created,
            "MsgType": "text",
            "Content": content.strip() or None,
            "MsgId": message_id,
        },
        "text",
    )


def parse_keyed_event(found: re.Match[bytes]) -> Message:
    """Follow, scan and menu events, already matched."""
    try:
        target, source, created, event, key, ticket = [
            None if part is None else part.decode().strip() or None for part in found.groups()
        ]
    except UnicodeDecodeError:
        return parse_any(found.group())
    if event is None:
        return parse_any(found.group())
    fields: dict[str, Any] = {
        "ToUserName": target,
        "FromUserName": source,
        "CreateTime": created,
        "MsgType": "event",
        "Event": event,
        "EventKey": key,
    }
    if found.group(6) is not None:
        fields["Ticket"] = ticket
    name_scan(fields)
    return Message(fields, "event", fields["Event"].lower())


def parse_any(body: bytes) -> Message:
    """Whatever the platform may send, by wechatpy's parser.

    Characters that XML forbids are dropped first: people paste them. Pushes without a MsgType (the
    cloud probe, open-platform pushes), which that parser refuses, come back with an empty kind.
    """
    text = ILLEGAL_IN_XML.sub("", body.decode("utf-8", "replace").lstrip("\ufeff \t\r\n"))
    try:
        message = parse_message(text)
    except (KeyError, AttributeError, TypeError):
        return message_of(without_kind(text))
    except (ExpatError, ValueError) as error:
        raise Garbled(str(error)) from error
    if message is None:
        raise Garbled("empty")
    return message_of(message._data)


def without_kind(text: str) -> dict[str, Any]:
    """The members of a body that has no MsgType, or a nested one."""
    root = xmltodict.parse(text)
    if "xml" not in root:
        raise Garbled("no xml element")
    fields = root["xml"]
    return fields if isinstance(fields, dict) else {}


def parse_json(body: bytes) -> Message:
    """A push in JSON, the other format the console offers."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Garbled(str(error)) from error
    if not isinstance(fields, dict):
        raise Garbled("no object")
    return message_of(fields, as_json=True)


def name_scan(fields: dict[str, Any]) -> None:
    """Name a follow by QR code as wechatpy does, whoever parsed it."""
    key = fields.get("EventKey")
    if (
        isinstance(key, str)
        and as_text(fields.get("Event")).lower() == "subscribe"
        and key.startswith(QR_PREFIX)
    ):
        fields["Event"] = "subscribe_scan"
        fields["EventKey"] = key.removeprefix(QR_PREFIX)
