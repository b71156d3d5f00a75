"""Records on paper, from the phone: one record, or a branch's year, which says how far it has come."""

from collections.abc import AsyncIterator
from html import escape
from urllib.parse import quote

from aiohttp import web

from handlers import record_documents
from handlers.errors import BadInput, NoFont, Refused
from handlers.fonts import HOW_TO_GET
from handlers.record_documents import MEDIA, Document, Paper, Progress
from pages.layout import SECURITY, page, whole
from pages.login import known
from pages.records import STYLE, number, refusal

KINDS = "|".join(Paper)
WORDS = {Paper.PDF: "PDF（直接打印）", Paper.WORD: "Word（可以再改版式）"}
HERE = "<!-- news -->"
NAMES = {Paper.PDF: "PDF", Paper.WORD: "Word"}
STEPS = 4
"""How often a long document says how far it has come."""
NO_FONT = "这台服务器还没有安装中文字体，排不出 PDF，请联系管理员。您可以先用 Word 版。"


def setup(app: web.Application) -> None:
    """Mount the pages."""
    router = app.router
    router.add_get(rf"/handbook/records/{{record_id:[0-9]{{1,10}}}}.{{kind:{KINDS}}}", one)
    router.add_get(r"/handbook/books/{year:[0-9]{4}}", choose)
    router.add_get(rf"/handbook/books/{{year:[0-9]{{4}}}}/{{kind:{KINDS}}}", make)
    router.add_get(rf"/handbook/books/{{year:[0-9]{{4}}}}.{{kind:{KINDS}}}", fetch)


async def one(request: web.Request) -> web.Response:
    """One record."""
    ctx, kind = await known(request), Paper(request.match_info["kind"])
    try:
        return _file(await record_documents.write_record(ctx, record_id=number(request), kind=kind), kind)
    except Refused as refused:
        return _refused(refused)


async def choose(request: web.Request) -> web.Response:
    """Which file of a year."""
    year, branch = request.match_info["year"], _branch(request)
    links = "".join(
        f'<li><a href="/handbook/books/{year}/{kind}{branch}">{WORDS[kind]}</a></li>' for kind in Paper
    )
    body = (
        f"<main><h1>{year}年工作手册</h1><p>封面、目录和十项内容，收入这一年已经签认的记录。"
        f'记录多的要等十来秒，页面会显示进度。</p><ul class="plain">{links}</ul>'
        '<p class="soft">身份证号、手机号只印出一部分；您看不到的内容不会印出来。</p>'
        '<p><a href="/handbook">一本手册</a></p></main>'
    )
    return page(f"{year}年工作手册", body, style=STYLE)


async def make(request: web.Request) -> web.StreamResponse:
    """Make a year's file, and say how far it has come; the browser shows each line as it arrives."""
    ctx, year = await known(request), int(request.match_info["year"])
    kind, branch_id = Paper(request.match_info["kind"]), whole(request.query.get("branch")) or None
    parts = record_documents.year_pages(ctx, year=year, kind=kind, branch_id=branch_id)
    try:
        first = await anext(parts)
    except Refused as refused:
        return _refused(refused)
    headers = SECURITY | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    response.content_type, response.charset = "text/html", "utf-8"
    await response.prepare(request)
    title = f"{year}年工作手册"
    opening = f"<main><h1>{title}</h1><p>正在生成，请稍等，不要关掉这一页。</p>"
    before, _, after = (page(title, f"{opening}{HERE}</main>", style=STYLE).text or "").partition(HERE)
    await response.write(before.encode())
    async for line in _told(first, parts):
        if isinstance(line, Document):
            token = await record_documents.keep(ctx, line)
            where = f"/handbook/books/{year}.{kind}?made={token}{_branch(request).replace('?', '&amp;')}"
            size = f"{len(line.content) / 1024 / 1024:.1f} MB"
            link = f'<a class="big" href="{where}">下载 {NAMES[kind]}（{size}）</a>'
            await response.write(f'<p role="status"><strong>好了。</strong></p><p>{link}</p>'.encode())
        else:
            await response.write(f"<p>{escape(line)}</p>".encode())
    await response.write(after.encode())
    await response.write_eof()
    return response


async def _told(
    first: Progress | Document, parts: AsyncIterator[Progress | Document]
) -> AsyncIterator[str | Document]:
    """The news of a document as lines, not too many of them."""
    said = -1
    if isinstance(first, Progress):
        yield f"{first.stage}：共{first.total}份。"
    async for part in parts:
        if isinstance(part, Document):
            yield part
        elif part.total and part.done * STEPS // part.total > said:
            said = part.done * STEPS // part.total
            yield f"{part.stage}：{part.done}/{part.total}"


async def fetch(request: web.Request) -> web.Response:
    """A year's file: what was just made if it is still there, else made again."""
    ctx, year = await known(request), int(request.match_info["year"])
    kind, branch_id = Paper(request.match_info["kind"]), whole(request.query.get("branch")) or None
    try:
        made = await record_documents.kept(ctx, request.query.get("made", ""))
        made = made or await record_documents.write_year(ctx, year=year, kind=kind, branch_id=branch_id)
    except Refused as refused:
        return _refused(refused)
    return _file(made, kind)


def _branch(request: web.Request) -> str:
    branch = whole(request.query.get("branch"))
    return f"?branch={branch}" if branch else ""


def _file(made: Document, kind: Paper) -> web.Response:
    saved_as = f"attachment; filename*=UTF-8''{quote(made.name)}"
    headers = SECURITY | {"Content-Disposition": saved_as, "Cache-Control": "no-store"}
    return web.Response(body=made.content, content_type=MEDIA[kind], headers=headers)


def _refused(refused: Refused) -> web.Response:
    if isinstance(refused, NoFont):
        body = f"<main><h1>排不出 PDF</h1><p>{NO_FONT}</p><p class=soft>{escape(HOW_TO_GET)}</p></main>"
        return page("排不出 PDF", body, status=503)
    if isinstance(refused, BadInput):
        body = f"<main><h1>请核对年份</h1><p>{escape('；'.join(refused.fields.values()))}。</p></main>"
        return page("请核对年份", body, status=422)
    return refusal(refused)
