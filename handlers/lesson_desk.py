"""The officers' desk of the Friday lesson: write, try on a phone, put on a Friday, replace, withdraw."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tortoise.functions import Count
from tortoise.transactions import in_transaction

from handlers import audit, lesson_articles, lesson_calendar
from handlers.access import OFFICERS, reach
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, WrongState
from handlers.gateways.errors import WeChatError
from handlers.lesson_content import BadLesson, LessonContent, known_rules, read
from handlers.lesson_fetch import take_back
from handlers.lesson_mass import announcement
from handlers.lesson_plan import UNCONFIRMED, week_of
from handlers.lesson_push import TAKEN_BACK, retry_failed
from handlers.lesson_schedule import Outlook, arrange, outlook
from handlers.locks import hold
from models import Account, App, Channel, Delivery, DeliveryStatus, Lesson, LessonWeek, MassJob, Role

REASONS = {
    "": "",
    "alone": "只有一位收件人，群发至少要两位，改为菜单自取",
    "late": "过了周五仍未能发出，改为菜单自取",
    "no_consent": "订阅次数已用完",
    "not_received": "微信没有送达回执，已重新排队",
    "claim_over": "发送进程中断，已重新排队",
    UNCONFIRMED: "不能确认是否送达，为免重复不再补发",
    lesson_articles.AS_TEXT: "图文没有做成，改发了文字",
    "43101": "本人已拒收或订阅次数用完",
    "43004": "已取消关注",
    "40003": "微信身份无效，可能已取消关注",
    "45009": "当天接口次数用完",
    "45028": "群发次数用完",
    "40007": "微信找不到素材或草稿，可能在后台删掉了",
    "45002": "内容超过微信的长度",
    "45168": "含有微信不允许的词，请修改课程后再重发",
    "48001": "公众号没有这个接口的权限",
    "48008": "公众号不能群发这种形式的消息",
    "-1": "微信繁忙",
    "0": "网络中断，没有收到微信的答复",
    "user block": "本人设置了拒收",
    "send fail": "微信群发失败",
    "err(10001)": "涉嫌广告",
    "err(20001)": "涉嫌政治内容",
    "err(20002)": "涉嫌色情内容",
    "err(20004)": "涉嫌社会性内容",
    "err(20006)": "涉嫌违法犯罪",
    "err(20008)": "涉嫌欺诈",
    "err(20013)": "涉嫌版权问题",
    "err(22000)": "涉嫌互推",
    "err(21000)": "涉嫌其他违规",
    "err(30001)": "微信原创校验出错",
    "err(30002)": "被判为不可转载的文章",
    "err(30003)": "被判为转载，没有发出",
    "err(40001)": "公众号管理员拒绝了这次群发",
    "err(40002)": "公众号管理员 30 分钟内没有确认群发",
}
"""What the ledger's `error` means to people."""


def reason(error: str) -> str:
    """An error of the ledger in Chinese."""
    return REASONS.get(error, f"微信返回 {error}")


def _why(status: DeliveryStatus, error: str) -> str:
    """Why a delivery is where it is, in Chinese; of one that was struck, why it was."""
    if status is DeliveryStatus.WITHDRAWN:
        return "课程已撤回" if error == TAKEN_BACK else "退订或不再关注"
    return reason(error)


@dataclass(frozen=True, slots=True)
class Line:
    """How many deliveries of one week stand alike."""

    channel: Channel
    status: DeliveryStatus
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Truth:
    """One Friday as it is: planned, sent, could not and why. `filtered` is what WeChat left out unnamed."""

    week: LessonWeek
    lines: tuple[Line, ...]
    filtered: int

    def total(self, *statuses: DeliveryStatus) -> int:
        """How many deliveries are in one of these states."""
        return sum(line.count for line in self.lines if line.status in statuses)


async def officer(ctx: Context) -> None:
    """Refuse who is no officer.

    Raises:
        NotAllowed: the caller is none.
    """
    if not (await reach(ctx)).roles & OFFICERS:
        raise NotAllowed


async def _editor(ctx: Context) -> None:
    if not await edits(ctx):
        raise NotAllowed


async def edits(ctx: Context) -> bool:
    """Whether the caller writes, withdraws and sends lessons again: officers of the district do."""
    return Role.DISTRICT_OFFICER in (await reach(ctx)).roles


