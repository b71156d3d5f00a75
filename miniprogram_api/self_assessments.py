"""支部自评 over HTTP: a branch looks at itself first; nobody has to, and it counts for nothing."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from pydantic import BaseModel, ConfigDict, Field

from handlers import self_assessments
from handlers.context import Context
from handlers.errors import NotBound, NotFound, WrongState
from handlers.self_assessments import Line, Own, Word
from miniprogram_api import assessments
from miniprogram_api.assessments import AssessmentView, ItemView, Tenths
from miniprogram_api.forms import Form, Written
from miniprogram_api.table import BOUND, Route
from miniprogram_api.views import Moment, View


class OwnMark(BaseModel):
    """What the branch says of one item."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    item: str = Field(max_length=3, description="项目编号，如 A03")
    deducted: Tenths = Field(description="自己认为该扣多少，单位 0.1 分")
    note: Written = Field("", max_length=self_assessments.LONGEST_NOTE, description="说明，可不填")


class OwnWordsForm(Form):
    """Any of the items."""

    marks: list[OwnMark] = Field(max_length=60, description="只写要改的项目，其余不变")


class OwnMarkView(View):
    """What the branch says, or said, of an item."""

    deducted: int
    note: str
    taken: bool = Field(description="沿用上一次的")


class OwnLineView(ItemView):
    """An item with what is known of it."""

    known: list[str] = Field(description="系统里已经有的：记录、活动、人员，不用再填")
    said: OwnMarkView | None
    before: OwnMarkView | None = Field(description="上一次自评怎么说的")


class OwnView(View):
    """A branch's look at itself. It never counts."""

    id: int = Field(description="评估的编号")
    cycle: str
    branch: str
    may_write: bool = Field(description="评估人开始记录以后不能再改")
    handed_in_at: Moment | None = Field(description="提交给评估人看的时间；不提交也可以")
    items: list[OwnLineView]


class OpenOnesView(View):
    """Assessments that the branch may look at first."""

    items: list[AssessmentView]
    next: None = None


async def index(ctx: Context) -> OpenOnesView:
    """What the branch may look at first."""
    rows = await self_assessments.open_ones(ctx)
    return OpenOnesView(items=[assessments.assessment_view(row) for row in rows])


async def show(ctx: Context, *, assessment_id: int) -> OwnView:
    """The branch's own sheet."""
    return own_view(await self_assessments.look(ctx, assessment_id=assessment_id))


async def save(ctx: Context, *, assessment_id: int, form: OwnWordsForm) -> OwnView:
    """Keep some of it."""
    words = {one.item: Word(one.deducted, one.note) for one in form.marks}
    return own_view(await self_assessments.save(ctx, assessment_id=assessment_id, words=words))


async def take_last(ctx: Context, *, assessment_id: int) -> OwnView:
    """Nothing else has changed."""
    return own_view(await self_assessments.take_last(ctx, assessment_id=assessment_id))


async def hand_in(ctx: Context, *, assessment_id: int) -> OwnView:
    """Let the assessors see it."""
    return own_view(await self_assessments.hand_in(ctx, assessment_id=assessment_id))


def own_view(own: Own) -> OwnView:
    """A branch's look at itself."""
    row = own.assessment
    return OwnView(
        id=row.id, cycle=row.cycle.name, branch=row.branch.name, may_write=own.may_write,
        handed_in_at=own.handed_in_at, items=[line_view(line) for line in own.lines],
    )  # fmt: skip


def line_view(line: Line) -> OwnLineView:
    """An item."""
    said, before = (
        OwnMarkView(deducted=one.deducted, note=one.note, taken=one.taken) if one is not None else None
        for one in (line.said, line.before)
    )
    same = dict(assessments.item_view(line.item))
    return OwnLineView(**same, known=list(line.known), said=said, before=before)


SEES = (NotBound, NotFound)
ACTS = (NotBound, NotFound, WrongState)

# fmt: off
ROUTES = (
    Route("GET", "/self-assessments", index, BOUND, "可以先自评的评估（自愿）", None, OpenOnesView, refuses=(NotBound,)),
    Route("GET", "/assessments/{assessment_id}/self", show, BOUND, "支部自评：评估表、系统里已有的、上一次的", None, OwnView, refuses=SEES),
    Route("POST", "/assessments/{assessment_id}/self", save, BOUND, "保存支部自评（不计入得分）", OwnWordsForm, OwnView, refuses=ACTS),
    Route("POST", "/assessments/{assessment_id}/self/take-last", take_last, BOUND, "没有变化的沿用上一次自评", None, OwnView, refuses=ACTS),
    Route("POST", "/assessments/{assessment_id}/self/hand-in", hand_in, BOUND, "提交支部自评，给评估人对照", None, OwnView, refuses=ACTS),
)
# fmt: on
