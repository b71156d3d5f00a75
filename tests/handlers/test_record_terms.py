"""What the district sets: within limits, by the district alone, at once, and not for what is signed."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from handlers import record_facts, record_terms, records
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound, TermsChanged
from handlers.record_checks import District
from handlers.record_terms import SETTINGS
from models import AuditEntry, Duty, HandbookTerms, Record, Role
from tests.fakes import Clock
from tests.handlers.branch_book import Book, open_book, party_day, signed, write

NOT_TO_BE_SET: list[tuple[str, Any]] = [
    ("member_hours", 31),
    ("leader_hours", 55),
    ("late_days", 8),
    ("late_days", 0),
    ("letter_days", True),
    ("letter_days", "90"),
    ("half_day_hours", 7),
    ("lecture_hours_least", "0.4"),
    ("lecture_hours_most", "9"),
    ("lecture_hours_most", "NaN"),
    ("lecture_hours_most", "1e1"),
    ("training_hours_most", "0"),
    ("grades", ["优秀"]),
    ("grades", ["优秀", "优秀"]),
    ("grades", ["优秀", " "]),
    ("grades", "优秀"),
    ("grades", ["优秀", "x" * 21]),
    ("excellent_share", "4/3"),
    ("excellent_share", "0/3"),
    ("excellent_share", "1/0"),
    ("excellent_share", "1"),
    ("excellent_share", None),
    ("star_bands", [90, 80, 80, 60]),
    ("star_bands", [90, 80, 70]),
    ("star_bands", [101, 80, 70, 60]),
    ("vetoes", [{"name": "甲", "stars": 5}]),
    ("vetoes", ["甲"]),
    ("vetoes", []),
    ("rounding", "half_even"),
    ("followup_days", None),
    ("unknown", 1),
]


@pytest.fixture
async def book(ctx: Context) -> Book:
    return await open_book(ctx)


async def officer(book: Book) -> Context:
    """An officer of the district."""
    await Duty.create(person=book.people[2], role=Role.DISTRICT_OFFICER, organization=book.town.district)
    return book.town.at(book.people[2])


async def set_(ctx: Context, number: int = 0, **values: Any) -> record_terms.Terms:
    return await record_terms.change(ctx, number=number, values=values, reason="按今年的通知")


def test_the_table_names_every_setting_once_and_the_proposals_are_within_their_own_limits() -> None:
    assert [one.key for one in SETTINGS] == list({one.key: 0 for one in SETTINGS})
    assert set(record_terms.said(District())) == {one.key for one in SETTINGS}
    assert record_terms.read(record_terms.said(District())) == District()


@pytest.mark.parametrize(("key", "value"), NOT_TO_BE_SET)
def test_nothing_goes_below_a_rule_or_means_nothing(key: str, value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        record_terms.read({key: value})
    assert list(refused.value.fields) == [key]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"lecture_hours_least": "3", "lecture_hours_most": "2"}, "lecture_hours_least"),
        ({"half_day_hours": 5, "training_hours_most": "4.5"}, "half_day_hours"),
        ({"member_hours": 60}, "leader_hours"),
    ],
)
def test_settings_fit_together(values: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        record_terms.read(values)
    assert list(refused.value.fields) == [said]


async def test_the_district_alone_changes_them_with_a_reason_and_an_entry(book: Book) -> None:
    at = await officer(book)
    with pytest.raises(NotAllowed):
        await set_(book.ctx, followup_days=20)
    with pytest.raises(NotBound):
        await set_(book.town.ctx, followup_days=20)
    with pytest.raises(BadInput):
        await record_terms.change(at, number=0, values={"followup_days": 20}, reason=" ")
    with pytest.raises(BadInput):
        await set_(at, member_hours=31)
    with pytest.raises(BadInput):  # It is so already.
        await set_(at, followup_days=30)
    assert await HandbookTerms.all().count() == 0
    made = await set_(at, followup_days=20, excellent_share="1/4")
    assert (made.number, made.district.excellent_share) == (1, Fraction(1, 4))
    assert made.district == replace(District(), followup_days=20, excellent_share=Fraction(1, 4))
    assert (await record_terms.show(book.ctx)).district == made.district
    entry = await AuditEntry.filter(action="handbook.terms_changed").get()
    assert entry.details == {"keys": ["excellent_share", "followup_days"]}


async def test_of_two_officers_the_second_is_told_and_nothing_is_lost(book: Book) -> None:
    at = await officer(book)
    await set_(at, followup_days=20)
    with pytest.raises(TermsChanged):
        await set_(at, oath_months=2)
    assert (await set_(at, number=1, oath_months=2)).district == replace(
        District(), followup_days=20, oath_months=2
    )


async def test_two_at_the_same_moment_make_one_version(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    at = await officer(book)
    before = await record_terms._latest(None)
    await set_(at, followup_days=20)

    async def seen_before(_: Any) -> record_terms.Terms:
        return before

    monkeypatch.setattr(record_terms, "_latest", seen_before)
    with pytest.raises(TermsChanged):
        await set_(at, oath_months=2)
    assert await HandbookTerms.all().count() == 1


async def test_a_change_is_in_force_with_the_next_request(book: Book) -> None:
    at = await officer(book)
    values = {"year": 2026, "rating": "很好"}
    with pytest.raises(BadInput):
        await write(book.ctx, "T23", values)
    await set_(at, ratings=["很好", "一般"])
    made = await write(book.ctx, "T23", values)
    assert made.values["rating"] == "很好"
    facts = await record_facts.gather(book.ctx, book.town.branch)
    assert facts.district.ratings == ("很好", "一般")


async def test_what_is_signed_keeps_the_settings_of_its_day(book: Book, clock: Clock) -> None:
    at = await officer(book)
    day = clock.now - timedelta(days=5)
    old = await signed(book.ctx, "T09", party_day(book, day))
    draft = await write(book.ctx, "T09", party_day(book, day - timedelta(days=31)))
    assert (old.record.is_late, draft.record.is_late) == (False, True)
    clock.now += timedelta(minutes=1)
    await set_(at, late_days=3, followup_days=7)
    clock.now += timedelta(minutes=1)
    row = await Record.get(id=old.record.id)
    facts = await record_facts.gather(book.ctx, book.town.branch, record=row)
    assert facts.district == District()
    mended = await records.correct(
        book.ctx, record_id=row.id, version=1, reason="地点写错了", values={"place": "村部"}, seen=True
    )
    assert mended.record.is_late is False
    new = await write(book.ctx, "T09", party_day(book, day + timedelta(hours=3)))
    assert new.record.is_late is True
