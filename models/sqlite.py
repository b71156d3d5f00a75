"""How a hot transaction goes to SQLite: as one piece of work for the connection's thread.

Each statement that is awaited by itself costs two changes of thread, and the event loop may find something
else to do before the next: six statements took as long on their way as a hundred rows take to be written.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import aiosqlite
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

Result = TypeVar("Result")
Run = Callable[..., Awaitable[object]]


async def in_one_piece(client: BaseDBAsyncClient, steps: Callable[[sqlite3.Connection], Result]) -> Result:
    """Run `steps` in the connection's thread, in a transaction of its own, or in the one that is open.

    Once begun it is done to the end or not at all, also if whoever waits for it is cancelled.

    Raises:
        IntegrityError, OperationalError: nothing is written.
    """
    connection: aiosqlite.Connection
    async with client.acquire_connection() as connection:
        try:
            # Its methods run one statement each; what they all use runs anything.
            run: Run = connection._execute
            return cast(Result, await run(_transaction, connection._conn, steps))
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error


def _transaction(connection: sqlite3.Connection, steps: Callable[[sqlite3.Connection], Result]) -> Result:
    name = "piece" if connection.in_transaction else ""
    connection.execute(f"SAVEPOINT {name}" if name else "BEGIN IMMEDIATE")
    try:
        result = steps(connection)
        connection.execute(f"RELEASE {name}" if name else "COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute(f"ROLLBACK TO {name}" if name else "ROLLBACK")
        raise
    return result
