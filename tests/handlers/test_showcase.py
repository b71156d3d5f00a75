"""样板: nobody looks at or lists their own nomination; what is listed ends; every move is kept."""

import random
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from handlers import (
    demo_showcase,
    place_images,
    registers,
    showcase,
    showcase_list,
    todos,
    transitions,
    worker_reminders,
)
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, OwnNomination, Refused, WrongState
from handlers.showcase_wishes import Wish
from models import (
    ON_LIST,
    Account,
    App,
    AuditEntry,
    Lesson,
    Notice,
    Organization,
    Person,
    PlaceImage,
    Role,
    Showcase,
    ShowcaseKind,
    ShowcaseLevel,
    ShowcaseStatus,
    SiteCategory,
    Transition,
)
from tests.fakes import Clock
from tests.handlers.test_receipt_images import picture
from tests.handlers.test_registers import counts, take
from tests.handlers.town import Town, build, person

TODAY = date(2026, 11, 20)
WISH = Wish("红色楼长会客厅", ShowcaseKind.SITE, SiteCategory.URBAN, "楼院议事", ["议事怎样开头"])


@pytest.fixture
async def world(ctx: Context) -> Town:
    """Two towns; a second officer of the town and of the district."""
    made = await build(ctx)
    made.second = await person(made.district, Role.DISTRICT_OFFICER)  # type: ignore[attr-defined]
    made.beside = await person(made.town, Role.TOWN_OFFICER)  # type: ignore[attr-defined]
    return made


async def nominated(world: Town, who: Person | None = None, name: str = WISH.name) -> Showcase:
    wish = Wish(name, WISH.kind, WISH.category, WISH.summary, WISH.learn)
    return await showcase.nominate(
        world.at(who or world.town_officer), wish=wish, organization_id=world.branch.id
    )


async def visited(world: Town, name: str = WISH.name) -> Showcase:
    row = await nominated(world, name=name)
    return await showcase.visit(
        world.at(world.beside),  # type: ignore[attr-defined]
        showcase_id=row.id, on=TODAY, findings="看了议事的黑板",
    )  # fmt: skip


async def listed(world: Town, name: str = WISH.name) -> Showcase:
    row = await visited(world, name)
    return await showcase.admit(world.at(world.district_officer), showcase_id=row.id)


async def at(world: Town, status: ShowcaseStatus) -> Showcase:
    """An entry in a state, by the way that leads there."""
    district = world.at(world.district_officer)
    if status is ShowcaseStatus.NOMINATED:
        return await nominated(world)
    if status is ShowcaseStatus.VISITED:
        return await visited(world)
    if status is ShowcaseStatus.RETURNED:
        return await showcase.send_back(district, showcase_id=(await nominated(world)).id, reason="补写")
    if status is ShowcaseStatus.REFUSED:
        return await showcase.refuse(district, showcase_id=(await visited(world)).id, reason="还不成熟")
    row = await listed(world)
    if status is ShowcaseStatus.LISTED:
        return row
    if status is ShowcaseStatus.REMOVED:
        return await showcase.remove(district, showcase_id=row.id, reason="搬走了")
    row = await showcase.review(district, showcase_id=row.id)
    if status is ShowcaseStatus.REVIEW:
        return row
    return await showcase.visit(
        world.at(world.beside),  # type: ignore[attr-defined]
        showcase_id=row.id, on=TODAY, findings="还在用",
    )  # fmt: skip


Act = Callable[[Context, int], Awaitable[Showcase]]
DOES: dict[str, Act] = {
    "correct": lambda ctx, id_: showcase.correct(ctx, showcase_id=id_, wish=WISH),
    "visit": lambda ctx, id_: showcase.visit(ctx, showcase_id=id_, on=ctx.now().date(), findings="看过"),
    "send_back": lambda ctx, id_: showcase.send_back(ctx, showcase_id=id_, reason="补写"),
    "refuse": lambda ctx, id_: showcase.refuse(ctx, showcase_id=id_, reason="还不成熟"),
    "admit": lambda ctx, id_: showcase.admit(ctx, showcase_id=id_),
    "review": lambda ctx, id_: showcase.review(ctx, showcase_id=id_),
    "renew": lambda ctx, id_: showcase.renew(ctx, showcase_id=id_),
    "remove": lambda ctx, id_: showcase.remove(ctx, showcase_id=id_, reason="搬走了"),
    "edit": lambda ctx, id_: showcase.edit(ctx, showcase_id=id_, wish=WISH),
}


