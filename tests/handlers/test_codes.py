"""Codes: forged, altered, foreign, expired and random ones are refused, each for its reason."""

import random
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import codes
from handlers.codes import DoorCode, MemberCode, PosterCode
from handlers.errors import BadCode, ExpiredCode

SECRET = "a secret of these tests"
NOW = datetime(2026, 11, 20, 10, 0, 7, tzinfo=ZoneInfo("Asia/Shanghai"))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SCENE = set(LETTERS) | set("!#$&'()*+,/:;=?@.~")  # What WeChat lets through.


def all_kinds() -> list[str]:
    return [
        codes.poster(SECRET, site_id="S10"),
        codes.door(SECRET, site_id="S10", at=NOW),
        codes.member(SECRET, person_id=48000, at=NOW),
    ]


def test_each_kind_says_what_was_put_in() -> None:
    poster, door, member = (codes.read(SECRET, text, at=NOW) for text in all_kinds())
    assert poster == PosterCode("S10")
    assert isinstance(door, DoorCode)
    assert door.site_id == "S10"
    assert door.shown_at == NOW.replace(second=0)
    assert isinstance(member, MemberCode)
    assert member.person_id == 48000


def test_codes_fit_a_scene_also_with_the_longest_ids() -> None:
    texts = [
        codes.poster(SECRET, site_id="ABCDEF78"),
        codes.door(SECRET, site_id="ABCDEF78", at=NOW),
        codes.member(SECRET, person_id=99_999_999, at=NOW),
    ]
    assert all(len(text) <= 32 and set(text) <= SCENE for text in texts)
    assert [codes.read(SECRET, text, at=NOW) for text in texts]


def test_a_poster_hangs_for_years_and_never_changes() -> None:
    later = NOW + timedelta(days=3650)
    assert codes.read(SECRET, codes.poster(SECRET, site_id="S10"), at=later) == PosterCode("S10")


@pytest.mark.parametrize(
    ("shift", "is_good"),
    [
        (timedelta(seconds=-120), True),  # The reader's clock is two minutes behind.
        (timedelta(seconds=-121), False),
        (timedelta(seconds=149), True),  # The last moment of the window, and two minutes.
        (timedelta(seconds=150), False),
        (timedelta(days=1), False),  # A photograph, replayed.
        (timedelta(days=-1), False),
    ],
)
def test_a_door_code_lives_as_long_as_clocks_may_differ(shift: timedelta, is_good: bool) -> None:
    text = codes.door(SECRET, site_id="S10", at=NOW)
    at = NOW.replace(second=0) + shift
    if is_good:
        assert codes.read(SECRET, text, at=at)
    else:
        with pytest.raises(ExpiredCode):
            codes.read(SECRET, text, at=at)


@pytest.mark.parametrize("minutes", [-8, 8, 60])
def test_a_members_code_of_another_time_is_expired(minutes: int) -> None:
    text = codes.member(SECRET, person_id=7, at=NOW)
    with pytest.raises(ExpiredCode):
        codes.read(SECRET, text, at=NOW + timedelta(minutes=minutes))


def test_the_tablet_shows_another_code_every_thirty_seconds() -> None:
    assert codes.next_door_code(NOW) == NOW.replace(second=30)
    assert codes.door(SECRET, site_id="S10", at=NOW) == codes.door(
        SECRET, site_id="S10", at=NOW.replace(second=29)
    )
    assert codes.door(SECRET, site_id="S10", at=NOW) != codes.door(
        SECRET, site_id="S10", at=NOW.replace(second=30)
    )


@pytest.mark.parametrize("text", all_kinds())
def test_another_key_signs_nothing(text: str) -> None:
    with pytest.raises(BadCode):
        codes.read("another secret", text, at=NOW)


@pytest.mark.parametrize("text", all_kinds())
def test_one_letter_altered_anywhere_makes_it_bad(text: str) -> None:
    for place in range(len(text)):
        for letter in LETTERS:
            if letter == text[place]:
                continue
            with pytest.raises(BadCode):
                codes.read(SECRET, text[:place] + letter + text[place + 1 :], at=NOW)


def test_a_signature_of_one_site_or_kind_is_none_of_another() -> None:
    poster, door, member = all_kinds()
    signature = slice(-codes.SIGNATURE_LENGTH, None)
    swapped = [
        poster.replace("S10", "S11"),
        door[: -codes.SIGNATURE_LENGTH] + poster[signature],
        "D" + member[1:],
        "M" + door[1:],
        "P" + door[1:],
    ]
    for text in swapped:
        with pytest.raises(BadCode):
            codes.read(SECRET, text, at=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "P1",
        "site-12",
        "https://example.org/s?c=1",
        "P1S10" + "A" * 13,
        "P1S10" + "A" * 200,
        "P1S10" + "阵" * 14,
        "P1S10\n" + "A" * 14,
        "P\x001S10" + "A" * 14,
        "P1\udc80" + "A" * 15,
        codes.poster(SECRET, site_id="S10") + "\n",
        " " + codes.poster(SECRET, site_id="S10"),
        codes.poster(SECRET, site_id="S10").replace("P1", "P2"),  # A key version we don't have.
    ],
)
def test_what_is_no_code_of_ours_is_bad(text: str) -> None:
    with pytest.raises(BadCode):
        codes.read(SECRET, text, at=NOW)


@given(st.text(max_size=40))
def test_any_text_is_refused_quietly(text: str) -> None:
    with pytest.raises(BadCode):
        codes.read(SECRET, text, at=NOW)


def test_a_million_random_codes_of_the_right_form_never_pass() -> None:
    # 84 signed bits: a million tries pass once in 10 ** 19 times; what this shows is that all are compared.
    dice = random.Random(20261120)
    heads = [text[: -codes.SIGNATURE_LENGTH] for text in all_kinds()]
    passed = 0
    for number in range(1_000_000):
        signature = urlsafe_b64encode(dice.randbytes(12))[: codes.SIGNATURE_LENGTH].decode()
        try:
            codes.read(SECRET, heads[number % len(heads)] + signature, at=NOW)
            passed += 1
        except BadCode:
            continue
    assert passed == 0


def test_an_old_poster_is_read_until_its_key_version_is_retired() -> None:
    old = codes.poster(SECRET, site_id="S10")
    new = codes.poster(SECRET, site_id="S10", version="2")
    assert codes.read(SECRET, old, at=NOW, versions="21") == PosterCode("S10")
    assert codes.read(SECRET, new, at=NOW, versions="21") == PosterCode("S10")
    with pytest.raises(BadCode):
        codes.read(SECRET, old, at=NOW, versions="2")


def test_one_key_versions_signature_is_none_of_another() -> None:
    old = codes.poster(SECRET, site_id="S10")
    with pytest.raises(BadCode):
        codes.read(SECRET, "P2" + old[2:], at=NOW, versions="21")
