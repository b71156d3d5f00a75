"""评估 in the chat: what one's branch has to put right and by when, and what one has to look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot import texts
from bot.messages import Message
from bot.replies import Reply
from handlers import assessments, findings
from handlers.assessment_access import own_branches
from handlers.context import Context
from handlers.findings import STATUS_WORDS
from handlers.workdays import last_day
from models import Assessment, AssessmentStage, Rectification
from models.findings import DONE

SHOWN = 5
TO_JUDGE = "等验收的问题："


async def mine(message: Message, ctx: Context) -> Reply:
    """Results to sign, findings by their due dates, visits to make."""
    rows = (await findings.list_findings(ctx, limit=findings.LARGEST_PAGE)).items
    left = [row for row in rows if row.status not in DONE]
    left.sort(key=lambda row: (row.due_at is None, row.due_at or row.assessment.cycle.created_at, row.id))
    lines = await _to_sign(ctx)
    for head, some in (await _groups(ctx, left)).items():
        if some:
            lines += [head, *(line(ctx, row, for_judge=head == TO_JUDGE) for row in some[:SHOWN])]
        if len(some) > SHOWN:
            lines.append(f"还有 {len(some) - SHOWN} 个。")
    lines += await _to_visit(ctx)
    if not lines:
        return texts.NOTHING_ASSESSED
    return "\n".join([*lines, f"详细内容和可以学什么：{ctx.settings.public_url}/assessments"])


async def _groups(ctx: Context, rows: Sequence[Rectification]) -> Mapping[str, Sequence[Rectification]]:
    """What the caller puts right, what waits for an officer's eye, and what others put right."""
    person, own = ctx.caller.person, await own_branches(ctx)
    mine_ = [
        row
        for row in rows
        if row.finding.branch_id in own or (person is not None and row.owner_id == person.id)
    ]
    others = [row for row in rows if row not in mine_]
    waiting = [row for row in others if row.status in findings.TO_ACCEPT]
    return {
        "要整改的问题：": mine_,
        TO_JUDGE: waiting,
        "支部正在整改的问题：": [row for row in others if row not in waiting],
    }


async def _to_sign(ctx: Context) -> list[str]:
    own = await own_branches(ctx)
    page = await assessments.list_assessments(ctx, stage=AssessmentStage.TO_FEED_BACK, limit=100)
    return [
        f"《{row.cycle.name}》的结果到了，请在小程序“评估”里看后签收。"
        for row in page.items
        if row.delivered_at and row.branch_id in own
    ]


async def _to_visit(ctx: Context) -> list[str]:
    person = ctx.caller.person
    page = await assessments.list_assessments(ctx, stage=AssessmentStage.ASSESSING, limit=100)
    mine_ = [row for row in page.items if person is not None and person.id in (row.assessor_id, row.other_id)]
    return ["要去评估的党支部：", *map(_visit, mine_[:SHOWN])] if mine_ else []


def _visit(row: Assessment) -> str:
    return f"· {row.branch.name}"


def line(ctx: Context, row: Rectification, *, for_judge: bool = False) -> str:
    """One finding on one line: what, where it stands, by when; to a judge, by when to look."""
    due = f"{_day(ctx, row.due_at)}前办完" if row.due_at else "签收后定期限"
    if row.status in findings.TO_ACCEPT:
        due = _judging(ctx, row.accept_due_at) if for_judge else "等上级验收"
    when = findings.overdue_words(row, ctx.now()) or due
    item = findings.item_of(row)
    return f"· {row.finding.branch.name} {item.name}：{STATUS_WORDS[row.status]}，{when}"


def _judging(ctx: Context, end: datetime | None) -> str:
    """By when an officer is to look."""
    if end is None:
        return "请验收"
    return f"请在{_day(ctx, end)}前验收" if ctx.now() < end else f"验收期限{_day(ctx, end)}已过，请尽快验收"


def _day(ctx: Context, end: datetime) -> str:
    """The last day of a term."""
    return f"{last_day(end, zone=ctx.settings.zone):%-m月%-d日}"
