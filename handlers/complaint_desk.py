"""Complaints (意见建议) at the desk: officers read what was said below them, and answer it once a round.

Who wrote is nobody's business here: an officer sees the words, and the sender only where they wish it and
only at the office that has it now. What came without a login,
or from somebody who wished not to be known, is the district's. What was forwarded belongs to the office it
was forwarded to, and to those above. A sender who can be written to gets the answer; everybody finds it by
their code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, complaints, notices, phones, questions, screenings
from handlers.access import OFFICERS, Reach, within
from handlers.complaints import FORWARDED, Step
from handlers.context import Context
from handlers.errors import BadInput, NotFound, WrongState
from handlers.lines import one_line
from models import (
    Account,
    App,
    Complaint,
    ComplaintEvent,
    ComplaintStatus,
    Duty,
    Organization,
    OrganizationKind,
    Person,
    Role,
)

REGISTER = "complaints"
LISTED = 100
LONGEST_ANSWER = questions.LONGEST_ANSWER
LONGEST_WORD = 200
RECEIVED, ANSWERED, CLOSED = ComplaintStatus.RECEIVED, ComplaintStatus.ANSWERED, ComplaintStatus.CLOSED
OFFICES = (OrganizationKind.DISTRICT, OrganizationKind.COMMITTEE)
NOT_SOLVED = "\n没解决的，打开“意见建议”输入查询码，可以再提。"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as the roster has them. `phone` is empty where it isn't known."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A complaint at the desk. `due_on` is the last day on which an answer is in time (本区建议值).

    `sender` is set where they show their name, for officers of the office that has it.
    """

    complaint: Complaint
    text: str
    received_on: date
    due_on: date
    is_overdue: bool
    office: str = ""
    history: Sequence[Step] = ()
    sender: Sender | None = None


async def list_complaints(ctx: Context, *, answered: bool = False, most: int = LISTED) -> list[Waiting]:
    """What waits below the caller, the oldest first; or what was answered or closed, the newest first.

    Raises:
        NotAllowed: the caller is no officer.
    """
    found = _below(await questions.officer(ctx))
    if answered:
        rows = found.exclude(status=RECEIVED).order_by("-answered_at", "-id")
    else:
        rows = found.filter(status=RECEIVED).order_by("created_at", "id")
    return await _at_desk(ctx, await rows.limit(most).select_related("office"))


async def offices(ctx: Context) -> list[Organization]:
    """To whom a complaint may be forwarded: the district and its committees.

    Raises:
        NotAllowed: the caller is no officer.
    """
    await questions.officer(ctx)
    return await Organization.filter(kind__in=OFFICES).order_by("path")


async def answer(ctx: Context, *, complaint_id: int, text: str) -> Waiting:
    """Answer one, once a round; its sender is told where they can be written to.

    Raises:
        NotAllowed: the caller is no officer.
        NotFound: no such complaint below the caller.
        WrongState: it has been answered.
        BadInput: there is no text, or too much.
    """
    row = await _find(ctx, complaint_id)
    text = questions.checked(text)
    return await _end(ctx, row, ANSWERED, text, told=f"您提的意见建议有了答复：\n{text}{NOT_SOLVED}")


async def close(ctx: Context, *, complaint_id: int, reason: str) -> Waiting:
    """Close one that can't be dealt with, and say why (办结): the sender reads the reason as an answer.

    Raises:
        NotAllowed, NotFound, WrongState, BadInput: as for an answer.
    """
    row = await _find(ctx, complaint_id)
    reason = one_line(questions.readable(reason), longest=LONGEST_WORD, field="reason")
    return await _end(ctx, row, CLOSED, reason, told=f"您提的意见建议已经办结：{reason}{NOT_SOLVED}")