async def test_the_whole_way_with_one_person_for_each_part(world: Town) -> None:
    row = await nominated(world)
    assert (row.status, row.level, row.code) == ("nominated", "district", "YB0001")
    with pytest.raises(OwnNomination):
        await DOES["visit"](world.at(world.town_officer), row.id)
    row = await DOES["visit"](world.at(world.beside), row.id)  # type: ignore[attr-defined]
    assert await showcase_list.list_showcase(world.ctx) == []
    row = await DOES["admit"](world.at(world.district_officer), row.id)
    assert (row.valid_from, row.valid_until) == (TODAY, date(2028, 11, 20))
    assert [one.id for one in await showcase_list.list_showcase(world.ctx)] == [row.id]
    moves = await transitions.of("showcase", row.id)
    assert [(move.became, move.person_id) for move in moves] == [
        ("nominated", world.town_officer.id),
        ("visited", world.beside.id),  # type: ignore[attr-defined]
        ("listed", world.district_officer.id),
    ]
    said = [entry.action for entry in await AuditEntry.filter(subject=f"showcase:{row.id}").order_by("id")]
    assert said == ["showcase.nominated", "showcase.visited", "showcase.listed"]


async def test_the_district_does_not_list_what_it_nominated_itself(world: Town) -> None:
    row = await nominated(world, world.district_officer)
    row = await DOES["visit"](world.at(world.town_officer), row.id)
    with pytest.raises(OwnNomination):
        await DOES["admit"](world.at(world.district_officer), row.id)
    assert (await showcase.get_showcase(world.at(world.second), showcase_id=row.id))[0].status == "visited"  # type: ignore[attr-defined]
    await DOES["admit"](world.at(world.second), row.id)  # type: ignore[attr-defined]


async def test_a_returned_one_is_corrected_and_visited_anew_by_nobody_who_wrote_it(world: Town) -> None:
    row = await at(world, ShowcaseStatus.RETURNED)
    row = await showcase.correct(world.at(world.worker), showcase_id=row.id, wish=WISH)
    assert (row.status, row.nominated_by_id, row.visited_by_id) == ("nominated", world.worker.id, None)
    with pytest.raises(OwnNomination):  # It was theirs before.
        await DOES["visit"](world.at(world.town_officer), row.id)
    with pytest.raises(BadInput):
        await showcase.send_back(world.at(world.town_officer), showcase_id=row.id, reason=" ")
    assert (await Showcase.get()).status is ShowcaseStatus.NOMINATED


async def test_a_higher_level_is_the_same_entry_looked_at_again(world: Town) -> None:
    row = await listed(world)
    town, district = world.at(world.town_officer), world.at(world.second)  # type: ignore[attr-defined]
    row = await showcase.review(town, showcase_id=row.id, raises=True)
    assert [one.level for one in await showcase_list.list_showcase(world.ctx)] == ["district"]
    with pytest.raises(OwnNomination):
        await DOES["visit"](town, row.id)
    await DOES["visit"](world.at(world.beside), row.id)  # type: ignore[attr-defined]
    raised = await showcase.renew(district, showcase_id=row.id, raises=True)
    assert (raised.id, raised.level, raised.wanted_level) == (row.id, ShowcaseLevel.CITY, None)
    assert await showcase_list.counts(world.ctx) == {ShowcaseLevel.DISTRICT: 0, ShowcaseLevel.CITY: 1}
    with pytest.raises(BadInput):
        await showcase.review(town, showcase_id=row.id, raises=True)
    again = await showcase.review(town, showcase_id=row.id)
    await DOES["visit"](world.at(world.beside), again.id)  # type: ignore[attr-defined]
    with pytest.raises(BadInput):  # Nobody proposed it.
        await showcase.renew(district, showcase_id=row.id, raises=True)


