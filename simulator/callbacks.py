"""Calls the product as WeChat does: signed and sealed, five seconds at most, and again if nothing comes."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from settings import MessageMode, Settings
from simulator import crypto, replies
from simulator.call import App
from simulator.faults import Faults

CALLBACK_PATH = "/wechat/callback"
HELD_BACK_AT_MOST = 1.0
Content = tuple[str, dict[str, Any]] | None


class Failed(Exception):
    """No delivery got an acceptable answer; the message says why, in Chinese."""


@dataclass(slots=True)
class Record:
    """What became of the callbacks so far."""

    deliveries: int = 0
    timeouts: int = 0
    failures: int = 0
    duplicates: int = 0
    different_answers: int = 0
    last_failure: str = ""

    def show(self) -> dict[str, Any]:
        """For /control/callbacks."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class CallbackSender:
    """Delivers callbacks to one address. `clock` is wall time: what the product compares with its own."""

    settings: Settings
    faults: Faults
    session: aiohttp.ClientSession
    clock: Callable[[], float]
    cut_off: float = 5.0
    deliveries: int = 3
    record: Record = field(default_factory=Record)
    running: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        """The server URL as configured in the console."""
        return self.settings.public_url.rstrip("/") + CALLBACK_PATH

    async def send(self, app: App, sender: str, fields: Mapping[str, Any]) -> Content:
        """Deliver, up to three times; what the answer shows the sender.

        Raises:
            Failed: no answer in time, or one that WeChat does not accept.
        """
        body = {
            "ToUserName": self.account(app),
            "FromUserName": sender,
            "CreateTime": int(self.clock()),
            **fields,
        }
        expected = self._expected(app, sender, is_event="Event" in body)
        if self.faults.strikes(self.faults.reorder_callbacks):
            await asyncio.sleep(self.faults.random.random() * HELD_BACK_AT_MOST)
        duplicate = self.faults.strikes(self.faults.duplicate_callbacks)
        again = self.spawn(self._deliver(body, expected)) if duplicate else None
        answer = await self._deliver(body, expected)
        content = self._read(answer, expected)
        if again is not None:
            self.record.duplicates += 1
            self._compare(content, await again, expected)
        return content

    async def verify(self) -> bool:
        """What the console does when the URL is saved: the echostr must come back as it is."""
        echo = str(secrets.randbelow(10**18))
        query = self._query() | {"echostr": echo}
        try:
            async with self.session.get(self.url, params=query, timeout=self._timeout()) as response:
                return response.status == 200 and await response.text() == echo
        except (TimeoutError, aiohttp.ClientError):
            return False

    def spawn(self, work: Any) -> "asyncio.Task[Any]":
        """Run on the side, held so that it is not collected."""
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    def account(self, app: App) -> str:
        """The original id (gh_…) of an app; ours is drawn from its app id."""
        return "gh_" + crypto.signature(self._app_id(app))[:12]

    async def _deliver(self, body: Mapping[str, Any], expected: replies.Expected) -> bytes:
        for _ in range(self.deliveries):
            started = time.monotonic()
            answer = await self._post(body, expected)
            if answer is not None:
                return answer
            self.record.timeouts += 1
            await asyncio.sleep(max(0.0, self.cut_off - (time.monotonic() - started)))
        self._fail("没有在限时内答复")
        raise Failed(self.record.last_failure)

    async def _post(self, body: Mapping[str, Any], expected: replies.Expected) -> bytes | None:
        """One delivery; None when no whole answer came in time."""
        query = self._query() | {"openid": expected.user}
        data = self._data(body, expected, query)
        self.record.deliveries += 1
        headers = {"Content-Type": "text/xml"}
        try:
            async with self.session.post(
                self.url, params=query, data=data, headers=headers, timeout=self._timeout()
            ) as response:
                answer = await response.read()
        except (TimeoutError, aiohttp.ClientError):
            return None
        if response.status != 200:
            self._fail(f"答复的状态是 {response.status}")
            raise Failed(self.record.last_failure)
        return answer

    def _data(self, body: Mapping[str, Any], expected: replies.Expected, query: dict[str, str]) -> bytes:
        clear = to_xml(body)
        if expected.mode is MessageMode.PLAIN:
            return clear
        sealed = crypto.seal(clear, key=expected.key, app_id=expected.app_id)
        query["encrypt_type"] = "aes"
        query["msg_signature"] = crypto.signature(expected.token, query["timestamp"], query["nonce"], sealed)
        if expected.mode is MessageMode.COMPATIBLE:
            return to_xml({**body, "Encrypt": sealed})
        return to_xml({"ToUserName": body["ToUserName"], "Encrypt": sealed})

    def _query(self) -> dict[str, str]:
        timestamp, nonce = str(int(self.clock())), str(secrets.randbelow(10**10))
        token = self.settings.oa_token.get_secret_value()
        return {
            "signature": crypto.signature(token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
        }

    def _read(self, answer: bytes, expected: replies.Expected) -> Content:
        try:
            return replies.read(answer, expected)
        except replies.BadReply as error:
            self._fail(str(error))
            raise Failed(str(error)) from error

    def _compare(self, content: Content, other: bytes, expected: replies.Expected) -> None:
        # A silent answer beside a spoken one is right: the second came while the first was being worked on.
        again = self._read(other, expected)
        if again is not None and content is not None and again != content:
            self.record.different_answers += 1

    def _fail(self, why: str) -> None:
        self.record.failures += 1
        self.record.last_failure = why

    def _expected(self, app: App, sender: str, *, is_event: bool) -> replies.Expected:
        settings = self.settings
        return replies.Expected(
            user=sender,
            account=self.account(app),
            is_event=is_event,
            mode=settings.oa_message_mode,
            token=settings.oa_token.get_secret_value(),
            key=settings.oa_encoding_aes_key.get_secret_value(),
            app_id=self._app_id(app),
        )

    def _app_id(self, app: App) -> str:
        return self.settings.oa_app_id if app is App.OFFICIAL_ACCOUNT else self.settings.mp_app_id

    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self.cut_off)


def to_xml(fields: Mapping[str, Any]) -> bytes:
    """WeChat's XML: text in CDATA, numbers bare, lists repeated."""
    return f"<xml>{_members(fields)}</xml>".encode("utf-8", "replace")


def _members(fields: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_value(item)}</{name}>"
        for name, value in fields.items()
        for item in (value if isinstance(value, list) else [value])
    )


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _members(value)
    if isinstance(value, int | float):
        return str(value)
    return f"<![CDATA[{str(value).replace(']]>', ']]]]><![CDATA[>')}]]>"
