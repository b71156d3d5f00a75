"""Checking in at a site: 签到. One row per person and visit, whatever the scans and their order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import access, audit, codes, gates, guests, headcounts, kept_sites, nonces, scan_log
from handlers.accounts import require_person
from handlers.codes import MemberCode, ScannedCode
from handlers.context import Context
from handlers.errors import BadCode, BadInput, ExpiredCode, NotAllowed, NotBound, Refused, ScanRefused
from models import Booking, BookingStatus, CheckIn, Person, RefusedScan, Site, statements

VISITS_UNTIL = timedelta(days=1)
"""So long after its end a visit still explains why a scan came to nothing."""
LOOKS_BACK = timedelta(days=8)
"""How old an uploaded scan may be."""
SCANS_AT_ONCE = 500
REFUSALS = (ScanRefused, NotBound)


class CheckInStatus(StrEnum):
    """What a scan came to."""

    CHECKED_IN = "checked_in"
    ALREADY = "already"


class Source(StrEnum):
    """What was scanned, or that a keeper entered the name."""

    DOOR = "door"
    MEMBER = "member"
    PAPER = "paper"
    POSTER = "poster"


@dataclass(frozen=True, slots=True)
class CheckInResult:
    """A person is present; `present` says how many of the branch are. A repeat has another `status` only."""

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


@dataclass(frozen=True, slots=True)
class Scan:
    """Who was where, when, and how we know. `here` tells the sites that this can be about."""

    person: Person
    here: Callable[[str], bool] = field(repr=False)
    at: datetime
    source: Source
    nonce: nonces.Nonce | None = None


async def check_in(ctx: Context, *, code: str, nonce: str = "") -> CheckInResult:
    """Enter a scan: a member's of the poster or the door, or a keeper's of a member's own code.

    The member's branch must have a confirmed visit at that site whose gate is open. A query, and the
    statement that writes it. The same scan sent again under its
    `nonce` gets its first answer; a repeat under another one, or none, is told that it is one. A refused
    scan is kept; call this outside any transaction, or the refusal is rolled back.

    Raises:
        ReplayedScan: the nonce was used for another code, or by somebody else.
        ScanRefused, NotBound: a scan refusal's `site` and `at` say where and when.
    """
    scanned: ScannedCode | None = None
    try:
        scanned = _read(ctx, code, at=ctx.now())
        given = nonces.of(ctx, nonce, code=code) if nonce else None
        result = await _enter(ctx, await _scan(ctx, scanned, at=ctx.now(), nonce=given))
    except REFUSALS as refusal:
        await RefusedScan.create(at=ctx.now(), **_refused(ctx, refusal, scanned))
        raise
    if result.status is CheckInStatus.CHECKED_IN:
        await headcounts.announce(ctx, site_id=result.site.id)
    return result


async def upload(ctx: Context, *, scans: Sequence[Mapping[str, Any]]) -> list[ScanAnswer]:
    """Merge a keeper's offline log of members' codes, lines of `{code, at}`; each line is answered.

    The same record comes out whatever the order and however often a line is sent: a person's entry keeps
    its earliest time. Seven statements a line.

    Every line is kept with what became of it (`handlers.scan_log`).

    Raises:
        NotAllowed: the caller keeps no site.
        BadInput: too many lines.
    """
    await require_person(ctx)
    if not (await access.reach(ctx)).site_ids:
        raise NotAllowed
    if len(scans) > SCANS_AT_ONCE:
        raise BadInput(scans=f"一次最多上传 {SCANS_AT_ONCE} 条")
    return [await _upload_one(ctx, scan) for scan in scans]


async def door_code(ctx: Context, *, site_id: str) -> ShownCode:
    """What the tablet at a site's door shows now; for its keeper and the officers above.

    Raises:
        NotAllowed, NotBound.
    """
    await kept_sites.check(ctx, site_id)
    now = ctx.now()
    code = codes.door(_secret(ctx), site_id=site_id, at=now, version=ctx.settings.code_version)
    return ShownCode(code, codes.next_door_code(now))


async def member_code(ctx: Context) -> ShownCode:
    """The caller's own code, to be shown to a keeper.

    Raises:
        NotBound.
    """
    person, now = await require_person(ctx), ctx.now()
    code = codes.member(_secret(ctx), person_id=person.id, at=now, version=ctx.settings.code_version)
    return ShownCode(code, codes.next_member_code(now))


def _read(ctx: Context, code: str, *, at: datetime) -> ScannedCode:
    secret = codes.signer(ctx.settings.secret_keys, code)
    return codes.read(secret, code, at=at, versions=ctx.settings.code_versions)


def _secret(ctx: Context) -> str:
    return ctx.settings.secret_key.get_secret_value()


async def _scan(
    ctx: Context, scanned: ScannedCode, *, at: datetime, nonce: nonces.Nonce | None = None
) -> Scan:
    """Who a code says is where: the poster and the door say where, a member's own code says who."""
    caller = await require_person(ctx)
    if not isinstance(scanned, MemberCode):
        source = Source.DOOR if isinstance(scanned, codes.DoorCode) else Source.POSTER
        return Scan(caller, lambda site_id: site_id == scanned.site_id, at, source, nonce)
    reach = await access.reach(ctx)
    if not reach.site_ids:
        raise BadCode  # To anyone but a keeper, another member's code opens nothing.
    member = await Person.get_or_none(id=scanned.person_id, left_at=None)
    if member is None:
        raise BadCode
    return Scan(member, reach.covers_site, at, Source.MEMBER, nonce)


