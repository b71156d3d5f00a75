"""意见建议 in a browser: a tap away from every page, without a login, followed by a lookup code."""

from collections.abc import Sequence
from datetime import date
from html import escape
from zoneinfo import ZoneInfo

from aiohttp import web

from handlers import complaints
from handlers.complaints import Followed, Step
from handlers.context import Caller, Context
from handlers.errors import BadInput, NotFound, WrongState
from models import ComplaintStatus
from pages.layout import CONTEXT, page, paragraphs, posted
from pages.login import known_reader

WRITE = (
    '<form method="post" action="/complaints"><p><label for="text">想说的话</label></p>'
    '<p><textarea id="text" name="text" rows="6" maxlength="{longest}" required>{text}</textarea></p>{name}'
    '<p><button type="submit">提交</button></p></form>'
)
NAME = (
    '<p><label class="option"><input type="checkbox" name="named" value="1">'
    "<span>让承办的同志看到我的姓名和手机号（从名册里取，不用填；转办的，转到的单位看得到；随时可以撤回）</span></label></p>"
)
SHOWN = (
    '<section class="card"><p>现在承办的单位看得到您的姓名和手机号。</p>'
    '<form method="post" action="/complaints/unname"><input type="hidden" name="lookup" value="{lookup}">'
    '<button type="submit">不再显示姓名</button></form></section>'
)
FOLLOW = (
    '<form method="get" action="/complaints"><p><label for="lookup">查询码</label></p>'
    '<p><input id="lookup" name="lookup" maxlength="32" autocomplete="off" required></p>'
    '<p><button type="submit">看处理结果</button></p></form>'
)
AGAIN = (
    "<h2>没解决？</h2><p>可以再提，会重新办理，重新计算期限。</p>"
    '<form method="post" action="/complaints/again"><input type="hidden" name="lookup" value="{lookup}">'
    '<p><label for="text">还有什么没解决</label></p>'
    '<p><textarea id="text" name="text" rows="4" maxlength="{longest}" required>{text}</textarea></p>'
    '<p><button type="submit">没解决，再提</button></p></form>'
)
STEP_WORDS = {"forwarded": "转给", "answered": "答复", "closed": "办结", "reopened": "您再次提出"}


async def show(request: web.Request) -> web.Response:
    """The form; with a lookup code, what became of a complaint."""
    lookup = request.query.get("lookup", "").strip()
    if not lookup:
        return form(may_name=await _is_known(request))
    ctx = nobody(request)
    try:
        found = await complaints.follow(ctx, lookup=lookup[:32])
    except NotFound:
        return form(said="没有找到这个查询码，请核对后再试。", status=404)
    return _followed(ctx, found)


async def submit(request: web.Request) -> web.Response:
    """Take one, and say how to follow it."""
    text, ctx = await written(request), nobody(request)
    named = (await posted(request)).get("named") == "1"
    if named:  # Only who wishes it is anybody here.
        ctx = ctx.on_behalf_of(await known_reader(request, ctx))
    try:
        taken = await complaints.submit(ctx, text=text, named=named)
    except BadInput as wrong:
        said, known = "；".join(wrong.fields.values()), await _is_known(request)
        return form(text=text, said=said, status=422, may_name=known)
    body = (
        "<main><h1>收到，谢谢您</h1><p>查询码："
        f"<strong>{escape(taken.lookup)}</strong></p>"
        f"<p>最迟 {_day(complaints.due_on(ctx, taken))}答复（期限是本区建议值）。"
        f"请记下查询码，在这里输入就能看到处理结果。</p>{FOLLOW}</main>"
    )
    return page("意见建议", body, status=201, forms=True)


