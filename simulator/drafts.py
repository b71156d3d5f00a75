"""The draft box and the few media it needs: articles are kept here until they are sent."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from simulator.call import Call, Upload, text
from simulator.envelope import PlatformError

MOST_ARTICLES = 8
MOST_LISTED = 20
LONGEST_CONTENT = 20_000
IMAGE_FOR_ARTICLE = 1 << 20
ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")
SCRIPT = re.compile(r"<script\b.*?</script\s*>|<script\b[^>]*>", re.IGNORECASE | re.DOTALL)
LIMITS = {"title": (32, 45003), "author": (16, 45021), "digest": (128, 45004)}
MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(slots=True)
class Drafts:
    """Drafts by media id, articles that went out, and uploaded media (their bytes only while we run).

    `updated` is when each draft was put there; `permanent` are the media that may be an article's cover.
    """

    url: str
    waiting: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    updated: dict[str, float] = field(default_factory=dict)
    media: dict[str, str] = field(default_factory=dict)
    permanent: dict[str, None] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def articles(self, media_id: str) -> list[dict[str, Any]]:
        """A draft that has not been sent, or 40007."""
        if media_id not in self.waiting:
            raise PlatformError(40007)
        return self.waiting[media_id]

    def cards(self, media_id: str) -> list[dict[str, Any]]:
        """A draft as cards in a chat."""
        return [
            {
                "title": article["title"],
                "description": article.get("digest") or plain(article["content"])[:54],
                "picurl": self.url + "/mmbiz/" + article.get("thumb_media_id", ""),
                "url": f"{self.url}/s/{media_id}/{index}",
                "content": article["content"],
                "source_url": article.get("content_source_url", ""),
            }
            for index, article in enumerate(self.articles(media_id))
        ]

    def use_up(self, media_id: str) -> None:
        """It has been sent: it leaves the draft box."""
        self.sent[media_id] = self.take_out(media_id)

    def take_out(self, media_id: str) -> list[dict[str, Any]]:
        """It leaves the draft box; its articles."""
        self.updated.pop(media_id, None)
        return self.waiting.pop(media_id)

    def media_url(self, media_id: str) -> str:
        """Where the picture can be seen, or 40007."""
        if media_id not in self.media:
            raise PlatformError(40007)
        return f"{self.url}/mmbiz/{media_id}"

    def keep(self, upload: Upload, content_type: str) -> str:
        """Remember a file; its media id."""
        media_id = secrets.token_urlsafe(32)
        self.media[media_id], self.contents[media_id] = content_type, upload.content
        return media_id


def add(call: Call) -> dict[str, object]:
    """POST /cgi-bin/draft/add."""
    refuse_escapes(call)
    articles = call.items("articles")
    if not 1 <= len(articles) <= MOST_ARTICLES:
        raise PlatformError(45008)
    media_id = secrets.token_urlsafe(32)
    call.world.drafts.waiting[media_id] = [_article(call, article) for article in articles]
    call.world.drafts.updated[media_id] = call.world.time()
    return {"media_id": media_id}


def get(call: Call) -> dict[str, object]:
    """POST /cgi-bin/draft/get."""
    return {"news_item": call.world.drafts.articles(call.text("media_id", ""))}


def delete(call: Call) -> dict[str, object]:
    """POST /cgi-bin/draft/delete."""
    call.world.drafts.articles(call.text("media_id", ""))
    call.world.drafts.take_out(call.text("media_id"))
    return {"errcode": 0, "errmsg": "ok"}


def count(call: Call) -> dict[str, object]:
    """GET /cgi-bin/draft/count."""
    return {"total_count": len(call.world.drafts.waiting)}


def batch_get(call: Call) -> dict[str, object]:
    """POST /cgi-bin/draft/batchget: the latest first."""
    offset, wanted = call.integer("offset", 0), call.integer("count", MOST_LISTED)
    if offset < 0 or not 1 <= wanted <= MOST_LISTED:
        raise PlatformError(40097)
    box, bare = call.world.drafts, call.integer("no_content", 0) == 1
    latest = [*reversed(box.waiting)]
    items = [
        {
            "media_id": media_id,
            "content": {"news_item": [_listed(article, bare=bare) for article in box.waiting[media_id]]},
            "update_time": int(box.updated.get(media_id, 0)),
        }
        for media_id in latest[offset : offset + wanted]
    ]
    return {"total_count": len(latest), "item_count": len(items), "item": items}


def _listed(article: dict[str, Any], *, bare: bool) -> dict[str, Any]:
    """An article of a list; without its text where that isn't asked for."""
    return {**article, "content": ""} if bare else article


def upload_image(call: Call) -> dict[str, object]:
    """POST /cgi-bin/media/uploadimg: a picture for use inside an article."""
    upload, content_type = _picture(call)
    if len(upload.content) > IMAGE_FOR_ARTICLE:
        raise PlatformError(40009)
    return {"url": call.world.drafts.media_url(call.world.drafts.keep(upload, content_type))}


def upload_media(call: Call) -> dict[str, object]:
    """POST /cgi-bin/media/upload: temporary material."""
    kind = call.query.get("type", "")
    if kind not in ("image", "voice", "video", "thumb"):
        raise PlatformError(40004)
    upload, content_type = _picture(call) if kind in ("image", "thumb") else (_file(call), "")
    media_id = call.world.drafts.keep(upload, content_type)
    name = "thumb_media_id" if kind == "thumb" else "media_id"
    return {"type": kind, name: media_id, "created_at": int(call.world.time())}


def add_material(call: Call) -> dict[str, object]:
    """POST /cgi-bin/material/add_material: permanent material."""
    kind = call.query.get("type", "")
    if kind not in ("image", "voice", "video", "thumb"):
        raise PlatformError(40004)
    upload, content_type = _picture(call) if kind in ("image", "thumb") else (_file(call), "")
    media_id = call.world.drafts.keep(upload, content_type)
    call.world.drafts.permanent[media_id] = None
    shown: dict[str, object] = {"media_id": media_id}
    return shown | ({"url": call.world.drafts.media_url(media_id)} if content_type else {})


def refuse_escapes(call: Call) -> None:
    """Menus and drafts take real UTF-8 only: 40033 otherwise."""
    if ESCAPED.search(call.raw):
        raise PlatformError(40033)


def plain(html: str) -> str:
    """The words of a piece of HTML."""
    return re.sub(r"<[^>]*>|\s+", " ", html).strip()


def _article(call: Call, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise PlatformError(47001)
    for name, (longest, errcode) in LIMITS.items():
        if len(text(given, name, "")) > longest:
            raise PlatformError(errcode)
    content = text(given, "content", "")
    if not content or not text(given, "title", ""):
        raise PlatformError(44002)
    if len(content) >= LONGEST_CONTENT or len(content.encode()) >= 1 << 20:
        raise PlatformError(45002)
    if len(text(given, "content_source_url", "").encode()) > 1024:
        raise PlatformError(45021)
    if given.get("article_type", "news") == "news":
        cover = text(given, "thumb_media_id", "")
        if cover not in call.world.drafts.permanent:
            raise PlatformError(40007)
    return {**given, "content": SCRIPT.sub("", content)}


def _file(call: Call) -> Upload:
    upload = call.uploads.get("media")
    if upload is None or not upload.content:
        raise PlatformError(41005)
    return upload


def _picture(call: Call) -> tuple[Upload, str]:
    upload = _file(call)
    for magic, content_type in MAGIC.items():
        if upload.content.startswith(magic):
            return upload, content_type
    raise PlatformError(40005)
