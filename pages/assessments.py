"""评估 on a phone: what one has to look at and to put right, and the visit itself, also without a network."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from aiohttp import web

from handlers import (
    assessment_stages,
    assessments,
    finding_register,
    findings,
    observations,
    self_assessments,
    spreadsheets,
    teaching,
)
from handlers.assessment_access import officer_paths, own_branches
from handlers.assessment_content import SUGGESTED, Item, Per, cited, shown
from handlers.context import Context
from handlers.errors import BadInput, NotBound, NotFound, Refused, WrongState
from handlers.findings import KIND_WORDS, STATUS_WORDS
from handlers.observations import Kit
from handlers.teaching import CASE, LESSON, TEMPLATE, Proposal, Taught
from handlers.workdays import last_day
from models import Assessment, AssessmentStage, Observation, Rectification, SelfMark
from models.findings import DONE, OPEN
from pages.layout import CONTEXT, SECURITY, file, not_found, page
from pages.login import known, known_reader
from pages.staff import download, register_import

HOME = ("/assessments", "评估")
KEEPS = "/pages/kept.js"
"""The script that keeps on the phone what is written, for those that write."""
LARGEST = 256 * 1024
"""Bytes of one upload."""
SHOWN = 50
PAGES = {CASE: "/cases", TEMPLATE: "/handbook/templates", LESSON: "/lessons"}
PER = {Per.EACH: "每次（项）", Per.ONCE: "", Per.ALL: "本项 0 分，", Per.JUDGED: "视情"}
CYCLES = (
    '<p><a class="button" href="/assessments/cycles">评估计划和进度</a></p>'
    '<p><a class="button" href="/assessments/weak">软弱涣散研判和整顿</a></p>'
)
SHEET = '<p><a href="/assessments/findings.xlsx">导出整改台账（Excel）</a></p>'
BRING = f"<p>{register_import(findings.REGISTER, word='问题清单，从 Excel 导入')}</p>"
LOGIN = (
    "<main><h1>请在微信里打开</h1><p>这一页给评估组和党支部用。请用绑定了手机号的微信打开；"
    "还没有绑定的，请先在小程序“我的”里绑定。</p></main>"
)
REFUSALS: dict[type[Refused], tuple[int, str]] = {
    NotBound: (403, "请用绑定了手机号的微信打开这一页。"),
    NotFound: (404, "没有这项任务，或者已经换了别的同志。"),
    WrongState: (409, "这个党支部的评估已经结束，不能再改。手机上的记录还在，请联系组长。"),
}


async def index(request: web.Request) -> web.Response:
    """What the reader has to look at, and what their branch has to put right."""
    ctx = await known(request)
    try:
        tasks = (await assessments.list_assessments(ctx, stage=AssessmentStage.ASSESSING, limit=SHOWN)).items
        results = await _results(ctx) + _first(await self_assessments.open_ones(ctx))
        rounds = (await findings.list_findings(ctx, limit=SHOWN)).items
        known_ = await teaching.taught(map(findings.item_of, rounds))
        is_officer = bool(await officer_paths(ctx))
    except NotBound:
        return page("请在微信里打开", LOGIN, status=403)
    person = ctx.caller.person
    mine = [row for row in tasks if person is not None and person.id in (row.assessor_id, row.other_id)]
    body = (
        f"<main><h1>评估</h1>{CYCLES if is_officer else ''}{_tasks(mine)}{results}"
        f"{_groups(ctx, rounds, known_, is_officer=is_officer)}{SHEET if rounds else ''}"
        f"{BRING if is_officer else ''}"
        f'<p class="soft">期限、分值为{SUGGESTED}。评的是党支部，不评个人。</p></main>'
    )
    return page("评估", body)


async def _results(ctx: Context) -> str:
    """Results that wait for the reader: to be reviewed, handed over or signed; then what is going on."""
    person, own = ctx.caller.person, await own_branches(ctx)
    listed: dict[str, list[Assessment]] = {}
    for stage in (AssessmentStage.IN_REVIEW, AssessmentStage.TO_FEED_BACK, *assessment_stages.AFTER_FEEDBACK):
        for row in (await assessments.list_assessments(ctx, stage=stage, limit=SHOWN)).items:
            if stage is AssessmentStage.IN_REVIEW:
                word = "请您复核" if person and row.team.leader_id == person.id else ""
            elif stage is AssessmentStage.TO_FEED_BACK:
                word = _to_whom(row, is_own=row.branch_id in own)
            else:
                word = "评估结果" if row.branch_id in own else ""
            if word:
                listed.setdefault(word, []).append(row)
    return "".join(_listed(word, rows) for word, rows in listed.items())


def _first(rows: Sequence[Assessment]) -> str:
    """What the reader's branch may look at itself before the assessors come."""
    items = "".join(
        f'<li><a class="tap" href="/assessments/{row.id}/self">{escape(row.branch.name)}自评</a>'
        f'<span class="soft">{escape(row.cycle.name)}</span></li>'
        for row in rows
    )
    return f'<h2>可以先自评（自愿，不计入得分）</h2><ul class="plain">{items}</ul>' if items else ""


