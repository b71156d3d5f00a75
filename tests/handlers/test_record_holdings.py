"""The handbook in what is somebody's own: what waits for its writers, and what it holds about a person."""

import json
from datetime import timedelta
from typing import Any

import pytest

from handlers import holdings, records, todos
from handlers.context import Caller, Context
from models import Account, App, Person, Record
from tests.fakes import Clock
from tests.handlers.branch_book import Book, open_book, party_day, signed, team


@pytest.fixture
async def book(ctx: Context) -> Book:
    made = await open_book(ctx)
    for number, person in enumerate(made.people):
        person.name = f"何某{'甲乙丙丁戊己庚辛壬'[number]}"
        await person.save()
    await signed(made.ctx, "T02", team(made))
    return made


async def export(book: Book, person: Person) -> dict[str, Any]:
    """What a person gets who asks for what is held of them."""
    account = await Account.create(app=App.MINI_PROGRAM, openid=f"m{person.id}", person=person)
    caller = Caller(account=account, person=person)
    return dict(await holdings.export_mine(book.town.ctx.on_behalf_of(caller)))


async def test_what_is_due_and_what_is_begun_waits_for_whoever_writes(book: Book, clock: Clock) -> None:
    before = await todos.mine(book.ctx)
    assert before.records_due > 0
    assert before.records_to_finish == 0
    await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    after = await todos.mine(book.ctx)
    assert after.records_due < before.records_due
    for other in (book.town.member, book.town.town_officer):
        waits = await todos.mine(book.town.at(other))
        assert (waits.records_due, waits.records_to_finish) == (0, 0)


async def test_the_export_tells_where_records_name_somebody_and_nobody_else(book: Book, clock: Clock) -> None:
    await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    member = book.town.member
    held = await export(book, member)
    named = held["提到本人的支部记录"]
    assert len(named) == 2, "the team and the meeting"
    assert all(one["所在栏目"] for one in named)
    assert held["关于本人的支部记录"] == []
    text = json.dumps(held, ensure_ascii=False)
    assert [person.name for person in book.people if person.name in text] == [member.name]
    assert len((await export(book, book.town.worker))["本人填写的支部记录"]) == 2
    assert (await export(book, book.people[5]))["提到本人的支部记录"] == [], "who was only counted"


async def test_what_a_record_about_somebody_says_names_no_other_person(book: Book) -> None:
    first, other = book.people[0], book.people[1]
    told = {"at": "2026-11-05", "from_id": first.id, "to_id": other.id, "points": "谈了学习"}
    await records.create(book.ctx, template="T11")
    row = await Record.get(template="T11")
    await Record.filter(id=row.id).update(values=told)
    (about,) = (await export(book, other))["关于本人的支部记录"]
    assert "谈了学习" in about["内容"].values()
    assert not {first.id, other.id} & set(about["内容"].values())
    assert (await export(book, book.people[5]))["关于本人的支部记录"] == []
