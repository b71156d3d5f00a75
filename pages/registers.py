"""Registers at the desk: export, a trial of a file, and its import by a second tap."""

import asyncio
import secrets
import tempfile
from html import escape
from pathlib import Path

from aiohttp import web

from handlers import registers, spreadsheets
from handlers.context import Context
from handlers.errors import BadInput, Refused
from handlers.registers import ImportReport
from pages.login import known
from pages.staff import Form, desk, form, refusal, register_export, says, shown, table

KEPT_FOR = 900
"""Seconds a tried file waits for the second tap; in Redis, so it may be lost and is then chosen again."""
LARGEST = 4 * 1024 * 1024
NAME = r"{name:[a-z]{3,20}}"


async def index(request: web.Request) -> web.Response:
    """All registers."""

    async def body(ctx: Context) -> web.Response:
        from handlers.worker_registers import officers

        await officers(ctx)
        every = registers.registers().values()
        links = "".join(f'<li><a href="#{one.name}">{escape(one.title)}</a></li>' for one in every)
        told = "<p>先试导入，看清结果再点确认。同一份表再导一次不会重复。</p>"
        return desk(
            "导入导出",
            f"{told}<nav><ul>{links}</ul></nav>{''.join([await _card(ctx, one) for one in every])}",
        )

    return await shown(request, body)


async def _card(ctx: Context, one: registers.Register) -> str:
    """What goes out, and the form to bring a file where the reader may."""
    needed = "、".join(heading.title for heading in one.headings if heading.required)
    pick = (
        f'<label for="file-{one.name}">选 .xlsx 文件（必填的列：{escape(needed)}）</label>'
        f'<input id="file-{one.name}" type="file" name="file" accept=".xlsx" required>'
    )
    trial = form(f"/workers/registers/{one.name}", pick, "试导入", more='enctype="multipart/form-data"')
    return (
        f'<section class="card" id="{one.name}"><h2>{escape(one.title)}</h2>'
        f"<p>{register_export(one.name)}</p>"
        f"{f'<p>{escape(one.note)}</p>' if one.note else ''}{trial if await _may(ctx, one) else ''}</section>"
    )


async def _may(ctx: Context, one: registers.Register) -> bool:
    """Whether the reader may bring a file of this register."""
    try:
        await one.may(ctx)
    except Refused:
        return False
    return True


async def export(request: web.Request) -> web.Response:
    """A register as an Excel file."""
    ctx, name = await known(request), request.match_info["name"]
    try:
        content = await registers.export(ctx, name=name)
    except Refused as refused:
        return refusal(refused)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=spreadsheets.MEDIA, headers=headers)


async def try_or_import(request: web.Request) -> web.Response:
    """A trial of a chosen file; with the word of an earlier trial, the import itself."""
    ctx, name = await known(request), request.match_info["name"]
    try:
        given = await request.post()
        word = given.get("word")
        if isinstance(word, str) and word:
            content = await _kept(ctx, word)
            return _told(name, await _run(ctx, name, content, dry_run=False), word="")
        content = await asyncio.to_thread(_content, given)
        report = await _run(ctx, name, content, dry_run=True)
        return _told(name, report, word=await _keep(ctx, content) if report.changes else "")
    except Refused as refused:
        return refusal(refused)
    except (ValueError, LookupError):
        return refusal(BadInput(file="文件没有传完整，请再选一次"))


def _content(given: Form) -> bytes:
    file = given.get("file")
    if not isinstance(file, web.FileField):
        raise BadInput(file="请选一个 .xlsx 文件")
    content = file.file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadInput(file="文件超过 4 MB：请删去图片和多余的工作表，或分成几个文件")
    return content


async def _run(ctx: Context, name: str, content: bytes, *, dry_run: bool) -> ImportReport:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file.xlsx"
        await asyncio.to_thread(file.write_bytes, content)
        return await registers.import_file(ctx, name=name, file=file, say=says, dry_run=dry_run)


async def _keep(ctx: Context, content: bytes) -> str:
    word = secrets.token_urlsafe(18)
    await ctx.redis.set(_key(ctx, word), content, ex=KEPT_FOR)
    return word


async def _kept(ctx: Context, word: str) -> bytes:
    content = await ctx.redis.getdel(_key(ctx, word[:40]))
    if not isinstance(content, bytes):
        raise BadInput(file="试导入的文件已经过期，请再选一次文件")
    return content


def _key(ctx: Context, word: str) -> str:
    return f"zbt:register:{ctx.caller.actor}:{word}"


def _told(name: str, report: ImportReport, *, word: str) -> web.Response:
    head, counts, *_ = report.lines()
    rows = [(f"第 {one.row} 行", one.column, one.message) for one in report.issues]
    issues = table(("行", "列", "怎样改"), rows) if rows else ""
    told = ""
    if report.told:
        told = "<h2>请记下来</h2>" + table(
            ("行", ""), [(f"第 {one.row} 行", one.message) for one in report.told]
        )
    again = ""
    if word:
        inner = f'<input type="hidden" name="word" value="{escape(word)}">'
        said = "确认导入（有错误的行不导入）" if report.refused else "确认导入"
        again = form(f"/workers/registers/{name}", inner, said)
    body = (
        f'<section class="card" role="status"><p><strong>{escape(head)}</strong></p>'
        f"<p>{escape(counts)}</p></section>"
        f'{again}{told}{issues}<p><a href="/workers/registers">回到导入导出</a></p>'
    )
    return desk(report.title, body)
