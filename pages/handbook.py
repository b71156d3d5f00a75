"""一本手册 on a phone: templates by area, a branch's year, its records, lists in and out, the calendar."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Any
from urllib.parse import quote

from aiohttp import web

from handlers import (
    due_records,
    record_access,
    record_choices,
    record_facts,
    record_feeds,
    record_prefill,
    record_rules,
    record_sheets,
    records,
    spreadsheets,
)
from handlers.context import Context
from handlers.due_records import Due, State
from handlers.errors import BadInput, NotBound, NotFound, Refused
from handlers.record_access import Reader
from handlers.record_rules import Finding
from handlers.record_sheets import Fate, Report
from handlers.template_content import Template, handbook
from models import Record, RecordStatus
from pages import records as record_page
from pages.layout import CONTEXT, not_found, page, posted, whole
from pages.login import known
from pages.records import STYLE, refusal, sentence

STATES = {State.DONE: "已有记录", State.OPEN: "现在记", State.AHEAD: "以后", State.PAST: "还没有记录"}
LEVELS = {"block": "要更正", "excellent": "补上", "warn": "提示"}
FATES = {
    Fate.CREATED: "新建草稿", Fate.UPDATED: "更新草稿", Fate.UNCHANGED: "没有变化", Fate.KEPT: "没有改",
    Fate.BAD: "要改",
}  # fmt: skip
VISITS_SINCE_DAYS = 62
ABOUT = {
    "T03": ("name", "登记谁"),
    "T13": ("member_id", "谁"),
    "T17": ("member_id", "谁"),
    "T18": ("member_id", "谁"),
}


def setup(app: web.Application) -> None:
    """Mount the handbook's pages."""
    one = r"/handbook/records/{record_id:[0-9]{1,10}}"
    router = app.router
    router.add_get("/pages/handbook.css", record_page.style)
    router.add_get("/pages/handbook.js", record_page.script)
    router.add_get("/handbook", index)
    router.add_get(r"/handbook/templates/{template:[Tt][0-9]{2}}", show_template)
    router.add_get("/handbook/year", year)
    router.add_post("/handbook/year", feed)
    router.add_get("/handbook/records", listed)
    router.add_post("/handbook/records", create)
    router.add_get(r"/handbook/lists/{template:[Tt][0-9]{2}}", sheet_page)
    router.add_post(r"/handbook/lists/{template:[Tt][0-9]{2}}", read_sheet)
    router.add_get(r"/handbook/lists/{template:[Tt][0-9]{2}}.xlsx", export_sheet)
    router.add_get(r"/handbook/calendar/{token:[A-Za-z0-9_-]{16,64}}.ics", calendar)
    router.add_get(one, record_page.show)
    router.add_post(one, record_page.act)
    router.add_post(f"{one}/autosave", record_page.autosave)
    router.add_post(f"{one}/files", record_page.upload)
    router.add_get(rf"{one}/files/{{attachment_id:[0-9]{{1,10}}}}", record_page.download)


async def index(request: web.Request) -> web.Response:
    """The handbook: what is open now for whoever writes a branch's records, and all templates by area."""
    ctx = await known(request)
    book = handbook()
    areas = "".join(
        f"<h2>{escape(area.code)} {escape(area.name)}</h2>"
        f'<ul class="plain">{_templates(book.of_area(area.code))}</ul>'
        for area in book.areas
    )
    body = (
        f"<main><h1>一本手册</h1>{await _open_now(ctx)}"
        '<p class="soft">10 项内容，24 个模板。模板是本系统按规定设计的，'
        f'区里有统一表样的以区里的为准。<a href="/handbook/terms">区里定的数和等次</a></p>{areas}</main>'
    )
    return page("一本手册", body, style=STYLE)


