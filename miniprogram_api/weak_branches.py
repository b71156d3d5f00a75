"""软弱涣散 lists over HTTP: proposed from the data, decided by people, taken off by others than who led."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date

from pydantic import Field

from handlers import registers, spreadsheets, weak_branches
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound, NotFound, OwnRectification, WrongState
from handlers.findings import STATUS_WORDS as FINDING_WORDS
from handlers.weak_branches import STATUS_WORDS, Case
from miniprogram_api import views
from miniprogram_api.forms import LARGEST_ID, Day, Form, PageQuery, Query, Text, Written
from miniprogram_api.table import BOUND, DISTRICT, OFFICERS, File, Route
from miniprogram_api.views import Moment, OrganizationView, View
from models import WeakBranch, WeakStatus


class WeakForm(Form):
    """Which branch is looked at."""

    branch_id: int = Field(ge=1, le=LARGEST_ID, description="哪个党支部")
    year: int = Field(ge=2000, le=2199, description="按哪一年的评估")
    facts: Written = Field(
        "", max_length=weak_branches.LONGEST_REASON, description="看到的情况；系统没有提名的必填"
    )


class WeakReasonForm(Form):
    """Why."""

    reason: Text = Field(max_length=weak_branches.LONGEST_REASON, description="理由，会留在经过里")


class WeakSchemeForm(Form):
    """一支部一方案."""

    scheme: Text = Field(max_length=weak_branches.LONGEST_SCHEME, description="整顿方案")
    led_by_id: int = Field(ge=1, le=LARGEST_ID, description="牵头人：本支部的同志或负责这里的上级同志")
    until: Day = Field(strict=False, description="整顿期满的日子，由本区定")
    finding_ids: list[int] = Field(
        default=[], max_length=weak_branches.MOST_FINDINGS, description="方案要解决的问题（finding_id）"
    )


class WeakEvidenceForm(Form):
    """What shows it."""

    evidence: Text = Field(max_length=weak_branches.LONGEST_EVIDENCE, description="佐证：哪份记录、哪一页")


class WeakQuery(PageQuery):
    """Which cases."""

    status: WeakStatus | None = Field(None, description="状态")


class WeakProposalQuery(Query):
    """Of which year."""

    year: int | None = Field(None, ge=2000, le=2199, description="哪一年，默认今年")


class WeakProposalView(View):
    """A branch that the data propose. Nobody has decided anything."""

    branch: OrganizationView
    why: list[str]
    formula: str = Field(description="按什么算出来的")


class WeakProposalsView(View):
    """All of them, in the order of codes."""

    items: list[WeakProposalView]
    next: None = None


class WeakView(View):
    """A case."""

    id: int
    branch: OrganizationView
    year: int
    status: WeakStatus
    status_name: str
    proposed: list[str]
    formula: str
    facts: str
    reason: str
    scheme: str
    led_by_id: int | None
    until: date | None
    evidence: str
    evidence_at: Moment | None
    accepted_at: Moment | None


class WeakMoveView(View):
    """A move of it."""

    became: WeakStatus
    note: str
    at: Moment
    person: str | None


class WeakFindingView(View):
    """A finding of its plan, as it stands now."""

    id: int = Field(description="最近一轮整改的编号，见 /findings")
    finding_id: int
    item: str
    status_name: str


class WeakCaseView(WeakView):
    """A case with everything."""

    findings: list[WeakFindingView]
    moves: list[WeakMoveView]


class WeakListView(View):
    """A page of cases, newest first."""

    items: list[WeakView]
    next: int | None


async def proposals(ctx: Context, *, form: WeakProposalQuery) -> WeakProposalsView:
    """What the data propose."""
    found = await weak_branches.proposals(ctx, year=form.year or ctx.now().year)
    return WeakProposalsView(
        items=[
            WeakProposalView(
                branch=views.organization(one.branch), why=list(one.why),
                formula=weak_branches.formula_of(one),
            )
            for one in found
        ]
    )  # fmt: skip


async def index(ctx: Context, *, form: WeakQuery) -> WeakListView:
    """The caller's cases."""
    page = await weak_branches.list_weak(ctx, **dict(form))
    return WeakListView(items=[weak_view(row) for row in page.items], next=page.next)


async def show(ctx: Context, *, weak_id: int) -> WeakCaseView:
    """One case."""
    return case_view(await weak_branches.get(ctx, weak_id=weak_id))


async def take_up(ctx: Context, *, form: WeakForm) -> WeakView:
    """Look at a branch."""
    return weak_view(await weak_branches.take_up(ctx, **dict(form)))


async def confirm(ctx: Context, *, weak_id: int, form: WeakReasonForm) -> WeakView:
    """It is one."""
    return weak_view(await weak_branches.confirm(ctx, weak_id=weak_id, reason=form.reason))


async def dismiss(ctx: Context, *, weak_id: int, form: WeakReasonForm) -> WeakView:
    """It isn't one."""
    return weak_view(await weak_branches.dismiss(ctx, weak_id=weak_id, reason=form.reason))


