"""The demo's cycle: five branches at five stages, made once."""

import pytest

from handlers import demo_assessments, seeding
from handlers.context import Context
from models import Assessment, Cycle


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_demo_has_branches_at_different_stages(ctx: Context) -> None:
    await seeding.seed_people(ctx)
    for _ in range(2):
        await demo_assessments.keep_cycle(ctx)
    assert await Cycle.all().count() == 1
    rows = await Assessment.all().select_related("branch")
    assert {row.branch.code: row.stage.value for row in rows} == {
        "ZC0101": "rectifying", "ZC0102": "assessing", "ZC1301": "to_accept", "ZC1302": "to_feed_back",
        "ZC1401": "in_review",
    }  # fmt: skip
