"""The practice cases to read on a phone: colour, sign and words for every role, no script."""

from html import escape

from aiohttp import web

from handlers import cases
from handlers.case_content import CaseContent, CaseRole, Phase
from handlers.cases import Placed
from handlers.context import Caller
from handlers.errors import NotFound
from pages.layout import CONTEXT, SECURITY, not_found, page

NO_RULE = "操作建议，没有专门条文"
CASES_STYLE = "/pages/cases.css"
TRY_IT = (
    '<p><a href="/rehearsals">开一场实训，大家各演一个角色</a>。在支部就能练；'
    '想去实训基地，先在<a href="/map">地图</a>上约标着“实训基地”的阵地。</p>'
)


async def index(request: web.Request) -> web.Response:
    """All cases and all roles."""
    ctx = request.app[CONTEXT].on_behalf_of(Caller())
    listed = "".join(
        f'<li><a href="/cases/{case.code}">{escape(case.title)}</a>'
        f'<span class="soft">{len(case.steps)} 步，关键 {case.key_steps} 步</span></li>'
        for case in await cases.list_cases(ctx)
    )
    roles = "".join(f"<li>{badge(role, link=True)}</li>" for role in await cases.list_roles(ctx))
    return page(
        "一套案例",
        f'<main><h1>一套案例</h1><ol class="plain">{listed}</ol><h2>按角色看</h2>'
        f'<ul class="badges">{roles}</ul></main>',
        style=CASES_STYLE,
    )


async def read(request: web.Request) -> web.Response:
    """One case; `?key=1` puts the key steps first."""
    ctx = request.app[CONTEXT].on_behalf_of(Caller())
    try:
        case = await cases.get_case(ctx, code=request.match_info["case"])
    except NotFound:
        return not_found("没有这个案例，请从“一套案例”里选。")
    return page(case.title, body(case, key_first=request.query.get("key") == "1"), style=CASES_STYLE)


async def role(request: web.Request) -> web.Response:
    """Everything one role does; `?key=1` puts the key steps first."""
    ctx = request.app[CONTEXT].on_behalf_of(Caller())
    key_first = request.query.get("key") == "1"
    try:
        found = await cases.get_role(ctx, code=request.match_info["role"], key_first=key_first)
    except NotFound:
        return not_found("没有这个角色，请从“一套案例”里选。")
    own = "".join(_step(placed, with_case=True) for placed in found.steps)
    beside = "".join(
        f'<li class="step {escape(found.role.code)}"><p>{escape(placed.step.also[found.role.code])}</p>'
        f'<p class="soft">{escape(placed.name)} {escape(placed.case.title)}</p></li>'
        for placed in found.beside
    )
    also = f'<h2>别人主做时</h2><ol class="steps">{beside}</ol>' if beside else ""
    turned = _turned(f"/cases/roles/{found.role.code}", key_first=key_first)
    return page(
        found.role.name,
        f'<main><p class="strand"><a href="/cases">一套案例</a></p><h1>{badge(found.role)}</h1>'
        f"<p>{escape(found.role.does)}。</p>{turned}<h2>要做的 {len(found.steps)} 步</h2>"
        f'<ol class="steps">{own}</ol>{also}</main>',
        style=CASES_STYLE,
    )


def body(case: CaseContent, *, key_first: bool = False) -> str:
    """A whole case as HTML."""
    rules = "；".join(escape(str(citation)) for citation in case.citations)
    note = f'<p class="soft">{escape(case.note)}</p>' if case.note else ""
    cast = "".join(f"<li>{badge(cases.role(code), link=True)}</li>" for code in case.roles)
    return (
        f'<main><p class="strand"><a href="/cases">一套案例</a> · {case.code}</p>'
        f"<h1>{escape(case.title)}</h1><p>{escape(case.scene)}。</p>"
        f'<p class="soft">依据：{rules}。共 {len(case.steps)} 步，关键 {case.key_steps} 步。'
        f"{escape(case.source)}。</p>{note}"
        f'<section class="card"><strong>出场的角色</strong><ul class="badges">{cast}</ul></section>'
        f"{_turned(f'/cases/{case.code}', key_first=key_first)}"
        f"{_key_first(case) if key_first else _in_order(case)}{TRY_IT}"
        "<footer>标着“关键”的步骤一步也不能省。</footer></main>"
    )


def badge(role: CaseRole, *, link: bool = False) -> str:
    """A role by sign, label, name and colour."""
    inside = f'<b aria-hidden="true">{escape(role.sign)}</b> {escape(role.name)}'
    if link:
        return f'<a class="badge {role.code}" href="/cases/roles/{role.code}">{inside}</a>'
    return f'<span class="badge {role.code}">{inside}</span>'


async def style(_: web.Request) -> web.Response:
    """The roles' colours, each with the ink that can be read on it."""
    rules = "".join(
        f".{role.code}{{--role:{role.colour};--on-role:{ink(role.colour)}}}\n"
        for role in cases.casebook().roles.values()
    )
    headers = SECURITY | {"Cache-Control": "max-age=300"}
    return web.Response(text=rules, content_type="text/css", charset="utf-8", headers=headers)


def ink(colour: str) -> str:
    """Black or white, whichever has the higher contrast on that colour (WCAG 2)."""
    light = luminance(colour)
    return "#fff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else "#000"


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _turned(path: str, *, key_first: bool) -> str:
    """The way to the other order."""
    if key_first:
        return f'<p><a href="{path}">按先后顺序看</a></p>'
    return f'<p><a href="{path}?key=1">先看关键步骤</a></p>'


def _in_order(case: CaseContent) -> str:
    parts = []
    for phase in Phase:
        steps = [placed for placed in cases.steps_of(case) if placed.step.phase is phase]
        if steps:
            parts.append(f'<h2>{phase}</h2><ol class="steps">{"".join(map(_step, steps))}</ol>')
    return "".join(parts)


def _key_first(case: CaseContent) -> str:
    steps = cases.steps_of(case)
    key = "".join(_step(placed) for placed in steps if placed.step.key)
    others = "".join(_step(placed) for placed in steps if not placed.step.key)
    return f'<h2>关键步骤</h2><ol class="steps">{key}</ol><h2>其他步骤</h2><ol class="steps">{others}</ol>'


def _step(placed: Placed, *, with_case: bool = False) -> str:
    step = placed.step
    key = '<strong class="key">关键</strong>' if step.key else ""
    beside = "".join(
        f"<p>{badge(cases.role(code))} {escape(do)}</p>" for code, do in step.also.items() if not with_case
    )
    rules = "；".join(str(citation) for citation in step.citations) or NO_RULE
    record = escape(cases.record_name(step.record))
    where = f"{placed.name} {placed.case.title}" if with_case else placed.name
    return (
        f'<li class="step {step.role}"><p class="head"><span class="soft">{escape(where)}</span> '
        f"{badge(cases.role(step.role))} {key}</p><p>{escape(step.do)}。</p>{beside}"
        f'<p class="soft">留下：{escape("、".join(step.leaves))}（记入“{record}”）'
        f"<br>依据：{escape(rules)}</p></li>"
    )
