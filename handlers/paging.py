"""Lists in stretches: a cursor is the id of the last row of the stretch before."""

from typing import TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

LARGEST = 100

RowT = TypeVar("RowT", bound=Model)


async def newest_first(
    rows: QuerySet[RowT], *, cursor: int | None, limit: int
) -> tuple[list[RowT], int | None]:
    """The next rows by id, the newest first, and the cursor of those after them if there are any."""
    if cursor is not None:
        rows = rows.filter(id__lt=cursor)
    limit = max(1, min(limit, LARGEST))
    found = await rows.order_by("-id").limit(limit + 1)
    return found[:limit], found[limit - 1].pk if len(found) > limit else None
