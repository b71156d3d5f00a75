"""Leads the system finds: a worker's post changed without an agreed filing, a gap that lasts too long."""

from collections.abc import Collection
from datetime import timedelta

from tortoise.transactions import in_transaction

from handlers import measures, staffing
from handlers.context import Context
from models import Filing, FilingKind, FilingStatus, MeasureIssue, Placement, StaffQuota

GOING = (FilingKind.TRANSFER, FilingKind.LEAVE, FilingKind.RETIRE)
ROSTER_FOLLOWS_WITHIN = timedelta(days=60)
"""So long after a transfer the roster may still have the person where they were."""


async def look_at_roster(
    ctx: Context, *, person_ids: Collection[int] | None = None, unmarked: Collection[int] = ()
) -> int:
    """Compare who is on post with the roster: who left or moved without an agreed filing is a lead.

    `person_ids` limits the look to these; `unmarked` are those of whom the roster was told that they are no
    workers any more. In the caller's transaction. A person verifies every lead. How many are new.
    """
    on_post = Placement.filter(ended_on__isnull=True)
    meant = None if person_ids is None else set(person_ids)
    if meant is not None and not meant:
        return 0
    new = 0
    for placement in await on_post.select_related("unit", "worker__person__organization").order_by("id"):
        if meant is not None and placement.worker.person_id not in meant:
            continue
        what = _changed(placement, placement.worker.person_id in set(unmarked))
        if what and not await _agreed(ctx, placement):
            new += await measures.found(
                ctx,
                unit_id=placement.unit_id,
                issue=MeasureIssue.UNFILED_CHANGE,
                facts=f"{placement.worker.person.name}（{placement.post}）{what}，没有查到经同意的备案。",
                key=f"unfiled:{placement.id}:{what}"[:60],
            )
    return new


async def look(ctx: Context) -> int:
    """Everything the clock looks at; how many leads are new."""
    async with in_transaction():
        new = await look_at_roster(ctx)
    for quota in await StaffQuota.filter(gap_since__isnull=False).select_related("unit"):
        days = ctx.settings.staff_gap_days
        if not staffing.is_listed(quota.gap_since, ctx.now().date(), days=days):
            continue
        async with in_transaction():
            new += await measures.found(
                ctx,
                unit_id=quota.unit_id,
                issue=MeasureIssue.UNDERSTAFFED,
                facts=f"自 {quota.gap_since} 起在岗专职少于应配数 {quota.required}，已超过 {days} 天。",
                key=f"understaffed:{quota.unit_id}:{quota.gap_since}",
            )
    return new


def _changed(placement: Placement, unmarked: bool) -> str:
    """What the roster says that the registry doesn't; empty where they agree. Pure."""
    person = placement.worker.person
    if person.left_at is not None:
        return "在名册上已离开"
    if not placement.unit.contains(person.organization):
        return "的组织关系已不在本单位"
    return "在名册上不再标为专职" if unmarked else ""


async def _agreed(ctx: Context, placement: Placement) -> bool:
    """Whether a change is agreed to and still to come, or the roster merely lags behind a transfer."""
    filed = Filing.filter(person_id=placement.worker.person_id, kind__in=GOING)
    if await filed.filter(status=FilingStatus.APPROVED).exists():
        return True
    lately = ctx.now().date() - ROSTER_FOLLOWS_WITHIN
    came = filed.filter(status=FilingStatus.DONE, to_unit_id=placement.unit_id, effective_on__gte=lately)
    return placement.worker.person.left_at is None and await came.exists()
