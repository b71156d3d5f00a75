"""The handbook in the chat: a template by its name or number, and what is due."""

import pytest

from bot import records
from bot.messages import Message, parse
from bot.records import find, template
from bot.router import Router
from bot.routes import ROUTES
from handlers.context import Context
from models import Account, App
from tests.bot.platform import text_message as written
from tests.fakes import Clock
from tests.handlers.branch_book import open_book, signed, team
from tests.test_formalism import said


def text_message(content: str) -> Message:
    """What somebody wrote."""
    return parse(written(content).encode())


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("T09", ["T09"]), ("t9", ["T09"]), ("9", ["T09"]), ("09", ["T09"]), ("主题党日", ["T09"]),
        ("组织生活会", ["T10"]), ("主题党日记录", ["T09"]), ("党员名册", ["T03"]), ("换届选举", ["T24"]),
        ("99", []), ("天气", []), ("记录", []),
    ],
)  # fmt: skip
def test_a_template_is_found_by_code_name_or_part(words: str, codes: list[str]) -> None:
    assert [one.code for one in find(words)] == codes


def test_several_are_offered_by_number() -> None:
    assert {one.code for one in find("民主评议")} == {"T13", "T14"}


def test_all_templates_are_listed(ctx: Context) -> None:
    message = text_message("模板")
    route = Router(ROUTES).find(message)
    assert route is not None
    assert route.answer is records.listed
    told = str(records.listed(message, ctx))
    assert [line[:3] for line in told.splitlines()[1:-1]] == [f"T{n:02}" for n in range(1, 25)]
    assert "/handbook" in told


@pytest.mark.parametrize("content", ["模板 组织生活会", "模板：T10", "模板T10", "模板 10", "模板10"])
def test_a_template_is_told_with_its_rules_and_the_link(ctx: Context, content: str) -> None:
    message = text_message(content)
    route = Router(ROUTES).find(message)
    assert route is not None
    assert route.answer is template
    told = str(template(message, ctx))
    for part in ("T10 组织生活会记录", "谈心谈话", "《支部条例》第十七条", "/handbook/templates/T10"):
        assert part in told
    assert said(told) == []


async def test_what_is_due_is_listed_for_who_writes_it(ctx: Context, clock: Clock) -> None:
    book = await open_book(ctx)
    await signed(book.ctx, "T02", team(book))
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid="o1", person=book.town.worker)
    told = str(await records.due(text_message("手册"), book.ctx))
    assert "11月主题党日，11月30日前" in told
    assert "/handbook/year" in told
    assert account.person_id == book.town.worker.id
    for who in (book.town.member, None):
        told = str(await records.due(text_message("手册"), book.town.at(who)))
        assert "主题党日" not in told
        assert "/handbook" in told
