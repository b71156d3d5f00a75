"""Complaints (意见建议) at the desk: officers read what was said below them, and answer it once.

Who wrote is nobody's business here: an officer sees the words, never the sender. What came without a login
is the district's. A sender who can be written to gets the answer; everybody finds it by their code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, notices, questions, workdays
from handlers.access import Reach, within
from handlers.context import Context
from handlers.errors import NotFound, WrongState
from handlers.lesson_calendar import told_days_off
from models import Complaint, Role, Screening

LISTED = 100
LONGEST_ANSWER = questions.LONGEST_ANSWER
RECEIVED, ANSWERED = "received", "answered"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A complaint at the desk. `due_on` is the last day on which an answer is in time (本区建议值)."""

    complaint: Complaint
    text: str
    received_on: date
    due_on: date
    is_overdue: bool


async def list_complaints(ctx: Context, *, answered: bool = False) -> list[Waiting]:
    """What waits below the caller, the oldest first; or what was answered, the newest first. Two queries.

    Raises:
        NotAllowed: the caller is no officer.
    """
    found = _below(await questions.officer(ctx))
    if answered:
        rows = await found.filter(status=ANSWERED).order_by("-answered_at", "-id").limit(LISTED)
    else:
        rows = await found.filter(status=RECEIVED).order_by("created_at", "id").limit(LISTED)
    held = await _held(rows)
    return [_waiting(ctx, row, held.get(_subject(row), row.text)) for row in rows]


async def answer(ctx: Context, *, complaint_id: int, text: str) -> Waiting:
    """Answer one, once; its sender is told where they can be written to.

    Raises:
        NotAllowed: the caller is no officer.
        NotFound: no such complaint below the caller.
        WrongState: it has been answered.
        BadInput: there is no text, or too much.
    """
    reached = await questions.officer(ctx)
    text = questions.checked(text)
    row = await _below(reached).get_or_none(id=complaint_id)
    if row is None:
        raise NotFound
    async with in_transaction():
        mine = Complaint.filter(id=row.id, status=RECEIVED)
        if not await mine.update(status=ANSWERED, answer=text, answered_at=ctx.now()):
            raise WrongState
        await audit.record(ctx, "complaint.answered", f"complaint:{row.id}")
        await _tell(ctx, row, text)
    row = await Complaint.get(id=row.id)
    return _waiting(ctx, row, (await _held([row])).get(_subject(row), row.text))


async def waiting_for(reached: Reach) -> int:
    """How many wait below an officer."""
    return await _below(reached).filter(status=RECEIVED).count()


async def _tell(ctx: Context, row: Complaint, text: str) -> None:
    openids = await questions.official_openids([row.account_id])
    if openid := openids.get(row.account_id or 0):
        await notices.enqueue(
            ctx, openid=openid, text=f"您提的意见建议有了答复：\n{text}", dedupe_key=f"complaint:{row.id}"
        )


def _below(reached: Reach) -> QuerySet[Complaint]:
    if Role.DISTRICT_OFFICER in reached.roles:
        return Complaint.all()
    return Complaint.filter(within(reached, below="account__person__organization__"))


def _waiting(ctx: Context, row: Complaint, text: str) -> Waiting:
    received = row.created_at.astimezone(ctx.settings.zone).date()
    due_on = workdays.after(received, ctx.settings.complaint_answer_workdays, told_days_off(ctx.settings))
    return Waiting(row, text, received, due_on, row.status == RECEIVED and ctx.now().date() > due_on)


def _subject(row: Complaint) -> str:
    return f"complaint:{row.id}:text"


async def _held(rows: Sequence[Complaint]) -> dict[str, str]:
    """What waits to be screened is read here as it was written: the officer's eye is what it waits for."""
    held = await Screening.filter(subject__in=[_subject(row) for row in rows])
    return {one.subject: one.text for one in held}
