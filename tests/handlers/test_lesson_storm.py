"""Promise 7 with real processes: kill -9, lost answers, dead tokens; each person gets exactly one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.push.storm import deployment, verdict
from settings import MassForm, Settings
from tests import servers
from tests.push_shape import TAG, Shape
from tests.push_storm import Count, run

FOLLOWERS, AUDIENCE, BATCH = 300, 240, 30


@pytest.fixture
def stormy(
    tmp_path: Path, postgresql_server: str, postgresql_template: str, redis_server: str
) -> Iterator[Settings]:
    """Settings of a deployment of its own, on PostgreSQL and a Redis that all processes share."""
    name = servers.create_database(postgresql_server, template=postgresql_template)
    yield deployment(str(tmp_path), servers.postgresql_url(postgresql_server, name), redis_server)
    servers.drop_database(postgresql_server, name)


def small(folder: Path) -> Shape:
    """A storm that is over soon."""
    return Shape(FOLLOWERS, AUDIENCE, BATCH, speed=40.0, gate=str(folder / "begun"))


async def test_four_clocks_one_of_them_killed_again_and_again_give_each_person_exactly_one(
    stormy: Settings, tmp_path: Path
) -> None:
    shape = small(tmp_path)
    count = await run(stormy, shape, kill_every=1.0, fewest_kills=3, longest=90)
    assert verdict(count, AUDIENCE) == []
    assert set(count.channels) == {"subscribe", "notice", "mass", "customer_service", "reply"}
    assert count.calls["/cgi-bin/message/mass/send"].get("0", 0) >= 4


async def test_a_message_to_the_tag_whose_sender_was_killed_reaches_each_of_its_bearers_once(
    stormy: Settings, tmp_path: Path
) -> None:
    tagged = stormy.model_copy(update={"lesson_mass_tag": TAG})
    shape = replace(small(tmp_path), mini=0.0, notice=0.0, by_tag=True)
    count = await run(tagged, shape, kill_every=1.0, fewest_kills=3, longest=90)
    assert verdict(count, AUDIENCE) == []
    calls = count.calls["/cgi-bin/message/mass/sendall"]
    assert calls.get("45065", 0) >= 1, calls


async def test_articles_whose_senders_are_killed_reach_each_person_once_and_leave_no_draft(
    stormy: Settings, tmp_path: Path
) -> None:
    as_articles = stormy.model_copy(update={"lesson_mass_form": MassForm.ARTICLE})
    shape = replace(small(tmp_path), mini=0.0, notice=0.0, articles=True)
    count = await run(as_articles, shape, kill_every=1.0, fewest_kills=2, longest=90)
    assert verdict(count, AUDIENCE, articles=True) == []


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        ({"pushed": {1: 9, 2: 1}}, "more than one"),
        ({"lessons": {1: 9, 0: 1}}, "exactly one"),
        ({"outside": 1}, "outside the audience"),
        ({"settled": False}, "settled"),
        ({"unlike": {"7": (3, 4)}}, "other numbers"),
        ({"forms": {"text": 9}}, "the form that was wanted"),
        ({"drafts": {"by hand": 1, "ours": 1}}, "draft box"),
        ({"drafts": {}}, "draft box"),
    ],
)
def test_the_count_sees_what_goes_wrong(found: dict[str, object], wrong: str) -> None:
    good: dict[str, object] = {"pushed": {0: 1, 1: 9}, "lessons": {1: 10}, "outside": 0, "settled": True}
    good |= {"unlike": {}, "forms": {"news": 8, "text": 1}, "drafts": {"by hand": 1}}
    rest: dict[str, object] = {"channels": {}, "ledger": {}, "calls": {}, "kills": 4, "seconds": 1.0}
    assert verdict(Count(**{**good, **rest}), 10, articles=True) == []  # type: ignore[arg-type]
    told = verdict(Count(**{**good, **rest, **found}), 10, articles=True)  # type: ignore[arg-type]
    assert wrong in "; ".join(told)
