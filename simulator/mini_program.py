"""Acts as our mini program does: logs in, asks the product's API, shows what it says."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from simulator.answers import Refused
from simulator.followers import Follower
from simulator.world import World

PASSED_ON = ("authorization", "content-type", "accept", "idempotency-key", "if-none-match", "accept-language")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TIMEOUT = aiohttp.ClientTimeout(total=60)  # wx.request's own default.
CHECKED_IN = {"checked_in": "签到成功", "already": "已经签过到了"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What wx.request gives to the page."""

    status: int
    headers: dict[str, str]
    body: Any

    def show(self) -> dict[str, Any]:
        """As JSON."""
        return {"status": self.status, "headers": self.headers, "body": self.body}


async def request(
    world: World,
    follower: Follower,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> Answer:
    """wx.request to the product, and to nobody else."""
    follower.visited_at = world.time()
    if method not in METHODS:
        raise Refused(400, "bad_method", f"不支持的请求方法：{method}")
    sent = {name: value for name, value in (headers or {}).items() if name.lower() in PASSED_ON}
    data = body.encode() if isinstance(body, str) else None
    if body is not None and data is None:
        data = json.dumps(body, ensure_ascii=False).encode()
        sent = {"Content-Type": "application/json", **sent}
    url = _address(world, path)
    try:
        async with world.callbacks.session.request(
            method, url, headers=sent, data=data, allow_redirects=False, timeout=TIMEOUT
        ) as response:
            return Answer(response.status, dict(response.headers), _read(await response.read()))
    except (TimeoutError, aiohttp.ClientError) as error:
        raise Refused(502, "product_unreachable", "连不上支部通的服务，请看一看它是否在运行") from error


def _address(world: World, path: str) -> URL:
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        raise Refused(400, "bad_path", "path 应以一个 / 开头，例如 /api/v1/me")
    return URL(world.settings.public_url.rstrip("/") + path)


def _read(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode("utf-8", "replace")


async def check_in(world: World, follower: Follower, code: str) -> dict[str, Any]:
    """Scan a code in the mini program: log in, then check in with it."""
    login = {"code": world.logins.issue(follower, world.time())}
    session = await request(world, follower, "POST", "/api/v1/session", body=login)
    if session.status >= 400 or not isinstance(session.body, dict):
        return _reply(session)
    headers = {"Authorization": f"Bearer {session.body.get('token', '')}"}
    scan = {"code": code, "nonce": secrets.token_hex(8)}
    answer = await request(world, follower, "POST", "/api/v1/check-ins", headers=headers, body=scan)
    return _reply(answer)


def _reply(answer: Answer) -> dict[str, Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    status = str(body.get("status", ""))
    sentence = body.get("detail") or CHECKED_IN.get(status) or status or f"没有办成（{answer.status}）"
    return {"channel": "mini_program", "content": sentence, "status": answer.status, "body": answer.body}
