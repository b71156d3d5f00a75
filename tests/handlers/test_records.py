"""Drafts that two phones don't overwrite, signatures that stand, corrections, and who reads what."""

import asyncio
import json
from datetime import timedelta

import pytest
from tortoise import connections
from tortoise.exceptions import BaseORMException

from handlers import records
from handlers.context import Context
from handlers.errors import (
    AlreadyRecorded,
    BadInput,
    NotFound,
    NotYourBranch,
    RecordBlocked,
    StaleVersion,
    WarningsUnseen,
    WrongState,
)
from models import AuditEntry, Record, RecordSetAside, RecordStatus, RecordVersion
from tests.fakes import Clock
from tests.handlers.branch_book import Book, open_book, party_day, signed, team, write

TALK = {
    "at": "2026-11-18", "relation": "党员之间", "reason": "日常",
    "points": "聊了近来的工作和家里的情况，鼓励多参加支部的活动。",
}  # fmt: skip


@pytest.fixture
async def book(ctx: Context) -> Book:
    return await open_book(ctx)


async def test_a_save_changes_what_it_names_and_nothing_else(book: Book) -> None:
    made = await write(book.ctx, "T09", {"place": "甲"})
    saved = await records.save(
        book.ctx, record_id=made.record.id, revision=1, values={"month": "2026-11", "place": None}
    )
    assert saved.values == {"month": "2026-11"}
    assert (saved.record.revision, saved.record.period) == (2, "2026-11")


async def test_of_two_phones_the_second_overwrites_nothing_and_loses_nothing(book: Book) -> None:
    made = await write(book.ctx, "T09", {"place": "甲"})
    id_ = made.record.id
    await records.save(book.ctx, record_id=id_, revision=1, values={"place": "乙"})
    for _ in range(2):
        with pytest.raises(StaleVersion):
            await records.save(book.ctx, record_id=id_, revision=1, values={"place": "丙"})
    assert (await records.show(book.ctx, record_id=id_)).values["place"] == "乙"
    (aside,) = await records.set_asides(book.ctx, record_id=id_)
    assert aside.values == {"place": "丙"}
    taken = await records.settle(book.ctx, record_id=id_, set_aside_id=aside.row.id, take=True)
    assert taken.values["place"] == "丙"
    assert await RecordSetAside.all().count() == 0


async def test_a_save_that_arrives_twice_is_one(book: Book) -> None:
    made = await write(book.ctx, "T09", {})
    for _ in range(2):
        saved = await records.save(book.ctx, record_id=made.record.id, revision=1, values={"place": "甲"})
    assert saved.record.revision == 2
    assert await RecordSetAside.all().count() == 0


async def test_of_many_saves_at_once_one_wins_and_all_others_are_kept_aside(book: Book) -> None:
    made = await write(book.ctx, "T09", {})
    results = await asyncio.gather(
        *(
            records.save(book.ctx, record_id=made.record.id, revision=1, values={"place": f"地点{n}"})
            for n in range(6)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, StaleVersion) for one in results) == 5
    assert (await Record.get()).revision == 2
    assert await RecordSetAside.all().count() == 5


