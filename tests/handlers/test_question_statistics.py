"""Statistics have no people in them: what is too small is not shown apart."""

from datetime import UTC, date, datetime, timedelta

import pytest

from handlers import question_statistics
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed
from handlers.question_statistics import WeekOfTopic, by_topic_and_week, iso_week, shown
from models import Account, App, Entry, Person, Question
from tests.handlers.town import Town, build

MONDAY = datetime(2026, 11, 15, 16, 0, tzinfo=UTC)
"""The first moment of 2026-W47 in Beijing."""
CITED = [{"rule": "党章", "article": ""}]
WEEK = {"since": date(2026, 11, 16), "until": date(2026, 11, 22)}


@pytest.fixture
async def town(ctx: Context) -> Town:
    for code, topic in (("dues-when", "党费"), ("life-often", "组织生活会")):
        await Entry.create(
            code=code, topic=topic, question=f"{topic}多久一次？", askings=[], answer="答。", citations=CITED
        )
    return await build(ctx)


async def ask(
    times: int,
    entry: str = "",
    *,
    kind: str = "answer",
    useful: bool | None = None,
    text: str = "x",
    at: datetime = MONDAY,
    person: Person | None = None,
) -> None:
    account, _ = await Account.get_or_create(
        app=App.OFFICIAL_ACCOUNT, openid=f"o{person and person.id}", defaults={"person": person}
    )
    for _ in range(times):
        await Question.create(
            account=account, text=text, kind=kind, entry_code=entry, useful=useful, asked_at=at
        )


async def test_what_is_asked_and_not_known_by_topic_and_week(town: Town) -> None:
    await ask(4, "dues-when")
    await ask(3, "dues-when", useful=False)
    await ask(5, kind="none", text="组织生活会能不能线上开")
    await ask(3, kind="declined", text="今天天气")
    await ask(4, "dues-when", at=MONDAY - timedelta(seconds=1))
    rows = await by_topic_and_week(
        town.at(town.district_officer), since=date(2026, 11, 9), until=WEEK["until"]
    )
    assert rows == [
        WeekOfTopic("2026-W46", "党费", 4, 0),
        WeekOfTopic("2026-W47", "党费", 7, 3),
        WeekOfTopic("2026-W47", "组织生活会", 5, 5),
        WeekOfTopic("2026-W47", "不在范围", 3, 0),
    ]


async def test_counts_under_three_are_not_shown_apart(town: Town) -> None:
    await ask(2, "dues-when")
    await ask(2, "life-often", useful=False)
    (row,) = await by_topic_and_week(town.at(town.district_officer), **WEEK)
    assert row == WeekOfTopic("2026-W47", "其他", 4, None)
    await Question.filter(entry_code="life-often").delete()
    assert await by_topic_and_week(town.at(town.district_officer), **WEEK) == []


@pytest.mark.parametrize("asked", range(6))
def test_no_number_between_zero_and_three_is_ever_shown(asked: int) -> None:
    for unknown in range(asked + 1):
        rows = shown("w", {"甲": (asked, unknown), "乙": (1, 1), "丙": (7, 7 - unknown)})
        numbers = [number for row in rows for number in (row.asked, row.unknown)]
        assert not {1, 2} & set(numbers)
        assert question_statistics.SMALLEST_SHOWN == 3


async def test_words_that_only_lean_on_an_answer_are_no_questions(town: Town) -> None:
    for text in ("详细", "原文", "2"):
        await ask(3, "dues-when", text=text)
    assert await by_topic_and_week(town.at(town.district_officer), **WEEK) == []


async def test_officers_count_what_was_asked_below_them(town: Town) -> None:
    await ask(3, "dues-when", person=town.member)
    for officer, rows in ((town.town_officer, 1), (town.district_officer, 1), (town.far_officer, 0)):
        assert len(await by_topic_and_week(town.at(officer), **WEEK)) == rows
    for who in (town.member, town.worker, town.keeper, None):
        with pytest.raises(NotAllowed):
            await by_topic_and_week(town.at(who), **WEEK)


@pytest.mark.parametrize(
    "period",
    [
        {"since": date(2026, 11, 2), "until": date(2026, 11, 1)},
        {"since": date(2025, 1, 1), "until": date(2026, 11, 1)},
    ],
)
async def test_a_period_has_a_length(town: Town, period: dict[str, date]) -> None:
    with pytest.raises(BadInput):
        await by_topic_and_week(town.at(town.district_officer), **period)


def test_weeks_are_named_as_iso_names_them() -> None:
    assert [iso_week(date(2026, 11, 20)), iso_week(date(2027, 1, 3))] == ["2026-W47", "2026-W53"]
