"""Leads the system finds: a registered worker changed without an approved filing, a gap that lasts too long."""

from collections.abc import Collection

from tortoise.transactions import in_transaction

from handlers import measures, staffing
from handlers.context import Context
from models import Filing, FilingKind, FilingStatus, MeasureIssue, Placement, StaffQuota

AGREED = (FilingStatus.APPROVED, FilingStatus.DONE)
GOING = (FilingKind.TRANSFER, FilingKind.LEAVE, FilingKind.RETIRE)


async def look_at_roster(
    ctx: Context, *, person_ids: Collection[int] | None = None, unmarked: Collection[int] = ()
) -> int:
    """Compare who is on post with the roster: who left or moved without an agreed filing is a lead.

    `person_ids` limits the look to these; `unmarked` are those of whom the roster was told that they are no
    workers any more. In the caller's transaction. A person verifies every lead. How many are new.
    """
    on_post = Placement.filter(ended_on__isnull=True)
    if person_ids is not None:
        on_post = on_post.filter(worker__person_id__in=list(person_ids))
    new = 0
    for placement in await on_post.select_related("unit", "worker__person__organization").order_by("id"):
        what = _changed(placement, placement.worker.person_id in set(unmarked))
        if what and not await _agreed(placement.worker.person_id):
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


async def _agreed(person_id: int) -> bool:
    """Whether a change of where this person serves was agreed to lately, or is agreed to for a day to come."""
    rows = Filing.filter(person_id=person_id, kind__in=GOING, status__in=AGREED)
    return await rows.exists()
