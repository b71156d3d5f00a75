"""处理措施 over HTTP: notices to units, step by step, seen by the few who may."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date
from typing import Annotated

from pydantic import Field

from handlers import measures, worker_terms
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, OwnFiling, WrongState
from miniprogram_api.filings import Id
from miniprogram_api.forms import Form, PageQuery, Text
from miniprogram_api.table import DISTRICT, OFFICERS, Route
from miniprogram_api.views import Moment, View
from miniprogram_api.workers import JsonDay, MoveView, UnitView, moved
from models import Measure, MeasureIssue, MeasureKind, MeasureStatus, Role

Issue = Annotated[MeasureIssue, Field(strict=False)]
Kind = Annotated[MeasureKind, Field(strict=False)]
Saying = Annotated[Text, Field(max_length=600)]
MaybeSaying = Annotated[str, Field(max_length=600)]


class LeadForm(Form):
    """A lead about a unit."""

    unit_id: Id = Field(description="哪个单位")
    issue: Issue = Field(description="unfiled_change、understaffed、poor_work、lax_supervision")
    facts: Saying = Field(description="事实，只写单位的事")


class VerifyForm(Form):
    """What looking into it has shown."""

    holds: bool = Field(description="经核实是否成立")
    note: Saying = Field(description="怎样核实的")


class SayingForm(Form):
    """The unit's word."""

    text: Saying = Field(description="说明，或者整改情况")


class ProposalForm(Form):
    """What is proposed: kinds that the district's rules name, and no others."""

    kinds: list[Kind] = Field(min_length=1, max_length=4, description="处理种类，只有办法列出的四种")
    reason: Saying = Field(description="理由")
    until: JsonDay | None = Field(None, description="取消评先评优资格的期限")
    scope: Annotated[str, Field(max_length=200)] = Field("", description="取消评先评优资格的范围")


class DecisionForm(Form):
    """As proposed, or back."""

    agrees: bool = Field(description="同意建议，或退回组织科")
    note: MaybeSaying = Field("", description="意见；退回必填")


class NoteForm(Form):
    """A word with it."""

    note: MaybeSaying = Field("", description="说明，可不填")


class MeasureView(View):
    """A lead about a unit and what came of it."""

    id: int
    unit: UnitView
    issue: MeasureIssue
    issue_name: str
    status: MeasureStatus
    status_name: str
    facts: str
    by_system: bool = Field(description="系统发现的线索，须人工核实")
    explanation: str
    explain_until: date | None
    kinds: list[MeasureKind]
    kind_names: list[str]
    until: date | None
    scope: str
    rectification: str
    created_at: Moment


class MeasuresView(View):
    """A page of them."""

    items: list[MeasureView]
    next: int | None


class MeasureWholeView(View):
    """One with all its moves."""

    measure: MeasureView
    moves: list[MoveView]


async def create(ctx: Context, *, form: LeadForm) -> MeasureView:
    """Write a lead down."""
    return shown(await measures.report(ctx, unit_id=form.unit_id, issue=form.issue, facts=form.facts))


async def index(ctx: Context, *, form: PageQuery) -> MeasuresView:
    """What the caller may see."""
    page = await measures.list_measures(ctx, cursor=form.cursor, limit=form.limit)
    return MeasuresView(items=[shown(row) for row in page.items], next=page.next)


async def show(ctx: Context, *, measure_id: int) -> MeasureWholeView:
    """One of them."""
    row, moves = await measures.get_measure(ctx, measure_id=measure_id)
    return MeasureWholeView(measure=shown(row), moves=moved(moves))


async def verify(ctx: Context, *, measure_id: int, form: VerifyForm) -> MeasureView:
    """It holds, or it doesn't."""
    return shown(await measures.verify(ctx, measure_id=measure_id, holds=form.holds, note=form.note))


async def explain(ctx: Context, *, measure_id: int, form: SayingForm) -> MeasureView:
    """The unit's word."""
    return shown(await measures.explain(ctx, measure_id=measure_id, text=form.text))


async def propose(ctx: Context, *, measure_id: int, form: ProposalForm) -> MeasureView:
    """The section's proposal."""
    row = await measures.propose(
        ctx, measure_id=measure_id, kinds=form.kinds, reason=form.reason, until=form.until, scope=form.scope
    )
    return shown(row)


async def decide(ctx: Context, *, measure_id: int, form: DecisionForm) -> MeasureView:
    """The decision."""
    return shown(await measures.decide(ctx, measure_id=measure_id, agrees=form.agrees, note=form.note))


async def deliver(ctx: Context, *, measure_id: int, form: NoteForm) -> MeasureView:
    """Given to the unit."""
    return shown(await measures.deliver(ctx, measure_id=measure_id, note=form.note))


async def rectify(ctx: Context, *, measure_id: int, form: SayingForm) -> MeasureView:
    """What was put right."""
    return shown(await measures.rectify(ctx, measure_id=measure_id, text=form.text))


async def lift(ctx: Context, *, measure_id: int, form: NoteForm) -> MeasureView:
    """Lifted."""
    return shown(await measures.lift(ctx, measure_id=measure_id, note=form.note))


def shown(row: Measure) -> MeasureView:
    """One of them."""
    return MeasureView(
        id=row.id, unit=UnitView(id=row.unit.id, name=row.unit.name), issue=row.issue,
        issue_name=worker_terms.name("issues", row.issue), status=row.status,
        status_name=measures.STATUS_WORDS[row.status], facts=row.facts, by_system=row.by_system,
        explanation=row.explanation, explain_until=row.explain_until, kinds=row.kinds,
        kind_names=[worker_terms.name("measures", kind) for kind in row.kinds], until=row.until,
        scope=row.scope, rectification=row.rectification, created_at=row.created_at,
    )  # fmt: skip


OFFICE = (NotBound, NotAllowed, WrongState)
TOWN = frozenset({Role.TOWN_OFFICER.value})
"""A unit's own officers: the district doesn't explain itself to itself."""

# fmt: off
ROUTES = (
    Route("POST", "/measures", create, DISTRICT, "登记一条关于单位的线索", LeadForm, MeasureView, (201,), (NotBound, NotAllowed), creates=True),
    Route("GET", "/measures", index, OFFICERS, "线索和处理，只给区级和本单位看", PageQuery, MeasuresView, refuses=(NotBound, NotAllowed)),
    Route("GET", "/measures/{measure_id}", show, OFFICERS, "一件处理和它的经过", None, MeasureWholeView, refuses=(NotBound, NotAllowed)),
    Route("POST", "/measures/{measure_id}/verify", verify, DISTRICT, "人工核实线索", VerifyForm, MeasureView, refuses=OFFICE),
    Route("POST", "/measures/{measure_id}/explain", explain, TOWN, "单位说明情况", SayingForm, MeasureView, refuses=OFFICE),
    Route("POST", "/measures/{measure_id}/propose", propose, DISTRICT, "组织科提出建议", ProposalForm, MeasureView, refuses=OFFICE),
    Route("POST", "/measures/{measure_id}/decide", decide, DISTRICT, "审定", DecisionForm, MeasureView, refuses=(*OFFICE, OwnFiling)),
    Route("POST", "/measures/{measure_id}/deliver", deliver, DISTRICT, "送达单位", NoteForm, MeasureView, refuses=OFFICE),
    Route("POST", "/measures/{measure_id}/rectify", rectify, TOWN, "单位报整改情况", SayingForm, MeasureView, refuses=OFFICE),
    Route("POST", "/measures/{measure_id}/lift", lift, DISTRICT, "解除", NoteForm, MeasureView, refuses=OFFICE),
)
# fmt: on
