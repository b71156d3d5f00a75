"""What the pages of the workers' side share: who reads, forms, acts that lead back, and refusals in words."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date
from html import escape, unescape
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from handlers import errors
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotBound, NotFound, Refused
from models import Transition
from pages.layout import file, page
from pages.login import known

STYLE = "/pages/workers.css"
HOME = ("/workers", "党务工作者")
"""Where a page of the desk leads back to, and what that is called; other desks have their own."""
FORBIDDEN = (
    "<main><h1>只给负责的同志看</h1><p>请用绑定了区、镇街职责的微信，在微信里打开这个页面。"
    "还没有绑定的，请先在小程序“我的”里绑定手机号。</p></main>"
)
SENTENCES: dict[type[Refused], str] = {
    Refused: "现在不能这样办理。",
    NotFound: "没有找到，或者不在您的查看范围内。",
    NotAllowed: "您的职责不包括这项操作。如有疑问，请联系上级党组织。",
    NotBound: "还不知道您是哪位同志，请先在小程序“我的”里绑定手机号。",
    errors.TermsChanged: "另一位同志刚刚改过这些设置，没有保存您的修改，请刷新后核对再改。",
    errors.WrongState: "状态已经变了，请刷新后再看。",
    errors.TooShortNotice: "这几天已有支部预约，临时关闭要提前公告；确属突发情况的，请勾选“突发情况”再提交。",
    errors.AlreadyFullTime: "这位同志在另一个单位专职在岗，请先办调动或离岗。",
    errors.FilingOpen: "这位同志还有一件备案没有办完，请先办完或撤回那一件。",
    errors.OwnNomination: "这个样板是您推荐的，现场察看和审定请另一位同志来办。",
    errors.OwnFiling: "这一步请另一位同志来办：上一步是您办的。",
    errors.TrainingFull: "这个班剩余名额不够，请减少人数，或加入候补。",
    errors.InAnotherTraining: "名单里有同志已经在这个班，或同一时间在另一个班，请核对后再报。",
    errors.RotatedLately: "这位同志近期已经参加过跟班轮训，请另报一位同志。",
    errors.MentorTaken: "这位带教人同时带的人已经满额，请另选一位。",
    errors.NotCompleted: "结业要齐备的项目还没有齐，或者时间还没有到。",
    errors.BadCode: "这个二维码不是本系统的到课码，请扫现场的二维码。",
    errors.NoBooking: "您不在这个班的名单里，请找主办的同志核对。",
    errors.TooEarly: "还没到时间，开课前 30 分钟起可以登记到课。",
    errors.TooLate: "这节课已经结束，请找主办的同志按名单补登记。",
    errors.OwnRectification: "这个问题您经手过，请另一位同志来验收或答复。",
    errors.TooLateToObject: "签收后提出异议的期限已过。确有新情况，请直接向上级党组织反映。",
    errors.NotYourBranch: "这不是您负责的党支部，请由本支部的同志办理。",
    errors.NoFont: "这台服务器没有中文字体，现在生成不了 PDF，请先下载 Word 版。",
}
ID = re.compile(r'\b(for|id)="([a-z_]+)"')
"""A name that must be the only one of its kind on a page; text of people has no bare quotes."""
TAG = re.compile("<[^>]*>")
FEW = 8
"""Characters that a narrow cell may break over some lines."""
ONE_WORD = re.compile(
    r"(?<![A-Za-z0-9/\"=-])(?:\d{4}-\d{2}(?:-\d{2})?|[A-Z]{2,}\d{4}-\d+|(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?)"
    r"(?![A-Za-z0-9/\"-])"
)
"""Days, months and filing numbers, which a narrow column doesn't take apart."""
Form = MultiDictProxy[str | bytes | bytearray | web.FileField]
Work = Callable[[Context, Form], Awaitable[str]]