def _to_whom(row: Assessment, *, is_own: bool) -> str:
    if row.delivered_at is None:
        return "请反馈给支部"
    return "请看后签收" if is_own else "等支部签收"


def _listed(word: str, rows: Sequence[Assessment]) -> str:
    items = "".join(
        f'<li><a class="tap" href="/assessments/{row.id}/result">{escape(row.branch.name)}</a>'
        f'<span class="soft">{escape(row.cycle.name)}</span></li>'
        for row in rows
    )
    return f'<h2>{word}</h2><ul class="plain">{items}</ul>'


def _groups(ctx: Context, rows: Sequence[Rectification], known: Taught, *, is_officer: bool) -> str:
    """What waits for an acceptance or an answer first, where the reader is an officer; then the rest."""
    waiting = [row for row in rows if is_officer and _waits(row)]
    rest = [row for row in rows if row not in waiting]
    groups = (("等验收、等答复异议", waiting), ("问题和整改", rest))
    return "".join(
        f"<h2>{word}</h2>{''.join(_round(ctx, row, known) for row in some) or '<p>现在没有。</p>'}"
        for word, some in groups
        if some or word == "问题和整改"
    )


def _waits(row: Rectification) -> bool:
    objected = row.objected_at is not None and row.answered_at is None and row.status not in DONE
    return row.status in findings.TO_ACCEPT or objected


async def sheet(request: web.Request) -> web.Response:
    """The reader's ledger as an Excel file."""
    ctx = await known(request)
    try:
        content = await finding_register.export(ctx)
    except NotBound:
        return page("请在微信里打开", LOGIN, status=403)
    return download(content, name="findings.xlsx", media=spreadsheets.MEDIA)


async def visit(request: web.Request) -> web.Response:
    """One branch for its assessor: readable as it is, and written on by the script."""
    ctx = await known(request)
    try:
        kit = await observations.kit(ctx, assessment_id=int(request.match_info["assessment_id"]))
    except NotBound:
        return page("请在微信里打开", LOGIN, status=403)
    except NotFound:
        return not_found("没有这项评估任务，或者已经换了别的同志。")
    row = kit.assessment
    items = "".join(_item(item, kit) for item in kit.sheet.items)
    body = (
        f'<main class="visit" data-assessment="{row.id}"><p class="strand">{escape(row.cycle.name)}</p>'
        f"<h1>{escape(row.branch.name)}</h1>"
        '<p id="status" class="alert kept" role="status">要在这一页上记录，请打开浏览器的脚本功能。</p>'
        f"{_sample(kit)}{_before(kit)}{items}"
        '<section class="card"><p id="left"></p><button id="hand-in" class="big" hidden>提交我的打分</button>'
        '<p class="soft">两名同志各打各的，都提交以后才能看到对方的。</p></section>'
        f'<p class="soft">分值和扣分办法为{SUGGESTED}。不看材料厚薄、照片多少。</p></main>'
    )
    return page(
        row.branch.name, body, scripts=(KEEPS, "/pages/assessments.js"), style="/pages/assessments.css"
    )


