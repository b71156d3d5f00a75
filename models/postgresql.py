"""How we connect to PostgreSQL."""

import asyncpg


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that isn't cleaned up in a round trip of its own after each use.

    What would be cleaned up is what outlives a transaction: settings, cursors, listeners and locks of a
    session. We make none; locks are taken for a transaction (handlers/locks.py). An open transaction is
    rolled back all the same.
    """

    def get_reset_query(self) -> str:
        """Nothing."""
        return ""
