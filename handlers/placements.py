"""Putting workers on posts and taking them off: the only place that writes placements and the roster's mark.

`Person.is_worker` says who is a party worker. For whoever is registered it is written here, in the
transaction of the change, and by nobody else; so there is one truth, and the Friday lesson reads it.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from tortoise.exceptions import IntegrityError

from handlers import audit, staffing
from handlers.context import Context
from handlers.errors import AlreadyFullTime, WrongState
from models import Person, Placement, Worker

COLUMNS = ("field", "post", "full_time", "staffing", "starts_on", "term_until", "duties", "branch_ids")


async def put(ctx: Context, worker: Worker, *, unit_id: int, wish: dict[str, Any]) -> Placement:
    """Put a worker on a post, in the caller's transaction.

    Raises:
        AlreadyFullTime: they are full-time in another unit; nothing is written.
    """
    columns = {name: wish[name] for name in COLUMNS if name in wish}
    placement = Placement(worker=worker, unit_id=unit_id, **columns)
    placement.full_time_key = worker.id if placement.full_time else None
    try:
        await placement.save(force_create=True)
    except IntegrityError:
        raise AlreadyFullTime from None
    await audit.record(ctx, "placement.began", f"placement:{placement.id}", worker=worker.id, unit=unit_id)
    await mark(worker)
    await staffing.recount(ctx, unit_id=unit_id)
    return placement


async def take_off(ctx: Context, placement: Placement, *, on: date, kind: str) -> None:
    """End a placement, in the caller's transaction.

    Raises:
        WrongState: it has ended already.
    """
    lasting = Placement.filter(id=placement.id, ended_on__isnull=True)
    if not await lasting.update(ended_on=on, end_kind=kind, full_time_key=None):
        raise WrongState
    await audit.record(ctx, "placement.ended", f"placement:{placement.id}", kind=kind)
    await mark(await Worker.get(id=placement.worker_id))
    await staffing.recount(ctx, unit_id=placement.unit_id)


async def mark(worker: Worker) -> None:
    """Let the roster say whether this registered person is a worker now."""
    on_post = await Placement.filter(worker_id=worker.id, ended_on__isnull=True).exists()
    await Person.filter(id=worker.person_id).update(is_worker=on_post)


async def registered(person_ids: Iterable[int]) -> set[int]:
    """Which of these people the registry decides about: whoever ever had a placement."""
    rows = Worker.filter(person_id__in=list(person_ids), placements__id__isnull=False)
    return {int(str(id_)) for id_ in await rows.distinct().values_list("person_id", flat=True)}
