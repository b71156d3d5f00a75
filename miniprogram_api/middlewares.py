"""What happens to every request of the API: an id, an answer whatever happens, a line in the log."""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import Histogram

from handlers.context import REQUEST_ID
from handlers.errors import Refused
from handlers.gateways.errors import WeChatError
from miniprogram_api import answers
from miniprogram_api.answers import Rejected
from miniprogram_api.keys import ROUTE

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,32}")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}

log = logging.getLogger(__name__)
DURATION = Histogram("zhibutong_api_seconds", "Time to answer an API request.", ["method", "route", "status"])

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def identified(request: web.Request, handler: Next) -> web.StreamResponse:
    """Give the request its id, and write the one log line about it: no person, no text, no code."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    token = REQUEST_ID.set(request_id)
    started = time.perf_counter()
    try:
        response = await handler(request)
        response.headers["X-Request-Id"] = request_id
        seconds = time.perf_counter() - started
        route = request.get(ROUTE, "-")
        DURATION.labels(request.method if route != "-" else "-", route, response.status).observe(seconds)
        log.info("%s %s %d %.1f ms", request.method, route, response.status, seconds * 1000)
        return response
    finally:
        REQUEST_ID.reset(token)


@web.middleware
async def answered(request: web.Request, handler: Next) -> web.StreamResponse:
    """Turn whatever goes wrong into a problem a person can act on."""
    try:
        response = await handler(request)
    except Rejected as rejected:
        response = answers.failure(rejected.code, rejected.headers)
    except Refused as refused:
        response = answers.show(*answers.refusal(refused))
    except WeChatError:
        log.warning("WeChat does not answer as it should", exc_info=True)
        response = answers.failure("wechat_unavailable")
    except web.HTTPNotFound:
        response = answers.failure("no_such_path")
    except web.HTTPMethodNotAllowed as error:
        response = answers.failure("wrong_method", {"Allow": ", ".join(sorted(error.allowed_methods))})
    except web.HTTPException as error:
        log.warning("a request was refused by the HTTP library: %d", error.status)
        response = answers.failure("bad_request")
    except Exception:
        log.exception("a request failed")
        response = answers.failure("internal_error")
    response.headers.update(HEADERS)
    return response
