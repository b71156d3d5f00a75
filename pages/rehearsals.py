"""Rehearsals on a phone: my own, a new one, joining by a scanned code, and playing."""

import asyncio
from contextlib import aclosing, suppress
from html import escape

from aiohttp import web
from multidict import MultiMapping

from handlers import cases, qr_codes, rehearsals
from handlers.context import Context
from handlers.errors import (
    BadCode,
    BadInput,
    NotAllowed,
    NotBound,
    NotFound,
    NotYourBranch,
    Refused,
    StepRefused,
    WrongState,
)
from handlers.rehearsal_play import Kind, Wish
from handlers.rehearsals import Sitting
from pages import rehearsal_forms, rehearsal_page
from pages.cases import CASES_STYLE
from pages.layout import CONTEXT, SECURITY, code_drawn, file, page, posted, whole
from pages.login import known, known_reader
from pages.rehearsal_forms import number_of

LARGEST_ID = 2**31 - 1
SLOWEST_PART = 10.0
SENTENCES: dict[type[Refused], str] = {
    NotBound: "请在微信里打开这个页面，并先在公众号里发“绑定”，确认党员身份后再来。",
    NotFound: "没有这场实训，或者您还没有加入。请扫主持人出示的二维码。",
    NotAllowed: "这件事要由主持人，或者担任这个角色的人来做。",
    NotYourBranch: "只有党支部的工作人员能开实训，请联系您所在的支部。",
    BadCode: "这不是实训码，请扫主持人手机上的二维码。",
    WrongState: "情况已经变了，现在不能这样做。页面已更新，请再看看。",
}


async def index(request: web.Request) -> web.Response:
    """Mine, and a new one."""
    ctx = await known(request)
    try:
        return await _listed(ctx)
    except Refused as refused:
        return refusal(refused)


async def create(request: web.Request) -> web.Response:
    """Open one and go there."""
    ctx = await known(request)
    given = await posted(request)
    case, visit = str(given.get("case", ""))[:4], given.get("booking")
    try:
        made = await rehearsals.open_rehearsal(ctx, case=case, booking_id=(whole(visit) if visit else None))
    except Refused as refused:
        return refusal(refused)
    raise web.HTTPSeeOther(f"/rehearsals/{made.rehearsal.id}")


async def invited(request: web.Request) -> web.Response:
    """Where a scanned code leads: one tap sits down, a mere look changes nothing."""
    ctx, code = await known(request), request.match_info["code"]
    try:
        rehearsal = await rehearsals.look_at(ctx, code=code)
    except Refused as refused:
        return refusal(refused)
    title = cases.casebook().cases[rehearsal.case].title
    body = (
        f'<main><p class="strand">实训</p><h1>{escape(title)}</h1>'
        "<p>加入以后选一个角色，手机会告诉您什么时候做什么。</p>"
        f'<form method="post" action="/rehearsals/join/{code}">'
        '<button class="big">加入实训</button></form></main>'
    )
    return page(title, body, forms=True)


async def join(request: web.Request) -> web.Response:
    """Sit down and go there."""
    ctx = await known(request)
    try:
        sitting = await rehearsals.join(ctx, code=request.match_info["code"])
    except Refused as refused:
        return refusal(refused)
    raise web.HTTPSeeOther(f"/rehearsals/{sitting.rehearsal.id}")


async def show(request: web.Request) -> web.Response:
    """Where it stands."""
    ctx = await known(request)
    try:
        return shown(await rehearsals.show(ctx, rehearsal_id=_number(request)))
    except Refused as refused:
        return refusal(refused)


async def act(request: web.Request) -> web.Response:
    """Do something, and see where it stands then; a refusal is told above it."""
    ctx, given = await known(request), await posted(request)
    try:
        before = await rehearsals.show(ctx, rehearsal_id=_number(request))
    except Refused as refused:
        return refusal(refused)
    try:
        wish = _wish(before, given)
        await rehearsals.act(ctx, rehearsal_id=before.rehearsal.id, wish=wish)
    except Refused as refused:
        now = await rehearsals.show(ctx, rehearsal_id=before.rehearsal.id)
        return shown(now, note=sentence(refused), status=422 if isinstance(refused, BadInput) else 409)
    raise web.HTTPSeeOther(f"/rehearsals/{before.rehearsal.id}")


async def code(request: web.Request) -> web.Response:
    """The picture that the host shows; scanned in WeChat it opens the page to join."""
    ctx = await known(request)
    try:
        text = await rehearsals.join_code(ctx, rehearsal_id=_number(request))
    except Refused as refused:
        return refusal(refused)
    address = f"{ctx.settings.public_url.rstrip('/')}/rehearsals/join/{text}"
    return code_drawn(await qr_codes.svg(address))


