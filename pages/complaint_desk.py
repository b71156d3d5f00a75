"""意见建议 at the desk: what waits, when an answer is due, and where to write it."""

from aiohttp import web

from handlers import complaint_desk
from handlers.complaint_desk import Waiting
from handlers.context import Context
from pages.layout import paragraphs
from pages.staff import Form, acted, area, desk, form, shown, text

HOME = "/complaints/desk"
ANSWER = f'required maxlength="{complaint_desk.LONGEST_ANSWER}"'


async def index(request: web.Request) -> web.Response:
    """What waits below the reader, each with a form; `?answered=1` shows what was answered."""
    answered = request.query.get("answered") == "1"

    async def show(ctx: Context) -> web.Response:
        rows = await complaint_desk.list_complaints(ctx, answered=answered)
        listed = "".join(map(_answered if answered else _waiting, rows))
        empty = "<p>还没有答复过的。</p>" if answered else "<p>现在没有等答复的意见建议。</p>"
        other = (
            f'<p><a href="{HOME}">看等答复的</a></p>'
            if answered
            else f'<p><a href="{HOME}?answered=1">看答复过的</a></p>'
        )
        note = '<p class="soft">这里只有内容，不显示是谁写的。答复后，写的人凭查询码就能看到。</p>'
        return desk("意见建议", f"{note}{listed or empty}{other}")

    return await shown(request, show)


async def answer(request: web.Request) -> web.Response:
    """Answer one."""
    complaint_id = int(request.match_info["complaint_id"])

    async def work(ctx: Context, given: Form) -> str:
        await complaint_desk.answer(ctx, complaint_id=complaint_id, text=text(given, "text"))
        return HOME

    return await acted(request, work)


def _waiting(one: Waiting) -> str:
    late = "，已经过了" if one.is_overdue else ""
    inner = area("text", "答复", more=ANSWER)
    return (
        f'<section class="card"><p class="soft">{_received(one)}，请在 {one.due_on.month}月{one.due_on.day}日'
        f"前答复{late}（期限是本区建议值）</p>{paragraphs(one.text)}"
        f"{form(f'{HOME}/{one.complaint.id}', inner, '答复')}</section>"
    )


def _answered(one: Waiting) -> str:
    return (
        f'<section class="card"><p class="soft">{_received(one)}</p>{paragraphs(one.text)}'
        f"<h2>答复</h2>{paragraphs(one.complaint.answer)}</section>"
    )


def _received(one: Waiting) -> str:
    return f"{one.received_on.month}月{one.received_on.day}日收到"
