"""What the district sets for the handbook's checks: everybody reads it, its officers change it."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from aiohttp import web

from handlers import record_terms
from handlers.context import Context
from handlers.errors import BadInput
from handlers.record_terms import PROPOSALS, ROUNDINGS, SETTINGS, STARS, Setting
from models import HandbookTerms
from pages.staff import Form, acted, area, desk, field, folded, form, number, select, shown, table, text

HERE = "/handbook/terms"
BACK = ("/handbook", "一本手册")
WORDS = ("grades", "ratings", "sheets")
HOURS = ("lecture_hours_least", "lecture_hours_most", "training_hours_most")
CAP = re.compile(r"(.+?)\s*[：:]\s*([0-9]{1,2})\s*星?")
NOTE = (
    '<p class="soft">这些都不是中央规定的硬条件，只用来提示和给出可选项；中央规定有下限的，不能改得比下限低。'
    "改了以后，新的和没有签认的记录按新的办；已经签认的仍按签认那天的办，不会重新判。</p>"
)


def setup(app: web.Application) -> None:
    """Mount the page."""
    app.router.add_get(HERE, index)
    app.router.add_post(HERE, change)


async def index(request: web.Request) -> web.Response:
    """What is in force, how it came to be, and for the district a form."""

    async def body(ctx: Context) -> web.Response:
        terms = await record_terms.show(ctx)
        values = record_terms.said(terms.district)
        rows = "".join(_setting(one, values) for one in SETTINGS)
        known = (
            f"第{terms.number}版，{terms.reason}" if terms.number else "还没有改过，用的是本系统的建议值。"
        )
        parts = [f"<p>{escape(known)}</p>", rows, NOTE]
        if await record_terms.may_change(ctx):
            parts.append(folded("修改", _form(terms.number, values)))
            parts.append(_history(ctx, await record_terms.versions(ctx)))
        return desk("区里定的数和等次", "".join(parts), home=BACK)

    return await shown(request, body, home=BACK)


async def change(request: web.Request) -> web.Response:
    """The form of the district."""

    async def work(ctx: Context, given: Form) -> str:
        values = {one.key: _given(one.key, given) for one in SETTINGS if one.key in given}
        await record_terms.change(
            ctx, number=number(given, "number"), values=values, reason=text(given, "reason")
        )
        return HERE

    return await acted(request, work, back=HERE, home=BACK)


def _setting(one: Setting, values: Mapping[str, Any]) -> str:
    """One setting as it is read on a phone: its value under its name, then what it does. HTML."""
    basis = f"依据：{one.basis}。可填：{one.limits}{one.unit}"
    return (
        f"<p><strong>{escape(one.name)}</strong><br>{_value(one, values)}"
        f'<br><span class="soft">{escape(one.meaning)}{escape(basis)}</span></p>'
    )


def _value(one: Setting, values: Mapping[str, Any]) -> str:
    """The value, and the proposal where it differs. HTML."""
    lines = _lines(one.key, values[one.key])
    shown = "<br>".join(escape(line) for line in lines) + escape(one.unit)
    proposal = record_terms.said(PROPOSALS)[one.key]
    if values[one.key] == proposal:
        return shown
    words = "、".join(_lines(one.key, proposal))
    return f'{shown}<br><span class="soft">建议值：{escape(words)}{escape(one.unit)}</span>'


def _lines(key: str, value: Any) -> list[str]:
    match key:
        case "star_bands":
            return [f"{stars}星：{least}分" for stars, least in zip(STARS, value, strict=True)]
        case "vetoes":
            return [f"{one['name']}：{one['stars']}星" for one in value]
        case "rounding":
            return [ROUNDINGS[value]]
    return list(value) if isinstance(value, list) else [str(value)]


def _form(version: int, values: Mapping[str, Any]) -> str:
    fields = "".join(_field(one, values[one.key]) for one in SETTINGS)
    why = field(
        "reason", "为什么改，依据哪份通知", more=f'required maxlength="{record_terms.LONGEST_REASON}"'
    )
    return form(HERE, f'<input type="hidden" name="number" value="{version}">{fields}{why}', "保存")


def _field(one: Setting, value: Any) -> str:
    label = f"{one.name}（{one.limits}{one.unit}）"
    if one.key == "rounding":
        return select(one.key, label, list(ROUNDINGS.items()), chosen=value)
    if one.key == "star_bands":
        return field(one.key, f"{label}，用空格隔开", value=" ".join(map(str, value)))
    if isinstance(value, list):
        lines = _lines(one.key, value)
        note = "，一行一项，冒号后写最多几星" if one.key == "vetoes" else ""
        return area(one.key, f"{label}{note}", value="\n".join(lines), rows=len(lines) + 1)
    more = "required" + (' step="0.5"' if one.key in HOURS else "")
    kind = "text" if one.key == "excellent_share" else "number"
    return field(one.key, label, kind=kind, value=value, more=more)


def _given(key: str, given: Form) -> Any:
    """A field as the use-case reads it."""
    said = text(given, key).strip()
    if key in WORDS:
        return [line.strip() for line in said.splitlines() if line.strip()]
    if key == "vetoes":
        return [_cap(line.strip()) for line in said.splitlines() if line.strip()]
    if key == "star_bands":
        return [int(one) if one.isascii() and one.isdigit() else 0 for one in re.split(r"[\s,，、]+", said)]
    if key in (*HOURS, "excellent_share", "rounding"):
        return said
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else None


def _cap(line: str) -> dict[str, Any]:
    found = CAP.fullmatch(line)
    if found is None:
        raise BadInput(vetoes=f"一票降档事项：“{line[:20]}”没有写最多几星，请写成“事项：2星”")
    return {"name": found[1], "stars": int(found[2])}


def _who(row: HandbookTerms) -> str:
    return row.set_by.name if row.set_by is not None else ""


def _history(ctx: Context, rows: list[HandbookTerms]) -> str:
    if not rows:
        return ""
    zone = ctx.settings.zone
    items = [
        (f"第{row.number}版", f"{row.at.astimezone(zone):%Y-%m-%d %H:%M}", _who(row), row.reason)
        for row in rows
    ]  # fmt: skip
    return "<h2>改过哪些次</h2>" + table(("版本", "时间", "谁改的", "为什么"), items)
