"""意见建议 at the desk: what waits, when an answer is due, where to write it, pass it on or close it."""

from collections.abc import Sequence
from html import escape

from aiohttp import web

from handlers import complaint_desk, registers, spreadsheets
from handlers.complaint_desk import Waiting
from handlers.context import Context
from handlers.errors import Refused
from models import ComplaintStatus, Organization
from pages.complaints import history
from pages.layout import paragraphs
from pages.login import known
from pages.staff import (
    Form,
    acted,
    apart,
    area,
    desk,
    field,
    folded,
    form,
    number,
    refusal,
    register_import,
    select,
    shown,
    text,
)

HOME = "/complaints/desk"
ANSWER = f'required maxlength="{complaint_desk.LONGEST_ANSWER}"'
WORD = f'required maxlength="{complaint_desk.LONGEST_WORD}"'


async def index(request: web.Request) -> web.Response:
    """What waits below the reader, each with a form; `?answered=1` shows what was answered or closed."""
    answered = request.query.get("answered") == "1"

    async def show(ctx: Context) -> web.Response:
        rows = await complaint_desk.list_complaints(ctx, answered=answered)
        offices = [] if answered else await complaint_desk.offices(ctx)
        listed = "".join(_answered(ctx, row) if answered else _waiting(ctx, row, offices) for row in rows)
        empty = "<p>还没有答复过的。</p>" if answered else "<p>现在没有等答复的意见建议。</p>"
        other = (
            f'<p><a href="{HOME}">看等答复的</a></p>'
            if answered
            else f'<p><a href="{HOME}?answered=1">看答复过、办结的</a></p>'
        )
        note = (
            '<p class="soft">这里只有内容，不显示是谁写的；写的人愿意的，只有现在承办的单位看得到姓名。'
            "答复、转办、办结，写的人凭查询码都能看到；没解决的，可以再提。</p>"
        )
        sheet = (
            f'<p><a href="{HOME}/complaints.xlsx">导出 Excel</a>'
            f"{register_import(complaint_desk.REGISTER, word='书面收到的，从 Excel 登记')}</p>"
        )
        return desk("意见建议", f"{note}{listed or empty}{other}{sheet}")

    return await shown(request, show)


async def sheet(request: web.Request) -> web.Response:
    """All of them as an Excel file."""
    ctx = await known(request)
    try:
        content = await registers.export(ctx, name=complaint_desk.REGISTER)
    except Refused as refused:
        return refusal(refused, back=HOME)
    headers = {"Content-Disposition": 'attachment; filename="complaints.xlsx"', "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=spreadsheets.MEDIA, headers=headers)


async def step(request: web.Request) -> web.Response:
    """Answer one, pass it on, or close it."""
    complaint_id, act = int(request.match_info["complaint_id"]), request.match_info.get("act", "answer")

    async def work(ctx: Context, given: Form) -> str:
        if act == "forward":
            office_id = number(given, "office_id", what="请选办理单位")
            await complaint_desk.forward(
                ctx, complaint_id=complaint_id, office_id=office_id, note=text(given, "note")
            )
        elif act == "close":
            await complaint_desk.close(ctx, complaint_id=complaint_id, reason=text(given, "reason"))
        else:
            await complaint_desk.answer(ctx, complaint_id=complaint_id, text=text(given, "text"))
        return HOME

    return await acted(request, work)


def _waiting(ctx: Context, one: Waiting, offices: Sequence[Organization]) -> str:
    at = f"{HOME}/{one.complaint.id}"
    late = "，已经过了" if one.is_overdue else ""
    others = [(row.id, row.name) for row in offices if row.id != one.complaint.office_id]
    passing = select("office_id", "转给", others) + field("note", "转办说明（写的人也能看到）", more=WORD)
    closing = field("reason", "办结的原因（写的人能看到）", more=WORD)
    office = f"<p class='soft'>由{escape(one.office)}承办</p>" if one.office else ""
    return apart(
        f'<section class="card"><p class="soft">{_received(one)}，请在 {one.due_on.month}月{one.due_on.day}日'
        f"前答复{late}（期限是本区建议值）</p>{office}{paragraphs(one.text)}{_sender(one)}{_way(ctx, one)}"
        f"{form(at, area('text', '答复', more=ANSWER), '答复')}"
        f"{folded('转给别的单位', form(f'{at}/forward', passing, '转办'))}"
        f"{folded('不办理，说明原因办结', form(f'{at}/close', closing, '办结'))}</section>",
        one.complaint.id,
    )


def _answered(ctx: Context, one: Waiting) -> str:
    word = "办结的原因" if one.complaint.status is ComplaintStatus.CLOSED else "答复"
    return (
        f'<section class="card"><p class="soft">{_received(one)}</p>{paragraphs(one.text)}{_sender(one)}'
        f"<h2>{word}</h2>{paragraphs(one.complaint.answer)}{_way(ctx, one)}</section>"
    )


def _sender(one: Waiting) -> str:
    """Who wrote, where they wish the office to know."""
    if one.sender is None:
        return ""
    phone = f"，{escape(one.sender.phone)}" if one.sender.phone else ""
    return f'<p class="soft">写的人愿意让您看到：{escape(one.sender.name)}{phone}（请不要外传）</p>'


def _way(ctx: Context, one: Waiting) -> str:
    return folded("经过", history(one.history, ctx.settings.zone)) if one.history else ""


def _received(one: Waiting) -> str:
    again = f"，第 {one.complaint.round} 次提出" if one.complaint.round > 1 else ""
    return f"{one.received_on.month}月{one.received_on.day}日收到{again}"