async def test_without_the_revision_in_the_statement_a_save_would_be_overwritten(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken out: a row that takes any revision loses the first phone's words."""
    made = await write(book.ctx, "T09", {})
    first = await Record.get(id=made.record.id)
    second = await Record.get(id=made.record.id)
    form = made.template
    await records._advance(book.ctx, form, first, {"place": "甲"})
    with pytest.raises(StaleVersion):
        await records._advance(book.ctx, form, second, {"place": "乙"})
    second.revision = 2
    await records._advance(book.ctx, form, second, {"place": "乙"})
    assert (await Record.get()).values["place"] == "乙"


async def test_what_blocks_is_said_all_at_once_and_nothing_is_signed(book: Book, clock: Clock) -> None:
    day = clock.now - timedelta(days=2)
    made = await write(book.ctx, "T09", party_day(book, day, present_count=99, place=None))
    with pytest.raises(RecordBlocked) as refused:
        await records.sign(book.ctx, record_id=made.record.id, revision=1, seen=True)
    assert {field for field, _ in refused.value.problems} >= {"present_count", "place"}
    row = await Record.get()
    assert (row.status, row.version) == (RecordStatus.DRAFT, 0)
    assert await RecordVersion.all().count() == 0


async def test_a_hint_needs_only_to_be_seen(book: Book, clock: Clock) -> None:
    day = clock.now - timedelta(days=2)
    made = await write(book.ctx, "T09", party_day(book, day, recorder_id=book.ids[0]))
    with pytest.raises(WarningsUnseen):
        await records.sign(book.ctx, record_id=made.record.id, revision=1)
    done = await records.sign(book.ctx, record_id=made.record.id, revision=1, seen=True)
    assert (done.record.status, done.record.version) == (RecordStatus.SIGNED, 1)
    with pytest.raises(WrongState):
        await records.sign(book.ctx, record_id=made.record.id, revision=2, seen=True)
    with pytest.raises(WrongState):
        await records.save(book.ctx, record_id=made.record.id, revision=2, values={"place": "乙"})


async def test_two_who_sign_at_once_sign_once(book: Book, clock: Clock) -> None:
    made = await write(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    wishes = [records.sign(book.ctx, record_id=made.record.id, revision=1, seen=True) for _ in range(3)]
    results = await asyncio.gather(*wishes, return_exceptions=True)
    assert sum(isinstance(one, StaleVersion | WrongState) for one in results) == 2
    assert await RecordVersion.all().count() == 1
    assert await AuditEntry.filter(action="record.signed").count() == 1


async def test_a_correction_is_the_next_version_with_its_reason(book: Book, clock: Clock) -> None:
    made = await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    id_ = made.record.id
    for reason, sentence in (("", "reason"), ("写错了", "values")):
        with pytest.raises(BadInput) as refused:
            await records.correct(
                book.ctx, record_id=id_, version=1, reason=reason, values={"place": "党群服务中心"}, seen=True
            )
        assert sentence in refused.value.fields
    await records.correct(
        book.ctx, record_id=id_, version=1, reason="地点写错", values={"place": "社区礼堂"}, seen=True
    )
    with pytest.raises(StaleVersion):
        await records.correct(
            book.ctx, record_id=id_, version=1, reason="又错", values={"place": "别处"}, seen=True
        )
    shown, versions = await records.history(book.ctx, record_id=id_)
    assert [(one.row.number, one.row.reason, one.values["place"], one.intact) for one in versions] == [
        (2, "地点写错", "社区礼堂", True),
        (1, "", "党群服务中心", True),
    ]
    assert shown.record.version == 2
    told = await AuditEntry.filter(action__in=("record.signed", "record.corrected")).order_by("-id")
    assert [entry.details["digest"] for entry in told] == [one.row.digest for one in versions]


async def test_the_database_lets_nobody_change_or_remove_a_version(book: Book, clock: Clock) -> None:
    await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    for wish in (
        RecordVersion.all().update(reason="改"),
        RecordVersion.all().update(values={}),
        RecordVersion.all().delete(),
        Record.all().delete(),
    ):
        with pytest.raises(BaseORMException):
            await wish
    (version,) = await RecordVersion.all()
    assert version.values["place"] == "党群服务中心"


async def test_without_its_trigger_a_version_could_be_rewritten_and_would_be_found_out(
    book: Book, clock: Clock
) -> None:
    made = await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    (connection,) = connections.all()
    if connection.capabilities.dialect == "sqlite":
        await connection.execute_query("DROP TRIGGER record_versions_kept")
        await RecordVersion.all().update(values={"place": "别处"})
    else:
        await connection.execute_query("ALTER TABLE record_versions DISABLE TRIGGER record_versions_kept")
        await RecordVersion.all().update(values={"place": "别处"})
        await connection.execute_query("ALTER TABLE record_versions ENABLE TRIGGER record_versions_kept")
    _, versions = await records.history(book.ctx, record_id=made.record.id)
    assert [one.intact for one in versions] == [False]


async def test_a_meeting_entered_eight_days_after_is_marked_and_one_of_seven_is_not(
    book: Book, clock: Clock
) -> None:
    for days, late in ((7, False), (8, True)):
        made = await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=days)))
        assert made.record.is_late is late
    talk = await write(
        book.ctx, "T11", TALK | {"at": "2026-01-05", "from_id": book.ids[0], "to_id": book.ids[1]}
    )
    assert talk.record.is_late is False


async def test_sensitive_fields_are_in_no_column_in_the_clear(book: Book) -> None:
    line = {
        "name": book.ids[1], "id_no": "370302196001010017", "category": "正式党员", "join_date": "1990-07-01",
        "full_date": "1991-07-01", "rel_status": "在册", "mobile": "19900000009", "care_flags": ["困难"],
    }  # fmt: skip
    made = await signed(book.ctx, "T03", line)
    assert (await records.show(book.ctx, record_id=made.record.id)).values["id_no"] == line["id_no"]
    (connection,) = connections.all()
    for table in ("records", "record_versions", "audit_entries"):
        rows = await connection.execute_query_dict(f"SELECT * FROM {table}")  # noqa: S608
        text = json.dumps(rows, default=str, ensure_ascii=False)
        assert line["id_no"] not in text
        assert line["mobile"] not in text
        assert "困难" not in text


