"""What reached a follower's phone, and who is watching the phone at the moment.

`content` by `type`, as the phone page draws it:

- text: `{text}`
- image: `{media_id, url}`
- news: `{articles: [{title, description, picurl, url}]}`
- link: `{title, description, url}`
- miniprogram: `{title, description, appid, page}`
- menu (a msgmenu whose items are tapped): `{head_content, list: [{id, content}], tail_content}`

A template message, subscribe message or notice is a `miniprogram` when it opens a page, else a `link`;
it has `values: {thing1: "…"}` besides.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulator.followers import Follower

SHANGHAI = ZoneInfo("Asia/Shanghai")
TYPES_WITHOUT_A_PICTURE_OF_THEIR_OWN = {
    "voice": "[语音]",
    "video": "[视频]",
    "mpvideo": "[视频]",
    "music": "[音乐]",
    "wxcard": "[卡券]",
    "mpnewsarticle": "[文章]",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One bubble or card. A mass message is one object in many histories."""

    id: int
    at: float
    sender: str
    channel: str
    type: str
    content: dict[str, Any]
    message_id: str = ""

    def show(self) -> dict[str, Any]:
        """For the phone page."""
        return {
            "id": self.id,
            "at": rfc3339(self.at),
            "from": self.sender,
            "channel": self.channel,
            "type": self.type,
            "content": self.content,
        }

    def tell(self) -> dict[str, Any]:
        """For scripts: the content as plain text, the drawn form beside it."""
        return {
            "channel": self.channel,
            "at": rfc3339(self.at),
            "content": plain_text(self.content),
            "message_id": self.message_id or str(self.id),
            "type": self.type,
            "body": self.content,
        }


@dataclass(slots=True)
class Phones:
    """Delivers messages into histories and to whoever is watching."""

    last_id: int = 0
    watchers: dict[str, set[asyncio.Queue[Message | None]]] = field(default_factory=dict)

    def deliver(
        self,
        followers: Iterable[Follower],
        *,
        at: float,
        sender: str = "account",
        channel: str,
        kind: str = "text",
        content: dict[str, Any],
        message_id: str = "",
    ) -> Message:
        """Put one message into each of these histories."""
        self.last_id += 1
        message = Message(self.last_id, at, sender, channel, kind, content, message_id)
        for follower in followers:
            follower.history.append(message)
            for queue in self.watchers.get(follower.openid, ()):
                queue.put_nowait(message)
        return message

    def watch(self, follower: Follower) -> "asyncio.Queue[Message | None]":
        """A queue that gets every message of this follower from now on; None means: going away."""
        queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self.watchers.setdefault(follower.openid, set()).add(queue)
        return queue

    def unwatch(self, follower: Follower, queue: "asyncio.Queue[Message | None]") -> None:
        """Stop that queue."""
        watchers = self.watchers.get(follower.openid, set())
        watchers.discard(queue)
        if not watchers:
            self.watchers.pop(follower.openid, None)

    def close(self) -> None:
        """Tell everybody who watches to go."""
        for queues in self.watchers.values():
            for queue in queues:
                queue.put_nowait(None)


def rfc3339(at: float) -> str:
    """A moment with its offset, in the platform's zone."""
    return datetime.fromtimestamp(at, SHANGHAI).isoformat(timespec="seconds")


def plain_text(content: dict[str, Any]) -> str:
    """What a person would read in it."""
    if "text" in content:
        return str(content["text"])
    if "articles" in content:
        return "\n".join(_joined(a, "title", "description", "url") for a in content["articles"])
    if "list" in content:
        items = "\n".join(item["content"] for item in content["list"])
        return "\n".join(part for part in (content["head_content"], items, content["tail_content"]) if part)
    parts = [_joined(content, "title", "description"), *content.get("values", {}).values()]
    parts.append(_joined(content, "url", "page", "media_id"))
    return "\n".join(part for part in parts if part)


def _joined(part: dict[str, Any], *names: str) -> str:
    return "\n".join(str(part[name]) for name in names if part.get(name))
