"""A branch that lets its places pass again and again in a quarter doesn't book for some days.

Counted is the branch's visit, and nobody's name: one to which nobody came, or one called off in the last
hours before it. What a keeper or the district called off never counts. How many, and for how long, are
settings; the day on which the branch books again stands in its own row, where a booking reads it anyway.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import access, audit, notices, quarters, visit_news
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import NotAllowed, NotFound
from handlers.places import LATE_ARRIVALS_FOR
from handlers.quarters import Quarter
from models import Booking, BookingStatus, Duty, Organization, Role

PAUSED = (
    "您的支部本季度有 {count} 次预约没有到场，或者在开始前才取消，{until}前暂停新的预约，已经约好的不受影响。"
    "有特殊情况，请联系上级党组织，可以提前恢复。"
)


class Failed(NamedTuple):
    """A branch's visit that didn't take place through its own doing, and the day it was for."""

    branch_id: int
    day: date


async def pause(ctx: Context) -> int:
    """Let branches pause that failed too often, and book again whose visit took place after all; how many.

    Run by the clock; twice is once. One query, and some for each branch that failed too often or pauses.
    """
    most = ctx.settings.failures_per_quarter
    if not most:
        return 0
    today = ctx.now().date()
    failed: defaultdict[int, list[date]] = defaultdict(list)
    for quarter in {quarters.of(today - LATE_ARRIVALS_FOR), quarters.of(today)}:
        for branch_id, day in await _failed(ctx, quarter):
            failed[branch_id].append(day)
    too_often = {branch_id: days for branch_id, days in failed.items() if _most_in_quarter(days) >= most}
    changed = sum([await _pause(ctx, branch_id, days) for branch_id, days in sorted(too_often.items())])
    paused = Organization.filter(books_again_on__gt=today).exclude(id__in=list(too_often))
    return changed + sum([await _resume(ctx, branch) for branch in await paused if _is_recent(ctx, branch)])


async def resume(ctx: Context, *, branch_id: int) -> Organization:
    """An officer above lets a branch book again before its time. Twice is once.

    Raises:
        NotAllowed, NotFound.
    """
    await require_person(ctx)
    reach = await access.officer_reach(ctx)
    branch = await Organization.get_or_none(id=branch_id)
    if branch is None:
        raise NotFound
    if reach is not None and not reach.covers_organization(branch):
        raise NotAllowed
    if branch.books_again_on is not None and branch.books_again_on > ctx.now().date():
        async with in_transaction():
            await Organization.filter(id=branch.id).update(books_again_on=ctx.now().date())
            await audit.record(ctx, "branch.resumed", f"organization:{branch.id}")
        await branch.refresh_from_db(fields=["books_again_on"])
    return branch


def again_on(days: Iterable[date], *, paused_until: date | None, lasts: timedelta) -> date | None:
    """When a branch books again that failed on these days; none where all of them were made up for before.

    What was known before the day on which it booked again, or was let book again, is paid for. Pure.
    """
    open_ = [day for day in days if paused_until is None or day >= paused_until]
    return max(open_) + lasts if open_ else None


def _most_in_quarter(days: Iterable[date]) -> int:
    return max(Counter(map(quarters.of, days)).values(), default=0)


async def _failed(ctx: Context, quarter: Quarter) -> list[Failed]:
    zone = ctx.settings.zone
    begin, end = quarter.starts_at(zone), quarter.ends_at(zone)
    failed = Q(Q(status=BookingStatus.MISSED), Q(late=True), join_type=Q.OR)
    rows = Booking.filter(failed, slot__starts_at__gte=begin, slot__starts_at__lt=end)
    return [
        Failed(branch_id, starts_at.astimezone(zone).date())
        for branch_id, starts_at in await rows.values_list("branch_id", "slot__starts_at")
    ]


async def _pause(ctx: Context, branch_id: int, days: list[date]) -> bool:
    branch = await Organization.get(id=branch_id)
    lasts = timedelta(days=ctx.settings.pause_days)
    until = again_on(days, paused_until=branch.books_again_on, lasts=lasts)
    if until is None or until <= ctx.now().date():
        return False
    async with in_transaction():
        same = Organization.filter(id=branch_id, books_again_on=branch.books_again_on)
        if not await same.update(books_again_on=until):
            return False
        await audit.record(
            ctx, "branch.paused", f"organization:{branch_id}", until=str(until), failed=len(days)
        )
        workers = Duty.filter(
            role=Role.BRANCH_WORKER, organization_id=branch_id, person__left_at__isnull=True
        )
        people = [duty.person_id for duty in await workers.order_by("id")]
        for account in await visit_news.accounts(people):
            said = PAUSED.format(count=len(days), until=f"{until.month}月{until.day}日")
            key = f"paused:{branch_id}:{until}:{account.id}"
            await notices.enqueue(ctx, openid=account.openid, text=said, dedupe_key=key)
    return True


def _is_recent(ctx: Context, branch: Organization) -> bool:
    """Whether the pause began in a quarter that was looked at: an older one simply runs out."""
    if branch.books_again_on is None:
        return False
    began = branch.books_again_on - timedelta(days=ctx.settings.pause_days)
    return quarters.of(began) >= quarters.of(ctx.now().date() - LATE_ARRIVALS_FOR)


async def _resume(ctx: Context, branch: Organization) -> bool:
    """Somebody was there after all: too little is left to pause for."""
    async with in_transaction():
        same = Organization.filter(id=branch.id, books_again_on=branch.books_again_on)
        won = bool(await same.update(books_again_on=None))
        if won:
            await audit.record(ctx, "branch.resumed", f"organization:{branch.id}")
    return won
