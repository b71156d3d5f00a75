"""Gentle reminders: by day, merged, once each, only where somebody may be written to."""

import inspect
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tortoise import connections

from handlers import due_records, notices, record_facts, record_reminders
from handlers.context import Context
from handlers.gateways.errors import Unreachable
from handlers.record_reminders import due_signals
from handlers.record_seals import is_sealed
from handlers.template_content import handbook
from models import (
    Account,
    App,
    Consent,
    Duty,
    DutyReminder,
    Notice,
    Organization,
    Person,
    Record,
    RecordStatus,
    Role,
)
from settings import Settings
from tests.fakes import Clock, FakeWeChat
from tests.handlers.branch_book import Book, open_book, party_day, signed, team, write
from tests.handlers.test_record_rules import facts, full_year
from tests.test_formalism import said

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def book(ctx: Context, clock: Clock) -> Book:
    made = await open_book(ctx)
    await signed(made.ctx, "T02", team(made))
    return made


async def follow(book: Book, clock: Clock, *, wrote: timedelta = timedelta(hours=1)) -> Account:
    return await Account.create(
        app=App.OFFICIAL_ACCOUNT, openid="oWorker", follows=True, person=book.town.worker,
        last_contact_at=clock.now - wrote,
    )  # fmt: skip


async def test_all_that_is_due_comes_in_one_message_and_only_once(book: Book, clock: Clock) -> None:
    await follow(book, clock)
    assert [await record_reminders.remind(book.town.ctx) for _ in range(2)] == [1, 0]
    (notice,) = await Notice.all()
    assert notice.content.count("·") == 4, notice.content
    for word in ("11月主题党日", "11月支委会", "/handbook"):
        assert word in notice.content
    assert said(notice.content) == []
    assert notice.dedupe_key.startswith(notices.PASSING)
    clock.now += timedelta(days=1)
    await Account.all().update(last_contact_at=clock.now)
    assert await record_reminders.remind(book.town.ctx) == 0, "each thing is told once"


async def test_what_was_recorded_is_not_told(book: Book, clock: Clock) -> None:
    await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    await follow(book, clock)
    await record_reminders.remind(book.town.ctx)
    assert "主题党日" not in (await Notice.get()).content


@pytest.mark.parametrize(("hour", "sent"), [(7, 0), (8, 1), (20, 1), (21, 0), (23, 0), (3, 0)])
async def test_nobody_is_reminded_in_the_evening_or_at_night(
    book: Book, clock: Clock, hour: int, sent: int
) -> None:
    clock.now = clock.now.replace(hour=hour)
    await follow(book, clock)
    assert await record_reminders.remind(book.town.ctx) == sent


async def test_who_may_not_be_written_to_is_not_and_is_told_when_they_may(book: Book, clock: Clock) -> None:
    account = await follow(book, clock, wrote=timedelta(hours=60))
    assert await record_reminders.remind(book.town.ctx) == 0
    assert await DutyReminder.all().count() == 0
    clock.now += timedelta(days=1)
    await Account.filter(id=account.id).update(last_contact_at=clock.now)
    assert await record_reminders.remind(book.town.ctx) == 1


async def test_a_consented_message_is_spent_once_and_given_back_when_it_fails(
    book: Book, clock: Clock, wechat: FakeWeChat, settings: Settings
) -> None:
    ctx = replace(book.town.ctx, settings=settings.model_copy(update={"record_template_id": "T-1"}))
    account = await Account.create(app=App.MINI_PROGRAM, openid="mWorker", person=book.town.worker)
    await Consent.create(account=account, template_id="T-1", remaining=1)
    wechat.refuse.append(Unreachable())
    assert await record_reminders.remind(ctx) == 0
    assert (await Consent.get()).remaining == 1
    assert await DutyReminder.all().count() == 0
    assert await record_reminders.remind(ctx) == 1
    assert (await Consent.get()).remaining == 0
    assert [one[0] for one in wechat.sent] == ["subscribe"]


def days(template: str, *, without: str = "") -> list[date]:
    """On which days of a year somebody would be told of a template that isn't there."""
    held = [one for one in full_year() if one.template != (without or template)]
    found = []
    day = datetime(2026, 1, 1, 9, tzinfo=ZONE)
    while day.year == 2026:
        known = [one for one in held if one.on <= day.date()]
        told = [one for one in due_signals(facts(*known, now=day)) if one.on == day.date()]
        found += [day.date() for one in told if one.due.template == template]
        day += timedelta(days=1)
    return found


def test_the_days_are_those_of_the_handbook_and_few() -> None:
    assert [day.day for day in days("T09")] == [5, 20] * 12
    assert days("T10") == [
        date(2026, 11, 1),
        *(date(2026, 12, 1) + timedelta(weeks=week) for week in range(5)),
    ]
    assert [(day.month, day.day) for day in days("T05")] == [(3, 17), (6, 16), (9, 16), (12, 17)]


async def test_what_a_calendar_asks_for_is_the_same_for_many_at_once_as_for_one(
    book: Book, clock: Clock
) -> None:
    await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    group = await write(book.ctx, "T04", {"name": "第一党小组", "leader_id": book.ids[1]})
    await Record.filter(id=group.record.id).update(status=RecordStatus.SIGNED, version=1)
    branch = book.town.branch
    one = await record_facts.gather(book.ctx, branch, named=False)
    many = await record_facts.outlines(book.ctx, [branch.id, book.town.other_branch.id])
    assert list(due_signals(many[branch.id])) == list(due_signals(one)) != []
    assert due_records.year(many[branch.id], year=2026) == due_records.year(one, year=2026)
    assert many[book.town.other_branch.id].records == {}


def test_a_calendar_reads_no_template_beside_those_and_nothing_sealed() -> None:
    """Else what is read for many at once would differ from what a branch's own page says."""
    source = inspect.getsource(due_records)
    assert set(re.findall(r'"(T\d\d)"', source)) - {"T24"} <= set(record_facts.CALENDAR)
    sealed = {
        field.key
        for code in record_facts.CALENDAR
        for field in handbook().templates[code].fields
        if is_sealed(field)
    }
    assert {key for key in sealed if f'"{key}"' in source} == set()


async def test_many_branches_take_no_more_statements_than_one(
    book: Book, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def statements() -> int:
        seen: list[str] = []
        (connection,) = connections.all()
        original = type(connection).execute_query

        async def counted(self: Any, query: str, values: Any = None) -> Any:
            seen.append(query)
            return await original(self, query, values)

        with monkeypatch.context() as patch:
            patch.setattr(type(connection), "execute_query", counted)
            await record_reminders.remind(book.town.ctx)
        return len(seen)

    async def add(number: int) -> None:
        for at in range(number):
            branch = await Organization.create(
                name=f"支部{at}", code=f"NB{at}", kind=book.town.branch.kind, path=f"/x/{at}/"
            )
            who = await Person.create(name=f"书记{at}", organization=branch)
            await Duty.create(person=who, role=Role.BRANCH_WORKER, organization=branch)
            await Account.create(
                app=App.OFFICIAL_ACCOUNT, openid=f"oNB{at}", follows=True, person=who,
                last_contact_at=clock.now,
            )  # fmt: skip

    await follow(book, clock)
    monkeypatch.setattr(record_reminders, "due_signals", lambda _: iter(()))  # Nobody has to hear anything.
    one = await statements()
    await add(20)
    assert await statements() == one