def says(refused: Refused) -> str:
    """A refusal for reading."""
    if isinstance(refused, BadInput):
        return "；".join(refused.fields.values())
    return next(SENTENCES[kind] for kind in type(refused).__mro__ if kind in SENTENCES)


def desk(
    title: str,
    body: str,
    *,
    status: int = 200,
    home: tuple[str, str] = HOME,
    scripts: Sequence[str] = (),
) -> web.Response:
    """A page of the desk; `body` is HTML already."""
    footer = f'<footer><a href="{home[0]}">{home[1]}</a></footer>'
    html = f'<main class="desk"><h1>{escape(title)}</h1>{body}{footer}</main>'
    return page(title, html, style=STYLE, scripts=scripts, status=status, forms=True)


def refusal(refused: Refused, *, back: str = "", home: tuple[str, str] = HOME) -> web.Response:
    """A page that says why not, and leads back."""
    if isinstance(refused, NotBound):
        return page("没有权限", FORBIDDEN, status=403)
    back = back or home[0]
    status = {NotFound: 404, NotAllowed: 403}.get(type(refused), 422)
    said = (
        f'<p class="alert" role="alert">{escape(says(refused))}</p><p><a href="{escape(back)}">返回</a></p>'
    )
    return desk("没有办成" if status == 422 else "看不到", said, status=status, home=home)


async def shown(
    request: web.Request,
    show: Callable[[Context], Awaitable[web.Response]],
    *,
    home: tuple[str, str] = HOME,
) -> web.Response:
    """A page for whoever may see it."""
    ctx = await known(request)
    try:
        return await show(ctx)
    except Refused as refused:
        return refusal(refused, home=home)


async def acted(
    request: web.Request, work: Work, *, back: str = "", home: tuple[str, str] = HOME
) -> web.Response:
    """Do what a form asks, and lead to where `work` says; or say why not, and lead `back`."""
    ctx = await known(request)
    try:
        where = await work(ctx, await request.post())
    except Refused as refused:
        return refusal(refused, back=back, home=home)
    except (ValueError, LookupError):
        return refusal(BadInput(form="表单没有填完整，请返回核对"), back=back, home=home)
    raise web.HTTPSeeOther(where)


def download(content: bytes, *, name: str, media: str) -> web.Response:
    """A file to be saved; `name` is plain letters."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=media, headers=headers)


def text(form: Form, name: str) -> str:
    """A field as text, without what nobody can see; empty where it isn't given."""
    given = form.get(name, "")
    return (
        "".join(char for char in given if char.isprintable() or char in "\n\t")
        if isinstance(given, str)
        else ""
    )


def texts(form: Form, name: str) -> list[str]:
    """A field that may be given several times."""
    return [one for one in form.getall(name, []) if isinstance(one, str) and one.isprintable()]


def number(form: Form, name: str, *, what: str = "请填数字") -> int:
    """A field as a whole number.

    Raises:
        BadInput.
    """
    given = text(form, name).strip()
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise BadInput(**{name: what})
    return int(given)


def day(form: Form, name: str, *, what: str = "请填日期") -> date:
    """A field as a day.

    Raises:
        BadInput.
    """
    try:
        found = date.fromisoformat(text(form, name).strip())
    except ValueError:
        raise BadInput(**{name: what}) from None
    if not 1900 <= found.year <= 2199:
        raise BadInput(**{name: "日期不合理，请核对"})
    return found


def maybe_day(form: Form, name: str) -> date | None:
    """A field as a day, or nothing."""
    return day(form, name) if text(form, name).strip() else None


# Parts of pages


def field(name: str, label: str, *, kind: str = "text", value: object = "", more: str = "required") -> str:
    """An input with its label."""
    return (
        f'<label for="{name}">{escape(label)}</label>'
        f'<input id="{name}" name="{name}" type="{kind}" value="{escape(str(value))}" {more}>'
    )


def area(name: str, label: str, *, value: str = "", more: str = "required", rows: int = 3) -> str:
    """A larger text field with its label."""
    box = f'<textarea id="{name}" name="{name}" rows="{rows}" {more}>{escape(value)}</textarea>'
    return f'<label for="{name}">{escape(label)}</label>{box}'


