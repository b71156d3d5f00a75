"""What the records' endpoints take and give."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from pydantic import Field

from handlers import due_records, record_rules, records
from handlers.record_checks import Problem
from handlers.record_sheets import Fate, Report
from handlers.template_content import Field as TemplateField
from handlers.template_content import Kind, Required, Template
from miniprogram_api import views
from miniprogram_api.forms import LARGEST_ID, Form, Line, PageQuery, Query
from miniprogram_api.views import Moment, OrganizationView, View
from models import RecordAttachment, RecordStatus

Id = Field(ge=1, le=LARGEST_ID)
BRANCH = "负责几个支部时说明是哪一个；干部看下级支部时必填"


class RecordForm(Form):
    """Which template; what is known already is filled in."""

    template: str = Field(pattern=r"^[Tt][0-9]{2}$", description="模板编号，如 T09")
    branch_id: int | None = Field(None, ge=1, le=LARGEST_ID, description=BRANCH)
    booking_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="由这次已完成的活动带出内容")
    rehearsal_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="由这场换届实训带出一份演练")
    source_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="由这份已签认的记录接着写")
    values: dict[str, Any] = Field({}, max_length=40, description="已经想好的内容，按模板的 key 填写")


class SaveForm(Form):
    """What was typed since the last save."""

    revision: int = Field(ge=1, le=LARGEST_ID, description="修改前看到的 revision")
    values: dict[str, Any] = Field(max_length=40, description="只写改动的栏目；null 表示清空")


class SignForm(Form):
    """A signature."""

    revision: int = Field(ge=1, le=LARGEST_ID, description="签认时看到的 revision")
    seen: bool = Field(False, description="提示已看过")


class CorrectForm(Form):
    """A correction of what was signed."""

    version: int = Field(ge=1, le=LARGEST_ID, description="更正前看到的 version")
    reason: Line = Field(max_length=records.LONGEST_REASON, description="更正的理由，会留在历史里")
    values: dict[str, Any] = Field(max_length=40, description="只写改动的栏目")
    seen: bool = Field(False, description="提示已看过")


class SettleForm(Form):
    """What becomes of changes that came too late."""

    take: bool = Field(description="true：采用；false：不用了")


class SignDraftsForm(Form):
    """Signing a whole list."""

    template: str = Field(pattern=r"^[Tt][0-9]{2}$", description="模板编号")
    branch_id: int | None = Field(None, ge=1, le=LARGEST_ID, description=BRANCH)
    seen: bool = Field(False, description="提示已看过")


class BranchForm(Form):
    """Whose calendar."""

    branch_id: int | None = Field(None, ge=1, le=LARGEST_ID, description=BRANCH)


class BranchQuery(Query):
    """Whose."""

    branch_id: int | None = Field(None, ge=1, le=LARGEST_ID, description=BRANCH)


class HandbookYearQuery(BranchQuery):
    """Whose year."""

    year: int | None = Field(None, ge=1990, le=2100, description="年份，默认今年")


class RecordQuery(PageQuery):
    """Which records."""

    branch_id: int | None = Field(None, ge=1, le=LARGEST_ID, description=BRANCH)
    year: int | None = Field(None, ge=1990, le=2100, description="年份")
    template: str | None = Field(None, pattern=r"^T[0-9]{2}$", description="模板编号")
    status: RecordStatus | None = Field(None, description="状态：draft 草稿，signed 已签认")


class SheetQuery(HandbookYearQuery):
    """Which list."""

    template: str = Field("T03", pattern=r"^[Tt][0-9]{2}$", description="模板编号")
    dry_run: bool = Field(False, description="true：只看每一行会怎样，不写入")


class RecordArchiveQuery(BranchQuery):
    """Whose archive."""

    dry_run: bool = Field(False, description="true：只看会恢复多少，不写入")


class AttachmentQuery(Query):
    """Where a file belongs."""

    field: str = Field("", max_length=50, description="放在哪一栏，如 script、proof.papers")
    name: str = Field("", max_length=120, description="文件名")


class FieldView(View):
    """One field of a template."""

    key: str
    label: str
    kind: Kind
    required: Required
    condition: str = Field(description="什么情况下要填")
    options: list[str]
    computed: bool = Field(description="由系统计算，不用填也不能改")
    sensitive: bool = Field(description="只给需要的人看")
    columns: list["FieldView"]
    unit: str
    help: str
    rule: str = Field(description="依据")


class TemplateView(View):
    """One template in a list."""

    code: str
    name: str
    area: str
    area_name: str
    frequency: str
    about: str
    meeting: bool


class TemplatesView(View):
    """The templates by area."""

    items: list[TemplateView]
    next: None = None


class WholeTemplateView(TemplateView):
    """A template with its fields."""

    fields: list[FieldView]


class BranchRecordView(View):
    """A record. `values` has the fields its reader sees; `hidden` names those that aren't shown."""

    id: int
    template: str
    name: str
    branch: OrganizationView
    period: str
    year: int
    held_on: date | None
    status: RecordStatus
    revision: int
    version: int
    late: bool = Field(description="补录：会后 7 日以后录入")
    exercise: bool = Field(description="演练：由实训带出，不作正式记录")
    booking_id: int | None
    rehearsal_id: int | None
    created_at: Moment
    saved_at: Moment
    signed_at: Moment | None
    values: dict[str, Any]
    hidden: list[str]
    may_write: bool
    may_sign: bool


