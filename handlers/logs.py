"""Logs as JSON lines with the request's id, and a net under them for personal data."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from handlers.context import REQUEST_ID

FREE_TEXT = frozenset({"text", "content", "question", "body", "message_text"})
"""Extra fields that may hold what a person wrote: shown at DEBUG only."""

QUIET = ("aiohttp.access", "apscheduler", "asyncio", "fakeredis", "tortoise")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET = re.compile(
    r"""((?:access_token|refresh_token|session_key|secret|token|ticket|authorization|password|aes_key)"""
    r"""\w*\\?["']?\s*[:=]\s*\\?["']?)(?:Bearer\s+)?[^\s"'&,;\\}]+""",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(Bearer\s+)[\w.~+/=-]+", re.IGNORECASE)
_OPENID = re.compile(
    r"(?<![\w-])([om][A-Za-z0-9_-]{5})(?=[A-Za-z0-9_-]*[0-9A-Z_-])[A-Za-z0-9_-]{22}(?![\w-])"
)
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_LONG = re.compile(r"(?<![\w-])([A-Za-z0-9_-]{6})[A-Za-z0-9_-]{58,}(?![\w-])")


def redact(text: str) -> str:
    """Shorten openids and long keys, mask phones, and take out the values of secrets."""
    text = _SECRET.sub(r"\1***", text)
    text = _BEARER.sub(r"\1***", text)
    text = _OPENID.sub(r"\1…", text)
    text = _LONG.sub(r"\1…", text)
    return _PHONE.sub(r"\1****\2", text)


class JsonLines(logging.Formatter):
    """One JSON object per record; what reaches a log by mistake is masked here."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := REQUEST_ID.get():
            line["request_id"] = request_id
        for name, value in vars(record).items():
            if name not in _STANDARD and (name not in FREE_TEXT or record.levelno < logging.INFO):
                line[name] = value
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False, default=str))


def set_up(level: str, stream: TextIO = sys.stderr) -> None:
    """Send every log line to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
