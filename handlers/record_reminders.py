"""Gentle reminders of what a branch has to record: one message a day for all of it, by day, each thing once.

They keep the one rule for reminders (handlers/routine_reminders) and go to who writes the branch's
records, where they wrote lately or agreed to a message; everybody else finds the list in the chat (手册).
Only the branch's own things are told, in plain words: no comparison and no blame.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, due_records, notices, record_facts, routine_reminders, singles
from handlers.answering.dates import add_months
from handlers.context import Context
from handlers.due_records import Due, State
from handlers.record_checks import Facts
from handlers.routine_reminders import WRITTEN, DayIsFull
from handlers.singles import THING, Card, Fate
from models import Account, App, Duty, DutyReminder, Organization, Role

CATCH_UP = timedelta(days=7)
"""How long after its day a reminder still makes sense, if there was no way to send it before."""
TOLD_FOR = timedelta(days=400)
MONTHLY = ("T06", "T07", "T09")
MOST_LINES = 8
PEOPLE_AT_ONCE = 40
"""Whose records are looked at together: few enough that the loop has its turn between."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Signal:
    """A day on which something due is worth a word."""

    key: str
    on: date
    due: Due


async def remind(ctx: Context) -> int:
    """Remind who hasn't been today; any number of clocks at once. How many were."""
    now = ctx.now()
    if routine_reminders.is_quiet(ctx):
        return 0
    sent, today = 0, now.date()
    told_today = {row.person_id for row in await DutyReminder.filter(day=today).only("person_id")}
    workers: dict[int, list[Organization]] = {}
    duties = Duty.filter(
        role=Role.BRANCH_WORKER, organization_id__not_isnull=True, person__left_at__isnull=True,
        person__accounts__id__not_isnull=True,
    )  # fmt: skip
    for duty in await duties.distinct().select_related("organization").order_by("person_id", "id"):
        if duty.organization is not None and duty.person_id not in told_today:
            branches = workers.setdefault(duty.person_id, [])
            if duty.organization.id not in [one.id for one in branches]:
                branches.append(duty.organization)
    people = list(workers)
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        some = people[start : start + PEOPLE_AT_ONCE]
        sent += await _remind_some(ctx, {person_id: workers[person_id] for person_id in some})
    return sent


async def _remind_some(ctx: Context, workers: Mapping[int, Sequence[Organization]]) -> int:
    """A few statements for all of them, and then those that each message needs."""
    may_hear = await _reachable(ctx, list(workers))
    theirs = {person_id: branches for person_id, branches in workers.items() if person_id in may_hear}
    if not theirs:
        return 0
    told = await _told(list(theirs), ctx.now().date())
    ids = sorted({branch.id for branches in theirs.values() for branch in branches})
    facts = await record_facts.outlines(ctx, ids)
    signals = {branch_id: list(due_signals(known)) for branch_id, known in facts.items()}
    sent = 0
    for person_id, branches in theirs.items():
        found = [
            (branch, one)
            for branch in branches
            for one in signals[branch.id]
            if f"{branch.id}:{one.key}" not in told[person_id]
        ]
        if found:
            sent += await _tell(ctx, person_id, found, several=len(branches) > 1)
    return sent


def due_signals(facts: Facts) -> Iterator[Signal]:
    """What is worth a word these days. Pure.

    A month's meetings from the 20th, and the party day again on the 5th of the next month (handbook, T09);
    a quarter's two weeks before its end; the yearly ones in November and, for the life meeting, week by
    week in December (handbook, X05); a term's end six, three and one month before; others a week before.
    """
    today = facts.today
    years = {today.year, (today - CATCH_UP).year, (today - timedelta(days=31)).year}
    for year in sorted(years):
        for one in due_records.year(facts, year=year):
            if one.state is State.DONE:
                continue
            for on in days_of(one, theme_day=facts.district.theme_day_reminder):
                if on <= today < on + CATCH_UP:
                    yield Signal(f"{one.key}@{on}", on, one)


def days_of(one: Due, *, theme_day: int) -> list[date]:
    """The days on which something due is worth a word. Pure."""
    if one.template in MONTHLY:
        days = [one.opens + timedelta(days=19)]
        return [*days, one.until + timedelta(days=theme_day)] if one.template == "T09" else days
    if one.template == "T05":
        return [one.until - timedelta(days=14)]
    if one.template == "T10":
        december = date(one.until.year, 12, 1)
        return [date(one.until.year, 11, 1), *(december + timedelta(weeks=week) for week in range(5))]
    if one.template == "T24":
        return [
            max(one.opens, add_months(one.until, -6)),
            add_months(one.until, -3),
            add_months(one.until, -1),
        ]
    if one.template in ("T13", "T14"):
        return [date(one.until.year, 11, 15), date(one.until.year, 12, 15)]
    if one.template in ("T19", "T23"):
        return [one.until - timedelta(days=14)]
    return [one.until - timedelta(days=7)]


