"""样板 in a browser without a script: the public list, one example, the lesson and the map, the desk."""

from typing import Any

from handlers import showcase
from handlers.showcase_wishes import Wish
from models import Lesson, Showcase, ShowcaseKind, ShowcaseLevel, ShowcaseStatus, SiteCategory
from pages import showcase as pages
from pages.layout import FILES
from tests.handlers.test_showcase import listed, nominated, world
from tests.handlers.town import Town
from tests.pages.test_pages import Client, Tags, client
from tests.pages.test_worker_pages import do, see

__all__ = ["client", "world"]
FORM = {
    "name": "红色楼长会客厅", "kind": "site", "category": "URBAN", "summary": "楼院<b>议事", "site": "s10",
    "learn": "议事怎样开头\n怎样回话\n", "brand": "", "lesson": "",
}  # fmt: skip


async def read(client: Client, path: str, *, status: int = 200) -> str:
    response = await client.get(path)
    html = await response.text()
    assert response.status == status, (path, html)
    assert Tags(html).open == []
    return html


async def test_whoever_comes_reads_what_is_listed_and_nothing_else(client: Client, world: Town) -> None:
    assert "这一类现在还没有" in await read(client, "/showcase")
    await nominated(world, name="还在等的")
    row = await listed(world)
    await showcase.edit(
        world.at(world.town_officer), showcase_id=row.id,
        wish=Wish(row.name, row.kind, row.category, "议<b>事", ["怎样开头"], site_id="S10"),
    )  # fmt: skip
    html = await read(client, "/showcase")
    assert "区级示范点（1）" in html
    assert "还在等的" not in html
    assert "能预约参观" in html
    assert "这一类现在还没有" in await read(client, "/showcase?level=city")
    assert "区级示范点（1）" in await read(client, "/showcase?level=%22&category=URBAN&kind=x")
    one = await read(client, f"/showcase/{row.id}")
    assert "议&lt;b&gt;事" in one
    assert 'href="/map/S10"' in one
    assert "<li>怎样开头</li>" in one
    assert f'href="/showcase/{row.id}"' in await read(client, "/map/S10")
    await Showcase.filter(id=row.id).update(valid_from="2024-11-19", valid_until="2026-11-19")
    assert "有效期已过" in await read(client, f"/showcase/{row.id}")
    await read(client, f"/showcase/{row.id - 1}", status=404)  # Nominated only.
    await read(client, "/showcase/999999999", status=404)
    for name in ("rural", "urban", "new", "mix", "brand"):
        drawn = await client.get(f"/pages/showcase/{name}.svg")
        assert drawn.content_type == "image/svg+xml"
    assert (await client.get("/pages/showcase/other.svg")).status == 404


async def test_pictures_are_let_in_from_their_own_hosts_alone(client: Client, world: Town) -> None:
    row = await listed(world)
    ours = await client.get("/showcase")
    assert "img-src 'self';" in ours.headers["Content-Security-Policy"]
    images = ["https://pic.example.cn/a.jpg", "https://x.cn;script-src/b.jpg", "https://u@evil.cn/c.jpg"]
    await Showcase.filter(id=row.id).update(images=images)
    for path in ("/showcase", f"/showcase/{row.id}"):
        response = await client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "img-src 'self' https://pic.example.cn;" in policy
        html = await response.text()
        assert "pic.example.cn/a.jpg" in html
        assert "evil" not in html + policy


async def test_a_lesson_shows_where_it_is_to_be_seen_and_a_brand_who_shows_it(
    client: Client, world: Town
) -> None:
    content = pages_lesson()
    await Lesson.create(code="L12", title="红色楼长", strand="示范点讲解", body=content)
    row = await listed(world)
    brand = await listed(world, name="红色楼长")
    await Showcase.filter(id=brand.id).update(kind=ShowcaseKind.BRAND)
    wish = Wish(
        row.name,
        row.kind,
        SiteCategory.URBAN,
        "x",
        ["x"],
        brand_id=brand.id,
        lesson_code="L12",
        site_id="S10",
    )
    await showcase.edit(world.at(world.town_officer), showcase_id=row.id, wish=wish)
    lesson = await Lesson.get()
    html = await read(client, f"/lessons/{lesson.id}")
    assert "去看一看" in html
    assert f'href="/showcase/{row.id}"' in html
    assert f'href="/lessons/{lesson.id}"' in await read(client, f"/showcase/{row.id}")
    html = await read(client, f"/showcase/{brand.id}")
    assert "哪里看得到（1）" in html
    assert row.name in html