def select(
    name: str,
    label: str,
    options: Iterable[tuple[object, str]],
    *,
    chosen: object = None,
    more: str = "required",
) -> str:
    """A choice with its label; `chosen` is the value that is taken already."""
    inner = "".join(
        f'<option value="{escape(str(value))}"{" selected" * (value == chosen)}>{escape(said)}</option>'
        for value, said in options
    )
    box = f'<select id="{name}" name="{name}" {more}>{inner}</select>'
    return f'<label for="{name}">{escape(label)}</label>{box}'


def check(name: str, value: object, label: str, *, kind: str = "checkbox", more: str = "") -> str:
    """A box to tick."""
    return (
        f'<label class="option"><input type="{kind}" name="{name}" value="{escape(str(value))}" {more}>'
        f"<span>{escape(label)}</span></label>"
    )


def form(action: str, inner: str, button: str, *, more: str = "") -> str:
    """A form with one button."""
    return f'<form method="post" action="{action}" {more}>{inner}<button>{escape(button)}</button></form>'


def apart(html: str, key: object) -> str:
    """Fields whose labels lead to them also where the same form stands on the page several times."""
    return ID.sub(rf'\1="\2-{key}"', html)


def folded(title: str, inner: str) -> str:
    """Something that opens with a tap."""
    return f"<details><summary>{escape(title)}</summary>{inner}</details>"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; cells are text, or HTML where they are `Html`. Without rows: that there are none."""
    rows = list(rows)
    if not rows:
        return "<p>现在没有。</p>"
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(map(_td, row)) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _td(value: object) -> str:
    """A cell; one of many words isn't squeezed into a few characters' width."""
    plain = cell(value)
    html = ONE_WORD.sub(r'<span class="word">\g<0></span>', plain)
    said = ONE_WORD.sub("", unescape(TAG.sub("", plain)))
    return f'<td class="long">{html}</td>' if len(said) > FEW else f"<td>{html}</td>"


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def cell(value: object) -> str:
    """A value in a table: — where there is none."""
    if isinstance(value, Html):
        return str(value)
    return escape(str(value)) if value not in (None, "") else "—"


def link(address: str, said: object) -> Html:
    """A link as a cell."""
    return Html(f'<a href="{escape(address)}">{escape(str(said))}</a>')


def facts(pairs: Mapping[str, object]) -> str:
    """A list of what is known; what isn't is left out."""
    known = {key: value for key, value in pairs.items() if value not in (None, "")}
    lines = "".join(f"<dt>{escape(key)}</dt><dd>{cell(value)}</dd>" for key, value in known.items())
    return f"<dl>{lines}</dl>"


def register_export(name: str) -> str:
    """A link to a register's Excel file."""
    return f'<a href="/workers/registers/{name}.xlsx">导出 Excel</a>'


def register_import(name: str, *, word: str = "从 Excel 导入") -> str:
    """A link to where a register's Excel file is brought in."""
    return f'　<a href="/workers/registers#{name}">{word}</a>'


def history(moves: Sequence[Transition], words: Mapping[Any, str], ctx: Context) -> str:
    """What happened to a thing, oldest first; nothing where nothing did."""
    if not moves:
        return ""
    zone = ctx.settings.zone
    items = "".join(
        f"<li><span>{move.at.astimezone(zone):%m月%d日 %H:%M}</span>"
        f"<strong>{escape(words.get(move.became, move.became))}</strong>"
        f"<span class='soft'>{escape(move.person.name if move.person else '系统')}"
        f"{escape('：' + move.note) if move.note else ''}</span></li>"
        for move in moves
    )
    return f'<h2>经过</h2><ul class="plain">{items}</ul>'


async def style(_: web.Request) -> web.Response:
    """The sheet of these pages."""
    return file("workers.css", "text/css")
