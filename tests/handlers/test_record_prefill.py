"""What is known is never typed again: every template begins with values it can hold, and few are left."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers import record_follow_ups, record_prefill, records, rehearsals
from handlers.context import Context
from handlers.errors import AlreadyRecorded, BadInput, RecordBlocked
from handlers.record_checks import District
from handlers.rehearsal_play import Kind as Kind_
from handlers.rehearsal_play import Wish
from handlers.template_content import Kind, Required, Template, handbook
from models import Booking, BookingStatus, CheckIn, Record
from tests.fakes import Clock
from tests.handlers.branch_book import Book, open_book, party_day, signed, team, write
from tests.handlers.town import new_slot

README = Path(__file__).parents[2] / "README.md"
TYPED = {
    "T01": 3, "T02": 3, "T03": 3, "T04": 3, "T05": 2, "T06": 5, "T07": 6, "T08": 5,
    "T09": 3, "T10": 11, "T11": 2, "T12": 5, "T13": 5, "T14": 4, "T15": 3, "T16": 5,
    "T17": 0, "T18": 0, "T19": 3, "T20": 4, "T21": 3, "T22": 2, "T23": 0, "T24": 12,
}  # fmt: skip
"""Always required fields that a typical record, begun by the system, leaves to a person to type."""


@pytest.fixture
async def book(ctx: Context) -> Book:
    return await open_book(ctx)


async def visit(book: Book, clock: Clock, *, came: int = 7, days: int = 2) -> Booking:
    """A visit that took place, and who checked in."""
    begins = clock.now - timedelta(days=days)
    slot = await new_slot(book.town.site, begins)
    booking = await Booking.create(
        slot=slot, branch=book.town.branch, headcount=9, theme="参观学习", status=BookingStatus.FULFILLED,
        created_at=begins,
    )  # fmt: skip
    for person in book.people[:came]:
        await CheckIn.create(booking=booking, person=person, at=begins, source="door")
    return booking


async def furnish(book: Book, clock: Clock) -> dict[str, Any]:
    """A branch in the middle of its year: register, team, groups, last month's meetings, dues and a talk."""
    ids, day = book.ids, clock.now - timedelta(days=20)
    await signed(book.ctx, "T02", team(book))
    group = await signed(
        book.ctx, "T04",
        {"name": "第一党小组", "leader_id": ids[1], "leader_mode": "支部指定", "members": ids},
    )  # fmt: skip
    common = {key: value for key, value in party_day(book, day).items() if key in COMMON}
    three = {"due_count": 3, "present_count": 3, "signin": {"source": "纸质签到表", "count": 3, "kept": "柜"}}
    planned = await signed(
        book.ctx, "T06",
        common | three | {
            "agenda": [{"title": "研究主题党日", "person_id": ids[0]}],
            "opinions": [{"person_id": one, "said": "同意这样安排。"} for one in ids[:3]],
        },
    )  # fmt: skip
    lecture = await signed(
        book.ctx, "T08",
        common | {
            "title": "学习党章的一课", "lecturer": {"person": ids[0], "post": "书记"},
            "lecturer_kind": "支部书记", "script": ["讲稿，存档案柜"], "hours": "1.5",
        },
    )  # fmt: skip
    return {"group": group, "committee": planned, "lecture": lecture}


async def play_alone(ctx: Context, rehearsal_id: int) -> None:
    """The host plays a rehearsal to its end."""
    sitting = await rehearsals.act(ctx, rehearsal_id=rehearsal_id, wish=Wish(Kind_.START))
    while sitting.play.current is not None:
        wish = Wish(Kind_.CONFIRM, step=sitting.play.step)
        sitting = await rehearsals.act(ctx, rehearsal_id=rehearsal_id, wish=wish)
    await rehearsals.act(ctx, rehearsal_id=rehearsal_id, wish=Wish(Kind_.FINISH))


COMMON = {
    "held_at", "place", "host_id", "recorder_id", "due_count", "present_count", "absentees", "signin",
}  # fmt: skip


def left_to_type(form: Template, values: dict[str, Any]) -> list[str]:
    """Always required fields that aren't computed and aren't whole yet."""
    left = []
    for one in form.fields:
        if one.computed or one.required is not Required.ALWAYS:
            continue
        value = values.get(one.key)
        if value in (None, "", [], {}):
            left.append(one.key)
        elif one.kind is Kind.GROUP:
            needed = [part.key for part in one.columns if part.required is Required.ALWAYS]
            left += [one.key] if any(value.get(key) in (None, "", []) for key in needed) else []
    return left


