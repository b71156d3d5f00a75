"""The list of examples (样板) as everybody reads it; and for officers what waits and what ends soon."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from handlers import access, paging, worker_news
from handlers.access import OFFICERS, Reach, within
from handlers.context import Context
from handlers.errors import NotFound
from handlers.lesson_content import Strand
from handlers.showcase import LEVEL_WORDS, worker_reach
from models import (
    ON_LIST,
    Lesson,
    Role,
    Showcase,
    ShowcaseKind,
    ShowcaseLevel,
    ShowcaseStatus,
    SiteCategory,
)

GROUPS = (
    ("市级示范点", ShowcaseKind.SITE, ShowcaseLevel.CITY),
    ("区级示范点", ShowcaseKind.SITE, ShowcaseLevel.DISTRICT),
    ("品牌", ShowcaseKind.BRAND, None),
)
"""How the list is read out: not by merit, but by whose list it is."""
LARGEST_LIST = 500
FINDS = 10
AT_TOWN = (ShowcaseStatus.NOMINATED, ShowcaseStatus.REVIEW)
"""What waits for a visit: any officer over the place can go."""
AT_DISTRICT = (*AT_TOWN, ShowcaseStatus.VISITED, ShowcaseStatus.REVIEWED)


@dataclass(frozen=True, slots=True)
class Example:
    """An entry of the list with what teaches it, and for a brand the sites that show it."""

    row: Showcase
    lesson: Lesson | None
    shown_at: list[Showcase] = field(default_factory=list)

    def is_over(self, today: date) -> bool:
        """Whether its time is over: it is looked at again before it counts as an example."""
        return self.row.valid_until is None or self.row.valid_until < today


@dataclass(frozen=True, slots=True)
class Desk:
    """What an officer sees: what waits for them, what ends soon or has ended, and how many there are."""

    waiting: list[Showcase]
    due: list[Showcase]
    counts: dict[ShowcaseLevel, int]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a list, newest first; `next` is the cursor of the following one."""

    items: list[Showcase]
    next: int | None


async def list_showcase(
    ctx: Context,
    *,
    level: ShowcaseLevel | None = None,
    kind: ShowcaseKind | None = None,
    category: SiteCategory | None = None,
    lesson_code: str = "",
) -> list[Showcase]:
    """What is on the list today, by number: no place stands before another. One query."""
    wanted = {"level": level, "kind": kind, "category": category, "lesson_code": lesson_code}
    rows = _current(ctx).filter(**{name: value for name, value in wanted.items() if value})
    return await rows.select_related("organization", "site", "brand").order_by("code").limit(LARGEST_LIST)


def grouped(rows: Iterable[Showcase]) -> list[tuple[str, list[Showcase]]]:
    """The entries of each group that has any, under its name."""
    every = list(rows)
    groups = [
        (said, [row for row in every if row.kind is kind and level in (None, row.level)])
        for said, kind, level in GROUPS
    ]
    return [(said, group) for said, group in groups if group]


async def get_example(ctx: Context, *, showcase_id: int) -> Example:
    """One entry as everybody reads it; one whose time is over says so.

    Raises:
        NotFound: it isn't on the list, or no longer.
    """
    found = Showcase.filter(id=showcase_id, status__in=ON_LIST)
    row = await found.select_related("organization", "site", "brand").first()
    if row is None:
        raise NotFound
    lesson = None
    if row.lesson_code:
        lesson = await Lesson.get_or_none(code=row.lesson_code, withdrawn_at__isnull=True)
    shown_at: list[Showcase] = []
    if row.kind is ShowcaseKind.BRAND:
        showing = _current(ctx).filter(brand_id=row.id).select_related("organization", "site")
        shown_at = await showing.order_by("code")
    return Example(row, lesson, shown_at)


async def of_lesson(ctx: Context, *, code: str, strand: str) -> list[Showcase]:
    """The examples that show what a lesson teaches; only those of 示范点讲解 have any."""
    if strand != Strand.SHOWCASE:
        return []
    return await list_showcase(ctx, lesson_code=code)


