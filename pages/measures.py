"""线索和处理 at the desk: about units, step by step, shown to the district and the unit."""

from aiohttp import web

from handlers import measures, worker_terms
from handlers.access import officer_reach
from handlers.context import Context
from handlers.errors import BadInput
from handlers.measures import STATUS_WORDS
from models import MeasureIssue, MeasureKind, MeasureStatus, Organization, OrganizationKind, Role
from pages.staff import (
    Form,
    acted,
    area,
    check,
    desk,
    facts,
    field,
    folded,
    form,
    history,
    link,
    maybe_day,
    number,
    register_export,
    register_import,
    select,
    shown,
    table,
    text,
    texts,
)

SAY = 'required maxlength="600"'


async def index(request: web.Request) -> web.Response:
    """What the reader may see, and for the district a new lead."""
    return await shown(request, _index)


async def _index(ctx: Context) -> web.Response:
    page = await measures.list_measures(ctx, limit=100)
    rows = [
        (
            link(f"/workers/measures/{one.id}", worker_terms.name("issues", one.issue)),
            one.unit.name,
            STATUS_WORDS[one.status],
            "系统" if one.by_system else "人工",
        )
        for one in page.items
    ]
    new, brought = "", ""
    if await _is_district(ctx):
        units = await Organization.filter(kind=OrganizationKind.COMMITTEE).order_by("code")
        issues = [(issue.value, worker_terms.name("issues", issue)) for issue in MeasureIssue]
        inner = (
            select("unit_id", "哪个单位", [(unit.id, unit.name) for unit in units])
            + select("issue", "哪种情形", issues)
            + area("facts", "事实，只写单位的事", more=SAY)
        )
        new = folded("登记一条线索", form("/workers/measures", inner, "登记"))
        brought = register_import(measures.REGISTER)
    body = (
        f"<p>{register_export(measures.REGISTER)}{brought}</p>"
        f"{table(('情形', '单位', '状态', '来源'), rows)}{new}"
        '<p class="soft">系统只提出线索，核实、说明、建议、审定、送达、整改、解除都由人来办。'
        "这里只管单位；对个人的处理按干部管理权限另行办理。</p>"
    )
    return desk("线索和处理", body)


async def _is_district(ctx: Context) -> bool:
    reach = await officer_reach(ctx)
    return reach is None or Role.DISTRICT_OFFICER in reach.roles


async def report(request: web.Request) -> web.Response:
    """A new lead."""

    async def work(ctx: Context, given: Form) -> str:
        issue = text(given, "issue")
        if issue not in list(MeasureIssue):
            raise BadInput(issue="请选哪种情形")
        made = await measures.report(
            ctx, unit_id=number(given, "unit_id"), issue=MeasureIssue(issue), facts=text(given, "facts")
        )
        return f"/workers/measures/{made.id}"

    return await acted(request, work)


async def show(request: web.Request) -> web.Response:
    """One of them, and the next step for whoever may take it."""
    measure_id = int(request.match_info["measure_id"])

    async def body(ctx: Context) -> web.Response:
        row, moves = await measures.get_measure(ctx, measure_id=measure_id)
        kinds = "、".join(worker_terms.name("measures", kind) for kind in row.kinds)
        known = facts(
            {
                "单位": row.unit.name,
                "事实": row.facts,
                "单位说明": row.explanation
                or (f"请在 {row.explain_until} 前说明" if row.explain_until else ""),
                "处理": kinds,
                "期限、范围": "　".join(str(one) for one in (row.until, row.scope) if one),
                "整改": row.rectification,
            }
        )
        status = f'<p><span class="state">{STATUS_WORDS[row.status]}</span></p>'
        steps = _steps(row.status, f"/workers/measures/{row.id}", district=await _is_district(ctx))
        title = worker_terms.name("issues", row.issue)
        return desk(title, status + known + steps + history(moves, STATUS_WORDS, ctx))

    return await shown(request, body)


def _steps(status: MeasureStatus, base: str, *, district: bool) -> str:
    """What can be done in this state, by the district or by the unit."""
    if not district:
        if status is MeasureStatus.VERIFIED:
            return form(f"{base}/explain", area("text", "单位的说明", more=SAY), "提交说明")
        if status is MeasureStatus.DELIVERED:
            return form(f"{base}/rectify", area("text", "整改情况", more=SAY), "提交整改情况")
        return ""
    match status:
        case MeasureStatus.LEAD:
            choice = check("holds", "1", "核实属实，请单位说明", kind="radio", more="required")
            choice += check("holds", "0", "核实不成立", kind="radio", more="required")
            return form(f"{base}/verify", choice + area("note", "怎样核实的", more=SAY), "提交核实结果")
        case MeasureStatus.VERIFIED | MeasureStatus.EXPLAINED:
            kinds = "".join(
                check("kinds", kind.value, worker_terms.name("measures", kind)) for kind in MeasureKind
            )
            inner = (
                f"<fieldset><legend>处理种类（办法列出的四种）</legend>{kinds}</fieldset>"
                + area("reason", "理由", more=SAY)
                + field("until", "取消评先评优资格的到期日", kind="date", more="")
                + field("scope", "取消评先评优资格的范围", more='maxlength="200"')
            )
            return form(f"{base}/propose", inner, "提出建议")
        case MeasureStatus.PROPOSED:
            choice = check("agrees", "1", "同意建议", kind="radio", more="required")
            choice += check("agrees", "0", "退回组织科", kind="radio", more="required")
            return form(f"{base}/decide", choice + area("note", "意见", more='maxlength="600"'), "审定")
        case MeasureStatus.DECIDED:
            return form(f"{base}/deliver", "", "登记已送达单位")
        case MeasureStatus.RECTIFIED:
            return form(f"{base}/lift", "", "解除")
    return ""


async def step(request: web.Request) -> web.Response:
    """One step."""
    measure_id, act = int(request.match_info["measure_id"]), request.match_info["act"]

    async def work(ctx: Context, given: Form) -> str:
        match act:
            case "verify":
                holds = text(given, "holds") == "1"
                await measures.verify(ctx, measure_id=measure_id, holds=holds, note=text(given, "note"))
            case "explain":
                await measures.explain(ctx, measure_id=measure_id, text=text(given, "text"))
            case "propose":
                kinds = [MeasureKind(one) for one in texts(given, "kinds")]
                await measures.propose(
                    ctx, measure_id=measure_id, kinds=kinds, reason=text(given, "reason"),
                    until=maybe_day(given, "until"), scope=text(given, "scope"),
                )  # fmt: skip
            case "decide":
                agrees = text(given, "agrees") == "1"
                await measures.decide(ctx, measure_id=measure_id, agrees=agrees, note=text(given, "note"))
            case "rectify":
                await measures.rectify(ctx, measure_id=measure_id, text=text(given, "text"))
            case "deliver":
                await measures.deliver(ctx, measure_id=measure_id)
            case "lift":
                await measures.lift(ctx, measure_id=measure_id)
        return f"/workers/measures/{measure_id}"

    return await acted(request, work)
