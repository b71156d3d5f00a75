"""One record on a phone: filled in, checked, signed, corrected, read; it works without a script."""

from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import BodyPartReader, web
from multidict import MultiDict, MultiMapping

from handlers import record_access, record_attachments, record_choices, record_follow_ups, records
from handlers.context import Context
from handlers.errors import (
    AlreadyRecorded,
    BadInput,
    NotAllowed,
    NotBound,
    NotFound,
    NotYourBranch,
    RecordUnready,
    Refused,
    StaleVersion,
    WarningsUnseen,
    WrongState,
)
from handlers.record_checks import Problem
from handlers.record_choices import Choices
from handlers.records import Shown
from models import RecordStatus
from pages import record_forms
from pages.layout import CONTEXT, SECURITY, file, page, posted, whole
from pages.login import known, known_reader

STYLE, SCRIPT = "/pages/handbook.css", "/pages/handbook.js"
LARGEST_ID = 2**31 - 1
SENTENCES: dict[type[Refused], str] = {
    NotBound: "请在微信里打开这个页面，并先在公众号里发“绑定”，确认党员身份后再来。",
    NotFound: "没有找到这份记录，或者不在您的查看范围内。",
    NotYourBranch: "支部的记录由书记和支部工作人员填写、签认。",
    NotAllowed: "这一页给支部工作人员和上级党组织看。支部签认的记录在“支部的记录”里。",
    WrongState: "情况已经变了，现在不能这样做。页面已更新，请再看看。",
    StaleVersion: "另一部手机刚刚保存过。您的修改没有丢，已另存在下面，请对照取用。",
    AlreadyRecorded: "这一项支部已经有记录，请打开原来的那一份修改，不用另建。",
    RecordUnready: "下面标出的几处请补正后再签认。",
    WarningsUnseen: "下面几处是提醒，不影响签认。看过以后，勾上“提示已看过”再签认即可。",
    BadInput: "有几处填写不对，请看标出的地方。",
}


async def show(request: web.Request) -> web.Response:
    """A draft as a form for whoever writes at it, everything else to be read."""
    ctx = await known(request)
    try:
        shown = await records.show(ctx, record_id=number(request))
        return await drawn(
            ctx, shown, correcting="correct" in request.query, checking="check" in request.query
        )
    except Refused as refused:
        return refusal(refused)


async def act(request: web.Request) -> web.Response:
    """Save, check, sign, correct, settle or throw away, and see where it stands then."""
    ctx, given, id_ = await known(request), await posted(request), number(request)
    typed: dict[str, Any] = {}
    try:
        shown = await records.show(ctx, record_id=id_)
        typed = record_forms.read_back(shown.template.fields, given, ctx.settings.zone)
        return await _carried_out(ctx, shown, given, typed)
    except Refused as refused:
        return await _refused(ctx, id_, given, typed, refused)


async def autosave(request: web.Request) -> web.Response:
    """Save the fields that were just left; the answer is for the page's script."""
    ctx = request.app[CONTEXT]
    ctx, given = ctx.on_behalf_of(await known_reader(request, ctx)), await posted(request)
    try:
        shown = await records.show(ctx, record_id=number(request))
        typed = record_forms.read_back(shown.template.fields, given, ctx.settings.zone)
        saved = await records.save(
            ctx, record_id=shown.record.id, revision=whole(given.get("revision")), values=typed
        )
    except BadInput as refused:
        return web.json_response({"detail": "；".join(refused.fields.values())}, status=422, headers=SECURITY)
    except Refused as refused:
        return web.json_response({"detail": sentence(refused)}, status=409, headers=SECURITY)
    return web.json_response({"revision": saved.record.revision}, headers=SECURITY)


async def upload(request: web.Request) -> web.Response:
    """Put a file behind a field."""
    ctx, id_ = await known(request), number(request)
    try:
        field, name, content = await received(request)
        await record_attachments.attach(ctx, record_id=id_, field=field, name=name, content=content)
    except Refused as refused:
        return await _refused(ctx, id_, MultiDict(), {}, refused)
    raise web.HTTPSeeOther(f"/handbook/records/{id_}#files")


async def download(request: web.Request) -> web.Response:
    """One file."""
    ctx = await known(request)
    try:
        row, content = await record_attachments.read(
            ctx, record_id=number(request), attachment_id=number(request, "attachment_id")
        )
    except Refused as refused:
        return refusal(refused)
    headers = SECURITY | {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name)}",
        "Cache-Control": "no-store",
    }
    return web.Response(body=content, content_type=row.media, headers=headers)


async def script(_: web.Request) -> web.Response:
    """What saves as one types."""
    return file("handbook.js", "text/javascript")