def pages_lesson() -> dict[str, Any]:
    from handlers.lesson_content import load
    from handlers.lessons import COURSE

    return next(one for one in load(COURSE) if one.code == "L12").model_dump(mode="json")


async def test_an_entry_goes_its_whole_way_at_the_desk(client: Client, world: Town) -> None:
    town, beside = world.town_officer, world.beside  # type: ignore[attr-defined]
    html = await do(client, world, town, "/showcase/desk", organization="zc0101", **FORM)
    row = await Showcase.get()
    assert (row.status, row.site_id, row.learn) == ("nominated", "S10", ["议事怎样开头", "怎样回话"])
    assert "楼院&lt;b&gt;议事" in html
    assert "登记现场察看" not in html
    here = f"/showcase/desk/{row.id}"
    assert "登记现场察看" in await see(client, world, beside, here)
    await do(client, world, beside, f"{here}/send_back", reason="补写一条")
    html = await see(client, world, town, here)
    assert "补充后再报" in html
    await do(client, world, town, f"{here}/correct", **(FORM | {"summary": "楼院议事"}))
    await do(client, world, beside, f"{here}/visit", on="2026-11-20", findings="黑板在用")
    html = await do(client, world, world.district_officer, f"{here}/admit", until="2027-11-20")
    assert "已列入" in html
    assert "大家看到的页面" in html
    await do(client, world, town, f"{here}/review", raises="1")
    await do(client, world, beside, f"{here}/visit", on="2026-11-20", findings="还在用")
    await do(client, world, world.district_officer, f"{here}/renew", until="2028-11-20", raises="1")
    assert (await Showcase.get()).level is ShowcaseLevel.CITY
    await do(client, world, town, f"{here}/edit", **(FORM | {"summary": "改过的"}))
    assert (await Showcase.get()).summary == "改过的"
    await do(client, world, world.district_officer, f"{here}/remove", reason="搬走了")
    assert (await Showcase.get()).status is ShowcaseStatus.REMOVED
    assert "搬走了" in await see(client, world, town, here)


async def test_the_desk_is_for_who_works_with_it_and_odd_forms_change_nothing(
    client: Client, world: Town
) -> None:
    row = await nominated(world, world.worker)
    for nobody in (world.member, world.keeper):
        await see(client, world, nobody, "/showcase/desk", status=403)
        await see(client, world, nobody, f"/showcase/desk/{row.id}", status=403)
    await see(client, world, world.far_officer, f"/showcase/desk/{row.id}", status=404)
    html = await see(client, world, world.worker, "/showcase/desk")
    assert "导入导出" not in html
    assert 'name="organization"' not in html
    before = await Showcase.all().values()
    from tests.pages.test_keeper_pages import cookie

    held = await cookie(world.ctx, world.town_officer)
    for path, data in (
        ("", FORM | {"kind": "x"}), ("", FORM | {"organization": "NONE"}), ("", FORM | {"brand": "x"}),
        ("", FORM), (f"/{row.id}/visit", {"on": "1", "findings": "x"}), (f"/{row.id}/admit", {}),
        (f"/{row.id}/visit", {"on": "2026-11-21", "findings": "x"}), (f"/{row.id}/send_back", {"reason": ""}),
    ):  # fmt: skip
        response = await client.post(f"/showcase/desk{path}", data=data, cookies=held)
        assert response.status in (403, 422), (path, data)
    assert await Showcase.all().values() == before


def test_every_category_has_its_words_and_its_drawing() -> None:
    assert set(pages.CATEGORIES) == set(SiteCategory)
    for category in SiteCategory:
        row = Showcase(kind=ShowcaseKind.SITE, category=category, images=[])
        assert (FILES / f"showcase-{category.value.lower()}.svg").exists()
        assert pages.picture(row) == f"/pages/showcase/{category.value.lower()}.svg"
