"""A branch's result in a browser: the leader reviews it, it is fed back, the branch reads and signs it."""

from decimal import Decimal, InvalidOperation
from html import escape

from aiohttp import web

from handlers import assessment_documents, assessment_stages, assessments
from handlers.assessment_access import is_officer_over
from handlers.assessment_content import SUGGESTED, shown
from handlers.assessments import Whole
from handlers.context import Context
from handlers.errors import BadInput, Refused
from handlers.findings import STATUS_WORDS, less_words
from handlers.workdays import last_day
from models import AssessmentStage
from pages import assessments as parts
from pages.assessments import HOME
from pages.login import known
from pages.staff import (
    Form,
    Html,
    acted,
    area,
    desk,
    download,
    facts,
    field,
    folded,
    form,
    refusal,
    table,
    text,
)
from pages.staff import shown as shown_to

STEPS = "sign|deliver|review|return|stop"


async def show(request: web.Request) -> web.Response:
    """What came of an assessment, with what the reader may do about it."""

    async def body(ctx: Context) -> web.Response:
        whole = await assessments.get(ctx, assessment_id=int(request.match_info["assessment_id"]))
        return await _page(ctx, whole)

    return await shown_to(request, body, home=HOME)


async def step(request: web.Request) -> web.Response:
    """Sign it, hand it over, find it right, return it, or end it."""
    id_, act = int(request.match_info["assessment_id"]), request.match_info["act"]
    here = f"/assessments/{id_}/result"

    async def work(ctx: Context, given: Form) -> str:
        if act == "sign":
            await assessments.sign(ctx, assessment_id=id_)
        elif act == "deliver":
            await assessments.deliver(ctx, assessment_id=id_)
        elif act == "review":
            decided = _decided(given)
            await assessments.review(ctx, assessment_id=id_, decided=decided, reason=text(given, "reason"))
        elif act == "return":
            await assessments.send_back(ctx, assessment_id=id_, reason=text(given, "reason"))
        else:
            await assessments.stop(ctx, assessment_id=id_, reason=text(given, "reason"))
        return here

    return await acted(request, work, back=here, home=HOME)


async def report(request: web.Request) -> web.Response:
    """The branch's report as a file."""
    ctx, id_, kind = await known(request), request.match_info["assessment_id"], request.match_info["kind"]
    try:
        made = await assessment_documents.branch_report(ctx, assessment_id=int(id_))
        return await file_of(ctx, made, kind=kind, name=f"assessment-{id_}")
    except Refused as refused:
        return refusal(refused, back=f"/assessments/{id_}/result", home=HOME)


async def file_of(ctx: Context, made: assessment_documents.Report, *, kind: str, name: str) -> web.Response:
    """A report as Word or PDF."""
    if kind == "pdf":
        content, media = await assessment_documents.as_pdf(made), assessment_documents.PDF
    else:
        content, media = await assessment_documents.as_docx(made, at=ctx.now()), assessment_documents.DOCX
    return download(content, name=f"{name}.{kind}", media=media)


async def _page(ctx: Context, whole: Whole) -> web.Response:
    row, zone = whole.assessment, ctx.settings.zone
    known_ = facts(
        {
            "评估": row.cycle.name,
            "评估表": whole.sheet.name,
            "合计": f"{shown(row.mark)} 分" if row.mark is not None else "",
            "本环节期限": f"{last_day(row.due_at, zone=zone):%Y年%-m月%-d日}" if row.due_at else "",
            "签收": f"{row.signed_at.astimezone(zone):%Y年%-m月%-d日}" if row.signed_at else "",
        }
    )
    files = (
        f'<p>下载报告：<a href="/assessments/{row.id}/report.docx">Word</a>　'
        f'<a href="/assessments/{row.id}/report.pdf">PDF</a></p>'
        if row.mark is not None
        else ""
    )
    body = (
        f'<p><span class="state">{assessment_stages.WORDS[row.stage]}</span></p>{known_}'
        f"{await _acts(ctx, whole)}{_problems(ctx, whole)}{_marks(whole)}{_own(whole)}{files}"
        f'{_way(ctx, whole)}<p class="soft">评的是党支部，不评个人，不排次序。'
        f"分值、扣分办法和期限为{SUGGESTED}。</p>"
    )
    return desk(row.branch.name, body, home=HOME)


async def _acts(ctx: Context, whole: Whole) -> str:
    row, at, person = whole.assessment, f"/assessments/{whole.assessment.id}", ctx.caller.person
    over = await is_officer_over(ctx, row.branch)
    found = ""
    if row.stage is AssessmentStage.IN_REVIEW and whole.is_leader:
        found += _review(whole)
    if row.stage is AssessmentStage.TO_FEED_BACK and row.delivered_at is None and (over or whole.is_leader):
        found += (
            "<h2>反馈给支部</h2><p>反馈后，支部能看到结果和问题，并签收。</p>"
            f"{form(f'{at}/deliver', '', '反馈给支部')}"
        )
    waits = row.stage is AssessmentStage.TO_FEED_BACK and row.delivered_at is not None
    if waits and person is not None and await assessments.works_for(person, row.branch_id):
        days = assessment_stages.book_of(row).terms.working_days.objection
        found += (
            f'<section class="card mine"><p><strong>请看完下面的结果后签收</strong></p><p>签收只表示看过，'
            f"不表示同意：签收后 {days} 个工作日内，可以对每一条扣分提出异议。</p>"
            f"{form(f'{at}/sign', '', '看过了，签收')}</section>"
        )
    if over and row.stage not in (AssessmentStage.ACCEPTED, AssessmentStage.STOPPED):
        why = field("reason", "中止的原因（换届、撤并）", more='required maxlength="200"')
        found += folded("中止这次评估", form(f"{at}/stop", why, "中止"))
    return found