async def forward(ctx: Context, *, complaint_id: int, office_id: int, note: str) -> Waiting:
    """Pass one on to another office, with a word that the sender reads too. Its term goes on.

    Raises:
        NotAllowed, NotFound, WrongState: as for an answer.
        BadInput: no such office, it is there already, or there is no word.
    """
    row = await _find(ctx, complaint_id)
    note = one_line(questions.readable(note), longest=LONGEST_WORD, field="note")
    office = await Organization.get_or_none(id=office_id, kind__in=OFFICES)
    if office is None or office.id == row.office_id:
        raise BadInput(office_id="请选另一个办理单位")
    async with in_transaction():
        waiting = Complaint.filter(id=row.id, status=RECEIVED, round=row.round)
        if not await waiting.update(office_id=office.id):
            raise WrongState
        await ComplaintEvent.create(
            complaint_id=row.id, round=row.round, kind=FORWARDED, text=note, office=office, at=ctx.now()
        )
        await audit.record(ctx, "complaint.forwarded", f"complaint:{row.id}", office=office.id)
    return await _seen(ctx, row.id)


async def enter(
    ctx: Context,
    *,
    text: str,
    received_at: datetime,
    office_id: int | None = None,
    signed_by: Person | None = None,
) -> Complaint:
    """Write down what came on paper. Its term runs from when it was received; nobody signed it unless named.

    Without an office it is that of the officer who writes it down, or the district's.

    Raises:
        NotAllowed: the caller is no officer.
        BadInput: there is no text or too much, it wasn't received yet, there is no such office, or whoever
            signed isn't known in WeChat: a name is kept nowhere else.
    """
    reached = await questions.officer(ctx)
    kept = screenings.look_at(ctx, complaints.checked(text))
    if received_at > ctx.now():
        raise BadInput(received_at="收到的时间还没有到，请核对")
    office = await _office_of(ctx, reached, office_id)
    account = await _account_of(signed_by) if signed_by is not None else None
    async with in_transaction():
        made = await Complaint.create(
            lookup=complaints.new_code(), account=account, text=kept.shown, created_at=received_at,
            named=account is not None, office=office,
        )  # fmt: skip
        await screenings.hold(ctx, kept, f"complaint:{made.id}:text", path=office.path if office else "")
        await audit.record(ctx, "complaint.entered", f"complaint:{made.id}")
    return made


async def _office_of(ctx: Context, reached: Reach, office_id: int | None) -> Organization | None:
    if office_id is not None:
        office = await Organization.get_or_none(id=office_id, kind__in=OFFICES)
        if office is None:
            raise BadInput(office_id="承办单位应是区委组织部或党（工）委，请核对编码")
        return office
    if Role.DISTRICT_OFFICER in reached.roles or ctx.caller.person is None:
        return None
    duties = Duty.filter(person_id=ctx.caller.person.id, role=Role.TOWN_OFFICER)
    own = await duties.order_by("id").select_related("organization").first()
    return own.organization if own is not None else None


async def _account_of(person: Person) -> Account:
    accounts = await Account.filter(person_id=person.id).order_by("id")
    by_app = sorted(accounts, key=lambda one: one.app is not App.OFFICIAL_ACCOUNT)
    if not by_app:
        raise BadInput(name="这位同志还没有在微信里绑定，记不了署名：请把署名的两格留空，把查询码告诉本人")
    return by_app[0]


async def waiting_for(reached: Reach) -> int:
    """How many wait below an officer."""
    return await _below(reached).filter(status=RECEIVED).count()


async def find(ctx: Context, complaint_id: int) -> Waiting | None:
    """One below the caller as the desk shows it; None where there is none.

    Raises:
        NotAllowed: the caller is no officer.
    """
    below = _below(await questions.officer(ctx)).filter(id=complaint_id).select_related("office")
    found = await _at_desk(ctx, await below)
    return found[0] if found else None


async def _find(ctx: Context, complaint_id: int) -> Complaint:
    row = await _below(await questions.officer(ctx)).get_or_none(id=complaint_id)
    if row is None:
        raise NotFound
    return row


