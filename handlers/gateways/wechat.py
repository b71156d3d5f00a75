"""WeChat's API over aiohttp: the only place that speaks to the outside."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis

from settings import Settings


@dataclass(frozen=True, slots=True)
class Login:
    """What `jscode2session` says about a mini-program user. The session key stays in here."""

    openid: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class MassReceipt:
    """What a mass send answers. `repeated` when WeChat knew the client message id already (45065)."""

    message_id: str
    repeated: bool


class WeChat(Protocol):
    """What the use-cases ask of WeChat. Failures raise `WeChatError` subclasses (see errors.py)."""

    async def send_text(self, openid: str, text: str) -> None:
        """A customer-service text message (custom/send)."""

    async def send_mass_text(
        self, openids: Sequence[str], text: str, *, client_message_id: str
    ) -> MassReceipt:
        """A mass message to 2..10,000 followers (mass/send)."""

    async def send_subscribe_message(
        self, openid: str, template_id: str, values: dict[str, str], *, page: str = ""
    ) -> None:
        """A mini-program subscribe message (subscribe/send)."""

    async def log_in(self, code: str) -> Login:
        """Exchange a wx.login code (sns/jscode2session)."""

    async def phone_number(self, phone_code: str) -> str:
        """The number behind a getPhoneNumber code, digits only, without the country code."""

    async def union_id(self, openid: str) -> str | None:
        """A follower's unionid (user/info), None when the platform gives none."""

    async def create_poster_code(self, scene: str) -> str:
        """A permanent parametric QR (qrcode/create); returns the URL to draw as a QR code."""

    async def create_menu(self, menu: dict[str, object]) -> None:
        """Replace the account's menu (menu/create)."""


@asynccontextmanager
async def open_wechat(settings: Settings, redis: Redis) -> AsyncIterator[WeChat]:
    """The gateway for these settings; closes its connections."""
    raise NotImplementedError
    yield
