"""A keeper's phone closes a slot, some days or the site, at once where it must be, and opens them again."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from html import escape

from aiohttp import web

from handlers import closings, kept_sites, sites
from handlers.closings import LONGEST_REASON, Closed
from handlers.context import Context
from models import Site, SiteStatus, Slot
from pages import staff
from pages.keeper import moment
from pages.layout import whole
from pages.staff import Form, apart, area, check, field, folded, form, select

STEPS = "slot|days|site|open-slot|open-site"
AHEAD = timedelta(days=13)
"""So far the slots are listed one by one; what is later is closed by the day."""
HOME = ("/keeper", "我管理的阵地")
NOTE = (
    '<p class="soft">关闭后，已约的支部会收到取消的消息和原因，不记失约；没有约的不再能约。'
    "重新开放后，取消了的预约不会恢复。</p>"
)


async def show(request: web.Request) -> web.Response:
    """What is open in the next days, and what can be closed."""
    site_id = request.match_info["site_id"]

    async def body(ctx: Context) -> web.Response:
        site = await kept_sites.get(ctx, site_id)
        return staff.desk(f"{site.name}的开放", told(request) + await _parts(ctx, site), home=HOME)

    return await staff.shown(request, body, home=HOME)


async def step(request: web.Request) -> web.Response:
    """Close, or open again."""
    act, here = ACTS[request.match_info["act"]], f"/keeper/{request.match_info['site_id']}/closings"

    async def work(ctx: Context, sent: Form) -> str:
        done = await act(ctx, request.match_info["site_id"], sent)
        counts = f"slots={done.slots}&moved={done.moved}&cancelled={done.cancelled}" if done else ""
        return f"{here}?{counts}"

    return await staff.acted(request, work, back=here, home=HOME)


async def _close_slot(ctx: Context, site_id: str, sent: Form) -> Closed:
    slot_id = staff.number(sent, "slot", what="请选一个时段")
    move_to = staff.number(sent, "move_to") if staff.text(sent, "move_to") else None
    return await closings.close_slot(
        ctx, slot_id=slot_id, reason=_reason(sent), move_to=move_to, urgent=_urgent(sent)
    )


async def _close_days(ctx: Context, site_id: str, sent: Form) -> Closed:
    since, until = staff.day(sent, "since"), staff.day(sent, "until")
    return await closings.close_days(
        ctx, site_id=site_id, since=since, until=until, reason=_reason(sent), urgent=_urgent(sent)
    )


async def _close_site(ctx: Context, site_id: str, sent: Form) -> Closed:
    return await closings.close_site(ctx, site_id=site_id, reason=_reason(sent), urgent=_urgent(sent))


async def _open_slot(ctx: Context, site_id: str, sent: Form) -> None:
    await closings.open_slot(ctx, slot_id=staff.number(sent, "slot"))


async def _open_site(ctx: Context, site_id: str, sent: Form) -> None:
    await closings.open_site(ctx, site_id=site_id)


ACTS: dict[str, Callable[[Context, str, Form], Awaitable[Closed | None]]] = {
    "slot": _close_slot,
    "days": _close_days,
    "site": _close_site,
    "open-slot": _open_slot,
    "open-site": _open_site,
}


def _reason(sent: Form) -> str:
    return staff.text(sent, "reason")


def _urgent(sent: Form) -> bool:
    return bool(staff.text(sent, "urgent"))


def told(request: web.Request) -> str:
    """What the closing that led here has done."""
    if "slots" not in request.query:
        return ""
    slots, moved, cancelled = (whole(request.query.get(name)) for name in ("slots", "moved", "cancelled"))
    hit = f"改期 {moved} 个预约，取消 {cancelled} 个预约，会通知这些支部。"
    what = f"已关闭 {slots} 个时段；{hit if moved or cancelled else '没有预约受影响。'}"
    return f'<p class="alert" role="status">{what}</p>'


async def _parts(ctx: Context, site: Site) -> str:
    """The forms that fit the site as it is. HTML."""
    here = f"/keeper/{site.id}/closings"
    if site.status is SiteStatus.PAUSED:
        said = "<p><strong>阵地现在关闭着，约不了。</strong></p>"
        return said + form(f"{here}/open-site", "", "重新开放")
    if site.status is not SiteStatus.OPEN:
        return "<p>阵地现在不对外开放，如要开放，请联系区里。</p>"
    today = ctx.now().date()
    found = await sites.list_slots(ctx, site_id=site.id, since=today, until=today + AHEAD)
    ahead = [slot for slot in found if slot.starts_at > ctx.now()]
    open_, closed = [one for one in ahead if not one.closed], [one for one in ahead if one.closed]
    why = _why(ctx)
    days = field("since", "从哪天起", kind="date", value=today) + field(
        "until", "到哪天止", kind="date", value=today
    )
    return (
        NOTE
        + folded("关闭一个时段", _slot_form(ctx, open_, here))
        + folded("关闭几天", form(f"{here}/days", apart(days + why, "days"), "关闭这几天"))
        + folded("关闭阵地，直到重新开放", form(f"{here}/site", apart(why, "site"), "关闭阵地"))
        + _closed(ctx, closed, here)
    )


def _why(ctx: Context) -> str:
    """Why, and whether there is no time to announce it."""
    days = ctx.settings.closing_notice_days
    urgent = check("urgent", "1", f"突发情况，来不及提前 {days} 天公告") if days else ""
    more = f'required maxlength="{LONGEST_REASON}"'
    return area("reason", "原因，会告诉已约的支部", rows=2, more=more) + urgent


def _slot_form(ctx: Context, slots: Sequence[Slot], here: str) -> str:
    if not slots:
        return "<p>近两周没有开放的时段。</p>"
    options = [(slot.id, _said(ctx, slot)) for slot in slots]
    inner = (
        select("slot", "时段", options)
        + select(
            "move_to",
            "已约的支部",
            [("", "取消预约"), *((id_, f"改到 {said}") for id_, said in options)],
            more="",
        )
        + _why(ctx)
    )
    return form(f"{here}/slot", apart(inner, "slot"), "关闭这个时段")


def _closed(ctx: Context, slots: Sequence[Slot], here: str) -> str:
    if not slots:
        return ""
    items = "".join(
        f"<li><span>{_when(ctx, slot)}</span><span class='soft'>{escape(slot.close_reason)}</span>"
        + form(
            f"{here}/open-slot", f'<input type="hidden" name="slot" value="{slot.id}">', "重新开放这个时段"
        )
        + "</li>"
        for slot in slots
    )
    return f'<h2>近两周关闭的时段</h2><ul class="plain">{items}</ul>'


def _said(ctx: Context, slot: Slot) -> str:
    return f"{_when(ctx, slot)}　{f'已约 {slot.taken} 人' if slot.taken else '没有约'}"


def _when(ctx: Context, slot: Slot) -> str:
    zone = ctx.settings.zone
    return f"{moment(slot.starts_at.astimezone(zone))}–{slot.ends_at.astimezone(zone):%H:%M}"
