"""备案 at the desk: the list, one filing with what can be done next, and the form for a new one."""

from datetime import timedelta
from html import escape

from aiohttp import web

from handlers import filings, registers, spreadsheets, worker_terms, workers
from handlers.access import officer_reach, within
from handlers.context import Context
from handlers.errors import BadInput
from handlers.filings import AT_DISTRICT, KIND_WORDS, NEXT, STATUS_WORDS, CommitteeWord, PostWish
from handlers.workers import WorkerFacts
from models import FILING_OPEN, FilingKind, FilingStatus, Organization, OrganizationKind, Person, WorkerField
from pages.staff import (
    Form,
    acted,
    check,
    day,
    desk,
    download,
    facts,
    field,
    form,
    history,
    link,
    maybe_day,
    number,
    register_import,
    select,
    shown,
    table,
    text,
    texts,
)

STEP_WORDS = {
    FilingStatus.UNIT: "单位审核通过",
    FilingStatus.COMMITTEE: "党委已研究，报区里",
    FilingStatus.REPORTED: "初审通过",
    FilingStatus.SECTION: "审定同意",
}


async def index(request: web.Request) -> web.Response:
    """The latest filings."""
    return await shown(request, _index)


async def _index(ctx: Context) -> web.Response:
    page = await filings.list_filings(ctx, limit=100)
    rows = [
        (
            link(f"/workers/filings/{one.id}", f"{one.person.name}　{KIND_WORDS[one.kind]}"),
            one.unit.name,
            one.effective_on,
            STATUS_WORDS[one.status],
        )
        for one in page.items
    ]
    body = (
        '<p><a href="/workers/filings/new">报一件备案</a>　'
        '<a href="/workers/filings/filings.xlsx">导出备案台账（Excel）</a>'
        f"{register_import(filings.REGISTER)}</p>"
        f"{table(('备案', '单位', '生效日期', '状态'), rows)}"
        '<p class="soft">变动须事前报备：生效日期不能早于报的那一天，也不早于审定的那一天。</p>'
    )
    return desk("备案", body)


async def sheet(request: web.Request) -> web.Response:
    """The ledger as an Excel file."""

    async def body(ctx: Context) -> web.Response:
        content = await registers.export(ctx, name=filings.REGISTER)
        return download(content, name="filings.xlsx", media=spreadsheets.MEDIA)

    return await shown(request, body)


async def show(request: web.Request) -> web.Response:
    """One filing, and the next step for whoever may take it."""
    filing_id = int(request.match_info["filing_id"])

    async def body(ctx: Context) -> web.Response:
        row, moves = await filings.get_filing(ctx, filing_id=filing_id)
        wish = row.proposal
        known = facts(
            {
                "单位": row.unit.name,
                "生效日期": row.effective_on,
                "原因": row.reason,
                "岗位": "　".join(str(wish[key]) for key in ("post", "staffing") if wish.get(key)),
                "专兼职": ("专职" if wish["full_time"] else "兼职") if "full_time" in wish else "",
                "分工": "、".join(wish.get("duties", [])),
                "材料": "、".join(row.materials),
                "党委研究": "　".join(str(one) for one in (row.met_on, row.document_no) if one),
            }
        )
        status = f'<p><span class="state">{STATUS_WORDS[row.status]}</span></p>'
        steps = _steps(row.status, f"/workers/filings/{row.id}")
        title = f"{row.person.name}　{KIND_WORDS[row.kind]}"
        return desk(title, status + known + steps + history(moves, STATUS_WORDS, ctx))

    return await shown(request, body)


def _steps(status: FilingStatus, base: str) -> str:
    """What can be done about a filing in this state; the use-case decides who may."""
    parts = []
    if status in NEXT:
        inner = "" if status in AT_DISTRICT else _committee()
        if status in AT_DISTRICT:
            inner = field("note", "意见（可不填）", more='maxlength="300"')
        parts.append(form(f"{base}/advance", inner, STEP_WORDS[status]))
        why = field("reason", "原因，会告诉单位", more='required maxlength="300"')
        parts.append(_folded("退回补正", form(f"{base}/return", why, "退回补正")))
    if status in AT_DISTRICT:
        why = field("reason", "不予备案的理由", more='required maxlength="300"')
        parts.append(_folded("不予备案", form(f"{base}/refuse", why, "不予备案")))
    if status is FilingStatus.RETURNED:
        parts.append(f'<p><a href="{base}/correct">补正后再报</a></p>')
    if status in FILING_OPEN:
        parts.append(_folded("撤回", form(f"{base}/withdraw", "", "撤回这件备案")))
    return "".join(parts)


