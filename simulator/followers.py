"""The people who have WeChat: their identity in each app, and what the platform remembers of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.call import App
from simulator.envelope import PlatformError

if TYPE_CHECKING:
    from simulator.messages import Message

PAGE_OF_FOLLOWERS = 10_000
NUMBERED = "oNumbered-"


@dataclass(slots=True)
class Allowance:
    """Customer-service messages that a follower's act permits: how many, and until when."""

    until: float
    left: int


@dataclass(slots=True)
class Follower:
    """One person with WeChat, whether they follow the account at the moment or not."""

    openid: str
    mp_openid: str
    unionid: str
    name: str
    phone: str
    duty: str = ""
    organization: str = ""
    follows: bool = True
    followed_at: float = 0.0
    followed_by: str = "ADD_SCENE_SEARCH"
    scene: str = ""
    remark: str = ""
    tags: list[int] = field(default_factory=list)
    consents: dict[str, int] = field(default_factory=dict)
    allowances: dict[str, Allowance] = field(default_factory=dict)
    interacted_at: float = 0.0
    typing_until: float = 0.0
    mass_month: str = ""
    mass_count: int = 0
    session_key: str = ""
    visited_at: float = 0.0
    last_event_at: int = 0
    history: list[Message] = field(default_factory=list)

    def openid_in(self, app: App) -> str:
        """Their identity in that app."""
        return self.openid if app is App.OFFICIAL_ACCOUNT else self.mp_openid


class Followers:
    """Everybody, found by either openid; and those who follow, in the order they came."""

    def __init__(self, people: Iterable[Mapping[str, Any]], *, now: float) -> None:
        self._by_openid: dict[App, dict[str, Follower]] = {app: {} for app in App}
        self._following: dict[str, None] = {}
        self._pages: tuple[list[str], dict[str, int]] | None = None
        for person in people:
            self.add(from_person(person, now=now))

    def __iter__(self) -> Iterator[Follower]:
        return iter(self._by_openid[App.OFFICIAL_ACCOUNT].values())

    def __len__(self) -> int:
        return len(self._by_openid[App.OFFICIAL_ACCOUNT])

    def add(self, follower: Follower) -> None:
        """Put a person in."""
        for app in App:
            self._by_openid[app][follower.openid_in(app)] = follower
        self.set_follows(follower, follower.follows)

    def add_numbered(self, count: int, *, now: float) -> int:
        """Fill up to that many numbered followers; how many were new."""
        new = 0
        for number in range(1, count + 1):
            if f"{NUMBERED}{number:018d}" not in self._by_openid[App.OFFICIAL_ACCOUNT]:
                self.add(numbered(number, now=now))
                new += 1
        return new

    def get(self, openid: str, app: App) -> Follower | None:
        """The person with that openid in that app."""
        return self._by_openid[app].get(openid)

    def find(self, openid: str) -> Follower | None:
        """The person with that openid in either app."""
        return self.get(openid, App.OFFICIAL_ACCOUNT) or self.get(openid, App.MINI_PROGRAM)

    def require(self, openid: str, app: App) -> Follower:
        """The person with that openid in that app, or 40003."""
        follower = self.get(openid, app)
        if follower is None:
            raise PlatformError(40003)
        return follower

    def set_follows(self, follower: Follower, follows: bool) -> None:
        """Begin or end following."""
        follower.follows = follows
        if follows:
            self._following[follower.openid] = None
        else:
            self._following.pop(follower.openid, None)
        self._pages = None

    def following(self) -> list[Follower]:
        """Those who follow now, in the order they came."""
        everybody = self._by_openid[App.OFFICIAL_ACCOUNT]
        return [everybody[openid] for openid in self._following]

    def page(self, after: str) -> tuple[int, list[str]]:
        """How many follow, and the openids that come after that one."""
        if self._pages is None:
            openids = list(self._following)
            self._pages = openids, {openid: index for index, openid in enumerate(openids, 1)}
        openids, positions = self._pages
        if after and after not in positions:
            raise PlatformError(40003)
        start = positions[after] if after else 0
        return len(openids), openids[start : start + PAGE_OF_FOLLOWERS]


def from_person(person: Mapping[str, Any], *, now: float) -> Follower:
    """A person of content/demo/people.yaml as WeChat knows them."""
    return Follower(
        openid=person["openid"],
        mp_openid=person["mp_openid"],
        unionid=person["unionid"],
        name=person["name"],
        phone=str(person["phone"]),
        duty=person.get("duty", "") if person.get("roster", True) else "",
        organization=person.get("organization", ""),
        follows=person.get("follows", True),
        followed_at=now,
    )


def numbered(number: int, *, now: float) -> Follower:
    """A follower of whom nothing is known but a number."""
    return Follower(
        openid=f"{NUMBERED}{number:018d}",
        mp_openid=f"mNumbered-{number:018d}",
        unionid=f"uNumbered-{number:018d}",
        name=f"编号{number}",
        phone=f"1991{number:07d}",
        followed_at=now,
    )


def is_numbered(openid: str) -> bool:
    """Whether it is a numbered follower's."""
    return openid.startswith(NUMBERED)


def number_of(openid: str) -> int:
    """Which one."""
    return int(openid.removeprefix(NUMBERED))