async def show_template(request: web.Request) -> web.Response:
    """What a template records, by which rules, and where to begin one."""
    ctx = await known(request)
    try:
        form = records.template_of(request.match_info["template"])
    except NotFound:
        return not_found("没有这个模板，请从一本手册里选。")
    rows = "".join(
        f"<tr><td>{escape(one.label)}{'<br><span class=soft>系统计算</span>' if one.computed else ''}</td>"
        f'<td>{escape(one.help or one.condition)}<br><span class="soft">{escape(one.rule)}</span></td></tr>'
        for one in form.fields
    )
    body = (
        f'<main><p class="strand">{escape(form.code)} · {escape(form.frequency)}</p>'
        f"<h1>{escape(form.name)}</h1><p>{escape(form.about)}</p>{await _beginning(ctx, form)}"
        f"<h2>记什么，依据什么</h2><table>{rows}</table></main>"
    )
    return page(form.name, body, style=STYLE, forms=True)


async def create(request: web.Request) -> web.Response:
    """Begin a record and go there."""
    ctx, given = await known(request), await posted(request)
    code = str(given.get("template", ""))[:4].upper()
    ids = {name: whole(given.get(name)) or None for name in ("booking_id", "rehearsal_id", "source_id")}
    about = ABOUT.get(code)
    person = whole(given.get("about"))
    values: dict[str, Any] = {about[0]: person} if about and person else {}
    try:
        made = await records.create(
            ctx, template=code, values=values, booking_id=ids["booking_id"],
            rehearsal_id=ids["rehearsal_id"], source_id=ids["source_id"],
        )  # fmt: skip
    except Refused as refused:
        return refusal(refused)
    raise web.HTTPSeeOther(f"/handbook/records/{made.record.id}")


async def year(request: web.Request) -> web.Response:
    """A branch's year: what doesn't agree, what is due and done, the drafts."""
    ctx = await known(request)
    try:
        found = await record_rules.overview(
            ctx, branch_id=whole(request.query.get("branch")) or None, year=_year(ctx, request)
        )
    except Refused as refused:
        return refusal(refused)
    return page("支部的一年", await _year_body(ctx, found), style=STYLE, forms=True)


async def feed(request: web.Request) -> web.Response:
    """Make or revoke the calendar's address; a new one is shown once."""
    ctx, given = await known(request), await posted(request)
    try:
        if given.get("act") == "revoke":
            await record_feeds.revoke(ctx)
            note = "<p>原来的地址已停用。</p>"
        else:
            url = await record_feeds.make(ctx)
            note = (
                "<p>把下面的地址加到手机日历的“订阅”里，只显示这一次，请不要转发：</p>"
                f"<p><strong>{escape(url)}</strong></p>"
            )
    except Refused as refused:
        return refusal(refused)
    body = f'<main><h1>支部日历</h1>{note}<p><a href="/handbook/year">回到支部的一年</a></p></main>'
    return page("支部日历", body, forms=True)


async def listed(request: web.Request) -> web.Response:
    """The branch's records that the reader sees."""
    ctx, query = await known(request), request.query
    code = query.get("template", "").upper()
    code = code if code in handbook().templates else ""
    cursor = whole(query.get("cursor")) or None
    branch = whole(query.get("branch")) or None
    try:
        rows, after = await records.list_records(
            ctx, branch_id=branch, template=code or None, cursor=cursor, limit=40
        )
    except Refused as refused:
        return refusal(refused)
    items = "".join(_item(one.record, one.template) for one in rows)
    more = (
        f'<p><a href="/handbook/records?cursor={after}&amp;template={code}&amp;branch={branch or ""}">'
        "更早的</a></p>"
        if after
        else ""
    )
    name = handbook().templates[code].name if code else "支部的记录"
    lists = f'<p><a href="/handbook/lists/{code}">成批读入、导出 Excel</a></p>' if code else ""
    items = items or "<li>还没有记录。</li>"
    body = f'<main><h1>{escape(name)}</h1><ul class="plain">{items}</ul>{more}{lists}</main>'
    return page(name, body, style=STYLE)


