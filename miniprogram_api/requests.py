"""Reading a request: who sends it, its body within limits, the ids in its path."""

import asyncio
import hashlib
import json
import re
from ipaddress import ip_address
from typing import Any

from aiohttp import hdrs, web

from handlers import accounts
from handlers.context import Caller, Context
from handlers.errors import NotFound
from miniprogram_api import tokens
from miniprogram_api.answers import Rejected
from miniprogram_api.forms import LARGEST_ID, parse

SLOWEST_BODY = 10.0
"""Seconds that a body may take to arrive."""

FILE_TYPE = "application/octet-stream"
SLOWEST_FILE = 120.0
"""Seconds that a file may take to arrive."""

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
PATH_PATTERNS = {
    "site_id": re.compile(r"[A-Za-z0-9]{1,8}"),
    "lookup": re.compile(r"[A-Za-z0-9 -]{1,32}"),
    "code": re.compile(r"[a-z0-9-]{3,32}"),
    "template": re.compile(r"[Tt][0-9]{2}"),
    "rule": re.compile(r"[\w()（）〔〕—·-]{1,40}"),
    "case": re.compile(r"[Cc][1-9]"),
    "role": re.compile(r"[Rr][0-9]{2}"),
    "friday": re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII),
    "register": re.compile(r"[a-z]{3,20}"),
    "name": re.compile(r"[0-9a-f]{32}"),
    "article": re.compile(r"\w{1,16}"),
}
"""What an id in a path may look like; those not named here are whole numbers."""
NUMBER = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)


async def caller(request: web.Request, ctx: Context) -> Caller:
    """Who asks: the owner of the token, or nobody in particular."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer":
        return Caller()
    session = tokens.read(ctx.settings, token.strip(), ctx.now())
    if session is None:
        return Caller()
    try:
        return await accounts.caller_of_session(ctx, account_id=session.account_id)
    except NotFound:
        return Caller()


def address(request: web.Request) -> str:
    """The sender's address. A proxy is believed only when it runs on this machine."""
    peer = request.remote or ""
    forwarded = request.headers.get(hdrs.X_FORWARDED_FOR, "").rpartition(",")[2].strip()
    return forwarded if forwarded and _is_here(peer) else peer


def sender(request: web.Request, caller: Caller) -> str:
    """Whose requests are counted together, and whose idempotency keys live in one space."""
    if caller.account is not None:
        return f"account:{caller.account.id}"
    return "ip:" + hashlib.sha256(address(request).encode()).hexdigest()[:20]


async def body(request: web.Request, *, largest: int) -> object:
    """The JSON body, of at most `largest` bytes.

    Raises:
        Rejected: it is too large, too slow, of another type, or no JSON.
    """
    if request.content_type != "application/json" or request.headers.get(hdrs.CONTENT_ENCODING):
        raise Rejected("wrong_content_type")
    if (request.content_length or 0) > largest:
        raise Rejected("too_large")
    return parse(await _read(request, most=largest, within=SLOWEST_BODY))


async def file(request: web.Request, *, most: int) -> bytes:
    """The body as a file of up to `most` bytes.

    Raises:
        Rejected: it is too large, too slow, or of another type.
    """
    if request.content_type != FILE_TYPE or request.headers.get(hdrs.CONTENT_ENCODING):
        raise Rejected("wrong_file_type")
    if (request.content_length or 0) > most:
        raise Rejected("file_too_large")
    return await _read(request, most=most, within=SLOWEST_FILE, too_large="file_too_large")


async def _read(request: web.Request, *, most: int, within: float, too_large: str = "too_large") -> bytes:
    if request.content.is_eof():  # All of it came with the headers.
        whole = request.content.read_nowait()
        if len(whole) > most:
            raise Rejected(too_large)
        return whole
    given = bytearray()
    try:
        async with asyncio.timeout(within):
            async for chunk in request.content.iter_any():
                given += chunk
                if len(given) > most:
                    raise Rejected(too_large)
    except TimeoutError:
        raise Rejected("slow_body") from None
    return bytes(given)


def path_arguments(request: web.Request) -> dict[str, Any]:
    """The ids in the path.

    Raises:
        NotFound: nothing can have such an id.
    """
    return {name: _path_argument(name, text) for name, text in request.match_info.items()}


def idempotency_key(request: web.Request) -> str | None:
    """The sender's key for this request, if there is one.

    Raises:
        Rejected: it is empty, too long, or not plain ASCII.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise Rejected("bad_idempotency_key")
    return key


def fingerprint(request: web.Request, given: object) -> str:
    """What makes two requests the same: method, path, and what the body says, however it is spaced."""
    said = json.dumps([request.method, request.path, given], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _path_argument(name: str, text: str) -> str | int:
    if pattern := PATH_PATTERNS.get(name):
        if pattern.fullmatch(text):
            return text
    elif NUMBER.fullmatch(text) and int(text) <= LARGEST_ID:
        return int(text)
    raise NotFound


def _is_here(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return peer == ""  # A Unix socket has no address.
