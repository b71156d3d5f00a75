"""Promise 5 over drawn logs: what the database keeps is what a plain reckoning says, in any order.

The reckoning asks the same gates (`handlers.gates`) which visit a scan belongs to, and takes the earliest of
a person's scans. First it is held to be a merge at all, over hundreds of drawn logs and without a database;
then the database is held to it.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handlers import checkins, codes, gates, sites
from handlers.context import Context
from handlers.errors import ScanRefused
from models import Booking, BookingStatus, CheckIn, Person, RefusedScan, Role, UploadedScan
from tests.fakes import SHANGHAI, Clock
from tests.handlers.town import Town, build, new_slot, person

EXAMPLES = int(os.environ.get("ZBT_TEST_EXAMPLES", "6"))
BEGIN = datetime(2026, 11, 20, 14, 0, tzinfo=SHANGHAI)
MINUTES = (-700, -31, -30, -29, 0, 7, 89, 90, 91, 119, 120, 121, 149, 200, 239, 240, 241)
"""Around the gates of two visits on end, from 14:00 to 16:00 and from 16:00 to 18:00."""
MEMBERS = 3


@dataclass(frozen=True, order=True)
class Seen:
    """Somebody was scanned: the how many-th member, by which of three keepers (online: by none), and when."""

    member: int
    keeper: int
    minute: int

    @property
    def at(self) -> datetime:
        return BEGIN + timedelta(minutes=self.minute)

    @property
    def source(self) -> str:
        return "poster" if self.keeper == 0 else "member"


SCANS = st.lists(
    st.builds(Seen, st.integers(0, MEMBERS - 1), st.integers(0, 3), st.sampled_from(MINUTES)), max_size=14
)
Reckoned = dict[tuple[int, int], tuple[datetime, str]]


def outcome(visits: list[Booking], seen: Seen) -> int | str:
    """The visit that a scan belongs to, or why it belongs to none."""
    try:
        return gates.choose(visits, here=lambda site: site == "S10", at=seen.at, zone=SHANGHAI).id
    except ScanRefused as refused:
        return refused.code


def reckon(visits: list[Booking], scans: list[Seen]) -> Reckoned:
    """Who was where from when: the earliest of all scans."""
    present: Reckoned = {}
    for seen in scans:
        visit = outcome(visits, seen)
        if isinstance(visit, int):
            entry = (seen.at, seen.source)
            present[visit, seen.member] = min(present.get((visit, seen.member), entry), entry)
    return present


def two_visits_on_end() -> list[Any]:
    """What `gates` reads of a visit, without a database."""
    found = []
    for number in range(2):
        begins = BEGIN + timedelta(hours=2 * number)
        slot = SimpleNamespace(
            site_id="S10",
            site=SimpleNamespace(name="阵地"),
            starts_at=begins,
            ends_at=begins + timedelta(hours=2),
        )
        found.append(SimpleNamespace(id=number + 1, slot=slot, status=BookingStatus.CONFIRMED))
    return found


@hypothesis_settings(max_examples=400, deadline=None)
@given(data=st.data(), scans=SCANS)
def test_any_order_repetition_and_division_of_logs_reckons_the_same(
    data: st.DataObject, scans: list[Seen]
) -> None:
    visits = two_visits_on_end()
    expected = reckon(visits, scans)
    again = data.draw(st.lists(st.sampled_from(scans), max_size=6)) if scans else []
    shuffled = data.draw(st.permutations(scans + again))
    assert reckon(list(reversed(visits)), list(shuffled)) == expected
    cut = data.draw(st.integers(0, len(scans)))
    parts = [reckon(visits, scans[:cut]), reckon(visits, scans[cut:])]
    merged = {key: min(part[key] for part in parts if key in part) for key in parts[0] | parts[1]}
    assert merged == expected
    for (visit, member), (at, source) in expected.items():
        slot = visits[visit - 1].slot
        assert slot.starts_at - gates.OPENS_BEFORE <= at < slot.ends_at
        assert (at, source) in [(seen.at, seen.source) for seen in scans if seen.member == member]


@hypothesis_settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 50,
    phases=[Phase.generate],  # Each example is a database's work; shrinking one takes minutes.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), scans=SCANS)
async def test_the_database_keeps_what_the_reckoning_says(
    ctx: Context, clock: Clock, data: st.DataObject, scans: list[Seen]
) -> None:
    world, members, keepers, visits = await fresh(ctx)
    again = data.draw(st.lists(st.sampled_from(scans), max_size=4)) if scans else []
    for seen in data.draw(st.permutations(scans + again)):
        await enter(world, clock, seen, members=members, keepers=keepers)
    expected = reckon(visits, scans)
    kept = {
        (row.booking_id, members.index(await row.person)): (row.at, row.source) for row in await CheckIn.all()
    }
    assert kept == expected
    lines = {row.key: row.outcome for row in await UploadedScan.all()}
    uploaded = {seen for seen in scans if seen.keeper}
    said = ["entered" if isinstance(what := outcome(visits, seen), int) else what for seen in uploaded]
    assert sorted(lines.values()) == sorted(said)


async def fresh(ctx: Context) -> tuple[Town, list[Person], list[Person], list[Booking]]:
    """The town, made once; two visits of its branch, made anew."""
    if not (there := FOUND.get(id(ctx))):
        world = await build(ctx)
        members = [await person(world.branch, Role.MEMBER) for _ in range(MEMBERS)]
        keepers = [await person(world.other_branch, Role.SITE_KEEPER, site=world.site) for _ in range(3)]
        visits = []
        for number in range(2):
            slot = await new_slot(world.site, BEGIN + timedelta(hours=2 * number))
            visits.append(
                await Booking.create(
                    slot=slot, branch=world.branch, headcount=9, theme="主题党日",
                    status=BookingStatus.CONFIRMED, live_key=f"k{number}", created_at=BEGIN,
                )
            )  # fmt: skip
        FOUND.clear()
        there = FOUND[id(ctx)] = (world, members, keepers, visits)
    for table in (CheckIn, RefusedScan, UploadedScan):
        await table.all().delete()
    await Booking.all().update(status=BookingStatus.CONFIRMED)
    return there


FOUND: dict[int, tuple[Town, list[Person], list[Person], list[Booking]]] = {}


async def enter(
    world: Town, clock: Clock, seen: Seen, *, members: list[Person], keepers: list[Person]
) -> None:
    """One scan as it comes in: online at its moment, or in a keeper's log in the evening."""
    secret = world.ctx.settings.secret_key.get_secret_value()
    if seen.keeper == 0:
        clock.now = seen.at
        code = sites.poster_scene(world.ctx, site_id="S10")
        with suppress(ScanRefused):
            await checkins.check_in(world.at(members[seen.member]), code=code)
        return
    clock.now = BEGIN + timedelta(hours=6)
    code = codes.member(secret, person_id=members[seen.member].id, at=seen.at)
    line: dict[str, Any] = {"code": code, "at": seen.at.isoformat()}
    await checkins.upload(world.at(keepers[seen.keeper - 1]), scans=[line])