async def at_site(ctx: Context, *, site_id: str) -> list[Showcase]:
    """The examples that are to be seen at a site of the map."""
    return await _current(ctx).filter(site_id=site_id).order_by("code")


async def find(ctx: Context, *, words: str) -> list[Showcase]:
    """Examples whose name holds these words."""
    return await _current(ctx).filter(name__icontains=words).order_by("code").limit(FINDS)


async def counts(ctx: Context) -> dict[ShowcaseLevel, int]:
    """How many demonstration sites stand on each level's list today; brands don't count."""
    rows = _current(ctx).filter(kind=ShowcaseKind.SITE)
    return {level: await rows.filter(level=level).count() for level in ShowcaseLevel}


async def all_of_mine(
    ctx: Context, *, status: ShowcaseStatus | None = None, cursor: int | None = None, limit: int = 20
) -> Stretch:
    """Everything within the caller's reach, whatever its state.

    Raises:
        NotBound, NotAllowed.
    """
    rows = Showcase.filter(within(await worker_reach(ctx), below="organization__"))
    if status is not None:
        rows = rows.filter(status=status)
    rows = rows.select_related("organization", "site", "brand")
    return Stretch(*await paging.newest_first(rows, cursor=cursor, limit=limit))


async def desk(ctx: Context) -> Desk:
    """What waits for the caller, the oldest first, and what is due to be looked at again.

    Raises:
        NotBound, NotAllowed.
    """
    reach = await worker_reach(ctx)
    due = _due(ctx).filter(within(reach, below="organization__")).select_related("organization")
    waiting = await _waiting(ctx, reach)
    rows = await waiting.select_related("organization").order_by("since", "id").limit(LARGEST_LIST)
    return Desk(rows, await due.order_by("valid_until", "id").limit(LARGEST_LIST), await counts(ctx))


async def waiting_for(ctx: Context) -> int:
    """How many wait for the caller, those that are due among them."""
    reach = await worker_reach(ctx)
    due = _due(ctx).filter(within(reach, below="organization__")) if reach.roles & OFFICERS else None
    return await (await _waiting(ctx, reach)).count() + (await due.count() if due is not None else 0)


async def due_lines(ctx: Context) -> list[tuple[int, str, str]]:
    """`(person, key, line)` for the officers of what ends soon; each line once for an end (worker_news)."""
    lines: list[tuple[int, str, str]] = []
    rows = await _due(ctx).select_related("organization").order_by("valid_until", "id")
    district = await worker_news.district_officers() if rows else []
    for row in rows:
        if row.valid_until is None:
            continue
        over = row.valid_until < ctx.now().date()
        when = f"{row.valid_until.month}月{row.valid_until.day}日"
        said = f"已在{when}到期，请尽快复核" if over else f"将在{when}到期，请安排复核"
        text = f"{LEVEL_WORDS[row.level]}样板“{row.name}”{said}"
        key = f"showcase:{row.id}:{row.valid_until}:{'over' if over else 'due'}"
        people = dict.fromkeys([*district, *await worker_news.unit_officers(row.organization)])
        lines += [(person, key, text) for person in people]
    return lines


def _current(ctx: Context) -> QuerySet[Showcase]:
    return Showcase.filter(status__in=ON_LIST, valid_until__gte=ctx.now().date())


def _due(ctx: Context) -> QuerySet[Showcase]:
    """On the list, its review not begun, and its end near or past."""
    near = ctx.now().date() + timedelta(days=ctx.settings.showcase_due_days)
    return Showcase.filter(status=ShowcaseStatus.LISTED, valid_until__lte=near)


async def _waiting(ctx: Context, reach: Reach) -> QuerySet[Showcase]:
    """For officers what is to be visited, for the district's what is to be decided, and what was returned."""
    person = ctx.caller.person
    mine = Q(status=ShowcaseStatus.RETURNED, nominated_by_id=person.id if person is not None else 0)
    if not reach.roles & OFFICERS:
        return Showcase.filter(mine)
    over = within(await access.officer_reach(ctx), below="organization__")
    district = Role.DISTRICT_OFFICER in reach.roles
    return Showcase.filter(Q(mine, Q(over, status__in=AT_DISTRICT if district else AT_TOWN), join_type="OR"))
