"""Assessments over HTTP: sheets, the visit with its offline log, review, feedback."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Annotated, Any

from pydantic import Field

from handlers import assessment_documents, assessment_stages, assessments, cycles, findings, observations
from handlers.assessment_content import SUGGESTED, Item, Sheet, cited
from handlers.assessments import Whole
from handlers.context import Context
from handlers.errors import NoFont, NotAllowed, NotBound, NotFound, NotYourBranch, WrongState
from handlers.findings import teaches
from handlers.observations import Kit, LineAnswer, Outcome
from miniprogram_api import findings as rounds
from miniprogram_api import views
from miniprogram_api.forms import LARGEST_ID, Form, PageQuery, Text, Written
from miniprogram_api.table import BOUND, BRANCH, LOGGED_IN, OFFICERS, File, Route
from miniprogram_api.views import Moment, OrganizationView, View
from models import Assessment, AssessmentStage

Tenths = Annotated[int, Field(ge=0, le=1000)]


class LinesForm(Form):
    """A phone's lines, in any order, sent as often as needed."""

    lines: list[dict[str, Any]] = Field(
        max_length=observations.LINES_AT_ONCE,
        description="每条 {id（UUID）, item, replaces（所改的各条的 id）, deducted（单位 0.1 分）, rule, fact, evidence, at}；扣减的必须写明依据、事实、佐证",
    )


class ReviewForm(Form):
    """What the leader decides where the two differ."""

    decided: dict[str, Tenths] = Field(
        default={}, description="项目编号 → 扣多少，单位 0.1 分；不写的取两人的中间值"
    )
    reason: Written = Field("", max_length=150, description="理由；两人相差超过规定时必填")


class AssessmentReasonForm(Form):
    """Why."""

    reason: Text = Field(max_length=200, description="理由，会留在办理经过里")


class RecuseForm(AssessmentReasonForm):
    """Who steps back, and why."""

    person_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="替谁提出回避；不写就是自己")


class AssessmentQuery(PageQuery):
    """Which assessments."""

    cycle_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="哪一次评估")
    stage: AssessmentStage | None = Field(None, description="环节")


class DeductionView(View):
    """One way in which less is given."""

    when: str
    less: int = Field(description="扣多少，单位 0.1 分；0 是视情")
    per: str = Field(description="each 每次、once 一次、all 本项 0 分、judged 视情")


class ItemView(View):
    """An item of a sheet."""

    code: str
    name: str
    worth: int = Field(description="分值，单位 0.1 分")
    look: list[str] = Field(description="看什么")
    deductions: list[DeductionView]
    rules: str = Field(description="依据")
    downgrade: str | None = Field(description="可能涉及的降档事项")
    teaches: dict[str, list[str]] = Field(description="学什么：案例、纪实模板、微课、知识条目的编号")


class SheetView(View):
    """A sheet. Its amounts are the district's suggestion."""

    code: str
    version: str
    name: str
    standing: str = Field(description="本区建议值：不是中央规定")
    items: list[ItemView]


class SheetsView(View):
    """All sheets in force."""

    items: list[SheetView]
    next: None = None


class AssessmentView(View):
    """One branch in one cycle."""

    id: int
    cycle_id: int
    cycle: str
    branch: OrganizationView
    stage: AssessmentStage
    stage_name: str
    sheet: str
    mark: int | None = Field(description="得多少，单位 0.1 分；复核后才有")
    due_at: Moment | None = Field(description="本环节的期限")
    delivered_at: Moment | None
    signed_at: Moment | None


class AssessmentsView(View):
    """A page of assessments, newest first."""

    items: list[AssessmentView]
    next: int | None


class ItemMarkView(View):
    """What an item got, in tenths."""

    item: str
    worth: int
    deducted: int
    recurred: bool = Field(description="销号后又出现的同类问题，加倍计算")


class ApartView(View):
    """What both assessors deducted for an item, in tenths."""

    item: str
    first: int
    second: int


