"""Signing and reading the codes that people scan. Pure: a secret, a text and a time go in.

A code is `kind, key version, [window,] who or where, signature`: at most 32 letters, digits, `-` and
`_`, all of them in WeChat's scene alphabet. It carries ids only, no personal data.
"""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from handlers.errors import BadCode, ExpiredCode

FIRST_VERSION = "1"
"""The key version that signs until the settings name another one."""

POSTER, DOOR, MEMBER, REHEARSAL, TRAINING = "P", "D", "M", "R", "T"
DOOR_WINDOW = timedelta(seconds=30)
MEMBER_WINDOW = timedelta(minutes=5)
CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far a tablet's or a phone's clock may be off, either way."""

SIGNATURE_LENGTH = 14  # Characters of 6 bits each: 84 bits.
WINDOW_LENGTH = 7  # Hexadecimal digits; 30-second windows last until the year 2225.
SHAPE = re.compile(r"[PDM][0-9a-z][A-Za-z0-9_-]{15,30}")
TRAINING_SHAPE = re.compile(r"T[0-9a-z][0-9]{1,10}[A-Za-z0-9_-]{14}", re.ASCII)
REHEARSAL_SHAPE = re.compile(r"R[0-9a-z][0-9]{1,10}[A-Za-z0-9_-]{14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class PosterCode:
    """The printed code of a site: it says where, for as long as the poster hangs."""

    site_id: str


@dataclass(frozen=True, slots=True)
class DoorCode:
    """The code on the tablet at a site's door: it says where, and when to within a window."""

    site_id: str
    shown_at: datetime


@dataclass(frozen=True, slots=True)
class MemberCode:
    """The code on a member's own phone, shown to a keeper: it says who."""

    person_id: int
    shown_at: datetime


ScannedCode = PosterCode | DoorCode | MemberCode


def poster(secret: str, *, site_id: str, version: str = FIRST_VERSION) -> str:
    """The scene of a site's poster. It never changes while the key version does not."""
    return _seal(secret, POSTER + version + site_id)


def door(secret: str, *, site_id: str, at: datetime, version: str = FIRST_VERSION) -> str:
    """What the tablet at the door shows at `at`; another text every 30 seconds."""
    return _seal(secret, DOOR + version + _window(at, DOOR_WINDOW) + site_id)


def door_ahead(
    secret: str, *, site_id: str, since: datetime, windows: int, version: str = FIRST_VERSION
) -> list[str]:
    """What the tablet shows in each of so many windows, from the one of `since` on."""
    return [
        door(secret, site_id=site_id, at=since + number * DOOR_WINDOW, version=version)
        for number in range(windows)
    ]


def member(secret: str, *, person_id: int, at: datetime, version: str = FIRST_VERSION) -> str:
    """What a member shows to a keeper at `at`; another text every 5 minutes."""
    return _seal(secret, MEMBER + version + _window(at, MEMBER_WINDOW) + str(person_id))


def rehearsal(secret: str, *, rehearsal_id: int) -> str:
    """What people scan to sit down at a rehearsal."""
    return _seal(secret, REHEARSAL + FIRST_VERSION + str(rehearsal_id))


def read_rehearsal(secret: str, text: str) -> int:
    """The rehearsal of a scanned code; it is no check-in code, so `read` doesn't take it.

    Raises:
        BadCode: not signed by us, altered, or of another kind.
    """
    return _number(secret, text, shape=REHEARSAL_SHAPE)


def training(secret: str, *, session_id: int) -> str:
    """What people scan at the door of a part of a class."""
    return _seal(secret, TRAINING + FIRST_VERSION + str(session_id))


def read_training(secret: str, text: str) -> int:
    """The part of a class behind a scanned code; it is no check-in code of a site.

    Raises:
        BadCode: not signed by us, altered, or of another kind.
    """
    return _number(secret, text, shape=TRAINING_SHAPE)


def _number(secret: str, text: str, *, shape: re.Pattern[str]) -> int:
    if not shape.fullmatch(text) or text[1] != FIRST_VERSION:
        raise BadCode
    body = text[:-SIGNATURE_LENGTH]
    if not hmac.compare_digest(_seal(secret, body).encode(), text.encode()):
        raise BadCode
    return int(body[2:])


def signer(secrets: Iterable[SecretStr], text: str) -> str:
    """The secret of these to read a scanned text with: the one that signed it, else the first."""
    first, *others = (secret.get_secret_value() for secret in secrets)
    if any(shape.fullmatch(text) for shape in (SHAPE, TRAINING_SHAPE, REHEARSAL_SHAPE)):
        for secret in others:
            if hmac.compare_digest(_seal(secret, text[:-SIGNATURE_LENGTH]).encode(), text.encode()):
                return secret
    return first


def read(secret: str, text: str, *, at: datetime, versions: str = FIRST_VERSION) -> ScannedCode:
    """What a text scanned at `at` says, once its signature has been found right.

    `versions` are the key versions still believed, a letter each; a code of any other one is bad.

    Raises:
        BadCode: not signed by us, or altered.
        ExpiredCode: a rotating code of another time.
    """
    if not SHAPE.fullmatch(text) or text[1] not in versions:
        raise BadCode
    body = text[:-SIGNATURE_LENGTH]
    if not hmac.compare_digest(_seal(secret, body).encode(), text.encode()):
        raise BadCode
    kind, said = body[0], body[2:]
    if kind == POSTER:
        return PosterCode(said)
    window, subject = said[:WINDOW_LENGTH], said[WINDOW_LENGTH:]
    if kind == DOOR:
        return DoorCode(subject, _shown(window, DOOR_WINDOW, at))
    return MemberCode(int(subject), _shown(window, MEMBER_WINDOW, at))


def door_window(at: datetime) -> datetime:
    """When the code that the tablet shows at `at` was new."""
    return _window_ends(at, DOOR_WINDOW) - DOOR_WINDOW


def next_door_code(at: datetime) -> datetime:
    """When the tablet shows another code."""
    return _window_ends(at, DOOR_WINDOW)


def next_member_code(at: datetime) -> datetime:
    """When the member's phone shows another code."""
    return _window_ends(at, MEMBER_WINDOW)


def _window_ends(at: datetime, length: timedelta) -> datetime:
    seconds = length.total_seconds()
    return datetime.fromtimestamp((at.timestamp() // seconds + 1) * seconds, at.tzinfo)


def _window(at: datetime, length: timedelta) -> str:
    return f"{int(at.timestamp() // length.total_seconds()):0{WINDOW_LENGTH}x}"


def _shown(window: str, length: timedelta, at: datetime) -> datetime:
    shown_at = datetime.fromtimestamp(int(window, 16) * length.total_seconds(), UTC)
    if not shown_at - CLOCK_TOLERANCE <= at < shown_at + length + CLOCK_TOLERANCE:
        raise ExpiredCode
    return shown_at


def _seal(secret: str, body: str) -> str:
    digest = hmac.digest(_key(secret, body[0], body[1]), body.encode(), "sha256")
    return body + base64.urlsafe_b64encode(digest).decode()[:SIGNATURE_LENGTH]


@lru_cache(maxsize=16)
def _key(secret: str, kind: str, version: str) -> bytes:
    """The key of one kind and version, so that a leaked one signs nothing else."""
    info = f"zhibutong code {kind} {version}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())
