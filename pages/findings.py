"""问题整改 on a phone: what was found, by when, what the branch does about it, and who accepts it."""

from datetime import datetime
from html import escape

from aiohttp import web

from handlers import finding_steps, findings, teaching
from handlers.assessment_content import SUGGESTED, Item, cited, shown
from handlers.context import Context
from handlers.finding_steps import Steps
from handlers.findings import KIND_WORDS, STATUS_WORDS
from handlers.workdays import last_day
from models import Rectification, RectificationKind, RectificationStatus
from models.findings import DONE
from pages import assessments as parts
from pages.assessments import HOME
from pages.layout import paragraphs
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
    number,
    select,
    text,
)
from pages.staff import shown as shown_to

STEPS = "plan|train|prove|help|object|answer|accept|return"


async def show(request: web.Request) -> web.Response:
    """One finding, with what the reader may do about it."""

    async def body(ctx: Context) -> web.Response:
        steps = await finding_steps.look(ctx, finding_id=int(request.match_info["finding_id"]))
        return await _page(ctx, steps)

    return await shown_to(request, body, home=HOME)


async def step(request: web.Request) -> web.Response:
    """Do one of these things, and show the finding again."""
    id_, act = int(request.match_info["finding_id"]), request.match_info["act"]
    here = f"/assessments/findings/{id_}"

    async def work(ctx: Context, given: Form) -> str:
        await _do(ctx, id_, act, given)
        return here

    return await acted(request, work, back=here, home=HOME)


async def _do(ctx: Context, id_: int, act: str, given: Form) -> None:
    if act == "plan":
        await findings.plan(
            ctx, finding_id=id_, measure=text(given, "measure"),
            kind=RectificationKind(text(given, "kind")),
            owner_id=number(given, "owner_id", what="请选责任人"),
        )  # fmt: skip
    elif act == "train":
        await findings.train(ctx, finding_id=id_)
    elif act == "prove":
        await findings.prove(ctx, finding_id=id_, evidence=text(given, "evidence"))
    elif act == "help":
        await findings.ask_for_help(ctx, finding_id=id_, reason=text(given, "reason"))
    elif act == "object":
        await findings.object_to(ctx, finding_id=id_, text=text(given, "text"))
    elif act == "answer":
        upheld = text(given, "upheld") == "1"
        await findings.answer_objection(ctx, finding_id=id_, upheld=upheld, text=text(given, "text"))
    elif act == "accept":
        await findings.accept(ctx, finding_id=id_)
    else:
        await findings.send_back(ctx, finding_id=id_, reason=text(given, "reason"))


async def _page(ctx: Context, steps: Steps) -> web.Response:
    row = steps.row
    item, zone = findings.item_of(row), ctx.settings.zone
    proposals = (await teaching.taught([item])).of(item)
    again = f"（第 {row.round} 次出现，扣分按办法加倍）" if row.round > 1 else ""
    known = facts(
        {
            "党支部": row.finding.branch.name,
            "评估": row.assessment.cycle.name,
            "扣分": f"{findings.less_words(row.deducted)}（本项 {shown(item.worth)} 分）",
            "分类": KIND_WORDS[row.kind],
            "责任人": row.owner.name if row.owner else "",
            "整改措施": row.measure,
            "办完期限": _day(ctx, row.due_at) or "签收后定",
            "验收期限": _day(ctx, row.accept_due_at) + _past(ctx, row),
            "培训": f"{row.trained_at.astimezone(zone):%-m月%-d日}已学" if row.trained_at else "",
            "佐证": row.evidence,
            "退回、协调的原因": row.reason,
            "支部的异议": row.objection,
            "异议的答复": row.objection_answer,
        }
    )
    body = (
        f'<p><span class="state">{STATUS_WORDS[row.status]}</span>{again}{parts.late(ctx, row)}</p>{known}'
        f"<h2>发现的问题</h2>{parts.faults(row)}{_rule(item)}{parts.taught(proposals)}"
        f"{_judging(steps)}{_answering(steps)}{_working(ctx, steps)}{_objecting(ctx, steps)}{_rounds(steps)}"
        f'<p><a href="/assessments/{row.assessment_id}/result">看这次评估的结果</a></p>'
        f'<p class="soft">分值、扣分办法和期限为{SUGGESTED}。</p>'
    )
    return desk(item.name, body, home=HOME)


def _day(ctx: Context, due_at: datetime | None) -> str:
    """The last day of a term, in words; empty where there is none."""
    return f"{last_day(due_at, zone=ctx.settings.zone):%-m月%-d日}" if due_at else ""


def _past(ctx: Context, row: Rectification) -> str:
    """That whoever accepts is late, where that is so."""
    if row.status not in findings.TO_ACCEPT or row.accept_due_at is None:
        return ""
    return "（已过）" if row.accept_due_at <= ctx.now() else ""


