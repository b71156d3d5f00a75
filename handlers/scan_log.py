"""Every line of every uploaded log with what became of it, and what a keeper should look at."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q
from tortoise.functions import Count

from handlers import kept_sites
from handlers.accounts import require_person
from handlers.context import Context
from models import Booking, CheckIn, Person, UploadedScan

SHOWN_FOR = timedelta(days=16)
MOST = 200
SEVERAL_TIMES = "several_times"
"""The reason of a conflict that is settled already: the earliest scan counts."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something in the logs that needs a look. `name` is known only of people whose visit was here.

    `reason` is a refusal's code, or `several_times`: then `at` is the time that counts, out of `scans`.
    """

    reason: str
    at: datetime | None
    name: str = ""
    scans: int = 1


async def keep(
    ctx: Context, line: Mapping[str, Any], *, at: datetime | None, outcome: str, person_id: int | None = None
) -> None:
    """Keep a line that entered nobody. One that did enter somebody before stays entered."""
    keeper = await require_person(ctx)
    row, is_new = await UploadedScan.get_or_create(
        {
            "keeper": keeper, "at": at, "outcome": outcome, "person_id": person_id, "received_at": ctx.now(),
        },
        key=_key(keeper, line),
    )  # fmt: skip
    if not is_new:
        await UploadedScan.filter(id=row.id, booking_id=None).update(outcome=outcome, person_id=person_id)


async def keep_entered(
    ctx: Context, line: Mapping[str, Any], *, at: datetime, person: Person, booking: Booking
) -> None:
    """Keep a line that says who was at a visit, whether or not it was the first to say so."""
    keeper = await require_person(ctx)
    row, is_new = await UploadedScan.get_or_create(
        {
            "keeper": keeper, "at": at, "outcome": UploadedScan.ENTERED, "person": person, "booking": booking,
            "received_at": ctx.now(),
        },
        key=_key(keeper, line),
    )  # fmt: skip
    if not is_new:
        await UploadedScan.filter(id=row.id, booking_id=None).update(
            outcome=UploadedScan.ENTERED, person_id=person.id, booking_id=booking.id
        )


async def conflicts(ctx: Context, *, site_id: str) -> Sequence[Conflict]:
    """What the logs left open, the latest first: the caller's refused lines, then who was scanned repeatedly.

    A refused line names no site, so it is shown to the keeper who sent it, and never with a name.

    Raises:
        NotAllowed, NotBound.
    """
    keeper = await kept_sites.check(ctx, site_id)
    since = ctx.now() - SHOWN_FOR
    lines = UploadedScan.filter(keeper=keeper, booking_id=None, received_at__gt=since)
    refused = [Conflict(line.outcome, line.at) for line in await lines.order_by("-id").limit(MOST)]
    return refused + await _scanned_repeatedly(site_id, since)


async def _scanned_repeatedly(site_id: str, since: datetime) -> list[Conflict]:
    here = UploadedScan.filter(booking__slot__site_id=site_id, booking__slot__ends_at__gt=since)
    groups = (
        await here.annotate(scans=Count("id"))
        .filter(scans__gt=1)
        .group_by("booking_id", "person_id")
        .order_by("-booking_id", "person_id")
        .limit(MOST)
        .values("booking_id", "person_id", "scans")
    )
    people: defaultdict[int, set[int]] = defaultdict(set)
    for group in groups:
        people[group["booking_id"]].add(group["person_id"])
    if not people:
        return []
    wanted = Q(*(Q(booking_id=id_, person_id__in=ids) for id_, ids in people.items()), join_type="OR")
    entries = {
        (entry.booking_id, entry.person_id): entry
        for entry in await CheckIn.filter(wanted).select_related("person")
    }
    found = [(entries.get((group["booking_id"], group["person_id"])), group["scans"]) for group in groups]
    return [
        Conflict(SEVERAL_TIMES, entry.at, entry.person.name, scans)
        for entry, scans in found
        if entry is not None
    ]


def _key(keeper: Person, line: Mapping[str, Any]) -> str:
    said = json.dumps(line, sort_keys=True, default=str)
    return hashlib.sha256(f"{keeper.id} {said}".encode()).hexdigest()
