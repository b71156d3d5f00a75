"""A small WeChat on a real socket: tokens as the platform keeps them, and answers laid out beforehand."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

OK = {"errcode": 0, "errmsg": "ok"}
INVALID = {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest"}


class Platform:
    """Counts token fetches and remembers calls. `script` holds the next answers, first one first.

    An answer is a dict (sent as JSON), bytes (sent as they are), "drop" (the connection is cut after
    the call was accepted) or "hang" (no answer comes).
    """

    def __init__(self) -> None:
        self.fetches: list[tuple[str, bool]] = []
        self.fetch_script: list[Any] = []
        self.life = 7200
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.script: list[Any] = []
        self.serial = 1
        self.dead: set[str] = set()
        self.delay = 0.0
        self.clients: set[int] = set()
        self.asked = asyncio.Event()
        self._hanging = asyncio.Event()

    def token(self, app_id: str) -> str:
        return f"{app_id}-token-{self.serial}"

    def revoke(self) -> None:
        """Somebody else had the token renewed: the old one is dead."""
        self.serial += 1

    def refuse_current(self, app_id: str) -> None:
        """APIs refuse the token that is still handed out."""
        self.dead.add(self.token(app_id))

    def let_go(self) -> None:
        self._hanging.set()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/cgi-bin/stable_token", self._stable_token)
        app.router.add_route("*", "/{path:.*}", self._api)
        return app

    async def _stable_token(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        force = bool(asked["force_refresh"])
        self.fetches.append((asked["appid"], force))
        self.asked.set()
        await asyncio.sleep(self.delay)
        if self.fetch_script:
            return await self._play(request, self.fetch_script.pop(0))
        if force:
            self.serial += 1
        return _say({"access_token": self.token(asked["appid"]), "expires_in": self.life})

    async def _api(self, request: web.Request) -> web.StreamResponse:
        self.calls.append((request.path, dict(request.query), await request.read()))
        transport = request.transport
        self.clients.add(transport.get_extra_info("peername")[1] if transport else 0)
        token = request.query.get("access_token")
        app_id = (token or "").partition("-token-")[0]
        if token is not None and (token != self.token(app_id) or token in self.dead):
            return _say(INVALID)
        return await self._play(request, self.script.pop(0) if self.script else OK)

    async def _play(self, request: web.Request, answer: Any) -> web.StreamResponse:
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer(request)
        if answer == "drop":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if answer == "hang":
            await self._hanging.wait()
            return web.Response()
        if isinstance(answer, web.Response):
            return answer
        return _say(answer)


def _say(answer: Any) -> web.Response:
    # As the platform does on many roads: JSON under another name.
    body = answer if isinstance(answer, bytes) else json.dumps(answer, ensure_ascii=False).encode()
    return web.Response(body=body, content_type="text/plain")
