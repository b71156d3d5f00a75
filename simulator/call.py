"""One API call as an endpoint sees it, and the typed questions it may ask of the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from simulator.envelope import PlatformError

if TYPE_CHECKING:
    from simulator.world import World


class App(StrEnum):
    """The two apps of one subject; openids, tokens and quotas are separate in each."""

    OFFICIAL_ACCOUNT = "oa"
    MINI_PROGRAM = "mp"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file sent as multipart form data."""

    name: str
    content: bytes


@dataclass(slots=True)
class Call:
    """A call whose token, method and quota have been found good."""

    world: World
    path: str
    app: App | None
    query: Mapping[str, str]
    body: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str, default: str | None = None) -> str:
        """A member of the body that must be a string."""
        return text(self.body, name, default)

    def integer(self, name: str, default: int | None = None) -> int:
        """A member of the body that must be a whole number."""
        value = self.body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise PlatformError(47001)
        return value

    def items(self, name: str) -> list[Any]:
        """A member of the body that must be a list."""
        value = self.body.get(name)
        if not isinstance(value, list):
            raise PlatformError(47001)
        return value

    def strings(self, name: str) -> list[str]:
        """A member of the body that must be a list of strings."""
        values = self.items(name)
        if not all(isinstance(value, str) for value in values):
            raise PlatformError(47001)
        return values

    def member(self, name: str) -> dict[str, Any]:
        """A member of the body that must be an object."""
        return member(self.body, name)


def text(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A member of an object that must be a string."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise PlatformError(47001)
    return value


def member(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A member of an object that must itself be an object."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise PlatformError(47001)
    return value