async def test_every_template_begins_with_what_is_known_and_the_readme_says_what_is_left(
    book: Book, clock: Clock
) -> None:
    made = await furnish(book, clock)
    booking = await visit(book, clock)
    about = {"member_id": book.ids[4]}
    given: dict[str, dict[str, Any]] = {
        "T03": {"name": book.ids[4]}, "T11": {"to_id": book.ids[4]}, "T13": about, "T15": about, "T16": about,
        "T17": about, "T18": about, "T20": about, "T22": {"person_id": book.ids[4]},
    }  # fmt: skip
    await signed(
        book.ctx, "T18",
        about | {
            "payer_kind": "机关", "base": 500000, "due": 5000, "year": {"year": 2026}, "paid": 5000,
            "months": ["2026-10"], "payer": "本人",
        },
    )  # fmt: skip
    sources = {"T17": made["lecture"].record.id}
    counted = {}
    for code, form in handbook().templates.items():
        known = await record_prefill.prefill(
            book.ctx, form, book.town.branch,
            booking_id=booking.id if code in ("T05", "T08", "T09") else None,
            source_id=sources.get(code), given=given.get(code, {}),
        )  # fmt: skip
        values = records.clean(form, known.values, District()) | given.get(code, {})
        assert set(known.values) <= {one.key for one in form.fields if not one.computed}, code
        counted[code] = len(left_to_type(form, values))
    assert counted == TYPED
    rows = dict(re.findall(r"^\| (T\d\d) [^|]*\|[^|]*\| (\d+) \|$", README.read_text(encoding="utf-8"), re.M))
    assert {code: int(number) for code, number in rows.items()} == TYPED


async def test_a_visit_brings_time_place_heads_evidence_and_who_was_away(book: Book, clock: Clock) -> None:
    booking = await visit(book, clock, came=7)
    made = await records.create(book.ctx, template="T09", booking_id=booking.id)
    values = made.values
    assert values["place"] == book.town.site.name
    assert (values["due_count"], values["present_count"]) == (9, 7)
    assert values["signin"]["count"] == 7
    assert [row["person_id"] for row in values["absentees"]] == book.ids[7:]
    assert values["order_id"] == booking.id
    assert values["month"] == "2026-11"
    assert made.record.booking_id == booking.id
    with pytest.raises(AlreadyRecorded):
        await records.create(book.ctx, template="T09", booking_id=booking.id)
    assembly = await records.create(book.ctx, template="T05", booking_id=booking.id)
    assert (assembly.values["due_voters"], assembly.values["present_voters"]) == (8, 7)


async def test_another_branchs_visit_brings_nothing(book: Book, clock: Clock) -> None:
    booking = await visit(book, clock)
    with pytest.raises(BadInput):
        await records.create(book.town.at(book.town.other_worker), template="T09", booking_id=booking.id)
    assert await Record.all().count() == 0


async def test_the_committees_matters_become_the_draft_of_an_assembly(book: Book, clock: Clock) -> None:
    made = await furnish(book, clock)
    draft = await write(
        book.ctx, "T06",
        {
            **made["committee"].values,
            "to_assembly": [{"title": "讨论年度计划"}],
            "decisions": [{"what": "提交党员大会", "person_id": book.ids[0], "due": "2026-12-01"}],
        },
    )  # fmt: skip
    done = await records.sign(book.ctx, record_id=draft.record.id, revision=1, seen=True)
    (assembly,) = await Record.filter(template="T05")
    assert assembly.values["agenda"] == [{"title": "讨论年度计划", "form": "讨论"}]
    assert assembly.values["pre_discussed"] == {"done": "已研究", "record": done.record.id}


async def test_a_lectures_hours_are_drafts_for_all_who_came_once(book: Book, clock: Clock) -> None:
    made = await furnish(book, clock)
    first = await record_follow_ups.hours(book.ctx, record_id=made["lecture"].record.id)
    again = await record_follow_ups.hours(book.ctx, record_id=made["lecture"].record.id)
    assert (len(first), len(again)) == (9, 0)
    assert {row.values["hours"]["hours"] for row in first} == {"1.5"}


async def test_a_rehearsed_election_is_an_exercise_and_is_never_signed(book: Book, clock: Clock) -> None:
    at = book.town.at
    opened = await rehearsals.open_rehearsal(at(book.town.worker), case="C2")
    with pytest.raises(BadInput):  # It isn't played to its end.
        await records.create(book.ctx, template="T24", rehearsal_id=opened.rehearsal.id)
    await play_alone(at(book.town.worker), opened.rehearsal.id)
    with pytest.raises(BadInput):
        await records.create(book.ctx, template="T09", rehearsal_id=opened.rehearsal.id)
    made = await records.create(book.ctx, template="T24", rehearsal_id=opened.rehearsal.id)
    assert made.record.is_exercise
    assert made.values["ballots"]["returned"] == made.values["present"]
    assert {"seats", "due", "rules_ok"} <= set(made.values)
    with pytest.raises(RecordBlocked) as refused:
        await records.sign(book.ctx, record_id=made.record.id, revision=1, seen=True)
    assert "演练" in refused.value.problems[0][1]
    assert [one.id for one in await record_prefill.signed(book.town.branch, ["T24"])] == []
