"""Training classes at the desk, and the page a scanned code of a class leads to."""

from datetime import datetime, time
from html import escape
from typing import Any

from aiohttp import web

from handlers import qr_codes, training_attendance, trainings, visit_news, worker_terms
from handlers.access import officer_reach, within
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, Refused
from handlers.training_attendance import Result
from handlers.trainings import Conditions, SessionWish
from handlers.workers import covered_unit
from models import EnrolmentStatus, Organization, OrganizationKind, Person, Role, Training, TrainingStatus
from pages.layout import code_drawn, page
from pages.login import known
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
    link,
    number,
    refusal,
    select,
    shown,
    table,
    text,
    texts,
)

STATUS_WORDS = {
    TrainingStatus.OPEN: "报名和办班中",
    TrainingStatus.CLOSED: "已结班",
    TrainingStatus.CANCELLED: "已取消",
}
NAME_WORDS = {
    "present": "已登记",
    "already": "之前已登记",
    "unknown_name": "本班名单里没有这个名字",
    "same_name": "有同名的同志，请本人扫码",
}


async def index(request: web.Request) -> web.Response:
    """All classes."""
    return await shown(request, _index)


async def _index(ctx: Context) -> web.Response:
    found = await trainings.list_trainings(ctx, limit=100)
    rows = [
        (
            link(f"/workers/trainings/{one.id}", one.topic),
            worker_terms.name("training_kinds", one.kind),
            visit_news.moment(ctx, one.starts_at),
            f"{one.taken}/{one.capacity}",
            STATUS_WORDS[one.status],
        )
        for one in found.items
    ]
    new = folded("开一期班", form("/workers/trainings", _new(ctx), "开班")) if await _is_district(ctx) else ""
    return desk("培训班和观摩", table(("主题", "班次", "时间", "名额", "状态"), rows) + new)


def _new(ctx: Context) -> str:
    kinds = list(worker_terms.terms()["training_kinds"].items())
    return (
        field("code", "班次编号", more='required maxlength="20"')
        + select("kind", "班次", kinds)
        + field("topic", "主题", more='required maxlength="80"')
        + field("place", "地点", more='required maxlength="120"')
        + field("capacity", "名额", kind="number", more='required min="1" max="2000"')
        + area("sessions", "课程表，一行一节：2026-12-01 09:00-11:30 4 内容 授课人", rows=5)
        + '<p class="soft">时间后面的数字是学时。结业条件先按本区建议值，开班后可以改。</p>'
    )


async def _is_district(ctx: Context) -> bool:
    try:
        reach = await officer_reach(ctx)
    except NotAllowed:
        return False
    return reach is None or Role.DISTRICT_OFFICER in reach.roles


async def create(request: web.Request) -> web.Response:
    """Open a class."""

    async def work(ctx: Context, given: Form) -> str:
        made = await trainings.create(
            ctx, code=text(given, "code"), kind=text(given, "kind"), topic=text(given, "topic"),
            place=text(given, "place"), capacity=number(given, "capacity"),
            sessions=[_part(ctx, line) for line in text(given, "sessions").splitlines() if line.strip()],
        )  # fmt: skip
        return f"/workers/trainings/{made.id}"

    return await acted(request, work)


def _part(ctx: Context, line: str) -> SessionWish:
    """A line of a timetable: day, from-to, hours, title, teacher."""
    words = line.split()
    try:
        on = datetime.strptime(words[0], "%Y-%m-%d").date()  # noqa: DTZ007 (the zone comes two lines below)
        begins, ends = (time.fromisoformat(one) for one in words[1].split("-"))
        zone = ctx.settings.zone
        starts_at, ends_at = (datetime.combine(on, one, zone) for one in (begins, ends))
        return SessionWish(words[3], starts_at, ends_at, int(words[2]), words[4] if len(words) > 4 else "")
    except (ValueError, IndexError):
        raise BadInput(sessions=f"课程表这一行看不懂：{line[:40]}") from None


async def show(request: web.Request) -> web.Response:
    """One class: what it is, one's own groups, and for who runs it, its trainees."""
    training_id = int(request.match_info["training_id"])

    async def body(ctx: Context) -> web.Response:
        row, parts = await trainings.get_training(ctx, training_id=training_id)
        zone = ctx.settings.zone
        conditions = [
            f"出勤不少于 {row.attendance_percent}%" if row.attendance_percent else "",
            "通过测验" if row.needs_quiz else "",
            "交观摩总结" if row.needs_summary else "",
        ]
        known_ = facts(
            {
                "班次": worker_terms.name("training_kinds", row.kind),
                "地点": row.place,
                "主办": row.host.name,
                "名额": f"已录取 {row.taken}，共 {row.capacity}",
                "结业条件": "、".join(word for word in conditions if word),
                "状态": STATUS_WORDS[row.status],
            }
        )
        runs = await _runs(ctx, row)
        timetable = table(
            ("时间", "内容", "授课人", "学时", *(("到课",) if runs else ())),
            [
                (
                    f"{one.starts_at.astimezone(zone):%m月%d日 %H:%M}–{one.ends_at.astimezone(zone):%H:%M}",
                    one.title, one.teacher, one.hours,
                    *((link(f"/workers/trainings/{row.id}/sessions/{one.id}", "登记到课"),) if runs else ()),
                )
                for one in parts
            ],
        )  # fmt: skip
        rest = await _groups(ctx, row) + (await _trainees(ctx, row) if runs else "")
        return desk(row.topic, known_ + timetable + rest)

    return await shown(request, body)


