"""The conditional claim behind promise 4, without any transaction around it."""

import asyncio
from datetime import timedelta

from handlers.context import Context
from models import Site, Slot


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
