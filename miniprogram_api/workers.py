"""The registry of full-time party workers over HTTP: for officers, and one's own page of it."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from handlers import worker_rules, workers
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, NotFound, WrongState
from handlers.worker_rules import RuleWish
from handlers.workers import WorkerFacts, WorkerSummary, WorkerWhole
from miniprogram_api.forms import LARGEST_ID, Day, Form, Line, PageQuery, Text
from miniprogram_api.table import BOUND, DISTRICT, OFFICERS, Route
from miniprogram_api.views import Moment, View
from models import (
    FilingKind,
    FilingStatus,
    Placement,
    RotationStatus,
    Transition,
    WorkerCheck,
    WorkerCorrection,
    WorkerField,
    WorkerRule,
)

Word = Annotated[Line, Field(max_length=20)]
JsonDay = Annotated[Day, Field(strict=False)]
Check = Annotated[WorkerCheck, Field(strict=False)]


class WorkerQuery(PageQuery):
    """Which workers."""

    unit_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="只看一个单位")


class FactsForm(Form):
    """What the registry keeps beside the roster; what isn't given stays."""

    sex: Word | None = Field(None, description="男 或 女")
    nation: Word | None = Field(None, description="民族")
    education: Word | None = Field(None, description="学历，从维护的名单里选")
    joined_on: JsonDay | None = Field(None, description="入党时间")
    full_on: JsonDay | None = Field(None, description="转正时间，党龄从这一天算起")
    id_no: Word | None = Field(None, description="公民身份号码，加密保存，只显示首尾")


class QualificationForm(Form):
    """One qualification as the district keeps it."""

    check: Check = Field(description="看什么：full_member、education、oldest（周岁）、party_years")
    value: Annotated[str, Field(max_length=20)] = Field("", description="学历，或整数年")
    field: Annotated[str, Field(max_length=16)] = Field("", description="只用于哪个领域；空为全部")
    note: Annotated[str, Field(max_length=200)] = Field("", description="依据，以办法为准")


class QualificationsForm(Form):
    """The whole list, replacing the one before."""

    rules: list[QualificationForm] = Field(max_length=40, description="资格条件，以办法为准")


class WorkerCorrectionForm(Form):
    """What is wrong in one's own row."""

    text: Text = Field(max_length=300, description="哪里不对，应该是什么")


class AnswerForm(Form):
    """What was done about it."""

    answer: Text = Field(max_length=300, description="怎样处理的")


class MoveView(View):
    """A move from one state to the next."""

    at: Moment
    by: str = Field(description="谁办的；系统办的为空")
    was: str
    became: str
    note: str


class UnitView(View):
    """A party organization, by its name."""

    id: int
    name: str


class PlacementView(View):
    """Time on a post."""

    id: int
    unit: UnitView
    field: WorkerField
    post: str
    full_time: bool = Field(description="专职为 true")
    staffing: str = Field(description="编制性质")
    starts_on: date
    term_until: date | None
    ended_on: date | None
    duties: list[str]
    branches: list[str] = Field(description="联系支部")


class WorkerView(View):
    """A worker in the list."""

    id: int
    person_id: int
    name: str
    filing_no: str | None = Field(description="备案编号")
    party_age: int | None = Field(description="党龄，整年，自转正日起")
    unmet: list[str] = Field(description="看不出符合的资格条件，以办法为准")
    placements: list[PlacementView]
    filing: FilingStatus | None = Field(description="正在办的备案")


class WorkersView(View):
    """A page of the list."""

    items: list[WorkerView]
    next: int | None


class FilingBriefView(View):
    """One of a worker's filings."""

    id: int
    kind: FilingKind
    status: FilingStatus
    effective_on: date
    reason: str
    document_no: str


class WorkerWholeView(View):
    """One worker with everything that hangs on the row."""

    worker: WorkerView
    sex: str
    nation: str
    education: str
    joined_on: date | None
    full_on: date | None
    id_no: str = Field(description="只显示首尾")
    history: list[PlacementView]
    filings: list[FilingBriefView]


class OwnTrainingView(View):
    """A class one is enrolled in."""

    training_id: int
    code: str
    topic: str
    place: str
    starts_at: Moment
    status: str
    completed: bool | None


