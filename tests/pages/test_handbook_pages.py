"""The handbook on a phone, without a script: begun, filled in, checked, signed, corrected, read."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import FormData

from handlers import page_logins, record_attachments, records
from handlers.context import Context
from handlers.template_content import handbook
from models import Account, App, Person, Record, RecordSetAside, RecordStatus
from pages.login import COOKIE
from tests.fakes import Clock
from tests.handlers.branch_book import Book, open_book, party_day, signed, team, write
from tests.pages.test_pages import Client, Tags, client
from tests.test_formalism import said

__all__ = ["client"]


@pytest.fixture
async def book(ctx: Context) -> Book:
    return await open_book(ctx)


class Phone:
    """Somebody's browser."""

    def __init__(self, client: Client, word: str) -> None:
        self.client = client
        self.headers = {"Cookie": f"{COOKIE}={word}"}

    async def get(self, path: str) -> tuple[int, str]:
        response = await self.client.get(path, headers=self.headers)
        html = await response.text()
        self.look_at(html)
        return response.status, html

    async def post(self, path: str, fields: Any) -> tuple[int, str]:
        response = await self.client.post(path, headers=self.headers, data=fields)
        html = await response.text()
        self.look_at(html)
        return response.status, html

    def look_at(self, html: str) -> None:
        if html.startswith("<!doctype"):
            assert Tags(html).open == []
            # A branch's own assessment (T21) has its result; persons have none.
            text = html.replace("得分", "") if "T21" in html else html
            assert said(re.sub(r"<[^>]*>", "。", text)) == []


async def phone(client: Client, book: Book, who: Person) -> Phone:
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}", follows=True, person=who)
    return Phone(client, page_logins.issue(book.town.ctx, account.id))