async def style(_: web.Request) -> web.Response:
    """The forms' sheet."""
    return file("handbook.css", "text/css")


async def _carried_out(
    ctx: Context, shown: Shown, given: MultiMapping[Any], typed: dict[str, Any]
) -> web.Response:
    id_, act_ = shown.record.id, str(given.get("act", "save"))
    seen, revision = "seen" in given, whole(given.get("revision"))
    if act_ == "correct":
        reason = str(given.get("reason", ""))[: records.LONGEST_REASON + 1]
        version = whole(given.get("version"))
        await records.correct(ctx, record_id=id_, version=version, reason=reason, values=typed, seen=seen)
    elif act_ == "discard":
        await records.discard(ctx, record_id=id_)
        raise web.HTTPSeeOther("/handbook/year")
    elif act_ == "vote":
        await records.restore_vote(ctx, record_id=id_)
    elif act_ == "hours":
        await record_follow_ups.hours(ctx, record_id=id_)
        raise web.HTTPSeeOther("/handbook/records?template=T17")
    elif act_ in ("take", "drop"):
        await records.settle(
            ctx, record_id=id_, set_aside_id=whole(given.get("set_aside")), take=act_ == "take"
        )
    elif act_ == "detach":
        await record_attachments.detach(ctx, record_id=id_, attachment_id=whole(given.get("attachment")))
    else:
        if typed:
            shown = await records.save(ctx, record_id=id_, revision=revision, values=typed)
        if act_ == "sign":
            await records.sign(ctx, record_id=id_, revision=shown.record.revision, seen=seen)
        if act_ == "check":
            raise web.HTTPSeeOther(f"/handbook/records/{id_}?check=1")
    raise web.HTTPSeeOther(f"/handbook/records/{id_}")


async def _refused(
    ctx: Context, id_: int, given: MultiMapping[Any], typed: dict[str, Any], refused: Refused
) -> web.Response:
    """The page again, with what was typed and what is wrong with it."""
    try:
        shown = await records.show(ctx, record_id=id_)
    except Refused as other:
        return refusal(other)
    said: list[Problem] = []
    if isinstance(refused, BadInput):
        said = [Problem(place, "block", text, "", "value") for place, text in refused.fields.items()]
    is_stale = isinstance(refused, StaleVersion)
    values = shown.values if is_stale else {**shown.values, **typed}
    return await drawn(
        ctx, shown, values=values, said=said, note=sentence(refused), status=422 if said else 409,
        correcting=given.get("act") == "correct", checking=isinstance(refused, RecordUnready),
        reason=str(given.get("reason", ""))[: records.LONGEST_REASON],
    )  # fmt: skip


async def drawn(
    ctx: Context,
    shown: Shown,
    *,
    values: dict[str, Any] | None = None,
    said: Sequence[Problem] = (),
    note: str = "",
    status: int = 200,
    correcting: bool = False,
    checking: bool = False,
    reason: str = "",
) -> web.Response:
    """The page of a record."""
    row, form = shown.record, shown.template
    choices = await record_choices.gather(ctx, shown.reader, form, record=row)
    is_draft = row.status is RecordStatus.DRAFT
    values = shown.values if values is None else values
    problems = list(said)
    if shown.may_write and is_draft:
        checked, found = await records.examine(ctx, record_id=row.id)
        values = {**values, **{one.key: checked.values.get(one.key) for one in form.fields if one.computed}}
        problems += [one for one in found if checking or one.code != "missing"] if not said else []
    if checking and not note:
        note = _summed(problems)
    alert = f'<p class="alert" role="alert">{escape(note)}</p>' if note else ""
    head = f'<p class="strand">{escape(form.code)} · {escape(shown.reader.branch.name)}</p>'
    head += f"<h1>{escape(form.name)}</h1>"
    if (is_draft and shown.may_write) or (correcting and shown.may_sign):
        body = _form(shown, values, choices, problems, correcting=not is_draft, reason=reason)
    else:
        body = _reading(shown, values, choices)
    extra = await _extras(ctx, shown)
    main = f'<main class="record">{head}{_state(shown)}{alert}{body}{extra}</main>'
    return page(form.name, main, scripts=(SCRIPT,), style=STYLE, status=status, forms=True)


def _summed(problems: Sequence[Problem]) -> str:
    """How much is missing, where the page begins: the places stand far below."""
    blocking = sum(one.level == "block" for one in problems)
    hints = len(problems) - blocking
    if not problems:
        return "都齐了，可以签认。"
    parts = [f"要补正 {blocking} 处"] * bool(blocking) + [f"提示 {hints} 处"] * bool(hints)
    return f"{'，'.join(parts)}，都标在下面各栏。"