class OwnRecordView(View):
    """The hours of a class one attended."""

    training_id: int
    topic: str
    held_on: date
    hours: int = Field(description="学时")
    completed: bool


class OwnRotationView(View):
    """One's rotation."""

    id: int
    month: date
    status: RotationStatus
    mentor: str
    log: str


class CorrectionView(View):
    """What a worker said is wrong, and what came of it."""

    id: int
    name: str
    text: str
    answer: str
    created_at: Moment
    answered_at: Moment | None


class CorrectionsView(View):
    """What waits; the list has one page."""

    items: list[CorrectionView]
    next: None = None


class OwnWorkerView(View):
    """What the registry holds of the caller."""

    worker: WorkerWholeView | None
    trainings: list[OwnTrainingView]
    records: list[OwnRecordView]
    rotations: list[OwnRotationView]
    corrections: list[CorrectionView]


class QualificationView(View):
    """One qualification."""

    check: WorkerCheck
    value: str
    field: str
    note: str


class QualificationsView(View):
    """The qualifications in force; 以办法为准."""

    items: list[QualificationView]
    next: None = None


async def index(ctx: Context, *, form: WorkerQuery) -> WorkersView:
    """The workers of the caller's units."""
    page = await workers.list_workers(ctx, unit_id=form.unit_id, cursor=form.cursor, limit=form.limit)
    return WorkersView(items=[brief(one, {}) for one in page.items], next=page.next)


async def show(ctx: Context, *, worker_id: int) -> WorkerWholeView:
    """One worker."""
    return whole(await workers.get_worker(ctx, worker_id=worker_id))


async def keep(ctx: Context, *, worker_id: int, form: FactsForm) -> WorkerWholeView:
    """Keep what is given."""
    return whole(await workers.keep_facts(ctx, worker_id=worker_id, facts=facts(form)))


async def mine(ctx: Context) -> OwnWorkerView:
    """The caller's own."""
    page = await workers.mine(ctx)
    return OwnWorkerView(
        worker=whole(page.whole) if page.whole is not None else None,
        trainings=[
            OwnTrainingView(
                training_id=one.training_id, code=one.training.code, topic=one.training.topic,
                place=one.training.place, starts_at=one.training.starts_at, status=one.enrolment.status,
                completed=one.completed,
            )
            for one in page.trainees
        ],
        records=[
            OwnRecordView(
                training_id=one.training_id, topic=one.training.topic, hours=one.hours,
                held_on=one.training.starts_at.astimezone(ctx.settings.zone).date(), completed=one.completed,
            )
            for one in page.records
        ],
        rotations=[
            OwnRotationView(
                id=one.id, month=one.month, status=one.status, log=one.log,
                mentor=one.mentor.name if one.mentor is not None else "",
            )
            for one in page.rotations
        ],
        corrections=[correction(one, name="") for one in page.corrections],
    )  # fmt: skip


async def ask_correction(ctx: Context, *, form: WorkerCorrectionForm) -> CorrectionView:
    """Say what is wrong."""
    return correction(await workers.ask_correction(ctx, text=form.text), name="")


async def corrections(ctx: Context) -> CorrectionsView:
    """What waits to be put right."""
    rows = await workers.corrections(ctx)
    return CorrectionsView(items=[correction(row, name=row.worker.person.name) for row in rows])


async def answer_correction(ctx: Context, *, correction_id: int, form: AnswerForm) -> CorrectionView:
    """Say what was done."""
    row = await workers.answer_correction(ctx, correction_id=correction_id, answer=form.answer)
    return correction(row, name=row.worker.person.name)


async def rules(ctx: Context) -> QualificationsView:
    """The qualifications."""
    return kept_rules(await worker_rules.kept(ctx))


async def keep_rules(ctx: Context, *, form: QualificationsForm) -> QualificationsView:
    """Replace them."""
    wishes = [RuleWish(one.check, one.value, one.field, one.note) for one in form.rules]
    return kept_rules(await worker_rules.keep(ctx, wishes=wishes))


