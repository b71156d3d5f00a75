"""The conditional claim behind promise 4, without any transaction around it; and connections left clean."""

import asyncio
from datetime import timedelta

from handlers.context import Context, open_database
from models import Site, Slot
from tests import servers


async def test_the_last_places_of_a_slot_go_to_whom_the_database_says(ctx: Context) -> None:
    site = await Site.create(
        id="S01",
        name="示范点",
        category="RURAL",
        town="太河镇",
        longitude=118.1,
        latitude=36.5,
        capacity=10,
        opening={},
    )
    slot = await Slot.create(
        site=site, starts_at=ctx.now(), ends_at=ctx.now() + timedelta(hours=2), capacity=10
    )
    won = await asyncio.gather(*(slot.claim(3) for _ in range(10)))
    assert sum(won) == 3
    await slot.refresh_from_db()
    assert slot.taken == 9


async def test_a_transaction_cut_off_halfway_does_not_reach_the_next_user_of_its_connection(
    postgresql_server: str, postgresql_database: str
) -> None:
    url = servers.postgresql_url(postgresql_server, postgresql_database)
    async with open_database(url, pool=1):
        client = Site._meta.db
        async with client.acquire_connection() as connection:
            await connection.execute("BEGIN")
            await connection.execute("CREATE TABLE half_done (id int)")
        assert await Site.all().count() == 0
        found = await client.execute_query_dict("SELECT to_regclass('half_done') AS it")
        assert found == [{"it": None}]
