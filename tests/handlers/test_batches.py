"""What is asked for in one loop tick is sent together, and each asker gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from handlers.batches import Batch


class Counter:
    """Sends lists, notes them, and can be held up."""

    def __init__(self) -> None:
        self.lists: list[list[int]] = []
        self.may_go = asyncio.Event()
        self.may_go.set()
        self.refuses = -1

    async def send(self, items: Sequence[int]) -> list[int]:
        self.lists.append(list(items))
        await self.may_go.wait()
        if self.refuses in items:
            raise OSError
        return [item * 10 for item in items]


async def test_one_ticks_items_go_together_and_each_gets_its_own_result() -> None:
    counter = Counter()
    batch = Batch(counter.send, timeout=5)
    assert await asyncio.gather(*(batch.submit(n) for n in range(5))) == [0, 10, 20, 30, 40]
    assert counter.lists == [[0, 1, 2, 3, 4]]
    assert await batch.submit(7) == 70


async def test_while_one_list_is_on_its_way_the_next_one_gathers() -> None:
    counter = Counter()
    counter.may_go.clear()
    batch = Batch(counter.send, timeout=5)
    futures = []
    for n in range(4):
        futures.append(batch.submit(n))
        await asyncio.sleep(0)
    assert counter.lists == [[0]]
    counter.may_go.set()
    assert await asyncio.gather(*futures) == [0, 10, 20, 30]
    assert counter.lists == [[0], [1, 2, 3]]


async def test_a_longer_list_than_may_be_goes_in_parts() -> None:
    counter = Counter()
    batch = Batch(counter.send, timeout=5, size=2)
    assert await asyncio.gather(*(batch.submit(n) for n in range(5))) == [0, 10, 20, 30, 40]
    assert counter.lists == [[0, 1], [2, 3], [4]]


async def test_a_list_that_fails_fails_for_its_own_items_and_the_next_one_goes() -> None:
    counter = Counter()
    counter.refuses = 1
    batch = Batch(counter.send, timeout=5, size=2)
    results = await asyncio.gather(*(batch.submit(n) for n in range(4)), return_exceptions=True)
    assert [type(result) for result in results] == [OSError, OSError, int, int]


async def test_one_that_takes_too_long_fails_and_what_comes_after_it_is_sent() -> None:
    counter = Counter()
    counter.may_go.clear()
    batch = Batch(counter.send, timeout=0.01)
    with pytest.raises(TimeoutError):
        await batch.submit(1)
    counter.may_go.set()
    assert await batch.submit(2) == 20


async def test_what_is_added_when_the_last_list_has_just_come_back_is_not_forgotten() -> None:
    counter = Counter()
    batch = Batch(counter.send, timeout=5)
    first = batch.submit(1)
    second: list[asyncio.Future[int]] = []
    first.add_done_callback(lambda _: second.append(batch.submit(2)))
    assert await first == 10
    assert await asyncio.wait_for(second[0], 1) == 20


async def test_draining_waits_for_all_lists() -> None:
    counter = Counter()
    counter.may_go.clear()
    batch = Batch(counter.send, timeout=5)
    futures = [batch.submit(1)]
    await asyncio.sleep(0)
    futures.append(batch.submit(2))
    draining = asyncio.ensure_future(batch.drain())
    await asyncio.sleep(0.01)
    assert not draining.done()
    counter.may_go.set()
    await draining
    assert all(future.done() for future in futures)