def check(body: dict[str, Any]) -> LessonContent:
    """A lesson as it was sent in.

    Raises:
        BadInput: names each place that is wrong, and why.
    """
    try:
        return read(body, where=str(body.get("code", "")), rules=known_rules())
    except BadLesson as bad:
        raise BadInput(**{place or "lesson": reason for place, reason in bad.places.items()}) from bad


async def write(ctx: Context, *, body: dict[str, Any]) -> Lesson:
    """A new lesson; it stands in the course by its code.

    Raises:
        NotAllowed: only officers of the district write lessons.
        BadInput: what is wrong, by place; or the code is taken.
    """
    await _editor(ctx)
    content = check(body)
    async with in_transaction() as connection:
        await hold(connection, "course")
        if await Lesson.exists(code=content.code):
            raise BadInput(code=f"编号 {content.code} 已经用过，修改请用“替换”")
        lesson = await Lesson.create(
            code=content.code,
            title=content.title,
            strand=content.strand,
            body=content.model_dump(mode="json"),
            fingerprint=STAFF,
        )
        await audit.record(ctx, "lesson.written", f"lesson:{lesson.id}", code=content.code)
    await arrange(ctx)
    return lesson


STAFF = "staff"
"""The fingerprint of what staff wrote: the course that comes with the service leaves it alone."""


async def replace(ctx: Context, *, lesson_id: int, body: dict[str, Any]) -> Lesson:
    """Another content for a lesson, or a withdrawn one back; its code stays.

    Raises:
        NotAllowed: only officers of the district write lessons.
        NotFound: no such lesson.
        BadInput: what is wrong, by place.
    """
    await _editor(ctx)
    lesson = await Lesson.get_or_none(id=lesson_id)
    if lesson is None:
        raise NotFound
    content = check(body | {"code": lesson.code})
    async with in_transaction():
        await Lesson.filter(id=lesson.id).update(
            title=content.title,
            strand=content.strand,
            body=content.model_dump(mode="json"),
            fingerprint=STAFF,
            withdrawn_at=None,
        )
        await audit.record(ctx, "lesson.replaced", f"lesson:{lesson.id}", code=content.code)
    await arrange(ctx)
    return await Lesson.get(id=lesson.id)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What withdrawing a lesson did.

    `kept_back` waited for it and don't get it. Of the articles that went out, `articles` have no page at
    WeChat any more; `left` still have one, which somebody must delete in the account's console.
    """

    kept_back: int
    articles: int
    left: int


async def withdraw(ctx: Context, *, lesson_id: int) -> TakenBack:
    """Nobody reads or gets this lesson any more. Again is harmless, and tries what was left once more.

    Raises:
        NotAllowed: only officers of the district withdraw lessons.
        NotFound: no such lesson.
    """
    await _editor(ctx)
    async with in_transaction() as connection:
        await hold(connection, "course")
        lesson = await Lesson.get_or_none(id=lesson_id)
        if lesson is None:
            raise NotFound
        await Lesson.filter(id=lesson_id).update(withdrawn_at=ctx.now(), fingerprint=STAFF)
        begun = await LessonWeek.filter(lesson_id=lesson_id, sends_at__lte=ctx.now()).values_list(
            "friday", flat=True
        )
        waiting = Delivery.filter(week_id__in=list(begun), status=DeliveryStatus.PLANNED)
        await take_back(waiting)
        kept_back = await waiting.update(status=DeliveryStatus.WITHDRAWN, error=TAKEN_BACK)
        # Weeks to come get the next lesson; who is planned for them stays planned.
        ahead = LessonWeek.filter(lesson_id=lesson_id, sends_at__gt=ctx.now())
        await ahead.update(pinned=False, planned_at=None)
        await audit.record(ctx, "lesson.taken_back", f"lesson:{lesson_id}", kept_back=kept_back)
    await arrange(ctx)
    return TakenBack(kept_back, *await lesson_articles.take_down(ctx, lesson))


async def try_on_phone(ctx: Context, *, lesson_id: int) -> None:
    """Send the mass message to the caller's own phone, article or text; it doesn't count as one.

    Where the article can't be made the text says so above itself.

    Raises:
        NotAllowed: the caller is no officer.
        NotFound: no such lesson.
        WrongState: the caller doesn't follow the official account.
    """
    await officer(ctx)
    lesson = await Lesson.get_or_none(id=lesson_id)
    if lesson is None:
        raise NotFound
    account = await Account.filter(person=ctx.caller.person, app=App.OFFICIAL_ACCOUNT, follows=True).first()
    if account is None:
        raise WrongState
    content = LessonContent.model_validate(lesson.body)
    note = ""
    if lesson_articles.is_wanted(ctx, content):
        why = await _try_article(ctx, lesson, account.openid)
        if not why:
            return
        note = f"（图文没有做成，会按文字群发：{why}）\n"
    text = announcement(content, address=f"{ctx.settings.public_url}/lessons/{lesson.id}")
    await ctx.wechat.preview_mass_text(account.openid, note + text)


async def _try_article(ctx: Context, lesson: Lesson, openid: str) -> str:
    """The lesson as an article on one phone; why not, in Chinese, where that can't be."""
    try:
        draft = await lesson_articles.preview_draft(ctx, lesson)
        await ctx.wechat.preview_mass_article(openid, draft)
    except lesson_articles.NoCover as error:
        return str(error)
    except WeChatError as error:
        return reason(str(error.code))
    return ""


