"""Two people stand behind what is published; every version is kept, every change audited."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from handlers import entries, knowledge, regulations
from handlers.answering.shapes import Citation
from handlers.context import Context, open_context
from handlers.entries import Wording
from handlers.errors import BadInput, NotAllowed, NotFound, OwnDraft, WrongState
from models import AuditEntry, Entry, EntryDraft, EntryStatus, EntryVersion, Role
from settings import Settings
from tests.fakes import Clock
from tests.handlers.town import Town, build, person

WORDING = Wording(
    topic="组织生活",
    question="支部活动室的钥匙由谁保管？",
    answer="由支部组织委员保管。",
    askings=("活动室钥匙归谁管", "谁拿活动室的钥匙"),
    citations=(Citation("支部条例", "第十一条"),),
    tests=("活动室钥匙归谁管",),
)
CODE = entries.code_for(WORDING.question)


SHIPPED = """
topic: 党费
entries:
- code: k-one
  question: 党费什么时候交？
  askings: [党费几号交, 党费哪天交, 何时交党费, 按月交吗, 多久交一次, 按年交吗, 交党费时间, 几时交]
  answer: 党费按月交纳。
  citations: [党费规定]
"""


@pytest.fixture
async def town(ctx: Context) -> Town:
    return await build(ctx)


async def shipped(code: str = "k-one") -> Entry:
    """An entry that came with the service."""
    entry = Entry(
        code=code,
        topic="党费",
        question="党费什么时候交？",
        askings=["党费几号交"],
        answer="党费按月交纳。",
        citations=[{"rule": "党费规定", "article": ""}],
        related=[],
    )
    entry.fingerprint = knowledge.fingerprint(knowledge.columns(entry))
    await entry.save()
    return entry


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What is shipped: one entry."""
    (tmp_path / "entries").mkdir()
    (tmp_path / "entries" / "one.yaml").write_text(SHIPPED, encoding="utf-8")
    return tmp_path


async def published(town: Town, wording: Wording = WORDING) -> Entry:
    draft = await entries.propose_new(town.at(town.town_officer), wording=wording)
    return await entries.approve(town.at(town.district_officer), code=draft.code, version=draft.version)


async def test_a_draft_is_public_only_when_another_approved_it(town: Town, clock: Clock) -> None:
    draft = await entries.propose_new(town.at(town.town_officer), wording=WORDING)
    assert await Entry.all().count() == 0
    entry = await entries.approve(town.at(town.district_officer), code=CODE, version=draft.version)
    assert (entry.status, entry.version, entry.answer) == (EntryStatus.PUBLISHED, 1, WORDING.answer)
    assert await EntryDraft.all().count() == 0
    kept = await EntryVersion.get()
    assert (kept.editor_ids, kept.approved_by_id) == ([town.town_officer.id], town.district_officer.id)
    actions = await AuditEntry.all().order_by("id").values_list("action", flat=True)
    assert actions == ["entry.drafted", "entry.approved"]
    clock.now += timedelta(seconds=2)
    engine = await knowledge.refresh(town.ctx)
    assert engine.answer("活动室钥匙归谁管", on=clock.now.date()).entry == CODE


async def test_nobody_approves_what_they_wrote_at(town: Town) -> None:
    first, second = town.at(town.town_officer), town.at(town.district_officer)
    draft = await entries.propose_new(first, wording=WORDING)
    draft = await entries.propose(second, code=CODE, version=draft.version, wording=WORDING)
    assert draft.editor_ids == sorted([town.town_officer.id, town.district_officer.id])
    for editor in (first, second):
        with pytest.raises(OwnDraft):
            await entries.approve(editor, code=CODE, version=draft.version)
    assert await Entry.all().count() == 0
    assert await AuditEntry.filter(action="entry.approved").count() == 0


async def test_one_of_the_two_is_of_the_district(town: Town) -> None:
    draft = await entries.propose_new(town.at(town.town_officer), wording=WORDING)
    with pytest.raises(NotAllowed):
        await entries.approve(town.at(town.far_officer), code=CODE, version=draft.version)
    await EntryDraft.all().delete()
    draft = await entries.propose_new(town.at(town.district_officer), wording=WORDING)
    assert (await entries.approve(town.at(town.far_officer), code=CODE, version=1)).version == 1


async def test_only_what_was_read_is_approved(town: Town) -> None:
    draft = await entries.propose_new(town.at(town.town_officer), wording=WORDING)
    changed = replace(WORDING, answer="由书记保管。")
    await entries.propose(town.at(town.town_officer), code=CODE, version=draft.version, wording=changed)
    with pytest.raises(WrongState):
        await entries.approve(town.at(town.district_officer), code=CODE, version=draft.version)
    assert await Entry.all().count() == 0