async def test_each_thing_is_done_in_its_states_and_in_no_other(world: Town) -> None:
    second = world.at(world.second)  # type: ignore[attr-defined]
    for status in ShowcaseStatus:
        row = await at(world, status)
        before = await Showcase.filter(id=row.id).values()
        may = await showcase.may(second, row)
        assert may == [act for act, (states, _) in showcase.ACTS.items() if status in states]
        for act in set(DOES) - set(may):
            with pytest.raises(WrongState):
                await DOES[act](second, row.id)
        assert await Showcase.filter(id=row.id).values() == before
        assert status in showcase.STATUS_WORDS
        await Showcase.filter(id=row.id).update(live_key=None)


async def test_random_acts_of_many_people_never_list_what_nobody_else_has_seen(
    world: Town, clock: Clock
) -> None:
    chance = random.Random(7)
    people = [
        world.worker, world.town_officer, world.beside, world.district_officer, world.second,  # type: ignore[attr-defined]
        world.far_officer, world.member,
    ]  # fmt: skip
    names, done = ["甲点", "乙点"], 0
    for _ in range(200):
        who = world.at(chance.choice(people))
        clock.now += timedelta(hours=chance.randrange(48))
        alive = await Showcase.filter(live_key__isnull=False)
        row = chance.choice(alive) if alive and chance.random() < 0.9 else None
        try:
            if row is None:
                await nominated(world, who.caller.person, chance.choice(names))
            else:
                likely = [act for act, (states, _) in showcase.ACTS.items() if row.status in states]
                acts = likely if chance.random() < 0.8 else list(DOES)
                act = chance.choice([one for one in acts if one not in ("edit", "remove")] or ["remove"])
                await a_random_act(who, row, act, raises=chance.random() < 0.4)
            done += 1
        except Refused:
            pass
    assert done > 40
    assert await Transition.filter(became="listed").count() > 5
    for row in await Showcase.all():
        await nothing_was_skipped(row)
    assert await AuditEntry.filter(action__startswith="showcase.").count() == await Transition.all().count()


async def a_random_act(ctx: Context, row: Showcase, act: str, *, raises: bool) -> None:
    if act == "review":
        await showcase.review(ctx, showcase_id=row.id, raises=raises)
    elif act == "renew":
        await showcase.renew(ctx, showcase_id=row.id, raises=raises)
    elif act == "correct":
        wish = Wish(row.name, WISH.kind, WISH.category, "改过", WISH.learn)
        await showcase.correct(ctx, showcase_id=row.id, wish=wish)
    else:
        await DOES[act](ctx, row.id)


async def nothing_was_skipped(row: Showcase) -> None:
    """Every listing of this entry came after a visit of its own, by somebody who hadn't nominated it."""
    wrote: set[int | None] = set()
    seen: int | None = None
    was = ""
    for move in await transitions.of("showcase", row.id):
        assert move.was == was
        was = move.became
        if move.became == "nominated":
            wrote.add(move.person_id)
            seen = None
        elif move.became == "review":
            seen = None
        elif move.became in ("visited", "reviewed"):
            assert move.person_id not in wrote
            seen = move.person_id
        elif move.became == "listed":
            assert seen is not None
            assert move.person_id not in {row.nominated_by_id}
    assert was == row.status
    if row.status in ON_LIST:
        assert row.visited_by_id not in wrote
        assert row.valid_until is not None


async def test_the_database_itself_refuses_what_is_not_listed_rightly(world: Town) -> None:
    row = await listed(world)
    nominator, visitor = row.nominated_by_id, row.visited_by_id
    wrong: list[dict[str, Any]] = [
        {"visited_by_id": nominator}, {"listed_by_id": nominator}, {"findings": " "}, {"visited_by_id": None},
        {"visited_on": None}, {"valid_until": TODAY}, {"valid_from": None}, {"raised_by_id": visitor},
        {"raised_by_id": row.listed_by_id}, {"status": "removed"},
        {"status": "reviewed", "visited_by_id": None},
    ]  # fmt: skip
    for columns in wrong:
        with pytest.raises((IntegrityError, OperationalError)):
            await Showcase.filter(id=row.id).update(**columns)
    other = await nominated(world, name="乙点")
    with pytest.raises((IntegrityError, OperationalError)):
        await Showcase.filter(id=other.id).update(status="listed")


