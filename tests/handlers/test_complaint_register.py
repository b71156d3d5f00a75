"""Complaints that came on paper: unnamed unless signed, with a code and a term, once however often."""

from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from handlers import complaint_desk, complaints, registers, screenings
from handlers.context import Context
from handlers.errors import NotAllowed
from models import Account, App, AuditEntry, Complaint, Notice, Person
from tests.handlers.test_registers import counts, take
from tests.handlers.town import Town, build

PAPER = {"收到": "2026-11-18", "内容": "周六多开一场"}


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns; 演示甲 <M1> is bound in WeChat, 演示乙 <M2> isn't."""
    made = await build(ctx)
    await Person.filter(id=made.member.id).update(name="演示甲", member_no="M1")
    await Person.filter(id=made.worker.id).update(name="演示乙", member_no="M2")
    await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o-m1", person=made.member, follows=True)
    return made


async def test_an_unsigned_one_stays_unnamed_and_gets_its_code_and_its_term(
    world: Town, tmp_path: Path
) -> None:
    town = world.at(world.town_officer)
    trial = await take(town, tmp_path, "complaints", [PAPER], dry_run=True)
    assert (counts(trial), trial.told, await Complaint.exists()) == ((1, 0, 0, 0), [], False)
    done = await take(town, tmp_path, "complaints", [PAPER])
    row = await Complaint.get()
    assert (counts(done), row.account_id, row.named, row.office_id) == (
        (1, 0, 0, 0),
        None,
        False,
        world.town.id,
    )
    assert len(row.lookup) == complaints.LOOKUP_LENGTH
    assert [one.row for one in done.told] == [3]
    assert row.lookup in done.told[0].message
    assert any(row.lookup in line for line in done.lines())
    # Fifteen working days from Wednesday 18 November, and not from today.
    followed = await complaints.follow(world.ctx, lookup=row.lookup)
    assert followed.due_on == date(2026, 12, 9)
    (waiting,) = await complaint_desk.list_complaints(town)
    assert (waiting.received_on, waiting.due_on, waiting.sender) == (
        date(2026, 11, 18),
        date(2026, 12, 9),
        None,
    )
    assert await complaint_desk.list_complaints(world.at(world.far_officer)) == []
    # The same file again, also once it is answered: nothing changes, and a lost code is told again.
    await complaint_desk.answer(town, complaint_id=row.id, text="已加开")
    again = await take(town, tmp_path, "complaints", [PAPER, PAPER])
    assert (counts(again), row.lookup in again.told[0].message) == ((0, 0, 2, 0), True)
    assert await Complaint.all().count() == 1
    assert await AuditEntry.filter(action="complaint.entered").count() == 1


async def test_who_signed_is_named_to_the_office_and_written_to(world: Town, tmp_path: Path) -> None:
    town = world.at(world.town_officer)
    signed = PAPER | {"署名人编号": "M1", "署名": "演示甲"}
    unknown = PAPER | {"署名人编号": "M2", "署名": "演示乙"}
    wrong = [unknown, PAPER | {"署名": "演示甲"}, PAPER | {"署名人编号": "M1"}, signed | {"署名": "演示乙"}]
    report = await take(town, tmp_path, "complaints", wrong)
    assert counts(report) == (0, 0, 0, 4)
    assert not await Complaint.exists()
    assert "还没有在微信里绑定" in str(report.issues[0])
    await take(town, tmp_path, "complaints", [signed])
    (waiting,) = await complaint_desk.list_complaints(town)
    assert waiting.sender is not None
    assert waiting.sender.name == "演示甲"
    await complaint_desk.answer(town, complaint_id=waiting.complaint.id, text="已加开")
    assert [one.openid for one in await Notice.all()] == ["o-m1"]
    page = load_workbook(BytesIO(await registers.export(town, name="complaints"))).active
    assert page is not None
    cells = [str(cell) for row in page.iter_rows(values_only=True) for cell in row]
    assert "周六多开一场" in cells
    assert not {"演示甲", "M1", (await Complaint.get()).lookup} & set(cells), "no sender, and no code"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"内容": " "}, "没有填写"),
        ({"内容": "长" * 1001}, "不能超过 1000 个字"),
        ({"收到": "2026-12-30"}, "还没有到"),
        ({"收到": "某天"}, "2026-11-20 10:30 这样"),
        ({"承办单位编码": "ZC0101"}, "党（工）委"),
        ({"承办单位编码": "ZC99"}, "没有编码为"),
        ({"状态": "已答复"}, "把状态留空"),
        ({"编号": 77}, "没有这个编号"),
    ],
)
async def test_a_row_that_is_wrong_says_why_and_leaves_nothing(
    world: Town, tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    report = await take(world.at(world.town_officer), tmp_path, "complaints", [PAPER | wrong])
    assert (counts(report), report.issues[0].row) == ((0, 0, 0, 1), 3)
    assert said in str(report.issues[0])
    assert not await Complaint.exists()


async def test_one_that_came_over_the_network_is_never_taken_for_a_paper(world: Town, tmp_path: Path) -> None:
    sent = await complaints.submit(world.at(world.member), text="周六多开一场")
    at = sent.created_at.astimezone(world.ctx.settings.zone)
    await Complaint.filter(id=sent.id).update(created_at=at.replace(second=7))
    report = await take(
        world.ctx.on_behalf_of(world.at(world.town_officer).caller), tmp_path, "complaints",
        [PAPER | {"收到": datetime(at.year, at.month, at.day, at.hour, at.minute)}],  # noqa: DTZ001
    )  # fmt: skip
    assert counts(report) == (1, 0, 0, 0)
    assert not any(sent.lookup in one.message for one in report.told)


async def test_what_must_be_looked_at_first_waits_and_is_still_the_same(world: Town, tmp_path: Path) -> None:
    bad = PAPER | {"内容": f"他是{screenings.held_words()[0]}"}
    town = world.at(world.town_officer)
    assert counts(await take(town, tmp_path, "complaints", [bad])) == (1, 0, 0, 0)
    assert (await Complaint.get()).text == screenings.STAND_IN
    assert counts(await take(town, tmp_path, "complaints", [bad])) == (0, 0, 1, 0)


async def test_only_officers_write_down_what_came_on_paper(world: Town, tmp_path: Path) -> None:
    for nobody in (world.member, world.worker, world.keeper, None):
        with pytest.raises(NotAllowed):
            await take(world.at(nobody), tmp_path, "complaints", [PAPER])
    report = await take(world.at(world.district_officer), tmp_path, "complaints", [PAPER])
    assert (counts(report), (await Complaint.get()).office_id) == ((1, 0, 0, 0), None)
