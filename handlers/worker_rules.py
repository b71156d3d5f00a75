"""Qualifications of full-time workers as the district keeps them. No rule is built in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tortoise.transactions import in_transaction

from handlers import audit
from handlers.access import officer_reach
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed
from handlers.lines import one_line
from handlers.worker_terms import BY_RULES, one_of, terms
from models import Membership, Person, Role, Worker, WorkerCheck, WorkerField, WorkerRule

MOST = 40
LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True)
class RuleWish:
    """A qualification as it is to be kept; an empty field means all fields."""

    check: WorkerCheck
    value: str = ""
    field: str = ""
    note: str = ""


def whole_years(since: date, on: date) -> int:
    """Full years between two days."""
    return on.year - since.year - ((on.month, on.day) < (since.month, since.day))


def unmet(
    rules: Sequence[WorkerRule], person: Person, worker: Worker, *, field: WorkerField | None, on: date
) -> list[str]:
    """The qualifications a worker doesn't meet or can't be seen to meet, as sentences. Pure."""
    meant = [rule for rule in rules if not rule.field or rule.field == field]
    found = [_unmet(rule, person, worker, on) for rule in meant]
    return [f"{sentence}（{BY_RULES}）" for sentence in found if sentence]


def _unmet(rule: WorkerRule, person: Person, worker: Worker, on: date) -> str:
    match rule.check:
        case WorkerCheck.FULL_MEMBER:
            return "" if person.membership is Membership.FULL else "不是正式党员"
        case WorkerCheck.EDUCATION:
            return _education(rule.value, worker.education)
        case WorkerCheck.OLDEST:
            if person.birth_month is None:
                return f"名册没有出生年月，看不出是否不超过 {rule.value} 周岁"
            return f"超过 {rule.value} 周岁" if whole_years(person.birth_month, on) > int(rule.value) else ""
        case WorkerCheck.PARTY_YEARS:
            if worker.full_on is None:
                return f"没有登记转正时间，看不出党龄是否满 {rule.value} 年"
            short = whole_years(worker.full_on, on) < int(rule.value)
            return f"党龄不满 {rule.value} 年" if short else ""


def _education(least: str, has: str) -> str:
    order = terms()["educations"]
    if has not in order:
        return f"没有登记学历，看不出是否达到{least}"
    return "" if order.index(has) >= order.index(least) else f"学历没有达到{least}"


async def kept(ctx: Context) -> list[WorkerRule]:
    """The qualifications in force, for officers.

    Raises:
        NotAllowed.
    """
    await officer_reach(ctx)
    return await WorkerRule.all().order_by("id")


async def keep(ctx: Context, *, wishes: Sequence[RuleWish]) -> list[WorkerRule]:
    """The district replaces the whole list.

    Raises:
        NotAllowed, BadInput.
    """
    await require_district(ctx)
    if len(wishes) > MOST:
        raise BadInput(rules=f"最多 {MOST} 条")
    rows = [_row(wish) for wish in wishes]
    async with in_transaction():
        await WorkerRule.all().delete()
        for row in rows:
            await row.save(force_create=True)
        await audit.record(ctx, "worker_rules.kept", "worker_rules:all", count=len(rows))
    return rows


async def require_district(ctx: Context) -> None:
    """Only the district (or the command line) goes on.

    Raises:
        NotAllowed.
    """
    reach = await officer_reach(ctx)
    if reach is not None and Role.DISTRICT_OFFICER not in reach.roles:
        raise NotAllowed


def _row(wish: RuleWish) -> WorkerRule:
    value = wish.value.strip()
    if wish.check is WorkerCheck.EDUCATION:
        one_of("educations", value, field="value")
    elif wish.check is not WorkerCheck.FULL_MEMBER and not (
        value.isascii() and value.isdigit() and 0 < len(value) < 3
    ):
        raise BadInput(value="请填整数年，如 45")
    if wish.field and wish.field not in list(WorkerField):
        raise BadInput(field="没有这个领域")
    note = one_line(wish.note, longest=LONGEST_NOTE, field="note", required=False)
    return WorkerRule(check=wish.check, value=value, field=wish.field, note=note)