def fields_of(html: str) -> list[tuple[str, str]]:
    """What a browser would send of a page's record form, as it stands."""
    form = re.search(
        r'<form method="post" action="/handbook/records/\d+" data-autosave.*?</form>', html, re.S
    )
    assert form is not None
    found: list[tuple[str, str]] = []
    for tag, attributes in Tags(form[0]).seen:
        name, kind = attributes.get("name"), attributes.get("type")
        if tag == "input" and name and (kind not in ("radio", "checkbox") or "checked" in attributes):
            found.append((name, attributes.get("value") or ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', form[0]):
        found.append((name, text))
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found.append((name, chosen[1] if chosen else ""))
    return found


def changed(fields: list[tuple[str, str]], **new: Any) -> FormData:
    """The same fields, some filled in anew; dots stand as double underscores, lists are several ticks."""
    names = {name.replace("__", "."): value for name, value in new.items()}
    form = FormData()
    for name, value in fields:
        if name not in names:
            form.add_field(name, value)
    for name, value in names.items():
        for one in value if isinstance(value, list) else [value]:
            form.add_field(name, str(one))
    return form


async def test_a_record_is_begun_filled_in_checked_and_signed_without_a_script(
    client: Client, book: Book, clock: Clock
) -> None:
    await signed(book.ctx, "T02", team(book))
    worker = await phone(client, book, book.town.worker)
    assert "主题党日记录" in (await worker.get("/handbook"))[1]
    assert "开始写" in (await worker.get("/handbook/templates/T09"))[1]
    status, html = await worker.post("/handbook/records", {"template": "T09"})
    row = await Record.get(template="T09")
    path = f"/handbook/records/{row.id}"
    assert (status, "data-autosave" in html) == (200, True)
    day = clock.now - timedelta(days=2)
    filled = {
        "held_at__from": f"{day:%Y-%m-%dT%H:%M}",
        "held_at__until": f"{day + timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "place": "党群服务中心", "recorder_id": book.ids[1], "present_count": 8,
        "absentees__0__person_id": book.ids[4],
        "signin__source": "纸质签到表", "signin__count": 8, "is_fixed_day__fixed": "是", "month": "2026-11",
        "theme__title": "学习<b>党章", "items": ["集中学习", "志愿服务"],
    }  # fmt: skip
    _, html = await worker.post(path, changed(fields_of(html), act="check", **filled))
    assert "缺席名单及原因" in html
    assert 'class="said block"' in html, "the reason is still missing, and said beside its field"
    assert re.search("要补正 1 处.{,9}，都标在下面各栏。", html)
    assert "学习&lt;b&gt;党章" in html
    assert "<b>党章" not in html
    status, html = await worker.post(path, changed(fields_of(html), act="sign", seen="on"))
    assert (status, "请补正后再签认" in html) == (409, True)
    status, html = await worker.post(
        path, changed(fields_of(html), act="sign", seen="on", absentees__0__reason="生病")
    )
    assert status == 200, re.sub(r"<[^>]*>", " ", html)[:1500]
    row = await Record.get(id=row.id)
    assert (row.status, row.version) == (RecordStatus.SIGNED, 1)
    assert "更正" in html
    _, html = await worker.get(f"{path}?correct=1")
    status, html = await worker.post(
        path,
        {
            "act": "correct",
            "version": "1",
            "reason": "地点写错",
            "_has": "place",
            "place": "社区礼堂",
            "seen": "on",
        },
    )
    assert (status, "地点写错" in html) == (200, True)


async def test_what_cannot_be_read_stays_in_the_form_and_nothing_is_saved(client: Client, book: Book) -> None:
    made = await write(book.ctx, "T18", {"member_id": book.ids[1]})
    worker = await phone(client, book, book.town.worker)
    path = f"/handbook/records/{made.record.id}"
    status, html = await worker.post(path, {"act": "save", "revision": "1", "_has": "paid", "paid": "三块五"})
    assert (status, 'value="三块五"' in html, "实交金额：" in html) == (422, True, True)
    assert (await Record.get()).revision == 1


async def test_the_script_saves_one_field_and_a_late_phone_is_told_and_loses_nothing(
    client: Client, book: Book
) -> None:
    made = await write(book.ctx, "T09", {"place": "甲"})
    worker = await phone(client, book, book.town.worker)
    path = f"/handbook/records/{made.record.id}"
    status, text = await worker.post(f"{path}/autosave", {"revision": "1", "_has": "place", "place": "乙"})
    assert (status, text) == (200, '{"revision": 2}')
    status, text = await worker.post(f"{path}/autosave", {"revision": "1", "_has": "place", "place": "丙"})
    assert (status, "没有丢" in json.loads(text)["detail"]) == (409, True)
    _, html = await worker.get(path)
    assert "没赶上的修改" in html
    aside = await RecordSetAside.get()
    await worker.post(path, {"act": "take", "set_aside": str(aside.id)})
    assert (await Record.get()).values["place"] == "丙"


async def test_a_file_is_sent_and_fetched(client: Client, book: Book) -> None:
    made = await write(book.ctx, "T08", {"title": "学习党章"})
    worker = await phone(client, book, book.town.worker)
    form = FormData(quote_fields=False)  # As browsers name files.
    form.add_field("field", "script")
    form.add_field("file", b"%PDF-1.7 x", filename="讲稿.pdf", content_type="application/pdf")
    path = f"/handbook/records/{made.record.id}"
    _, html = await worker.post(f"{path}/files", form)
    assert "讲稿.pdf" in html
    (row,) = await record_attachments.list_attachments(book.ctx, record_id=made.record.id)
    response = await client.get(f"{path}/files/{row.id}", headers=worker.headers)
    assert await response.read() == b"%PDF-1.7 x"
    assert "attachment" in response.headers["Content-Disposition"]
    form = FormData()
    form.add_field("field", "script")
    form.add_field("file", b"MZ", filename="a.pdf")
    status, html = await worker.post(f"{path}/files", form)
    assert (status, "只收 PDF" in html) == (422, True)


@pytest.mark.parametrize("code", sorted(handbook().templates))
async def test_every_template_is_a_form_that_reads_back_what_it_shows(
    client: Client, book: Book, code: str
) -> None:
    made = await records.create(book.ctx, template=code)
    worker = await phone(client, book, book.town.worker)
    path = f"/handbook/records/{made.record.id}"
    status, html = await worker.get(path)
    assert status == 200
    before = (await Record.get(id=made.record.id)).values
    status, html = await worker.post(path, changed(fields_of(html), act="save"))
    assert status == 200, re.sub(r"<[^>]*>", " ", html)[:800]
    assert (await Record.get(id=made.record.id)).values == before
    for one in made.template.fields:
        assert f'id="f-{one.key}"' in html, one.key


async def test_members_read_what_is_signed_without_names_and_strangers_read_nothing(
    client: Client, book: Book, clock: Clock
) -> None:
    await Person.filter(id=book.ids[0]).update(name="周主持")
    made = await signed(book.ctx, "T09", party_day(book, clock.now - timedelta(days=2)))
    member = await phone(client, book, book.town.member)
    _, html = await member.get(f"/handbook/records/{made.record.id}")
    assert "周主持" not in html
    assert "一名同志" in html
    assert "data-autosave" not in html
    assert "更正" not in html
    assert (await member.get("/handbook/year"))[0] == 403
    for path in (
        f"/handbook/records/{made.record.id}",
        "/handbook/year",
        "/handbook/records",
        "/handbook/lists/T18",
    ):
        response = await client.get(path)
        assert response.status in (403, 404), path
        assert "周主持" not in await response.text()
    far = await phone(client, book, book.town.far_worker)
    assert (await far.get(f"/handbook/records/{made.record.id}"))[0] == 404


async def test_the_year_its_calendar_and_lists(client: Client, book: Book) -> None:
    await signed(book.ctx, "T02", team(book))
    worker = await phone(client, book, book.town.worker)
    _, html = await worker.get("/handbook/year")
    assert "11月主题党日" in html
    _, html = await worker.post("/handbook/year", {"act": "make"})
    address = re.search(r"http://[^/]+(/handbook/calendar/[A-Za-z0-9_-]+\.ics)", html)
    assert address is not None
    response = await client.get(address[1])
    assert (response.status, response.content_type) == (200, "text/calendar")
    await worker.post("/handbook/year", {"act": "revoke"})
    assert (await client.get(address[1])).status == 404
    response = await client.get("/handbook/lists/T18.xlsx", headers=worker.headers)
    content = await response.read()
    form = FormData()
    form.add_field("file", content, filename="a.xlsx")
    form.add_field("field", "look")
    status, html = await worker.post("/handbook/lists/T18", form)
    assert (status, "还没有写入" in html) == (200, True)
    assert (await worker.get("/handbook/records?template=T02"))[1].count("已签认") == 1
