"""软弱涣散 at the desk: what the data propose by which formula, what people decide, the way off the list."""

from html import escape

from aiohttp import web

from handlers import registers, spreadsheets, weak_branches
from handlers.accounts import require_person
from handlers.assessment_access import is_district_officer_over, is_officer_over, officer_paths
from handlers.assessment_years import Year
from handlers.assessments import works_for
from handlers.context import Context
from handlers.errors import Refused
from handlers.findings import STATUS_WORDS as FINDING_WORDS
from handlers.weak_branches import STATUS_WORDS, Case
from models import WeakBranch, WeakStatus
from pages.assessments import HOME
from pages.layout import whole
from pages.login import known
from pages.staff import (
    Form,
    acted,
    apart,
    area,
    check,
    day,
    desk,
    download,
    facts,
    field,
    folded,
    form,
    history,
    number,
    refusal,
    select,
    text,
    texts,
)
from pages.staff import shown as shown_to

HERE = "/assessments/weak"
LIST = (HERE, "软弱涣散研判和整顿")
STEPS = "confirm|dismiss|begin|prove|accept|return|keep-up"
REASON = f'required maxlength="{weak_branches.LONGEST_REASON}"'
NOTE = (
    '<p class="soft">系统只按公式提名，由区委组织部会商确定。认定标准、整顿期限由本区规定，'
    "中央条例没有统一标准。评的是党支部，不评个人。</p>"
)


async def index(request: web.Request) -> web.Response:
    """What the data propose, and the cases there are; `?year=` chooses the year."""

    async def body(ctx: Context) -> web.Response:
        year = whole(request.query.get("year")) or ctx.now().year
        is_officer = bool(await officer_paths(ctx))
        proposed = await _proposed(ctx, year) if is_officer else ""
        rows = (await weak_branches.list_weak(ctx, limit=100)).items
        listed = "".join(_listed(row) for row in rows)
        sheet = ""
        if is_officer:
            sheet = (
                f'<p><a href="{HERE}/weak-branches.xlsx">导出 Excel</a>　'
                '<a href="/workers/registers">从 Excel 导入</a></p>'
            )
        cases = f'<ul class="plain">{listed}</ul>' if listed else "<p>现在没有。</p>"
        return desk("软弱涣散研判和整顿", f"{NOTE}{proposed}<h2>名单</h2>{cases}{sheet}", home=HOME)

    return await shown_to(request, body, home=LIST)


async def take_up(request: web.Request) -> web.Response:
    """Look at a branch."""

    async def work(ctx: Context, given: Form) -> str:
        made = await weak_branches.take_up(
            ctx, branch_id=number(given, "branch_id", what="请选党支部"),
            year=number(given, "year", what="请填年份"), facts=text(given, "facts"),
        )  # fmt: skip
        return f"{HERE}/{made.id}"

    return await acted(request, work, back=HERE, home=LIST)


async def show(request: web.Request) -> web.Response:
    """One case, with what the reader may do about it."""

    async def body(ctx: Context) -> web.Response:
        case = await weak_branches.get(ctx, weak_id=int(request.match_info["weak_id"]))
        return await _page(ctx, case)

    return await shown_to(request, body, home=LIST)


async def step(request: web.Request) -> web.Response:
    """Do one of these things, and show the case again."""
    id_, act = int(request.match_info["weak_id"]), request.match_info["act"]
    here = f"{HERE}/{id_}"

    async def work(ctx: Context, given: Form) -> str:
        reason = text(given, "reason")
        if act == "confirm":
            await weak_branches.confirm(ctx, weak_id=id_, reason=reason)
        elif act == "dismiss":
            await weak_branches.dismiss(ctx, weak_id=id_, reason=reason)
        elif act == "begin":
            await weak_branches.begin(
                ctx, weak_id=id_, scheme=text(given, "scheme"), until=day(given, "until"),
                led_by_id=number(given, "led_by_id", what="请选牵头人"),
                finding_ids=[found for one in texts(given, "finding_id") if (found := whole(one))],
            )  # fmt: skip
        elif act == "prove":
            await weak_branches.prove(ctx, weak_id=id_, evidence=text(given, "evidence"))
        elif act == "accept":
            await weak_branches.accept(ctx, weak_id=id_, note=reason)
        elif act == "return":
            await weak_branches.send_back(ctx, weak_id=id_, reason=reason)
        else:
            await weak_branches.keep_up(ctx, weak_id=id_, note=reason)
        return here

    return await acted(request, work, back=here, home=LIST)


async def sheet(request: web.Request) -> web.Response:
    """All cases as an Excel file."""
    ctx = await known(request)
    try:
        content = await registers.export(ctx, name=weak_branches.REGISTER)
    except Refused as refused:
        return refusal(refused, back=HERE, home=LIST)
    return download(content, name="weak-branches.xlsx", media=spreadsheets.MEDIA)


async def _proposed(ctx: Context, year: int) -> str:
    cards = [await _proposal(ctx, one, year) for one in await weak_branches.proposals(ctx, year=year)]
    other = (
        f'<p><a href="{HERE}?year={year - 1}">看 {year - 1} 年的</a></p>' if year == ctx.now().year else ""
    )
    return f"<h2>{year} 年系统提名</h2>{''.join(cards) or '<p>没有。</p>'}{other}"


