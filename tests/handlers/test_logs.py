"""What a log line holds, and what it never holds."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from handlers import logs
from handlers.context import REQUEST_ID

OPENID = "oLm3k7_Qx9-aBcDeFgHiJkLmNoP1"
TOKEN = "92_" + "aB3-" * 40


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything logged meanwhile; the loggers are as before afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up("INFO", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_is_json_with_the_requests_id(written: io.StringIO) -> None:
    token = REQUEST_ID.set("r-123")
    logging.getLogger("bot").info("callback.%s", "answered", extra={"milliseconds": 12})
    REQUEST_ID.reset(token)
    (line,) = lines(written)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "bot",
        "message": "callback.answered",
        "request_id": "r-123",
        "milliseconds": 12,
    }


@pytest.mark.parametrize(
    "text",
    [
        OPENID,
        f"to {OPENID}, later",
        f"openid={OPENID}&x=1",
        '{"touser": "' + OPENID + '"}',
        "13812345678",
        "call 13812345678 now",
        "phone=13812345678",
        f"access_token={TOKEN}",
        f"?access_token={TOKEN}&openid=x",
        json.dumps({"access_token": TOKEN}),
        json.dumps({"session_key": "HyVFkGl5F5OQWJZZaNzBBg=="}),
        "secret: 0123456789abcdef",
        f"Authorization: Bearer {TOKEN}",
        f"odd {TOKEN} thing",
    ],
)
def test_what_slips_into_a_line_is_masked(written: io.StringIO, text: str) -> None:
    log = logging.getLogger("any")
    log.info(text)
    log.info("in an argument: %s", text)
    log.info("in a field", extra={"given": {"deep": [text]}})
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("in a traceback")
    shown = written.getvalue()
    assert len(lines(written)) == 4, "the lines are still JSON"
    for secret in (OPENID, "13812345678", TOKEN, "HyVFkGl5F5OQWJZZaNzBBg", "0123456789abcdef"):
        assert secret not in shown


def test_an_openid_keeps_its_first_six_characters() -> None:
    assert logs.redact(f"to {OPENID}.") == "to oLm3k7…."
    assert logs.redact("oDemo-branch-worker-shequ-01") == "oDemo-…"


@pytest.mark.parametrize(
    "harmless",
    [
        "24812345678901234",
        "20261122-1305",
        "one_more_operation_of_everyday",
        "booking.confirmed booking:12",
        "rid: 66d9be16-212ff30f-0e99c2f0",
        "tokens fetched: 3",
        "1763784000000",
    ],
)
def test_what_is_no_secret_stays_readable(harmless: str) -> None:
    assert logs.redact(harmless) == harmless


@pytest.mark.parametrize("name", sorted(logs.FREE_TEXT))
def test_what_a_person_wrote_is_not_shown_at_info(written: io.StringIO, name: str) -> None:
    logging.getLogger("bot").warning("question.asked", extra={name: "党费怎么算"})
    assert "党费" not in written.getvalue()


def test_at_debug_it_is_shown(written: io.StringIO) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("bot").debug("question.asked", extra={"question": "党费怎么算"})
    assert "党费怎么算" in written.getvalue()