class RecordsView(View):
    """A page of records, newest first."""

    items: list[BranchRecordView]
    next: int | None


class ProblemView(View):
    """What is said about a field. 阻断 keeps from signing; 提示 needs to be seen."""

    field: str
    level: Literal["block", "warn"]
    message: str
    rule: str = Field(description="依据")
    code: str


class CheckedView(View):
    """A record with what is computed of it and what is said about it."""

    record: BranchRecordView
    problems: list[ProblemView]


class RecordVersionView(View):
    """One signed version."""

    number: int
    reason: str
    signed_at: Moment
    signed_by: str
    values: dict[str, Any]
    intact: bool = Field(description="内容与签认时一致")


class HistoryView(View):
    """All signed versions, the newest first."""

    items: list[RecordVersionView]
    next: None = None


class SetAsideView(View):
    """Changes that came too late."""

    id: int
    by: str
    at: Moment
    based_on: int
    values: dict[str, Any]


class SetAsidesView(View):
    """What waits for a decision."""

    items: list[SetAsideView]
    next: None = None


class AttachmentView(View):
    """A file behind a record."""

    id: int
    field: str
    name: str
    media: str
    size: int
    at: Moment


class AttachmentsView(View):
    """The files behind a record."""

    items: list[AttachmentView]
    next: None = None


class DueView(View):
    """One thing a branch has to record."""

    template: str
    title: str
    period: str
    opens: date
    until: date
    state: due_records.State
    rule: str
    record_ids: list[int]


class DuesView(View):
    """What is open now."""

    branch: OrganizationView
    items: list[DueView]
    next: None = None


class RecordProblemView(View):
    """What a look across the records found."""

    code: str
    level: Literal["block", "excellent", "warn"] = Field(
        description="block 要更正；excellent 补上以前年度考评不能评优秀；warn 提示"
    )
    message: str
    rule: str
    record_ids: list[int]


class HandbookYearView(View):
    """A branch's year."""

    branch: OrganizationView
    year: int
    due: list[DueView]
    findings: list[RecordProblemView]


class FeedView(View):
    """A calendar's address. Whoever has it reads the calendar: it is shown once."""

    url: str


class RowView(View):
    """What became of a row."""

    row: int
    fate: Fate
    message: str


class ReportView(View):
    """What a list came to."""

    dry_run: bool
    created: int
    updated: int
    unchanged: int
    kept: int
    bad: int
    ignored: list[str] = Field(description="没有对应栏目的表头")
    rows: list[RowView]


class HeldUpView(View):
    """A draft that couldn't be signed."""

    record_id: int
    message: str


