"""评估计划 for officers: make a cycle, put teams together, give them branches, see how far each town is."""

from collections.abc import Sequence
from html import escape

from aiohttp import web

from handlers import (
    assessment_documents,
    assessment_figures,
    assessment_stages,
    cycle_choices,
    cycles,
    report_prints,
)
from handlers.assessment_content import SUGGESTED, kept_book, shown
from handlers.assessment_figures import TownFigures
from handlers.context import Context
from handlers.cycle_choices import Choices
from handlers.cycles import KIND_WORDS
from handlers.errors import Refused
from models import AssessmentStage, Cycle, CycleKind, Person, Team
from pages.assessment_results import file_of
from pages.assessments import HOME
from pages.layout import whole
from pages.login import known
from pages.staff import (
    Form,
    Html,
    acted,
    apart,
    check,
    desk,
    download,
    facts,
    field,
    folded,
    form,
    link,
    maybe_day,
    number,
    refusal,
    select,
    table,
    text,
    texts,
)
from pages.staff import shown as shown_to

HERE = "/assessments/cycles"
LIST = (HERE, "评估计划和进度")
STEPS = "teams|assign|publish|prints"


async def index(request: web.Request) -> web.Response:
    """The cycles that concern the reader, and the form for another one."""

    async def body(ctx: Context) -> web.Response:
        rows = await cycles.list_cycles(ctx)
        items = "".join(
            f'<li><a class="tap" href="{HERE}/{row.id}">{escape(row.name)}</a>'
            f'<span class="soft">{KIND_WORDS[row.kind]}　{_published(row)}</span></li>'
            for row in rows
        )
        year = ctx.now().year
        material = (
            f'<p>述职评议材料：<a href="/assessments/years.docx?year={year}">{year}年</a>　'
            f'<a href="/assessments/years.docx?year={year - 1}">{year - 1}年</a>（Word）</p>'
        )
        listed = f'<ul class="plain">{items}</ul>' if items else "<p>还没有评估计划。</p>"
        return desk(
            "评估计划和进度", f"{listed}{folded('新建一次评估', await _fresh(ctx))}{material}", home=HOME
        )

    return await shown_to(request, body, home=HOME)


async def create(request: web.Request) -> web.Response:
    """Plan one."""

    async def work(ctx: Context, given: Form) -> str:
        made = await cycles.create(
            ctx, kind=CycleKind(text(given, "kind")), organization_id=number(given, "organization_id"),
            year=number(given, "year", what="请填年份"), number=number(given, "number", what="请填第几次"),
            name=text(given, "name"), until=maybe_day(given, "until"),
        )  # fmt: skip
        return f"{HERE}/{made.id}"

    return await acted(request, work, back=HERE, home=LIST)


async def show(request: web.Request) -> web.Response:
    """One cycle: how far it is, and what its organizer does; `?who=` finds people, `?below=` branches."""

    async def body(ctx: Context) -> web.Response:
        cycle = await cycles.find(ctx, int(request.match_info["cycle_id"]))
        own = (await cycles.officer(ctx)).covers_organization(cycle.organization)
        towns = await assessment_figures.by_town(ctx, cycle_id=cycle.id)
        known_ = facts(
            {
                "种类": KIND_WORDS[cycle.kind],
                "组织": cycle.organization.name,
                "看哪一段的记录": f"{cycle.records_from:%Y-%m-%d} 至 {cycle.records_until:%Y-%m-%d}",
                "评估表": kept_book(cycle.book).terms.version,
                "发布": f"{cycle.published_at.astimezone(ctx.settings.zone):%Y年%-m月%-d日}"
                if cycle.published_at
                else "还没有发布",
            }
        )
        planning = await _planning(ctx, request, cycle) if own else ""
        note = f'<p class="soft">按编码排列，评的是党支部，不排次序；分值和期限为{SUGGESTED}。</p>'
        return desk(cycle.name, f"{known_}{_progress(cycle, towns)}{planning}{note}", home=LIST)

    return await shown_to(request, body, home=LIST)


