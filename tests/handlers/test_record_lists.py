"""Lists in and out of Excel, files behind records, and a branch's year as one file and back."""

import hashlib
import io
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from tortoise import connections

from handlers import (
    record_archives,
    record_attachments,
    record_cells,
    record_sheets,
    records,
)
from handlers.context import Context
from handlers.errors import BadInput, NotFound, NotYourBranch, WrongState
from handlers.record_sheets import Fate
from handlers.template_content import handbook
from models import AuditEntry, Person, Record, RecordAttachment, RecordStatus, RecordVersion
from tests.fakes import Clock
from tests.handlers.branch_book import Book, open_book, party_day, signed, team, write

PDF = b"%PDF-1.7\n" + b"x" * 500
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
DUES = ("党员", "人员类别", "计算基数", "月应交", "核定年度·年度", "实交金额", "交纳月份", "交纳人", "备注")


@pytest.fixture
async def book(ctx: Context) -> Book:
    made = await open_book(ctx)
    for number, person in enumerate(made.people):
        person.name, person.member_no = f"党员{number}", f"N{number:03d}"
        await person.save()
    return made


def sheet(*rows: tuple[Any, ...], above: tuple[Any, ...] = ()) -> bytes:
    made = Workbook()
    active = made.active
    assert active is not None
    for row in (*([above] if above else []), *rows):
        active.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def dues(name: str, *, paid: Any = 48, months: Any = "2026-01、2026-02、2026年3月") -> tuple[Any, ...]:
    return (name, "离退休", 3200, 16, 2026, paid, months, "本人", "x")


async def test_a_list_is_read_in_row_by_row_and_twice_is_once(book: Book) -> None:
    content = sheet(
        DUES,
        dues("党员1"),
        dues("党员2"),
        dues("党员2"),
        dues("没有这个人"),
        dues("党员3", paid="三元"),
        above=("党费",),
    )
    looked = await record_sheets.read_in(book.ctx, template="T18", content=content, dry_run=True)
    assert await Record.all().count() == 0
    report = await record_sheets.read_in(book.ctx, template="T18", content=content)
    assert [row.fate for row in report.rows] == [row.fate for row in looked.rows]
    assert [(row.row, row.fate) for row in report.rows] == [
        (3, Fate.CREATED), (4, Fate.CREATED), (5, Fate.UNCHANGED), (6, Fate.BAD), (7, Fate.BAD),
    ]  # fmt: skip
    assert "从名册里选人" in report.rows[3].message
    assert "实交金额" in report.rows[4].message
    assert report.ignored == ["备注"]
    again = await record_sheets.read_in(book.ctx, template="T18", content=content)
    assert again.count(Fate.CREATED) == 0
    rows = await Record.filter(template="T18")
    assert len(rows) == 2
    shown = await records.show(book.ctx, record_id=rows[0].id)
    assert shown.values["base"] == 320_000
    assert shown.values["months"] == ["2026-01", "2026-02", "2026-03"]


async def test_a_name_that_two_have_is_asked_for_with_the_number(book: Book) -> None:
    await Person.filter(id=book.ids[2]).update(name="党员1")
    report = await record_sheets.read_in(
        book.ctx, template="T18", content=sheet(DUES, dues("党员1"), dues("党员1（N002）"))
    )
    assert [row.fate for row in report.rows] == [Fate.BAD, Fate.CREATED]
    assert "党员1（N001）" in report.rows[0].message


@pytest.mark.parametrize("code", ["T03", "T04", "T11", "T12", "T15", "T17", "T18"])
async def test_what_is_taken_out_is_read_in_again_without_a_change(book: Book, code: str) -> None:
    await signed(book.ctx, "T02", team(book))
    values: dict[str, dict[str, Any]] = {
        "T03": {
            "name": book.ids[1], "id_no": "370302196001010017", "category": "正式党员",
            "join_date": "1990-07-01", "full_date": "1991-07-01", "rel_status": "在册",
            "mobile": "19900000009", "care_flags": ["困难", "流动"],
        },
        "T04": {
            "name": "第一党小组", "leader_id": book.ids[1], "leader_mode": "支部指定", "members": book.ids
        },
        "T11": {
            "at": "2026-11-18", "from_id": book.ids[0], "to_id": book.ids[4], "relation": "委员与党员",
            "reason": "日常", "points": "聊了近来的工作和家里的情况，\n鼓励多参加支部的活动。",
        },
        "T12": {
            "source": {"from": "征求意见"}, "problem": "学习形式单一，年纪大的同志看不清。",
            "measure": "用大字印", "owner_id": book.ids[1], "due": "2026-12-20", "status": "整改中",
        },
        "T15": {
            "member_id": book.ids[3], "direction": "转出",
            "counterpart": {"name": "某某镇党委", "entitled": True},
            "reason": "工作变动", "method": "系统转接", "started": "2026-11-01", "status": "待接收",
            "dues_to": "2026-10",
        },
        "T17": {
            "member_id": book.ids[3], "title": "学习党章", "form": {"form": "党课"}, "date": "2026-11-01",
            "hours": {"hours": "1.5"},
        },
        "T18": {
            "member_id": book.ids[3], "payer_kind": "离退休", "base": 1_000_000, "due": 5000,
            "year": {"year": 2026}, "paid": 15000, "payer": "本人",
            "months": ["2026-01", "2026-02", "2026-03"],
        },
    }  # fmt: skip
    await write(book.ctx, code, values[code])
    content = await record_sheets.export(book.ctx, template=code)
    report = await record_sheets.read_in(book.ctx, template=code, content=content)
    flat = {cell.key for cell in record_cells.cells(handbook().templates[code]) if cell.is_taken}
    assert set(values[code]) <= flat
    assert [(row.fate, row.message) for row in report.rows] == [(Fate.UNCHANGED, "已经有了，没有变化。")]
    assert await Record.filter(template=code).count() == 1