async def kit(request: web.Request) -> web.Response:
    """What the script keeps for the day."""
    ctx = await reading(request)
    try:
        found = await observations.kit(ctx, assessment_id=int(request.match_info["assessment_id"]))
    except (NotBound, NotFound) as refused:
        return not_taken(refused)
    return as_json(
        {
            "branch": found.assessment.branch.name,
            "handed_in": found.handed_in,
            "items": [
                {
                    "code": item.code,
                    "name": item.name,
                    "worth": item.worth,
                    "rule": cited(item.rules, item.also),
                }
                for item in found.sheet.items
            ],
            "lines": [_line(row) for row in found.mine],
        }
    )


async def upload(request: web.Request) -> web.Response:
    """Take what was written down; each line is answered."""
    ctx = await reading(request)
    number = int(request.match_info["assessment_id"])
    try:
        lines = await sent(request, "lines")
        answers = await observations.upload(ctx, assessment_id=number, lines=lines)
        found = await observations.kit(ctx, assessment_id=number)
    except Refused as refused:
        return not_taken(refused)
    return as_json(
        {
            "answers": [{"id": one.id, "outcome": one.outcome, "reason": one.reason} for one in answers],
            "lines": [_line(row) for row in found.mine],
        }
    )


async def hand_in(request: web.Request) -> web.Response:
    """The assessor's marks are final."""
    ctx = await reading(request)
    try:
        await observations.hand_in(ctx, assessment_id=int(request.match_info["assessment_id"]))
    except Refused as refused:
        return not_taken(refused)
    return as_json({"handed_in": True})


async def script(_: web.Request) -> web.Response:
    """What writes on the page."""
    return file("assessments.js", "text/javascript")


async def style(_: web.Request) -> web.Response:
    """How the visit's page looks."""
    return file("assessments.css", "text/css")


async def keeps(_: web.Request) -> web.Response:
    """What keeps words on the phone."""
    return file("kept.js", "text/javascript")


async def kept_worker(_: web.Request) -> web.Response:
    """What workers have in common: opening pages again without a network."""
    return file("kept-worker.js", "text/javascript")


async def worker(_: web.Request) -> web.Response:
    """What opens the page again without a network. It lies beside the pages it may serve."""
    return file("assessments-worker.js", "text/javascript")


def _tasks(rows: Sequence[Assessment]) -> str:
    if not rows:
        return ""
    items = "".join(
        f'<li><a href="/assessments/{row.id}">{escape(row.branch.name)}</a>'
        f'<span class="soft">{escape(row.cycle.name)}</span></li>'
        for row in rows
    )
    return f'<h2>要去评估的党支部</h2><ul class="plain">{items}</ul>'


def _round(ctx: Context, row: Rectification, known: Taught) -> str:
    item = findings.item_of(row)
    again = f"（第 {row.round} 次出现）" if row.round > 1 else ""
    return (
        f'<section class="card"><p><a class="tap" href="/assessments/findings/{row.id}">'
        f"<strong>{escape(item.name)}</strong></a>{again}　{STATUS_WORDS[row.status]}<br>"
        f'<span class="soft">{escape(row.finding.branch.name)}　{KIND_WORDS[row.kind]}</span>'
        f"{late(ctx, row)}</p>{faults(row)}{taught(known.of(item))}</section>"
    )


def late(ctx: Context, row: Rectification) -> str:
    """By when it is to be done, or how long ago it was."""
    if words := findings.overdue_words(row, ctx.now()):
        return f'<span class="warn">　{words}</span>'
    if row.status not in OPEN:
        return ""
    due = f"{last_day(row.due_at, zone=ctx.settings.zone):%-m月%-d日}前办完" if row.due_at else "签收后定期限"
    return f'<span class="soft">　{due}</span>'


def faults(row: Rectification) -> str:
    """What was seen, with its proof and its rule."""
    return "".join(
        f"<p>{escape(one['fact'])}<br>"
        f"<span class='soft'>佐证：{escape(one['evidence'])}；依据：{escape(one['rule'])}</span></p>"
        for one in row.faults
    )


def taught(proposals: Sequence[Proposal]) -> str:
    """What teaches an item, a tap away; what the account knows may be asked there."""
    pages = [
        f'<a href="{PAGES[one.kind]}/{one.key}">{one.kind}“{escape(one.title)}”</a>'
        for one in proposals
        if one.kind in PAGES
    ]
    asked = [f"“{escape(one.title)}”" for one in proposals if one.kind not in PAGES]
    ask = f"；在公众号可以问：{''.join(asked)}" if asked else ""
    return f'<p class="soft">可以学：{"、".join(pages)}{ask}</p>'


