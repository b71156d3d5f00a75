"""The page of what the district sets: read by everybody, changed by its officers without a script."""

import re

import pytest

from handlers import record_terms
from handlers.context import Context
from models import Duty, HandbookTerms, Role
from tests.handlers.branch_book import Book, open_book
from tests.pages.test_handbook_pages import phone
from tests.pages.test_pages import Client, Tags, client

__all__ = ["client"]


@pytest.fixture
async def book(ctx: Context) -> Book:
    return await open_book(ctx)


def filled(html: str) -> dict[str, str]:
    """The fields of the form as a browser would send them untouched."""
    tags = Tags(html).seen
    found = {str(one["name"]): str(one.get("value") or "") for tag, one in tags if tag == "input"}
    found |= dict(re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', html))
    chosen = re.findall(r'<select[^>]*name="([^"]+)".*?value="([^"]*)" selected', html, re.S)
    return found | dict(chosen)


async def test_an_officer_changes_a_setting_and_everybody_reads_it(client: Client, book: Book) -> None:
    await Duty.create(person=book.people[2], role=Role.DISTRICT_OFFICER, organization=book.town.district)
    officer, worker = (
        await phone(client, book, book.people[2]),
        await phone(client, book, book.town.worker),
    )
    status, html = await officer.get("/handbook/terms")
    assert (status, "还没有改过" in html) == (200, True)
    fields = filled(html)
    assert set(fields) == {"number", "reason"} | set(record_terms.BY_KEY)
    status, html = await officer.post("/handbook/terms", fields | {"reason": "没有改"})
    assert "没有改动任何一项" in html
    below = fields | {"reason": "按通知", "member_hours": "31"}
    assert "请填32到300之间的整数" in (await officer.post("/handbook/terms", below))[1]
    unclear = fields | {"reason": "按通知", "vetoes": "D1 违规发展党员"}
    assert "没有写最多几星" in (await officer.post("/handbook/terms", unclear))[1]
    assert await HandbookTerms.all().count() == 0
    right = fields | {
        "reason": "按2026年通知",
        "grades": "优秀\n合格\n不合格",
        "vetoes": "D1 违规：2星\nD2：1",
    }
    status, html = await officer.post("/handbook/terms", right)
    assert (status, "第1版，按2026年通知" in html) == (200, True)
    kept = (await record_terms.in_force(book.ctx)).vetoes
    assert kept == (("D1 违规", 2), ("D2", 1))
    late = await officer.post("/handbook/terms", right | {"oath_months": "2"})
    assert "另一位同志刚刚改过" in late[1]
    status, html = await worker.get("/handbook/terms")
    assert ("建议值：优秀、合格、基本合格、不合格" in html, "<form" in html) == (True, False)
    assert (await worker.post("/handbook/terms", right | {"number": "1"}))[0] == 403
    assert await HandbookTerms.all().count() == 1
