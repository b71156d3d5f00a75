"""The watch over the event loop sees what it is there to see."""

import socket
import sqlite3
import time

import pytest
from blockbuster import BlockingError


async def test_sleeping_on_the_loop_fails() -> None:
    with pytest.raises(BlockingError):
        time.sleep(0.01)  # noqa: ASYNC251


async def test_a_blocking_socket_on_the_loop_fails() -> None:
    with socket.socket() as blocking, pytest.raises(BlockingError):
        blocking.connect(("127.0.0.1", 9))


async def test_a_database_on_the_loop_fails() -> None:
    with sqlite3.connect(":memory:") as connection, pytest.raises(BlockingError):
        connection.execute("SELECT 1")


def test_outside_the_loop_waiting_is_nobodys_business() -> None:
    time.sleep(0)