class ObservationView(View):
    """Something that was written down."""

    id: str
    item: str
    deducted: int
    rule: str
    fact: str
    evidence: str
    made_at: Moment
    replaces: list[str]


class AssessmentMoveView(View):
    """A move from stage to stage."""

    before: AssessmentStage
    after: AssessmentStage
    reason: str
    at: Moment
    person_id: int | None


class DiffersView(View):
    """An item of which the branch had thought otherwise, in tenths."""

    item: str
    own: int = Field(description="支部自评扣多少")
    assessed: int
    note: str


class OwnWordView(View):
    """What a branch says of an item itself."""

    item: str
    deducted: int
    note: str


class WholeAssessmentView(AssessmentView):
    """An assessment with what may be shown to the caller."""

    marks: list[ItemMarkView]
    moves: list[AssessmentMoveView]
    findings: list[rounds.FindingView]
    apart: list[ApartView] = Field(description="只给评估组和上级看，两人都提交以后才有")
    observations: list[ObservationView]
    late: int = Field(description="提交以后才传上来、还没有计入的记录条数")
    own: list[DiffersView] = Field(description="支部自评与评估不一样的项目；自评不计入得分")


class BeforeView(View):
    """What was found here at another time."""

    item: str
    round: int
    status: str
    facts: list[str]


class KitView(AssessmentView):
    """What an assessor takes along for the day."""

    sheet_whole: SheetView
    sample: dict[str, list[str]] = Field(description="抽到的记录")
    interviews: list[str] = Field(description="抽到的访谈党员")
    before: list[BeforeView]
    mine: list[ObservationView]
    conflicts: list[list[str]] = Field(description="同一条改了两次的各个版本，请选定一个")
    handed_in: bool
    own: list[OwnWordView] = Field(description="支部自评，只供对照，不计入得分；支部没有提交的为空")


class UploadedLineView(View):
    """What became of a line."""

    id: str
    outcome: Outcome
    reason: str


class LinesView(View):
    """An answer to each line, in the order sent."""

    items: list[UploadedLineView]
    conflicts: list[list[str]]
    next: None = None


async def sheets(ctx: Context) -> SheetsView:
    """The sheets in force."""
    return SheetsView(items=[sheet_view(one) for one in cycles.current_book(ctx).sheets.values()])


async def index(ctx: Context, *, form: AssessmentQuery) -> AssessmentsView:
    """The caller's assessments."""
    page = await assessments.list_assessments(ctx, **dict(form))
    return AssessmentsView(items=[assessment_view(row) for row in page.items], next=page.next)


async def show(ctx: Context, *, assessment_id: int) -> WholeAssessmentView:
    """One assessment."""
    return whole_view(ctx, await assessments.get(ctx, assessment_id=assessment_id))


async def kit(ctx: Context, *, assessment_id: int) -> KitView:
    """What to take along."""
    return kit_view(await observations.kit(ctx, assessment_id=assessment_id))


async def upload(ctx: Context, *, assessment_id: int, form: LinesForm) -> LinesView:
    """Take lines."""
    answers = await observations.upload(ctx, assessment_id=assessment_id, lines=form.lines)
    taken = await observations.kit(ctx, assessment_id=assessment_id)
    return LinesView(
        items=[line_view(one) for one in answers], conflicts=[list(ids) for ids in taken.merged.conflicts]
    )


async def hand_in(ctx: Context, *, assessment_id: int) -> AssessmentView:
    """Hand in one's marks."""
    return assessment_view(await observations.hand_in(ctx, assessment_id=assessment_id))


async def recuse(ctx: Context, *, assessment_id: int, form: RecuseForm) -> AssessmentView:
    """Step back."""
    return assessment_view(
        await cycles.recuse(ctx, assessment_id=assessment_id, reason=form.reason, person_id=form.person_id)
    )