def text(found: list[tuple[Organization, Signal]], *, several: bool, link: str) -> str:
    """All of it in one message."""
    lines = []
    for branch, one in found[:MOST_LINES]:
        whose = f"（{branch.name}）" if several else ""
        lines.append(f"· {one.due.title}{whose}：{one.due.until.month}月{one.due.until.day}日前记录就行")
    more = len(found) - MOST_LINES
    if more > 0:
        lines.append(f"· 还有 {more} 项，发“手册”可以看到")
    return "\n".join(
        ["支部手册里这几项还没有记录，有空时记一下：", *lines, f"打开就能接着写，知道的已经填好：{link}"]
    )


async def _tell(
    ctx: Context, person_id: int, found: list[tuple[Organization, Signal]], *, several: bool
) -> bool:
    """One message; its row first, so that nobody is told twice a day."""
    keys = [f"{branch.id}:{one.key}" for branch, one in found]
    link = f"{ctx.settings.public_url.rstrip('/')}/handbook"
    account = await notices.reachable(ctx, person_id=person_id).first()
    if account is not None:
        try:
            async with in_transaction():
                await DutyReminder.create(
                    person_id=person_id, day=ctx.now().date(), told=keys, channel=WRITTEN
                )
                said = text(found, several=several, link=link)
                await routine_reminders.promise(ctx, person_id=person_id, openid=account.openid, text=said)
                await audit.record(ctx, "branch.reminded", f"person:{person_id}", count=len(found))
        except (DayIsFull, IntegrityError):
            return False
        return True
    return await _tell_by_template(ctx, person_id, found, keys)


async def _tell_by_template(
    ctx: Context, person_id: int, found: list[tuple[Organization, Signal]], keys: list[str]
) -> bool:
    account = await _consented(ctx, person_id)
    if account is None:
        return False
    template_id = ctx.settings.record_template_id
    try:
        async with in_transaction():
            await routine_reminders.count_one(ctx, person_id=person_id)
            row = await DutyReminder.create(
                person_id=person_id, day=ctx.now().date(), told=keys, channel=account.app
            )
            if not await singles.spend(template_id, [account.id]):
                raise IntegrityError("spent this moment")
            await audit.record(ctx, "branch.reminded", f"person:{person_id}", count=len(found))
    except (DayIsFull, IntegrityError):
        return False
    first = found[0][1].due
    values = {
        "thing1": f"{first.title}{f'等{len(found)}项' if len(found) > 1 else ''}"[:THING],
        "time2": f"{first.until:%Y年%m月%d日}",
        "thing3": "知道的已经填好，有空时记一下",
    }
    card = Card(App.MINI_PROGRAM, template_id, values, page="pages/handbook/index")
    told = await singles.tell(ctx, account.openid, card)
    if told.fate in (Fate.SENT, Fate.OPEN):  # It may have arrived: once is enough.
        return True
    log.warning("record_reminder.not_sent", extra={"code": told.error.code if told.error else 0})
    async with in_transaction():
        if told.gives_back:
            await singles.give_back(template_id, [account.id])
        if told.empties:
            await singles.empty(template_id, [account.id])
        await DutyReminder.filter(id=row.id).delete()
    return False


async def _reachable(ctx: Context, people: Sequence[int]) -> set[int]:
    """Who of them may be written to now, one way or the other."""
    accounts = await notices.all_reachable(ctx).filter(person_id__in=people).only("id", "person_id")
    if ctx.settings.record_template_id:
        agreed = Account.filter(
            person_id__in=people, app=App.MINI_PROGRAM, consents__remaining__gt=0,
            consents__template_id=ctx.settings.record_template_id,
        )  # fmt: skip
        accounts += await agreed.only("id", "person_id")
    return {account.person_id for account in accounts if account.person_id is not None}


async def _consented(ctx: Context, person_id: int) -> Account | None:
    if not ctx.settings.record_template_id:
        return None
    return await Account.filter(
        person_id=person_id, app=App.MINI_PROGRAM, consents__template_id=ctx.settings.record_template_id,
        consents__remaining__gt=0,
    ).first()  # fmt: skip


async def _told(people: Sequence[int], today: date) -> dict[int, set[str]]:
    """What each of them was told of before."""
    rows = DutyReminder.filter(person_id__in=people, day__gt=today - TOLD_FOR)
    found: dict[int, set[str]] = {person_id: set() for person_id in people}
    for person_id, keys in await rows.values_list("person_id", "told"):
        found[person_id].update(keys)
    return found
