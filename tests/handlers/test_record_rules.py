"""The look across a branch's year: each of the fifteen checks is red once, and quiet when all is well."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers import due_records, record_facts, record_feeds, record_rules, record_seals, records
from handlers.context import Context
from handlers.due_records import State
from handlers.errors import NotAllowed, NotFound
from handlers.record_checks import Entry, Facts, Member
from handlers.template_content import handbook
from models import Membership, Person, Record
from tests.fakes import Clock
from tests.handlers.branch_book import Book, open_book, party_day, signed, team

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 12, 20, 10, tzinfo=ZONE)


def facts(*entries: Entry, now: datetime = NOW, full: int = 7, **more: Any) -> Facts:
    """A branch of that many members with these records."""
    records_: dict[str, tuple[Entry, ...]] = {}
    for one in entries:
        records_[one.template] = (*records_.get(one.template, ()), one)
    members = {n: Member(n, f"甲{n}") for n in range(1, full + 1)}
    return Facts(now=now, members=more.pop("members", members), records=records_, **more)


_ids = iter(range(1, 10_000))


def entry(template: str, on: date = date(2026, 6, 10), *, about: int | None = None, **values: Any) -> Entry:
    entered = datetime(on.year, on.month, on.day, tzinfo=ZONE) + timedelta(days=1)
    return Entry(next(_ids), template, on, values, about, entered)


COMMITTEE = {"secretary_id": 1, "members": [{"person_id": 2}, {"person_id": 3}], "term_end": "2029-01-01"}


def codes(known: Facts, year: int = 2026) -> set[str]:
    return {one.code for one in record_rules.judge(known, year=year)}


def full_year() -> list[Entry]:
    """Everything a branch with a committee and a group holds in a year."""
    group = entry("T04", date(2024, 1, 1), name="第一党小组", members=list(range(1, 8)))
    held = [entry("T02", date(2024, 1, 1), **COMMITTEE), group]
    for month in range(1, 13):
        day = date(2026, month, 5)
        held += [
            entry("T06", day), entry("T07", day, group_id=group.id),
            entry("T09", day, month=f"2026-{month:02d}"),
        ]  # fmt: skip
    held += [entry("T05", date(2026, month, 20)) for month in (2, 5, 8, 11)]
    held += [entry("T10", date(2026, 11, 20), year=2026), entry("T14", year=2026), entry("T19", year=2026)]
    held += [entry("T13", about=member, year=2026) for member in range(1, 8)]
    pairs = [
        (1, 2, "委员之间"),
        (1, 3, "委员之间"),
        (2, 3, "委员之间"),
        (1, 4, "委员与党员"),
        (5, 6, "党员之间"),
        (6, 7, "党员之间"),
    ]
    held += [entry("T11", from_id=one, to_id=other, relation=word) for one, other, word in pairs]
    return held


def test_a_whole_year_has_nothing_to_say() -> None:
    assert codes(facts(*full_year())) == set()
    assert codes(facts(*full_year(), now=NOW + timedelta(days=40))) == set()


@pytest.mark.parametrize(
    ("code", "template", "level"),
    [("X01", "T05", "warn"), ("X02", "T06", "warn"), ("X03", "T07", "warn"), ("X04", "T09", "excellent")],
)
def test_what_is_missing_of_a_period_that_is_over_is_said(code: str, template: str, level: str) -> None:
    held = full_year()
    gone = next(one for one in held if one.template == template)
    (found,) = record_rules.judge(facts(*(one for one in held if one is not gone)), year=2026)
    assert (found.code, found.level) == (code, level)
    assert "没有记录" in found.message


def test_a_month_that_goes_on_isnt_missing_and_a_party_day_is_waited_for_until_the_fifth() -> None:
    held = [one for one in full_year() if not (one.template == "T09" and one.on.month == 11)]
    assert codes(facts(*held, now=datetime(2026, 11, 30, 10, tzinfo=ZONE))) == set()
    assert "X04" not in codes(facts(*held, now=datetime(2026, 12, 4, 10, tzinfo=ZONE)))
    assert "X04" in codes(facts(*held, now=datetime(2026, 12, 5, 10, tzinfo=ZONE)))


@pytest.mark.parametrize(("code", "template"), [("X05", "T10"), ("X06", "T13"), ("X06", "T14")])
def test_what_a_year_lacked_is_said_when_it_is_over(code: str, template: str) -> None:
    held = [one for one in full_year() if one.template != template]
    assert codes(facts(*held, now=NOW)) == set()
    assert codes(facts(*held, now=NOW + timedelta(days=30))) == {code}


def test_talks_that_are_missing_are_said_from_autumn_on() -> None:
    held = [one for one in full_year() if one.values.get("relation") != "委员之间"]
    assert codes(facts(*held)) == {"X07"}
    assert codes(facts(*held, now=datetime(2026, 8, 1, 10, tzinfo=ZONE))) == set()


def test_counts_that_disagree_block() -> None:
    held = full_year()
    assert codes(facts(*held, entry("T01", full_count=6))) == {"X08"}
    assert codes(facts(*held, entry("T01", full_count=7))) == set()
    assert codes(
        facts(*held, entry("T03", about=1, category="正式党员", rel_status="在册", can_vote=True))
    ) == {"X08"}
    small = [one for one in full_year() if one.template != "T13"]
    assert "X08" in codes(facts(*small, full=5))


def test_an_admission_and_the_applicants_path_agree() -> None:
    voted = {
        "agenda": [{"title": "接收", "form": "表决", "matter": "接收预备党员", "person_id": 9}],
        "passed": [{"item": 1, "passed": True}],
    }  # fmt: skip
    meeting = entry("T05", date(2026, 5, 20), **voted)
    path = entry("T22", about=9, assembly={"record": meeting.id, "date": "2026-05-20"})
    held = full_year()
    assert codes(facts(*held, meeting)) == {"X09"}
    assert codes(facts(*held, meeting, path)) == set()
    wrong = entry("T22", about=9, assembly={"record": meeting.id, "date": "2026-05-21"})
    assert codes(facts(*held, meeting, wrong)) == {"X09"}
    refused = entry("T05", date(2026, 5, 20), **voted | {"passed": [{"item": 1, "passed": False}]})
    claimed = entry("T22", about=9, assembly={"record": refused.id, "date": "2026-05-20"})
    assert codes(facts(*held, refused, claimed)) == {"X09"}


@pytest.mark.parametrize(
    ("direction", "status", "rel", "said"),
    [
        ("转出", "待接收", "流出", True), ("转出", "待接收", "转出待接收", False),
        ("转出", "已接收", "在册", True), ("转出", "已接收", "流出", False),
        ("转入", "已接收", "流出", True), ("转入", "已接收", "在册", False),
    ],
)  # fmt: skip
def test_who_moves_is_enrolled_until_taken_in(direction: str, status: str, rel: str, said: bool) -> None:
    line = entry("T03", about=1, category="预备党员", rel_status=rel)
    moved = entry("T15", about=1, direction=direction, status=status)
    found = {one.code for one in record_rules.judge(facts(*full_year(), line, moved), year=2026)}
    assert ("X10" in found) is said


def test_half_a_year_without_dues_is_for_people_to_look_into() -> None:
    for month, said in (("2026-05", True), ("2026-06", False)):
        paid = entry("T18", about=1, months=["2026-01", month])
        found = [one for one in record_rules.judge(facts(*full_year(), paid), year=2026) if one.code == "X11"]
        assert bool(found) is said
        assert all(one.level == "warn" and "系统不会改动" in one.message for one in found)


def test_on_probation_nobody_has_a_vote() -> None:
    members = {n: Member(n, f"甲{n}", suspended=n == 1) for n in range(1, 8)}
    punished = entry("T20", about=1, item="留党察看")
    wrong = entry("T03", about=1, category="正式党员", rel_status="在册", can_vote=True)
    found = record_rules.judge(facts(*full_year(), punished, wrong, members=members), year=2026)
    assert {(one.code, one.level) for one in found} == {("X08", "block"), ("X12", "block"), ("X12", "warn")}


def test_nobody_is_enrolled_twice_and_no_probationary_member_stands() -> None:
    assert codes(facts(*full_year(), elsewhere=frozenset({3}))) == {"X13"}
    members = {n: Member(n, f"甲{n}", "probationary" if n == 8 else "full") for n in range(1, 9)}
    for named in ({"candidates": [8]}, {"tellers": {"watching": [8]}}, {"tally": [{"person_id": 8}]}):
        held = [
            *full_year(),
            entry("T24", **named),
            entry("T13", about=8, year=2026),
            entry("T11", from_id=8, to_id=1, relation="党员之间"),
        ]
        assert codes(facts(*held, members=members)) == {"X14"}


def test_late_entries_are_named() -> None:
    late = entry("T09", date(2026, 6, 10), month="2026-06")
    entered = datetime(2026, 6, 18, 9, tzinfo=ZONE)
    late = Entry(late.id, late.template, late.on, late.values, None, entered, late=True)
    (found,) = record_rules.judge(facts(*full_year(), late), year=2026)
    assert (found.code, found.records) == ("X15", (late.id,))


def test_the_end_of_a_term_is_seen_six_months_before() -> None:
    for end, seen in (("2027-06-20", True), ("2027-06-21", False)):
        held = [one for one in full_year() if one.template != "T02"]
        known = facts(*held, entry("T02", date(2024, 1, 1), **COMMITTEE | {"term_end": end}))
        assert ("T24" in {one.template for one in due_records.open_now(known)}) is seen


@pytest.fixture
async def book(ctx: Context) -> Book:
    return await open_book(ctx)


async def test_a_branch_sees_its_year_and_a_member_isnt_shown_what_is_missing(
    book: Book, clock: Clock
) -> None:
    await signed(book.ctx, "T02", team(book))
    await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    found = await record_rules.overview(book.ctx)
    november = next(one for one in found.due if one.title == "11月主题党日")
    assert november.state is State.DONE
    assert {one.code for one in found.findings} >= {"X01", "X02", "X04"}
    for officer in (book.town.town_officer, book.town.district_officer):
        seen = await record_rules.overview(book.town.at(officer), branch_id=book.town.branch.id)
        assert seen.drafts == []
        assert "演示" not in "".join(one.message for one in seen.findings)
    with pytest.raises(NotAllowed):
        await record_rules.overview(book.town.at(book.town.member))
    with pytest.raises(NotFound):
        await record_rules.overview(book.town.at(book.town.far_worker), branch_id=book.town.branch.id)


LINE = {
    "id_no": "370302196001010017", "category": "正式党员", "join_date": "1990-07-01",
    "full_date": "1991-07-01", "rel_status": "在册", "mobile": "19900000009",
}  # fmt: skip


async def test_two_branches_that_enrol_the_same_person(book: Book) -> None:
    twin = await Person.create(name="演示", organization=book.town.other_branch, membership=Membership.FULL)
    await signed(book.ctx, "T03", LINE | {"name": book.ids[1]})
    assert "X13" not in {one.code for one in (await record_rules.overview(book.ctx)).findings}
    other = book.town.at(book.town.other_worker)
    there = await records.create(other, template="T03", values=LINE | {"name": twin.id}, prefill=False)
    await records.sign(other, record_id=there.record.id, revision=1, seen=True)
    found = (await record_rules.overview(book.ctx)).findings
    assert "X13" in {one.code for one in found}


async def test_a_vote_lost_on_probation_comes_back_only_by_a_person(book: Book) -> None:
    who = book.ids[4]
    row = await Record.create(
        branch=book.town.branch, template="T20", period="2026", year=2026, status="signed", version=1,
        values={"member_id": who}, created_at=book.ctx.now(), saved_at=book.ctx.now(),
    )  # fmt: skip
    kept = record_seals.keep(
        book.ctx.settings.secret_key, handbook().templates["T20"], {"member_id": who, "item": "留党察看"}
    )
    await Record.filter(id=row.id).update(values=kept.values, sealed=kept.sealed)
    before = await record_facts.gather(book.ctx, book.town.branch)
    assert not before.members[who].can_vote
    await records.restore_vote(book.ctx, record_id=row.id)
    after = await record_facts.gather(book.ctx, book.town.branch)
    assert after.members[who].can_vote


async def test_a_calendar_is_read_by_its_address_until_it_is_taken_back(book: Book, clock: Clock) -> None:
    await signed(book.ctx, "T02", team(book))
    url = await record_feeds.make(book.ctx)
    token = url.rpartition("/")[2].removesuffix(".ics")
    text = await record_feeds.read(book.town.ctx, token=token)
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert "SUMMARY:11月主题党日" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "演示" not in text.replace("X-WR-CALNAME", "")
    fresh = (await record_feeds.make(book.ctx)).rpartition("/")[2].removesuffix(".ics")
    with pytest.raises(NotFound):
        await record_feeds.read(book.town.ctx, token=token)
    await record_feeds.revoke(book.ctx)
    with pytest.raises(NotFound):
        await record_feeds.read(book.town.ctx, token=fresh)
