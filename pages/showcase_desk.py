"""样板 at the desk: what waits, what ends soon, a nomination, and each next step for who may take it."""

from collections.abc import Sequence
from datetime import date

from aiohttp import web

from handlers import lessons, place_images, showcase, showcase_list
from handlers.access import OFFICERS
from handlers.answering.dates import add_months
from handlers.context import Context
from handlers.errors import BadInput
from handlers.lesson_content import Strand
from handlers.showcase import LEVEL_WORDS, STATUS_WORDS
from handlers.showcase_wishes import LONGEST_NAME, LONGEST_SUMMARY, MOST_LEARNT, Wish
from models import (
    ON_LIST,
    Organization,
    Showcase,
    ShowcaseKind,
    ShowcaseLevel,
    SiteCategory,
)
from pages import showcase as public
from pages.map import CATEGORIES
from pages.showcase import KIND_WORDS
from pages.staff import (
    Form,
    Html,
    acted,
    area,
    check,
    day,
    desk,
    facts,
    field,
    folded,
    form,
    history,
    link,
    maybe_day,
    number,
    select,
    shown,
    table,
    text,
)

HOME = "/showcase/desk"
REASON = f'required maxlength="{showcase.LONGEST_REASON}"'
NOTE = (
    '<p class="soft">推荐、察看、审定由不同的同志办：谁推荐的，谁就不能去察看，也不能审定。'
    "只看地方和做法，不评个人，不分高低。</p>"
)


def setup(app: web.Application) -> None:
    """Mount the public pages and the desk."""
    number, acts = "{showcase_id:[0-9]{1,9}}", "|".join(showcase.ACTS)
    app.router.add_get("/pages/showcase.css", public.style)
    app.router.add_get("/pages/showcase/{name:rural|urban|new|mix|brand}.svg", public.drawn)
    app.router.add_get("/showcase", public.index)
    app.router.add_get(f"/showcase/{number}", public.show)
    app.router.add_get(HOME, index)
    app.router.add_post(HOME, nominate)
    app.router.add_get(f"{HOME}/{number}", show)
    app.router.add_post(f"{HOME}/{number}/{{act:{acts}}}", step)


async def index(request: web.Request) -> web.Response:
    """What waits and what is due; everything within reach; a nomination."""
    return await shown(request, _index)


async def _index(ctx: Context) -> web.Response:
    found = await showcase_list.desk(ctx)
    officer = bool((await showcase.worker_reach(ctx)).roles & OFFICERS)
    every = (await showcase_list.all_of_mine(ctx, limit=100)).items
    today = ctx.now().date()
    waiting = _table(found.waiting) if found.waiting else "<p>现在没有等您办的。</p>"
    due = ""
    if officer:
        rows = [(_name(row), _end(row, today), row.organization.name) for row in found.due]
        due = "<h2>该复核的</h2>" + (
            table(("名称", "有效期至", "单位"), rows)
            if rows
            else f"<p>{ctx.settings.showcase_due_days} 天内没有到期的。</p>"
        )
    inner = await _fields(ctx, None, officer=officer)
    nominate = folded("推荐一个示范点或品牌", form(HOME, inner, "提交推荐"))
    more = '<p><a href="/workers/registers">导入导出样板台账</a></p>' if officer else ""
    body = (
        f"<h2>等您办的</h2>{waiting}{due}{_goals(ctx, found.counts) if officer else ''}{nominate}"
        f'<h2>职责范围内的</h2>{_table(every)}{more}<p><a href="/showcase">大家看到的名单</a></p>{NOTE}'
    )
    return desk("样板", body)


async def nominate(request: web.Request) -> web.Response:
    """A nomination."""

    async def work(ctx: Context, given: Form) -> str:
        code = text(given, "organization").strip().upper()
        owner = await Organization.get_or_none(code=code) if code else None
        if code and owner is None:
            raise BadInput(organization="没有这个编码的党组织，请核对")
        made = await showcase.nominate(ctx, wish=_wish(given), organization_id=owner.id if owner else None)
        return f"{HOME}/{made.id}"

    return await acted(request, work)


