"""One at a time, across processes, on both databases."""

from tortoise.backends.base.client import BaseDBAsyncClient

_TAKE_WRITE_LOCK = "DELETE FROM people WHERE 0"
"""Removes nothing, but SQLite takes its one write lock for it, and reads what is newest from then on."""


async def hold(connection: BaseDBAsyncClient, name: str) -> None:
    """Wait until nobody else holds `name`; it is let go when the transaction ends.

    Call it before the transaction reads what it decides on.
    """
    if connection.capabilities.dialect == "sqlite":
        await connection.execute_query(_TAKE_WRITE_LOCK)
        return
    await connection.execute_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [name])


async def try_hold(connection: BaseDBAsyncClient, name: str) -> bool:
    """Hold `name` if nobody else does; SQLite waits for its one write lock instead."""
    if connection.capabilities.dialect == "sqlite":
        await connection.execute_query(_TAKE_WRITE_LOCK)
        return True
    rows = await connection.execute_query_dict(
        "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS held", [name]
    )
    return bool(rows[0]["held"])
