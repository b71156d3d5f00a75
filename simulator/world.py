"""Everything the platform knows at a moment, and its clock."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from settings import Settings
from simulator.call import App
from simulator.drafts import Drafts
from simulator.faults import Faults
from simulator.followers import Followers
from simulator.logins import LoginCodes
from simulator.mass import MassMessages
from simulator.messages import SHANGHAI, Phones
from simulator.qrcodes import Codes
from simulator.quotas import Quotas
from simulator.tags import Tags
from simulator.templates import Template
from simulator.tokens import Tokens

if TYPE_CHECKING:
    from simulator.callbacks import CallbackSender
    from simulator.endpoints import Endpoint

PAGE = re.compile(r"pages/[A-Za-z0-9_\-]+(?:/[A-Za-z0-9_\-]+)*")
FIRST_MESSAGE_ID = 1_000_000_000
FIRST_INBOUND_ID = 24_800_000_000_000_000


@dataclass(slots=True)
class World:
    """The simulated platform's memory. `clock` is wall time; `offset` is what /control/clock added."""

    settings: Settings
    clock: Callable[[], datetime]
    followers: Followers
    endpoints: Mapping[str, Endpoint]
    drafts: Drafts
    offset: timedelta = timedelta()
    phones: Phones = field(default_factory=Phones)
    tokens: Tokens = field(default_factory=Tokens)
    quotas: Quotas = field(default_factory=Quotas)
    faults: Faults = field(default_factory=Faults)
    codes: Codes = field(default_factory=Codes)
    tags: Tags = field(default_factory=Tags)
    mass: MassMessages = field(default_factory=MassMessages)
    logins: LoginCodes = field(default_factory=LoginCodes)
    phone_codes: LoginCodes = field(default_factory=LoginCodes)
    oauth_codes: LoginCodes = field(default_factory=LoginCodes)
    menu: list[dict[str, Any]] = field(default_factory=list)
    templates: dict[App, dict[str, Template]] = field(default_factory=dict)
    template_sends: dict[str, tuple[int, float]] = field(default_factory=dict)
    tickets: dict[str, tuple[str, float]] = field(default_factory=dict)
    calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    last_message_id: int = FIRST_MESSAGE_ID
    last_inbound_id: int = FIRST_INBOUND_ID
    announcement_delay: float = 0.05
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    sender: CallbackSender | None = None

    @property
    def secrets(self) -> dict[str, tuple[App, str]]:
        """App and secret by app id."""
        settings = self.settings
        return {
            settings.oa_app_id: (App.OFFICIAL_ACCOUNT, settings.oa_secret.get_secret_value()),
            settings.mp_app_id: (App.MINI_PROGRAM, settings.mp_secret.get_secret_value()),
        }

    @property
    def callbacks(self) -> CallbackSender:
        """The sender, which lives while the application runs."""
        if self.sender is None:
            raise RuntimeError("The simulator is not running.")
        return self.sender

    def now(self) -> datetime:
        """The platform's time."""
        return self.clock().astimezone(SHANGHAI) + self.offset

    def time(self) -> float:
        """The platform's time in seconds."""
        return self.clock().timestamp() + self.offset.total_seconds()

    def wall_time(self) -> float:
        """What stamps callbacks: a moved platform clock must not make them look old to the product."""
        return self.clock().timestamp()

    def next_message_id(self) -> int:
        """The number of something sent out."""
        self.last_message_id += 1
        return self.last_message_id

    def next_inbound_id(self) -> int:
        """A MsgId."""
        self.last_inbound_id += 1
        return self.last_inbound_id

    def has_page(self, page: str) -> bool:
        """Whether the mini program's released version has that page: any well-formed path here."""
        return PAGE.fullmatch(page) is not None

    def announce(self, app: App, sender: str, event: Mapping[str, Any]) -> None:
        """Tell the app's server of an event a moment later; its answer is shown to nobody."""
        self.callbacks.spawn(self._announce(app, sender, event))

    async def _announce(self, app: App, sender: str, event: Mapping[str, Any]) -> None:
        from simulator.callbacks import Failed

        await asyncio.sleep(self.announcement_delay)
        try:
            await self.callbacks.send(app, sender, {"MsgType": "event", **event})
        except Failed:
            return  # It stands in the sender's record; nobody's phone shows it.


def new_world(
    settings: Settings,
    people: Iterable[Mapping[str, Any]],
    *,
    clock: Callable[[], datetime],
    endpoints: Mapping[str, Endpoint],
) -> World:
    """The platform on its first day: the given people, and the templates the settings name."""
    templates: dict[App, dict[str, Template]] = {app: {} for app in App}
    if settings.lesson_template_id:
        templates[App.MINI_PROGRAM][settings.lesson_template_id] = Template("每周微课提醒")
    if settings.lesson_notice_template_id:
        templates[App.OFFICIAL_ACCOUNT][settings.lesson_notice_template_id] = Template("每周微课通知")
    return World(
        settings=settings,
        clock=clock,
        followers=Followers(people, now=clock().timestamp()),
        endpoints=endpoints,
        drafts=Drafts(settings.wechat_api_base.rstrip("/")),
        templates=templates,
    )