async def review(ctx: Context, *, assessment_id: int, form: ReviewForm) -> AssessmentView:
    """Find it right."""
    return assessment_view(
        await assessments.review(ctx, assessment_id=assessment_id, decided=form.decided, reason=form.reason)
    )


async def send_back(ctx: Context, *, assessment_id: int, form: AssessmentReasonForm) -> AssessmentView:
    """Return it to the assessors."""
    return assessment_view(await assessments.send_back(ctx, assessment_id=assessment_id, reason=form.reason))


async def deliver(ctx: Context, *, assessment_id: int) -> AssessmentView:
    """Hand it over."""
    return assessment_view(await assessments.deliver(ctx, assessment_id=assessment_id))


async def sign(ctx: Context, *, assessment_id: int) -> AssessmentView:
    """Sign it as read."""
    return assessment_view(await assessments.sign(ctx, assessment_id=assessment_id))


async def stop(ctx: Context, *, assessment_id: int, form: AssessmentReasonForm) -> AssessmentView:
    """End it without a result."""
    return assessment_view(await assessments.stop(ctx, assessment_id=assessment_id, reason=form.reason))


async def as_docx(ctx: Context, *, assessment_id: int) -> File:
    """The branch's report for Word."""
    report = await assessment_documents.branch_report(ctx, assessment_id=assessment_id)
    return File(f"{report.title}.docx", await assessment_documents.as_docx(report, at=ctx.now()))


async def as_pdf(ctx: Context, *, assessment_id: int) -> File:
    """The branch's report for printing."""
    report = await assessment_documents.branch_report(ctx, assessment_id=assessment_id)
    return File(f"{report.title}.pdf", await assessment_documents.as_pdf(report))


def item_view(item: Item) -> ItemView:
    """An item."""
    return ItemView(
        code=item.code, name=item.name, worth=item.worth, look=list(item.look),
        deductions=[DeductionView(when=one.when, less=one.less, per=one.per) for one in item.deductions],
        rules=cited(item.rules, item.also), downgrade=item.downgrade,
        teaches={kind: list(codes) for kind, codes in teaches(item).items()},
    )  # fmt: skip


def sheet_view(sheet: Sheet) -> SheetView:
    """A sheet."""
    return SheetView(
        code=sheet.code, version=sheet.version, name=sheet.name, standing=SUGGESTED,
        items=[item_view(item) for item in sheet.items],
    )  # fmt: skip


def _basics(row: Assessment) -> dict[str, Any]:
    return {
        "id": row.id, "cycle_id": row.cycle_id, "cycle": row.cycle.name, "branch": views.organization(row.branch),
        "stage": row.stage, "stage_name": assessment_stages.WORDS[row.stage], "sheet": row.sheet, "mark": row.mark,
        "due_at": row.due_at, "delivered_at": row.delivered_at, "signed_at": row.signed_at,
    }  # fmt: skip


def assessment_view(row: Assessment) -> AssessmentView:
    """An assessment."""
    return AssessmentView(**_basics(row))


def whole_view(ctx: Context, whole: Whole) -> WholeAssessmentView:
    """An assessment with everything."""
    return WholeAssessmentView(
        **_basics(whole.assessment),
        marks=[
            ItemMarkView(item=one.item, worth=one.worth, deducted=one.deducted, recurred=one.recurred)
            for one in whole.marks
        ],
        moves=[
            AssessmentMoveView(
                before=one.before, after=one.after, reason=one.reason, at=one.at, person_id=one.person_id
            )
            for one in whole.moves
        ],
        findings=[rounds.finding_view(ctx, one) for one in whole.rectifications],
        apart=[ApartView(item=one.item, first=one.first, second=one.second) for one in whole.apart],
        observations=[observation_view(one) for one in whole.observations],
        late=whole.late,
        own=[
            DiffersView(item=one.item, own=one.own, assessed=one.assessed, note=one.note) for one in whole.own
        ],
    )


