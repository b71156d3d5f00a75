"""Customer-service messages: what a follower's act allows, and the sending within it."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.call import App, Call, member, text
from simulator.envelope import PlatformError
from simulator.followers import Allowance, Follower
from simulator.messages import TYPES_WITHOUT_A_PICTURE_OF_THEIR_OWN

AFTER_MESSAGE = (48 * 3600, 5)
AFTER_ACT = (60, 3)
LONGEST_TEXT = 2048
TYPING_LASTS = 15
TYPING_AFTER_CONTACT = 30

Drawn = tuple[str, dict[str, Any]]


def allow_after_message(follower: Follower, now: float) -> None:
    """They wrote: five messages within 48 hours."""
    _allow(follower, "message", AFTER_MESSAGE, now)


def allow_after_act(follower: Follower, now: float) -> None:
    """They clicked a menu, scanned or followed: three messages within a minute."""
    _allow(follower, "act", AFTER_ACT, now)


def _allow(follower: Follower, kind: str, allowance: tuple[int, int], now: float) -> None:
    follower.allowances[kind] = Allowance(now + allowance[0], allowance[1])
    follower.interacted_at = now


def spend(follower: Follower, now: float) -> None:
    """Use up one message in every open window, since allowances do not add up.

    Raises:
        PlatformError: 45015 when no window is open, 45047 when nothing is left in the open ones.
    """
    opened = [allowance for allowance in follower.allowances.values() if allowance.until > now]
    if not follower.follows or not opened:
        raise PlatformError(45015)
    if not any(allowance.left for allowance in opened):
        raise PlatformError(45047)
    for allowance in opened:
        allowance.left = max(0, allowance.left - 1)


def send(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/custom/send."""
    world, now = call.world, call.world.time()
    follower = world.followers.require(call.text("touser", ""), App.OFFICIAL_ACCOUNT)
    kind, content = render(call)
    spend(follower, now)
    follower.typing_until = 0
    if isinstance(call.body.get("aimsgcontext"), dict) and call.body["aimsgcontext"].get("is_ai_msg") == 1:
        content["is_ai_msg"] = True
    world.phones.deliver([follower], at=now, channel="customer_service", kind=kind, content=content)
    return {"errcode": 0, "errmsg": "ok"}


def typing(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/custom/typing."""
    now = call.world.time()
    follower = call.world.followers.require(call.text("touser", ""), App.OFFICIAL_ACCOUNT)
    command = call.body.get("command")
    if command not in ("Typing", "CancelTyping"):
        raise PlatformError(45072)
    if now - follower.interacted_at > TYPING_AFTER_CONTACT:
        raise PlatformError(45080)
    if command == "Typing" and follower.typing_until > now:
        raise PlatformError(45081)
    follower.typing_until = now + TYPING_LASTS if command == "Typing" else 0
    return {"errcode": 0, "errmsg": "ok"}


def render(call: Call) -> Drawn:
    """The message as the phone draws it.

    Raises:
        PlatformError: 40008 for an unknown type, 45002 too long, 45008 more than one article, and others.
    """
    kind = call.text("msgtype", "")
    drawing = DRAWINGS.get(kind)
    if drawing is None and kind not in TYPES_WITHOUT_A_PICTURE_OF_THEIR_OWN:
        raise PlatformError(40008)
    body = member(call.body, kind)
    if drawing is None:
        return "text", {"text": TYPES_WITHOUT_A_PICTURE_OF_THEIR_OWN[kind]}
    return drawing(call, body)


def _text(call: Call, body: Mapping[str, Any]) -> Drawn:
    content = text(body, "content")
    if not content:
        raise PlatformError(44002)
    if len(content.encode()) > LONGEST_TEXT:
        raise PlatformError(45002)
    return "text", {"text": content}


def _image(call: Call, body: Mapping[str, Any]) -> Drawn:
    media_id = text(body, "media_id", "")
    return "image", {"media_id": media_id, "url": call.world.drafts.media_url(media_id)}


def _news(call: Call, body: Mapping[str, Any]) -> Drawn:
    articles = body.get("articles")
    if not isinstance(articles, list) or not articles:
        raise PlatformError(47001)
    if len(articles) > 1:
        raise PlatformError(45008)
    names = ("title", "description", "picurl", "url")
    return "news", {"articles": [{name: text(articles[0], name, "") for name in names}]}


def _mpnews(call: Call, body: Mapping[str, Any]) -> Drawn:
    return "news", {"articles": call.world.drafts.cards(text(body, "media_id", ""))}


def _menu(call: Call, body: Mapping[str, Any]) -> Drawn:
    items = body.get("list")
    if not isinstance(items, list):
        raise PlatformError(47001)
    return "menu", {
        "head_content": text(body, "head_content", ""),
        "list": [{"id": str(item["id"]), "content": text(item, "content")} for item in items],
        "tail_content": text(body, "tail_content", ""),
    }


def _mini_program(call: Call, body: Mapping[str, Any]) -> Drawn:
    if text(body, "appid", "") not in call.world.secrets:
        raise PlatformError(40013)
    return "miniprogram", {
        "title": text(body, "title", ""),
        "description": "",
        "appid": text(body, "appid"),
        "page": text(body, "pagepath", ""),
    }


DRAWINGS: dict[str, Callable[[Call, Mapping[str, Any]], Drawn]] = {
    "text": _text,
    "image": _image,
    "news": _news,
    "mpnews": _mpnews,
    "msgmenu": _menu,
    "miniprogrampage": _mini_program,
}