def _state(shown: Shown) -> str:
    row = shown.record
    marks = ["草稿" if row.status is RecordStatus.DRAFT else f"已签认（第 {row.version} 版）"]
    marks += ["补录"] if row.is_late else []
    marks += ["演练，不作正式记录"] if row.is_exercise else []
    badges = "".join(f'<span class="state">{escape(mark)}</span> ' for mark in marks)
    entered = row.created_at.astimezone(record_forms.CHINA)
    late = f'<span class="soft">录入于 {entered:%Y-%m-%d %H:%M}</span>' if row.is_late else ""
    return f"<p>{badges}{late}</p>"


def _form(
    shown: Shown, values: dict[str, Any], choices: Choices, problems: Sequence[Problem], *, correcting: bool,
    reason: str,
) -> str:  # fmt: skip
    row, by_key = shown.record, _by_key(problems)
    fields = "".join(
        record_forms.shown(one, values.get(one.key), choices, by_key.get(one.key, ()))
        if one.computed
        else record_forms.block(one, values.get(one.key), choices, by_key.get(one.key, ()))
        for one in shown.template.fields
        if one.key not in _closed(shown)
    )
    seen = '<label class="option"><input type="checkbox" name="seen"><span>提示已看过</span></label>'
    if correcting:
        return (
            f'<form method="post" action="/handbook/records/{row.id}">'
            f'<input type="hidden" name="version" value="{row.version}"><div class="field">'
            f'<label for="i-reason">更正的理由</label><input id="i-reason" name="reason" required '
            f'maxlength="{records.LONGEST_REASON}" value="{escape(reason)}"></div>{fields}{seen}'
            '<button class="big" name="act" value="correct">更正，留下原来的版本</button></form>'
        )
    sign = f'{seen}<button class="big" name="act" value="sign">签认</button>' if shown.may_sign else ""
    if row.is_exercise:
        sign = f'<p class="soft">{records.EXERCISE}</p>'
    return (
        f'<p class="soft">知道的已经填好。离开一栏就自动保存，也可以按下面的“保存”。</p>'
        f'<form method="post" action="/handbook/records/{row.id}" '
        f'data-autosave="/handbook/records/{row.id}/autosave">'
        f'<input type="hidden" name="revision" value="{row.revision}">{fields}'
        f'<p class="saved" role="status"></p><div class="row"><button name="act" value="save">保存</button>'
        f'<button name="act" value="check">看看还差什么</button></div>{sign}</form>'
    )


def _reading(shown: Shown, values: dict[str, Any], choices: Choices) -> str:
    listed = "".join(
        record_forms.shown(one, values.get(one.key), choices)
        for one in shown.template.fields
        if values.get(one.key) not in (None, "", [], {})
    )
    hidden = [one.label for one in shown.template.fields if one.key in shown.hidden]
    masked = f'<p class="soft">不在这里显示：{escape("、".join(hidden))}。</p>' if hidden else ""
    more = ""
    if shown.may_sign and shown.record.status is RecordStatus.SIGNED:
        where = f"/handbook/records/{shown.record.id}?correct=1"
        more = f'<p><a href="{where}">更正（写明理由，原来的版本保留）</a></p>'
    return f"<dl>{listed}</dl>{masked}{more}"


async def _extras(ctx: Context, shown: Shown) -> str:
    """Files, what was set aside, earlier versions, and what may be done besides."""
    id_, is_draft = shown.record.id, shown.record.status is RecordStatus.DRAFT
    parts = [await _files(ctx, shown), _printing(id_)]
    if shown.may_write and is_draft:
        parts += [_aside(shown, one) for one in await records.set_asides(ctx, record_id=id_)]
    if not is_draft:
        _, versions = await records.history(ctx, record_id=id_)
        rows = "".join(
            f"<li><span>第 {one.row.number} 版 "
            f"{one.row.signed_at.astimezone(record_forms.CHINA):%Y-%m-%d %H:%M}</span>"
            f'<span class="soft">{escape(one.row.reason or "签认")}'
            f"{'' if one.intact else '，内容与签认时不一致，请联系管理员'}</span></li>"
            for one in versions
        )
        parts.append(f'<h2>历次签认</h2><ul class="plain">{rows}</ul>')
    if shown.may_sign and not is_draft and shown.template.code in ("T05", "T08", "T09"):
        parts.append(_button(id_, "hours", "给到会的党员各建一份学时草稿"))
    if shown.may_sign and shown.values.get("item") == "留党察看" and not shown.record.vote_restored_on:
        parts.append(_button(id_, "vote", "期满，确认恢复表决权"))
    if shown.may_sign and is_draft:
        parts.append(
            f"<details><summary>不要这份草稿了</summary>{_button(id_, 'discard', '扔掉草稿')}</details>"
        )
    return "".join(parts)


