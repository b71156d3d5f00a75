"""样板 (demonstration sites and brands): from a nomination to the list, seen again, kept on or taken off.

推荐 → 现场察看 → 审定列入 → 到期前复核 → 继续列入或撤出. Whoever nominated neither looks nor decides, and the
database says so too (models/showcase). A place is rated, never a person, and no place before another.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import access, audit, transitions, worker_news
from handlers.access import OFFICERS, Reach
from handlers.accounts import require_person
from handlers.answering.dates import add_months
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, OwnNomination, WrongState
from handlers.lines import one_line
from handlers.locks import hold
from handlers.showcase_wishes import Wish, columns
from models import (
    ON_LIST,
    Organization,
    Person,
    Role,
    Showcase,
    ShowcaseLevel,
    ShowcaseStatus,
    Transition,
)

THING = "showcase"
LONGEST_FINDINGS, LONGEST_REASON = 500, 300
LONGEST_MONTHS = 60
"""Nothing is listed for longer without being looked at again."""
STATUS_WORDS = {
    ShowcaseStatus.NOMINATED: "已推荐，待现场察看",
    ShowcaseStatus.RETURNED: "退回补充",
    ShowcaseStatus.VISITED: "已察看，待审定",
    ShowcaseStatus.REFUSED: "未列入",
    ShowcaseStatus.LISTED: "已列入",
    ShowcaseStatus.REVIEW: "复核中，待现场察看",
    ShowcaseStatus.REVIEWED: "复核已察看，待审定",
    ShowcaseStatus.REMOVED: "已撤出",
}
LEVEL_WORDS = {ShowcaseLevel.DISTRICT: "区级", ShowcaseLevel.CITY: "市级"}
_ANYONE = OFFICERS | {Role.BRANCH_WORKER}
_DISTRICT = frozenset({Role.DISTRICT_OFFICER})
ACTS: dict[str, tuple[tuple[ShowcaseStatus, ...], frozenset[Role]]] = {
    "correct": ((ShowcaseStatus.RETURNED,), _ANYONE),
    "visit": ((ShowcaseStatus.NOMINATED, ShowcaseStatus.REVIEW), OFFICERS),
    "send_back": ((ShowcaseStatus.NOMINATED, ShowcaseStatus.VISITED), OFFICERS),
    "refuse": ((ShowcaseStatus.NOMINATED, ShowcaseStatus.VISITED), _DISTRICT),
    "admit": ((ShowcaseStatus.VISITED,), _DISTRICT),
    "review": ((ShowcaseStatus.LISTED,), OFFICERS),
    "renew": ((ShowcaseStatus.REVIEWED,), _DISTRICT),
    "remove": (ON_LIST, _DISTRICT),
    "edit": (ON_LIST, OFFICERS),
}
"""In which states each thing can be done, and by whose duty; in no other, and by nobody else's."""


async def nominate(ctx: Context, *, wish: Wish, organization_id: int | None = None) -> Showcase:
    """Propose a site or a brand for the district's list: an officer below whom it is, or its branch's worker.

    Without `organization_id` it is the caller's own branch's.

    Raises:
        NotBound, NotAllowed, BadInput.
    """
    person = await require_person(ctx)
    owner = await _owner(ctx, person, organization_id)
    given = await columns(ctx, wish)
    async with _under_its_own_name() as connection:
        await hold(connection, THING)
        made = await Showcase.create(
            **given, code=await next_code(), status=ShowcaseStatus.NOMINATED, organization=owner,
            nominated_by=person, since=ctx.now().date(), created_at=ctx.now(),
        )  # fmt: skip
        await transitions.begin(ctx, THING, made, ShowcaseStatus.NOMINATED)
    return await whole(made.id)


async def correct(ctx: Context, *, showcase_id: int, wish: Wish) -> Showcase:
    """Put a returned nomination right, and send it again.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    person, row = await _for_act(ctx, showcase_id, "correct")
    given = await columns(ctx, wish, of=row)
    today = ctx.now().date()
    fresh: dict[str, Any] = {
        "visited_by_id": None,
        "visited_on": None,
        "findings": "",
        "reason": "",
        "since": today,
    }
    async with _under_its_own_name():
        await transitions.move(
            ctx, THING, row, ShowcaseStatus.NOMINATED, nominated_by_id=person.id, **given, **fresh
        )
    return await whole(row.id)


async def visit(ctx: Context, *, showcase_id: int, on: date, findings: str) -> Showcase:
    """Somebody else than who nominated it has been there, and says what was seen.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, OwnNomination, BadInput.
    """
    person, row = await _for_act(ctx, showcase_id, "visit")
    await _another_person(row, person)
    said = one_line(findings, longest=LONGEST_FINDINGS, field="findings")
    if on > ctx.now().date():
        raise BadInput(on="察看日期不能晚于今天")
    if on < row.since:
        raise BadInput(on=f"察看日期不能早于{row.since.month}月{row.since.day}日：那天才推荐或开始复核")
    again = row.status is ShowcaseStatus.REVIEW
    became = ShowcaseStatus.REVIEWED if again else ShowcaseStatus.VISITED
    async with in_transaction():
        await transitions.move(
            ctx, THING, row, became, note=f"{on.month}月{on.day}日察看：{said}",
            visited_by_id=person.id, visited_on=on, findings=said,
        )  # fmt: skip
    return await whole(row.id)


async def send_back(ctx: Context, *, showcase_id: int, reason: str) -> Showcase:
    """Back to who nominated it, to be completed.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    _, row = await _for_act(ctx, showcase_id, "send_back")
    return await _with_reason(ctx, row, ShowcaseStatus.RETURNED, reason)


