"""A branch's year: the mark by its formula, stars, what keeps them down, and what an officer should look at.

Everything here rates branches, never persons. Stars are a local arrangement (本区建议值, the central rules
know none), and nobody becomes 软弱涣散 by a computer: the list only proposes, 区委组织部 decides.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import audit, cycles
from handlers.accounts import require_person
from handlers.assessment_access import is_district_officer_over, officer_paths, require_officer
from handlers.assessment_content import Band, Terms, shown
from handlers.assessment_figures import rounded
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound
from handlers.lines import one_line
from models import Assessment, CycleKind, Downgrade, ItemMark, Organization, OrganizationKind, Role

D2 = "D2"
SECOND_STAR = 2
QUARTERS = 4
LARGEST_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Parts:
    """What a yearly mark is made of, in tenths; null where there is none. `batch` may stand for halves."""

    half_1: int | None = None
    half_2: int | None = None
    quarters: tuple[int, ...] = ()
    year: int | None = None
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class Year:
    """A branch's year. `mark` and `stars` are null while something is `missing`; `why`: a proposal's."""

    branch: Organization
    parts: Parts
    mark: int | None
    stars: int | None
    formula: str
    missing: tuple[str, ...] = ()
    downgrades: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


def yearly(parts: Parts, terms: Terms) -> tuple[int | None, str, tuple[str, ...]]:
    """The mark in tenths rounded half up once, its formula in words, and what is missing. Pure.

    年度得分＝第一次半年评估×35%＋第二次半年评估×35%＋四次季度检查平均×20%＋年度考核×10%; where the
    district doesn't assess a half-year, the line's own assessment stands in.
    """
    one, two = (half if half is not None else parts.batch for half in (parts.half_1, parts.half_2))
    names = {"第一次半年评估": one, "第二次半年评估": two, "年度考核": parts.year}
    missing = [name for name, value in names.items() if value is None]
    if len(parts.quarters) != QUARTERS:
        missing.append(f"季度检查（{QUARTERS} 次，现有 {len(parts.quarters)} 次）")
    if one is None or two is None or parts.year is None or len(parts.quarters) != QUARTERS:
        return None, "", tuple(missing)
    shares, count = terms.shares, len(parts.quarters)
    hundredfold = count * (one * shares.half_1 + two * shares.half_2 + parts.year * shares.year)
    mark = rounded(hundredfold + sum(parts.quarters) * shares.quarters, 100 * count)
    mean = "＋".join(shown(one) for one in parts.quarters)
    formula = (
        f"{shown(one)}×{shares.half_1}%＋{shown(two)}×{shares.half_2}%＋（{mean}）÷{count}×{shares.quarters}%"
        f"＋{shown(parts.year)}×{shares.year}%＝{mark / 10:.1f}"
    )
    return mark, formula, ()


def stars(mark: int, terms: Terms, downgrades: Sequence[str] = ()) -> int:
    """The stars of a mark, no more than its downgrades let it have. Pure."""
    most = [one.most for one in terms.downgrades if one.code in downgrades]
    return min([band(mark, terms).stars, *most])


def band(mark: int, terms: Terms) -> Band:
    """The band a mark lies in. Pure."""
    return next(one for one in terms.bands if mark >= one.least)


def proposals(stars_now: int | None, stars_before: int | None, downgrades: Sequence[str]) -> tuple[str, ...]:
    """Why a branch should be looked at as 软弱涣散: reasons for people to weigh, no finding. Pure."""
    found = []
    if stars_now == 1:
        found.append("本年度一星")
    if D2 in downgrades:
        found.append("有 D2 情形")
    if stars_now is not None and stars_now == stars_before == SECOND_STAR:
        found.append("连续两次二星")
    return tuple(found)


async def years(ctx: Context, *, year: int, below_id: int | None = None) -> list[Year]:
    """The year of all branches below an officer, in the order of codes.

    Raises:
        NotBound, NotAllowed, NotFound.
    """
    await require_person(ctx)
    paths = await officer_paths(ctx)
    if not paths:
        raise NotAllowed
    branches = Organization.filter(
        Q(*(Q(path__startswith=path) for path in paths), join_type=Q.OR), kind=OrganizationKind.BRANCH
    )
    if below_id is not None:
        top = await Organization.get_or_none(id=below_id)
        if top is None or not any(top.path.startswith(path) for path in paths):
            raise NotFound
        branches = branches.filter(path__startswith=top.path)
    rows = await branches.order_by("code").limit(LARGEST_PAGE)
    return await _years(ctx, rows, year)


async def year_of(ctx: Context, branch: Organization, year: int) -> Year:
    """One branch's year; who may see it is the caller's to check."""
    (found,) = await _years(ctx, [branch], year)
    return found


async def _years(ctx: Context, branches: Sequence[Organization], year: int) -> list[Year]:
    terms = cycles.current_book(ctx).terms
    ids = [branch.id for branch in branches]
    now, before = await _parts(ids, year), await _parts(ids, year - 1)
    noted = await _downgrades(ids, year)
    earlier, hints = await _downgrades(ids, year - 1), await _hints(ctx, ids, year)
    found = []
    for branch in branches:
        parts = now.get(branch.id, Parts())
        mark, formula, missing = yearly(parts, terms)
        codes = tuple(noted.get(branch.id, ()))
        held = stars(mark, terms, codes) if mark is not None else None
        last, _, _ = yearly(before.get(branch.id, Parts()), terms)
        held_before = stars(last, terms, earlier.get(branch.id, ())) if last is not None else None
        found.append(
            Year(
                branch, parts, mark, held, formula, missing, codes,
                tuple(one for one in hints.get(branch.id, ()) if one not in codes),
                proposals(held, held_before, codes),
            )
        )  # fmt: skip
    return found


async def _parts(branch_ids: Sequence[int], year: int) -> dict[int, Parts]:
    rows = Assessment.filter(branch_id__in=list(branch_ids), cycle__year=year, mark__isnull=False)
    by_branch: defaultdict[int, list[Assessment]] = defaultdict(list)
    for row in await rows.select_related("cycle__organization").order_by("id"):
        by_branch[row.branch_id].append(row)
    return {id_: parts(rows) for id_, rows in by_branch.items()}


def parts(rows: Sequence[Assessment]) -> Parts:
    """What a branch's assessments of one year are in its formula: the district's before a town's. Pure."""
    found: dict[tuple[CycleKind, int], tuple[int, int]] = {}
    for row in rows:
        key, depth = (row.cycle.kind, row.cycle.number), len(row.cycle.organization.path)
        if row.mark is not None and (key not in found or depth < found[key][0]):
            found[key] = (depth, row.mark)
    marks = {key: mark for key, (_, mark) in found.items()}
    batches = [mark for (kind, _), mark in sorted(marks.items()) if kind is CycleKind.BATCH]
    return Parts(
        marks.get((CycleKind.HALF_YEAR, 1)), marks.get((CycleKind.HALF_YEAR, 2)),
        tuple(mark for (kind, _), mark in sorted(marks.items()) if kind is CycleKind.QUARTER),
        marks.get((CycleKind.YEAR, 1)), batches[-1] if batches else None,
    )  # fmt: skip


