"""The desk for party workers: what waits, units and their gaps, the registry; and a worker's own page."""

from html import escape

from aiohttp import web

from handlers import (
    filings,
    measures,
    rotation_swaps,
    staffing,
    worker_rules,
    worker_statistics,
    worker_terms,
    workers,
)
from handlers.access import officer_reach
from handlers.context import Context
from handlers.filings import KIND_WORDS
from handlers.rotations import STATUS_WORDS as ROTATION_WORDS
from handlers.workers import WorkerFacts, WorkerWhole
from models import MeasureStatus, Placement, Rotation, RotationStatus, Trainee, WorkerRule
from pages.layout import page
from pages.login import known
from pages.staff import (
    STYLE,
    acted,
    area,
    desk,
    facts,
    field,
    folded,
    form,
    link,
    maybe_day,
    select,
    shown,
    table,
    text,
)
from pages.staff import Form as Posted

NAV = (
    ("/workers/filings", "备案"),
    ("/workers/registry", "台账"),
    ("/workers/trainings", "培训班"),
    ("/workers/rotations", "跟班轮训"),
    ("/workers/measures", "线索和处理"),
    ("/workers/bulletin", "季度通报"),
    ("/showcase/desk", "样板"),
    ("/workers/registers", "导入导出"),
)
UNKNOWN = (
    "<main><h1>我的党务工作</h1><p>还不知道您是哪位同志。请在微信里打开这个页面；第一次使用的，"
    "请先在小程序“我的”里绑定手机号。</p></main>"
)


async def home(request: web.Request) -> web.Response:
    """What waits, and the figures of units."""
    return await shown(request, _home)


async def _home(ctx: Context) -> web.Response:
    found = await worker_statistics.dashboard(ctx)
    links = "".join(f'<li><a href="{address}">{said}</a></li>' for address, said in NAV)
    rows = [
        (
            one.unit,
            one.required,
            one.on_post,
            f"{one.gap}{'（超期）' if one.listed else ''}",
            percent(one.filed.percent),
            one.hours_each,
            one.changes,
            one.measures,
        )
        for one in found.units
    ]
    heads = ("单位", "应配", "在岗专职", "缺额", "备案率", "人均学时", "变动", "处理")
    noted = "".join(
        f'<p class="warn">{escape(town)}接着几次没有派人轮训，请组织科留意。</p>'
        for town in found.noted_towns
    )
    body = (
        f"{await _waiting(ctx)}<nav><ul>{links}</ul></nav>{noted}"
        f"<h2>{found.year} 年各单位</h2>{table(heads, rows)}"
        '<p class="soft">应配数、期限以办法为准。不足 5 人的单位不算人均学时。只看单位，不比个人。</p>'
        f"<p>本轮跟班轮训：{found.rotations.part} 个镇街已结业，共 {found.rotations.whole} 个，"
        f"参训率 {percent(found.rotations.percent)}。{await _vacancies(ctx)}</p>"
    )
    return desk("专职党务工作者", body)


async def _waiting(ctx: Context) -> str:
    """Lines of what waits for the reader."""
    reach = await officer_reach(ctx)
    lines = []
    if reach is not None and (count := await filings.waiting_for(ctx, reach)):
        lines.append(f'<a href="/workers/filings">{count} 件备案等您办</a>')
    if count := len(await rotation_swaps.list_swaps(ctx)):
        lines.append(f'<a href="/workers/rotations">{count} 件轮训调换在办</a>')
    if count := len(await workers.corrections(ctx)):
        lines.append(f'<a href="/workers/registry">{count} 件本人提出的更正</a>')
    open_ones = [one for one in (await measures.list_measures(ctx)).items if one.status in _OPEN]
    if open_ones:
        lines.append(f'<a href="/workers/measures">{len(open_ones)} 件线索或处理在办</a>')
    if not lines:
        return '<section class="card"><p>现在没有等您办的事。</p></section>'
    return '<section class="card"><ul>' + "".join(f"<li>{one}</li>" for one in lines) + "</ul></section>"


_OPEN = frozenset(MeasureStatus) - {
    MeasureStatus.DISMISSED,
    MeasureStatus.LIFTED,
}


async def _vacancies(ctx: Context) -> str:
    units = await staffing.list_units(ctx)
    empty = [(unit.unit.name, one.due_on) for unit in units for one in unit.vacancies if one.left_on]
    if not empty:
        return ""
    said = "；".join(f"{name} 应在 {due:%m月%d日} 前补齐" for name, due in empty[:5])
    return f"空岗：{escape(said)}。"


def percent(value: int | None) -> str:
    """A ratio for reading: — where there is nothing to divide by."""
    return "—" if value is None else f"{value}%"


async def registry(request: web.Request) -> web.Response:
    """The list, and corrections that wait."""
    cursor = request.query.get("cursor", "")
    at = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 10 else None
    return await shown(request, lambda ctx: _registry(ctx, at))