def kept_rules(rows: Sequence[WorkerRule]) -> QualificationsView:
    """The qualifications as they are shown."""
    return QualificationsView(
        items=[
            QualificationView(check=row.check, value=row.value, field=row.field, note=row.note)
            for row in rows
        ]
    )


def facts(form: FactsForm) -> WorkerFacts:
    """The form as the use-case knows it."""
    return WorkerFacts(**dict(form))


def moved(rows: Sequence[Transition]) -> list[MoveView]:
    """All moves of a thing, oldest first."""
    return [
        MoveView(
            at=row.at, by=row.person.name if row.person is not None else "", was=row.was, became=row.became,
            note=row.note,
        )
        for row in rows
    ]  # fmt: skip


def placed(row: Placement, branches: dict[int, str]) -> PlacementView:
    """Time on a post; branches without a name are left out."""
    return PlacementView(
        id=row.id, unit=UnitView(id=row.unit.id, name=row.unit.name), field=row.field, post=row.post,
        full_time=row.full_time, staffing=row.staffing, starts_on=row.starts_on, term_until=row.term_until,
        ended_on=row.ended_on, duties=row.duties,
        branches=[branches[id_] for id_ in row.branch_ids if id_ in branches],
    )  # fmt: skip


def brief(one: WorkerSummary, branches: dict[int, str]) -> WorkerView:
    """A worker in the list."""
    return WorkerView(
        id=one.worker.id, person_id=one.person.id, name=one.person.name, filing_no=one.worker.filing_no,
        party_age=one.party_age, unmet=one.unmet,
        placements=[placed(row, branches) for row in one.placements],
        filing=one.filing.status if one.filing is not None else None,
    )  # fmt: skip


def whole(one: WorkerWhole) -> WorkerWholeView:
    """One worker."""
    row = one.summary.worker
    return WorkerWholeView(
        worker=brief(one.summary, one.branches), sex=row.sex, nation=row.nation, education=row.education,
        joined_on=row.joined_on, full_on=row.full_on, id_no=one.id_no,
        history=[placed(placement, one.branches) for placement in one.history],
        filings=[
            FilingBriefView(
                id=filing.id, kind=filing.kind, status=filing.status, effective_on=filing.effective_on,
                reason=filing.reason, document_no=filing.document_no,
            )
            for filing in one.filings
        ],
    )  # fmt: skip


def correction(row: WorkerCorrection, *, name: str) -> CorrectionView:
    """A correction; `name` for officers."""
    return CorrectionView(
        id=row.id, name=name, text=row.text, answer=row.answer, created_at=row.created_at,
        answered_at=row.answered_at,
    )  # fmt: skip


OFFICE = (NotBound, NotAllowed)

# fmt: off
ROUTES = (
    Route("GET", "/workers", index, OFFICERS, "专职党务工作者台账", WorkerQuery, WorkersView, refuses=OFFICE),
    Route("GET", "/workers/corrections", corrections, OFFICERS, "本人提出的更正，等待处理", None, CorrectionsView, refuses=OFFICE),
    Route("POST", "/workers/corrections/{correction_id}/answer", answer_correction, OFFICERS, "答复本人提出的更正", AnswerForm, CorrectionView, refuses=(*OFFICE, WrongState)),
    Route("GET", "/workers/rules", rules, OFFICERS, "资格条件（以办法为准）", None, QualificationsView, refuses=OFFICE),
    Route("PUT", "/workers/rules", keep_rules, DISTRICT, "维护资格条件（以办法为准）", QualificationsForm, QualificationsView, refuses=OFFICE),
    Route("GET", "/workers/{worker_id}", show, OFFICERS, "一位专职党务工作者", None, WorkerWholeView, refuses=OFFICE),
    Route("PUT", "/workers/{worker_id}", keep, OFFICERS, "登记名册以外的信息", FactsForm, WorkerWholeView, refuses=OFFICE),
    Route("GET", "/me/worker", mine, BOUND, "我的登记、培训、轮训和备案", None, OwnWorkerView, refuses=(NotBound,)),
    Route("POST", "/me/worker/corrections", ask_correction, BOUND, "我的登记有错，请更正", WorkerCorrectionForm, CorrectionView, (201,), refuses=(NotBound, NotFound), creates=True),
)
# fmt: on
