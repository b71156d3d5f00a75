"""The officers' page of truth: the quarter ahead, and what became of each Friday's lesson."""

from collections.abc import Collection
from datetime import date
from html import escape

from aiohttp import web

from handlers import lesson_calendar, lesson_desk
from handlers.context import Context
from handlers.errors import NotAllowed, NotFound
from handlers.lesson_desk import Line, Truth
from handlers.lesson_push import CHANNELS, STATUSES
from handlers.lesson_schedule import Outlook
from models import Channel, DeliveryStatus
from pages.layout import not_found, page
from pages.login import known

FORBIDDEN = (
    "<main><h1>只给负责的同志看</h1><p>请用绑定了区、镇街职责的微信，在微信里打开这个页面；"
    "也可以在小程序“微课管理”里看。</p></main>"
)


async def quarter(request: web.Request) -> web.Response:
    """The quarter ahead."""
    ctx = await known(request)
    try:
        weeks = await lesson_desk.quarter(ctx)
    except NotAllowed:
        return page("没有权限", FORBIDDEN, status=403)
    warnings = dict.fromkeys(filter(None, (lesson_calendar.warning(one.friday) for one in weeks)))
    told = "".join(f'<p class="alert">{escape(warning)}</p>' for warning in warnings)
    items = "".join(_week(one, said=warnings) for one in weeks)
    return page("微课安排", f"<main><h1>今后一个季度的微课</h1>{told}{items}</main>")


async def show(request: web.Request) -> web.Response:
    """One Friday as it is."""
    ctx = await known(request)
    try:
        truth = await lesson_desk.truth(ctx, friday=_day(request))
    except NotAllowed:
        return page("没有权限", FORBIDDEN, status=403)
    except NotFound:
        return not_found("这一天没有安排微课。")
    return page(f"{truth.week.friday} 推送情况", body(truth, ctx), forms=True)


async def retry(request: web.Request) -> web.Response:
    """Try again what failed, and show the Friday."""
    ctx = await known(request)
    try:
        await lesson_desk.retry(ctx, friday=_day(request))
    except NotAllowed:
        return page("没有权限", FORBIDDEN, status=403)
    except NotFound:
        return not_found("这一天没有安排微课。")
    raise web.HTTPSeeOther(f"/lessons/weeks/{_day(request)}")


def _day(request: web.Request) -> date:
    try:
        return date.fromisoformat(request.match_info["friday"])
    except ValueError:
        raise NotFound from None


def _week(one: Outlook, *, said: Collection[str]) -> str:
    """One Friday; what was `said` above isn't repeated."""
    notes = "".join(f'<li class="soft">{escape(note)}</li>' for note in one.notes if note not in said)
    if one.sends_at is None:
        head = f"<strong>{one.friday}</strong>　不推送"
        return f'<section class="card"><p>{head}</p><ul>{notes}</ul></section>'
    state = "已计划" if one.is_planned else "预计"
    how = (
        "，".join(f"{CHANNELS[channel]} {count} 人" for channel, count in one.channels.items())
        or "还没有收课人"
    )
    return (
        f'<section class="card"><p><a href="/lessons/weeks/{one.friday}">{one.friday}</a>　'
        f"{escape(one.title)}</p><p>{one.sends_at:%m月%d日 %H:%M} 发出；{state}：{escape(how)}</p>"
        f"<ul>{notes}</ul></section>"
    )


def body(truth: Truth, ctx: Context) -> str:
    """One Friday as HTML."""
    week, when = truth.week, truth.week.sends_at.astimezone(ctx.settings.zone)
    figures = (
        ("还没送出", truth.total(DeliveryStatus.PLANNED, DeliveryStatus.SENDING)),
        ("已送出", truth.total(DeliveryStatus.SENT)),
        ("失败", truth.total(DeliveryStatus.FAILED)),
        ("微信收下后没有发给（本月已满 4 次等）", truth.filtered),
    )
    shown = "".join(f"<li>{name}：<strong>{count}</strong> 人</li>" for name, count in figures)
    lines = "".join(_line(line) for line in truth.lines) or "<tr><td colspan=4>还没有计划</td></tr>"
    again = ""
    if truth.total(DeliveryStatus.FAILED):
        again = (
            f'<form method="post" action="/lessons/weeks/{week.friday}/retry"><button>重发失败的</button>'
            '<p class="soft">不能确认是否送达的不会再发，改为菜单自取；其余由系统在几分钟内重发。</p></form>'
        )
    return (
        f'<main><p class="strand">{week.friday}（周五）</p><h1>{escape(week.lesson.title)}</h1>'
        f'<p>{when:%m月%d日 %H:%M} 发出</p><section class="card"><ul>{shown}</ul></section>'
        "<h2>明细</h2><table><thead><tr><th>方式</th><th>状态</th><th>人数</th><th>原因</th></tr></thead>"
        f"<tbody>{lines}</tbody></table>{again}"
        '<footer><a href="/lessons/weeks">今后一个季度的微课</a></footer></main>'
    )


def _line(line: Line) -> str:
    state = STATUSES[line.status]
    if line.channel is Channel.PULL and line.status is DeliveryStatus.PLANNED:
        state = "等本人打开菜单或来信"
    cells = (CHANNELS[line.channel], state, str(line.count), line.reason)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
