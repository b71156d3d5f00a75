"""Phones at rest are unreadable, can be found, and survive a change of the secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from handlers import phones

SECRET = SecretStr("one secret of this test")
OTHER = SecretStr("another secret of this test")
PHONE = "19900000001"


@pytest.mark.parametrize(
    "typed",
    ["19900000001", " 199 0000 0001", "199-0000-0001", "１９９０００００００１", "+86 19900000001",
     "8619900000001", "008619900000001", "(199)0000.0001", "199—0000—0001"],
)  # fmt: skip
def test_a_mobile_number_is_read_however_it_is_typed(typed: str) -> None:
    assert phones.normalise(typed) == PHONE


@pytest.mark.parametrize(
    "typed", ["", "0533-5181234", "1990000000", "199000000011", "12900000001", "1.99E+10",
              "19900000001/19900000002", "电话19900000001", "+85261234567", "١٩٩٠٠٠٠٠٠٠١"],
)  # fmt: skip
def test_what_is_no_mobile_number_is_none(typed: str) -> None:
    assert phones.normalise(typed) is None


@given(st.text())
def test_reading_a_number_never_raises(typed: str) -> None:
    found = phones.normalise(typed)
    assert found is None or phones.normalise(found) == found


def test_sealed_twice_looks_different_and_opens_to_the_same() -> None:
    first, second = phones.seal(SECRET, PHONE), phones.seal(SECRET, PHONE)
    assert first != second
    assert PHONE not in first
    assert len(first) <= 120
    assert phones.unseal(SECRET, first) == phones.unseal(SECRET, second) == PHONE


def test_the_hash_is_the_same_for_one_secret_and_another_for_another() -> None:
    assert phones.look_up_hash(SECRET, PHONE) == phones.look_up_hash(SECRET, PHONE)
    assert phones.look_up_hash(SECRET, PHONE) != phones.look_up_hash(OTHER, PHONE)
    assert len(phones.look_up_hash(SECRET, PHONE)) == 64


def test_an_altered_or_foreign_seal_is_refused() -> None:
    sealed = phones.seal(SECRET, PHONE)
    prefix, body = sealed[:-1], sealed[-1]
    altered = prefix + ("A" if body != "A" else "B") * 1
    for wrong in (altered, sealed[:20], "", "nonsense", sealed.replace("1.", "2.", 1), sealed + "汉"):
        with pytest.raises(phones.Unreadable):
            phones.unseal(SECRET, wrong)
    with pytest.raises(phones.Unreadable):
        phones.unseal(OTHER, sealed)


def test_a_number_is_shown_masked() -> None:
    assert phones.mask(PHONE) == "199****0001"
