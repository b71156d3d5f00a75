"""Dying at any point: the n-th thing that reaches the outside, or comes back from it, is the last one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from handlers.gateways.wechat import WeChat

STATEMENTS = ("execute_query", "execute_query_dict", "execute_insert", "execute_many")


class Killed(BaseException):
    """Stands for kill -9: no `except Exception` sees it, and an open transaction is undone."""


class Death:
    """Comes with the `at`-th statement or call to WeChat, once; `came` says whether it did."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.came = False

    def knock(self) -> None:
        """One more thing is about to happen."""
        self._left -= 1
        if self._left == 0:
            self.came = True
            raise Killed

    def __call__(self, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same act, which may be the last."""

        async def perhaps_the_last(*args: Any, **kwargs: Any) -> Any:
            self.knock()
            return await act(*args, **kwargs)

        return perhaps_the_last


def let_death_come(monkeypatch: pytest.MonkeyPatch, wechat: WeChat, *, at: int) -> Death:
    """From now on the `at`-th statement or call ends the process that makes it.

    A call to WeChat counts twice: it may be the last thing before or after its effect.
    """
    death = Death(at)
    for kind in _kinds(BaseDBAsyncClient):
        for name in STATEMENTS:
            if name in vars(kind):
                monkeypatch.setattr(kind, name, death(vars(kind)[name]))
    for name in ("send_text", "send_subscribe_message", "send_notice"):
        monkeypatch.setattr(wechat, name, _twice(death, getattr(wechat, name)))
    return death


def _twice(death: Death, act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def perhaps_the_last(*args: Any, **kwargs: Any) -> Any:
        death.knock()
        result = await act(*args, **kwargs)
        death.knock()
        return result

    return perhaps_the_last


def _kinds(kind: type) -> list[type]:
    return [one for below in kind.__subclasses__() for one in (below, *_kinds(below))]
