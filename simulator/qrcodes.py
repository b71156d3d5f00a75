"""Codes to be scanned: parametric QR codes of the account, and mini-program codes."""

import re
import secrets
from dataclasses import dataclass, field

from aiohttp import web

from simulator import pictures
from simulator.call import Call, member
from simulator.envelope import PlatformError

LONGEST_LIFE = 2_592_000
DEFAULT_LIFE = 60
MOST_PERMANENT = 100_000
LONGEST_SCENE = 64
LONGEST_NUMBER = 100_000
SCENE_OF_MINI_PROGRAM = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
NARROWEST, WIDEST, DEFAULT_WIDTH = 280, 1280, 430
MINI_PROGRAM_PREFIX = "mini-program:"
"""What our picture of a mini-program code says; the real one is no QR code and says nothing to others."""
ACTIONS = {"QR_SCENE": False, "QR_STR_SCENE": False, "QR_LIMIT_SCENE": True, "QR_LIMIT_STR_SCENE": True}


@dataclass(slots=True)
class ParametricCode:
    """A QR code of the account. `expires_at` None = permanent."""

    ticket: str
    url: str
    scene: str
    expires_at: float | None


@dataclass(slots=True)
class Codes:
    """All codes made, found by what a phone or a person would know of them."""

    by_ticket: dict[str, ParametricCode] = field(default_factory=dict)
    by_content: dict[str, ParametricCode] = field(default_factory=dict)
    permanent: dict[str, ParametricCode] = field(default_factory=dict)
    mini_program: dict[str, str] = field(default_factory=dict)

    def add(self, code: ParametricCode) -> None:
        """Remember a code; a later one of the same scene is found in its place."""
        self.by_ticket[code.ticket] = code
        self.by_content[code.url] = code
        self.by_content[code.scene] = code
        if code.expires_at is None:
            self.permanent[code.scene] = code

    def find(self, content: str) -> ParametricCode | None:
        """By url, scene or ticket."""
        return self.by_content.get(content) or self.by_ticket.get(content)


def create(call: Call) -> dict[str, object]:
    """POST /cgi-bin/qrcode/create."""
    action = call.body.get("action_name")
    if not isinstance(action, str) or action not in ACTIONS:
        raise PlatformError(40052)
    scene = _scene(call, by_number=not action.endswith("STR_SCENE"), permanent=ACTIONS[action])
    codes, now = call.world.codes, call.world.time()
    if ACTIONS[action]:
        code = codes.permanent.get(scene) or _new(scene, None)
        if scene not in codes.permanent and len(codes.permanent) >= MOST_PERMANENT:
            raise PlatformError(45009)
        codes.add(code)
        return {"ticket": code.ticket, "url": code.url}
    life = call.integer("expire_seconds", DEFAULT_LIFE)
    if not 1 <= life <= LONGEST_LIFE:
        raise PlatformError(40035)
    code = _new(scene, now + life)
    codes.add(code)
    return {"ticket": code.ticket, "expire_seconds": life, "url": code.url}


def _new(scene: str, expires_at: float | None) -> ParametricCode:
    url = f"http://weixin.qq.com/q/02{secrets.token_urlsafe(16)}"
    return ParametricCode(f"gQ{secrets.token_urlsafe(48)}", url, scene, expires_at)


def _scene(call: Call, *, by_number: bool, permanent: bool) -> str:
    scene = member(call.member("action_info"), "scene")
    if by_number:
        number = scene.get("scene_id")
        largest = LONGEST_NUMBER if permanent else 2**32 - 1
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= largest:
            raise PlatformError(40053)
        return str(number)
    words = scene.get("scene_str")
    if not isinstance(words, str) or not 1 <= len(words) <= LONGEST_SCENE:
        raise PlatformError(40053)
    return words


def show(call: Call) -> web.Response:
    """GET /cgi-bin/showqrcode (mp.weixin.qq.com): the picture; 404 for a bad ticket."""
    code = call.world.codes.by_ticket.get(call.query.get("ticket", ""))
    if code is None:
        return web.Response(status=404)
    return web.Response(body=pictures.png(code.url), content_type="image/png")


def mini_program_code(call: Call) -> web.Response:
    """POST /wxa/getwxacodeunlimit: a picture, or the error as JSON."""
    scene = call.body.get("scene")
    if not isinstance(scene, str) or not 1 <= len(scene) <= 32:
        raise PlatformError(40169)
    if not SCENE_OF_MINI_PROGRAM.fullmatch(scene):
        raise PlatformError(40129)
    if scene.startswith("scancode_time"):
        raise PlatformError(85096)
    page = call.text("page", "")
    if page and (page.startswith("/") or "?" in page):
        raise PlatformError(40097)
    if page and call.body.get("check_path", True) is not False and not call.world.has_page(page):
        raise PlatformError(41030)
    width = call.integer("width", DEFAULT_WIDTH)
    if not NARROWEST <= width <= WIDEST or call.body.get("env_version", "release") not in (
        "release",
        "trial",
        "develop",
    ):
        raise PlatformError(40097)
    call.world.codes.mini_program[scene] = page
    return web.Response(body=pictures.png(MINI_PROGRAM_PREFIX + scene, width), content_type="image/png")