async def test_what_was_said_in_a_talk_is_for_the_two_and_the_secretary(book: Book) -> None:
    town = book.town
    await signed(book.ctx, "T02", team(book) | {"secretary_id": book.ids[3]})
    talk = TALK | {"from_id": book.ids[4], "to_id": town.member.id}
    made = await records.create(town.at(book.people[4]), template="T11", values=talk)
    id_ = made.record.id
    for who, sees in (
        (town.member, True), (book.people[4], True), (town.worker, False),
    ):  # fmt: skip
        assert ("points" in (await records.show(town.at(who), record_id=id_)).values) is sees
    await records.sign(town.at(town.worker), record_id=id_, revision=1, seen=True)
    for who in (town.town_officer, town.district_officer):
        shown = await records.show(town.at(who), record_id=id_)
        assert not {"points", "reason", "action"} & set(shown.values)
    for stranger in (book.people[5], town.far_officer, town.other_worker, town.keeper):
        with pytest.raises(NotFound):
            await records.show(town.at(stranger), record_id=id_)
    with pytest.raises(BadInput):
        await records.correct(
            town.at(town.worker),
            record_id=id_,
            version=1,
            reason="改",
            values={"points": "二十个字以上的另外一些话，不该由别人来写。"},
        )


async def test_members_read_what_is_signed_and_their_own_and_officers_their_subtree(
    book: Book, clock: Clock
) -> None:
    town = book.town
    draft = await write(book.ctx, "T09", {"place": "甲"})
    done = await signed(
        book.ctx, "T09",
        party_day(
            book, clock.now - timedelta(days=2), present_count=8,
            signin={"source": "纸质签到表", "count": 8, "kept": "柜"},
            absentees=[{"person_id": book.ids[4], "reason": "生病"}],
        ),
    )  # fmt: skip
    for reader in (town.member, town.town_officer, town.district_officer):
        shown = await records.show(town.at(reader), record_id=done.record.id)
        assert "absentees" not in shown.values
        assert shown.hidden == {"absentees"}
        with pytest.raises(NotFound):
            await records.show(town.at(reader), record_id=draft.record.id)
        with pytest.raises(NotYourBranch):
            await records.sign(town.at(reader), record_id=done.record.id, revision=2)
    listed, _ = await records.list_records(town.at(town.member))
    assert [one.record.id for one in listed] == [done.record.id]
    for stranger in (town.other_worker, town.far_worker, town.keeper):
        with pytest.raises(NotFound):
            await records.show(town.at(stranger), record_id=done.record.id)


async def test_a_bad_value_is_said_in_a_sentence_and_no_row_is_left(book: Book) -> None:
    for values, place in (
        ({"month": "十一月"}, "month"),
        ({"held_at": {"from": "昨天"}}, "held_at.from"),
        ({"no_such": 1}, "no_such"),
        ({"items": [[[1]]]}, "items"),
    ):
        with pytest.raises(BadInput) as refused:
            await write(book.ctx, "T09", values)
        assert place in refused.value.fields
    assert await Record.all().count() == 0
    with pytest.raises(BadInput):
        await write(book.ctx, "T99", {})


async def test_of_what_there_is_one_a_second_is_refused(book: Book) -> None:
    await write(book.ctx, "T23", {"year": 2026})
    with pytest.raises(AlreadyRecorded):
        await write(book.ctx, "T23", {"year": 2026})
    other = await write(book.ctx, "T23", {"year": 2025})
    with pytest.raises(AlreadyRecorded):
        await records.save(book.ctx, record_id=other.record.id, revision=1, values={"year": 2026})
    assert await Record.all().count() == 2


async def test_a_draft_is_thrown_away_and_a_signed_record_is_not(book: Book, clock: Clock) -> None:
    draft = await write(book.ctx, "T09", {"place": "甲"})
    await records.discard(book.ctx, record_id=draft.record.id)
    done = await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    with pytest.raises(WrongState):
        await records.discard(book.ctx, record_id=done.record.id)


async def test_every_change_has_its_audit_entry_without_a_word_of_what_it_says(
    book: Book, clock: Clock
) -> None:
    made = await write(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    id_ = made.record.id
    await records.save(book.ctx, record_id=id_, revision=1, values={"place": "乙"})
    await records.sign(book.ctx, record_id=id_, revision=2, seen=True)
    await records.correct(book.ctx, record_id=id_, version=1, reason="错", values={"place": "丙"}, seen=True)
    entries = await AuditEntry.filter(subject=f"record:{id_}").order_by("id")
    assert [one.action for one in entries] == [
        "record.created", "record.saved", "record.signed", "record.corrected",
    ]  # fmt: skip
    assert "乙" not in json.dumps([one.details for one in entries], ensure_ascii=False)