async def show(request: web.Request) -> web.Response:
    """One entry, what can be done with it, and how it came here."""
    showcase_id = int(request.match_info["showcase_id"])

    async def body(ctx: Context) -> web.Response:
        row, moves = await showcase.get_showcase(ctx, showcase_id=showcase_id)
        term = f"{row.valid_from} 至 {row.valid_until}" if row.valid_until else ""
        raising = f"，推荐为{LEVEL_WORDS[row.wanted_level]}" if row.wanted_level is not None else ""
        known = facts(
            {
                "种类": f"{LEVEL_WORDS[row.level]}{KIND_WORDS[row.kind]}，{CATEGORIES[row.category]}",
                "单位": row.organization.name,
                "简介": row.summary,
                "能学什么": "；".join(row.learn),
                "阵地": link(f"/map/{row.site_id}", row.site.name) if row.site is not None else "",
                "品牌": row.brand.name if row.brand is not None else "",
                "课程": row.lesson_code,
                "察看": f"{row.visited_on}：{row.findings}" if row.visited_on else "",
                "有效期": term,
                "原因": row.reason,
            }
        )
        page = ""
        if row.status in ON_LIST:
            page = f'<p><a href="/showcase/{row.id}">大家看到的页面</a></p>'
        status = f'<p><span class="state">{STATUS_WORDS[row.status]}{raising}</span></p>'
        steps = await _steps(ctx, row)
        if await place_images.may_change(ctx, row):
            page += f'<p><a href="{HOME}/{row.id}/images">图片（{len(row.images)}）</a></p>'
        return desk(row.name, status + known + page + steps + history(moves, STATUS_WORDS, ctx) + NOTE)

    return await shown(request, body)


async def _steps(ctx: Context, row: Showcase) -> str:
    """What the reader may do now."""
    base, today = f"{HOME}/{row.id}", ctx.now().date()
    last = add_months(today, ctx.settings.showcase_valid_months)
    until = field("until", "有效期至", kind="date", value=last)
    parts: list[str] = []
    for act in await showcase.may(ctx, row):
        match act:
            case "correct":
                inner = await _fields(ctx, row, officer=False)
                parts.append(f"<h2>补充后再报</h2>{form(f'{base}/correct', inner, '再报一次')}")
            case "visit":
                inner = field("on", "哪天去看的", kind="date", value=today)
                said = f'required maxlength="{showcase.LONGEST_FINDINGS}"'
                inner += area("findings", "看到了什么，能不能学", more=said)
                parts.append(f"<h2>登记现场察看</h2>{form(f'{base}/visit', inner, '登记察看')}")
            case "admit":
                parts.append(f"<h2>审定</h2>{form(f'{base}/admit', until, '列入名单')}")
            case "review":
                parts.append(folded("开始复核", form(f"{base}/review", _raise(row), "开始复核")))
            case "renew":
                wish = check("raises", "1", "列入市级") if row.wanted_level is not None else ""
                parts.append(f"<h2>复核结果</h2>{form(f'{base}/renew', until + wish, '继续列入')}")
            case "edit":
                inner = await _fields(ctx, row, officer=False)
                parts.append(folded("修改给人看的内容", form(f"{base}/edit", inner, "保存")))
            case _:
                said = {"send_back": "退回补充", "refuse": "不列入", "remove": "撤出名单"}[act]
                parts.append(folded(said, form(f"{base}/{act}", _reason(act), said)))
    return "".join(sorted(parts, key=lambda html: html.startswith("<details")))  # The next step first.


def _reason(act: str) -> str:
    """Why; several of these stand on one page."""
    box = f'<textarea id="{act}-reason" name="reason" rows="3" {REASON}></textarea>'
    return f'<label for="{act}-reason">原因，会告诉推荐的同志</label>{box}'


def _raise(row: Showcase) -> str:
    if row.level is ShowcaseLevel.CITY:
        return ""
    return check("raises", "1", "同时推荐为市级（推荐的人不参加察看和审定）")