async def schedule(ctx: Context, *, friday: date, lesson_id: int) -> LessonWeek:
    """Put a lesson on a Friday by hand; the planner works around it.

    Raises:
        NotAllowed: only officers of the district schedule lessons.
        NotFound: no such lesson.
        BadInput: that day is no Friday of the coming year.
        WrongState: that Friday's lesson is out already.
    """
    await _editor(ctx)
    now = ctx.now()
    if friday.weekday() != lesson_calendar.FRIDAY or not now.date() <= friday <= now.date() + YEAR:
        raise BadInput(friday="请填今后一年内的一个周五")
    async with in_transaction() as connection:
        await hold(connection, "course")
        if not await Lesson.exists(id=lesson_id, withdrawn_at__isnull=True):
            raise NotFound
        week = await LessonWeek.get_or_none(friday=friday)
        if week is None:
            # Staff may use a Friday that the planner passes over; then it goes out on that very day.
            turn = lesson_calendar.turn(
                friday,
                rule=ctx.settings.lesson_holidays,
                days_off=lesson_calendar.told_days_off(ctx.settings),
            )
            sends_at = lesson_calendar.sends_at(
                turn.day or friday, clock=ctx.settings.lesson_time, zone=ctx.settings.zone
            )
            week = LessonWeek(friday=friday, lesson_id=lesson_id, sends_at=sends_at, pinned=True)
        if week.sends_at <= now:
            raise WrongState
        week.lesson_id, week.pinned = lesson_id, True
        await week.save()
        await audit.record(ctx, "lesson.scheduled", f"lesson:{friday}", lesson=lesson_id)
    await arrange(ctx)
    return await LessonWeek.get(friday=friday).select_related("lesson")


YEAR = timedelta(days=366)


async def quarter(ctx: Context) -> list[Outlook]:
    """The quarter ahead, with the reasons.

    Raises:
        NotAllowed: the caller is no officer.
    """
    await officer(ctx)
    return await outlook(ctx)


async def truth(ctx: Context, *, friday: date) -> Truth:
    """One Friday as it is.

    Raises:
        NotAllowed: the caller is no officer.
        NotFound: no lesson stands on that Friday.
    """
    await officer(ctx)
    week = await week_of(friday)
    mine = Delivery.filter(week_id=friday)
    rows = (
        await mine.annotate(count=Count("id"))
        .group_by("channel", "status", "error")
        .values_list("channel", "status", "error", "count")
    )
    lines = sorted(
        (
            Line(Channel(channel), DeliveryStatus(status), _why(DeliveryStatus(status), error), count)
            for channel, status, error, count in rows
        ),
        key=lambda line: (line.status, line.channel, line.reason),
    )
    sizes = Counter(
        dict(
            await mine.filter(channel=Channel.MASS, message_id__not="")
            .annotate(count=Count("id"))
            .group_by("message_id")
            .values_list("message_id", "count")
        )
    )
    jobs = await MassJob.filter(message_id__in=list(sizes), succeeded=True)
    filtered = sum(max(0, sizes[job.message_id] - job.sent) for job in jobs)
    return Truth(week, tuple(lines), filtered)


async def retry(ctx: Context, *, friday: date) -> int:
    """Plan anew what failed; the clock sends it. How many.

    Raises:
        NotAllowed: only officers of the district may.
        NotFound: no lesson stands on that Friday.
        WrongState: its lesson was withdrawn.
    """
    await _editor(ctx)
    return await retry_failed(ctx, friday=friday)
