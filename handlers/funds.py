"""The special fund (专项经费): a year's budget of an organization, and what became of it."""

from collections.abc import Sequence
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import access, audit
from handlers.access import OFFICERS, Reach
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound
from models import Fund, Organization
from models.organizations import SEGMENT

LARGEST = 10**12
"""Ten thousand million yuan in fen: no fund is larger, and sums stay far from any limit."""
FIRST_YEAR, LAST_YEAR = 2000, 2199


async def set_fund(
    ctx: Context, *, organization_id: int, year: int, budget: int, per_head: int, cap: int
) -> Fund:
    """Lay down a year's budget, what is given for each person present, and the most for one visit.

    Doing it again changes them. Claims that were sent keep the figures they were sent with.

    Raises:
        NotAllowed: the caller is no officer above that organization.
        BadInput: amounts that make no sense, or a budget below what was promised already.
    """
    await require_person(ctx)
    reached = await access.officer_reach(ctx)
    _check(year, budget, per_head, cap)
    organization = await Organization.get_or_none(id=organization_id)
    if organization is None:
        raise NotFound
    if reached is not None and not reached.covers_organization(organization):
        raise NotAllowed
    figures: dict[str, Any] = {"budget": budget, "per_head": per_head, "cap": cap}
    try:
        async with in_transaction():
            fund = await _write(organization, year, figures)
            await audit.record(ctx, "fund.set", f"fund:{fund.id}", year=year, **figures)
    except IntegrityError:  # Somebody else made it a moment ago.
        async with in_transaction():
            fund = await _write(organization, year, figures)
            await audit.record(ctx, "fund.set", f"fund:{fund.id}", year=year, **figures)
    return await Fund.get(id=fund.id).select_related("organization")


async def list_funds(ctx: Context, *, year: int | None = None) -> list[Fund]:
    """The funds of the organizations below an officer, and of those that pay for them; newest year first.

    Raises:
        NotAllowed: the caller is no officer.
    """
    reached = await officer(ctx)
    wanted = Fund.filter(_visible(reached))
    if year is not None:
        wanted = wanted.filter(year=year)
    return await wanted.order_by("-year", "organization__path").select_related("organization")


async def officer(ctx: Context) -> Reach:
    """What an officer reaches as an officer.

    Raises:
        NotBound, NotAllowed.
    """
    await require_person(ctx)
    reached = await access.officer_reach(ctx)
    if reached is None or not reached.roles & OFFICERS:
        raise NotAllowed
    return reached


async def fund_for(branch: Organization, year: int) -> Fund | None:
    """The fund that pays for a branch: that of the nearest organization above which has one."""
    above = ancestors(branch.path)
    funds = await Fund.filter(year=year, organization__path__in=above).select_related("organization")
    return max(funds, key=lambda fund: len(fund.organization.path), default=None)


def ancestors(path: str) -> list[str]:
    """The paths of an organization and of everything above it."""
    return [path[:end] for end in range(SEGMENT, len(path) + 1, SEGMENT)]


def _visible(reached: Reach) -> Q:
    tops: Sequence[str] = reached.organization_paths
    below = [Q(organization__path__startswith=top) for top in tops]
    above = [Q(organization__path__in=ancestors(top)) for top in tops]
    return Q(*below, *above, join_type=Q.OR)


async def _write(organization: Organization, year: int, figures: dict[str, Any]) -> Fund:
    """Change the fund if it is there, else make it; what was promised already stays covered."""
    fund = Fund.filter(organization_id=organization.id, year=year)
    if await fund.filter(committed__lte=figures["budget"]).update(**figures):
        return await fund.get()
    if await fund.exists():
        raise BadInput(budget="预算不能低于已经批准的金额")
    return await Fund.create(organization=organization, year=year, **figures)


def _check(year: int, budget: int, per_head: int, cap: int) -> None:
    wrong = {}
    if not FIRST_YEAR <= year <= LAST_YEAR:
        wrong["year"] = f"年份应在 {FIRST_YEAR} 至 {LAST_YEAR} 之间"
    if not 0 <= budget <= LARGEST:
        wrong["budget"] = "预算应是不小于 0 的整数，单位为分"
    if not 0 < per_head <= LARGEST:
        wrong["per_head"] = "人均标准应是大于 0 的整数，单位为分"
    if not 0 < cap <= LARGEST:
        wrong["cap"] = "单次上限应是大于 0 的整数，单位为分"
    if wrong:
        raise BadInput(**wrong)
