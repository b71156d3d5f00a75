"""Moving a thing from one state to the next: conditional, with who, when and why, in one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from tortoise.models import Model

from handlers import audit
from handlers.context import Context
from handlers.errors import WrongState
from models import Transition

LONGEST_NOTE = 600


async def begin(ctx: Context, thing: str, row: Model, became: str, *, note: str = "") -> None:
    """Write the first move of a thing that was just made, in the caller's transaction."""
    await _write(ctx, thing, row.pk, "", became, note)
    await audit.record(ctx, f"{thing}.{became}", f"{thing}:{row.pk}")


async def move(ctx: Context, thing: str, row: Any, became: str, *, note: str = "", **changes: Any) -> None:
    """Let a row become something else, in the caller's transaction, and write down that it did.

    Raises:
        WrongState: it is no longer what was read; nothing changes.
    """
    still = type(row).filter(id=row.id, status=row.status)
    if not await still.update(status=became, **changes):
        raise WrongState
    await _write(ctx, thing, row.id, row.status, became, note)
    await audit.record(ctx, f"{thing}.{became}", f"{thing}:{row.id}", was=str(row.status))
    row.update_from_dict({"status": type(row.status)(became), **changes})


async def of(thing: str, id_: int) -> Sequence[Transition]:
    """The moves of one thing, oldest first, each with its person."""
    return await Transition.filter(subject=f"{thing}:{id_}").order_by("id").select_related("person")


async def of_all(thing: str, ids: Iterable[int]) -> Mapping[int, Sequence[Transition]]:
    """The moves of many things by id, oldest first, each with its person; one query."""
    found: defaultdict[int, list[Transition]] = defaultdict(list)
    subjects = [f"{thing}:{id_}" for id_ in ids]
    for one in await Transition.filter(subject__in=subjects).order_by("id").select_related("person"):
        found[int(one.subject.rpartition(":")[2])].append(one)
    return found


def line(one: Transition, word: str, zone: ZoneInfo) -> str:
    """A move on one line: when, what it became in words, by whom and why. Pure."""
    by = one.person.name if one.person else ""
    return f"{one.at.astimezone(zone):%Y-%m-%d %H:%M} {word} {by}：{one.note}".rstrip("： ")


async def _write(ctx: Context, thing: str, id_: Any, was: str, became: str, note: str) -> None:
    await Transition.create(
        subject=f"{thing}:{id_}", was=was, became=became, person=ctx.caller.person, at=ctx.now(),
        note=note[:LONGEST_NOTE],
    )  # fmt: skip