async def test_without_the_guard_in_the_use_case_the_database_still_stands(
    world: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await nominated(world)

    async def anybody(*_: Any) -> bool:
        return False

    monkeypatch.setattr(showcase, "_had_a_hand", anybody)
    with pytest.raises((IntegrityError, OperationalError)):
        await DOES["visit"](world.at(world.town_officer), row.id)
    assert (await Showcase.get()).status is ShowcaseStatus.NOMINATED
    assert not await Transition.filter(became="visited").exists()


async def test_whose_it_is_not_sees_nothing_and_does_nothing(world: Town) -> None:
    row = await nominated(world, world.worker)
    for act in DOES:
        with pytest.raises((NotFound, NotAllowed)):
            await DOES[act](world.at(world.far_officer), row.id)
        with pytest.raises(NotAllowed):
            await DOES[act](world.at(world.member), row.id)
    for act in ("visit", "send_back", "refuse", "admit", "review", "renew", "remove", "edit"):
        with pytest.raises(NotAllowed):
            await DOES[act](world.at(world.worker), row.id)
    with pytest.raises(NotFound):
        await showcase.get_showcase(world.at(world.other_worker), showcase_id=row.id)
    with pytest.raises(BadInput):
        await showcase.nominate(world.at(world.worker), wish=WISH, organization_id=world.other_branch.id)
    with pytest.raises(NotAllowed):
        await showcase.nominate(world.at(world.keeper), wish=WISH)
    assert await Showcase.all().count() == 1


async def test_a_wish_that_leads_nowhere_is_refused_by_name(world: Town) -> None:
    given = {"name": "x", "kind": WISH.kind, "category": WISH.category, "summary": "x", "learn": ["x"]}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"learn": []}, "learn"), ({"learn": ["x"] * 7}, "learn"), ({"site_id": "S99"}, "site_id"),
        ({"brand_id": 9}, "brand_id"), ({"lesson_code": "L06"}, "lesson_code"), ({"name": " "}, "name"),
        ({"summary": "长" * 301}, "summary"),
    ]  # fmt: skip
    for more, where in wrong:
        with pytest.raises(BadInput) as bad:
            await showcase.nominate(world.at(world.worker), wish=Wish(**(given | more)))
        assert list(bad.value.fields) == [where]
    assert not await Showcase.exists()


async def test_a_name_is_given_once_among_those_alive(world: Town) -> None:
    row = await nominated(world)
    with pytest.raises(BadInput):
        await nominated(world, world.worker)
    await DOES["refuse"](world.at(world.district_officer), row.id)
    assert (await nominated(world, world.worker)).code == "YB0002"


async def test_what_is_over_is_no_example_until_it_was_looked_at_again(world: Town, clock: Clock) -> None:
    row = await listed(world)
    clock.now += timedelta(days=800)
    assert await showcase_list.list_showcase(world.ctx) == []
    example = await showcase_list.get_example(world.ctx, showcase_id=row.id)
    assert example.is_over(clock.now.date())
    desk = await showcase_list.desk(world.at(world.district_officer))
    assert [one.id for one in desk.due] == [row.id]
    await DOES["remove"](world.at(world.district_officer), row.id)
    with pytest.raises(NotFound):
        await showcase_list.get_example(world.ctx, showcase_id=row.id)


