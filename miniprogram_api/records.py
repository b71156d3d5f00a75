"""The branch handbook over HTTP: templates, records, their year, lists and archives."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from handlers import (
    due_records,
    record_archives,
    record_attachments,
    record_choices,
    record_facts,
    record_feeds,
    record_follow_ups,
    record_rules,
    record_sheets,
    record_terms,
    records,
)
from handlers.context import Context
from handlers.errors import (
    AlreadyRecorded,
    NotAllowed,
    NotBound,
    NotFound,
    NotYourBranch,
    RecordBlocked,
    StaleVersion,
    WarningsUnseen,
    WrongState,
)
from handlers.record_access import read_branch, require_overview
from handlers.spreadsheets import MEDIA
from handlers.template_content import handbook
from miniprogram_api import record_views as show_as
from miniprogram_api import views
from miniprogram_api.record_views import (
    AttachmentQuery,
    AttachmentsView,
    AttachmentView,
    BranchForm,
    BranchQuery,
    BranchRecordView,
    CheckedView,
    CorrectForm,
    DuesView,
    FeedView,
    HandbookYearQuery,
    HandbookYearView,
    HistoryView,
    RecordArchiveQuery,
    RecordForm,
    RecordQuery,
    RecordsView,
    ReportView,
    RestoredView,
    SaveForm,
    SetAsidesView,
    SettleForm,
    SheetQuery,
    SignDraftsForm,
    SignedView,
    SignForm,
    TemplatesView,
    WholeTemplateView,
)
from miniprogram_api.table import ACTS_FOR_BRANCH, BOUND, BRANCH, LOGGED_IN, File, Route, always

LARGEST_SHEET = 8 * 1024 * 1024
ZIP = "application/zip"


async def list_templates(ctx: Context) -> TemplatesView:
    """The handbook's templates by area."""
    areas = {area.code: area.name for area in handbook().areas}
    return TemplatesView(
        items=[show_as.template(form, areas[form.area]) for form in handbook().templates.values()]
    )


async def show_template(ctx: Context, *, template: str) -> WholeTemplateView:
    """One template with its fields."""
    form = records.template_of(template)
    areas = {area.code: area.name for area in handbook().areas}
    district = await record_terms.in_force(ctx)
    return show_as.whole_template(
        form, areas[form.area], {name: getattr(district, name) for name in record_choices.OPTIONS}
    )


async def index(ctx: Context, *, form: RecordQuery) -> RecordsView:
    """A branch's records that the caller sees."""
    page, after = await records.list_records(ctx, **dict(form))
    return RecordsView(items=[show_as.record(one) for one in page], next=after)


async def create(ctx: Context, *, form: RecordForm) -> BranchRecordView:
    """Begin a record, with what is known filled in."""
    return show_as.record(await records.create(ctx, **dict(form)))


async def show(ctx: Context, *, record_id: int) -> BranchRecordView:
    """One record."""
    return show_as.record(await records.show(ctx, record_id=record_id))


async def save(ctx: Context, *, record_id: int, form: SaveForm) -> BranchRecordView:
    """Save what was typed."""
    return show_as.record(
        await records.save(ctx, record_id=record_id, revision=form.revision, values=form.values)
    )


async def discard(ctx: Context, *, record_id: int) -> None:
    """Throw a draft away."""
    await records.discard(ctx, record_id=record_id)


async def check(ctx: Context, *, record_id: int) -> CheckedView:
    """What is said about a record as it stands."""
    shown, problems = await records.examine(ctx, record_id=record_id)
    return CheckedView(record=show_as.record(shown), problems=[show_as.problem(one) for one in problems])


async def sign(ctx: Context, *, record_id: int, form: SignForm) -> BranchRecordView:
    """Sign."""
    return show_as.record(
        await records.sign(ctx, record_id=record_id, revision=form.revision, seen=form.seen)
    )


async def correct(ctx: Context, *, record_id: int, form: CorrectForm) -> BranchRecordView:
    """Correct, with a reason."""
    return show_as.record(await records.correct(ctx, record_id=record_id, **dict(form)))


async def history(ctx: Context, *, record_id: int) -> HistoryView:
    """The signed versions."""
    _, versions = await records.history(ctx, record_id=record_id)
    return HistoryView(items=[show_as.version(one) for one in versions])


async def list_set_asides(ctx: Context, *, record_id: int) -> SetAsidesView:
    """What came too late."""
    found = await records.set_asides(ctx, record_id=record_id)
    return SetAsidesView(items=[show_as.set_aside(one) for one in found])


async def settle(ctx: Context, *, record_id: int, set_aside_id: int, form: SettleForm) -> BranchRecordView:
    """Take it over, or let it go."""
    return show_as.record(
        await records.settle(ctx, record_id=record_id, set_aside_id=set_aside_id, take=form.take)
    )


