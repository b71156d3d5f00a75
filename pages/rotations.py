"""跟班轮训 at the desk: the round month by month, one turn with its next step, swaps."""

from html import escape

from aiohttp import web

from handlers import rotation_swaps, rotations, worker_news, worker_terms, workers
from handlers.access import officer_reach
from handlers.context import Context
from handlers.rotations import STATUS_WORDS
from models import ROTATION_AHEAD, Person, Role, Rotation, RotationStatus, RotationSwap
from pages.staff import (
    Form,
    acted,
    check,
    day,
    desk,
    facts,
    field,
    folded,
    form,
    history,
    link,
    number,
    select,
    shown,
    table,
    text,
    texts,
)

WHY = 'required maxlength="300"'


async def index(request: web.Request) -> web.Response:
    """The latest round, and open swaps."""
    return await shown(request, _index)


async def _index(ctx: Context) -> web.Response:
    reach = await officer_reach(ctx)
    district = reach is None or Role.DISTRICT_OFFICER in reach.roles
    turns = await rotations.list_rotations(ctx)
    rows = [
        (
            link(f"/workers/rotations/{one.rotation.id}", f"{one.rotation.month:%Y年%m月}")
            if one.shows_person
            else f"{one.rotation.month:%Y年%m月}",
            one.rotation.unit.name,
            one.rotation.person.name if one.shows_person and one.rotation.person else "",
            STATUS_WORDS[one.rotation.status],
        )
        for one in turns
    ]
    swaps = "".join(
        [await _swap(ctx, one, district=district) for one in await rotation_swaps.list_swaps(ctx)]
    )
    new = ""
    if district:
        start = field("first_month", "从哪个月开始（填这个月的任何一天）", kind="date")
        new = folded("排一轮", form("/workers/rotations", start, "按固定顺序排出一轮"))
    body = (
        f"{'<h2>等待办理的调换</h2>' + swaps if swaps else ''}"
        f"<h2>{f'第 {turns[0].rotation.round.number} 轮' if turns else '还没有排'}</h2>"
        f"{table(('月份', '镇街', '人选', '状态'), rows)}{new}"
        f'<p class="soft">上月 {ctx.settings.rotation_report_by} 日前报人选，'
        f"{ctx.settings.rotation_confirm_by} 日前确认（本区建议值）。跟班日志自愿写。</p>"
    )
    return desk("跟班轮训", body)


async def _swap(ctx: Context, one: RotationSwap, *, district: bool) -> str:
    who, whom = (f"{turn.unit.name}（{turn.month:%Y年%m月}）" for turn in (one.mine, one.theirs))
    said = f"{who}想和{whom}调换"
    base = f"/workers/rotations/swaps/{one.id}"
    acts = form(f"{base}/decline", "", "不调换")
    if one.status == "agreed":
        said += "，双方已同意"
        acts = (form(f"{base}/confirm", "", "组织科确认") if district else "") + acts
    else:
        reach = await officer_reach(ctx)
        if not district and reach is not None and reach.covers_organization(one.theirs.unit):
            acts = form(f"{base}/agree", "", "同意调换") + acts
    return f'<section class="card"><p>{escape(said)}</p>{acts}</section>'


async def open_round(request: web.Request) -> web.Response:
    """Plan a round."""

    async def work(ctx: Context, given: Form) -> str:
        await rotations.open_round(ctx, first_month=day(given, "first_month"))
        return "/workers/rotations"

    return await acted(request, work)


async def show(request: web.Request) -> web.Response:
    """One turn."""
    rotation_id = int(request.match_info["rotation_id"])

    async def body(ctx: Context) -> web.Response:
        row, moves = await rotations.get_rotation(ctx, rotation_id=rotation_id)
        met = "、".join(worker_terms.name("rotation_conditions", one) for one in row.met)
        known = facts(
            {
                "月份": f"{row.month:%Y 年 %m 月}",
                "人选": row.person.name if row.person else "",
                "带教人": row.mentor.name if row.mentor else "",
                "报到": row.arrived_on,
                "已齐备": met,
                "结业": row.ended_on,
                "说明": row.reason,
            }
        )
        status = f'<p><span class="state">{STATUS_WORDS[row.status]}</span></p>'
        log = f"<h2>跟班日志</h2><p>{escape(row.log)}</p>" if row.log else ""
        acts = await _steps(ctx, row)
        return desk(row.unit.name, status + known + acts + log + history(moves, STATUS_WORDS, ctx))

    return await shown(request, body)


