"""意见建议: anyone may submit one, and follow it to its answer by a lookup code.

Whoever wishes not to be known is kept nowhere: no account beside the words, no actor and no request in the
audit trail. Then the code is the only way back.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from tortoise.transactions import in_transaction

from handlers import audit, questions, screenings, workdays
from handlers.context import REQUEST_ID, Caller, Context
from handlers.errors import BadInput, NotFound, WrongState
from handlers.lesson_calendar import told_days_off
from models import Complaint, ComplaintEvent, ComplaintStatus, Organization

LOOKUP_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Digits and letters that nobody confuses when reading them aloud."""
LOOKUP_LENGTH = 12
LONGEST = 1000
LONGEST_AGAIN = 600
FORWARDED, REOPENED = "forwarded", "reopened"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a complaint's way: `kind` as in the table, `office` who it was forwarded to."""

    kind: str
    text: str
    at: datetime
    office: str = ""


@dataclass(frozen=True, slots=True)
class Followed:
    """A complaint as its sender sees it. `due_on` is the last day for an answer in time (本区建议值)."""

    complaint: Complaint
    due_on: date
    history: Sequence[Step] = ()


async def submit(ctx: Context, *, text: str, anonymous: bool = False, named: bool = False) -> Complaint:
    """Take a complaint, from a known caller or from nobody in particular.

    `named` lets the office that deals with it see the caller's name and phone, as the roster has them.

    Raises:
        BadInput: there is no text, or too much; or a name is to be shown that we don't know, or nobody's.
    """
    text = checked(text, longest=LONGEST)
    if named:
        _check_known(ctx, anonymous=anonymous)
    with _unseen(ctx, unseen=anonymous) as ctx:
        kept = screenings.look_at(ctx, text)
        async with in_transaction():
            complaint = await Complaint.create(
                lookup=new_code(),
                account=ctx.caller.account,
                text=kept.shown,
                created_at=ctx.now(),
                named=named,
            )
            if kept.status is not None:
                path = await _path(ctx)
                await screenings.hold(ctx, kept, f"complaint:{complaint.id}:text", path=path)
            shown = {"named": True} if named else {}
            await audit.record(ctx, "complaint.submitted", f"complaint:{complaint.id}", **shown)
    complaint.text = text
    return complaint


async def look_up(ctx: Context, *, lookup: str) -> Complaint:
    """The complaint behind a code, however it was typed; whoever knows the code may read it.

    Raises:
        NotFound.
    """
    typed = lookup.upper().replace("-", "").replace(" ", "")
    complaint = await Complaint.get_or_none(lookup=typed)
    if complaint is None:
        raise NotFound
    return await as_written(complaint)


async def as_written(complaint: Complaint) -> Complaint:
    """A complaint for who wrote it: what is held back stands in it as it was written."""
    waiting = await screenings.held_text(f"complaint:{complaint.id}:text")
    complaint.text = waiting or complaint.text
    return complaint


def new_code() -> str:
    """A look-up code that nobody guesses."""
    return "".join(secrets.choice(LOOKUP_ALPHABET) for _ in range(LOOKUP_LENGTH))


async def follow(ctx: Context, *, lookup: str) -> Followed:
    """The complaint behind a code, and what became of it, step by step.

    Raises:
        NotFound.
    """
    complaint = await look_up(ctx, lookup=lookup)
    return Followed(complaint, due_on(ctx, complaint), (await histories([complaint.id]))[complaint.id])


async def reopen(ctx: Context, *, lookup: str, text: str) -> Followed:
    """The sender isn't satisfied (没解决): it waits for an answer again. The code alone says who they are.

    Raises:
        NotFound.
        WrongState: it waits for an answer already.
        BadInput: there is no text, or too much.
    """
    complaint, text = await look_up(ctx, lookup=lookup), checked(text, longest=LONGEST_AGAIN)
    with _unseen(ctx, unseen=True) as ctx:
        kept = screenings.look_at(ctx, text)
        async with in_transaction():
            ended = Complaint.filter(id=complaint.id, round=complaint.round, status=complaint.status)
            if complaint.status is ComplaintStatus.RECEIVED or not await ended.update(
                status=ComplaintStatus.RECEIVED, round=complaint.round + 1, answer="", answered_at=None,
                reopened_at=ctx.now(),
            ):  # fmt: skip
                raise WrongState
            await _keep_end(complaint)
            event = await ComplaintEvent.create(
                complaint_id=complaint.id, round=complaint.round + 1, kind=REOPENED, text=kept.shown,
                at=ctx.now(),
            )  # fmt: skip
            if kept.status is not None:
                path = await _path_of(complaint)
                await screenings.hold(ctx, kept, f"complaint_event:{event.id}:text", path=path)
            await audit.record(
                ctx, "complaint.reopened", f"complaint:{complaint.id}", round=complaint.round + 1
            )
    return await follow(ctx, lookup=complaint.lookup)


