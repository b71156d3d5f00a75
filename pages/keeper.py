"""A keeper's phone at the door: how many have come, whose scan didn't work and why, names from paper."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from aiohttp import web

from handlers import headcounts, paper, refused_scans, scan_log, sites
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound, NotFound, Refused, TooEarly, TooLate, WrongState
from handlers.headcounts import VisitCount
from handlers.paper import NameAnswer
from pages.layout import file, not_found, page
from pages.login import known

SHOWN = 20
FORBIDDEN = (
    "<main><h1>只给阵地管理员看</h1><p>请用绑定了阵地管理员职责的微信，在微信里打开这个页面。"
    "还没有绑定的，请先在小程序“我的”里绑定手机号。</p></main>"
)
REASONS = {
    "bad_code": "扫的不是本系统的签到码",
    "expired_code": "二维码已过期，请扫屏幕上最新的",
    "too_early": "还没到签到时间",
    "too_late": "活动已经结束，可以按名单补登记",
    "no_booking": "所在支部在这里没有预约",
    "wrong_site": "所在支部约的是另一处阵地",
    "cancelled_booking": "所在支部的预约已取消",
    "not_bound": "还没有绑定手机号，可以按名单登记",
    "replayed_scan": "同一次扫码重复使用，请重新扫",
    "scan_refused": "没有签到成功，可以按名单登记",
    "bad_input": "记录不完整，看不出是谁、什么时间",
    scan_log.SEVERAL_TIMES: "扫了几次，按最早的一次记",
}
"""Why a scan checked nobody in, for the keeper to read. A test keeps it complete."""
SAYS = {
    "checked_in": "已登记",
    "already": "之前已经签到",
    paper.UNKNOWN_NAME: "这个支部的名册里没有这个名字，请核对写法",
    paper.SAME_NAME: "有同名的同志，请本人出示“我的码”",
}
REFUSALS: dict[type[Refused], str] = {
    TooEarly: "活动开始前 30 分钟起才能登记。",
    TooLate: "活动结束太久，不能再登记了，请联系上级党组织。",
    WrongState: "这个预约没有确认，或者已经取消，不能登记。",
    BadInput: f"请填写名单，一行一个名字，一次最多 {paper.NAMES_AT_ONCE} 人。",
}


async def index(request: web.Request) -> web.Response:
    """The sites of this keeper; a single one at once."""
    ctx = await known(request)
    try:
        kept = await headcounts.my_sites(ctx)
    except (NotAllowed, NotBound):
        return forbidden()
    if len(kept) == 1:
        raise web.HTTPFound(f"/keeper/{kept[0].id}")
    items = "".join(f'<li><a href="/keeper/{site.id}">{escape(site.name)}</a></li>' for site in kept)
    return page("我管理的阵地", f'<main><h1>我管理的阵地</h1><ul class="plain">{items}</ul></main>')


async def show(request: web.Request) -> web.Response:
    """One site now."""
    return await shown(await known(request), request.match_info["site_id"])


async def enter(request: web.Request) -> web.Response:
    """Enter the names of a list, and say row by row what came of it."""
    ctx, site_id = await known(request), request.match_info["site_id"]
    booking_id, names = await written(request)
    try:
        if not names:
            raise BadInput(names="")
        answers = await paper.enter(ctx, booking_id=booking_id, names=names)
    except (NotAllowed, NotBound):
        return forbidden()
    except NotFound:
        return not_found("没有这次活动，请回到上一页刷新后再试。")
    except (TooEarly, TooLate, WrongState, BadInput) as refused:
        said = f'<p role="alert">{REFUSALS[type(refused)]}</p>'
        return await shown(ctx, site_id, said=said, status=422)
    return await shown(ctx, site_id, said=told(answers))


async def script(_: web.Request) -> web.Response:
    """What keeps the heads up to date."""
    return file("keeper.js", "text/javascript")


def forbidden() -> web.Response:
    """For whoever keeps no site, or not this one."""
    return page("没有权限", FORBIDDEN, status=403)


async def shown(ctx: Context, site_id: str, *, said: str = "", status: int = 200) -> web.Response:
    """The page of one site."""
    try:
        visits = await headcounts.near_now(ctx, site_id=site_id)
        site = await sites.get_site(ctx, site_id=site_id)
        refused = await refused_scans.list_refused(ctx, site_id=site_id)
        open_ends = await scan_log.conflicts(ctx, site_id=site_id)
    except (NotAllowed, NotBound, NotFound):
        return forbidden()
    zone = ctx.settings.zone
    failed = "".join(
        f"<li><span>{moment(one.at.astimezone(zone))}</span>{why(one.code)}</li>" for one in refused[:SHOWN]
    )
    left = "".join(
        f"<li><span>{moment(one.at.astimezone(zone)) if one.at else '时间不明'}</span>"
        f"{escape(one.name)} {why(one.reason)}</li>"
        for one in open_ends[:SHOWN]
    )
    cards = "".join(card(visit, ctx, site_id) for visit in visits) or "<p>今天没有预约的活动。</p>"
    body = (
        f'<main class="keeper" data-site="{escape(site_id)}"><p class="strand">阵地管理</p>'
        f"<h1>{escape(site.name)}</h1>{said}{cards}"
        '<p id="live" class="soft" role="status">刷新页面可以看到最新人数。</p>'
        f"<h2>没有签到成功的扫码</h2>{listed(failed, '最近没有。')}"
        f"<h2>离线记录里要看一看的</h2>{listed(left, '没有。')}"
        '<p class="soft">扫不了码的，请在上面按名单登记，或者请本人在公众号发“我的码”，由您来扫。</p>'
        f'<p><a class="tap" href="/keeper/{escape(site.id)}/closings">关闭时段或阵地，重新开放</a></p>'
        f'<p><a class="tap" href="/keeper/{escape(site.id)}/images">阵地的图片</a></p></main>'
    )
    return page(f"{site.name} 签到", body, scripts=("/pages/keeper.js",), status=status, forms=True)


def card(visit: VisitCount, ctx: Context, site_id: str) -> str:
    """One visit: its heads, and where to write names."""
    zone = ctx.settings.zone
    begins, ends = visit.starts_at.astimezone(zone), visit.ends_at.astimezone(zone)
    field = f"names-{visit.booking_id}"
    return (
        f'<section class="card"><p><strong>{escape(visit.branch)}</strong><br>'
        f'<span class="soft">{moment(begins)}–{ends:%H:%M}</span></p>'
        f'<p class="heads">已到 <strong data-visit="{visit.booking_id}">{visit.present}</strong> 人'
        f'<span class="soft">　预约 {visit.headcount} 人</span></p>'
        f'<details><summary>按名单登记</summary><form method="post" action="/keeper/{escape(site_id)}">'
        f'<input type="hidden" name="booking" value="{visit.booking_id}">'
        f'<label for="{field}">到场的人，一行一个名字</label>'
        f'<textarea id="{field}" name="names" rows="6" required></textarea>'
        "<button>登记</button></form></details></section>"
    )


def told(answers: Sequence[NameAnswer]) -> str:
    """What became of each name."""
    rows = "".join(f"<tr><td>{escape(one.name)}</td><td>{SAYS[one.status]}</td></tr>" for one in answers)
    return (
        f'<section class="card" role="status"><p><strong>登记结果</strong></p><table>{rows}</table></section>'
    )


def why(code: str) -> str:
    """A reason for reading."""
    return f"<span>{escape(REASONS.get(code, REASONS['scan_refused']))}</span>"


def listed(items: str, nothing: str) -> str:
    """A list, or that there is nothing on it."""
    return f'<ul class="plain">{items}</ul>' if items else f"<p>{nothing}</p>"


def moment(at: datetime) -> str:
    """A time of these days."""
    return f"{at.month}月{at.day}日 {at:%H:%M}"


async def written(request: web.Request) -> tuple[int, list[str]]:
    """The visit and the names of the form; no names where it can't be read."""
    try:
        form = await request.post()
    except (ValueError, LookupError):
        return 0, []
    booking, text = form.get("booking"), form.get("names")
    if not isinstance(booking, str) or not booking.isascii() or not booking.isdigit() or len(booking) > 9:
        return 0, []
    lines = text.splitlines() if isinstance(text, str) else []
    cleaned = ("".join(char for char in line if char.isprintable()).strip() for line in lines)
    return int(booking), [name[: paper.LONGEST_NAME] for name in cleaned if name]
