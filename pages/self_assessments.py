"""支部自评 on a phone: the same sheet, what the system knows beside each item, and one tap for the rest."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any

from aiohttp import web

from handlers import self_assessments
from handlers.assessment_content import SUGGESTED, cited, shown
from handlers.context import Context
from handlers.errors import BadInput, NotBound, NotFound, Refused, WrongState
from handlers.self_assessments import Line, Own, Word, Written
from pages.assessments import HOME, KEEPS, as_json, not_taken, reading, said_by_branch, sent
from pages.layout import file
from pages.staff import Form, acted, area, desk, field, folded, form, text
from pages.staff import shown as shown_to

SCRIPTS = (KEEPS, "/pages/self-assessments.js")
REFUSALS: dict[type[Refused], tuple[int, str]] = {
    NotBound: (403, "请用绑定了手机号的微信打开这一页。"),
    NotFound: (404, "没有这次评估，或者您不再负责这个党支部。"),
    WrongState: (409, "评估人已经开始记录，自评不能再改。写的还在这台手机上，可以当面告诉评估人。"),
}
UNREADABLE = "上传的内容读不懂，请更新页面后再试"
STEPS = "save|take-last|hand-in"
LESS, NOTE = "less-", "note-"


async def show(request: web.Request) -> web.Response:
    """The branch's own sheet."""

    async def body(ctx: Context) -> web.Response:
        own = await self_assessments.look(ctx, assessment_id=int(request.match_info["assessment_id"]))
        return _page(ctx, own)

    return await shown_to(request, body, home=HOME)


async def step(request: web.Request) -> web.Response:
    """Keep what was filled in; take the last one over; or let the assessors see it."""
    id_, act = int(request.match_info["assessment_id"]), request.match_info["act"]
    here = f"/assessments/{id_}/self"

    async def work(ctx: Context, given: Form) -> str:
        if act == "take-last":
            await self_assessments.take_last(ctx, assessment_id=id_)
        elif act == "hand-in":
            await self_assessments.hand_in(ctx, assessment_id=id_)
        else:
            await self_assessments.save(ctx, assessment_id=id_, words=_words(given))
        return here

    return await acted(request, work, back=here, home=HOME)


async def words(request: web.Request) -> web.Response:
    """Take what a phone kept; each word is answered, and what stands there now comes along."""
    ctx = await reading(request)
    try:
        written = [_written(one) for one in await sent(request, "words")]
        answers, there = await self_assessments.upload(
            ctx, assessment_id=int(request.match_info["assessment_id"]), written=written
        )
    except Refused as refused:
        return not_taken(refused, REFUSALS)
    return as_json(
        {
            "answers": [asdict(one) for one in answers],
            "words": {item: asdict(word) for item, word in there.items()},
        }
    )


async def script(_: web.Request) -> web.Response:
    """What keeps words on the phone and sends them."""
    return file("self-assessments.js", "text/javascript")


def _page(ctx: Context, own: Own) -> web.Response:
    row, at = own.assessment, f"/assessments/{own.assessment.id}/self"
    note = (
        '<p class="soft">自愿填写，不计入得分，也不统计谁填了。只填有话要说的项目就行；'
        "系统里已经有的列在下面，不用再填。评估人开始记录以后不能再改。</p>"
    )
    lines = "".join(_item(line, may_write=own.may_write) for line in own.lines)
    if own.may_write:
        left = sum(line.said is None and line.before is not None for line in own.lines)
        last = form(f"{at}/take-last", "", f"没有变化的 {left} 项，沿用上一次自评") if left else ""
        sheet = form(f"{at}/save", lines, "保存")
    else:
        last, sheet = "", lines
    return desk(
        f"{row.branch.name}自评",
        f'<div class="own" data-assessment="{row.id}"><p class="strand">{escape(row.cycle.name)}</p>'
        f'<p id="status" class="alert kept" role="status" hidden></p>{note}{_state(ctx, own)}{last}{sheet}'
        f'{_end(own, at)}<p class="soft">分值和扣分办法为{SUGGESTED}。</p></div>',
        home=HOME,
        scripts=SCRIPTS,
    )


def _state(ctx: Context, own: Own) -> str:
    if own.handed_in_at is not None:
        day = own.handed_in_at.astimezone(ctx.settings.zone)
        return f'<p><span class="state">{day:%-m月%-d日}已提交，评估人可以对照</span></p>'
    return "" if own.may_write else '<p class="alert">评估已经开始，没有提交的自评只有本支部能看到。</p>'


def _end(own: Own, at: str) -> str:
    if not own.may_write or own.handed_in_at is not None or not any(line.said for line in own.lines):
        return ""
    return (
        "<h2>给评估人对照</h2><p>提交后，评估人在每一项旁边能看到；报告会写明两边不一样的项目。</p>"
        f"{form(f'{at}/hand-in', '', '提交自评')}"
    )


def _item(line: Line, *, may_write: bool) -> str:
    item, said = line.item, line.said
    known = "".join(f"<li>{escape(one)}</li>" for one in line.known)
    looked = f"<p>{escape('；'.join(item.look))}</p><p>{escape(cited(item.rules, item.also))}</p>"
    before = (
        f'<p class="soft">上一次自评：{said_by_branch(line.before)}</p>' if line.before is not None else ""
    )
    head = (
        f'<section class="card" id="{item.code}" data-item="{item.code}">'
        f"<p><strong>{item.code} {escape(item.name)}</strong>（{shown(item.worth)} 分）</p>"
        f"{folded('看什么、依据什么', looked)}"
        f"{f'<ul>{known}</ul>' if known else ''}{before}"
    )
    if not may_write:
        return f"{head}<p>{said_by_branch(said) if said is not None else '没有填写'}</p></section>"
    code = item.code
    less = field(
        f"{LESS}{code}", "自己认为扣几分（没有问题填 0，不填就是没有说）",
        value=shown(said.deducted) if said is not None else "", more='inputmode="decimal" maxlength="5"',
    )  # fmt: skip
    note = area(
        f"{NOTE}{code}", "说明（可不填）", value=said.note if said is not None else "",
        more=f'maxlength="{self_assessments.LONGEST_NOTE}"', rows=2,
    )  # fmt: skip
    return f"{head}{less}{note}</section>"


def _written(said: Mapping[str, Any]) -> Written:
    """One word of an upload.

    Raises:
        BadInput: it can't be read.
    """
    seen, item = said.get("seen"), said.get("item")
    if not isinstance(item, str):
        raise BadInput(words=UNREADABLE)
    return Written(item[:8], _word(said), _word(seen) if seen is not None else None)


def _word(said: Any) -> Word:
    deducted, note = (said.get("deducted"), said.get("note")) if isinstance(said, dict) else (None, None)
    if isinstance(deducted, bool) or not isinstance(deducted, int) or not isinstance(note, str):
        raise BadInput(words=UNREADABLE)
    return Word(deducted, note)


def _words(given: Form) -> dict[str, Word]:
    """The items of which something is said.

    Raises:
        BadInput: a number isn't one.
    """
    found = {}
    for name in given:
        value = text(given, name).strip()
        if not name.startswith(LESS) or not value:
            continue
        code = name.removeprefix(LESS)
        try:
            tenths = Decimal(value) * 10
        except InvalidOperation:
            tenths = Decimal("NaN")
        if not tenths.is_finite() or tenths != tenths.to_integral_value() or not 0 <= tenths <= 1000:
            raise BadInput(marks=f"{code[:3]}：扣几分请填数字，最多一位小数，例如 1.5")
        found[code] = Word(int(tenths), text(given, f"{NOTE}{code}"))
    return found
