"""The table is tried in the order written, however it is arranged for speed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import menu
from bot.messages import parse
from bot.router import Manner, Route, Router
from bot.routes import ROUTES
from tests.bot.platform import event, message_xml, text_message

WORDS = ["帮助", "签到", "意见", "更多", "别的话"]
OPENINGS = [None, *map(re.compile, ("帮(?P<rest>.)", "(?P<rest>意见|更.)$", "别", "$"))]
LINES = st.builds(
    lambda words, something, opening: Route(
        ("text",), lambda m, c: None, Manner.INSTANT, words=words, says_something=something, opening=opening
    ),
    words=st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    something=st.booleans(),
    opening=st.sampled_from(OPENINGS),
)


@given(st.lists(LINES, max_size=6), st.sampled_from([*WORDS, ""]))
def test_the_first_line_that_admits_a_message_wins(lines: list[Route], text: str) -> None:
    message = parse(text_message(text).encode())
    first = next((line for line in lines if line.admits(message)), None)
    assert Router(lines).find(message) is first


@pytest.mark.parametrize(
    "key", [menu.NEAR, menu.BOOKINGS, menu.CHECK_IN, menu.LESSON, menu.HELP, menu.COMPLAIN, menu.ASK]
)
def test_every_button_of_the_menu_is_answered(key: str) -> None:
    assert Router(ROUTES).find(parse(event("CLICK", EventKey=key).encode())) is not None


@pytest.mark.parametrize(
    "kind", ["text", "voice", "image", "video", "shortvideo", "location", "link", "file"]
)
def test_every_kind_of_message_is_answered(kind: str) -> None:
    message = parse(message_xml(openid="oA", MsgType=kind, MsgId="1").encode())
    assert Router(ROUTES).find(message) is not None


@pytest.mark.parametrize("name", ["LOCATION", "VIEW", "kf_create_session", "whatever"])
def test_what_needs_no_answer_is_passed_over(name: str) -> None:
    assert Router(ROUTES).find(parse(event(name).encode())) is None


@pytest.mark.parametrize(
    ("text", "is_complaint"),
    [
        ("意见", True),
        ("意见 太远了", True),
        ("投诉：没人", True),
        ("建议书怎么写", False),
        ("意见箱放哪", False),
    ],
)
def test_a_complaint_is_told_from_a_question_about_complaints(text: str, is_complaint: bool) -> None:
    route = Router(ROUTES).find(parse(text_message(text).encode()))
    assert route is not None
    assert (route.opening is not None) is is_complaint
