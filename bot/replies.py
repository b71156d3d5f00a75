"""Passive replies: what can be said back to one message, within the platform's byte limits.

Limits: text 2048 bytes (measured by users, wechat-platform §3), one article in a reply to a message.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from time import time

from wechatpy.replies import (
    ArticlesReply,
    ImageReply,
    MusicReply,
    TransferCustomerServiceReply,
    VideoReply,
    VoiceReply,
)

from bot.messages import ILLEGAL_IN_XML, Message

MORE = "……\n（回复“更多”看下文）"
"""Ends a text that was cut; the rest is kept for a while."""

TEXT_XML = (
    "<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName>"
    "<CreateTime>%d</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[%s]]></Content></xml>"
)


@dataclass(frozen=True, slots=True)
class Article:
    """The one card a reply may carry. `url` opens on a tap; `picture` is a JPG or PNG address."""

    title: str
    description: str
    url: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An uploaded picture."""

    media_id: str


@dataclass(frozen=True, slots=True)
class Voice:
    """An uploaded recording."""

    media_id: str


@dataclass(frozen=True, slots=True)
class Video:
    """An uploaded film."""

    media_id: str
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Music:
    """A sound at an address, with a better copy for good networks, and a picture that was uploaded."""

    title: str
    description: str
    url: str
    picture_id: str
    better_url: str = ""


@dataclass(frozen=True, slots=True)
class HumanService:
    """Hands the conversation to the people at the console."""


Rich = Article | Image | Voice | Video | Music | HumanService
Reply = str | Rich | None
"""What a callback returns: text, something richer, or None to stay silent."""


def said(reply: Reply) -> str:
    """What a reply says in words, for when it has to travel as a plain message."""
    if isinstance(reply, str):
        return reply
    return f"{reply.title}\n{reply.description}\n{reply.url}" if isinstance(reply, Article) else ""


@lru_cache(maxsize=4096)
def escape(value: str) -> str:
    """A value as it may stand in CDATA: XML's forbidden characters gone, `]]>` split.

    Cached: most of what is said is said often.
    """
    if "]]>" in value:
        value = value.replace("]]>", "]]]]><![CDATA[>")
    return ILLEGAL_IN_XML.sub("", value)


def address(value: str) -> str:
    """An openid or account name; only an odd one needs escaping."""
    return value if value.isascii() and value.isprintable() and "]" not in value else escape(value)


def render(reply: Reply, message: Message) -> str:
    """The clear reply body, in the format the message came in; empty for silence."""
    if reply is None or reply == "":
        return ""
    if message.as_json:
        return render_json(reply, message)
    if isinstance(reply, str):
        return TEXT_XML % (address(message.source), address(message.target), time(), escape(reply))
    return render_with_wechatpy(reply, message)


def render_with_wechatpy(reply: Rich, message: Message) -> str:
    """The rarer kinds, by wechatpy's templates, which trust their values: ours are escaped."""
    addresses = {"source": address(message.target), "target": address(message.source)}
    match reply:
        case Article():
            rendered = ArticlesReply(**addresses)
            rendered.add_article(
                {
                    "title": escape(reply.title),
                    "description": escape(reply.description),
                    "image": escape(reply.picture),
                    "url": escape(reply.url),
                }
            )
        case Image():
            rendered = ImageReply(media_id=escape(reply.media_id), **addresses)
        case Voice():
            rendered = VoiceReply(media_id=escape(reply.media_id), **addresses)
        case Video():
            rendered = VideoReply(
                media_id=escape(reply.media_id),
                title=escape(reply.title),
                description=escape(reply.description),
                **addresses,
            )
        case Music():
            rendered = MusicReply(
                title=escape(reply.title),
                description=escape(reply.description),
                music_url=escape(reply.url),
                hq_music_url=escape(reply.better_url or reply.url),
                thumb_media_id=escape(reply.picture_id),
                **addresses,
            )
        case HumanService():
            rendered = TransferCustomerServiceReply(**addresses)
    return str(rendered.render())


def render_json(reply: Reply, message: Message) -> str:
    """The same members as JSON, for accounts whose console is set to JSON."""
    body: dict[str, object] = {
        "ToUserName": message.source,
        "FromUserName": message.target,
        "CreateTime": int(time()),
    }
    match reply:
        case str():
            body |= {"MsgType": "text", "Content": reply}
        case Article():
            item = {"Title": reply.title, "Description": reply.description, "PicUrl": reply.picture}
            body |= {"MsgType": "news", "ArticleCount": 1, "Articles": [item | {"Url": reply.url}]}
        case Image():
            body |= {"MsgType": "image", "Image": {"MediaId": reply.media_id}}
        case Voice():
            body |= {"MsgType": "voice", "Voice": {"MediaId": reply.media_id}}
        case Video():
            video = {"MediaId": reply.media_id, "Title": reply.title, "Description": reply.description}
            body |= {"MsgType": "video", "Video": video}
        case Music():
            music = {"Title": reply.title, "Description": reply.description, "MusicUrl": reply.url}
            music |= {"HQMusicUrl": reply.better_url or reply.url, "ThumbMediaId": reply.picture_id}
            body |= {"MsgType": "music", "Music": music}
        case HumanService():
            body |= {"MsgType": "transfer_customer_service"}
    return json.dumps(body, ensure_ascii=False)