async def _registry(ctx: Context, cursor: int | None) -> web.Response:
    found = await workers.list_workers(ctx, cursor=cursor, limit=50)
    rows = [
        (
            link(f"/workers/{one.worker.id}", one.person.name),
            "；".join(f"{p.unit.name} {p.post}{'' if p.full_time else '（兼职）'}" for p in one.placements),
            one.worker.filing_no,
            f"{one.party_age} 年" if one.party_age is not None else "",
            "；".join(one.unmet),
        )
        for one in found.items
    ]
    waiting = "".join(
        f'<section class="card"><p><strong>{escape(one.worker.person.name)}</strong>：{escape(one.text)}</p>'
        + form(
            f"/workers/corrections/{one.id}",
            field("answer", "怎样处理的", more='required maxlength="300"'),
            "已处理，答复本人",
        )
        + "</section>"
        for one in await workers.corrections(ctx)
    )
    rules = "".join(f"<li>{_rule(one)}</li>" for one in await worker_rules.kept(ctx))
    body = (
        f"{'<h2>本人提出的更正</h2>' + waiting if waiting else ''}"
        f"{table(('姓名', '在岗', '备案编号', '党龄', '资格提示'), rows)}"
        f"{f'<p><a href=/workers/registry?cursor={found.next}>下一页</a></p>' if found.next else ''}"
        f"<h2>资格条件</h2><ul>{rules or '<li>区里还没有登记资格条件。</li>'}</ul>"
        '<p class="soft">以办法为准。看不出符合的只作提示，不影响办理。</p>'
    )
    return desk("专职党务工作者台账", body)


def _rule(rule: WorkerRule) -> str:
    said = {
        "full_member": "正式党员",
        "education": f"学历不低于{rule.value}",
        "oldest": f"不超过 {rule.value} 周岁",
        "party_years": f"党龄满 {rule.value} 年",
    }[rule.check]
    where = f"（{worker_terms.name('fields', rule.field)}）" if rule.field else ""
    return escape(f"{said}{where}{'：' + rule.note if rule.note else ''}")


async def one(request: web.Request) -> web.Response:
    """One worker."""
    worker_id = int(request.match_info["worker_id"])

    async def show(ctx: Context) -> web.Response:
        whole = await workers.get_worker(ctx, worker_id=worker_id)
        terms = worker_terms.terms()
        choices = [("", "不改"), *[(word, word) for word in terms["educations"]]]
        edit = form(
            f"/workers/{worker_id}",
            select("sex", "性别", [("", "不改"), ("男", "男"), ("女", "女")], more="")
            + field("nation", "民族", more='maxlength="20"')
            + select("education", "学历", choices, more="")
            + field("joined_on", "入党时间", kind="date", more="")
            + field("full_on", "转正时间", kind="date", more="")
            + field("id_no", "公民身份号码（加密保存）", more='maxlength="18" autocomplete="off"'),
            "保存",
        )
        filed = f"/workers/filings/new?worker={worker_id}"
        return desk(
            whole.summary.person.name,
            told(whole) + f'<p><a href="{filed}">报变动备案</a></p>' + folded("补充登记", edit),
        )

    return await shown(request, show)


async def keep(request: web.Request) -> web.Response:
    """Keep what is given of a worker."""
    worker_id = int(request.match_info["worker_id"])

    async def work(ctx: Context, given: Posted) -> str:
        words = {name: text(given, name).strip() or None for name in ("sex", "nation", "education", "id_no")}
        days = {name: maybe_day(given, name) for name in ("joined_on", "full_on")}
        await workers.keep_facts(ctx, worker_id=worker_id, facts=WorkerFacts(**words, **days))  # type: ignore[arg-type]
        return f"/workers/{worker_id}"

    return await acted(request, work)


async def answer(request: web.Request) -> web.Response:
    """Answer a correction."""
    correction_id = int(request.match_info["correction_id"])

    async def work(ctx: Context, given: Posted) -> str:
        await workers.answer_correction(ctx, correction_id=correction_id, answer=text(given, "answer"))
        return "/workers/registry"

    return await acted(request, work)


async def bulletin(request: web.Request) -> web.Response:
    """The quarter's filings."""
    quarter = request.query.get("quarter", "")[:6]

    async def show(ctx: Context) -> web.Response:
        name, items = await worker_statistics.bulletin(ctx, quarter=quarter)
        rows = [(one.unit, one.approved, one.returned, one.refused, one.waiting, one.gap) for one in items]
        heads = ("单位", "已备案", "退回补正", "不予备案", "在办", "现缺额")
        return desk(f"{name[:4]} 年第 {name[-1]} 季度备案情况", table(heads, rows))

    return await shown(request, show)