async def note_downgrade(
    ctx: Context, *, branch_id: int, year: int, code: str, fact: str, evidence: str
) -> Downgrade:
    """Note what keeps a branch down (D1–D7), with fact and evidence; an officer of the district does.

    Raises:
        NotBound, NotAllowed, NotFound, BadInput.
    """
    person = await require_person(ctx)
    await require_officer(ctx, role=Role.DISTRICT_OFFICER)
    branch = await Organization.get_or_none(id=branch_id, kind=OrganizationKind.BRANCH)
    if branch is None:
        raise NotFound
    if not await is_district_officer_over(ctx, branch):
        raise NotAllowed
    if code not in {one.code for one in cycles.current_book(ctx).terms.downgrades}:
        raise BadInput(downgrade="没有这个降档事项，请从 D1 至 D7 中选")
    fact = one_line(fact, longest=500, field="fact")
    evidence = one_line(evidence, longest=500, field="evidence")
    try:
        async with in_transaction():
            row = await Downgrade.create(
                branch=branch, year=year, code=code, fact=fact, evidence=evidence,
                noted_by_id=person.id, noted_at=ctx.now(),
            )  # fmt: skip
            await audit.record(
                ctx, "downgrade.noted", f"downgrade:{row.id}", branch=branch.id, year=year, code=code
            )
    except IntegrityError:
        raise BadInput(downgrade="这一年已经记过这一项") from None
    return row


async def _downgrades(branch_ids: Sequence[int], year: int) -> Mapping[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in await Downgrade.filter(branch_id__in=list(branch_ids), year=year).order_by("code"):
        found[row.branch_id].append(row.code)
    return found


async def _hints(ctx: Context, branch_ids: Sequence[int], year: int) -> Mapping[int, list[str]]:
    """Downgrades that a mark of nothing points to; somebody has to look before one is noted."""
    items = {
        item.code: item.downgrade
        for sheet in cycles.current_book(ctx).sheets.values()
        for item in sheet.items
        if item.downgrade is not None
    }
    rows = ItemMark.filter(
        assessment__branch_id__in=list(branch_ids), assessment__cycle__year=year, item__in=list(items)
    ).select_related("assessment")  # fmt: skip
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in await rows.order_by("item"):
        code = items[row.item]
        if row.deducted == row.worth and code not in found[row.assessment.branch_id]:
            found[row.assessment.branch_id].append(code)
    return found
