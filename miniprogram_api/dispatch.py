"""From a row of the table to a request handler: read, call, answer."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs, web

from handlers import idempotency
from handlers.context import Context
from handlers.errors import Refused
from miniprogram_api import answers, forms, limits, requests
from miniprogram_api.answers import Rejected
from miniprogram_api.keys import ROUTE
from miniprogram_api.table import Arguments, File, Reply, Route, Stream, Text

SLOWEST_PART = 10.0
"""Seconds that a reader may take to accept a part of a stream."""

UNNAMED = "unnamed"
"""Who sent the idempotency keys of people who wish not to be known: what is kept with one names nobody."""


def endpoint(route: Route, ctx: Context) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The request handler of one row."""

    async def handle(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route.path
        caller = await requests.caller(request, ctx)
        if caller.account is None and not route.is_public:
            raise Rejected("unauthenticated", WWW_Authenticate="Bearer")
        sender = requests.sender(request, caller)
        await limits.check(ctx, sender=sender, limit=ctx.settings.api_requests_per_minute)
        return await respond(request, route, ctx.on_behalf_of(caller), sender)

    return handle


async def respond(request: web.Request, route: Route, ctx: Context, sender: str) -> web.StreamResponse:
    """Fill the form, call the use-case (once, if the sender gave a key), show what came of it."""
    key = requests.idempotency_key(request) if route.creates else None
    given = await requests.body(request, largest=route.largest) if route.has_body else dict(request.query)
    arguments = requests.path_arguments(request)
    if route.form is not None:
        arguments["form"] = forms.fill(route.form, given)
    if route.takes_file:
        arguments["content"] = await requests.file(request, most=route.takes)
        given = {**dict(request.query), "sha256": hashlib.sha256(arguments["content"]).hexdigest()}
    if key is None:
        status, said = await call(route, ctx, arguments)
        return (
            await streamed(request, route, said) if isinstance(said, Stream) else shown(route, status, said)
        )
    outcome = await idempotency.once(
        ctx,
        sender=UNNAMED if route.unnamed(arguments.get("form")) else sender,
        key=key,
        fingerprint=requests.fingerprint(request, given),
        work=lambda: call(route, ctx, arguments),
        apart=route.apart(arguments.get("form")),
    )
    if isinstance(outcome, idempotency.Reused):
        raise Rejected("idempotency_key_reused")
    if isinstance(outcome, idempotency.Running):
        raise Rejected("still_running", Retry_After="2")
    return shown(route, outcome.status, outcome.body)


async def call(route: Route, ctx: Context, arguments: Arguments) -> tuple[int, Any]:
    """What the use-case says, as a status and a body."""
    try:
        reply = await route.handler(ctx, **arguments)
    except Refused as refused:
        return answers.refusal(refused)
    if isinstance(reply, Reply):
        return reply.status, reply.view.model_dump(mode="json")
    if reply is None or isinstance(reply, Text):
        return route.status[0], reply and reply.text
    if isinstance(reply, (File, Stream)):
        return route.status[0], reply
    return route.status[0], reply.model_dump(mode="json")


def shown(route: Route, status: int, body: Any) -> web.Response:
    """The response in the row's media type."""
    if isinstance(body, File):
        saved_as = f"attachment; filename*=UTF-8''{quote(body.name)}"
        headers = {hdrs.CONTENT_DISPOSITION: saved_as, "X-Content-Type-Options": "nosniff"}
        return web.Response(status=status, body=body.content, content_type=route.media, headers=headers)
    if isinstance(body, str):
        return web.Response(status=status, text=body, content_type=route.media, charset="utf-8")
    return answers.show(status, body)


async def streamed(request: web.Request, route: Route, stream: Stream) -> web.StreamResponse:
    """Send the parts as they come, until they end or nobody takes them any more."""
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    response = web.StreamResponse(headers=headers)
    response.content_type, response.charset = route.media, "utf-8"
    async with aclosing(stream.parts) as parts:
        with suppress(ConnectionError, TimeoutError):
            await response.prepare(request)
            async for part in parts:
                async with asyncio.timeout(SLOWEST_PART):
                    await response.write(part.encode())
            await response.write_eof()
    return response
