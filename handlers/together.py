"""What many requests ask for alike, asked for in one round trip, which costs more than what it carries."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from redis.asyncio import Redis

from handlers.batches import Batch
from models import Account, statements

REDIS_TIMEOUT = 1.0
DATABASE_TIMEOUT = 10.0
Commands = tuple[Redis, tuple[tuple[Any, ...], ...]]


def _accounts() -> Batch[int, Account | None]:
    return Batch(statements.accounts, timeout=DATABASE_TIMEOUT)


def _commands() -> Batch[Commands, list[Any]]:
    return Batch(_run, timeout=REDIS_TIMEOUT)


@dataclass(slots=True)
class Together:
    """One process's questions on their way. Not for use in a transaction: others may ask through it."""

    accounts: Batch[int, Account | None] = field(default_factory=_accounts)
    commands: Batch[Commands, list[Any]] = field(default_factory=_commands)

    async def account(self, account_id: int) -> Account | None:
        """A WeChat identity with its person, as of now."""
        return await self.accounts.submit(account_id)

    async def redis(self, redis: Redis, *commands: tuple[Any, ...]) -> list[Any]:
        """Redis's answers to commands, sent one behind the other.

        Raises:
            RedisError, OSError, TimeoutError: one of them got none.
        """
        answers = await self.commands.submit((redis, commands))
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers


async def _run(asked: Sequence[Commands]) -> Sequence[list[Any]]:
    redis, _ = asked[0]
    async with redis.pipeline(transaction=False) as pipe:
        for _, commands in asked:
            for command in commands:
                pipe.execute_command(*command)
        answers = iter(await cast(Awaitable[list[Any]], pipe.execute(raise_on_error=False)))
    return [[next(answers) for _ in commands] for _, commands in asked]