def observation_view(row: Any) -> ObservationView:
    """An observation; whose it is, is not said."""
    names = ("id", "item", "deducted", "rule", "fact", "evidence", "made_at", "replaces")
    return ObservationView(**{name: getattr(row, name) for name in names})


def kit_view(found: Kit) -> KitView:
    """What an assessor takes along."""
    return KitView(
        **_basics(found.assessment),
        sheet_whole=sheet_view(found.sheet),
        sample=found.assessment.sample.get("records", {}),
        interviews=[person.name for person in found.interviews],
        before=[
            BeforeView(
                item=one.finding.item, round=one.round, status=findings.STATUS_WORDS[one.status],
                facts=[str(fault["fact"]) for fault in one.faults],
            )
            for one in found.before
        ],
        mine=[observation_view(one) for one in found.mine],
        conflicts=[list(ids) for ids in found.merged.conflicts],
        handed_in=found.handed_in,
        own=[
            OwnWordView(item=one.item, deducted=one.deducted, note=one.note) for one in found.own.values()
        ],
    )  # fmt: skip


def line_view(one: LineAnswer) -> UploadedLineView:
    """The answer to a line."""
    return UploadedLineView(id=one.id, outcome=one.outcome, reason=one.reason)


SEES = (NotBound, NotFound)
ACTS = (NotBound, NotFound, NotAllowed, WrongState)

# fmt: off
ROUTES = (
    Route("GET", "/assessments/sheets", sheets, LOGGED_IN, "评估表（本区建议值）", None, SheetsView),
    Route("GET", "/assessments", index, BOUND, "与我有关的评估，按先后排列", AssessmentQuery, AssessmentsView, refuses=(NotBound,)),
    Route("GET", "/assessments/{assessment_id}", show, BOUND, "一个党支部的评估", None, WholeAssessmentView, refuses=SEES),
    Route("GET", "/assessments/{assessment_id}/kit", kit, BOUND, "评估人下支部要带的：评估表、抽样、以前的问题、自己的记录", None, KitView, refuses=SEES),
    Route("POST", "/assessments/{assessment_id}/observations", upload, BOUND, "上传现场记录，可断网补传，任意次序", LinesForm, LinesView, refuses=(*SEES, WrongState), creates=True),
    Route("POST", "/assessments/{assessment_id}/hand-in", hand_in, BOUND, "评估人提交打分（两人各打各的）", None, AssessmentView, refuses=(*SEES, WrongState)),
    Route("POST", "/assessments/{assessment_id}/recuse", recuse, BOUND, "回避，由组里另一位同志接替", RecuseForm, AssessmentView, refuses=ACTS),
    Route("POST", "/assessments/{assessment_id}/review", review, BOUND, "组长复核，两人相差大的逐项定", ReviewForm, AssessmentView, refuses=ACTS),
    Route("POST", "/assessments/{assessment_id}/send-back", send_back, BOUND, "组长复核退回", AssessmentReasonForm, AssessmentView, refuses=ACTS),
    Route("POST", "/assessments/{assessment_id}/deliver", deliver, BOUND, "向党支部反馈结果", None, AssessmentView, refuses=ACTS),
    Route("POST", "/assessments/{assessment_id}/sign", sign, BRANCH, "党支部签收（签收不等于同意）", None, AssessmentView, refuses=(*SEES, NotYourBranch, WrongState)),
    Route("POST", "/assessments/{assessment_id}/stop", stop, OFFICERS, "中止评估（换届、撤并）", AssessmentReasonForm, AssessmentView, refuses=ACTS),
    Route("GET", "/assessments/{assessment_id}/report.docx", as_docx, BOUND, "一个党支部的评估报告，Word", refuses=SEES, media=assessment_documents.DOCX),
    Route("GET", "/assessments/{assessment_id}/report.pdf", as_pdf, BOUND, "一个党支部的评估报告，PDF", refuses=(*SEES, NoFont), media=assessment_documents.PDF),
)
# fmt: on