def told(whole: WorkerWhole) -> str:
    """One worker, for reading."""
    row, summary = whole.summary.worker, whole.summary
    known = facts(
        {
            "备案编号": row.filing_no,
            "性别、民族": "　".join(word for word in (row.sex, row.nation) if word),
            "学历": row.education,
            "入党、转正": "　".join(str(one) for one in (row.joined_on, row.full_on) if one),
            "党龄": f"{summary.party_age} 年" if summary.party_age is not None else "",
            "身份号码": whole.id_no,
        }
    )
    hints = "".join(f'<p class="warn">{escape(one)}</p>' for one in summary.unmet)
    posts = "".join(_post(one, whole.branches) for one in whole.history)
    filed = "".join(
        f"<li><span>{one.effective_on}</span><span>{KIND_WORDS[one.kind]}：{filings.STATUS_WORDS[one.status]}</span>"
        f"<span class='soft'>{escape(one.reason)}　{escape(one.document_no)}</span></li>"
        for one in whole.filings
    )
    return (
        f"{known}{hints}<h2>岗位</h2><ul class='plain'>{posts or '<li>还没有岗位。</li>'}</ul>"
        f"<h2>备案</h2><ul class='plain'>{filed or '<li>还没有备案。</li>'}</ul>"
    )


def _post(one: Placement, branches: dict[int, str]) -> str:
    linked = "、".join(branches[id_] for id_ in one.branch_ids if id_ in branches)
    words = (one.unit.name, one.post, "专职" if one.full_time else "兼职", one.staffing)
    beside = "　".join(["、".join(one.duties), f"联系：{linked}" if linked else ""])
    return (
        f"<li><span>{one.starts_on}—{one.ended_on or '今'}</span><span>{escape('　'.join(words))}</span>"
        f"<span class='soft'>{escape(beside)}</span></li>"
    )


# A worker's own page


async def mine(request: web.Request) -> web.Response:
    """What the registry holds of the reader."""

    async def show(ctx: Context) -> web.Response:
        own = await workers.mine(ctx)
        zone = ctx.settings.zone
        classes = "".join(
            f"<li><span>{one.training.starts_at.astimezone(zone):%m月%d日 %H:%M}</span>"
            f"<span>{escape(one.training.topic)}，{escape(one.training.place)}</span>"
            f"<span class='soft'>{_class_state(one)}</span></li>"
            for one in own.trainees
        )
        records = "".join(
            f"<li><span>{one.training.starts_at.astimezone(zone):%Y-%m-%d}</span>"
            f"<span>{escape(one.training.topic)}</span><span class='soft'>{one.hours} 学时</span></li>"
            for one in own.records
        )
        turns = "".join(_turn(one) for one in own.rotations)
        said = "".join(
            f"<li><span>{escape(one.text)}</span>"
            f"<span class='soft'>{escape(one.answer) or '正在处理'}</span></li>"
            for one in own.corrections
        )
        body = (
            f"{told(own.whole) if own.whole else '<p>您还没有登记为专职党务工作者。</p>'}"
            f"<h2>培训班</h2><ul class='plain'>{classes or '<li>没有报名的班。</li>'}</ul>"
            f"<h2>参加过的班</h2><ul class='plain'>{records or '<li>还没有。</li>'}</ul>"
            f"{'<h2>跟班轮训</h2>' + turns if turns else ''}"
            "<h2>我的资料</h2><p>这里就是登记的全部内容。要带走一份，请在小程序“我的”里点“导出我的信息”。</p>"
            f"{f'<ul class=plain>{said}</ul>' if said else ''}"
        )
        if own.whole is not None:
            ask = area("text", "哪里不对，应该是什么", more='required maxlength="300"')
            body += folded("有错，请更正", form("/my-work/corrections", ask, "提交"))
        html = f'<main class="desk"><h1>我的党务工作</h1>{body}</main>'
        return page("我的党务工作", html, style=STYLE, forms=True)

    if (await known(request)).caller.person is None:
        return page("我的党务工作", UNKNOWN, status=403)
    return await shown(request, show)


def _class_state(trainee: Trainee) -> str:
    if trainee.completed is not None:
        return "已结业" if trainee.completed else "未达到本班结业条件"
    return "候补" if trainee.enrolment.status == "waiting" else "已录取"


def _turn(row: Rotation) -> str:
    mentor = f"，带教人 {escape(row.mentor.name)}" if row.mentor else ""
    head = f"<p>{row.month:%Y 年 %m 月}　{ROTATION_WORDS[row.status]}{mentor}</p>"
    if row.status not in (RotationStatus.TRAINING, RotationStatus.ASSESSED):
        return f'<section class="card">{head}</section>'
    log = (
        '<label for="log">跟班日志，想写再写，不作结业条件</label>'
        f'<textarea id="log" name="text" rows="6" maxlength="5000">{escape(row.log)}</textarea>'
    )
    return (
        f'<section class="card">{head}{form(f"/my-work/rotations/{row.id}/log", log, "保存日志")}</section>'
    )


async def correct(request: web.Request) -> web.Response:
    """Ask for a correction of one's own row."""

    async def work(ctx: Context, given: Posted) -> str:
        await workers.ask_correction(ctx, text=text(given, "text"))
        return "/my-work"

    return await acted(request, work)
