"""The desk for party workers in a browser without a script, and a worker's own page."""

import re
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData
from openpyxl import Workbook, load_workbook

from handlers import registers, rotations, trainings
from handlers.context import Context
from handlers.trainings import SessionWish
from models import (
    Attendance,
    Complaint,
    Filing,
    FilingStatus,
    Measure,
    MeasureStatus,
    Organization,
    Person,
    Placement,
    Role,
    StaffQuota,
    Trainee,
    Training,
    TrainingSession,
    WorkerCorrection,
)
from pages import staff
from tests.fakes import Clock
from tests.handlers.town import Town, build, person
from tests.pages.test_keeper_pages import cookie
from tests.pages.test_pages import Client, Tags, client

__all__ = ["client"]

APPOINT = {
    "kind": "appoint", "effective_on": "2026-11-20", "reason": "", "field": "town", "post": "组织员",
    "full_time": "1", "staffing": "行政", "duties": "党员教育、发展党员", "materials": "呈报表",
    "met_on": "2026-11-19", "document_no": "1 号",
}  # fmt: skip


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns; 演示甲 of the near branch; a second officer of the district."""
    made = await build(ctx)
    await Person.filter(id=made.member.id).update(name="演示甲")
    await Organization.filter(id=made.town.id).update(town="般阳路街道")
    made.second = await person(made.district, Role.DISTRICT_OFFICER)  # type: ignore[attr-defined]
    return made


async def see(client: Client, world: Town, who: Person, path: str, *, status: int = 200) -> str:
    response = await client.get(path, cookies=await cookie(world.ctx, who))
    html = await response.text()
    assert response.status == status, (path, html)
    assert Tags(html).open == []
    return html


async def do(client: Client, world: Town, who: Person, path: str, **form: Any) -> str:
    """Send a form, follow where it leads."""
    response = await client.post(path, data=form, cookies=await cookie(world.ctx, who))
    html = await response.text()
    assert response.status == 200, (path, html)
    assert Tags(html).open == []
    return html


async def test_a_filing_goes_its_way_in_four_taps(client: Client, world: Town) -> None:
    town = world.town_officer
    found = await see(client, world, town, "/workers/filings/new?name=演示甲")
    assert f'value="{world.member.id}"' in found
    form = APPOINT | {"person_id": str(world.member.id), "unit_id": str(world.town.id)}
    html = await do(client, world, town, "/workers/filings/new", **form)
    filing = await Filing.get()
    assert filing.status is FilingStatus.REPORTED
    assert "已报区级备案" in html
    await do(client, world, world.district_officer, f"/workers/filings/{filing.id}/advance", note="")
    refused = await client.post(
        f"/workers/filings/{filing.id}/advance", cookies=await cookie(world.ctx, world.district_officer)
    )
    assert (refused.status, "请另一位同志" in await refused.text()) == (422, True)
    html = await do(client, world, world.second, f"/workers/filings/{filing.id}/advance")  # type: ignore[attr-defined]
    assert "已备案" in html
    placement = await Placement.get()
    assert placement.duties == ["党员教育", "发展党员"]
    for who, there in ((town, 1), (world.far_officer, 0)):
        client.session.cookie_jar.clear()
        sent = await client.get("/workers/filings/filings.xlsx", cookies=await cookie(world.ctx, who))
        rows = list(load_workbook(BytesIO(await sent.read())).worksheets[0].iter_rows(values_only=True))
        assert len(rows) == 1 + there
        assert not there or ("已备案" in rows[1] and "已报区级备案" in str(rows[1][-1]))
    own = await see(client, world, world.member, "/my-work")
    assert "组织员" in own
    await do(client, world, world.member, "/my-work/corrections", text="学历应为本科")
    waiting = await WorkerCorrection.get()
    assert "学历应为本科" in await see(client, world, town, "/workers/registry")
    await do(client, world, town, f"/workers/corrections/{waiting.id}", answer="已改")
    assert "已改" in await see(client, world, world.member, "/my-work")


async def test_a_returned_filing_says_why_and_is_sent_again(client: Client, world: Town) -> None:
    form = APPOINT | {"person_id": str(world.member.id), "unit_id": str(world.town.id)}
    await do(client, world, world.town_officer, "/workers/filings/new", **form)
    filing = await Filing.get()
    await do(
        client, world, world.district_officer, f"/workers/filings/{filing.id}/return", reason="缺<b>文件"
    )
    html = await see(client, world, world.town_officer, f"/workers/filings/{filing.id}/correct")
    assert "缺&lt;b&gt;文件" in html
    again = {key: value for key, value in form.items() if key not in ("kind", "person_id", "unit_id")}
    await do(client, world, world.town_officer, f"/workers/filings/{filing.id}/correct", **again)
    assert (await Filing.get()).status is FilingStatus.REPORTED


PATHS = (
    "/workers", "/workers/registry", "/workers/bulletin", "/workers/filings", "/workers/filings/new",
    "/workers/measures", "/workers/rotations", "/workers/registers", "/workers/registers/workers.xlsx",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_the_desk_is_for_officers(client: Client, world: Town, path: str) -> None:
    for nobody in (world.member, world.worker, world.keeper):
        await see(client, world, nobody, path, status=403)
    assert (await client.get(path)).status == 403
    for officer in (world.town_officer, world.district_officer):
        if not path.endswith(".xlsx"):
            await see(client, world, officer, path)


@pytest.mark.parametrize(
    "form",
    [
        {}, {"person_id": "x"}, {"person_id": "1", "unit_id": "9" * 30}, {"kind": "banish"},
        {"effective_on": "0001-01-01"}, {"effective_on": "99999-01-01"}, {"branches": "ZC1301"},
        {"full_on": "x"}, {"post": "<script>"}, {"field": "mars"}, {"met_on": "2199-01-01"},
    ],
)  # fmt: skip
async def test_odd_forms_file_nothing_and_say_why(client: Client, world: Town, form: dict[str, str]) -> None:
    whole = APPOINT | {"person_id": str(world.member.id), "unit_id": str(world.town.id)}
    data = whole | form if form else {}
    held = await cookie(world.ctx, world.town_officer)
    response = await client.post("/workers/filings/new", data=data, cookies=held)
    html = await response.text()
    assert response.status in (404, 422), html
    assert "<script>" not in html
    assert not await Filing.exists()


async def test_a_lead_is_verified_explained_and_decided_by_people(client: Client, world: Town) -> None:
    district, town = world.district_officer, world.town_officer
    lead = {"unit_id": str(world.town.id), "issue": "poor_work", "facts": "季度任务没有完成"}
    await do(client, world, district, "/workers/measures", **lead)
    base = f"/workers/measures/{(await Measure.get()).id}"
    await see(client, world, town, base, status=404)
    await do(client, world, district, f"{base}/verify", holds="1", note="查阅了材料")
    assert "提交说明" in await see(client, world, town, base)
    await do(client, world, town, f"{base}/explain", text="正在补做")
    choices = await see(client, world, district, base)
    for kind in ("通报", "约谈", "扣分", "取消评先评优资格"):
        assert kind in choices
    assert choices.count('name="kinds"') == 4
    await do(client, world, district, f"{base}/propose", kinds="talk", reason="属实")
    await do(client, world, world.second, f"{base}/decide", agrees="1", note="")  # type: ignore[attr-defined]
    await do(client, world, district, f"{base}/deliver")
    await do(client, world, town, f"{base}/rectify", text="已完成")
    await do(client, world, district, f"{base}/lift")
    assert (await Measure.get()).status is MeasureStatus.LIFTED
    await see(client, world, world.far_officer, base, status=404)


async def test_a_class_from_its_opening_to_its_hours(client: Client, world: Town, clock: Clock) -> None:
    district, town = world.district_officer, world.town_officer
    opened = await do(
        client, world, district, "/workers/trainings", code="A1", kind="town", topic="支部运行", place="党校",
        capacity="5", sessions="2026-12-01 09:00-11:30 4 第一讲 演示讲师\n2026-12-01 14:00-16:30 4 第二讲",
    )  # fmt: skip
    assert "第二讲" in opened
    training = await Training.get()
    await do(
        client, world, town, f"/workers/trainings/{training.id}/enrolments",
        unit_id=str(world.town.id), names="演示甲\n",
    )  # fmt: skip
    wrong = await client.post(
        f"/workers/trainings/{training.id}/enrolments", cookies=await cookie(world.ctx, town),
        data={"unit_id": str(world.town.id), "names": "没有这人"},
    )  # fmt: skip
    assert "本单位名册里没有" in await wrong.text()
    first = await TrainingSession.get(training=training, number=1)
    clock.now = first.starts_at
    base = f"/workers/trainings/{training.id}"
    assert "code.svg" in await see(client, world, district, f"{base}/sessions/{first.id}")
    drawing = await client.get(
        f"{base}/sessions/{first.id}/code.svg", cookies=await cookie(world.ctx, district)
    )
    assert drawing.content_type == "image/svg+xml"
    html = await do(client, world, district, f"{base}/sessions/{first.id}", names="演示甲\n<i>某人")
    assert "已登记" in html
    assert "&lt;i&gt;某人" in html
    await do(client, world, district, f"{base}/conditions", attendance_percent="50")
    trainee = await Trainee.get()
    await do(client, world, district, f"{base}/results", what="quiz", passed=str(trainee.id))
    clock.now = training.ends_at + timedelta(hours=1)
    closed = await do(client, world, district, f"{base}/close")
    assert "已结班" in closed
    assert "4 学时" in await see(client, world, world.member, "/my-work")


async def test_a_scanned_code_asks_for_one_tap_and_a_look_changes_nothing(
    client: Client, world: Town, clock: Clock
) -> None:
    from handlers import training_attendance

    begins = clock.now + timedelta(days=1)
    training = await trainings.create(
        world.at(world.district_officer), code="A1", kind="town", topic="x", place="x", capacity=5,
        sessions=[SessionWish("第一讲", begins, begins + timedelta(hours=2), 2)],
    )  # fmt: skip
    await trainings.enrol(
        world.at(world.town_officer),
        training_id=training.id,
        unit_id=world.town.id,
        person_ids=[world.member.id],
    )
    session = await TrainingSession.get()
    clock.now = begins
    _, code = await training_attendance.session_code(world.at(world.district_officer), session_id=session.id)
    await see(client, world, world.member, f"/trainings/in/{code}")
    assert not await Attendance.exists()
    assert "登记好了" in await do(client, world, world.member, f"/trainings/in/{code}")
    assert "之前已经登记过了" in await do(client, world, world.member, f"/trainings/in/{code}")
    stranger = await client.post(f"/trainings/in/{code}", cookies=await cookie(world.ctx, world.far_worker))
    assert (stranger.status, "不在这个班的名单" in await stranger.text()) == (422, True)
    assert await Attendance.all().count() == 1


async def test_rotations_show_the_next_step_to_whom_it_belongs(client: Client, world: Town) -> None:
    (turn,) = await rotations.open_round(world.at(world.district_officer), first_month=date(2026, 12, 1))
    form = APPOINT | {"person_id": str(world.member.id), "unit_id": str(world.town.id)}
    await do(client, world, world.town_officer, "/workers/filings/new", **form)
    filing = await Filing.get()
    for who in (world.district_officer, world.second):  # type: ignore[attr-defined]
        await do(client, world, who, f"/workers/filings/{filing.id}/advance")
    base = f"/workers/rotations/{turn.id}"
    assert "报人选" in await see(client, world, world.town_officer, base)
    await do(client, world, world.town_officer, f"{base}/nominate", person_id=str(world.member.id))
    assert "确认人选" not in await see(client, world, world.town_officer, base)
    html = await do(
        client, world, world.district_officer, f"{base}/confirm", mentor_id=str(world.district_officer.id)
    )
    assert "已确认" in html


def sheet(required: object) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (["单位编码", "应配数", "依据"], ["ZC01", required, "以办法为准"], ["ZC99", 1, ""]):
        page.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def chosen(content: bytes) -> FormData:
    form = FormData()
    form.add_field("file", content, filename="应配数.xlsx")
    return form


async def test_a_file_is_tried_first_and_imported_by_the_second_tap(client: Client, world: Town) -> None:
    held = await cookie(world.ctx, world.district_officer)
    tried = await client.post("/workers/registers/quotas", data=chosen(sheet(4)), cookies=held)
    html = await tried.text()
    assert Tags(html).open == []
    assert "试导入" in html
    assert "第 3 行" in html
    assert not await StaffQuota.exists()
    word = re.search(r'name="word" value="([^"]+)"', html)
    assert word is not None
    theirs = await cookie(world.ctx, world.second)  # type: ignore[attr-defined]
    stolen = await client.post("/workers/registers/quotas", data={"word": word[1]}, cookies=theirs)
    assert "已经过期" in await stolen.text()
    done = await client.post("/workers/registers/quotas", data={"word": word[1]}, cookies=held)
    assert "导入完成" in await done.text()
    assert (await StaffQuota.get()).required == 4
    again = await client.post("/workers/registers/quotas", data={"word": word[1]}, cookies=held)
    assert "已经过期" in await again.text()


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04x"])
async def test_a_file_that_cannot_be_read_is_told_kindly(client: Client, world: Town, content: bytes) -> None:
    held = await cookie(world.ctx, world.district_officer)
    response = await client.post("/workers/registers/quotas", data=chosen(content), cookies=held)
    assert response.status == 422
    assert "请" in await response.text()
    missing = await client.post("/workers/registers/quotas", data={}, cookies=held)
    assert missing.status == 422


async def test_what_came_on_paper_is_written_down_and_its_code_told_once_it_is(
    client: Client, world: Town
) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (["收到", "内容"], ["2026-11-18", "周六多开一场"]):
        page.append(row)
    file = BytesIO()
    book.save(file)
    held = await cookie(world.ctx, world.town_officer)
    tried = await client.post("/workers/registers/complaints", data=chosen(file.getvalue()), cookies=held)
    html = await tried.text()
    assert "查询码" not in html, "a trial keeps nothing, so it has no code to tell"
    word = re.search(r'name="word" value="([^"]+)"', html)
    assert word is not None
    done = await client.post("/workers/registers/complaints", data={"word": word[1]}, cookies=held)
    html = await done.text()
    assert Tags(html).open == []
    assert (await Complaint.get()).lookup in html
    desk = await see(client, world, world.town_officer, "/complaints/desk")
    assert "周六多开一场" in desk
    assert '/workers/registers#complaints"' in desk


async def test_every_register_is_one_tap_from_the_top_and_says_what_a_file_may_bring(
    client: Client, world: Town
) -> None:
    html = await see(client, world, world.district_officer, "/workers/registers")
    for one in registers.registers().values():
        assert f'href="#{one.name}"' in html
        assert f'id="{one.name}"' in html
        assert one.note in html
    theirs = await see(client, world, world.town_officer, "/workers/registers")
    assert "/workers/registers/quotas.xlsx" in theirs, "what goes out to the town"
    assert [f'action="/workers/registers/{name}"' in theirs for name in ("quotas", "filings")] == [
        False,
        True,
    ]
    measures = await see(client, world, world.district_officer, "/workers/measures")
    assert '/workers/registers#measures"' in measures
    theirs = await see(client, world, world.town_officer, "/workers/measures")
    assert "/workers/registers/measures.xlsx" in theirs
    assert '#measures"' not in theirs, "leads are the district's to bring"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("2026-12-08", '<span class="word">2026-12-08</span>'),
        ("2026年12月", '<span class="word">2026年12月</span>'),
        ("BA2024-0001", '<span class="word">BA2024-0001</span>'),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_a_day_stays_on_one_line_in_a_narrow_table(said: str, shown: str) -> None:
    assert f"<td>{shown}</td>" in staff.table(("x",), [(said,)])


def test_a_long_name_isnt_squeezed_and_an_empty_table_says_so() -> None:
    assert '<td class="long">般阳路街道党工委（演示）</td>' in staff.table(
        ("x",), [("般阳路街道党工委（演示）",)]
    )
    assert "现在没有" in staff.table(("x",), [])
