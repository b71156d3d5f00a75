"""The account's menu, with the platform's limits on buttons."""

from typing import Any

from simulator.call import Call
from simulator.drafts import refuse_escapes
from simulator.envelope import PlatformError

TOP_BUTTONS, SUB_BUTTONS = 3, 5
TOP_NAME, SUB_NAME = 16, 60
LONGEST_KEY, LONGEST_URL = 128, 1024
KEYED = (
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
)
IDENTIFIED = {
    "media_id": "media_id",
    "view_limited": "media_id",
    "article_id": "article_id",
    "article_view_limited": "article_id",
}


def create(call: Call) -> dict[str, object]:
    """POST /cgi-bin/menu/create: replaces the whole menu."""
    refuse_escapes(call)
    buttons = call.body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= TOP_BUTTONS:
        raise PlatformError(40016)
    for button in buttons:
        _check_top(call, button)
    call.world.menu = buttons
    return {"errcode": 0, "errmsg": "ok"}


def get(call: Call) -> dict[str, object]:
    """GET /cgi-bin/menu/get."""
    if not call.world.menu:
        raise PlatformError(46003)
    return {"menu": {"button": call.world.menu}}


def delete(call: Call) -> dict[str, object]:
    """GET /cgi-bin/menu/delete."""
    call.world.menu = []
    return {"errcode": 0, "errmsg": "ok"}


def current(call: Call) -> dict[str, object]:
    """GET /cgi-bin/get_current_selfmenu_info."""
    is_open = 1 if call.world.menu else 0
    return {"is_menu_open": is_open, "selfmenu_info": {"button": call.world.menu}}


def leaf(buttons: list[dict[str, Any]], wanted: str) -> dict[str, Any] | None:
    """The button that bears this key, address or page."""
    for button in buttons:
        below = button.get("sub_button") or []
        found = leaf(below, wanted) if below else button
        if found is not None and wanted in (found.get("key"), found.get("url"), found.get("pagepath")):
            return found
    return None


def _check_top(call: Call, button: Any) -> None:
    name = _name(button, TOP_NAME, 40018)
    below = button.get("sub_button") or []
    if not below:
        _check_leaf(call, button, top=True)
        return
    if not isinstance(below, list) or len(below) > SUB_BUTTONS:
        raise PlatformError(40023, f" at {name}")
    for sub_button in below:
        _name(sub_button, SUB_NAME, 40025)
        if sub_button.get("sub_button"):
            raise PlatformError(40022)
        _check_leaf(call, sub_button, top=False)


def _name(button: Any, longest: int, errcode: int) -> str:
    name = button.get("name") if isinstance(button, dict) else None
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= longest:
        raise PlatformError(errcode)
    return name


def _check_leaf(call: Call, button: dict[str, Any], *, top: bool) -> None:
    kind = button.get("type")
    if kind in KEYED:
        if not 1 <= _size(button, "key") <= LONGEST_KEY:
            raise PlatformError(40019 if top else 40026)
    elif kind in ("view", "miniprogram"):
        if not 1 <= _size(button, "url") <= LONGEST_URL:
            raise PlatformError(40020 if top else 40027)
        if not button["url"].startswith(("http://", "https://")):
            raise PlatformError(40055 if top else 40054)
        if kind == "miniprogram" and (
            button.get("appid") not in call.world.secrets or not _size(button, "pagepath")
        ):
            raise PlatformError(40013 if _size(button, "pagepath") else 41030)
    elif not isinstance(kind, str) or not _size(button, IDENTIFIED.get(kind, "")):
        raise PlatformError(40017 if top else 40024)


def _size(button: dict[str, Any], name: str) -> int:
    value = button.get(name)
    return len(value.encode()) if isinstance(value, str) else 0