def _rule(item: Item) -> str:
    return f'<p class="soft">依据：{escape(cited(item.rules, item.also))}</p>'


def _working(ctx: Context, steps: Steps) -> str:
    """What the branch does: lay down who, how and by when; learn; prove; or ask for help."""
    row = steps.row
    if not steps.may_work:
        if steps.for_branch and row.assessment.signed_at is None:
            return '<p class="alert">请先在评估结果里签收，再安排整改。</p>'
        trainable = steps.for_branch and row.trained_at is None and row.status not in DONE
        return _train(row) if trainable and row.assessment.signed_at else ""
    owners = sorted(((one.id, one.name) for one in steps.owners), key=lambda one: one[0] != row.owner_id)
    kinds = "".join(
        check(
            "kind", kind.value, f"{KIND_WORDS[kind]}（{_day(ctx, due_at)}前）", kind="radio",
            more="required checked" if kind is row.kind else "required",
        )
        for kind, due_at in steps.terms.items()
    )  # fmt: skip
    planning = (
        select("owner_id", "责任人", owners)
        + field("measure", "整改措施", value=row.measure, more='required maxlength="300"')
        + f"<fieldset><legend>怎样改、什么时候前改完（遇休息日顺延到工作日）</legend>{kinds}</fieldset>"
    )
    at = f"/assessments/findings/{row.id}"
    plan = form(f"{at}/plan", planning, "保存安排")
    proving = area(
        "evidence", "佐证：哪份记录、哪一天、哪几页（不用重复报送材料）", more='required maxlength="1000"'
    )
    prove = form(f"{at}/prove", proving, "申请销号")
    asking = field("reason", "需要上级协调什么", more='required maxlength="300"')
    return (
        f"<h2>安排整改</h2>{folded('改一改安排', plan) if row.measure else plan}"
        f"{_train(row) if row.trained_at is None else ''}"
        + (f"<h2>改好了，申请销号</h2>{prove}" if row.measure else "")
        + folded("自己解决不了，请上级协调", form(f"{at}/help", asking, "提交"))
    )


def _train(row: Rectification) -> str:
    learn = '<p class="soft">看过上面“可以学”的内容，就点一下；不另外报材料。</p>'
    return f"<h2>业务培训</h2>{learn}{form(f'/assessments/findings/{row.id}/train', '', '已经学过')}"


def _objecting(ctx: Context, steps: Steps) -> str:
    if steps.object_until is None:
        return ""
    until = last_day(steps.object_until, zone=ctx.settings.zone)
    inner = area("text", "哪里不符合实际，有什么依据", more='required maxlength="500"')
    sent = form(f"/assessments/findings/{steps.row.id}/object", inner, "提出异议")
    return folded(f"对这一条扣分有异议（{until.month}月{until.day}日前可以提，提一次）", sent)


def _answering(steps: Steps) -> str:
    if not steps.may_answer:
        return ""
    inner = (
        area("text", "答复", more='required maxlength="500"')
        + check("upheld", "0", "维持原来的扣分", kind="radio", more="required")
        + check("upheld", "1", "异议成立，不予认定，退回扣分", kind="radio", more="required")
    )
    return (
        f"<h2>支部有异议，等您答复</h2>{paragraphs(steps.row.objection)}"
        f"{form(f'/assessments/findings/{steps.row.id}/answer', inner, '答复')}"
    )


def _judging(steps: Steps) -> str:
    """What an officer does who looks whether it was put right."""
    if steps.own_hand:
        return '<p class="alert">这个问题您经手过，请另一位同志来验收。</p>'
    if not steps.may_judge:
        return ""
    at, by_town = (
        f"/assessments/findings/{steps.row.id}",
        steps.row.status is RectificationStatus.TO_TOWN,
    )
    inner = field("reason", "哪里还没有改好", more='required maxlength="300"')
    word = "初验" if by_town else "抽验"
    return (
        f"<h2>{word}</h2><p>佐证：{escape(steps.row.evidence)}</p>"
        '<p class="soft">请现场或对照原始记录核实后再点。验收的同志不能是责任人或提交佐证的人；'
        "初验和抽验不能是同一个人。</p>"
        f"{form(f'{at}/accept', '', f'{word}通过，已经改好')}"
        f"{folded('没有改好，退回', form(f'{at}/return', inner, '退回'))}"
    )


def _rounds(steps: Steps) -> str:
    others = [one for one in steps.rounds if one.id != steps.row.id]
    if not others:
        return ""
    items = "".join(
        f"<li><a class='tap' href='/assessments/findings/{one.id}'>第 {one.round} 次　"
        f"{STATUS_WORDS[one.status]}</a><span class='soft'>{escape(one.assessment.cycle.name)}</span></li>"
        for one in others
    )
    return f'<h2>同一个问题的其他几次</h2><ul class="plain">{items}</ul>'