async def _steps(ctx: Context, row: Rotation) -> str:
    """What can be done in this state, by the town or by the section."""
    reach = await officer_reach(ctx)
    district = reach is None or Role.DISTRICT_OFFICER in reach.roles
    base, parts = f"/workers/rotations/{row.id}", []
    on_post = [
        (one.person.id, one.person.name)
        for one in (await workers.list_workers(ctx, unit_id=row.unit_id, limit=100)).items
    ]
    if row.status in (RotationStatus.PLANNED, RotationStatus.NOMINATED):
        who = select("person_id", "本镇街在岗的党务工作者", on_post)
        parts.append(
            form(f"{base}/nominate", who, "报人选")
            if on_post
            else "<p>本镇街还没有登记在岗的人，请先报备案。</p>"
        )
    if district and row.status is RotationStatus.NOMINATED:
        people = await Person.filter(id__in=await worker_news.district_officers()).order_by("id")
        mentor = select("mentor_id", "带教人", [(one.id, one.name) for one in people])
        parts.append(form(f"{base}/confirm", mentor, "确认人选"))
    if district and row.status is RotationStatus.CONFIRMED:
        parts.append(
            form(f"{base}/arrive", field("on", "报到日期", kind="date", value=ctx.now().date()), "已报到")
        )
    if district and row.status in (RotationStatus.TRAINING, RotationStatus.ASSESSED):
        words = [
            (one, worker_terms.name("rotation_conditions", one)) for one in ("attendance", "quiz", "mentor")
        ]
        boxes = "".join(
            check("met", one, said, more="checked" if one in row.met else "") for one, said in words
        )
        parts.append(form(f"{base}/assess", boxes, "登记考核"))
    if district and row.status is RotationStatus.ASSESSED:
        parts.append(
            form(f"{base}/graduate", field("on", "结业日期", kind="date", value=ctx.now().date()), "结业")
        )
    if row.status in (RotationStatus.CONFIRMED, RotationStatus.TRAINING) and on_post:
        inner = select("person_id", "换成谁", on_post) + field("reason", "原因", more=WHY)
        parts.append(folded("替换人选", form(f"{base}/replace", inner, "替换")))
    if district and row.status in (
        RotationStatus.CONFIRMED,
        RotationStatus.TRAINING,
        RotationStatus.ASSESSED,
    ):
        parts.append(folded("中止", form(f"{base}/stop", field("reason", "原因", more=WHY), "中止")))
    if row.status in ROTATION_AHEAD:
        parts.append(
            folded("无人应训", form(f"{base}/miss", field("reason", "书面说明", more=WHY), "登记缺训"))
        )
        others = [
            (one.rotation.id, f"{one.rotation.unit.name}（{one.rotation.month:%Y年%m月}）")
            for one in await rotations.list_rotations(ctx, round_number=row.round.number)
            if one.rotation.id != row.id and one.rotation.status in ROTATION_AHEAD
        ]
        if others:
            inner = select("with_id", "和谁换", others)
            parts.append(folded("调换月份", form(f"{base}/swaps", inner, "向对方提出")))
    return "".join(parts)


async def step(request: web.Request) -> web.Response:
    """One step of a turn."""
    id_, act = int(request.match_info["rotation_id"]), request.match_info["act"]

    async def work(ctx: Context, given: Form) -> str:
        match act:
            case "nominate":
                await rotations.nominate(
                    ctx, rotation_id=id_, person_id=number(given, "person_id", what="请选人")
                )
            case "confirm":
                await rotations.confirm(
                    ctx, rotation_id=id_, mentor_id=number(given, "mentor_id", what="请选带教人")
                )
            case "arrive":
                await rotations.arrive(ctx, rotation_id=id_, on=day(given, "on"))
            case "assess":
                allowed = ("attendance", "quiz", "mentor")
                await rotations.assess(
                    ctx, rotation_id=id_, met=[one for one in texts(given, "met") if one in allowed]
                )
            case "graduate":
                await rotations.graduate(ctx, rotation_id=id_, on=day(given, "on"))
            case "replace":
                await rotations.replace(
                    ctx, rotation_id=id_, person_id=number(given, "person_id"), reason=text(given, "reason")
                )
            case "stop":
                await rotations.stop(ctx, rotation_id=id_, reason=text(given, "reason"))
            case "miss":
                await rotations.miss(ctx, rotation_id=id_, reason=text(given, "reason"))
            case "swaps":
                await rotation_swaps.propose(ctx, rotation_id=id_, with_id=number(given, "with_id"))
        return f"/workers/rotations/{id_}"

    return await acted(request, work)


async def swap(request: web.Request) -> web.Response:
    """Agree, decline or confirm a swap."""
    swap_id, act = int(request.match_info["swap_id"]), request.match_info["act"]
    do = {"agree": rotation_swaps.agree, "decline": rotation_swaps.decline, "confirm": rotation_swaps.confirm}

    async def work(ctx: Context, _: Form) -> str:
        await do[act](ctx, swap_id=swap_id)
        return "/workers/rotations"

    return await acted(request, work)


async def log(request: web.Request) -> web.Response:
    """Keep one's own log."""
    id_ = int(request.match_info["rotation_id"])

    async def work(ctx: Context, given: Form) -> str:
        await rotations.write_log(ctx, rotation_id=id_, text=text(given, "text"))
        return "/my-work"

    return await acted(request, work)