async def refuse(ctx: Context, *, showcase_id: int, reason: str) -> Showcase:
    """It doesn't become an example this time.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    _, row = await _for_act(ctx, showcase_id, "refuse")
    return await _with_reason(ctx, row, ShowcaseStatus.REFUSED, reason, live_key=None)


async def admit(ctx: Context, *, showcase_id: int, until: date | None = None) -> Showcase:
    """The district puts it on the list, until a day.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, OwnNomination, BadInput.
    """
    person, row = await _for_act(ctx, showcase_id, "admit")
    return await _put_on(ctx, row, person, until, level=row.level)


async def review(ctx: Context, *, showcase_id: int, raises: bool = False) -> Showcase:
    """Look again before the time is over; with `raises`, it is also proposed for the city's level.

    It stays on the list meanwhile.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    person, row = await _for_act(ctx, showcase_id, "review")
    changes: dict[str, Any] = {"since": ctx.now().date(), "wanted_level": None}
    if raises:
        if row.level is ShowcaseLevel.CITY:
            raise BadInput(raises="已经是市级，不用再推荐")
        changes |= {"wanted_level": ShowcaseLevel.CITY, "raised_by_id": person.id}
    async with in_transaction():
        note = "推荐为市级" if raises else ""
        await transitions.move(ctx, THING, row, ShowcaseStatus.REVIEW, note=note, **changes)
    return await whole(row.id)


async def renew(
    ctx: Context, *, showcase_id: int, until: date | None = None, raises: bool = False
) -> Showcase:
    """It stays on the list, until a later day; with `raises`, at the higher level it was proposed for.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, OwnNomination, BadInput.
    """
    person, row = await _for_act(ctx, showcase_id, "renew")
    if raises and row.wanted_level is None:
        raise BadInput(raises="没有人推荐为市级，请先在复核时推荐")
    level = row.wanted_level if raises and row.wanted_level is not None else row.level
    return await _put_on(ctx, row, person, until, level=level)


async def remove(ctx: Context, *, showcase_id: int, reason: str) -> Showcase:
    """Off the list, and why.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    _, row = await _for_act(ctx, showcase_id, "remove")
    return await _with_reason(ctx, row, ShowcaseStatus.REMOVED, reason, live_key=None)


async def edit(ctx: Context, *, showcase_id: int, wish: Wish) -> Showcase:
    """Change what people read of an entry on the list; nothing is written where nothing changes.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState, BadInput.
    """
    _, row = await _for_act(ctx, showcase_id, "edit")
    await write(ctx, row, await columns(ctx, wish, of=row))
    return await whole(row.id)


async def write(ctx: Context, row: Showcase, given: dict[str, Any]) -> bool:
    """Write what differs of checked columns; whether anything did."""
    changed = {name: value for name, value in given.items() if getattr(row, name) != value}
    if not changed:
        return False
    async with _under_its_own_name():
        if not await Showcase.filter(id=row.id, status=row.status).update(**changed):
            raise WrongState
        await audit.record(ctx, "showcase.edited", f"{THING}:{row.id}", fields=sorted(changed))
    return True


async def get_showcase(ctx: Context, *, showcase_id: int) -> tuple[Showcase, list[Transition]]:
    """One entry with all its moves, for who works with it.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    await require_person(ctx)
    row = await _seen(await worker_reach(ctx), showcase_id)
    return row, list(await transitions.of(THING, row.id))


async def may(ctx: Context, row: Showcase) -> list[str]:
    """What the caller may do with an entry now, in the order of `ACTS`."""
    person, reach = await require_person(ctx), await worker_reach(ctx)
    acts = [act for act, (states, roles) in ACTS.items() if row.status in states and reach.roles & roles]
    if not (await _reach_as(ctx, _ANYONE)).covers_organization(row.organization):
        return []
    if reach.roles & OFFICERS and not (await _reach_as(ctx, OFFICERS)).covers_organization(row.organization):
        acts = [act for act in acts if Role.BRANCH_WORKER in ACTS[act][1]]
    if "visit" in acts and await _had_a_hand(row, person):
        acts.remove("visit")
    if person.id in (row.nominated_by_id, row.raised_by_id):
        acts = [act for act in acts if act not in ("admit", "renew")]
    return acts


async def worker_reach(ctx: Context) -> Reach:
    """The reach of an officer or of a branch's worker.

    Raises:
        NotBound, NotAllowed.
    """
    await require_person(ctx)
    reach = await access.reach(ctx)
    if not reach.roles & _ANYONE:
        raise NotAllowed
    return reach