async def _runs(ctx: Context, row: Training) -> bool:
    try:
        await trainings.keeps(ctx, row)
    except NotAllowed:
        return False
    return True


async def _groups(ctx: Context, row: Training) -> str:
    """The groups of the reader's units, and where to send another; nothing for who isn't an officer."""
    try:
        reach = await officer_reach(ctx)
    except NotAllowed:
        return ""
    words = {
        EnrolmentStatus.ENROLLED: "已录取",
        EnrolmentStatus.WAITING: "候补",
        EnrolmentStatus.CANCELLED: "已退出",
    }
    cards = []
    is_open = row.status is TrainingStatus.OPEN and row.starts_at > ctx.now()
    for one, members in await trainings.list_enrolments(ctx, training_id=row.id):
        coming = [member for member in members if member.live_key]
        names = "、".join(member.person.name for member in coming)
        leave = ""
        if is_open and coming:
            boxes = "".join(check("person_ids", member.person_id, member.person.name) for member in coming)
            leave = folded(
                "退出几个人", form(f"/workers/enrolments/{one.id}/cancel", boxes, "退出（不选为整组）")
            )
        cards.append(
            f'<section class="card"><p><strong>{escape(one.unit.name)}</strong>　'
            f'<span class="state">{words[one.status]}</span></p><p>{escape(names)}</p>{leave}</section>'
        )
    send = ""
    if is_open:
        units = await Organization.filter(within(reach), kind=OrganizationKind.COMMITTEE).order_by("code")
        inner = (
            select("unit_id", "单位", [(unit.id, unit.name) for unit in units])
            + area("names", "名单，一行一个名字（只在本单位名册里找；同名的写 姓名 人员编号）", rows=5)
            + check("wait", "1", "名额不够时整组候补")
        )
        send = folded("报名", form(f"/workers/trainings/{row.id}/enrolments", inner, "报名：整组录取"))
    return "<h2>本单位报的名</h2>" + ("".join(cards) or "<p>还没有报名。</p>") + send


async def _trainees(ctx: Context, row: Training) -> str:
    states = await training_attendance.trainees(ctx, training_id=row.id)
    said = {None: "", True: "是", False: "否"}
    rows = [
        (
            one.trainee.person.name, one.trainee.enrolment.unit.name,
            "、".join(f"第{n}节" for n in one.sessions),
            said[one.trainee.quiz], said[one.trainee.summary], said[one.trainee.completed],
        )
        for one in states
    ]  # fmt: skip
    acts = ""
    if row.status is TrainingStatus.OPEN:
        boxes = "".join(check("passed", one.trainee.id, one.trainee.person.name) for one in states)
        what = [("quiz", "测验通过"), ("summary", "总结已交")]
        if boxes:
            acts += folded(
                "登记测验或总结（只记通过与否）",
                form(
                    f"/workers/trainings/{row.id}/results",
                    select("what", "登记什么", what) + boxes,
                    "登记选中的人",
                ),
            )
        inner = (
            field("attendance_percent", "出勤不少于百分之几（0 为不要求）", kind="number",
                  value=row.attendance_percent, more='required min="0" max="100"')
            + check("needs_quiz", "1", "要通过测验", more="checked" if row.needs_quiz else "")
            + check("needs_summary", "1", "要交观摩总结", more="checked" if row.needs_summary else "")
        )  # fmt: skip
        if await _is_district(ctx):
            acts += folded("改结业条件", form(f"/workers/trainings/{row.id}/conditions", inner, "保存"))
        if row.ends_at <= ctx.now():
            acts += form(f"/workers/trainings/{row.id}/close", "", "结班：核定结业，登记学时")
    return f"<h2>学员</h2>{table(('姓名', '单位', '到课', '测验', '总结', '结业'), rows)}{acts}"


async def enrol(request: web.Request) -> web.Response:
    """Send a group, by names."""
    training_id = int(request.match_info["training_id"])

    async def work(ctx: Context, given: Form) -> str:
        unit_id = number(given, "unit_id", what="请选单位")
        people = [
            await _named(ctx, unit_id, line) for line in text(given, "names").splitlines() if line.strip()
        ]
        await trainings.enrol(
            ctx, training_id=training_id, unit_id=unit_id, person_ids=people, wait=text(given, "wait") == "1"
        )
        return f"/workers/trainings/{training_id}"

    return await acted(request, work)