async def restore_vote(ctx: Context, *, record_id: int) -> BranchRecordView:
    """Give back a vote."""
    return show_as.record(await records.restore_vote(ctx, record_id=record_id))


async def make_hours(ctx: Context, *, record_id: int) -> RecordsView:
    """Hours of everybody who came, as drafts."""
    made = await record_follow_ups.hours(ctx, record_id=record_id)
    return RecordsView(
        items=[show_as.record(await records.show(ctx, record_id=one.id)) for one in made], next=None
    )


async def attach(ctx: Context, *, record_id: int, form: AttachmentQuery, content: bytes) -> AttachmentView:
    """Put a file behind a field."""
    row = await record_attachments.attach(
        ctx, record_id=record_id, field=form.field, name=form.name, content=content
    )
    return show_as.attachment(row)


async def list_attachments(ctx: Context, *, record_id: int) -> AttachmentsView:
    """The files."""
    rows = await record_attachments.list_attachments(ctx, record_id=record_id)
    return AttachmentsView(items=[show_as.attachment(row) for row in rows])


async def read_attachment(ctx: Context, *, record_id: int, attachment_id: int) -> File:
    """One file."""
    row, content = await record_attachments.read(ctx, record_id=record_id, attachment_id=attachment_id)
    return File(row.name, content)


async def detach(ctx: Context, *, record_id: int, attachment_id: int) -> None:
    """Take a file away."""
    await record_attachments.detach(ctx, record_id=record_id, attachment_id=attachment_id)


async def year(ctx: Context, *, form: HandbookYearQuery) -> HandbookYearView:
    """A branch's year."""
    found = await record_rules.overview(ctx, branch_id=form.branch_id, year=form.year)
    return HandbookYearView(
        branch=views.organization(found.reader.branch),
        year=found.year,
        due=[show_as.due(one) for one in found.due],
        findings=[show_as.finding(one) for one in found.findings],
    )


async def due(ctx: Context, *, form: BranchQuery) -> DuesView:
    """What is open now."""
    reader = await read_branch(ctx, form.branch_id)
    require_overview(reader)
    facts = await record_facts.gather(ctx, reader.branch, named=reader.writes)
    return DuesView(
        branch=views.organization(reader.branch),
        items=[show_as.due(one) for one in due_records.open_now(facts)],
    )


async def make_feed(ctx: Context, *, form: BranchForm) -> FeedView:
    """A new calendar address."""
    return FeedView(url=await record_feeds.make(ctx, branch_id=form.branch_id))


async def revoke_feed(ctx: Context, *, form: BranchQuery) -> None:
    """The address leads nowhere."""
    await record_feeds.revoke(ctx, branch_id=form.branch_id)


async def export_sheet(ctx: Context, *, form: SheetQuery) -> File:
    """A list."""
    content = await record_sheets.export(
        ctx, template=form.template, branch_id=form.branch_id, year=form.year
    )
    name = record_sheets.file_name(records.template_of(form.template), form.year, ctx.now())
    return File(name, content)


async def read_sheet(ctx: Context, *, form: SheetQuery, content: bytes) -> ReportView:
    """Read a list in."""
    report = await record_sheets.read_in(
        ctx, template=form.template, content=content, branch_id=form.branch_id, dry_run=form.dry_run
    )
    return show_as.report(report)


async def sign_drafts(ctx: Context, *, form: SignDraftsForm) -> SignedView:
    """Sign a whole list."""
    signed, held_up = await record_sheets.sign_drafts(ctx, **dict(form))
    return SignedView(signed=signed, held_up=show_as.held_up(held_up))


async def export_archive(ctx: Context, *, form: HandbookYearQuery) -> File:
    """A branch's year as one file."""
    name, content = await record_archives.export(
        ctx, year=form.year or ctx.now().year, branch_id=form.branch_id
    )
    return File(name, content)


async def read_archive(ctx: Context, *, form: RecordArchiveQuery, content: bytes) -> RestoredView:
    """Bring back what an archive holds."""
    found = await record_archives.restore(
        ctx, content=content, branch_id=form.branch_id, dry_run=form.dry_run
    )
    return RestoredView(restored=found.restored, already=found.already, dry_run=found.dry_run)


READS = (NotBound, NotFound)
WRITES = (NotBound, NotFound, NotYourBranch)
SIGNS = (*WRITES, WrongState, StaleVersion, RecordBlocked, WarningsUnseen)