async def begin(ctx: Context, *, weak_id: int, form: WeakSchemeForm) -> WeakView:
    """Lay down what is done."""
    return weak_view(await weak_branches.begin(ctx, weak_id=weak_id, **dict(form)))


async def prove(ctx: Context, *, weak_id: int, form: WeakEvidenceForm) -> WeakView:
    """Ask for acceptance."""
    return weak_view(await weak_branches.prove(ctx, weak_id=weak_id, evidence=form.evidence))


async def accept(ctx: Context, *, weak_id: int, form: WeakReasonForm) -> WeakView:
    """Take it off the list."""
    return weak_view(await weak_branches.accept(ctx, weak_id=weak_id, note=form.reason))


async def send_back(ctx: Context, *, weak_id: int, form: WeakReasonForm) -> WeakView:
    """It goes on."""
    return weak_view(await weak_branches.send_back(ctx, weak_id=weak_id, reason=form.reason))


async def keep_up(ctx: Context, *, weak_id: int, form: WeakReasonForm) -> WeakView:
    """It stays right."""
    return weak_view(await weak_branches.keep_up(ctx, weak_id=weak_id, note=form.reason))


async def sheet(ctx: Context) -> File:
    """All cases as an Excel file."""
    return File("软弱涣散党组织.xlsx", await registers.export(ctx, name=weak_branches.REGISTER))


def weak_view(row: WeakBranch) -> WeakView:
    """A case."""
    return WeakView(**_basics(row))


def case_view(case: Case) -> WeakCaseView:
    """A case with everything."""
    return WeakCaseView(
        **_basics(case.row),
        findings=[
            WeakFindingView(
                id=one.id, finding_id=one.finding_id, item=one.finding.item,
                status_name=FINDING_WORDS[one.status],
            )
            for one in case.findings
        ],
        moves=[
            WeakMoveView(
                became=WeakStatus(one.became), note=one.note, at=one.at,
                person=one.person.name if one.person else None,
            )
            for one in case.moves
        ],
    )  # fmt: skip


def _basics(row: WeakBranch) -> dict[str, object]:
    names = (
        "id", "year", "status", "proposed", "formula", "facts", "reason", "scheme", "led_by_id", "until", "evidence",
        "evidence_at", "accepted_at",
    )  # fmt: skip
    same = {name: getattr(row, name) for name in names}
    return same | {"branch": views.organization(row.branch), "status_name": STATUS_WORDS[row.status]}


SEES = (NotBound, NotFound)
ACTS = (NotBound, NotAllowed, NotFound, WrongState)

# fmt: off
ROUTES = (
    Route("GET", "/weak-branch-proposals", proposals, OFFICERS, "软弱涣散研判建议：系统只提名，算法写明", WeakProposalQuery, WeakProposalsView, refuses=(NotBound, NotAllowed)),
    Route("GET", "/weak-branches", index, BOUND, "软弱涣散研判、认定和整顿", WeakQuery, WeakListView, refuses=(NotBound,)),
    Route("GET", "/weak-branch-sheet", sheet, OFFICERS, "导出软弱涣散名单", refuses=(NotBound, NotAllowed), media=spreadsheets.MEDIA),
    Route("POST", "/weak-branches", take_up, DISTRICT, "列入研判", WeakForm, WeakView, (201,), (NotBound, NotAllowed, NotFound), creates=True),
    Route("GET", "/weak-branches/{weak_id}", show, BOUND, "一个党支部的研判、整顿和经过", None, WeakCaseView, refuses=SEES),
    Route("POST", "/weak-branches/{weak_id}/confirm", confirm, DISTRICT, "认定（会商确定，写明理由）", WeakReasonForm, WeakView, refuses=ACTS),
    Route("POST", "/weak-branches/{weak_id}/dismiss", dismiss, DISTRICT, "不认定", WeakReasonForm, WeakView, refuses=ACTS),
    Route("POST", "/weak-branches/{weak_id}/begin", begin, OFFICERS, "一支部一方案，开始整顿", WeakSchemeForm, WeakView, refuses=ACTS),
    Route("POST", "/weak-branches/{weak_id}/prove", prove, BOUND, "提交佐证，申请验收", WeakEvidenceForm, WeakView, refuses=ACTS),
    Route("POST", "/weak-branches/{weak_id}/accept", accept, DISTRICT, "验收销号（不能验自己牵头的）", WeakReasonForm, WeakView, refuses=(*ACTS, OwnRectification, BadInput)),
    Route("POST", "/weak-branches/{weak_id}/return", send_back, DISTRICT, "验收退回，继续整顿", WeakReasonForm, WeakView, refuses=ACTS),
    Route("POST", "/weak-branches/{weak_id}/keep-up", keep_up, OFFICERS, "巩固", WeakReasonForm, WeakView, refuses=ACTS),
)
# fmt: on