async def next_code() -> str:
    """The next number that nobody has; in a transaction that holds the showcase."""
    last = await Showcase.all().order_by("-id").first()
    number = (last.id if last is not None else 0) + 1
    while await Showcase.exists(code=f"YB{number:04d}"):
        number += 1
    return f"YB{number:04d}"


async def whole(showcase_id: int) -> Showcase:
    """An entry with what it belongs to."""
    return await Showcase.get(id=showcase_id).select_related("organization", "site", "brand")


@asynccontextmanager
async def _under_its_own_name() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction that writes a name; the database knows whether another one bears it.

    Raises:
        BadInput.
    """
    try:
        async with in_transaction() as connection:
            yield connection
    except IntegrityError:
        raise BadInput(name="已经有同名的样板在办或在册，请换一个名称") from None


async def _put_on(
    ctx: Context, row: Showcase, person: Person, until: date | None, *, level: ShowcaseLevel
) -> Showcase:
    """On the list from today, by somebody who neither nominated it nor wished for the level."""
    if person.id in (row.nominated_by_id, row.raised_by_id):
        raise OwnNomination
    today = ctx.now().date()
    last = until or add_months(today, ctx.settings.showcase_valid_months)
    if not today < last <= add_months(today, LONGEST_MONTHS):
        raise BadInput(until=f"有效期应晚于今天，最长 {LONGEST_MONTHS // 12} 年")
    changes: dict[str, Any] = {"listed_by_id": person.id, "valid_from": today, "valid_until": last}
    changes |= {"level": level, "wanted_level": None, "reason": ""}
    note = f"{LEVEL_WORDS[level]}，有效期到{last:%Y-%m-%d}"
    async with in_transaction():
        await transitions.move(ctx, THING, row, ShowcaseStatus.LISTED, note=note, **changes)
        await _tell(
            ctx, row, f"列入{LEVEL_WORDS[level]}样板，有效期到{last.year}年{last.month}月{last.day}日"
        )
    return await whole(row.id)


async def _with_reason(
    ctx: Context, row: Showcase, became: ShowcaseStatus, reason: str, **changes: Any
) -> Showcase:
    line = one_line(reason, longest=LONGEST_REASON, field="reason")
    async with in_transaction():
        await transitions.move(ctx, THING, row, became, note=line, reason=line, **changes)
        await _tell(ctx, row, f"{STATUS_WORDS[became]}。原因：{line.rstrip('。')}")
    return await whole(row.id)


async def _tell(ctx: Context, row: Showcase, text: str) -> None:
    """Whoever nominated it hears what came of it."""
    key = f"{THING}:{row.id}:{int(ctx.now().timestamp())}"
    await worker_news.tell(ctx, [row.nominated_by_id], f"您推荐的“{row.name}”：{text}。", key=key)


async def _owner(ctx: Context, person: Person, organization_id: int | None) -> Organization:
    reach = await worker_reach(ctx)
    if organization_id is None:
        own = await access.branches_worked_for(person)
        if len(own) != 1:
            raise BadInput(organization_id="请选是哪个党组织的")
        organization_id = own[0]
    found = await Organization.get_or_none(id=organization_id)
    if found is None or not reach.covers_organization(found):
        raise BadInput(organization_id="不在您的负责范围内，请核对")
    return found


async def _for_act(ctx: Context, showcase_id: int, act: str) -> tuple[Person, Showcase]:
    """Who acts, and an entry on which this can be done now.

    Raises:
        NotBound, NotAllowed, NotFound, WrongState.
    """
    person = await require_person(ctx)
    states, roles = ACTS[act]
    row = await _seen(await _reach_as(ctx, roles), showcase_id)
    if row.status not in states:
        raise WrongState
    return person, row


async def _reach_as(ctx: Context, roles: frozenset[Role]) -> Reach:
    """What the caller reaches by one of these duties: who works for a branch is no officer over it.

    Raises:
        NotBound, NotAllowed.
    """
    reach = await worker_reach(ctx)
    if not reach.roles & roles:
        raise NotAllowed
    if Role.BRANCH_WORKER in roles:
        return reach
    return await access.officer_reach(ctx) or access.NOBODY


async def _seen(reach: Reach, showcase_id: int) -> Showcase:
    row = await Showcase.get_or_none(id=showcase_id).select_related("organization", "site", "brand")
    if row is None or not reach.covers_organization(row.organization):
        raise NotFound
    return row


async def _another_person(row: Showcase, person: Person) -> None:
    """Whoever visits had no hand in what was nominated.

    Raises:
        OwnNomination.
    """
    if await _had_a_hand(row, person):
        raise OwnNomination


async def _had_a_hand(row: Showcase, person: Person) -> bool:
    if person.id in (row.nominated_by_id, row.raised_by_id):
        return True
    wrote = Transition.filter(
        subject=f"{THING}:{row.id}", became=ShowcaseStatus.NOMINATED, person_id=person.id
    )
    return await wrote.exists()