def _folded(title: str, inner: str) -> str:
    return f"<details><summary>{title}</summary>{inner}</details>"


def _committee() -> str:
    return field("met_on", "党委研究日期（已研究的填，直接报到区里）", kind="date", more="") + field(
        "document_no", "批准文号", more='maxlength="60"'
    )


async def step(request: web.Request) -> web.Response:
    """Advance, return, refuse or withdraw."""
    filing_id, act = int(request.match_info["filing_id"]), request.match_info["act"]

    async def work(ctx: Context, given: Form) -> str:
        if act == "advance":
            word = committee(given)
            await filings.advance(ctx, filing_id=filing_id, note=text(given, "note"), committee=word)
        elif act == "withdraw":
            await filings.withdraw(ctx, filing_id=filing_id)
        else:
            do = filings.send_back if act == "return" else filings.refuse
            await do(ctx, filing_id=filing_id, reason=text(given, "reason"))
        return f"/workers/filings/{filing_id}"

    return await acted(request, work)


async def fresh(request: web.Request) -> web.Response:
    """The form for a new filing: of somebody on post, or found on the roster by name."""
    name, worker = request.query.get("name", "")[:40], request.query.get("worker", "")

    async def body(ctx: Context) -> web.Response:
        reach = await officer_reach(ctx)
        if worker.isascii() and worker.isdigit() and len(worker) < 10:
            whole = await workers.get_worker(ctx, worker_id=int(worker))
            people = [whole.summary.person]
            units = [one.unit for one in whole.summary.placements]
        else:
            units = await _units(ctx)
            people = []
            if name.strip():
                own = within(reach, below="organization__")
                people = await Person.filter(own, name=name.strip(), left_at=None).limit(20)
        if not people:
            return desk("报备案", _search(name))
        await_org = {one.id: one for one in people}
        for one in people:
            await one.fetch_related("organization")
        return desk("报备案", _fresh_form(ctx, list(await_org.values()), units, bool(worker)))

    return await shown(request, body)


async def _units(ctx: Context) -> list[Organization]:
    reach = await officer_reach(ctx)
    return await Organization.filter(within(reach), kind=OrganizationKind.COMMITTEE).order_by("code")


def _search(name: str) -> str:
    nobody = f"<p>名册里没有找到“{escape(name)}”，请核对。</p>" if name.strip() else ""
    return (
        f'{nobody}<form method="get" action="/workers/filings/new">'
        f"{field('name', '姓名（在名册里找，不用再填资料）', value=name)}<button>找人</button></form>"
        '<p class="soft">已经在岗的，请在台账里点开这位同志，再点“报变动备案”。</p>'
    )


def _fresh_form(ctx: Context, people: list[Person], units: list[Organization], on_post: bool) -> str:
    who = "".join(
        check("person_id", one.id, f"{one.name}（{one.organization.name}）", kind="radio", more="required")
        for one in people
    )
    kinds = [
        (kind.value, KIND_WORDS[kind]) for kind in FilingKind if on_post is (kind is not FilingKind.APPOINT)
    ]
    tomorrow = (ctx.now() + timedelta(days=1)).date()
    inner = (
        f"<fieldset><legend>谁</legend>{who}</fieldset>"
        + select("unit_id", "单位", [(unit.id, unit.name) for unit in units])
        + select("kind", "办什么", kinds)
        + field("effective_on", "生效日期（不能早于今天）", kind="date", value=tomorrow)
        + field("reason", "原因" + ("" if on_post else "（可不填）"), more='maxlength="300"')
        + (field("to_unit", "调入单位的编码（调出本区的不填）", more='maxlength="32"') if on_post else "")
        + _post_fields()
        + _committee()
        + (_facts_fields() if not on_post else "")
    )
    return form("/workers/filings/new", inner, "报备案")


def _post_fields() -> str:
    terms = worker_terms.terms()
    materials = "".join(check("materials", name, name) for name in terms["materials"])
    return (
        select("field", "领域", [(key.value, worker_terms.name("fields", key)) for key in WorkerField])
        + select("post", "岗位", [(name, name) for name in terms["posts"]])
        + select("full_time", "专职还是兼职", [("1", "专职"), ("0", "兼职")])
        + select("staffing", "编制性质", [(name, name) for name in terms["staffings"]])
        + field("term_until", "拟任期限（可不填）", kind="date", more="")
        + field("duties", "分工，用顿号隔开", more='maxlength="200"')
        + field("branches", "联系支部的编码，用顿号隔开", more='maxlength="300"')
        + f"<fieldset><legend>已备齐的材料</legend>{materials}</fieldset>"
    )