async def test_a_lesson_and_its_examples_know_each_other(world: Town) -> None:
    await Lesson.create(code="L12", title="楼长", strand="示范点讲解", body={})
    await Lesson.create(code="L02", title="公文", strand="公文写作", body={})
    row = await listed(world)
    wish = Wish(
        WISH.name, WISH.kind, WISH.category, WISH.summary, WISH.learn, site_id="S10", lesson_code="L12"
    )
    await showcase.edit(world.at(world.town_officer), showcase_id=row.id, wish=wish)
    examples = await showcase_list.of_lesson(world.ctx, code="L12", strand="示范点讲解")
    assert [one.id for one in examples] == [row.id]
    assert await showcase_list.of_lesson(world.ctx, code="L12", strand="公文写作") == []
    found = await showcase_list.get_example(world.ctx, showcase_id=row.id)
    assert found.lesson is not None
    assert (found.lesson.code, found.row.site_id) == ("L12", "S10")
    assert [one.id for one in await showcase_list.at_site(world.ctx, site_id="S10")] == [row.id]
    written = await AuditEntry.filter(action="showcase.edited").count()
    await showcase.edit(world.at(world.town_officer), showcase_id=row.id, wish=wish)  # Nothing new.
    assert await AuditEntry.filter(action="showcase.edited").count() == written == 1
    wrong = Wish(WISH.name, WISH.kind, WISH.category, "x", ["x"], lesson_code="L02")
    with pytest.raises(BadInput):
        await showcase.edit(world.at(world.town_officer), showcase_id=row.id, wish=wrong)


async def test_officers_are_told_once_that_an_end_is_near_and_see_what_waits(
    world: Town, clock: Clock
) -> None:
    for who in (world.district_officer, world.town_officer):
        await Account.create(
            app=App.OFFICIAL_ACCOUNT, openid=f"o{who.id}", person=who, follows=True,
            last_contact_at=clock.now,
        )  # fmt: skip
    row = await listed(world)
    assert [one for one in await Notice.all() if "列入区级样板" in one.content]
    await Notice.all().delete()
    assert await worker_reminders.remind(world.ctx) == 0
    clock.now += timedelta(days=680)
    await Account.all().update(last_contact_at=clock.now)
    assert await worker_reminders.remind(world.ctx) > 0
    assert await worker_reminders.remind(world.ctx) == 0
    assert [one for one in await Notice.all() if "将在11月20日到期" in one.content]
    assert (await todos.mine(world.at(world.town_officer))).showcase_to_settle == 1
    await DOES["review"](world.at(world.town_officer), row.id)
    assert (await todos.mine(world.at(world.town_officer))).showcase_to_settle == 1
    assert (await todos.mine(world.at(world.far_officer))).showcase_to_settle == 0
    await nominated(world, world.worker, "乙点")
    returned = await Showcase.get(name="乙点")
    assert (await todos.mine(world.at(world.worker))).showcase_to_settle == 0
    await DOES["send_back"](world.at(world.town_officer), returned.id)
    assert (await todos.mine(world.at(world.worker))).showcase_to_settle == 1


ROW = {
    "编号": "SF01", "名称": "红色楼长会客厅", "种类": "示范点", "级别": "市级", "类别": "城市",
    "单位编码": "ZC0101", "简介": "楼院议事", "能学什么": "议事怎样开头；怎样回话", "阵地编号": "S10",
    "推荐人编号": "M1", "察看人编号": "M2", "察看日期": "2026-05-06", "察看情况": "看过", "审定人编号": "M3",
    "列入日期": "2026-06-01", "有效期至": "2028-06-01",
}  # fmt: skip
BRAND = ROW | {"编号": "PP01", "名称": "红色楼长", "种类": "品牌", "级别": "区级", "阵地编号": None}