async def test_two_editors_do_not_overwrite_each_other(town: Town) -> None:
    await entries.propose_new(town.at(town.town_officer), wording=WORDING)
    tries = [
        entries.propose(town.at(who), code=CODE, version=1, wording=replace(WORDING, answer=f"答{n}"))
        for n in range(6)
        for who in (town.town_officer, town.far_officer)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, EntryDraft) for result in results) == 1
    assert sum(isinstance(result, WrongState) for result in results) == 11
    assert (await EntryDraft.get()).version == 2
    assert await AuditEntry.filter(action="entry.drafted").count() == 2


async def test_two_approvals_at_once_publish_once(town: Town) -> None:
    other = await person(town.district, Role.DISTRICT_OFFICER)
    await entries.propose_new(town.at(town.town_officer), wording=WORDING)
    tries = [entries.approve(town.at(who), code=CODE, version=1) for who in (town.district_officer, other)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, Entry) for result in results) == 1
    assert sum(isinstance(result, WrongState | NotFound) for result in results) == 1
    assert (await Entry.get()).version == 1
    assert await AuditEntry.filter(action="entry.approved").count() == 1


async def test_an_edit_keeps_what_was_said_before_and_outlives_the_next_seed(
    town: Town, folder: Path
) -> None:
    await knowledge.seed(town.ctx, folder=folder)
    entry = await Entry.get()
    wording = replace(WORDING, question=entry.question, answer="每月交一次。", tests=())
    await entries.propose(town.at(town.town_officer), code="k-one", version=0, wording=wording)
    assert (await Entry.get()).answer == "党费按月交纳。"
    await entries.approve(town.at(town.district_officer), code="k-one", version=1)
    rows = await entries.versions(town.at(town.town_officer), code="k-one")
    assert [(row.version, row.content["answer"]) for row in rows] == [
        (2, "每月交一次。"),
        (1, "党费按月交纳。"),
    ]
    assert await knowledge.seed(town.ctx, folder=folder) == 0
    assert (await Entry.get(code="k-one")).answer == "每月交一次。"


async def test_an_approval_of_what_changed_underneath_is_refused(town: Town) -> None:
    await shipped()
    await entries.propose(
        town.at(town.town_officer), code="k-one", version=0, wording=replace(WORDING, tests=())
    )
    await Entry.all().update(version=2)
    with pytest.raises(WrongState):
        await entries.approve(town.at(town.district_officer), code="k-one", version=1)
    assert (await Entry.get()).answer == "党费按月交纳。"
    assert await EntryDraft.all().count() == 1


async def test_a_retired_entry_answers_no_more_and_no_seed_brings_it_back(
    town: Town, clock: Clock, folder: Path
) -> None:
    await knowledge.seed(town.ctx, folder=folder)
    assert (await knowledge.refresh(town.ctx)).fact("k-one") is not None
    await entries.retire(town.at(town.district_officer), code="k-one")
    with pytest.raises(WrongState):
        await entries.retire(town.at(town.district_officer), code="k-one")
    (folder / "entries" / "one.yaml").write_text(
        SHIPPED.replace("党费按月交纳", "党费每月交纳"), encoding="utf-8"
    )
    assert await knowledge.seed(town.ctx, folder=folder) == 0
    assert (await Entry.get()).status is EntryStatus.RETIRED
    clock.now += timedelta(seconds=2)
    assert (await knowledge.refresh(town.ctx)).fact("k-one") is None
    assert await AuditEntry.filter(action="entry.retired", subject="entry:k-one").count() == 1


async def test_a_draft_can_be_sent_back_and_thrown_away(town: Town) -> None:
    await entries.propose_new(town.at(town.town_officer), wording=WORDING)
    back = await entries.send_back(town.at(town.far_officer), code=CODE, version=1, reason="请写明依据")
    assert (back.reason, back.version) == ("请写明依据", 2)
    with pytest.raises(NotAllowed):
        await entries.discard(town.at(town.far_officer), code=CODE)
    await entries.discard(town.at(town.town_officer), code=CODE)
    with pytest.raises(NotFound):
        await entries.discard(town.at(town.town_officer), code=CODE)
    assert await AuditEntry.filter(action__in=["entry.sent_back", "entry.discarded"]).count() == 2


OLD = (Citation("发展党员细则(2014)", "第三条"),)