async def step(request: web.Request) -> web.Response:
    """Put a team together, give it branches, publish the plan, or ask for the reports."""
    id_, act = int(request.match_info["cycle_id"]), request.match_info["act"]
    here = f"{HERE}/{id_}"

    async def work(ctx: Context, given: Form) -> str:
        if act == "teams":
            await cycles.add_team(
                ctx, cycle_id=id_, name=text(given, "name"),
                leader_id=number(given, "leader_id", what="请选一位组长"),
                person_ids=_numbers(given, "person_id"),
            )  # fmt: skip
        elif act == "assign":
            below = text(given, "below_id").strip()
            await cycles.assign(
                ctx, cycle_id=id_, team_id=number(given, "team_id", what="请选评估组"),
                branch_ids=_numbers(given, "branch_id"), below_id=whole(below) or None,
            )  # fmt: skip
        elif act == "publish":
            await cycles.publish(ctx, cycle_id=id_)
        else:
            run = await report_prints.ask(ctx, cycle_id=id_, below_id=whole(text(given, "below_id")) or None)
            return f"/assessments/prints/{run.id}"
        return here

    return await acted(request, work, back=here, home=LIST)


async def printing(request: web.Request) -> web.Response:
    """How far a print is; it is downloaded once it is made."""

    async def body(ctx: Context) -> web.Response:
        run = await report_prints.progress(ctx, run_id=int(request.match_info["run_id"]))
        done = run.made >= run.wanted
        more = (
            f'<p><a class="button" href="/assessments/prints/{run.id}/reports.zip">'
            "下载（一支部一个 PDF）</a></p>"
            if done
            else f'<p><a class="button" href="/assessments/prints/{run.id}">看看好了没有</a></p>'
        )
        bar = f'<progress max="{run.wanted}" value="{run.made}">{run.made}/{run.wanted}</progress>'
        said = f"<p role='status'>已生成 {run.made} 份，共 {run.wanted} 份。</p>"
        return desk("成批打印评估报告", f"{said}{bar}{more}", home=LIST)

    return await shown_to(request, body, home=LIST)


async def printed(request: web.Request) -> web.Response:
    """The finished print."""
    ctx, id_ = await known(request), request.match_info["run_id"]
    try:
        content = await report_prints.collect(ctx, run_id=int(id_))
    except Refused as refused:
        return refusal(refused, back=f"/assessments/prints/{id_}", home=LIST)
    return download(content, name=f"reports-{id_}.zip", media="application/zip")


async def town(request: web.Request) -> web.Response:
    """A town's report as a file."""
    ctx, found = await known(request), request.match_info
    cycle_id, town_id = int(found["cycle_id"]), int(found["organization_id"])
    try:
        made = await assessment_documents.town_report(ctx, cycle_id=cycle_id, organization_id=town_id)
        return await file_of(ctx, made, kind=found["kind"], name=f"town-{town_id}-{cycle_id}")
    except Refused as refused:
        return refusal(refused, back=f"{HERE}/{cycle_id}", home=LIST)


async def years(request: web.Request) -> web.Response:
    """A year's material for 述职评议 as a file."""
    ctx = await known(request)
    year = whole(request.query.get("year")) or ctx.now().year
    try:
        made = await assessment_documents.year_report(ctx, year=year)
        return await file_of(ctx, made, kind="docx", name=f"years-{year}")
    except Refused as refused:
        return refusal(refused, back=HERE, home=LIST)


def _numbers(given: Form, name: str) -> list[int]:
    return [found for one in texts(given, name) if (found := whole(one))]


def _published(row: Cycle) -> str:
    return "已发布" if row.published_at else "计划中"


async def _fresh(ctx: Context) -> str:
    now, organizers = ctx.now(), await cycle_choices.organizers(ctx)
    inner = (
        select("kind", "种类", [(kind.value, word) for kind, word in KIND_WORDS.items()])
        + select("organization_id", "评估哪个党组织的下级", [(row.id, row.name) for row in organizers])
        + field("year", "年份", kind="number", value=now.year)
        + field("number", "第几次（第几个半年、季度、批次；年度考核填 1）", kind="number", value=1)
        + field("name", "名称（不填就自动取）", more='maxlength="60"')
        + field("until", "看到哪一天的记录（不填就是今天）", kind="date", more="")
    )
    return form(HERE, inner, "新建")


async def _planning(ctx: Context, request: web.Request, cycle: Cycle) -> str:
    at = f"{HERE}/{cycle.id}"
    teams = await cycles.teams_of(ctx, cycle.id)
    name = request.query.get("who", "")
    found = await cycle_choices.people(ctx, cycle=cycle, name=name)
    below = whole(request.query.get("below")) or None
    choices = await cycle_choices.choices(ctx, cycle=cycle, below_id=below)
    publish = (
        ""
        if cycle.published_at
        else "<h2>发布</h2><p>发布后，评估人就能看到任务，期限开始计算。</p>"
        f"{form(f'{at}/publish', '', '发布评估计划')}"
    )
    return f"{_teams(cycle, teams, found, name)}{_assigning(cycle, teams, choices)}{publish}"


