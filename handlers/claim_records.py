"""Whether a visit has the record (纪实) without which it isn't claimed; a setting asks for it.

The branch's signed record of that visit counts, or one of a meeting, lesson or party day that it held that
day: who has written it once isn't asked to write it again. What a rehearsal made is none.
"""

from collections.abc import Sequence

from tortoise.expressions import Q

from handlers.context import Context
from handlers.errors import NoRecord
from models import Booking, Record, RecordStatus

OF_A_VISIT = ("T05", "T08", "T09", "T10")
"""The templates of what a branch does together: meetings of all, lessons, party days."""


async def lacking(ctx: Context, visits: Sequence[Booking]) -> set[int]:
    """Which of these visits still lack one; each comes with its slot. One query at most."""
    if not (ctx.settings.claims_need_record and visits):
        return set()
    zone = ctx.settings.zone
    days = {visit.id: visit.slot.starts_at.astimezone(zone).date() for visit in visits}
    same_day = Q(
        branch_id__in=list({visit.branch_id for visit in visits}),
        held_on__in=list(set(days.values())),
        template__in=OF_A_VISIT,
    )
    written = Record.filter(
        Q(Q(booking_id__in=list(days)), same_day, join_type=Q.OR),
        status=RecordStatus.SIGNED, is_exercise=False,
    )  # fmt: skip
    rows = await written.values_list("booking_id", "branch_id", "held_on", "template")
    told = {booking_id for booking_id, *_ in rows}
    held = {(branch_id, day) for _, branch_id, day, template in rows if template in OF_A_VISIT}
    return {
        visit.id for visit in visits
        if visit.id not in told and (visit.branch_id, days[visit.id]) not in held
    }  # fmt: skip


async def check(ctx: Context, visit: Booking) -> None:
    """Go on where there is one.

    Raises:
        NoRecord.
    """
    if await lacking(ctx, [visit]):
        raise NoRecord
