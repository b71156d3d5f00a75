"""Posters: a page a site, for whoever keeps it; with the codes that sign now."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import main
from handlers import codes, fonts, posters, qr_codes, sites
from handlers.context import Context
from handlers.errors import NoFont, NotAllowed, NotFound
from handlers.gateways.errors import Stopped, Unreachable
from models import AuditEntry, Site, SiteStatus
from simulator import pictures
from tests.fakes import FakeWeChat
from tests.fonts import needs_font
from tests.handlers import town
from tests.handlers.town import Town


@pytest.fixture
async def world(ctx: Context) -> Town:
    return await town.build(ctx)


def pages(pdf: bytes) -> int:
    assert pdf.startswith(b"%PDF")
    counts = re.findall(rb"/Count (\d+)", pdf)
    return max(map(int, counts))


@needs_font
async def test_a_keeper_prints_their_site_and_an_officer_all_below(world: Town, wechat: FakeWeChat) -> None:
    assert pages(await posters.draw(world.at(world.keeper), site_id="S10")) == 1
    scene = sites.poster_scene(world.ctx, site_id="S10")
    assert wechat.mini_program_codes == [(scene, posters.MINI_PROGRAM_PAGE)]
    assert pages(await posters.draw_all(world.at(world.district_officer))) == 2
    assert len(wechat.mini_program_codes) == 2, "S10's is kept"
    assert pages(await posters.draw_all(world.ctx)) == 2, "and the command line gets all"


async def test_another_sites_poster_is_not_drawn(world: Town) -> None:
    for person, site_id in ((world.keeper, "S01"), (world.worker, "S10"), (world.far_officer, "S10")):
        with pytest.raises(NotAllowed):
            await posters.draw(world.at(person), site_id=site_id)
    for person in (world.worker, world.member):
        with pytest.raises(NotAllowed):
            await posters.draw_all(world.at(person))
    with pytest.raises(NotFound):
        await posters.draw(world.ctx, site_id="S99")


async def test_a_closed_site_hangs_no_poster(world: Town) -> None:
    await Site.filter(id="S10").update(status=SiteStatus.CLOSED)
    with pytest.raises(NotFound):
        await posters.draw(world.at(world.keeper), site_id="S10")


@needs_font
async def test_without_a_mini_program_there_is_the_accounts_code_alone(
    world: Town, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid: list[dict[str, bytes]] = []
    monkeypatch.setattr(posters, "compose", lambda files: laid.append(files) or b"%PDF")
    without = replace(world.ctx, settings=world.ctx.settings.model_copy(update={"mp_app_id": ""}))
    await posters.draw(without, site_id="S10")
    await sites.create_posters(world.ctx)
    wechat.refuse.append(Stopped(posters.NO_SUCH_PAGE))
    await posters.draw(world.ctx, site_id="S10")
    assert wechat.mini_program_codes == []
    for files in laid:
        (page,) = json.loads(files["posters.json"])["posters"]
        assert not page["has_mini_program"]
        assert set(files) == {"posters.json", "S10-account"}
    wechat.refuse.append(Unreachable())
    with pytest.raises(Unreachable):
        await posters.draw(world.ctx, site_id="S10")


@needs_font
def test_every_site_fits_on_its_page_whatever_its_name() -> None:
    rows = sites.read_content()
    names = [row.name for row in rows] + ["党" * 40]
    files, made = {}, []
    for number, name in enumerate(names):
        site = Site(
            **rows[0].model_dump(mode="json", exclude={"owner", "name", "id"}), id=f"S{number}", name=name
        )
        made.append(posters._page(site, has_mini_program=True))
        files[f"S{number}-account"] = qr_codes.draw("http://weixin.qq.com/q/02" + "x" * 22, 0)
        files[f"S{number}-mini"] = posters.framed(pictures.png("x"))
    said = {"font": fonts.chinese(), "complaints": "https://example.com/complaints", "posters": made}
    files["posters.json"] = json.dumps(said).encode()
    assert pages(posters.compose(files)) == len(names) == 28


def test_a_machine_without_chinese_letters_refuses_and_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.chinese.cache_clear()
    monkeypatch.setattr(fonts, "FAMILIES", ("No Such Family",))
    with pytest.raises(NoFont):
        fonts.chinese()
    monkeypatch.undo()
    fonts.chinese.cache_clear()


async def test_a_new_key_version_renews_every_posters_code_once(world: Town, wechat: FakeWeChat) -> None:
    assert await sites.create_posters(world.ctx) == 2
    old = (await Site.get(id="S10")).poster_url
    rotated = replace(world.ctx, settings=world.ctx.settings.model_copy(update={"code_versions": "21"}))
    wechat.refuse.append(Unreachable())
    with pytest.raises(Unreachable):
        await sites.create_posters(rotated)
    assert (await Site.get(id="S10")).poster_url == old, "what was there stays until there is another"
    assert await sites.create_posters(rotated) == 2
    assert await sites.create_posters(rotated) == 0
    site = await Site.get(id="S10")
    assert site.poster_url != old
    assert site.poster_scene[1] == "2"
    secret = world.ctx.settings.secret_key.get_secret_value()
    for scene in (site.poster_scene, old.removeprefix("http://weixin.qq.com/q/")):
        assert codes.read(secret, scene, at=world.ctx.now(), versions="21") == codes.PosterCode("S10")
    assert await AuditEntry.filter(action="site.poster_created", subject="site:S10").count() == 2


async def test_the_content_leaves_the_posters_code_alone(ctx: Context) -> None:
    await sites.seed(ctx)
    await sites.create_posters(ctx)
    await sites.seed(ctx)
    assert await sites.create_posters(ctx) == 0


def test_the_command_takes_a_site_or_all(tmp_path: Path) -> None:
    one = main.parser().parse_args(["posters", "--site", "S10", str(tmp_path / "a.pdf")])
    every = main.parser().parse_args(["posters", str(tmp_path / "b.pdf")])
    assert (one.site, every.site, one.run) == ("S10", None, main.print_posters)
