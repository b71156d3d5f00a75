"""Texts that others will read: shown only once they have passed.

A text that is held back is not where it belongs at all: a stand-in stands there, and the text waits here.
So no list, message, calendar file or sheet can show it by mistake. With `ZBT_TEXT_CHECK`, WeChat looks at
every text first; without it, and where WeChat can't say, a list of words and an officer's eye decide.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import yaml
from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.transactions import in_transaction

from handlers import audit, funds, text_news
from handlers.access import Reach
from handlers.context import Context
from handlers.errors import NotFound
from handlers.gateways.errors import BadCall, RecipientGone, UserMustRedo, WeChatError
from handlers.gateways.wechat import TextCheck
from handlers.held_texts import NOT_SHOWN
from handlers.held_texts import STAND_IN as STAND_IN
from handlers.held_texts import WITHHELD as WITHHELD
from models import (
    Account,
    App,
    Booking,
    Claim,
    Complaint,
    ComplaintEvent,
    Measure,
    Observation,
    Rating,
    Rectification,
    Role,
    Screening,
    ScreeningStatus,
    SelfMark,
    WeakBranch,
)

WORDS = Path(__file__).parent.parent / "content" / "texts" / "held_words.yaml"
NOT_LETTERS = re.compile(r"[\W_]+")
WAITS_AT_MOST = timedelta(hours=24)
"""How long WeChat may take; then a person decides."""
CHECKED_AT_ONCE = 50
SHOWN = 100

PLACES: dict[str, type[Model]] = {
    "booking": Booking, "claim": Claim, "complaint": Complaint, "complaint_event": ComplaintEvent,
    "rating": Rating, "look": Observation, "rectification": Rectification, "measure": Measure,
    "self_mark": SelfMark, "weak": WeakBranch,
}  # fmt: skip
"""Where texts belong: the first word of a subject. Its last one names the column."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A text somebody wrote, and what may stand in its place for now. `status` is null where it is free."""

    shown: str
    text: str
    status: ScreeningStatus | None = None


def look_at(ctx: Context, text: str) -> Kept:
    """Whether a text may be shown at once. Pure but for the list of words."""
    if not text:
        return Kept(text, text)
    if held_word(text):
        return Kept(STAND_IN, text, ScreeningStatus.REVIEW)
    if ctx.settings.text_check:
        return Kept(STAND_IN, text, ScreeningStatus.WAITING)
    return Kept(text, text)


def held_word(text: str) -> str | None:
    """The first word of the list that stands in a text, however it is spaced and written."""
    plain = plainly(text)
    return next((word for word in held_words() if word in plain), None)


def plainly(text: str) -> str:
    """Letters and digits only, in one width and case."""
    return NOT_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())


