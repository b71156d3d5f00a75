"""What officers and workers are told, by customer-service message, and the reminders of a day as one message.

Nobody is written to who doesn't follow the account: they see the same on their page and in 待办. Reminders
keep the one rule for all of them (handlers/routine_reminders).
"""

from collections import defaultdict
from collections.abc import Iterable

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import notices, routine_reminders, visit_news
from handlers.context import Context
from handlers.routine_reminders import DayIsFull
from models import Duty, Filing, FilingStatus, Organization, Role, WorkerReminder

MOST_LINES = 3
HOW = "在微信里打开支部通的“党务工作者”页面可以办理。"
MINE = "发“我的培训”可以查看。"


async def tell(ctx: Context, person_ids: Iterable[int], text: str, *, key: str) -> None:
    """Promise a message to these people, in the caller's transaction; once each for a key."""
    for account in await visit_news.accounts(person_ids):
        await notices.enqueue(ctx, openid=account.openid, text=text, dedupe_key=f"{key}:{account.id}"[:64])


async def filing_decided(ctx: Context, filing: Filing, *, reason: str = "") -> None:
    """The unit's officers hear that their filing was approved, returned or refused."""
    from handlers.filings import KIND_WORDS, STATUS_WORDS

    what = f"{filing.person.name}的{KIND_WORDS[filing.kind]}备案"
    because = f"。原因：{reason.rstrip('。')}" if reason else ""
    status = STATUS_WORDS[FilingStatus(filing.status)]
    text = f"{what}：{status}{because}。{HOW}"
    key = f"filing:{filing.id}:{filing.status}:{int(ctx.now().timestamp())}"
    await tell(ctx, await unit_officers(filing.unit), text, key=key)


async def unit_officers(unit: Organization) -> list[int]:
    """The officers of a unit: those over it, but the district's."""
    tops = [unit.path[:end] for end in range(4, len(unit.path) + 1, 4)]
    duties = Duty.filter(Q(role=Role.TOWN_OFFICER), organization__path__in=tops, person__left_at__isnull=True)
    return sorted({duty.person_id for duty in await duties})


async def district_officers() -> list[int]:
    """The district's own."""
    duties = Duty.filter(role=Role.DISTRICT_OFFICER, person__left_at__isnull=True)
    return sorted({duty.person_id for duty in await duties})


async def remind(ctx: Context, lines: Iterable[tuple[int, str, str]]) -> int:
    """Send `(person, key, line)` to whom it wasn't sent yet, all of a moment as one message; how many people.

    What goes beyond three lines is in 待办; who can't be written to now is reminded when they can.
    """
    if routine_reminders.is_quiet(ctx):
        return 0
    by_person: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for person_id, key, line in lines:
        by_person[person_id].append((key, line))
    told = 0
    for person_id, theirs in by_person.items():
        told += await _remind_one(ctx, person_id, theirs)
    return told


async def _remind_one(ctx: Context, person_id: int, theirs: list[tuple[str, str]]) -> bool:
    told = await WorkerReminder.filter(person_id=person_id, key__in=[key for key, _ in theirs])
    known = {row.key for row in told}
    new = [(key, line) for key, line in theirs if key not in known]
    account = await notices.reachable(ctx, person_id=person_id).first() if new else None
    if account is None:
        return False
    said = [f"· {line}" for _, line in new[:MOST_LINES]]
    more = [f"还有 {len(new) - MOST_LINES} 件，请看“待办”。"] if len(new) > MOST_LINES else []
    text = "\n".join(["提醒：", *said, *more])
    try:
        async with in_transaction():
            rows = [WorkerReminder(key=key, person_id=person_id, at=ctx.now()) for key, _ in new]
            await WorkerReminder.bulk_create(rows)
            await routine_reminders.promise(ctx, person_id=person_id, openid=account.openid, text=text)
    except (DayIsFull, IntegrityError):
        return False
    return True