async def _proposal(ctx: Context, one: Year, year: int) -> str:
    """A branch that the data propose, by which formula; the district may look at it."""
    hidden = (
        f'<input type="hidden" name="branch_id" value="{one.branch.id}">'
        f'<input type="hidden" name="year" value="{year}">'
    )
    seen = area("facts", "看到的情况（可不填）", more=f'maxlength="{weak_branches.LONGEST_REASON}"')
    may = await is_district_officer_over(ctx, one.branch)
    return apart(
        f'<section class="card"><p><strong>{escape(one.branch.name)}</strong>　'
        f"{escape('；'.join(one.why))}</p>"
        f'<p class="soft">算法：{escape(weak_branches.formula_of(one))}</p>'
        f"{form(HERE, hidden + seen, '列入研判') if may else ''}</section>",
        one.branch.id,
    )


def _listed(row: WeakBranch) -> str:
    return (
        f'<li><a class="tap" href="{HERE}/{row.id}">{escape(row.branch.name)}</a>'
        f'<span class="state">{STATUS_WORDS[row.status]}</span><span class="soft">{row.year}年</span></li>'
    )


async def _page(ctx: Context, case: Case) -> web.Response:
    row = case.row
    known_ = facts(
        {
            "年度": f"{row.year}年",
            "系统提名的理由": "；".join(row.proposed),
            "算法": row.formula,
            "研判时写明的情况": row.facts,
            "认定的理由": row.reason,
            "整顿方案": row.scheme,
            "牵头人": row.led_by.name if row.led_by else "",
            "期满": f"{row.until:%Y年%-m月%-d日}" if row.until else "",
            "佐证": row.evidence,
        }
    )
    named = "".join(
        f'<li><a class="tap" href="/assessments/findings/{one.id}">{escape(one.finding.item)}</a>'
        f"<span>{FINDING_WORDS[one.status]}</span></li>"
        for one in case.findings
    )
    plan = f'<h2>方案里的问题</h2><ul class="plain">{named}</ul>' if named else ""
    return desk(
        row.branch.name,
        f'<p><span class="state">{STATUS_WORDS[row.status]}</span></p>{known_}{await _acts(ctx, row)}{plan}'
        f"{history(case.moves, STATUS_WORDS, ctx)}{NOTE}",
        home=LIST,
    )


async def _acts(ctx: Context, row: WeakBranch) -> str:
    at, person = f"{HERE}/{row.id}", await require_person(ctx)
    over, district = await is_officer_over(ctx, row.branch), await is_district_officer_over(ctx, row.branch)
    if row.status is WeakStatus.STUDIED and district:
        yes = area("reason", "会商认定的理由", more=REASON)
        no = apart(area("reason", "不认定的理由", more=REASON), "no")
        return (
            f"<h2>会商确定</h2>{form(f'{at}/confirm', yes, '认定')}"
            f"{folded('不认定', form(f'{at}/dismiss', no, '不认定'))}"
        )
    if row.status is WeakStatus.CONFIRMED and over:
        return f"<h2>一支部一方案</h2>{await _scheme(row)}"
    works = person.id == row.led_by_id or over or await works_for(person, row.branch_id)
    if row.status is WeakStatus.RECTIFYING and works:
        more = f'required maxlength="{weak_branches.LONGEST_EVIDENCE}"'
        proof = area("evidence", "佐证：哪份记录、哪一天（不用重复报送材料）", more=more)
        return f"<h2>整顿好了，申请验收</h2>{form(f'{at}/prove', proof, '申请验收')}"
    if row.status is WeakStatus.TO_ACCEPT and district:
        return _accepting(row, at, own=person.id in weak_branches.own_hands(row))
    if row.status is WeakStatus.OFF and over:
        kept = area("reason", "怎样巩固", more=REASON)
        return f"<h2>巩固</h2>{form(f'{at}/keep-up', kept, '保存')}"
    return ""


def _accepting(row: WeakBranch, at: str, *, own: bool) -> str:
    if own:
        return '<p class="alert">这件事您经手过，请另一位同志来验收。</p>'
    yes = area("reason", "验收看了什么、结论", more=REASON)
    no = apart(area("reason", "哪里还没有整顿好", more=REASON), "no")
    return (
        f"<h2>验收</h2>{form(f'{at}/accept', yes, '验收通过，销号')}"
        f"{folded('没有整顿好，退回', form(f'{at}/return', no, '退回'))}"
    )


async def _scheme(row: WeakBranch) -> str:
    people = [(one.id, one.name) for one in await weak_branches.leaders(row.branch)]
    boxes = "".join(
        check("finding_id", one.finding_id, f"{one.finding.item}　{FINDING_WORDS[one.status]}")
        for one in await weak_branches.findings_of(row.branch)
    )
    inner = (
        area("scheme", "整顿方案", more=f'required maxlength="{weak_branches.LONGEST_SCHEME}"')
        + select("led_by_id", "谁牵头", people)
        + field("until", "整顿期满（由本区定）", kind="date")
        + (f"<fieldset><legend>要解决的问题</legend>{boxes}</fieldset>" if boxes else "")
    )
    return form(f"{HERE}/{row.id}/begin", inner, "开始整顿")