async def _enter(ctx: Context, scan: Scan) -> CheckInResult:
    since = scan.at - VISITS_UNTIL
    visits = await statements.visits(scan.person.organization_id, ending_after=since)
    zone = ctx.settings.zone
    try:
        booking = gates.choose(visits, here=scan.here, at=scan.at, zone=zone)
    except ScanRefused:
        joined = await guests.visits_of(scan.person.id, ending_after=since)
        if not joined:
            raise
        booking = gates.choose([*visits, *joined], here=scan.here, at=scan.at, zone=zone)
    return await enter(ctx, booking, scan)


async def enter(ctx: Context, booking: Booking, scan: Scan) -> CheckInResult:
    """Write that somebody was at a visit, and how many are there now."""
    row = CheckIn(booking_id=booking.id, person_id=scan.person.id, at=scan.at, source=scan.source)
    status = CheckInStatus.CHECKED_IN
    try:
        present = await _write(ctx, booking, row, scan.nonce)
    except IntegrityError:
        row, status = await _repeat(ctx, booking, scan)
        present = await CheckIn.filter(booking_id=booking.id).count()
    return CheckInResult(status, booking.slot.site, booking, scan.person, row.at, present)


async def _write(ctx: Context, booking: Booking, row: CheckIn, nonce: nonces.Nonce | None) -> int:
    """Write the entry with all that belongs to it; how many are present."""
    details = {"person": row.person_id, "source": row.source}
    told = audit.note(ctx, "checkin.created", f"booking:{row.booking_id}", details)
    word = nonces.row(ctx, nonce, status=CheckInStatus.CHECKED_IN) if nonce is not None else None
    if booking.slot.ends_at > ctx.now():
        return await statements.enter(row, word=word, told=told)
    async with in_transaction():
        await _fulfil(ctx, booking)
        return await statements.enter(row, word=word, told=told)


async def _repeat(ctx: Context, booking: Booking, scan: Scan) -> tuple[CheckIn, CheckInStatus]:
    """This scan again, another scan of the same person, or a nonce that belongs to neither."""
    status = CheckInStatus.ALREADY
    if scan.nonce is not None:
        status = CheckInStatus(await nonces.answered(ctx, scan.nonce, else_status=status))
    return await _keep_earliest(booking, scan), status


async def _fulfil(ctx: Context, booking: Booking) -> None:
    """Somebody was there after all. Comes before the check-in: the other way round, two would deadlock."""
    ended = Booking.filter(id=booking.id, status__in=(BookingStatus.CONFIRMED, BookingStatus.MISSED))
    if await ended.update(status=BookingStatus.FULFILLED, live_key=None):
        await audit.record(ctx, "booking.fulfilled", f"booking:{booking.id}")


async def _keep_earliest(booking: Booking, scan: Scan) -> CheckIn:
    """The entry that was there, with the earliest of all the times it was scanned."""
    entry = CheckIn.filter(booking_id=booking.id, person_id=scan.person.id)
    row = await entry.get()
    if (scan.at, scan.source) >= (row.at, row.source):
        return row
    await entry.filter(at__gt=scan.at).update(at=scan.at, source=scan.source)
    await entry.filter(at=scan.at, source__gt=scan.source).update(source=scan.source)
    return await entry.get()


async def _upload_one(ctx: Context, line: Mapping[str, Any]) -> ScanAnswer:
    code, at = line.get("code"), _time(line.get("at"))
    if not isinstance(code, str) or at is None:
        await scan_log.keep(ctx, line, at=at, outcome=BadInput.code)
        return ScanAnswer(str(code), BadInput.code)
    scanned: ScannedCode | None = None
    try:
        if not ctx.now() - LOOKS_BACK <= at <= ctx.now() + codes.CLOCK_TOLERANCE:
            raise ExpiredCode
        scanned = _read(ctx, code, at=at)
        if not isinstance(scanned, MemberCode):
            raise BadCode
        result = await _enter(ctx, await _scan(ctx, scanned, at=at))
    except REFUSALS as refusal:
        kept = _refused(ctx, refusal, scanned)
        await RefusedScan.get_or_create(at=at, **kept)
        await scan_log.keep(ctx, line, at=at, outcome=refusal.code, person_id=kept["person_id"])
        return ScanAnswer(code, refusal.code)
    await scan_log.keep_entered(ctx, line, at=at, person=result.person, booking=result.booking)
    return ScanAnswer(code, result.status)


def _time(given: object) -> datetime | None:
    """A moment with its offset, as JSON writes it."""
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            return None
    if not isinstance(given, datetime) or given.tzinfo is None or not 2000 <= given.year < 2200:
        return None  # The ends of the calendar can't be turned into UTC.
    return given


def _refused(ctx: Context, refusal: Refused, scanned: ScannedCode | None) -> dict[str, Any]:
    """What is kept of a refused scan. The person is the one who was to be checked in, where known."""
    if isinstance(scanned, MemberCode):
        known = not isinstance(refusal, BadCode)
        return {"site_id": "", "reason": refusal.code, "person_id": scanned.person_id if known else None}
    person = ctx.caller.person
    return {
        "site_id": "" if scanned is None else scanned.site_id,
        "reason": refusal.code,
        "person_id": None if person is None else person.id,
    }
