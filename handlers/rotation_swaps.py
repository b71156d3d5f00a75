"""Swapping months: one town asks, the other agrees, the section confirms; only then do the months change."""

from tortoise.transactions import in_transaction

from handlers import audit, transitions, worker_news
from handlers.access import officer_reach
from handlers.context import Context
from handlers.errors import BadInput, NotFound, WrongState
from handlers.locks import hold
from handlers.rotations import ROUNDS, of_town
from handlers.worker_rules import require_district
from models import ROTATION_AHEAD, Role, Rotation, RotationSwap, SwapStatus

THING = "swap"
OPEN = (SwapStatus.PROPOSED, SwapStatus.AGREED)
WITH = ("mine__unit", "mine__round", "theirs__unit", "theirs__round")


async def propose(ctx: Context, *, rotation_id: int, with_id: int) -> RotationSwap:
    """A town asks another of the same round to change months; neither has begun.

    Raises:
        NotAllowed, NotFound, BadInput, WrongState.
    """
    mine = await of_town(ctx, rotation_id)
    theirs = await Rotation.get_or_none(id=with_id).select_related("unit", "round")
    if theirs is None or theirs.round_id != mine.round_id or theirs.id == mine.id:
        raise BadInput(with_id="请选择同一轮的另一个镇街")
    if mine.status not in ROTATION_AHEAD or theirs.status not in ROTATION_AHEAD:
        raise WrongState
    async with in_transaction():
        if await RotationSwap.exists(mine_id=mine.id, theirs_id=theirs.id, status__in=OPEN):
            raise WrongState
        swap = await RotationSwap.create(
            mine=mine, theirs=theirs, status=SwapStatus.PROPOSED, created_at=ctx.now()
        )
        await transitions.begin(ctx, THING, swap, SwapStatus.PROPOSED)
        text = f"{mine.unit.name}想和你们调换轮训月份，请看是否同意。{worker_news.HOW}"
        people = await worker_news.unit_officers(theirs.unit)
        await worker_news.tell(ctx, people, text, key=f"swap:{swap.id}:asked")
    return swap


async def agree(ctx: Context, *, swap_id: int) -> RotationSwap:
    """The other town agrees.

    Raises:
        NotAllowed, NotFound, WrongState.
    """
    await officer_reach(ctx)
    swap = await _get(swap_id)
    await of_town(ctx, swap.theirs_id)
    if swap.status is not SwapStatus.PROPOSED:
        raise WrongState
    async with in_transaction():
        await transitions.move(ctx, THING, swap, SwapStatus.AGREED)
    return swap


async def decline(ctx: Context, *, swap_id: int) -> RotationSwap:
    """Either town, or the section, says no (or takes it back).

    Raises:
        NotAllowed, NotFound, WrongState.
    """
    reach = await officer_reach(ctx)
    swap = await _get(swap_id)
    if reach is not None and not any(
        reach.covers_organization(turn.unit) for turn in (swap.mine, swap.theirs)
    ):
        raise NotFound
    if swap.status not in OPEN:
        raise WrongState
    async with in_transaction():
        await transitions.move(ctx, THING, swap, SwapStatus.DECLINED)
    return swap


async def confirm(ctx: Context, *, swap_id: int) -> RotationSwap:
    """The section confirms: the two change months, and all else of their turns stays.

    Raises:
        NotAllowed, NotFound, WrongState: a turn has begun, or not both towns agree.
    """
    await require_district(ctx)
    swap = await _get(swap_id)
    if swap.status is not SwapStatus.AGREED:
        raise WrongState
    async with in_transaction() as connection:
        await hold(connection, ROUNDS)
        await transitions.move(ctx, THING, swap, SwapStatus.CONFIRMED)
        await _change_months(ctx, swap.mine_id, swap.theirs_id)
    return await _get(swap_id)


async def list_swaps(ctx: Context) -> list[RotationSwap]:
    """The open ones the caller has to do with, oldest first; for officers.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    rows = await RotationSwap.filter(status__in=OPEN).order_by("id").select_related(*WITH)
    if reach is None or Role.DISTRICT_OFFICER in reach.roles:
        return rows
    return [
        row
        for row in rows
        if reach.covers_organization(row.mine.unit) or reach.covers_organization(row.theirs.unit)
    ]


async def _change_months(ctx: Context, one_id: int, other_id: int) -> None:
    """Let two turns change places. One steps aside first, since no place is ever two towns'."""
    one, other = await Rotation.get(id=one_id), await Rotation.get(id=other_id)
    ahead = Rotation.filter(status__in=ROTATION_AHEAD)
    if not await ahead.filter(id=one.id).update(place=-one.id):
        raise WrongState
    if not await ahead.filter(id=other.id).update(month=one.month, place=one.place):
        raise WrongState
    await Rotation.filter(id=one.id).update(month=other.month, place=other.place)
    await audit.record(ctx, "rotation.months_changed", f"rotation:{one.id}", other=other.id)


async def _get(swap_id: int) -> RotationSwap:
    swap = await RotationSwap.get_or_none(id=swap_id).select_related(*WITH)
    if swap is None:
        raise NotFound
    return swap
