"""Findings and how they are put right, over HTTP: 问题整改 and 成效验收."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Any

from pydantic import Field

from handlers import finding_register, findings, spreadsheets
from handlers.context import Context
from handlers.errors import (
    BadInput,
    NotAllowed,
    NotBound,
    NotFound,
    OwnRectification,
    TooLateToObject,
    WrongState,
)
from handlers.findings import Due
from miniprogram_api import views
from miniprogram_api.forms import LARGEST_ID, Form, PageQuery, Text
from miniprogram_api.table import BOUND, OFFICERS, File, Route
from miniprogram_api.views import Moment, OrganizationView, View
from models import Rectification, RectificationKind, RectificationStatus


class PlanForm(Form):
    """How it is put right."""

    measure: Text = Field(max_length=300, description="整改措施")
    kind: RectificationKind = Field(
        strict=False, description="at_once 立行立改、limited 限期整改、lasting 长期坚持；期限由此算出"
    )
    owner_id: int | None = Field(
        None, ge=1, le=LARGEST_ID, description="责任人（本支部的同志），默认是签收人"
    )


class EvidenceForm(Form):
    """What shows it."""

    evidence: Text = Field(max_length=1000, description="佐证：哪份记录、哪一页，写文字就行")


class ReturnForm(Form):
    """Why it isn't accepted, or what is needed."""

    reason: Text = Field(max_length=300, description="原因，会告诉对方")


class ObjectionForm(Form):
    """Why the branch doesn't agree."""

    text: Text = Field(max_length=500, description="不同意的理由")


class ObjectionAnswerForm(ObjectionForm):
    """The answer."""

    upheld: bool = Field(description="申诉是否成立；成立的不再扣分")


class FindingQuery(PageQuery):
    """Which findings."""

    status: RectificationStatus | None = Field(None, description="状态")
    due: Due | None = Field(None, description="overdue 已到期、soon 三日内到期，按期限排列")


class FaultView(View):
    """What was wrong, by which rule, and what shows it."""

    rule: str
    fact: str
    evidence: str


class FindingView(View):
    """A finding in its present round."""

    id: int
    finding_id: int
    round: int = Field(description="第几次发现")
    assessment_id: int
    branch: OrganizationView
    item: str
    item_name: str
    deducted: int = Field(description="扣了多少，单位 0.1 分")
    faults: list[FaultView]
    status: RectificationStatus
    status_name: str
    kind: RectificationKind
    owner_id: int | None
    owner_name: str | None
    measure: str
    due_at: Moment | None
    overdue_days: int | None = Field(description="过了期限几日，不满一日算 0；没有过期为空")
    trained_at: Moment | None
    evidence: str
    evidence_at: Moment | None
    accept_due_at: Moment | None
    closed_at: Moment | None
    reason: str
    objection: str
    objection_due_at: Moment | None
    objection_answer: str
    teaches: dict[str, list[str]] = Field(description="学什么：案例、纪实模板、微课、知识条目的编号")


class FindingsView(View):
    """A page of findings."""

    items: list[FindingView]
    next: int | None


class ChainView(View):
    """All rounds of a finding, the first one first."""

    items: list[FindingView]
    next: None = None


async def index(ctx: Context, *, form: FindingQuery) -> FindingsView:
    """The caller's findings."""
    page = await findings.list_findings(ctx, **dict(form))
    return FindingsView(items=[finding_view(ctx, row) for row in page.items], next=page.next)


async def sheet(ctx: Context) -> File:
    """The caller's ledger as an Excel file."""
    return File("整改台账.xlsx", await finding_register.export(ctx))


async def show(ctx: Context, *, finding_id: int) -> FindingView:
    """One finding."""
    return finding_view(ctx, await findings.find(ctx, finding_id))


async def chain(ctx: Context, *, finding_id: int) -> ChainView:
    """How often it was found."""
    row = await findings.find(ctx, finding_id)
    return ChainView(items=[finding_view(ctx, one) for one in await findings.chain(row)])


async def plan(ctx: Context, *, finding_id: int, form: PlanForm) -> FindingView:
    """Say how it is put right."""
    return finding_view(ctx, await findings.plan(ctx, finding_id=finding_id, **dict(form)))


async def train(ctx: Context, *, finding_id: int) -> FindingView:
    """Training is done."""
    return finding_view(ctx, await findings.train(ctx, finding_id=finding_id))