async def test_what_was_signed_is_kept_and_told(book: Book) -> None:
    group = {"name": "第一党小组", "leader_id": book.ids[1], "leader_mode": "支部指定", "members": book.ids}
    await signed(book.ctx, "T04", group)
    content = sheet(
        ("党小组名称", "组长", "产生方式", "组员"),
        ("第一党小组", "党员2", "党员推荐", "、".join(one.name for one in book.people)),
    )
    report = await record_sheets.read_in(book.ctx, template="T04", content=content)
    assert [row.fate for row in report.rows] == [Fate.KEPT]
    assert (await Record.get()).values["leader_id"] == book.ids[1]


async def test_drafts_are_signed_together_and_those_held_up_say_why(book: Book) -> None:
    good, bad = dues("党员1"), dues("党员2", paid=None)
    await record_sheets.read_in(book.ctx, template="T18", content=sheet(DUES, good, bad))
    done, held_up = await record_sheets.sign_drafts(book.ctx, template="T18", seen=True)
    assert (done, len(held_up)) == (1, 1), held_up
    assert "实交金额" in held_up[0][1]
    assert await Record.filter(status=RecordStatus.SIGNED).count() == 1


@pytest.mark.parametrize(
    "content", [b"", b"x", b"PK\x03\x04broken", sheet(("姓甚名谁", "天气")), sheet()],
    ids=["empty", "text", "broken", "other headings", "no rows"],
)  # fmt: skip
async def test_a_file_that_is_no_list_is_refused_in_words(book: Book, content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        await record_sheets.read_in(book.ctx, template="T18", content=content)
    assert refused.value.fields["file"]
    with pytest.raises(NotYourBranch):
        await record_sheets.read_in(book.town.at(book.town.member), template="T18", content=content)


async def test_a_formula_in_a_text_stays_a_text(book: Book) -> None:
    await write(book.ctx, "T12", {"problem": "=1+1 这样写的问题描述十个字"})
    exported = load_workbook(io.BytesIO(await record_sheets.export(book.ctx, template="T12")))
    cells = [
        cell for row in exported.worksheets[0].iter_rows() for cell in row if str(cell.value).startswith("=1")
    ]
    assert [cell.data_type for cell in cells] == ["s"]


def docx(*, macro: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", "word/document.xml", *(["word/vbaProject.bin"] if macro else [])):
            archive.writestr(name, "x")
    return file.getvalue()


async def test_a_file_is_known_by_its_content_and_sealed_and_kept_once(book: Book) -> None:
    draft = await write(book.ctx, "T08", {"title": "学习党章"})
    id_ = draft.record.id
    for _ in range(2):
        row = await record_attachments.attach(
            book.ctx, record_id=id_, field="script", name="../../讲稿.exe", content=PDF
        )
    assert (row.name, row.media) == ("讲稿.pdf", "application/pdf")
    assert await RecordAttachment.all().count() == 1
    assert PDF[:20] not in bytes((await RecordAttachment.get()).content)
    assert (await records.show(book.ctx, record_id=id_)).values["script"] == ["讲稿.pdf"]
    _, content = await record_attachments.read(book.ctx, record_id=id_, attachment_id=row.id)
    assert content == PDF
    with pytest.raises(NotFound):
        await record_attachments.read(book.town.at(book.town.far_worker), record_id=id_, attachment_id=row.id)
    await record_attachments.detach(book.ctx, record_id=id_, attachment_id=row.id)
    assert "script" not in (await records.show(book.ctx, record_id=id_)).values


@pytest.mark.parametrize(
    ("content", "media"),
    [(PDF, ".pdf"), (PNG, ".png"), (b"\xff\xd8\xff\xe0x", ".jpg"), (docx(), ".docx")],
)
async def test_four_kinds_are_taken(book: Book, content: bytes, media: str) -> None:
    draft = await write(book.ctx, "T08", {})
    row = await record_attachments.attach(
        book.ctx, record_id=draft.record.id, field="script", name="a", content=content
    )
    assert row.name == f"a{media}"


async def test_other_files_are_refused_and_signed_records_take_none(book: Book, clock: Clock) -> None:
    draft = await write(book.ctx, "T08", {})
    for content in (
        b"",
        b"MZ\x90",
        b"<html>",
        docx(macro=True),
        b"PK\x03\x04",
        b"%PDF-" + b"x" * record_attachments.LARGEST,
    ):
        with pytest.raises(BadInput):
            await record_attachments.attach(
                book.ctx, record_id=draft.record.id, field="script", name="a.pdf", content=content
            )
    with pytest.raises(BadInput):
        await record_attachments.attach(
            book.ctx, record_id=draft.record.id, field="title", name="a.pdf", content=PDF
        )
    done = await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    with pytest.raises(WrongState):
        await record_attachments.attach(
            book.ctx, record_id=done.record.id, field="media", name="a.png", content=PNG
        )
    assert await RecordAttachment.all().count() == 0


def test_pictures_are_demanded_by_no_template() -> None:
    for form in handbook().templates.values():
        if form.meeting:
            assert form.field("media").required == "never"


async def fill(book: Book, clock: Clock, *, number: int) -> None:
    """A year of that many records: signed ones with a correction, drafts, a file."""
    day = clock.now - timedelta(days=2)
    for at in range(3):
        made = await signed(book.ctx, "T09", party_day(book, day - timedelta(days=30 * at)))
    await records.correct(
        book.ctx, record_id=made.record.id, version=1, reason="写错了", values={"place": "礼堂"}, seen=True
    )
    draft = await write(book.ctx, "T08", {"title": "学习党章"})
    await record_attachments.attach(
        book.ctx, record_id=draft.record.id, field="script", name="讲稿.pdf", content=PDF
    )
    await write(book.ctx, "T03", {"name": book.ids[1], "id_no": "370302196001010017"})
    for at in range(number - 5):
        begun = date(2026, 1, 1) + timedelta(days=at)
        await write(
            book.ctx, "T17", {"member_id": book.ids[at % 8], "title": f"第{at}课", "date": str(begun)}
        )


async def lose_everything() -> None:
    """As after a lost database: not even the triggers stand in the way."""
    (connection,) = connections.all()
    if connection.capabilities.dialect == "sqlite":
        await connection.execute_query("DROP TRIGGER record_versions_not_removed")
        for model in (RecordVersion, RecordAttachment, Record):
            await model.all().delete()  # type: ignore[attr-defined]
    else:
        await connection.execute_query("TRUNCATE records, record_versions, record_attachments CASCADE")


async def test_a_year_of_two_hundred_records_is_the_same_after_a_round_trip(book: Book, clock: Clock) -> None:
    await fill(book, clock, number=200)
    assert await Record.all().count() == 200
    _, before = await record_archives.export(book.ctx, year=2026)
    assert b"370302196001010017" not in zipfile.ZipFile(io.BytesIO(before)).read("records.json")
    already = await record_archives.restore(book.ctx, content=before)
    assert (already.restored, already.already) == (0, 200)
    await lose_everything()
    looked = await record_archives.restore(book.ctx, content=before, dry_run=True)
    assert (looked.restored, await Record.all().count()) == (200, 0)
    assert (await record_archives.restore(book.ctx, content=before)).restored == 200
    _, after = await record_archives.export(book.ctx, year=2026)
    assert hashlib.sha256(after).hexdigest() == hashlib.sha256(before).hexdigest()
    assert after == before
    made = await write(book.ctx, "T09", {})
    assert made.record.id > max(row.id for row in await Record.filter(id__lt=made.record.id))


async def test_an_archive_that_somebody_wrote_at_or_of_another_branch_is_refused(
    book: Book, clock: Clock
) -> None:
    await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    _, content = await record_archives.export(book.ctx, year=2026)
    await lose_everything()
    again = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(again, "w") as new:
        new.writestr("records.json", old.read("records.json").replace(b"T09", b"T05"))
        new.writestr("signature.txt", old.read("signature.txt"))
    for bad in (again.getvalue(), b"x", b"", PDF):
        with pytest.raises(BadInput):
            await record_archives.restore(book.ctx, content=bad)
    with pytest.raises(BadInput):
        await record_archives.restore(book.town.at(book.town.other_worker), content=content)
    assert await Record.all().count() == 0
    assert await AuditEntry.filter(action="records.restored").count() == 0