# fmt: off
ROUTES = (
    Route("GET", "/record-templates", list_templates, LOGGED_IN, "一本手册：24 个纪实模板", None, TemplatesView),
    Route("GET", "/record-templates/{template}", show_template, LOGGED_IN, "一个模板的栏目和依据", None, WholeTemplateView),
    Route("GET", "/records", index, BOUND, "支部的记录", RecordQuery, RecordsView, refuses=READS),
    Route("POST", "/records", create, BOUND, "新建记录，已知的内容先填好", RecordForm, BranchRecordView, (201,), (*WRITES, AlreadyRecorded), creates=True),
    Route("GET", "/records.xlsx", export_sheet, BOUND, "一类记录，Excel", SheetQuery, refuses=READS, media=MEDIA),
    Route("GET", "/records/year", year, ACTS_FOR_BRANCH, "支部的一年：该记的、已记的、对不上的", HandbookYearQuery, HandbookYearView, refuses=(*READS, NotAllowed)),
    Route("GET", "/records/due", due, ACTS_FOR_BRANCH, "现在该记的", BranchQuery, DuesView, refuses=(*READS, NotAllowed)),
    Route("GET", "/records/archive", export_archive, BRANCH, "支部一年的全部记录，一个文件", HandbookYearQuery, refuses=WRITES, media=ZIP),
    Route("POST", "/records/archive", read_archive, BRANCH, "从导出的文件恢复记录", RecordArchiveQuery, RestoredView, refuses=WRITES, takes=record_archives.MOST_BYTES),
    Route("POST", "/records/sheet", read_sheet, BRANCH, "把已有的 Excel 台账读成草稿", SheetQuery, ReportView, refuses=WRITES, takes=LARGEST_SHEET),
    Route("POST", "/records/sign-drafts", sign_drafts, BRANCH, "签认一类记录中没有问题的全部草稿", SignDraftsForm, SignedView, refuses=WRITES),
    Route("POST", "/records/feed", make_feed, BRANCH, "换一个支部日历的订阅地址", BranchForm, FeedView, (201,), WRITES, creates=True, apart=always),
    Route("DELETE", "/records/feed", revoke_feed, BRANCH, "停用支部日历的订阅地址", BranchQuery, None, (204,), WRITES),
    Route("GET", "/records/{record_id}", show, BOUND, "一份记录", None, BranchRecordView, refuses=READS),
    Route("PUT", "/records/{record_id}", save, BOUND, "自动保存草稿，只写改动的栏目", SaveForm, BranchRecordView, refuses=(*WRITES, WrongState, StaleVersion, AlreadyRecorded)),
    Route("DELETE", "/records/{record_id}", discard, BRANCH, "扔掉草稿", None, None, (204,), (*WRITES, WrongState)),
    Route("GET", "/records/{record_id}/check", check, BOUND, "这份记录还差什么", None, CheckedView, refuses=WRITES),
    Route("POST", "/records/{record_id}/sign", sign, BRANCH, "签认", SignForm, BranchRecordView, refuses=SIGNS),
    Route("POST", "/records/{record_id}/correct", correct, BRANCH, "更正已签认的记录，写明理由", CorrectForm, BranchRecordView, refuses=(*SIGNS, AlreadyRecorded)),
    Route("GET", "/records/{record_id}/history", history, BOUND, "历次签认的内容", None, HistoryView, refuses=READS),
    Route("GET", "/records/{record_id}/set-asides", list_set_asides, BOUND, "没赶上的修改", None, SetAsidesView, refuses=WRITES),
    Route("POST", "/records/{record_id}/set-asides/{set_aside_id}", settle, BOUND, "采用或不用没赶上的修改", SettleForm, BranchRecordView, refuses=(*WRITES, WrongState, StaleVersion, AlreadyRecorded)),
    Route("POST", "/records/{record_id}/restore-vote", restore_vote, BRANCH, "留党察看期满，确认恢复表决权", None, BranchRecordView, refuses=(*WRITES, WrongState)),
    Route("POST", "/records/{record_id}/hours", make_hours, BRANCH, "给到会的党员各建一份学时草稿", None, RecordsView, refuses=(*WRITES, WrongState)),
    Route("GET", "/records/{record_id}/attachments", list_attachments, BOUND, "记录的附件", None, AttachmentsView, refuses=READS),
    Route("POST", "/records/{record_id}/attachments", attach, BOUND, "给草稿放一个附件（PDF、JPG、PNG、Word）", AttachmentQuery, AttachmentView, (201,), (*WRITES, WrongState, StaleVersion), creates=True, takes=record_attachments.LARGEST),
    Route("GET", "/records/{record_id}/attachments/{attachment_id}", read_attachment, BOUND, "一个附件", None, refuses=READS, media="application/octet-stream"),
    Route("DELETE", "/records/{record_id}/attachments/{attachment_id}", detach, BOUND, "拿掉草稿的一个附件", None, None, (204,), (*WRITES, WrongState, StaleVersion)),
)
# fmt: on
