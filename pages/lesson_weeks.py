"""The officers' page of truth: the quarter ahead, and what became of each Friday's lesson."""

from collections.abc import Collection
from datetime import date
from html import escape

from aiohttp import web

from handlers import lesson_calendar, lesson_desk
from handlers.context import Context
from handlers.errors import NotAllowed, NotFound, WrongState
from handlers.lesson_desk import Line, Truth
from handlers.lesson_push import CHANNELS, STATUSES
from handlers.lesson_schedule import Outlook
from models import Channel, DeliveryStatus
from pages.layout import not_found, page, whole
from pages.login import known

FORBIDDEN = (
    "<main><h1>只给负责的同志看</h1><p>请用绑定了区、镇街职责的微信，在微信里打开这个页面；"
    "也可以在小程序“微课管理”里看。</p></main>"
)
ONLY_DISTRICT = (
    "<main><h1>重发由区里操作</h1><p>没有发成的，由区委组织部的同志在这一页重发。"
    "等不及的同志可以在公众号里回复“本周课程”打开。</p></main>"
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
    again = whole(request.query.get("again"))
    html = body(truth, ctx, may_retry=await lesson_desk.edits(ctx), again=again)
    return page(f"{truth.week.friday} 推送情况", html, forms=True)


async def retry(request: web.Request) -> web.Response:
    """Try again what failed, and show the Friday."""
    ctx = await known(request)
    try:
        again = await lesson_desk.retry(ctx, friday=_day(request))
    except NotAllowed:
        return page("没有权限", ONLY_DISTRICT, status=403)
    except NotFound:
        return not_found("这一天没有安排微课。")
    except WrongState:
        again = 0  # The page says that the lesson was withdrawn.
    raise web.HTTPSeeOther(f"/lessons/weeks/{_day(request)}?again={again}")


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
    return (
        f'<section class="card"><p><a href="/lessons/weeks/{one.friday}">{one.friday}</a>　'
        f"{escape(one.title)}</p><p>{one.sends_at:%m月%d日 %H:%M} 发出；{state}：{escape(one.reached)}</p>"
        f"<ul>{notes}</ul></section>"
    )


def body(truth: Truth, ctx: Context, *, may_retry: bool = False, again: int = 0) -> str:
    """One Friday as HTML; `again`: so many have just been planned anew."""
    week, when = truth.week, truth.week.sends_at.astimezone(ctx.settings.zone)
    figures = (
        ("还没送出", truth.total(DeliveryStatus.PLANNED, DeliveryStatus.SENDING)),
        ("已送出", truth.total(DeliveryStatus.SENT)),
        ("失败", truth.total(DeliveryStatus.FAILED)),
        ("微信收下后没有发给（本月已满 4 次等）", truth.filtered),
    )
    shown = "".join(f"<li>{name}：<strong>{count}</strong> 人</li>" for name, count in figures)
    lines = "".join(_line(line) for line in truth.lines) or "<li>还没有计划</li>"
    told = f'<p role="status">{again} 人已重新排队。</p>' if again else ""
    button = ""
    if week.lesson.withdrawn_at is not None:
        told = '<p class="alert">这一课已撤回，没有送出的不再发送。</p>'
    elif truth.total(DeliveryStatus.FAILED) and may_retry:
        button = (
            f'<form method="post" action="/lessons/weeks/{week.friday}/retry"><button>重发失败的</button>'
            '<p class="soft">不能确认是否送达的不会再发，改为菜单自取。其余由系统在几分钟内重发；'
            "发课时间过了 24 小时的，也改为菜单自取，本人来信时补发。</p></form>"
        )
    return (
        f'<main><p class="strand">{week.friday}（周五）</p><h1>{escape(week.lesson.title)}</h1>'
        f'<p>{when:%m月%d日 %H:%M} 发出</p>{told}<section class="card"><ul>{shown}</ul></section>'
        f'<h2>明细</h2><ul class="plain">{lines}</ul>{button}'
        '<footer><a href="/lessons/weeks">今后一个季度的微课</a></footer></main>'
    )


def _line(line: Line) -> str:
    state = STATUSES[line.status]
    if line.channel is Channel.PULL and line.status is DeliveryStatus.PLANNED:
        state = "等本人打开菜单或来信"
    reason = f'<span class="soft">{escape(line.reason)}</span>' if line.reason else ""
    said = f"{CHANNELS[line.channel]}，{state}"
    return f"<li><strong>{line.count} 人</strong><span>{escape(said)}</span>{reason}</li>"