def _facts_fields() -> str:
    educations = [("", "不填"), *[(word, word) for word in worker_terms.terms()["educations"]]]
    inner = (
        select("sex", "性别", [("", "不填"), ("男", "男"), ("女", "女")], more="")
        + field("nation", "民族", more='maxlength="20"')
        + select("education", "学历", educations, more="")
        + field("joined_on", "入党时间", kind="date", more="")
        + field("full_on", "转正时间", kind="date", more="")
        + field("id_no", "公民身份号码（加密保存）", more='maxlength="18" autocomplete="off"')
    )
    return f"<details><summary>名册以外的信息（可以以后补）</summary>{inner}</details>"


async def file(request: web.Request) -> web.Response:
    """File it."""

    async def work(ctx: Context, given: Form) -> str:
        kind = _kind(text(given, "kind"))
        to_unit = text(given, "to_unit").strip()
        target = await Organization.get_or_none(code=to_unit) if to_unit else None
        if to_unit and target is None:
            raise BadInput(to_unit="没有这个编码的党组织，请核对")
        needs_post = kind in (FilingKind.APPOINT, FilingKind.CHANGE) or target is not None
        made = await filings.submit(
            ctx,
            kind=kind,
            person_id=number(given, "person_id", what="请选一位同志"),
            unit_id=number(given, "unit_id", what="请选单位"),
            effective_on=day(given, "effective_on", what="请填生效日期"),
            reason=text(given, "reason"),
            post=await _post(given) if needs_post else None,
            to_unit_id=target.id if target is not None else None,
            materials=texts(given, "materials"),
            committee=committee(given),
            facts=_facts(given),
        )
        return f"/workers/filings/{made.id}"

    return await acted(request, work)


async def mend(request: web.Request) -> web.Response:
    """The form to put a returned filing right."""
    filing_id = int(request.match_info["filing_id"])

    async def body(ctx: Context) -> web.Response:
        row, moves = await filings.get_filing(ctx, filing_id=filing_id)
        why = next((move.note for move in reversed(moves) if move.became == "returned"), "")
        inner = (
            field("effective_on", "生效日期（不能早于今天）", kind="date", value=row.effective_on)
            + field("reason", "原因", value=row.reason, more='maxlength="300"')
            + (_post_fields() if row.proposal else "")
            + _committee()
        )
        told = f"<p>{escape(row.person.name)}　{KIND_WORDS[row.kind]}。退回的原因：{escape(why)}</p>"
        return desk("补正后再报", told + form(f"/workers/filings/{row.id}/correct", inner, "再报"))

    return await shown(request, body)


async def corrected(request: web.Request) -> web.Response:
    """Send it again."""
    filing_id = int(request.match_info["filing_id"])

    async def work(ctx: Context, given: Form) -> str:
        await filings.correct(
            ctx, filing_id=filing_id, effective_on=day(given, "effective_on"), reason=text(given, "reason"),
            post=await _post(given) if text(given, "post") else None, materials=texts(given, "materials"),
            committee=committee(given),
        )  # fmt: skip
        return f"/workers/filings/{filing_id}"

    return await acted(request, work)


def committee(given: Form) -> CommitteeWord | None:
    """The committee's word, where a day is given."""
    met_on = maybe_day(given, "met_on")
    return CommitteeWord(met_on, text(given, "document_no")) if met_on is not None else None


def _kind(value: str) -> FilingKind:
    try:
        return FilingKind(value)
    except ValueError:
        raise BadInput(kind="请选办什么") from None


async def _post(given: Form) -> PostWish:
    codes = [code.strip() for code in text(given, "branches").replace("，", "、").split("、") if code.strip()]
    linked = await Organization.filter(code__in=codes)
    if len(linked) != len(set(codes)):
        raise BadInput(branches="联系支部的编码不对，请核对")
    duties = [one.strip() for one in text(given, "duties").replace("，", "、").split("、") if one.strip()]
    field_of_work = text(given, "field")
    if field_of_work not in list(WorkerField):
        raise BadInput(field="请选领域")
    return PostWish(
        WorkerField(field_of_work), text(given, "post"), text(given, "full_time") == "1",
        text(given, "staffing"), maybe_day(given, "term_until"), tuple(duties),
        tuple(branch.id for branch in linked),
    )  # fmt: skip


def _facts(given: Form) -> WorkerFacts | None:
    words = {name: text(given, name).strip() or None for name in ("sex", "nation", "education", "id_no")}
    days = {name: maybe_day(given, name) for name in ("joined_on", "full_on")}
    return WorkerFacts(**words, **days) if any([*words.values(), *days.values()]) else None  # type: ignore[arg-type]