async def news(request: web.Request) -> web.StreamResponse:
    """Tell the page when there is something new, as server-sent events."""
    ctx = request.app[CONTEXT]
    ctx = ctx.on_behalf_of(await known_reader(request, ctx))
    seen = number_of(request.headers.get("Last-Event-ID") or request.query.get("after"))
    within = ctx.settings.rehearsal_line_seconds
    try:
        sittings = await rehearsals.watch(ctx, rehearsal_id=_number(request), seen=seen, within=within)
    except Refused as refused:
        return refusal(refused)
    headers = SECURITY | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    response.content_type, response.charset = "text/event-stream", "utf-8"
    async with aclosing(sittings):
        with suppress(ConnectionError, TimeoutError):
            await response.prepare(request)
            await response.write(b"retry: 3000\n\n")
            async for sitting in sittings:
                version = sitting.rehearsal.version if sitting else 0
                part = f"id: {version}\ndata: {version}\n\n" if version else ":\n\n"
                async with asyncio.timeout(SLOWEST_PART):
                    await response.write(part.encode())
            await response.write_eof()
    return response


async def script(_: web.Request) -> web.Response:
    """What brings the page up to date."""
    return file("rehearsal.js", "text/javascript")


def shown(sitting: Sitting, *, note: str = "", status: int = 200) -> web.Response:
    """The page of one seat."""
    return page(
        sitting.play.case.title,
        rehearsal_page.body(sitting, note=note),
        scripts=("/pages/rehearsal.js",),
        style=CASES_STYLE,
        status=status,
        forms=True,
    )


def refusal(refused: Refused) -> web.Response:
    """A page that says why not."""
    status = {NotFound: 404, NotBound: 403, NotAllowed: 403, NotYourBranch: 403}.get(type(refused), 409)
    body = (
        f"<main><h1>实训</h1><p>{escape(sentence(refused))}</p>"
        '<p><a href="/rehearsals">我的实训</a></p></main>'
    )
    return page("实训", body, status=status)


def sentence(refused: Refused) -> str:
    """What a refusal says on a page."""
    if isinstance(refused, StepRefused):
        return refused.sentence
    if isinstance(refused, BadInput):
        return "；".join(refused.fields.values())
    return next((SENTENCES[kind] for kind in type(refused).__mro__ if kind in SENTENCES), "现在不能这样做。")


async def _listed(ctx: Context) -> web.Response:
    book = cases.casebook().cases
    rows = "".join(
        f'<li><a href="/rehearsals/{one.id}">{escape(book[one.case].title)}</a><span class="soft">'
        f"{one.opened_at.astimezone(ctx.settings.zone):%m月%d日 %H:%M}"
        f"{'，已结束' if one.finished_at else ''}</span></li>"
        for one in await rehearsals.list_mine(ctx)
    )
    mine = f'<ul class="plain">{rows}</ul>' if rows else "<p>还没有。扫主持人出示的二维码就能加入。</p>"
    options = "".join(
        f'<label class="option"><input type="radio" name="case" value="{one.code}" required>'
        f"<span>{escape(one.title)}</span></label>"
        for one in book.values()
    )
    may = await rehearsals.may_open(ctx)
    new = (
        f'<h2>开一场</h2><form method="post" action="/rehearsals"><fieldset><legend>练哪个案例</legend>'
        f"{options}</fieldset>{await _where(ctx)}<button>开一场实训</button></form>"
    )
    body = f'<main><h1>我的实训</h1>{mine}{new if may else ""}<p><a href="/cases">一套案例</a></p></main>'
    return page("我的实训", body, forms=True)


async def _where(ctx: Context) -> str:
    """At which booked visit to a training base it is played, if there is one ahead."""
    visits = await rehearsals.visits_ahead(ctx)
    if not visits:
        return ""
    rows = [("", "不在阵地，就在支部", " checked")]
    for one in visits:
        begins = one.slot.starts_at.astimezone(ctx.settings.zone)
        rows.append((str(one.id), f"{begins:%m月%d日 %H:%M} {one.slot.site.name}", ""))
    options = "".join(
        f'<label class="option"><input type="radio" name="booking" value="{value}"{state}>'
        f"<span>{escape(words)}</span></label>"
        for value, words, state in rows
    )
    return f"<fieldset><legend>在哪里练</legend>{options}</fieldset>"


def _wish(before: Sitting, given: MultiMapping[object]) -> Wish:
    try:
        kind = Kind(str(given.get("kind", "")))
    except ValueError:
        raise WrongState from None
    play, step = before.play, number_of(given.get("step"))
    facts: dict[str, object] = {}
    role = play.current.role if play.current else ""
    if kind is Kind.CONFIRM and step == play.step and role in play.seat(before.seat).roles:
        facts = rehearsal_forms.filled_in(play, given)
    elif kind is Kind.VOTE:
        facts = rehearsal_forms.marked(play, given)
    elif kind is Kind.RECOUNT:
        facts = {"present": str(given.get("present", ""))[:6]}
    return Wish(
        kind, role=str(given.get("role", ""))[:4], seat=number_of(given.get("seat")), step=step, facts=facts
    )


def _number(request: web.Request) -> int:
    number = int(request.match_info["rehearsal_id"])
    if not 0 < number <= LARGEST_ID:
        raise NotFound
    return number
