"""The demo's examples (样板): six brands, nine sites at the city's level, 32 at the district's, some to come.

All invented, and marked so; who nominated, visited and decided are the demo's people, each in one part.
"""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import yaml
from tortoise.transactions import in_transaction

from handlers import audit, demo_images, place_images
from handlers.answering.dates import add_months
from handlers.context import Context
from handlers.locks import hold
from handlers.seeding import CONTENT
from handlers.showcase import THING
from models import (
    ON_LIST,
    Organization,
    Person,
    PlaceImage,
    Showcase,
    ShowcaseKind,
    ShowcaseLevel,
    ShowcaseStatus,
    Site,
    SiteCategory,
    Transition,
)

NOMINATES, VISITS, DECIDES = "演示乙", "演示甲", "演示午"
LISTED_FOR = 24
DRAWN = 8
"""Examples with a picture; the others have the drawing of their kind."""
ENDS_IN = {"soon": timedelta(days=30), "over": timedelta(days=-20)}
STATES = {
    "review": ShowcaseStatus.REVIEW,
    "nominated": ShowcaseStatus.NOMINATED,
    "visited": ShowcaseStatus.VISITED,
    "returned": ShowcaseStatus.RETURNED,
}
SEEN = "（演示）现场能看、能学，讲解的人说得清楚"


@dataclass(frozen=True, slots=True)
class World:
    """What entries refer to."""

    organizations: dict[str, int]
    sites: set[str]
    nominator: int
    visitor: int
    decider: int


async def seed(ctx: Context) -> None:
    """Make them once; what is there stays as it is. A few statements, whatever their number."""
    if await Showcase.exists():
        return
    world = await _world()
    if world is None:
        return
    content = yaml.safe_load((CONTENT / "showcase.yaml").read_text(encoding="utf-8"))
    drawn = await asyncio.to_thread(lambda: [demo_images.draw(number) for number in range(DRAWN)])
    async with in_transaction() as connection:
        await hold(connection, THING)
        brands = [_row(ctx, one, world, kind=ShowcaseKind.BRAND) for one in content["brands"]]
        await Showcase.bulk_create([row for row in brands if row is not None])
        ids = dict(await Showcase.filter(kind=ShowcaseKind.BRAND).values_list("code", "id"))
        given = [*content["sites"], *content["waiting"]]
        sites = [_row(ctx, one, world, brand_id=ids.get(one.get("brand"))) for one in given]
        await Showcase.bulk_create([row for row in sites if row is not None])
        await _pictures(ctx, drawn)
        made = await Showcase.all().order_by("id")
        await Transition.bulk_create([move for row in made for move in _moves(ctx, row)])
        await audit.record_many(ctx, [("demo.showcase_made", f"{THING}:{row.id}", {}) for row in made])


async def _pictures(ctx: Context, drawn: list[bytes]) -> None:
    """Drawn pictures for the first examples and the sites they stand at."""
    rows = (
        await Showcase.filter(kind=ShowcaseKind.SITE, status__in=ON_LIST).order_by("code").limit(len(drawn))
    )
    for row, content in zip(rows, drawn, strict=False):
        image = place_images.made(ctx, content)
        images = [place_images.address_of(image)]
        await PlaceImage.bulk_create([image], ignore_conflicts=True)
        await Showcase.filter(id=row.id).update(images=images)
        if row.site_id is not None:
            await Site.filter(id=row.site_id, is_demo=True).update(images=images)


async def _world() -> World | None:
    people = dict(await Person.filter(name__in=(NOMINATES, VISITS, DECIDES)).values_list("name", "id"))
    if len(people) < 3:
        return None
    organizations = dict(await Organization.all().values_list("code", "id"))
    sites = {str(id_) for id_ in await Site.all().values_list("id", flat=True)}
    return World(organizations, sites, people[NOMINATES], people[VISITS], people[DECIDES])


def _row(
    ctx: Context, one: dict[str, Any], world: World, *, kind: ShowcaseKind = ShowcaseKind.SITE,
    brand_id: int | None = None,
) -> Showcase | None:  # fmt: skip
    """One entry as it stands today; None where its unit isn't in the demo."""
    if one["owner"] not in world.organizations:
        return None
    state = one.get("state", "")
    status = STATES.get(state, ShowcaseStatus.LISTED)
    today = ctx.now().date()
    until = today + ENDS_IN[state] if state in ENDS_IN else add_months(today, LISTED_FOR - _age(one))
    since = add_months(until, -LISTED_FOR)
    visited = status not in (ShowcaseStatus.NOMINATED,)
    on_list = status in ON_LIST
    return Showcase(
        code=one["code"], name=one["name"], live_key=one["name"], kind=kind,
        level=ShowcaseLevel(one.get("level", "district")), category=SiteCategory(one["category"]),
        status=status,
        organization_id=world.organizations[one["owner"]],
        site_id=one["at"] if one.get("at") in world.sites else None, brand_id=brand_id,
        lesson_code=one["lesson"], summary=one["summary"], learn=one["learn"],
        nominated_by_id=world.nominator, visited_by_id=world.visitor if visited else None,
        visited_on=_visited_on(since, today, on_list) if visited else None, findings=SEEN if visited else "",
        listed_by_id=world.decider if on_list else None, valid_from=since if on_list else None,
        valid_until=until if on_list else None,
        reason="（演示）请补写能学什么，再报" if status is ShowcaseStatus.RETURNED else "",
        is_demo=True, since=today - timedelta(days=10), created_at=ctx.now(),
    )  # fmt: skip


def _age(one: dict[str, Any]) -> int:
    """Months for which it has been listed: some older, some younger, the same on every run."""
    return int(one["code"][2:]) % 12 + 1


def _visited_on(since: date, today: date, on_list: bool) -> date:
    return since - timedelta(days=7) if on_list else today - timedelta(days=3)


def _moves(ctx: Context, row: Showcase) -> list[Transition]:
    """How it came to where it stands."""
    steps = [("", ShowcaseStatus.NOMINATED, row.nominated_by_id)]
    if row.visited_by_id is not None:
        steps.append((ShowcaseStatus.NOMINATED, ShowcaseStatus.VISITED, row.visited_by_id))
    if row.status in ON_LIST:
        steps.append((ShowcaseStatus.VISITED, ShowcaseStatus.LISTED, row.listed_by_id or 0))
    if row.status is ShowcaseStatus.REVIEW:
        steps.append((ShowcaseStatus.LISTED, ShowcaseStatus.REVIEW, row.visited_by_id or 0))
    if row.status is ShowcaseStatus.RETURNED:
        steps.append((ShowcaseStatus.VISITED, ShowcaseStatus.RETURNED, row.visited_by_id or 0))
    notes = {ShowcaseStatus.VISITED: row.findings, ShowcaseStatus.RETURNED: row.reason}
    return [
        Transition(
            subject=f"{THING}:{row.id}", was=str(was), became=became, person_id=person, at=ctx.now(),
            note=notes.get(became, ""),
        )
        for was, became, person in steps
    ]  # fmt: skip