async def sheet_page(request: web.Request) -> web.Response:
    """Where a list is read in, and taken out."""
    ctx = await known(request)
    try:
        form = records.template_of(request.match_info["template"])
        await record_access.write_branch(ctx, None)
    except Refused as refused:
        return refusal(refused)
    return page(form.name, _sheet_body(form), style=STYLE, forms=True)


async def read_sheet(request: web.Request) -> web.Response:
    """Read a list in, or say what would become of it; or sign all drafts against which nothing speaks."""
    ctx = await known(request)
    try:
        form = records.template_of(request.match_info["template"])
        field, _, content = await record_page.received(request)
        if field == "sign":
            signed, held_up = await record_sheets.sign_drafts(ctx, template=form.code, seen=True)
            return page(form.name, _sheet_body(form, _signed(signed, held_up)), style=STYLE, forms=True)
        report = await record_sheets.read_in(
            ctx, template=form.code, content=content, dry_run=field != "write"
        )
    except BadInput as refused:
        alert = f'<p class="alert" role="alert">{escape(sentence(refused))}</p>'
        return page(form.name, _sheet_body(form, alert), style=STYLE, forms=True, status=422)
    except Refused as refused:
        return refusal(refused)
    return page(form.name, _sheet_body(form, _report(report)), style=STYLE, forms=True)


async def export_sheet(request: web.Request) -> web.Response:
    """A list as a sheet."""
    ctx = await known(request)
    try:
        form = records.template_of(request.match_info["template"])
        content = await record_sheets.export(ctx, template=form.code)
    except Refused as refused:
        return refusal(refused)
    name = quote(record_sheets.file_name(form, None, ctx.now()))
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=spreadsheets.MEDIA, headers=headers)


async def calendar(request: web.Request) -> web.Response:
    """A branch's calendar, for whoever has its address."""
    ctx = request.app[CONTEXT]
    try:
        text = await record_feeds.read(ctx, token=request.match_info["token"])
    except NotFound:
        return web.Response(status=404, text="这个日历地址已停用。\n")
    return web.Response(
        text=text, content_type="text/calendar", charset="utf-8", headers={"Cache-Control": "no-store"}
    )


async def _open_now(ctx: Context) -> str:
    try:
        reader = await record_access.read_branch(ctx, None)
    except (NotBound, NotFound):
        return '<p class="soft">绑定以后，这里会列出支部现在该记的。</p>'
    link = '<p><a href="/handbook/records">支部的记录</a></p>'
    if not reader.writes:
        return link
    facts = await record_facts.gather(ctx, reader.branch)
    due = due_records.open_now(facts)
    items = "".join(_due(one) for one in due[:12]) or "<li>现在没有要记的。</li>"
    return (
        f'<h2>{escape(reader.branch.name)}现在要记的</h2><ul class="plain">{items}</ul>'
        f'<p><a href="/handbook/year">支部的一年</a>　<a href="/handbook/records">支部的记录</a></p>'
    )


def _templates(forms: Sequence[Template]) -> str:
    return "".join(
        f'<li><a href="/handbook/templates/{form.code}">{escape(form.name)}</a>'
        f'<span class="soft">{escape(form.code)}，{escape(form.frequency)}</span></li>'
        for form in forms
    )


async def _beginning(ctx: Context, form: Template) -> str:
    """The ways to begin a record of this template: from a visit, a rehearsal, somebody, or blank."""
    try:
        reader = await record_access.read_branch(ctx, None)
    except (NotBound, NotFound):
        return ""
    if not reader.writes:
        return ""
    hidden = f'<input type="hidden" name="template" value="{form.code}">'
    ways = await _ways(ctx, reader, form)
    return (
        f'<section class="card"><form method="post" action="/handbook/records">{hidden}{ways}'
        '<button class="big">开始写，知道的先填好</button></form>'
        f'<p><a href="/handbook/records?template={form.code}">已有的记录</a>　'
        f'<a href="/handbook/lists/{form.code}">成批读入、导出 Excel</a></p></section>'
    )