async def prove(ctx: Context, *, finding_id: int, form: EvidenceForm) -> FindingView:
    """Ask for acceptance."""
    return finding_view(ctx, await findings.prove(ctx, finding_id=finding_id, evidence=form.evidence))


async def ask_for_help(ctx: Context, *, finding_id: int, form: ReturnForm) -> FindingView:
    """Say that it can't be done alone."""
    return finding_view(ctx, await findings.ask_for_help(ctx, finding_id=finding_id, reason=form.reason))


async def accept(ctx: Context, *, finding_id: int) -> FindingView:
    """Accept it."""
    return finding_view(ctx, await findings.accept(ctx, finding_id=finding_id))


async def send_back(ctx: Context, *, finding_id: int, form: ReturnForm) -> FindingView:
    """Don't accept it."""
    return finding_view(ctx, await findings.send_back(ctx, finding_id=finding_id, reason=form.reason))


async def object_to(ctx: Context, *, finding_id: int, form: ObjectionForm) -> FindingView:
    """Object."""
    return finding_view(ctx, await findings.object_to(ctx, finding_id=finding_id, text=form.text))


async def answer_objection(ctx: Context, *, finding_id: int, form: ObjectionAnswerForm) -> FindingView:
    """Answer an objection."""
    return finding_view(
        ctx, await findings.answer_objection(ctx, finding_id=finding_id, upheld=form.upheld, text=form.text)
    )


def finding_view(ctx: Context, row: Rectification) -> FindingView:
    """A finding."""
    late, item = findings.overdue_by(row, ctx.now()), findings.item_of(row)
    same: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "id", "finding_id", "round", "assessment_id", "deducted", "status", "kind", "owner_id", "measure", "due_at",
            "trained_at", "evidence", "evidence_at", "accept_due_at", "closed_at", "reason", "objection",
            "objection_due_at", "objection_answer",
        )
    }  # fmt: skip
    return FindingView(
        **same, branch=views.organization(row.finding.branch), item=row.finding.item, item_name=item.name,
        faults=[FaultView(**one) for one in row.faults], status_name=findings.STATUS_WORDS[row.status],
        owner_name=row.owner.name if row.owner is not None else None,
        overdue_days=late.days if late is not None else None,
        teaches={kind: list(codes) for kind, codes in findings.teaches(item).items()},
    )  # fmt: skip


ACTS = (NotBound, NotFound, NotAllowed, WrongState)

# fmt: off
ROUTES = (
    Route("GET", "/findings", index, BOUND, "问题台账，可只看到期的", FindingQuery, FindingsView, refuses=(NotBound,)),
    Route("GET", "/finding-sheet", sheet, BOUND, "导出整改台账", refuses=(NotBound,), media=spreadsheets.MEDIA),
    Route("GET", "/findings/{finding_id}", show, BOUND, "一个问题", None, FindingView, refuses=(NotBound, NotFound)),
    Route("GET", "/findings/{finding_id}/chain", chain, BOUND, "同一个问题的历次发现和整改", None, ChainView, refuses=(NotBound, NotFound)),
    Route("POST", "/findings/{finding_id}/plan", plan, BOUND, "定责任人、措施和期限", PlanForm, FindingView, refuses=ACTS),
    Route("POST", "/findings/{finding_id}/train", train, BOUND, "对着建议学过了", None, FindingView, refuses=ACTS),
    Route("POST", "/findings/{finding_id}/prove", prove, BOUND, "提交佐证，申请销号", EvidenceForm, FindingView, refuses=ACTS),
    Route("POST", "/findings/{finding_id}/help", ask_for_help, BOUND, "需要上级协调", ReturnForm, FindingView, refuses=ACTS),
    Route("POST", "/findings/{finding_id}/objection", object_to, BOUND, "对扣减提出异议", ObjectionForm, FindingView, refuses=(*ACTS, TooLateToObject)),
    Route("POST", "/findings/{finding_id}/objection/answer", answer_objection, OFFICERS, "答复异议", ObjectionAnswerForm, FindingView, refuses=(*ACTS, OwnRectification)),
    Route("POST", "/findings/{finding_id}/accept", accept, OFFICERS, "验收通过（镇街先验，区级抽验；不能验自己经手的）", None, FindingView, refuses=(*ACTS, OwnRectification, BadInput)),
    Route("POST", "/findings/{finding_id}/return", send_back, OFFICERS, "验收退回", ReturnForm, FindingView, refuses=(*ACTS, OwnRectification)),
)
# fmt: on