def _printing(id_: int) -> str:
    """The record on paper."""
    path = f"/handbook/records/{id_}"
    return f'<p>打印：<a href="{path}.pdf">PDF</a>　<a href="{path}.docx">Word</a></p>'


async def _files(ctx: Context, shown: Shown) -> str:
    id_ = shown.record.id
    rows = await record_attachments.list_attachments(ctx, record_id=id_)
    is_open = shown.may_write and shown.record.status is RecordStatus.DRAFT
    listed = "".join(
        f'<li><a href="/handbook/records/{id_}/files/{row.id}">{escape(row.name)}</a>'
        f'<span class="soft">{max(1, row.size // 1024)} KB</span>'
        + (_button(id_, "detach", "拿掉", attachment=row.id) if is_open else "")
        + "</li>"
        for row in rows
    )
    places = {
        key: one for key, one in record_attachments.paper_fields(shown.template).items()
        if key.split(".")[0] not in _closed(shown)
    }  # fmt: skip
    form = ""
    if is_open and places:
        options = "".join(
            f'<option value="{key}">{escape(one.label)}</option>' for key, one in places.items()
        )
        form = (
            "<details><summary>放一个文件（可不放）</summary>"
            f'<form method="post" enctype="multipart/form-data" action="/handbook/records/{id_}/files">'
            f'<label for="i-place">放在哪一栏</label><select id="i-place" name="field">{options}</select>'
            '<label for="i-file">PDF、JPG、PNG 或 Word，20 MB 以内</label>'
            '<input id="i-file" type="file" name="file" accept=".pdf,.jpg,.jpeg,.png,.docx">'
            "<button>上传</button></form></details>"
        )
    if not listed and not form:
        return ""
    return f'<h2 id="files">附件</h2><ul class="plain">{listed}</ul>{form}'


def _aside(shown: Shown, one: records.SetAside) -> str:
    labels = {field.key: field.label for field in shown.template.fields}
    changed = "、".join(labels.get(key, key) for key in one.values)
    when = one.row.at.astimezone(record_forms.CHINA)
    by = one.row.by.name if one.row.by else "一名同志"
    return (
        f'<section class="card"><p><strong>没赶上的修改</strong><br><span class="soft">{escape(by)} '
        f"{when:%m月%d日 %H:%M} 改了：{escape(changed)}</span></p>"
        f'<div class="row">{_button(shown.record.id, "take", "采用", set_aside=one.row.id)}'
        f"{_button(shown.record.id, 'drop', '不用了', set_aside=one.row.id)}</div></section>"
    )


def _button(id_: int, act_: str, label: str, **hidden: int) -> str:
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in hidden.items())
    return (
        f'<form method="post" action="/handbook/records/{id_}">{inputs}'
        f'<button name="act" value="{act_}">{escape(label)}</button></form>'
    )


def _closed(shown: Shown) -> frozenset[str]:
    return record_access.hidden(shown.reader, shown.template, shown.record, shown.values)


def _by_key(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    found: dict[str, list[Problem]] = {}
    for one in problems:
        found.setdefault(one.field.split(".")[0], []).append(one)
    return found


def refusal(refused: Refused) -> web.Response:
    """A page that says why not."""
    status = {NotFound: 404, NotBound: 403, NotAllowed: 403, NotYourBranch: 403}.get(type(refused), 409)
    body = (
        f"<main><h1>支部手册</h1><p>{escape(sentence(refused))}</p>"
        '<p><a href="/handbook">一本手册</a></p></main>'
    )
    return page("支部手册", body, status=status)


def sentence(refused: Refused) -> str:
    """What a refusal says on a page."""
    if isinstance(refused, BadInput) and refused.fields:
        return "；".join(refused.fields.values())
    return next((SENTENCES[kind] for kind in type(refused).__mro__ if kind in SENTENCES), "现在不能这样做。")


async def received(request: web.Request) -> tuple[str, str, bytes]:
    """The parts of an upload, read as they come and no further than a file may be large."""
    field, name, content = "", "", b""
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == "field":
                field = (await part.read(decode=True)).decode(errors="replace")[:50]
            elif part.name == "file":
                name = (part.filename or "")[:120]
                content = await _whole(part)
    except (ValueError, AssertionError, LookupError):
        raise BadInput(file="没有收到文件，请重新选择后再传") from None
    return field, name, content


async def _whole(part: BodyPartReader) -> bytes:
    read = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        read += chunk
        if len(read) > record_attachments.LARGEST:
            raise BadInput(file=record_attachments.TOO_LARGE)
    return bytes(read)


def number(request: web.Request, name: str = "record_id") -> int:
    """An id in the address; 0, which nothing has, where it is too large for one."""
    found = int(request.match_info[name])
    return found if found <= LARGEST_ID else 0
