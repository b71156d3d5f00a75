"""What a follower does, as the product is told of it: writes, taps, scans, follows, leaves."""

import asyncio
from collections.abc import Mapping
from typing import Any

from simulator import customer_service, menus
from simulator.answers import Refused
from simulator.call import App
from simulator.callbacks import Failed
from simulator.followers import Follower
from simulator.messages import Message
from simulator.qrcodes import ParametricCode
from simulator.world import World

FAILURE_TEXT = "该公众号提供的服务出现故障，请稍后再试"
SILENT_EVENTS = ("unsubscribe", "LOCATION", "VIEW", "view_miniprogram")
EVENT_OF_BUTTON = {"view": "VIEW", "miniprogram": "view_miniprogram"}
SCANNING_BUTTONS = ("scancode_push", "scancode_waitmsg")
TAPPABLE = ("click", *EVENT_OF_BUTTON, *SCANNING_BUTTONS)

Replies = list[dict[str, Any]]


async def say(
    world: World, follower: Follower, words: str, *, menu_item: str = "", wait: float = 0
) -> Replies:
    """They write a text; a tapped msgmenu item is one too."""
    _require_following(follower)
    now = world.time()
    if not words:
        raise Refused(400, "empty_text", "要发的文字不能是空的")
    words = words.encode("utf-8", "replace").decode()
    world.phones.deliver([follower], at=now, sender="user", channel="say", content={"text": words})
    customer_service.allow_after_message(follower, now)
    fields: dict[str, Any] = {"MsgType": "text", "Content": words, "MsgId": world.next_inbound_id()}
    if menu_item:
        fields["bizmsgmenuid"] = menu_item
    return await _exchange(world, follower, fields, wait=wait)


async def send_other(world: World, follower: Follower, kind: str, fields: Mapping[str, Any]) -> Replies:
    """They send something that is not text (location, image, voice …), with the fields it has."""
    _require_following(follower)
    now = world.time()
    customer_service.allow_after_message(follower, now)
    shown = {"text": f"[{kind}]"}
    world.phones.deliver([follower], at=now, sender="user", channel="say", content=shown)
    return await _exchange(world, follower, {"MsgType": kind, **fields, "MsgId": world.next_inbound_id()})


async def tap(world: World, follower: Follower, key: str, *, scanned: str = "", wait: float = 0) -> Replies:
    """They tap the menu button with that key, address or page. An old client may know an older menu."""
    _require_following(follower)
    button = menus.leaf(world.menu, key) or {"type": "click"}
    kind = button["type"]
    if kind not in TAPPABLE:
        raise Refused(400, "untappable", f"模拟器里点不了这种菜单按钮：{kind}")
    event = EVENT_OF_BUTTON.get(kind, kind if kind in SCANNING_BUTTONS else "CLICK")
    fields: dict[str, Any] = {"Event": event, "EventKey": key}
    if kind in SCANNING_BUTTONS:
        fields["ScanCodeInfo"] = {"ScanType": "qrcode", "ScanResult": scanned}
    if event not in SILENT_EVENTS:
        customer_service.allow_after_act(follower, world.time())
    return await _event(world, follower, fields, wait=wait)


async def scan_account_code(
    world: World, follower: Follower, code: ParametricCode, *, wait: float = 0
) -> Replies:
    """They scan a QR code of the account: a follower reports SCAN, anybody else follows by it."""
    if code.expires_at is not None and code.expires_at <= world.time():
        raise Refused(410, "code_expired", "这个二维码已经过期")
    if not follower.follows:
        return await follow(world, follower, code=code, wait=wait)
    customer_service.allow_after_act(follower, world.time())
    fields = {"Event": "SCAN", "EventKey": code.scene, "Ticket": code.ticket}
    return await _event(world, follower, fields, wait=wait)


async def follow(
    world: World, follower: Follower, *, code: ParametricCode | None = None, wait: float = 0
) -> Replies:
    """They begin to follow; a second time is nothing."""
    if follower.follows:
        return []
    now = world.time()
    world.followers.set_follows(follower, True)
    follower.followed_at = now
    follower.followed_by = "ADD_SCENE_QR_CODE" if code else "ADD_SCENE_SEARCH"
    follower.scene = code.scene if code else ""
    customer_service.allow_after_act(follower, now)
    fields = {"Event": "subscribe", "EventKey": f"qrscene_{code.scene}" if code else ""}
    if code:
        fields["Ticket"] = code.ticket
    return await _event(world, follower, fields, wait=wait)


async def unfollow(world: World, follower: Follower) -> None:
    """They leave; nothing said in answer reaches them."""
    if not follower.follows:
        return
    world.followers.set_follows(follower, False)
    world.tags.forget(follower)
    follower.allowances.clear()
    await _event(world, follower, {"Event": "unsubscribe", "EventKey": ""})


async def _event(world: World, follower: Follower, fields: Mapping[str, Any], *, wait: float = 0) -> Replies:
    # A script is quicker than a thumb: without this, two equal taps within a second would be one event.
    created = max(int(world.wall_time()), follower.last_event_at + 1)
    follower.last_event_at = created
    return await _exchange(world, follower, {"CreateTime": created, "MsgType": "event", **fields}, wait=wait)


async def _exchange(
    world: World, follower: Follower, fields: Mapping[str, Any], *, wait: float = 0
) -> Replies:
    """Deliver; all that reached the phone meanwhile, and for `wait` seconds more if nothing did."""
    arrivals = world.phones.watch(follower)
    try:
        await _deliver(world, follower, fields)
        if arrivals.empty() and wait > 0:
            arrivals.put_nowait(await _first(arrivals, wait))
        return [message.tell() for message in _drain(arrivals) if message.sender != "user"]
    finally:
        world.phones.unwatch(follower, arrivals)
        world.changed.set()


async def _deliver(world: World, follower: Follower, fields: Mapping[str, Any]) -> None:
    try:
        shown = await world.callbacks.send(App.OFFICIAL_ACCOUNT, follower.openid, fields)
    except Failed:
        if fields.get("Event") not in SILENT_EVENTS:
            text = {"text": FAILURE_TEXT}
            world.phones.deliver([follower], at=world.time(), sender="system", channel="system", content=text)
        return
    if shown is not None and follower.follows:
        kind, content = shown
        world.phones.deliver([follower], at=world.time(), channel="reply", kind=kind, content=content)


async def _first(arrivals: "asyncio.Queue[Message | None]", wait: float) -> Message | None:
    try:
        return await asyncio.wait_for(arrivals.get(), wait)
    except TimeoutError:
        return None


def _drain(arrivals: "asyncio.Queue[Message | None]") -> list[Message]:
    return [m for m in (arrivals.get_nowait() for _ in range(arrivals.qsize())) if m is not None]


def _require_following(follower: Follower) -> None:
    if not follower.follows:
        raise Refused(409, "not_following", f"{follower.name}没有关注公众号，先关注再试")