@cache
def held_words() -> tuple[str, ...]:
    """The list of words, as they are compared."""
    groups: dict[str, list[str]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return tuple(plainly(str(word)) for words in groups.values() for word in words)


async def hold(ctx: Context, kept: Kept, subject: str, *, path: str = "") -> None:
    """Keep the text of `subject` here while it waits; in the transaction that writes its stand-in.

    What waited for the same place before gives way: it was written over.
    """
    await Screening.filter(subject=subject).delete()
    if kept.status is None:
        return
    account, status = await _mini_program_account(ctx), kept.status
    if account is None:  # WeChat checks texts of mini-program users only.
        status = ScreeningStatus.REVIEW
    await Screening.create(
        subject=subject, text=kept.text, account=account, path=path, status=status, created_at=ctx.now()
    )
    await audit.record(ctx, "text.held", subject, status=status)


async def held_text(subject: str) -> str | None:
    """What waits for a place: for its author."""
    row = await Screening.get_or_none(subject=subject)
    return None if row is None else row.text


async def held_texts(subjects: Iterable[str]) -> dict[str, str]:
    """What waits for several places, by place."""
    rows = await Screening.filter(subject__in=list(subjects))
    return {row.subject: row.text for row in rows}


async def check_waiting(ctx: Context) -> int:
    """Ask WeChat about the texts that wait; run by the clock, any number at once. How many it decided."""
    waiting = Screening.filter(status=ScreeningStatus.WAITING).order_by("id").limit(CHECKED_AT_ONCE)
    decided = 0
    for row in await waiting.select_related("account"):
        decided += await _check(ctx, row)
    return decided


async def queue(ctx: Context) -> list[Screening]:
    """Texts from below an officer that wait for a person, the oldest first.

    Raises:
        NotAllowed: the caller is no officer.
    """
    reached = await funds.officer(ctx)
    return (
        await Screening.filter(_visible(reached), status=ScreeningStatus.REVIEW).order_by("id").limit(SHOWN)
    )


async def release(ctx: Context, *, text_id: int) -> None:
    """An officer finds a text fit to be read: it goes where it belongs.

    Raises:
        NotAllowed, NotFound.
    """
    row = await _find(ctx, text_id)
    await _release(ctx, row)


async def withhold(ctx: Context, *, text_id: int) -> None:
    """An officer finds that a text shall not be shown. Twice is once.

    Raises:
        NotAllowed, NotFound.
    """
    row = await _find(ctx, text_id)
    async with in_transaction():
        held = Screening.filter(id=row.id).exclude(status=ScreeningStatus.WITHHELD)
        if await held.update(status=ScreeningStatus.WITHHELD):
            await _put(row.subject, WITHHELD)
            await audit.record(ctx, "text.withheld", row.subject)


async def _check(ctx: Context, row: Screening) -> bool:
    if row.account is None or row.created_at <= ctx.now() - WAITS_AT_MOST:
        return await _to_a_person(ctx, row)
    try:
        opinion = await ctx.wechat.check_text(row.account.openid, row.text)
    except (UserMustRedo, RecipientGone, BadCall):  # It can't be checked this way: not today either.
        return await _to_a_person(ctx, row)
    except WeChatError:
        return False
    if opinion is TextCheck.PASS:
        return await _release(ctx, row)
    return await _to_a_person(ctx, row)


async def _to_a_person(ctx: Context, row: Screening) -> bool:
    async with in_transaction():
        waiting = Screening.filter(id=row.id, status=ScreeningStatus.WAITING)
        moved = await waiting.update(status=ScreeningStatus.REVIEW)
        if moved:
            await audit.record(ctx, "text.to_be_read", row.subject)
    return bool(moved)


async def _release(ctx: Context, row: Screening) -> bool:
    async with in_transaction():
        released = await Screening.filter(id=row.id, status=row.status).delete()
        if released:
            if await _put(row.subject, row.text):
                await text_news.tell(ctx, row)
            await audit.record(ctx, "text.released", row.subject)
    return bool(released)


async def _put(subject: str, text: str) -> bool:
    """Write a text where its stand-in is; whether one was there still, and nothing newer."""
    place, id_, column = subject.split(":")
    stand_ins = {f"{column}__in": NOT_SHOWN}
    there = PLACES[place].filter(id=int(id_) if id_.isdecimal() else str(UUID(id_)), **stand_ins)
    return bool(await there.update(**{column: text}))


async def _find(ctx: Context, text_id: int) -> Screening:
    reached = await funds.officer(ctx)
    row = (
        await Screening.filter(_visible(reached), id=text_id)
        .exclude(status=ScreeningStatus.WAITING)
        .select_related("account")
        .first()
    )
    if row is None:
        raise NotFound
    return row


def _visible(reached: Reach) -> Q:
    """What comes from below; the district's officers also see what comes from nobody in particular."""
    conditions = [Q(path__startswith=top) for top in reached.organization_paths]
    if Role.DISTRICT_OFFICER in reached.roles:
        conditions.append(Q(path=""))
    return Q(*conditions, join_type=Q.OR)


async def _mini_program_account(ctx: Context) -> Account | None:
    account = ctx.caller.account
    if account is not None and account.app is App.MINI_PROGRAM:
        return account
    person = ctx.caller.person
    if person is None:
        return None
    return await Account.filter(person_id=person.id, app=App.MINI_PROGRAM).first()