def _review(whole: Whole) -> str:
    """Both assessors' deductions beside each other; the leader decides where they differ."""
    at, names = (
        f"/assessments/{whole.assessment.id}",
        {item.code: item.name for item in whole.sheet.items},
    )
    terms = assessment_stages.book_of(whole.assessment).terms
    far = assessments.far_apart(whole.apart, terms.most_apart)
    rows = [
        (
            f"{one.item} {names.get(one.item, '')}", shown(one.first), shown(one.second),
            Html(
                f'<input name="decided-{one.item}" inputmode="decimal" maxlength="5" size="4"'
                f' aria-label="{one.item} 定扣多少分"{" required" if far else ""}>'
            ) if one.first != one.second else "",
        )
        for one in whole.apart if one.first or one.second
    ]  # fmt: skip
    said = (
        f"两名同志合计相差超过 {shown(terms.most_apart)} 分，请对不一样的项目逐项定，并写明理由。"
        if far
        else "两名同志相差不大；不填的取中间，零头算给支部。"
    )
    facts_ = "".join(
        f"<li>{escape(one.item)} 扣 {shown(one.deducted)} 分：{escape(one.fact)}"
        f"（佐证：{escape(one.evidence)}；依据：{escape(one.rule)}）</li>"
        for one in whole.observations
    )
    why = area("reason", "理由", more='maxlength="150"' + (" required" if far else ""))
    back = field("reason", "请评估人再看什么", more='required maxlength="200"')
    return (
        f"<h2>组长复核</h2><p>{said}</p><ul>{facts_}</ul>"
        + form(f"{at}/review", table(("项目", "一", "二", "定扣"), rows) + why, "复核通过")
        + folded("退回评估人重看", form(f"{at}/return", back, "退回"))
    )


def _decided(given: Form) -> dict[str, int]:
    """What the leader decided, in tenths; nothing where nothing is filled in.

    Raises:
        BadInput.
    """
    found = {}
    for name in given:
        value = text(given, name).strip()
        if not name.startswith("decided-") or not value:
            continue
        try:
            tenths = Decimal(value) * 10
        except InvalidOperation:
            tenths = Decimal("NaN")
        if not tenths.is_finite() or tenths != tenths.to_integral_value() or not 0 <= tenths <= 1000:
            raise BadInput(decided="扣多少分请填数字，最多一位小数，例如 1.5")
        found[name.removeprefix("decided-")] = int(tenths)
    return found


def _problems(ctx: Context, whole: Whole) -> str:
    rows, names = whole.rectifications, {item.code: item.name for item in whole.sheet.items}
    if not rows:
        return ""
    cards = "".join(
        f'<li><a class="tap" href="/assessments/findings/{row.id}">{escape(names[row.finding.item])}</a>'
        f"<span>{STATUS_WORDS[row.status]}</span><span>{less_words(row.deducted)}</span>"
        f"{parts.late(ctx, row)}{parts.faults(row)}</li>"
        for row in rows
    )
    return f'<h2>问题清单</h2><ul class="plain">{cards}</ul>'


def _marks(whole: Whole) -> str:
    if not whole.marks:
        return ""
    names = {item.code: item.name for item in whole.sheet.items}
    rows = [
        (
            f"{one.item} {names.get(one.item, '')}", shown(one.worth), shown(one.worth - one.deducted),
            "再次出现，加倍" if one.recurred else "",
        )
        for one in whole.marks
    ]  # fmt: skip
    return folded("各项得分", table(("项目", "分值", "得分", "说明"), rows))


def _own(whole: Whole) -> str:
    """Where the branch had thought otherwise of itself."""
    if not whole.own:
        return ""
    names = {item.code: item.name for item in whole.sheet.items}
    rows = [
        (f"{one.item} {names.get(one.item, '')}", shown(one.own), shown(one.assessed), one.note)
        for one in whole.own
    ]
    note = '<p class="soft">自评不计入得分，只列扣分不一样的项目。</p>'
    return folded("支部自评与评估不一样的", table(("项目", "自评扣", "评估扣", "支部的说明"), rows) + note)


def _way(ctx: Context, whole: Whole) -> str:
    zone = ctx.settings.zone
    items = "".join(
        f"<li><span>{one.at.astimezone(zone):%m月%d日 %H:%M}</span>"
        f"<strong>{assessment_stages.WORDS[one.after]}</strong>"
        f"<span class='soft'>{escape(one.reason)}</span></li>"
        for one in whole.moves
    )
    return folded("办理经过", f'<ul class="plain">{items}</ul>') if items else ""