class SignedView(View):
    """What signing a list came to."""

    signed: int
    held_up: list[HeldUpView]


class RestoredView(View):
    """What an archive came to."""

    restored: int
    already: int
    dry_run: bool


def template(form: Template, area_name: str) -> TemplateView:
    """A template in a list."""
    return TemplateView(**_about(form, area_name))


def whole_template(form: Template, area_name: str, options: dict[str, tuple[str, ...]]) -> WholeTemplateView:
    """A template with its fields."""
    fields = [field(one, options) for one in form.fields]
    return WholeTemplateView(fields=fields, **_about(form, area_name))


def _about(form: Template, area_name: str) -> dict[str, Any]:
    names = ("code", "name", "area", "frequency", "about", "meeting")
    return {name: getattr(form, name) for name in names} | {"area_name": area_name}


def field(one: TemplateField, options: dict[str, tuple[str, ...]]) -> FieldView:
    """One field."""
    return FieldView(
        key=one.key, label=one.label, kind=one.kind, required=one.required, condition=one.condition,
        options=list(options.get(one.options_from, one.options)), computed=one.computed,
        sensitive=one.sensitive, columns=[field(column, options) for column in one.columns], unit=one.unit,
        help=one.help, rule=one.rule,
    )  # fmt: skip


def record(shown: records.Shown) -> BranchRecordView:
    """A record as its reader sees it."""
    row = shown.record
    return BranchRecordView(
        id=row.id, template=row.template, name=shown.template.name,
        branch=views.organization(shown.reader.branch), period=row.period, year=row.year, held_on=row.held_on,
        status=row.status, revision=row.revision, version=row.version, late=row.is_late,
        exercise=row.is_exercise, booking_id=row.booking_id, rehearsal_id=row.rehearsal_id,
        created_at=row.created_at, saved_at=row.saved_at, signed_at=row.signed_at, values=shown.values,
        hidden=sorted(shown.hidden), may_write=shown.may_write, may_sign=shown.may_sign,
    )  # fmt: skip


def problem(one: Problem) -> ProblemView:
    """What is said about a field."""
    return ProblemView(field=one.field, level=one.level, message=one.message, rule=one.rule, code=one.code)


def version(one: records.Version) -> RecordVersionView:
    """One signed version."""
    row = one.row
    return RecordVersionView(
        number=row.number, reason=row.reason, signed_at=row.signed_at,
        signed_by=row.signed_by.name if row.signed_by else "", values=one.values, intact=one.intact,
    )  # fmt: skip


def set_aside(one: records.SetAside) -> SetAsideView:
    """Changes that came too late."""
    row = one.row
    return SetAsideView(
        id=row.id, by=row.by.name if row.by else "", at=row.at, based_on=row.based_on, values=one.values
    )


def attachment(row: RecordAttachment) -> AttachmentView:
    """A file."""
    return AttachmentView(
        id=row.id, field=row.field, name=row.name, media=row.media, size=row.size, at=row.at
    )


def due(one: due_records.Due) -> DueView:
    """One thing due."""
    return DueView(
        template=one.template, title=one.title, period=one.period, opens=one.opens, until=one.until,
        state=one.state, rule=one.rule, record_ids=list(one.records),
    )  # fmt: skip


def finding(one: record_rules.Finding) -> RecordProblemView:
    """One finding."""
    return RecordProblemView(
        code=one.code, level=one.level, message=one.message, rule=one.rule, record_ids=list(one.records)
    )


def report(one: Report) -> ReportView:
    """What a list came to."""
    counts = {fate.value: one.count(fate) for fate in Fate}
    rows = [RowView(row=row.row, fate=row.fate, message=row.message) for row in one.rows]
    return ReportView(dry_run=one.dry_run, ignored=one.ignored, rows=rows, **counts)


def held_up(found: Sequence[tuple[int, str]]) -> list[HeldUpView]:
    """What holds up the others."""
    return [HeldUpView(record_id=id_, message=message) for id_, message in found]
