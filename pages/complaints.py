"""意见建议 in a browser: a tap away from every page, without a login, followed by a lookup code."""

from html import escape

from aiohttp import web

from handlers import complaints
from handlers.context import Caller, Context
from handlers.errors import BadInput, NotFound
from models import Complaint
from pages.layout import CONTEXT, page, paragraphs

WRITE = (
    '<form method="post" action="/complaints"><p><label for="text">想说的话</label></p>'
    '<p><textarea id="text" name="text" rows="6" maxlength="{longest}" required>{text}</textarea></p>'
    '<p><button type="submit">提交</button></p></form>'
)
FOLLOW = (
    '<form method="get" action="/complaints"><p><label for="lookup">查询码</label></p>'
    '<p><input id="lookup" name="lookup" maxlength="32" autocomplete="off" required></p>'
    '<p><button type="submit">看处理结果</button></p></form>'
)


async def show(request: web.Request) -> web.Response:
    """The form; with a lookup code, what became of a complaint."""
    lookup = request.query.get("lookup", "").strip()
    if not lookup:
        return form()
    try:
        found = await complaints.look_up(nobody(request), lookup=lookup[:32])
    except NotFound:
        return form(said="没有找到这个查询码，请核对后再试。", status=404)
    return page("意见建议", f"<main><h1>意见建议</h1>{told(found)}</main>", forms=True)


async def submit(request: web.Request) -> web.Response:
    """Take one, and say how to follow it."""
    text = await written(request)
    try:
        taken = await complaints.submit(nobody(request), text=text)
    except BadInput as wrong:
        return form(text=text, said="；".join(wrong.fields.values()), status=422)
    body = (
        "<main><h1>收到，谢谢您</h1><p>查询码："
        f"<strong>{escape(taken.lookup)}</strong></p><p>请记下查询码，在这里输入就能看到处理结果。</p>{FOLLOW}</main>"
    )
    return page("意见建议", body, status=201, forms=True)


async def written(request: web.Request) -> str:
    """What stands in the form, without what nobody can see; empty where it can't be read."""
    try:
        given = (await request.post()).get("text", "")
    except (ValueError, LookupError):
        return ""
    text = given if isinstance(given, str) else ""
    return "".join(char for char in text if char.isprintable() or char in "\n\t")


def form(*, text: str = "", said: str = "", status: int = 200) -> web.Response:
    """Where to write, and where to follow what was written."""
    wrong = f'<p role="alert">{escape(said)}</p>' if said else ""
    write = WRITE.format(longest=complaints.LONGEST, text=escape(text))
    body = (
        f"<main><h1>意见建议</h1>{wrong}<p>不用登录，不用实名，我们只记内容。</p>{write}"
        f"<h2>看处理结果</h2>{FOLLOW}</main>"
    )
    return page("意见建议", body, status=status, forms=True)


def told(found: Complaint) -> str:
    """A complaint, and the answer once there is one."""
    answer = paragraphs(found.answer) if found.answer else "<p>已经收到，正在处理。</p>"
    return f"<h2>您写的</h2>{paragraphs(found.text)}<h2>处理结果</h2>{answer}"


def nobody(request: web.Request) -> Context:
    """Whoever writes here is nobody in particular."""
    return request.app[CONTEXT].on_behalf_of(Caller())
