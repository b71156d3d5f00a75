"""Promise 7 with real processes: kill -9, lost answers, a dead token; each person gets exactly one."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from models import Channel, Delivery, DeliveryStatus
from settings import Settings
from tests import servers
from tests.fakes import SHANGHAI
from tests.push_storm import BAD_DAY, let_a_token_die, storm

BEGINS = datetime(2026, 11, 20, 14, 59, 50, tzinfo=SHANGHAI)
SIZE, CONSENTING, BATCH = 900, 400, 60


@pytest.fixture
def stormy(tmp_path: Path, postgresql_server: str, redis_server: str) -> Iterator[Settings]:
    """Settings of a deployment of its own, on PostgreSQL and a Redis that all processes share."""
    name = servers.create_database(postgresql_server)
    url = servers.postgresql_url(postgresql_server, name)
    yield Settings(
        _env_file=".env.demo",
        data_dir=tmp_path,
        database_url=url,
        redis_url=redis_server,
        wechat_api_base=f"http://127.0.0.1:{servers.free_port()}",
        public_url=f"http://127.0.0.1:{servers.free_port()}",
        callback_max_age=0,
    )
    servers.drop_database(postgresql_server, name)


async def test_four_clocks_one_of_them_killed_again_and_again_give_each_person_exactly_one(
    stormy: Settings,
) -> None:
    from handlers import schema

    await schema.migrate(stormy, progress=lambda _: None)
    async with storm(stormy, begins=BEGINS, size=SIZE, consenting=CONSENTING, batch=BATCH) as one:
        one.world.faults.set(BAD_DAY)
        for _ in range(4):
            await one.start_clock()
        for second in range(80):
            await asyncio.sleep(0.5)
            if one.kills < 4 and second % 3 == 2 and await Delivery.all().exists():
                await one.kill_one()
            if second == 6:
                await let_a_token_die(stormy)
            if one.kills >= 4 and await one.is_over():
                break
        assert await one.is_over()
        await asyncio.sleep(0.5)  # The last reports.
        # Nobody has two. Who has none is alone or doubtful, and the lesson waits for them.
        left = Delivery.filter(channel=Channel.PULL, status=DeliveryStatus.PLANNED)
        assert set(one.received()) <= {0, 1}, one.received()
        assert await Delivery.all().count() == SIZE
        assert {row.error for row in await left} <= {"alone", "unconfirmed"}
        assert one.received()[0] <= await left.count() <= SIZE // 100
        assert not await Delivery.filter(status=DeliveryStatus.FAILED).exists()