async def again(request: web.Request) -> web.Response:
    """It isn't solved: take it up again."""
    given, ctx, text = await posted(request), nobody(request), await written(request)
    lookup = given.get("lookup", "")
    lookup = lookup[:32] if isinstance(lookup, str) else ""
    try:
        return _followed(ctx, await complaints.reopen(ctx, lookup=lookup, text=text))
    except NotFound:
        return form(said="没有找到这个查询码，请核对后再试。", status=404)
    except WrongState:
        found = await complaints.follow(ctx, lookup=lookup)
        return _followed(ctx, found, said="已经在办理了，不用再提。", status=409)
    except BadInput as wrong:
        found = await complaints.follow(ctx, lookup=lookup)
        return _followed(ctx, found, said="；".join(wrong.fields.values()), text=text, status=422)


async def unname(request: web.Request) -> web.Response:
    """Show the name no longer."""
    given, ctx = await posted(request), nobody(request)
    lookup = given.get("lookup", "")
    try:
        found = await complaints.unname(ctx, lookup=lookup[:32] if isinstance(lookup, str) else "")
    except NotFound:
        return form(said="没有找到这个查询码，请核对后再试。", status=404)
    return _followed(ctx, found, said="已经撤回，承办的同志看不到您的姓名和手机号了。")


async def _is_known(request: web.Request) -> bool:
    """Whether the reader is somebody of the roster, who could show their name."""
    reader = await known_reader(request, request.app[CONTEXT])
    return reader.person is not None and reader.person.left_at is None


async def written(request: web.Request) -> str:
    """What stands in the form, without what nobody can see; empty where it can't be read."""
    given = (await posted(request)).get("text", "")
    text = given if isinstance(given, str) else ""
    return "".join(char for char in text if char.isprintable() or char in "\n\t")


def form(*, text: str = "", said: str = "", status: int = 200, may_name: bool = False) -> web.Response:
    """Where to write, and where to follow what was written."""
    wrong = f'<p role="alert">{escape(said)}</p>' if said else ""
    write = WRITE.format(longest=complaints.LONGEST, text=escape(text), name=NAME if may_name else "")
    body = (
        f"<main><h1>意见建议</h1>{wrong}<p>不用登录，不用实名，我们只记内容。</p>{write}"
        f"<h2>看处理结果</h2>{FOLLOW}</main>"
    )
    return page("意见建议", body, status=status, forms=True)


def history(steps: Sequence[Step], zone: ZoneInfo) -> str:
    """What became of it, oldest first; nothing where nothing did."""
    items = "".join(
        f"<li><span>{step.at.astimezone(zone):%m月%d日 %H:%M}</span>"
        f"<strong>{STEP_WORDS[step.kind]}{escape(step.office)}</strong>"
        f"<p>{escape(step.text)}</p></li>"
        for step in steps
    )
    return f'<h2>经过</h2><ul class="plain">{items}</ul>' if items else ""


def _followed(
    ctx: Context, one: Followed, *, said: str = "", text: str = "", status: int = 200
) -> web.Response:
    """A complaint, its answer once there is one, what became of it, and the way to say it isn't solved."""
    found, steps = one.complaint, one.history
    if found.status is ComplaintStatus.RECEIVED:
        told = f"<p>已经收到，正在处理，最迟 {_day(one.due_on)}答复（期限是本区建议值）。</p>"
        more = ""
    else:
        closed = "<p>已经办结，原因是：</p>" if found.status is ComplaintStatus.CLOSED else ""
        told = f"{closed}{paragraphs(found.answer)}"
        more = AGAIN.format(lookup=escape(found.lookup), longest=complaints.LONGEST_AGAIN, text=escape(text))
    wrong = f'<p class="alert" role="alert">{escape(said)}</p>' if said else ""
    body = (
        f"<main><h1>意见建议</h1>{wrong}<h2>您写的</h2>{paragraphs(found.text)}<h2>处理结果</h2>{told}"
        f"{SHOWN.format(lookup=escape(found.lookup)) if found.named else ''}"
        f"{history(steps, ctx.settings.zone)}{more}</main>"
    )
    return page("意见建议", body, forms=True, status=status)


def nobody(request: web.Request) -> Context:
    """Whoever writes here is nobody in particular."""
    return request.app[CONTEXT].on_behalf_of(Caller())


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