@pytest.mark.parametrize(
    ("wording", "field"),
    [
        (replace(WORDING, answer=""), "answer"),
        (replace(WORDING, askings=()), "askings"),
        (replace(WORDING, askings=("党费几号交",)), "askings"),
        (replace(WORDING, citations=()), "citations"),
        (replace(WORDING, citations=(Citation("没有的条例"),)), "citations"),
        (replace(WORDING, citations=(Citation("支部条例", "第九条"),)), "citations"),
        (replace(WORDING, citations=(Citation("党章", "七"), Citation("党章", "总则"))), "citations"),
        (replace(WORDING, citations=OLD), "citations"),
        (replace(WORDING, related=("nothing-here",)), "related"),
        (
            replace(WORDING, in_force_from=date(2026, 5, 1), in_force_until=date(2026, 4, 1)),
            "in_force_until",
        ),
        (replace(WORDING, tests=("今天天气怎么样",)), "tests"),
    ],
)
async def test_what_is_not_complete_is_not_published(town: Town, wording: Wording, field: str) -> None:
    await shipped()
    text = "简称：支部条例\n标题：支部条例\n" + "".join(f"第{n}条 甲。\n" for n in (*range(1, 9), 11))
    await regulations.import_text(town.ctx, text=text)
    draft = await entries.propose_new(town.at(town.town_officer), wording=wording)
    with pytest.raises(BadInput) as refused:
        await entries.approve(town.at(town.district_officer), code=draft.code, version=1)
    assert list(refused.value.fields) == [field]
    assert await Entry.all().count() == 1
    assert await EntryDraft.all().count() == 1


async def test_the_tests_of_a_draft_are_what_people_really_asked(town: Town) -> None:
    wording = replace(WORDING, tests=("谁拿活动室的钥匙", "今天天气怎么样"))
    await entries.propose_new(town.at(town.town_officer), wording=wording)
    tried = await entries.try_draft(town.at(town.town_officer), code=CODE)
    assert [(one.asking, one.right) for one in tried] == [
        ("谁拿活动室的钥匙", True),
        ("今天天气怎么样", False),
    ]
    assert await Entry.all().count() == 0


async def test_the_same_new_entry_is_proposed_once(town: Town) -> None:
    await entries.propose_new(town.at(town.town_officer), wording=WORDING)
    with pytest.raises(WrongState):
        await entries.propose_new(town.at(town.far_officer), wording=WORDING)
    assert await EntryDraft.all().count() == 1


async def test_members_and_workers_neither_see_nor_touch_entries(town: Town) -> None:
    await shipped()
    for who in (town.member, town.worker, town.keeper, None):
        for attempt in (
            entries.list_entries(town.at(who)),
            entries.get_entry(town.at(who), code="k-one"),
            entries.versions(town.at(who), code="k-one"),
            entries.propose_new(town.at(who), wording=WORDING),
            entries.propose(town.at(who), code="k-one", version=0, wording=WORDING),
            entries.approve(town.at(who), code="k-one", version=1),
            entries.send_back(town.at(who), code="k-one", version=1, reason="x"),
            entries.discard(town.at(who), code="k-one"),
            entries.try_draft(town.at(who), code="k-one"),
            entries.retire(town.at(who), code="k-one"),
        ):
            with pytest.raises(NotAllowed):
                await attempt
    with pytest.raises(NotAllowed):
        await entries.retire(town.at(town.town_officer), code="k-one")
    assert (await Entry.get()).status is EntryStatus.PUBLISHED
    assert await AuditEntry.all().count() == 0


async def test_a_list_of_entries_goes_on_where_it_stopped(town: Town) -> None:
    for number in range(3):
        await shipped(f"k-{number}00")
    await entries.propose_new(town.at(town.town_officer), wording=WORDING)
    officer = town.at(town.town_officer)
    first = await entries.list_entries(officer, limit=2)
    assert [kept.code for kept in first.items] == [CODE, "k-000", "k-100"]
    rest = await entries.list_entries(officer, limit=2, cursor=first.next)
    assert ([kept.code for kept in rest.items], rest.next) == (["k-200"], None)
    waiting = await entries.list_entries(officer, status=EntryStatus.DRAFT)
    assert [kept.code for kept in waiting.items] == [CODE]
    assert [kept.code for kept in (await entries.list_entries(officer, q="活动室")).items] == [CODE]


async def test_another_process_answers_by_it_within_two_seconds(town: Town, settings: Settings) -> None:
    async with open_context(settings) as other:
        await published(town)
        async with asyncio.timeout(2):
            while other.engine.fact(CODE) is None:  # noqa: ASYNC110  What another process does sends no event.
                await asyncio.sleep(0.05)
        # The engine alone, without anybody asking it to look.
        assert other.engine.answer("活动室钥匙归谁管", on=date(2026, 11, 20)).entry == CODE