async def step(request: web.Request) -> web.Response:
    """One step."""
    id_, act = int(request.match_info["showcase_id"]), request.match_info["act"]

    async def work(ctx: Context, given: Form) -> str:
        raises = text(given, "raises") == "1"
        match act:
            case "correct" | "edit":
                write = showcase.correct if act == "correct" else showcase.edit
                await write(ctx, showcase_id=id_, wish=_wish(given))
            case "visit":
                findings = text(given, "findings")
                await showcase.visit(ctx, showcase_id=id_, on=day(given, "on"), findings=findings)
            case "admit":
                await showcase.admit(ctx, showcase_id=id_, until=maybe_day(given, "until"))
            case "review":
                await showcase.review(ctx, showcase_id=id_, raises=raises)
            case "renew":
                until = maybe_day(given, "until")
                await showcase.renew(ctx, showcase_id=id_, until=until, raises=raises)
            case "send_back":
                await showcase.send_back(ctx, showcase_id=id_, reason=text(given, "reason"))
            case "refuse":
                await showcase.refuse(ctx, showcase_id=id_, reason=text(given, "reason"))
            case "remove":
                await showcase.remove(ctx, showcase_id=id_, reason=text(given, "reason"))
        return f"{HOME}/{id_}"

    return await acted(request, work)


def _wish(given: Form) -> Wish:
    kind, category = text(given, "kind"), text(given, "category")
    if kind not in list(ShowcaseKind):
        raise BadInput(kind="请选是示范点还是品牌")
    if category not in list(SiteCategory):
        raise BadInput(category="请选类别")
    return Wish(
        text(given, "name"), ShowcaseKind(kind), SiteCategory(category), text(given, "summary"),
        text(given, "learn").splitlines(), text(given, "site").strip().upper() or None,
        number(given, "brand") if text(given, "brand") else None, text(given, "lesson"),
    )  # fmt: skip


async def _fields(ctx: Context, row: Showcase | None, *, officer: bool) -> str:
    """The fields of what people read, filled with what is there."""
    there = row or Showcase(name="", summary="", learn=[], lesson_code="")
    kinds = [(one.value, said) for one, said in KIND_WORDS.items()]
    categories = [(one.value, said) for one, said in CATEGORIES.items()]
    listed = Showcase.filter(kind=ShowcaseKind.BRAND, status__in=ON_LIST).order_by("code")
    brands = [("", "不填"), *((one.id, one.name) for one in await listed)]
    taught = [one for one in await lessons.list_lessons(ctx) if one.strand == Strand.SHOWCASE]
    course = [("", "不填"), *((one.code, one.title) for one in taught)]
    learn, site = "\n".join(there.learn), there.site_id or ""
    owner = field("organization", "哪个党组织（编码）", more='required maxlength="32"') if officer else ""
    return (
        owner
        + field("name", "名称", value=there.name, more=f'required maxlength="{LONGEST_NAME}"')
        + select("kind", "种类", kinds, chosen=row and row.kind, more="")
        + select("category", "类别", categories, chosen=row and row.category, more="")
        + area("summary", "一两句话说清是什么", value=there.summary, more=_required(LONGEST_SUMMARY))
        + area("learn", f"能学什么，一条一行，最多 {MOST_LEARNT} 条", value=learn, more=_required(520))
        + field("site", "阵地编号，可不填；填了就能预约参观", value=site, more='maxlength="8"')
        + select("brand", "体现哪个品牌", brands, chosen=there.brand_id, more="")
        + select("lesson", "哪一课讲它", course, chosen=there.lesson_code or None, more="")
    )


def _required(longest: int) -> str:
    return f'required maxlength="{longest}"'


def _table(rows: Sequence[Showcase]) -> str:
    lines = [(_name(row), STATUS_WORDS[row.status], row.organization.name) for row in rows]
    return table(("名称", "状态", "单位"), lines)


def _name(row: Showcase) -> Html:
    return link(f"{HOME}/{row.id}", row.name)


def _end(row: Showcase, today: date) -> str:
    over = row.valid_until is not None and row.valid_until < today
    return f"{row.valid_until}{'（已到期）' if over else ''}"


def _goals(ctx: Context, counts: dict[ShowcaseLevel, int]) -> str:
    aims = {
        ShowcaseLevel.DISTRICT: ctx.settings.showcase_goal_district,
        ShowcaseLevel.CITY: ctx.settings.showcase_goal_city,
    }
    said = "，".join(
        f"{LEVEL_WORDS[level]}示范点现有 {counts[level]} 个，打算建 {aim} 个" for level, aim in aims.items()
    )
    return f'<p class="soft">{said}（有效期内的，不含品牌）。</p>'