async def _ways(ctx: Context, reader: Reader, form: Template) -> str:
    found: list[tuple[str, str, list[tuple[int, str]]]] = []
    if form.meeting:
        since = ctx.now().date()
        since = since.fromordinal(since.toordinal() - VISITS_SINCE_DAYS)
        visits = await record_prefill.visits(ctx, reader.branch, since=since)
        found.append(
            (
                "booking_id",
                "由哪次活动带出",
                [(one.id, record_choices.visit_words(ctx, one)) for one in visits],
            )
        )
    if form.code == "T24":
        played = await record_prefill.elections(ctx, reader.branch)
        found.append(
            (
                "rehearsal_id",
                "由实训带出一份演练（不作正式记录）",
                [(id_, f"{at:%m月%d日}的换届实训") for id_, at in played],
            )
        )
    if form.code in ABOUT:
        choices = await record_choices.gather(ctx, reader, form)
        found.append(("about", ABOUT[form.code][1], list(choices.people.items())))
    if form.code in ("T12", "T17"):
        origins = ("T10", "T14", "T21") if form.code == "T12" else ("T05", "T08", "T09")
        rows = await record_prefill.signed(reader.branch, origins)
        words = [(row.id, f"{row.period} {handbook().templates[row.template].name}") for row in rows[:30]]
        found.append(("source_id", "接着哪份记录写", words))
    return "".join(_choice(*one) for one in found if one[2])


def _choice(name: str, label: str, options: Sequence[tuple[int, str]]) -> str:
    listed_ = "".join(f'<option value="{key}">{escape(text)}</option>' for key, text in options)
    return (
        f'<p><label for="i-{name}">{escape(label)}<span class="soft">（可不选）</span></label>'
        f'<select id="i-{name}" name="{name}"><option value="">不选</option>{listed_}</select></p>'
    )


async def _year_body(ctx: Context, found: record_rules.Year) -> str:
    findings = "".join(_finding(one) for one in found.findings) or "<p>没有对不上的。</p>"
    drafts = "".join(_item(row, handbook().templates[row.template]) for row in found.drafts)
    months = ""
    for month, group in groupby(found.due, key=lambda one: (one.until.year, one.until.month)):
        items = "".join(_due(one) for one in group)
        now = (ctx.now().year, ctx.now().month) == month
        months += f"<details{' open' if now else ''}><summary>{month[0]}年{month[1]}月</summary>"
        months += f'<ul class="plain">{items}</ul></details>'
    begun = f'<h2>写了一半的</h2><ul class="plain">{drafts}</ul>' if drafts else ""
    branch = f"&amp;branch={found.reader.branch.id}"
    nav = (
        f'<p><a href="/handbook/year?year={found.year - 1}{branch}">{found.year - 1}年</a>　'
        f'<a href="/handbook/year?year={found.year + 1}{branch}">{found.year + 1}年</a>　'
        f'<a href="/handbook/books/{found.year}?branch={found.reader.branch.id}">打印这一年</a>　'
        '<a href="/handbook">一本手册</a></p>'
    )
    calendar_ = ""
    if found.reader.writes:
        there = await record_feeds.exists(found.reader.branch)
        revoke = '<button name="act" value="revoke">停用现在的地址</button>' if there else ""
        calendar_ = (
            '<h2>支部日历</h2><p class="soft">手机日历可以订阅，上面只有事项和日期，没有人名。</p>'
            f'<form method="post" action="/handbook/year"><button name="act" value="make">'
            f"{'换一个订阅地址' if there else '要一个订阅地址'}</button>{revoke}</form>"
        )
    return (
        f'<main><p class="strand">{escape(found.reader.branch.name)}</p><h1>{found.year}年</h1>{nav}'
        f"{begun}<h2>看一看</h2>{findings}<h2>按月份</h2>{months}{calendar_}</main>"
    )


