"""Guards taken out: what each promise's own tests would see if its guard were not there.

The promises themselves are tested where they are kept; here each guard is removed for a moment to
show that it, and nothing else, keeps the promise. The guards of promises 1, 3, 4 and 7 are removed
beside their tests (tests/bot/test_desk.py, tests/handlers/gateways, test_bookings.py, test_lessons.py).
"""

import re
from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest
from tortoise import connections

from bot.protocol import Protocol, Rejected
from handlers import access, audit, bookings, checkins, sites
from handlers.access import Reach
from handlers.answering.engine import Engine
from handlers.answering.shapes import Citation, Fact
from handlers.context import Context
from handlers.errors import NotFound
from models import Booking, BookingStatus, CheckIn, Role
from settings import Settings
from tests.bot.platform import Platform, text_message
from tests.fakes import Clock
from tests.handlers.town import Town, build, new_slot


def forged() -> tuple[dict[str, str], bytes]:
    """A message sealed by somebody who doesn't know our token."""
    theirs = Settings(_env_file=".env.demo", oa_token="notOurToken")
    path, body = Platform(theirs).safe(text_message("帮助"))
    return dict(parse_qsl(urlsplit(path).query)), body.encode()


def test_promise_2_without_the_signature_check_forgeries_are_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    protocol = Protocol(Settings(_env_file=".env.demo"))
    query, body = forged()
    with pytest.raises(Rejected):
        protocol.open(query, body)
    monkeypatch.setattr(Protocol, "_check", lambda *_: None)
    assert protocol.open(query, body).message.content == "帮助"


def test_promise_2_without_the_age_check_a_message_of_last_year_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(_env_file=".env.demo")
    path, body = Platform(settings).safe(text_message("帮助"), timestamp=1735689600)
    query = dict(parse_qsl(urlsplit(path).query))
    with pytest.raises(Rejected):
        Protocol(settings).open(query, body.encode())
    monkeypatch.setattr(Protocol, "_check_age", lambda *_: None)
    assert Protocol(settings).open(query, body.encode()).message.content == "帮助"


async def visit(world: Town, clock: Clock) -> Booking:
    """A visit of the branch whose gate is open."""
    slot = await new_slot(world.site, clock.now)
    return await Booking.create(
        slot=slot, branch=world.branch, headcount=5, theme="主题党日", status=BookingStatus.CONFIRMED,
        live_key="k", created_at=clock.now,
    )  # fmt: skip


async def test_promise_5_without_the_unique_row_one_person_checks_in_twice(
    ctx: Context, clock: Clock, database_url: str
) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("the tables of the PostgreSQL server are shared by all tests")
    world = await build(ctx)
    booking = await visit(world, clock)
    code = sites.poster_scene(ctx, site_id=world.site.id)
    for _ in range(2):
        await checkins.check_in(world.at(world.member), code=code)
    assert await CheckIn.filter(booking=booking).count() == 1
    (connection,) = connections.all()
    (table,) = await connection.execute_query_dict("SELECT sql FROM sqlite_master WHERE name = 'check_ins'")
    loose, removed = re.subn(r',\s*(CONSTRAINT "\w+" )?UNIQUE \([^)]*\)', "", table["sql"])
    assert removed == 1
    await connection.execute_script(f"DROP TABLE check_ins; {loose}")
    for _ in range(2):
        await checkins.check_in(world.at(world.member), code=code)
    assert await CheckIn.filter(booking=booking).count() == 2


def test_promise_8_an_entry_that_cites_nothing_is_never_given() -> None:
    words = {"code": "x", "question": "预备期多长时间？", "answer": "1年。", "askings": ("预备期多久",)}
    cited = Engine.build([Fact(**words, citations=(Citation("党章", "第七条"),))])  # type: ignore[arg-type]
    assert cited.answer("预备期多长时间", on=date(2026, 11, 20)).kind == "answer"
    uncited = Engine.build([Fact(**words)])  # type: ignore[arg-type]
    assert uncited.answer("预备期多长时间", on=date(2026, 11, 20)).kind != "answer"


async def test_promise_9_without_the_reach_a_stranger_branch_sees_the_visit(
    ctx: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await build(ctx)
    booking = await visit(world, clock)
    with pytest.raises(NotFound):
        await bookings.get_booking(world.at(world.far_worker), booking_id=booking.id)

    async def everything(_: Context) -> Reach:
        return Reach(frozenset({Role.DISTRICT_OFFICER}), (world.district.path,), frozenset({world.site.id}))

    monkeypatch.setattr(access, "reach", everything)
    assert await bookings.get_booking(world.at(world.far_worker), booking_id=booking.id)


async def test_promise_10_without_the_hash_a_changed_entry_passes(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await audit.record(ctx, "test.changed", f"n:{number}")
    await audit.seal(ctx)
    lines = [line async for line in audit.export(ctx)]
    changed = [line.replace("n:1", "n:7") for line in lines]
    assert not audit.verify(lines).problems
    assert audit.verify(changed).problems
    monkeypatch.setattr(audit, "digest", lambda entry: entry["hash"])
    assert not audit.verify(changed).problems
