"""The cipher with lasting contexts against wechatpy's, and against junk."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto

from bot.cipher import MessageCipher, Undecipherable

KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
THEIRS = PrpCrypto(base64.b64decode(KEY + "="))
OURS = MessageCipher(KEY)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_what_wechatpy_encrypts_we_decrypt(text: str) -> None:
    assert OURS.decrypt(THEIRS.encrypt(text, "wx0123456789abcdef")) == (text.encode(), b"wx0123456789abcdef")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_what_we_encrypt_wechatpy_decrypts(text: str) -> None:
    sealed = OURS.encrypt(text.encode(), b"wx0123456789abcdef")
    assert THEIRS.decrypt(sealed, "wx0123456789abcdef") == text


@pytest.mark.parametrize("length", range(64))
def test_every_padding_length_is_understood(length: int) -> None:
    sealed = OURS.encrypt(b"x" * length, b"wx1")
    assert len(base64.b64decode(sealed)) % 32 == 0
    assert OURS.decrypt(sealed) == (b"x" * length, b"wx1")


def test_the_same_message_never_looks_the_same_twice() -> None:
    assert len({OURS.encrypt(b"same", b"wx1") for _ in range(5000)}) == 5000


@given(st.binary(max_size=400))
def test_junk_is_refused_and_never_breaks_the_lasting_context(junk: bytes) -> None:
    with pytest.raises(Undecipherable):
        OURS.decrypt(base64.b64encode(junk) if len(junk) % 2 else junk)
    assert OURS.decrypt(OURS.encrypt(b"next", b"wx1")) == (b"next", b"wx1")


def test_a_length_field_that_claims_gigabytes_is_refused() -> None:
    block = OURS.encrypt(b"x" * 40, b"wx1")
    claims = bytearray(base64.b64decode(block))
    claims[0:16] = bytes(byte ^ 0xFF for byte in claims[0:16])  # Turns the second clear block over.
    with pytest.raises(Undecipherable):
        OURS.decrypt(base64.b64encode(bytes(claims)))


@pytest.mark.parametrize("key", ["", "short", KEY + "A", "!" * 43, KEY[:-1]])
def test_a_malformed_key_is_refused_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="43"):
        MessageCipher(key)