async def _named(ctx: Context, unit_id: int, line: str) -> int:
    """Who a line of a list means, in the unit's roster."""
    unit = await covered_unit(ctx, unit_id)
    name, _, member_no = line.strip().partition(" ")
    found = Person.filter(name=name, left_at=None, organization__path__startswith=unit.path)
    people = await (found.filter(member_no=member_no.strip()) if member_no.strip() else found)
    if len(people) != 1:
        why = "有同名的人，请在姓名后写上人员编号" if people else "本单位名册里没有"
        raise BadInput(names=f"{name}：{why}")
    return people[0].id


async def leave(request: web.Request) -> web.Response:
    """Take some of a group out."""
    enrolment_id = int(request.match_info["enrolment_id"])

    async def work(ctx: Context, given: Form) -> str:
        people = [int(one) for one in texts(given, "person_ids") if one.isascii() and one.isdigit()]
        row = await trainings.cancel(ctx, enrolment_id=enrolment_id, person_ids=people)
        return f"/workers/trainings/{row.training_id}"

    return await acted(request, work)


async def step(request: web.Request) -> web.Response:
    """Results, conditions, closing."""
    training_id, act = int(request.match_info["training_id"]), request.match_info["act"]

    async def work(ctx: Context, given: Form) -> str:
        if act == "close":
            await training_attendance.close(ctx, training_id=training_id)
        elif act == "conditions":
            asks = Conditions(
                number(given, "attendance_percent"), text(given, "needs_quiz") == "1",
                text(given, "needs_summary") == "1",
            )  # fmt: skip
            await trainings.edit(ctx, training_id=training_id, conditions=asks)
        else:
            what = "summary" if text(given, "what") == "summary" else "quiz"
            passed: list[dict[str, Any]] = [
                {"trainee_id": int(one), what: True}
                for one in texts(given, "passed")
                if one.isascii() and one.isdigit() and len(one) < 10
            ]
            results = [Result(**one) for one in passed]
            await training_attendance.keep_results(ctx, training_id=training_id, results=results)
        return f"/workers/trainings/{training_id}"

    return await acted(request, work)


async def session(request: web.Request) -> web.Response:
    """The code of a part, and names from paper."""
    session_id = int(request.match_info["session_id"])

    async def body(ctx: Context) -> web.Response:
        return await _session(ctx, session_id, "")

    return await shown(request, body)


async def _session(ctx: Context, session_id: int, said: str) -> web.Response:
    row, _ = await training_attendance.session_code(ctx, session_id=session_id)
    base = f"/workers/trainings/{row.training_id}/sessions/{row.id}"
    names = area("names", "到场的人，一行一个名字", rows=6)
    return desk(
        row.title,
        f"{said}<p>{visit_news.moment(ctx, row.starts_at)}　{escape(row.training.place)}</p>"
        f'<p class="qr"><img src="{base}/code.svg" alt="到课二维码"></p>'
        f"<p>请用微信扫一扫。手机不方便的，按名单登记，效果一样。</p>{form(base, names, '按名单登记')}"
        f'<p><a href="/workers/trainings/{row.training_id}">回到这期班</a></p>',
    )


async def code(request: web.Request) -> web.Response:
    """The code as a picture."""
    ctx, session_id = await known(request), int(request.match_info["session_id"])
    try:
        _, said = await training_attendance.session_code(ctx, session_id=session_id)
    except Refused as refused:
        return refusal(refused)
    address = f"{ctx.settings.public_url.rstrip('/')}/trainings/in/{said}"
    return code_drawn(await qr_codes.svg(address))


async def names(request: web.Request) -> web.Response:
    """Enter a paper list, and say what became of each name."""
    session_id = int(request.match_info["session_id"])
    ctx = await known(request)
    try:
        given = [line.strip() for line in text(await request.post(), "names").splitlines() if line.strip()]
        answers = await training_attendance.enter_names(ctx, session_id=session_id, names=given)
        rows = [(one.name, NAME_WORDS[one.status]) for one in answers]
        said = f'<section class="card" role="status">{table(("姓名", "结果"), rows)}</section>'
        return await _session(ctx, session_id, said)
    except Refused as refused:
        return refusal(refused)


async def invited(request: web.Request) -> web.Response:
    """Where a scanned code leads: one tap says that one is there."""
    code_ = request.match_info["code"]
    await known(request)
    body = (
        "<main><h1>培训到课</h1><p>点一下，登记这节课到课。</p>"
        f'<form method="post" action="/trainings/in/{escape(code_)}">'
        '<button class="big">我到了</button></form>'
        '<p class="soft">手机不方便的，请主办的同志按名单登记。</p></main>'
    )
    return page("培训到课", body, forms=True)


async def here(request: web.Request) -> web.Response:
    """Note it."""
    ctx = await known(request)
    try:
        arrived = await training_attendance.check_in(ctx, code=request.match_info["code"])
    except Refused as refused:
        return refusal(refused, back="/my-work")
    said = "之前已经登记过了。" if arrived.again else "登记好了。"
    title = escape(arrived.session.title)
    body = f"<main><h1>{said}</h1><p>{title}</p><p><a href='/my-work'>我的培训</a></p></main>"
    return page("培训到课", body)