async def _end(ctx: Context, row: Complaint, status: ComplaintStatus, text: str, *, told: str) -> Waiting:
    """End the round; the database knows one end of each."""
    async with in_transaction():
        mine = Complaint.filter(id=row.id, status=RECEIVED, round=row.round)
        if not await mine.update(status=status, answer=text, answered_at=ctx.now()):
            raise WrongState
        await ComplaintEvent.create(
            complaint_id=row.id, round=row.round, kind=status, text=text, ends_round=row.round, at=ctx.now()
        )
        await audit.record(ctx, f"complaint.{status}", f"complaint:{row.id}", round=row.round)
        await _tell(ctx, row, told)
    return await _seen(ctx, row.id)


async def _tell(ctx: Context, row: Complaint, text: str) -> None:
    openids = await questions.official_openids([row.account_id])
    if openid := openids.get(row.account_id or 0):
        key = f"complaint:{row.id}" if row.round == 1 else f"complaint:{row.id}:{row.round}"
        await notices.enqueue(ctx, openid=openid, text=text, dedupe_key=key)


def _below(reached: Reach) -> QuerySet[Complaint]:
    if Role.DISTRICT_OFFICER in reached.roles:
        return Complaint.all()
    mine = Q(Q(office_id__isnull=True), within(reached, below="account__person__organization__"))
    return Complaint.filter(Q(mine, within(reached, below="office__"), join_type=Q.OR))


async def _seen(ctx: Context, complaint_id: int) -> Waiting:
    (one,) = await _at_desk(ctx, [await Complaint.get(id=complaint_id).select_related("office")])
    return one


async def _at_desk(ctx: Context, rows: Sequence[Complaint]) -> list[Waiting]:
    """What waits to be screened is read here as it was written: the officer's eye is what it waits for."""
    held = await screenings.held_texts(f"complaint:{row.id}:text" for row in rows)
    histories, senders = await complaints.histories([row.id for row in rows]), await _senders(ctx, rows)
    return [
        _waiting(
            ctx, row, held.get(f"complaint:{row.id}:text", row.text), histories[row.id], senders.get(row.id)
        )
        for row in rows
    ]


async def _senders(ctx: Context, rows: Sequence[Complaint]) -> dict[int, Sender]:
    """Who wrote those that show a name and are with an office the caller is an officer of, and no others."""
    named = [row for row in rows if row.named and row.account_id is not None]
    person = ctx.caller.person
    if not named or person is None:
        return {}
    duties = Duty.filter(person_id=person.id, role__in=OFFICERS, organization_id__not_isnull=True)
    mine = {duty.organization_id for duty in await duties}
    accounts = Account.filter(id__in=[row.account_id for row in named], person__left_at__isnull=True)
    known = {one.id: one.person for one in await accounts.select_related("person__organization")}
    tops = await Organization.filter(kind__in=OFFICES)
    found = {}
    for row in named:
        sender = known.get(row.account_id or 0)
        if sender is None:
            continue
        office_id = row.office_id or _first_office(sender.organization, tops)
        if office_id in mine:
            found[row.id] = Sender(sender.name, _phone(ctx, sender))
    return found


def _first_office(home: Organization, offices_: Sequence[Organization]) -> int | None:
    """The nearest office above a sender: it has what nobody passed on. Pure."""
    above = [one for one in offices_ if one.path and one.contains(home)]
    return max(above, key=lambda one: len(one.path)).id if above else None


def _phone(ctx: Context, person: Person) -> str:
    try:
        return phones.unseal(ctx.settings.secret_key, person.phone_sealed) if person.phone_sealed else ""
    except phones.Unreadable:
        return ""


def _waiting(
    ctx: Context, row: Complaint, text: str, history: Sequence[Step], sender: Sender | None
) -> Waiting:
    received, due_on = row.created_at.astimezone(ctx.settings.zone).date(), complaints.due_on(ctx, row)
    is_overdue = row.status is RECEIVED and ctx.now().date() > due_on
    office = row.office.name if row.office else ""
    return Waiting(row, text, received, due_on, is_overdue, office, history, sender)