async def unname(ctx: Context, *, lookup: str) -> Followed:
    """The sender shows their name no longer. The code alone says who they are; twice is once.

    Raises:
        NotFound.
    """
    complaint = await look_up(ctx, lookup=lookup)
    with _unseen(ctx, unseen=True) as ctx:
        async with in_transaction():
            if await Complaint.filter(id=complaint.id, named=True).update(named=False):
                await audit.record(ctx, "complaint.unnamed", f"complaint:{complaint.id}")
    return await follow(ctx, lookup=complaint.lookup)


def due_on(ctx: Context, complaint: Complaint) -> date:
    """The last day on which an answer is in time; counted anew from the day it was taken up again."""
    since = (complaint.reopened_at or complaint.created_at).astimezone(ctx.settings.zone).date()
    return workdays.after(since, ctx.settings.complaint_answer_workdays, told_days_off(ctx.settings))


async def histories(ids: Sequence[int]) -> dict[int, list[Step]]:
    """What became of complaints, oldest first; texts that wait to be screened as they were written."""
    events = await ComplaintEvent.filter(complaint_id__in=ids).order_by("id").select_related("office")
    held = await screenings.held_texts(f"complaint_event:{event.id}:text" for event in events)
    found: dict[int, list[Step]] = {id_: [] for id_ in ids}
    for event in events:
        text = held.get(f"complaint_event:{event.id}:text", event.text)
        office = event.office.name if event.office else ""
        found[event.complaint_id].append(Step(event.kind, text, event.at, office))
    return found


def _check_known(ctx: Context, *, anonymous: bool) -> None:
    if anonymous:
        raise BadInput(named="匿名和显示姓名只能选一个")
    person = ctx.caller.person
    if ctx.caller.account is None or person is None or person.left_at is not None:
        raise BadInput(named="还不知道您是哪位同志：请先绑定手机号，或者不显示姓名提交")


def checked(text: str, *, longest: int = LONGEST) -> str:
    """A text as it may be kept.

    Raises:
        BadInput: there is none, or too much.
    """
    text = questions.readable(text)
    if not text:
        raise BadInput(text="请写下您的意见或建议")
    if len(text) > longest:
        raise BadInput(text=f"请控制在 {longest} 字以内")
    return text


@contextmanager
def _unseen(ctx: Context, *, unseen: bool) -> Iterator[Context]:
    """The same context for nobody in particular, in a request without an id, where somebody wishes that."""
    if not unseen:
        yield ctx
        return
    token = REQUEST_ID.set("")
    try:
        yield ctx.on_behalf_of(Caller())
    finally:
        REQUEST_ID.reset(token)


async def _keep_end(complaint: Complaint) -> None:
    """The end of the round that is over stays readable, also where it was written before rounds were kept."""
    await ComplaintEvent.get_or_create(
        {
            "round": complaint.round, "kind": complaint.status, "text": complaint.answer[:LONGEST],
            "at": complaint.answered_at,
        },
        complaint_id=complaint.id, ends_round=complaint.round,
    )  # fmt: skip


async def _path_of(complaint: Complaint) -> str:
    """Whose officers look at what its sender adds: those who have the complaint."""
    if complaint.office_id is not None:
        return (await Organization.get(id=complaint.office_id)).path
    await complaint.fetch_related("account__person__organization")
    person = complaint.account.person if complaint.account else None
    return person.organization.path if person else ""


async def _path(ctx: Context) -> str:
    """Whose officers look at it, where it must be looked at: those above the sender, if we know who it is."""
    person = ctx.caller.person
    organization = person and await Organization.get_or_none(id=person.organization_id)
    return organization.path if organization else ""