def _due(one: Due) -> str:
    where = f"/handbook/templates/{one.template}"
    if one.records:
        where = f"/handbook/records/{one.records[-1]}"
    elif one.key.startswith(("T12:", "T16:", "T22:")):
        where = f"/handbook/records/{one.key.split(':')[1]}"
    state = " open" if one.state is State.OPEN else ""
    until = "" if one.state is State.DONE else f"，{one.until.month}月{one.until.day}日前"
    return (
        f'<li><a class="grow" href="{where}">{escape(one.title)}</a>'
        f'<span class="state{state}">{STATES[one.state]}{until}</span></li>'
    )


def _finding(one: Finding) -> str:
    links = " ".join(f'<a href="/handbook/records/{id_}">看记录</a>' for id_ in one.records[:5])
    return (
        f'<p class="said {"block" if one.level == "block" else "warn"}"><strong>{LEVELS[one.level]}</strong> '
        f'{escape(one.message)}<span class="soft">（{escape(one.rule)}）</span> {links}</p>'
    )


def _item(row: Record, form: Template) -> str:
    day = f"{row.held_on:%Y-%m-%d}" if row.held_on else row.period
    state = "草稿" if row.status is RecordStatus.DRAFT else "已签认"
    late = '<span class="state">补录</span>' if row.is_late else ""
    exercise = '<span class="state">演练</span>' if row.is_exercise else ""
    return (
        f'<li><a class="grow" href="/handbook/records/{row.id}">{escape(form.name)}</a>'
        f'<span class="soft">{day}</span><span class="state">{state}</span>{late}{exercise}</li>'
    )


def _sheet_body(form: Template, said: str = "") -> str:
    path = f"/handbook/lists/{form.code}"
    file_ = '<input type="file" name="file" accept=".xlsx" required aria-label="选择 Excel 文件">'
    return (
        f'<main><p class="strand">{escape(form.code)}</p><h1>{escape(form.name)}</h1>{said}'
        f'<p><a href="{path}.xlsx">导出 Excel</a>（照着它的表头填，就能再读入）</p>'
        f"<h2>读入已有的台账</h2><p>先看看每一行会怎样，再写入。同一份读两遍，每行也只有一份。读入的都是草稿。</p>"
        f'<form method="post" enctype="multipart/form-data" action="{path}">{file_}'
        '<div class="row"><button name="field" value="look">先看看</button>'
        '<button name="field" value="write">写入草稿</button></div></form>'
        f'<h2>一次签认</h2><form method="post" enctype="multipart/form-data" action="{path}">'
        '<p class="soft">把没有问题的草稿一次签认；有要补正的留着，会说明原因。按下就表示提示已看过。</p>'
        '<button name="field" value="sign">签认没有问题的草稿</button></form>'
        f'<p><a href="/handbook/records?template={form.code}">这一类的记录</a></p></main>'
    )


def _report(report: Report) -> str:
    counts = "，".join(f"{word}{report.count(fate)}行" for fate, word in FATES.items() if report.count(fate))
    rows = "".join(
        f"<tr><td>第{one.row}行</td><td><strong>{FATES[one.fate]}</strong> {escape(one.message)}</td></tr>"
        for one in report.rows
    )
    ignored = (
        f'<p class="soft">没有用到的列：{escape("、".join(report.ignored))}。</p>' if report.ignored else ""
    )
    head = "先看看，还没有写入" if report.dry_run else "已写入"
    return (
        f'<section class="card" role="status"><p><strong>{head}</strong>：{counts or "没有内容"}。</p>'
        f"{ignored}<table>{rows}</table></section>"
    )


def _signed(signed: int, held_up: Sequence[tuple[int, str]]) -> str:
    rows = "".join(
        f'<li><a href="/handbook/records/{id_}">打开</a><span>{escape(message[:200])}</span></li>'
        for id_, message in held_up
    )
    left = f'<p>这些还要补正：</p><ul class="plain">{rows}</ul>' if rows else ""
    return f'<section class="card" role="status"><p><strong>签认了 {signed} 份。</strong></p>{left}</section>'


def _year(ctx: Context, request: web.Request) -> int:
    found = whole(request.query.get("year"))
    return found if 1990 <= found <= 2100 else ctx.now().year