def _sample(kit: Kit) -> str:
    drawn = kit.assessment.sample.get("records", {})
    rows = [f"<li>{escape(kind)}：{escape('、'.join(which))}</li>" for kind, which in drawn.items()]
    if kit.interviews:
        names = "、".join(escape(person.name) for person in kit.interviews)
        rows.append(f"<li>访谈：{names}（不在的换人，满 3 名即可）</li>")
    return f'<section class="card"><p><strong>抽到看这些</strong></p><ul>{"".join(rows)}</ul></section>'


def _before(kit: Kit) -> str:
    if not kit.before:
        return ""
    rows = "".join(
        f"<li>{escape(one.finding.item)} {STATUS_WORDS[one.status]}："
        f"{escape('；'.join(str(fault['fact']) for fault in one.faults))}</li>"
        for one in kit.before
    )
    return (
        f'<section class="card"><p><strong>以前的问题，先看有没有再犯</strong></p><ul>{rows}</ul></section>'
    )


def _item(item: Item, kit: Kit) -> str:
    ways = "；".join(
        f"{escape(one.when)}，{PER[one.per]}{'' if one.per is Per.JUDGED else f'扣 {shown(one.less)} 分'}"
        for one in item.deductions
    )
    written = "".join(
        f"<li>扣 {shown(row.deducted)} 分：{escape(row.fact)}（佐证：{escape(row.evidence)}）</li>"
        for row in kit.mine
        if row.item == item.code and row.deducted and row.id in {head.id for head in kit.merged.heads}
    )
    said = kit.own.get(item.code)
    own = f'<p class="soft">支部自评：{said_by_branch(said)}</p>' if said is not None else ""
    return (
        f'<section class="card item" id="{item.code}" data-item="{item.code}">'
        f"<p><strong>{item.code} {escape(item.name)}</strong>（{shown(item.worth)} 分）</p>"
        f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in item.look)}</ul>{own}"
        f"<details><summary>怎样扣分、依据什么</summary><p>{ways}。</p>"
        f'<p class="soft">{escape(cited(item.rules, item.also))}</p></details>'
        f'<ul class="written plain">{written}</ul><div class="acts"></div></section>'
    )


def said_by_branch(said: SelfMark) -> str:
    """What a branch says of an item itself, in one line; HTML."""
    less = f"扣 {shown(said.deducted)} 分" if said.deducted else "没有问题"
    return f"{less}{'：' + escape(said.note) if said.note else ''}"


def _line(row: Observation) -> dict[str, Any]:
    same = {
        name: getattr(row, name)
        for name in ("id", "item", "deducted", "rule", "fact", "evidence", "replaces")
    }
    return same | {"at": row.made_at.isoformat()}


async def sent(request: web.Request, name: str) -> list[dict[str, Any]]:
    """The lines of an upload, which stand under this name.

    Raises:
        BadInput: it can't be read.
    """
    try:
        if request.content_type != "application/json" or (request.content_length or 0) > LARGEST:
            raise ValueError
        said = await request.json()
        lines = said[name]
        if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadInput(lines="上传的内容读不懂，请更新页面后再试") from None
    return lines


async def reading(request: web.Request) -> Context:
    ctx = request.app[CONTEXT]
    return ctx.on_behalf_of(await known_reader(request, ctx))


def not_taken(refused: Refused, refusals: Mapping[type[Refused], tuple[int, str]] = REFUSALS) -> web.Response:
    """Why not, for a script to show."""
    if isinstance(refused, BadInput):
        return as_json({"code": refused.code, "detail": "；".join(refused.fields.values())}, status=422)
    status, detail = refusals.get(type(refused), (409, "现在不能这样办理。"))
    return as_json({"code": refused.code, "detail": detail}, status=status)


def as_json(said: dict[str, Any], *, status: int = 200) -> web.Response:
    """An answer for a script, kept by no browser."""
    return web.json_response(said, status=status, headers=SECURITY | {"Cache-Control": "no-store"})