def _teams(cycle: Cycle, teams: Sequence[Team], found: Sequence[Person], name: str) -> str:
    at, least = f"{HERE}/{cycle.id}", kept_book(cycle.book).terms.assessors
    listed = "".join(
        f"<li><strong>{escape(one.name)}</strong><span>组长 {escape(one.leader.name)}</span>"
        f"<span class='soft'>{escape('、'.join(member.person.name for member in one.members))}</span></li>"
        for one in teams
    )
    search = (
        f'<form method="get" action="{at}">{field("who", "按姓名找人，一次可以找一个姓", value=name)}'
        "<button>找人</button></form>"
    )
    picked = "".join(
        f"<fieldset><legend>{escape(one.name)}（{escape(one.organization.name)}）</legend>"
        f"{check('person_id', one.id, '进组')}{check('leader_id', one.id, '任组长', kind='radio')}</fieldset>"
        for one in found
    )
    title = field("name", "评估组名称", more='required maxlength="40"')
    making = (
        form(f"{at}/teams", f"{title}{picked}", "组成评估组")
        if picked
        else "<p>没有找到这个名字。</p>"
        if name
        else ""
    )
    return (
        f'<h2>评估组</h2><ul class="plain">{listed or "<li>还没有评估组。</li>"}</ul>'
        f"<p class='soft'>每组至少 {least} 人，其中 1 人任组长；本支部的人会自动回避。</p>{search}{making}"
    )


def _assigning(cycle: Cycle, teams: Sequence[Team], choices: Choices) -> str:
    """By a town at once, or branch by branch: the batches of the departments."""
    left = [
        (part.id, f"{part.name}（还有 {choices.left[part.id]} 个）")
        for part in choices.parts
        if choices.left[part.id]
    ]
    if not left:
        return "<h2>指派党支部</h2><p>都已指派。</p>"
    if not teams:
        return "<h2>指派党支部</h2><p>请先组成评估组。</p>"
    at, team = f"{HERE}/{cycle.id}", select("team_id", "评估组", [(one.id, one.name) for one in teams])
    part = select("below_id", "哪个镇（街道）、系统", left)
    whole_part = form(f"{at}/assign", f"{team}{part}", "全部指派给这个组")
    where = select("below", "从哪里挑", left)
    pick = f'<form method="get" action="{at}">{where}<button>列出党支部</button></form>'
    boxes = "".join(check("branch_id", row.id, f"{row.code} {row.name}") for row in choices.branches)
    chosen = (
        f"<h2>挑选：{escape(choices.below.name)}</h2>"
        + apart(form(f"{at}/assign", f"{team}{boxes}", "指派选中的党支部"), "one")
        if choices.below is not None and boxes
        else ""
    )
    return f"<h2>指派党支部</h2>{whole_part}{folded('分批：一个一个挑', pick)}{chosen}"


def _progress(cycle: Cycle, towns: Sequence[TownFigures]) -> str:
    """How many branches of each town stand where, in the order of codes; a town's reports are a tap away."""
    if not towns:
        return "<h2>进度</h2><p>还没有指派党支部。</p>"
    at = f"{HERE}/{cycle.id}"
    rows = [
        (
            one.organization.name,
            "，".join(
                f"{assessment_stages.WORDS[stage]} {one.stages[stage]}"
                for stage in AssessmentStage
                if one.stages.get(stage)
            ),
            f"{shown(one.mean)} 分" if one.mean is not None else "",
            Html(
                f"{link(f'{at}/towns/{one.organization.id}/report.docx', 'Word')}　"
                f"{link(f'{at}/towns/{one.organization.id}/report.pdf', 'PDF')}"
            ),
        )
        for one in towns
    ]
    ready = [
        (one.organization.id, f"{one.organization.name}（{one.marked} 份）") for one in towns if one.marked
    ]
    prints = (
        folded(
            "成批打印支部报告",
            form(f"{at}/prints", select("below_id", "哪个镇（街道）、系统", ready), "开始生成"),
        )
        if ready
        else ""
    )
    return f"<h2>进度</h2>{table(('镇（街道）、系统', '党支部数', '平均', '报告'), rows)}{prints}"
