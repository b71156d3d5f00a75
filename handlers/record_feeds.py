"""A branch's calendar by an address that only its holder knows, and that can be taken back."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from tortoise.transactions import in_transaction

from handlers import audit, due_records, record_access, record_facts
from handlers.calendars import escape, fold
from handlers.context import Context
from handlers.due_records import Due, State
from handlers.errors import NotFound
from models import BranchFeed, Organization

TOKEN_BYTES = 24
WORDS = {State.DONE: "（已有记录）", State.OPEN: "", State.AHEAD: "", State.PAST: ""}


async def make(ctx: Context, *, branch_id: int | None = None) -> str:
    """A new address for the branch's calendar; the one before stops working.

    Raises:
        NotBound, NotFound, NotYourBranch.
    """
    reader = await record_access.write_branch(ctx, branch_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with in_transaction():
        await BranchFeed.filter(branch_id=reader.branch.id).delete()
        await BranchFeed.create(branch_id=reader.branch.id, token_hash=_hash(token), made_at=ctx.now())
        await audit.record(ctx, "feed.made", f"branch:{reader.branch.id}")
    return f"{ctx.settings.public_url.rstrip('/')}/handbook/calendar/{token}.ics"


async def revoke(ctx: Context, *, branch_id: int | None = None) -> None:
    """Let the address lead nowhere.

    Raises:
        NotBound, NotYourBranch.
        NotFound: there is none.
    """
    reader = await record_access.write_branch(ctx, branch_id)
    async with in_transaction():
        if not await BranchFeed.filter(branch_id=reader.branch.id).delete():
            raise NotFound
        await audit.record(ctx, "feed.revoked", f"branch:{reader.branch.id}")


async def exists(branch: Organization) -> bool:
    """Whether the branch has an address."""
    return await BranchFeed.filter(branch_id=branch.id).exists()


async def read(ctx: Context, *, token: str) -> str:
    """The calendar of whoever's address this is: this year and the next. It names nobody.

    Raises:
        NotFound: the address was never made, or was taken back.
    """
    feed = await BranchFeed.get_or_none(token_hash=_hash(token)).select_related("branch")
    if feed is None:
        raise NotFound
    facts = await record_facts.gather(ctx, feed.branch, named=False)
    this = ctx.now().year
    due = [*due_records.year(facts, year=this), *due_records.year(facts, year=this + 1)]
    return write(feed.branch.name, due, stamped_at=ctx.now(), branch_id=feed.branch_id)


def write(name: str, due: list[Due], *, stamped_at: datetime, branch_id: int) -> str:
    """The feed (RFC 5545): each thing due on the day by which it is. Pure."""
    stamp = f"{stamped_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//zhibutong//handbook//ZH", "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{escape(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT12H",
    ]  # fmt: skip
    for one in due:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{hashlib.sha256(f'{branch_id}:{one.key}'.encode()).hexdigest()[:32]}@zhibutong",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{one.until:%Y%m%d}",
            f"DTEND;VALUE=DATE:{one.until + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{escape(one.title + WORDS[one.state])}",
            f"DESCRIPTION:{escape(f'在这天以前记录就行。依据：{one.rule}')}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{fold(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
