"""Checking in at a site: 签到. One row per person and visit, whatever the scans and their order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import access, audit, codes
from handlers.access import Reach
from handlers.bookings import gate_opens
from handlers.codes import MemberCode, ScannedCode
from handlers.context import Context
from handlers.errors import (
    BadCode,
    BadInput,
    CancelledBooking,
    ExpiredCode,
    NoBooking,
    NotAllowed,
    NotBound,
    NotFound,
    Refused,
    TooEarly,
    TooLate,
    WrongSite,
)
from models import Booking, BookingStatus, CheckIn, Person, RefusedScan, Site

LOOKS_BACK = timedelta(days=8)
"""How old an uploaded scan may be; older ones are entered by hand."""
SCANS_AT_ONCE = 500

COMES = (BookingStatus.CONFIRMED, BookingStatus.FULFILLED, BookingStatus.MISSED)
"""Statuses of a visit that has, or had, its places: an upload may show a missed one to be fulfilled."""
CALLED_OFF = (BookingStatus.CANCELLED, BookingStatus.DECLINED)
REFUSALS = (
    BadCode, ExpiredCode, NotBound, NotAllowed, NoBooking, TooEarly, TooLate, WrongSite, CancelledBooking,
)  # fmt: skip


class CheckInStatus(StrEnum):
    """What a scan came to."""

    CHECKED_IN = "checked_in"
    ALREADY = "already"


@dataclass(frozen=True, slots=True)
class CheckInResult:
    """A person is present. `present` is how many of the branch are; a repeat differs in `status` only."""

    status: CheckInStatus
    site: Site
    booking: Booking
    person: Person
    at: datetime
    present: int


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A rotating code, and when the next one takes its place."""

    code: str
    until: datetime


@dataclass(frozen=True, slots=True)
class ScanAnswer:
    """What became of one line of an uploaded log: a `CheckInStatus`, or the code of a refusal."""

    code: str
    status: str


async def check_in(ctx: Context, *, code: str, nonce: str = "") -> CheckInResult:
    """Enter a scan: a member's of the poster or the door, or a keeper's of a member's own code.

    The member's branch must have a confirmed visit at that site whose gate is open. One query, a
    transaction of two statements, and a count. A refused scan is kept, outside any transaction.

    Raises:
        ScanRefused, NotBound, NotAllowed: see `errors`; `site` and `at` say where and when.
    """
    scanned: ScannedCode | None = None
    try:
        scanned = codes.read(_secret(ctx), code, at=ctx.now())
        if isinstance(scanned, MemberCode):
            return await _check_in_other(ctx, scanned, nonce)
        site_id = scanned.site_id
        return await _enter(
            ctx, _caller(ctx), here=lambda id_: id_ == site_id, source=_source(scanned), nonce=nonce
        )
    except REFUSALS as refusal:
        await _keep(ctx, refusal, scanned)
        raise