async def test_a_file_is_tried_taken_once_and_comes_out_as_it_went_in(world: Town, tmp_path: Path) -> None:
    for number, who in enumerate((world.member, world.town_officer, world.district_officer), start=1):
        await Person.filter(id=who.id).update(member_no=f"M{number}")
    own = world.at(world.second)  # type: ignore[attr-defined]
    fresh = {key: ROW[key] for key in ("种类", "类别", "单位编码", "简介", "能学什么")}
    rows: list[dict[str, Any]] = [
        BRAND, ROW | {"所属品牌编号": "PP01"},
        fresh | {"编号": "SF02", "名称": "乙点", "级别": "区级"},
        ROW | {"编号": "SF03", "名称": "丙点", "察看人编号": "M1"},
        ROW | {"编号": "SF04", "名称": "丁点", "察看日期": None},
        ROW | {"编号": "SF05", "名称": "戊点", "有效期至": "2036-06-01"},
        fresh | {"编号": "SF06", "名称": "己点", "级别": "市级"},
        ROW | {"编号": "SF07"},
    ]  # fmt: skip
    trial = await take(own, tmp_path, "showcase", rows, dry_run=True)
    assert counts(trial) == (3, 0, 0, 5)
    assert not await Showcase.exists()
    done = await take(own, tmp_path, "showcase", rows)
    assert counts(done) == (3, 0, 0, 5)
    site = await Showcase.get(code="SF01").select_related("brand")
    assert site.brand is not None
    assert (site.status, site.level, site.brand.code) == ("listed", "city", "PP01")
    assert (await Showcase.get(code="SF02")).status is ShowcaseStatus.NOMINATED
    assert counts(await take(own, tmp_path, "showcase", rows[:3])) == (0, 0, 3, 0)
    changed = [rows[1] | {"简介": "改过的"}, rows[0] | {"级别": "市级"}]
    assert counts(await take(own, tmp_path, "showcase", changed)) == (0, 1, 0, 1)
    file = tmp_path / "out.xlsx"
    file.write_bytes(await registers.export(own, name="showcase"))
    report = await registers.import_file(own, name="showcase", file=file, say=str)
    assert counts(report) == (0, 0, 3, 0), report.lines()
    with pytest.raises(NotAllowed):
        await take(world.at(world.town_officer), tmp_path, "showcase", rows)


async def test_the_demo_has_its_32_and_its_9_and_is_made_once(ctx: Context) -> None:
    town = await build(ctx)
    content = demo_showcase.yaml.safe_load(
        (demo_showcase.CONTENT / "showcase.yaml").read_text(encoding="utf-8")
    )
    owners = {one["owner"] for group in content.values() for one in group}
    known = set(await Organization.all().values_list("code", flat=True))
    await Organization.bulk_create(
        [Organization(code=code, name=code, kind="branch", path="00010009") for code in owners - known]
    )
    for name in (demo_showcase.NOMINATES, demo_showcase.VISITS, demo_showcase.DECIDES):
        await Person.create(name=name, organization=town.district)
    await demo_showcase.seed(ctx)
    await demo_showcase.seed(ctx)
    sites = Showcase.filter(kind=ShowcaseKind.SITE, status__in=ON_LIST)
    assert [await sites.filter(level=level).count() for level in ShowcaseLevel] == [32, 9]
    brands = await Showcase.filter(kind=ShowcaseKind.BRAND).values_list("name", flat=True)
    assert sorted(str(name).removesuffix("（演示）") for name in brands) == sorted(
        ["党员联户", "党员街巷", "红色楼长", "一线先锋岗", "红色星期六", "主题党日我奉献"]
    )
    assert all("（演示）" in row.name and row.is_demo for row in await Showcase.all())
    assert await Showcase.filter(status=ShowcaseStatus.REVIEW).count() == 1
    assert await sites.filter(valid_until__lt=ctx.now().date()).count() == 1
    for row in await Showcase.all():
        await nothing_was_skipped(row)


async def test_pictures_of_an_example_are_put_up_by_who_may_edit_it_and_nobody_else(world: Town) -> None:
    """Its own branch's worker sees a listed example, and changes nothing of it any more."""
    waiting, row = await nominated(world, name="等看的"), await listed(world)
    for who, showcase_id, refusal in (
        (world.worker, row.id, NotAllowed), (world.town_officer, waiting.id, WrongState),
    ):  # fmt: skip
        with pytest.raises(refusal):
            await place_images.add_to_showcase(world.at(who), showcase_id=showcase_id, content=picture())
    for who in (world.far_worker, world.far_officer):
        with pytest.raises((NotFound, NotAllowed)):
            await place_images.add_to_showcase(world.at(who), showcase_id=row.id, content=picture())
    assert await PlaceImage.all().count() == 0
    officer = world.at(world.town_officer)
    address = await place_images.add_to_showcase(officer, showcase_id=row.id, content=picture())
    with pytest.raises(NotAllowed):
        await place_images.remove_from_showcase(world.at(world.worker), showcase_id=row.id, address=address)
    assert (await Showcase.get(id=row.id)).images == [address]
    await place_images.remove_from_showcase(officer, showcase_id=row.id, address=address)
    assert await PlaceImage.all().count() == 0
