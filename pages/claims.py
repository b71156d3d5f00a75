"""补单公开: what was paid in a quarter, by site and by branch, for everybody to read."""

from collections.abc import Sequence
from html import escape

from aiohttp import web

from handlers import claim_summary, quarters
from handlers.claim_summary import Paid, Summary
from handlers.context import Caller
from handlers.money import yuan
from pages.layout import CONTEXT, page

FIRST_YEAR, LAST_YEAR = 2000, 2199


async def summary(request: web.Request) -> web.Response:
    """A quarter, this one by default."""
    ctx = request.app[CONTEXT].on_behalf_of(Caller())
    year, quarter = _whole(request, "year", FIRST_YEAR, LAST_YEAR), _whole(request, "quarter", 1, 4)
    found = await claim_summary.summary(ctx, year=year, quarter=quarter)
    return page("补单公开", f"<main>{body(found)}</main>")


def body(found: Summary) -> str:
    """A quarter as HTML."""
    head = f"<h1>{found.year}年第{found.quarter}季度补单公开</h1>"
    total = f"<p>已拨付 {found.visits} 次活动，合计 {yuan(found.amount)} 元。</p>"
    tables = table("按阵地", found.sites) + table("按党支部", found.branches) if found.visits else ""
    return (
        f'<p class="strand">专项经费</p>{head}{total}{tables}'
        f"<footer><p>{earlier(found)}</p><p>按拨付的时间统计，不含个人信息。"
        '对数字有疑问，请写<a href="/complaints">意见建议</a>。</p></footer>'
    )


def table(title: str, rows: Sequence[Paid]) -> str:
    """Sums by name."""
    lines = "".join(
        f"<tr><td>{escape(one.name)}</td><td>{one.visits}</td><td>{yuan(one.amount)} 元</td></tr>"
        for one in rows
    )
    heads = "<thead><tr><th>名称</th><th>次数</th><th>金额</th></tr></thead>"
    return f'<h2>{title}</h2><table class="sums">{heads}<tbody>{lines}</tbody></table>'


def earlier(found: Summary) -> str:
    """The way to the quarter before."""
    before = quarters.Quarter(found.year, found.quarter).before()
    return f'<a href="/claims/summary?year={before.year}&amp;quarter={before.number}">看上一季度</a>'


def _whole(request: web.Request, name: str, least: int, most: int) -> int | None:
    given = request.query.get(name, "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) <= 4 else 0
    return number if least <= number <= most else None
