"""The register of 软弱涣散 branches: what the district decided comes in by a file, step by step as on a page.

A row says how far a case has got, at most to 整顿中: what follows needs a proof and another person's
acceptance, and goes on the page. A case is never taken back, and what was decided is never overwritten. The
sheet that goes out also shows by which formula a branch was proposed and how each step was taken.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from handlers import transitions, weak_branches
from handlers.access import officer_reach, within
from handlers.context import SYSTEM, Context
from handlers.errors import BadInput
from handlers.registers import CREATED, UNCHANGED, UPDATED, Register
from handlers.sheet_reading import Heading, Record, choice, day, number_text, whole, words
from handlers.spreadsheets import Column
from handlers.weak_branches import LONGEST_REASON, LONGEST_SCHEME, REGISTER, STATUS_WORDS, THING
from handlers.worker_registers import unit_by_code
from handlers.worker_rules import require_district
from models import OrganizationKind, Person, Transition, WeakBranch, WeakFinding, WeakStatus

MOST = 2_000
STATUSES = {said: status for status, said in STATUS_WORDS.items()}
WAY = (
    WeakStatus.STUDIED, WeakStatus.CONFIRMED, WeakStatus.RECTIFYING, WeakStatus.TO_ACCEPT, WeakStatus.OFF,
    WeakStatus.KEPT_UP,
)  # fmt: skip
"""How a case goes on; 不认定 ends one that was studied."""
HEADINGS = (
    Heading("编号", whole(1, 2**31 - 1), width=8),
    Heading("党支部编码", number_text(32), required=True),
    Heading("年度", whole(2000, 2199), required=True, width=8),
    Heading("状态", choice(STATUSES), required=True, choices=tuple(STATUSES), width=10),
    Heading("研判时写明的情况", words(LONGEST_REASON), width=40),
    Heading("认定或不认定的理由", words(LONGEST_REASON), width=40),
    Heading("整顿方案", words(LONGEST_SCHEME), width=40),
    Heading("牵头人编号", number_text(32)),
    Heading("期满", day, width=12),
)
SHOWN = (
    Column("党支部", 30),
    Column("牵头人", 12),
    Column("系统提名的理由", 24),
    Column("算法", 50),
    Column("方案里的问题", 20),
    Column("佐证", 40),
    Column("经过", 60),
)

NOTE = "最多导入到“整顿中”；往后的步骤要有佐证和另一位同志验收，在页面上办理。"


async def may(ctx: Context) -> None:
    """An officer of the district, in person: each row is a decision, and bears a name.

    Raises:
        NotAllowed.
        BadInput: the command line is nobody.
    """
    await require_district(ctx)
    if ctx.caller is SYSTEM:
        raise BadInput(by="认定要记在区级同志名下：请登录网页，在“导入导出”里导入")


async def take(ctx: Context, record: Record) -> str:
    """Bring a case as far as the row says, by the steps a page would take."""
    said = record.values
    branch = await unit_by_code(said["党支部编码"])
    if branch.kind is not OrganizationKind.BRANCH:
        raise BadInput(branch="软弱涣散名单列的是党支部，请核对编码")
    row, target = await _known(said, branch.id), said["状态"]
    if row is not None:
        _require_same(row, said)
        if _is_reached(row.status, target):
            return UNCHANGED
    if target not in (*WAY[:3], WeakStatus.DISMISSED):
        raise BadInput(status=f"“{STATUS_WORDS[target]}”要有佐证和另一位同志验收，请在页面上办理")
    outcome = CREATED if row is None else UPDATED
    if row is None:
        facts = said["研判时写明的情况"] or ""
        row = await weak_branches.take_up(ctx, branch_id=branch.id, year=said["年度"], facts=facts)
    await _go_on(ctx, row, target, said)
    return outcome


async def rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """All cases below an officer, the newest first."""
    reached = within(await officer_reach(ctx), below="branch__")
    found = await WeakBranch.filter(reached).order_by("-id").limit(MOST).select_related("branch", "led_by")
    ids = [row.id for row in found]
    moves, named = await transitions.of_all(THING, ids), await _named(ids)
    return [_line(ctx.settings.zone, row, named[row.id], moves[row.id]) for row in found]


async def _known(said: Any, branch_id: int) -> WeakBranch | None:
    """The case a row means: the one of its number, else the branch's last one of that year.

    Raises:
        BadInput: the number belongs to another branch or year.
    """
    of_year = WeakBranch.filter(branch_id=branch_id, year=said["年度"]).select_related("led_by")
    if said["编号"] is None:
        return await of_year.order_by("-id").first()
    row = await of_year.get_or_none(id=said["编号"])
    if row is None:
        raise BadInput(id="这个编号不是这个党支部这一年的，新列入的请不填编号")
    return row


def _require_same(row: WeakBranch, said: Any) -> None:
    """What is on file stays as it was decided.

    Raises:
        BadInput: the row says otherwise.
    """
    on_file = {
        "研判时写明的情况": row.facts,
        "认定或不认定的理由": row.reason,
        "整顿方案": row.scheme,
        "牵头人编号": row.led_by.member_no if row.led_by else None,
        "期满": row.until,
    }
    for title, value in on_file.items():
        if value and said[title] is not None and said[title] != value:
            raise BadInput(row=f"“{title}”与台账上的不同：已经办过的步骤不能用表改，请核对")


def _is_reached(now: WeakStatus, target: WeakStatus) -> bool:
    """Whether a case stands where a row says, or further on. Pure."""
    if WeakStatus.DISMISSED in (now, target):
        return now is WeakStatus.DISMISSED
    return WAY.index(now) >= WAY.index(target)


async def _go_on(ctx: Context, row: WeakBranch, target: WeakStatus, said: Any) -> None:
    reason = said["认定或不认定的理由"] or ""
    if target is WeakStatus.DISMISSED:
        await weak_branches.dismiss(ctx, weak_id=row.id, reason=reason)
        return
    if row.status is WeakStatus.STUDIED and target is not WeakStatus.STUDIED:
        row = await weak_branches.confirm(ctx, weak_id=row.id, reason=reason)
    if row.status is WeakStatus.CONFIRMED and target is WeakStatus.RECTIFYING:
        until: date | None = said["期满"]
        if until is None:
            raise BadInput(until="整顿中的要填期满的日子，由本区定")
        await weak_branches.begin(
            ctx, weak_id=row.id, scheme=said["整顿方案"] or "", until=until,
            led_by_id=await _leader(said["牵头人编号"]),
        )  # fmt: skip


async def _leader(number: str | None) -> int:
    found = await Person.get_or_none(member_no=number) if number else None
    if found is None:
        raise BadInput(led_by="牵头人：名册里没有这个人员编号，请核对")
    return int(found.id)


async def _named(ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """The items that each case's scheme names."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for one in await WeakFinding.filter(weak_id__in=ids).order_by("id").select_related("finding"):
        found[one.weak_id].append(one.finding.item)
    return found


def _line(zone: ZoneInfo, row: WeakBranch, named: Sequence[str], moves: Sequence[Transition]) -> list[object]:
    told = "\n".join(transitions.line(one, STATUS_WORDS[WeakStatus(one.became)], zone) for one in moves)
    leader = row.led_by
    return [
        row.id, row.branch.code, row.year, STATUS_WORDS[row.status], row.facts,
        row.reason or _dismissed(row, moves), row.scheme, leader.member_no if leader else "", row.until or "",
        row.branch.name, leader.name if leader else "", "；".join(row.proposed), row.formula,
        "、".join(named), row.evidence, told,
    ]  # fmt: skip


def _dismissed(row: WeakBranch, moves: Sequence[Transition]) -> str:
    return moves[-1].note if row.status is WeakStatus.DISMISSED and moves else ""


REGISTERS = (Register(REGISTER, "软弱涣散党组织", HEADINGS, take, rows, may, SHOWN, NOTE),)
