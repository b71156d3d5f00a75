"""Reading what WeChat answered, from bytes alone."""

import json
import re
from typing import Any

from handlers.gateways.errors import UNKNOWN, VERDICTS, Ambiguous, BadCall, Busy

Answer = dict[str, Any]

MASS_SEND_REPEATED = 45065
HINT_LIMIT = 160

_IDENTIFIER = re.compile(r"[\w-]{27,}")
"""Openids have 28 characters and tokens more; WeChat's request ids have 26."""
_IMAGE_STARTS = (b"\xff\xd8", b"\x89PNG")


def read_answer(status: int, body: bytes) -> Answer:
    """The answer to a call that succeeded; `errcode` is in it as an int.

    Raises:
        WeChatError: what the error code means (see errors.py), or that nothing could be read.
    """
    answer = _parse(body)
    if answer is None:
        raise _unreadable(status)
    code = answer["errcode"]
    verdict = VERDICTS.get(code, UNKNOWN)
    if verdict.error is None:
        return answer
    raise verdict.error(code, hint(str(answer.get("errmsg", ""))), retry_after=verdict.wait)


def read_image(status: int, body: bytes) -> bytes:
    """The picture a binary endpoint answered with; failures come as JSON on the same road."""
    if status == 200 and body.startswith(_IMAGE_STARTS):
        return body
    read_answer(status, body)
    raise Ambiguous(hint=f"HTTP {status}, neither a picture nor an error")


def hint(sentence: str) -> str:
    """WeChat's sentence without anything that identifies a person or opens a door."""
    return _IDENTIFIER.sub("…", sentence)[:HINT_LIMIT]


def _parse(body: bytes) -> Answer | None:
    # The content type is unreliable and a stray byte in a sentence must not hide an error code.
    try:
        answer = json.loads(body.decode("utf-8-sig", errors="replace"))
        if not isinstance(answer, dict):
            return None
        answer["errcode"] = int(answer.get("errcode") or 0)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return answer


def _unreadable(status: int) -> Ambiguous | Busy | BadCall:
    """What an answer without readable JSON means: only a refusal by the front door is certain."""
    sentence = f"HTTP {status}, no readable answer"
    if status == 429:
        return Busy(hint=sentence, retry_after=60.0)
    if 400 <= status < 500:
        return BadCall(hint=sentence)
    return Ambiguous(hint=sentence)
