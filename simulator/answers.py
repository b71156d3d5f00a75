"""How the control and phone doors read a request and say no: JSON with a sentence in Chinese."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulator.followers import Follower
from simulator.keys import WORLD

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """A request that cannot be served; `detail` is for a person."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def spoken(handler: Handler) -> Handler:
    """Turns refusals into answers, and marks the state as changed after anything but a GET."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except Refused as error:
            return show({"code": error.code, "detail": error.detail}, status=error.status)
        if request.method != "GET":
            request.app[WORLD].changed.set()
        return response

    return answer


def show(answer: Any, *, status: int = 200) -> web.Response:
    """JSON, nothing escaped."""
    return web.json_response(answer, status=status, dumps=_dumps)


async def read_body(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent."""
    try:
        body = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refused(400, "bad_json", "请求的内容不是 JSON") from error
    if not isinstance(body, dict):
        raise Refused(400, "bad_json", "请求的内容应是一个 JSON 对象")
    return body


def word(body: dict[str, Any], name: str, default: str | None = None) -> str:
    """A member that must be a string."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise Refused(400, "bad_field", f"缺少 {name}，或者它不是文字")
    return value


def words(body: dict[str, Any], name: str) -> list[str]:
    """A member that must be a list of strings."""
    value = body.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused(400, "bad_field", f"缺少 {name}，或者它不是一列文字")
    return value


def seconds(body: dict[str, Any], name: str) -> float:
    """A member that must be a number of seconds, 0 when absent."""
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 60:
        raise Refused(400, "bad_field", f"{name} 应是 0 到 60 之间的秒数")
    return float(value)


def find_follower(request: web.Request, openid: str) -> Follower:
    """The person with that openid, of either app."""
    follower = request.app[WORLD].followers.find(openid)
    if follower is None:
        raise Refused(404, "unknown_follower", f"没有这个演示用户：{openid or '（没有写 openid）'}")
    return follower


def _dumps(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False)
